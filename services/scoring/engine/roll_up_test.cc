#include "services/scoring/engine/roll_up.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace terrace::scoring::engine {
namespace {

struct Sum {
  int128_t sum = 0;
  int64_t count = 0;
  absl::optional<Fixed> mean;
};

std::vector<Sum> SumUp(const std::vector<int>& parents, const std::vector<int64_t>& column) {
  const Forest forest(parents);
  SubtreeSums sums;
  forest.SumUp(column, &sums);
  std::vector<Sum> by_row(parents.size());
  for (size_t i = 0; i < sums.sums.size(); ++i) {
    by_row[forest.inner_rows()[i]] = {sums.sums[i], sums.counts[i], sums.mean(i)};
  }
  return by_row;
}

TEST(ForestTest, SumsSubtrees) {
  //  0 - 1 - 2, 3;  4 alone;  5 - 6
  const std::vector<int> parents = {-1, 0, 1, 1, -1, -1, 5};
  const auto sums = SumUp(parents, {1, 10, 100, 1000, 7, kNoCell, kNoCell});
  EXPECT_EQ(sums[0].sum, 1111);
  EXPECT_EQ(sums[0].count, 4);
  EXPECT_EQ(sums[1].sum, 1110);
  EXPECT_EQ(sums[5].count, 0);
  EXPECT_FALSE(sums[5].mean);
}

TEST(ForestTest, NothingIsASumToo) {
  EXPECT_TRUE(SumUp({}, {}).empty());
  EXPECT_EQ(Forest(std::vector<int>{-1, -1}).inner_rows().size(), 0u);
}

TEST(ForestTest, SumsAreBeyondACell) {
  constexpr int kLeaves = 1000;
  std::vector<int> parents(kLeaves + 1, 0);
  parents[0] = -1;
  std::vector<int64_t> column(parents.size(), kFixedUnitsMax);
  const auto sums = SumUp(parents, column);
  EXPECT_EQ(sums[0].sum, int128_t{kFixedUnitsMax} * (kLeaves + 1));
  EXPECT_EQ(sums[0].mean->units(), kFixedUnitsMax);
}

TEST(ForestTest, MeansAreRoundedOnce) {
  EXPECT_EQ(SumUp({-1, 0, 0}, {0, 1, 1})[0].mean->units(), 1);          // 2 / 3
  EXPECT_EQ(SumUp({-1, 0, 0}, {0, -1, kNoCell})[0].mean->units(), -1);  // -1 / 2
}

TEST(ForestTest, EqualsASumOverEveryLine) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const int rows = 1 + static_cast<int>(random() % (seed % 10 == 0 ? 3000 : 200));
    // Parents anywhere in the table: rows are numbered at random.
    std::vector<int> number(rows);
    for (int i = 0; i < rows; ++i) number[i] = i;
    std::shuffle(number.begin(), number.end(), random);
    std::vector<int> parents(rows, -1);
    std::vector<int64_t> column(rows);
    for (int i = 0; i < rows; ++i) {
      // Often the same one, so that runs come about, longer ones than are summed up plainly too.
      const uint32_t above = seed % 5 == 0 ? random() % std::min(i + 1, 3) : random() % (i + 1);
      if (i > 0 && random() % 10 != 0) parents[number[i]] = number[above % i];
      switch (seed % 3) {
        case 0:  // None missing, none below 0; with every other seed, a few are great ones.
          column[i] = static_cast<int64_t>(random())
                      << (seed % 2 == 1 && random() % 20 == 0 ? 30 : 21);
          break;
        case 1:  // Few missing, so that some runs are full.
          column[i] = random() % 50 == 0 ? kNoCell : static_cast<int64_t>(random());
          break;
        default:
          column[i] =
              random() % 4 == 0 ? kNoCell : static_cast<int64_t>(random()) - (int64_t{1} << 31);
      }
    }
    std::vector<Sum> expected(rows);
    for (int i = 0; i < rows; ++i) {
      if (column[i] == kNoCell) continue;
      for (int at = i; at >= 0; at = parents[at]) {
        expected[at].sum += column[i];
        ++expected[at].count;
      }
    }
    const std::vector<Sum> sums = SumUp(parents, column);
    const Forest forest(parents);
    for (const int row : forest.inner_rows()) {
      EXPECT_EQ(sums[row].sum, expected[row].sum);
      EXPECT_EQ(sums[row].count, expected[row].count);
    }
  }
}

TEST(ForestDeathTest, RefusesCycles) { EXPECT_DEATH(Forest(std::vector<int>{1, 0}), ""); }

}  // namespace
}  // namespace terrace::scoring::engine
