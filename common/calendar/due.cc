#include "common/calendar/due.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::calendar {
namespace {

// The instant at which the zone's clocks show `second`: the change itself when they skip it, the
// later one when they show it twice.
absl::Time InstantOf(absl::CivilSecond second, absl::TimeZone zone) {
  const absl::TimeZone::TimeInfo info = zone.At(second);
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.post;
}

absl::Time StartOf(absl::CivilDay day, absl::TimeZone zone) {
  return InstantOf(absl::CivilSecond(day), zone);
}

// Step 1 and 2: the day that the rule names for the period.
absl::CivilDay NamedDay(const DueRule& rule, const Period& period) {
  switch (rule.frequency) {
    case Frequency::kOnce:
      return rule.once_day;
    case Frequency::kWeekly: {
      const absl::CivilDay monday = period.First() + 7 * rule.offset;
      return absl::NextWeekday(monday - 1, rule.weekday);
    }
    case Frequency::kMonthly:
    case Frequency::kQuarterly:
    case Frequency::kYearly: {
      const absl::CivilMonth month = absl::CivilMonth(period.Last()) + rule.offset;
      const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
      return std::min(absl::CivilDay(month) + (rule.day_of_month - 1), last);
    }
  }
  return absl::CivilDay();
}

// Step 3.
absl::CivilDay Shifted(absl::CivilDay day, Shift shift, const WorkingDays& days) {
  if (shift == Shift::kNone) return day;
  const int step = shift == Shift::kNextWorkingDay ? 1 : -1;
  for (int moved = 0; moved <= kShiftDaysMax; ++moved) {
    if (days.IsWorkingDay(day + step * moved)) return day + step * moved;
  }
  return day;
}

absl::CivilDay DueDay(const DueRule& rule, const WorkingDays& days, const Period& period) {
  return Shifted(NamedDay(rule, period), rule.shift, days);
}

absl::Time DueInstant(const DueRule& rule, absl::CivilDay day) {
  if (rule.time_of_day) {
    return InstantOf(absl::CivilSecond(day) + absl::ToInt64Seconds(*rule.time_of_day), rule.zone);
  }
  return StartOf(rule.inclusive ? day + 1 : day, rule.zone);
}

absl::Status OutOfRange(absl::string_view field, absl::string_view part, std::string value,
                        std::string range) {
  return Error(Reason::NUMBER_OUT_OF_RANGE, {{"value", std::move(value)},
                                             {"field", absl::StrCat(field, ".", part)},
                                             {"range", std::move(range)}});
}

absl::Status CheckRange(absl::string_view field, absl::string_view part, int value, int min,
                        int max) {
  if (min <= value && value <= max) return absl::OkStatus();
  return OutOfRange(field, part, absl::StrCat(value), absl::StrCat(min, " to ", max));
}

absl::Status CheckRange(absl::string_view field, absl::string_view part, absl::Duration value,
                        absl::Duration max) {
  if (absl::ZeroDuration() <= value && value <= max) return absl::OkStatus();
  return OutOfRange(field, part, absl::FormatDuration(value),
                    absl::StrCat("0 to ", absl::FormatDuration(max)));
}

}  // namespace

WorkingDays::WorkingDays(std::vector<absl::CivilDay> days_off,
                         std::vector<absl::CivilDay> make_up_days)
    : days_off_(std::move(days_off)), make_up_days_(std::move(make_up_days)) {
  std::sort(days_off_.begin(), days_off_.end());
  std::sort(make_up_days_.begin(), make_up_days_.end());
}

bool WorkingDays::IsWorkingDay(absl::CivilDay day) const {
  if (std::binary_search(make_up_days_.begin(), make_up_days_.end(), day)) return true;
  if (std::binary_search(days_off_.begin(), days_off_.end(), day)) return false;
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday;
}

absl::Status CheckDueRule(const DueRule& rule, absl::string_view field) {
  switch (rule.frequency) {
    case Frequency::kOnce:
      TERRACE_RETURN_IF_ERROR(CheckRange(
          field, "once_day",
          static_cast<int>(std::clamp<absl::civil_year_t>(rule.once_day.year(), 0, kYearMax + 1)),
          kYearMin, kYearMax));
      break;
    case Frequency::kWeekly:
      TERRACE_RETURN_IF_ERROR(CheckRange(field, "offset", rule.offset, 0, kOffsetMax));
      break;
    case Frequency::kMonthly:
    case Frequency::kQuarterly:
    case Frequency::kYearly: {
      const int first_month = rule.frequency == Frequency::kMonthly     ? 0
                              : rule.frequency == Frequency::kQuarterly ? -2
                                                                        : -11;
      TERRACE_RETURN_IF_ERROR(CheckRange(field, "offset", rule.offset, first_month, kOffsetMax));
      TERRACE_RETURN_IF_ERROR(CheckRange(field, "day_of_month", rule.day_of_month, 1, 31));
      break;
    }
  }
  if (rule.time_of_day) {
    TERRACE_RETURN_IF_ERROR(CheckRange(field, "time_of_day", *rule.time_of_day, absl::Hours(24)));
    if (*rule.time_of_day != absl::Floor(*rule.time_of_day, absl::Minutes(1))) {
      return Error(Reason::INVALID_FIELD, {{"field", absl::StrCat(field, ".time_of_day")},
                                           {"detail", "whole minutes are expected"}});
    }
  }
  TERRACE_RETURN_IF_ERROR(CheckRange(field, "grace", rule.grace, kGraceMax));
  TERRACE_RETURN_IF_ERROR(CheckRange(field, "due_soon", rule.due_soon, kDueSoonMax));
  if (rule.open_days) {
    TERRACE_RETURN_IF_ERROR(CheckRange(field, "open_days", *rule.open_days, 0, kOpenDaysMax));
  }
  return absl::OkStatus();
}

