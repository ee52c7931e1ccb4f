// Whose visit an item belongs to, and what happens to a visit as a whole. Observations and findings
// are in field_records.cc.
#include "services/inspections/field_work.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/visit_merge.h"

namespace terrace::inspections {
namespace {

constexpr int32_t kRoundMax = 1000;

absl::Status Mismatch(absl::string_view field, absl::string_view stored) {
  return Error(Reason::INVALID_FIELD, {{"field", std::string(field)},
                                       {"detail", absl::StrCat("the visit has \"", stored, "\"")}});
}

template <class T>
absl::optional<absl::Time> CapturedOf(const T& item) {
  if (!item.has_captured_time()) return absl::nullopt;
  return FromProto(item.captured_time());
}

// Once per visit: nothing stored yet, the same again, or something else.
enum class Once { kFirst, kSame, kOther };
Once Compare(const std::string& stored, const std::string& sent) {
  if (stored.empty()) return Once::kFirst;
  return stored == sent ? Once::kSame : Once::kOther;
}

absl::Status Differs(absl::string_view name) {
  return Error(Reason::CONTENT_DIFFERS, {{"name", std::string(name)}});
}

}  // namespace

FieldWork::FieldWork(const InspectionsState& state, Decision& decision, SenderClock clock)
    : state_(state),
      d_(decision),
      clock_(clock),
      asker_{decision.identity(), decision.tree(), decision.now()} {}

const storage::v1::VisitRecord* FieldWork::Find(absl::string_view visit) const {
  auto it = visits_.find(visit);
  return it == visits_.end() ? nullptr : &it->second.record;
}

void FieldWork::Finish() {
  for (auto& [name, visit] : visits_) {
    if (!visit.changed) continue;
    visit.record.mutable_visit()->set_etag(NewEtag(d_));
    d_.Put(name, visit.record);
    visit.changed = false;
  }
}

void FieldWork::Keep(const std::string& name, Visit visit) { visits_[name] = std::move(visit); }

absl::optional<v1::Team> FieldWork::TeamOf(const std::string& name) {
  if (name.empty()) return absl::nullopt;
  auto record = d_.Get<storage::v1::TeamRecord>(name);
  if (!record) return absl::nullopt;
  return record->team();
}

// ----------------------------------------------------------------------------------- opening

absl::StatusOr<FieldWork::Visit> FieldWork::Open(const Origin& origin, absl::Time at) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(origin.visit, kVisitPattern).status());
  auto open = visits_.find(origin.visit);
  if (open != visits_.end()) {
    if (!open->second.by_unit) return open->second;
    return OpenStored(origin.visit, open->second.record);
  }
  if (auto stored = d_.Get<storage::v1::VisitRecord>(origin.visit)) {
    return OpenStored(origin.visit, *std::move(stored));
  }
  if (!d_.tree().Number(resource::OwnerOf(origin.visit))) return NotFound(OwnerName(origin.visit));
  if (absl::optional<PlannedVisit> planned = state_.FindPlanned(origin.visit)) {
    const std::string office = OwnerName(planned->plan);
    const absl::optional<v1::Team> team = TeamOf(planned->entry.team());
    const bool released = state_.IsReleased(planned->plan, planned->entry.round());
    const bool of_office = Holds(asker_, office, options::v1::ROLE_INSPECTOR);
    if (of_office && !released) {
      return WrongState(absl::StrCat("round ", planned->entry.round(), " of ", planned->plan),
                        "SEALED", "RELEASED");
    }
    // For everybody else the name means nothing, as if it had been made up.
    if (released && MayInspect(asker_, office, team ? &*team : nullptr)) {
      return OpenPlanned(*planned, at);
    }
  }
  return OpenOwn(origin);
}

absl::StatusOr<FieldWork::Visit> FieldWork::OpenStored(const std::string& name,
                                                       storage::v1::VisitRecord record) {
  const v1::Visit& visit = record.visit();
  const absl::optional<v1::Team> team = TeamOf(visit.team());
  const v1::Team* team_or_null = team ? &*team : nullptr;
  if (!MayInspect(asker_, visit.office(), team_or_null)) {
    if (!MaySeeVisit(asker_, name, visit.office(), team_or_null)) return NotFound(name);
    return Error(Reason::ROLE_REQUIRED, {{"role", "INSPECTOR"}, {"unit", visit.office()}});
  }
  if (visit.state() == v1::Visit::STATE_ASSIGNED &&
      !state_.IsReleased(visit.plan(), visit.round())) {
    // Its release is under way, or was stopped half way.
    return WrongState(name, visit.state(), "a release that is done");
  }
  Visit out;
  out.observations = static_cast<int>(state_.StatsOf(name).observations.size());
  out.findings = state_.StatsOf(name).findings;
  out.record = std::move(record);
  return out;
}

