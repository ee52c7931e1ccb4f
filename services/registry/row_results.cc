#include "services/registry/row_results.h"

#include "common/base/refusal.h"

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
  FillRefusal(outcome.status(), result);
}

}  // namespace terrace::registry
