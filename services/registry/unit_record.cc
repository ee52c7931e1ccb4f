#include "services/registry/unit_record.h"

#include <array>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/registry/codes.h"
#include "services/registry/fields.h"

namespace terrace::registry {
namespace {

constexpr absl::string_view kOutputOnly[] = {
    "name",       "etag",         "org_class", "former_names", "state",      "open_date",
    "close_date", "close_reason", "placement", "create_time",  "update_time"};

absl::Status CheckAttributes(v1::Unit* unit) {
  TERRACE_RETURN_IF_ERROR(CheckCount(unit->attributes_size(), kAttributesMax));
  std::set<std::pair<int, Day>> seen;
  for (v1::UnitAttribute& attribute : *unit->mutable_attributes()) {
    const absl::string_view measure = MeasureOf(attribute.key());
    if (measure.empty()) return Required("attributes.key");
    if (!attribute.has_value() || !attribute.value().has_value()) {
      return Required("attributes.value");
    }
    TERRACE_ASSIGN_OR_RETURN(Decimal value,
                             FromProto(attribute.value().value(), "attributes.value"));
    if (value.sign() < 0) return InvalidField("attributes.value", "it must not be negative");
    if (attribute.value().unit().empty()) {
      attribute.mutable_value()->set_unit(std::string(measure));
    } else if (attribute.value().unit() != measure) {
      return InvalidField("attributes.value.unit", absl::StrCat("it must be ", measure));
    }
    TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> day,
                             ParseDate("attributes.as_of_date", attribute.as_of_date()));
    if (!day) return Required("attributes.as_of_date");
    if (!seen.emplace(attribute.key(), *day).second) {
      return InvalidField("attributes",
                          absl::StrCat("there are two figures of one key for ", FormatDay(*day)));
    }
    TERRACE_RETURN_IF_ERROR(CheckText("attributes.source", attribute.source(), kRemarkBytesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckLevel(absl::string_view field, absl::string_view level,
                        const Vocabulary& vocabulary) {
  if (vocabulary.FindLevel(level) != nullptr) return absl::OkStatus();
  return Error(Reason::UNKNOWN_LEVEL, {{"level", LevelName(level)}, {"field", std::string(field)}});
}

bool HasOrganisationCode(const v1::Unit& unit) {
  for (const v1::UnitCode& code : unit.codes()) {
    if (code.system() == kOrganisationCodeSystem) return true;
  }
  return false;
}

}  // namespace

absl::Span<const absl::string_view> UnitOutputOnly() { return kOutputOnly; }

storage::v1::UnitRecord ToRecord(const v1::Unit& unit) {
  storage::v1::UnitRecord record;
  v1::Unit& stored = *record.mutable_unit();
  stored = unit;
  stored.clear_name();
  stored.clear_etag();
  stored.clear_org_class();
  stored.clear_state();
  stored.clear_placement();
  // An id that has lost its prefix cannot be told from one that never had it, so a wrong name is
  // kept as it is and found wanting by CheckUnit.
  if (!LevelId(unit.level()).empty()) stored.set_level(std::string(LevelId(unit.level())));
  if (!LevelId(unit.rank()).empty()) stored.set_rank(std::string(LevelId(unit.rank())));
  if (!KindId(unit.kind()).empty()) stored.set_kind(std::string(KindId(unit.kind())));
  if (stored.has_update_time() && stored.has_create_time() &&
      FromProto(stored.update_time()) == FromProto(stored.create_time())) {
    stored.clear_update_time();
  }
  return record;
}

v1::Unit ToUnit(absl::string_view id, const storage::v1::UnitRecord& record,
                const Vocabulary& vocabulary, Day day) {
  v1::Unit unit = record.unit();
  unit.set_name(resource::UnitName(id));
  unit.set_etag(EtagOf(record));
  unit.set_org_class(vocabulary.ClassOf(record.unit().kind()));
  unit.set_kind(KindName(record.unit().kind()));
  unit.set_level(LevelName(record.unit().level()));
  if (!record.unit().rank().empty()) unit.set_rank(LevelName(record.unit().rank()));
  unit.set_state(DayOr(unit.close_date(), kLastDay) <= day ? v1::UNIT_STATE_CLOSED
                                                           : v1::UNIT_STATE_ACTIVE);
  if (!unit.has_update_time()) *unit.mutable_update_time() = unit.create_time();
  return unit;
}

v1::Placement ToPlacement(absl::string_view unit_id, absl::string_view from,
                          const storage::v1::PlacementRecord& record) {
  v1::Placement placement;
  placement.set_name(absl::StrCat("units/", unit_id, "/placements/", from));
  if (!record.parent().empty()) placement.set_parent(resource::UnitName(record.parent()));
  if (!record.sector_parent().empty()) {
    placement.set_sector_parent(resource::UnitName(record.sector_parent()));
  }
  if (absl::optional<Day> day = ParseDay(from)) *placement.mutable_from_date() = ToProtoDate(*day);
  placement.set_reason(record.reason());
  placement.mutable_create_time()->set_seconds(record.create_seconds());
  return placement;
}

absl::Status CheckUnit(absl::string_view id, const Vocabulary& vocabulary,
                       storage::v1::UnitRecord* record) {
  v1::Unit& unit = *record->mutable_unit();
  TERRACE_RETURN_IF_ERROR(CheckNames(unit.display_name(), unit.localized_names()));
  if (unit.kind().empty()) return Required("kind");
  if (vocabulary.FindKind(unit.kind()) == nullptr) {
    return Error(Reason::UNKNOWN_KIND, {{"kind", KindName(unit.kind())}});
  }
  if (unit.level().empty()) return Required("level");
  TERRACE_RETURN_IF_ERROR(CheckLevel("level", unit.level(), vocabulary));
  if (!unit.rank().empty()) TERRACE_RETURN_IF_ERROR(CheckLevel("rank", unit.rank(), vocabulary));
  TERRACE_RETURN_IF_ERROR(CheckCodes(unit.codes()));
  TERRACE_RETURN_IF_ERROR(CheckText("no_code_reason", unit.no_code_reason(), kRemarkBytesMax));
  if (vocabulary.ClassOf(unit.kind()) != v1::ORG_CLASS_ADMINISTRATIVE_AREA &&
      unit.no_code_reason().empty() && !HasOrganisationCode(unit)) {
    return Error(Reason::ORGANISATION_CODE_NEEDED, {{"unit", resource::UnitName(id)}});
  }
  TERRACE_RETURN_IF_ERROR(CheckAttributes(&unit));
  TERRACE_RETURN_IF_ERROR(CheckText("contact_role", unit.contact_role(), kRemarkBytesMax));
  if (const size_t bytes = record->ByteSizeLong(); bytes > kUnitBytesMax) {
    return Error(
        Reason::TEXT_TOO_LONG,
        {{"field", "unit"}, {"size", absl::StrCat(bytes)}, {"limit", absl::StrCat(kUnitBytesMax)}});
  }
  return absl::OkStatus();
}

absl::string_view MeasureOf(v1::AttributeKey key) {
  switch (key) {
    case v1::ATTRIBUTE_KEY_AREA:
      return "km2";
    case v1::ATTRIBUTE_KEY_BORDER_LENGTH:
      return "km";
    case v1::ATTRIBUTE_KEY_POPULATION:
    case v1::ATTRIBUTE_KEY_TOWN_POPULATION:
    case v1::ATTRIBUTE_KEY_STAFF:
    case v1::ATTRIBUTE_KEY_STUDENTS:
      return "person";
    case v1::ATTRIBUTE_KEY_BUDGET:
      return "CNY";
    default:
      return "";
  }
}

bool IsOpen(const v1::Unit& unit, Day day) {
  return DayOr(unit.open_date(), kFirstDay) <= day && day < DayOr(unit.close_date(), kLastDay);
}

void Touch(absl::Time time, v1::Unit* unit) {
  if (unit->has_create_time() && FromProto(unit->create_time()) == time) return;
  *unit->mutable_update_time() = ToProto(time);
}

}  // namespace terrace::registry
