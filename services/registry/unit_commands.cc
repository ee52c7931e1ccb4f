// Decisions about units: create, update, move, close, and the parts that imports share.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/registry/codes.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/registry_state.h"
#include "services/registry/unit_record.h"

namespace terrace::registry {
namespace {

absl::Status NotFound(absl::string_view name) {
  return Error(Reason::NOT_FOUND, {{"name", std::string(name)}});
}

absl::Status RealmGrantNeeded() {
  return Error(Reason::ROLE_REQUIRED, {{"role", "ADMINISTRATOR"}, {"unit", "the whole realm"}});
}

Day Today(const machine::Decision& decision) { return DayOf(decision.now(), DefaultZone()); }

// Whole seconds: fractions would cost bytes in every one of a million rows.
absl::Time ToSeconds(absl::Time time) { return absl::FromUnixSeconds(absl::ToUnixSeconds(time)); }

// The id in "units/{id}"; empty for an empty name.
absl::StatusOr<absl::string_view> OptionalUnit(absl::string_view name) {
  if (name.empty()) return absl::string_view();
  return resource::ParseUnitName(name);
}

absl::string_view ReadParent(const storage::v1::PlacementRecord& place, Line line) {
  return line == Line::kTerritory ? place.parent() : place.sector_parent();
}

}  // namespace

absl::StatusOr<storage::v1::UnitRecord> RegistryState::OpenUnit(absl::string_view id,
                                                                machine::Decision& decision) const {
  auto record = decision.Get<storage::v1::UnitRecord>(UnitKey(id));
  if (!record) return NotFound(UnitKey(id));
  if (record->unit().has_close_date()) {
    return Error(Reason::WRONG_STATE,
                 {{"name", UnitKey(id)}, {"state", "CLOSED"}, {"needed", "ACTIVE"}});
  }
  return *std::move(record);
}

absl::Status RegistryState::CheckParent(absl::string_view id, absl::string_view parent, Line line,
                                        machine::Decision& decision, const Batchmates& mates,
                                        int* depth) const {
  *depth = 1;
  if (parent.empty()) return absl::OkStatus();
  auto mate = mates.units.find(parent);
  const auto record = decision.Get<storage::v1::UnitRecord>(UnitKey(parent));
  if (!record && mate == mates.units.end()) {
    return Error(Reason::UNKNOWN_PARENT, {{"parent", UnitKey(parent)}});
  }
  if (record && record->unit().has_close_date()) {
    return Error(Reason::WRONG_STATE,
                 {{"name", UnitKey(parent)}, {"state", "CLOSED"}, {"needed", "ACTIVE"}});
  }
  if (mate != mates.units.end()) {
    *depth = mate->second.depth[static_cast<int>(line)] + 1;
  } else {
    const std::shared_ptr<const tree::Tree> tree = units_.tree();
    *depth = tree->Depth(tree->Number(parent).value(), line) + 1;
  }
  if (*depth <= tree::kTreeDepthMax) return absl::OkStatus();
  return Error(Reason::TREE_TOO_DEEP, {{"unit", UnitKey(id)},
                                       {"parent", UnitKey(parent)},
                                       {"limit", absl::StrCat(tree::kTreeDepthMax)}});
}

std::string RegistryState::HolderOf(absl::string_view id, const HeldCode& wanted,
                                    machine::Decision& decision, const Batchmates& mates) const {
  auto mate = mates.codes.find(absl::StrCat(wanted.system, "/", wanted.code));
  if (mate != mates.codes.end()) {
    for (const Batchmates::Code& held : mate->second) {
      if (held.unit != id && wanted.from < held.until && held.from < wanted.until) {
        return held.unit;
      }
    }
  }
  for (UnitNumber number : units_.FindCode(CodeHash(wanted.system, wanted.code))) {
    const std::string holder(units_.tree()->Id(number));
    if (holder == id) continue;
    const auto other = decision.Get<storage::v1::UnitRecord>(UnitKey(holder));
    if (!other) continue;
    const Day closed = DayOr(other->unit().close_date(), kLastDay);
    for (const v1::UnitCode& code : other->unit().codes()) {
      HeldCode held = Held(code);
      held.until = std::min(held.until, closed);  // A closed unit gives its codes free.
      if (wanted.Overlaps(held)) return holder;
    }
  }
  return "";
}

absl::Status RegistryState::TakeCodes(absl::string_view id, const storage::v1::UnitRecord& record,
                                      machine::Decision& decision, Batchmates* mates) const {
  for (const v1::UnitCode& code : record.unit().codes()) {
    decision.ReadGuard(CodeGuard(code));
    const std::string holder = HolderOf(id, Held(code), decision, *mates);
    if (holder.empty()) continue;
    return Error(Reason::CODE_TAKEN,
                 {{"code", code.code()}, {"system", code.system()}, {"unit", UnitKey(holder)}});
  }
  for (const v1::UnitCode& code : record.unit().codes()) {
    decision.BumpGuard(CodeGuard(code));
    const HeldCode held = Held(code);
    mates->codes[absl::StrCat(code.system(), "/", code.code())].push_back(
        {std::string(id), held.from, held.until});
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::v1::UnitRecord> RegistryState::AddUnit(const NewUnit& unit,
                                                               machine::Decision& decision,
                                                               Batchmates* mates) const {
  EnsureIndexed();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(unit.id));
  const std::string key = UnitKey(unit.id);
  if (decision.Exists(key) || mates->units.contains(unit.id)) {
    return Error(Reason::ALREADY_EXISTS, {{"name", key}});
  }
  decision.ReadGuard(kTreeGuard);
  if (unit.parent.empty()) {
    const std::shared_ptr<const tree::Tree> tree = units_.tree();
    if (const std::vector<UnitNumber> tops = tree->Roots(Line::kTerritory); !tops.empty()) {
      return Error(Reason::ROOT_EXISTS, {{"unit", UnitKey(tree->Id(tops.front()))}});
    }
    for (const auto& [id, mate] : mates->units) {
      if (mate.depth[0] == 1) return Error(Reason::ROOT_EXISTS, {{"unit", UnitKey(id)}});
    }
    decision.BumpGuard(kTreeGuard);  // Two tops at once would not meet anywhere else.
  }
  Batchmates::Mate self{{0, 0}, {std::string(unit.parent), std::string(unit.sector_parent)}, ""};
  TERRACE_RETURN_IF_ERROR(CheckParent(unit.id, unit.parent, Line::kTerritory, decision, *mates,
                                      &self.depth[static_cast<int>(Line::kTerritory)]));
  TERRACE_RETURN_IF_ERROR(CheckParent(unit.id, unit.sector_parent, Line::kSector, decision, *mates,
                                      &self.depth[static_cast<int>(Line::kSector)]));
  TERRACE_ASSIGN_OR_RETURN(Day from, TodayOrEarlier("from_date", unit.from_date, Today(decision)));

  storage::v1::UnitRecord record = ToRecord(unit.unit);
  v1::Unit& stored = *record.mutable_unit();
  stored.clear_former_names();
  stored.clear_close_date();
  stored.clear_close_reason();
  stored.clear_update_time();
  *stored.mutable_open_date() = ToProtoDate(from);
  *stored.mutable_create_time() = ToProto(ToSeconds(decision.now()));
  const std::shared_ptr<const Vocabulary> words = vocabulary();
  TERRACE_RETURN_IF_ERROR(CheckUnit(unit.id, *words, &record));
  // Whether the kind may be used, and its class, is relied on.
  decision.RevisionOf(KindName(stored.kind()));
  if (words->FindKind(stored.kind())->kind().retired()) {
    return Error(Reason::KIND_RETIRED, {{"kind", KindName(stored.kind())}});
  }
  TERRACE_RETURN_IF_ERROR(TakeCodes(unit.id, record, decision, mates));

  storage::v1::PlacementRecord place;
  place.set_parent(std::string(unit.parent));
  place.set_sector_parent(std::string(unit.sector_parent));
  place.set_create_seconds(stored.create_time().seconds());
  decision.Put(key, record);
  decision.Put(PlacementKey(unit.id, FormatDay(from)), place);
  mates->units.emplace(unit.id, self);
  return record;
}

absl::Status RegistryState::CreateUnit(const v1::CreateUnitRequest& request,
                                       machine::Decision& decision, v1::Unit* reply) const {
  if (request.unit_id().empty()) return Required("unit_id");
  if (!request.has_unit()) return Required("unit");
  TERRACE_ASSIGN_OR_RETURN(absl::string_view parent, OptionalUnit(request.parent()));
  TERRACE_ASSIGN_OR_RETURN(absl::string_view sector_parent, OptionalUnit(request.sector_parent()));
  if (parent.empty() &&
      !access::HoldsRealm(decision.identity(), options::v1::ROLE_ADMINISTRATOR, decision.now())) {
    return RealmGrantNeeded();
  }
  Batchmates alone;
  TERRACE_ASSIGN_OR_RETURN(
      storage::v1::UnitRecord record,
      AddUnit({request.unit_id(), parent, sector_parent, request.from_date(), request.unit()},
              decision, &alone));
  const std::string from = FormatDay(DayOr(record.unit().open_date(), kFirstDay));
  const auto place =
      decision.Get<storage::v1::PlacementRecord>(PlacementKey(request.unit_id(), from));
  FillUnit(request.unit_id(), record, Today(decision), ToPlacement(request.unit_id(), from, *place),
           reply);
  return absl::OkStatus();
}

absl::StatusOr<bool> RegistryState::ChangeUnit(absl::string_view id,
                                               const storage::v1::UnitRecord& stored,
                                               storage::v1::UnitRecord wanted, Day renamed_on,
                                               machine::Decision& decision,
                                               Batchmates* mates) const {
  EnsureIndexed();
  const std::shared_ptr<const Vocabulary> words = vocabulary();
  TERRACE_RETURN_IF_ERROR(CheckUnit(id, *words, &wanted));
  if (SameContent(stored, wanted)) return false;
  v1::Unit& unit = *wanted.mutable_unit();
  if (unit.kind() != stored.unit().kind()) {
    decision.RevisionOf(KindName(unit.kind()));
    if (words->FindKind(unit.kind())->kind().retired()) {
      return Error(Reason::KIND_RETIRED, {{"kind", KindName(unit.kind())}});
    }
  }
  if (unit.display_name() != stored.unit().display_name()) {
    const Day first = unit.former_names_size() > 0
                          ? DayOr(unit.former_names().rbegin()->until_date(), kFirstDay)
                          : DayOr(unit.open_date(), kFirstDay);
    TERRACE_RETURN_IF_ERROR(CheckNotBefore("renamed_on", renamed_on, first));
    v1::FormerName& former = *unit.add_former_names();
    former.set_display_name(stored.unit().display_name());
    *former.mutable_until_date() = ToProtoDate(renamed_on);
    if (unit.former_names_size() > kFormerNamesMax) {
      unit.mutable_former_names()->DeleteSubrange(0, 1);
    }
  }
  v1::Unit codes_before, codes_now;
  *codes_before.mutable_codes() = stored.unit().codes();
  *codes_now.mutable_codes() = unit.codes();
  if (!SameContent(codes_before, codes_now)) {
    TERRACE_RETURN_IF_ERROR(TakeCodes(id, wanted, decision, mates));
  }
  Touch(ToSeconds(decision.now()), &unit);
  decision.Put(UnitKey(id), wanted);
  return true;
}

absl::Status RegistryState::UpdateUnit(const v1::UpdateUnitRequest& request,
                                       machine::Decision& decision, v1::Unit* reply) const {
  const std::string& name = request.unit().name();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(name));
  TERRACE_ASSIGN_OR_RETURN(storage::v1::UnitRecord stored, OpenUnit(id, decision));
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.unit().etag(), stored, name));
  const Day today = Today(decision);
  TERRACE_ASSIGN_OR_RETURN(Day renamed_on,
                           TodayOrEarlier("renamed_on", request.renamed_on(), today));
  v1::Unit unit = ToUnit(id, stored, *vocabulary(), today);
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.unit(), UnitOutputOnly(), &unit));
  Batchmates alone;
  TERRACE_RETURN_IF_ERROR(
      ChangeUnit(id, stored, ToRecord(unit), renamed_on, decision, &alone).status());
  FillUnit(id, *decision.Get<storage::v1::UnitRecord>(name), today,
           FindUnit(id, today)->placement(), reply);
  return absl::OkStatus();
}

