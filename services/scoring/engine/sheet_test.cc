#include "services/scoring/engine/sheet.h"

#include <random>

#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

Fixed Points(int64_t whole) { return Fixed::FromInteger(whole); }

// Builds schemes by hand; leaves are ratios of figures unless said otherwise.
class SheetTest : public ::testing::Test {
 protected:
  SheetTest() { scheme_.points = Points(100); }

  int AddInner(int64_t points, int parent = -1, Combination combination = Combination::kSum) {
    scheme_.nodes.push_back({"inner", parent, Points(points), combination, -1});
    return static_cast<int>(scheme_.nodes.size()) - 1;
  }
  int AddLeaf(int64_t points, int parent = -1, Rule rule = RatioRule{}) {
    Leaf leaf;
    leaf.rule = std::move(rule);
    scheme_.leaves.push_back(leaf);
    const int index = static_cast<int>(scheme_.leaves.size()) - 1;
    scheme_.leaf_nodes.push_back(static_cast<int>(scheme_.nodes.size()));
    scheme_.nodes.push_back({"leaf", parent, Points(points), Combination::kSum, index});
    inputs_.emplace_back();
    return index;
  }
  void Give(int leaf, int64_t percent) {
    inputs_[leaf].form = LeafInput::Form::kFigure;
    inputs_[leaf].figure = FixedSum::FromUnits(int128_t{percent} * (kFixedUnitsPerOne / 100));
  }
  void Set(int leaf, LeafInput::Form form, bool late = false) {
    inputs_[leaf].form = form;
    inputs_[leaf].late = late;
  }
  SheetResult Evaluate() { return EvaluateSheet(scheme_, inputs_); }

  Scheme scheme_;
  std::vector<LeafInput> inputs_;
};

TEST_F(SheetTest, AddsUpItsLeaves) {
  const int a = AddLeaf(40);
  const int b = AddLeaf(60);
  Give(a, 50);
  Give(b, 100);
  const SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.assessment, Assessment::kScored);
  EXPECT_EQ(sheet.score, Points(80));
  EXPECT_EQ(sheet.covered_points, Points(100));
  EXPECT_EQ(sheet.applicable_points, Points(100));
}

TEST_F(SheetTest, WhatIsNotAssessedNeverCountsAsZero) {
  const int a = AddLeaf(40);
  AddLeaf(60);
  Give(a, 90);
  const SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.score, Points(90));
  EXPECT_EQ(sheet.covered_points, Points(40));
  EXPECT_EQ(sheet.applicable_points, Points(100));
}

TEST_F(SheetTest, WhatIsNotApplicableIsNotEvenExpected) {
  const int a = AddLeaf(40);
  const int b = AddLeaf(60);
  Give(a, 90);
  Set(b, LeafInput::Form::kNotApplicable);
  EXPECT_EQ(Evaluate().applicable_points, Points(40));
}

TEST_F(SheetTest, ZeroIsAScore) {
  const int a = AddLeaf(100);
  Give(a, 0);
  const SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.assessment, Assessment::kScored);
  EXPECT_EQ(sheet.score, Fixed());
}

TEST_F(SheetTest, WithoutAnyScoreItSaysWhy) {
  const int a = AddLeaf(40);
  const int b = AddLeaf(60);
  EXPECT_EQ(Evaluate().assessment, Assessment::kNotYet);
  Set(a, LeafInput::Form::kAbsent, /*late=*/true);
  EXPECT_EQ(Evaluate().assessment, Assessment::kNotYet);
  Set(b, LeafInput::Form::kAbsent, /*late=*/true);
  EXPECT_EQ(Evaluate().assessment, Assessment::kMissing);
  Set(a, LeafInput::Form::kNotApplicable);
  Set(b, LeafInput::Form::kEmpty);
  EXPECT_EQ(Evaluate().assessment, Assessment::kNotApplicable);
}

