// Loading: units are taken in any order and linked at the end, all at once.
#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/tree/tree.h"
#include "common/tree/tree_data.h"

namespace terrace::tree {
namespace {

// The shape of one line, worked out from the parents before anything is changed.
struct Shape {
  std::vector<uint32_t> start;       // Children of n: children[start[n]] to children[start[n + 1]].
  std::vector<UnitNumber> children;  // By id.
  std::vector<UnitNumber> top_down;  // All units, parents before children.
};

absl::StatusOr<Shape> MakeShape(const TreeData& data, Line line) {
  Shape shape;
  shape.start.assign(data.size + size_t{1}, 0);
  for (UnitNumber n = 0; n < data.size; ++n) {
    const UnitNumber parent = data.RawParent(n, line);
    if (parent != kNoUnit) ++shape.start[parent + size_t{1}];
  }
  for (size_t i = 1; i < shape.start.size(); ++i) shape.start[i] += shape.start[i - 1];
  shape.children.resize(shape.start.back());
  std::vector<uint32_t> next(shape.start.begin(), shape.start.end() - 1);
  shape.top_down.reserve(data.size);
  for (UnitNumber n = 0; n < data.size; ++n) {
    const UnitNumber parent = data.RawParent(n, line);
    if (parent != kNoUnit) {
      shape.children[next[parent]++] = n;
    } else {
      shape.top_down.push_back(n);
    }
  }
  const auto by_id = [&](UnitNumber a, UnitNumber b) { return data.Id(a) < data.Id(b); };
  for (UnitNumber n = 0; n < data.size; ++n) {
    const auto begin = shape.children.begin() + shape.start[n];
    const auto end = shape.children.begin() + shape.start[n + size_t{1}];
    if (!std::is_sorted(begin, end, by_id)) std::sort(begin, end, by_id);
  }

  // Level by level from the tops: what is not reached hangs on a cycle.
  size_t done = 0;
  for (int depth = 1; done < shape.top_down.size(); ++depth) {
    for (const size_t end = shape.top_down.size(); done < end; ++done) {
      const UnitNumber n = shape.top_down[done];
      if (depth > kTreeDepthMax) return TooDeepError(data.Id(n), data.Id(data.RawParent(n, line)));
      shape.top_down.insert(shape.top_down.end(), shape.children.begin() + shape.start[n],
                            shape.children.begin() + shape.start[n + size_t{1}]);
    }
  }
  if (shape.top_down.size() < data.size) {
    std::vector<bool> reached(data.size);
    for (UnitNumber n : shape.top_down) reached[n] = true;
    const UnitNumber n = std::find(reached.begin(), reached.end(), false) - reached.begin();
    return CycleError(data.Id(n), data.Id(data.RawParent(n, line)));
  }
  return shape;
}

}  // namespace

void TreeBuilder::StartLoad() {
  published_ = nullptr;
  loading_ = true;
}

absl::Status TreeBuilder::FinishLoad() {
  TERRACE_CHECK(loading_);
  std::array<Shape, kLines> shapes;
  for (Line line : kBothLines) {
    TERRACE_ASSIGN_OR_RETURN(shapes[static_cast<int>(line)], MakeShape(*data_, line));
  }
  // Lists of before may be in versions: all are made anew.
  data_->lists = {};
  data_->list_count = 0;
  for (int l = 0; l < kLines; ++l) {
    Shape& shape = shapes[l];
    for (UnitNumber n = 0; n < data_->size; ++n) {
      Row& row = data_->rows.Mutable(n, epoch_);
      row.children[l] = kNoList;
      row.count[l] = row.state == UnitState::kAbsent ? 0 : 1;
      const auto begin = shape.children.begin() + shape.start[n];
      const auto end = shape.children.begin() + shape.start[n + size_t{1}];
      if (begin == end) continue;
      row.children[l] = data_->list_count;
      auto list = std::make_shared<ChildList>();
      list->epoch = epoch_;
      list->units.assign(begin, end);
      data_->lists.Append(data_->list_count++, std::move(list), epoch_);
    }
    for (auto it = shape.top_down.rbegin(); it != shape.top_down.rend(); ++it) {
      const Row& row = data_->rows[*it];
      if (row.parent[l] != kNoUnit) {
        data_->rows.Mutable(row.parent[l], epoch_).count[l] += row.count[l];
      }
    }
    moved_[l] = true;
  }
  loading_ = false;
  Publish()->EnsureIndex(Line::kTerritory);
  return absl::OkStatus();
}

}  // namespace terrace::tree