absl::StatusOr<FieldWork::Visit> FieldWork::OpenPlanned(const PlannedVisit& planned,
                                                        absl::Time at) {
  const auto record = d_.Get<storage::v1::PlanRecord>(planned.plan);
  TERRACE_CHECK(record.has_value());
  const v1::Plan& plan = record->plan();
  // What was begun before the plan was closed is still welcome when the network is back.
  if (plan.state() == v1::Plan::STATE_CLOSED && at >= FromProto(plan.end_time())) {
    return WrongState(planned.plan, "CLOSED", "RELEASED");
  }
  const std::string office = OwnerName(planned.plan);
  TERRACE_RETURN_IF_ERROR(tree::MayJudge(d_.tree(), resource::OwnerOf(office), "",
                                         resource::OwnerOf(planned.entry.unit())));
  Visit out;
  v1::Visit& visit = *out.record.mutable_visit();
  visit.set_office(office);
  visit.set_plan(planned.plan);
  visit.set_round(planned.entry.round());
  visit.set_kind(plan.kind());
  state_.SetProgramme(plan.programme(), &out.record);
  visit.set_checklist(plan.checklist());
  visit.set_team(planned.entry.team());
  const v1::Round& round = plan.rounds(planned.entry.round() - 1);
  if (round.has_start_date()) *visit.mutable_start_date() = round.start_date();
  if (round.has_end_date()) *visit.mutable_end_date() = round.end_date();
  out.changed = true;
  return out;
}

absl::StatusOr<FieldWork::Visit> FieldWork::OpenOwn(const Origin& origin) {
  if (origin.acting_office.empty() || origin.checklist.empty()) {
    return Error(Reason::VISIT_UNKNOWN, {{"name", origin.visit}});
  }
  const std::string& office = origin.acting_office;
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(office).status());
  if (!Holds(asker_, office, options::v1::ROLE_INSPECTOR)) {
    if (!Holds(asker_, office, options::v1::ROLE_VIEWER)) return NotFound(office);
    return Error(Reason::ROLE_REQUIRED, {{"role", "INSPECTOR"}, {"unit", office}});
  }
  TERRACE_RETURN_IF_ERROR(
      tree::MayJudge(d_.tree(), resource::OwnerOf(office), "", resource::OwnerOf(origin.visit)));
  TERRACE_ASSIGN_OR_RETURN(const v1::Checklist* checklist, ChecklistOf(origin.checklist));
  const std::string owner = OwnerName(origin.checklist);
  if (!IsAtOrAbove(d_.tree(), owner, office)) {
    return Error(Reason::NOT_FROM_ABOVE,
                 {{"name", origin.checklist}, {"owner", owner}, {"office", office}});
  }
  if (checklist->state() != v1::Checklist::STATE_PUBLISHED) {
    return Error(Reason::NOT_PUBLISHED, {{"name", origin.checklist}});
  }
  Visit out;
  v1::Visit& visit = *out.record.mutable_visit();
  visit.set_office(office);
  visit.set_kind(v1::INSPECTION_KIND_SCHEDULED);
  visit.set_checklist(origin.checklist);
  out.changed = true;
  return out;
}

absl::StatusOr<const v1::Checklist*> FieldWork::ChecklistOf(const std::string& name) {
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kChecklistPattern).status());
  std::unique_ptr<v1::Checklist>& kept = checklists_[name];
  if (kept == nullptr) {
    auto record = d_.Get<storage::v1::ChecklistRecord>(name);
    if (!record) return NotFound(name);
    kept = std::make_unique<v1::Checklist>(std::move(*record->mutable_checklist()));
  }
  return kept.get();
}

void FieldWork::Touch(Visit* visit, absl::optional<absl::Time> at) {
  v1::Visit& v = *visit->record.mutable_visit();
  if (v.state() == v1::Visit::STATE_UNSPECIFIED || v.state() == v1::Visit::STATE_ASSIGNED) {
    v.set_state(v1::Visit::STATE_STARTED);
    visit->changed = true;
  }
  if (!visit->record.start_sha256().empty()) return;
  // As long as nobody says when it began, it began with the earliest thing known of it.
  const absl::Time time = at.value_or(clock_.received);
  if (!v.has_started() || time < FromProto(v.started().time())) {
    *v.mutable_started() = MakeMoment(at, clock_);
    visit->changed = true;
  }
}

