// Commands, reads and lists through the table of methods.
#include "services/inspections/inspections_service.h"

#include <gmock/gmock.h>

#include <set>

#include "absl/strings/escaping.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/service_fixture.h"

namespace terrace::inspections {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST_F(ServiceTest, CommandsAreStampedAndReplayed) {
  auto create = Text<v1::CreateTeamRequest>(
      "parent: 'units/county' request_id: '6e1f6f5e-4a9c-4a53-a3b0-0c3f1f1f0001' "
      "team { display_name: 'A' roles { role: 'i' inspectors: 2 } }");
  auto first = Call<v1::Team>("CreateTeam", create, Officer("county"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->revision(), machine_->position().revision.value);
  EXPECT_FALSE(first->etag().empty());
  PublishChecklist();
  auto again = Call<v1::Team>("CreateTeam", create, Officer("county"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  create.mutable_team()->set_display_name("B");
  EXPECT_TRUE(HasReason(Call<v1::Team>("CreateTeam", create, Officer("county")).status(),
                        Reason::REQUEST_ID_REUSED));
  v1::GetTeamRequest get;
  get.set_name(first->name());
  EXPECT_EQ(Call<v1::Team>("GetTeam", get, Officer("county"))->SerializeAsString(),
            first->SerializeAsString());
}

TEST_F(ServiceTest, ValidateOnlyStoresNothing) {
  auto create = Text<v1::CreateTeamRequest>(
      "parent: 'units/county' team_id: 'a' validate_only: true "
      "team { display_name: 'A' roles { role: 'i' inspectors: 2 } }");
  auto team = Call<v1::Team>("CreateTeam", create, Officer("county"));
  ASSERT_TRUE(team.ok()) << team.status();
  EXPECT_EQ(team->revision(), 0);
  EXPECT_EQ(machine_->position().revision.value, 0);
  create.mutable_team()->clear_roles();
  EXPECT_TRUE(HasReason(Call<v1::Team>("CreateTeam", create, Officer("county")).status(),
                        Reason::TEAM_TOO_SMALL));
}

TEST_F(ServiceTest, AccessRulesHold) {
  v1::CreateTeamRequest create = Text<v1::CreateTeamRequest>("parent: 'units/county'");
  EXPECT_TRUE(HasReason(Call<v1::Team>("CreateTeam", create, Inspector("county")).status(),
                        Reason::ROLE_REQUIRED));
  EXPECT_TRUE(
      HasReason(Call<v1::Team>("CreateTeam", create, Officer("east")).status(), Reason::NOT_FOUND));
  v1::ListPlansRequest list = Text<v1::ListPlansRequest>("parent: 'units/county'");
  EXPECT_TRUE(HasReason(Call<v1::ListPlansResponse>("ListPlans", list, Officer("v01")).status(),
                        Reason::NOT_FOUND));
}

TEST_F(ServiceTest, TheLastPublishedChecklistGoesByItsBareName) {
  PublishChecklist();
  v1::GetChecklistRequest get;
  get.set_name("units/county/checklists/visit");
  auto checklist = Call<v1::Checklist>("GetChecklist", get, Viewer("v01"));
  ASSERT_TRUE(checklist.ok()) << checklist.status();
  EXPECT_EQ(checklist->name(), kList);
  EXPECT_GT(checklist->revision(), 0);
  // The next draft is seen by officers of the office only.
  v1::CreateChecklistRequest create;
  create.set_parent("units/county");
  create.set_checklist_id("visit");
  *create.mutable_checklist() = SampleChecklist();
  auto draft = Call<v1::Checklist>("CreateChecklist", create, Officer("county"));
  ASSERT_TRUE(draft.ok());
  EXPECT_EQ(Call<v1::Checklist>("GetChecklist", get, Viewer("v01"))->name(), kList);
  get.set_name(draft->name());
  EXPECT_TRUE(HasReason(Call<v1::Checklist>("GetChecklist", get, Viewer("v01")).status(),
                        Reason::NOT_FOUND));
  EXPECT_TRUE(HasReason(Call<v1::Checklist>("GetChecklist", get, Inspector("county")).status(),
                        Reason::NOT_FOUND));
  EXPECT_TRUE(Call<v1::Checklist>("GetChecklist", get, Officer("county")).ok());
  v1::ListChecklistsRequest list;
  EXPECT_THAT(Call<v1::ListChecklistsResponse>("ListChecklists", list, Viewer("v01"))->checklists(),
              SizeIs(1));
  EXPECT_THAT(
      Call<v1::ListChecklistsResponse>("ListChecklists", list, Officer("county"))->checklists(),
      SizeIs(2));
  list.set_filter("state = PUBLISHED");
  EXPECT_THAT(
      Call<v1::ListChecklistsResponse>("ListChecklists", list, Officer("county"))->checklists(),
      SizeIs(1));
  EXPECT_THAT(
      Call<v1::ListChecklistsResponse>("ListChecklists", list, Viewer("firm"))->checklists(),
      SizeIs(0))
      << "the firm is not below the county";
}

// -------------------------------------------------------------------------------------- lists

TEST_F(ServiceTest, PagesShowEverythingOnceWhileOthersWrite) {
  PublishChecklist();
  for (int i = 1; i <= 10; ++i) Visited(absl::StrFormat("v%02d", i), "a");
  int written = 0;
  for (const char* order : {"", "name", "name desc"}) {
    v1::ListVisitsRequest list;
    list.set_subtree("units/county");
    list.set_page_size(3);
    list.set_order_by(order);
    std::vector<std::string> names;
    int64_t last_revision = 0;
    do {
      auto page = Call<v1::ListVisitsResponse>("ListVisits", list, Viewer("county"));
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_GE(page->cursor().revision(), last_revision);
      last_revision = page->cursor().revision();
      for (const v1::Visit& visit : page->visits()) {
        if (absl::EndsWith(visit.name(), "/a")) names.push_back(visit.name());
      }
      list.set_page_token(page->next_page_token());
      Visited("v05", absl::StrCat("b", ++written));
    } while (!list.page_token().empty());
    EXPECT_THAT(names, SizeIs(10)) << order;
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 10u);
    EXPECT_EQ(std::is_sorted(names.begin(), names.end()), std::string(order) != "name desc");
  }
}

TEST_F(ServiceTest, BadPagesAreRefused) {
  PublishChecklist();
  for (int i = 1; i <= 3; ++i) Visited(absl::StrFormat("v%02d", i), "a");
  const auto refused = [&](const std::string& request, Reason reason) {
    const absl::Status status =
        Call<v1::ListVisitsResponse>("ListVisits", Text<v1::ListVisitsRequest>(request),
                                     Viewer("county"))
            .status();
    EXPECT_TRUE(HasReason(status, reason)) << request << ": " << status;
  };
  refused("page_size: -1", Reason::INVALID_PAGE_SIZE);
  refused("page_token: 'made up'", Reason::INVALID_PAGE_TOKEN);
  refused("order_by: 'round'", Reason::INVALID_FIELD);
  refused("filter: 'state ='", Reason::INVALID_FILTER);
  refused("filter: 'nothing = 1'", Reason::INVALID_FILTER);
  refused("filter: 'state = HAPPY'", Reason::INVALID_FILTER);
  v1::ListVisitsRequest list;
  list.set_page_size(1);
  auto page = Call<v1::ListVisitsResponse>("ListVisits", list, Viewer("county"));
  ASSERT_TRUE(page.ok());
  ASSERT_FALSE(page->next_page_token().empty());
  // The token belongs to that list and no other.
  refused(absl::StrCat("filter: 'round = 1' page_token: '", page->next_page_token(), "'"),
          Reason::INVALID_PAGE_TOKEN);
  refused(absl::StrCat("subtree: 'units/east' page_token: '", page->next_page_token(), "'"),
          Reason::INVALID_PAGE_TOKEN);
  v1::ListFindingsRequest findings;
  findings.set_page_token(page->next_page_token());
  EXPECT_TRUE(
      HasReason(Call<v1::ListFindingsResponse>("ListFindings", findings, Viewer("county")).status(),
                Reason::INVALID_PAGE_TOKEN));
}

TEST_F(ServiceTest, ListsShowWhatTheCallerMaySee) {
  PublishChecklist();
  Visited("v01", "a");
  Visited("v02", "a");
  Visited("w01", "a");
  const auto count = [&](const access::Identity& who, const std::string& request = "") {
    auto page =
        Call<v1::ListVisitsResponse>("ListVisits", Text<v1::ListVisitsRequest>(request), who);
    return page.ok() ? page->visits_size() : -1;
  };
  EXPECT_EQ(count(Viewer("county")), 3);
  EXPECT_EQ(count(Viewer("county"), "subtree: 'units/east'"), 2);
  EXPECT_EQ(count(Viewer("county"), "parent: 'units/w01'"), 1);
  EXPECT_EQ(count(Viewer("east")), 2);
  EXPECT_EQ(count(Viewer("v01")), 1);
  EXPECT_EQ(count(Viewer("v03")), 0);
  EXPECT_EQ(count(Viewer("bureau")), 0);
  EXPECT_EQ(count(Viewer("east"), "subtree: 'units/west'"), -1);
  EXPECT_EQ(count(Service()), 3);
  EXPECT_EQ(count(Viewer("county"), "filter: 'state = STARTED'"), 3);
  EXPECT_EQ(count(Viewer("county"), "filter: 'state = SUBMITTED'"), 0);
}

TEST_F(ServiceTest, ObservationsAndFindingsAreListedByVisit) {
  PublishChecklist();
  const std::string visit = Visited("v01", "a");
  v1::RecordObservationsRequest record;
  record.set_parent(visit);
  for (int i = 2; i <= 12; ++i) {
    v1::Observation& observation = *record.add_observations();
    observation = Passed(visit, absl::StrCat("tab-", i));
    observation.set_place("gate");
    if (i % 2 == 0) observation.mutable_finding()->set_text("x");
  }
  record.add_observations()->CopyFrom(Passed(visit, "tab-2"));  // Another content: a conflict.
  auto recorded =
      Call<v1::RecordObservationsResponse>("RecordObservations", record, Inspector("county"));
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(recorded->results(11).outcome(), v1::ItemResult::OUTCOME_CONFLICT);
  EXPECT_GT(recorded->cursor().revision(), 0);

  v1::ListObservationsRequest list;
  list.set_parent(visit);
  list.set_page_size(5);
  std::set<std::string> names;
  do {
    auto page = Call<v1::ListObservationsResponse>("ListObservations", list, Viewer("v01"));
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Observation& one : page->observations()) {
      EXPECT_TRUE(names.insert(one.name()).second);
      EXPECT_EQ(one.content_sha256().size(), 64u);
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(names, SizeIs(12));
  list.set_page_size(0);
  list.set_filter("place = gate");
  EXPECT_THAT(
      Call<v1::ListObservationsResponse>("ListObservations", list, Viewer("v01"))->observations(),
      SizeIs(11));
  EXPECT_TRUE(HasReason(
      Call<v1::ListObservationsResponse>("ListObservations", list, Viewer("v02")).status(),
      Reason::NOT_FOUND));

  v1::ListFindingsRequest findings;
  findings.set_parent(visit);
  EXPECT_THAT(Call<v1::ListFindingsResponse>("ListFindings", findings, Viewer("v01"))->findings(),
              SizeIs(6));
  findings.set_parent("units/v01");
  EXPECT_THAT(Call<v1::ListFindingsResponse>("ListFindings", findings, Viewer("v01"))->findings(),
              SizeIs(6));
  findings.clear_parent();
  findings.set_filter("severity = MAJOR");
  EXPECT_THAT(
      Call<v1::ListFindingsResponse>("ListFindings", findings, Viewer("county"))->findings(),
      SizeIs(6));
}

TEST_F(ServiceTest, ReadsTellAnInstantOfTheWorld) {
  PublishChecklist();
  auto start = Text<v1::StartVisitRequest>(
      "parent: 'units/v01' visit_id: 'a' acting_office: 'units/county'");
  start.set_checklist(kList);
  *start.mutable_captured_time() = ToProto(T("2014-05-01 09:00"));
  auto visit = Call<v1::Visit>("StartVisit", start, Inspector("county"));
  ASSERT_TRUE(visit.ok()) << visit.status();
  v1::RaiseFindingRequest raise;
  raise.set_parent(visit->name());
  raise.mutable_finding()->set_text("a leak");
  *raise.mutable_finding()->mutable_captured_time() = ToProto(T("2014-05-01 10:00"));
  auto finding = Call<v1::Finding>("RaiseFinding", raise, Inspector("county"));
  ASSERT_TRUE(finding.ok()) << finding.status();
  v1::ClaimRectifiedRequest claim;
  claim.set_name(finding->name());
  claim.set_note("done");
  *claim.mutable_captured_time() = ToProto(T("2014-05-10 10:00"));
  ASSERT_TRUE(Call<v1::Finding>("ClaimRectified", claim, Reporter("v01")).ok());
  v1::SubmitVisitRequest submit;
  submit.set_name(visit->name());
  *submit.mutable_captured_time() = ToProto(T("2014-05-01 12:00"));
  ASSERT_TRUE(Call<v1::Visit>("SubmitVisit", submit, Inspector("county")).ok());

  const auto visit_at = [&](const char* when) {
    v1::GetVisitRequest get;
    get.set_name(visit->name());
    *get.mutable_at_time() = ToProto(T(when));
    return Call<v1::Visit>("GetVisit", get, Viewer("v01"));
  };
  EXPECT_TRUE(HasReason(visit_at("2014-05-01 08:59").status(), Reason::NOT_FOUND));
  EXPECT_EQ(visit_at("2014-05-01 09:30")->state(), v1::Visit::STATE_STARTED);
  EXPECT_EQ(visit_at("2014-05-01 09:30")->finding_count(), 0);
  EXPECT_FALSE(visit_at("2014-05-01 09:30")->has_finished());
  EXPECT_EQ(visit_at("2014-05-01 12:00")->state(), v1::Visit::STATE_SUBMITTED);
  EXPECT_EQ(visit_at("2014-05-01 12:00")->finding_count(), 1);

  v1::ListFindingsRequest list;
  *list.mutable_at_time() = ToProto(T("2014-05-05 00:00"));
  auto then = Call<v1::ListFindingsResponse>("ListFindings", list, Viewer("v01"));
  ASSERT_THAT(then->findings(), SizeIs(1));
  EXPECT_EQ(then->findings(0).state(), v1::Finding::STATE_RAISED);
  EXPECT_EQ(then->findings(0).steps_size(), 1);
  *list.mutable_at_time() = ToProto(T("2014-05-01 09:00"));
  EXPECT_THAT(Call<v1::ListFindingsResponse>("ListFindings", list, Viewer("v01"))->findings(),
              SizeIs(0));
  v1::GetInspectionSummaryRequest summary;
  summary.set_subtree("units/county");
  *summary.mutable_at_time() = ToProto(T("2014-05-01 11:00"));
  auto counted = Call<v1::InspectionSummary>("GetInspectionSummary", summary, Viewer("county"));
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->visits(), 1);
  EXPECT_EQ(counted->visits_by_state(0).state(), v1::Visit::STATE_STARTED);
  EXPECT_EQ(counted->cursor().revision(), machine_->position().revision.value);
}

TEST_F(ServiceTest, ReadsWaitForTheRevisionAskedFor) {
  PublishChecklist();
  v1::GetChecklistRequest get;
  get.set_name(kList);
  get.mutable_min_revision()->set_log_id("another log");
  get.mutable_min_revision()->set_revision(1);
  EXPECT_TRUE(HasReason(Call<v1::Checklist>("GetChecklist", get, Viewer("county")).status(),
                        Reason::LOG_CHANGED));
  get.mutable_min_revision()->set_log_id(machine_->position().log_id);
  EXPECT_TRUE(Call<v1::Checklist>("GetChecklist", get, Viewer("county")).ok());
}

// -------------------------------------------------------------------------------------- draws

TEST_F(ServiceTest, DrawsTakeASeedAndShowTheirPoolToOfficers) {
  PublishChecklist();
  const std::string seed = absl::BytesToHexString(Sha256("held in public"));
  std::vector<std::string> drawn[2];
  for (int i = 0; i < 2; ++i) {
    v1::CreatePlanRequest create = Text<v1::CreatePlanRequest>(
        "parent: 'units/county' plan { display_name: 'P' kind: INSPECTION_KIND_DOUBLE_RANDOM "
        "population { levels: 'levels/village' } rounds {} sample { count: 4 } }");
    create.mutable_plan()->set_checklist(kList);
    auto plan = Call<v1::Plan>("CreatePlan", create, Officer("county"));
    ASSERT_TRUE(plan.ok()) << plan.status();
    auto approve = Text<v1::ApprovePlanRequest>("acting_office: 'units/county'");
    approve.set_name(plan->name());
    ASSERT_TRUE(Call<v1::Plan>("ApprovePlan", approve, Officer("county")).ok());
    auto draw = Text<v1::DrawVisitsRequest>("acting_office: 'units/county'");
    draw.set_name(plan->name());
    draw.set_seed("ABC");
    EXPECT_TRUE(HasReason(Call<v1::Draw>("DrawVisits", draw, Officer("county")).status(),
                          Reason::INVALID_FIELD));
    draw.set_seed(seed);
    auto result = Call<v1::Draw>("DrawVisits", draw, Officer("county"));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(result->seed_given());
    EXPECT_EQ(result->seed(), seed);
    EXPECT_GT(result->revision(), 0);
    for (const v1::DrawEntry& entry : result->entries()) drawn[i].push_back(entry.unit());
    v1::GetDrawRequest get;
    get.set_name(result->name());
    auto plain = Call<v1::Draw>("GetDraw", get, Officer("county"));
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(plain->SerializeAsString(), result->SerializeAsString());
    get.set_include_pool(true);
    auto with_pool = Call<v1::Draw>("GetDraw", get, Officer("county"));
    ASSERT_TRUE(with_pool.ok()) << with_pool.status();
    EXPECT_THAT(with_pool->pool(), SizeIs(15));
    EXPECT_TRUE(HasReason(Call<v1::Draw>("GetDraw", get, Inspector("county")).status(),
                          Reason::ROLE_REQUIRED));
  }
  EXPECT_EQ(drawn[0], drawn[1]) << "the same seed and pool, the same draw";
}

TEST_F(ServiceTest, DrawsMayAskForEnrolment) {
  PublishChecklist();
  const auto pool_of = [&](const std::string& id, const std::string& role) {
    const std::string plan = DrawnPlan(
        id, absl::StrCat("population { programme: 'units/county/programmes/m' ", role, " }"));
    v1::GetDrawRequest get;
    get.set_name(DrawKey(plan));
    get.set_include_pool(true);
    auto draw = Call<v1::Draw>("GetDraw", get, Officer("county"));
    return std::vector<std::string>(draw->pool().begin(), draw->pool().end());
  };
  EXPECT_THAT(pool_of("p", ""), ElementsAre("units/v07", "units/v08"));
  EXPECT_THAT(pool_of("q", "enrolled_role: ENROLLMENT_ROLE_DEMONSTRATION_SITE"),
              ElementsAre("units/v07"));
}

TEST_F(ServiceTest, ReleasesRunThroughTheMachine) {
  PublishChecklist();
  const std::string plan = DrawnPlan("p", "kind: INSPECTION_KIND_SCHEDULED");
  Release(plan);
  v1::ListVisitsRequest list;
  list.set_filter(absl::StrCat("plan = \"", plan, "\""));
  EXPECT_THAT(Call<v1::ListVisitsResponse>("ListVisits", list, Viewer("county"))->visits(),
              SizeIs(15));
  EXPECT_THAT(Call<v1::ListVisitsResponse>("ListVisits", list, Viewer("v01"))->visits(), SizeIs(1));
  v1::GetPlanRequest get;
  get.set_name(plan);
  auto released = Call<v1::Plan>("GetPlan", get, Viewer("county"));
  EXPECT_EQ(released->state(), v1::Plan::STATE_RELEASED);
  EXPECT_TRUE(released->rounds(0).has_release_time());
}

}  // namespace
}  // namespace terrace::inspections
