// Places under every rule for ties.
#include "services/scoring/engine/places.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

using ::testing::ElementsAre;

constexpr auto kNone = absl::nullopt;

std::vector<absl::optional<Fixed>> Values(const std::vector<int>& values) {
  std::vector<absl::optional<Fixed>> column;
  for (int value : values) {
    column.push_back(value < 0 ? kNone : absl::make_optional(Fixed::FromInteger(value)));
  }
  return column;
}

TEST(PlacesTest, TiesGetWhatTheRuleSays) {
  const auto values = Values({7, 9, 7, -1, 5, 7});
  const TieBreakers none;
  EXPECT_THAT(PlacesOf(values, Ties::kCompetition, {}, none), ElementsAre(2, 1, 2, kNone, 5, 2));
  EXPECT_THAT(PlacesOf(values, Ties::kModified, {}, none), ElementsAre(4, 1, 4, kNone, 5, 4));
  EXPECT_THAT(PlacesOf(values, Ties::kDense, {}, none), ElementsAre(2, 1, 2, kNone, 3, 2));
  EXPECT_THAT(PlacesOf(values, Ties::kFractional, {}, none), ElementsAre(3, 1, 3, kNone, 5, 3));
  EXPECT_THAT(PlacesOf(values, Ties::kOrdinal, {}, none), ElementsAre(2, 1, 3, kNone, 5, 4));
  EXPECT_THAT(PlacesOf(Values({4, 4}), Ties::kFractional, {}, none), ElementsAre(1.5, 1.5));
}

TEST(PlacesTest, OrdinalAsksTheTieBreakersThenTheIds) {
  const auto values = Values({7, 7, 7, 7, 9});
  const auto first = Values({1, 3, -1, 1, 0});
  const auto second = Values({4, 0, 9, 4, 0});
  const std::vector<std::string> ids = {"d", "a", "b", "c", "e"};
  const TieBreakers breakers = {{first, second}, ids};
  EXPECT_THAT(PlacesOf(values, Ties::kOrdinal, {}, breakers), ElementsAre(4, 2, 5, 3, 1));
  // No other rule asks them.
  EXPECT_THAT(PlacesOf(values, Ties::kDense, {}, breakers), ElementsAre(2, 2, 2, 2, 1));
}

TEST(PlacesTest, GroupsAreRankedByThemselves) {
  const auto values = Values({7, 9, 7, 5, 3, -1});
  const std::vector<int> groups = {1, 0, 1, 1, -1, 0};
  EXPECT_THAT(PlacesOf(values, Ties::kCompetition, groups, {}),
              ElementsAre(1, 1, 1, 3, kNone, kNone));
  EXPECT_THAT(PlacesOf(values, Ties::kDense, groups, {}), ElementsAre(1, 1, 1, 2, kNone, kNone));
}

TEST(PlacesTest, NobodyHasNoPlace) {
  EXPECT_TRUE(PlacesOf({}, Ties::kCompetition, {}, {}).empty());
  EXPECT_THAT(PlacesOf(Values({-1}), Ties::kDense, {}, {}), ElementsAre(kNone));
}

}  // namespace
}  // namespace terrace::scoring::engine
