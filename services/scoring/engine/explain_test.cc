// Explanations add up exactly, at every level, at full precision and as shown: by hand and at
// random.
#include "services/scoring/engine/explain.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/explain_parts.h"

namespace terrace::scoring::engine {
namespace {

// The parts of every part add up to it; returns how many parts there are.
int CheckAddsUp(const Part& part) {
  int count = 1;
  if (part.parts.empty()) return count;
  FixedSum contribution, shown;
  for (const Part& child : part.parts) {
    contribution += child.contribution;
    shown += child.shown;
    count += CheckAddsUp(child);
  }
  EXPECT_EQ(contribution.units(), FixedSum(part.contribution).units());
  EXPECT_EQ(shown.units(), part.shown.units());
  return count;
}

Sample Number(int64_t units, int32_t record) {
  Sample sample;
  sample.kind = Sample::Kind::kNumber;
  sample.number = FixedSum::FromUnits(units);
  sample.record = record;
  return sample;
}

class ExplainTest : public ::testing::Test {
 protected:
  int AddLeaf(int64_t points, Rule rule, int parent = -1) {
    Leaf leaf;
    leaf.rule = std::move(rule);
    scheme_.leaves.push_back(leaf);
    scheme_.leaf_nodes.push_back(static_cast<int>(scheme_.nodes.size()));
    scheme_.nodes.push_back({"leaf", parent, Fixed::FromInteger(points), Combination::kSum,
                             static_cast<int>(scheme_.leaves.size()) - 1});
    return static_cast<int>(scheme_.leaves.size()) - 1;
  }
  int AddInner(int64_t points, Combination combination, int parent = -1) {
    scheme_.nodes.push_back({"inner", parent, Fixed::FromInteger(points), combination, -1});
    return static_cast<int>(scheme_.nodes.size()) - 1;
  }
  void Start(int units) {
    scheme_.points = Fixed::FromInteger(100);
    board_ = std::make_unique<Board>(&scheme_, 0);
    inputs_.assign(units, std::vector<LeafInput>(scheme_.leaves.size()));
    parents_.assign(units, kNoUnit);
  }
  void Place(Unit unit, Unit parent, int rollup) {
    parents_[unit] = parent;
    board_->Place(unit, parent, rollup);
  }
  void Score(Unit unit) {
    const SheetResult result = EvaluateSheet(scheme_, inputs_[unit]);
    SheetValue value;
    value.assessment = result.assessment;
    value.disqualified = result.disqualified;
    value.score = result.score;
    value.covered_points = result.covered_points;
    value.applicable_points = result.applicable_points;
    if (result.assessment == Assessment::kScored) {
      value.earned = result.earned;
      value.available = result.available;
    }
    for (int leaf : board_->ratio_leaves()) {
      const LeafResult& l = result.leaves[leaf];
      value.counts.emplace_back(l.numerator.units() / kFixedUnitsPerOne,
                                l.denominator.units() / kFixedUnitsPerOne);
    }
    board_->SetSheet(unit, value);
  }
  void Visit(Unit unit, int leaf, std::vector<Sample> samples) {
    inputs_[unit].leaves[leaf].form = LeafInput::Form::kVisits;
    inputs_[unit].leaves[leaf].visits.push_back({std::move(samples)});
  }
  void Figure(Unit unit, int leaf, int64_t units, int32_t record) {
    inputs_[unit].leaves[leaf].form = LeafInput::Form::kFigure;
    inputs_[unit].leaves[leaf].figure = FixedSum::FromUnits(units);
    inputs_[unit].leaves[leaf].records = {record};
  }
  Part Explain(Unit unit, int depth = 8, int parts_max = 100, int decimals = 2) {
    return ExplainUnit(
        *board_, unit, {depth, parts_max, decimals},
        [&](Unit u) -> const SheetInput& { return inputs_[u]; },
        [&](Unit u) {
          std::vector<Unit> children;
          for (Unit c = 0; c < parents_.size(); ++c) {
            if (parents_[c] == u) children.push_back(c);
          }
          return children;
        });
  }

