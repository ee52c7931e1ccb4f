// Plans, draws and releases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/test_world.h"

namespace terrace::inspections {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class PlanTest : public testing::Test {
 protected:
  PlanTest() { world.PublishChecklist(); }

  v1::CreatePlanRequest NewPlan(const std::string& more = "") {
    v1::CreatePlanRequest request;
    request.set_parent("units/county");
    request.set_plan_id("p");
    *request.mutable_plan() = Text<v1::Plan>(
        absl::StrCat("display_name: 'Plan' kind: INSPECTION_KIND_SCHEDULED rounds {} checklist: '",
                     kList, "' ", more));
    return request;
  }
  absl::StatusOr<v1::Plan> Create(const std::string& more = "") {
    return world.Do(&InspectionsState::CreatePlan, NewPlan(more), Officer("county"));
  }
  absl::StatusOr<v1::Plan> Approve(const std::string& name,
                                   const std::string& office = "units/county") {
    v1::ApprovePlanRequest request;
    request.set_name(name);
    request.set_acting_office(office);
    return world.Do(&InspectionsState::ApprovePlan, request, Officer("prov"));
  }

  World world;
};

TEST_F(PlanTest, GoesThroughItsStates) {
  auto plan = Create("population { levels: 'levels/village' }");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->state(), v1::Plan::STATE_DRAFT);
  EXPECT_EQ(plan->notice(), v1::Plan::NOTICE_ON_RELEASE);
  EXPECT_EQ(plan->rounds(0).number(), 1);
  EXPECT_EQ(plan->rounds(0).state(), v1::Round::STATE_UNSPECIFIED);
  plan = Approve(plan->name(), "units/prov");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->state(), v1::Plan::STATE_APPROVED);
  EXPECT_EQ(plan->approving_office(), "units/prov");
  ASSERT_TRUE(world.Draw(plan->name()).ok());
  EXPECT_EQ(world.state.ReadPlan(plan->name())->state(), v1::Plan::STATE_DRAWN);
  EXPECT_EQ(world.state.ReadPlan(plan->name())->rounds(0).state(), v1::Round::STATE_SEALED);
  ASSERT_TRUE(world.Release(plan->name()).ok());
  EXPECT_EQ(world.state.ReadPlan(plan->name())->rounds(0).state(), v1::Round::STATE_RELEASING);
  world.FinishOperations();
  EXPECT_EQ(world.state.ReadPlan(plan->name())->state(), v1::Plan::STATE_RELEASED);
  EXPECT_EQ(world.state.ReadPlan(plan->name())->rounds(0).state(), v1::Round::STATE_RELEASED);
  v1::ClosePlanRequest close;
  close.set_name(plan->name());
  close.set_acting_office("units/county");
  plan = world.Do(&InspectionsState::ClosePlan, close, Officer("county"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->state(), v1::Plan::STATE_CLOSED);
}

TEST_F(PlanTest, WrongStatesAreRefused) {
  auto plan = Create();
  EXPECT_TRUE(HasReason(world.Draw(plan->name()).status(), Reason::WRONG_STATE));
  EXPECT_TRUE(HasReason(world.Release(plan->name()).status(), Reason::WRONG_STATE));
  ASSERT_TRUE(Approve(plan->name()).ok());
  EXPECT_TRUE(HasReason(Approve(plan->name()).status(), Reason::WRONG_STATE));
  v1::UpdatePlanRequest update;
  update.mutable_plan()->set_name(plan->name());
  update.mutable_plan()->set_display_name("Changed after approval");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::UpdatePlan, update, Officer("county")).status(),
                        Reason::WRONG_STATE));
  ASSERT_TRUE(world.Draw(plan->name()).ok());
  EXPECT_TRUE(HasReason(world.Draw(plan->name()).status(), Reason::WRONG_STATE))
      << "a draw is made once for all";
}

