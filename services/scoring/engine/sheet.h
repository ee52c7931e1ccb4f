// The sheet of one unit: its leaves put together into one score.
//
//   score = points * earned / available + bonuses - penalties, then vetoes
//
// Leaves that are not scored are in neither sum; coverage says how much of the sheet stands behind
// the score. Penalties never bring the score below 0.
//
// Thread-safety: a SheetFinisher belongs to one thread at a time; the rest are pure functions.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_
#define TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/leaf.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

struct NodeResult {
  Assessment assessment = Assessment::kNotApplicable;
  Fixed earned;
  Fixed available;
};

// What a sheet is made of.
struct SheetInput {
  SheetInput() = default;
  SheetInput(std::vector<LeafInput> of_leaves)  // NOLINT(google-explicit-constructor): often all.
      : leaves(std::move(of_leaves)) {}

  std::vector<LeafInput> leaves;  // One per leaf of the scheme.
  // By node: what nodes earn that no single sheet can combine (kCopeland), on the scale of their
  // points; nullopt, or no entry, and they are not scored.
  std::vector<absl::optional<Fixed>> given;
};

struct SheetResult {
  Assessment assessment = Assessment::kNotApplicable;
  Fixed score;                // 0 unless scored.
  bool screened_out = false;  // Too few of its leaves have figures of their own: no peer of others.
  bool disqualified = false;
  // Points of the leaves that are scored, of those that apply.
  Fixed covered_points;
  Fixed applicable_points;
  // Of the nodes at the top, before scaling to the points of the scheme.
  Fixed earned;
  Fixed available;
  Fixed bonus;  // After the cap.
  Fixed bonus_uncapped;
  Fixed penalty;                  // What all penalties take off, not negative.
  absl::optional<Fixed> ceiling;  // The lowest score that a veto leaves; unset without one.
  int best_band = 0;              // The best of the scheme's bands that vetoes leave.
  std::vector<NodeResult> nodes;  // One per node of the scheme.
  // What it was made of: one per leaf of the scheme, and see SheetInput.
  std::vector<LeafResult> leaves;
  std::vector<absl::optional<Fixed>> given;
};

// Whether so many are at least that share of all, as min_present asks.
bool Suffices(int64_t present, int64_t applicable, Fixed least);

// What a child brings to a node that takes shares, on the scale of its points; nullopt when it is
// not scored.
absl::optional<Fixed> BroughtTo(const Node& node, const NodeResult& child);

// What a node earns on the scale of its points, of an extra what it adds; nullopt when it is not
// scored.
absl::optional<Fixed> NodeValue(const Scheme& scheme, int node, const NodeResult& result);

// Puts sheets of one scheme together, one after the other, without allocating for each.
class SheetFinisher {
 public:
  // `scheme` outlives it. `weights` are by node, in place of Node::weight (weights.h); empty:
  // these.
  explicit SheetFinisher(const Scheme* scheme, absl::Span<const Fixed> weights = {});

  // From sheet->leaves, which are there for every leaf, and sheet->given to the whole sheet.
  void Finish(SheetResult* sheet);

  // Evaluates the leaves, then finishes.
  void Evaluate(const SheetInput& input, SheetResult* sheet);

 private:
  // What is to be known of a node.
  struct Step {
    enum class Kind : uint8_t { kInner, kLeaf, kBonus, kPenalty, kVeto };
    Kind kind = Kind::kInner;
    Combination combination = Combination::kSum;
    Combination above = Combination::kSum;  // Of its parent.
    int32_t parent = 0;                     // Index into sums_.
    int32_t leaf = -1;
    Fixed points;
    Fixed points_above;
    Fixed weight;
    Fixed min_present;
    int32_t members_end = 0;  // Its children's room in members_ ends here.
  };
  // What its children leave a node with.
  struct Sums {
    int128_t earned = 0;
    int128_t available = 0;
    int32_t applicable = 0;  // Children.
    int32_t scored = 0;
    int32_t members = 0;  // Of the scored ones, in members_, from the end of the room.
    bool any_not_yet = false;
    bool any_missing = false;
  };

  void Count(const LeafResult& leaf, const Step& step);
  void Strike(const VetoRule& veto, SheetResult* sheet) const;
  NodeResult FinishInner(const Step& step, const Sums& sums,
                         const absl::optional<Fixed>& given) const;
  void AddTo(const Step& step, const NodeResult& result);
  void FinishTop(SheetResult* sheet) const;

  const Scheme* scheme_;
  std::vector<Step> steps_;      // By node.
  std::vector<Sums> sums_;       // By node, then of the top.
  std::vector<Member> members_;  // Scored children of nodes that take shares.

  // Of the sheet that is being finished.
  int128_t bonus_ = 0;
  int128_t penalty_ = 0;
  int128_t applicable_points_ = 0;
  int128_t covered_points_ = 0;
  int applicable_leaves_ = 0;
  int present_leaves_ = 0;
  bool any_not_yet_ = false;
  bool blocked_missing_ = false;
  bool blocked_not_yet_ = false;
};

SheetResult EvaluateSheet(const Scheme& scheme, const SheetInput& input);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_