// One of two lines of a node is assessed: SUM lets the other nodes weigh more, SCALE lets the node
// keep its weight.
TEST_F(SheetTest, NodesMayScaleInside) {
  const int node = AddInner(60);
  const int a = AddLeaf(30, node);
  AddLeaf(30, node);
  const int c = AddLeaf(40);
  Give(a, 100);
  Give(c, 50);
  // (30 + 20) / 70 of 100.
  EXPECT_EQ(Evaluate().score, Fixed::FromUnits(71'428'571'428'571));
  scheme_.nodes[node].combination = Combination::kScale;
  const SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.score, Points(80));
  EXPECT_EQ(sheet.nodes[node].earned, Points(60));
  EXPECT_EQ(sheet.nodes[node].available, Points(60));
  EXPECT_EQ(sheet.covered_points, Points(70));
}

TEST_F(SheetTest, BonusesComeOnTopAndAreCappedTogether) {
  const int a = AddLeaf(100);
  const int b = AddLeaf(0, -1, BonusRule{Points(10), {}});
  const int c = AddLeaf(0, -1, BonusRule{Points(10), {}});
  Give(a, 95);
  Give(b, 100);
  Give(c, 200);
  EXPECT_EQ(Evaluate().score, Points(125));
  scheme_.bonus_cap = Points(10);
  const SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.score, Points(105));
  EXPECT_EQ(sheet.bonus_uncapped, Points(30));
}

TEST_F(SheetTest, ABonusAloneIsNoScore) {
  AddLeaf(100);
  const int b = AddLeaf(0, -1, BonusRule{Points(10), {}});
  Give(b, 100);
  EXPECT_EQ(Evaluate().assessment, Assessment::kNotYet);
}

TEST_F(SheetTest, VetoesStrikeTheWhole) {
  const int a = AddLeaf(100);
  const int zero = AddLeaf(0, -1, VetoRule{VetoEffect::kZero});
  Give(a, 95);
  EXPECT_EQ(Evaluate().score, Points(95));
  Give(zero, 100);
  EXPECT_EQ(Evaluate().score, Fixed());
  scheme_.leaves[zero].rule = VetoRule{VetoEffect::kMaxScore, Points(60)};
  EXPECT_EQ(Evaluate().score, Points(60));
  Give(a, 50);
  EXPECT_EQ(Evaluate().score, Points(50));
  scheme_.leaves[zero].rule = VetoRule{VetoEffect::kDisqualify, {}};
  EXPECT_TRUE(Evaluate().disqualified);
  EXPECT_EQ(Evaluate().score, Points(50));
}

TEST_F(SheetTest, ABlockingLeafHoldsTheSheetUp) {
  const int a = AddLeaf(50);
  const int b = AddLeaf(50);
  scheme_.leaves[b].missing = MissingPolicy::kBlock;
  Give(a, 100);
  EXPECT_EQ(Evaluate().assessment, Assessment::kNotYet);
  EXPECT_EQ(Evaluate().score, Fixed());
  Set(b, LeafInput::Form::kAbsent, /*late=*/true);
  EXPECT_EQ(Evaluate().assessment, Assessment::kMissing);
  Give(b, 0);
  EXPECT_EQ(Evaluate().score, Points(50));
}

// San Francisco's rule: 100 - 7 high - 4 moderate - 2 low.
TEST_F(SheetTest, DeductionsPerItem) {
  const int base = AddLeaf(100, -1, DeductRule{Points(7), Points(100), Fixed()});
  Give(base, 300);
  EXPECT_EQ(Evaluate().score, Points(79));
}

// ---- Nodes that take the shares of their children.

