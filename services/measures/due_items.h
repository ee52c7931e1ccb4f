// What a unit still owes at an instant: reports of open periods, and completion.
//
// Thread-safety. Plain values and pure functions.
#ifndef TERRACE_SERVICES_MEASURES_DUE_ITEMS_H_
#define TERRACE_SERVICES_MEASURES_DUE_ITEMS_H_

#include <vector>

#include "absl/time/time.h"
#include "services/measures/facts.h"
#include "services/measures/schedule.h"
#include "terrace/measures/v1/progress.pb.h"

namespace terrace::measures {

// What the assignment owes at `at`, by period, completion last; kind, period, state, returned and
// times are filled in. Nothing for co-operators, for what is not issued yet, done or cancelled.
// `table` holds the list's periods that are open at `at`.
std::vector<v1::DueItem> DueItemsOf(const MeasureFacts& measure, const AssignmentFacts& assignment,
                                    const PeriodTable& table, absl::Time at);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_DUE_ITEMS_H_
