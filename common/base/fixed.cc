#include "common/base/fixed.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace terrace {
namespace {

int64_t Power(int exponent) {
  int64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

uint128_t Magnitude(int128_t value) {
  return value < 0 ? -static_cast<uint128_t>(value) : static_cast<uint128_t>(value);
}

int128_t WithSign(uint128_t magnitude, bool negative) {
  return negative ? -static_cast<int128_t>(magnitude) : static_cast<int128_t>(magnitude);
}

std::string Digits(uint128_t value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value > 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

absl::Status OutOfRange(std::string value, absl::string_view field, absl::string_view range) {
  return Error(
      Reason::NUMBER_OUT_OF_RANGE,
      {{"value", std::move(value)}, {"field", std::string(field)}, {"range", std::string(range)}});
}

constexpr absl::string_view kFixedRange = "-1000000 to 1000000 (exclusive)";

// Half away from zero; the divisor is positive.
int128_t DivideRounded(int128_t value, int128_t divisor) {
  const uint128_t magnitude = Magnitude(value);
  const uint128_t by = static_cast<uint128_t>(divisor);
  uint128_t quotient = magnitude / by;
  const uint128_t rest = magnitude - quotient * by;
  if (rest >= by - rest) ++quotient;  // rest >= by / 2 without losing the half of an odd `by`.
  return WithSign(quotient, value < 0);
}

template <class Integer>
Integer DivideDown(Integer value, Integer divisor) {
  const Integer quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// An unsigned integer of 256 bits: what a product of two sums takes.
struct Wide {
  uint128_t high = 0;
  uint128_t low = 0;
};

Wide MultiplyWide(uint128_t a, uint128_t b) {
  constexpr uint128_t kMask = ~uint64_t{0};
  const uint128_t a0 = a & kMask, a1 = a >> 64, b0 = b & kMask, b1 = b >> 64;
  const uint128_t low = a0 * b0;
  const uint128_t middle1 = a1 * b0 + (low >> 64);
  const uint128_t middle2 = a0 * b1 + (middle1 & kMask);
  return {a1 * b1 + (middle1 >> 64) + (middle2 >> 64), (middle2 << 64) | (low & kMask)};
}

// value / by, half up; false when the quotient exceeds 127 bits. `by` is below 2^127.
bool DivideWide(Wide value, uint128_t by, uint128_t* quotient) {
  if (value.high >= by) return false;
  uint128_t rest = value.high;
  uint128_t out = 0;
  if (rest == 0) {  // As nearly always.
    out = value.low / by;
    rest = value.low - out * by;
  } else {
    for (int bit = 127; bit >= 0; --bit) {
      rest = (rest << 1) | ((value.low >> bit) & 1);
      out <<= 1;
      if (rest >= by) {
        rest -= by;
        out |= 1;
      }
    }
  }
  if (rest >= by - rest) ++out;
  *quotient = out;
  return (out >> 127) == 0;
}

absl::StatusOr<Fixed> NarrowUnits(int128_t units, absl::string_view field) {
  if (units > kFixedUnitsMax || units < -int128_t{kFixedUnitsMax}) {
    return OutOfRange(FormatSum(FixedSum::FromUnits(units)), field, kFixedRange);
  }
  return Fixed::FromUnits(static_cast<int64_t>(units));
}

// value * numerator / denominator, all in units of one kind.
absl::StatusOr<Fixed> Ratio(int128_t value, int128_t numerator, int128_t denominator,
                            absl::string_view field) {
  if (denominator == 0) return OutOfRange("0", field, "denominators other than 0");
  const uint128_t by = Magnitude(denominator);
  uint128_t quotient = 0;
  if ((by >> 127) != 0 ||
      !DivideWide(MultiplyWide(Magnitude(value), Magnitude(numerator)), by, &quotient)) {
    return OutOfRange("The quotient", field, kFixedRange);
  }
  const bool negative = (value < 0) != ((numerator < 0) != (denominator < 0));
  return NarrowUnits(WithSign(quotient, negative), field);
}

}  // namespace

Fixed Fixed::FromUnits(int64_t units) {
  TERRACE_CHECK(-kFixedUnitsMax <= units && units <= kFixedUnitsMax);
  return Fixed(units);
}

Fixed Fixed::FromInteger(int64_t value) {
  TERRACE_CHECK(-1'000'000 < value && value < 1'000'000);
  return Fixed(value * kFixedUnitsPerOne);
}

absl::StatusOr<Fixed> FixedFromDecimal(const Decimal& value, absl::string_view field) {
  if (value.decimals() > kFixedDecimals) {
    return OutOfRange(value.ToString(), field,
                      absl::StrCat("numbers of at most ", kFixedDecimals, " decimals"));
  }
  return NarrowUnits(int128_t{value.unscaled()} * Power(kFixedDecimals - value.decimals()), field);
}

FixedSum FixedSumFromDecimal(const Decimal& value) {
  if (value.decimals() <= kFixedDecimals) {
    return FixedSum::FromUnits(int128_t{value.unscaled()} *
                               Power(kFixedDecimals - value.decimals()));
  }
  return FixedSum::FromUnits(
      DivideRounded(value.unscaled(), Power(value.decimals() - kFixedDecimals)));
}

absl::StatusOr<Fixed> FixedFromDouble(double value, absl::string_view field) {
  if (!std::isfinite(value)) {
    return Error(Reason::INVALID_NUMBER,
                 {{"value", absl::StrCat(value)}, {"field", std::string(field)}});
  }
  if (std::abs(value) >= 1e6) return OutOfRange(absl::StrCat(value), field, kFixedRange);
  return NarrowUnits(static_cast<int64_t>(std::round(value * kFixedUnitsPerOne)), field);
}

double ToDouble(Fixed value) { return static_cast<double>(value.units()) / kFixedUnitsPerOne; }

Decimal ToDecimal(Fixed value) { return *Decimal::FromUnscaled(value.units(), kFixedDecimals); }

Decimal ToDecimal(Fixed value, int decimals) { return ToDecimal(value).Rounded(decimals); }

absl::StatusOr<Decimal> ToDecimal(FixedSum value, int decimals, absl::string_view field) {
  TERRACE_CHECK(0 <= decimals && decimals <= kFixedDecimals);
  int128_t unscaled = DivideRounded(value.units(), Power(kFixedDecimals - decimals));
  while (decimals > 0 && unscaled % 10 == 0) {
    unscaled /= 10;
    --decimals;
  }
  if (Magnitude(unscaled) > uint128_t{kFixedUnitsMax}) {  // 18 nines.
    return OutOfRange(FormatSum(value), field,
                      absl::StrCat("numbers of at most ", Decimal::kDigitsMax, " digits"));
  }
  return Decimal::FromUnscaled(static_cast<int64_t>(unscaled), decimals, field);
}

absl::StatusOr<Fixed> Narrow(FixedSum value, absl::string_view field) {
  return NarrowUnits(value.units(), field);
}

std::string FormatSum(FixedSum value) {
  std::string digits = Digits(Magnitude(value.units()));
  if (digits.size() <= kFixedDecimals) digits.insert(0, kFixedDecimals + 1 - digits.size(), '0');
  digits.insert(digits.size() - kFixedDecimals, 1, '.');
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return value.units() < 0 ? absl::StrCat("-", digits) : digits;
}

absl::StatusOr<FixedSum> ParseSum(absl::string_view text, absl::string_view field) {
  const auto invalid = [&] {
    return Error(Reason::INVALID_NUMBER,
                 {{"value", QuoteText(text)}, {"field", std::string(field)}});
  };
  absl::string_view rest = text;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  uint128_t units = 0;
  int decimals = -1;  // Digits after the point; -1 before one was seen.
  for (char c : rest) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (absl::ascii_isdigit(c) && decimals < kFixedDecimals) {
      if (units > static_cast<uint128_t>(kFixedSumUnitsMax)) break;  // Told below.
      units = units * 10 + (c - '0');
      if (decimals >= 0) ++decimals;
    } else {
      return invalid();
    }
  }
  for (int missing = kFixedDecimals - std::max(decimals, 0); missing > 0; --missing) {
    if (units > static_cast<uint128_t>(kFixedSumUnitsMax)) break;
    units *= 10;
  }
  if (units > static_cast<uint128_t>(kFixedSumUnitsMax)) {
    return OutOfRange(QuoteText(text), field, "sums below 10^25");
  }
  const FixedSum value = FixedSum::FromUnits(WithSign(units, negative));
  // One number, one text: whatever is written differently was not canonical.
  if (FormatSum(value) != std::string(text)) return invalid();
  return value;
}

absl::StatusOr<Fixed> Multiply(Fixed a, Fixed b, absl::string_view field) {
  return NarrowUnits(DivideRounded(int128_t{a.units()} * b.units(), kFixedUnitsPerOne), field);
}

absl::StatusOr<Fixed> Divide(FixedSum numerator, FixedSum denominator, absl::string_view field) {
  return Ratio(kFixedUnitsPerOne, numerator.units(), denominator.units(), field);
}

absl::StatusOr<Fixed> MultiplyDivide(Fixed value, FixedSum numerator, FixedSum denominator,
                                     absl::string_view field) {
  return Ratio(value.units(), numerator.units(), denominator.units(), field);
}

FixedSum Round(FixedSum value, int decimals) {
  TERRACE_CHECK(0 <= decimals && decimals <= kFixedDecimals);
  const int64_t step = Power(kFixedDecimals - decimals);
  return FixedSum::FromUnits(DivideRounded(value.units(), step) * step);
}

std::vector<FixedSum> Apportion(absl::Span<const Fixed> parts, FixedSum total, int decimals) {
  TERRACE_CHECK(0 <= decimals && decimals <= kFixedDecimals);
  std::vector<FixedSum> shown(parts.size());
  if (parts.empty()) return shown;
  const int64_t step = Power(kFixedDecimals - decimals);
  int128_t missing =
      DivideRounded(total.units(), step);  // In steps, after the parts are taken off.
  for (size_t i = 0; i < parts.size(); ++i) {
    const int64_t steps = DivideDown(parts[i].units(), step);
    shown[i] = FixedSum::FromUnits(steps * step);
    missing -= steps;
  }
  const auto count = static_cast<int128_t>(parts.size());
  const int128_t each = DivideDown(missing, count);
  const auto extra = static_cast<size_t>(missing - each * count);  // Below `count`.
  std::vector<size_t> order(extra > 0 ? parts.size() : 0);
  if (extra > 0) {  // Only who gets one more matters, not the order among them.
    std::iota(order.begin(), order.end(), size_t{0});
    const auto remainder = [&](size_t i) { return parts[i].units() - shown[i].units(); };
    std::nth_element(order.begin(), order.begin() + extra, order.end(), [&](size_t a, size_t b) {
      const int128_t more = remainder(a) - remainder(b);
      return more > 0 || (more == 0 && a < b);
    });
  }
  if (each != 0) {
    for (FixedSum& part : shown) part += FixedSum::FromUnits(each * step);
  }
  for (size_t i = 0; i < extra; ++i) shown[order[i]] += FixedSum::FromUnits(step);
  return shown;
}

}  // namespace terrace
