#include "common/resource/names.h"

#include <random>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

using ::testing::ElementsAre;

TEST(IdTest, Grammar) {
  for (absl::string_view id :
       {"a", "0", "yumin", "650102001001", "a-b", "a.b", "2016-q2", "a--b", "a..b"}) {
    EXPECT_TRUE(IsValidId(id)) << id;
    EXPECT_TRUE(CheckId(id).ok());
  }
  EXPECT_TRUE(IsValidId(std::string(63, 'a')));
  for (absl::string_view id : {"", "-a", "a-", ".a", "a.", "A", "a_b", "a~b", "a@1", "a/b", "a b",
                               "县", "a\n", "{a}", "*"}) {
    EXPECT_TRUE(HasReason(CheckId(id), Reason::INVALID_ID)) << id;
  }
  EXPECT_FALSE(IsValidId(std::string(64, 'a')));
  EXPECT_FALSE(IsValidId(absl::string_view("a\0b", 3)));
}

TEST(NameTest, ParsesWhatThePatternSays) {
  EXPECT_THAT(*ParseName("units/yumin", "units/{unit}"), ElementsAre("yumin"));
  EXPECT_THAT(*ParseName("units/a/programmes/p", "units/{unit}/programmes/{programme}"),
              ElementsAre("a", "p"));
  EXPECT_THAT(*ParseName("units/a/schemes/s@3", "units/{unit}/schemes/{scheme}@{version}"),
              ElementsAre("a", "s", "3"));
  EXPECT_THAT(
      *ParseName("units/a/scores/o~s~2016-q2", "units/{unit}/scores/{office}~{scheme}~{period}"),
      ElementsAre("a", "o", "s", "2016-q2"));
  EXPECT_THAT(*ParseName("levels/county", "levels/{level}"), ElementsAre("county"));
}

TEST(NameTest, RefusesWhatDoesNotFit) {
  const struct {
    absl::string_view name, pattern;
  } kCases[] = {{"", "units/{unit}"},
                {"units", "units/{unit}"},
                {"units/", "units/{unit}"},
                {"units/a/", "units/{unit}"},
                {"/units/a", "units/{unit}"},
                {"units/a/b", "units/{unit}"},
                {"units/A", "units/{unit}"},
                {"Units/a", "units/{unit}"},
                {"units/a~b", "units/{unit}"},
                {"units/a/programmes/p", "units/{unit}/measures/{m}"},
                {"units/a/schemes/s", "units/{unit}/schemes/{scheme}@{version}"},
                {"units/a/schemes/s@", "units/{unit}/schemes/{scheme}@{version}"},
                {"units/a/schemes/@1", "units/{unit}/schemes/{scheme}@{version}"},
                {"units/a/schemes/s@1@2", "units/{unit}/schemes/{scheme}@{version}"},
                {"//realm/units/a", "units/{unit}"},
                {"units/a\n", "units/{unit}"}};
  for (const auto& c : kCases) {
    EXPECT_TRUE(HasReason(ParseName(c.name, c.pattern).status(), Reason::INVALID_NAME)) << c.name;
    EXPECT_FALSE(MatchesName(c.name, c.pattern));
  }
  const absl::Status huge = ParseName(std::string(1 << 20, 'a'), "units/{unit}").status();
  EXPECT_TRUE(HasReason(huge, Reason::INVALID_NAME));
  EXPECT_LT(huge.message().size(), 300u);
}

TEST(NameTest, FormatIsTheInverse) {
  EXPECT_EQ(FormatName("units/{unit}/scores/{office}~{scheme}~{period}", {"a", "o", "s", "2016"}),
            "units/a/scores/o~s~2016");
  EXPECT_EQ(FormatName("units/{unit}", {"a"}), "units/a");
  EXPECT_EQ(UnitName("a"), "units/a");
  EXPECT_EQ(*ParseUnitName("units/a"), "a");
  EXPECT_TRUE(HasReason(ParseUnitName("units/a/b").status(), Reason::INVALID_NAME));
  EXPECT_DEATH(FormatName("units/{unit}", {"A"}), "CHECK failed");
  EXPECT_DEATH(FormatName("units/{unit}", {"a", "b"}), "CHECK failed");
  EXPECT_DEATH(FormatName("units/{unit}/x/{y}", {"a"}), "CHECK failed");
}