TEST_F(SheetTest, SharesAreOfTheChildrensOwnPoints) {
  const int node = AddInner(60, -1, Combination::kArithmetic);
  const int a = AddLeaf(10, node);
  const int b = AddLeaf(30, node);
  const int c = AddLeaf(40);
  scheme_.nodes[1].weight = Points(1);
  scheme_.nodes[2].weight = Points(2);
  Give(a, 100);
  Give(b, 50);
  Give(c, 100);
  SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.nodes[node].earned, Points(40));  // (60 + 2 * 30) / 3
  EXPECT_EQ(sheet.nodes[node].available, Points(60));
  EXPECT_EQ(sheet.score, Points(80));
  // Without one child the others carry the whole weight of the node.
  Set(b, LeafInput::Form::kAbsent);
  sheet = Evaluate();
  EXPECT_EQ(sheet.nodes[node].earned, Points(60));
  EXPECT_EQ(sheet.score, Points(100));
  EXPECT_EQ(sheet.covered_points, Points(50));
  // Without any it is not there.
  Set(a, LeafInput::Form::kAbsent, /*late=*/true);
  sheet = Evaluate();
  EXPECT_EQ(sheet.nodes[node].assessment, Assessment::kNotYet);
  EXPECT_EQ(sheet.score, Points(100));
  Set(b, LeafInput::Form::kNotApplicable);
  EXPECT_EQ(Evaluate().nodes[node].assessment, Assessment::kMissing);
}

TEST_F(SheetTest, SharesRiseThroughSeveralLevels) {
  const int top = AddInner(100, -1, Combination::kMin);
  const int left = AddInner(1, top, Combination::kGeometric);
  const int a = AddLeaf(1, left);
  const int b = AddLeaf(1, left);
  const int right = AddInner(8, top);
  const int c = AddLeaf(4, right);
  AddLeaf(4, right);
  for (Node& node : scheme_.nodes) node.weight = Points(1);
  Give(a, 25);
  Give(b, 100);
  Give(c, 60);
  const SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.nodes[left].earned, Fixed::FromUnits(kFixedUnitsPerOne / 2));
  EXPECT_EQ(sheet.nodes[right].available, Points(4));  // Of what is there: 60 percent.
  EXPECT_EQ(sheet.score, Points(50));
}

TEST_F(SheetTest, ANodeWaitsForItsShareOfChildren) {
  const int node = AddInner(60, -1, Combination::kMax);
  const int a = AddLeaf(20, node);
  const int b = AddLeaf(20, node);
  const int c = AddLeaf(20, node);
  const int d = AddLeaf(40);
  AddLeaf(0, node, BonusRule{Points(1), {}});  // No child that makes the node.
  scheme_.nodes[node].min_present = Fixed::FromUnits(kFixedUnitsPerOne * 6 / 10);
  Give(a, 100);
  Give(d, 50);
  EXPECT_EQ(Evaluate().nodes[node].assessment, Assessment::kNotYet);
  EXPECT_EQ(Evaluate().score, Points(50));
  Set(b, LeafInput::Form::kAbsent, /*late=*/true);
  Set(c, LeafInput::Form::kAbsent, /*late=*/true);
  EXPECT_EQ(Evaluate().nodes[node].assessment, Assessment::kMissing);
  Give(b, 0);
  EXPECT_EQ(Evaluate().nodes[node].earned, Points(60));
  // Of those that apply, one of two is too few, one of one is all.
  Set(b, LeafInput::Form::kNotApplicable);
  EXPECT_EQ(Evaluate().nodes[node].assessment, Assessment::kMissing);
  Set(c, LeafInput::Form::kNotApplicable);
  EXPECT_EQ(Evaluate().nodes[node].assessment, Assessment::kScored);
  // Sums wait as well.
  scheme_.nodes[node].combination = Combination::kSum;
  Set(c, LeafInput::Form::kAbsent);
  EXPECT_EQ(Evaluate().score, Points(50));
}

TEST_F(SheetTest, ANodeWhoseScoredChildrenWeighNothingIsMissing) {
  const int node = AddInner(60, -1, Combination::kArithmetic);
  const int a = AddLeaf(20, node);
  const int b = AddLeaf(40);
  Give(a, 100);
  Give(b, 50);
  EXPECT_EQ(Evaluate().nodes[node].assessment, Assessment::kMissing);
  EXPECT_EQ(Evaluate().score, Points(50));
}

