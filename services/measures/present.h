// From stored records to the resources that callers see, as of an instant.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_MEASURES_PRESENT_H_
#define TERRACE_SERVICES_MEASURES_PRESENT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/measures/measures_state.h"
#include "services/measures/schedule.h"
#include "services/measures/standing.h"
#include "terrace/measures/v1/activities.pb.h"
#include "terrace/measures/v1/assignments.pb.h"
#include "terrace/measures/v1/lists.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/reports.pb.h"
#include "terrace/storage/v1/measures.pb.h"

namespace terrace::measures {

// What the rows alone say: names, etags and revisions, and all that was stored. `revision` is 0 in
// replies of mutations, which are made before it is known.
v1::MeasureList PresentList(absl::string_view name, const storage::v1::MeasureListRecord& record,
                            int64_t revision);
// With the state as far as the row tells it: DRAFT, ISSUED or CANCELLED.
v1::Measure PresentMeasure(absl::string_view name, const storage::v1::MeasureRecord& record,
                           int64_t revision);
v1::Assignment PresentAssignment(absl::string_view name,
                                 const storage::v1::AssignmentRecord& record, int64_t revision);
// State, timeliness and events as of `at`; without measure and list.
v1::Report PresentReport(absl::string_view name, const storage::v1::ReportRecord& record,
                         int64_t revision, absl::Time at);
v1::Activity PresentActivity(absl::string_view name, const storage::v1::ActivityRecord& record,
                             int64_t revision);

// How many assignments of a measure count, and when enough of them were done.
struct MeasureCounts {
  int64_t assignments = 0;
  int64_t done = 0;
  absl::optional<absl::Time> complete;
};
// As of the latest step, from the entry's running counts.
MeasureCounts CountsOf(const MeasureEntry& entry);

// Sets what depends on the instant: cancelled, issues, due date changes, state and counts.
// `issuing` tells whether an operation is handing it out.
void FillMeasure(const MeasureCounts& counts, bool issuing, absl::Time at, v1::Measure* measure);

// Sets what depends on the instant and on the measure: events up to it, state, standing, times.
void FillAssignment(const v1::Measure& measure, const MeasureFacts& facts,
                    const AssignmentStatus& status, absl::Time at, v1::Assignment* assignment);

// Etags of the records.
std::string EtagOf(const storage::v1::MeasureListRecord& record);
std::string EtagOf(const storage::v1::MeasureRecord& record);
std::string EtagOf(const storage::v1::AssignmentRecord& record);
std::string EtagOf(const storage::v1::ReportRecord& record);
std::string EtagOf(const storage::v1::ActivityRecord& record);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_PRESENT_H_
