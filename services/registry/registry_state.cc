#include "services/registry/registry_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/registry/codes.h"
#include "services/registry/designation.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/unit_record.h"

namespace terrace::registry {
namespace {

template <class T>
T Parsed(const std::string& bytes) {
  T record;
  TERRACE_CHECK(record.ParseFromString(bytes));
  return record;
}

PlacedFrom ToPlaced(absl::string_view from, const storage::v1::PlacementRecord& record) {
  return {ParseDay(from).value_or(kFirstDay), record.parent(), record.sector_parent()};
}

std::string PlacementPrefix(absl::string_view id) { return PlacementKey(id, ""); }

}  // namespace

std::string CodeGuard(const v1::UnitCode& code) {
  return absl::StrCat("guards/code/", code.system(), "/",
                      absl::string_view(code.code()).substr(0, kCodeGuardChars));
}

std::string OfficeGuard(absl::string_view unit) { return absl::StrCat("guards/office/", unit); }

std::string QuotaGuard(absl::string_view programme) {
  return absl::StrCat("guards/quota/", programme);
}

// ------------------------------------------------------------------------------------ indexes

void RegistryState::OnChange(const machine::RowChange& change) {
  {
    absl::MutexLock lock(&index_mu_);
    if (!indexed_) return;  // The rows of a snapshot are indexed together, on the first use.
  }
  units_.Advance(change.revision.value);
  holds_.KeepFormer(change.key, change.before);
  const RowKey key = ParseKey(change.key);
  switch (key.kind) {
    case RowKind::kUnit:
      OnUnit(key.unit, change);
      break;
    case RowKind::kPlacement:
      OnPlacement(key.unit, change);
      break;
    case RowKind::kLevel:
    case RowKind::kKind:
      OnVocabulary(change);
      break;
    case RowKind::kEnrollment:
      if (change.after != nullptr) {
        programmes_.PutEnrollment(
            key.programme, key.item,
            Parsed<storage::v1::EnrollmentRecord>(*change.after).enrollment());
      }
      break;
    case RowKind::kDesignation:
      if (change.after != nullptr) {
        const auto now = Parsed<storage::v1::DesignationRecord>(*change.after);
        storage::v1::DesignationRecord before;
        if (change.before != nullptr) {
          before = Parsed<storage::v1::DesignationRecord>(*change.before);
        }
        programmes_.PutDesignation(key.unit, key.item, now.designation(),
                                   change.before == nullptr ? nullptr : &before.designation());
      }
      break;
    case RowKind::kProgramme:
    case RowKind::kOther:
      break;
  }
}

void RegistryState::OnUnit(absl::string_view id, const machine::RowChange& change) {
  if (change.after == nullptr) return;  // Units are closed, never deleted.
  const auto record = Parsed<storage::v1::UnitRecord>(*change.after);
  storage::v1::UnitRecord before;
  if (change.before != nullptr) before = Parsed<storage::v1::UnitRecord>(*change.before);
  const absl::optional<PlacedFrom> place = PlaceOf(id);
  units_.Put(id, record, vocabulary()->ClassOf(record.unit().kind()), place ? &*place : nullptr,
             change.before == nullptr ? nullptr : &before);
}

void RegistryState::OnPlacement(absl::string_view id, const machine::RowChange& change) {
  if (change.after == nullptr) return;  // Places are added, never deleted.
  const absl::string_view from = ParseKey(change.key).item;
  PlacedFrom place = ToPlaced(from, Parsed<storage::v1::PlacementRecord>(*change.after));
  PlaceHistory history = HistoryOf(id);  // As it was before.
  auto at = std::lower_bound(history.begin(), history.end(), place.from,
                             [](const PlacedFrom& placed, Day day) { return placed.from < day; });
  if (at != history.end() && at->from == place.from) {
    *at = std::move(place);
  } else {
    history.insert(at, std::move(place));
  }
  units_.Place(id, std::move(history));
}

void RegistryState::OnVocabulary(const machine::RowChange& change) {
  if (change.after == nullptr) return;  // Nothing is ever taken out.
  auto changed = std::make_shared<Vocabulary>(*vocabulary());
  const RowKey key = ParseKey(change.key);
  if (key.kind == RowKind::kLevel) {
    changed->SetLevel(key.item, Parsed<storage::v1::LevelRecord>(*change.after));
  } else {
    changed->SetKind(key.item, Parsed<storage::v1::KindRecord>(*change.after));
  }
  absl::MutexLock lock(&vocabulary_mu_);
  vocabulary_ = std::move(changed);
}

void RegistryState::EnsureIndexed() const {
  absl::MutexLock lock(&index_mu_);
  if (!indexed_) IndexAll();
}

void RegistryState::IndexAll() const {
  auto vocabulary = std::make_shared<Vocabulary>();
  rows().ForEach(kLevelPrefix, "", [&](const std::string& key, const machine::Row& row) {
    vocabulary->SetLevel(LevelId(key), machine::Rows::Parse<storage::v1::LevelRecord>(row));
    return true;
  });
  rows().ForEach(kKindPrefix, "", [&](const std::string& key, const machine::Row& row) {
    vocabulary->SetKind(KindId(key), machine::Rows::Parse<storage::v1::KindRecord>(row));
    return true;
  });
  int64_t revision = 0;
  {
    UnitIndex::Loader loader(&units_);
    rows().ForEach("units/", "", [&](const std::string& name, const machine::Row& row) {
      revision = std::max(revision, row.revision.value);
      const RowKey key = ParseKey(name);
      if (key.kind == RowKind::kUnit) {
        const auto record = machine::Rows::Parse<storage::v1::UnitRecord>(row);
        loader.Add(key.unit, record, vocabulary->ClassOf(record.unit().kind()),
                   HistoryOf(key.unit));
      } else if (key.kind == RowKind::kEnrollment) {
        programmes_.PutEnrollment(
            key.programme, key.item,
            machine::Rows::Parse<storage::v1::EnrollmentRecord>(row).enrollment());
      } else if (key.kind == RowKind::kDesignation) {
        programmes_.PutDesignation(
            key.unit, key.item,
            machine::Rows::Parse<storage::v1::DesignationRecord>(row).designation(), nullptr);
      }
      return true;
    });
  }
  units_.Advance(revision);
  {
    absl::MutexLock lock(&vocabulary_mu_);
    vocabulary_ = std::move(vocabulary);
  }
  indexed_ = true;
}

std::string RegistryState::IndexDigest() const {
  EnsureIndexed();
  Sha256Stream hash;
  hash.AddSized(units_.Digest()).AddSized(programmes_.Digest());
  for (const v1::Level& level : vocabulary()->Levels()) hash.AddSized(level.etag());
  for (const v1::Kind& kind : vocabulary()->Kinds()) hash.AddSized(kind.etag());
  return hash.Finish();
}

absl::optional<PlacedFrom> RegistryState::PlaceOf(absl::string_view id) const {
  if (const PlaceHistory* moved = units_.FindMoved(id)) return moved->back();
  PlaceHistory history = HistoryOf(id);
  if (history.empty()) return absl::nullopt;
  return std::move(history.back());
}

PlaceHistory RegistryState::HistoryOf(absl::string_view id) const {
  PlaceHistory history;
  const std::string prefix = PlacementPrefix(id);
  rows().ForEach(prefix, "", [&](absl::string_view key, const machine::Row& row) {
    history.push_back(ToPlaced(key.substr(prefix.size()),
                               machine::Rows::Parse<storage::v1::PlacementRecord>(row)));
    return true;
  });
  return history;
}

// -------------------------------------------------------------------------------------- views

std::shared_ptr<const tree::Tree> RegistryState::tree() const {
  EnsureIndexed();
  return units_.tree();
}

UnitView RegistryState::units() const {
  EnsureIndexed();
  return units_.view();
}

ProgrammeView RegistryState::standings(absl::string_view programme) const {
  EnsureIndexed();
  return programmes_.view(programme);
}

std::shared_ptr<const Vocabulary> RegistryState::vocabulary() const {
  static const auto& starting = *new std::shared_ptr<const Vocabulary>(new Vocabulary());
  absl::MutexLock lock(&vocabulary_mu_);
  return vocabulary_ == nullptr ? starting : vocabulary_;
}

std::shared_ptr<const RowHold> RegistryState::HoldRows() const {
  EnsureIndexed();  // From here on every change is heard of.
  return holds_.Take();
}

void RegistryState::SetLogId(const std::string& log_id) const { units_.SetLogId(log_id); }

// -------------------------------------------------------------------------- reads of single rows

void RegistryState::FillUnit(absl::string_view id, const storage::v1::UnitRecord& record, Day day,
                             const v1::Placement& placement, v1::Unit* reply) const {
  *reply = ToUnit(id, record, *vocabulary(), day);
  if (!placement.name().empty()) *reply->mutable_placement() = placement;
}

absl::optional<v1::Unit> RegistryState::FindUnit(absl::string_view id, Day day) const {
  const auto record = rows().Get<storage::v1::UnitRecord>(UnitKey(id));
  if (!record) return absl::nullopt;
  // The last place that began by that day, or the first one.
  v1::Placement placement;
  const std::string prefix = PlacementPrefix(id);
  rows().ForEach(prefix, "", [&](absl::string_view key, const machine::Row& row) {
    const absl::string_view from = key.substr(prefix.size());
    if (!placement.name().empty() && ParseDay(from).value_or(kLastDay) > day) return false;
    placement = ToPlacement(id, from, machine::Rows::Parse<storage::v1::PlacementRecord>(row));
    return true;
  });
  v1::Unit unit;
  FillUnit(id, *record, day, placement, &unit);
  return unit;
}

std::vector<v1::Placement> RegistryState::PlacementsOf(absl::string_view id) const {
  std::vector<v1::Placement> placements;
  const std::string prefix = PlacementPrefix(id);
  rows().ForEach(prefix, "", [&](absl::string_view key, const machine::Row& row) {
    placements.push_back(ToPlacement(id, key.substr(prefix.size()),
                                     machine::Rows::Parse<storage::v1::PlacementRecord>(row)));
    return true;
  });
  return placements;
}

Day RegistryState::CloseDay(absl::string_view unit_id) const {
  const auto record = rows().Get<storage::v1::UnitRecord>(UnitKey(unit_id));
  return record ? DayOr(record->unit().close_date(), kLastDay) : kFirstDay;
}

absl::Status RegistryState::GetUnit(const Reader& reader, const v1::GetUnitRequest& request,
                                    v1::Unit* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.name()));
  const absl::Time at = request.has_at_time() ? terrace::FromProto(request.at_time()) : reader.now;
  absl::optional<v1::Unit> unit = FindUnit(id, DayOf(at, DefaultZone()));
  if (!unit) return Error(Reason::NOT_FOUND, {{"name", request.name()}});
  *reply = *std::move(unit);
  return absl::OkStatus();
}

