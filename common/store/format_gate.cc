#include "common/store/format_gate.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::store {

absl::Status CheckFormat(absl::string_view value) {
  terrace::storage::v1::Format format;
  if (!format.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Error(Reason::STORE_DAMAGED, {{"detail", "meta/format cannot be read"}});
  }
  const int needed = std::max(format.min_reader(), format.min_writer());
  if (needed <= kFormatVersion) return absl::OkStatus();
  return Error(Reason::FORMAT_TOO_NEW,
               {{"needed", absl::StrCat(needed)}, {"known", absl::StrCat(kFormatVersion)}});
}

}  // namespace terrace::store
