// The life of campaigns, the sheets that they make, and how far they are.
#include "services/scoring/campaigns/campaign_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;

class CampaignsTest : public CampaignTest {
 protected:
  std::vector<std::string> ListSheets(const access::Identity& who, const std::string& subtree = "",
                                      const std::string& filter = "", int page_size = 0) {
    std::vector<std::string> units;
    v1::ListSheetsRequest request;
    request.set_campaign(kCampaign);
    request.set_subtree(subtree);
    request.set_filter(filter);
    request.set_page_size(page_size);
    while (true) {
      auto page = Do<v1::ListSheetsResponse>("ListSheets", who, request);
      if (!page.ok()) return {page.status().ToString()};
      for (const v1::Sheet& sheet : page->sheets()) {
        units.push_back(std::string(resource::LastSegment(sheet.unit())));
      }
      if (page->next_page_token().empty()) return units;
      request.set_page_token(page->next_page_token());
    }
  }
};

TEST_F(CampaignsTest, ADraftIsReadAndChangedByItsOffice) {
  absl::StatusOr<v1::Campaign> created = CreateCampaign(TestCampaign());
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->name(), kCampaign);
  EXPECT_EQ(created->state(), v1::CAMPAIGN_STATE_DRAFT);
  EXPECT_GT(created->revision(), 0);
  EXPECT_TRUE(Refused(CreateCampaign(TestCampaign()), Reason::ALREADY_EXISTS));
  EXPECT_TRUE(Refused(CreateCampaign(TestCampaign(), "No!"), Reason::INVALID_ID));
  EXPECT_TRUE(Refused(GetCampaign(kCampaign, Viewer("a1")), Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(GetCampaign("units/county/campaigns/none"), Reason::NOT_FOUND));

  v1::UpdateCampaignRequest update;
  update.mutable_campaign()->set_name(kCampaign);
  update.mutable_campaign()->set_etag(created->etag());
  update.mutable_campaign()->set_combination(v1::STAGE_COMBINATION_LEAST);
  auto updated = Do<v1::Campaign>("UpdateCampaign", Officer("county"), update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->combination(), v1::STAGE_COMBINATION_LEAST);
  EXPECT_EQ(updated->stages_size(), 4);
  EXPECT_TRUE(Refused(Do<v1::Campaign>("UpdateCampaign", Officer("county"), update),
                      Reason::ETAG_MISMATCH));
  update.mutable_campaign()->clear_etag();
  update.mutable_update_mask()->add_paths("state");
  EXPECT_TRUE(
      Refused(Do<v1::Campaign>("UpdateCampaign", Officer("county"), update), Reason::INVALID_MASK));
}

