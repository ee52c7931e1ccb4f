// A small county for tests: its tree, its people, and an InspectionsState that commands are applied
// to one after the other, without a store and without a clock.
//
//   prov ─ county ─┬─ east ─ v01 … v10        bureau ┄ school (sector line)
//                  ├─ west ─ w01 … w05, school
//                  └─ bureau
//   firm (by itself: where third-party teams have their grants)
#ifndef TERRACE_SERVICES_INSPECTIONS_TEST_WORLD_H_
#define TERRACE_SERVICES_INSPECTIONS_TEST_WORLD_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/base/check.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "common/machine/decision.h"
#include "common/tree/tree.h"
#include "google/protobuf/text_format.h"
#include "services/inspections/inspections_state.h"

namespace terrace::inspections {

// A message from its text form.
template <class M>
M Text(const std::string& text) {
  // Merging, so that a later mention of a field overrides an earlier one.
  M message;
  TERRACE_CHECK(google::protobuf::TextFormat::MergeFromString(text, &message));
  return message;
}

// "2016-05-22 17:30" in the zone of the programme.
inline absl::Time T(const std::string& text) {
  absl::Time time;
  std::string error;
  TERRACE_CHECK(
      absl::ParseTime("%Y-%m-%d %H:%M", text, absl::FixedTimeZone(8 * 3600), &time, &error));
  return time;
}

inline access::Identity Person(const std::string& subject, const std::string& unit,
                               access::Role role,
                               types::v1::Line line = types::v1::LINE_TERRITORY) {
  access::Identity identity;
  identity.subject = subject;
  identity.token = subject;
  access::Grant grant;
  grant.unit = unit;
  grant.role = role;
  grant.line = line;
  identity.grants.push_back(grant);
  return identity;
}
inline access::Identity Officer(const std::string& unit) {
  return Person(absl::StrCat("tokens/officer-", unit), unit, options::v1::ROLE_OFFICER);
}
inline access::Identity Inspector(const std::string& unit) {
  return Person(absl::StrCat("tokens/inspector-", unit), unit, options::v1::ROLE_INSPECTOR);
}
inline access::Identity Reporter(const std::string& unit) {
  return Person(absl::StrCat("tokens/reporter-", unit), unit, options::v1::ROLE_REPORTER);
}
inline access::Identity Viewer(const std::string& unit) {
  return Person(absl::StrCat("tokens/viewer-", unit), unit, options::v1::ROLE_VIEWER);
}
// A member of a team from outside: an inspector at its own firm, nothing anywhere else.
inline access::Identity Outsider(const std::string& name) {
  return Person(absl::StrCat("tokens/", name), "firm", options::v1::ROLE_INSPECTOR);
}
inline access::Identity Service() {
  access::Identity identity;
  identity.subject = "services/scoring";
  identity.service = true;
  return identity;
}

inline tree::TreeBuilder CountyTree() {
  tree::TreeBuilder builder;
  const auto add = [&](const std::string& id, const std::string& parent, const std::string& level,
                       const std::string& kind, const std::string& sector = "") {
    tree::UnitRecord unit;
    unit.id = id;
    unit.territory_parent = parent;
    unit.sector_parent = sector;
    unit.level = level;
    unit.kind = kind;
    unit.name = absl::StrCat("The ", id);
    TERRACE_CHECK(builder.Upsert(unit).ok());
  };
  add("prov", "", "province", "province");
  add("firm", "prov", "site", "enterprise");
  add("county", "prov", "county", "county");
  add("east", "county", "township", "township");
  add("west", "county", "township", "township");
  add("bureau", "county", "county", "agency");
  for (int i = 1; i <= 10; ++i) add(absl::StrFormat("v%02d", i), "east", "village", "village");
  for (int i = 1; i <= 5; ++i) add(absl::StrFormat("w%02d", i), "west", "village", "village");
  add("school", "west", "site", "school", "bureau");
  return builder;
}

// One of each kind of answer; "gate" asks for a reason when it is not passed.
inline v1::Checklist SampleChecklist() {
  return Text<v1::Checklist>(R"pb(
    display_name: "Model unit visit"
    items {
      id: "gate"
      text_en: "Is the board at the gate?"
      answer_type: ANSWER_TYPE_PASS_FAIL
      severity: SEVERITY_MAJOR
      reason_on_fail: true
    }
    items {
      id: "asked"
      text_en: "How many of five know?"
      answer_type: ANSWER_TYPE_COUNT
      sample_size: 5
    }
    items {
      id: "files"
      text_en: "State of the files"
      answer_type: ANSWER_TYPE_GRADE
      grades: "A"
      grades: "B"
      grades: "C"
    }
    items { id: "metres" text_en: "Length of the wall" answer_type: ANSWER_TYPE_NUMBER }
    items { id: "remarks" text_en: "Anything else" answer_type: ANSWER_TYPE_TEXT }
  )pb");
}

inline constexpr char kList[] = "units/county/checklists/visit@1";

// Commands applied to a State, one after the other.
class World {
 public:
  World() : builder_(CountyTree()), tree_(builder_.Publish()) {}

