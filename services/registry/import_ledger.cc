#include "services/registry/import_ledger.h"

#include <iterator>
#include <utility>

namespace terrace::registry {

int64_t ImportLedger::NextRow() {
  outcomes_.push_back(RowResult::OUTCOME_UNSPECIFIED);
  return rows() - 1;
}

void ImportLedger::Record(int64_t row, absl::string_view name,
                          const absl::StatusOr<RowResult::Outcome>& outcome) {
  outcomes_[row] = static_cast<uint8_t>(outcome.ok() ? *outcome : RowResult::OUTCOME_REJECTED);
  if (outcome.ok()) return;
  RowResult result;
  FillResult(row, name, outcome, &result);
  rejected_.emplace(row, std::move(result));
  if (rejected_.size() > kImportResultsMax) rejected_.erase(std::prev(rejected_.end()));
}

}  // namespace terrace::registry
