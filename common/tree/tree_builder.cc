#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "common/tree/codebook.h"
#include "common/tree/tree.h"
#include "common/tree/tree_data.h"

namespace terrace::tree {
namespace {

absl::Status FullError(absl::string_view what, size_t limit) {
  return Error(Reason::TREE_FULL, {{"what", std::string(what)}, {"limit", absl::StrCat(limit)}});
}

// Cut before the character that would exceed the limit.
absl::string_view CutName(absl::string_view name) {
  if (name.size() <= kTreeNameBytesMax) return name;
  size_t size = kTreeNameBytesMax;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;
  return name.substr(0, size);
}

// The part of a version that an index slot should leave out before a new slot is worth its
// building.
UnitNumber UncoveredMax(UnitNumber size) { return std::max<UnitNumber>(1024, size / 8); }

}  // namespace

TreeBuilder::TreeBuilder(bool keep_names)
    : keep_names_(keep_names),
      data_(std::make_unique<TreeData>()),
      levels_(std::make_unique<Codebook>()),
      kinds_(std::make_unique<Codebook>()) {}
TreeBuilder::~TreeBuilder() = default;
TreeBuilder::TreeBuilder(TreeBuilder&&) noexcept = default;
TreeBuilder& TreeBuilder::operator=(TreeBuilder&&) noexcept = default;

// ---- Changes.

absl::Status TreeBuilder::Check(const UnitRecord& record, UnitNumber n) const {
  TERRACE_RETURN_IF_ERROR(resource::CheckId(record.id));
  if (data_->size + 1 + kLines > kTreeUnitsMax) return FullError("units", kTreeUnitsMax);
  if (data_->ids->full() || data_->names->full()) return FullError("text", UINT32_MAX);
  if (!levels_->Takes(record.level) || !kinds_->Takes(record.kind)) {
    return FullError("codes", kTreeCodesMax);
  }
  for (Line line : kBothLines)
    TERRACE_RETURN_IF_ERROR(CheckParent(record.id, n, line, ParentOf(record, line)));
  return absl::OkStatus();
}

absl::Status TreeBuilder::CheckParent(absl::string_view id, UnitNumber n, Line line,
                                      absl::string_view parent) const {
  if (parent.empty()) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(parent));
  if (parent == id) return CycleError(id, parent);
  if (loading_) return absl::OkStatus();
  const UnitNumber up = data_->Find(parent);
  if (n != kNoUnit && up != kNoUnit) return data_->CheckParent(n, up, line);
  // One of the two is new to the mirror.
  const int above = up == kNoUnit ? 1 : data_->RawDepth(up, line);
  const int below = n == kNoUnit ? 1 : data_->Height(n, line, kTreeDepthMax);
  return above + below <= kTreeDepthMax ? absl::OkStatus() : TooDeepError(id, parent);
}

absl::Status TreeBuilder::Upsert(const UnitRecord& record) {
  UnitNumber n = data_->Find(record.id);
  TERRACE_RETURN_IF_ERROR(Check(record, n));
  published_ = nullptr;
  if (n == kNoUnit) n = Append(record.id, Row());
  Row& row = data_->rows.Mutable(n, epoch_);
  const bool is_new = row.state == UnitState::kAbsent;
  row.level = levels_->Number(record.level, &data_->levels);
  row.kind = kinds_->Number(record.kind, &data_->kinds);
  row.org_class = record.org_class;
  row.state = record.closed ? UnitState::kClosed : UnitState::kOpen;
  if (const absl::string_view name = CutName(record.name);
      keep_names_ && name != data_->names->Get(row.name)) {
    row.name = data_->names->Add(name);
  }
  if (is_new) {
    ++data_->count;
    for (Line line : kBothLines) AddCount(n, line, 1);
  }
  for (Line line : kBothLines) SetParent(n, line, ParentOf(record, line));
  return absl::OkStatus();
}

absl::Status TreeBuilder::Move(absl::string_view id, Line line, absl::string_view parent) {
  const UnitNumber n = data_->Find(id);
  if (n == kNoUnit || data_->rows[n].state == UnitState::kAbsent) return UnknownUnitError(id);
  if (data_->size + 1 > kTreeUnitsMax) return FullError("units", kTreeUnitsMax);
  if (data_->ids->full()) return FullError("text", UINT32_MAX);
  TERRACE_RETURN_IF_ERROR(CheckParent(id, n, line, parent));
  published_ = nullptr;
  SetParent(n, line, parent);
  return absl::OkStatus();
}

absl::Status TreeBuilder::Close(absl::string_view id) {
  const UnitNumber n = data_->Find(id);
  if (n == kNoUnit || data_->rows[n].state == UnitState::kAbsent) return UnknownUnitError(id);
  published_ = nullptr;
  data_->rows.Mutable(n, epoch_).state = UnitState::kClosed;
  return absl::OkStatus();
}

