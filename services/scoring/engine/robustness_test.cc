#include "services/scoring/engine/robustness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace terrace::scoring::engine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Two groups of leaves under one node; every leaf earns its figure, up to 100.
Scheme SchemeOf(int leaves, Combination top, Combination groups) {
  Scheme scheme;
  scheme.points = Fixed::FromInteger(100);
  const auto add = [&](int parent, Combination combination) {
    Node node;
    node.id = "n" + std::to_string(scheme.nodes.size());
    node.parent = parent;
    node.points = Fixed::FromInteger(100);
    node.weight = Fixed::FromInteger(static_cast<int64_t>(scheme.nodes.size()) % 3 + 1);
    node.combination = combination;
    scheme.nodes.push_back(node);
    return static_cast<int>(scheme.nodes.size()) - 1;
  };
  const int root = add(-1, top);
  const int group[] = {add(root, groups), add(root, groups)};
  for (int i = 0; i < leaves; ++i) {
    const int node = add(group[i % 2], Combination::kSum);
    scheme.nodes[node].leaf = i;
    scheme.leaf_nodes.push_back(node);
    RatioRule rule;
    rule.full_at = FixedSum::FromInteger(100);
    scheme.leaves.emplace_back().rule = rule;
  }
  return scheme;
}

Table TableOf(size_t units, int leaves, double missing, uint32_t seed) {
  std::mt19937 random(seed);
  Table table;
  for (size_t unit = 0; unit < units; ++unit) table.units.push_back("u" + std::to_string(unit));
  for (int leaf = 0; leaf < leaves; ++leaf) {
    Figures& figures = table.leaves.emplace_back().figure;
    for (size_t unit = 0; unit < units; ++unit) {
      const bool none = random() % 1000 < missing * 1000;
      const auto value = static_cast<int64_t>(random() % 101);
      figures.values.push_back(none ? kNone : static_cast<double>(value));
      figures.exact.push_back(none ? FixedSum() : FixedSum::FromInteger(value));
    }
  }
  return table;
}

RobustnessOptions Options(double spread, int draws, uint64_t seed = 1, int threads = 1) {
  RobustnessOptions options;
  options.spread = spread;
  options.draws = draws;
  options.seed = seed;
  options.threads = threads;
  return options;
}

Robustness Assess(const Scheme& scheme, const Table& table, const RobustnessOptions& options) {
  const Evaluation evaluation = Evaluate(scheme, table);
  return AssessRobustness(scheme, FieldOf(table, evaluation), options);
}

std::vector<double> Flat(const Robustness& robustness) {
  std::vector<double> flat;
  for (const auto& unit : robustness.units) {
    if (!unit) continue;
    flat.insert(flat.end(), {unit->nominal, unit->mean, unit->median, unit->low, unit->high});
  }
  for (const LeafInfluence& leaf : robustness.leaves) {
    flat.insert(flat.end(), {leaf.shift_mean, leaf.shift_most});
  }
  return flat;
}

class RobustnessTest : public testing::TestWithParam<Combination> {};

TEST_P(RobustnessTest, WithoutASpreadPlacesAreTheNominalOnes) {
  const Scheme scheme = SchemeOf(7, GetParam(), Combination::kArithmetic);
  const Table table = TableOf(300, 7, 0.2, 3);
  const Evaluation evaluation = Evaluate(scheme, table);
  const Robustness found = AssessRobustness(scheme, FieldOf(table, evaluation), Options(0, 3));
  for (size_t unit = 0; unit < table.units.size(); ++unit) {
    ASSERT_EQ(found.units[unit].has_value(), evaluation.ranks[unit].has_value());
    if (!found.units[unit]) continue;
    // Doubles may part what exact scores hold equal, or the other way round, by a place or two.
    EXPECT_NEAR(found.units[unit]->nominal, *evaluation.ranks[unit], 2);
    EXPECT_EQ(found.units[unit]->low, found.units[unit]->nominal);
    EXPECT_EQ(found.units[unit]->high, found.units[unit]->nominal);
  }
}

TEST_P(RobustnessTest, ThreadsDoNotMatterAndSeedsDo) {
  const Scheme scheme = SchemeOf(6, GetParam(), Combination::kArithmetic);
  const Table table = TableOf(50, 6, 0.1, 5);
  const Evaluation evaluation = Evaluate(scheme, table);
  const auto with = [&](uint64_t seed, int threads) {
    return Flat(
        AssessRobustness(scheme, FieldOf(table, evaluation), Options(0.25, 40, seed, threads)));
  };
  EXPECT_EQ(with(1, 1), with(1, 3));
  EXPECT_NE(with(1, 1), with(2, 1));
}

