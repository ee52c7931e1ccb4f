#include "services/registry/unit_import.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/unit_record.h"

namespace terrace::registry {
namespace {

using storage::v1::UnitRecord;
using Outcome = absl::StatusOr<RowResult::Outcome>;

// Decides the rows of one chunk, one after the other.
class RowDecider {
 public:
  RowDecider(const RegistryState& state, absl::string_view subtree, bool dry_run,
             machine::Decision& decision, Batchmates* mates)
      : state_(state),
        subtree_(subtree),
        dry_run_(dry_run),
        decision_(decision),
        mates_(*mates),
        tree_(state.tree()),
        words_(state.vocabulary()),
        today_(DayOf(decision.now(), DefaultZone())) {}

  Outcome Decide(const v1::ImportUnitRow& row) {
    TERRACE_RETURN_IF_ERROR(CheckMessage(row));
    TERRACE_RETURN_IF_ERROR(resource::CheckId(row.unit_id()));
    for (const std::string* parent : {&row.parent_id(), &row.sector_parent_id()}) {
      if (!parent->empty()) TERRACE_RETURN_IF_ERROR(resource::CheckId(*parent));
    }
    if (!row.has_unit()) return Required("unit");
    if (auto stored = decision_.Get<UnitRecord>(UnitKey(row.unit_id()))) {
      return Change(row, *stored);
    }
    if (auto mate = mates_.units.find(row.unit_id()); mate != mates_.units.end()) {
      return Imagine(row, mate->second);
    }
    return Add(row);
  }

 private:
  absl::Status Outside(absl::string_view id) const {
    return Error(Reason::OUTSIDE_SUBTREE, {{"unit", UnitKey(id)}, {"subtree", UnitKey(subtree_)}});
  }

  bool IsInside(absl::string_view id) const {
    if (subtree_.empty() || mates_.units.contains(id)) return true;
    const absl::optional<UnitNumber> unit = tree_->Number(id);
    const absl::optional<UnitNumber> root = tree_->Number(subtree_);
    return unit && root && tree_->IsUnder(*unit, *root, Line::kTerritory);
  }

  Outcome Add(const v1::ImportUnitRow& row) {
    if (row.parent_id().empty() && !subtree_.empty()) return Outside(row.unit_id());
    for (const std::string* parent : {&row.parent_id(), &row.sector_parent_id()}) {
      // A parent that does not exist yet is waited for, wherever it will be.
      if (!parent->empty() && tree_->Number(*parent) && !IsInside(*parent)) {
        return Outside(row.unit_id());
      }
    }
    TERRACE_ASSIGN_OR_RETURN(UnitRecord record,
                             state_.AddUnit({row.unit_id(), row.parent_id(), row.sector_parent_id(),
                                             row.from_date(), row.unit()},
                                            decision_, &mates_));
    if (dry_run_) mates_.units[row.unit_id()].bytes = record.SerializeAsString();
    return RowResult::OUTCOME_CREATED;
  }

  Outcome Change(const v1::ImportUnitRow& row, const UnitRecord& stored) {
    if (!IsInside(row.unit_id())) return Outside(row.unit_id());
    if (stored.unit().has_close_date()) {
      return Error(Reason::WRONG_STATE,
                   {{"name", UnitKey(row.unit_id())}, {"state", "CLOSED"}, {"needed", "ACTIVE"}});
    }
    TERRACE_RETURN_IF_ERROR(CheckStays(row));
    TERRACE_ASSIGN_OR_RETURN(UnitRecord wanted, Wanted(row, stored));
    TERRACE_ASSIGN_OR_RETURN(
        bool changed,
        state_.ChangeUnit(row.unit_id(), stored, std::move(wanted), today_, decision_, &mates_));
    return changed ? RowResult::OUTCOME_UPDATED : RowResult::OUTCOME_UNCHANGED;
  }

  // A row of a dry run about a unit that an earlier chunk would have made.
  Outcome Imagine(const v1::ImportUnitRow& row, Batchmates::Mate& mate) {
    TERRACE_RETURN_IF_ERROR(CheckStays(row));
    UnitRecord stored;
    TERRACE_CHECK(stored.ParseFromString(mate.bytes));
    TERRACE_ASSIGN_OR_RETURN(UnitRecord wanted, Wanted(row, stored));
    TERRACE_RETURN_IF_ERROR(CheckUnit(row.unit_id(), *words_, &wanted));
    if (SameContent(stored, wanted)) return RowResult::OUTCOME_UNCHANGED;
    mate.bytes = wanted.SerializeAsString();
    return RowResult::OUTCOME_UPDATED;
  }

  // Without a mask: what the row sets is taken over, everything else stays.
  absl::StatusOr<UnitRecord> Wanted(const v1::ImportUnitRow& row, const UnitRecord& stored) const {
    v1::Unit unit = ToUnit(row.unit_id(), stored, *words_, today_);
    TERRACE_RETURN_IF_ERROR(resource::ApplyUpdate({}, row.unit(), UnitOutputOnly(), &unit));
    return ToRecord(unit);
  }

  // A unit that exists stays where it is; a parent that is left out says nothing.
  absl::Status CheckStays(const v1::ImportUnitRow& row) const {
    PlacedFrom place;
    if (auto mate = mates_.units.find(row.unit_id()); mate != mates_.units.end()) {
      place.parent = mate->second.parent[0];
      place.sector_parent = mate->second.parent[1];
    } else {
      place = state_.PlaceOf(row.unit_id()).value_or(PlacedFrom());
    }
    if ((row.parent_id().empty() || row.parent_id() == place.parent) &&
        (row.sector_parent_id().empty() || row.sector_parent_id() == place.sector_parent)) {
      return absl::OkStatus();
    }
    return Error(Reason::MOVE_BY_IMPORT, {{"unit", UnitKey(row.unit_id())}});
  }