TEST_F(SheetTest, ASheetNeedsItsShareOfFigures) {
  const int a = AddLeaf(50);
  const int b = AddLeaf(30);
  const int c = AddLeaf(20);
  AddLeaf(0, -1, BonusRule{Points(1), {}});
  scheme_.min_present = Fixed::FromUnits(kFixedUnitsPerOne * 66 / 100);
  scheme_.leaves[c].missing = MissingPolicy::kZero;
  Give(a, 100);
  EXPECT_EQ(Evaluate().assessment, Assessment::kNotYet);
  EXPECT_EQ(Evaluate().score, Fixed());
  // What stands in for a figure is none.
  Set(b, LeafInput::Form::kAbsent, /*late=*/true);
  Set(c, LeafInput::Form::kAbsent, /*late=*/true);
  EXPECT_EQ(Evaluate().assessment, Assessment::kMissing);
  Give(b, 0);
  EXPECT_EQ(Evaluate().score, Points(50));
}

TEST_F(SheetTest, PenaltiesComeOffAfterBonusesButNeverBelowZero) {
  const int a = AddLeaf(100);
  const int b = AddLeaf(0, -1, BonusRule{Points(10), {}});
  const int c = AddLeaf(0, -1, PenaltyRule{Points(20), {}});
  const int d = AddLeaf(0, -1, VetoRule{VetoEffect::kMaxScore, Points(60), {}, 0});
  Give(a, 70);
  Give(b, 100);
  Give(c, 100);
  EXPECT_EQ(Evaluate().score, Points(60));  // 70 + 10 - 20
  EXPECT_EQ(Evaluate().penalty, Points(20));
  Give(c, 500);
  EXPECT_EQ(Evaluate().score, Fixed());
  Give(c, 0);
  Give(d, 100);
  EXPECT_EQ(Evaluate().score, Points(60));  // Vetoes come last.
}

TEST_F(SheetTest, VetoesMayHoldTheGradeBack) {
  const int a = AddLeaf(100);
  const int b = AddLeaf(0, -1, VetoRule{VetoEffect::kMaxGrade, {}, {}, 1});
  const int c = AddLeaf(0, -1, VetoRule{VetoEffect::kMaxGrade, {}, {}, 2});
  Give(a, 95);
  EXPECT_EQ(Evaluate().best_band, 0);
  Give(b, 100);
  EXPECT_EQ(Evaluate().best_band, 1);
  Give(c, 100);
  EXPECT_EQ(Evaluate().best_band, 2);
  EXPECT_EQ(Evaluate().score, Points(95));
}

TEST_F(SheetTest, WhatOnlyAllUnitsTellIsGiven) {
  const int node = AddInner(60, -1, Combination::kCopeland);
  const int a = AddLeaf(60, node);
  const int b = AddLeaf(40);
  Give(a, 100);
  Give(b, 50);
  SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.nodes[node].assessment, Assessment::kMissing);
  sheet.given.resize(scheme_.nodes.size());
  sheet.given[node] = Points(30);
  SheetFinisher(&scheme_).Finish(&sheet);
  EXPECT_EQ(sheet.nodes[node].earned, Points(30));
  EXPECT_EQ(sheet.score, Points(50));
}

TEST_F(SheetTest, WeightsMayBeGivenFromOutside) {
  const int node = AddInner(100, -1, Combination::kArithmetic);
  const int a = AddLeaf(100, node);
  const int b = AddLeaf(100, node);
  for (Node& one : scheme_.nodes) one.weight = Points(1);
  Give(a, 100);
  Give(b, 0);
  SheetResult sheet = Evaluate();
  EXPECT_EQ(sheet.score, Points(50));
  const std::vector<Fixed> weights = {Fixed(), Points(3), Points(1)};
  SheetFinisher(&scheme_, weights).Finish(&sheet);
  EXPECT_EQ(sheet.score, Points(75));
}

