#include "common/calendar/due.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace::calendar {
namespace {

Period P(absl::string_view text) { return Period::Parse(text).value(); }
absl::CivilDay Day(absl::string_view text) { return ParseDay(text, "f").value(); }
absl::TimeZone Zone(absl::string_view name) { return LoadZone(name, "f").value(); }

// "2016-05-22T23:59:59+08:00"
absl::Time T(const std::string& text) {
  absl::Time out;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &out, &error)) << text << ": " << error;
  return out;
}

std::string Show(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::FixedTimeZone(8 * 3600));
}

DueRule Monthly(int day, int offset = 0) {
  DueRule rule;
  rule.day_of_month = day;
  rule.offset = offset;
  return rule;
}

DueRule Excluded(DueRule rule) {
  rule.inclusive = false;
  return rule;
}

DueRule At(DueRule rule, int hours, int minutes) {
  rule.time_of_day = absl::Hours(hours) + absl::Minutes(minutes);
  return rule;
}

DueRule In(DueRule rule, absl::string_view zone) {
  rule.zone = Zone(zone);
  return rule;
}

DueRule With(DueRule rule, Shift shift) {
  rule.shift = shift;
  return rule;
}

DueRule Of(Frequency frequency, int day, int offset) {
  DueRule rule = Monthly(day, offset);
  rule.frequency = frequency;
  return rule;
}

DueRule Weekly(absl::Weekday weekday, int offset = 0) {
  DueRule rule;
  rule.frequency = Frequency::kWeekly;
  rule.weekday = weekday;
  rule.offset = offset;
  return rule;
}

DueRule Once(absl::string_view day) {
  DueRule rule;
  rule.frequency = Frequency::kOnce;
  rule.once_day = Day(day);
  return rule;
}

// The State Council's table around the holidays of 2016 that matter here: 1 January off; the Spring
// Festival 7 to 13 February with 6 and 14 February worked; 1 to 7 October with 8 and 9 worked.
WorkingDays China2016() {
  std::vector<absl::CivilDay> off = {Day("2016-01-01")};
  for (absl::CivilDay day = Day("2016-02-07"); day <= Day("2016-02-13"); ++day) off.push_back(day);
  for (absl::CivilDay day = Day("2016-10-01"); day <= Day("2016-10-07"); ++day) off.push_back(day);
  return WorkingDays(off,
                     {Day("2016-10-09"), Day("2016-02-06"), Day("2016-02-14"), Day("2016-10-08")});
}

