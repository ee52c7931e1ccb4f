#include "services/scoring/engine/prepare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

MATCHER(IsNone, "is no figure") { return std::isnan(arg); }

// Columns of the ASEM data (COINr, MIT; data of the JRC), with what R finds of them.
const FigureColumn kFlights = {
    29.01725, 31.88546, 9.23588,  9.24529,  8.75467,  15.30953, 32.7705, 3.12946,  18.85806,
    97.63489, 174.3588, 34.83849, 13.01196, 34.17721, 110.2755, 6.77976, 5.37919,  4.84458,
    6.75251,  63.59241, 25.64994, 33.79735, 40.46484, 18.79894, 2.07397, 1.51736,  170.9628,
    31.74444, 51.78846, 210.8244, 36.05498, 4.27955,  2.019,    9.5212,  114.2008, 25.2643,
    34.6802,  69.00941, 4.02303,  69.84827, 3.0744,   53.33988, 0.98951, 6.695,    13.37242,
    2.21146,  19.43838, 34.06447, 67.86156, 73.92221, 28.52418};
const FigureColumn kBord = {35, 48, 18, 41, 0,  35, 3,  6,  18, 75, 105, 12, 28, 12,  24, 17, 22,
                            12, 0,  32, 19, 62, 11, 24, 25, 20, 26, 18,  41, 13, 0,   16, 2,  13,
                            32, 35, 2,  0,  46, 1,  20, 9,  9,  8,  0,   43, 0,  122, 2,  17, 25};
const FigureColumn kFemLab = {
    0.887213779453269, 0.869972390202379, 0.892763098960666, 0.866495248468469, 0.863333365381842,
    0.811948281457023, 0.926999958117785, 0.900075149299222, 0.965190995604275, 0.895348576860072,
    0.88449097961006,  0.77849100340878,  0.824900660030214, 0.807835783985394, 0.736446396156309,
    0.923410603386617, 0.939814548659182, 0.83410929479832,  0.632396276811038, 0.874858528479807,
    0.948004080460814, 0.820179201539319, 0.910405332568602, 0.770354089124809, 0.81326713914964,
    0.905521391646056, 0.863148694124589, 0.949085319278949, 0.893641806962591, 0.869741934200415,
    0.859266059515803, 0.54140288967241,  0.878812534566152, 0.835955527204624, 0.345576405858748,
    0.614982860933004, 0.779610540759765, 0.901036274239526, 0.731127121283903, 1.02747155772406,
    0.649986359552759, 0.835193987298336, 0.885417350668179, 0.297008552917755, 0.649032809600658,
    0.864915936620173, 0.797709815914294, 0.814882965429736, 0.919440214001039};

TEST(Shape, OfPublishedColumns) {
  const auto expect = [](const FigureColumn& column, double skewness, double kurtosis) {
    const absl::optional<Shape> shape = ShapeOf(column);
    ASSERT_TRUE(shape.has_value());
    EXPECT_NEAR(shape->skewness, skewness, 1e-12);
    EXPECT_NEAR(shape->kurtosis, kurtosis, 1e-12);
  };
  expect(kFlights, 2.10328719405155, 4.50887936970066);
  expect(kBord, 2.14823598917068, 5.79149049252436);
  expect(kFemLab, -2.0558127613156, 5.02431792410244);
}

TEST(Shape, NeedsFourFiguresThatDiffer) {
  EXPECT_EQ(ShapeOf({1, 2, 5, kNone}), absl::nullopt);
  EXPECT_EQ(ShapeOf({3, 3, 3, 3, 3}), absl::nullopt);
  EXPECT_TRUE(ShapeOf({1, 2, 3, 9}).has_value());
}

TEST(Shape, DoesNotDependOnTheOrder) {
  FigureColumn turned(kFlights.rbegin(), kFlights.rend());
  EXPECT_EQ(ShapeOf(turned)->kurtosis, ShapeOf(kFlights)->kurtosis);
}