absl::Status RegistryState::BatchGetUnits(const Reader& reader,
                                          const v1::BatchGetUnitsRequest& request,
                                          v1::BatchGetUnitsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckCount(request.names_size(), kUnitsPerGet));
  v1::GetUnitRequest one;
  if (request.has_at_time()) *one.mutable_at_time() = request.at_time();
  for (const std::string& name : request.names()) {
    one.set_name(name);
    TERRACE_RETURN_IF_ERROR(GetUnit(reader, one, reply->add_units()));
  }
  return absl::OkStatus();
}

absl::Status RegistryState::GetPath(const Reader& reader, const v1::GetPathRequest& request,
                                    v1::GetPathResponse* reply) const {
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.name()));
  const absl::Time at = request.has_at_time() ? terrace::FromProto(request.at_time()) : reader.now;
  const Day day = DayOf(at, DefaultZone());
  const UnitView view = units();
  const absl::optional<UnitNumber> unit = view.tree->Number(id);
  if (!unit) return Error(Reason::NOT_FOUND, {{"name", request.name()}});
  for (UnitNumber step : view.Path(*unit, tree::FromProto(request.line()), day)) {
    *reply->add_units() = FindUnit(view.tree->Id(step), day).value();
  }
  return absl::OkStatus();
}

absl::Status RegistryState::ListLevels(const Reader&, const v1::ListLevelsRequest&,
                                       v1::ListLevelsResponse* reply) const {
  EnsureIndexed();
  for (v1::Level& level : vocabulary()->Levels()) *reply->add_levels() = std::move(level);
  return absl::OkStatus();
}

