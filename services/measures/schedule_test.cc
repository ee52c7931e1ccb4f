#include "services/measures/schedule.h"

#include <map>
#include <set>

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/measures/test_util.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kMonthly22[] = R"(
  due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } })";

v1::MeasureList List(const std::string& text) { return Text<v1::MeasureList>(text); }

Schedule Of(const std::string& text) {
  absl::StatusOr<Schedule> schedule = Schedule::FromList(List(text), "list");
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return *schedule;
}

// "2016-01: 2016-01-23 00:00"
std::vector<std::string> Dues(const PeriodTable& table) {
  std::vector<std::string> out;
  for (const PeriodDue& due : table) {
    out.push_back(absl::StrCat(due.period.ToString(), ": ", Show(due.times.due)));
  }
  return out;
}

TEST(ScheduleTest, AListWithoutRulesAsksForNothing) {
  const Schedule schedule = Of("");
  EXPECT_FALSE(schedule.asks_reports());
  EXPECT_THAT(schedule.Table(T("2016-12-31")), IsEmpty());
  EXPECT_EQ(schedule.NextBoundary(T("2016-05-01")), absl::InfiniteFuture());
  EXPECT_TRUE(HasReason(schedule.Find(P("2016-05")).status(), Reason::PERIOD_NOT_ASKED));
}

TEST(ScheduleTest, TheNamedDayCountsUntilItsEndUnlessItIsExcluded) {
  EXPECT_EQ(Show(Of(kMonthly22).Find(P("2016-05"))->times.due), "2016-05-23 00:00");
  const Schedule strict = Of(R"(
    due_rules { from_period: "2016-01"
                rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 inclusive: false } })");
  EXPECT_EQ(Show(strict.Find(P("2016-05"))->times.due), "2016-05-22 00:00");
}

TEST(ScheduleTest, TheListsZoneIsTheOneInWhichDaysEnd) {
  const Schedule urumqi = Of(absl::StrCat("time_zone: 'Asia/Urumqi' ", kMonthly22));
  EXPECT_EQ(Show(urumqi.Find(P("2016-05"))->times.due), "2016-05-23 02:00");
}

TEST(ScheduleTest, ReadsEveryPartOfARule) {
  const Schedule schedule = Of(R"(
    due_soon_days: 2
    due_rules {
      from_period: "2016-01"
      rule {
        frequency: REPORT_FREQUENCY_MONTHLY day: 8 offset: 1 time_of_day: "17:30"
        working_day_shift: WORKING_DAY_SHIFT_NEXT
        holidays { year: 2016 month: 2 day: 8 } holidays { year: 2016 month: 2 day: 9 }
        working_days { year: 2016 month: 5 day: 8 }
        grace { seconds: 3600 }
        open_days: 10
      } })");
  // The 8th and 9th of February are days off.
  const calendar::DueTimes january = schedule.Find(P("2016-01"))->times;
  EXPECT_EQ(Show(january.due), "2016-02-10 17:30");
  EXPECT_EQ(Show(january.grace_end), "2016-02-10 18:30");
  EXPECT_EQ(Show(january.due_soon), "2016-02-08 17:30");
  EXPECT_EQ(Show(january.opens), "2016-01-31 00:00");
  // The 8th of May is a Sunday that is worked.
  EXPECT_EQ(Show(schedule.Find(P("2016-04"))->times.due), "2016-05-08 17:30");
}

TEST(ScheduleTest, FrequenciesAskForTheirOwnPeriods) {
  const Schedule quarterly = Of(R"(
    due_rules { from_period: "2016-Q1"
                rule { frequency: REPORT_FREQUENCY_QUARTERLY day: 10 offset: 1 } })");
  EXPECT_EQ(Show(quarterly.Find(P("2016-Q2"))->times.due), "2016-07-11 00:00");
  EXPECT_TRUE(HasReason(quarterly.Find(P("2016-05")).status(), Reason::PERIOD_NOT_ASKED));
  const Schedule weekly = Of(R"(
    due_rules { from_period: "2016-W01" rule { frequency: REPORT_FREQUENCY_WEEKLY weekday: 5 } })");
  EXPECT_EQ(Show(weekly.Find(P("2016-W21"))->times.due), "2016-05-28 00:00");
  const Schedule yearly = Of(R"(
    due_rules { from_period: "2016"
                rule { frequency: REPORT_FREQUENCY_YEARLY day: 31 offset: 1 } })");
  EXPECT_EQ(Show(yearly.Find(P("2016"))->times.due), "2017-02-01 00:00");
}

