// Grades by exact bounds, by share, and by natural breaks.
#include "services/scoring/engine/bands.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

using ::testing::ElementsAre;

constexpr auto kNone = absl::nullopt;

Fixed Thousandths(int64_t value) { return Fixed::FromUnits(value * (kFixedUnitsPerOne / 1000)); }

std::vector<absl::optional<Fixed>> Scores(const std::vector<int>& values) {
  std::vector<absl::optional<Fixed>> column;
  for (int value : values) {
    column.push_back(value < 0 ? kNone : absl::make_optional(Fixed::FromInteger(value)));
  }
  return column;
}

Scheme WithBounds(const std::vector<int64_t>& thousandths) {
  Scheme scheme;
  for (int64_t bound : thousandths) {
    Band band;
    band.lower_bound = Thousandths(bound);
    scheme.bands.push_back(band);
  }
  scheme.bands.emplace_back();
  return scheme;
}

Scheme WithShares(const std::vector<int64_t>& thousandths, int group_min = 1) {
  Scheme scheme;
  for (int64_t share : thousandths) {
    Band band;
    band.share = Thousandths(share);
    scheme.bands.push_back(band);
  }
  scheme.banding.method = BandMethod::kShare;
  scheme.banding.group_min = group_min;
  return scheme;
}

TEST(BandsTest, ABoundBelongsToItsGradeUnlessItIsExclusive) {
  Scheme scheme = WithBounds({800, 700, 550});
  EXPECT_EQ(BandByBounds(scheme.bands, Thousandths(800)), 0);
  EXPECT_EQ(BandByBounds(scheme.bands, Thousandths(799)), 1);
  EXPECT_EQ(BandByBounds(scheme.bands, Fixed::FromUnits(699'999'999'999)), 2);
  EXPECT_EQ(BandByBounds(scheme.bands, Fixed()), 3);
  scheme.bands[0].exclusive = true;
  EXPECT_EQ(BandByBounds(scheme.bands, Thousandths(800)), 1);
  EXPECT_EQ(BandByBounds(scheme.bands, Fixed::FromUnits(800'000'000'001)), 0);
  scheme.bands.pop_back();
  EXPECT_EQ(BandByBounds(scheme.bands, Thousandths(549)), -1);
  EXPECT_EQ(BandByBounds({}, Thousandths(549)), -1);
}

// 0.975 has no double: what is compared are decimals.
TEST(BandsTest, BoundsAreExact) {
  const Scheme scheme = WithBounds({975, 950, 900});
  for (int64_t bound : {975, 950, 900}) {
    const int at = BandByBounds(scheme.bands, Thousandths(bound));
    EXPECT_EQ(BandByBounds(scheme.bands, Fixed::FromUnits(Thousandths(bound).units() - 1)), at + 1);
  }
}

TEST(BandsTest, GradesGoByTheShownScoreWhereTheSchemeSaysSo) {
  Scheme scheme = WithBounds({800});
  scheme.decimals = 2;
  const std::vector<absl::optional<Fixed>> scores = {Thousandths(795), Thousandths(794)};
  EXPECT_THAT(BandsOf(scheme, scores, {}, {}), ElementsAre(1, 1));
  scheme.rank_on_shown = true;
  EXPECT_THAT(BandsOf(scheme, scores, {}, {}), ElementsAre(0, 1));
  EXPECT_EQ(Shown(Thousandths(-795), 2), Thousandths(-800));
  EXPECT_EQ(Shown(Fixed::FromUnits(kFixedUnitsMax), 0), Fixed::FromUnits(kFixedUnitsMax));
}

TEST(BandsTest, VetoesKeepGradesBack) {
  const Scheme scheme = WithBounds({90'000, 80'000});
  const std::vector<int> best = {1, 1, 0, 1};
  EXPECT_THAT(BandsOf(scheme, Scores({95, 70, 95, -1}), {}, best), ElementsAre(1, 2, 0, -1));
  EXPECT_THAT(BandsOf(Scheme(), Scores({95}), {}, {}), ElementsAre(-1));
}

TEST(BandsTest, SharesAreOfTheScoredUnits) {
  const Scheme scheme = WithShares({100, 300, 600});
  EXPECT_THAT(BandsOf(scheme, Scores({9, 1, 8, -1, 7, 6, 5, 4, 3, 2, 0}), {}, {}),
              ElementsAre(0, 2, 1, -1, 1, 1, 2, 2, 2, 2, 2));
}

TEST(BandsTest, SharesRoundHalfUpAndTiesGetTheBetterGrade) {
  // A tenth of five is half a place: one unit.
  EXPECT_THAT(BandsOf(WithShares({100, 900}), Scores({5, 4, 3, 2, 1}), {}, {}),
              ElementsAre(0, 1, 1, 1, 1));
  // A tenth of four is none.
  EXPECT_THAT(BandsOf(WithShares({100, 900}), Scores({5, 4, 3, 2}), {}, {}),
              ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(BandsOf(WithShares({250, 750}), Scores({5, 5, 5, 2}), {}, {}),
              ElementsAre(0, 0, 0, 1));
}

TEST(BandsTest, SmallGroupsGetWhatTheyWouldGetAmongAll) {
  const Scheme scheme = WithShares({500, 500}, /*group_min=*/3);
  const std::vector<int> groups = {0, 0, 0, 0, 1, 1, -1};
  // Group 0 by itself: 9 and 8. Of all seven, the first four (3.5) are 9, 8, 7, 6.
  EXPECT_THAT(BandsOf(scheme, Scores({9, 8, 7, 6, 5, 4, 3}), groups, {}),
              ElementsAre(0, 0, 1, 1, 1, 1, -1));
  EXPECT_THAT(BandsOf(scheme, Scores({1, 2, 3, 4, 9, 0, 8}), groups, {}),
              ElementsAre(1, 1, 0, 0, 0, 1, -1));
}

std::vector<Fixed> Whole(const std::vector<int>& values) {
  std::vector<Fixed> out;
  for (int value : values) out.push_back(Fixed::FromInteger(value));
  return out;
}

TEST(NaturalBreaksTest, FindsTheClusters) {
  EXPECT_EQ(NaturalBreaks(Whole({10, 1, 31, 2, 11, 30, 1, 12, 32}), 3), Whole({30, 10, 1}));
  EXPECT_EQ(NaturalBreaks(Whole({5, 5, 7}), 3), Whole({7, 5}));
  EXPECT_EQ(NaturalBreaks(Whole({5, 6, 7}), 1), Whole({5}));
  EXPECT_TRUE(NaturalBreaks({}, 3).empty());
  Scheme scheme = WithBounds({0, 0});
  scheme.banding.method = BandMethod::kNaturalBreaks;
  EXPECT_THAT(BandsOf(scheme, Scores({10, 1, 31, 2, -1}), {}, {}), ElementsAre(1, 2, 0, 2, -1));
}

double SpreadOf(const std::vector<Fixed>& sorted, size_t begin, size_t end) {
  double mean = 0;
  for (size_t i = begin; i < end; ++i) mean += ToDouble(sorted[i]);
  mean /= static_cast<double>(end - begin);
  double sum = 0;
  for (size_t i = begin; i < end; ++i) {
    sum += (ToDouble(sorted[i]) - mean) * (ToDouble(sorted[i]) - mean);
  }
  return sum;
}

// Every way to cut, by brute force.
double LeastSpread(const std::vector<Fixed>& sorted, size_t begin, int classes) {
  if (classes == 1) return SpreadOf(sorted, begin, sorted.size());
  double least = std::numeric_limits<double>::infinity();
  for (size_t cut = begin + 1; cut + classes - 1 <= sorted.size(); ++cut) {
    least = std::min(least, SpreadOf(sorted, begin, cut) + LeastSpread(sorted, cut, classes - 1));
  }
  return least;
}

TEST(NaturalBreaksTest, NothingIsCloserTogether) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Fixed> values;
    const int size = 4 + static_cast<int>(random() % 9);
    for (int i = 0; i < size; ++i) values.push_back(Thousandths(random() % 40'000));
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const int classes = 2 + static_cast<int>(random() % 3);
    if (values.size() <= static_cast<size_t>(classes)) continue;
    const std::vector<Fixed> breaks = NaturalBreaks(values, classes);
    ASSERT_EQ(breaks.size(), static_cast<size_t>(classes));
    double spread = 0;
    size_t end = values.size();
    for (Fixed least : breaks) {
      const size_t begin = std::lower_bound(values.begin(), values.end(), least) - values.begin();
      spread += SpreadOf(values, begin, end);
      end = begin;
    }
    EXPECT_EQ(end, 0u);
    EXPECT_NEAR(spread, LeastSpread(values, 0, classes), 1e-6);
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