void FieldWork::Settle(Visit* visit) {
  v1::Visit& v = *visit->record.mutable_visit();
  if (v.state() != v1::Visit::STATE_FINISHED || v.missing_size() > 0 ||
      v.missing_findings_size() > 0) {
    return;
  }
  v.set_state(v.has_acknowledgement() ? v1::Visit::STATE_ACKNOWLEDGED : v1::Visit::STATE_SUBMITTED);
}

// ------------------------------------------------------------------------------------- start

absl::Status FieldWork::CheckStart(const std::string& name, const v1::SyncStart& start,
                                   const std::string& checklist, const Visit& visit) {
  const v1::Visit& v = visit.record.visit();
  if (!start.plan().empty() && start.plan() != v.plan()) {
    if (!Holds(asker_, OwnerName(start.plan()), options::v1::ROLE_VIEWER) ||
        !d_.Exists(start.plan())) {
      return NotFound(start.plan());
    }
    return Error(Reason::NOT_DRAWN, {{"unit", OwnerName(name)},
                                     {"round", absl::StrCat(start.round())},
                                     {"plan", start.plan()}});
  }
  if (!checklist.empty() && checklist != v.checklist()) return Mismatch("checklist", v.checklist());
  if (!v.plan().empty()) {
    if (start.round() != 0 && start.round() != v.round()) {
      return Mismatch("round", absl::StrCat(v.round()));
    }
    if (start.kind() != v1::INSPECTION_KIND_UNSPECIFIED && start.kind() != v.kind()) {
      return Mismatch("kind", v1::InspectionKind_Name(v.kind()));
    }
    if (!start.programme().empty() && start.programme() != v.programme()) {
      return Mismatch("programme", v.programme());
    }
    if (!start.team().empty() && start.team() != v.team()) return Mismatch("team", v.team());
    return absl::OkStatus();
  }
  TERRACE_RETURN_IF_ERROR(CheckRange("round", start.round(), 0, kRoundMax));
  if (!start.programme().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(start.programme(), kProgrammePattern).status());
  }
  if (start.team().empty()) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(start.team(), kTeamPattern).status());
  const absl::optional<v1::Team> team = TeamOf(start.team());
  const std::string owner = OwnerName(start.team());
  if (!team || !IsAtOrAbove(d_.tree(), owner, v.office())) return NotFound(start.team());
  if (IsRecused(d_.tree(), *team, OwnerName(name))) {
    return Error(Reason::TEAM_RECUSED, {{"team", start.team()}, {"unit", OwnerName(name)}});
  }
  return absl::OkStatus();
}

Taken FieldWork::Start(const Origin& origin, const v1::SyncStart& start) {
  const absl::optional<absl::Time> at = CapturedOf(start);
  absl::StatusOr<Visit> open = Open(origin, at.value_or(clock_.received));
  if (!open.ok()) return Rejected(open.status());
  Visit visit = *std::move(open);
  const std::string hash =
      Sha256Stream().AddSized(start.SerializeAsString()).AddSized(origin.checklist).Finish();
  switch (Compare(visit.record.start_sha256(), hash)) {
    case Once::kFirst:
      break;
    case Once::kSame:
      return Unchanged();
    case Once::kOther: {
      const v1::Visit& v = visit.record.visit();
      v1::SyncStart stored;
      stored.set_plan(v.plan());
      stored.set_round(v.round());
      stored.set_kind(v.kind());
      stored.set_programme(v.programme());
      stored.set_team(v.team());
      *stored.mutable_captured_time() = v.started().time();
      return {v1::ItemResult::OUTCOME_REJECTED, Differs(origin.visit), Differences(stored, start)};
    }
  }
  absl::Status fits = CheckStart(origin.visit, start, origin.checklist, visit);
  if (!fits.ok()) return Rejected(std::move(fits));
  Touch(&visit, at);
  v1::Visit& v = *visit.record.mutable_visit();
  if (v.plan().empty()) {
    const absl::TimeZone zone = state_.ZoneOf(visit.record);
    state_.SetProgramme(start.programme(), &visit.record);
    absl::Status moved = MoveDays(origin.visit, visit, zone, state_.ZoneOf(visit.record));
    if (!moved.ok()) return Rejected(std::move(moved));
    v.set_round(start.round());
    if (start.kind() != v1::INSPECTION_KIND_UNSPECIFIED) v.set_kind(start.kind());
    v.set_team(start.team());
  }
  *v.mutable_started() = MakeMoment(at, clock_);
  visit.record.set_start_sha256(hash);
  visit.changed = true;
  Keep(origin.visit, std::move(visit));
  return Created();
}

