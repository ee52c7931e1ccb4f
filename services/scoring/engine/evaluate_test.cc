#include "services/scoring/engine/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

using ::testing::ElementsAre;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

MATCHER(IsNone, "is no figure") { return std::isnan(arg); }

Fixed Points(double points) { return *FixedOf(points); }

NormaliseRule MinMax(double points) {
  NormaliseRule rule;
  rule.scale_high = points;
  return rule;
}

// A scheme of one node over some leaves.
struct Builder {
  explicit Builder(Combination combination, double points = 100) {
    scheme.points = Points(points);
    Node node;
    node.id = "all";
    node.points = Points(points);
    node.combination = combination;
    scheme.nodes.push_back(node);
  }
  // Returns the index of the leaf.
  int Add(double points, Rule rule, int parent = 0) {
    Node node;
    node.id = absl::StrCat("leaf", scheme.leaves.size());
    node.parent = parent;
    node.points = node.weight = Points(points);
    node.leaf = static_cast<int>(scheme.leaves.size());
    scheme.leaf_nodes.push_back(static_cast<int>(scheme.nodes.size()));
    scheme.nodes.push_back(node);
    Leaf leaf;
    leaf.rule = std::move(rule);
    scheme.leaves.push_back(leaf);
    return node.leaf;
  }
  Scheme scheme;
};

Figures Of(const FigureColumn& values) {
  Figures figures;
  figures.values = values;
  for (double value : values) {
    figures.exact.push_back(std::isnan(value) ? FixedSum() : FixedSum(*FixedOf(value)));
  }
  return figures;
}

Table TableOf(const std::vector<FigureColumn>& columns) {
  Table table;
  for (size_t unit = 0; unit < columns[0].size(); ++unit) {
    table.units.push_back(std::string(1, static_cast<char>('a' + unit)));
  }
  for (const FigureColumn& column : columns) {
    table.leaves.emplace_back();
    table.leaves.back().figure = Of(column);
  }
  return table;
}

std::vector<double> Numbers(const std::vector<absl::optional<Fixed>>& values) {
  std::vector<double> numbers;
  for (const auto& value : values) numbers.push_back(value ? ToDouble(*value) : kNone);
  return numbers;
}

TEST(Evaluate, EveryStageIsKept) {
  Builder builder(Combination::kArithmetic);
  const int leaf = builder.Add(100, MinMax(100));
  Preparation& preparation = builder.scheme.leaves[leaf].preparation;
  preparation.denominated = true;
  preparation.imputation = ImputationMethod::kMean;
  Table table = TableOf({{2, 8, kNone, 30}});
  table.leaves[leaf].denominator = {1, 2, 1, 5};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(result.denominated[leaf], ElementsAre(2, 4, IsNone(), 6));
  EXPECT_THAT(result.imputed[leaf], ElementsAre(2, 4, 4, 6));
  EXPECT_THAT(result.imputed_cells[leaf], ElementsAre(false, false, true, false));
  EXPECT_THAT(result.treated[leaf], ElementsAre(2, 4, 4, 6));
  EXPECT_THAT(result.normalised[leaf], ElementsAre(0, 50, 50, 100));
  EXPECT_THAT(Numbers(result.scores), ElementsAre(0, 50, 50, 100));
  EXPECT_THAT(result.ranks, ElementsAre(4, 2, 2, 1));
  EXPECT_EQ(result.peers[leaf][0].parameters.count, 4);
}

TEST(Evaluate, RulesThatCountSeeTheExactFigure) {
  Builder builder(Combination::kSum, 10);
  GradeRule rule;
  rule.rows = {{"A", FixedSum(Points(0.3)), Points(10)}, {"B", absl::nullopt, Points(4)}};
  const int leaf = builder.Add(10, rule);
  // As doubles 0.1 + 0.2 is above 0.3, and 0.9 / 3 below.
  Table table = TableOf({{0.3, 0.9, 0.2}});
  EXPECT_THAT(Numbers(Evaluate(builder.scheme, table).scores), ElementsAre(10, 10, 4));
  builder.scheme.leaves[leaf].preparation.denominated = true;
  table.leaves[leaf].denominator = {1, 3, 1};
  EXPECT_THAT(Numbers(Evaluate(builder.scheme, table).scores), ElementsAre(10, 10, 4));
}

