#include "services/scoring/tree_order.h"

#include <algorithm>

#include "common/tree/tree.h"

namespace terrace::scoring {

TreeOrder::TreeOrder(const engine::Board& board, const UnitIds& ids) {
  const Unit size = board.size();
  first_.assign(size, kNowhere);
  last_.assign(size, kNowhere);
  depth_.assign(size, 0);
  // Children by parent, in one block each: a count, then their places.
  std::vector<uint32_t> start(size + 1, 0);
  std::vector<Unit> tops;
  for (Unit unit = 0; unit < size; ++unit) {
    if (!board.HasPlace(unit)) continue;
    const Unit parent = board.ParentOf(unit);
    if (parent == kNoUnit) {
      tops.push_back(unit);
    } else {
      ++start[parent + 1];
    }
  }
  for (Unit unit = 0; unit < size; ++unit) start[unit + 1] += start[unit];
  std::vector<Unit> children(start[size]);
  std::vector<uint32_t> next(start.begin(), start.end() - 1);
  for (Unit unit = 0; unit < size; ++unit) {
    if (!board.HasPlace(unit) || board.ParentOf(unit) == kNoUnit) continue;
    children[next[board.ParentOf(unit)]++] = unit;
  }
  auto by_id = [&ids](Unit a, Unit b) { return ids.Id(a) < ids.Id(b); };
  std::sort(tops.begin(), tops.end(), by_id);
  // A stack of units still to be entered; a unit is left when everything pushed after it is done.
  struct Visit {
    Unit unit;
    bool leaving;
    uint8_t depth;
  };
  std::vector<Visit> stack;
  for (auto it = tops.rbegin(); it != tops.rend(); ++it) stack.push_back({*it, false, 1});
  while (!stack.empty()) {
    const Visit visit = stack.back();
    stack.pop_back();
    if (visit.leaving) {
      last_[visit.unit] = static_cast<uint32_t>(order_.size());
      continue;
    }
    first_[visit.unit] = static_cast<uint32_t>(order_.size());
    depth_[visit.unit] = visit.depth;
    order_.push_back(visit.unit);
    stack.push_back({visit.unit, true, visit.depth});
    const auto begin = children.begin() + start[visit.unit];
    const auto end = children.begin() + start[visit.unit + 1];
    std::sort(begin, end, by_id);
    for (auto it = end; it != begin;) {
      stack.push_back({*--it, false, static_cast<uint8_t>(visit.depth + 1)});
    }
  }
}

absl::Span<const Unit> TreeOrder::Subtree(Unit unit) const {
  if (!Contains(unit)) return {};
  return absl::MakeConstSpan(order_).subspan(first_[unit], last_[unit] - first_[unit]);
}

bool TreeOrder::IsUnder(Unit unit, Unit top) const {
  return Contains(unit) && Contains(top) && first_[top] <= first_[unit] &&
         first_[unit] < last_[top];
}

std::vector<Unit> TreeOrder::Children(Unit unit) const {
  std::vector<Unit> children;
  if (!Contains(unit)) return children;
  for (uint32_t at = first_[unit] + 1; at < last_[unit]; at = last_[order_[at]]) {
    children.push_back(order_[at]);
  }
  return children;
}

std::string TreeOrder::PathOf(Unit unit, Unit top, const UnitIds& ids) const {
  // Down from the top: the child whose range holds the unit, again and again.
  std::string path;
  for (Unit at = top; at != unit;) {
    for (Unit child : Children(at)) {
      if (first_[child] <= first_[unit] && first_[unit] < last_[child]) {
        if (!path.empty()) path += "/";
        path += std::string(ids.Id(child));
        at = child;
        break;
      }
    }
  }
  return path;
}

size_t TreeOrder::IndexAfter(absl::string_view path, Unit top, const UnitIds& ids) const {
  Unit at = top;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const absl::string_view id = path.substr(0, slash);
    path.remove_prefix(slash == absl::string_view::npos ? path.size() : slash + 1);
    Unit next = kNoUnit;
    for (Unit child : Children(at)) {
      if (ids.Id(child) < id) continue;
      next = child;
      break;
    }
    if (next == kNoUnit) return last_[at] - first_[top];
    if (ids.Id(next) != id) return first_[next] - first_[top];
    at = next;
  }
  return first_[at] + 1 - first_[top];
}

}  // namespace terrace::scoring
