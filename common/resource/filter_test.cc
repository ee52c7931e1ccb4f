#include "common/resource/filter.h"

#include <cmath>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/test_type.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

class FilterTest : public testing::Test {
 protected:
  bool Matches(const std::string& filter, const std::string& message) {
    absl::StatusOr<Filter> parsed = Filter::Parse(filter, type_.type());
    EXPECT_TRUE(parsed.ok()) << filter << ": " << parsed.status();
    return parsed.ok() && parsed->Matches(*type_.Make(message));
  }

  // The detail of the error.
  std::string Fault(const std::string& filter) {
    absl::StatusOr<Filter> parsed = Filter::Parse(filter, type_.type());
    EXPECT_TRUE(HasReason(parsed.status(), Reason::INVALID_FILTER)) << filter;
    const auto details = DetailsOf(parsed.status());
    return details ? details->args[0].second : "";
  }

  TestType type_;
};

constexpr char kThing[] = R"pb(
  name: "units/a"
  display_name: "第3初级中学"
  count: 3
  size: 9007199254740993
  mass: 18446744073709551615
  ratio: 0.5
  closed: true
  state: THING_STATE_OPEN
  points { value: "93.52" }
  create_time { seconds: 1463846400 }
  day { year: 2016 month: 5 day: 22 }
  tags: "red"
  tags: "blue"
  numbers: 1
  numbers: 2
  parts { name: "p1" count: 7 tags: "x" }
  parts {
    name: "p2"
    points { value: "1" }
  }
  parent { name: "units/root" }
  localized_names { key: "zh" value: "学校" }
)pb";

TEST_F(FilterTest, OneComparison) {
  const struct {
    const char* filter;
    bool matches;
  } kCases[] = {
      {"", true},
      {"  ", true},
      {R"(name = "units/a")", true},
      {"name=units/a", true},
      {R"(name = 'units/b')", false},
      {R"(name != "units/b")", true},
      {R"(name > "units")", true},
      {R"(name < "units")", false},
      {R"(display_name : "初级")", true},
      {"display_name:初级", true},
      {"display_name : \"高级\"", false},
      {"count = 3", true},
      {"count = 3.0", true},
      {"count >= 3", true},
      {"count > 2.5", true},
      {"count < 3", false},
      {"count > -4", true},
      {"count != 4", true},
      // Beyond what a double can tell apart.
      {"size = 9007199254740993", true},
      {"size = 9007199254740992", false},
      {"size > 9007199254740992", true},
      {"mass > 999999999999999999", true},
      {"ratio = 0.5", true},
      {"ratio < 0.50001", true},
      {"closed = true", true},
      {"closed = false", false},
      {"closed != false", true},
      {"state = OPEN", true},
      {"state = THING_STATE_OPEN", true},
      {R"(state = "OPEN")", true},
      {"state != CLOSED", true},
      {"state < CLOSED", true},
      {"points = 93.52", true},
      {"points >= 93.520", true},
      {"points > 93.519999999999999", true},
      {"points > 93.52", false},
      {R"(create_time = "2016-05-21T16:00:00Z")", true},
      {R"(create_time = "2016-05-22T00:00:00+08:00")", true},
      {R"(create_time < "2016-05-22T00:00:00.000000001+08:00")", true},
      {R"(create_time > "2016-05-22T00:00:00+08:00")", false},
      {R"(day = "2016-05-22")", true},
      {R"(day < "2016-06-01")", true},
      {"day >= 2016-05-23", false},
      {"tags : red", true},
      {"tags : re", false},
      {"numbers : 2", true},
      {"numbers : 3", false},
      {"parts.count : 7", true},
      {"parts.name : p2", true},
      {"parts.name : p", false},
      {"parts.tags : x", true},
      {"parts.points : 1.0", true},
      {R"(parent.name = "units/root")", true},
      {R"(parent.name : "root")", true},
      {"parent.parent.name = x", false},
      {"localized_names : zh", true},
      {"localized_names : en", false},
      {"tags : *", true},
      {"photo : *", false},
      {"parent : *", true},
      {"parent.parent : *", false},
      {"parts.points : *", true},
      {"parts.parent : *", false},
      {"localized_names : *", true},
      {"limit : *", false},
      {"points : *", true},
  };
  for (const auto& c : kCases) EXPECT_EQ(Matches(c.filter, kThing), c.matches) << c.filter;
}

