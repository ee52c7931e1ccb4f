// Exact running sums over a set of units. Adding and taking away in any order gives the same sums,
// so a running sum equals the sum computed afresh, bit for bit.
//
// Thread-safety: plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_ACCUMULATOR_H_
#define TERRACE_SERVICES_SCORING_ENGINE_ACCUMULATOR_H_

#include <cstdint>

#include "common/base/fixed.h"
#include "services/scoring/engine/rounding.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// Weights are whole numbers of 1e-6, up to 10^10 each, so that weight times score (in 1e-18) leaves
// room for a million units of the greatest weight.
inline constexpr int kWeightDecimals = 6;
inline constexpr int64_t kWeightUnitsPerOne = 1'000'000;
inline constexpr int64_t kWeightUnitsMax = int64_t{10'000'000'000} * kWeightUnitsPerOne;
// Sums of weights beyond this (10^15) give no mean: the weighted sum might not fit.
inline constexpr int128_t kWeightSumUnitsMax = int128_t{1'000'000'000'000'000} * kWeightUnitsPerOne;

struct Accumulator {
  int128_t weight = 0;       // Of the covered units, in 1e-6.
  int128_t sum = 0;          // Weight times score, in 1e-18.
  int64_t count = 0;         // Units that are expected to have a score.
  int64_t covered = 0;       // Units that have one (and a weight).
  int64_t not_yet = 0;       // Units without one that are not late.
  int128_t numerator = 0;    // In 1e-12.
  int128_t denominator = 0;  // In 1e-12.

  Accumulator& operator+=(const Accumulator& other) {
    weight += other.weight;
    // Sums may pass through nonsense where weights are beyond their limit; unsigned arithmetic
    // keeps that reversible instead of undefined.
    sum = static_cast<int128_t>(static_cast<uint128_t>(sum) + static_cast<uint128_t>(other.sum));
    count += other.count;
    covered += other.covered;
    not_yet += other.not_yet;
    numerator += other.numerator;
    denominator += other.denominator;
    return *this;
  }
  Accumulator& operator-=(const Accumulator& other) {
    weight -= other.weight;
    sum = static_cast<int128_t>(static_cast<uint128_t>(sum) - static_cast<uint128_t>(other.sum));
    count -= other.count;
    covered -= other.covered;
    not_yet -= other.not_yet;
    numerator -= other.numerator;
    denominator -= other.denominator;
    return *this;
  }
  friend Accumulator operator+(Accumulator a, const Accumulator& b) { return a += b; }
  friend Accumulator operator-(Accumulator a, const Accumulator& b) { return a -= b; }
  friend bool operator==(const Accumulator&, const Accumulator&) = default;
};

// sum / weight as a score, rounded half away from zero; nullopt where there is nothing to divide
// by.
inline absl::optional<Fixed> MeanOf(const Accumulator& a) {
  if (a.weight <= 0 || a.weight > kWeightSumUnitsMax) return absl::nullopt;
  const int128_t quotient = DivideRounded(a.sum, a.weight);
  if (quotient != Clamped(quotient).units()) return absl::nullopt;
  return Fixed::FromUnits(static_cast<int64_t>(quotient));
}

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_ACCUMULATOR_H_
