// Fixed-point numbers in units of 1e-12: what scores are made of.
//
// Concept. A Fixed is one contribution: an int64 count of units of 1e-12, below one million in
// magnitude, so that every Fixed is a canonical Decimal of at most 18 digits and the other way
// round (Decimals of at most 12 fractional digits). A FixedSum is an __int128 of the same units:
// sums of millions of contributions, and raw quantities of up to 18 digits. Integers add in any
// order to the same sum, therefore running sums, moves of subtrees and federation are exact, and
// equal a full recomputation on every replica.
//
// Rounding. Wherever something must be rounded it is rounded once, half away from zero: 0.5 -> 1,
// -0.5 -> -1, as the programmes do. Nothing is ever truncated.
//
// Overflow is an error of the input (NUMBER_OUT_OF_RANGE), never a wrap-around.
//
// Thread-safety. Plain values.
#ifndef TERRACE_COMMON_BASE_FIXED_H_
#define TERRACE_COMMON_BASE_FIXED_H_

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/decimal.h"

namespace terrace {

// __int128 without -Wpedantic complaints.
__extension__ using int128_t = __int128;
__extension__ using uint128_t = unsigned __int128;

inline constexpr int kFixedDecimals = 12;
inline constexpr int64_t kFixedUnitsPerOne = 1'000'000'000'000;     // 10^kFixedDecimals.
inline constexpr int64_t kFixedUnitsMax = 999'999'999'999'999'999;  // 999,999.999999999999.
// Largest magnitude of a FixedSum, 10^37 units (10^25): leaves room for one more decimal digit in
// divisions.
inline constexpr int128_t kFixedSumUnitsMax =
    int128_t{1'000'000'000'000'000'000} * int128_t{1'000'000'000'000'000'000} * 10;

class Fixed {
 public:
  constexpr Fixed() = default;  // Zero.
  // `units` must lie within +-kFixedUnitsMax (CHECKed: use Narrow for computed values).
  static Fixed FromUnits(int64_t units);
  // A whole number below one million in magnitude (CHECKed: for constants, not for input).
  static Fixed FromInteger(int64_t value);

  constexpr int64_t units() const { return units_; }
  friend auto operator<=>(const Fixed&, const Fixed&) = default;
  constexpr Fixed operator-() const { return Fixed(-units_); }

 private:
  explicit constexpr Fixed(int64_t units) : units_(units) {}
  int64_t units_ = 0;
};

// A sum of Fixed values or a wide quantity. Plain + and -: a sum of 10^12 Fixed values cannot
// overflow.
class FixedSum {
 public:
  constexpr FixedSum() = default;                             // Zero.
  constexpr FixedSum(Fixed value) : units_(value.units()) {}  // NOLINT: a Fixed is a FixedSum.
  static constexpr FixedSum FromUnits(int128_t units) { return FixedSum(units); }
  static constexpr FixedSum FromInteger(int64_t value) {
    return FixedSum(int128_t{value} * kFixedUnitsPerOne);
  }

  constexpr int128_t units() const { return units_; }
  constexpr FixedSum& operator+=(FixedSum other) {
    units_ += other.units_;
    return *this;
  }
  constexpr FixedSum& operator-=(FixedSum other) {
    units_ -= other.units_;
    return *this;
  }
  friend constexpr FixedSum operator+(FixedSum a, FixedSum b) { return a += b; }
  friend constexpr FixedSum operator-(FixedSum a, FixedSum b) { return a -= b; }
  friend constexpr auto operator<=>(const FixedSum&, const FixedSum&) = default;

 private:
  explicit constexpr FixedSum(int128_t units) : units_(units) {}
  int128_t units_ = 0;
};

// ---- Conversions.

// Exact. NUMBER_OUT_OF_RANGE from one million on or with more than 12 fractional digits.
absl::StatusOr<Fixed> FixedFromDecimal(const Decimal& value, absl::string_view field);
// Exact for 12 fractional digits, rounded beyond; every Decimal has a FixedSum.
FixedSum FixedSumFromDecimal(const Decimal& value);
// Quantises a double to units of 1e-12. INVALID_NUMBER for NaN and infinities, NUMBER_OUT_OF_RANGE
// from one million on.
absl::StatusOr<Fixed> FixedFromDouble(double value, absl::string_view field);
// The nearest double, for normalisers only.
double ToDouble(Fixed value);
// Exact.
Decimal ToDecimal(Fixed value);
// Rounded to `decimals` (0..12).
Decimal ToDecimal(Fixed value, int decimals);
// Rounded to `decimals` (0..12). NUMBER_OUT_OF_RANGE when that takes more than 18 digits.
absl::StatusOr<Decimal> ToDecimal(FixedSum value, int decimals, absl::string_view field);
// NUMBER_OUT_OF_RANGE when the sum is no Fixed.
absl::StatusOr<Fixed> Narrow(FixedSum value, absl::string_view field);

// Full precision as a decimal string of any length (accumulators on the wire), and back.
// INVALID_NUMBER unless the text is canonical with at most 12 fractional digits,
// NUMBER_OUT_OF_RANGE beyond kFixedSumUnitsMax.
std::string FormatSum(FixedSum value);
absl::StatusOr<FixedSum> ParseSum(absl::string_view text, absl::string_view field);

// ---- Arithmetic, each rounded once, half away from zero.

// a * b.
absl::StatusOr<Fixed> Multiply(Fixed a, Fixed b, absl::string_view field);
// numerator / denominator. NUMBER_OUT_OF_RANGE for a zero denominator too: whoever divides knows
// what an empty denominator means and asks first.
absl::StatusOr<Fixed> Divide(FixedSum numerator, FixedSum denominator, absl::string_view field);
// value * numerator / denominator with an exact product in between.
absl::StatusOr<Fixed> MultiplyDivide(Fixed value, FixedSum numerator, FixedSum denominator,
                                     absl::string_view field);
// To `decimals` (0..12) fractional digits. The result of a Fixed may reach one million exactly,
// hence a FixedSum.
FixedSum Round(FixedSum value, int decimals);

// ---- Apportionment.

// Shown parts that add up to the shown total: every part is rounded down to `decimals` (0..12) and
// the units missing to Round(total, decimals) go to the parts with the largest remainders, the
// earlier one first among equals. No part moves by a whole shown unit, and parts that are exact
// stay exact, provided that `total` is the sum of the parts up to the rounding of each part; a
// total further away is spread evenly over all parts, so that the shown parts add up in any case.
// Empty without parts.
std::vector<FixedSum> Apportion(absl::Span<const Fixed> parts, FixedSum total, int decimals);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_FIXED_H_