absl::Status RegistryState::MoveUnit(const v1::MoveUnitRequest& request,
                                     machine::Decision& decision, v1::Unit* reply) const {
  EnsureIndexed();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.name()));
  const Line line = tree::FromProto(request.line());
  TERRACE_ASSIGN_OR_RETURN(absl::string_view parent, OptionalUnit(request.parent()));
  if (parent.empty() && line == Line::kTerritory) return Required("parent");
  decision.BumpGuard(kTreeGuard);
  TERRACE_ASSIGN_OR_RETURN(storage::v1::UnitRecord record, OpenUnit(id, decision));
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.etag(), record, request.name()));
  TERRACE_RETURN_IF_ERROR(CheckText("reason", request.reason(), kReasonBytesMax));
  const std::shared_ptr<const tree::Tree> tree = units_.tree();
  if (!parent.empty()) {
    int depth = 0;
    TERRACE_RETURN_IF_ERROR(CheckParent(id, parent, line, decision, {}, &depth));
    TERRACE_RETURN_IF_ERROR(
        tree->CheckMove(tree->Number(id).value(), tree->Number(parent).value(), line));
  }

  const PlaceHistory history = HistoryOf(id);
  TERRACE_CHECK(!history.empty());
  const Day began = history.back().from;
  auto place =
      decision.Get<storage::v1::PlacementRecord>(PlacementKey(id, FormatDay(began))).value();
  // Who takes a unit away must be in charge of where it stands, not only of where it goes.
  if (line == Line::kTerritory && !place.parent().empty() &&
      !access::Holds(decision.identity(), *tree, place.parent(), options::v1::ROLE_ADMINISTRATOR,
                     decision.now())) {
    return Error(Reason::ROLE_REQUIRED,
                 {{"role", "ADMINISTRATOR"}, {"unit", UnitKey(place.parent())}});
  }
  const Day today = Today(decision);
  TERRACE_ASSIGN_OR_RETURN(Day from, TodayOrEarlier("from_date", request.from_date(), today));
  TERRACE_RETURN_IF_ERROR(CheckNotBefore("from_date", from, began));
  if (ReadParent(place, line) != parent) {
    place.set_left_parent(place.parent());
    place.set_left_sector_parent(place.sector_parent());
    (line == Line::kTerritory ? place.mutable_parent() : place.mutable_sector_parent())
        ->assign(parent.data(), parent.size());
    place.set_reason(request.reason());
    place.set_create_seconds(absl::ToUnixSeconds(decision.now()));
    decision.Put(PlacementKey(id, FormatDay(from)), place);
  } else {
    from = began;
  }
  FillUnit(id, record, today, ToPlacement(id, FormatDay(from), place), reply);
  return absl::OkStatus();
}

