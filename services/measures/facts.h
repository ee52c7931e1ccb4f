// What State remembers of measures, assignments and reports: small structs built from the stored
// records, which answer questions about any instant.
//
// Concept. Assignments and reports are histories: steps, each with the time at which it happened.
// What stood at an instant is the history up to it, so every question takes the instant, and the
// answer for the present is the answer for now. Nothing here depends on when something was entered.
//
// Thread-safety. Plain values and pure functions.
#ifndef TERRACE_SERVICES_MEASURES_FACTS_H_
#define TERRACE_SERVICES_MEASURES_FACTS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/decimal.h"
#include "common/calendar/period.h"
#include "services/measures/schedule.h"
#include "terrace/measures/v1/assignments.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/reports.pb.h"
#include "terrace/storage/v1/measures.pb.h"

namespace terrace::measures {

// Something that happened; `type` is a number of AssignmentEvent::Type or ReportEvent::Type.
struct Step {
  absl::Time time;
  uint8_t type = 0;
};
using Steps = absl::InlinedVector<Step, 1>;

// ---- Reports.

struct ReportFacts {
  calendar::Period period;
  bool late = false;  // Whether the first submission came too late.
  Steps steps;        // Oldest first.
};

ReportFacts FactsOf(const calendar::Period& period, const storage::v1::ReportRecord& record);

// A report at an instant.
struct ReportStatus {
  v1::ReportState state = v1::REPORT_STATE_UNSPECIFIED;  // UNSPECIFIED: nothing has happened yet.
  absl::optional<absl::Time> first_submitted;
  int submissions = 0;
  // Since when nothing is owed: it is in, or excused. InfiniteFuture while something is.
  absl::Time settled = absl::InfiniteFuture();

  bool returned() const { return state == v1::REPORT_STATE_RETURNED; }
  bool excused() const { return state == v1::REPORT_STATE_EXCUSED; }
};

ReportStatus StatusAt(const ReportFacts& report, absl::Time at);

// ---- Assignments.

struct AssignmentFacts {
  v1::AssignmentRole role = v1::ASSIGNMENT_ROLE_UNSPECIFIED;
  int32_t issue = 0;
  Steps steps;                       // Oldest first.
  std::vector<ReportFacts> reports;  // By period.

  // Whether it counts: co-operators' parts do not.
  bool counts() const { return role != v1::ASSIGNMENT_ROLE_CO_OPERATOR; }
  const ReportFacts* FindReport(const calendar::Period& period) const;
};

// Without reports.
AssignmentFacts FactsOf(const storage::v1::AssignmentRecord& record);

// The last step at an instant; nullptr before the first.
const Step* LastStep(const Steps& steps, absl::Time at);

// ---- Measures.

struct MeasureFacts {
  // A due date and since when it has been the one. `due` is the end of the day.
  struct Due {
    absl::Time since = absl::InfinitePast();
    absl::optional<absl::CivilDay> day;
    absl::Time due = absl::InfiniteFuture();
  };

  absl::Time start = absl::InfinitePast();  // Beginning of the start date.
  std::vector<Due> dues;                    // Oldest first; never empty.
  v1::DoneBy done_by = v1::DONE_BY_VERIFICATION;
  Decimal share;  // Of assignments that must be done, in (0, 1].
  absl::Time cancelled = absl::InfiniteFuture();
  std::vector<std::pair<int32_t, absl::Time>> issues;  // Number and time, by number.
  absl::Duration due_soon = absl::ZeroDuration();
  absl::TimeZone zone = absl::UTCTimeZone();
  PeriodTable must;  // DONE_BY_REPORTS: periods up to the latest of the due dates.

  // The due date that held at an instant.
  const Due& DueAt(absl::Time at) const;
  // When that issue was made; nullopt while it is not (yet) one.
  absl::optional<absl::Time> IssueTime(int32_t number) const;
};

// `schedule` is the one of the measure's list.
MeasureFacts FactsOf(const v1::Measure& measure, const Schedule& schedule);

// From when on the assignment asks for reports: its issue, or the start of the measure if that is
// later.
absl::Time ReportsFrom(const MeasureFacts& measure, absl::Time issued);

// Whether, as things stand at `at`, the assignment owes a report for the period. `done` is when the
// assignment was done, if it was by then.
//   from    a report is asked for when the period reaches into the time of the assignment, and its
//           due time lies in it
//   until   done: what falls due later is not asked for. DONE_BY_REPORTS: the due date; periods
//           that begin later are not asked for.
bool Asks(const MeasureFacts& measure, absl::Time from, absl::optional<absl::Time> done,
          const PeriodDue& period, absl::Time at);

// When the assignment was done, if it was at `at`. Not for co-operators.
absl::optional<absl::Time> DoneAt(const MeasureFacts& measure, const AssignmentFacts& assignment,
                                  absl::Time at);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_FACTS_H_