TEST_P(RobustnessTest, NodesWithTooFewChildrenAreLeftOut) {
  Scheme scheme = SchemeOf(6, GetParam(), Combination::kArithmetic);
  scheme.nodes[1].min_present = scheme.nodes[2].min_present = Fixed::FromInteger(1);
  const Table table = TableOf(300, 6, 0.2, 7);
  const Evaluation evaluation = Evaluate(scheme, table);
  const Robustness found = AssessRobustness(scheme, FieldOf(table, evaluation), Options(0, 1));
  for (size_t unit = 0; unit < table.units.size(); ++unit) {
    ASSERT_EQ(found.units[unit].has_value(), evaluation.ranks[unit].has_value());
    if (!found.units[unit]) continue;
    EXPECT_NEAR(found.units[unit]->nominal, *evaluation.ranks[unit], 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Combinations, RobustnessTest,
                         testing::Values(Combination::kSum, Combination::kArithmetic,
                                         Combination::kGeometric, Combination::kMin));

TEST(RobustnessTest, WhoIsBestInEverythingIsAlwaysFirst) {
  const Scheme scheme = SchemeOf(5, Combination::kArithmetic, Combination::kArithmetic);
  Table table = TableOf(20, 5, 0, 7);
  for (LeafTable& leaf : table.leaves) {
    for (size_t unit = 0; unit < 20; ++unit) {
      leaf.figure.values[unit] /= 2;
      leaf.figure.exact[unit] = FixedSum::FromUnits(leaf.figure.exact[unit].units() / 2);
    }
    leaf.figure.values[4] = 100;
    leaf.figure.exact[4] = FixedSum::FromInteger(100);
  }
  const Robustness found = Assess(scheme, table, Options(1, 200));
  EXPECT_EQ(found.units[4]->mean, 1);
  EXPECT_EQ(found.units[4]->high, 1);
  double spread = 0;
  for (const auto& unit : found.units) spread += unit->high - unit->low;
  EXPECT_GT(spread, 0);
}

TEST(RobustnessTest, ALeafLeftOutIsAWeightOfZero) {
  const Scheme scheme = SchemeOf(4, Combination::kArithmetic, Combination::kArithmetic);
  const Table table = TableOf(60, 4, 0.1, 11);
  const Evaluation all = Evaluate(scheme, table);
  const Robustness found = AssessRobustness(scheme, FieldOf(table, all), Options(0, 1));
  for (int leaf = 0; leaf < 4; ++leaf) {
    Scheme less = scheme;
    less.nodes[less.leaf_nodes[leaf]].weight = Fixed();
    const Evaluation without = Evaluate(less, table);
    double shift = 0;
    double units = 0;
    for (size_t unit = 0; unit < table.units.size(); ++unit) {
      if (!all.ranks[unit]) continue;
      ++units;
      if (without.ranks[unit]) shift += std::abs(*without.ranks[unit] - *all.ranks[unit]);
    }
    EXPECT_NEAR(found.leaves[leaf].shift_mean, shift / units, 0.5) << leaf;
    EXPECT_GT(found.leaves[leaf].shift_mean, 0);
  }
}

TEST(RobustnessTest, BonusesAndPenaltiesStayAsTheyAre) {
  Scheme scheme = SchemeOf(3, Combination::kArithmetic, Combination::kArithmetic);
  scheme.bonus_cap = Fixed::FromInteger(30);
  const auto add = [&](Rule rule) {
    Node node;
    node.id = "extra" + std::to_string(scheme.nodes.size());
    node.leaf = static_cast<int>(scheme.leaves.size());
    scheme.leaf_nodes.push_back(static_cast<int>(scheme.nodes.size()));
    scheme.nodes.push_back(node);
    scheme.leaves.emplace_back().rule = std::move(rule);
  };
  BonusRule bonus;
  bonus.each = Fixed::FromInteger(1);
  add(bonus);
  PenaltyRule penalty;
  penalty.each = Fixed::FromInteger(1);
  add(penalty);
  const Table table = TableOf(40, 5, 0, 13);
  const Evaluation evaluation = Evaluate(scheme, table);
  const Robustness found = AssessRobustness(scheme, FieldOf(table, evaluation), Options(0, 1));
  EXPECT_EQ(found.leaves.size(), 3u);
  for (size_t unit = 0; unit < table.units.size(); ++unit) {
    EXPECT_NEAR(found.units[unit]->nominal, *evaluation.ranks[unit], 1) << unit;
  }
}

TEST(RobustnessTest, UnitsWithoutAPlaceTakeNoPart) {
  const Scheme scheme = SchemeOf(2, Combination::kArithmetic, Combination::kArithmetic);
  Table table = TableOf(3, 2, 0, 1);
  table.has_sheet = {true, false, true};
  const Robustness found = Assess(scheme, table, Options(0.5, 10));
  EXPECT_TRUE(found.units[0]);
  EXPECT_FALSE(found.units[1]);
  table.has_sheet = {false, false, false};
  EXPECT_FALSE(Assess(scheme, table, Options(0.5, 10)).units[0]);
}

TEST(RobustnessTest, PlacesThatAreEvenOddsSpreadEvenly) {
  // One unit earns by the first leaf alone, the other by the second; either may weigh more.
  Scheme scheme = SchemeOf(2, Combination::kArithmetic, Combination::kArithmetic);
  scheme.nodes[1].weight = scheme.nodes[2].weight = Fixed::FromInteger(1);
  Table table = TableOf(2, 2, 0, 1);
  for (int leaf = 0; leaf < 2; ++leaf) {
    for (int unit = 0; unit < 2; ++unit) {
      table.leaves[leaf].figure.values[unit] = leaf == unit ? 100 : 0;
      table.leaves[leaf].figure.exact[unit] = FixedSum::FromInteger(leaf == unit ? 100 : 0);
    }
  }
  const Robustness found = Assess(scheme, table, Options(0.5, 2000));
  EXPECT_NEAR(found.units[0]->mean, 1.5, 0.05);
  EXPECT_EQ(found.units[0]->low, 1);
  EXPECT_EQ(found.units[0]->high, 2);
  EXPECT_DOUBLE_EQ(found.units[0]->mean + found.units[1]->mean, 3);
}

}  // namespace
}  // namespace terrace::scoring::engine
