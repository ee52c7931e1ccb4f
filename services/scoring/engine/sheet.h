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

struct SheetResult {
  Assessment assessment = Assessment::kNotApplicable;
  Fixed score;  // 0 unless scored.
  bool disqualified = false;
  // Points of the leaves that are scored, of those that apply.
  Fixed covered_points;
  Fixed applicable_points;
  // Of the nodes at the top, before scaling to the points of the scheme.
  Fixed earned;
  Fixed available;
  Fixed bonus;  // After the cap.
  Fixed bonus_uncapped;
  Fixed penalty;                   // What all penalties take off, not negative.
  absl::optional<Fixed> ceiling;   // The lowest score that a veto leaves; unset without one.
  int best_band = 0;               // The best of the scheme's bands that vetoes leave.
  std::vector<NodeResult> nodes;   // One per node of the scheme.
  std::vector<LeafResult> leaves;  // One per leaf of the scheme.
};

// What a node earns on the scale of its points, of an extra what it adds; nullopt when it is not
// scored.
absl::optional<Fixed> NodeValue(const Scheme& scheme, int node, const NodeResult& result);

// Puts sheets of one scheme together, one after the other, without allocating for each.
class SheetFinisher {
 public:
  // `scheme` outlives it. `weights` are by node, in place of Node::weight (weights.h); empty:
  // these.
  explicit SheetFinisher(const Scheme* scheme, absl::Span<const Fixed> weights = {});

  // From sheet->leaves, which are there for every leaf, to the whole sheet. `given` is by node:
  // what nodes earn that no single sheet can combine (kCopeland), on the scale of their points;
  // without it they are not scored.
  void Finish(SheetResult* sheet, absl::Span<const absl::optional<Fixed>> given = {});

  // Evaluates the leaves, then finishes. One input for each leaf.
  void Evaluate(absl::Span<const LeafInput> inputs, SheetResult* sheet);

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

// `inputs` has one entry per leaf of the scheme.
SheetResult EvaluateSheet(const Scheme& scheme, absl::Span<const LeafInput> inputs);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_
