// The scores of all units under one scheme in one period, kept up to date change by change.
//
// Concept. Every unit has a place (a parent and a roll-up) and may have a sheet. Sums over the
// subtree (one accumulator per basis) and over the children stand at every unit that has children.
// A change of one sheet takes its old contribution out of the sums on the way to the top and puts
// the new one in: O(depth), whatever the size of the tree. Since all sums are integers, a Board
// that saw any history of changes is equal to one that saw only the last values; Recompute does it
// afresh, and the tests compare.
//
// Tallies are further counts, summed up over subtrees in the same way (titled units of
// participating units, for the source COVERAGE); they feed sheets, not scores.
//
// Units are numbered by the caller, densely from 0. A unit without a place has no score and counts
// nowhere.
//
// Thread-safety: none; whoever owns the Board locks.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_BOARD_H_
#define TERRACE_SERVICES_SCORING_ENGINE_BOARD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "services/scoring/engine/accumulator.h"
#include "services/scoring/engine/column.h"
#include "services/scoring/engine/scheme.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring::engine {

using Unit = uint32_t;
inline constexpr Unit kNoUnit = 0xFFFFFFFF;

// What the board keeps of a sheet.
struct SheetValue {
  Assessment assessment = Assessment::kNotApplicable;
  bool disqualified = false;
  bool struck = false;    // By any veto.
  uint8_t best_band = 0;  // The best of the scheme's bands that vetoes leave.
  Fixed score;
  Fixed covered_points;
  Fixed applicable_points;
  Fixed earned;  // Of the nodes at the top: basis 0.
  Fixed available;
  std::vector<std::pair<int64_t, int64_t>> counts;  // Per leaf in Board::ratio_leaves().
  friend bool operator==(const SheetValue&, const SheetValue&) = default;
};

// `ratio_leaves` as Board::ratio_leaves.
SheetValue SheetValueOf(const SheetResult& result, absl::Span<const int> ratio_leaves);

// The score of a unit.
struct UnitScore {
  Assessment assessment = Assessment::kNotApplicable;
  bool disqualified = false;  // By a veto of the own sheet.
  uint8_t best_band = 0;      // That vetoes of the own sheet leave.
  Method method = Method::kOwn;
  Fixed score;
  friend bool operator==(const UnitScore&, const UnitScore&) = default;
};

