// What the engine knows of a scheme: a tree of nodes with rules at its leaves, and how the scores
// of units rise through the tree of units. Made from the public message by ../compile.h, where
// every default is filled in and every number checked, so nothing here can be out of range.
//
// The engine is pure: plain values in, plain values out; no protobuf, no store, no clock. All
// contributions are integers (common/base/fixed.h), so the order of additions never matters.
//
// Thread-safety: plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_SCHEME_H_
#define TERRACE_SERVICES_SCORING_ENGINE_SCHEME_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/indicator.h"

namespace terrace::scoring::engine {

// Whether there is a score, and if not, why. Zero is kScored.
enum class Assessment : uint8_t { kNotApplicable, kNotYet, kMissing, kScored };

struct DeductRule {
  Fixed each;
  Fixed cap;    // At most this is taken off.
  Fixed floor;  // At least this stays.
};

struct GradeRule {
  struct Row {
    std::string grade;
    absl::optional<FixedSum> lower_bound;  // Inclusive; none: everything below the rows before.
    Fixed points;
  };
  std::vector<Row> rows;  // Best first, bounds falling.
};

struct PassFailRule {
  int64_t samples_min = 1;
  int64_t passes_min = 0;  // 0: all.
  FixedSum threshold;      // Of figures and ratios.
};

struct RatioRule {
  FixedSum full_at = FixedSum::FromInteger(1);
  FixedSum zero_at;
  bool logarithm = false;  // Natural logarithms of figure and ends, which are all above 0.
};

struct MeanRule {
  FixedSum full_value;  // Above 0.
  int64_t sites_min = 1;
};

struct DiscretionRule {};

struct BonusRule {
  Fixed each;
  absl::optional<Fixed> cap;
};

// What it earns is negative.
struct PenaltyRule {
  Fixed each;
  absl::optional<Fixed> cap;
};

enum class VetoEffect : uint8_t { kZero, kMaxScore, kDisqualify, kMaxGrade };

struct VetoRule {
  VetoEffect effect = VetoEffect::kZero;
  Fixed max_score;                 // kMaxScore
  absl::optional<FixedSum> below;  // Figures: strikes below this instead of above 0.
  int max_grade = 0;               // kMaxGrade: index into Scheme::bands.
};

struct GrowthRule {
  FixedSum full_at;
  FixedSum zero_at;
};

using Rule = std::variant<DeductRule, GradeRule, PassFailRule, RatioRule, MeanRule, DiscretionRule,
                          BonusRule, VetoRule, GrowthRule, NormaliseRule, PenaltyRule>;

enum class VisitChoice : uint8_t { kLatest, kPooled, kMean, kWorst };
enum class MissingPolicy : uint8_t { kExclude, kZero, kBlock };

struct Leaf {
  Rule rule;
  VisitChoice visits = VisitChoice::kLatest;
  MissingPolicy missing = MissingPolicy::kExclude;
  bool full_when_empty = false;   // Nothing to judge earns all points instead of being left out.
  bool full_when_exempt = false;  // So does who is exempt.
  bool has_loss = false;          // Earns less by a loss in percent, see LeafInput::loss.
  Preparation preparation;        // Of the figures, before the rule sees them.
};

// Bonuses, penalties and vetoes stand outside the total, and outside the nodes above them.
inline bool IsExtra(const Leaf& leaf) {
  return std::holds_alternative<BonusRule>(leaf.rule) ||
         std::holds_alternative<PenaltyRule>(leaf.rule) ||
         std::holds_alternative<VetoRule>(leaf.rule);
}

// How children make the points of their node; see combine.h.
enum class Combination : uint8_t {
  kSum,    // As earned; scaled with the sheet as a whole.
  kScale,  // Scaled inside the node.
  // The node has its full points as soon as it is scored; what it earns is made of the shares that
  // its scored children earn of their own points.
  kArithmetic,
  kGeometric,
  kHarmonic,
  kPower,
  kMedian,
  kMin,
  kMax,
  kMazziottaPareto,
  kMazziottaParetoPlus,
  kCopeland,  // Needs all units; see SheetFinisher.
};

// Whether the node is made of the shares of its children.
inline bool TakesShares(Combination combination) { return combination >= Combination::kArithmetic; }

enum class Weighting : uint8_t { kFixed, kEqual, kEntropy, kPairwise };

// One child of a node is `times` as important as another one; both are indexes of nodes.
struct Judgement {
  int more = -1;
  int less = -1;
  Fixed times;  // 1 to 9.
};

struct Node {
  std::string id;
  int parent = -1;  // Index of the node above; -1 at the top. Parents stand before children.
  Fixed points;
  Combination combination = Combination::kSum;
  int leaf = -1;  // Index of its leaf; -1 for an inner node.
  // Among the children of its parent, 0 to 10,000. Of children of a node that weighs by other means
  // it is what weights.h made of that (SettleWeights); of kEntropy, what it starts from.
  Fixed weight;
  Weighting weighting = Weighting::kFixed;  // Of its children.
  std::vector<Judgement> judgements;        // kPairwise
  double exponent = 1;                      // kPower; not 0.
  // Least share, by number, of the applicable children that must be scored, 0 to 1.
  Fixed min_present;
};

enum class Method : uint8_t {
  kOwn,
  kMean,
  kWeightedMean,
  kOverDescendants,
  kSum,
  kMin,
  kRatioOfSums,
};

// How units of one level get their score.
struct Rollup {
  Method method = Method::kOwn;
  int basis = 0;    // kOverDescendants, kRatioOfSums: index into Scheme::bases.
  int weight = -1;  // kWeightedMean: index of a weight column.
  // Mix with the own sheet; both zero: no mix.
  Fixed own_weight;
  Fixed rolled_weight;
  Fixed min_coverage;  // 0 to 1.
  bool mixes() const { return own_weight.units() != 0 || rolled_weight.units() != 0; }
};

// What is summed up over all sheets of a subtree.
struct Basis {
  int weight = -1;      // Index of a weight column; -1: every sheet weighs 1.
  int ratio_leaf = -1;  // Leaf of numerators and denominators; -1: earned over available points.
};

// What units that share a score get; see places.h.
enum class Ties : uint8_t { kCompetition, kModified, kDense, kFractional, kOrdinal };

struct RankingRule {
  Ties ties = Ties::kCompetition;
  std::vector<int> tie_breakers;  // kOrdinal: nodes.
  int grouping = -1;              // Within which a second place is given.
};

// How grades are given; see bands.h.
enum class BandMethod : uint8_t { kBounds, kShare, kNaturalBreaks };

struct BandingRule {
  BandMethod method = BandMethod::kBounds;
  int grouping = -1;  // Within which it is done; -1: all units.
  int group_min = 1;  // kShare: smaller groups get what they would get among all units.
};

struct Band {
  std::string grade;
  absl::optional<Fixed> lower_bound;  // kBounds; none: everything below the bands before.
  bool exclusive = false;             // Whether the bound itself belongs to the next band.
  Fixed share;                        // kShare
};

struct Scheme {
  Fixed points;
  std::vector<Node> nodes;
  std::vector<Leaf> leaves;
  std::vector<int> leaf_nodes;  // Node of each leaf.
  absl::optional<Fixed> bonus_cap;

  // Rollups by number; number 0 is the default (own sheet) of levels that are not named.
  std::vector<Rollup> rollups = {Rollup{}};
  std::vector<Basis> bases = {Basis{}};  // Number 0 is equal weights and points.
  int weights = 0;                       // Number of weight columns.

  // Least share of the applicable leaves, by number, that must have a figure of their own.
  Fixed min_present;
  int groupings = 0;  // Number of ways to group units.
  RankingRule ranking;
  BandingRule banding;
  std::vector<Band> bands;     // Best first.
  int decimals = 2;            // Of the shown score.
  bool rank_on_shown = false;  // Places and grades go by the shown score.
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_SCHEME_H_