TEST(NameTest, WellFormed) {
  for (absl::string_view name :
       {"units/a", "units/a/measureLists/l", "units/a/checklists/c@1", "units/a/sheets/o~c",
        "levels/county", "units/a/visits/v/observations/dev-1"}) {
    EXPECT_TRUE(IsWellFormedName(name)) << name;
  }
  for (absl::string_view name :
       {"", "/", "units", "units/", "units/a/", "units/a/x", "units//x", "1/a", "units/a/x/b~",
        "units/a/x/~b", "units/a/x/b~~c", "units/a/x/b@1@2", "measure_lists/a", "Units/a",
        "units/a b", "//r/units/a"}) {
    EXPECT_FALSE(IsWellFormedName(name)) << name;
  }
}

TEST(NameTest, Owners) {
  EXPECT_EQ(OwnerOf("units/a"), "a");
  EXPECT_EQ(OwnerOf("units/a/visits/v"), "a");
  for (absl::string_view name :
       {"", "units", "units/", "units//x", "levels/a", "units/A/x", "xunits/a", "//r/units/a"}) {
    EXPECT_EQ(OwnerOf(name), "") << name;
  }
  EXPECT_EQ(ParentName("units/a/visits/b"), "units/a");
  EXPECT_EQ(ParentName("units/a"), "");
  EXPECT_EQ(ParentName(""), "");
  EXPECT_EQ(LastSegment("units/a/visits/b"), "b");
  EXPECT_EQ(LastSegment("b"), "b");
}

TEST(NameTest, Realms) {
  EXPECT_EQ(*StripRealm("units/a", "county"), "units/a");
  EXPECT_EQ(*StripRealm("//county/units/a", "county"), "units/a");
  EXPECT_TRUE(HasReason(StripRealm("//other/units/a", "county").status(), Reason::NOT_FOUND));
  EXPECT_TRUE(HasReason(StripRealm("///units/a", "county").status(), Reason::INVALID_NAME));
  EXPECT_TRUE(HasReason(StripRealm("//", "county").status(), Reason::INVALID_NAME));
  EXPECT_EQ(SplitRealm("//county/units/a").first, "county");
  EXPECT_EQ(SplitRealm("//county/units/a").second, "units/a");
  EXPECT_EQ(SplitRealm("units/a").first, "");
}

// What parses was formatted like that; garbage never crashes anything here.
TEST(NameTest, Garbage) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr absl::string_view kPieces[] = {"units/", "a",       "b2", "/", "~",    "@", "-",
                                           ".",      "visits/", "//", "A", "\xFF", "县"};
  constexpr absl::string_view kPattern = "units/{unit}/visits/{a}~{b}@{version}";
  int parsed = 0;
  for (int i = 0; i < 50'000; ++i) {
    // Half of the names come close to the pattern.
    std::string name = random() % 2 == 0 ? "units/a/visits/b~c@" : "";
    for (int k = static_cast<int>(random() % 8); k > 0; --k) {
      const absl::string_view piece = kPieces[random() % std::size(kPieces)];
      name.append(piece.data(), piece.size());
    }
    OwnerOf(name);
    ParentName(name);
    absl::StatusOr<Ids> ids = ParseName(name, kPattern);
    if (!ids.ok()) continue;
    ++parsed;
    ASSERT_TRUE(IsWellFormedName(name)) << name;
    ASSERT_EQ(FormatName(kPattern, *ids), name);
  }
  EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace terrace::resource
