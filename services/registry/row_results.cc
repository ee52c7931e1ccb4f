#include "services/registry/row_results.h"

#include "common/base/error.h"

namespace terrace::registry {

void FillResult(int64_t row, absl::string_view name,
                const absl::StatusOr<RowResult::Outcome>& outcome, RowResult* result) {
  result->set_row(row);
  result->set_name(std::string(name));
  if (outcome.ok()) {
    result->set_outcome(*outcome);
    return;
  }
  result->set_outcome(RowResult::OUTCOME_REJECTED);
  const absl::optional<ErrorDetails> details = DetailsOf(outcome.status());
  if (!details) {
    result->set_message(std::string(outcome.status().message()));
    return;
  }
  result->set_reason(std::string(InfoOf(details->reason).name));
  result->set_message(details->en);
  result->set_message_zh(details->zh);
  for (const auto& [key, value] : details->args) {
    if (key == "field") result->set_field(value);
  }
}

}  // namespace terrace::registry
