// When things happened, and what state they had at an instant.
//
// Times of devices are never refused and never corrected: they are kept beside the time of receipt,
// and what is odd about them is flagged. Questions about an instant go by the time in the world.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_TIMELINE_H_
#define TERRACE_SERVICES_INSPECTIONS_TIMELINE_H_

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/type/date.pb.h"
#include "terrace/inspections/v1/common.pb.h"
#include "terrace/inspections/v1/findings.pb.h"
#include "terrace/inspections/v1/visits.pb.h"

namespace terrace::inspections {

// Clocks further apart than this, and times further ahead than this, are flagged.
inline constexpr absl::Duration kSkewFlagged = absl::Minutes(2);

// What is known about the clock of the sender of a message.
struct SenderClock {
  absl::Time received;
  absl::optional<absl::Time> device_time;  // The device's clock when it sent the message.
};

// The moment of something that happened at `captured` (when received, if nobody says).
v1::Moment MakeMoment(absl::optional<absl::Time> captured, const SenderClock& clock);

// The state of a visit at an instant in the world; UNSPECIFIED when it did not exist yet.
v1::Visit::State StateAt(const v1::Visit& visit, absl::Time at);
// When a visit came to be in the world: the earliest of its moments.
absl::Time ExistsFrom(const v1::Visit& visit);
// When it began, or, before that, when it was assigned.
absl::Time ReferenceTime(const v1::Visit& visit);

// The last step taken by that instant; null before the finding was raised. Steps count in the order
// in which they were recorded.
const v1::FindingStep* StepAt(const v1::Finding& finding, absl::Time at);

// Whether somebody at the unit has to do something about it.
bool IsOpen(v1::Finding::State state);
// Whether a finding in this state grows overdue: it is open, and not with the office.
bool RunsOut(v1::Finding::State state);

absl::CivilDay DayOf(const google::type::Date& date);
// The end of the day in the zone: the instant from which a finding is overdue.
absl::Time EndOfDay(const google::type::Date& date, absl::TimeZone zone);
// The end of the day in the other zone of which `end` is the end in the one.
absl::Time MoveEndOfDay(absl::Time end, absl::TimeZone from, absl::TimeZone to);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_TIMELINE_H_