PeriodKind PeriodKindOf(Frequency frequency) {
  switch (frequency) {
    case Frequency::kOnce:
    case Frequency::kYearly:
      return PeriodKind::kYear;
    case Frequency::kQuarterly:
      return PeriodKind::kQuarter;
    case Frequency::kMonthly:
      return PeriodKind::kMonth;
    case Frequency::kWeekly:
      return PeriodKind::kWeek;
  }
  return PeriodKind::kYear;
}

std::vector<Period> PeriodsDueIn(const DueRule& rule, const WorkingDays& days, absl::CivilDay first,
                                 absl::CivilDay last) {
  std::vector<Period> out;
  if (last < first) return out;
  if (rule.frequency == Frequency::kOnce) {
    const absl::CivilDay day = Shifted(rule.once_day, rule.shift, days);
    if (first <= day && day <= last) out.push_back(Period::Of(PeriodKind::kYear, rule.once_day));
    return out;
  }
  // Months between a due day and the last month of its period: the offset (weeks are fewer), at
  // most a year back, and what a shift may add.
  constexpr int kShiftMonths = 3;
  const absl::CivilDay from(absl::CivilMonth(first) - kOffsetMax - kShiftMonths);
  const absl::CivilDay to(absl::CivilMonth(last) + 12 + kShiftMonths);
  for (absl::CivilDay start = std::max(from, absl::CivilDay(kYearMin, 1, 1)); start <= to;) {
    if (start.year() > kYearMax) break;
    const Period period = Period::Of(PeriodKindOf(rule.frequency), start);
    const absl::CivilDay day = DueDay(rule, days, period);
    if (first <= day && day <= last) {
      out.push_back(period);
      if (out.size() == kPeriodsMax) break;
    }
    start = period.Last() + 1;
  }
  return out;
}

absl::StatusOr<DueTimes> DueTimesOf(const DueRule& rule, const WorkingDays& days,
                                    const Period& period) {
  if (period.kind() != PeriodKindOf(rule.frequency) ||
      (rule.frequency == Frequency::kOnce && !period.Contains(rule.once_day))) {
    return Error(Reason::PERIOD_NOT_ASKED, {{"period", period.ToString()}});
  }
  DueTimes times;
  times.day = DueDay(rule, days, period);
  times.due = DueInstant(rule, times.day);
  times.grace_end = times.due + rule.grace;
  if (rule.open_days) {
    times.opens = StartOf(times.day - *rule.open_days, rule.zone);
  } else if (rule.frequency == Frequency::kOnce) {
    times.opens = absl::InfinitePast();
  } else {
    times.opens = StartOf(period.First(), rule.zone);
  }
  // A rule may fall due before its period begins (January's report by 1 January, excluded): it is
  // then open from its due time on and overdue at once, never "not open" after it was overdue.
  times.opens = std::min(times.opens, times.due);
  times.due_soon = std::max(times.due - rule.due_soon, times.opens);
  return times;
}

DueAnswer AnswerAt(const DueTimes& times, absl::Time now,
                   absl::optional<absl::Time> first_submission) {
  DueAnswer answer;
  answer.times = times;
  if (first_submission && *first_submission <= now) {
    answer.status = *first_submission < times.grace_end ? DueStatus::kSubmittedOnTime
                                                        : DueStatus::kSubmittedLate;
    return answer;
  }
  // The boundaries in order; several may coincide, the later one's status then holds.
  const std::pair<absl::Time, DueStatus> boundaries[] = {{times.opens, DueStatus::kOpen},
                                                         {times.due_soon, DueStatus::kDueSoon},
                                                         {times.grace_end, DueStatus::kOverdue}};
  for (const auto& [instant, status] : boundaries) {
    if (now < instant) {
      answer.next_change = instant;
      break;
    }
    answer.status = status;
  }
  if (first_submission) answer.next_change = std::min(answer.next_change, *first_submission);
  return answer;
}

absl::StatusOr<DueAnswer> AnswerDue(const DueRule& rule, const WorkingDays& days,
                                    const Period& period, absl::Time now,
                                    absl::optional<absl::Time> first_submission) {
  TERRACE_ASSIGN_OR_RETURN(const DueTimes times, DueTimesOf(rule, days, period));
  return AnswerAt(times, now, first_submission);
}

}  // namespace terrace::calendar