  absl::Time now = T("2016-06-01 09:00");
  absl::flat_hash_map<std::string, std::string> zones;  // Of programmes that the mirror knows.
  InspectionsState state{[this](absl::string_view programme) {
    const auto zone = zones.find(programme);
    return zone == zones.end() ? "" : zone->second;
  }};
  std::vector<store::Committed> log;

  const tree::Tree& tree() const { return *tree_; }
  tree::TreeBuilder& builder() { return builder_; }
  void Republish() { tree_ = builder_.Publish(); }

  template <class Req, class Resp>
  absl::StatusOr<Resp> Do(absl::Status (InspectionsState::*decide)(const Req&, Decision&, Resp*)
                              const,
                          const Req& request, const access::Identity& who) {
    return Run<Resp>(who,
                     [&](Decision& d, Resp* reply) { return (state.*decide)(request, d, reply); });
  }

  template <class Resp, class F>
  absl::StatusOr<Resp> Run(const access::Identity& who, F decide, bool validate_only = false) {
    machine::Command command;
    command.identity = who;
    command.received = now;
    command.validate_only = validate_only;
    command.salt = Sha256(absl::StrCat("salt ", ++runs_));
    Decision d(state.rows(), command, *tree_, state.log_time());
    Resp reply;
    absl::Status status = decide(d, &reply);
    if (!status.ok()) return status;
    if (!validate_only && !d.empty()) Commit(std::move(d).TakeBatch());
    return reply;
  }

  // Time goes on, and what it changes by itself is logged.
  void TickTo(absl::Time instant) {
    now = instant;
    while (state.NextTick() <= instant) {
      storage::v1::Tick tick;
      *tick.mutable_instant() = ToProto(state.NextTick());
      store::Batch batch;
      batch.changes.push_back({std::string(machine::kTickKey), tick.SerializeAsString()});
      Commit(std::move(batch));
    }
  }

  // Carries operations to their end; returns how many chunks it took.
  int FinishOperations() {
    int chunks = 0;
    while (!state.open_operations().empty()) {
      const std::string name = *state.open_operations().begin();
      Run<google::longrunning::Operation>(Service(), [&](Decision& d,
                                                         google::longrunning::Operation*) {
        auto record = d.Get<internal::v1::OperationRecord>(name);
        TERRACE_CHECK(record.has_value());
        TERRACE_CHECK(state.ContinueOperation(d, *record).ok());
        d.Put(name, *record);
        return absl::OkStatus();
      }).IgnoreError();
      ++chunks;
    }
    return chunks;
  }

  void Commit(store::Batch batch) {
    store::Committed committed;
    committed.revision = store::Revision{static_cast<int64_t>(log.size()) + 1};
    committed.commit_time = now;
    for (store::Change& change : batch.changes) {
      committed.changes.push_back({change.key, change.value, ""});
    }
    state.ApplyBatch(committed);
    log.push_back(std::move(committed));
  }

  // ---- Shortcuts to what most tests begin with.

  void PublishChecklist() {
    v1::CreateChecklistRequest create;
    create.set_parent("units/county");
    create.set_checklist_id("visit");
    *create.mutable_checklist() = SampleChecklist();
    TERRACE_CHECK(Do(&InspectionsState::CreateChecklist, create, Officer("county")).ok());
    v1::PublishChecklistRequest publish;
    publish.set_name(kList);
    TERRACE_CHECK(Do(&InspectionsState::PublishChecklist, publish, Officer("county")).ok());
  }

