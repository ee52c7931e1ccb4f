#include "services/scoring/engine/contest.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace terrace::scoring::engine {
namespace {

Fixed Points(int64_t points) { return Fixed::FromInteger(points); }

using Row = std::vector<absl::optional<Fixed>>;

// -1: not scored.
Row RowOf(std::vector<int> values) {
  Row row;
  for (int value : values) {
    row.push_back(value < 0 ? absl::nullopt : absl::make_optional(Points(value)));
  }
  return row;
}

TEST(ContestTest, CountsWhoIsBeaten) {
  // 0 beats 1 on more weight, 1 beats 2 on all, 0 and 2 are even.
  Contest even(Points(100), {Points(3), Points(3), Points(1)});
  even.Set(0, RowOf({5, 1, 1}));
  even.Set(1, RowOf({3, 4, 1}));
  even.Set(2, RowOf({1, 3, 1}));
  // Pairs: 0-1 even, 0-2 even, 1-2: 1 ahead. 0, 1, -1 of 2.
  EXPECT_EQ(even.EarnedBy(0), Points(50));
  EXPECT_EQ(even.EarnedBy(1), Points(75));
  EXPECT_EQ(even.EarnedBy(2), Points(25));
  EXPECT_EQ(even.StandingOf(1)->ahead, 1);
  EXPECT_EQ(even.StandingOf(1)->behind, 0);
  EXPECT_EQ(even.StandingOf(1)->others, 2);

  Contest clear(Points(100), {Points(4), Points(3)});
  clear.Set(0, RowOf({5, 1}));
  clear.Set(1, RowOf({3, 4}));
  clear.Set(2, RowOf({1, 3}));
  EXPECT_EQ(clear.EarnedBy(0), Points(100));
  EXPECT_EQ(clear.EarnedBy(1), Points(50));
  EXPECT_EQ(clear.EarnedBy(2), Fixed());
}

TEST(ContestTest, ComparesWhatBothHave) {
  Contest contest(Points(1), {Points(1), Points(1), Fixed()});
  contest.Set(0, RowOf({5, -1, -1}));
  contest.Set(1, RowOf({-1, 4, -1}));
  contest.Set(2, RowOf({1, 3, -1}));
  EXPECT_FALSE(contest.Set(3, RowOf({-1, -1, 7})));  // That child has no weight.
  // 0 beats 2, 1 beats 2, 0 and 1 share nothing; the last one has nothing at all.
  EXPECT_EQ(contest.EarnedBy(0), Fixed::FromUnits(kFixedUnitsPerOne * 3 / 4));
  EXPECT_EQ(contest.EarnedBy(1), Fixed::FromUnits(kFixedUnitsPerOne * 3 / 4));
  EXPECT_EQ(contest.EarnedBy(2), Fixed());
  EXPECT_EQ(contest.EarnedBy(3), absl::nullopt);
  EXPECT_EQ(contest.EarnedBy(4), absl::nullopt);
}

TEST(ContestTest, AloneIsInTheMiddle) {
  Contest contest(Points(10), {Points(1)});
  contest.Set(0, RowOf({5}));
  EXPECT_EQ(contest.EarnedBy(0), Points(5));
}

TEST(ContestTest, TooManyAreNotCompared) {
  Contest contest(Points(100), {Points(1)}, /*units_max=*/2);
  contest.Set(0, RowOf({1}));
  contest.Set(1, RowOf({2}));
  EXPECT_EQ(contest.EarnedBy(1), Points(100));
  contest.Set(2, RowOf({3}));
  EXPECT_EQ(contest.EarnedBy(1), absl::nullopt);
  EXPECT_EQ(contest.StandingOf(1), absl::nullopt);
  contest.Set(1, RowOf({4}));
  contest.Set(0, RowOf({-1}));
  EXPECT_EQ(contest.EarnedBy(0), absl::nullopt);
  EXPECT_EQ(contest.EarnedBy(1), Points(100));
  EXPECT_EQ(contest.EarnedBy(2), Fixed());
}

TEST(ContestTest, KnowsWhatIsNew) {
  Contest contest(Points(10), {Points(1)});
  EXPECT_TRUE(contest.Set(0, RowOf({5})));
  EXPECT_FALSE(contest.Set(0, RowOf({5})));
  EXPECT_TRUE(contest.Set(0, RowOf({-1})));
  EXPECT_EQ(contest.EarnedBy(0), absl::nullopt);
}

// However units came to what they have, they stand as if all had been told at once.
TEST(ContestTest, FollowsChangesInAnyOrder) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<Fixed> weights = {Points(random() % 3), Points(1), Points(2)};
    const size_t units = 1 + random() % 12;
    std::vector<Row> rows(units, RowOf({-1, -1, -1}));
    // Now and then there are too many.
    Contest followed(Points(40), weights, units > 6 ? units - 2 : units);
    for (int step = 0; step < 100; ++step) {
      Row& row = rows[random() % units];
      for (absl::optional<Fixed>& value : row) {
        value = random() % 4 == 0 ? absl::nullopt : absl::make_optional(Points(random() % 4));
      }
      followed.Set(&row - rows.data(), row);
    }
    Contest afresh(Points(40), weights, units > 6 ? units - 2 : units);
    for (size_t unit = units; unit-- > 0;) afresh.Set(unit, rows[unit]);
    for (size_t unit = 0; unit < units; ++unit) {
      EXPECT_EQ(followed.EarnedBy(unit), afresh.EarnedBy(unit));
      ASSERT_EQ(followed.StandingOf(unit).has_value(), afresh.StandingOf(unit).has_value());
      // Whoever is ahead of one is one of those behind whom the other is.
      int ahead = 0;
      int behind = 0;
      for (size_t other = 0; other < units; ++other) {
        Fixed lead;
        for (size_t child = 0; child < weights.size(); ++child) {
          const absl::optional<Fixed>& mine = rows[unit][child];
          const absl::optional<Fixed>& its = rows[other][child];
          if (!mine || !its || *mine == *its) continue;
          lead = Fixed::FromUnits(lead.units() + (*mine > *its ? 1 : -1) * weights[child].units());
        }
        ahead += lead > Fixed() ? 1 : 0;
        behind += lead < Fixed() ? 1 : 0;
      }
      if (!followed.StandingOf(unit)) continue;
      EXPECT_EQ(followed.StandingOf(unit)->ahead, ahead);
      EXPECT_EQ(followed.StandingOf(unit)->behind, behind);
    }
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
