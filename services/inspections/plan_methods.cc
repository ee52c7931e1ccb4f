// Methods about plans, draws and releases.
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/resource/names.h"
#include "services/inspections/records.h"
#include "services/inspections/refusals.h"
#include "services/inspections/service_templates.h"

namespace terrace::inspections {
namespace {

template <class Req>
std::vector<std::string> ByName(const Req& request) {
  return {request.name()};
}

// The seed of a draw: the caller's, or one by chance.
absl::StatusOr<std::string> SeedOf(const v1::DrawVisitsRequest& request) {
  if (request.seed().empty()) return RandomBytes(kSeedBytes);
  std::string seed;
  if (request.seed().size() == 2 * kSeedBytes) seed = absl::HexStringToBytes(request.seed());
  // Decoding takes every character; only lower-case digits come back as they were.
  if (absl::BytesToHexString(seed) != request.seed()) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", "seed"}, {"detail", "64 lower-case hex digits"}});
  }
  return seed;
}

// What a draw is worked out from.
struct DrawFacts {
  v1::Plan plan;
  std::vector<v1::Team> teams;
};

absl::StatusOr<PreparedDraw> Prepare(const DrawFacts& facts, const tree::Tree& tree,
                                     const IsEnrolled& enrolled, std::string seed) {
  PreparedDraw prepared;
  prepared.plan_etag = facts.plan.etag();
  const tree::TreeCursor& cursor = tree.cursor();
  prepared.registry.set_log_id(cursor.log_id);
  prepared.registry.set_revision(cursor.revision);
  DrawInput input;
  input.seed = seed;
  input.pool =
      CollectPool(tree, resource::OwnerOf(facts.plan.name()), facts.plan.population(), enrolled);
  input.sample = facts.plan.sample();
  input.rounds = facts.plan.rounds_size();
  for (const v1::Team& team : facts.teams) input.teams.push_back(team.name());
  input.recused = [&](const std::string& name, const std::string& unit) {
    for (const v1::Team& team : facts.teams) {
      if (team.name() == name) return IsRecused(tree, team, unit);
    }
    return false;
  };
  TERRACE_ASSIGN_OR_RETURN(prepared.output, DrawByLot(input));
  prepared.pool = std::move(input.pool);
  prepared.seed = std::move(seed);
  return prepared;
}

}  // namespace

void InspectionsService::AddPlans() {
  Mutate<v1::CreatePlanRequest, v1::Plan>(
      "CreatePlan", &InspectionsState::CreatePlan, [](const v1::CreatePlanRequest& request) {
        return std::vector<std::string>{
            absl::StrCat(request.parent(), "/plans/", request.plan_id())};
      });
  Mutate<v1::UpdatePlanRequest, v1::Plan>("UpdatePlan", &InspectionsState::UpdatePlan,
                                          [](const v1::UpdatePlanRequest& request) {
                                            return std::vector<std::string>{request.plan().name()};
                                          });
  Mutate<v1::ApprovePlanRequest, v1::Plan>("ApprovePlan", &InspectionsState::ApprovePlan,
                                           &ByName<v1::ApprovePlanRequest>);
  Mutate<v1::ReleasePlanRequest, google::longrunning::Operation>(
      "ReleasePlan", &InspectionsState::ReleasePlan, &ByName<v1::ReleasePlanRequest>);
  Mutate<v1::ClosePlanRequest, v1::Plan>("ClosePlan", &InspectionsState::ClosePlan,
                                         &ByName<v1::ClosePlanRequest>);
  Mutate<v1::CancelPlanRequest, v1::Plan>("CancelPlan", &InspectionsState::CancelPlan,
                                          &ByName<v1::CancelPlanRequest>);
  methods_.Async<v1::DrawVisitsRequest, v1::Draw>(
      "DrawVisits", [this](rpc::Call& call, const v1::DrawVisitsRequest& request, v1::Draw* reply,
                           rpc::StatusDone done) {
        machine_->executor().Post([this, &call, &request, reply, done = std::move(done)]() mutable {
          DrawVisits(call, request, reply, std::move(done));
        });
      });
  methods_.Async<v1::GetDrawRequest, v1::Draw>(
      "GetDraw", [this](rpc::Call& call, const v1::GetDrawRequest& request, v1::Draw* reply,
                        rpc::StatusDone done) { GetDraw(call, request, reply, std::move(done)); });
}