// The vectors: what the rule gives for the period.
TEST(DueTest, Vectors) {
  constexpr auto kNext = Shift::kNextWorkingDay;
  constexpr auto kPrevious = Shift::kPreviousWorkingDay;
  const struct {
    const char* what;
    DueRule rule;
    const char* period;
    const char* due;
  } kVectors[] = {
      // The founding report: by the 22nd of each month, UTC+8, inclusive and exclusive.
      {"the 22nd included", Monthly(22), "2016-05", "2016-05-23T00:00:00+08:00"},
      {"before the 22nd", Excluded(Monthly(22)), "2016-05", "2016-05-22T00:00:00+08:00"},
      {"following month", Monthly(5, 1), "2016-05", "2016-06-06T00:00:00+08:00"},
      {"following year", Monthly(5, 1), "2016-12", "2017-01-06T00:00:00+08:00"},
      {"a year later", Monthly(5, 12), "2016-12", "2017-12-06T00:00:00+08:00"},
      // Month lengths.
      {"31st, long month", Monthly(31), "2016-05", "2016-06-01T00:00:00+08:00"},
      {"31st, short month", Monthly(31), "2016-04", "2016-05-01T00:00:00+08:00"},
      {"31st, leap February", Monthly(31), "2016-02", "2016-03-01T00:00:00+08:00"},
      {"31st, February", Monthly(31), "2015-02", "2015-03-01T00:00:00+08:00"},
      {"30th, leap February", Monthly(30), "2016-02", "2016-03-01T00:00:00+08:00"},
      {"29th, leap February", Monthly(29), "2016-02", "2016-03-01T00:00:00+08:00"},
      {"29th, February", Monthly(29), "2015-02", "2015-03-01T00:00:00+08:00"},
      {"28th, leap February", Monthly(28), "2016-02", "2016-02-29T00:00:00+08:00"},
      {"29th, century without leap day", Monthly(29), "2100-02", "2100-03-01T00:00:00+08:00"},
      {"31st excluded, February", Excluded(Monthly(31)), "2015-02", "2015-02-28T00:00:00+08:00"},
      {"31st of the following month", Monthly(31, 1), "2016-01", "2016-03-01T00:00:00+08:00"},
      {"year's end", Monthly(31), "2016-12", "2017-01-01T00:00:00+08:00"},
      {"1st excluded", Excluded(Monthly(1)), "2016-01", "2016-01-01T00:00:00+08:00"},
      // Times of day.
      {"noon", At(Monthly(22), 12, 0), "2016-05", "2016-05-22T12:00:00+08:00"},
      {"noon, the flag is moot", Excluded(At(Monthly(22), 12, 0)), "2016-05",
       "2016-05-22T12:00:00+08:00"},
      {"0:00", At(Monthly(22), 0, 0), "2016-05", "2016-05-22T00:00:00+08:00"},
      {"23:59", At(Monthly(22), 23, 59), "2016-05", "2016-05-22T23:59:00+08:00"},
      {"24:00", At(Monthly(22), 24, 0), "2016-05", "2016-05-23T00:00:00+08:00"},
      {"24:00 of the year", At(Monthly(31), 24, 0), "2016-12", "2017-01-01T00:00:00+08:00"},
      // Zones.
      {"Urumqi", In(Monthly(22), "Asia/Urumqi"), "2016-05", "2016-05-22T18:00:00Z"},
      {"UTC", In(Monthly(22), "UTC"), "2016-05", "2016-05-23T00:00:00Z"},
      {"Kathmandu", In(Monthly(22), "Asia/Kathmandu"), "2016-05", "2016-05-23T00:00:00+05:45"},
      {"Berlin, summer", In(Monthly(22), "Europe/Berlin"), "2016-05", "2016-05-23T00:00:00+02:00"},
      {"Berlin, winter", In(Monthly(22), "Europe/Berlin"), "2016-01", "2016-01-23T00:00:00+01:00"},
      // 27 March 2016: 2:00 jumps to 3:00. A time within falls on the change, 1:00 UTC.
      {"Berlin, skipped", In(At(Monthly(27), 2, 30), "Europe/Berlin"), "2016-03",
       "2016-03-27T01:00:00Z"},
      {"Berlin, before the gap", In(At(Monthly(27), 1, 59), "Europe/Berlin"), "2016-03",
       "2016-03-27T00:59:00Z"},
      {"Berlin, after the gap", In(At(Monthly(27), 3, 0), "Europe/Berlin"), "2016-03",
       "2016-03-27T01:00:00Z"},
      // 30 October 2016: 3:00 goes back to 2:00. The second 2:30 counts.
      {"Berlin, twice", In(At(Monthly(30), 2, 30), "Europe/Berlin"), "2016-10",
       "2016-10-30T01:30:00Z"},
      // The day of the change has 25 hours; its end is still midnight.
      {"Berlin, a day of 25 hours", In(Monthly(30), "Europe/Berlin"), "2016-10",
       "2016-10-30T23:00:00Z"},
      // 16 October 2016 in Sao Paulo: midnight itself is skipped; the 15th ends at the change.
      {"Sao Paulo, no midnight", In(Monthly(15), "America/Sao_Paulo"), "2016-10",
       "2016-10-16T03:00:00Z"},
      // China had summer time from 1986 to 1991: 15 September 1991 went back an hour at 2:00.
      {"Shanghai in 1991", Monthly(1), "1991-09", "1991-09-01T15:00:00Z"},
      {"Shanghai after 1991", Monthly(30), "1991-09", "1991-09-30T16:00:00Z"},
      // Samoa skipped 30 December 2011: a day that is not there ends when it would have begun.
      {"Samoa, no such day", In(Monthly(30), "Pacific/Apia"), "2011-12", "2011-12-30T10:00:00Z"},
      // Quarters and years.
      {"quarter's end", Of(Frequency::kQuarterly, 31, 0), "2016-Q2", "2016-07-01T00:00:00+08:00"},
      {"quarter's end in March", Of(Frequency::kQuarterly, 31, 0), "2016-Q1",
       "2016-04-01T00:00:00+08:00"},
      {"first month of the quarter", Of(Frequency::kQuarterly, 31, -2), "2016-Q2",
       "2016-05-01T00:00:00+08:00"},
      {"after the quarter", Of(Frequency::kQuarterly, 10, 1), "2016-Q4",
       "2017-01-11T00:00:00+08:00"},
      {"second month of the next quarter", Of(Frequency::kQuarterly, 31, 2), "2016-Q4",
       "2017-03-01T00:00:00+08:00"},
      {"25 November", Of(Frequency::kYearly, 25, -1), "2016", "2016-11-26T00:00:00+08:00"},
      {"29 February of the year", Of(Frequency::kYearly, 29, -10), "2015",
       "2015-03-01T00:00:00+08:00"},
      {"31 March of the next year", Of(Frequency::kYearly, 31, 3), "2016",
       "2017-04-01T00:00:00+08:00"},
      // Weeks.
      {"Friday", Weekly(absl::Weekday::friday), "2016-W21", "2016-05-28T00:00:00+08:00"},
      {"Monday", Weekly(absl::Weekday::monday), "2016-W21", "2016-05-24T00:00:00+08:00"},
      {"Sunday", Weekly(absl::Weekday::sunday), "2016-W21", "2016-05-30T00:00:00+08:00"},
      {"next Monday", Weekly(absl::Weekday::monday, 1), "2015-W53", "2016-01-05T00:00:00+08:00"},
      // Once.
      {"once", Once("2016-11-25"), "2016", "2016-11-26T00:00:00+08:00"},
      {"once, excluded", Excluded(Once("2016-11-25")), "2016", "2016-11-25T00:00:00+08:00"},
      // Working days. 22 May 2016 is a Sunday, 6 and 14 February worked Saturday and Sunday.
      {"Sunday stays", Monthly(22), "2016-05", "2016-05-23T00:00:00+08:00"},
      {"Sunday to Monday", With(Monthly(22), kNext), "2016-05", "2016-05-24T00:00:00+08:00"},
      {"Sunday to Friday", With(Monthly(22), kPrevious), "2016-05", "2016-05-21T00:00:00+08:00"},
      {"before Sunday, moved on", Excluded(With(Monthly(22), kNext)), "2016-05",
       "2016-05-23T00:00:00+08:00"},
      {"a working day stays", With(Monthly(24), kNext), "2016-05", "2016-05-25T00:00:00+08:00"},
      {"made-up Saturday stays", With(Monthly(6), kNext), "2016-02", "2016-02-07T00:00:00+08:00"},
      {"holiday to made-up Sunday", With(Monthly(8), kNext), "2016-02",
       "2016-02-15T00:00:00+08:00"},
      {"holiday back to made-up Saturday", With(Monthly(12), kPrevious), "2016-02",
       "2016-02-07T00:00:00+08:00"},
      {"through the golden week", With(Monthly(1), kNext), "2016-10", "2016-10-09T00:00:00+08:00"},
      {"back over New Year", With(Of(Frequency::kYearly, 1, 1), kPrevious), "2015",
       "2016-01-01T00:00:00+08:00"},
      {"month's end moves into the next month", With(Monthly(31), kNext), "2016-07",
       "2016-08-02T00:00:00+08:00"},
      {"month's end moves back", With(Monthly(31), kPrevious), "2016-07",
       "2016-07-30T00:00:00+08:00"},
      {"shift keeps the time of day", At(With(Monthly(22), kNext), 18, 0), "2016-05",
       "2016-05-23T18:00:00+08:00"},
  };
  const WorkingDays days = China2016();
  for (const auto& v : kVectors) {
    ASSERT_TRUE(CheckDueRule(v.rule, "rule").ok()) << v.what;
    absl::StatusOr<DueTimes> times = DueTimesOf(v.rule, days, P(v.period));
    ASSERT_TRUE(times.ok()) << v.what << ": " << times.status();
    EXPECT_EQ(Show(times->due), Show(T(v.due))) << v.what;
  }
}

