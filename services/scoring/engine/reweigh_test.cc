// Other weights over leaves that stand: the same as evaluating it all again.
#include "services/scoring/engine/reweigh.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "services/scoring/engine/evaluate.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring::engine {
namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

 private:
  std::mt19937 random_;
};

Fixed Whole(int number) { return Fixed::FromInteger(number); }

// Groups of leaves under a root, or under none.
Scheme SchemeOf(Random& random) {
  Scheme scheme;
  scheme.points = Whole(100);
  const auto add = [&](int parent, int points) {
    Node& node = scheme.nodes.emplace_back();
    node.id = "n" + std::to_string(scheme.nodes.size());
    node.parent = parent;
    node.points = Whole(points);
    node.weight = Whole(1);
    return static_cast<int>(scheme.nodes.size()) - 1;
  };
  const int root = random.Below(2) == 0 ? -1 : add(-1, 100);
  for (int g = 0; g < 3; ++g) {
    const int group = add(root, 10 * (1 + random.Below(4)));
    for (int i = 0; i < 1 + random.Below(4); ++i) {
      const int node = add(group, 10 * (1 + random.Below(3)));
      scheme.nodes[node].leaf = static_cast<int>(scheme.leaves.size());
      scheme.leaf_nodes.push_back(node);
      RatioRule rule;
      rule.full_at = FixedSum::FromInteger(7);
      Leaf& leaf = scheme.leaves.emplace_back();
      leaf.rule = rule;
      if (random.Below(4) == 0) leaf.missing = MissingPolicy::kZero;
    }
  }
  Rollup over;
  over.method = Method::kOverDescendants;
  scheme.rollups.push_back(over);
  scheme.bands = {{"high", Whole(60), false, Fixed()}, {"low", absl::nullopt, false, Fixed()}};
  return scheme;
}

// Weights, and ways to combine, but for those that look at other units.
void Weigh(Random& random, Scheme& scheme) {
  for (Node& node : scheme.nodes) {
    node.weight = Whole(random.Below(5));
    node.weighting = random.Below(4) == 0 ? Weighting::kEqual : Weighting::kFixed;
    node.combination = node.leaf >= 0 || random.Below(3) == 0
                           ? Combination::kArithmetic
                           : static_cast<Combination>(random.Below(11));
    node.exponent = random.Below(2) == 0 ? -2 : 3;
    if (node.leaf >= 0) node.combination = Combination::kSum;
  }
  SettleWeights(scheme);
}

Table TableOf(Random& random, const Scheme& scheme, int missing_percent) {
  constexpr int kUnits = 600;  // More than two blocks.
  constexpr int kOffices = 5;
  Table table;
  for (int unit = 0; unit < kUnits + kOffices; ++unit) {
    table.units.push_back("u" + std::to_string(unit));
    const bool office = unit >= kUnits;
    table.has_sheet.push_back(!office);
    table.parents.push_back(office ? -1 : kUnits + unit % kOffices);
    table.rollups.push_back(office ? 1 : 0);
    table.levels.push_back(office ? 0 : 1);
  }
  for (size_t leaf = 0; leaf < scheme.leaves.size(); ++leaf) {
    Figures& figures = table.leaves.emplace_back().figure;
    for (int unit = 0; unit < kUnits + kOffices; ++unit) {
      const bool none = unit >= kUnits || random.Below(100) < missing_percent;
      const int value = random.Below(8);
      figures.values.push_back(none ? std::numeric_limits<double>::quiet_NaN() : value);
      figures.exact.push_back(none ? FixedSum() : FixedSum::FromInteger(value));
    }
  }
  return table;
}

TEST(ReweighTest, EqualsEvaluatingAgain) {
  int covered = 0;
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Scheme scheme = SchemeOf(random);
    Weigh(random, scheme);
    const Table table = TableOf(random, scheme, seed % 3 == 0 ? 0 : seed % 3 == 1 ? 1 : 40);
    const Evaluation before = Evaluate(scheme, table);
    Weigh(random, scheme);
    const absl::optional<Evaluation> again = Reweigh(scheme, table, before);
    ASSERT_TRUE(again.has_value());
    const Evaluation evaluated = Evaluate(scheme, table);
    EXPECT_EQ(again->scores, evaluated.scores);
    EXPECT_EQ(again->ranks, evaluated.ranks);
    EXPECT_EQ(again->bands, evaluated.bands);
    EXPECT_EQ(again->coverage, evaluated.coverage);
    for (const absl::optional<Fixed>& score : again->scores) covered += score ? 1 : 0;
  }
  EXPECT_GT(covered, 150 * 300);
}

TEST(ReweighTest, ThreadsDoNotMatter) {
  Random random(7);
  Scheme scheme = SchemeOf(random);
  Weigh(random, scheme);
  std::vector<std::vector<int64_t>> leaves(scheme.leaves.size(), std::vector<int64_t>(20'000));
  for (std::vector<int64_t>& column : leaves) {
    for (int64_t& cell : column) cell = random.Below(20) == 0 ? kNoCell : random.Below(1'000'000);
  }
  const Reweighing reweighing(leaves);
  std::vector<int64_t> one(20'000);
  std::vector<int64_t> three(20'000);
  reweighing.Score(scheme, 1, absl::MakeSpan(one));
  reweighing.Score(scheme, 3, absl::MakeSpan(three));
  EXPECT_EQ(one, three);
}

TEST(ReweighTest, WhatNeedsMoreThanLeavesIsLeftToEvaluate) {
  Random random(1);
  const Scheme plain = SchemeOf(random);
  const Table table = TableOf(random, plain, 0);
  const Evaluation before = Evaluate(plain, table);
  EXPECT_TRUE(Reweigh(plain, table, before).has_value());
  Scheme scheme = plain;
  scheme.leaves[0].rule = BonusRule{Whole(1), absl::nullopt};
  EXPECT_FALSE(Reweigh(scheme, table, before).has_value());
  scheme = plain;
  scheme.min_present = Fixed::FromUnits(1);
  EXPECT_FALSE(Reweigh(scheme, table, before).has_value());
  scheme = plain;
  scheme.nodes[0].combination = Combination::kCopeland;
  EXPECT_FALSE(Reweigh(scheme, table, before).has_value());
  scheme = plain;
  scheme.rollups[1].method = Method::kRatioOfSums;
  EXPECT_FALSE(Reweigh(scheme, table, before).has_value());
}

}  // namespace
}  // namespace terrace::scoring::engine
