// How assignments stand at an instant, and counts of them.
//
// Thread-safety. Plain values and pure functions.
#ifndef TERRACE_SERVICES_MEASURES_STANDING_H_
#define TERRACE_SERVICES_MEASURES_STANDING_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/decimal.h"
#include "services/measures/facts.h"
#include "services/measures/schedule.h"
#include "terrace/measures/v1/assignments.pb.h"
#include "terrace/measures/v1/common.pb.h"
#include "terrace/measures/v1/progress.pb.h"

namespace terrace::measures {

// An assignment at an instant.
struct AssignmentStatus {
  v1::AssignmentState state = v1::ASSIGNMENT_STATE_UNSPECIFIED;
  v1::Standing standing = v1::STANDING_UNSPECIFIED;
  absl::optional<absl::Time> done;
  absl::Time due = absl::InfiniteFuture();  // InfiniteFuture: no due date.
};

// Counts over one assignment's reports whose late time is past.
struct ReportCounts {
  int64_t due = 0;  // on_time + late + missing; the excused left out.
  int64_t on_time = 0;
  int64_t late = 0;
  int64_t missing = 0;
  int64_t excused = 0;
};

ReportCounts CountReports(const MeasureFacts& measure, const AssignmentFacts& assignment,
                          const PeriodTable& table, absl::Time at);

// `table` holds the list's periods up to `at` at least. `lead_done` is when a co-operator's lead
// was done, if it was at `at`; for others it is ignored. The assignment must have been issued by
// then.
AssignmentStatus StatusAt(const MeasureFacts& measure, const AssignmentFacts& assignment,
                          const PeriodTable& table, absl::optional<absl::Time> lead_done,
                          absl::Time at);

// Adds one assignment that counts, issued by `at`, to the progress of its list. Does nothing for an
// assignment of a measure cancelled by then. Leaves measures and rates to the caller.
void AddProgress(const MeasureFacts& measure, const AssignmentFacts& assignment,
                 const PeriodTable& table, absl::Time at, v1::Progress* progress);

// Adds the counts of `part`.
void AddProgress(const v1::Progress& part, v1::Progress* progress);
// Fills in the rates from the counts.
void FillRates(v1::Progress* progress);

// Exact counts with their quotient in per cent, two decimals, half up.
v1::Rate RateOf(int64_t numerator, int64_t denominator);

// How many of `total` assignments must be done so that the share is reached.
int64_t NeededFor(const Decimal& share, int64_t total);

// The first instant after `at` at which the due date makes a difference: due soon, or due.
absl::Time NextBoundary(const MeasureFacts& measure, absl::Time at);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_STANDING_H_
