// How sure the places are: what becomes of them when the weights were somewhat different, and when
// a leaf were not there.
//
// Every draw multiplies the weight of every node by its own number between 1 - spread and
// 1 + spread, and gives places anew. Where points are summed up, the points of a node are its
// weight. What the leaves earn stays as it is, bonuses and penalties too; who is struck by a veto,
// or disqualified, has no part in it. Nodes that combine by kCopeland keep what they earn.
//
// The same seed gives the same result with any number of threads. Numbers are doubles: these are
// statistics of places, not scores.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_ROBUSTNESS_H_
#define TERRACE_SERVICES_SCORING_ENGINE_ROBUSTNESS_H_

#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/evaluate.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

struct RobustnessOptions {
  double spread = 0.25;  // 0 to 1.
  int draws = 1000;      // At least 1.
  uint64_t seed = 0;
  int threads = 1;
};

// The places of one unit over all draws. Quantiles are interpolated (type 7).
struct PlaceRange {
  double nominal = 0;  // With the weights as they are.
  double mean = 0;
  double median = 0;
  double low = 0;   // 5 %
  double high = 0;  // 95 %
};

// What one leaf does to the places.
struct LeafInfluence {
  int leaf = 0;
  double shift_mean = 0;  // How far places move without it, either way.
  double shift_most = 0;
};

struct Robustness {
  std::vector<absl::optional<PlaceRange>> units;  // nullopt: takes no part.
  std::vector<LeafInfluence> leaves;              // Leaves that are no extras, in their order.
};

// What sheets earn, and which of them are placed. What the spans show outlives it.
struct SheetField {
  absl::Span<const Fixed> weights;  // By node, among the children of its parent.
  // By node and unit, as Evaluation::nodes.
  absl::Span<const std::vector<absl::optional<Fixed>>> nodes;
  absl::Span<const int> levels;  // By unit, which are placed within a level; empty: one level.
  std::vector<bool> takes_part;  // By unit.
};
// Units of the table with a sheet and a place.
SheetField FieldOf(const Table& table, const Evaluation& evaluation);

Robustness AssessRobustness(const Scheme& scheme, const SheetField& sheets,
                            const RobustnessOptions& options);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_ROBUSTNESS_H_