TEST(DueTest, StatusesAtEveryBoundary) {
  DueRule rule = Monthly(22);
  rule.grace = absl::Hours(36);
  rule.due_soon = absl::Hours(72);
  const absl::Time opens = T("2016-05-01T00:00:00+08:00");
  const absl::Time due = T("2016-05-23T00:00:00+08:00");
  const absl::Time late = due + absl::Hours(36);
  const absl::Duration tick = absl::Nanoseconds(1);
  const absl::Time never = absl::InfiniteFuture();
  const struct {
    absl::Time now;
    absl::optional<absl::Time> first;
    DueStatus status;
    absl::Time next;
  } kCases[] = {
      {absl::InfinitePast(), absl::nullopt, DueStatus::kNotOpen, opens},
      {opens - tick, absl::nullopt, DueStatus::kNotOpen, opens},
      {opens, absl::nullopt, DueStatus::kOpen, due - absl::Hours(72)},
      {due - absl::Hours(72) - tick, absl::nullopt, DueStatus::kOpen, due - absl::Hours(72)},
      {due - absl::Hours(72), absl::nullopt, DueStatus::kDueSoon, late},
      {due, absl::nullopt, DueStatus::kDueSoon, late},
      {late - tick, absl::nullopt, DueStatus::kDueSoon, late},
      {late, absl::nullopt, DueStatus::kOverdue, never},
      {never, absl::nullopt, DueStatus::kOverdue, never},
      // Submitted: decided for good.
      {late - tick, late - tick, DueStatus::kSubmittedOnTime, never},
      {late, late - tick, DueStatus::kSubmittedOnTime, never},
      {late, late, DueStatus::kSubmittedLate, never},
      {late + tick, late + tick, DueStatus::kSubmittedLate, never},
      {opens, opens - absl::Hours(1), DueStatus::kSubmittedOnTime, never},
      // Asked about the past: the submission had not happened yet.
      {opens, due, DueStatus::kOpen, due - absl::Hours(72)},
      {due, due + tick, DueStatus::kDueSoon, due + tick},
      {late, late + tick, DueStatus::kOverdue, late + tick},
      {due, late + tick, DueStatus::kDueSoon, late},
  };
  for (const auto& c : kCases) {
    absl::StatusOr<DueAnswer> answer = AnswerDue(rule, WorkingDays(), P("2016-05"), c.now, c.first);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->times.opens, opens);
    EXPECT_EQ(answer->times.due, due);
    EXPECT_EQ(answer->times.grace_end, late);
    EXPECT_EQ(answer->status, c.status) << Show(c.now);
    EXPECT_EQ(answer->next_change, c.next) << Show(c.now);
  }
}

