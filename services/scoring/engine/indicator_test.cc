#include "services/scoring/engine/indicator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A scale from 0 to 10.
NormaliseRule Rule(NormaliseMethod method, bool falling = false) {
  NormaliseRule rule;
  rule.method = method;
  rule.falling = falling;
  rule.scale_high = 10;
  return rule;
}

// What each of the figures gets among all of them; NaN for nothing.
std::vector<double> Of(const NormaliseRule& rule, const std::vector<double>& figures) {
  const PeerParameters peers = ParametersOf(figures, NeedsPlaces(rule.method));
  std::vector<double> numbers;
  for (double figure : figures) {
    const absl::optional<Fixed> number = Normalise(rule, peers, figure);
    numbers.push_back(number ? ToDouble(*number) : kNone);
  }
  return numbers;
}

MATCHER(IsNone, "is no number") { return std::isnan(arg); }
auto Near(double value) { return ::testing::DoubleNear(value, 1e-12); }

TEST(Parameters, AreTakenOverTheFiguresThatAreThere) {
  const PeerParameters peers = ParametersOf({4, kNone, 2, 9, kNone}, /*places=*/true);
  EXPECT_EQ(peers.count, 3);
  EXPECT_EQ(peers.min, 2);
  EXPECT_EQ(peers.max, 9);
  EXPECT_EQ(peers.mean, 5);
  EXPECT_EQ(peers.sum, 15);
  EXPECT_DOUBLE_EQ(peers.standard_deviation, std::sqrt(13.0));
  EXPECT_DOUBLE_EQ(peers.root_of_squares, std::sqrt(101.0));
  EXPECT_THAT(peers.sorted, ElementsAre(2, 4, 9));
}

TEST(Parameters, OfNobodyAndOfOne) {
  EXPECT_EQ(ParametersOf({kNone}, true).count, 0);
  const PeerParameters one = ParametersOf({0.1}, false);
  EXPECT_EQ(one.mean, 0.1);
  EXPECT_EQ(one.standard_deviation, 0);
  EXPECT_THAT(one.sorted, IsEmpty());
}

TEST(Parameters, OfEqualFiguresDeviateByNothing) {
  const PeerParameters peers = ParametersOf(std::vector<double>(7, 0.1), false);
  EXPECT_EQ(peers.mean, 0.1);
  EXPECT_EQ(peers.standard_deviation, 0);
}

TEST(Parameters, DoNotDependOnTheOrder) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponent(-12, 12);
  std::vector<double> figures(200);
  for (double& figure : figures) figure = std::pow(10.0, exponent(random));
  const PeerParameters first = ParametersOf(figures, false);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(figures.begin(), figures.end(), random);
    const PeerParameters again = ParametersOf(figures, false);
    EXPECT_EQ(again.sum, first.sum);
    EXPECT_EQ(again.standard_deviation, first.standard_deviation);
    EXPECT_EQ(again.root_of_squares, first.root_of_squares);
  }
}

TEST(Normalise, MinMaxInBothDirections) {
  EXPECT_THAT(Of(Rule(NormaliseMethod::kMinMax), {1, 3, 5}), ElementsAre(0, 5, 10));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kMinMax, true), {1, 2, 5}), ElementsAre(10, 7.5, 0));
  NormaliseRule rule = Rule(NormaliseMethod::kMinMax);
  rule.scale_low = 1;
  rule.scale_high = 100;
  EXPECT_THAT(Of(rule, {1, 3, 5}), ElementsAre(1, 50.5, 100));
}

