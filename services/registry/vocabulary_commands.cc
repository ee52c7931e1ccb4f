// Decisions about the realm's tables of levels and kinds.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/registry/fields.h"
#include "services/registry/keys.h"
#include "services/registry/registry_state.h"

namespace terrace::registry {
namespace {

constexpr absl::string_view kLevelOutputOnly[] = {"name", "etag", "update_time"};
constexpr absl::string_view kKindOutputOnly[] = {"name", "etag", "update_time"};

// The id in "{prefix}{id}", or INVALID_NAME.
absl::StatusOr<absl::string_view> TableId(absl::string_view name, absl::string_view id,
                                          absl::string_view pattern) {
  if (resource::IsValidId(id)) return id;
  return Error(Reason::INVALID_NAME,
               {{"name", std::string(name)}, {"pattern", std::string(pattern)}});
}

}  // namespace

absl::Status RegistryState::CheckTopOffice(absl::string_view acting_office,
                                           machine::Decision& decision) const {
  EnsureIndexed();
  if (acting_office.empty()) {
    if (access::HoldsRealm(decision.identity(), options::v1::ROLE_ADMINISTRATOR, decision.now())) {
      return absl::OkStatus();
    }
    return Required("acting_office");
  }
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, resource::ParseUnitName(acting_office));
  const std::shared_ptr<const tree::Tree> tree = units_.tree();
  const absl::optional<UnitNumber> office = tree->Number(id);
  if (!office) return Error(Reason::NOT_FOUND, {{"name", std::string(acting_office)}});
  decision.ReadGuard(kTreeGuard);
  if (tree->Parent(*office, Line::kTerritory) == kNoUnit) return absl::OkStatus();
  return Error(Reason::NOT_TOP_OFFICE, {{"office", std::string(acting_office)}});
}

absl::Status RegistryState::UpdateLevel(const v1::UpdateLevelRequest& request,
                                        machine::Decision& decision, v1::Level* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckTopOffice(request.acting_office(), decision));
  const std::string& name = request.level().name();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, TableId(name, LevelId(name), "levels/{level}"));
  decision.BumpGuard(kVocabularyGuard);
  const std::shared_ptr<const Vocabulary> words = vocabulary();
  const storage::v1::LevelRecord* stored = words->FindLevel(id);
  if (stored == nullptr && !request.allow_missing()) {
    return Error(Reason::NOT_FOUND, {{"name", name}});
  }
  storage::v1::LevelRecord record;
  if (stored != nullptr) {
    record = *stored;
    TERRACE_RETURN_IF_ERROR(CheckEtag(request.level().etag(), record, name));
  } else {
    TERRACE_RETURN_IF_ERROR(CheckCount(words->level_count() + 1, kLevelsMax));
  }
  v1::Level& level = *record.mutable_level();
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.level(), kLevelOutputOnly, &level));
  TERRACE_RETURN_IF_ERROR(CheckNames(level.display_name(), level.localized_names()));
  if (level.ordinal() < 1 || level.ordinal() > kOrdinalMax) {
    return Error(Reason::NUMBER_OUT_OF_RANGE, {{"value", absl::StrCat(level.ordinal())},
                                               {"field", "ordinal"},
                                               {"range", absl::StrCat("1 to ", kOrdinalMax)}});
  }
  if (const std::string holder = words->LevelAt(level.ordinal()); !holder.empty() && holder != id) {
    return Error(Reason::ORDINAL_TAKEN,
                 {{"ordinal", absl::StrCat(level.ordinal())}, {"level", LevelName(holder)}});
  }
  if (stored == nullptr || !SameContent(record, *stored)) {
    *level.mutable_update_time() = ToProto(decision.now());
    decision.Put(name, record);
  }
  *reply = ToLevel(id, record);
  return absl::OkStatus();
}

absl::Status RegistryState::UpdateKind(const v1::UpdateKindRequest& request,
                                       machine::Decision& decision, v1::Kind* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckTopOffice(request.acting_office(), decision));
  const std::string& name = request.kind().name();
  TERRACE_ASSIGN_OR_RETURN(absl::string_view id, TableId(name, KindId(name), "kinds/{kind}"));
  decision.BumpGuard(kVocabularyGuard);
  const std::shared_ptr<const Vocabulary> words = vocabulary();
  const storage::v1::KindRecord* stored = words->FindKind(id);
  if (stored == nullptr && !request.allow_missing()) {
    return Error(Reason::NOT_FOUND, {{"name", name}});
  }
  storage::v1::KindRecord record;
  if (stored != nullptr) {
    record = *stored;
    TERRACE_RETURN_IF_ERROR(CheckEtag(request.kind().etag(), record, name));
  } else {
    TERRACE_RETURN_IF_ERROR(CheckCount(words->kind_count() + 1, kKindsMax));
  }
  v1::Kind& kind = *record.mutable_kind();
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.kind(), kKindOutputOnly, &kind));
  TERRACE_RETURN_IF_ERROR(CheckNames(kind.display_name(), kind.localized_names()));
  if (kind.org_class() == v1::ORG_CLASS_UNSPECIFIED) return Required("org_class");
  if (stored != nullptr && kind.org_class() != stored->kind().org_class()) {
    return Error(Reason::IN_USE,
                 {{"name", name},
                  {"detail", "the class of a kind is fixed; retire it and add another kind"}});
  }
  if (stored == nullptr || !SameContent(record, *stored)) {
    *kind.mutable_update_time() = ToProto(decision.now());
    decision.Put(name, record);
  }
  *reply = ToKind(id, record);
  return absl::OkStatus();
}

}  // namespace terrace::registry
