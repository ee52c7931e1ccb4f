// One leaf over all units: its figures from the raw ones to those that the rule sees, and what the
// peers are then. Stages in their order: changes and denominators, stand-ins, outliers.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_LEAF_COLUMNS_H_
#define TERRACE_SERVICES_SCORING_ENGINE_LEAF_COLUMNS_H_

#include <vector>

#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/indicator.h"
#include "services/scoring/engine/prepare.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// One figure a unit; NaN where there is none. `exact` is the same number as it was written, for
// rules that count and compare (rounded beyond 12 decimals; 0 where there is none).
struct Figures {
  FigureColumn values;
  std::vector<FixedSum> exact;
};

// What is known of a set of peers: how their outliers are treated, and the parameters of what comes
// out of that.
struct PeersFound {
  absl::optional<Transform> transform;  // Unset: found over the peers of the table.
  PeerParameters parameters;
  friend bool operator==(const PeersFound&, const PeersFound&) = default;
};

// The figures of one leaf; what the leaf has not is empty.
struct LeafTable {
  Figures figure;
  std::vector<bool> applies;          // Empty: to all units.
  FigureColumn denominator;           // Preparation::denominated
  std::vector<FigureColumn> history;  // Of the periods before, the latest first.
  Figures loss;                       // Leaf::has_loss
  int reference_unit = -1;            // Row of NormaliseRule's reference unit.
  Figures base;                       // GrowthRule: figures of the base period,
  std::vector<int> against;           // and the row of the unit to compare with, -1: none.
  // By the number of the set of peers, parameters of other peers than those of the table; empty:
  // of these.
  std::vector<PeersFound> frozen;
};

// By unit, whether it is one of those that are looked at.
using Members = std::vector<bool>;

// Figures as changes, and over denominators; none of who is no member.
FigureColumn Compare(const Preparation& preparation, const LeafTable& in, const Members& members,
                     const Sets& siblings);

// What stands in for missing figures.
struct Filled {
  FigureColumn figures;
  std::vector<bool> cells;  // Whether the figure stands in.
};
// `groups` are those of Preparation::imputation_grouping; null: nobody is in a group.
Filled FillIn(const Leaf& leaf, const LeafTable& in, FigureColumn compared, const Members& members,
              const Sets& siblings, const Sets* groups);

// Outliers, set by set, and what the peers are then.
struct Treated {
  FigureColumn figures;
  Sets sets;                      // Of peers, by unit; -1: who is no member, or in no set.
  std::vector<PeersFound> peers;  // By number of the set.
};
// `sets` are those of the rule's peers; null: one set of all.
Treated Treat(const Leaf& leaf, const LeafTable& in, FigureColumn filled, const Members& members,
              const Sets* sets);

// Whether the leaf, as it is prepared and normalised, looks at other units. `frozen`: what its rule
// has to know of peers is given.
bool LooksAtOthers(const Leaf& leaf, bool frozen);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_LEAF_COLUMNS_H_
