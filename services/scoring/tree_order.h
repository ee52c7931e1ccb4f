// The units of a board in tree order: parents before children, siblings by id. A subtree is one
// range of it.
//
// Thread-safety: immutable once made; shared by readers.
#ifndef TERRACE_SERVICES_SCORING_TREE_ORDER_H_
#define TERRACE_SERVICES_SCORING_TREE_ORDER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/facts/unit_ids.h"

namespace terrace::scoring {

class TreeOrder {
 public:
  // Of the units that have a place and whose ancestors all have one. Linear, apart from sorting
  // siblings.
  TreeOrder(const engine::Board& board, const UnitIds& ids);

  bool Contains(Unit unit) const { return unit < first_.size() && first_[unit] != kNowhere; }
  // The unit and everything below it; empty when it has no place.
  absl::Span<const Unit> Subtree(Unit unit) const;
  bool IsUnder(Unit unit, Unit top) const;
  // Units on the path, itself included: 1 at the top.
  int Depth(Unit unit) const { return depth_[unit]; }
  // Directly below, by id.
  std::vector<Unit> Children(Unit unit) const;

  // Where the unit stands below `top`, as ids: "a/a1" for a unit a1 below a below the top; "" for
  // the top itself. Fit for page tokens: it says where to go on even when the unit itself has moved
  // away.
  std::string PathOf(Unit unit, Unit top, const UnitIds& ids) const;
  // Index into Subtree(top) of the first unit behind that place.
  size_t IndexAfter(absl::string_view path, Unit top, const UnitIds& ids) const;
  absl::Span<const Unit> all() const { return order_; }

 private:
  static constexpr uint32_t kNowhere = 0xFFFFFFFF;

  std::vector<Unit> order_;
  std::vector<uint32_t> first_;  // By unit: its position in order_.
  std::vector<uint32_t> last_;   // By unit: one past the end of its subtree.
  std::vector<uint8_t> depth_;   // By unit.
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_TREE_ORDER_H_
