// The release of rounds: an operation that makes the visits of a drawn plan, chunk by chunk.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "common/rpc/operations.h"
#include "common/tree/judge.h"
#include "services/inspections/inspections_state.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/timeline.h"

namespace terrace::inspections {
namespace {

// Visits of one chunk; well inside a batch, and short under the State's lock.
constexpr int kReleaseChunk = 200;

bool Contains(const google::protobuf::RepeatedField<int32_t>& rounds, int32_t round) {
  return std::find(rounds.begin(), rounds.end(), round) != rounds.end();
}

// Whether the target can still be visited by the office.
bool IsVisitable(const tree::Tree& tree, const std::string& office, const std::string& unit) {
  const absl::optional<tree::UnitNumber> n = tree.Number(resource::OwnerOf(unit));
  return n && tree.State(*n) == tree::UnitState::kOpen &&
         tree::MayJudge(tree, resource::OwnerOf(office), "", resource::OwnerOf(unit)).ok();
}

storage::v1::VisitRecord AssignedVisit(const std::string& plan_name, const v1::Plan& plan,
                                       const v1::DrawEntry& entry, absl::Time now,
                                       const InspectionsState& state) {
  storage::v1::VisitRecord record;
  v1::Visit& visit = *record.mutable_visit();
  visit.set_office(OwnerName(plan_name));
  visit.set_plan(plan_name);
  visit.set_round(entry.round());
  visit.set_kind(plan.kind());
  state.SetProgramme(plan.programme(), &record);
  visit.set_checklist(plan.checklist());
  visit.set_team(entry.team());
  const v1::Round& round = plan.rounds(entry.round() - 1);
  if (round.has_start_date()) *visit.mutable_start_date() = round.start_date();
  if (round.has_end_date()) *visit.mutable_end_date() = round.end_date();
  visit.set_state(v1::Visit::STATE_ASSIGNED);
  *visit.mutable_assigned() = MakeMoment(absl::nullopt, {now, absl::nullopt});
  return record;
}

// The rounds to release: those asked for, or all that are sealed. Each must be sealed.
absl::StatusOr<std::vector<int32_t>> RoundsToRelease(const v1::ReleasePlanRequest& request,
                                                     const v1::Plan& plan) {
  std::vector<int32_t> rounds;
  if (request.rounds().empty()) {
    for (const v1::Round& round : plan.rounds()) {
      if (round.state() == v1::Round::STATE_SEALED) rounds.push_back(round.number());
    }
  }
  for (int32_t number : request.rounds()) {
    TERRACE_RETURN_IF_ERROR(CheckRange("rounds", number, 1, plan.rounds_size()));
    const v1::Round::State state = plan.rounds(number - 1).state();
    if (state != v1::Round::STATE_SEALED) {
      return WrongState(absl::StrCat("round ", number, " of ", request.name()),
                        absl::StripPrefix(v1::Round::State_Name(state), "STATE_"), "SEALED");
    }
    if (std::find(rounds.begin(), rounds.end(), number) == rounds.end()) rounds.push_back(number);
  }
  std::sort(rounds.begin(), rounds.end());
  if (rounds.empty())
    return WrongState(request.name(), "released in every round", "a sealed round");
  return rounds;
}

}  // namespace

absl::Status InspectionsState::ReleasePlan(const v1::ReleasePlanRequest& request, Decision& d,
                                           google::longrunning::Operation* reply) const {
  const std::string& name = request.name();
  TERRACE_RETURN_IF_ERROR(resource::ParseName(name, kPlanPattern).status());
  TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.acting_office()).status());
  auto record = d.Get<storage::v1::PlanRecord>(name);
  if (!record) return NotFound(name);
  const std::string office = OwnerName(name);
  TERRACE_RETURN_IF_ERROR(CheckActingForOffice(d.tree(), request.acting_office(), office, name));
  const v1::Plan plan = WithRounds(ToResource(name, *record, {}));
  if (plan.state() != v1::Plan::STATE_DRAWN && plan.state() != v1::Plan::STATE_RELEASED) {
    return WrongState(name, plan.state(), "DRAWN");
  }
  if (plan.has_embargo_until() && d.now() < FromProto(plan.embargo_until())) {
    return Error(Reason::UNDER_EMBARGO,
                 {{"name", name},
                  {"time", absl::FormatTime(absl::RFC3339_sec, FromProto(plan.embargo_until()),
                                            ZoneOfProgramme(plan.programme()))}});
  }
  TERRACE_ASSIGN_OR_RETURN(std::vector<int32_t> rounds, RoundsToRelease(request, plan));

  storage::v1::ReleaseSpec spec;
  spec.set_plan(name);
  v1::ReleasePlanMetadata metadata;
  metadata.set_plan(name);
  for (int32_t round : rounds) {
    spec.add_rounds(round);
    metadata.add_rounds(round);
  }
  auto draw = d.Get<storage::v1::DrawRecord>(plan.draw());
  TERRACE_CHECK(draw.has_value());
  for (const v1::DrawEntry& entry : draw->draw().entries()) {
    if (plan.notice() == v1::Plan::NOTICE_NONE || entry.reserve()) continue;
    if (Contains(spec.rounds(), entry.round())) metadata.set_total(metadata.total() + 1);
  }
  internal::v1::OperationRecord operation =
      machine::StartOperation(d, office, kServiceName, spec, metadata);
  for (int32_t round : rounds) {
    storage::v1::ReleaseRecord release;
    release.set_operation(operation.name());
    d.Put(ReleaseKey(name, round), release);
  }
  *reply = rpc::ToOperation(operation);
  return absl::OkStatus();
}

