#include "common/base/decimal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace terrace {
namespace {

constexpr int64_t kPowers[] = {1,
                               10,
                               100,
                               1'000,
                               10'000,
                               100'000,
                               1'000'000,
                               10'000'000,
                               100'000'000,
                               1'000'000'000,
                               10'000'000'000,
                               100'000'000'000,
                               1'000'000'000'000,
                               10'000'000'000'000,
                               100'000'000'000'000,
                               1'000'000'000'000'000,
                               10'000'000'000'000'000,
                               100'000'000'000'000'000,
                               1'000'000'000'000'000'000};

absl::Status NotANumber(absl::string_view text, absl::string_view field) {
  return Error(Reason::INVALID_NUMBER, {{"value", QuoteText(text)}, {"field", std::string(field)}});
}

absl::Status OutOfRange(absl::string_view text, absl::string_view field) {
  return Error(Reason::NUMBER_OUT_OF_RANGE,
               {{"value", QuoteText(text)},
                {"field", std::string(field)},
                {"range", absl::StrCat("numbers of at most ", Decimal::kDigitsMax, " digits")}});
}

// Digits that unscaled / 10^decimals shows in canonical form.
int ShownDigits(int64_t unscaled, int decimals) {
  uint64_t rest = unscaled < 0 ? -static_cast<uint64_t>(unscaled) : unscaled;
  int digits = 0;
  for (; rest > 0; rest /= 10) ++digits;
  return std::max(digits, decimals + 1);
}

bool AllDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

// Takes thousands separators out of a whole part; false when one stands in the wrong place.
bool Ungroup(absl::string_view whole, std::string* out) {
  const std::vector<absl::string_view> groups = absl::StrSplit(whole, ',');
  for (size_t i = 0; i < groups.size(); ++i) {
    const size_t size = groups[i].size();
    if (!AllDigits(groups[i])) return false;
    if (groups.size() > 1 && (i == 0 ? size < 1 || size > 3 : size != 3)) return false;
    absl::StrAppend(out, groups[i]);
  }
  return true;
}

}  // namespace

absl::StatusOr<Decimal> Decimal::FromInteger(int64_t value, absl::string_view field) {
  return FromUnscaled(value, 0, field);
}

absl::StatusOr<Decimal> Decimal::FromUnscaled(int64_t unscaled, int decimals,
                                              absl::string_view field) {
  TERRACE_CHECK(decimals >= 0);
  while (decimals > 0 && unscaled % 10 == 0) {
    unscaled /= 10;
    --decimals;
  }
  if (ShownDigits(unscaled, decimals) > kDigitsMax) {
    return OutOfRange(absl::StrCat(unscaled, "e-", decimals), field);
  }
  return Decimal(unscaled, decimals);
}

absl::StatusOr<Decimal> Decimal::Parse(absl::string_view text, absl::string_view field) {
  absl::string_view rest = text;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  const size_t point = rest.find('.');
  const absl::string_view whole = rest.substr(0, point);
  const absl::string_view fraction =
      point == absl::string_view::npos ? absl::string_view() : rest.substr(point + 1);
  const bool canonical =
      !whole.empty() && AllDigits(whole) && AllDigits(fraction) &&
      (whole == "0" || whole.front() != '0') &&
      (point == absl::string_view::npos || (!fraction.empty() && fraction.back() != '0')) &&
      !(negative && whole == "0" && fraction.empty());
  if (!canonical) return NotANumber(text, field);
  if (whole.size() + fraction.size() > kDigitsMax) return OutOfRange(text, field);
  int64_t unscaled = 0;
  for (char c : whole) unscaled = unscaled * 10 + (c - '0');
  for (char c : fraction) unscaled = unscaled * 10 + (c - '0');
  return Decimal(negative ? -unscaled : unscaled, static_cast<int>(fraction.size()));
}

absl::StatusOr<Decimal> Decimal::ParseLoose(absl::string_view text, absl::string_view field) {
  absl::string_view rest = absl::StripAsciiWhitespace(text);
  const bool negative = absl::ConsumePrefix(&rest, "-");
  if (!negative) absl::ConsumePrefix(&rest, "+");
  const size_t point = rest.find('.');
  std::string whole;
  if (!Ungroup(rest.substr(0, point), &whole)) return NotANumber(text, field);
  absl::string_view fraction =
      point == absl::string_view::npos ? absl::string_view() : rest.substr(point + 1);
  if (whole.empty() && fraction.empty()) return NotANumber(text, field);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.empty()) whole.push_back('0');
  while (absl::ConsumeSuffix(&fraction, "0")) {
  }
  const bool zero = whole == "0" && fraction.empty();
  absl::StatusOr<Decimal> value = Parse(
      absl::StrCat(negative && !zero ? "-" : "", whole, fraction.empty() ? "" : ".", fraction),
      field);
  // The caller knows the text that was given, not the form that was tried.
  if (HasReason(value.status(), Reason::INVALID_NUMBER)) return NotANumber(text, field);
  return value;
}

std::string Decimal::ToString() const { return ToString(decimals_); }

std::string Decimal::ToString(int decimals) const {
  TERRACE_CHECK(0 <= decimals && decimals < kDigitsMax);
  const Decimal shown = Rounded(decimals);
  std::string digits = absl::StrCat(shown.unscaled_ < 0 ? -shown.unscaled_ : shown.unscaled_);
  if (digits.size() <= static_cast<size_t>(shown.decimals_)) {
    digits.insert(0, shown.decimals_ + 1 - digits.size(), '0');
  }
  std::string out = shown.unscaled_ < 0 ? "-" : "";
  out.append(digits, 0, digits.size() - shown.decimals_);
  if (decimals > 0) {
    out.push_back('.');
    out.append(digits, digits.size() - shown.decimals_, shown.decimals_);
    out.append(decimals - shown.decimals_, '0');
  }
  return out;
}

Decimal Decimal::Rounded(int decimals) const {
  TERRACE_CHECK(0 <= decimals && decimals < kDigitsMax);
  if (decimals >= decimals_) return *this;
  const int64_t power = kPowers[decimals_ - decimals];
  int64_t quotient = unscaled_ / power;
  const int64_t rest = unscaled_ % power;
  if ((rest < 0 ? -rest : rest) >= power / 2) quotient += unscaled_ < 0 ? -1 : 1;
  // A carry makes one digit more while at least one was dropped: it always fits.
  while (decimals > 0 && quotient % 10 == 0) {
    quotient /= 10;
    --decimals;
  }
  return Decimal(quotient, decimals);
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  // Both sides at the same scale: at most 36 digits.
  __extension__ using Wide = __int128;
  const int decimals = std::max(a.decimals_, b.decimals_);
  const Wide left = Wide{a.unscaled_} * kPowers[decimals - a.decimals_];
  const Wide right = Wide{b.unscaled_} * kPowers[decimals - b.decimals_];
  return left <=> right;
}

absl::StatusOr<Decimal> FromProto(const types::v1::Decimal& wire, absl::string_view field) {
  return Decimal::Parse(wire.value(), field);
}

types::v1::Decimal ToProto(const Decimal& value) {
  types::v1::Decimal wire;
  wire.set_value(value.ToString());
  return wire;
}

absl::Status CheckDecimal(absl::string_view text, absl::string_view field) {
  return Decimal::Parse(text, field).status();
}

}  // namespace terrace