TEST_F(CampaignsTest, WhatCannotBeJudgedIsRefused) {
  auto refused = [&](void (*change)(v1::Campaign&), Reason reason) {
    v1::Campaign campaign = TestCampaign();
    change(campaign);
    return Refused(CreateCampaign(campaign), reason);
  };
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.clear_display_name(); }, Reason::REQUIRED_FIELD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.set_scheme("units/county/schemes/quality@9"); },
                      Reason::NOT_FOUND));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.set_scheme("units/province/schemes/quality@1"); },
                      Reason::INVALID_FIELD));
  EXPECT_TRUE(
      refused([](v1::Campaign& c) { c.set_period("2015-Q1"); }, Reason::NOT_A_BOARD_PERIOD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.set_period("2014"); }, Reason::NO_SCHEME_IN_FORCE));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.set_period("soon"); }, Reason::INVALID_PERIOD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.clear_stages(); }, Reason::REQUIRED_FIELD));
  EXPECT_TRUE(
      refused([](v1::Campaign& c) { c.mutable_stages(1)->set_id("self"); }, Reason::INVALID_FIELD));
  EXPECT_TRUE(
      refused([](v1::Campaign& c) { c.mutable_stages(1)->set_id("No!"); }, Reason::INVALID_ID));
  EXPECT_TRUE(
      refused([](v1::Campaign& c) { c.mutable_stages(1)->clear_kind(); }, Reason::REQUIRED_FIELD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.mutable_stages(1)->set_kind(v1::STAGE_KIND_SELF); },
                      Reason::INVALID_FIELD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.mutable_stages()->SwapElements(2, 3); },
                      Reason::INVALID_FIELD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.mutable_stages()->SwapElements(0, 3); },
                      Reason::INVALID_FIELD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.mutable_stages(0)->set_level("levels/village"); },
                      Reason::INVALID_FIELD));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.mutable_stages(1)->set_level("township"); },
                      Reason::INVALID_NAME));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.mutable_stages(0)->mutable_due_date()->set_day(32); },
                      Reason::INVALID_TIME));
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.set_combination(v1::STAGE_COMBINATION_WEIGHTED); },
                      Reason::REQUIRED_FIELD));
  // One spot check at most speaks for other units.
  EXPECT_TRUE(refused(
      [](v1::Campaign& c) {
        c.mutable_stages(3)->set_effect(v1::SPOT_CHECK_EFFECT_EXTRAPOLATE_TO_PARENT);
        *c.add_stages() = c.stages(3);
        c.mutable_stages(4)->set_id("again");
      },
      Reason::INVALID_FIELD));
  EXPECT_TRUE(
      refused([](v1::Campaign& c) { c.mutable_stages(0)->mutable_weight()->set_value("1"); },
              Reason::INVALID_FIELD));
  EXPECT_TRUE(refused(
      [](v1::Campaign& c) {
        c.set_combination(v1::STAGE_COMBINATION_WEIGHTED);
        c.mutable_stages(0)->mutable_weight()->set_value("0");
      },
      Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(refused(
      [](v1::Campaign& c) {
        while (c.stages_size() <= kStagesMax) *c.add_stages() = c.stages(3);
      },
      Reason::BATCH_TOO_LARGE));
  v1::Scheme draft = ReviewScheme();
  ASSERT_TRUE(Create(draft, "2").ok());
  EXPECT_TRUE(refused([](v1::Campaign& c) { c.set_scheme("units/county/schemes/quality@2"); },
                      Reason::NOT_PUBLISHED));
}

TEST_F(CampaignsTest, OpeningGivesEveryUnitOfThePopulationASheet) {
  ASSERT_TRUE(CreateCampaign(TestCampaign()).ok());
  EXPECT_TRUE(Refused(CloseCampaign(), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(GetSheet("a1"), Reason::NOT_FOUND));
  EXPECT_EQ(Opened(OpenSheets()), "4 0");
  const absl::StatusOr<v1::Campaign> campaign = GetCampaign(kCampaign, Viewer("a1"));
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  EXPECT_EQ(campaign->state(), v1::CAMPAIGN_STATE_OPEN);
  EXPECT_EQ(campaign->sheet_count(), 4);
  EXPECT_TRUE(campaign->has_open_time());
  EXPECT_THAT(ListSheets(Viewer("county")), ElementsAre("a1", "a2", "a3", "b1"));
  EXPECT_THAT(ListSheets(Viewer("county"), "", "", 1), ElementsAre("a1", "a2", "a3", "b1"));
  EXPECT_THAT(ListSheets(Viewer("county"), "units/b"), ElementsAre("b1"));
  EXPECT_THAT(ListSheets(Viewer("a2")), ElementsAre("a2"));
  EXPECT_THAT(ListSheets(Viewer("county"), "", "unit = units/a3"), ElementsAre("a3"));
  EXPECT_THAT(ListSheets(Viewer("county"), "", "stage = town"), ElementsAre());
  const absl::StatusOr<v1::Sheet> sheet = GetSheet("a1");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(sheet->name(), SheetOf("a1"));
  EXPECT_EQ(sheet->unit_display_name(), "Unit a1");
  EXPECT_EQ(sheet->campaign(), kCampaign);
  EXPECT_EQ(Standing(*sheet), "OPEN self");
  EXPECT_EQ(sheet->edition(), 1);
  EXPECT_TRUE(Refused(GetSheet("a"), Reason::NOT_FOUND));  // A township is none of the population.

  // The population has grown.
  AddTreeUnit("a4", "a", "village");
  EXPECT_EQ(Opened(OpenSheets()), "1 4");
  EXPECT_EQ(GetCampaign()->sheet_count(), 5);

  ASSERT_TRUE(CloseCampaign().ok());
  EXPECT_TRUE(Refused(CloseCampaign(), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(OpenSheets(), Reason::WRONG_STATE));
  EXPECT_EQ(GetCampaign()->state(), v1::CAMPAIGN_STATE_CLOSED);
  EXPECT_TRUE(GetSheet("a1").ok());
}

TEST_F(CampaignsTest, OnlyUnitsEnrolledInTheProgrammeOfTheSchemeHaveASheet) {
  v1::Scheme scheme = ReviewScheme();
  scheme.mutable_population()->set_programme(kProgramme);
  ASSERT_TRUE(Create(scheme, "2").ok());
  ASSERT_TRUE(PublishVersion("2", "1").ok());
  v1::Campaign campaign = TestCampaign();
  campaign.set_scheme("units/county/schemes/quality@2");
  ASSERT_TRUE(CreateCampaign(campaign).ok());
  EXPECT_EQ(Opened(OpenSheets()), "error 9");  // EMPTY_POPULATION
  EXPECT_EQ(GetCampaign()->state(), v1::CAMPAIGN_STATE_DRAFT);
  Tell(EnrollChange(kProgramme, "a2", {{"2015-02-01", ""}}));
  Tell(EnrollChange(kProgramme, "a3", {{"2016-02-01", ""}}));  // After the period.
  EXPECT_EQ(Opened(OpenSheets()), "1 0");
  EXPECT_THAT(ListSheets(Viewer("county")), ElementsAre("a2"));
}

TEST_F(CampaignsTest, OneCampaignJudgesAPeriod) {
  OpenCampaign();
  ASSERT_TRUE(CreateCampaign(TestCampaign(), "again").ok());
  EXPECT_TRUE(Refused(OpenSheets("units/county/campaigns/again"), Reason::ALREADY_EXISTS));
  ASSERT_TRUE(CloseCampaign().ok());
  EXPECT_TRUE(Refused(OpenSheets("units/county/campaigns/again"), Reason::ALREADY_EXISTS));
  v1::Campaign next = TestCampaign();
  next.set_period("2016");
  ASSERT_TRUE(CreateCampaign(next, "y2016").ok());
  EXPECT_EQ(Opened(OpenSheets("units/county/campaigns/y2016")), "4 0");

  v1::ListCampaignsRequest list;
  list.set_parent("units/county");
  auto listed = Do<v1::ListCampaignsResponse>("ListCampaigns", Viewer("county"), list);
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->campaigns_size(), 3);
  listed = Do<v1::ListCampaignsResponse>("ListCampaigns", Viewer("a1"), list);
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->campaigns_size(), 2);  // The draft is the office's own.
  list.set_filter("state = OPEN");
  list.set_page_size(1);
  listed = Do<v1::ListCampaignsResponse>("ListCampaigns", Viewer("county"), list);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->campaigns_size(), 1);
  EXPECT_EQ(listed->campaigns(0).period(), "2016");
  list.set_page_size(-1);
  EXPECT_TRUE(Refused(Do<v1::ListCampaignsResponse>("ListCampaigns", Viewer("county"), list),
                      Reason::INVALID_PAGE_SIZE));
}

