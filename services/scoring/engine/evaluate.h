// A whole table of units at once: every stage from the raw figures to places and grades, each kept.
// What `terrace score evaluate` and simulations run.
//
// The stages are those of the handbook of the OECD and the JRC: figures as changes or over
// denominators, stand-ins, units with too few figures left out, outliers, the rule of each leaf,
// nodes level by level, the roll-up through the tree of units, places and grades. Nothing depends
// on the order of the units.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_EVALUATE_H_
#define TERRACE_SERVICES_SCORING_ENGINE_EVALUATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/leaf_columns.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

struct Table {
  std::vector<std::string> units;
  std::vector<bool> has_sheet;           // Empty: all have.
  std::vector<LeafTable> leaves;         // As Scheme::leaves.
  std::vector<std::vector<int>> groups;  // As Scheme::groupings: number of the group, -1: none.
  // The tree of units: row of the unit above, -1 at the top; empty: no tree, every unit has the
  // score of its sheet.
  std::vector<int> parents;
  std::vector<int> rollups;  // Index into Scheme::rollups; empty: 0.
  std::vector<int>
      levels;  // Places and grades are given within a level, by its number; empty: one.
  // By weight column of the scheme, in 1e-6.
  std::vector<std::vector<absl::optional<int64_t>>> weights;

  bool HasSheet(size_t unit) const { return has_sheet.empty() || has_sheet[unit]; }
};

// One column a leaf.
using Stage = std::vector<FigureColumn>;

struct Evaluation {
  Stage denominated;  // After growth and denominator.
  Stage imputed;
  Stage treated;
  Stage normalised;                              // What the leaf earns, of its points.
  std::vector<std::vector<bool>> imputed_cells;  // As `imputed`: whether the figure stands in.
  std::vector<std::vector<PeersFound>> peers;    // By leaf and number of the set of peers.
  std::vector<bool> screened_out;                // By unit.

  // By node.
  std::vector<Fixed> weights;                       // Among the children of its parent.
  std::vector<absl::optional<double>> consistency;  // AHP's consistency ratio.

  // By node and unit: what it earns on the scale of its points, and whether there is anything. Of a
  // unit without a sheet, whose score is the mean over all sheets below, the mean of these.
  std::vector<std::vector<absl::optional<Fixed>>> nodes;

  // By unit.
  std::vector<absl::optional<Fixed>> scores;  // To 12 decimals; nullopt: no score.
  std::vector<bool> disqualified;
  std::vector<absl::optional<Fixed>> coverage;  // Points of scored leaves of the applicable ones.
  std::vector<absl::optional<double>> ranks;
  std::vector<absl::optional<double>> group_ranks;
  std::vector<int> bands;  // Index into the scheme's bands; -1: none.
};

Evaluation Evaluate(const Scheme& scheme, const Table& table);

// The same table under another scheme with the same leaves, groupings and roll-ups, which only
// combines and weighs the leaves otherwise: scores, places and grades as Evaluate gives them, from
// what it gave before, without stages and nodes. nullopt where that does not suffice.
absl::optional<Evaluation> Reweigh(const Scheme& scheme, const Table& table,
                                   const Evaluation& before);

// The number of the set of peers that each unit belongs to under Peers::kSiblings: one for the
// units without a parent, and one for each row that is a parent.
Sets SiblingsOf(const Table& table);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_EVALUATE_H_
