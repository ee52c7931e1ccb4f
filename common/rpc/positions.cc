#include "common/rpc/positions.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace terrace::rpc {

std::string FormatPositions(const Positions& positions) {
  std::string text;
  for (const auto& [service, cursor] : positions) {
    absl::StrAppend(&text, text.empty() ? "" : ",", service, "=", cursor.log_id, ":",
                    cursor.revision.value);
  }
  return text;
}

Positions ParsePositions(absl::string_view text) {
  Positions positions;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> named =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    const std::pair<absl::string_view, absl::string_view> cursor =
        absl::StrSplit(named.second, absl::MaxSplits(':', 1));
    int64_t revision = 0;
    if (named.first.empty() || cursor.first.empty() ||
        !absl::SimpleAtoi(cursor.second, &revision) || revision < 0) {
      continue;
    }
    positions[std::string(named.first)] = {std::string(cursor.first), store::Revision{revision}};
  }
  return positions;
}

void MergePositions(const Positions& more, Positions* positions) {
  for (const auto& [service, cursor] : more) {
    store::Cursor& known = (*positions)[service];
    if (known.log_id != cursor.log_id || known.revision < cursor.revision) known = cursor;
  }
}

}  // namespace terrace::rpc