TEST(DueTest, Openings) {
  DueRule rule = Monthly(5, 1);
  EXPECT_EQ(DueTimesOf(rule, {}, P("2016-05"))->opens, T("2016-05-01T00:00:00+08:00"));
  rule.open_days = 10;
  EXPECT_EQ(DueTimesOf(rule, {}, P("2016-05"))->opens, T("2016-05-26T00:00:00+08:00"));
  rule.open_days = 0;
  rule.inclusive = false;  // Opens and is due at once: due soon from the beginning.
  const DueTimes at_once = DueTimesOf(rule, {}, P("2016-05")).value();
  EXPECT_EQ(at_once.opens, at_once.due);
  EXPECT_EQ(at_once.due_soon, at_once.due);
  EXPECT_EQ(AnswerAt(at_once, at_once.due, absl::nullopt).status, DueStatus::kOverdue);
  EXPECT_EQ(DueTimesOf(Once("2016-11-25"), {}, P("2016"))->opens, absl::InfinitePast());
  // Due before the period begins.
  const DueTimes early =
      DueTimesOf(With(Excluded(Monthly(1)), Shift::kPreviousWorkingDay), {}, P("2017-01")).value();
  EXPECT_EQ(early.due, T("2016-12-30T00:00:00+08:00"));
  EXPECT_EQ(early.opens, early.due);
}