TEST_F(PlanTest, BadPlansAreRefused) {
  const auto refused = [&](const std::string& more, Reason reason) {
    const absl::Status status = Create(more).status();
    EXPECT_TRUE(HasReason(status, reason)) << more << ": " << status;
  };
  refused("display_name: ''", Reason::REQUIRED_FIELD);
  refused("kind: INSPECTION_KIND_UNSPECIFIED", Reason::REQUIRED_FIELD);
  refused("kind: INSPECTION_KIND_UNANNOUNCED notice: NOTICE_ON_RELEASE", Reason::INVALID_FIELD);
  refused("checklist: 'units/county/checklists/none@1'", Reason::NOT_FOUND);
  refused("checklist: 'visit'", Reason::INVALID_NAME);
  refused("teams: 'units/county/teams/none'", Reason::NOT_FOUND);
  refused("sample { count: 0 }", Reason::INVALID_FIELD);
  refused("sample { percent { value: '100.1' } }", Reason::INVALID_FIELD);
  refused("population { subtree: 'units/prov' }", Reason::NOT_BELOW_ISSUER);
  refused("population { subtree: 'units/firm' }", Reason::NOT_BELOW_ISSUER);
  refused("population { levels: 'village' }", Reason::INVALID_NAME);
  refused("population { enrolled_role: ENROLLMENT_ROLE_PARTICIPANT }", Reason::REQUIRED_FIELD);
  refused(
      "rounds { start_date { year: 2016 month: 6 day: 2 } "
      "         end_date { year: 2016 month: 6 day: 1 } }",
      Reason::INVALID_FIELD);
  v1::CreatePlanRequest no_rounds = NewPlan();
  no_rounds.mutable_plan()->clear_rounds();
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::CreatePlan, no_rounds, Officer("county")).status(),
                Reason::REQUIRED_FIELD));
  EXPECT_THAT(world.Keys("units/county/plans/"), IsEmpty());
}

TEST_F(PlanTest, UsesChecklistsOfItsOwnOfficeAndAboveOnly) {
  v1::CreateChecklistRequest create;
  create.set_parent("units/east");
  create.set_checklist_id("own");
  *create.mutable_checklist() = SampleChecklist();
  ASSERT_TRUE(world.Do(&InspectionsState::CreateChecklist, create, Officer("east")).ok());
  EXPECT_TRUE(HasReason(Create("checklist: 'units/east/checklists/own@1'").status(),
                        Reason::NOT_FROM_ABOVE));
  v1::CreatePlanRequest below = NewPlan();
  below.set_parent("units/east");
  auto plan = world.Do(&InspectionsState::CreatePlan, below, Officer("east"));
  EXPECT_TRUE(plan.ok()) << plan.status();
  below.set_plan_id("q");
  below.mutable_plan()->set_checklist("units/east/checklists/own@1");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::CreatePlan, below, Officer("east")).status(),
                        Reason::NOT_PUBLISHED));
}

TEST_F(PlanTest, VerbsAreSpokenByTheOfficeOrOneAboveIt) {
  auto plan = Create("population { levels: 'levels/village' }");
  EXPECT_TRUE(HasReason(Approve(plan->name(), "units/east").status(), Reason::NOT_YOURS))
      << "an office below, which may hold targets";
  EXPECT_TRUE(HasReason(Approve(plan->name(), "units/bureau").status(), Reason::NOT_YOURS));
  EXPECT_TRUE(HasReason(Approve(plan->name(), "").status(), Reason::INVALID_NAME));
  ASSERT_TRUE(Approve(plan->name(), "units/prov").ok());
  ASSERT_TRUE(world.Draw(plan->name()).ok());
  v1::ReleasePlanRequest release;
  release.set_name(plan->name());
  release.set_acting_office("units/east");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::ReleasePlan, release, Officer("east")).status(),
                        Reason::NOT_YOURS));
}

