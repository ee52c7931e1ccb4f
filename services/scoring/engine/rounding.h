// Integers of 1e-12 on their way into a Fixed.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_ROUNDING_H_
#define TERRACE_SERVICES_SCORING_ENGINE_ROUNDING_H_

#include <algorithm>
#include <cstdint>

#include "common/base/fixed.h"

namespace terrace::scoring::engine {

// Rounded half away from zero. `denominator` is above 0, and half of it fits beside the numerator.
constexpr int128_t DivideRounded(int128_t numerator, int128_t denominator) {
  const int128_t half = denominator / 2;
  return (numerator < 0 ? numerator - half : numerator + half) / denominator;
}

// The nearest Fixed.
inline Fixed Clamped(int128_t units) {
  constexpr auto kMost = int128_t{kFixedUnitsMax};
  return Fixed::FromUnits(static_cast<int64_t>(std::clamp(units, -kMost, kMost)));
}

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_ROUNDING_H_