TEST(Normalise, WithoutAFigureThereIsNoNumber) {
  for (double figure : {kNone, std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(Of(Rule(NormaliseMethod::kMinMax), {1, figure, 5}), ElementsAre(0, IsNone(), 10));
  }
}

TEST(Normalise, PeersThatDoNotDiffer) {
  for (NormaliseMethod method : {NormaliseMethod::kMinMax, NormaliseMethod::kPercentile}) {
    NormaliseRule rule = Rule(method);
    rule.scale_low = 2;
    EXPECT_THAT(Of(rule, {7, 7}), ElementsAre(6, 6));
    EXPECT_THAT(Of(rule, {7}), ElementsAre(6));
    rule.no_spread = NoSpread::kFull;
    EXPECT_THAT(Of(rule, {7, 7}), ElementsAre(10, 10));
    rule.no_spread = NoSpread::kUnscored;
    EXPECT_THAT(Of(rule, {7, 7}), ElementsAre(IsNone(), IsNone()));
  }
}

TEST(Normalise, TooFewPeers) {
  NormaliseRule rule = Rule(NormaliseMethod::kMinMax);
  rule.peers_min = 3;
  EXPECT_THAT(Of(rule, {1, 2, kNone}), ElementsAre(IsNone(), IsNone(), IsNone()));
  EXPECT_THAT(Of(rule, {1, 2, 3}), ElementsAre(0, 5, 10));
}

TEST(Normalise, ZScore) {
  NormaliseRule rule = Rule(NormaliseMethod::kZScore);
  rule.scale_low = 50;
  EXPECT_THAT(Of(rule, {1, 2, 3}), ElementsAre(40, 50, 60));
  rule.falling = true;
  EXPECT_THAT(Of(rule, {1, 2, 3}), ElementsAre(60, 50, 40));
  EXPECT_THAT(Of(rule, {4, 4}), ElementsAre(50, 50));
  rule.no_spread = NoSpread::kFull;
  EXPECT_THAT(Of(rule, {4}), ElementsAre(50));
}

TEST(Normalise, DistanceToTarget) {
  NormaliseRule rule = Rule(NormaliseMethod::kDistanceToTarget);
  rule.target = 6;
  EXPECT_THAT(Of(rule, {2, 4, 10}), ElementsAre(0, 5, 10));
  rule.beyond_target = true;
  EXPECT_THAT(Of(rule, {2, 4, 10}), ElementsAre(0, 5, 20));
  rule.falling = true;  // From 10, the worst, down to 6.
  EXPECT_THAT(Of(rule, {6, 8, 10}), ElementsAre(10, 5, 0));
  rule.target = 10;  // Where the worst one stands.
  EXPECT_THAT(Of(rule, {6, 10}), ElementsAre(5, 5));
  rule.target = 11;  // Where everybody is already.
  EXPECT_THAT(Of(rule, {6, 10}), ElementsAre(10, 10));
}

TEST(Normalise, ReferenceUnit) {
  const NormaliseRule rule = Rule(NormaliseMethod::kReferenceUnit);
  PeerParameters peers = ParametersOf({2, 4, 8}, false);
  EXPECT_EQ(Normalise(rule, peers, 4), absl::nullopt);  // The reference has no figure.
  peers.reference = 6;
  EXPECT_EQ(Normalise(rule, peers, 4), Fixed::FromInteger(5));
  EXPECT_EQ(Normalise(rule, peers, 8), Fixed::FromInteger(15));
  peers.reference = 2;
  EXPECT_EQ(Normalise(rule, peers, 8), Fixed::FromInteger(5));
}

TEST(Normalise, FractionOfBest) {
  EXPECT_THAT(Of(Rule(NormaliseMethod::kFractionOfBest), {2, 0, 8}), ElementsAre(2.5, 0, 10));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kFractionOfBest), {-2, -1}),
              ElementsAre(IsNone(), IsNone()));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kFractionOfBest), {0, 0}), ElementsAre(5, 5));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kFractionOfBest, true), {2, 8}), ElementsAre(10, 2.5));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kFractionOfBest, true), {0, 8}),
              ElementsAre(IsNone(), IsNone()));
}

TEST(Normalise, IdealAndInterval) {
  NormaliseRule ideal = Rule(NormaliseMethod::kIdeal);
  ideal.target = 5;
  EXPECT_THAT(Of(ideal, {5, 7, 9, 1}), ElementsAre(10, 5, 0, 0));
  ideal.reach = 8;
  EXPECT_THAT(Of(ideal, {5, 7, 14}), ElementsAre(10, 7.5, 0));
  NormaliseRule interval = Rule(NormaliseMethod::kInterval);
  interval.ideal_low = 4;
  interval.ideal_high = 6;
  EXPECT_THAT(Of(interval, {4, 6, 5, 8, 0}), ElementsAre(10, 10, 10, 5, 0));
  EXPECT_THAT(Of(interval, {5, 5}), ElementsAre(10, 10));
}

TEST(Normalise, Places) {
  EXPECT_THAT(Of(Rule(NormaliseMethod::kRank), {10, 30, 20, 30}), ElementsAre(1, 3.5, 2, 3.5));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kRank, true), {10, 30, 20, 30}),
              ElementsAre(4, 1.5, 3, 1.5));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kBorda), {10, 30, 20}), ElementsAre(0, 2, 1));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kPercentile), {10, 40, 20, 30, 50}),
              ElementsAre(0, 7.5, 2.5, 5, 10));
}