absl::Status RegistryState::ListKinds(const Reader&, const v1::ListKindsRequest&,
                                      v1::ListKindsResponse* reply) const {
  EnsureIndexed();
  for (v1::Kind& kind : vocabulary()->Kinds()) *reply->add_kinds() = std::move(kind);
  return absl::OkStatus();
}

absl::optional<v1::Programme> RegistryState::FindProgramme(absl::string_view name) const {
  if (ParseKey(name).kind != RowKind::kProgramme) return absl::nullopt;
  auto record = rows().Get<storage::v1::ProgrammeRecord>(name);
  if (!record) return absl::nullopt;
  v1::Programme programme = record->programme();
  programme.set_name(std::string(name));
  programme.set_etag(EtagOf(*record));
  return programme;
}

std::vector<v1::Programme> RegistryState::ProgrammesOf(absl::string_view office) const {
  std::vector<v1::Programme> programmes;
  const std::string prefix = absl::StrCat(UnitKey(office), "/programmes/");
  for (std::string next = prefix; !next.empty();) {
    const std::string from = std::exchange(next, "");
    rows().ForEach(prefix, from, [&](const std::string& key, const machine::Row&) {
      if (ParseKey(key).kind == RowKind::kProgramme) {
        programmes.push_back(FindProgramme(key).value());
        return true;
      }
      next = absl::StrCat(ParseKey(key).programme, "0");  // Past its enrolments: '0' follows '/'.
      return false;
    });
  }
  return programmes;
}

