#include "common/base/fixed.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace {
namespace {

Decimal D(absl::string_view text) { return Decimal::Parse(text, "f").value(); }
Fixed F(absl::string_view text) { return FixedFromDecimal(D(text), "f").value(); }
FixedSum S(absl::string_view text) { return ParseSum(text, "f").value(); }
bool OutOfRange(const absl::Status& status) {
  return HasReason(status, Reason::NUMBER_OUT_OF_RANGE);
}

TEST(FixedTest, DecimalsConvertExactly) {
  for (absl::string_view text :
       {"0", "1", "-1", "93.52", "0.000000000001", "999999.999999999999", "-999999.999999999999"}) {
    EXPECT_EQ(ToDecimal(F(text)).ToString(), std::string(text));
  }
  EXPECT_TRUE(OutOfRange(FixedFromDecimal(D("1000000"), "f").status()));
  EXPECT_TRUE(OutOfRange(FixedFromDecimal(D("-1000000"), "f").status()));
  EXPECT_TRUE(OutOfRange(FixedFromDecimal(D("999999999999999999"), "f").status()));
  EXPECT_TRUE(OutOfRange(FixedFromDecimal(D("0.0000000000001"), "f").status()));
}

TEST(FixedTest, EveryDecimalHasASum) {
  EXPECT_EQ(FormatSum(FixedSumFromDecimal(D("999999999999999999"))), "999999999999999999");
  EXPECT_EQ(FormatSum(FixedSumFromDecimal(D("-139000000"))), "-139000000");
  EXPECT_EQ(FormatSum(FixedSumFromDecimal(D("0.0000000000005"))), "0.000000000001");
  EXPECT_EQ(FormatSum(FixedSumFromDecimal(D("-0.0000000000005"))), "-0.000000000001");
  EXPECT_EQ(FormatSum(FixedSumFromDecimal(D("0.00000000000049"))), "0");
}

TEST(FixedTest, DoublesAreQuantisedAtOnce) {
  EXPECT_EQ(FixedFromDouble(0.1, "f")->units(), 100'000'000'000);
  EXPECT_EQ(FixedFromDouble(-0.1, "f")->units(), -100'000'000'000);
  EXPECT_EQ(FixedFromDouble(5e-13, "f")->units(), 1);
  EXPECT_EQ(FixedFromDouble(-5e-13, "f")->units(), -1);
  EXPECT_EQ(FixedFromDouble(-0.0, "f")->units(), 0);
  EXPECT_EQ(FixedFromDouble(1e-300, "f")->units(), 0);
  EXPECT_TRUE(FixedFromDouble(std::nextafter(1e6, 0), "f").ok());
  for (double bad : {std::nan(""), std::numeric_limits<double>::infinity(),
                     -std::numeric_limits<double>::infinity()}) {
    EXPECT_TRUE(HasReason(FixedFromDouble(bad, "f").status(), Reason::INVALID_NUMBER));
  }
  for (double huge : {1e6, -1e6, 1e18, -1e300}) {
    EXPECT_TRUE(OutOfRange(FixedFromDouble(huge, "f").status())) << huge;
  }
}

TEST(FixedTest, MultiplyRoundsOnceHalfAwayFromZero) {
  EXPECT_EQ(*Multiply(F("12.5"), F("0.3"), "f"), F("3.75"));
  EXPECT_EQ(*Multiply(F("0.000000000001"), F("0.5"), "f"), F("0.000000000001"));
  EXPECT_EQ(*Multiply(F("-0.000000000001"), F("0.5"), "f"), F("-0.000000000001"));
  EXPECT_EQ(*Multiply(F("0.000000000001"), F("0.4"), "f"), F("0"));
  EXPECT_TRUE(OutOfRange(Multiply(F("1000"), F("1000"), "f").status()));
  EXPECT_TRUE(OutOfRange(Multiply(F("999999.5"), F("-999999.5"), "f").status()));
}

TEST(FixedTest, DivideRoundsOnceHalfAwayFromZero) {
  EXPECT_EQ(*Divide(S("248"), S("261"), "f"), F("0.950191570881"));
  EXPECT_EQ(*Divide(S("25"), S("30"), "f"), F("0.833333333333"));
  EXPECT_EQ(*Divide(S("-2"), S("3"), "f"), F("-0.666666666667"));
  EXPECT_EQ(*Divide(S("2"), S("-3"), "f"), F("-0.666666666667"));
  EXPECT_EQ(*Divide(S("-2"), S("-3"), "f"), F("0.666666666667"));
  EXPECT_EQ(*Divide(S("0"), S("7"), "f"), F("0"));
  // 1 / 2e12 is half a unit.
  EXPECT_EQ(*Divide(S("1"), S("2000000000000"), "f"), F("0.000000000001"));
  EXPECT_EQ(*Divide(S("1"), S("2000000000001"), "f"), F("0"));
  // Operands of 37 digits.
  EXPECT_EQ(
      *Divide(FixedSum::FromUnits(kFixedSumUnitsMax), FixedSum::FromUnits(kFixedSumUnitsMax), "f"),
      F("1"));
  EXPECT_EQ(*Divide(FixedSum::FromUnits(1), FixedSum::FromUnits(kFixedSumUnitsMax), "f"), F("0"));
  EXPECT_TRUE(OutOfRange(Divide(S("1"), S("0"), "f").status()));
  EXPECT_TRUE(OutOfRange(Divide(S("1000000"), S("1"), "f").status()));
  EXPECT_TRUE(OutOfRange(
      Divide(FixedSum::FromUnits(kFixedSumUnitsMax), FixedSum::FromUnits(1), "f").status()));
}

TEST(FixedTest, MultiplyDivideKeepsTheProductExact) {
  // Points for a target reached by two thirds: rounding in between would give 9.999999999999.
  EXPECT_EQ(*MultiplyDivide(F("15"), S("2"), S("3"), "f"), F("10"));
  EXPECT_EQ(*MultiplyDivide(F("-15"), S("2"), S("3"), "f"), F("-10"));
  EXPECT_EQ(*MultiplyDivide(F("999999.999999999999"), S("999999999999999999"),
                            S("999999999999999999"), "f"),
            F("999999.999999999999"));
  EXPECT_TRUE(OutOfRange(MultiplyDivide(F("1"), S("1"), S("0"), "f").status()));
  EXPECT_TRUE(OutOfRange(MultiplyDivide(F("2"), S("999999"), S("1"), "f").status()));
}

TEST(FixedTest, RoundToShownDecimals) {
  EXPECT_EQ(Round(S("93.525"), 2), S("93.53"));
  EXPECT_EQ(Round(S("-93.525"), 2), S("-93.53"));
  EXPECT_EQ(Round(S("93.524999999999"), 2), S("93.52"));
  EXPECT_EQ(Round(S("999999.5"), 0), S("1000000"));
  EXPECT_EQ(Round(S("1.000000000001"), 12), S("1.000000000001"));
}

TEST(FixedTest, SumsPrintAtFullPrecision) {
  for (absl::string_view text : {"0", "-0.000000000001", "9999999999999999999999999",
                                 "10000000000000000000000000", "62057300.5", "-1"}) {
    EXPECT_EQ(FormatSum(S(text)), std::string(text));
  }
  for (absl::string_view text : {"", "-", "-0", "1.0", "01", "1.", ".1", "+1", "1e3", "NaN",
                                 "0.0000000000001", "1..2", "1-", "一", "1,0", "00"}) {
    EXPECT_TRUE(HasReason(ParseSum(text, "f").status(), Reason::INVALID_NUMBER)) << text;
  }
  EXPECT_TRUE(OutOfRange(ParseSum("10000000000000000000000001", "f").status()));
  EXPECT_TRUE(OutOfRange(ParseSum(std::string(100'000, '7'), "f").status()));
}

TEST(FixedTest, WideSumsBecomeDecimalsWhenTheyFit) {
  EXPECT_EQ(ToDecimal(S("62057300.123456789012"), 10, "f")->ToString(), "62057300.123456789");
  EXPECT_EQ(ToDecimal(S("-62057300.125"), 2, "f")->ToString(), "-62057300.13");
  EXPECT_EQ(ToDecimal(S("999999999999999999"), 12, "f")->ToString(), "999999999999999999");
  EXPECT_TRUE(OutOfRange(ToDecimal(S("1000000000000000000"), 0, "f").status()));
  EXPECT_TRUE(OutOfRange(ToDecimal(S("62057300.12345678901"), 12, "f").status()));
}

std::vector<std::string> Shown(const std::vector<FixedSum>& parts) {
  std::vector<std::string> out;
  for (FixedSum part : parts) out.push_back(FormatSum(part));
  return out;
}

TEST(ApportionTest, ShownPartsAddUpToTheShownTotal) {
  using Strings = std::vector<std::string>;
  // Three thirds of 100: somebody gets the last hundredth, the first among equals.
  const Fixed third = *Divide(S("100"), S("3"), "f");
  EXPECT_EQ(Shown(Apportion({third, third, third}, S("100"), 2)),
            (Strings{"33.34", "33.33", "33.33"}));
  // The largest remainder first.
  EXPECT_EQ(Shown(Apportion({F("1.004"), F("2.009"), F("3.007")}, S("6.02"), 2)),
            (Strings{"1", "2.01", "3.01"}));
  // Deductions.
  EXPECT_EQ(Shown(Apportion({F("100"), F("-0.335"), F("-0.335")}, S("99.33"), 2)),
            (Strings{"100", "-0.33", "-0.34"}));
  EXPECT_EQ(Shown(Apportion({}, S("5"), 2)), Strings{});
  // A total that the parts do not make is spread all the same.
  EXPECT_EQ(Shown(Apportion({F("1"), F("1")}, S("2.05"), 2)), (Strings{"1.03", "1.02"}));
  EXPECT_EQ(Shown(Apportion({F("1"), F("1")}, S("1.95"), 2)), (Strings{"0.98", "0.97"}));
}

TEST(ApportionTest, RandomParts) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const int decimals = static_cast<int>(random() % 5);
    std::vector<Fixed> parts(random() % 12 + 1);
    FixedSum total;
    int64_t step = kFixedUnitsPerOne;
    for (int i = 0; i < decimals; ++i) step /= 10;
    for (Fixed& part : parts) {
      const int64_t units =
          static_cast<int64_t>(random() % 2'000'000'000'000'000) - 1'000'000'000'000'000;
      // Every fourth part is exact as shown.
      part = Fixed::FromUnits(random() % 4 == 0 ? units / step * step : units);
      total += part;
    }
    const std::vector<FixedSum> shown = Apportion(parts, total, decimals);
    FixedSum sum;
    for (size_t i = 0; i < parts.size(); ++i) {
      sum += shown[i];
      const FixedSum change = shown[i] - FixedSum(parts[i]);
      EXPECT_LT(change.units() < 0 ? -change.units() : change.units(), step);
      if (parts[i].units() % step == 0) {
        EXPECT_EQ(change, FixedSum());
      }
    }
    ASSERT_EQ(sum, Round(total, decimals));
  }
}

// Reference: long double cannot hold the digits, so the quotient is checked by multiplying back.
TEST(FixedTest, RandomQuotientsAreWithinHalfAUnit) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const int128_t denominator = static_cast<int128_t>(random() >> (random() % 40)) + 1;
    const int128_t numerator =
        static_cast<int128_t>(random() >> (random() % 60)) * (random() % 2 == 0 ? 1 : -1);
    absl::StatusOr<Fixed> quotient =
        Divide(FixedSum::FromUnits(numerator), FixedSum::FromUnits(denominator), "f");
    if (!quotient.ok()) {
      EXPECT_GE((numerator < 0 ? -numerator : numerator), denominator * 999'999);
      continue;
    }
    // |2 * (n * 10^12 - q * d)| <= d, and an exact half went away from zero.
    const int128_t twice =
        2 * (numerator * kFixedUnitsPerOne - int128_t{quotient->units()} * denominator);
    EXPECT_LE(twice < 0 ? -twice : twice, denominator);
    if (twice == denominator) {
      EXPECT_LT(numerator, 0);
    }
    if (twice == -denominator) {
      EXPECT_GT(numerator, 0);
    }
  }
}

TEST(FixedTest, SumsDoNotDependOnTheOrder) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<Fixed> values(10'000);
  for (Fixed& value : values) {
    value =
        Fixed::FromUnits(static_cast<int64_t>(random() % (2 * kFixedUnitsMax)) - kFixedUnitsMax);
  }
  FixedSum forward, shuffled;
  for (Fixed value : values) forward += value;
  std::shuffle(values.begin(), values.end(), random);
  for (Fixed value : values) shuffled += value;
  EXPECT_EQ(forward, shuffled);
}

}  // namespace
}  // namespace terrace