  Scheme scheme_;
  std::unique_ptr<Board> board_;
  std::vector<SheetInput> inputs_;
  std::vector<Unit> parents_;
};

constexpr int64_t kOne = kFixedUnitsPerOne;

TEST_F(ExplainTest, OpensASheetDownToTheRecordsThatCostPoints) {
  const int a = AddLeaf(100, DeductRule{Fixed::FromInteger(7), Fixed::FromInteger(100), Fixed()});
  Start(1);
  Place(0, kNoUnit, 0);
  Visit(0, a, {Number(2 * kOne, 11), Number(0, 12), Number(kOne, 13)});
  Score(0);
  const Part whole = Explain(0);
  EXPECT_EQ(whole.contribution, Fixed::FromInteger(79));
  CheckAddsUp(whole);
  const Part& node = whole.parts[0].parts[0];
  EXPECT_EQ(node.kind, Part::Kind::kNode);
  ASSERT_EQ(node.parts.size(), 4);
  EXPECT_EQ(node.parts[0].kind, Part::Kind::kFullPoints);
  EXPECT_EQ(node.parts[0].contribution, Fixed::FromInteger(100));
  EXPECT_EQ(node.parts[1].index, 11);
  EXPECT_EQ(node.parts[1].contribution, Fixed::FromInteger(-14));
  EXPECT_EQ(node.parts[2].contribution, Fixed());
  EXPECT_EQ(node.parts[3].contribution, Fixed::FromInteger(-7));
}

TEST_F(ExplainTest, ACapGivesBackWhatItKeeps) {
  const int a = AddLeaf(6, DeductRule{Fixed::FromInteger(1), Fixed::FromInteger(4), Fixed()});
  Start(1);
  Place(0, kNoUnit, 0);
  Visit(0, a, {Number(9 * kOne, 1)});
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  const Part& node = whole.parts[0].parts[0];
  EXPECT_EQ(node.parts.back().kind, Part::Kind::kCap);
  EXPECT_EQ(node.parts.back().value, Fixed::FromInteger(5));  // 6 - 9 + 5 = 2
}

TEST_F(ExplainTest, EverythingDeductedStillAddsUp) {
  const int a = AddLeaf(5, DeductRule{Fixed::FromInteger(5), Fixed::FromInteger(5), Fixed()});
  Start(1);
  Place(0, kNoUnit, 0);
  Visit(0, a, {Number(kOne, 1)});
  Score(0);
  const Part whole = Explain(0);
  EXPECT_EQ(whole.contribution, Fixed());
  CheckAddsUp(whole);
  const Part& node = whole.parts[0].parts[0];
  EXPECT_EQ(node.parts[0].contribution, Fixed::FromInteger(100));  // 5 of 5, of 100 points.
  EXPECT_EQ(node.parts[1].contribution, Fixed::FromInteger(-100));
}

// Three equal thirds of 100 are shown as 33.34, 33.33, 33.33.
TEST_F(ExplainTest, ShownPartsAddUpToTheShownWhole) {
  for (int i = 0; i < 3; ++i) AddLeaf(1, RatioRule{});
  Start(1);
  Place(0, kNoUnit, 0);
  for (int leaf : {0, 1, 2}) Figure(0, leaf, kOne, leaf);
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  const std::vector<Part>& nodes = whole.parts[0].parts;
  ASSERT_EQ(nodes.size(), 3);
  const int64_t hundredth = kOne / 100;
  EXPECT_EQ(nodes[0].shown.units(), 3334 * hundredth);
  EXPECT_EQ(nodes[1].shown.units(), 3333 * hundredth);
  EXPECT_EQ(nodes[2].shown.units(), 3333 * hundredth);
}

TEST_F(ExplainTest, BonusCapsAndVetoesArePartsOfTheirOwn) {
  const int a = AddLeaf(100, RatioRule{});
  const int b = AddLeaf(0, BonusRule{Fixed::FromInteger(10), {}});
  const int c = AddLeaf(0, VetoRule{VetoEffect::kMaxScore, Fixed::FromInteger(60)});
  scheme_.bonus_cap = Fixed::FromInteger(10);
  Start(1);
  Place(0, kNoUnit, 0);
  Figure(0, a, kOne * 9 / 10, 1);
  Figure(0, b, 2 * kOne, 2);
  Figure(0, c, kOne, 3);
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  const std::vector<Part>& parts = whole.parts[0].parts;
  ASSERT_EQ(parts.size(), 4);
  EXPECT_EQ(parts[0].contribution, Fixed::FromInteger(90));
  EXPECT_EQ(parts[1].contribution, Fixed::FromInteger(20));
  EXPECT_EQ(parts[2].kind, Part::Kind::kBonusCap);
  EXPECT_EQ(parts[2].contribution, Fixed::FromInteger(-10));
  EXPECT_EQ(parts[3].kind, Part::Kind::kVeto);
  EXPECT_EQ(parts[3].contribution, Fixed::FromInteger(-40));
  ASSERT_EQ(parts[3].parts.size(), 1);
  EXPECT_EQ(parts[3].parts[0].index, 3);
}

TEST_F(ExplainTest, NamesChildrenWithoutAScoreAndLeavesTheSmallestOut) {
  AddLeaf(100, RatioRule{});
  Rollup mean;
  mean.method = Method::kMean;
  scheme_.rollups = {Rollup{}, mean};
  Start(6);
  Place(0, kNoUnit, 1);
  for (Unit u = 1; u < 6; ++u) {
    Place(u, 0, 0);
    if (u < 5) Figure(u, 0, kOne * u / 10, 1);
    Score(u);
  }
  const Part all = Explain(0, 0);
  CheckAddsUp(all);
  ASSERT_EQ(all.parts.size(), 5);
  EXPECT_EQ(all.parts[4].assessment, Assessment::kNotYet);
  EXPECT_EQ(all.parts[4].contribution, Fixed());
  EXPECT_TRUE(all.parts[0].parts.empty());  // Depth 0 does not open children.
  const Part few = Explain(0, 0, 2);
  CheckAddsUp(few);
  ASSERT_EQ(few.parts.size(), 3);
  EXPECT_EQ(few.parts[0].unit, 3u);
  EXPECT_EQ(few.parts[1].unit, 4u);
  EXPECT_EQ(few.parts[2].kind, Part::Kind::kOthers);
  EXPECT_EQ(few.parts[2].omitted, 3);
}

TEST_F(ExplainTest, RandomTreesAddUpEverywhere) {
  for (int seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto below = [&](int64_t n) { return static_cast<int64_t>(random() % n); };
    scheme_ = Scheme();
    auto combination = [&] { return static_cast<Combination>(below(11)); };  // All but Copeland.
    const int node = AddInner(7, combination());
    const int mixed = AddInner(9, combination());
    const int within = AddInner(4, combination(), mixed);
    std::vector<int> leaves = {
        AddLeaf(3, RatioRule{}, node),
        AddLeaf(4, DeductRule{Fixed::FromUnits(1 + below(kOne)), Fixed::FromInteger(3), Fixed()},
                node),
        AddLeaf(11, MeanRule{FixedSum::FromInteger(9), 1}),
        AddLeaf(5, GradeRule{{{"A", {}, Fixed::FromInteger(5)}, {"B", {}, Fixed::FromInteger(2)}}}),
        AddLeaf(0, BonusRule{Fixed::FromInteger(1), {}}),
        AddLeaf(0, VetoRule{VetoEffect::kZero, {}}),
        AddLeaf(6, PassFailRule{1, 2, {}}),
        AddLeaf(3, RatioRule{}, within),
        AddLeaf(1, DiscretionRule{}, within),
        AddLeaf(5, MeanRule{FixedSum::FromInteger(9), 1}, mixed),
        AddLeaf(0, PenaltyRule{Fixed::FromInteger(1 + below(9)), {}}, mixed),
    };
    for (Node& one : scheme_.nodes) {
      one.weight = Fixed::FromUnits(below(4) * kOne / 3);
      one.exponent = std::vector<double>{-2, -1, 0.5, 3}[below(4)];
      if (below(4) == 0) one.min_present = Fixed::FromUnits(below(kOne));
    }
    for (Leaf& leaf : scheme_.leaves) leaf.visits = static_cast<VisitChoice>(below(4));
    scheme_.bonus_cap = Fixed::FromInteger(2);
    scheme_.weights = 1;
    scheme_.bases = {Basis{}, Basis{0, -1}, Basis{-1, 0}};
    for (int i = 0; i < 4; ++i) {
      Rollup rollup;
      rollup.method = static_cast<Method>(below(7));
      rollup.weight = 0;
      rollup.basis = rollup.method == Method::kOverDescendants ? static_cast<int>(below(2))
                     : rollup.method == Method::kRatioOfSums   ? static_cast<int>(2 * below(2))
                                                               : 0;
      if (below(3) == 0) {
        rollup.own_weight = Fixed::FromInteger(2);
        rollup.rolled_weight = Fixed::FromInteger(3);
      }
      scheme_.rollups.push_back(rollup);
    }
    Start(15);
    for (Unit u = 0; u < 15; ++u) {
      Place(u, u == 0 ? kNoUnit : static_cast<Unit>(below(u)), static_cast<int>(below(5)));
      if (below(5) > 0) board_->SetWeight(0, u, below(3 * kWeightUnitsPerOne));
      for (int leaf : leaves) {
        if (below(4) == 0) continue;
        const int visits = 1 + static_cast<int>(below(3));
        for (int v = 0; v < visits; ++v) {
          std::vector<Sample> samples;
          for (int s = 0; s < 3; ++s) {
            Sample sample;
            sample.kind = static_cast<Sample::Kind>(below(7));
            sample.passed = below(3) > 0;
            sample.looked_at = 5;
            sample.hits = below(6);
            sample.grade = below(2) == 0 ? "A" : "B";
            sample.number = FixedSum::FromUnits(below(9 * kOne));
            sample.record = s;
            // A veto that strikes everywhere would leave nothing to test.
            if (leaf == leaves[5] && below(5) > 0) sample.kind = Sample::Kind::kNotApplicable;
            samples.push_back(sample);
          }
          Visit(u, leaf, std::move(samples));
        }
      }
      if (below(6) > 0) Score(u);
    }
    for (Unit u = 0; u < 15; ++u) {
      const Part whole = Explain(u, static_cast<int>(below(5)), 2 + static_cast<int>(below(20)),
                                 static_cast<int>(below(7)));
      EXPECT_EQ(whole.contribution, board_->ScoreOf(u).score);
      const int parts = CheckAddsUp(whole);
      if (board_->ScoreOf(u).score != Fixed()) {
        EXPECT_GT(parts, 1);
      }
    }
  }
}

// ---- Nodes that take the shares of their children.

TEST_F(ExplainTest, MeansGiveEachChildItsSliceLessItsCosts) {
  const int node = AddInner(100, Combination::kGeometric);
  const int a = AddLeaf(10, RatioRule{}, node);
  const int b = AddLeaf(10, RatioRule{}, node);
  for (Node& one : scheme_.nodes) one.weight = Fixed::FromInteger(1);
  Start(1);
  Place(0, kNoUnit, 0);
  Figure(0, a, kOne, 1);
  Figure(0, b, kOne / 4, 2);
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  EXPECT_EQ(whole.contribution, Fixed::FromInteger(50));
  const std::vector<Part>& children = whole.parts[0].parts[0].parts;
  ASSERT_EQ(children.size(), 2);
  // The one that earns everything brings its half of the points; the other one pays for the rest.
  EXPECT_EQ(children[0].contribution, Fixed::FromInteger(50));
  EXPECT_EQ(children[1].contribution, Fixed());
  EXPECT_EQ(children[0].parts[0].contribution, Fixed::FromInteger(50));
}

TEST_F(ExplainTest, ArithmeticMeansAreExact) {
  const int node = AddInner(100, Combination::kArithmetic);
  const int a = AddLeaf(10, RatioRule{}, node);
  const int b = AddLeaf(50, RatioRule{}, node);
  const int c = AddLeaf(50, RatioRule{}, node);
  scheme_.nodes[1].weight = Fixed::FromInteger(1);
  scheme_.nodes[2].weight = scheme_.nodes[3].weight = Fixed::FromInteger(3);
  Start(1);
  Place(0, kNoUnit, 0);
  Figure(0, a, kOne, 1);
  Figure(0, b, kOne / 2, 2);
  static_cast<void>(c);  // Missing: the others share its weight.
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  const std::vector<Part>& children = whole.parts[0].parts[0].parts;
  ASSERT_EQ(children.size(), 3);
  EXPECT_EQ(children[0].contribution, Fixed::FromInteger(25));
  EXPECT_EQ(children[1].contribution, Fixed::FromUnits(kOne * 75 / 2));
  EXPECT_EQ(children[2].assessment, Assessment::kNotYet);
}

TEST_F(ExplainTest, DecidingChildrenCarryTheWhole) {
  const int node = AddInner(100, Combination::kMin);
  for (int leaf = 0; leaf < 4; ++leaf) AddLeaf(10, RatioRule{}, node);
  Start(1);
  Place(0, kNoUnit, 0);
  for (int leaf : {0, 1, 2, 3}) Figure(0, leaf, kOne * std::vector<int>{6, 2, 2, 8}[leaf] / 10, 1);
  auto contributions = [&](Combination combination) {
    scheme_.nodes[node].combination = combination;
    Score(0);
    const Part whole = Explain(0);
    CheckAddsUp(whole);
    std::vector<int64_t> whole_points;
    for (const Part& part : whole.parts[0].parts[0].parts) {
      whole_points.push_back(part.contribution.units() / kOne);
    }
    return whole_points;
  };
  EXPECT_EQ(contributions(Combination::kMin), (std::vector<int64_t>{0, 20, 0, 0}));
  EXPECT_EQ(contributions(Combination::kMax), (std::vector<int64_t>{0, 0, 0, 80}));
  EXPECT_EQ(contributions(Combination::kMedian), (std::vector<int64_t>{30, 10, 0, 0}));
}

TEST_F(ExplainTest, UnevennessIsAPartOfItsOwn) {
  const int node = AddInner(100, Combination::kMazziottaPareto);
  AddLeaf(10, RatioRule{}, node);
  AddLeaf(10, RatioRule{}, node);
  for (Node& one : scheme_.nodes) one.weight = Fixed::FromInteger(1);
  Start(1);
  Place(0, kNoUnit, 0);
  Figure(0, 0, kOne * 6 / 10, 1);
  Figure(0, 1, kOne * 4 / 10, 2);
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  const std::vector<Part>& parts = whole.parts[0].parts[0].parts;
  ASSERT_EQ(parts.size(), 3);
  EXPECT_EQ(parts[0].contribution, Fixed::FromInteger(30));
  EXPECT_EQ(parts[1].contribution, Fixed::FromInteger(20));
  EXPECT_EQ(parts[2].kind, Part::Kind::kUneven);
  EXPECT_EQ(parts[2].contribution, Fixed::FromInteger(-2));  // 100 / 50
}

TEST_F(ExplainTest, PenaltiesAndTheirEndAtZeroArePartsOfTheirOwn) {
  const int a = AddLeaf(100, RatioRule{});
  const int b = AddLeaf(0, PenaltyRule{Fixed::FromInteger(40), {}});
  Start(1);
  Place(0, kNoUnit, 0);
  Figure(0, a, kOne * 6 / 10, 1);
  Figure(0, b, 2 * kOne, 2);
  Score(0);
  const Part whole = Explain(0);
  CheckAddsUp(whole);
  EXPECT_EQ(whole.contribution, Fixed());
  const std::vector<Part>& parts = whole.parts[0].parts;
  ASSERT_EQ(parts.size(), 3);
  EXPECT_EQ(parts[0].contribution, Fixed::FromInteger(60));
  EXPECT_EQ(parts[1].contribution, Fixed::FromInteger(-80));
  EXPECT_EQ(parts[1].parts[0].contribution, Fixed::FromInteger(-80));
  EXPECT_EQ(parts[2].kind, Part::Kind::kFloor);
  EXPECT_EQ(parts[2].contribution, Fixed::FromInteger(20));
}

// What the children bring adds up to the node by itself, before anything is apportioned.
TEST(ExplainMembersTest, CostsOnTheScaleOfTheMeanAddUp) {
  std::mt19937_64 random(3);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % n); };
  for (int round = 0; round < 2000; ++round) {
    Node node;
    node.points = Fixed::FromInteger(1 + below(100));
    node.combination = static_cast<Combination>(2 + below(7));  // Arithmetic to maximum.
    node.exponent = std::vector<double>{-3, -1, 0.5, 1, 2}[below(5)];
    std::vector<ExplainedMember> members(1 + below(5));
    std::vector<Member> values;
    for (ExplainedMember& member : members) {
      member.available = Fixed::FromInteger(1 + below(50));
      // Now and then all points, or more than that.
      member.earned = below(4) == 0 ? member.available
                                    : Fixed::FromUnits(1 + below(member.available.units() * 6 / 5));
      member.weight = Fixed::FromInteger(1 + below(3));
      values.push_back({OnScale(node.points, member.earned, member.available), member.weight});
    }
    const Fixed earned = *Combine(node.combination, node.exponent, values);
    std::vector<Piece> pieces(members.size());
    ExplainMembers(node, earned, members, absl::MakeSpan(pieces));
    FixedSum sum;
    for (const Piece& piece : pieces) sum += piece.local;
    const double distance = static_cast<double>(sum.units() - earned.units());
    ASSERT_LE(std::abs(distance), 1e3) << static_cast<int>(node.combination);  // Of 1e-12.
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
