#include "common/tree/tree.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/tree/tree_data.h"

namespace terrace::tree {
namespace {

// A walk in progress: the children of one unit and which of them comes next.
struct Siblings {
  absl::Span<const UnitNumber> units;
  size_t next = 0;
};

// Walks on from `stack` until `visit` returns false.
bool Walk(const TreeData& data, Line line, std::vector<Siblings> stack,
          absl::FunctionRef<bool(UnitNumber)> visit) {
  while (!stack.empty()) {
    Siblings& here = stack.back();
    if (here.next == here.units.size()) {
      stack.pop_back();
      continue;
    }
    const UnitNumber n = here.units[here.next++];
    if (!visit(n)) return false;
    if (const auto children = data.Children(n, line); !children.empty()) {
      stack.push_back({children, 0});
    }
  }
  return true;
}

PreOrder MakePreOrder(const TreeData& data, Line line, UnitNumber cover) {
  PreOrder out;
  out.first.resize(cover);
  out.end.resize(cover);
  uint32_t position = 0;
  struct Open {
    UnitNumber unit;
    absl::Span<const UnitNumber> children;
    size_t next = 0;
  };
  std::vector<Open> stack;
  const auto open = [&](UnitNumber n) {
    out.first[n] = position++;
    stack.push_back({n, data.Children(n, line), 0});
  };
  for (UnitNumber top = 0; top < cover; ++top) {
    if (data.RawParent(top, line) != kNoUnit) continue;
    open(top);
    while (!stack.empty()) {
      Open& last = stack.back();
      if (last.next == last.children.size()) {
        out.end[last.unit] = position;
        stack.pop_back();
        continue;
      }
      const UnitNumber child = last.children[last.next++];
      // Covered units have covered parents, so nothing covered lies under an uncovered child.
      if (child < cover) open(child);
    }
  }
  return out;
}

}  // namespace

Line FromProto(types::v1::Line line) {
  return line == types::v1::LINE_SECTOR ? Line::kSector : Line::kTerritory;
}

types::v1::Line ToProto(Line line) {
  return line == Line::kSector ? types::v1::LINE_SECTOR : types::v1::LINE_TERRITORY;
}

absl::Status CycleError(absl::string_view unit, absl::string_view parent) {
  return Error(Reason::CYCLE, {{"unit", absl::StrCat("units/", unit)},
                               {"parent", absl::StrCat("units/", parent)}});
}

absl::Status TooDeepError(absl::string_view unit, absl::string_view parent) {
  return Error(Reason::TREE_TOO_DEEP, {{"unit", absl::StrCat("units/", unit)},
                                       {"parent", absl::StrCat("units/", parent)},
                                       {"limit", absl::StrCat(kTreeDepthMax)}});
}

absl::Status UnknownUnitError(absl::string_view unit) {
  return Error(Reason::NOT_FOUND, {{"name", absl::StrCat("units/", unit)}});
}

// ---- TreeData.

int TreeData::RawDepth(UnitNumber n, Line line) const {
  int depth = 0;
  for (; n != kNoUnit && depth <= kTreeDepthMax; n = RawParent(n, line)) ++depth;
  return depth;
}

int TreeData::Height(UnitNumber n, Line line, int limit) const {
  int height = 1;
  std::vector<Siblings> stack = {{Children(n, line), 0}};
  while (!stack.empty() && height <= limit) {
    Siblings& here = stack.back();
    if (here.next == here.units.size()) {
      stack.pop_back();
      continue;
    }
    const UnitNumber child = here.units[here.next++];
    height = std::max(height, static_cast<int>(stack.size()) + 1);
    if (const auto children = Children(child, line); !children.empty()) {
      stack.push_back({children, 0});
    }
  }
  return height;
}

absl::Status TreeData::CheckParent(UnitNumber n, UnitNumber parent, Line line) const {
  if (parent == kNoUnit) return absl::OkStatus();
  int steps = 0;
  for (UnitNumber up = parent; up != kNoUnit; up = RawParent(up, line)) {
    if (up == n) return CycleError(Id(n), Id(parent));
    // The tree as it stands has no cycle and no path that is longer.
    TERRACE_CHECK(++steps <= kTreeDepthMax);
  }
  // Only a move further down can make the tree deeper.
  const int depth = RawDepth(parent, line);
  if (depth + 1 > RawDepth(n, line) && depth + Height(n, line, kTreeDepthMax) > kTreeDepthMax) {
    return TooDeepError(Id(n), Id(parent));
  }
  return absl::OkStatus();
}

// ---- Tree: units.

Tree::Tree(std::shared_ptr<const TreeData> data) : data_(std::move(data)) {}
Tree::~Tree() = default;

const Row& Tree::At(UnitNumber n) const {
#ifndef NDEBUG
  TERRACE_CHECK(n < data_->size);
#endif
  return data_->rows[n];
}

UnitNumber Tree::size() const { return data_->size; }
UnitNumber Tree::count() const { return data_->count; }
const TreeCursor& Tree::cursor() const { return data_->cursor; }

absl::optional<UnitNumber> Tree::Number(absl::string_view id) const {
  const UnitNumber n = data_->Find(id);
  if (n == kNoUnit || !Exists(n)) return absl::nullopt;
  return n;
}

absl::string_view Tree::Id(UnitNumber n) const { return data_->ids->Get(At(n).id); }
absl::string_view Tree::Name(UnitNumber n) const { return data_->names->Get(At(n).name); }
absl::string_view Tree::Level(UnitNumber n) const { return (*data_->levels)[At(n).level]; }
absl::string_view Tree::Kind(UnitNumber n) const { return (*data_->kinds)[At(n).kind]; }
uint16_t Tree::LevelNumber(UnitNumber n) const { return At(n).level; }
uint16_t Tree::KindNumber(UnitNumber n) const { return At(n).kind; }
uint8_t Tree::OrgClass(UnitNumber n) const { return At(n).org_class; }
UnitState Tree::State(UnitNumber n) const { return At(n).state; }

UnitRecord Tree::Record(UnitNumber n) const {
  const auto parent_id = [&](Line line) {
    // A placeholder is named here: it is what the feed said.
    const UnitNumber parent = data_->RawParent(n, line);
    return parent == kNoUnit ? std::string() : std::string(data_->Id(parent));
  };
  UnitRecord record;
  record.id = std::string(Id(n));
  record.territory_parent = parent_id(Line::kTerritory);
  record.sector_parent = parent_id(Line::kSector);
  record.level = std::string(Level(n));
  record.kind = std::string(Kind(n));
  record.org_class = OrgClass(n);
  record.closed = State(n) == UnitState::kClosed;
  record.name = std::string(Name(n));
  return record;
}

// ---- Tree: the shape.

UnitNumber Tree::Parent(UnitNumber n, Line line) const {
  const UnitNumber parent = At(n).parent[static_cast<int>(line)];
  return parent != kNoUnit && Exists(parent) ? parent : kNoUnit;
}

absl::Span<const UnitNumber> Tree::Children(UnitNumber n, Line line) const {
  At(n);
  return data_->Children(n, line);
}

bool Tree::IsUnder(UnitNumber n, UnitNumber ancestor, Line line) const {
  At(n);
  At(ancestor);
  const IndexSlot& slot = *data_->slots[static_cast<int>(line)];
  const PreOrder* index = slot.index();
  for (; n != ancestor; n = data_->RawParent(n, line)) {
    if (n == kNoUnit) return false;
    if (index != nullptr && n < slot.cover()) {
      return ancestor < slot.cover() && index->IsUnder(n, ancestor);
    }
  }
  return true;
}

std::vector<UnitNumber> Tree::Path(UnitNumber n, Line line) const {
  std::vector<UnitNumber> path;
  for (; n != kNoUnit; n = Parent(n, line)) path.push_back(n);
  std::reverse(path.begin(), path.end());
  return path;
}

int Tree::Depth(UnitNumber n, Line line) const {
  int depth = 0;
  for (; n != kNoUnit; n = Parent(n, line)) ++depth;
  return depth;
}

UnitNumber Tree::SubtreeCount(UnitNumber n, Line line) const {
  return At(n).count[static_cast<int>(line)];
}

std::vector<UnitNumber> Tree::Roots(Line line) const {
  std::vector<UnitNumber> roots;
  for (UnitNumber n = 0; n < data_->size; ++n) {
    if (!Exists(n) || Parent(n, line) != kNoUnit) continue;
    if (line == Line::kTerritory || !Children(n, line).empty()) roots.push_back(n);
  }
  return roots;
}

// A position is "/" for the root itself and "/" with the ids below the root, joined by "/", for
// others.
std::string Tree::PositionOf(UnitNumber n, UnitNumber root, Line line) const {
  std::string position;
  for (; n != root; n = data_->RawParent(n, line)) {
    TERRACE_CHECK(n != kNoUnit);
    position = absl::StrCat("/", Id(n), position);
  }
  return position.empty() ? "/" : position;
}

bool Tree::ForEachInSubtree(UnitNumber root, Line line, absl::FunctionRef<bool(UnitNumber)> visit,
                            absl::string_view after) const {
  At(root);
  if (after.empty() && !visit(root)) return false;
  std::vector<Siblings> stack = {{data_->Children(root, line), 0}};
  if (after.size() > 1) {
    for (absl::string_view id : absl::StrSplit(after.substr(1), '/')) {
      Siblings& here = stack.back();
      const auto at =
          std::lower_bound(here.units.begin(), here.units.end(), id,
                           [&](UnitNumber n, absl::string_view wanted) { return Id(n) < wanted; });
      here.next = at - here.units.begin();
      // When the unit has gone elsewhere the walk goes on with its next sibling.
      if (at == here.units.end() || Id(*at) != id) break;
      ++here.next;
      stack.push_back({data_->Children(*at, line), 0});
    }
  }
  return Walk(*data_, line, std::move(stack), visit);
}

// ---- Tree: checks and the index.

absl::Status Tree::CheckMove(UnitNumber unit, UnitNumber parent, Line line) const {
  At(unit);
  At(parent);
  return data_->CheckParent(unit, parent, line);
}

absl::Status Tree::CheckAdd(absl::string_view id, UnitNumber parent, Line line) const {
  At(parent);
  if (data_->RawDepth(parent, line) < kTreeDepthMax) return absl::OkStatus();
  return TooDeepError(id, Id(parent));
}

void Tree::EnsureIndex(Line line) const {
  IndexSlot& slot = *data_->slots[static_cast<int>(line)];
  slot.Build([&] { return MakePreOrder(*data_, line, slot.cover()); });
}

bool Tree::HasIndex(Line line) const {
  return data_->slots[static_cast<int>(line)]->index() != nullptr;
}

size_t Tree::MemoryBytes() const {
  size_t bytes = sizeof(TreeData) + data_->rows.Bytes() + data_->lists.Bytes() +
                 data_->ids->Bytes() + data_->table->Bytes();
  // A list, the count that shares it, and its units.
  constexpr size_t kListBytes = sizeof(ChildList) + 2 * sizeof(void*);
  for (uint32_t i = 0; i < data_->list_count; ++i) {
    bytes += kListBytes + data_->lists[i]->units.capacity() * sizeof(UnitNumber);
  }
  for (const auto& slot : data_->slots) {
    if (const PreOrder* index = slot->index(); index != nullptr) bytes += index->Bytes();
  }
  return bytes;
}

size_t Tree::NameBytes() const { return data_->names->Bytes(); }

// ---- TreeHolder.

TreeHolder::TreeHolder() : tree_(TreeBuilder().Publish()) {}

std::shared_ptr<const Tree> TreeHolder::Get() const {
  absl::MutexLock lock(&mu_);
  return tree_;
}

void TreeHolder::Set(std::shared_ptr<const Tree> tree) {
  TERRACE_CHECK(tree != nullptr);
  {
    absl::MutexLock lock(&mu_);
    tree_.swap(tree);
  }
  // The version before may be the last of its chunks: it goes outside the lock.
}

}  // namespace terrace::tree
