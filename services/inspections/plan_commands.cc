// Commands about plans up to the draw, and their end.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/field_mask.h"
#include "common/resource/names.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {
namespace {

constexpr int kRoundsMax = 24;
constexpr int kPlanTeamsMax = 200;

constexpr absl::string_view kPlanFixed[] = {
    "name",     "state", "approving_office", "approve_time", "draw",       "end_reason",
    "end_time", "etag",  "revision",         "create_time",  "update_time"};

absl::Status CheckRounds(const v1::Plan& plan) {
  if (plan.rounds().empty()) return Needed("plan.rounds");
  TERRACE_RETURN_IF_ERROR(CheckCount(plan.rounds_size(), kRoundsMax));
  for (const v1::Round& round : plan.rounds()) {
    if (round.has_start_date() && round.has_end_date() &&
        DayOf(round.end_date()) < DayOf(round.start_date())) {
      return Error(Reason::INVALID_FIELD, {{"field", "plan.rounds.end_date"},
                                           {"detail", "it lies before the start_date"}});
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNotice(const v1::Plan& plan) {
  if (plan.kind() == v1::INSPECTION_KIND_UNSPECIFIED) {
    return Needed("plan.kind");
  }
  if (plan.kind() == v1::INSPECTION_KIND_UNANNOUNCED &&
      plan.notice() == v1::Plan::NOTICE_ON_RELEASE) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", "plan.notice"}, {"detail", "nobody is told of an unannounced visit"}});
  }
  return absl::OkStatus();
}

// What refers to other things of inspections: they must exist and be the office's to use.
absl::Status CheckReferences(Decision& d, const std::string& office, const v1::Plan& plan) {
  if (!plan.checklist().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(plan.checklist(), kChecklistPattern).status());
    auto checklist = d.Get<storage::v1::ChecklistRecord>(plan.checklist());
    if (!checklist) return NotFound(plan.checklist());
    const std::string owner = OwnerName(plan.checklist());
    if (!IsAtOrAbove(d.tree(), owner, office)) {
      return Error(Reason::NOT_FROM_ABOVE,
                   {{"name", plan.checklist()}, {"owner", owner}, {"office", office}});
    }
    if (checklist->checklist().state() != v1::Checklist::STATE_PUBLISHED) {
      return Error(Reason::NOT_PUBLISHED, {{"name", plan.checklist()}});
    }
  }
  TERRACE_RETURN_IF_ERROR(CheckCount(plan.teams_size(), kPlanTeamsMax));
  for (int i = 0; i < plan.teams_size(); ++i) {
    const std::string& name = plan.teams(i);
    TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kTeamPattern).status());
    auto team = d.Get<storage::v1::TeamRecord>(name);
    if (!team) return NotFound(name);
    const std::string owner = OwnerName(name);
    if (!IsAtOrAbove(d.tree(), owner, office)) {
      return Error(Reason::NOT_FROM_ABOVE, {{"name", name}, {"owner", owner}, {"office", office}});
    }
    if (team->team().retired()) {
      return WrongState(name, "retired", "a team that is not");
    }
    for (int j = 0; j < i; ++j) {
      if (plan.teams(j) != name) continue;
      return Error(Reason::INVALID_FIELD, {{"field", "plan.teams"},
                                           {"detail", absl::StrCat(name, " stands there twice")}});
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPlan(Decision& d, const std::string& office, const v1::Plan& plan) {
  if (plan.display_name().empty()) {
    return Needed("plan.display_name");
  }
  TERRACE_RETURN_IF_ERROR(
      CheckText("plan.document_number", plan.document_number(), kDisplayNameBytesMax));
  if (!plan.programme().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(plan.programme(), kProgrammePattern).status());
  }
  TERRACE_RETURN_IF_ERROR(CheckNotice(plan));
  TERRACE_RETURN_IF_ERROR(CheckRounds(plan));
  TERRACE_RETURN_IF_ERROR(CheckPopulation(plan.population()));
  if (!plan.population().subtree().empty() &&
      !IsAtOrAbove(d.tree(), office, plan.population().subtree())) {
    return Error(Reason::NOT_BELOW_ISSUER,
                 {{"unit", plan.population().subtree()}, {"office", office}});
  }
  // A pool of one unit is enough to see whether the size makes sense.
  TERRACE_RETURN_IF_ERROR(RoundSize(plan.sample(), 1).status());
  return CheckReferences(d, office, plan);
}

// Fields that the service fills in, and how they are left to be read.
void Normalise(v1::Plan* plan) {
  if (plan->notice() == v1::Plan::NOTICE_UNSPECIFIED) {
    plan->set_notice(plan->kind() == v1::INSPECTION_KIND_UNANNOUNCED ? v1::Plan::NOTICE_NONE
                                                                     : v1::Plan::NOTICE_ON_RELEASE);
  }
  for (v1::Round& round : *plan->mutable_rounds()) {
    round.clear_number();
    round.clear_state();
    round.clear_release_time();
    round.clear_operation();
  }
  plan->clear_name();
  plan->clear_revision();
}

// The plan that a verb is about, when the acting office may speak about it.
absl::StatusOr<storage::v1::PlanRecord> PlanFor(Decision& d, const std::string& name,
                                                const std::string& acting_office) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kPlanPattern).status());
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(acting_office).status());
  auto record = d.Get<storage::v1::PlanRecord>(name);
  if (!record) return NotFound(name);
  TERRACE_RETURN_IF_ERROR(CheckActingForOffice(d.tree(), acting_office, OwnerName(name), name));
  return *std::move(record);
}

