// Weights from judgements and from the spread of the figures.
#include "services/scoring/engine/weights.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Judgement Times(int more, int less, int64_t times) {
  return {more, less, Fixed::FromInteger(times)};
}

FixedSum Sum(const std::vector<Fixed>& weights) {
  FixedSum sum;
  for (Fixed weight : weights) sum += weight;
  return sum;
}

TEST(PairwiseTest, ConsistentJudgementsGiveTheirWeights) {
  // 6 : 3 : 1.
  const std::vector<int> members = {4, 7, 9};
  const std::vector<Judgement> judgements = {Times(4, 7, 2), Times(4, 9, 6), Times(7, 9, 3)};
  const auto found = WeighPairwise(members, judgements);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->weights[0], Fixed::FromUnits(600'000'000'000));
  EXPECT_EQ(found->weights[1], Fixed::FromUnits(300'000'000'000));
  EXPECT_EQ(found->weights[2], Fixed::FromUnits(100'000'000'000));
  EXPECT_NEAR(found->eigenvalue, 3, 1e-12);
  EXPECT_NEAR(found->consistency, 0, 1e-12);
}

// Saaty's choice of a school: learning, friends, school life, vocational training, college
// preparation, music. Its judgements contradict each other too much.
TEST(PairwiseTest, FindsSaatysSchoolInconsistent) {
  const std::vector<int> members = {0, 1, 2, 3, 4, 5};
  const std::vector<Judgement> judgements = {
      Times(0, 1, 4), Times(0, 2, 3), Times(0, 3, 1), Times(0, 4, 3), Times(0, 5, 4),
      Times(1, 2, 7), Times(1, 3, 3), Times(4, 1, 5), Times(1, 5, 1), Times(3, 2, 5),
      Times(4, 2, 5), Times(5, 2, 6), Times(3, 4, 1), Times(5, 3, 3), Times(4, 5, 3)};
  const auto found = WeighPairwise(members, judgements);
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(found->eigenvalue, 7.41987, 5e-6);
  EXPECT_NEAR(found->consistency, 0.229011, 5e-7);
  EXPECT_GT(found->consistency, kConsistencyMax);
  const std::vector<double> published = {0.3208, 0.1395, 0.0348, 0.1285, 0.2374, 0.1391};
  for (size_t i = 0; i < published.size(); ++i) {
    EXPECT_NEAR(ToDouble(found->weights[i]), published[i], 5e-5);
  }
  EXPECT_NEAR(static_cast<double>(Sum(found->weights).units()), 1e12, 6);
}

TEST(PairwiseTest, EveryPairMustBeJudged) {
  EXPECT_FALSE(WeighPairwise(std::vector<int>{0, 1, 2},
                             std::vector<Judgement>{Times(0, 1, 2), Times(1, 2, 2)})
                   .has_value());
}

TEST(PairwiseTest, OneAndTwoAreAlwaysConsistent) {
  const auto one = WeighPairwise(std::vector<int>{3}, {});
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->weights[0], Fixed::FromInteger(1));
  const auto two = WeighPairwise(std::vector<int>{3, 4}, std::vector<Judgement>{Times(4, 3, 9)});
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->weights[1], Fixed::FromUnits(900'000'000'000));
  EXPECT_EQ(two->consistency, 0);
}

TEST(EntropyTest, WhoDiffersMoreWeighsMore) {
  const std::vector<Fixed> weights =
      WeighByEntropy(std::vector<std::vector<double>>{{1, 1, 1, 1}, {1, 1, 1, 5}, {0, 0, 0, 5}});
  EXPECT_EQ(weights[0], Fixed());
  EXPECT_GT(weights[1], Fixed());
  EXPECT_GT(weights[2], weights[1]);
  EXPECT_NEAR(static_cast<double>(Sum(weights).units()), 1e12, 3);
  // One unit has everything: an entropy of 0.
  const double entropy = 3 * std::log(8.0) / 8 + 5 * std::log(8.0 / 5) / 8;
  EXPECT_NEAR(ToDouble(weights[2]), 1 / (1 + 1 - entropy / std::log(4.0)), 1e-12);
}

TEST(EntropyTest, LeavesOutWhatIsNotThereAndMindsNoOrder) {
  const std::vector<double> some = {0.1, 0.7, 0.3, 1e9, 0.9};
  const std::vector<double> mixed = {kNone, 1e9, 0.3, kNone, 0.9, 0.1, -4, 0.7};
  const std::vector<Fixed> weights = WeighByEntropy(std::vector<std::vector<double>>{some, mixed});
  EXPECT_EQ(weights[0], weights[1]);
}

TEST(EntropyTest, NoSpreadWeighsEqually) {
  const std::vector<Fixed> weights =
      WeighByEntropy(std::vector<std::vector<double>>{{3, 3, 3}, {0.1, 0.1, 0.1}, {kNone}, {}});
  for (Fixed weight : weights) EXPECT_EQ(weight, Fixed::FromUnits(250'000'000'000));
}

TEST(SettleWeightsTest, FillsInTheChildrenAndLeavesExtrasAlone) {
  Scheme scheme;
  Leaf leaf;
  Leaf bonus;
  bonus.rule = BonusRule{Fixed::FromInteger(1), {}};
  scheme.leaves = {leaf, leaf, bonus};
  auto add = [&](int parent, int of) {
    Node node;
    node.parent = parent;
    node.leaf = of;
    node.weight = Fixed::FromInteger(40);
    scheme.nodes.push_back(node);
  };
  add(-1, -1);
  add(0, 0);
  add(0, 2);
  add(0, 1);
  scheme.nodes[0].weighting = Weighting::kPairwise;
  scheme.nodes[0].judgements = {Times(3, 1, 3)};
  EXPECT_THAT(MembersOf(scheme, 0), ::testing::ElementsAre(1, 3));
  SettleWeights(scheme);
  EXPECT_EQ(scheme.nodes[1].weight, Fixed::FromUnits(250'000'000'000));
  EXPECT_EQ(scheme.nodes[2].weight, Fixed::FromInteger(40));
  EXPECT_EQ(scheme.nodes[3].weight, Fixed::FromUnits(750'000'000'000));
  scheme.nodes[0].weighting = Weighting::kEqual;
  SettleWeights(scheme);
  EXPECT_EQ(scheme.nodes[1].weight, scheme.nodes[3].weight);
}

}  // namespace
}  // namespace terrace::scoring::engine
