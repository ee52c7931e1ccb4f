// When the reports of a measure list are due: the list's due rules, version by version, as the
// calendar understands them.
//
// Concept. A list asks for one report per period. Which periods there are and when each is due is
// said by due rules; a version of the rule holds from its first period until the next version's.
// This is the only place that turns the rules of the wire into calendar::DueRule, so the service,
// scoring and the console agree about every due time.
//
// Thread-safety. Immutable after FromList; may be shared by threads.
#ifndef TERRACE_SERVICES_MEASURES_SCHEDULE_H_
#define TERRACE_SERVICES_MEASURES_SCHEDULE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/calendar/due.h"
#include "common/calendar/period.h"
#include "google/type/date.pb.h"
#include "terrace/measures/v1/lists.pb.h"

namespace terrace::measures {

// Limits of a list.
inline constexpr int kDueRulesMax = 100;
inline constexpr int kRuleDaysMax = 1000;  // Holidays, and working days, of one rule.
inline constexpr int kDueSoonDaysDefault = 7;
inline constexpr int kDueSoonDaysMax = 366;

// A period that a report is asked for, and its instants.
struct PeriodDue {
  calendar::Period period;
  calendar::DueTimes times;
  absl::Time end;  // Of the period itself.
};

// Of one list: the periods in the order of their due times. Built once for many assignments.
using PeriodTable = std::vector<PeriodDue>;

class Schedule {
 public:
  // Asks for no reports.
  Schedule() = default;
  // Reads the rules of a list. INVALID_FIELD, INVALID_PERIOD, NUMBER_OUT_OF_RANGE, UNKNOWN_ENUM or
  // INVALID_TIME with the path below `field`.
  static absl::StatusOr<Schedule> FromList(const v1::MeasureList& list, absl::string_view field);

  bool asks_reports() const { return !versions_.empty(); }
  absl::TimeZone zone() const { return zone_; }
  // How long before a due time something counts as due soon.
  absl::Duration due_soon() const { return due_soon_; }

  // A period with its instants; PERIOD_NOT_ASKED when the list asks no report for it.
  absl::StatusOr<PeriodDue> Find(const calendar::Period& period) const;

  // Every period that opens at or before `until`, by due time. At most calendar::kPeriodsMax.
  PeriodTable Table(absl::Time until) const;
  // Every period that shares a day with [first, last], by due time.
  PeriodTable TableOfDays(absl::CivilDay first, absl::CivilDay last) const;

  // The first instant after `time` at which a report opens, becomes due soon, due or late;
  // InfiniteFuture when none will.
  absl::Time NextBoundary(absl::Time time) const;

  // The first period, by first day, for which two schedules ask differently; nullopt when they are
  // the same.
  static absl::optional<calendar::Period> FirstDifference(const Schedule& a, const Schedule& b);

 private:
  struct Version {
    calendar::Period from;
    calendar::DueRule rule;
    calendar::WorkingDays days;
    std::string text;  // The serialized rule, to compare versions.
  };

  // First day on which version i no longer holds; nullopt for no end.
  absl::optional<absl::CivilDay> EndOf(size_t i) const;
  bool Holds(size_t i, const calendar::Period& period) const;
  calendar::DueTimes Times(size_t i, const calendar::Period& period) const;
  PeriodDue DueOf(const calendar::Period& period, calendar::DueTimes times) const;

  std::vector<Version> versions_;
  absl::optional<calendar::Period> last_;
  absl::TimeZone zone_ = calendar::DefaultZone();
  absl::Duration due_soon_ = absl::Hours(24 * kDueSoonDaysDefault);
};

// The day of a date of the wire; INVALID_TIME for a date that is no day.
absl::StatusOr<absl::CivilDay> DayOf(const google::type::Date& date, absl::string_view field);
google::type::Date DateOf(absl::CivilDay day);

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_SCHEDULE_H_
