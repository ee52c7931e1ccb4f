// Exact decimal numbers: points, weights, thresholds, rates, quantities.
//
// Concept. A Decimal is an integer of at most 18 digits with a decimal point somewhere in it. On
// the wire it is terrace.types.v1.Decimal, a canonical string, so that two equal numbers are equal
// bytes and no binary fraction ever comes near a threshold. Canonical: optional "-", no leading
// zeros, no trailing fractional zeros, no exponent, no "-0", and at most 18 digits in all, the zero
// before the point included: "0", "-3.5", "93.52", "0.001".
//
// Decimals are compared and shown; sums, products and quotients are taken in fixed.h.
//
// Thread-safety. A plain value.
#ifndef TERRACE_COMMON_BASE_DECIMAL_H_
#define TERRACE_COMMON_BASE_DECIMAL_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace {

class Decimal {
 public:
  // Digits that the canonical string may have.
  static constexpr int kDigitsMax = 18;

  constexpr Decimal() = default;  // Zero.
  // Any whole number of at most 18 digits; checked.
  static absl::StatusOr<Decimal> FromInteger(int64_t value, absl::string_view field = "value");
  // unscaled / 10^decimals, made canonical. NUMBER_OUT_OF_RANGE with more than 18 digits.
  static absl::StatusOr<Decimal> FromUnscaled(int64_t unscaled, int decimals,
                                              absl::string_view field = "value");

  // Reads the canonical form only, as the wire demands. `field` names the place in errors.
  // INVALID_NUMBER for anything else ("NaN", "1e9", "+1", "01", "1.0", ""); NUMBER_OUT_OF_RANGE for
  // a number in canonical form that has more than 18 digits.
  static absl::StatusOr<Decimal> Parse(absl::string_view text, absl::string_view field);
  // Also reads what people write in tables: surrounding spaces, "+", leading zeros, trailing
  // fractional zeros, ".5", "5." and thousands separators at the right places ("33,700.0").
  static absl::StatusOr<Decimal> ParseLoose(absl::string_view text, absl::string_view field);

  // Canonical.
  std::string ToString() const;
  // With exactly `decimals` (0..17) fractional digits, rounded half away from zero: "95.02",
  // "95.00".
  std::string ToString(int decimals) const;

  // Rounded half away from zero to at most `decimals` (0..17) fractional digits.
  Decimal Rounded(int decimals) const;

  // The value is unscaled() / 10^decimals(), with the least possible decimals().
  constexpr int64_t unscaled() const { return unscaled_; }
  constexpr int decimals() const { return decimals_; }
  constexpr bool is_zero() const { return unscaled_ == 0; }
  constexpr int sign() const { return unscaled_ < 0 ? -1 : unscaled_ > 0 ? 1 : 0; }

  // By value; exact.
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) = default;

 private:
  constexpr Decimal(int64_t unscaled, int decimals) : unscaled_(unscaled), decimals_(decimals) {}

  int64_t unscaled_ = 0;
  int decimals_ = 0;
};

// From and to the wire. A message that is present must hold a number: an empty string is
// INVALID_NUMBER.
absl::StatusOr<Decimal> FromProto(const types::v1::Decimal& wire, absl::string_view field);
types::v1::Decimal ToProto(const Decimal& value);

// INVALID_NUMBER or NUMBER_OUT_OF_RANGE unless `text` is canonical.
absl::Status CheckDecimal(absl::string_view text, absl::string_view field);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_DECIMAL_H_
