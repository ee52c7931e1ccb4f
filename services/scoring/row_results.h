// Results of the rows of imports and batches.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_ROW_RESULTS_H_
#define TERRACE_SERVICES_SCORING_ROW_RESULTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::scoring {

// What became of a row: the outcome, or REJECTED with reason, field and sentences.
types::v1::RowResult RowResultOf(int64_t row, absl::string_view name,
                                 const absl::StatusOr<types::v1::RowResult::Outcome>& outcome);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_ROW_RESULTS_H_