absl::Status RegistryState::CloseUnit(const v1::CloseUnitRequest& request,
                                      machine::Decision& decision, v1::Unit* reply) const {
  EnsureIndexed();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(request.name()));
  decision.BumpGuard(kTreeGuard);
  TERRACE_ASSIGN_OR_RETURN(storage::v1::UnitRecord record, OpenUnit(id, decision));
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.etag(), record, request.name()));
  TERRACE_RETURN_IF_ERROR(CheckRequiredText("reason", request.reason(), kReasonBytesMax));
  const std::shared_ptr<const tree::Tree> tree = units_.tree();
  for (Line line : tree::kBothLines) {
    for (UnitNumber child : tree->Children(tree->Number(id).value(), line)) {
      if (tree->State(child) != tree::UnitState::kOpen) continue;
      return Error(Reason::IN_USE,
                   {{"name", request.name()},
                    {"detail", absl::StrCat(UnitKey(tree->Id(child)), " stands below it")}});
    }
  }
  decision.ReadGuard(OfficeGuard(id));
  absl::Status in_use;
  rows().ForEach(absl::StrCat(request.name(), "/programmes/"), "",
                 [&](absl::string_view key, const machine::Row&) {
                   in_use = Error(Reason::IN_USE, {{"name", request.name()},
                                                   {"detail", absl::StrCat("it runs ", key)}});
                   return false;
                 });
  TERRACE_RETURN_IF_ERROR(in_use);
  const Day today = Today(decision);
  TERRACE_ASSIGN_OR_RETURN(Day day, TodayOrEarlier("close_date", request.close_date(), today));
  TERRACE_RETURN_IF_ERROR(CheckNotBefore("close_date", day, HistoryOf(id).back().from));
  v1::Unit& unit = *record.mutable_unit();
  *unit.mutable_close_date() = ToProtoDate(day);
  unit.set_close_reason(request.reason());
  Touch(ToSeconds(decision.now()), &unit);
  decision.Put(UnitKey(id), record);
  FillUnit(id, record, today, FindUnit(id, today)->placement(), reply);
  return absl::OkStatus();
}

}  // namespace terrace::registry
