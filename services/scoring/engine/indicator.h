// Indicators: figures of many units, prepared and made comparable. Meanings and formulas stand at
// the messages of the same names in proto/terrace/scoring/v1/indicator.proto, every default filled
// in here.
//
// Numbers are doubles from the raw figure to the normalised one, which is quantised at once
// (common/base/fixed.h). Sums over peers are taken over sorted figures, so that no order of arrival
// changes a bit.
//
// Thread-safety: plain values and pure functions.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_INDICATOR_H_
#define TERRACE_SERVICES_SCORING_ENGINE_INDICATOR_H_

#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"

namespace terrace::scoring::engine {

enum class GrowthMethod : uint8_t {
  kNone,
  kRelative,
  kDifference,
  kAnnualRate,
  kOfSiblings,
  kAboveSiblings,
  kCyclical,
};

enum class ImputationMethod : uint8_t {
  kNone,
  kMean,
  kMedian,
  kGroupMean,
  kGroupMedian,
  kSiblingMean,
  kPreviousPeriod,
  kZero,
  kWorst,
};

enum class TreatmentMethod : uint8_t { kNone, kWinsorise, kLog, kClip, kBoxCox };

struct Treatment {
  TreatmentMethod method = TreatmentMethod::kNone;
  double skewness_limit = 2;
  double kurtosis_limit = 3.5;
  int moved_max = 5;
  double lower_quantile = 0;
  double upper_quantile = 1;
  double lambda = 0;
};

struct Preparation {
  GrowthMethod growth = GrowthMethod::kNone;
  int growth_periods = 1;
  bool denominated = false;
  ImputationMethod imputation = ImputationMethod::kNone;
  int imputation_grouping = -1;  // Index into Scheme::groupings.
  Treatment treatment;
};

enum class NormaliseMethod : uint8_t {
  kMinMax,
  kZScore,
  kDistanceToTarget,
  kReferenceUnit,
  kFractionOfBest,
  kIdeal,
  kInterval,
  kRank,
  kBorda,
  kPercentile,
  kRankTable,
  kPiecewise,
  kAboveBelowMean,
  kShareOfSum,
  kVector,
};

enum class Peers : uint8_t { kAll, kGroup, kSiblings };
enum class NoSpread : uint8_t { kMiddle, kUnscored, kFull };

struct BreakPoint {
  double figure = 0;
  double points = 0;
};

struct NormaliseRule {
  NormaliseMethod method = NormaliseMethod::kMinMax;
  bool falling = false;
  double scale_low = 0;
  double scale_high = 0;  // Filled in by whoever compiles: the points of the leaf.
  double target = 0;
  bool beyond_target = false;
  double ideal_low = 0;
  double ideal_high = 0;
  absl::optional<double> reach;
  std::vector<BreakPoint> break_points;
  Peers peers = Peers::kAll;
  int grouping = -1;  // Index into Scheme::groupings; Peers::kGroup.
  NoSpread no_spread = NoSpread::kMiddle;
  int peers_min = 1;
};

// What a rule needs to know of the peers.
struct PeerParameters {
  int64_t count = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  double standard_deviation = 0;  // With n - 1; 0 for a single peer.
  double sum = 0;
  double root_of_squares = 0;
  absl::optional<double> reference;  // The reference unit's figure.
  // For places only; rising. Figures are compared after rounding to 12 significant digits.
  std::vector<double> sorted;
  friend bool operator==(const PeerParameters&, const PeerParameters&) = default;
};

// Those that are there, rising.
std::vector<double> SortedFigures(absl::Span<const double> figures);

// Of the figures that are there (NaN: none), in any order. `places` keeps them in `sorted`.
PeerParameters ParametersOf(absl::Span<const double> figures, bool places);

// Whether the rule looks at peers at all.
bool NeedsPeers(const NormaliseRule& rule);

// Whether the method needs PeerParameters::sorted.
bool NeedsPlaces(NormaliseMethod method);

// The number on the common scale; nullopt where there is none (no figure, too few peers, no spread
// under kUnscored). Clamped to what a Fixed holds.
absl::optional<Fixed> Normalise(const NormaliseRule& rule, const PeerParameters& peers,
                                double figure);

// Quantised, and clamped to what a Fixed holds; nullopt for NaN.
absl::optional<Fixed> FixedOf(double number);

// A prepared figure for rules that count and compare, rounded to 12 decimals; figures beyond what
// those know count as the greatest, NaN as 0.
FixedSum ExactOf(double figure);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_INDICATOR_H_
