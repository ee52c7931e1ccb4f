#include "services/scoring/row_results.h"

#include <string>

#include "common/base/refusal.h"

namespace terrace::scoring {

using types::v1::RowResult;

RowResult RowResultOf(int64_t row, absl::string_view name,
                      const absl::StatusOr<RowResult::Outcome>& outcome) {
  RowResult result;
  result.set_row(row);
  result.set_name(std::string(name));
  result.set_outcome(outcome.ok() ? *outcome : RowResult::OUTCOME_REJECTED);
  if (outcome.ok()) return result;
  FillRefusal(outcome.status(), &result);
  return result;
}

}  // namespace terrace::scoring