TEST_F(FilterTest, UnsetMessagesEqualNothing) {
  for (const char* filter : {"points = 0", "points < 1", "points > -1", "points <= 0",
                             R"(create_time < "2100-01-01T00:00:00Z")", R"(day < "2100-01-01")",
                             "parent.count = 0", "limit = 0", "parts.count : 0"}) {
    EXPECT_FALSE(Matches(filter, "")) << filter;
    EXPECT_TRUE(Matches(absl::StrCat("NOT ", filter), "")) << filter;
  }
  EXPECT_TRUE(Matches("points != 0", ""));
  EXPECT_TRUE(Matches("parent.count != 0", ""));
  EXPECT_TRUE(Matches("count = 0", "")) << "numbers without presence are 0";
  EXPECT_TRUE(Matches("limit = 0", "limit: 0"));
  EXPECT_TRUE(Matches("parent.count = 0", "parent {}"));
  EXPECT_FALSE(Matches("points = 0", "points {}")) << "not canonical, so no number";
  EXPECT_FALSE(Matches("ratio < 1", "ratio: nan"));
  EXPECT_TRUE(Matches("ratio != 1", "ratio: nan"));
}

TEST_F(FilterTest, OrBindsTighterThanAnd) {
  EXPECT_TRUE(Matches("count = 1 AND count = 2 OR closed = true", "count: 1 closed: true"));
  EXPECT_FALSE(Matches("count = 1 AND count = 2 OR closed = true", "count: 2 closed: true"))
      << "count = 1 AND (count = 2 OR closed = true)";
  EXPECT_TRUE(Matches("(count = 1 AND count = 2) OR closed = true", "count: 2 closed: true"));
  EXPECT_TRUE(Matches("NOT count = 1 AND closed = true", "count: 2 closed: true"));
  EXPECT_TRUE(Matches("-count = 1 AND -(count = 3)", "count: 2"));
  EXPECT_TRUE(Matches("NOT NOT count = 2", "count: 2"));
  EXPECT_TRUE(Matches("NOT (count = 1 OR count = 3)", "count: 2"));
  EXPECT_TRUE(Matches("count=1 OR count=2 OR count=3", "count: 3"));
}