Preparation Growth(GrowthMethod method, int periods = 1) {
  Preparation preparation;
  preparation.growth = method;
  preparation.growth_periods = periods;
  return preparation;
}

TEST(Grow, AgainstAPeriodBefore) {
  const FigureColumn now = {12, 5, kNone, 8, 8};
  const std::vector<FigureColumn> history = {{11, 5, 4, 7, 7}, {10, 0, 4, kNone, -2}};
  const Sets siblings(5, 0);
  EXPECT_THAT(Grow(Growth(GrowthMethod::kRelative, 2), now, history, siblings),
              ElementsAre(DoubleNear(0.2, 1e-15), IsNone(), IsNone(), IsNone(), IsNone()));
  EXPECT_THAT(Grow(Growth(GrowthMethod::kDifference), now, history, siblings),
              ElementsAre(1, 0, IsNone(), 1, 1));
  EXPECT_THAT(Grow(Growth(GrowthMethod::kDifference, 2), now, history, siblings),
              ElementsAre(2, 5, IsNone(), IsNone(), 10));
  // Further back than is known.
  EXPECT_THAT(Grow(Growth(GrowthMethod::kDifference, 3), {1}, {}, {0}), ElementsAre(IsNone()));
  EXPECT_EQ(Grow(Growth(GrowthMethod::kNone), {1}, {}, {0}), FigureColumn({1}));
}

TEST(Grow, AnnualRate) {
  const Preparation two_years = Growth(GrowthMethod::kAnnualRate, 2);
  EXPECT_THAT(Grow(two_years, {121, -4, 0}, {{0, 0, 0}, {100, 1, 1}}, {0, 0, 0}),
              ElementsAre(DoubleNear(0.1, 1e-15), IsNone(), -1));
}

TEST(Grow, AgainstSiblings) {
  const Sets siblings = {0, 0, 1, 1, -1};
  EXPECT_THAT(Grow(Growth(GrowthMethod::kOfSiblings), {1, 3, 5, kNone, 2}, {}, siblings),
              ElementsAre(0.5, 1.5, 1, IsNone(), IsNone()));
  EXPECT_THAT(Grow(Growth(GrowthMethod::kAboveSiblings), {1, 3, -5, 5, 2}, {}, siblings),
              ElementsAre(-1, 1, -5, 5, IsNone()));
  // A mean of 0 is nothing to be a multiple of.
  EXPECT_THAT(Grow(Growth(GrowthMethod::kOfSiblings), {-5, 5}, {}, {0, 0}),
              ElementsAre(IsNone(), IsNone()));
}

TEST(Grow, AgainstItsOwnCycle) {
  // Means of 6 and 5; mean distances of 8/3 and 0.
  EXPECT_THAT(
      Grow(Growth(GrowthMethod::kCyclical, 3), {10, 5, 1}, {{4, 5, 1}, {4, 5, kNone}}, {0, 0, 0}),
      ElementsAre(DoubleNear(1.5, 1e-15), IsNone(), IsNone()));
  EXPECT_THAT(Grow(Growth(GrowthMethod::kCyclical, 3), {10}, {{4}}, {0}), ElementsAre(IsNone()));
}

TEST(Denominate, LeavesNothingWithoutADenominator) {
  FigureColumn figures = {6, 6, 6, kNone};
  Denominate({2, 0, kNone, 3}, figures);
  EXPECT_THAT(figures, ElementsAre(3, IsNone(), IsNone(), IsNone()));
}

FigureColumn Imputed(ImputationMethod method, FigureColumn figures, bool falling = false) {
  const Sets all = {0, 0, 0, 0, 0, -1};
  const Sets groups = {0, 0, 0, 1, -1, -1};
  const Sets siblings = {0, 1, 1, 1, 1, -1};
  const FigureColumn previous = {1, 2, 3, 4, kNone, 6};
  Donors donors;
  donors.all = &all;
  donors.groups = &groups;
  donors.siblings = &siblings;
  donors.previous = &previous;
  donors.falling = falling;
  const FigureColumn before = figures;
  const std::vector<bool> imputed = Impute(method, donors, figures);
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    EXPECT_EQ(imputed[unit], std::isnan(before[unit]) && !std::isnan(figures[unit])) << unit;
  }
  return figures;
}