  const RegistryState& state_;
  const absl::string_view subtree_;
  const bool dry_run_;
  machine::Decision& decision_;
  Batchmates& mates_;
  const std::shared_ptr<const tree::Tree> tree_;
  const std::shared_ptr<const Vocabulary> words_;
  const Day today_;
};

}  // namespace

ChunkOutcomes DecideUnitRows(const RegistryState& state, absl::string_view subtree,
                             absl::Span<const ImportRow> rows, bool dry_run,
                             machine::Decision& decision, Batchmates* mates) {
  RowDecider decider(state, subtree, dry_run, decision, mates);
  ChunkOutcomes outcomes;
  size_t bytes = 0;
  for (const ImportRow& row : rows) {
    // A row makes at most two rows, and bumps the tree's guard and one per code.
    const size_t changes = 3 + row.row.unit().codes_size();
    bytes += 2 * row.row.ByteSizeLong() + 256;
    if (!outcomes.empty() && (decision.room() < changes || bytes > kImportChunkBytes)) break;
    outcomes.push_back(decider.Decide(row.row));
  }
  return outcomes;
}

std::vector<std::string> ChunkKeys(absl::Span<const ImportRow> rows) {
  std::set<std::string> keys;
  for (const ImportRow& row : rows) {
    if (row.row.parent_id().empty()) keys.emplace(kTreeGuard);
    for (const v1::UnitCode& code : row.row.unit().codes()) keys.insert(CodeGuard(code));
  }
  return {keys.begin(), keys.end()};
}

absl::Status UnitImport::Take(const v1::ImportUnitsRequest& request) {
  if (!started_) {
    started_ = true;
    dry_run_ = request.validate_only();
    subtree_name_ = request.subtree();
    if (!subtree_name_.empty()) {
      TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(subtree_name_));
      subtree_ = std::string(id);
    }
  }
  if (request.subtree() != subtree_name_) {
    return InvalidField("subtree", "it must be the same in every message of a stream");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(request.rows_size(), kImportMessageRowsMax));
  if (ledger_.rows() + request.rows_size() > kImportRowsMax) {
    return Error(Reason::BATCH_TOO_LARGE,
                 {{"count", absl::StrCat(ledger_.rows() + request.rows_size())},
                  {"limit", absl::StrCat(kImportRowsMax)}});
  }
  for (const v1::ImportUnitRow& row : request.rows()) {
    ready_.push_back({ledger_.NextRow(), row});
  }
  return absl::OkStatus();
}

std::vector<ImportRow> UnitImport::NextChunk() {
  const size_t size = std::min(kImportChunkRows, ready_.size());
  std::vector<ImportRow> chunk(std::make_move_iterator(ready_.begin()),
                               std::make_move_iterator(ready_.begin() + size));
  ready_.erase(ready_.begin(), ready_.begin() + size);
  return chunk;
}

void UnitImport::Finish(std::vector<ImportRow> chunk, const ChunkOutcomes& outcomes) {
  TERRACE_CHECK(outcomes.size() <= chunk.size());
  for (size_t i = chunk.size(); i-- > outcomes.size();) ready_.push_front(std::move(chunk[i]));
  for (size_t i = 0; i < outcomes.size(); ++i) {
    ImportRow& row = chunk[i];
    if (HasReason(outcomes[i].status(), Reason::UNKNOWN_PARENT)) {
      Wait(std::move(row), outcomes[i].status());
      continue;
    }
    ledger_.Record(row.number, UnitKey(row.row.unit_id()), outcomes[i]);
    if (!outcomes[i].ok()) continue;
    auto waiting = waiting_.find(row.row.unit_id());
    if (waiting == waiting_.end()) continue;
    for (ImportRow& child : waiting->second) {
      waiting_bytes_ -= child.row.ByteSizeLong();
      ready_.push_back(std::move(child));
    }
    waiting_.erase(waiting);
  }
}

void UnitImport::Wait(ImportRow row, const absl::Status& status) {
  const size_t bytes = row.row.ByteSizeLong();
  if (waiting_bytes_ + bytes > kImportWaitingBytes) {
    ledger_.Record(row.number, UnitKey(row.row.unit_id()), Error(Reason::TOO_MANY_WAITING));
    return;
  }
  waiting_bytes_ += bytes;
  const absl::optional<ErrorDetails> details = DetailsOf(status);
  TERRACE_CHECK(details.has_value());
  std::string parent;
  for (const auto& [key, value] : details->args) {
    if (key == "parent") parent = std::string(resource::OwnerOf(value));
  }
  waiting_[parent].push_back(std::move(row));
}

void UnitImport::End(v1::ImportUnitsResponse* response) {
  TERRACE_CHECK(ready_.empty());
  for (const auto& [parent, rows] : waiting_) {
    for (const ImportRow& row : rows) {
      ledger_.Record(row.number, UnitKey(row.row.unit_id()),
                     Error(Reason::UNKNOWN_PARENT, {{"parent", UnitKey(parent)}}));
    }
  }
  waiting_.clear();
  ledger_.Fill(response);
}

}  // namespace terrace::registry