  // units/county/teams/{id} with one member from outside, tokens/{id}.
  void AddTeam(const std::string& id, const std::vector<std::string>& recused = {}) {
    v1::CreateTeamRequest create;
    create.set_parent("units/county");
    create.set_team_id(id);
    create.mutable_team()->set_display_name(id);
    create.mutable_team()->set_third_party(true);
    create.mutable_team()->add_members(absl::StrCat("tokens/", id));
    v1::TeamRole& role = *create.mutable_team()->add_roles();
    role.set_role("inspector");
    role.set_inspectors(2);
    for (const std::string& unit : recused) create.mutable_team()->add_recused_units(unit);
    TERRACE_CHECK(Do(&InspectionsState::CreateTeam, create, Officer("county")).ok());
  }

  // A plan of the county over all villages, approved.
  std::string ApprovedPlan(const std::string& id, const std::string& more) {
    v1::CreatePlanRequest create;
    create.set_parent("units/county");
    create.set_plan_id(id);
    *create.mutable_plan() = Text<v1::Plan>(
        absl::StrCat("display_name: 'Plan' kind: INSPECTION_KIND_SCHEDULED checklist: '", kList,
                     "' population { levels: 'levels/village' } rounds {} ", more));
    auto created = Do(&InspectionsState::CreatePlan, create, Officer("county"));
    TERRACE_CHECK(created.ok());
    v1::ApprovePlanRequest approve;
    approve.set_name(created->name());
    approve.set_acting_office("units/county");
    TERRACE_CHECK(Do(&InspectionsState::ApprovePlan, approve, Officer("county")).ok());
    return created->name();
  }

  PreparedDraw Prepare(const std::string& plan_name, const std::string& seed = "") {
    const v1::Plan plan = *state.ReadPlan(plan_name);
    PreparedDraw prepared;
    prepared.plan_etag = plan.etag();
    DrawInput input;
    input.seed = Sha256(seed);
    input.pool = CollectPool(*tree_, "county", plan.population(), nullptr);
    input.sample = plan.sample();
    input.rounds = plan.rounds_size();
    input.teams.assign(plan.teams().begin(), plan.teams().end());
    input.recused = [&](const std::string& team, const std::string& unit) {
      return IsRecused(*tree_, *state.ReadTeam(team), unit);
    };
    prepared.output = *DrawByLot(input);
    prepared.pool = input.pool;
    prepared.seed = input.seed;
    return prepared;
  }

  absl::StatusOr<v1::Draw> Draw(const std::string& plan, const std::string& seed = "") {
    v1::DrawVisitsRequest request;
    request.set_name(plan);
    request.set_acting_office("units/county");
    const PreparedDraw prepared = Prepare(plan, seed);
    return Run<v1::Draw>(Officer("county"), [&](Decision& d, v1::Draw* reply) {
      return state.DrawVisits(request, prepared, d, reply);
    });
  }

  absl::StatusOr<google::longrunning::Operation> Release(const std::string& plan,
                                                         const std::vector<int>& rounds = {}) {
    v1::ReleasePlanRequest request;
    request.set_name(plan);
    request.set_acting_office("units/county");
    for (int round : rounds) request.add_rounds(round);
    return Do(&InspectionsState::ReleasePlan, request, Officer("county"));
  }

  // A visit of its own to the unit, by the county.
  std::string StartOwn(const std::string& unit, const std::string& id) {
    v1::StartVisitRequest request;
    request.set_parent(absl::StrCat("units/", unit));
    request.set_visit_id(id);
    request.set_acting_office("units/county");
    request.set_checklist(kList);
    auto visit = Do(&InspectionsState::StartVisit, request, Inspector("county"));
    TERRACE_CHECK(visit.ok());
    return visit->name();
  }

  absl::StatusOr<v1::SyncVisitsResponse> Sync(const v1::SyncVisitsRequest& request,
                                              const access::Identity& who) {
    return Do(&InspectionsState::SyncVisits, request, who);
  }

  // Keys of all rows that begin with `prefix`.
  std::vector<std::string> Keys(const std::string& prefix) const {
    std::vector<std::string> keys;
    state.rows().ForEach(prefix, prefix, [&](const std::string& key, const machine::Row&) {
      keys.push_back(key);
      return true;
    });
    return keys;
  }

 private:
  tree::TreeBuilder builder_;
  std::shared_ptr<const tree::Tree> tree_;
  int runs_ = 0;
};

// An observation of the item "gate" that passed.
inline v1::Observation Passed(const std::string& visit, const std::string& id) {
  v1::Observation observation;
  observation.set_name(ObservationKey(visit, id));
  observation.set_item("gate");
  observation.set_passed(true);
  return observation;
}

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_TEST_WORLD_H_