// Units that count and those of them that fulfil a condition.
struct Tally {
  int64_t numerator = 0;
  int64_t denominator = 0;
  Tally& operator+=(const Tally& o) {
    numerator += o.numerator;
    denominator += o.denominator;
    return *this;
  }
  Tally& operator-=(const Tally& o) {
    numerator -= o.numerator;
    denominator -= o.denominator;
    return *this;
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

class Board {
 public:
  // `scheme` outlives the board. `tallies` further counts are kept.
  Board(const Scheme* scheme, int tallies);

  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  // Hears of every unit whose score, coverage or sums may have changed, each once or more.
  void set_on_change(std::function<void(Unit)> on_change) { on_change_ = std::move(on_change); }

  // ---- Changes.

  // Gives the unit a place, or another one. `rollup` is an index into Scheme::rollups. The caller
  // sees to it that there is no cycle. A parent that has no place yet simply holds sums.
  void Place(Unit unit, Unit parent, int rollup);
  // Takes the unit out; its children, if any, stay under it and count nowhere until it has a place
  // again.
  void Remove(Unit unit);
  // nullopt: the unit has no sheet (it is not in the population).
  void SetSheet(Unit unit, const absl::optional<SheetValue>& sheet);
  // In units of 1e-6, 0 to kWeightUnitsMax; nullopt: not known, so the unit is left out of what is
  // weighted by it.
  void SetWeight(int weight, Unit unit, absl::optional<int64_t> units);
  // The unit's own part of a tally.
  void SetTally(int tally, Unit unit, Tally value);

  // From here on nothing is propagated; EndBulk does it for all, much faster than one by one.
  void BeginBulk();
  // Goes on with it for about `units` units and returns true once it is done. No changes between
  // the first call and that; reads are of use again afterwards.
  bool EndBulk(int units);

  // ---- Reads.

  Unit size() const { return static_cast<Unit>(rows_.size()); }
  bool HasPlace(Unit unit) const { return unit < rows_.size() && rows_[unit].placed; }
  Unit ParentOf(Unit unit) const { return rows_[unit].parent; }
  bool HasChildren(Unit unit) const {
    return unit < rows_.size() && rows_[unit].first_child != kNoUnit;
  }
  // Units that have their place directly below, in no order.
  void ForEachChild(Unit unit, absl::FunctionRef<void(Unit)> fn) const {
    for (Unit c = rows_[unit].first_child; c != kNoUnit; c = rows_[c].next) fn(c);
  }
  UnitScore ScoreOf(Unit unit) const;
  // nullopt without a sheet.
  absl::optional<SheetValue> SheetOf(Unit unit) const;
  absl::optional<int64_t> WeightOf(int weight, Unit unit) const;
  // Over all sheets of the subtree, the own one included.
  Accumulator SheetsOf(Unit unit, int basis) const;
  // The own sheet's part of it.
  Accumulator OwnSheetOf(Unit unit, int basis) const { return OwnPart(unit, basis); }
  // Over the scores of the units directly below.
  Accumulator ChildrenOf(Unit unit) const;
  const Rollup& RollupRuleOf(Unit unit) const { return scheme_->rollups[rows_[unit].rollup]; }
  // What counts for the unit's own score: expected and covered units of its roll-up.
  Accumulator RollupOf(Unit unit) const;
  // The roll-up alone, without the own sheet mixed in; nullopt where the method is OWN or there is
  // nothing to roll up.
  absl::optional<Fixed> RolledUp(Unit unit) const;
  // Sum over everything below the unit, itself not counted.
  Tally TallyBelow(int tally, Unit unit) const;

  const Scheme& scheme() const { return *scheme_; }
  // Leaves whose counts the bases sum up; SheetValue::counts is in this order.
  const std::vector<int>& ratio_leaves() const { return ratio_leaves_; }

  // Whether every sum and score is what a computation from the sheets alone gives.
  bool EqualsRecomputation() const;

 private:
  static constexpr uint32_t kNoInner = 0xFFFFFFFF;

  struct Row {
    Unit parent = kNoUnit;
    uint32_t inner = kNoInner;  // Sums of the subtree; only units that have had children.
    // Units that have their place directly below, in no order: a list through their rows.
    Unit first_child = kNoUnit;
    Unit next = kNoUnit;
    Unit previous = kNoUnit;
    uint16_t rollup = 0;
    bool placed = false;
    bool has_sheet = false;
    bool own_disqualified = false;
    bool own_struck = false;
    uint8_t own_best_band = 0;
    Assessment own = Assessment::kNotApplicable;
    Assessment result = Assessment::kNotApplicable;
    Fixed own_score;
    Fixed covered_points;
    Fixed applicable_points;
    Fixed earned;
    Fixed available;
    Fixed score;
  };

  struct Inner {
    std::vector<Accumulator> sheets;  // Per basis, over the units below without the unit itself.
    Accumulator children;
    std::vector<Tally> tallies;            // Over the units below.
    absl::btree_map<int64_t, int> scores;  // Children's scores and how many have each; kMin only.
    uint32_t waiting = 0;                  // EndBulk: children that are not summed up yet.
  };

  // What a unit adds to its parent's sums over children.
  struct ChildPart {
    Accumulator sums;
    absl::optional<int64_t> score;  // For kMin.
    friend bool operator==(const ChildPart&, const ChildPart&) = default;
  };

  // What moves along when a unit changes its place: sums of its subtree, itself included.
  struct Subtree {
    std::vector<Accumulator> sheets;
    std::vector<Tally> tallies;
  };

  void Grow(Unit unit);
  Inner& InnerOf(Unit unit);
  void Link(Unit unit, Unit parent);
  void Unlink(Unit unit);
  Accumulator OwnPart(Unit unit, int basis) const;
  ChildPart PartOf(Unit unit) const;
  Subtree SubtreeOf(Unit unit) const;
  static void AddChild(Inner& inner, const ChildPart& part);
  static void TakeChild(Inner& inner, const ChildPart& part);

  UnitScore Compute(Unit unit) const;
  absl::optional<Fixed> Roll(Unit unit) const;
  void Refresh(Unit unit);  // Computes the unit's score from its sheet and sums.

  // Brings what changed at a child of `parent` into all sums on the way to the top.
  void Ascend(Unit parent, const Subtree& plus, const Subtree& minus,
              absl::optional<ChildPart> before, absl::optional<ChildPart> after);
  // Changes inputs of the unit itself.
  void Change(Unit unit, absl::FunctionRef<void()> mutate);
  void Detach(Unit unit);
  void Attach(Unit unit);
  void SumUpChildren(Unit unit);
  void ClearSums(Unit unit);
  // Sums the unit up, and those above it for which it was the last one below.
  void SumUp(Unit unit);
  void Notify(Unit unit) {
    if (on_change_) on_change_(unit);
  }

  const Scheme* scheme_;
  const int tallies_;
  std::vector<int> ratio_leaves_;
  std::vector<int> basis_counts_;  // Index into ratio_leaves_ of each basis; -1: points.
  Column<Row> rows_;
  std::deque<Inner> inners_;
  Column<std::pair<int64_t, int64_t>> counts_;  // ratio_leaves_.size() entries per unit.
  std::vector<Column<int64_t>> weights_;        // Per weight column, by unit; -1: not known.
  std::vector<Column<Tally>> own_tallies_;
  bool bulk_ = false;
  // How far EndBulk is: units whose sums are cleared, that were looked at, that are summed up.
  Unit cleared_ = 0;
  Unit looked_at_ = 0;
  Unit summed_up_ = 0;
  std::function<void(Unit)> on_change_;
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_BOARD_H_
