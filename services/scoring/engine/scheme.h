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

enum class VetoEffect : uint8_t { kZero, kMaxScore, kDisqualify };

struct VetoRule {
  VetoEffect effect = VetoEffect::kZero;
  Fixed max_score;
};

struct GrowthRule {
  FixedSum full_at;
  FixedSum zero_at;
};

using Rule = std::variant<DeductRule, GradeRule, PassFailRule, RatioRule, MeanRule, DiscretionRule,
                          BonusRule, VetoRule, GrowthRule>;

enum class VisitChoice : uint8_t { kLatest, kPooled, kMean, kWorst };
enum class MissingPolicy : uint8_t { kExclude, kZero, kBlock };

struct Leaf {
  Rule rule;
  VisitChoice visits = VisitChoice::kLatest;
  MissingPolicy missing = MissingPolicy::kExclude;
  bool full_when_empty = false;  // Nothing to judge earns all points instead of being left out.
};

// Bonuses and vetoes stand outside the total.
inline bool IsExtra(const Leaf& leaf) {
  return std::holds_alternative<BonusRule>(leaf.rule) ||
         std::holds_alternative<VetoRule>(leaf.rule);
}

struct Node {
  std::string id;
  int parent = -1;  // Index of the node above; -1 at the top. Parents stand before children.
  Fixed points;
  bool scale = false;  // Scaled inside the node instead of with the sheet as a whole.
  int leaf = -1;       // Index of its leaf; -1 for an inner node.
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
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_SCHEME_H_
