// The units of a board in tree order: parents before children, siblings by id. Kept place by place,
// so that a move costs no more in a nation than in a county; a subtree is walked from its top.
//
// Thread-safety: none; whoever owns the board locks. Reads may share the lock.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_TREE_ORDER_H_
#define TERRACE_SERVICES_SCORING_BOARDS_TREE_ORDER_H_

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/column.h"
#include "services/scoring/facts/unit_ids.h"

namespace terrace::scoring {

class TreeOrder {
 public:
  // Both outlive it. The board tells the parents.
  TreeOrder(const engine::Board* board, const UnitIds* ids) : board_(board), ids_(ids) {}

  // The unit has got a place below `parent`, or has lost it.
  void Insert(Unit unit, Unit parent);
  void Erase(Unit unit, Unit parent);

  // Whether the unit and all units above it have a place.
  bool Contains(Unit unit) const;
  // How many levels below `top` it is, 0 for the top itself; nullopt when it is not under it.
  absl::optional<int> DepthBelow(Unit unit, Unit top) const;
  bool IsUnder(Unit unit, Unit top) const { return DepthBelow(unit, top).has_value(); }
  // Directly below, by id.
  std::vector<Unit> Children(Unit unit) const;

  // Where the unit stands below `top`, as ids: "a/a1" for a unit a1 below a below the top; "" for
  // the top itself. Fit for page tokens: it says where to go on even when the unit itself has moved
  // away. The unit must be under the top.
  std::string PathOf(Unit unit, Unit top) const;

 private:
  struct ById {
    using is_transparent = void;
    const UnitIds* ids;
    bool operator()(Unit a, Unit b) const { return ids->Id(a) < ids->Id(b); }
    bool operator()(Unit a, absl::string_view b) const { return ids->Id(a) < b; }
    bool operator()(absl::string_view a, Unit b) const { return a < ids->Id(b); }
  };
  using Siblings = absl::btree_set<Unit, ById>;

 public:
  // Goes through a subtree, its top first. Good as long as no unit gets or loses a place.
  class Walk {
   public:
    // Of what is at most `depth_max` levels below the top, from the first unit behind the place
    // `after` on; from the top on without one. Nothing when the top is not contained.
    Walk(const TreeOrder* order, Unit top, absl::optional<absl::string_view> after,
         int depth_max = std::numeric_limits<int>::max());

    bool done() const { return unit_ == kNoUnit; }
    Unit unit() const { return unit_; }
    void Next();

   private:
    void Pass();  // To the first unit that is not below this one.

    const TreeOrder* const order_;
    const int depth_max_;
    Unit unit_;
    // On the way down to the unit: where it stands among its siblings.
    std::vector<std::pair<Siblings::const_iterator, Siblings::const_iterator>> way_;
  };

 private:
  const Siblings* Below(Unit unit) const;

  const engine::Board* const board_;
  const UnitIds* const ids_;
  engine::Column<std::unique_ptr<Siblings>> children_;  // By unit; null where there are none.
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_TREE_ORDER_H_