TEST_F(CampaignsTest, OnceOpenOnlyTitlesAndDueDatesChange) {
  OpenCampaign();
  v1::UpdateCampaignRequest update;
  *update.mutable_campaign() = *GetCampaign();
  update.mutable_campaign()->set_display_name("Better");
  update.mutable_campaign()->mutable_stages(1)->mutable_due_date()->set_day(1);
  update.mutable_update_mask()->add_paths("display_name");
  update.mutable_update_mask()->add_paths("stages");
  auto updated = Do<v1::Campaign>("UpdateCampaign", Officer("county"), update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->stages(1).due_date().day(), 1);
  update.mutable_campaign()->clear_etag();
  update.mutable_campaign()->mutable_stages(1)->clear_level();
  EXPECT_TRUE(Refused(Do<v1::Campaign>("UpdateCampaign", Officer("county"), update),
                      Reason::FIXED_ONCE_ISSUED));
}

TEST_F(CampaignsTest, ACancelledOpeningLeavesNoSheets) {
  ASSERT_TRUE(CreateCampaign(TestCampaign()).ok());
  // An operation that is cancelled after its first chunk, in which it made sheets.
  machine::Command command;
  command.identity = Officer("county");
  command.received = clock_.Now();
  std::string name;
  absl::Notification done;
  machine_->Execute(
      command, {kCampaign},
      [&](const machine::State& state, machine::Decision& d, std::string*) -> absl::Status {
        v1::OpenSheetsRequest request;
        request.set_name(kCampaign);
        google::longrunning::Operation operation;
        const auto& scoring = static_cast<const ScoringState&>(state);
        TERRACE_RETURN_IF_ERROR(scoring.OpenSheets(request, d, &operation));
        name = operation.name();
        d.Put(SheetOf("a1"), Parse<storage::v1::SheetRow>(
                                 "state: SHEET_STATE_OPEN stage: 'self' edition: 1 edits: 1"));
        d.Put(SheetOf("gone"), Parse<storage::v1::SheetRow>(
                                   "state: SHEET_STATE_OPEN stage: 'self' edition: 1 edits: 1"));
        auto record = d.Get<internal::v1::OperationRecord>(name);
        record->set_resume("w");
        record->set_cancel_requested(true);
        d.Put(name, *record);
        return absl::OkStatus();
      },
      [&](absl::StatusOr<machine::Done> result) {
        EXPECT_TRUE(result.ok()) << result.status();
        done.Notify();
      });
  done.WaitForNotification();
  EXPECT_EQ(Finished(name).error().code(), static_cast<int>(absl::StatusCode::kCancelled));
  const absl::StatusOr<v1::Campaign> campaign = GetCampaign();
  ASSERT_TRUE(campaign.ok());
  EXPECT_EQ(campaign->state(), v1::CAMPAIGN_STATE_DRAFT);
  EXPECT_EQ(campaign->sheet_count(), 0);
  EXPECT_TRUE(Refused(GetSheet("a1"), Reason::NOT_FOUND));
  // The next opening clears what is left, also of units that have left the population.
  EXPECT_EQ(Opened(OpenSheets()), "4 0");
  EXPECT_EQ(GetCampaign()->sheet_count(), 4);
  EXPECT_TRUE(Refused(GetSheet("gone"), Reason::NOT_FOUND));
}