void InspectionsService::DrawVisits(rpc::Call& call, const v1::DrawVisitsRequest& request,
                                    v1::Draw* reply, rpc::StatusDone done) {
  absl::StatusOr<std::string> seed = SeedOf(request);
  if (!seed.ok()) {
    done(seed.status());
    return;
  }
  DrawFacts facts;
  machine_->Read<InspectionsState>([&](const InspectionsState& state, const store::Cursor&) {
    absl::optional<v1::Plan> plan = state.ReadPlan(request.name());
    if (!plan) return;
    facts.plan = *std::move(plan);
    for (const std::string& name : facts.plan.teams()) {
      absl::optional<v1::Team> team = state.ReadTeam(name);
      if (team && !team->retired()) facts.teams.push_back(*std::move(team));
    }
  });
  auto prepared = std::make_shared<PreparedDraw>();
  // For all other plans the command says what is wrong.
  if (facts.plan.state() == v1::Plan::STATE_APPROVED) {
    const v1::Population& population = facts.plan.population();
    const IsEnrolled enrolled = [&](absl::string_view unit) {
      return enrolled_ &&
             enrolled_(population.programme(), unit, call.received, population.enrolled_role());
    };
    absl::StatusOr<PreparedDraw> worked_out =
        Prepare(facts, *call.tree, enrolled, *std::move(seed));
    if (!worked_out.ok()) {
      done(worked_out.status());
      return;
    }
    *prepared = *std::move(worked_out);
    prepared->seed_given = !request.seed().empty();
  }
  rpc::RunCommand(
      machine_, call, request, {request.name()},
      [prepared, &request](const machine::State& state, Decision& d, std::string* bytes) {
        v1::Draw draw;
        TERRACE_RETURN_IF_ERROR(
            static_cast<const InspectionsState&>(state).DrawVisits(request, *prepared, d, &draw));
        *bytes = draw.SerializeAsString();
        return absl::OkStatus();
      },
      reply, std::move(done));
}

void InspectionsService::GetDraw(rpc::Call& call, const v1::GetDrawRequest& request,
                                 v1::Draw* reply, rpc::StatusDone done) {
  store::Cursor position;
  const bool found =
      machine_->Read<InspectionsState>([&](const InspectionsState& state, const store::Cursor& at) {
        position = at;
        absl::optional<v1::Draw> draw = state.ReadDraw(request.name());
        if (draw) *reply = *std::move(draw);
        return draw.has_value();
      });
  rpc::StampCursor(kServiceName, position, call, reply);
  if (!found || !request.include_pool()) {
    done(found ? absl::OkStatus() : NotFound(request.name()));
    return;
  }
  const std::vector<std::string> keys = {PoolKey(request.name())};
  machine_->store().Read(
      keys, [reply, done = std::move(done)](
                absl::StatusOr<std::vector<absl::optional<store::Entry>>> entries) mutable {
        storage::v1::PoolRecord record;
        if (!entries.ok()) {
          done(entries.status());
          return;
        }
        if (!entries->front() || !record.ParseFromString(entries->front()->value)) {
          done(absl::DataLossError("the pool of the draw is not there"));
          return;
        }
        absl::StatusOr<std::vector<std::string>> pool = DecodePool(record.ids());
        if (pool.ok()) reply->mutable_pool()->Assign(pool->begin(), pool->end());
        done(pool.status());
      });
}

}  // namespace terrace::inspections
