#include "services/scoring/row_results.h"

#include <string>

#include "common/base/error.h"

namespace terrace::scoring {

using types::v1::RowResult;

RowResult RowResultOf(int64_t row, absl::string_view name,
                      const absl::StatusOr<RowResult::Outcome>& outcome) {
  RowResult result;
  result.set_row(row);
  result.set_name(std::string(name));
  result.set_outcome(outcome.ok() ? *outcome : RowResult::OUTCOME_REJECTED);
  if (outcome.ok()) return result;
  const absl::optional<ErrorDetails> details = DetailsOf(outcome.status());
  if (!details) {
    result.set_message(std::string(outcome.status().message()));
    return result;
  }
  result.set_reason(std::string(InfoOf(details->reason).name));
  result.set_message(details->en);
  result.set_message_zh(details->zh);
  for (const auto& [key, value] : details->args) {
    if (key == "field") result.set_field(value);
  }
  return result;
}

}  // namespace terrace::scoring
