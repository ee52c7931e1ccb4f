#include "services/scoring/engine/sheet.h"

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
  const int zero = AddLeaf(0, -1, VetoRule{VetoEffect::kZero, {}});
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

}  // namespace
}  // namespace terrace::scoring::engine
