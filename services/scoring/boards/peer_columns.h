// The figures of leaves that look at other units, over all units of a board: what each unit brings,
// and what preparation and peers make of it. The arithmetic is the engine's (leaf_columns.h), so a
// live score is what `Evaluate` gives for the same figures.
//
// A changed figure may change what every peer has, so a leaf is settled as a whole, once for all
// that has changed: O(n log n) in the units of the leaf. Only units whose points may be others then
// are named. Where the scheme leaves out units with too few figures (Scheme::min_present), a figure
// may also change whose peers they are, in all leaves.
//
// Thread-safety: none; whoever owns the facts locks. Everything const may run under a shared lock.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_PEER_COLUMNS_H_
#define TERRACE_SERVICES_SCORING_BOARDS_PEER_COLUMNS_H_

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/leaf_columns.h"
#include "services/scoring/facts/unit_ids.h"
#include "services/scoring/schemes/compile.h"

namespace terrace::scoring {

// What a unit brings to a leaf.
struct RawFigure {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  double figure = kNone;
  FixedSum exact;  // The same number as it was written.
  double denominator = kNone;
  std::vector<double> history;  // Of the periods before, the latest first.
  Unit parent = kNoUnit;
  // What it shares with its peers, and with those of whom figures stand in for its own; unset: it
  // is in no group.
  absl::optional<std::string> peers;
  absl::optional<std::string> group;
};

// What is made of it.
struct PreparedFigure {
  double figure = RawFigure::kNone;
  FixedSum exact;
  bool imputed = false;
  std::shared_ptr<const engine::PeersFound> peers;  // Null: it is in no set of peers.
};

// Leaves that a unit is judged on, extras left out, and those of them with a figure of its own.
struct LeafTally {
  int applicable = 0;
  int present = 0;
  friend bool operator==(const LeafTally&, const LeafTally&) = default;
};

class PeerColumns {
 public:
  // Scheme and ids outlive it.
  PeerColumns(const CompiledScheme* scheme, const calendar::Period& period, const UnitIds* ids);

  // nullopt: the leaf does not apply to the unit, or it has no sheet.
  void Set(size_t leaf, Unit unit, const absl::optional<RawFigure>& raw);

  // Whether it has to be told of the leaves that look at none, by the next one.
  bool screens() const { return scheme_->engine.min_present > Fixed(); }
  // Those of a unit; nullopt: it has no sheet.
  void SetOthers(Unit unit, const absl::optional<LeafTally>& others);

  // Settles one leaf in which something has changed; false when there is none. Names the units
  // that may earn something else. `late`: what is not there is missing, so others stand in.
  bool Settle(bool late, std::vector<Unit>* changed);

  // As it was settled; none for a unit that is not in the column.
  PreparedFigure Find(size_t leaf, Unit unit) const;
  // All sets of peers of a leaf, by what they share.
  std::vector<std::pair<std::string, std::shared_ptr<const engine::PeersFound>>> PeersOf(
      size_t leaf) const;

 private:
  struct Cell {
    Unit unit = kNoUnit;
    RawFigure raw;
    bool present = false;  // It has a figure of its own, as it is compared; while screening.
    PreparedFigure prepared;
    absl::optional<Fixed> points;  // NormaliseRule: what it earns by these peers.
  };
  struct Screened {
    LeafTally others;
    bool out = false;
  };
  struct Column {
    std::vector<Cell> cells;  // In no order.
    absl::flat_hash_map<Unit, size_t> index;
    std::vector<std::string> names;                                // Of the sets, by number.
    std::vector<std::shared_ptr<const engine::PeersFound>> peers;  // By number of the set.
    bool changed = false;
  };

  engine::LeafTable TableOf(size_t leaf, const Column& column) const;
  engine::Leaf RulesOf(size_t leaf, bool late) const;
  engine::FigureColumn CompareIn(const engine::Leaf& rules, const engine::LeafTable& table,
                                 const Column& column, engine::Sets* siblings) const;
  // Finds who is left out; leaves in which that is news have changed.
  void Screen(bool late);
  void Settle(size_t leaf, bool late, Column& column, std::vector<Unit>* changed) const;

  const CompiledScheme* const scheme_;
  const calendar::Period period_;
  const UnitIds* const ids_;
  std::vector<Column> columns_;                   // By leaf; only of leaves that look at others.
  absl::flat_hash_map<Unit, Screened> screened_;  // While screening.
  bool others_changed_ = false;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_PEER_COLUMNS_H_
