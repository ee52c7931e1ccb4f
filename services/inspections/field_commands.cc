// Commands that bring in field work: one item each, or many at once.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/refusal.h"
#include "common/base/text.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/inspections/field_work.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"

namespace terrace::inspections {
namespace {

// Items of one message: they become one batch, which has limits of its own.
constexpr size_t kItemBytesMax = 512 << 10;

template <class Request>
SenderClock ClockOf(const Request& request, const Decision& d) {
  SenderClock clock{d.now(), absl::nullopt};
  if (request.has_device_time()) clock.device_time = FromProto(request.device_time());
  return clock;
}

// The result of one item as a device sees it.
v1::ItemResult ResultOf(int index, const std::string& name, const Taken& taken) {
  v1::ItemResult result;
  result.set_index(index);
  result.set_name(name);
  result.set_outcome(taken.outcome);
  for (const v1::FieldDifference& difference : taken.differences) {
    *result.add_differences() = difference;
  }
  if (taken.status.ok()) return result;
  result.set_code(static_cast<int32_t>(taken.status.code()));
  FillRefusal(taken.status, &result);
  return result;
}

absl::Status CheckSize(const google::protobuf::Message& request, int items) {
  TERRACE_RETURN_IF_ERROR(CheckCount(items, kItemsMax));
  if (request.ByteSizeLong() > kItemBytesMax) {
    return Error(Reason::MESSAGE_TOO_LARGE, {{"limit", absl::StrCat(kItemBytesMax)}});
  }
  return absl::OkStatus();
}

// The visit after the only item of a unary command.
absl::Status ReplyWith(const InspectionsState& state, const std::string& name, const Taken& taken,
                       FieldWork& work, v1::Visit* reply) {
  TERRACE_RETURN_IF_ERROR(taken.status);
  work.Finish();
  if (taken.outcome == v1::ItemResult::OUTCOME_UNCHANGED) {
    absl::optional<v1::Visit> visit = state.ReadVisit(name);
    TERRACE_CHECK(visit.has_value());
    *reply = *std::move(visit);
    return absl::OkStatus();
  }
  *reply = ToResource(name, *work.Find(name), {});
  const VisitStats& stats = state.StatsOf(name);
  reply->set_observation_count(static_cast<int32_t>(stats.observations.size()));
  reply->set_finding_count(stats.findings);
  reply->set_conflict_count(stats.conflicts);
  return absl::OkStatus();
}

// The visit that the draw of the plan has for the unit in that round, for those who may log it.
// NOT_FOUND for everybody else, whether there is such a plan or not.
absl::StatusOr<std::string> PlannedFor(const InspectionsState& state, const Asker& asker,
                                       const std::string& plan, int32_t round,
                                       const std::string& unit) {
  const std::string office = OwnerName(plan);
  const bool of_office = Holds(asker, office, options::v1::ROLE_VIEWER);
  const absl::optional<v1::Draw> draw = state.ReadDraw(DrawKey(plan));
  if (draw && state.IsReleased(plan, round)) {
    for (const v1::DrawEntry& entry : draw->entries()) {
      if (entry.round() != round || entry.unit() != unit || entry.reserve()) continue;
      absl::optional<v1::Team> team;
      if (!entry.team().empty()) team = state.ReadTeam(entry.team());
      if (of_office || MayInspect(asker, office, team ? &*team : nullptr)) return entry.visit();
    }
  }
  if (of_office && state.ReadPlan(plan)) {
    return Error(Reason::NOT_DRAWN,
                 {{"unit", unit}, {"round", absl::StrCat(round)}, {"plan", plan}});
  }
  return NotFound(plan);
}

Taken TakeItem(FieldWork& work, const Origin& origin, const v1::SyncItem& item) {
  switch (item.item_case()) {
    case v1::SyncItem::kStart:
      return work.Start(origin, item.start());
    case v1::SyncItem::kObservation:
      return work.Observe(origin, item.observation());
    case v1::SyncItem::kFinding:
      return work.Raise(origin, item.finding());
    case v1::SyncItem::kSubmit:
      return work.Submit(origin, item.submit());
    case v1::SyncItem::kAbort:
      return work.Abort(origin, item.abort());
    case v1::SyncItem::kAcknowledge:
      return work.Acknowledge(origin, item.acknowledge());
    case v1::SyncItem::ITEM_NOT_SET:
      break;
  }
  Taken nothing;
  nothing.status = Needed("item");
  return nothing;
}

const std::string& NameOf(const v1::SyncItem& item) {
  if (item.has_observation()) return item.observation().name();
  if (item.has_finding()) return item.finding().name();
  return item.visit();
}

}  // namespace

absl::Status InspectionsState::StartVisit(const v1::StartVisitRequest& request, Decision& d,
                                          v1::Visit* reply) const {
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.parent()).status());
  Origin origin;
  origin.acting_office = request.acting_office();
  origin.checklist = request.checklist();
  if (!request.visit_id().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::CheckId(request.visit_id()));
    origin.visit = absl::StrCat(request.parent(), "/visits/", request.visit_id());
  } else if (!request.plan().empty()) {
    TERRACE_ASSIGN_OR_RETURN(origin.visit,
                             PlannedFor(*this, {d.identity(), d.tree(), d.now()}, request.plan(),
                                        request.round(), request.parent()));
  } else {
    origin.visit = absl::StrCat(request.parent(), "/visits/", d.NewId());
  }
  v1::SyncStart start;
  start.set_plan(request.plan());
  start.set_round(request.round());
  start.set_kind(request.kind());
  start.set_programme(request.programme());
  start.set_team(request.team());
  if (request.has_captured_time()) *start.mutable_captured_time() = request.captured_time();
  FieldWork work(*this, d, ClockOf(request, d));
  const Taken taken = work.Start(origin, start);
  return ReplyWith(*this, origin.visit, taken, work, reply);
}

