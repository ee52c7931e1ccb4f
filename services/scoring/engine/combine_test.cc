// How children combine: by hand, the undefined cases of every method, and Copeland over units.
#include "services/scoring/engine/combine.h"

#include <cmath>

#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

constexpr int64_t kOne = kFixedUnitsPerOne;

Fixed Points(int64_t whole) { return Fixed::FromInteger(whole); }
Member Of(int64_t value, int64_t weight = 1) { return {Points(value), Points(weight)}; }

using Members = std::vector<Member>;

constexpr Combination kByWeight[] = {
    Combination::kArithmetic, Combination::kGeometric,       Combination::kHarmonic,
    Combination::kPower,      Combination::kMazziottaPareto, Combination::kMazziottaParetoPlus};
constexpr Combination kAll[] = {
    Combination::kArithmetic, Combination::kGeometric,       Combination::kHarmonic,
    Combination::kPower,      Combination::kMedian,          Combination::kMin,
    Combination::kMax,        Combination::kMazziottaPareto, Combination::kMazziottaParetoPlus};

// In 1e-12; by hand to the digits given.
void ExpectNear(const absl::optional<Fixed>& found, double expected) {
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(ToDouble(*found), expected, 1e-11);
}

TEST(CombineTest, ByHand) {
  const Members two = {Of(40, 1), Of(90, 3)};
  EXPECT_EQ(Combine(Combination::kArithmetic, 1, two), Fixed::FromUnits(77'500'000'000'000));
  ExpectNear(Combine(Combination::kGeometric, 1, two), 73.4846922834953);  // (40 * 90^3)^(1/4)
  ExpectNear(Combine(Combination::kHarmonic, 1, two), 68.5714285714286);   // 4 / (1/40 + 3/90)
  ExpectNear(Combine(Combination::kPower, 2, two), 80.4673846971554);      // sqrt(25900 / 4)
  ExpectNear(Combine(Combination::kPower, 1, two), 77.5);
  ExpectNear(Combine(Combination::kPower, -1, two), 68.5714285714286);
  EXPECT_EQ(Combine(Combination::kMin, 1, two), Points(40));
  EXPECT_EQ(Combine(Combination::kMax, 1, two), Points(90));
  EXPECT_EQ(Combine(Combination::kMedian, 1, two), Points(65));
  EXPECT_EQ(Combine(Combination::kMedian, 1, Members{Of(9), Of(1), Of(4), Of(4), Of(2)}),
            Points(4));
  // Variance (37.5^2 + 3 * 12.5^2) / 4 = 468.75, over the mean 6.048387096774194.
  ExpectNear(Combine(Combination::kMazziottaPareto, 1, two), 77.5 - 6.048387096774194);
  ExpectNear(Combine(Combination::kMazziottaParetoPlus, 1, two), 77.5 + 6.048387096774194);
}

TEST(CombineTest, RoundsOnceHalfAwayFromZero) {
  const Members two_units = {{Fixed::FromUnits(1), Points(1)}, {Fixed::FromUnits(0), Points(1)}};
  EXPECT_EQ(Combine(Combination::kArithmetic, 1, two_units), Fixed::FromUnits(1));
  EXPECT_EQ(Combine(Combination::kMedian, 1, two_units), Fixed::FromUnits(1));
  const Members below = {{Fixed::FromUnits(-1), Points(1)}, {Fixed::FromUnits(0), Points(1)}};
  EXPECT_EQ(Combine(Combination::kArithmetic, 1, below), Fixed::FromUnits(-1));
}

TEST(CombineTest, NothingMakesNothing) {
  for (Combination combination : kAll) {
    EXPECT_EQ(Combine(combination, 2, {}), absl::nullopt);
  }
}

