#include "services/measures/schedule.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::measures {
namespace {

using calendar::DueTimes;
using calendar::Period;

// How many days after the end of its period a report may at most be due.
int DueLagDays(const calendar::DueRule& rule) {
  const int unit = rule.frequency == calendar::Frequency::kWeekly ? 7 : 31;
  return std::max(rule.offset + 1, 1) * unit + calendar::kShiftDaysMax + 1;
}

absl::Status Invalid(absl::string_view field, absl::string_view detail) {
  return Error(Reason::INVALID_FIELD,
               {{"field", std::string(field)}, {"detail", std::string(detail)}});
}

absl::Status OutOfRange(absl::string_view field, int64_t value, absl::string_view range) {
  return Error(Reason::NUMBER_OUT_OF_RANGE, {{"field", std::string(field)},
                                             {"value", absl::StrCat(value)},
                                             {"range", std::string(range)}});
}

absl::StatusOr<std::vector<absl::CivilDay>> Days(
    const google::protobuf::RepeatedPtrField<google::type::Date>& dates, absl::string_view field) {
  if (dates.size() > kRuleDaysMax) {
    return OutOfRange(field, dates.size(), absl::StrCat("0 to ", kRuleDaysMax));
  }
  std::vector<absl::CivilDay> days;
  for (int i = 0; i < dates.size(); ++i) {
    TERRACE_ASSIGN_OR_RETURN(absl::CivilDay day, DayOf(dates[i], absl::StrCat(field, "[", i, "]")));
    days.push_back(day);
  }
  return days;
}

// "HH:MM".
absl::StatusOr<absl::Duration> TimeOfDay(absl::string_view text, absl::string_view field) {
  int hours = 0;
  int minutes = 0;
  if (text.size() != 5 || text[2] != ':' || text[0] == '+' || text[3] == '+' ||
      !absl::SimpleAtoi(text.substr(0, 2), &hours) ||
      !absl::SimpleAtoi(text.substr(3, 2), &minutes) || hours < 0 || minutes < 0 || minutes > 59 ||
      hours * 60 + minutes > 24 * 60) {
    return Invalid(field,
                   "write a time of day such as 17:30, or leave it empty for the end of the day");
  }
  return absl::Hours(hours) + absl::Minutes(minutes);
}

absl::Weekday WeekdayOf(int number) {
  static constexpr absl::Weekday kDays[] = {absl::Weekday::monday,    absl::Weekday::tuesday,
                                            absl::Weekday::wednesday, absl::Weekday::thursday,
                                            absl::Weekday::friday,    absl::Weekday::saturday,
                                            absl::Weekday::sunday};
  return kDays[number - 1];
}

absl::StatusOr<calendar::DueRule> RuleOf(const v1::DueRule& wire, absl::TimeZone zone,
                                         absl::Duration due_soon, absl::string_view field) {
  calendar::DueRule rule;
  switch (wire.frequency()) {
    case v1::REPORT_FREQUENCY_WEEKLY:
      rule.frequency = calendar::Frequency::kWeekly;
      if (wire.weekday() < 1 || wire.weekday() > 7) {
        return OutOfRange(absl::StrCat(field, ".weekday"), wire.weekday(), "1 to 7");
      }
      rule.weekday = WeekdayOf(wire.weekday());
      break;
    case v1::REPORT_FREQUENCY_MONTHLY:
      rule.frequency = calendar::Frequency::kMonthly;
      break;
    case v1::REPORT_FREQUENCY_QUARTERLY:
      rule.frequency = calendar::Frequency::kQuarterly;
      break;
    case v1::REPORT_FREQUENCY_YEARLY:
      rule.frequency = calendar::Frequency::kYearly;
      break;
    default:
      return Error(Reason::REQUIRED_FIELD, {{"field", absl::StrCat(field, ".frequency")}});
  }
  if (rule.frequency != calendar::Frequency::kWeekly) {
    if (wire.day() < 1 || wire.day() > 31) {
      return OutOfRange(absl::StrCat(field, ".day"), wire.day(), "1 to 31");
    }
    rule.day_of_month = wire.day();
  }
  rule.offset = wire.offset();
  rule.inclusive = wire.has_inclusive() ? wire.inclusive() : true;
  if (!wire.time_of_day().empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::Duration time,
                             TimeOfDay(wire.time_of_day(), absl::StrCat(field, ".time_of_day")));
    rule.time_of_day = time;
  }
  switch (wire.working_day_shift()) {
    case v1::WORKING_DAY_SHIFT_NEXT:
      rule.shift = calendar::Shift::kNextWorkingDay;
      break;
    case v1::WORKING_DAY_SHIFT_PREVIOUS:
      rule.shift = calendar::Shift::kPreviousWorkingDay;
      break;
    default:
      rule.shift = calendar::Shift::kNone;
  }
  rule.grace = absl::Seconds(wire.grace().seconds()) + absl::Nanoseconds(wire.grace().nanos());
  if (wire.has_open_days()) rule.open_days = wire.open_days();
  rule.due_soon = due_soon;
  rule.zone = zone;
  TERRACE_RETURN_IF_ERROR(calendar::CheckDueRule(rule, field));
  return rule;
}