absl::Status InspectionsState::SubmitVisit(const v1::SubmitVisitRequest& request, Decision& d,
                                           v1::Visit* reply) const {
  v1::SyncSubmit submit;
  *submit.mutable_declared() = request.declared();
  *submit.mutable_declared_findings() = request.declared_findings();
  submit.set_remarks(request.remarks());
  if (request.has_captured_time()) *submit.mutable_captured_time() = request.captured_time();
  FieldWork work(*this, d, ClockOf(request, d));
  const Taken taken = work.Submit({request.name(), "", ""}, submit);
  return ReplyWith(*this, request.name(), taken, work, reply);
}

absl::Status InspectionsState::AbortVisit(const v1::AbortVisitRequest& request, Decision& d,
                                          v1::Visit* reply) const {
  v1::SyncAbort abort;
  abort.set_reason(request.reason());
  if (request.has_captured_time()) *abort.mutable_captured_time() = request.captured_time();
  FieldWork work(*this, d, ClockOf(request, d));
  const Taken taken = work.Abort({request.name(), "", ""}, abort);
  return ReplyWith(*this, request.name(), taken, work, reply);
}

absl::Status InspectionsState::AcknowledgeVisit(const v1::AcknowledgeVisitRequest& request,
                                                Decision& d, v1::Visit* reply) const {
  v1::SyncAcknowledge acknowledge;
  acknowledge.set_outcome(request.outcome());
  acknowledge.set_note(request.note());
  if (request.has_captured_time()) *acknowledge.mutable_captured_time() = request.captured_time();
  FieldWork work(*this, d, ClockOf(request, d));
  const Taken taken = work.Acknowledge({request.name(), "", ""}, acknowledge);
  return ReplyWith(*this, request.name(), taken, work, reply);
}

absl::Status InspectionsState::RecordObservations(const v1::RecordObservationsRequest& request,
                                                  Decision& d,
                                                  v1::RecordObservationsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckSize(request, request.observations_size()));
  FieldWork work(*this, d, ClockOf(request, d));
  const Origin origin{request.parent(), "", ""};
  for (int i = 0; i < request.observations_size(); ++i) {
    const v1::Observation& observation = request.observations(i);
    *reply->add_results() = ResultOf(i, observation.name(), work.Observe(origin, observation));
  }
  work.Finish();
  return absl::OkStatus();
}

absl::Status InspectionsState::RaiseFinding(const v1::RaiseFindingRequest& request, Decision& d,
                                            v1::Finding* reply) const {
  const std::string id = request.finding_id().empty() ? d.NewId() : request.finding_id();
  TERRACE_RETURN_IF_ERROR(resource::CheckId(id));
  v1::Finding finding = request.finding();
  finding.set_name(FindingKey(request.parent(), id));
  FieldWork work(*this, d, ClockOf(request, d));
  const Taken taken = work.Raise({request.parent(), "", ""}, finding);
  if (taken.outcome == v1::ItemResult::OUTCOME_CONFLICT) {
    // An error keeps nothing: the caller is there to choose another id.
    return Error(Reason::CONTENT_DIFFERS, {{"name", finding.name()}});
  }
  TERRACE_RETURN_IF_ERROR(taken.status);
  work.Finish();
  if (taken.outcome == v1::ItemResult::OUTCOME_UNCHANGED) {
    *reply = *ReadFinding(finding.name());
    return absl::OkStatus();
  }
  auto record = d.Get<storage::v1::FindingRecord>(finding.name());
  TERRACE_CHECK(record.has_value());
  *reply = ToResource(finding.name(), *std::move(record), {});
  return absl::OkStatus();
}

absl::Status InspectionsState::SyncVisits(const v1::SyncVisitsRequest& request, Decision& d,
                                          v1::SyncVisitsResponse* reply) const {
  TERRACE_RETURN_IF_ERROR(CheckSize(request, request.items_size()));
  FieldWork work(*this, d, ClockOf(request, d));
  for (int i = 0; i < request.items_size(); ++i) {
    const v1::SyncItem& item = request.items(i);
    const Origin origin{item.visit(), request.acting_office(), item.checklist()};
    // Unary requests are checked as a whole before they get here; a stream answers for each item.
    Taken taken;
    taken.status = CheckMessage(item);
    if (taken.status.ok()) taken = TakeItem(work, origin, item);
    *reply->add_results() = ResultOf(i, NameOf(item), taken);
  }
  work.Finish();
  reply->set_request_id(request.request_id());
  *reply->mutable_receive_time() = ToProto(d.now());
  return absl::OkStatus();
}

}  // namespace terrace::inspections
