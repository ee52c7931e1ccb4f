// Reads, lists, summary and watch. Each leaves out what the caller must not see; what is left out
// reads as NOT_FOUND.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/inspections/as_of.h"
#include "services/inspections/refusals.h"
#include "services/inspections/service_templates.h"
#include "services/inspections/summary.h"
#include "services/inspections/watch.h"

namespace terrace::inspections {
namespace {

// Copies what was found into the reply.
template <class T>
absl::Status Found(absl::optional<T> found, absl::string_view name, T* reply) {
  if (!found) return NotFound(name);
  *reply = *std::move(found);
  return absl::OkStatus();
}

template <class Req>
absl::optional<absl::Time> AtTime(const Req& request) {
  if (!request.has_at_time()) return absl::nullopt;
  return FromProto(request.at_time());
}

// ---- What is to be shown. Drafts of checklists are the business of their office.

absl::optional<v1::Checklist> ShownChecklist(const InspectionsState& state, const Asker& asker,
                                             const std::string& name) {
  absl::optional<v1::Checklist> checklist = state.ReadChecklist(name);
  if (!checklist || asker.identity.service) return checklist;
  const std::string office = OwnerName(name);
  const bool shown = checklist->state() == v1::Checklist::STATE_DRAFT
                         ? Holds(asker, office, options::v1::ROLE_OFFICER)
                         : access::AppliesTo(asker.identity, asker.tree, resource::OwnerOf(name),
                                             options::v1::ROLE_VIEWER, asker.now);
  if (!shown) return absl::nullopt;
  return checklist;
}

absl::optional<v1::Visit> ShownVisit(const InspectionsState& state, const Asker& asker,
                                     const std::string& name, absl::optional<absl::Time> at) {
  if (!state.MaySee(asker, name)) return absl::nullopt;
  absl::optional<v1::Visit> visit = state.ReadVisit(name);
  if (visit && at && !TakeBack(state, *at, &*visit)) return absl::nullopt;
  return visit;
}

absl::optional<v1::Finding> ShownFinding(const InspectionsState& state, const Asker& asker,
                                         const std::string& name, absl::optional<absl::Time> at) {
  if (!state.MaySee(asker, name)) return absl::nullopt;
  absl::optional<v1::Finding> finding = state.ReadFinding(name);
  if (finding && at && !TakeBack(*at, &*finding)) return absl::nullopt;
  return finding;
}

// ---- Single resources.

absl::Status GetChecklist(const InspectionsState& state, const Asker& asker,
                          const v1::GetChecklistRequest& request, v1::Checklist* reply) {
  std::string name = request.name();
  if (!absl::StrContains(name, '@')) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kChecklistHeadPattern).status());
    auto head = state.rows().Get<storage::v1::ChecklistHead>(name);
    if (!head || head->published() == 0) return NotFound(name);
    name = ChecklistKey(name, head->published());
  }
  return Found(ShownChecklist(state, asker, name), name, reply);
}

absl::Status GetTeam(const InspectionsState& state, const Asker&, const v1::GetTeamRequest& request,
                     v1::Team* reply) {
  return Found(state.ReadTeam(request.name()), request.name(), reply);
}

absl::Status GetPlan(const InspectionsState& state, const Asker&, const v1::GetPlanRequest& request,
                     v1::Plan* reply) {
  return Found(state.ReadPlan(request.name()), request.name(), reply);
}

absl::Status GetVisit(const InspectionsState& state, const Asker& asker,
                      const v1::GetVisitRequest& request, v1::Visit* reply) {
  return Found(ShownVisit(state, asker, request.name(), AtTime(request)), request.name(), reply);
}

absl::Status GetObservation(const InspectionsState& state, const Asker& asker,
                            const v1::GetObservationRequest& request, v1::Observation* reply) {
  if (!state.MaySee(asker, request.name())) return NotFound(request.name());
  return Found(state.ReadObservation(request.name()), request.name(), reply);
}

absl::Status GetFinding(const InspectionsState& state, const Asker& asker,
                        const v1::GetFindingRequest& request, v1::Finding* reply) {
  return Found(ShownFinding(state, asker, request.name(), AtTime(request)), request.name(), reply);
}

