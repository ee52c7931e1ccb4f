// Commands about checklists and teams.
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/inspections/checklist_rules.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"

namespace terrace::inspections {
namespace {

constexpr int kTeamRolesMax = 20;
constexpr int kTeamMembersMax = 100;
constexpr int kRecusedUnitsMax = 1000;
constexpr int kRoleBytesMax = 100;
constexpr int kInspectorsLeast = 2;
constexpr int kInspectorsOfRoleMax = 1000;

constexpr absl::string_view kChecklistFixed[] = {"name",     "state",       "publish_time", "etag",
                                                 "revision", "create_time", "update_time"};
constexpr absl::string_view kTeamFixed[] = {"name", "etag", "revision", "create_time",
                                            "update_time"};

// The id to use: the caller's, checked, or a fresh one.
absl::StatusOr<std::string> IdOrNew(Decision& d, const std::string& id) {
  if (id.empty()) return d.NewId();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(id));
  return id;
}

absl::Status CheckDraft(const v1::Checklist& checklist) {
  if (checklist.display_name().empty()) {
    return Needed("checklist.display_name");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(checklist.items_size(), kChecklistItemsMax));
  return absl::OkStatus();
}

absl::Status CheckTeam(const v1::Team& team) {
  if (team.display_name().empty()) {
    return Needed("team.display_name");
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(team.roles_size(), kTeamRolesMax));
  TERRACE_RETURN_IF_ERROR(CheckCount(team.members_size(), kTeamMembersMax));
  TERRACE_RETURN_IF_ERROR(CheckCount(team.recused_units_size(), kRecusedUnitsMax));
  int inspectors = 0;
  for (const v1::TeamRole& role : team.roles()) {
    if (role.role().empty()) {
      return Needed("team.roles.role");
    }
    TERRACE_RETURN_IF_ERROR(CheckText("team.roles.role", role.role(), kRoleBytesMax));
    TERRACE_RETURN_IF_ERROR(
        CheckRange("team.roles.inspectors", role.inspectors(), 1, kInspectorsOfRoleMax));
    inspectors += role.inspectors();
  }
  if (inspectors < kInspectorsLeast) {
    return Error(Reason::TEAM_TOO_SMALL,
                 {{"least", absl::StrCat(kInspectorsLeast)}, {"count", absl::StrCat(inspectors)}});
  }
  for (const std::string& unit : team.recused_units()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(unit).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InspectionsState::CreateChecklist(const v1::CreateChecklistRequest& request,
                                               Decision& d, v1::Checklist* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  if (!d.tree().Number(resource::OwnerOf(request.parent()))) return NotFound(request.parent());
  TERRACE_RETURN_IF_ERROR(CheckDraft(request.checklist()));
  TERRACE_ASSIGN_OR_RETURN(std::string id, IdOrNew(d, request.checklist_id()));
  const std::string head_name = absl::StrCat(request.parent(), "/checklists/", id);
  auto head = d.Get<storage::v1::ChecklistHead>(head_name).value_or(storage::v1::ChecklistHead());
  if (head.draft() != 0) {
    return Error(Reason::DRAFT_EXISTS, {{"name", ChecklistKey(head_name, head.draft())}});
  }
  head.set_draft(head.published() + 1);
  const std::string name = ChecklistKey(head_name, head.draft());
  storage::v1::ChecklistRecord record;
  v1::Checklist& checklist = *record.mutable_checklist();
  checklist = request.checklist();
  checklist.clear_name();
  checklist.clear_revision();
  checklist.clear_publish_time();
  checklist.set_state(v1::Checklist::STATE_DRAFT);
  *checklist.mutable_create_time() = ToProto(d.now());
  *checklist.mutable_update_time() = ToProto(d.now());
  checklist.set_etag(NewEtag(d));
  d.Put(head_name, head);
  d.Put(name, record);
  *reply = ToResource(name, record, {});
  return absl::OkStatus();
}

absl::Status InspectionsState::UpdateChecklist(const v1::UpdateChecklistRequest& request,
                                               Decision& d, v1::Checklist* reply) const {
  const std::string& name = request.checklist().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kChecklistPattern).status());
  auto record = d.Get<storage::v1::ChecklistRecord>(name);
  if (!record) return NotFound(name);
  v1::Checklist& checklist = *record->mutable_checklist();
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.checklist().etag(), checklist.etag(), name));
  if (checklist.state() != v1::Checklist::STATE_DRAFT) {
    return WrongState(name, "PUBLISHED", "DRAFT");
  }
  TERRACE_RETURN_IF_ERROR(resource::ApplyUpdate(request.update_mask(), request.checklist(),
                                                kChecklistFixed, &checklist));
  TERRACE_RETURN_IF_ERROR(CheckDraft(checklist));
  checklist.clear_name();
  *checklist.mutable_update_time() = ToProto(d.now());
  checklist.set_etag(NewEtag(d));
  d.Put(name, *record);
  *reply = ToResource(name, *record, {});
  return absl::OkStatus();
}

