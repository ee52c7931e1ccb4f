// When is it due, is it late, when does the answer change: the one function that every service and
// the console use.
//
// Concept. A due rule and a period give three instants: when the report opens, when it is due, and
// when the grace after that ends. The instants are half-open boundaries: a report is late exactly
// when its first submission is at or after due + grace. The first submission decides; later ones,
// returned reports included, change nothing.
//
// The due day is found in three steps:
//   1. the day of the month (or of the week) that the rule names, in the last month (or the week)
//      of the period moved by `offset`;
//   2. a day that the month does not have becomes its last day, so 31 is always the last day;
//   3. a day off moves to the next or the previous working day when the rule says so.
// On that day it is due at the rule's time of day; without one at the end of the day (24:00), or at
// its beginning when the day itself is excluded: "before the 22nd" is then due at the end of the
// 21st.
//
// Zone changes. A time of day that the zone skips (spring) falls on the moment of the change; one
// that happens twice (autumn) means the second.
//
// Thread-safety. Plain values and pure functions.
#ifndef TERRACE_COMMON_CALENDAR_DUE_H_
#define TERRACE_COMMON_CALENDAR_DUE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/calendar/period.h"

namespace terrace::calendar {

enum class Frequency { kOnce, kWeekly, kMonthly, kQuarterly, kYearly };
enum class Shift { kNone, kNextWorkingDay, kPreviousWorkingDay };

inline constexpr absl::Duration kGraceMax = absl::Hours(24 * 366);
inline constexpr absl::Duration kDueSoonMax = absl::Hours(24 * 366);
// Ranges of DueRule::offset: 0 or more for months and weeks; quarters and years may also be due
// before they end.
inline constexpr int kOffsetMax = 24;
inline constexpr int kOpenDaysMax = 3660;
// Days that a shift looks at before it gives up and keeps the day (no holiday is longer).
inline constexpr int kShiftDaysMax = 60;
// Entries of one working-day table.
inline constexpr size_t kWorkingDaysMax = 4000;

// Monday to Friday are working days, except the days off; weekend days are not, except the make-up
// working days that are proclaimed around long holidays.
class WorkingDays {
 public:
  WorkingDays() = default;
  WorkingDays(std::vector<absl::CivilDay> days_off, std::vector<absl::CivilDay> make_up_days);
  bool IsWorkingDay(absl::CivilDay day) const;

 private:
  std::vector<absl::CivilDay> days_off_;      // Sorted.
  std::vector<absl::CivilDay> make_up_days_;  // Sorted; wins over days_off_.
};

struct DueRule {
  Frequency frequency = Frequency::kMonthly;
  absl::CivilDay once_day;                        // kOnce: the day.
  absl::Weekday weekday = absl::Weekday::friday;  // kWeekly: the day of the ISO week.
  int day_of_month = 31;  // kMonthly, kQuarterly, kYearly: 1..31, 31 is the last day.
  // Months from the last month of the period to the month of the due day; weeks for kWeekly; unused
  // for kOnce. 0: in the period (its last month). 1 for kMonthly: in the following month. For
  // kQuarterly -2..0 are the months of the quarter itself and 1..3 those of the following one, for
  // kYearly -11..0 and 1..12.
  int offset = 0;
  bool inclusive = true;  // Whether the due day itself still counts; only without time_of_day.
  absl::optional<absl::Duration> time_of_day;  // [0, 24 h], whole minutes.
  Shift shift = Shift::kNone;
  absl::Duration grace = absl::ZeroDuration();
  absl::Duration due_soon = absl::Hours(7 * 24);  // How long before `due` it is "due soon".
  // Opens at the start of the day this many days before the due day; none: at the start of the
  // period, or for kOnce from the beginning of time.
  absl::optional<int> open_days;
  absl::TimeZone zone = DefaultZone();
};

// OK, or INVALID_FIELD / NUMBER_OUT_OF_RANGE under `field` + ".day_of_month" and so on.
absl::Status CheckDueRule(const DueRule& rule, absl::string_view field);

// The kind of period that a rule asks for. kOnce asks once, for the year that holds its day.
PeriodKind PeriodKindOf(Frequency frequency);

// The periods of the rule whose due day lies in [first, last], in order; at most kPeriodsMax.
std::vector<Period> PeriodsDueIn(const DueRule& rule, const WorkingDays& days, absl::CivilDay first,
                                 absl::CivilDay last);

// What a rule and a period give, whatever the time is.
struct DueTimes {
  absl::CivilDay day;   // The last day that counts.
  absl::Time opens;     // InfinitePast when always open.
  absl::Time due_soon;  // due - rule.due_soon, not before `opens`.
  absl::Time due;
  absl::Time grace_end;  // due + grace; late from here on.
  friend bool operator==(const DueTimes&, const DueTimes&) = default;
};

// PERIOD_NOT_ASKED when the period is not one that the rule asks for (a quarter for a monthly rule,
// another year for kOnce). The rule must have passed CheckDueRule.
absl::StatusOr<DueTimes> DueTimesOf(const DueRule& rule, const WorkingDays& days,
                                    const Period& period);

enum class DueStatus {
  kNotOpen,
  kOpen,
  kDueSoon,  // Also during the grace: it can still be in time.
  kOverdue,  // Nothing came before grace_end.
  kSubmittedOnTime,
  kSubmittedLate,
};

struct DueAnswer {
  DueTimes times;
  DueStatus status = DueStatus::kNotOpen;
  // The next instant at which `status` becomes another one, given what is known now; InfiniteFuture
  // when it will not by time alone.
  absl::Time next_change = absl::InfiniteFuture();
};

// The answer at `now`. A first submission after `now` has not happened yet (questions about the
// past), and counts as the next change when it comes first. A submission before the opening counts.
DueAnswer AnswerAt(const DueTimes& times, absl::Time now,
                   absl::optional<absl::Time> first_submission);

// All in one.
absl::StatusOr<DueAnswer> AnswerDue(const DueRule& rule, const WorkingDays& days,
                                    const Period& period, absl::Time now,
                                    absl::optional<absl::Time> first_submission);

}  // namespace terrace::calendar

#endif  // TERRACE_COMMON_CALENDAR_DUE_H_