TEST_F(PlanTest, ThePopulationLeavesOutTheOfficeAndWhoDoesNotFit) {
  v1::Population population;
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr), SizeIs(2 + 1 + 15 + 1));
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr),
              Not(testing::Contains("units/county")));
  population.add_levels("levels/village");
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr), SizeIs(15));
  population.set_subtree("units/west");
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr),
              ElementsAre("units/w01", "units/w02", "units/w03", "units/w04", "units/w05"));
  population.clear_levels();
  population.add_kinds("kinds/school");
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr),
              ElementsAre("units/school"));
  ASSERT_TRUE(world.builder().Close("school").ok());
  world.Republish();
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr), IsEmpty());
}

TEST_F(PlanTest, ThePopulationMayFollowTheSectorLine) {
  v1::Population population;
  population.set_line(types::v1::LINE_SECTOR);
  EXPECT_THAT(CollectPool(world.tree(), "bureau", population, nullptr),
              ElementsAre("units/school"));
}

TEST_F(PlanTest, ThePopulationMayAskForEnrolment) {
  v1::Population population;
  population.set_programme("units/county/programmes/model");
  EXPECT_THAT(CollectPool(world.tree(), "county", population, nullptr), IsEmpty());
  EXPECT_THAT(CollectPool(world.tree(), "county", population,
                          [](absl::string_view unit) { return unit == "v03" || unit == "prov"; }),
              ElementsAre("units/v03"))
      << "enrolled units outside the office are not drawn";
}

// ------------------------------------------------------------------------------------- draws

TEST_F(PlanTest, ADrawIsRecordedSoThatItCanBeReplayed) {
  world.AddTeam("a");
  world.AddTeam("b", {"units/east"});
  const std::string plan =
      world.ApprovedPlan("p",
                         "sample { count: 4 reserves: 2 } rounds {} teams: 'units/county/teams/a' "
                         "teams: 'units/county/teams/b'");
  auto draw = world.Draw(plan, "the seed");
  ASSERT_TRUE(draw.ok()) << draw.status();
  EXPECT_EQ(draw->name(), plan + "/draws/1");
  EXPECT_EQ(draw->algorithm(), "TERRACE-DRAW-1");
  EXPECT_EQ(draw->pool_count(), 15);
  ASSERT_EQ(draw->entries_size(), 12);

  // Everything from the record: the stored pool, seed, recusals, and the plan.
  storage::v1::PoolRecord pool;
  for (const store::CommittedChange& change : world.log.back().changes) {
    if (change.key != PoolKey(draw->name())) continue;
    ASSERT_TRUE(pool.ParseFromString(*change.value));
  }
  const v1::Draw stored = *world.state.ReadDraw(draw->name());
  DrawInput input;
  input.seed = absl::HexStringToBytes(stored.seed());
  input.pool = *DecodePool(pool.ids());
  EXPECT_EQ(absl::BytesToHexString(PoolHash(input.pool)), stored.pool_sha256());
  const v1::Plan frozen = *world.state.ReadPlan(plan);
  input.sample = frozen.sample();
  input.rounds = frozen.rounds_size();
  input.teams.assign(frozen.teams().begin(), frozen.teams().end());
  std::set<std::string> recusals;
  for (const v1::Recusal& recusal : stored.recusals()) {
    recusals.insert(recusal.team() + recusal.unit());
  }
  input.recused = [&](const std::string& team, const std::string& unit) {
    return recusals.count(team + unit) > 0;
  };
  auto replay = DrawByLot(input);
  ASSERT_TRUE(replay.ok());
  ASSERT_EQ(static_cast<int>(replay->entries.size()), stored.entries_size());
  for (int i = 0; i < stored.entries_size(); ++i) {
    v1::DrawEntry entry = stored.entries(i);
    EXPECT_EQ(entry.visit().empty(), entry.reserve());
    entry.clear_visit();
    EXPECT_EQ(entry.SerializeAsString(), replay->entries[i].SerializeAsString());
    if (absl::StartsWith(entry.unit(), "units/v")) {
      EXPECT_NE(entry.team(), "units/county/teams/b") << "recused from the east";
    }
  }
}

