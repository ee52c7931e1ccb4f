#include "services/scoring/engine/standing.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

using ::testing::ElementsAre;

constexpr auto kNone = absl::nullopt;

std::vector<absl::optional<Fixed>> Scores(const std::vector<int>& values) {
  std::vector<absl::optional<Fixed>> scores;
  for (int value : values) {
    scores.push_back(value < 0 ? kNone : absl::make_optional(Fixed::FromInteger(value)));
  }
  return scores;
}

// Two bands, of a half each.
Scheme Halves() {
  Scheme scheme;
  scheme.banding.method = BandMethod::kShare;
  for (const char* grade : {"better", "worse"}) {
    Band band;
    band.grade = grade;
    band.share = Fixed::FromUnits(kFixedUnitsPerOne / 2);
    scheme.bands.push_back(band);
  }
  return scheme;
}

TEST(StandingTest, UnitsOfTwoLevelsAreNoPeers) {
  Scheme scheme = Halves();
  scheme.ranking.grouping = 0;
  const auto scores = Scores({50, 40, 90, 80, 70, 60, -1});
  const std::vector<int> levels = {0, 0, 1, 1, 1, 1, 1};
  const std::vector<int> groups = {0, 0, 0, 1, 0, -1, 0};
  Standers units;
  units.scores = scores;
  units.levels = levels;
  units.ranking_groups = groups;
  const StandingPlaces places = StandingPlacesOf(scheme, units);
  EXPECT_THAT(places.ranks, ElementsAre(1, 2, 1, 2, 3, 4, kNone));
  EXPECT_THAT(places.group_ranks, ElementsAre(1, 2, 1, 1, 2, kNone, kNone));
  EXPECT_THAT(StandingBandsOf(scheme, units), ElementsAre(0, 1, 0, 0, 1, 1, -1));
}

TEST(StandingTest, SmallGroupsTakeTheBoundsOfTheirLevel) {
  Scheme scheme = Halves();
  scheme.banding.grouping = 0;
  scheme.banding.group_min = 2;
  const auto scores = Scores({10, 90, 80, 70, 60});
  const std::vector<int> levels = {1, 0, 0, 0, 0};
  const std::vector<int> groups = {0, 0, 1, 1, -1};
  Standers units;
  units.scores = scores;
  units.levels = levels;
  units.banding_groups = groups;
  // The only one of its level is its better half; the group of one is held against all four; the
  // one in no group has no grade.
  EXPECT_THAT(StandingBandsOf(scheme, units), ElementsAre(0, 0, 0, 1, -1));
}

TEST(StandingTest, PlacesGoByWhatIsShown) {
  Scheme scheme;
  scheme.rank_on_shown = true;
  scheme.decimals = 0;
  scheme.ranking.ties = Ties::kFractional;
  const std::vector<absl::optional<Fixed>> scores = {Fixed::FromUnits(79'600'000'000'000),
                                                     Fixed::FromUnits(80'400'000'000'000),
                                                     Fixed::FromInteger(90)};
  Standers units;
  units.scores = scores;
  EXPECT_THAT(StandingPlacesOf(scheme, units).ranks, ElementsAre(2.5, 2.5, 1));
}

TEST(StandingTest, OnlyWhatTakesPeersStandsByThem) {
  EXPECT_FALSE(StandsByPeers(Scheme()));
  EXPECT_TRUE(StandsByPeers(Halves()));
  Scheme scheme = Halves();
  scheme.bands.clear();
  EXPECT_FALSE(StandsByPeers(scheme)) << "there are no grades";
  scheme.ranking.grouping = 0;
  EXPECT_TRUE(StandsByPeers(scheme));
  scheme.ranking.grouping = -1;
  scheme.ranking.ties = Ties::kDense;
  EXPECT_TRUE(StandsByPeers(scheme));
}

}  // namespace
}  // namespace terrace::scoring::engine