void PutPlan(Decision& d, const std::string& name, storage::v1::PlanRecord* record) {
  *record->mutable_plan()->mutable_update_time() = ToProto(d.now());
  record->mutable_plan()->set_etag(NewEtag(d));
  d.Put(name, *record);
}

}  // namespace

absl::Status InspectionsState::CreatePlan(const v1::CreatePlanRequest& request, Decision& d,
                                          v1::Plan* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  if (!d.tree().Number(resource::OwnerOf(request.parent()))) return NotFound(request.parent());
  TERRACE_RETURN_IF_ERROR(CheckPlan(d, request.parent(), request.plan()));
  const std::string id = request.plan_id().empty() ? d.NewId() : request.plan_id();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(id));
  const std::string name = absl::StrCat(request.parent(), "/plans/", id);
  if (d.Exists(name)) return Error(Reason::ALREADY_EXISTS, {{"name", name}});
  storage::v1::PlanRecord record;
  v1::Plan& plan = *record.mutable_plan();
  plan = request.plan();
  Normalise(&plan);
  plan.set_state(v1::Plan::STATE_DRAFT);
  plan.clear_approving_office();
  plan.clear_approve_time();
  plan.clear_draw();
  plan.clear_end_reason();
  plan.clear_end_time();
  *plan.mutable_create_time() = ToProto(d.now());
  PutPlan(d, name, &record);
  *reply = WithRounds(ToResource(name, record, {}));
  return absl::OkStatus();
}

absl::Status InspectionsState::UpdatePlan(const v1::UpdatePlanRequest& request, Decision& d,
                                          v1::Plan* reply) const {
  const std::string& name = request.plan().name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kPlanPattern).status());
  auto record = d.Get<storage::v1::PlanRecord>(name);
  if (!record) return NotFound(name);
  v1::Plan& plan = *record->mutable_plan();
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.plan().etag(), plan.etag(), name));
  if (plan.state() != v1::Plan::STATE_DRAFT) return WrongState(name, plan.state(), "DRAFT");
  TERRACE_RETURN_IF_ERROR(
      resource::ApplyUpdate(request.update_mask(), request.plan(), kPlanFixed, &plan));
  TERRACE_RETURN_IF_ERROR(CheckPlan(d, OwnerName(name), plan));
  Normalise(&plan);
  PutPlan(d, name, &*record);
  *reply = WithRounds(ToResource(name, *record, {}));
  return absl::OkStatus();
}

absl::Status InspectionsState::ApprovePlan(const v1::ApprovePlanRequest& request, Decision& d,
                                           v1::Plan* reply) const {
  TERRACE_ASSIGN_OR_RETURN(storage::v1::PlanRecord record,
                           PlanFor(d, request.name(), request.acting_office()));
  v1::Plan& plan = *record.mutable_plan();
  TERRACE_RETURN_IF_ERROR(CheckEtag(request.etag(), plan.etag(), request.name()));
  if (plan.state() != v1::Plan::STATE_DRAFT) {
    return WrongState(request.name(), plan.state(), "DRAFT");
  }
  if (plan.checklist().empty()) {
    return Needed("plan.checklist");
  }
  // Teams may have been retired since the draft was written.
  TERRACE_RETURN_IF_ERROR(CheckPlan(d, OwnerName(request.name()), plan));
  plan.set_state(v1::Plan::STATE_APPROVED);
  plan.set_approving_office(request.acting_office());
  *plan.mutable_approve_time() = ToProto(d.now());
  PutPlan(d, request.name(), &record);
  *reply = WithRounds(ToResource(request.name(), record, {}));
  return absl::OkStatus();
}