void RegistryState::ForEachDesignation(
    absl::string_view unit,
    absl::FunctionRef<bool(absl::string_view, const v1::Designation&)> fn) const {
  rows().ForEach(DesignationKey(unit, ""), "", [&](absl::string_view key, const machine::Row& row) {
    return fn(key, machine::Rows::Parse<storage::v1::DesignationRecord>(row).designation());
  });
}

bool RegistryState::MaySeeProgramme(const Reader& reader, const v1::Programme& programme) const {
  const absl::string_view office = resource::OwnerOf(programme.name());
  if (reader.identity.service ||
      access::Holds(reader.identity, *tree(), office, options::v1::ROLE_VIEWER, reader.now)) {
    return true;
  }
  switch (programme.visibility()) {
    case v1::VISIBILITY_OFFICE:
      return false;
    case v1::VISIBILITY_PARTICIPANTS:
      return std::any_of(
          reader.identity.grants.begin(), reader.identity.grants.end(),
          [&](const access::Grant& grant) {
            const Standing* standing = programmes_.Find(programme.name(), grant.unit);
            return grant.expires > reader.now && standing != nullptr && !standing->spans.empty();
          });
    default:
      return true;  // That the office stands above the reader is checked by the access rule.
  }
}

absl::Status RegistryState::GetProgramme(const Reader& reader,
                                         const v1::GetProgrammeRequest& request,
                                         v1::Programme* reply) const {
  absl::optional<v1::Programme> programme = FindProgramme(request.name());
  if (!programme || !MaySeeProgramme(reader, *programme)) {
    return Error(Reason::NOT_FOUND, {{"name", request.name()}});
  }
  *reply = *std::move(programme);
  return absl::OkStatus();
}

absl::optional<v1::Designation> RegistryState::FindDesignation(absl::string_view name,
                                                               Day day) const {
  const RowKey key = ParseKey(name);
  if (key.kind != RowKind::kDesignation) return absl::nullopt;
  auto record = rows().Get<storage::v1::DesignationRecord>(name);
  if (!record) return absl::nullopt;
  v1::Designation designation = record->designation();
  designation.set_name(std::string(name));
  designation.set_etag(EtagOf(*record));
  designation.set_state(StateOn(designation, day, CloseDay(key.unit)));
  return designation;
}

absl::Status RegistryState::GetDesignation(const Reader& reader,
                                           const v1::GetDesignationRequest& request,
                                           v1::Designation* reply) const {
  const absl::Time at = request.has_at_time() ? terrace::FromProto(request.at_time()) : reader.now;
  absl::optional<v1::Designation> designation =
      FindDesignation(request.name(), DayOf(at, DefaultZone()));
  if (!designation) return Error(Reason::NOT_FOUND, {{"name", request.name()}});
  // The days of a title are those of its programme's zone.
  if (absl::optional<v1::Programme> programme = FindProgramme(designation->programme())) {
    const auto zone = LoadZone("zone", programme->zone());
    if (zone.ok()) designation = FindDesignation(request.name(), DayOf(at, *zone));
  }
  *reply = *std::move(designation);
  return absl::OkStatus();
}

absl::Status RegistryState::LookupUnits(const Reader& reader, const v1::LookupUnitsRequest& request,
                                        v1::LookupUnitsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckCount(request.codes_size(), kUnitsPerGet));
  if (request.system().empty()) return Required("system");
  const absl::Time at = request.has_at_time() ? terrace::FromProto(request.at_time()) : reader.now;
  const Day day = DayOf(at, DefaultZone());
  const UnitView view = units();
  absl::optional<UnitNumber> root;
  if (!request.subtree().empty()) {
    TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.subtree()));
    root = view.tree->Number(id);
    if (!root) return Error(Reason::NOT_FOUND, {{"name", request.subtree()}});
  }
  for (const std::string& code : request.codes()) {
    v1::LookupUnitsResponse::Match& match = *reply->add_matches();
    match.set_code(code);
    for (UnitNumber number : units_.FindCode(CodeHash(request.system(), code))) {
      const absl::string_view id = view.tree->Id(number);
      if (root ? !view.IsUnder(number, *root, tree::FromProto(request.line()), day)
               : !access::MaySee(reader.identity, *view.tree, id, reader.now)) {
        continue;
      }
      absl::optional<v1::Unit> unit = FindUnit(id, day);
      if (!unit || !IsOpen(*unit, day)) continue;
      const bool holds = std::any_of(
          unit->codes().begin(), unit->codes().end(), [&](const v1::UnitCode& candidate) {
            const HeldCode held = Held(candidate);
            return held.system == request.system() && held.code == code && held.HoldsOn(day);
          });
      if (holds) *match.mutable_unit() = *std::move(unit);
    }
  }
  return absl::OkStatus();
}

}  // namespace terrace::registry
