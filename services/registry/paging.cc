#include "services/registry/paging.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::registry {

absl::StatusOr<Pager> Pager::Start(const machine::Machine& machine, int32_t page_size,
                                   absl::string_view page_token,
                                   absl::Span<const absl::string_view> choice, int default_size) {
  const store::Cursor position = machine.position();
  Pager pager;
  pager.list_hash_ = resource::ListHash(choice);
  TERRACE_ASSIGN_OR_RETURN(pager.size_, resource::CoercePageSize(page_size, default_size));
  TERRACE_ASSIGN_OR_RETURN(
      pager.token_, resource::DecodePageToken(page_token, pager.list_hash_, position.log_id));
  if (pager.token_.least_revision > position.revision.value) {
    return Error(Reason::REVISION_NOT_REACHED,
                 {{"revision", absl::StrCat(pager.token_.least_revision)},
                  {"current", absl::StrCat(position.revision.value)}});
  }
  return pager;
}

}  // namespace terrace::registry
