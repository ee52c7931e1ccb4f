// The review chain of a sheet: who states what, in which order, and what becomes of it.
#include "services/scoring/campaigns/campaign_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using types::v1::RowResult;

class SheetsTest : public CampaignTest {
 protected:
  SheetsTest() { OpenCampaign(); }

  std::vector<std::string> Pending(const std::string& office, int page_size = 0,
                                   const std::string& campaign = "") {
    std::vector<std::string> units;
    v1::ListPendingRequest request;
    request.set_acting_office(UnitNamed(office));
    request.set_campaign(campaign);
    request.set_page_size(page_size);
    while (true) {
      auto page = Do<v1::ListPendingResponse>("ListPending", Viewer(office), request);
      if (!page.ok()) return {page.status().ToString()};
      for (const v1::Sheet& sheet : page->sheets()) {
        units.push_back(std::string(resource::LastSegment(sheet.unit())));
      }
      if (page->next_page_token().empty()) return units;
      request.set_page_token(page->next_page_token());
    }
  }

  // Rows as "a1 work=50 files=30 confirm".
  v1::BatchRecordReviewsRequest BatchOf(const std::string& office, const std::string& stage,
                                        const std::vector<std::string>& rows) {
    v1::BatchRecordReviewsRequest request;
    request.set_campaign(kCampaign);
    request.set_acting_office(UnitNamed(office));
    request.set_stage(stage);
    for (const std::string& text : rows) {
      v1::BatchRecordReviewsRequest::Row& row = *request.add_rows();
      for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ' '))) {
        if (row.unit().empty()) {
          row.set_unit(UnitNamed(word));
        } else if (word == "confirm") {
          row.set_confirm(true);
        } else {
          *row.add_values() = ValueOf(word);
          row.mutable_values()->rbegin()->set_reason("As seen.");
        }
      }
    }
    return request;
  }
  std::vector<std::string> Batch(const v1::BatchRecordReviewsRequest& request,
                                 const std::string& who) {
    auto reply = Do<v1::BatchRecordReviewsResponse>("BatchRecordReviews", Officer(who), request);
    if (!reply.ok()) return {reply.status().ToString()};
    std::vector<std::string> told;
    for (const RowResult& result : reply->results()) {
      told.push_back(result.reason().empty() ? RowResult::Outcome_Name(result.outcome()).substr(8)
                                             : result.reason());
    }
    return told;
  }
};