TEST_F(PlanTest, PlannedNamesAreRandom) {
  const std::string plan = world.ApprovedPlan("p", "");
  auto draw = world.Draw(plan);
  std::set<std::string> names;
  for (const v1::DrawEntry& entry : draw->entries()) {
    const absl::string_view id = resource::LastSegment(entry.visit());
    EXPECT_EQ(id.size(), 20u);
    EXPECT_TRUE(names.insert(std::string(id)).second);
  }
}

TEST_F(PlanTest, TryingOutADrawShowsNothing) {
  const std::string plan = world.ApprovedPlan("p", "");
  v1::DrawVisitsRequest request;
  request.set_name(plan);
  request.set_acting_office("units/county");
  const PreparedDraw prepared = world.Prepare(plan);
  auto tried = world.Run<v1::Draw>(
      Officer("county"),
      [&](Decision& d, v1::Draw* reply) {
        return world.state.DrawVisits(request, prepared, d, reply);
      },
      /*validate_only=*/true);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->pool_count(), 15);
  EXPECT_EQ(tried->entries_size(), 0);
  EXPECT_TRUE(tried->seed().empty());
  EXPECT_EQ(world.state.ReadPlan(plan)->state(), v1::Plan::STATE_APPROVED);
}

TEST_F(PlanTest, ADrawWorkedOutForAnotherPlanIsDecidedAgain) {
  const std::string plan = world.ApprovedPlan("p", "");
  PreparedDraw prepared = world.Prepare(plan);
  prepared.plan_etag = "older";
  v1::DrawVisitsRequest request;
  request.set_name(plan);
  request.set_acting_office("units/county");
  auto draw = world.Run<v1::Draw>(Officer("county"), [&](Decision& d, v1::Draw* reply) {
    return world.state.DrawVisits(request, prepared, d, reply);
  });
  EXPECT_TRUE(HasReason(draw.status(), Reason::CONFLICT));
}

TEST_F(PlanTest, AnEmptyPopulationIsSaid) {
  const std::string plan = world.ApprovedPlan("p", "population { kinds: 'kinds/spaceport' }");
  EXPECT_TRUE(HasReason(world.Draw(plan).status(), Reason::EMPTY_POPULATION));
}

// ---------------------------------------------------------------------------------- releases

TEST_F(PlanTest, BeforeTheReleaseNothingExistsUnderTheUnits) {
  const std::string plan = world.ApprovedPlan("p", "");
  ASSERT_TRUE(world.Draw(plan).ok());
  EXPECT_THAT(world.state.Names(RowKind::kVisit), IsEmpty());
  for (const std::string& key : world.Keys("units/")) {
    EXPECT_TRUE(absl::StartsWith(key, "units/county/")) << key;
  }
  ASSERT_TRUE(world.Release(plan).ok());
  world.FinishOperations();
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(15));
  EXPECT_THAT(world.Keys("units/v01/visits/"), SizeIs(1));
  const v1::Visit visit = *world.state.ReadVisit(world.Keys("units/v01/visits/")[0]);
  EXPECT_EQ(visit.state(), v1::Visit::STATE_ASSIGNED);
  EXPECT_EQ(visit.office(), "units/county");
  EXPECT_EQ(visit.plan(), plan);
  EXPECT_EQ(visit.round(), 1);
  EXPECT_EQ(visit.checklist(), kList);
}

TEST_F(PlanTest, RoundsAreReleasedOneByOne) {
  const std::string plan = world.ApprovedPlan("p", "rounds {} rounds {} sample { count: 5 }");
  ASSERT_TRUE(world.Draw(plan).ok());
  ASSERT_TRUE(world.Release(plan, {2}).ok());
  world.FinishOperations();
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(5));
  for (const std::string& name : world.state.Names(RowKind::kVisit)) {
    EXPECT_EQ(world.state.ReadVisit(name)->round(), 2);
  }
  EXPECT_TRUE(HasReason(world.Release(plan, {2}).status(), Reason::WRONG_STATE));
  EXPECT_TRUE(HasReason(world.Release(plan, {4}).status(), Reason::NUMBER_OUT_OF_RANGE));
  ASSERT_TRUE(world.Release(plan).ok()) << "the others";
  world.FinishOperations();
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(15));
  EXPECT_TRUE(HasReason(world.Release(plan).status(), Reason::WRONG_STATE));
}