TEST(Impute, FillsInForUnitsThatTakePart) {
  // The last unit takes no part, so its figure stands in for nobody and it gets none.
  const FigureColumn figures = {2, 7, kNone, kNone, kNone, 100};
  const auto is = [](double third, double fourth, double fifth) {
    const auto figure = [](double value) {
      return std::isnan(value) ? ::testing::Matcher<double>(IsNone())
                               : ::testing::Matcher<double>(value);
    };
    return ElementsAre(2, 7, figure(third), figure(fourth), figure(fifth), 100);
  };
  EXPECT_THAT(Imputed(ImputationMethod::kNone, figures), is(kNone, kNone, kNone));
  EXPECT_THAT(Imputed(ImputationMethod::kMean, figures), is(4.5, 4.5, 4.5));
  EXPECT_THAT(Imputed(ImputationMethod::kMedian, figures), is(4.5, 4.5, 4.5));
  EXPECT_THAT(Imputed(ImputationMethod::kGroupMean, figures), is(4.5, kNone, kNone));
  EXPECT_THAT(Imputed(ImputationMethod::kGroupMedian, figures), is(4.5, kNone, kNone));
  EXPECT_THAT(Imputed(ImputationMethod::kSiblingMean, figures), is(7, 7, 7));
  EXPECT_THAT(Imputed(ImputationMethod::kPreviousPeriod, figures), is(3, 4, kNone));
  EXPECT_THAT(Imputed(ImputationMethod::kZero, figures), is(0, 0, 0));
  EXPECT_THAT(Imputed(ImputationMethod::kWorst, figures), is(2, 2, 2));
  EXPECT_THAT(Imputed(ImputationMethod::kWorst, figures, /*falling=*/true), is(7, 7, 7));
}

TEST(Impute, OfNobodyIsNothing) {
  const FigureColumn nothing(6, kNone);
  for (ImputationMethod method : {ImputationMethod::kMean, ImputationMethod::kMedian,
                                  ImputationMethod::kGroupMedian, ImputationMethod::kWorst}) {
    for (double figure : Imputed(method, nothing)) EXPECT_TRUE(std::isnan(figure));
  }
}

TEST(Impute, MedianOfAnOddNumber) {
  EXPECT_EQ(Imputed(ImputationMethod::kMedian, {1, 9, 4, kNone, kNone, 0})[3], 4);
}

Treatment With(TreatmentMethod method) {
  Treatment treatment;
  treatment.method = method;
  return treatment;
}

// What becomes of a column.
FigureColumn Treated(const Treatment& treatment, FigureColumn figures) {
  const Transform transform = FindTransform(treatment, figures);
  for (double& figure : figures) figure = transform.Of(figure);
  return figures;
}

// 20 figures from 0 to 1 and one or more far away.
FigureColumn WithOutliers(const FigureColumn& outliers) {
  FigureColumn figures;
  for (int i = 0; i < 20; ++i) figures.push_back(i / 19.0);
  figures.insert(figures.end(), outliers.begin(), outliers.end());
  return figures;
}

TEST(Treat, LeavesWhatPasses) {
  for (TreatmentMethod method : {TreatmentMethod::kNone, TreatmentMethod::kWinsorise,
                                 TreatmentMethod::kLog, TreatmentMethod::kBoxCox}) {
    EXPECT_EQ(Treated(With(method), {1, 2, 3, 4, 5}), FigureColumn({1, 2, 3, 4, 5}));
    EXPECT_EQ(Treated(With(method), {1, 2, 100}), FigureColumn({1, 2, 100}));
    EXPECT_EQ(Treated(With(method), {}), FigureColumn());
  }
}