absl::Status InspectionsState::ContinueOperation(Decision& d,
                                                 internal::v1::OperationRecord& operation) const {
  storage::v1::ReleaseSpec spec;
  v1::ReleasePlanMetadata metadata;
  TERRACE_CHECK(operation.spec().UnpackTo(&spec) && operation.metadata().UnpackTo(&metadata));
  auto record = d.Get<storage::v1::PlanRecord>(spec.plan());
  TERRACE_CHECK(record.has_value());
  v1::Plan& plan = *record->mutable_plan();
  auto draw = d.Get<storage::v1::DrawRecord>(plan.draw());
  TERRACE_CHECK(draw.has_value());
  const std::string office = OwnerName(spec.plan());

  int next = 0;
  if (!operation.resume().empty()) TERRACE_CHECK(absl::SimpleAtoi(operation.resume(), &next));
  bool renamed = false;
  int created = 0;
  // Places are left for the draw, the plan, the releases and the operation itself.
  const size_t spare = 4 + static_cast<size_t>(spec.rounds_size());
  for (; next < draw->draw().entries_size() && created < kReleaseChunk && d.room() > spare;
       ++next) {
    v1::DrawEntry& entry = *draw->mutable_draw()->mutable_entries(next);
    if (plan.notice() == v1::Plan::NOTICE_NONE || entry.reserve() ||
        !Contains(spec.rounds(), entry.round())) {
      continue;
    }
    if (!IsVisitable(d.tree(), office, entry.unit())) {
      metadata.set_skipped(metadata.skipped() + 1);
      continue;
    }
    if (auto there = d.Get<storage::v1::VisitRecord>(entry.visit())) {
      // Made by an earlier release that was cancelled half way.
      if (there->visit().plan() == spec.plan() && there->visit().round() == entry.round()) continue;
      // Names are not reserved, so somebody may have used this one for a visit of its own.
      entry.set_visit(absl::StrCat(entry.unit(), "/visits/", d.NewId()));
      renamed = true;
    }
    d.Put(entry.visit(), AssignedVisit(spec.plan(), plan, entry, d.now(), *this));
    ++created;
  }
  if (renamed) d.Put(plan.draw(), *draw);
  metadata.set_created(metadata.created() + created);
  operation.set_resume(absl::StrCat(next));
  operation.mutable_metadata()->PackFrom(metadata);
  if (next < draw->draw().entries_size()) return absl::OkStatus();

  for (int32_t round : spec.rounds()) {
    storage::v1::ReleaseRecord release;
    release.set_operation(operation.name());
    *release.mutable_release_time() = ToProto(d.now());
    d.Put(ReleaseKey(spec.plan(), round), release);
  }
  if (plan.state() == v1::Plan::STATE_DRAWN) {
    plan.set_state(v1::Plan::STATE_RELEASED);
    *plan.mutable_update_time() = ToProto(d.now());
    plan.set_etag(NewEtag(d));
    d.Put(spec.plan(), *record);
  }
  v1::ReleasePlanResponse response;
  response.set_plan(spec.plan());
  response.set_created(metadata.created());
  response.set_skipped(metadata.skipped());
  operation.mutable_response()->PackFrom(response);
  operation.set_done(true);
  return absl::OkStatus();
}

}  // namespace terrace::inspections