TEST_F(PlanTest, TheEmbargoHolds) {
  const std::string plan = world.ApprovedPlan(
      "p",
      absl::StrCat("embargo_until { seconds: ", absl::ToUnixSeconds(T("2016-06-02 00:00")), " }"));
  ASSERT_TRUE(world.Draw(plan).ok());
  EXPECT_TRUE(HasReason(world.Release(plan).status(), Reason::UNDER_EMBARGO));
  EXPECT_THAT(world.state.Names(RowKind::kVisit), IsEmpty());
  world.now = T("2016-06-02 00:00");
  EXPECT_TRUE(world.Release(plan).ok());
}

TEST_F(PlanTest, UnannouncedReleasesMakeNothing) {
  const std::string plan = world.ApprovedPlan("p", "kind: INSPECTION_KIND_UNANNOUNCED");
  ASSERT_TRUE(world.Draw(plan).ok());
  auto operation = world.Release(plan);
  ASSERT_TRUE(operation.ok()) << operation.status();
  world.FinishOperations();
  EXPECT_EQ(world.state.ReadPlan(plan)->rounds(0).state(), v1::Round::STATE_RELEASED);
  EXPECT_THAT(world.state.Names(RowKind::kVisit), IsEmpty());
  for (const std::string& key : world.Keys("units/")) {
    EXPECT_TRUE(absl::StartsWith(key, "units/county/")) << key;
  }
}

TEST_F(PlanTest, LargeReleasesTakeSeveralChunks) {
  for (int i = 0; i < 450; ++i) {
    tree::UnitRecord unit;
    unit.id = absl::StrFormat("x%04d", i);
    unit.territory_parent = "east";
    unit.level = "village";
    ASSERT_TRUE(world.builder().Upsert(unit).ok());
  }
  world.Republish();
  const std::string plan = world.ApprovedPlan("p", "");
  ASSERT_TRUE(world.Draw(plan).ok());
  auto operation = world.Release(plan);
  ASSERT_TRUE(operation.ok());
  EXPECT_GE(world.FinishOperations(), 3);
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(465));
  auto record = world.state.rows().Get<internal::v1::OperationRecord>(operation->name());
  v1::ReleasePlanResponse response;
  ASSERT_TRUE(record->response().UnpackTo(&response));
  EXPECT_EQ(response.created(), 465);
  EXPECT_EQ(response.skipped(), 0);
}

TEST_F(PlanTest, TargetsThatAreGoneArePassedOver) {
  const std::string plan = world.ApprovedPlan("p", "");
  ASSERT_TRUE(world.Draw(plan).ok());
  ASSERT_TRUE(world.builder().Close("v01").ok());
  ASSERT_TRUE(world.builder().Move("v02", tree::Line::kTerritory, "prov").ok());
  world.Republish();
  auto operation = world.Release(plan);
  world.FinishOperations();
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(13));
  auto record = world.state.rows().Get<internal::v1::OperationRecord>(operation->name());
  v1::ReleasePlanResponse response;
  ASSERT_TRUE(record->response().UnpackTo(&response));
  EXPECT_EQ(response.skipped(), 2);
}