TEST(Treat, WinsorisesFromAbove) {
  FigureColumn expected = WithOutliers({1, 1});
  EXPECT_EQ(Treated(With(TreatmentMethod::kWinsorise), WithOutliers({50, 80})), expected);
  EXPECT_EQ(FindTransform(With(TreatmentMethod::kWinsorise), WithOutliers({50, 80})).moved, 2);
}

TEST(Treat, WinsorisesFromBelow) {
  const Transform transform = FindTransform(With(TreatmentMethod::kWinsorise), WithOutliers({-90}));
  EXPECT_EQ(transform.moved, 1);
  EXPECT_EQ(transform.Of(-90), 0);
  EXPECT_EQ(transform.Of(-1e9), 0);
  EXPECT_EQ(transform.Of(0.5), 0.5);
}

TEST(Treat, TakesTheLogarithmWhereMovingDoesNotHelp) {
  Treatment treatment = With(TreatmentMethod::kWinsorise);
  treatment.moved_max = 1;
  const FigureColumn figures = WithOutliers({50, 80});
  const Transform transform = FindTransform(treatment, figures);
  EXPECT_EQ(transform.curve, Transform::Curve::kLogarithm);
  EXPECT_EQ(transform.moved, 0);
  EXPECT_DOUBLE_EQ(transform.Of(80), std::log(80.8));
  EXPECT_DOUBLE_EQ(transform.Of(0), std::log(0.8));
  EXPECT_DOUBLE_EQ(transform.Of(-5), std::log(0.8)) << "below every peer, later";
  EXPECT_TRUE(std::isnan(transform.Of(kNone)));
}

TEST(Treat, NeverMovesEverybodyToOneFigure) {
  FigureColumn figures(12, 3);
  figures.push_back(10);
  const Transform transform = FindTransform(With(TreatmentMethod::kWinsorise), figures);
  EXPECT_EQ(transform.curve, Transform::Curve::kLogarithm);
  EXPECT_LT(transform.Of(3), transform.Of(10));
}

TEST(Treat, Logarithm) {
  const FigureColumn treated = Treated(With(TreatmentMethod::kLog), WithOutliers({50, 80}));
  EXPECT_EQ(treated.front(), 0);
  EXPECT_DOUBLE_EQ(treated.back(), std::log(81.0));
}

TEST(Treat, ClipsWhateverTheShape) {
  Treatment treatment = With(TreatmentMethod::kClip);
  treatment.lower_quantile = 0.25;
  treatment.upper_quantile = 0.9;
  EXPECT_THAT(Treated(treatment, {1, 2, 3, 4, kNone}),
              ElementsAre(1.75, 2, 3, DoubleNear(3.7, 1e-15), IsNone()));
  EXPECT_EQ(FindTransform(treatment, {1, 2, 3, 4}).moved, 2);
  EXPECT_EQ(Treated(treatment, {7}), FigureColumn({7}));
}

TEST(Treat, BoxCox) {
  Treatment treatment = With(TreatmentMethod::kBoxCox);
  treatment.lambda = 0.5;
  FigureColumn figures = WithOutliers({49, 81});
  EXPECT_DOUBLE_EQ(Treated(treatment, figures).back(), 16);
  EXPECT_TRUE(std::isnan(Treated(treatment, figures).front())) << "0 has no power";
  treatment.lambda = 0;
  EXPECT_DOUBLE_EQ(Treated(treatment, figures).back(), std::log(81.0));
}

TEST(Treat, LimitsAreParameters) {
  Treatment treatment = With(TreatmentMethod::kWinsorise);
  treatment.skewness_limit = 100;
  EXPECT_EQ(Treated(treatment, WithOutliers({50, 80})), WithOutliers({50, 80}));
}

}  // namespace
}  // namespace terrace::scoring::engine