TEST(Evaluate, ScreensUnitsWithTooFewFigures) {
  Builder builder(Combination::kArithmetic);
  builder.Add(50, MinMax(50));
  builder.Add(50, MinMax(50));
  builder.scheme.min_present = Points(1);
  builder.scheme.leaves[0].preparation.imputation = ImputationMethod::kMean;
  // The last unit has too few, so its 100 is nobody's peer; figures stand in after that was asked.
  const Evaluation result = Evaluate(builder.scheme, TableOf({{1, 3, kNone}, {0, 1, 100}}));
  EXPECT_THAT(result.screened_out, ElementsAre(false, false, true));
  EXPECT_THAT(Numbers(result.scores), ElementsAre(0, 100, IsNone()));
  EXPECT_THAT(result.ranks, ElementsAre(2, 1, absl::nullopt));
}

TEST(Evaluate, PeersOfAGroup) {
  Builder builder(Combination::kArithmetic);
  NormaliseRule rule = MinMax(100);
  rule.peers = Peers::kGroup;
  rule.grouping = 0;
  const int leaf = builder.Add(100, rule);
  builder.scheme.groupings = 1;
  builder.scheme.ranking.grouping = 0;
  Table table = TableOf({{1, 2, 3, 10, 20, 5}});
  table.groups = {{0, 0, 0, 1, 1, -1}};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(Numbers(result.scores), ElementsAre(0, 50, 100, 0, 100, IsNone()));
  EXPECT_THAT(result.group_ranks, ElementsAre(3, 2, 1, 2, 1, absl::nullopt));
  EXPECT_EQ(result.peers[leaf][1].parameters.max, 20);
}

TEST(Evaluate, OutliersAreTreatedAmongThePeers) {
  Builder builder(Combination::kArithmetic);
  NormaliseRule rule = MinMax(100);
  rule.peers = Peers::kGroup;
  rule.grouping = 0;
  const int leaf = builder.Add(100, rule);
  builder.scheme.groupings = 1;
  builder.scheme.leaves[leaf].preparation.treatment.method = TreatmentMethod::kWinsorise;
  FigureColumn figures;
  std::vector<int> groups;
  for (int i = 0; i < 20; ++i) {
    figures.push_back(i);
    figures.push_back(1000 + i);  // Far away, but not among its own.
    groups.insert(groups.end(), {0, 1});
  }
  figures.push_back(500);
  groups.push_back(0);
  Table table = TableOf({figures});
  table.groups = {groups};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_EQ(result.peers[leaf][0].transform->moved, 1);
  EXPECT_EQ(result.peers[leaf][1].transform->moved, 0);
  EXPECT_EQ(result.treated[leaf].back(), 19);
  EXPECT_EQ(result.scores.back(), Points(100));
}

TEST(Evaluate, LeavesThatDoNotApply) {
  Builder builder(Combination::kArithmetic);
  builder.Add(50, MinMax(50));
  builder.Add(50, MinMax(50));
  Table table = TableOf({{1, 3, 2}, {9, 1, 5}});
  table.leaves[1].applies = {false, true, true};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(result.normalised[1], ElementsAre(IsNone(), 0, 50));
  EXPECT_THAT(Numbers(result.scores), ElementsAre(0, 50, 75));
  EXPECT_EQ(result.coverage[0], Points(1));
}

TEST(Evaluate, CoverageTellsWhatIsMissing) {
  Builder builder(Combination::kArithmetic);
  builder.Add(75, MinMax(75));
  builder.Add(25, MinMax(25));
  const Evaluation result = Evaluate(builder.scheme, TableOf({{1, 3}, {kNone, 1}}));
  EXPECT_THAT(Numbers(result.coverage), ElementsAre(0.75, 1));
  EXPECT_EQ(result.scores[0], Points(0)) << "the child that is there carries the whole weight";
}

TEST(Evaluate, ALossLessensWhatIsEarned) {
  Builder builder(Combination::kSum, 10);
  const int leaf = builder.Add(10, RatioRule{});
  builder.scheme.leaves[leaf].has_loss = true;
  Table table = TableOf({{1, 0.5, 1}});
  table.leaves[leaf].loss = Of({20, 50, kNone});
  EXPECT_THAT(Numbers(Evaluate(builder.scheme, table).scores), ElementsAre(8, 2.5, IsNone()));
}

TEST(Evaluate, FiguresStandInForThePeriodBefore) {
  Builder builder(Combination::kArithmetic);
  const int leaf = builder.Add(100, MinMax(100));
  Preparation& preparation = builder.scheme.leaves[leaf].preparation;
  preparation.growth = GrowthMethod::kDifference;
  preparation.imputation = ImputationMethod::kPreviousPeriod;
  Table table = TableOf({{4, kNone, 9}});
  table.leaves[leaf].history = {{1, 8, 8}, {0, 5, 6}};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(result.denominated[leaf], ElementsAre(3, IsNone(), 1));
  EXPECT_THAT(result.imputed[leaf], ElementsAre(3, 3, 1));
}