TEST_F(SheetTest, NumbersBelowZeroAndAboveThePointsStay) {
  const int node = AddInner(100, -1, Combination::kArithmetic);
  NormaliseRule rule;
  rule.method = NormaliseMethod::kZScore;
  rule.scale_high = 10;
  const int a = AddLeaf(10, node, rule);
  scheme_.nodes[1].weight = Points(1);
  PeerParameters peers;
  peers.count = 2;
  peers.standard_deviation = 1;
  Set(a, LeafInput::Form::kFigure);
  inputs_[a].peers = Unowned(&peers);
  inputs_[a].prepared = -1.5;
  EXPECT_EQ(Evaluate().score, Points(-150));
  inputs_[a].prepared = 1e9;
  EXPECT_EQ(Evaluate().score, Fixed::FromUnits(kFixedUnitsMax));
  // A penalty makes no bad score better.
  AddLeaf(0, -1, PenaltyRule{Points(20), {}});
  inputs_[a].prepared = -1.5;
  Give(1, 100);
  EXPECT_EQ(Evaluate().score, Points(-150));
}

bool Same(const SheetResult& a, const SheetResult& b) {
  if (a.nodes.size() != b.nodes.size()) return false;
  for (size_t n = 0; n < a.nodes.size(); ++n) {
    if (a.nodes[n].assessment != b.nodes[n].assessment || a.nodes[n].earned != b.nodes[n].earned ||
        a.nodes[n].available != b.nodes[n].available) {
      return false;
    }
  }
  return a.assessment == b.assessment && a.score == b.score && a.disqualified == b.disqualified &&
         a.covered_points == b.covered_points && a.applicable_points == b.applicable_points &&
         a.bonus == b.bonus && a.penalty == b.penalty && a.ceiling == b.ceiling &&
         a.best_band == b.best_band;
}

// A finisher that has seen any sheets before makes of a sheet what a new one makes of it.
TEST(SheetFinisherTest, KeepsNothingOfTheSheetBefore) {
  for (int seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto below = [&](int64_t n) { return static_cast<int64_t>(random() % n); };
    Scheme scheme;
    scheme.points = Points(100);
    scheme.min_present = Fixed::FromUnits(below(kFixedUnitsPerOne / 2));
    const std::vector<Rule> rules = {RatioRule{},
                                     RatioRule{},
                                     RatioRule{},
                                     BonusRule{Points(3), {}},
                                     PenaltyRule{Points(9), {}},
                                     VetoRule{VetoEffect::kMaxScore, Points(50), {}, 0},
                                     VetoRule{VetoEffect::kMaxGrade, {}, {}, 1}};
    std::vector<int> inner = {-1};
    for (int n = 0; n < 25; ++n) {
      Node node;
      node.parent = inner[below(static_cast<int64_t>(inner.size()))];
      node.points = Points(1 + below(50));
      node.weight = Points(below(5));
      node.combination = static_cast<Combination>(below(12));
      node.exponent = below(2) == 0 ? 2 : -1;
      node.min_present = Fixed::FromUnits(below(kFixedUnitsPerOne));
      if (below(3) == 0) {
        inner.push_back(n);
      } else {
        Leaf leaf;
        leaf.rule = rules[below(static_cast<int64_t>(rules.size()))];
        leaf.missing = static_cast<MissingPolicy>(below(3));
        node.leaf = static_cast<int>(scheme.leaves.size());
        if (IsExtra(leaf)) node.points = Fixed();
        scheme.leaves.push_back(leaf);
        scheme.leaf_nodes.push_back(n);
      }
      scheme.nodes.push_back(node);
    }
    SheetFinisher reused(&scheme);
    SheetResult sheet;
    for (int unit = 0; unit < 20; ++unit) {
      std::vector<LeafInput> inputs(scheme.leaves.size());
      for (LeafInput& input : inputs) {
        input.form = static_cast<LeafInput::Form>(below(3));
        if (below(3) > 0) input.form = LeafInput::Form::kFigure;
        input.figure = FixedSum::FromUnits(below(kFixedUnitsPerOne));
        input.late = below(2) == 0;
      }
      reused.Evaluate(inputs, &sheet);
      ASSERT_TRUE(Same(sheet, EvaluateSheet(scheme, inputs))) << "unit " << unit;
    }
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