TEST(ScheduleTest, VersionsFollowEachOther) {
  const Schedule schedule = Of(R"(
    due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } }
    due_rules { from_period: "2016-04" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 25 } }
    due_rules { from_period: "2016-Q3"
                rule { frequency: REPORT_FREQUENCY_QUARTERLY day: 31 } }
    last_period: "2016-Q4")");
  EXPECT_THAT(Dues(schedule.Table(T("2018-01-01"))),
              ElementsAre("2016-01: 2016-01-23 00:00", "2016-02: 2016-02-23 00:00",
                          "2016-03: 2016-03-23 00:00", "2016-04: 2016-04-26 00:00",
                          "2016-05: 2016-05-26 00:00", "2016-06: 2016-06-26 00:00",
                          "2016-Q3: 2016-10-01 00:00", "2016-Q4: 2017-01-01 00:00"));
  EXPECT_TRUE(HasReason(schedule.Find(P("2015-12")).status(), Reason::PERIOD_NOT_ASKED));
  EXPECT_TRUE(HasReason(schedule.Find(P("2016-07")).status(), Reason::PERIOD_NOT_ASKED));
  EXPECT_TRUE(HasReason(schedule.Find(P("2017-Q1")).status(), Reason::PERIOD_NOT_ASKED));
}

TEST(ScheduleTest, TheTableHoldsWhatIsOpen) {
  const Schedule schedule = Of(kMonthly22);
  EXPECT_THAT(schedule.Table(T("2015-12-31")), IsEmpty());
  EXPECT_EQ(schedule.Table(T("2016-03-31 23:59")).size(), 3u);
  EXPECT_EQ(schedule.Table(T("2016-04-01")).size(), 4u);
  EXPECT_THAT(Dues(schedule.TableOfDays(absl::CivilDay(2016, 1, 31), absl::CivilDay(2016, 3, 1))),
              ElementsAre("2016-01: 2016-01-23 00:00", "2016-02: 2016-02-23 00:00",
                          "2016-03: 2016-03-23 00:00"));
}

TEST(ScheduleTest, BoundariesAreThoseOfTheWholeTable) {
  // Whatever the rule, walking from boundary to boundary must meet every one, in order.
  const std::map<std::string, std::string> rules = {
      {"month", R"(due_rules { from_period: "2015-03" rule { frequency: REPORT_FREQUENCY_MONTHLY
                    day: 22 grace { seconds: 172800 } } } last_period: "2017-02")"},
      {"late", R"(due_rules { from_period: "2015-01" rule { frequency: REPORT_FREQUENCY_MONTHLY
                    day: 5 offset: 14 grace { seconds: 8640000 } } })"},
      {"week", R"(due_rules { from_period: "2016-W01" rule { frequency: REPORT_FREQUENCY_WEEKLY
                    weekday: 1 offset: 3 open_days: 60 } })"},
      {"year", R"(due_rules { from_period: "2015" rule { frequency: REPORT_FREQUENCY_YEARLY
                    day: 15 offset: -3 working_day_shift: WORKING_DAY_SHIFT_PREVIOUS } })"},
      {"two", R"(due_rules { from_period: "2015-01" rule { frequency: REPORT_FREQUENCY_MONTHLY
                    day: 22 } }
                 due_rules { from_period: "2016-Q2" rule { frequency: REPORT_FREQUENCY_QUARTERLY
                    day: 31 offset: -1 time_of_day: "12:00" } })"},
  };
  for (const auto& [name, text] : rules) {
    const Schedule schedule = Of(absl::StrCat("due_soon_days: 5 ", text));
    const absl::Time begin = T("2014-06-01");
    const absl::Time end = T("2018-06-01");
    std::set<absl::Time> expected;
    for (const PeriodDue& due : schedule.Table(T("2020-01-01"))) {
      for (absl::Time t :
           {due.times.opens, due.times.due_soon, due.times.due, due.times.grace_end}) {
        if (t > begin && t <= end) expected.insert(t);
      }
    }
    std::set<absl::Time> met;
    for (absl::Time t = schedule.NextBoundary(begin); t <= end; t = schedule.NextBoundary(t)) {
      met.insert(t);
    }
    EXPECT_FALSE(expected.empty()) << name;
    EXPECT_EQ(met, expected) << name;
  }
  EXPECT_EQ(Show(Of(kMonthly22).NextBoundary(absl::InfinitePast())), "2016-01-01 00:00");
}