TEST(Evaluate, AgainstAReferenceUnit) {
  Builder builder(Combination::kArithmetic);
  NormaliseRule rule = MinMax(100);
  rule.method = NormaliseMethod::kReferenceUnit;
  const int leaf = builder.Add(100, rule);
  Table table = TableOf({{0, 10, 20}});
  table.leaves[leaf].reference_unit = 1;
  EXPECT_THAT(Evaluate(builder.scheme, table).normalised[leaf], ElementsAre(0, 100, 200));
}

TEST(Evaluate, FrozenPeersDoNotMove) {
  Builder builder(Combination::kArithmetic);
  const int leaf = builder.Add(100, MinMax(100));
  builder.scheme.leaves[leaf].preparation.treatment.method = TreatmentMethod::kWinsorise;
  FigureColumn figures(21);
  std::iota(figures.begin(), figures.end(), 0);
  figures.push_back(900);
  const Evaluation peers = Evaluate(builder.scheme, TableOf({figures}));
  ASSERT_EQ(peers.peers[leaf][0].transform->moved, 1);
  Table table = TableOf({{5, 10, 3000, -4}});
  table.leaves[leaf].frozen = peers.peers[leaf];
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(result.treated[leaf], ElementsAre(5, 10, 20, -4));
  EXPECT_THAT(result.normalised[leaf], ElementsAre(25, 50, 100, -20));
}

TEST(Evaluate, WeightsByEntropy) {
  Builder builder(Combination::kArithmetic);
  builder.Add(50, RatioRule{});
  builder.Add(50, RatioRule{});
  builder.scheme.nodes[0].weighting = Weighting::kEntropy;
  // The second leaf does not tell units apart, so it weighs nothing.
  const Evaluation result = Evaluate(builder.scheme, TableOf({{0.2, 0.8}, {0.5, 0.5}}));
  EXPECT_EQ(result.weights[1], Points(1));
  EXPECT_EQ(result.weights[2], Points(0));
  EXPECT_THAT(Numbers(result.scores), ElementsAre(20, 80));
}

TEST(Evaluate, Outranking) {
  // A node that outranks below one that takes a mean.
  Builder builder(Combination::kArithmetic);
  Node inner;
  inner.id = "inner";
  inner.parent = 0;
  inner.points = inner.weight = Points(100);
  inner.combination = Combination::kCopeland;
  builder.scheme.nodes.push_back(inner);
  builder.Add(60, MinMax(60), 1);
  builder.Add(40, MinMax(40), 1);
  const Evaluation result = Evaluate(builder.scheme, TableOf({{3, 2, 1}, {1, 2, 3}}));
  EXPECT_THAT(Numbers(result.nodes[1]), ElementsAre(100, 50, 0));
  EXPECT_THAT(Numbers(result.scores), ElementsAre(100, 50, 0));
}

TEST(Evaluate, RollsUpAlongTheTree) {
  Builder builder(Combination::kSum, 10);
  builder.Add(10, RatioRule{});
  Rollup mean;
  mean.method = Method::kWeightedMean;
  mean.weight = 0;
  builder.scheme.rollups.push_back(mean);
  builder.scheme.weights = 1;
  builder.scheme.bands = {{"good", Points(6), false, {}}, {"poor", absl::nullopt, false, {}}};
  Table table = TableOf({{kNone, 0.5, 0.9, kNone, 0.1}});
  table.parents = {-1, 0, 0, -1, 3};
  table.rollups = {1, 0, 0, 1, 0};
  table.levels = {0, 1, 1, 0, 1};
  table.has_sheet = {false, true, true, false, true};
  table.weights = {{absl::nullopt, 1'000'000, 3'000'000, absl::nullopt, 5'000'000}};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(Numbers(result.scores), ElementsAre(8, 5, 9, 1, 1));
  EXPECT_THAT(result.ranks, ElementsAre(1, 2, 1, 2, 3));
  EXPECT_THAT(result.bands, ElementsAre(0, 1, 0, 1, 1));
}