absl::Status InspectionsState::PublishChecklist(const v1::PublishChecklistRequest& request,
                                                Decision& d, v1::Checklist* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kChecklistPattern).status());
  auto record = d.Get<storage::v1::ChecklistRecord>(name);
  if (!record) return NotFound(name);
  v1::Checklist& checklist = *record->mutable_checklist();
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.etag(), checklist.etag(), name));
  if (checklist.state() != v1::Checklist::STATE_DRAFT) {
    return WrongState(name, "PUBLISHED", "DRAFT");
  }
  TERRACE_RETURN_IF_ERROR(CheckChecklist(checklist));
  const std::string head_name = name.substr(0, name.find('@'));
  auto head = d.Get<storage::v1::ChecklistHead>(head_name);
  TERRACE_CHECK(head.has_value());
  head->set_published(head->draft());
  head->set_draft(0);
  checklist.set_state(v1::Checklist::STATE_PUBLISHED);
  *checklist.mutable_publish_time() = ToProto(d.now());
  *checklist.mutable_update_time() = ToProto(d.now());
  checklist.set_etag(NewEtag(d));
  d.Put(head_name, *head);
  d.Put(name, *record);
  *reply = ToResource(name, *record, {});
  return absl::OkStatus();
}

absl::Status InspectionsState::CreateTeam(const v1::CreateTeamRequest& request, Decision& d,
                                          v1::Team* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  if (!d.tree().Number(resource::OwnerOf(request.parent()))) return NotFound(request.parent());
  TERRACE_RETURN_IF_ERROR(CheckTeam(request.team()));
  TERRACE_ASSIGN_OR_RETURN(std::string id, IdOrNew(d, request.team_id()));
  const std::string name = absl::StrCat(request.parent(), "/teams/", id);
  if (d.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  storage::v1::TeamRecord record;
  v1::Team& team = *record.mutable_team();
  team = request.team();
  team.clear_name();
  team.clear_revision();
  *team.mutable_create_time() = ToProto(d.now());
  *team.mutable_update_time() = ToProto(d.now());
  team.set_etag(NewEtag(d));
  d.Put(name, record);
  *reply = ToResource(name, record, {});
  return absl::OkStatus();
}

absl::Status InspectionsState::UpdateTeam(const v1::UpdateTeamRequest& request, Decision& d,
                                          v1::Team* reply) const {
  const std::string& name = request.team().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kTeamPattern).status());
  auto record = d.Get<storage::v1::TeamRecord>(name);
  if (!record) return NotFound(name);
  v1::Team& team = *record->mutable_team();
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.team().etag(), team.etag(), name));
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.team(), kTeamFixed, &team));
  TERRACE_RETURN_IF_ERROR(CheckTeam(team));
  team.clear_name();
  *team.mutable_update_time() = ToProto(d.now());
  team.set_etag(NewEtag(d));
  d.Put(name, *record);
  *reply = ToResource(name, *record, {});
  return absl::OkStatus();
}

}  // namespace terrace::inspections