TEST(ScheduleTest, TellsWhereTwoSchedulesPart) {
  const Schedule plain = Of(kMonthly22);
  EXPECT_EQ(Schedule::FirstDifference(plain, Of(kMonthly22)), absl::nullopt);
  EXPECT_EQ(Schedule::FirstDifference(plain, Of("")), P("2016-01"));
  const Schedule later = Of(absl::StrCat(kMonthly22, R"(
    due_rules { from_period: "2016-09" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 25 } })"));
  EXPECT_EQ(Schedule::FirstDifference(plain, later), P("2016-09"));
  const Schedule ended = Of(absl::StrCat(kMonthly22, " last_period: '2016-06'"));
  EXPECT_EQ(Schedule::FirstDifference(plain, ended), P("2016-07"));
  EXPECT_EQ(Schedule::FirstDifference(ended, plain), P("2016-07"));
  // Due soon is a matter of presentation.
  EXPECT_EQ(Schedule::FirstDifference(plain, Of(absl::StrCat("due_soon_days: 1 ", kMonthly22))),
            absl::nullopt);
}

struct Bad {
  const char* text;
  Reason reason;
};

TEST(ScheduleTest, RefusesWhatIsNoRule) {
  const std::vector<Bad> cases = {
      {R"(time_zone: "Mars/Olympus")", Reason::INVALID_FIELD},
      {R"(due_soon_days: 367)", Reason::NUMBER_OUT_OF_RANGE},
      {R"(due_soon_days: -1)", Reason::NUMBER_OUT_OF_RANGE},
      {R"(due_rules { from_period: "2016-01" rule { day: 22 } })", Reason::REQUIRED_FIELD},
      {R"(due_rules { from_period: "2016-13"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } })",
       Reason::INVALID_PERIOD},
      {R"(due_rules { from_period: "2016-Q1"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } })",
       Reason::INVALID_FIELD},
      {R"(due_rules { from_period: "2016-01"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 32 } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(due_rules { from_period: "2016-W01"
            rule { frequency: REPORT_FREQUENCY_WEEKLY weekday: 8 } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(due_rules { from_period: "2016-01"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 offset: 25 } })",
       Reason::NUMBER_OUT_OF_RANGE},
      {R"(due_rules { from_period: "2016-01"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 time_of_day: "24:01" } })",
       Reason::INVALID_FIELD},
      {R"(due_rules { from_period: "2016-01"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 time_of_day: "5 pm" } })",
       Reason::INVALID_FIELD},
      {R"(due_rules { from_period: "2016-01"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 time_of_day: "-1:30" } })",
       Reason::INVALID_FIELD},
      {R"(due_rules { from_period: "2016-01"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1
                   holidays { year: 2016 month: 2 day: 30 } } })",
       Reason::INVALID_TIME},
      {R"(due_rules { from_period: "2016-03"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 } }
          due_rules { from_period: "2016-03"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 2 } })",
       Reason::INVALID_FIELD},
      {R"(last_period: "2016-03")", Reason::INVALID_FIELD},
      {R"(due_rules { from_period: "2016-03"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 } } last_period: "2016-02")",
       Reason::INVALID_FIELD},
      {R"(due_rules { from_period: "2016-03"
            rule { frequency: REPORT_FREQUENCY_MONTHLY day: 1 } } last_period: "2016-Q4")",
       Reason::INVALID_FIELD},
  };
  for (const Bad& bad : cases) {
    const absl::Status status = Schedule::FromList(List(bad.text), "list").status();
    EXPECT_TRUE(HasReason(status, bad.reason)) << bad.text << "\n" << status;
  }
}

TEST(ScheduleTest, DaysOfTheWireAreChecked) {
  EXPECT_EQ(DayOf(Date("2016-02-29"), "day").value(), absl::CivilDay(2016, 2, 29));
  for (const char* text : {"year: 2015 month: 2 day: 29", "year: 2016 month: 13 day: 1",
                           "year: 2016 month: 1", "", "year: 99999 month: 1 day: 1"}) {
    EXPECT_TRUE(
        HasReason(DayOf(Text<google::type::Date>(text), "day").status(), Reason::INVALID_TIME))
        << text;
  }
}

}  // namespace
}  // namespace terrace::measures