TEST(Evaluate, NodesOfAMeanOverSheetsAreMeansToo) {
  Builder builder(Combination::kSum, 10);
  builder.Add(6, RatioRule{});
  builder.Add(4, RatioRule{});
  Rollup over;
  over.method = Method::kOverDescendants;
  builder.scheme.rollups.push_back(over);
  Table table = TableOf({{kNone, kNone, 0.5, 1, 0}, {kNone, kNone, 1, 0, 0.5}});
  table.parents = {-1, 0, 1, 1, 0};
  table.rollups = {1, 1, 0, 0, 0};
  table.has_sheet = {false, false, true, true, true};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(Numbers(result.scores), ElementsAre(5, 6.5, 7, 6, 2));
  EXPECT_THAT(Numbers(result.nodes[1]), ElementsAre(3, 4.5, 3, 6, 0));
  EXPECT_THAT(Numbers(result.nodes[2]), ElementsAre(2, 2, 4, 0, 2));
}

TEST(Evaluate, SiblingsAreUnitsOfOneParent) {
  Builder builder(Combination::kSum, 10);
  NormaliseRule rule = MinMax(10);
  rule.peers = Peers::kSiblings;
  builder.Add(10, rule);
  Table table = TableOf({{kNone, 1, 3, kNone, 5, 6}});
  table.parents = {-1, 0, 0, -1, 3, 3};
  const Evaluation result = Evaluate(builder.scheme, table);
  EXPECT_THAT(Numbers(result.scores), ElementsAre(IsNone(), 0, 10, IsNone(), 0, 10));
}

TEST(Evaluate, DisqualifiedUnitsHaveNoPlaceAndNoGrade) {
  Builder builder(Combination::kSum, 10);
  builder.Add(10, RatioRule{});
  VetoRule veto;
  veto.effect = VetoEffect::kDisqualify;
  builder.Add(0, veto);
  builder.scheme.bands = {{"any", absl::nullopt, false, {}}};
  const Evaluation result = Evaluate(builder.scheme, TableOf({{0.9, 0.5}, {1, 0}}));
  EXPECT_THAT(Numbers(result.scores), ElementsAre(9, 5));
  EXPECT_THAT(result.ranks, ElementsAre(absl::nullopt, 1));
  EXPECT_THAT(result.bands, ElementsAre(-1, 0));
}

// Every method at once over random figures: the order of the units must not change a bit.
TEST(Evaluate, DoesNotDependOnTheOrderOfUnits) {
  constexpr size_t kUnits = 40;
  std::mt19937 random(7);
  std::lognormal_distribution<double> draw(0, 2);
  Builder builder(Combination::kGeometric);
  std::vector<FigureColumn> columns;
  for (int method = 0; method <= static_cast<int>(NormaliseMethod::kVector); ++method) {
    NormaliseRule rule = MinMax(90);
    rule.scale_low = 10;
    rule.method = static_cast<NormaliseMethod>(method);
    rule.falling = method % 2 == 1 && rule.method != NormaliseMethod::kVector;
    rule.target = 2;
    rule.ideal_high = 3;
    rule.break_points = {{1, 5}, {7, 3}};
    const int leaf = builder.Add(90, rule);
    Preparation& preparation = builder.scheme.leaves[leaf].preparation;
    preparation.imputation = ImputationMethod::kMean;
    preparation.treatment.method = TreatmentMethod::kWinsorise;
    columns.emplace_back();
    for (size_t unit = 0; unit < kUnits; ++unit) {
      columns.back().push_back(random() % 10 == 0 ? kNone : draw(random));
    }
  }
  const auto evaluate = [&](const std::vector<size_t>& order) {
    std::vector<FigureColumn> turned = columns;
    for (size_t leaf = 0; leaf < columns.size(); ++leaf) {
      for (size_t i = 0; i < kUnits; ++i) turned[leaf][i] = columns[leaf][order[i]];
    }
    Table table = TableOf(turned);
    for (LeafTable& leaf : table.leaves) leaf.reference_unit = 0;
    table.leaves[3].reference_unit =
        static_cast<int>(std::find(order.begin(), order.end(), size_t{0}) - order.begin());
    const Evaluation result = Evaluate(builder.scheme, table);
    std::vector<absl::optional<Fixed>> scores(kUnits);
    for (size_t i = 0; i < kUnits; ++i) scores[order[i]] = result.scores[i];
    return scores;
  };
  std::vector<size_t> order(kUnits);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto first = evaluate(order);
  EXPECT_GT(std::count_if(first.begin(), first.end(), [](const auto& s) { return s.has_value(); }),
            30);
  for (int i = 0; i < 10; ++i) {
    std::shuffle(order.begin(), order.end(), random);
    EXPECT_EQ(evaluate(order), first);
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
