#include "services/registry/unit_index.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/sha256.h"
#include "services/registry/codes.h"

namespace terrace::registry {
namespace {

constexpr Day kEpoch(1970, 1, 1);

int32_t DayNumber(Day day) { return static_cast<int32_t>(day - kEpoch); }

absl::InlinedVector<uint64_t, 2> HashesOf(const storage::v1::UnitRecord& record) {
  absl::InlinedVector<uint64_t, 2> hashes;
  for (const v1::UnitCode& code : record.unit().codes()) {
    hashes.push_back(CodeHash(code.system(), code.code()));
  }
  // A code may stand there twice, for two times.
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

tree::UnitRecord TreeRecord(absl::string_view id, const storage::v1::UnitRecord& record,
                            v1::OrgClass org_class, const PlacedFrom* place) {
  tree::UnitRecord out;
  out.id = std::string(id);
  if (place != nullptr) {
    out.territory_parent = place->parent;
    out.sector_parent = place->sector_parent;
  }
  out.level = record.unit().level();
  out.kind = record.unit().kind();
  out.org_class = static_cast<uint8_t>(org_class);
  out.closed = record.unit().has_close_date();
  out.name = record.unit().display_name();
  return out;
}

// The place in force on that day, or the first one for days before it.
const PlacedFrom& PlaceOn(const PlaceHistory& history, Day day) {
  auto it = std::upper_bound(history.begin(), history.end(), day,
                             [](Day d, const PlacedFrom& place) { return d < place.from; });
  return it == history.begin() ? *it : *std::prev(it);
}

}  // namespace

void CodeIndex::Add(uint64_t hash, UnitNumber unit) {
  if (!first_.try_emplace(hash, unit).second) others_[hash].push_back(unit);
}

void CodeIndex::Remove(uint64_t hash, UnitNumber unit) {
  auto others = others_.find(hash);
  auto first = first_.find(hash);
  if (first == first_.end()) return;
  if (first->second != unit) {
    if (others != others_.end()) std::erase(others->second, unit);
  } else if (others == others_.end()) {
    first_.erase(first);
  } else {
    first->second = others->second.back();
    others->second.pop_back();
  }
  if (others != others_.end() && others->second.empty()) others_.erase(others);
}

absl::InlinedVector<UnitNumber, 2> CodeIndex::Find(uint64_t hash) const {
  absl::InlinedVector<UnitNumber, 2> units;
  auto first = first_.find(hash);
  if (first == first_.end()) return units;
  units.push_back(first->second);
  auto others = others_.find(hash);
  if (others != others_.end()) {
    units.insert(units.end(), others->second.begin(), others->second.end());
  }
  return units;
}

bool UnitView::IsOpen(UnitNumber unit, Day day) const {
  const int32_t number = DayNumber(day);
  return lifetimes->open[unit] <= number && number < lifetimes->close[unit];
}

bool UnitView::HasOpened(UnitNumber unit, Day day) const {
  return lifetimes->open[unit] <= DayNumber(day);
}

UnitNumber UnitView::ParentOn(UnitNumber unit, Line line, Day day) const {
  if (!moved->empty()) {
    auto it = moved->find(tree->Id(unit));
    if (it != moved->end()) {
      return tree->Number(PlaceOn(it->second, day).ParentOn(line)).value_or(kNoUnit);
    }
  }
  return tree->Parent(unit, line);
}

bool UnitView::IsUnder(UnitNumber unit, UnitNumber root, Line line, Day day) const {
  if (moved->empty()) return tree->IsUnder(unit, root, line);
  // Places of different days were each without a circle, but a limit costs nothing.
  for (int steps = 0; unit != kNoUnit && steps <= tree::kTreeDepthMax; ++steps) {
    if (unit == root) return true;
    unit = ParentOn(unit, line, day);
  }
  return false;
}

std::vector<UnitNumber> UnitView::Path(UnitNumber unit, Line line, Day day) const {
  std::vector<UnitNumber> path;
  while (unit != kNoUnit && path.size() <= tree::kTreeDepthMax) {
    path.push_back(unit);
    unit = ParentOn(unit, line, day);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool UnitView::PlacesAsNow(Day day) const {
  return std::all_of(moved->begin(), moved->end(),
                     [day](const auto& entry) { return entry.second.back().from <= day; });
}

UnitIndex::UnitIndex() = default;

void UnitIndex::Queue(absl::string_view id, const storage::v1::UnitRecord& record,
                      const storage::v1::UnitRecord* before) {
  absl::MutexLock lock(&mu_);
  Pending& pending = pending_.emplace_back();
  pending.id = std::string(id);
  pending.open = DayNumber(DayOr(record.unit().open_date(), kFirstDay));
  pending.close = DayNumber(DayOr(record.unit().close_date(), kLastDay));
  pending.codes = HashesOf(record);
  if (before != nullptr) pending.codes_before = HashesOf(*before);
  stale_ = true;
}

void UnitIndex::Put(absl::string_view id, const storage::v1::UnitRecord& record,
                    v1::OrgClass org_class, const PlacedFrom* place,
                    const storage::v1::UnitRecord* before) {
  Queue(id, record, before);
  absl::MutexLock lock(&mu_);
  // What stands in the log was decided on a tree that it fits.
  TERRACE_CHECK(builder_.Upsert(TreeRecord(id, record, org_class, place)).ok());
}

void UnitIndex::Place(absl::string_view id, PlaceHistory history) {
  {
    absl::MutexLock lock(&mu_);
    for (Line line : tree::kBothLines) {
      TERRACE_CHECK(builder_.Move(id, line, history.back().ParentOn(line)).ok());
    }
    stale_ = true;
  }
  if (history.size() > 1) {
    moved_.Mutable()[std::string(id)] = std::move(history);
  } else if (moved_.get().contains(id)) {
    moved_.Mutable().erase(id);
  }
}

void UnitIndex::Advance(int64_t revision) {
  absl::MutexLock lock(&mu_);
  if (revision <= revision_) return;
  revision_ = revision;
  stale_ = true;
}

void UnitIndex::SetLogId(const std::string& log_id) const {
  absl::MutexLock lock(&mu_);
  if (log_id_ == log_id) return;
  log_id_ = log_id;
  stale_ = true;
}

void UnitIndex::Sync() const {
  if (!stale_) return;
  builder_.SetCursor({log_id_, revision_});
  tree_ = builder_.Publish();
  if (lifetimes_.get().open.size() < tree_->size() || !pending_.empty()) {
    UnitView::Lifetimes& lifetimes = lifetimes_.Mutable();
    lifetimes.open.resize(tree_->size());
    lifetimes.close.resize(tree_->size());
    for (const Pending& pending : pending_) {
      const UnitNumber unit = tree_->Number(pending.id).value();
      lifetimes.open[unit] = pending.open;
      lifetimes.close[unit] = pending.close;
      for (uint64_t hash : pending.codes_before) codes_.Remove(hash, unit);
      for (uint64_t hash : pending.codes) codes_.Add(hash, unit);
    }
    std::vector<Pending>().swap(pending_);
  }
  stale_ = false;
}

std::shared_ptr<const tree::Tree> UnitIndex::tree() const {
  absl::MutexLock lock(&mu_);
  Sync();
  return tree_;
}

UnitView UnitIndex::view() const {
  absl::MutexLock lock(&mu_);
  Sync();
  return {tree_, lifetimes_.pin(), moved_.pin()};
}

const PlaceHistory* UnitIndex::FindMoved(absl::string_view id) const {
  auto it = moved_.get().find(id);
  return it == moved_.get().end() ? nullptr : &it->second;
}

absl::InlinedVector<UnitNumber, 2> UnitIndex::FindCode(uint64_t hash) const {
  absl::MutexLock lock(&mu_);
  Sync();
  return codes_.Find(hash);
}

std::string UnitIndex::Digest() const {
  absl::MutexLock lock(&mu_);
  Sync();
  std::vector<UnitNumber> units;
  for (UnitNumber unit = 0; unit < tree_->size(); ++unit) {
    if (tree_->Exists(unit)) units.push_back(unit);
  }
  std::sort(units.begin(), units.end(),
            [this](UnitNumber a, UnitNumber b)
                ABSL_NO_THREAD_SAFETY_ANALYSIS { return tree_->Id(a) < tree_->Id(b); });
  Sha256Stream hash;
  for (UnitNumber unit : units) {
    const tree::UnitRecord record = tree_->Record(unit);
    hash.AddSized(record.id).AddSized(record.territory_parent).AddSized(record.sector_parent);
    hash.AddSized(record.level).AddSized(record.kind).AddSized(record.name);
    hash.AddSized(absl::StrCat(record.org_class, "/", record.closed, "/",
                               lifetimes_.get().open[unit], "/", lifetimes_.get().close[unit]));
    const PlaceHistory* history = FindMoved(record.id);
    if (history == nullptr) continue;
    for (const PlacedFrom& place : *history) {
      hash.AddSized(FormatDay(place.from)).AddSized(place.parent).AddSized(place.sector_parent);
    }
  }
  return hash.Finish();
}

UnitIndex::Loader::Loader(UnitIndex* index) : index_(index) {
  absl::MutexLock lock(&index_->mu_);
  index_->builder_.StartLoad();
}

UnitIndex::Loader::~Loader() {
  absl::MutexLock lock(&index_->mu_);
  TERRACE_CHECK(index_->builder_.FinishLoad().ok());
  index_->stale_ = true;
}

void UnitIndex::Loader::Add(absl::string_view id, const storage::v1::UnitRecord& record,
                            v1::OrgClass org_class, PlaceHistory history) {
  const PlacedFrom* place = history.empty() ? nullptr : &history.back();
  index_->Queue(id, record, nullptr);
  {
    absl::MutexLock lock(&index_->mu_);
    TERRACE_CHECK(index_->builder_.Upsert(TreeRecord(id, record, org_class, place)).ok());
  }
  if (history.size() > 1) index_->moved_.Mutable()[std::string(id)] = std::move(history);
}

}  // namespace terrace::registry