TEST(CombineTest, WeightsOfZeroLeaveOut) {
  for (Combination combination : kByWeight) {
    EXPECT_EQ(Combine(combination, 2, Members{Of(40, 0), Of(90, 0)}), absl::nullopt);
    ExpectNear(Combine(combination, 2, Members{Of(0, 0), Of(90, 2)}), 90);
  }
  // Where weights do not matter, they do not leave out either.
  EXPECT_EQ(Combine(Combination::kMin, 1, Members{Of(40, 0), Of(90, 1)}), Points(40));
  EXPECT_EQ(Combine(Combination::kMedian, 1, Members{Of(40, 0), Of(90, 0)}), Points(65));
}

TEST(CombineTest, OneChildIsTheNode) {
  for (Combination combination : kAll) {
    for (int64_t value : {0, 1, 37, 100}) {
      ExpectNear(Combine(combination, 3, Members{Of(value, 7)}), static_cast<double>(value));
    }
  }
}

TEST(CombineTest, ZerosAndNumbersBelow) {
  const Members zero = {Of(0), Of(80)};
  const Members below = {Of(-10), Of(80)};
  EXPECT_EQ(Combine(Combination::kGeometric, 1, zero), Fixed());
  EXPECT_EQ(Combine(Combination::kHarmonic, 1, zero), Fixed());
  EXPECT_EQ(Combine(Combination::kPower, -2, zero), Fixed());
  ExpectNear(Combine(Combination::kPower, 2, zero), 56.5685424949238);
  EXPECT_EQ(Combine(Combination::kGeometric, 1, below), Fixed());
  EXPECT_EQ(Combine(Combination::kHarmonic, 1, below), Fixed());
  EXPECT_EQ(Combine(Combination::kPower, -1, below), Fixed());
  ExpectNear(Combine(Combination::kPower, 2, below), 56.5685424949238);  // As if it were 0.
  EXPECT_EQ(Combine(Combination::kArithmetic, 1, below), Points(35));
  EXPECT_EQ(Combine(Combination::kMin, 1, below), Points(-10));
  EXPECT_EQ(Combine(Combination::kPower, 2, Members{Of(0), Of(0)}), Fixed());
  EXPECT_EQ(Combine(Combination::kPower, 2, Members{Of(-1), Of(-3)}), Fixed());
}

TEST(CombineTest, MazziottaParetoHasAFloorAndNoMeanToDivideBy) {
  EXPECT_EQ(Combine(Combination::kMazziottaPareto, 1, Members{Of(90), Of(0), Of(0)}), Fixed());
  EXPECT_EQ(Combine(Combination::kMazziottaPareto, 1, Members{Of(0), Of(0)}), Fixed());
  EXPECT_EQ(Combine(Combination::kMazziottaPareto, 1, Members{Of(-30), Of(10)}), Points(-10));
  EXPECT_EQ(Combine(Combination::kMazziottaParetoPlus, 1, Members{Of(-10), Of(10)}), Fixed());
}

TEST(CombineTest, GreatExponentsDoNotOverflow) {
  const Members two = {Of(40), Of(90)};
  ExpectNear(Combine(Combination::kPower, 100, two), 90 * std::pow(0.5, 0.01));
  ExpectNear(Combine(Combination::kPower, -100, two), 40 * std::pow(0.5, -0.01));
  EXPECT_EQ(Combine(Combination::kMazziottaParetoPlus, 1, Members{Of(999'999, 1), Of(0, 1)}),
            Points(999'999));  // Twice the mean.
}

TEST(CombineTest, BringsSharesToTheScaleOfTheNode) {
  EXPECT_EQ(OnScale(Points(100), Points(3), Points(4)), Points(75));
  EXPECT_EQ(OnScale(Points(4), Points(-3), Points(4)), Points(-3));
  EXPECT_EQ(OnScale(Points(1), Points(2), Points(3)), Fixed::FromUnits(666'666'666'667));
  EXPECT_EQ(OnScale(Points(10'000), Points(999'999), Fixed::FromUnits(1)),
            Fixed::FromUnits(kFixedUnitsMax));
}

}  // namespace
}  // namespace terrace::scoring::engine