TEST_F(CampaignsTest, LargePopulationsAreOpenedInChunks) {
  for (int i = 0; i < 1300; ++i) AddTreeUnit(absl::StrFormat("v%04d", i), "b", "village");
  ASSERT_TRUE(CreateCampaign(TestCampaign()).ok());
  EXPECT_EQ(Opened(OpenSheets()), "1304 0");
  EXPECT_EQ(ListSheets(Viewer("county"), "", "", 1000).size(), 1304u);
  EXPECT_THAT(ListSheets(Viewer("county"), "units/v1299"), ElementsAre("v1299"));
  v1::ListPendingRequest pending;
  pending.set_acting_office("units/v0007");
  auto waiting = Do<v1::ListPendingResponse>("ListPending", Viewer("v0007"), pending);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  ASSERT_EQ(waiting->sheets_size(), 1);
  EXPECT_EQ(waiting->sheets(0).unit(), "units/v0007");
}

TEST_F(CampaignsTest, ProgressCountsSheetsAndComparesStages) {
  OpenCampaign();
  Review("a1", "a", "50", "30");
  ASSERT_TRUE(Submit("a2", {"work=60", "files=40"}).ok());
  ASSERT_TRUE(Record("a2", "a", "town", {"work=40 Half is missing.", "files=40"}).ok());
  ASSERT_TRUE(Confirm("a2", "a", "town").ok());
  ASSERT_TRUE(Submit("b1", {"work=30", "files=20"}).ok());
  ASSERT_TRUE(Record("b1", "b", "town", {"work=36 It was too modest."}).ok());
  ASSERT_TRUE(Confirm("b1", "b", "town").ok());
  v1::GetCampaignProgressRequest request;
  request.set_name(kCampaign);
  auto progress =
      Do<v1::GetCampaignProgressResponse>("GetCampaignProgress", Viewer("county"), request);
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->sheet_count(), 4);
  EXPECT_EQ(progress->reviewed_count(), 1);
  EXPECT_EQ(progress->sealed_count(), 0);
  auto counts = [&] {
    std::string text;
    for (const v1::StageCount& count : progress->stages()) {
      absl::StrAppend(&text, count.stage(), " ", count.count(), " ", count.late_count(), "; ");
    }
    return text;
  };
  EXPECT_EQ(counts(), "self 1 1; town 0 0; county 2 0; ");  // The self-assessment was due in May.
  auto gaps = [&] {
    std::vector<std::string> rows;
    for (const v1::StageGap& gap : progress->gaps()) {
      rows.push_back(absl::StrCat(gap.stage(), ">", gap.later_stage(), " ", gap.node(), " n",
                                  gap.sheet_count(), " mean ", gap.mean().value(), " -",
                                  gap.lower_count(), " +", gap.higher_count(), " ",
                                  absl::StrJoin(gap.outliers(), ",")));
    }
    return rows;
  };
  EXPECT_THAT(gaps(), ElementsAre("self>town  n2 mean -7 -1 +1 units/a2,units/b1",
                                  "self>town work n2 mean -7 -1 +1 units/a2,units/b1",
                                  "self>town files n1 mean 0 -0 +0 "));
  request.set_subtree("units/b");
  progress = Do<v1::GetCampaignProgressResponse>("GetCampaignProgress", Viewer("b"), request);
  ASSERT_TRUE(progress.ok());
  EXPECT_EQ(progress->sheet_count(), 1);
  EXPECT_EQ(counts(), "self 0 0; town 0 0; county 1 0; ");
  EXPECT_THAT(gaps(), ElementsAre("self>town  n1 mean 6 -0 +1 units/b1",
                                  "self>town work n1 mean 6 -0 +1 units/b1"));
  // Whoever does not see all of it asks about what it sees.
  request.clear_subtree();
  EXPECT_TRUE(
      Refused(Do<v1::GetCampaignProgressResponse>("GetCampaignProgress", Viewer("b"), request),
              Reason::ROLE_REQUIRED));
  request.set_name("units/county/campaigns/none");
  EXPECT_TRUE(
      Refused(Do<v1::GetCampaignProgressResponse>("GetCampaignProgress", Viewer("county"), request),
              Reason::NOT_FOUND));
}

}  // namespace
}  // namespace terrace::scoring
