// What became of the rows of an import, in the form in which its response tells it.
//
// Thread-safety. None; one ledger belongs to one stream.
#ifndef TERRACE_SERVICES_REGISTRY_IMPORT_LEDGER_H_
#define TERRACE_SERVICES_REGISTRY_IMPORT_LEDGER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/registry/row_results.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::registry {

// Limits.
inline constexpr int64_t kImportRowsMax = 1'000'000;  // Of a stream.
inline constexpr int kImportMessageRowsMax = 5'000;   // Of a message.
inline constexpr size_t kImportResultsMax = 2'000;    // Told with reasons.
inline constexpr size_t kImportRunsMax = 100'000;

class ImportLedger {
 public:
  // The number of the next row; rows get numbers in the order in which they come.
  int64_t NextRow();
  int64_t rows() const { return static_cast<int64_t>(outcomes_.size()); }

  void Record(int64_t row, absl::string_view name,
              const absl::StatusOr<RowResult::Outcome>& outcome);

  // Fills in counts, runs and results; every row must have its outcome.
  template <class Response>
  void Fill(Response* response) const {
    response->set_rows(rows());
    size_t runs = 0;
    for (int64_t first = 0, end = 0; first < rows(); first = end) {
      for (end = first; end < rows() && outcomes_[end] == outcomes_[first]; ++end) {
      }
      const auto outcome = static_cast<RowResult::Outcome>(outcomes_[first]);
      CountOutcome(outcome, end - first, response);
      if (++runs > kImportRunsMax) continue;
      auto* run = response->add_runs();
      run->set_first_row(first);
      run->set_count(end - first);
      run->set_outcome(outcome);
    }
    if (runs > kImportRunsMax) response->clear_runs();
    for (const auto& [row, result] : rejected_) *response->add_results() = result;
    response->set_results_omitted(response->rejected() - response->results_size());
  }

 private:
  std::vector<uint8_t> outcomes_;
  absl::btree_map<int64_t, RowResult> rejected_;  // The first ones.
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_IMPORT_LEDGER_H_
