#include "services/scoring/boards/tree_order.h"

#include <algorithm>

#include "common/tree/tree.h"

namespace terrace::scoring {

void TreeOrder::Insert(Unit unit, Unit parent) {
  if (parent == kNoUnit) return;
  children_.Grow(parent + 1);
  if (children_[parent] == nullptr) children_[parent] = std::make_unique<Siblings>(ById{ids_});
  children_[parent]->insert(unit);
}

void TreeOrder::Erase(Unit unit, Unit parent) {
  if (parent == kNoUnit) return;
  children_[parent]->erase(unit);
  if (children_[parent]->empty()) children_[parent] = nullptr;
}

const TreeOrder::Siblings* TreeOrder::Below(Unit unit) const {
  return unit < children_.size() ? children_[unit].get() : nullptr;
}

bool TreeOrder::Contains(Unit unit) const {
  int steps = 0;
  for (; unit != kNoUnit; unit = board_->ParentOf(unit)) {
    if (!board_->HasPlace(unit) || ++steps > tree::kTreeDepthMax) return false;
  }
  return steps > 0;
}

absl::optional<int> TreeOrder::DepthBelow(Unit unit, Unit top) const {
  for (int depth = 0; depth <= tree::kTreeDepthMax && board_->HasPlace(unit); ++depth) {
    if (unit == top) return depth;
    unit = board_->ParentOf(unit);
  }
  return absl::nullopt;
}

std::vector<Unit> TreeOrder::Children(Unit unit) const {
  const Siblings* below = Contains(unit) ? Below(unit) : nullptr;
  return below == nullptr ? std::vector<Unit>() : std::vector<Unit>(below->begin(), below->end());
}

std::string TreeOrder::PathOf(Unit unit, Unit top) const {
  std::vector<Unit> way;
  for (; unit != top; unit = board_->ParentOf(unit)) way.push_back(unit);
  std::string path;
  for (auto it = way.rbegin(); it != way.rend(); ++it) {
    if (!path.empty()) path += "/";
    path += std::string(ids_->Id(*it));
  }
  return path;
}

TreeOrder::Walk::Walk(const TreeOrder* order, Unit top, absl::optional<absl::string_view> after,
                      int depth_max)
    : order_(order), depth_max_(depth_max), unit_(order->Contains(top) ? top : kNoUnit) {
  if (done() || !after) return;
  while (!after->empty()) {
    const size_t slash = after->find('/');
    const absl::string_view id = after->substr(0, slash);
    after->remove_prefix(slash == absl::string_view::npos ? after->size() : slash + 1);
    const Siblings* below = order_->Below(unit_);
    if (below == nullptr || below->lower_bound(id) == below->end()) {
      Pass();
      return;
    }
    const auto next = below->lower_bound(id);
    way_.emplace_back(next, below->end());
    unit_ = *next;
    if (order_->ids_->Id(unit_) != id) return;
  }
  Next();
}

void TreeOrder::Walk::Pass() {
  unit_ = kNoUnit;
  while (!way_.empty()) {
    auto& [it, end] = way_.back();
    if (++it != end) {
      unit_ = *it;
      return;
    }
    way_.pop_back();
  }
}

void TreeOrder::Walk::Next() {
  const Siblings* below =
      static_cast<int>(way_.size()) < depth_max_ ? order_->Below(unit_) : nullptr;
  if (below == nullptr) {
    Pass();
    return;
  }
  way_.emplace_back(below->begin(), below->end());
  unit_ = *below->begin();
}

}  // namespace terrace::scoring