absl::Status GetFollowUp(const InspectionsState& state, const Asker&,
                         const v1::GetFollowUpRequest& request, v1::FollowUp* reply) {
  return Found(state.ReadFollowUp(request.name()), request.name(), reply);
}

// ---- Lists.

// "units/u" -> "units/u/{collection}/"; empty for all.
template <class Req>
absl::StatusOr<std::string> UnderUnit(const Req& request, absl::string_view collection) {
  if (request.parent().empty()) return std::string();
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  return absl::StrCat(request.parent(), "/", collection, "/");
}

absl::optional<v1::Checklist> ListedChecklist(const InspectionsState& state, const Scope& scope,
                                              const v1::ListChecklistsRequest&,
                                              const std::string& name) {
  return ShownChecklist(state, scope.asker(), name);
}

absl::optional<v1::Team> ListedTeam(const InspectionsState& state, const Scope&,
                                    const v1::ListTeamsRequest&, const std::string& name) {
  return state.ReadTeam(name);
}

absl::optional<v1::Plan> ListedPlan(const InspectionsState& state, const Scope& scope,
                                    const v1::ListPlansRequest&, const std::string& name) {
  // Services of the deployment see what exists under inspected units; plans are not that.
  if (!scope.Covers(resource::OwnerOf(name)) ||
      !Holds(scope.asker(), OwnerName(name), options::v1::ROLE_VIEWER)) {
    return absl::nullopt;
  }
  return state.ReadPlan(name);
}

absl::optional<v1::Visit> ListedVisit(const InspectionsState& state, const Scope& scope,
                                      const v1::ListVisitsRequest& request,
                                      const std::string& name) {
  if (!scope.Covers(resource::OwnerOf(name))) return absl::nullopt;
  return ShownVisit(state, scope.asker(), name, AtTime(request));
}

absl::optional<v1::Observation> ListedObservation(const InspectionsState& state, const Scope& scope,
                                                  const v1::ListObservationsRequest& request,
                                                  const std::string& name) {
  if (!state.MaySee(scope.asker(), name)) return absl::nullopt;
  absl::optional<v1::Observation> observation = state.ReadObservation(name);
  if (observation && request.has_at_time() &&
      FromProto(observation->has_captured_time()
                    ? observation->captured_time()
                    : observation->receive_time()) > FromProto(request.at_time())) {
    return absl::nullopt;
  }
  return observation;
}

absl::optional<v1::Finding> ListedFinding(const InspectionsState& state, const Scope& scope,
                                          const v1::ListFindingsRequest& request,
                                          const std::string& name) {
  if (!scope.Covers(resource::OwnerOf(name))) return absl::nullopt;
  return ShownFinding(state, scope.asker(), name, AtTime(request));
}

absl::optional<v1::FollowUp> ListedFollowUp(const InspectionsState& state, const Scope& scope,
                                            const v1::ListFollowUpsRequest& request,
                                            const std::string& name) {
  if (!scope.Shows(resource::OwnerOf(name))) return absl::nullopt;
  absl::optional<v1::FollowUp> follow_up = state.ReadFollowUp(name);
  if (follow_up && request.has_at_time() &&
      FromProto(follow_up->moment().time()) > FromProto(request.at_time())) {
    return absl::nullopt;
  }
  return follow_up;
}

}  // namespace