TEST_F(FilterTest, Quoting) {
  EXPECT_TRUE(Matches(R"(name = "a \"b\" \\ c")", R"(name: "a \"b\" \\ c")"));
  EXPECT_TRUE(Matches(R"(name = 'it\'s')", R"(name: "it's")"));
  EXPECT_TRUE(Matches(R"(name = "AND")", R"(name: "AND")"));
  EXPECT_TRUE(Matches(R"(name = "")", ""));
  EXPECT_TRUE(Matches(R"(name = "*")", R"(name: "*")"));
}

TEST_F(FilterTest, FaultsSayWhere) {
  const struct {
    const char* filter;
    const char* detail;
  } kCases[] = {
      {"nothing = 1", "at byte 0: there is no field \"nothing\""},
      {"count = 1 AND foo.bar = 2", "at byte 14: there is no field \"foo.bar\""},
      {"count", "at byte 5: one of"},
      {"count =", "at byte 7: a value is expected"},
      {"count = 1 2", "at byte 10: AND, OR or the end"},
      {"count = 1 and closed = true", "at byte 10: AND, OR or the end"},
      {"count = abc", "at byte 8: \"abc\" is not a number"},
      {"count = NaN", "at byte 8: \"NaN\" is not a number"},
      {"points = 1e9", "at byte 9: \"1e9\" is not a number"},
      {"points = 1000000000000000000000", "at byte 9:"},
      {"closed = yes", "at byte 9: \"yes\" is not true or false"},
      {"closed < true", "at byte 7: true and false have no order"},
      {"state = SLEEPING", "at byte 8: \"SLEEPING\" is not a value of ThingState"},
      {"create_time > 2016-05-22", "at byte 14:"},
      {R"(create_time > "infinite-future")", "at byte 14:"},
      {"day = 2016-02-30", "at byte 6:"},
      {"day = 2016-05", "at byte 6:"},
      {"tags = red", "at byte 5: lists and maps"},
      {"parts.count > 3", "at byte 12: lists and maps"},
      {"localized_names = zh", "at byte 16: lists and maps"},
      {"localized_names.zh = x", "at byte 0: there is no field"},
      {"count : 3", "at byte 6: \":\" searches"},
      {"parent = x", "at byte 9: \"parent\" is a message"},
      {"photo = x", "at byte 8: fields of bytes"},
      {"(count = 1", "at byte 10: \")\" is expected"},
      {"count = 1)", "at byte 9: AND, OR or the end"},
      {"()", "at byte 1: the name of a field"},
      {"AND", "at byte 0: there is no field"},
      {"NOT", "at byte 3: the name of a field"},
      {"-", "at byte 1: the name of a field"},
      {"count = 1 AND", "at byte 13: the name of a field"},
      {"name = \"a", "at byte 7: this quote is not closed"},
      {"name = \"a\\n\"", "at byte 10:"},
      {"name = \"a\\", "at byte 10:"},
      {"name ~ x", "at byte 5: one of"},
      {"; drop", "at byte 0: this character"},
      {"= 3", "at byte 0: the name of a field"},
      {"\"count\" = 3", "at byte 0: the name of a field"},
      {"count = *", "at byte 8: \"*\" is not a number"},
  };
  for (const auto& c : kCases) {
    const std::string detail = Fault(c.filter);
    EXPECT_EQ(detail.substr(0, std::string(c.detail).size()), c.detail) << c.filter;
  }
}

TEST_F(FilterTest, Limits) {
  EXPECT_NE(Fault(std::string(kFilterBytesMax + 1, 'x')).find("longer"), std::string::npos);
  const auto nested = [](int depth) {
    return std::string(depth, '(') + "count = 1" + std::string(depth, ')');
  };
  EXPECT_TRUE(Matches(nested(kFilterDepthMax), "count: 1"));
  EXPECT_NE(Fault(nested(kFilterDepthMax + 1)).find("nested"), std::string::npos);
  EXPECT_NE(Fault(std::string(1000, '-') + "count = 1").find("nested"), std::string::npos);
  std::string many = "count = 1";
  for (int i = 1; i < kFilterComparisonsMax; ++i) absl::StrAppend(&many, " OR count = 1");
  EXPECT_TRUE(Matches(many, "count: 1"));
  EXPECT_NE(Fault(many + " OR count = 1").find("comparisons"), std::string::npos);
  std::string deep = "count";
  for (int i = 0; i < 20; ++i) deep = "parent." + deep;
  Fault(deep + " = 1");
}

// Random token soup never crashes, and what parses obeys the laws of logic.
TEST_F(FilterTest, Garbage) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr absl::string_view kPieces[] = {
      "count", "points", "tags", "parent.name", "parts.count", "=",     "!=",   "<",     ":",
      "3",     "93.5",   "red",  "\"x\"",       "'",           "(",     ")",    " AND ", " OR ",
      "NOT ",  "-",      "*",    "\\",          "\xFF",        "state", "OPEN", " "};
  const auto thing = type_.Make(kThing);
  int parsed = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text;
    if (random() % 3 == 0) {
      // Likely to parse.
      for (int k = static_cast<int>(random() % 3); k >= 0; --k) {
        absl::StrAppend(&text, random() % 3 == 0 ? "NOT " : "",
                        random() % 2 == 0 ? "count" : "points", random() % 2 == 0 ? " < " : " = ",
                        random() % 5, k > 0 ? (random() % 2 == 0 ? " AND " : " OR ") : "");
      }
    } else {
      for (int k = static_cast<int>(random() % 10); k > 0; --k) {
        absl::StrAppend(&text, kPieces[random() % std::size(kPieces)]);
      }
    }
    absl::StatusOr<Filter> filter = Filter::Parse(text, type_.type());
    if (!filter.ok()) {
      ASSERT_TRUE(HasReason(filter.status(), Reason::INVALID_FILTER));
      continue;
    }
    const bool matches = filter->Matches(*thing);
    if (filter->matches_everything()) {
      ASSERT_TRUE(matches);
      continue;
    }
    ++parsed;
    ASSERT_NE(Filter::Parse(absl::StrCat("NOT (", text, ")"), type_.type())->Matches(*thing),
              matches)
        << text;
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace terrace::resource