TEST(Normalise, FiguresThatDifferInTheLastBitsOnlyShareAPlace) {
  EXPECT_THAT(Of(Rule(NormaliseMethod::kRank), {0.1 + 0.2, 0.3, 0.2}), ElementsAre(2.5, 2.5, 1));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kRank), {1.00000000001, 1, 1.0000000000001}),
              ElementsAre(3, 1.5, 1.5));
}

TEST(Normalise, RankTable) {
  NormaliseRule rule = Rule(NormaliseMethod::kRankTable);
  rule.break_points = {{1, 60}, {2, 57}, {3, 54}};
  EXPECT_THAT(Of(rule, {9, 7, 9, 5, 3}), ElementsAre(60, 54, 60, 54, 54));
  rule.falling = true;
  EXPECT_THAT(Of(rule, {9, 7, 5}), ElementsAre(54, 57, 60));
}

TEST(Normalise, PiecewiseNeedsNoPeers) {
  NormaliseRule rule = Rule(NormaliseMethod::kPiecewise);
  rule.break_points = {{0, 0}, {50, 50}, {100, 150}};
  const PeerParameters nobody;
  EXPECT_EQ(Normalise(rule, nobody, -3), Fixed());
  EXPECT_EQ(Normalise(rule, nobody, 25), Fixed::FromInteger(25));
  EXPECT_EQ(Normalise(rule, nobody, 50), Fixed::FromInteger(50));
  EXPECT_EQ(Normalise(rule, nobody, 75), Fixed::FromInteger(100));
  EXPECT_EQ(Normalise(rule, nobody, 1e9), Fixed::FromInteger(150));
}

TEST(Normalise, AboveBelowMean) {
  NormaliseRule rule = Rule(NormaliseMethod::kAboveBelowMean);
  rule.target = 0.25;  // The mean is 4.
  EXPECT_THAT(Of(rule, {5, 3, 0, 8}), ElementsAre(5, 5, 0, 10));
  rule.falling = true;
  EXPECT_THAT(Of(rule, {5, 3, 0, 8}), ElementsAre(5, 5, 10, 0));
}

TEST(Normalise, SharesOfAWhole) {
  EXPECT_THAT(Of(Rule(NormaliseMethod::kShareOfSum), {1, 4}), ElementsAre(2, 8));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kShareOfSum), {-1, 1}), ElementsAre(IsNone(), IsNone()));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kVector), {3, 4}), ElementsAre(Near(6), Near(8)));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kVector, true), {3, 4}), ElementsAre(Near(-6), Near(-8)));
  EXPECT_THAT(Of(Rule(NormaliseMethod::kVector), {0, 0}), ElementsAre(5, 5));
}

TEST(Normalise, FrozenParametersHoldForFiguresBeyondThem) {
  const PeerParameters frozen = ParametersOf({0, 10}, false);
  EXPECT_EQ(Normalise(Rule(NormaliseMethod::kMinMax), frozen, 12), Fixed::FromInteger(12));
  EXPECT_EQ(Normalise(Rule(NormaliseMethod::kMinMax), frozen, -1), Fixed::FromInteger(-1));
  // Places are not frozen: nobody to stand among, no place.
  EXPECT_EQ(Normalise(Rule(NormaliseMethod::kRank), frozen, 5), absl::nullopt);
}

TEST(Normalise, NumbersStayWithinAFixed) {
  NormaliseRule rule = Rule(NormaliseMethod::kMinMax);
  rule.scale_high = 1e9;
  EXPECT_THAT(Of(rule, {0, 1}), ElementsAre(0, Near(999999.999999999999)));
  EXPECT_EQ(FixedOf(-1e300), Fixed::FromUnits(-kFixedUnitsMax));
  EXPECT_EQ(FixedOf(1e6), Fixed::FromUnits(kFixedUnitsMax));
  EXPECT_EQ(FixedOf(kNone), absl::nullopt);
  // A spread beyond all doubles is no spread to divide by.
  EXPECT_THAT(Of(Rule(NormaliseMethod::kMinMax), {-1.7e308, 1.7e308}), ElementsAre(0, IsNone()));
}

}  // namespace
}  // namespace terrace::scoring::engine