void InspectionsService::AddReads() {
  Get<v1::GetChecklistRequest, v1::Checklist>("GetChecklist", &GetChecklist);
  Get<v1::GetTeamRequest, v1::Team>("GetTeam", &GetTeam);
  Get<v1::GetPlanRequest, v1::Plan>("GetPlan", &GetPlan);
  Get<v1::GetVisitRequest, v1::Visit>("GetVisit", &GetVisit);
  Get<v1::GetObservationRequest, v1::Observation>("GetObservation", &GetObservation);
  Get<v1::GetFindingRequest, v1::Finding>("GetFinding", &GetFinding);
  Get<v1::GetFollowUpRequest, v1::FollowUp>("GetFollowUp", &GetFollowUp);

  List<v1::ListChecklistsRequest, v1::ListChecklistsResponse, v1::Checklist>(
      "ListChecklists", RowKind::kChecklist, &v1::ListChecklistsResponse::mutable_checklists,
      [](const v1::ListChecklistsRequest& request) { return UnderUnit(request, "checklists"); },
      &ListedChecklist);
  List<v1::ListTeamsRequest, v1::ListTeamsResponse, v1::Team>(
      "ListTeams", RowKind::kTeam, &v1::ListTeamsResponse::mutable_teams,
      [](const v1::ListTeamsRequest& request) { return UnderUnit(request, "teams"); }, &ListedTeam);
  List<v1::ListPlansRequest, v1::ListPlansResponse, v1::Plan>(
      "ListPlans", RowKind::kPlan, &v1::ListPlansResponse::mutable_plans,
      [](const v1::ListPlansRequest& request) { return UnderUnit(request, "plans"); }, &ListedPlan);
  List<v1::ListVisitsRequest, v1::ListVisitsResponse, v1::Visit>(
      "ListVisits", RowKind::kVisit, &v1::ListVisitsResponse::mutable_visits,
      [](const v1::ListVisitsRequest& request) { return UnderUnit(request, "visits"); },
      &ListedVisit);
  List<v1::ListObservationsRequest, v1::ListObservationsResponse, v1::Observation>(
      "ListObservations", RowKind::kObservation,
      &v1::ListObservationsResponse::mutable_observations,
      [](const v1::ListObservationsRequest& request) -> absl::StatusOr<std::string> {
        TERRACE_RETURN_IF_ERROR(resource::ParseName(request.parent(), kVisitPattern).status());
        return absl::StrCat(request.parent(), "/observations/");
      },
      &ListedObservation);
  List<v1::ListFindingsRequest, v1::ListFindingsResponse, v1::Finding>(
      "ListFindings", RowKind::kFinding, &v1::ListFindingsResponse::mutable_findings,
      [](const v1::ListFindingsRequest& request) -> absl::StatusOr<std::string> {
        if (resource::MatchesName(request.parent(), kVisitPattern)) {
          return absl::StrCat(request.parent(), "/findings/");
        }
        return UnderUnit(request, "visits");
      },
      &ListedFinding);
  List<v1::ListFollowUpsRequest, v1::ListFollowUpsResponse, v1::FollowUp>(
      "ListFollowUps", RowKind::kFollowUp, &v1::ListFollowUpsResponse::mutable_follow_ups,
      [](const v1::ListFollowUpsRequest& request) { return UnderUnit(request, "followUps"); },
      &ListedFollowUp);

  methods_.SlowRead<v1::GetInspectionSummaryRequest, v1::InspectionSummary>(
      "GetInspectionSummary",
      [this](rpc::Call& call, const v1::GetInspectionSummaryRequest& request,
             v1::InspectionSummary* reply) { return GetInspectionSummary(call, request, reply); });
  methods_.ServerStream<v1::WatchInspectionsRequest, v1::WatchInspectionsResponse>(
      "WatchInspections", [this](rpc::Call& call, const v1::WatchInspectionsRequest& request) {
        return Watch(machine_, tree_, call, request);
      });
}

absl::Status InspectionsService::GetInspectionSummary(
    rpc::Call& call, const v1::GetInspectionSummaryRequest& request, v1::InspectionSummary* reply) {
  TERRACE_ASSIGN_OR_RETURN(Scope scope, Scope::Of(request.subtree(), request.line(), call.identity,
                                                  call.tree, call.received));
  SummaryQuery query;
  if (request.has_start_time()) query.start = FromProto(request.start_time());
  if (request.has_end_time()) query.end = FromProto(request.end_time());
  query.at = AtTime(request);
  query.plan = request.plan();
  query.programme = request.programme();
  Summary summary(std::move(query), std::move(scope));
  store::Cursor position;
  absl::Time log_time;
  for (bool done = false, first = true; !done; first = false) {
    done = machine_->Read<InspectionsState>(
        [&](const InspectionsState& state, const store::Cursor& at) {
          if (first) position = at;
          log_time = state.log_time();
          return summary.Continue(state, kRowsPerHold);
        });
  }
  *reply = summary.Take(std::max(log_time, call.received));
  reply->set_subtree(request.subtree());
  rpc::StampCursor(kServiceName, position, call, reply);
  return absl::OkStatus();
}

}  // namespace terrace::inspections
