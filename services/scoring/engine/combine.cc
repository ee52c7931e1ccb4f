#include "services/scoring/engine/combine.h"

#include <algorithm>
#include <cmath>

#include "absl/container/inlined_vector.h"
#include "services/scoring/engine/indicator.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {
namespace {

// Of numbers that are there.
Fixed Quantised(double value) { return FixedOf(value).value_or(Fixed()); }

int128_t WeightOf(absl::Span<const Member> members) {
  int128_t weight = 0;
  for (const Member& member : members) weight += member.weight.units();
  return weight;
}

// Weights are at most 10,000, values below 1,000,000 and members at most 1,000, so sums of products
// stay below 10^37.
Fixed Mean(absl::Span<const Member> members) {
  int128_t sum = 0;
  for (const Member& member : members) {
    sum += int128_t{member.weight.units()} * member.value.units();
  }
  return Clamped(DivideRounded(sum, WeightOf(members)));
}

// Of all members, or of those that weigh anything; there is one.
Fixed LeastOf(absl::Span<const Member> members, bool weighing) {
  absl::optional<Fixed> least;
  for (const Member& member : members) {
    if (weighing && member.weight == Fixed()) continue;
    least = least ? std::min(*least, member.value) : member.value;
  }
  return *least;
}

// The weighted mean of what `of` makes of the values.
template <class Of>
double MeanOf(absl::Span<const Member> members, Of of) {
  double sum = 0;
  double weight = 0;
  for (const Member& member : members) {
    if (member.weight == Fixed()) continue;
    const double w = ToDouble(member.weight);
    sum += w * of(ToDouble(member.value));
    weight += w;
  }
  return sum / weight;
}

Fixed Geometric(absl::Span<const Member> members) {
  if (LeastOf(members, true) <= Fixed()) return Fixed();
  return Quantised(std::exp(MeanOf(members, [](double value) { return std::log(value); })));
}

Fixed Harmonic(absl::Span<const Member> members) {
  if (LeastOf(members, true) <= Fixed()) return Fixed();
  return Quantised(1 / MeanOf(members, [](double value) { return 1 / value; }));
}

// Taken relative to one of the values, so that no power overflows whatever the exponent.
Fixed Power(double exponent, absl::Span<const Member> members) {
  if (exponent < 0 && LeastOf(members, true) <= Fixed()) return Fixed();
  absl::optional<double> unit;
  for (const Member& member : members) {
    if (member.weight == Fixed()) continue;
    const double value = std::max(ToDouble(member.value), 0.0);
    unit = !unit ? value : exponent < 0 ? std::min(*unit, value) : std::max(*unit, value);
  }
  if (*unit <= 0) return Fixed();
  const double mean = MeanOf(
      members, [&](double value) { return std::pow(std::max(value, 0.0) / *unit, exponent); });
  return Quantised(*unit * std::pow(mean, 1 / exponent));
}

Fixed Median(absl::Span<const Member> members) {
  absl::InlinedVector<Fixed, 32> values;  // No more children than usual, nothing allocated.
  for (const Member& member : members) values.push_back(member.value);
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return Clamped(DivideRounded(int128_t{values[middle - 1].units()} + values[middle].units(), 2));
}

Fixed MazziottaPareto(absl::Span<const Member> members, bool plus) {
  const Fixed mean = Mean(members);
  if (mean <= Fixed()) return mean;
  double squares = 0;
  double weight = 0;
  for (const Member& member : members) {
    const double w = ToDouble(member.weight);
    const double distance =
        static_cast<double>(int128_t{member.value.units()} - mean.units()) / kFixedUnitsPerOne;
    squares += w * distance * distance;
    weight += w;
  }
  const int128_t uneven = Quantised(squares / weight / ToDouble(mean)).units();
  if (plus) return Clamped(mean.units() + uneven);
  return Clamped(std::max(mean.units() - uneven, int128_t{0}));
}

}  // namespace

Fixed OnScale(Fixed points, Fixed earned, Fixed available) {
  if (points == available) return earned;
  // Points are at most 10,000, so the product stays below 10^34 and its half unit fits too.
  return Clamped(DivideRounded(int128_t{points.units()} * earned.units(), available.units()));
}

absl::optional<Fixed> Combine(Combination combination, double exponent,
                              absl::Span<const Member> members) {
  if (members.empty()) return absl::nullopt;
  switch (combination) {
    case Combination::kMedian:
      return Median(members);
    case Combination::kMin:
      return LeastOf(members, false);
    case Combination::kMax: {
      Fixed most = members[0].value;
      for (const Member& member : members) most = std::max(most, member.value);
      return most;
    }
    default:
      break;
  }
  if (WeightOf(members) == 0) return absl::nullopt;
  switch (combination) {
    case Combination::kArithmetic:
      return Mean(members);
    case Combination::kGeometric:
      return Geometric(members);
    case Combination::kHarmonic:
      return Harmonic(members);
    case Combination::kPower:
      return Power(exponent, members);
    case Combination::kMazziottaPareto:
      return MazziottaPareto(members, /*plus=*/false);
    case Combination::kMazziottaParetoPlus:
      return MazziottaPareto(members, /*plus=*/true);
    default:
      return absl::nullopt;
  }
}

}  // namespace terrace::scoring::engine