absl::Status InspectionsState::DrawVisits(const v1::DrawVisitsRequest& request,
                                          const PreparedDraw& prepared, Decision& d,
                                          v1::Draw* reply) const {
  const std::string& name = request.name();
  TERRACE_ASSIGN_OR_RETURN(storage::v1::PlanRecord record,
                           PlanFor(d, name, request.acting_office()));
  v1::Plan& plan = *record.mutable_plan();
  if (plan.state() != v1::Plan::STATE_APPROVED) return WrongState(name, plan.state(), "APPROVED");
  if (plan.etag() != prepared.plan_etag) return Error(Reason::CONFLICT);
  if (prepared.pool.empty()) return Error(Reason::EMPTY_POPULATION, {{"name", name}});
  TERRACE_ASSIGN_OR_RETURN(std::string ids, EncodePool(prepared.pool));

  storage::v1::DrawRecord draw_record;
  v1::Draw& draw = *draw_record.mutable_draw();
  draw.set_algorithm(std::string(kDrawAlgorithm));
  draw.set_seed(absl::BytesToHexString(prepared.seed));
  draw.set_seed_given(prepared.seed_given);
  draw.set_pool_count(static_cast<int64_t>(prepared.pool.size()));
  draw.set_pool_sha256(absl::BytesToHexString(PoolHash(prepared.pool)));
  for (const v1::DrawEntry& drawn : prepared.output.entries) {
    v1::DrawEntry& entry = *draw.add_entries();
    entry = drawn;
    if (!entry.reserve()) entry.set_visit(absl::StrCat(entry.unit(), "/visits/", d.NewId()));
  }
  draw.mutable_recusals()->Assign(prepared.output.recusals.begin(), prepared.output.recusals.end());
  *draw.mutable_registry() = prepared.registry;
  *draw.mutable_create_time() = ToProto(d.now());
  draw.set_etag(NewEtag(d));

  const std::string draw_name = DrawKey(name);
  storage::v1::PoolRecord pool;
  pool.set_ids(std::move(ids));
  d.Put(draw_name, draw_record);
  d.Append(PoolKey(draw_name), pool);
  plan.set_state(v1::Plan::STATE_DRAWN);
  plan.set_draw(draw_name);
  PutPlan(d, name, &record);
  *reply = ToResource(draw_name, draw_record, {});
  if (d.command().validate_only) {
    // Else one could draw on trial until the result pleases.
    reply->clear_entries();
    reply->clear_recusals();
    reply->clear_seed();
  }
  return absl::OkStatus();
}

absl::Status InspectionsState::ClosePlan(const v1::ClosePlanRequest& request, Decision& d,
                                         v1::Plan* reply) const {
  const std::string& name = request.name();
  TERRACE_ASSIGN_OR_RETURN(storage::v1::PlanRecord record,
                           PlanFor(d, name, request.acting_office()));
  v1::Plan& plan = *record.mutable_plan();
  if (plan.state() != v1::Plan::STATE_RELEASED) return WrongState(name, plan.state(), "RELEASED");
  for (int round = 1; round <= plan.rounds_size(); ++round) {
    auto release = d.Get<storage::v1::ReleaseRecord>(ReleaseKey(name, round));
    if (release && !release->has_release_time() &&
        open_operations().count(release->operation()) > 0) {
      return Error(Reason::IN_USE, {{"name", name}, {"detail", release->operation()}});
    }
  }
  plan.set_state(v1::Plan::STATE_CLOSED);
  plan.set_end_reason(request.reason());
  *plan.mutable_end_time() = ToProto(d.now());
  PutPlan(d, name, &record);
  *reply = WithRounds(ToResource(name, record, {}));
  return absl::OkStatus();
}

absl::Status InspectionsState::CancelPlan(const v1::CancelPlanRequest& request, Decision& d,
                                          v1::Plan* reply) const {
  const std::string& name = request.name();
  TERRACE_ASSIGN_OR_RETURN(storage::v1::PlanRecord record,
                           PlanFor(d, name, request.acting_office()));
  v1::Plan& plan = *record.mutable_plan();
  if (request.reason().empty()) return Needed("reason");
  if (plan.state() != v1::Plan::STATE_DRAFT && plan.state() != v1::Plan::STATE_APPROVED &&
      plan.state() != v1::Plan::STATE_DRAWN) {
    return WrongState(name, plan.state(), "DRAFT, APPROVED or DRAWN");
  }
  for (int round = 1; round <= plan.rounds_size(); ++round) {
    // A release that was begun may have made visits already.
    if (d.Exists(ReleaseKey(name, round))) {
      return WrongState(name, plan.state(), "a plan of which nothing was released");
    }
  }
  plan.set_state(v1::Plan::STATE_CANCELLED);
  plan.set_end_reason(request.reason());
  *plan.mutable_end_time() = ToProto(d.now());
  PutPlan(d, name, &record);
  *reply = WithRounds(ToResource(name, record, {}));
  return absl::OkStatus();
}

}  // namespace terrace::inspections
