// The sheet of one unit: its leaves put together into one score.
//
//   score = points * earned / available + bonuses, then caps and vetoes
//
// Leaves that are not scored are in neither sum; coverage says how much of the sheet stands behind
// the score.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_
#define TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_

#include <vector>

#include "absl/types/span.h"
#include "common/base/fixed.h"
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
  absl::optional<Fixed> ceiling;   // The lowest score that a veto leaves; unset without one.
  std::vector<NodeResult> nodes;   // One per node of the scheme.
  std::vector<LeafResult> leaves;  // One per leaf of the scheme.
};

// `inputs` has one entry per leaf of the scheme.
SheetResult EvaluateSheet(const Scheme& scheme, absl::Span<const LeafInput> inputs);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_SHEET_H_