void TreeBuilder::SetCursor(TreeCursor cursor) {
  published_ = nullptr;
  data_->cursor = std::move(cursor);
}

absl::string_view TreeBuilder::ParentOf(const UnitRecord& record, Line line) {
  return line == Line::kTerritory ? record.territory_parent : record.sector_parent;
}

UnitNumber TreeBuilder::Append(absl::string_view id, Row row) {
  const UnitNumber n = data_->size;
  row.id = data_->ids->Add(id);
  data_->rows.Append(n, row, epoch_);
  ++data_->size;
  if (data_->table->full()) data_->table = data_->table->Grown();
  data_->table->Insert(IdTable::HashOf(id), n);
  return n;
}

void TreeBuilder::SetParent(UnitNumber n, Line line, absl::string_view parent_id) {
  UnitNumber parent = kNoUnit;
  if (!parent_id.empty()) {
    parent = data_->Find(parent_id);
    if (parent == kNoUnit) parent = Append(parent_id, Row());
  }
  if (parent == data_->RawParent(n, line)) return;
  const int l = static_cast<int>(line);
  if (!loading_) Unlink(n, line);
  data_->rows.Mutable(n, epoch_).parent[l] = parent;
  if (!loading_) Link(n, line);
  moved_[l] = moved_[l] || n < data_->slots[l]->cover();
}

// ---- Links: lists of children and counts; none of this while loading.

void TreeBuilder::AddCount(UnitNumber n, Line line, int64_t units) {
  if (loading_ || units == 0) return;
  const int l = static_cast<int>(line);
  for (; n != kNoUnit; n = data_->RawParent(n, line)) {
    UnitNumber& count = data_->rows.Mutable(n, epoch_).count[l];
    count = static_cast<UnitNumber>(count + units);
  }
}

std::vector<UnitNumber>& TreeBuilder::MutableChildren(UnitNumber n, Line line) {
  const int l = static_cast<int>(line);
  if (data_->rows[n].children[l] == kNoList) {
    auto list = std::make_shared<ChildList>();
    list->epoch = epoch_;
    data_->rows.Mutable(n, epoch_).children[l] = data_->list_count;
    data_->lists.Append(data_->list_count++, std::move(list), epoch_);
  }
  std::shared_ptr<ChildList>& list = data_->lists.Mutable(data_->rows[n].children[l], epoch_);
  if (list->epoch != epoch_) {
    list = std::make_shared<ChildList>(*list);
    list->epoch = epoch_;
  }
  return list->units;
}

void TreeBuilder::Link(UnitNumber n, Line line) {
  const UnitNumber parent = data_->RawParent(n, line);
  if (parent == kNoUnit) return;
  std::vector<UnitNumber>& siblings = MutableChildren(parent, line);
  siblings.insert(PlaceOf(n, siblings), n);
  AddCount(parent, line, data_->rows[n].count[static_cast<int>(line)]);
}

void TreeBuilder::Unlink(UnitNumber n, Line line) {
  const UnitNumber parent = data_->RawParent(n, line);
  if (parent == kNoUnit) return;
  std::vector<UnitNumber>& siblings = MutableChildren(parent, line);
  siblings.erase(PlaceOf(n, siblings));
  AddCount(parent, line, -int64_t{data_->rows[n].count[static_cast<int>(line)]});
}

// Where n stands or would stand among its siblings.
std::vector<UnitNumber>::iterator TreeBuilder::PlaceOf(UnitNumber n,
                                                       std::vector<UnitNumber>& siblings) const {
  const absl::string_view id = data_->Id(n);
  // Units mostly arrive in the order of their ids.
  if (siblings.empty() || data_->Id(siblings.back()) < id) return siblings.end();
  return std::lower_bound(siblings.begin(), siblings.end(), id,
                          [&](UnitNumber a, absl::string_view b) { return data_->Id(a) < b; });
}

// ---- Versions.

std::shared_ptr<const Tree> TreeBuilder::Publish() {
  TERRACE_CHECK(!loading_);
  if (published_ != nullptr) return published_;
  for (int l = 0; l < kLines; ++l) {
    std::shared_ptr<IndexSlot>& slot = data_->slots[l];
    const UnitNumber uncovered = data_->size - slot->cover();
    // An index that nobody has built yet may as well cover everything.
    if (moved_[l] ||
        (slot->index() == nullptr ? uncovered > 0 : uncovered > UncoveredMax(data_->size))) {
      slot = std::make_shared<IndexSlot>(data_->size);
    }
    moved_[l] = false;
  }
  published_ = std::shared_ptr<const Tree>(new Tree(std::make_shared<const TreeData>(*data_)));
  ++epoch_;  // What the version holds is the builder's alone no longer.
  return published_;
}

}  // namespace terrace::tree