TEST(DueTest, PeriodsThatTheRuleDoesNotAskFor) {
  for (absl::string_view period : {"2016", "2016-Q2", "2016-W21"}) {
    EXPECT_TRUE(
        HasReason(DueTimesOf(Monthly(22), {}, P(period)).status(), Reason::PERIOD_NOT_ASKED));
  }
  EXPECT_FALSE(DueTimesOf(Of(Frequency::kQuarterly, 1, 0), {}, P("2016-05")).ok());
  EXPECT_FALSE(DueTimesOf(Of(Frequency::kYearly, 1, 0), {}, P("2016-Q1")).ok());
  EXPECT_FALSE(DueTimesOf(Weekly(absl::Weekday::friday), {}, P("2016-05")).ok());
  EXPECT_FALSE(DueTimesOf(Once("2016-11-25"), {}, P("2015")).ok());
  EXPECT_FALSE(AnswerDue(Once("2016-11-25"), {}, P("2016-11"), absl::UnixEpoch(), {}).ok());
}

TEST(DueTest, RulesOutOfRangeAreRefused) {
  const auto refused = [](DueRule rule, absl::string_view part) {
    const absl::Status status = CheckDueRule(rule, "rule");
    EXPECT_FALSE(status.ok()) << part;
    EXPECT_NE(std::string(status.message()).find("rule." + std::string(part)), std::string::npos)
        << status;
  };
  EXPECT_TRUE(CheckDueRule(DueRule(), "rule").ok());
  for (int day : {0, -1, 32, INT_MAX, INT_MIN}) refused(Monthly(day), "day_of_month");
  for (int offset : {-1, 25, INT_MAX, INT_MIN}) refused(Monthly(22, offset), "offset");
  refused(Of(Frequency::kQuarterly, 1, -3), "offset");
  refused(Of(Frequency::kYearly, 1, -12), "offset");
  refused(Weekly(absl::Weekday::friday, -1), "offset");
  refused(At(Monthly(1), 24, 1), "time_of_day");
  refused(At(Monthly(1), -1, 0), "time_of_day");
  DueRule rule;
  rule.time_of_day = absl::Seconds(61);
  refused(rule, "time_of_day");
  rule = DueRule();
  rule.grace = -absl::Nanoseconds(1);
  refused(rule, "grace");
  rule.grace = absl::InfiniteDuration();
  refused(rule, "grace");
  rule = DueRule();
  rule.due_soon = kDueSoonMax + absl::Nanoseconds(1);
  refused(rule, "due_soon");
  rule = DueRule();
  rule.open_days = -1;
  refused(rule, "open_days");
  rule.open_days = kOpenDaysMax + 1;
  refused(rule, "open_days");
  refused(Once("1899-12-31"), "once_day");
  refused(Once("3000-01-01"), "once_day");
}

TEST(DueTest, AShiftThroughEndlessHolidaysKeepsTheDay) {
  std::vector<absl::CivilDay> off;
  for (absl::CivilDay day = Day("2016-01-01"); day <= Day("2016-12-31"); ++day) off.push_back(day);
  EXPECT_EQ(
      DueTimesOf(With(Monthly(22), Shift::kNextWorkingDay), WorkingDays(off, {}), P("2016-05"))
          ->day,
      Day("2016-05-22"));
}

