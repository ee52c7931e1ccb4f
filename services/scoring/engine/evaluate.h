// A whole table of units at once: every stage from the raw figures to places and grades, each kept.
// What `terrace score evaluate` and simulations run.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_EVALUATE_H_
#define TERRACE_SERVICES_SCORING_ENGINE_EVALUATE_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/indicator.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// One figure a unit; NaN where there is none. `exact` is the same number as it was written, for
// rules that count and compare (rounded beyond 12 decimals; 0 where there is none).
struct Figures {
  std::vector<double> values;
  std::vector<FixedSum> exact;
};

// The figures of one leaf; the vectors are empty where the leaf has none of that kind.
struct LeafTable {
  Figures figure;
  std::vector<double> denominator;
  std::vector<std::vector<double>> history;  // Of the periods before, the latest first.
  std::vector<double> loss;
  int reference_unit = -1;  // Row of NormaliseRule's reference unit.
};

struct Table {
  std::vector<std::string> units;
  std::vector<int> parents;              // Row of the unit above, -1 at the top; empty: no tree.
  std::vector<bool> has_sheet;           // Empty: all have.
  std::vector<LeafTable> leaves;         // As Scheme::leaves.
  std::vector<std::vector<int>> groups;  // As Scheme::groupings: number of the group, -1: none.
  // Parameters that were frozen with the scheme, by leaf and group; empty: of the present peers.
  std::vector<std::vector<PeerParameters>> frozen;
};

// One column a leaf, one number a unit; NaN where there is none.
using Stage = std::vector<std::vector<double>>;

struct Evaluation {
  Stage denominated;  // After growth and denominator.
  Stage imputed;
  Stage treated;
  Stage normalised;  // What the leaf earns, as a share of its points times the points.
  std::vector<std::vector<bool>> imputed_cells;  // As `imputed`: whether the figure stands in.
  std::vector<int>
      moved;  // By leaf: figures that the treatment moved; -1: the logarithm was taken.
  std::vector<bool> screened_out;                   // By unit.
  std::vector<std::vector<Fixed>> weights;          // By node: of its children, in their order.
  std::vector<absl::optional<double>> consistency;  // By node: AHP's consistency ratio.

  // By node and unit.
  std::vector<std::vector<absl::optional<Fixed>>> nodes;
  // By unit.
  std::vector<absl::optional<Fixed>> scores;  // Exact; nullopt: no score.
  std::vector<Fixed> coverage;                // Points of scored leaves of the applicable ones.
  std::vector<absl::optional<double>> ranks;
  std::vector<absl::optional<double>> group_ranks;
  std::vector<int> bands;  // Index into the scheme's bands; -1: none.
};

Evaluation Evaluate(const Scheme& scheme, const Table& table);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_EVALUATE_H_