TEST_F(SheetsTest, ASheetGoesThroughItsStages) {
  absl::StatusOr<v1::Sheet> sheet = Submit("a1", {"work=50", "files=30"}, /*draft=*/true);
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(Standing(*sheet), "OPEN self");
  EXPECT_EQ(CombinedText(*sheet), "");
  EXPECT_EQ(sheet->stages(0).values(0).stated_by().office(), "units/a1");
  sheet = Submit("a1", {"work=55", "praise=4"});
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(Standing(*sheet), "OPEN town");
  EXPECT_EQ(CombinedText(*sheet), "work=55@self files=30@self praise=4@self");
  EXPECT_EQ(sheet->combined(0).arithmetic(), "Self-assessment: 55 points.");
  EXPECT_EQ(sheet->combined(0).arithmetic_zh(), "自评：55 分。");
  EXPECT_TRUE(sheet->stages(0).late());  // Due in May.

  sheet = Record("a1", "a", "town", {"work=45 The well is not repaired."});
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(CombinedText(*sheet), "work=55@self files=30@self praise=4@self");
  sheet = Confirm("a1", "a", "town");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(Standing(*sheet), "OPEN county");
  EXPECT_FALSE(sheet->stages(1).late());
  EXPECT_EQ(CombinedText(*sheet), "work=45@town files=30@self praise=4@self");
  EXPECT_EQ(Standing(Confirm("a1", "county", "county")), "REVIEWED");

  sheet = Record("a1", "county", "spot", {"work=40 Seen on the spot.", "files=35 Found more."});
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(CombinedText(*sheet), "work=45@town files=30@self praise=4@self");
  sheet = Confirm("a1", "county", "spot");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(CombinedText(*sheet), "work=40@spot files=30@self praise=4@self");
  EXPECT_TRUE(Refused(Record("a1", "county", "spot", {"work=1 No."}), Reason::WRONG_STATE));

  EXPECT_EQ(Standing(Seal("a1")), "SEALED");
  EXPECT_TRUE(Refused(Seal("a1"), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(Submit("a1", {"work=60"}), Reason::WRONG_STATE));
  sheet = Reopen("a1", "county");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(Standing(*sheet), "OPEN county");
  EXPECT_EQ(sheet->edition(), 2);
  EXPECT_EQ(sheet->reopen_reason(), "By order 7.");
  // Values of later stages stay, and are in force again once their stages are over again.
  EXPECT_EQ(CombinedText(*sheet), "work=45@town files=30@self praise=4@self");
  ASSERT_TRUE(Confirm("a1", "county", "county").ok());
  EXPECT_EQ(CombinedText(*Confirm("a1", "county", "spot")),
            "work=40@spot files=30@self praise=4@self");
  EXPECT_TRUE(Refused(Reopen("a1", "county"), Reason::WRONG_STATE));
}

TEST_F(SheetsTest, ReopeningNeedsAnOrderAndAStageToStandAt) {
  Review("a1", "a");
  ASSERT_TRUE(Seal("a1").ok());
  EXPECT_TRUE(Refused(Reopen("a1", "county", ""), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(Refused(Reopen("a1", "county", std::string(2001, 'x')), Reason::TEXT_TOO_LONG));
  EXPECT_TRUE(Refused(Reopen("a1", "spot"), Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(Reopen("a1", "none"), Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(Reopen("a1", "county", "Why not.", "a"), Reason::NOT_YOURS));
  EXPECT_TRUE(Refused(Seal("a2", "a"), Reason::NOT_YOURS));
  EXPECT_TRUE(Refused(Seal("a2"), Reason::WRONG_STATE));
  EXPECT_EQ(Standing(Reopen("a1", "self", "By order 8.", "province")), "OPEN self");
}

TEST_F(SheetsTest, ValuesAreChecked) {
  EXPECT_TRUE(Refused(Submit("a1", {"nothing=1"}), Reason::UNKNOWN_ITEM));
  EXPECT_TRUE(Refused(Submit("a1", {"accident=0"}), Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(Submit("a1", {"work=60.5"}), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(Refused(Submit("a1", {"work=-1"}), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(Refused(Submit("a1", {"praise=6"}), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(Refused(Submit("a1", {"work=many"}), Reason::INVALID_NUMBER));
  EXPECT_TRUE(Refused(Submit("a1", {"work=1", "work=2"}), Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(Submit("a1", {"files=-"}), Reason::REASON_NEEDED));
  EXPECT_TRUE(Refused(Submit("a1", {"work=1 " + std::string(2001, 'x')}), Reason::TEXT_TOO_LONG));
  v1::SubmitSheetRequest request;
  request.set_name(SheetOf("a1"));
  *request.add_values() = ValueOf("work=1");
  request.mutable_values(0)->set_not_applicable(true);
  EXPECT_TRUE(
      Refused(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request), Reason::INVALID_FIELD));
  request.mutable_values(0)->set_not_applicable(false);
  for (int i = 0; i < 21; ++i) request.mutable_values(0)->add_evidence("units/a1/visits/v1");
  EXPECT_TRUE(
      Refused(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request), Reason::INVALID_FIELD));
  request.mutable_values(0)->clear_evidence();
  request.mutable_values(0)->add_evidence("not a name");
  EXPECT_TRUE(Refused(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request), Reason::INVALID_NAME));
  request.clear_values();
  for (int i = 0; i < 1001; ++i) *request.add_values() = ValueOf("work=1");
  EXPECT_TRUE(
      Refused(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request), Reason::BATCH_TOO_LARGE));
  EXPECT_EQ(GetSheet("a1")->stages_size(), 0);
  // What differs from the stage before needs a reason; what does not, none.
  ASSERT_TRUE(Submit("a1", {"work=50", "files=- There is no archive."}).ok());
  EXPECT_TRUE(Refused(Record("a1", "a", "town", {"work=49"}), Reason::REASON_NEEDED));
  EXPECT_TRUE(Refused(Record("a1", "a", "town", {"files=20"}), Reason::REASON_NEEDED));
  EXPECT_TRUE(Record("a1", "a", "town", {"work=50", "praise=1"}).ok());
  EXPECT_TRUE(Refused(Record("a1", "a", "town", {}), Reason::REQUIRED_FIELD));
  // A value is taken back.
  absl::StatusOr<v1::Sheet> sheet = Record("a1", "a", "town", {"praise="});
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(sheet->stages(1).values_size(), 1);
}

TEST_F(SheetsTest, TheFirstValueOfAStageFreezesTheOneBefore) {
  ASSERT_TRUE(Submit("a1", {"work=50"}).ok());
  // Nobody has judged it yet: it is put right, and stays submitted.
  absl::StatusOr<v1::Sheet> sheet = Submit("a1", {"work=48"});
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(Standing(*sheet), "OPEN town");
  EXPECT_EQ(CombinedText(*sheet), "work=48@self");
  EXPECT_TRUE(Refused(Submit("a1", {"work=47"}, /*draft=*/true), Reason::WRONG_STATE));
  ASSERT_TRUE(Record("a1", "a", "town", {"work=48"}).ok());
  EXPECT_TRUE(Refused(Submit("a1", {"work=47"}), Reason::WRONG_STATE));
  // A stage does not begin before the ones before it are over.
  EXPECT_TRUE(Refused(Record("a1", "county", "county", {"work=1 No."}), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(Record("a1", "county", "spot", {"work=1 No."}), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(Confirm("a1", "county", "county"), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(Confirm("a1", "county", "spot"), Reason::WRONG_STATE));
}

TEST_F(SheetsTest, EachStageIsTheRightOfItsOffice) {
  ASSERT_TRUE(Submit("a1", {"work=50", "files=30"}).ok());
  EXPECT_TRUE(Refused(Record("a1", "b", "town", {"work=50"}), Reason::NOT_YOURS));
  EXPECT_TRUE(Refused(Record("a1", "a1", "town", {"work=50"}), Reason::SELF_JUDGEMENT));
  EXPECT_TRUE(Refused(Confirm("a1", "a1", "town"), Reason::SELF_JUDGEMENT));
  EXPECT_TRUE(Refused(Record("a1", "a", "self", {"work=50"}), Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(Record("a1", "a", "none", {"work=50"}), Reason::INVALID_FIELD));
  EXPECT_TRUE(Record("a1", "county", "town", {"work=50"}).ok());  // In its stead.
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  // At the county each leaf is its scorer's.
  EXPECT_TRUE(Refused(Record("a1", "a", "county", {"work=50"}), Reason::NOT_YOURS));
  EXPECT_TRUE(Refused(Record("a1", "archive", "county", {"work=50"}), Reason::NOT_YOURS));
  EXPECT_TRUE(Record("a1", "archive", "county", {"files=25 Papers are missing."}).ok());
  EXPECT_TRUE(Record("a1", "county", "county", {"files=24 In its stead.", "work=50"}).ok());
  EXPECT_TRUE(Refused(Confirm("a1", "archive", "county"), Reason::NOT_YOURS));
  EXPECT_EQ(Standing(Confirm("a1", "province", "county")), "REVIEWED");
  // A self-assessment that does not come is ended by the issuing office, not by a township.
  EXPECT_TRUE(Refused(Confirm("a2", "a", "self"), Reason::NOT_YOURS));
  EXPECT_EQ(Standing(Confirm("a2", "county", "self")), "OPEN town");
}

TEST_F(SheetsTest, AReturnedSheetStandsAtAnEarlierStage) {
  ASSERT_TRUE(Submit("a1", {"work=50", "files=30"}).ok());
  EXPECT_TRUE(Refused(Return("a2", "county", "Why."), Reason::INVALID_FIELD));  // At its first.
  ASSERT_TRUE(Record("a1", "a", "town", {"work=45 Look again."}).ok());
  EXPECT_TRUE(Refused(Return("a1", "a", ""), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(Refused(Return("a1", "b", "Not mine."), Reason::NOT_YOURS));
  EXPECT_TRUE(Refused(Return("a1", "a", "Forward.", "county"), Reason::INVALID_FIELD));
  absl::StatusOr<v1::Sheet> sheet = Return("a1", "a", "The files are missing.");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(Standing(*sheet), "OPEN self");
  EXPECT_EQ(sheet->return_reason(), "The files are missing.");
  EXPECT_EQ(CombinedText(*sheet), "");
  // The unit reads why.
  sheet = GetSheet("a1", Viewer("a1"));
  ASSERT_EQ(sheet->stages_size(), 2);
  EXPECT_EQ(sheet->stages(1).values(0).reason(), "Look again.");
  sheet = Submit("a1", {"work=45", "files=20"});
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(sheet->return_reason(), "");
  EXPECT_EQ(Standing(Confirm("a1", "a", "town")), "OPEN county");
  EXPECT_EQ(Standing(Return("a1", "county", "Both of you.", "self")), "OPEN self");
  EXPECT_EQ(Standing(Submit("a1", {"work=20"})), "OPEN town");
  Review("b1", "b");
  EXPECT_TRUE(Refused(Return("b1", "county", "Too late."), Reason::WRONG_STATE));
}

TEST_F(SheetsTest, WhatHasChangedBelowIsReasonedBeforeItIsConfirmed) {
  ASSERT_TRUE(Submit("a1", {"work=50"}).ok());
  ASSERT_TRUE(Record("a1", "a", "town", {"work=50"}).ok());
  ASSERT_TRUE(Return("a1", "a", "Once more.").ok());
  ASSERT_TRUE(Submit("a1", {"work=40"}).ok());
  EXPECT_TRUE(Refused(Confirm("a1", "a", "town"), Reason::REASON_NEEDED));
  ASSERT_TRUE(Record("a1", "a", "town", {"work=50 It was right."}).ok());
  EXPECT_TRUE(Confirm("a1", "a", "town").ok());
}

TEST_F(SheetsTest, AnOpinionUnderWayIsReadByItsOfficeAlone) {
  ASSERT_TRUE(Submit("a1", {"work=50"}).ok());
  ASSERT_TRUE(Record("a1", "a", "town", {"work=45 Look again."}).ok());
  EXPECT_EQ(GetSheet("a1", Viewer("a1"))->stages_size(), 1);
  EXPECT_EQ(GetSheet("a1", Viewer("a"))->stages_size(), 2);
  EXPECT_EQ(GetSheet("a1", Viewer("county"))->stages_size(), 2);
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  EXPECT_EQ(GetSheet("a1", Viewer("a1"))->stages_size(), 2);
  ASSERT_TRUE(Confirm("a1", "county", "county").ok());
  ASSERT_TRUE(Record("a1", "county", "spot", {"work=40 Seen."}).ok());
  EXPECT_EQ(GetSheet("a1", Viewer("a"))->stages_size(), 2);
  ASSERT_TRUE(Confirm("a1", "county", "spot").ok());
  EXPECT_EQ(GetSheet("a1", Viewer("a1"))->stages_size(), 3);
}

TEST_F(SheetsTest, RepetitionsReturnTheFirstAnswerAndStaleEtagsAreRefused) {
  v1::SubmitSheetRequest request;
  request.set_name(SheetOf("a1"));
  *request.add_values() = ValueOf("work=50");
  request.set_etag(GetSheet("a1")->etag());
  request.set_validate_only(true);
  ASSERT_TRUE(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request).ok());
  EXPECT_EQ(Standing(GetSheet("a1")), "OPEN self");
  request.set_validate_only(false);
  request.set_request_id("0b2f7a4e-0000-4000-8000-000000000001");
  absl::StatusOr<v1::Sheet> first = Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request);
  ASSERT_TRUE(first.ok()) << first.status();
  absl::StatusOr<v1::Sheet> again = Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->etag(), first->etag());
  EXPECT_EQ(again->revision(), first->revision());
  EXPECT_EQ(GetSheet("a1")->etag(), first->etag());
  request.clear_request_id();
  EXPECT_TRUE(
      Refused(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request), Reason::ETAG_MISMATCH));
  request.set_etag(first->etag());
  EXPECT_TRUE(Do<v1::Sheet>("SubmitSheet", Reporter("a1"), request).ok());  // Changes nothing.
  EXPECT_EQ(GetSheet("a1")->etag(), first->etag());
}

TEST_F(SheetsTest, AClosedCampaignTakesNoValues) {
  Review("a1", "a");
  Review("a2", "a");
  ASSERT_TRUE(Seal("a2").ok());
  ASSERT_TRUE(CloseCampaign().ok());
  EXPECT_TRUE(Refused(Submit("b1", {"work=50"}), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(Record("a1", "county", "spot", {"work=1 No."}), Reason::WRONG_STATE));
  EXPECT_TRUE(Refused(Reopen("a2", "county"), Reason::WRONG_STATE));
  EXPECT_THAT(Pending("b1"), ElementsAre());
  EXPECT_EQ(Standing(Seal("a1")), "SEALED");  // What has been judged can still be sealed.
}

TEST_F(SheetsTest, WhatWaitsForAnOffice) {
  EXPECT_THAT(Pending("a1"), ElementsAre("a1"));
  EXPECT_THAT(Pending("a"), ElementsAre());
  for (const char* unit : {"a3", "a1", "b1"}) ASSERT_TRUE(Submit(unit, {"work=50"}).ok());
  EXPECT_THAT(Pending("a1"), ElementsAre());
  EXPECT_THAT(Pending("a"), ElementsAre("a1", "a3"));
  EXPECT_THAT(Pending("a", 1), ElementsAre("a1", "a3"));
  EXPECT_THAT(Pending("b"), ElementsAre("b1"));
  EXPECT_THAT(Pending("county"), ElementsAre());
  ASSERT_TRUE(Confirm("b1", "b", "town").ok());
  ASSERT_TRUE(Confirm("a3", "a", "town").ok());
  EXPECT_THAT(Pending("b"), ElementsAre());
  EXPECT_THAT(Pending("county", 1), ElementsAre("a3", "b1"));
  EXPECT_THAT(Pending("county", 0, kCampaign), ElementsAre("a3", "b1"));
  EXPECT_THAT(Pending("county", 0, "units/county/campaigns/none"), ElementsAre());
  ASSERT_TRUE(Return("a3", "county", "Again.").ok());
  EXPECT_THAT(Pending("county"), ElementsAre("b1"));
  EXPECT_THAT(Pending("a"), ElementsAre("a1", "a3"));
}

TEST_F(SheetsTest, ABatchJudgesEachSheetByItself) {
  for (const char* unit : {"a1", "a2", "b1"}) ASSERT_TRUE(Submit(unit, {"work=50"}).ok());
  const auto request = BatchOf("a", "town",
                               {"a1 work=45 confirm", "a2 work=99 confirm", "b1 work=45",
                                "a3 work=45", "none work=1", "a2"});
  EXPECT_THAT(Batch(request, "a"), ElementsAre("CREATED", "NUMBER_OUT_OF_RANGE", "NOT_YOURS",
                                               "WRONG_STATE", "NOT_FOUND", "REQUIRED_FIELD"));
  EXPECT_EQ(Standing(GetSheet("a1")), "OPEN county");
  EXPECT_EQ(Standing(GetSheet("a2")), "OPEN town");
  // Sent again it changes nothing, whatever has become of the sheet since.
  const auto repeated = BatchOf("a", "town", {"a1 work=45 confirm", "a2 confirm"});
  EXPECT_THAT(Batch(repeated, "a"), ElementsAre("UNCHANGED", "CREATED"));
  EXPECT_THAT(Batch(BatchOf("a", "town", {"a1 work=44"}), "a"), ElementsAre("UPDATED"));
  EXPECT_THAT(Batch(BatchOf("a", "none", {"a1 work=44"}), "a"), ElementsAre("INVALID_FIELD"));
  EXPECT_THAT(Batch(BatchOf("a", "self", {"a1 work=44"}), "a"), ElementsAre("NOT_YOURS"));
  v1::BatchRecordReviewsRequest large = BatchOf("a", "town", {});
  for (int i = 0; i < 1001; ++i) large.add_rows()->set_unit("units/a1");
  EXPECT_TRUE(Refused(Do<v1::BatchRecordReviewsResponse>("BatchRecordReviews", Officer("a"), large),
                      Reason::BATCH_TOO_LARGE));
  auto checked = BatchOf("b", "town", {"b1 work=45 confirm"});
  checked.set_validate_only(true);
  EXPECT_THAT(Batch(checked, "b"), ElementsAre("CREATED"));
  EXPECT_EQ(Standing(GetSheet("b1")), "OPEN town");
}

TEST_F(SheetsTest, AnIssuerMayEndWhatNoLevelAboveCan) {
  // A village directly below the county has no township above it.
  AddTreeUnit("c1", "county", "village");
  EXPECT_EQ(Opened(OpenSheets()), "1 4");
  ASSERT_TRUE(Submit("c1", {"work=50"}).ok());
  EXPECT_THAT(Pending("county"), ElementsAre("c1"));
  EXPECT_EQ(Standing(Confirm("c1", "county", "town")), "OPEN county");
}

}  // namespace
}  // namespace terrace::scoring