TEST(WorkingDaysTest, MakeUpDaysWin) {
  const WorkingDays days({Day("2016-02-06"), Day("2016-02-08")}, {Day("2016-02-06")});
  EXPECT_TRUE(days.IsWorkingDay(Day("2016-02-06")));
  EXPECT_FALSE(days.IsWorkingDay(Day("2016-02-07")));
  EXPECT_FALSE(days.IsWorkingDay(Day("2016-02-08")));
  EXPECT_TRUE(days.IsWorkingDay(Day("2016-02-09")));
}

// Properties over random rules: the instants are in order; the answer changes exactly at
// next_change and not before; lateness is what the half-open rule says; PeriodsDueIn finds each
// period once.
TEST(DueTest, RandomRules) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  const WorkingDays days = China2016();
  const std::vector<absl::TimeZone> zones = {Zone("Asia/Shanghai"), Zone("Europe/Berlin"),
                                             Zone("America/Sao_Paulo"), Zone("Pacific/Apia"),
                                             Zone("Australia/Lord_Howe")};
  for (int i = 0; i < 5'000; ++i) {
    DueRule rule;
    rule.frequency = static_cast<Frequency>(below(5));
    rule.once_day = Day("2010-01-01") + below(4000);
    rule.weekday = static_cast<absl::Weekday>(below(7));
    rule.day_of_month = 1 + below(31);
    const int least = rule.frequency == Frequency::kQuarterly ? -2
                      : rule.frequency == Frequency::kYearly  ? -11
                                                              : 0;
    rule.offset = least + below(kOffsetMax - least + 1);
    rule.inclusive = below(2) == 0;
    if (below(3) == 0) rule.time_of_day = absl::Minutes(below(24 * 60 + 1));
    rule.shift = static_cast<Shift>(below(3));
    rule.grace = absl::Minutes(below(3) == 0 ? 0 : below(10'000));
    rule.due_soon = absl::Minutes(below(20'000));
    if (below(3) == 0) rule.open_days = below(60);
    rule.zone = zones[below(static_cast<int>(zones.size()))];
    ASSERT_TRUE(CheckDueRule(rule, "rule").ok());

    const Period period =
        rule.frequency == Frequency::kOnce
            ? Period::Of(PeriodKind::kYear, rule.once_day)
            : Period::Of(PeriodKindOf(rule.frequency), Day("2010-01-01") + below(4000));
    const DueTimes times = DueTimesOf(rule, days, period).value();
    ASSERT_LE(times.opens, times.due_soon);
    ASSERT_LE(times.due_soon, times.due);
    ASSERT_LE(times.due, times.grace_end);

    const absl::CivilDay last_asked = times.day + below(100);
    const std::vector<Period> asked = PeriodsDueIn(rule, days, times.day, last_asked);
    ASSERT_EQ(std::count(asked.begin(), asked.end(), period), 1) << period.ToString();
    for (const Period& other : asked) {
      const absl::CivilDay day = DueTimesOf(rule, days, other)->day;
      ASSERT_TRUE(times.day <= day && day <= last_asked);
    }
    ASSERT_TRUE(std::is_sorted(asked.begin(), asked.end()));

    absl::optional<absl::Time> first;
    if (below(2) == 0) first = times.due + absl::Minutes(below(40'000) - 20'000);
    absl::Time now = times.due - absl::Hours(24 * 400);
    DueAnswer answer = AnswerAt(times, now, first);
    for (int steps = 0; answer.next_change != absl::InfiniteFuture(); ++steps) {
      ASSERT_LT(steps, 5);
      ASSERT_GT(answer.next_change, now);
      ASSERT_EQ(AnswerAt(times, answer.next_change - absl::Nanoseconds(1), first).status,
                answer.status);
      now = answer.next_change;
      const DueAnswer next = AnswerAt(times, now, first);
      ASSERT_NE(next.status, answer.status);
      answer = next;
    }
    if (first) {
      ASSERT_EQ(answer.status, *first >= times.due + rule.grace ? DueStatus::kSubmittedLate
                                                                : DueStatus::kSubmittedOnTime);
    } else {
      ASSERT_EQ(answer.status, DueStatus::kOverdue);
    }
  }
}

}  // namespace
}  // namespace terrace::calendar