TEST_F(PlanTest, ANameThatSomebodyUsedIsNotFoughtOver) {
  const std::string plan = world.ApprovedPlan("p", "");
  auto draw = world.Draw(plan);
  const v1::DrawEntry& entry = draw->entries(0);
  const std::string unit(resource::OwnerOf(entry.unit()));
  const std::string id(resource::LastSegment(entry.visit()));
  // The province's inspector knows nothing of the county's plan; the name is free for it.
  v1::StartVisitRequest start;
  start.set_parent(entry.unit());
  start.set_visit_id(id);
  start.set_acting_office("units/east");
  start.set_checklist(kList);
  if (!world.tree().IsUnder(*world.tree().Number(unit), *world.tree().Number("east"),
                            tree::Line::kTerritory)) {
    start.set_acting_office("units/west");
  }
  auto own = world.Do(&InspectionsState::StartVisit, start,
                      Inspector(std::string(resource::OwnerOf(start.acting_office()))));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_TRUE(own->plan().empty());
  ASSERT_TRUE(world.Release(plan).ok());
  world.FinishOperations();
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(16));
  EXPECT_EQ(world.state.ReadVisit(own->name())->office(), start.acting_office());
  const v1::DrawEntry renamed = world.state.ReadDraw(draw->name())->entries(0);
  EXPECT_NE(renamed.visit(), entry.visit());
  EXPECT_EQ(world.state.ReadVisit(renamed.visit())->plan(), plan);
  EXPECT_FALSE(world.state.FindPlanned(entry.visit()).has_value());
}

TEST_F(PlanTest, AReleaseStoppedHalfWayGoesOnLater) {
  for (int i = 0; i < 250; ++i) {
    tree::UnitRecord unit;
    unit.id = absl::StrFormat("x%04d", i);
    unit.territory_parent = "east";
    unit.level = "village";
    ASSERT_TRUE(world.builder().Upsert(unit).ok());
  }
  world.Republish();
  const std::string plan = world.ApprovedPlan("p", "");
  ASSERT_TRUE(world.Draw(plan).ok());
  auto operation = world.Release(plan);
  // One chunk, then it is cancelled, as the machine does it.
  auto stopped = world.Run<google::longrunning::Operation>(
      Service(), [&](Decision& d, google::longrunning::Operation*) {
        auto record = d.Get<internal::v1::OperationRecord>(operation->name());
        TERRACE_CHECK(world.state.ContinueOperation(d, *record).ok());
        record->set_done(true);
        record->mutable_error()->set_code(1);
        d.Put(operation->name(), *record);
        return absl::OkStatus();
      });
  ASSERT_TRUE(stopped.ok());
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(200));
  EXPECT_EQ(world.state.ReadPlan(plan)->rounds(0).state(), v1::Round::STATE_SEALED);
  // A visit of it cannot begin yet.
  v1::StartVisitRequest start;
  const std::string visit = *world.state.Names(RowKind::kVisit).begin();
  start.set_parent(resource::UnitName(resource::OwnerOf(visit)));
  start.set_visit_id(std::string(resource::LastSegment(visit)));
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, start, Inspector("county")).status(),
                Reason::WRONG_STATE));
  v1::CancelPlanRequest cancel;
  cancel.set_name(plan);
  cancel.set_acting_office("units/county");
  cancel.set_reason("too late for that");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::CancelPlan, cancel, Officer("county")).status(),
                        Reason::WRONG_STATE));

  ASSERT_TRUE(world.Release(plan).ok());
  world.FinishOperations();
  EXPECT_THAT(world.state.Names(RowKind::kVisit), SizeIs(265));
  EXPECT_TRUE(world.Do(&InspectionsState::StartVisit, start, Inspector("county")).ok());
}

TEST_F(PlanTest, CancelledPlansStayAsTheyAre) {
  const std::string plan = world.ApprovedPlan("p", "");
  ASSERT_TRUE(world.Draw(plan).ok());
  v1::CancelPlanRequest cancel;
  cancel.set_name(plan);
  cancel.set_acting_office("units/county");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::CancelPlan, cancel, Officer("county")).status(),
                        Reason::REQUIRED_FIELD));
  cancel.set_reason("merged with another");
  auto cancelled = world.Do(&InspectionsState::CancelPlan, cancel, Officer("county"));
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Plan::STATE_CANCELLED);
  EXPECT_TRUE(HasReason(world.Release(plan).status(), Reason::WRONG_STATE));
}

}  // namespace
}  // namespace terrace::inspections
