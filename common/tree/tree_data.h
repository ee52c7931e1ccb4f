// What a version of the tree consists of. Private to this folder.
#ifndef TERRACE_COMMON_TREE_TREE_DATA_H_
#define TERRACE_COMMON_TREE_TREE_DATA_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/tree/cow_array.h"
#include "common/tree/id_table.h"
#include "common/tree/pool.h"
#include "common/tree/pre_order.h"
#include "common/tree/tree.h"

namespace terrace::tree {

inline constexpr uint32_t kNoList = 0xFFFFFFFF;

// One unit. A placeholder has an id, perhaps children, and nothing else.
struct Row {
  PoolRef id = 0;
  PoolRef name = 0;
  std::array<UnitNumber, kLines> parent = {kNoUnit, kNoUnit};  // Placeholders count here.
  std::array<uint32_t, kLines> children = {kNoList, kNoList};  // Number of a list.
  std::array<UnitNumber, kLines> count = {0, 0};               // Units in the subtree.
  uint16_t level = 0;
  uint16_t kind = 0;
  uint8_t org_class = 0;
  UnitState state = UnitState::kAbsent;
};

// The children of one unit on one line, sorted by id.
struct ChildList {
  uint64_t epoch = 0;  // In which the builder may still change it.
  std::vector<UnitNumber> units;
};

using Codes = std::vector<std::string>;

struct TreeData {
  // A row is 40 bytes: chunks of 20 KiB.
  CowArray<Row, 512> rows;
  // Only units with children have a list, fewer than a tenth.
  CowArray<std::shared_ptr<ChildList>, 128> lists;
  UnitNumber size = 0;
  uint32_t list_count = 0;
  UnitNumber count = 0;  // Without placeholders.
  TreeCursor cursor;
  std::shared_ptr<Pool> ids = std::make_shared<Pool>();
  std::shared_ptr<Pool> names = std::make_shared<Pool>();
  std::shared_ptr<IdTable> table = std::make_shared<IdTable>(64);
  std::shared_ptr<const Codes> levels = std::make_shared<const Codes>(1);  // Number 0 is "".
  std::shared_ptr<const Codes> kinds = std::make_shared<const Codes>(1);
  std::array<std::shared_ptr<IndexSlot>, kLines> slots = {std::make_shared<IndexSlot>(0),
                                                          std::make_shared<IndexSlot>(0)};

  absl::string_view Id(UnitNumber n) const { return ids->Get(rows[n].id); }
  // Placeholders included; kNoUnit for an unknown id.
  UnitNumber Find(absl::string_view id) const {
    return table->Find(IdTable::HashOf(id), size, [&](UnitNumber n) { return Id(n) == id; });
  }
  absl::Span<const UnitNumber> Children(UnitNumber n, Line line) const {
    const uint32_t list = rows[n].children[static_cast<int>(line)];
    return list == kNoList ? absl::Span<const UnitNumber>() : lists[list]->units;
  }
  UnitNumber RawParent(UnitNumber n, Line line) const {
    return rows[n].parent[static_cast<int>(line)];
  }
  // Units on the way up, n and placeholders included; stops counting above kTreeDepthMax.
  int RawDepth(UnitNumber n, Line line) const;
  // Units on the longest way down, n included; stops counting above `limit`.
  int Height(UnitNumber n, Line line, int limit) const;
  // OK when n may hang below parent; see Tree::CheckMove.
  absl::Status CheckParent(UnitNumber n, UnitNumber parent, Line line) const;
};

// Errors about the tree.
absl::Status CycleError(absl::string_view unit, absl::string_view parent);
absl::Status TooDeepError(absl::string_view unit, absl::string_view parent);
absl::Status UnknownUnitError(absl::string_view unit);

static_assert(kNoUnit == IdTable::kNone);

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_TREE_DATA_H_