Period PeriodAt(calendar::PeriodKind kind, absl::CivilDay day) {
  const absl::CivilDay first(calendar::kYearMin, 1, 1);
  // Of() of a late December week may name the next year: stay a week away from the end.
  const absl::CivilDay last(calendar::kYearMax, 12, 20);
  return Period::Of(kind, std::min(std::max(day, first + 7), last));
}

void SortByDue(PeriodTable* table) {
  std::stable_sort(table->begin(), table->end(), [](const PeriodDue& a, const PeriodDue& b) {
    return a.times.due < b.times.due;
  });
}

}  // namespace

absl::StatusOr<absl::CivilDay> DayOf(const google::type::Date& date, absl::string_view field) {
  const absl::CivilDay day(date.year(), date.month(), date.day());
  if (date.year() < calendar::kYearMin || date.year() > calendar::kYearMax ||
      day.year() != date.year() || day.month() != date.month() || day.day() != date.day()) {
    return Error(Reason::INVALID_TIME,
                 {{"field", std::string(field)},
                  {"detail", absl::StrCat("there is no day ", date.year(), "-", date.month(), "-",
                                          date.day())}});
  }
  return day;
}

google::type::Date DateOf(absl::CivilDay day) {
  google::type::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

absl::StatusOr<Schedule> Schedule::FromList(const v1::MeasureList& list, absl::string_view field) {
  Schedule schedule;
  if (!list.time_zone().empty()) {
    TERRACE_ASSIGN_OR_RETURN(
        schedule.zone_, calendar::LoadZone(list.time_zone(), absl::StrCat(field, ".time_zone")));
  }
  if (list.has_due_soon_days()) {
    if (list.due_soon_days() < 0 || list.due_soon_days() > kDueSoonDaysMax) {
      return OutOfRange(absl::StrCat(field, ".due_soon_days"), list.due_soon_days(),
                        absl::StrCat("0 to ", kDueSoonDaysMax));
    }
    schedule.due_soon_ = absl::Hours(24 * list.due_soon_days());
  }
  if (list.due_rules_size() > kDueRulesMax) {
    return OutOfRange(absl::StrCat(field, ".due_rules"), list.due_rules_size(),
                      absl::StrCat("0 to ", kDueRulesMax));
  }
  for (int i = 0; i < list.due_rules_size(); ++i) {
    const v1::DueRuleVersion& wire = list.due_rules(i);
    const std::string path = absl::StrCat(field, ".due_rules[", i, "]");
    Version version;
    TERRACE_ASSIGN_OR_RETURN(version.rule, RuleOf(wire.rule(), schedule.zone_, schedule.due_soon_,
                                                  absl::StrCat(path, ".rule")));
    TERRACE_ASSIGN_OR_RETURN(version.from, Period::Parse(wire.from_period()));
    if (version.from.kind() != calendar::PeriodKindOf(version.rule.frequency)) {
      return Invalid(absl::StrCat(path, ".from_period"),
                     "it must be a period of the rule's own frequency");
    }
    if (i > 0 && version.from.First() <= schedule.versions_.back().from.First()) {
      return Invalid(absl::StrCat(path, ".from_period"), "versions must ascend");
    }
    TERRACE_ASSIGN_OR_RETURN(std::vector<absl::CivilDay> off,
                             Days(wire.rule().holidays(), absl::StrCat(path, ".rule.holidays")));
    TERRACE_ASSIGN_OR_RETURN(
        std::vector<absl::CivilDay> worked,
        Days(wire.rule().working_days(), absl::StrCat(path, ".rule.working_days")));
    version.days = calendar::WorkingDays(std::move(off), std::move(worked));
    version.text = wire.rule().SerializeAsString();
    schedule.versions_.push_back(std::move(version));
  }
  if (!list.last_period().empty()) {
    const std::string path = absl::StrCat(field, ".last_period");
    if (schedule.versions_.empty()) return Invalid(path, "there is no rule that it could end");
    TERRACE_ASSIGN_OR_RETURN(Period last, Period::Parse(list.last_period()));
    const Version& version = schedule.versions_.back();
    if (last.kind() != version.from.kind() || last.First() < version.from.First()) {
      return Invalid(path, "it must be a period of the last rule");
    }
    schedule.last_ = last;
  }
  return schedule;
}

absl::optional<absl::CivilDay> Schedule::EndOf(size_t i) const {
  if (i + 1 < versions_.size()) return versions_[i + 1].from.First();
  if (last_) return last_->First() + 1;
  return absl::nullopt;
}

bool Schedule::Holds(size_t i, const Period& period) const {
  if (period.kind() != versions_[i].from.kind()) return false;
  if (period.First() < versions_[i].from.First()) return false;
  absl::optional<absl::CivilDay> end = EndOf(i);
  return !end || period.First() < *end;
}

DueTimes Schedule::Times(size_t i, const Period& period) const {
  absl::StatusOr<DueTimes> times =
      calendar::DueTimesOf(versions_[i].rule, versions_[i].days, period);
  TERRACE_CHECK(times.ok());  // The rule was checked and the period is of its kind.
  return *times;
}

PeriodDue Schedule::DueOf(const Period& period, DueTimes times) const {
  return {period, std::move(times), absl::FromCivil(period.Last() + 1, zone_)};
}

absl::StatusOr<PeriodDue> Schedule::Find(const Period& period) const {
  for (size_t i = 0; i < versions_.size(); ++i) {
    if (Holds(i, period)) return DueOf(period, Times(i, period));
  }
  return Error(Reason::PERIOD_NOT_ASKED, {{"period", period.ToString()}});
}

PeriodTable Schedule::Table(absl::Time until) const {
  PeriodTable table;
  for (size_t i = 0; i < versions_.size(); ++i) {
    for (Period p = versions_[i].from; Holds(i, p) && p.year() <= calendar::kYearMax;
         p = p.Next()) {
      DueTimes times = Times(i, p);
      if (times.opens > until) break;
      if (table.size() == calendar::kPeriodsMax) break;
      table.push_back(DueOf(p, std::move(times)));
    }
  }
  SortByDue(&table);
  return table;
}

PeriodTable Schedule::TableOfDays(absl::CivilDay first, absl::CivilDay last) const {
  PeriodTable table;
  for (size_t i = 0; i < versions_.size(); ++i) {
    Period p = std::max(versions_[i].from, PeriodAt(versions_[i].from.kind(), first));
    for (; p.First() <= last && Holds(i, p) && table.size() < calendar::kPeriodsMax; p = p.Next()) {
      table.push_back(DueOf(p, Times(i, p)));
    }
  }
  SortByDue(&table);
  return table;
}

absl::Time Schedule::NextBoundary(absl::Time time) const {
  absl::Time next = absl::InfiniteFuture();
  for (size_t i = 0; i < versions_.size(); ++i) {
    const Version& version = versions_[i];
    Period p = version.from;
    if (time > absl::FromCivil(p.First(), zone_)) {
      // Whatever began earlier than this has passed its last boundary.
      const absl::CivilDay day = absl::ToCivilDay(
          time - version.rule.grace - absl::Hours(24 * DueLagDays(version.rule)), zone_);
      p = std::max(p, PeriodAt(p.kind(), day).Previous());
    }
    for (; Holds(i, p) && p.year() <= calendar::kYearMax; p = p.Next()) {
      const DueTimes times = Times(i, p);
      for (absl::Time boundary : {times.opens, times.due_soon, times.due, times.grace_end}) {
        if (boundary > time) next = std::min(next, boundary);
      }
      if (times.opens > time) break;  // All that follows opens later still.
    }
  }
  return next;
}

absl::optional<Period> Schedule::FirstDifference(const Schedule& a, const Schedule& b) {
  size_t i = 0;
  while (i < a.versions_.size() && i < b.versions_.size() &&
         a.versions_[i].from == b.versions_[i].from && a.versions_[i].text == b.versions_[i].text) {
    ++i;
  }
  absl::optional<Period> first;
  auto consider = [&first](const Period& period) {
    if (!first || period.First() < first->First()) first = period;
  };
  if (i < a.versions_.size()) consider(a.versions_[i].from);
  if (i < b.versions_.size()) consider(b.versions_[i].from);
  // Another end: the periods behind the earlier one.
  if (a.last_ != b.last_ && !a.versions_.empty() && !b.versions_.empty()) {
    if (a.last_ && (!b.last_ || a.last_->First() < b.last_->First())) {
      consider(a.last_->Next());
    } else if (b.last_) {
      consider(b.last_->Next());
    }
  }
  if (a.zone_ != b.zone_ && !a.versions_.empty()) consider(a.versions_.front().from);
  return first;
}

}  // namespace terrace::measures