// -------------------------------------------------------------------------------------- ends

bool FieldWork::IsThere(const std::string& key) {
  // What is there never goes away, so only what is not there needs a guard.
  return state_.rows().Find(key) != nullptr || d_.Exists(key);
}

absl::StatusOr<std::vector<v1::MissingObservations>> FieldWork::MissingOf(
    const std::string& visit, const v1::SyncSubmit& submit) {
  const auto bad = [](absl::string_view detail) {
    return Error(Reason::INVALID_FIELD, {{"field", "declared"}, {"detail", std::string(detail)}});
  };
  if (submit.declared_size() > kDevicesPerVisitMax) {
    return bad(absl::StrCat("at most ", kDevicesPerVisitMax, " devices"));
  }
  int64_t total = 0;
  std::vector<v1::MissingObservations> missing;
  absl::btree_set<absl::string_view> devices;
  for (const v1::DeviceCount& declared : submit.declared()) {
    if (!devices.insert(declared.device()).second) return bad("a device stands there twice");
    if (declared.count() < 1 || !ParseObservationId(absl::StrCat(declared.device(), "-1")).ok()) {
      return bad(absl::StrCat("\"", declared.device(), "\" with ", declared.count()));
    }
    total += declared.count();
    if (total > kObservationsPerVisitMax) {
      return bad(absl::StrCat("at most ", kObservationsPerVisitMax, " observations"));
    }
    for (int32_t number = 1; number <= declared.count(); ++number) {
      const std::string id = absl::StrCat(declared.device(), "-", number);
      if (IsThere(ObservationKey(visit, id))) continue;
      if (!missing.empty() && missing.back().device() == declared.device() &&
          missing.back().last() == number - 1) {
        missing.back().set_last(number);
        continue;
      }
      v1::MissingObservations& range = missing.emplace_back();
      range.set_device(declared.device());
      range.set_first(number);
      range.set_last(number);
    }
  }
  return missing;
}

Taken FieldWork::Submit(const Origin& origin, const v1::SyncSubmit& submit) {
  const absl::optional<absl::Time> at = CapturedOf(submit);
  absl::StatusOr<Visit> open = Open(origin, at.value_or(clock_.received));
  if (!open.ok()) return Rejected(open.status());
  Visit visit = *std::move(open);
  const std::string hash = Sha256(submit.SerializeAsString());
  const Once once = Compare(visit.record.submit_sha256(), hash);
  if (once == Once::kSame) return Unchanged();
  if (once == Once::kOther) return Rejected(Differs(origin.visit));
  if (visit.record.visit().state() == v1::Visit::STATE_ABORTED) {
    return Rejected(WrongState(origin.visit, visit.record.visit().state(), "STARTED"));
  }
  absl::StatusOr<std::vector<v1::MissingObservations>> missing = MissingOf(origin.visit, submit);
  if (!missing.ok()) return Rejected(missing.status());
  absl::Status count = CheckCount(submit.declared_findings_size(), kDeclaredFindingsMax);
  if (!count.ok()) return Rejected(std::move(count));
  absl::btree_set<std::string> missing_findings;
  for (const std::string& id : submit.declared_findings()) {
    absl::Status valid = resource::CheckId(id);
    if (!valid.ok()) return Rejected(std::move(valid));
    if (!IsThere(FindingKey(origin.visit, id))) missing_findings.insert(id);
  }
  Touch(&visit, at);
  v1::Visit& v = *visit.record.mutable_visit();
  v.set_state(v1::Visit::STATE_FINISHED);
  v.set_remarks(submit.remarks());
  *v.mutable_finished() = MakeMoment(at, clock_);
  v.mutable_missing()->Assign(missing->begin(), missing->end());
  v.mutable_missing_findings()->Assign(missing_findings.begin(), missing_findings.end());
  visit.record.set_submit_sha256(hash);
  Settle(&visit);
  visit.changed = true;
  Keep(origin.visit, std::move(visit));
  return Created();
}

