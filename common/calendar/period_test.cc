#include "common/calendar/period.h"

#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace::calendar {
namespace {

Period P(absl::string_view text) {
  absl::StatusOr<Period> period = Period::Parse(text);
  EXPECT_TRUE(period.ok()) << text << ": " << period.status();
  return period.value_or(Period());
}

absl::CivilDay Day(absl::string_view text) { return ParseDay(text, "f").value(); }

TEST(PeriodTest, FirstAndLastDays) {
  const struct {
    absl::string_view period, first, last;
  } kCases[] = {{"2016", "2016-01-01", "2016-12-31"},     {"2016-Q1", "2016-01-01", "2016-03-31"},
                {"2016-Q2", "2016-04-01", "2016-06-30"},  {"2016-Q4", "2016-10-01", "2016-12-31"},
                {"2016-02", "2016-02-01", "2016-02-29"},  {"2015-02", "2015-02-01", "2015-02-28"},
                {"1900-02", "1900-02-01", "1900-02-28"},  {"2000-02", "2000-02-01", "2000-02-29"},
                {"2016-12", "2016-12-01", "2016-12-31"},  {"2016-W21", "2016-05-23", "2016-05-29"},
                {"2015-W53", "2015-12-28", "2016-01-03"}, {"2016-W01", "2016-01-04", "2016-01-10"},
                {"2019-W01", "2018-12-31", "2019-01-06"}, {"2999", "2999-01-01", "2999-12-31"}};
  for (const auto& c : kCases) {
    EXPECT_EQ(FormatDay(P(c.period).First()), std::string(c.first)) << c.period;
    EXPECT_EQ(FormatDay(P(c.period).Last()), std::string(c.last)) << c.period;
    EXPECT_EQ(P(c.period).ToString(), std::string(c.period));
    EXPECT_EQ(Period::ParseId(P(c.period).ToId()).value(), P(c.period));
    EXPECT_TRUE(P(c.period).Contains(Day(c.first)));
    EXPECT_TRUE(P(c.period).Contains(Day(c.last)));
    EXPECT_FALSE(P(c.period).Contains(Day(c.first) - 1));
    EXPECT_FALSE(P(c.period).Contains(Day(c.last) + 1));
  }
}

TEST(PeriodTest, EverythingElseIsRefused) {
  for (absl::string_view text :
       {"",        "16",         "216",      "02016",    "2016-",    "2016-5",   "2016-00",
        "2016-13", "2016-05-22", "2016-Q0",  "2016-Q5",  "2016-Q",   "2016-Q22", "2016-q2",
        "2016Q2",  "2016-W00",   "2016-W53", "2015-W54", "2016-W1",  "2016/05",  " 2016",
        "2016 ",   "-2016",      "1899",     "3000",     "２０１６", "2016-+5",  "NaN"}) {
    EXPECT_TRUE(HasReason(Period::Parse(text).status(), Reason::INVALID_PERIOD)) << text;
  }
  EXPECT_TRUE(HasReason(Period::Parse(std::string(1 << 20, '2')).status(), Reason::INVALID_PERIOD));
  EXPECT_TRUE(Period::ParseId("2016-q2").ok());
  EXPECT_TRUE(Period::ParseId("2015-w53").ok());
  EXPECT_FALSE(Period::ParseId("2016-Q2").ok());
}

TEST(PeriodTest, Neighbours) {
  EXPECT_EQ(P("2016").Next(), P("2017"));
  EXPECT_EQ(P("2016-Q4").Next(), P("2017-Q1"));
  EXPECT_EQ(P("2016-Q1").Previous(), P("2015-Q4"));
  EXPECT_EQ(P("2016-12").Next(), P("2017-01"));
  EXPECT_EQ(P("2016-01").Previous(), P("2015-12"));
  EXPECT_EQ(P("2015-W53").Next(), P("2016-W01"));
  EXPECT_EQ(P("2016-W01").Previous(), P("2015-W53"));
  EXPECT_EQ(P("2016-W52").Next(), P("2017-W01"));
}

TEST(PeriodTest, OrderAndContainment) {
  EXPECT_LT(P("2016"), P("2016-Q1"));
  EXPECT_LT(P("2016-Q1"), P("2016-01"));
  EXPECT_LT(P("2016-01"), P("2016-02"));
  EXPECT_LT(P("2015-12"), P("2016"));
  EXPECT_TRUE(P("2016").Contains(P("2016-Q4")));
  EXPECT_TRUE(P("2016-Q2").Contains(P("2016-05")));
  EXPECT_TRUE(P("2016-05").Contains(P("2016-05")));
  EXPECT_FALSE(P("2016-Q2").Contains(P("2016-07")));
  EXPECT_FALSE(P("2016-05").Contains(P("2016-Q2")));
}

TEST(PeriodTest, EnumerateTouchesBothEnds) {
  const std::vector<Period> months =
      Enumerate(PeriodKind::kMonth, Day("2015-12-31"), Day("2016-02-01"));
  EXPECT_EQ(months, (std::vector<Period>{P("2015-12"), P("2016-01"), P("2016-02")}));
  EXPECT_EQ(Enumerate(PeriodKind::kWeek, Day("2016-01-01"), Day("2016-01-04")).size(), 2u);
  EXPECT_TRUE(Enumerate(PeriodKind::kYear, Day("2016-02-01"), Day("2016-01-01")).empty());
  EXPECT_EQ(Enumerate(PeriodKind::kWeek, Day("0001-01-01"), Day("9999-12-31")).size(),
            static_cast<size_t>(kPeriodsMax));
  EXPECT_EQ(Enumerate(PeriodKind::kYear, Day("0001-01-01"), Day("9999-12-31")).size(), 1100u);
}

TEST(DayTest, ParsesRealDaysOnly) {
  EXPECT_EQ(Day("2016-02-29"), absl::CivilDay(2016, 2, 29));
  for (absl::string_view text :
       {"", "2015-02-29", "2016-2-1", "2016-00-01", "2016-01-00", "2016-01-32", "2016-13-01",
        "0000-01-01", "2016-01-01T00:00", "2016-01-0１"}) {
    EXPECT_TRUE(HasReason(ParseDay(text, "day").status(), Reason::INVALID_TIME)) << text;
  }
}

TEST(ZoneTest, NamesOnlyNoFiles) {
  EXPECT_EQ(LoadZone("Asia/Shanghai", "zone")->name(), "Asia/Shanghai");
  EXPECT_TRUE(LoadZone("UTC", "zone").ok());
  for (absl::string_view name : {"", "Nowhere/City", "/etc/passwd", "../../etc/passwd",
                                 "file:/etc/x", "Asia/Shang\xFFhai"}) {
    EXPECT_TRUE(HasReason(LoadZone(name, "zone").status(), Reason::INVALID_FIELD)) << name;
  }
  EXPECT_FALSE(LoadZone(std::string(1000, 'A'), "zone").ok());
}

// Property: of every kind, the periods of successive days tile the calendar.
TEST(PeriodTest, PeriodsTileTheCalendar) {
  for (PeriodKind kind :
       {PeriodKind::kYear, PeriodKind::kQuarter, PeriodKind::kMonth, PeriodKind::kWeek}) {
    for (absl::CivilDay day(1995, 1, 1); day < absl::CivilDay(2033, 1, 1); ++day) {
      const Period period = Period::Of(kind, day);
      ASSERT_TRUE(period.Contains(day));
      ASSERT_EQ(period.Next().First(), period.Last() + 1);
      ASSERT_EQ(period.Previous().Next(), period);
      ASSERT_EQ(Period::Parse(period.ToString()).value(), period);
    }
  }
}

TEST(PeriodTest, Garbage) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr absl::string_view kAlphabet = "0123456789-QWqw";
  int parsed = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = random() % 2 == 0 ? "2016-" : "";
    for (int k = static_cast<int>(random() % 5); k > 0; --k) {
      text.push_back(kAlphabet[random() % kAlphabet.size()]);
    }
    absl::StatusOr<Period> period = Period::Parse(text);
    if (!period.ok()) continue;
    ++parsed;
    ASSERT_EQ(period->ToString(), text);
  }
  EXPECT_GT(parsed, 10);
}

}  // namespace
}  // namespace terrace::calendar
