#include "services/measures/pager.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "services/measures/decide.h"

namespace terrace::measures {
namespace {

// Between the parts of a token's key; no name holds it.
constexpr char kSeparator = '\n';

}  // namespace

absl::StatusOr<Pager> Pager::Start(const machine::Machine& machine, int32_t page_size,
                                   const std::string& token, absl::string_view order_by,
                                   absl::Span<const absl::string_view> parts) {
  if (!order_by.empty() && order_by != "name") {
    return Invalid("order_by", "this list is ordered by name");
  }
  Pager pager;
  TERRACE_ASSIGN_OR_RETURN(pager.page_size_, resource::CoercePageSize(page_size));
  pager.hash_ = resource::ListHash(parts);
  const store::Cursor now = machine.position();
  TERRACE_ASSIGN_OR_RETURN(resource::PageToken start,
                           resource::DecodePageToken(token, pager.hash_, now.log_id));
  if (start.least_revision > now.revision.value) {
    return Error(Reason::REVISION_NOT_REACHED, {{"revision", absl::StrCat(start.least_revision)},
                                                {"current", absl::StrCat(now.revision.value)}});
  }
  pager.least_revision_ = start.least_revision;
  if (!start.last_key.empty()) {
    const std::vector<std::string> key = absl::StrSplit(start.last_key, kSeparator);
    if (key.size() != 3) return Error(Reason::INVALID_PAGE_TOKEN);
    pager.position_ = {key[0], key[1] == "i"};
    pager.inner_ = key[2];
  }
  return pager;
}

void Pager::Stepped(const store::Cursor& at, bool ended) {
  if (steps_++ == 0) cursor_ = at;
  ended_ = ended;
}

std::string Pager::NextToken() const {
  if (ended_) return "";
  resource::PageToken token;
  const std::string separator(1, kSeparator);
  token.last_key =
      absl::StrCat(position_.key, separator, position_.inclusive ? "i" : "", separator, inner_);
  token.log_id = cursor_.log_id;
  token.least_revision = std::max(least_revision_, cursor_.revision.value);
  return resource::EncodePageToken(token, hash_);
}

}  // namespace terrace::measures