Taken FieldWork::Abort(const Origin& origin, const v1::SyncAbort& abort) {
  if (abort.reason().empty()) return Rejected(Needed("reason"));
  const absl::optional<absl::Time> at = CapturedOf(abort);
  absl::StatusOr<Visit> open = Open(origin, at.value_or(clock_.received));
  if (!open.ok()) return Rejected(open.status());
  Visit visit = *std::move(open);
  const std::string hash = Sha256(abort.SerializeAsString());
  const Once once = Compare(visit.record.abort_sha256(), hash);
  if (once == Once::kSame) return Unchanged();
  if (once == Once::kOther) return Rejected(Differs(origin.visit));
  v1::Visit& v = *visit.record.mutable_visit();
  if (v.state() == v1::Visit::STATE_SUBMITTED || v.state() == v1::Visit::STATE_ACKNOWLEDGED) {
    return Rejected(WrongState(origin.visit, v.state(), "a visit that is not submitted"));
  }
  // A visit may be given up before it began: the road was blocked. Then it has no beginning.
  v.set_state(v1::Visit::STATE_ABORTED);
  v.set_abort_reason(abort.reason());
  *v.mutable_aborted() = MakeMoment(at, clock_);
  visit.record.set_abort_sha256(hash);
  visit.changed = true;
  Keep(origin.visit, std::move(visit));
  return Created();
}

Taken FieldWork::Acknowledge(const Origin& origin, const v1::SyncAcknowledge& acknowledge) {
  if (acknowledge.outcome() == v1::Acknowledgement::OUTCOME_UNSPECIFIED) {
    return Rejected(Needed("outcome"));
  }
  if (acknowledge.outcome() == v1::Acknowledgement::OUTCOME_REFUSED && acknowledge.note().empty()) {
    return Rejected(Error(Reason::REASON_NEEDED,
                          {{"item", origin.visit}, {"detail", "the unit does not agree"}}));
  }
  const absl::optional<absl::Time> at = CapturedOf(acknowledge);
  absl::StatusOr<Visit> open = Open(origin, at.value_or(clock_.received));
  const bool by_team = open.ok();
  if (!by_team) {
    // The unit speaks for itself, about a visit that it can see.
    auto stored = d_.Get<storage::v1::VisitRecord>(origin.visit);
    if (!stored || !Holds(asker_, OwnerName(origin.visit), options::v1::ROLE_REPORTER)) {
      return Rejected(open.status());
    }
    Visit visit;
    visit.by_unit = true;
    const storage::v1::VisitRecord* here = Find(origin.visit);
    visit.record = here != nullptr ? *here : *std::move(stored);
    open = std::move(visit);
  }
  Visit visit = *std::move(open);
  const std::string hash = Sha256(acknowledge.SerializeAsString());
  const Once once = Compare(visit.record.acknowledge_sha256(), hash);
  if (once == Once::kSame) return Unchanged();
  if (once == Once::kOther) return Rejected(Differs(origin.visit));
  if (!by_team && acknowledge.outcome() == v1::Acknowledgement::OUTCOME_ABSENT) {
    return Rejected(Error(Reason::INVALID_FIELD,
                          {{"field", "outcome"}, {"detail", "only the team can say ABSENT"}}));
  }
  // Units answer to what is complete; a team may bring the answer before the rest of the visit.
  const v1::Visit::State state = visit.record.visit().state();
  if (state == v1::Visit::STATE_ABORTED || (!by_team && state != v1::Visit::STATE_SUBMITTED)) {
    return Rejected(WrongState(origin.visit, state, "SUBMITTED"));
  }
  if (by_team) Touch(&visit, at);
  v1::Visit& v = *visit.record.mutable_visit();
  v1::Acknowledgement& said = *v.mutable_acknowledgement();
  said.set_outcome(acknowledge.outcome());
  said.set_note(acknowledge.note());
  *said.mutable_moment() = MakeMoment(at, clock_);
  said.set_recorded_by_team(by_team);
  if (state == v1::Visit::STATE_SUBMITTED) v.set_state(v1::Visit::STATE_ACKNOWLEDGED);
  visit.record.set_acknowledge_sha256(hash);
  visit.changed = true;
  Keep(origin.visit, std::move(visit));
  return Created();
}

}  // namespace terrace::inspections
