// Live scores of leaves that a campaign judges.
#include "services/scoring/campaigns/campaign_fixture.h"

namespace terrace::scoring {
namespace {

class ReviewScoresTest : public CampaignTest {
 protected:
  absl::StatusOr<v1::Score> Score(const std::string& unit, const std::string& at = "") {
    v1::GetScoreRequest request;
    request.set_name(ScoreOf(unit, "2015"));
    request.set_include_nodes(true);
    if (!at.empty()) *request.mutable_at_time() = ToProto(At(at));
    return Do<v1::Score>("GetScore", Viewer("county"), request);
  }
  // "80", or why there is none.
  std::string ValueAt(const std::string& unit, const std::string& at = "") {
    const absl::StatusOr<v1::Score> score = Score(unit, at);
    if (!score.ok()) return score.status().ToString();
    if (score->has_value()) return score->value().value();
    return v1::Assessment_Name(score->assessment()).substr(11);
  }
  std::string NodeOf(const std::string& unit, const std::string& node) {
    const absl::StatusOr<v1::Score> score = Score(unit);
    EXPECT_TRUE(score.ok()) << score.status();
    for (const v1::NodeScore& one : score->nodes()) {
      if (one.node() == node) {
        return absl::StrCat(v1::Assessment_Name(one.assessment()).substr(11), " ",
                            one.earned().value());
      }
    }
    return "none";
  }
  static const v1::Part* FindPart(const v1::Part& part, const std::string& subject) {
    if (part.subject() == subject) return &part;
    for (const v1::Part& child : part.parts()) {
      if (const v1::Part* found = FindPart(child, subject)) return found;
    }
    return nullptr;
  }
};

TEST_F(ReviewScoresTest, AScoreFollowsTheStagesOfTheSheet) {
  EXPECT_EQ(ValueAt("a1"), "NOT_YET");  // Long after the period, before any campaign.
  OpenCampaign();
  EXPECT_EQ(ValueAt("a1"), "NOT_YET");
  ASSERT_TRUE(Submit("a1", {"work=50", "files=30"}, /*draft=*/true).ok());
  EXPECT_EQ(ValueAt("a1"), "NOT_YET");
  ASSERT_TRUE(Submit("a1", {}).ok());
  EXPECT_EQ(ValueAt("a1"), "80");
  ASSERT_TRUE(Record("a1", "a", "town", {"work=40 Half done."}).ok());
  EXPECT_EQ(ValueAt("a1"), "80");
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  EXPECT_EQ(ValueAt("a1"), "70");
  EXPECT_EQ(ValueAt("a"), "70");
  ASSERT_TRUE(Return("a1", "county", "Again.").ok());
  EXPECT_EQ(ValueAt("a1"), "80");
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  ASSERT_TRUE(Confirm("a1", "county", "county").ok());
  ASSERT_TRUE(Record("a1", "county", "spot", {"work=30 Seen.", "files=40 More than told."}).ok());
  ASSERT_TRUE(Confirm("a1", "county", "spot").ok());
  EXPECT_EQ(ValueAt("a1"), "60");  // Capped: 30 and 30.
  ASSERT_TRUE(Seal("a1").ok());
  EXPECT_EQ(ValueAt("a1"), "60");
  // As the world was before anything was submitted.
  EXPECT_EQ(ValueAt("a1", "2016-05-01 00:00"), "NOT_YET");
}

TEST_F(ReviewScoresTest, WhatASpotCheckFoundCountsForTheUnitsBeside) {
  v1::Campaign campaign = TestCampaign();
  campaign.mutable_stages(3)->set_effect(v1::SPOT_CHECK_EFFECT_EXTRAPOLATE_TO_PARENT);
  OpenCampaign(campaign);
  Review("a1", "a", "50", "30");
  Review("a2", "a", "40", "40");
  Review("a3", "a", "60", "20");
  Review("b1", "b", "50", "30");
  ASSERT_TRUE(Record("a1", "county", "spot", {"work=30 Seen."}).ok());
  EXPECT_EQ(ValueAt("a2"), "80") << "It is not over.";
  ASSERT_TRUE(Confirm("a1", "county", "spot").ok());
  const auto values = [&] {
    return absl::StrCat(ValueAt("a1"), " ", ValueAt("a2"), " ", ValueAt("a3"), " ", ValueAt("b1"));
  };
  EXPECT_EQ(values(), "60 48 48 80");  // 30 of 50.
  const absl::StatusOr<v1::Sheet> sheet = GetSheet("a2");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(CombinedText(*sheet), "work=24@ files=24@");
  v1::ExplainScoreRequest request;
  request.set_name(ScoreOf("a2", "2015"));
  auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const v1::Part* work = FindPart(reply->whole(), "work");
  ASSERT_NE(work, nullptr);
  const v1::Part* record = FindPart(*work, SheetOf("a2"));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->arithmetic(), sheet->combined(0).arithmetic());
  EXPECT_EQ(record->arithmetic(),
            "Self-assessment: 40 points. Spot check looked at 1 of the units beside and left 30 of"
            " 50 points there: 40 * 30 / 50 = 24 points.");
  // A second one joins the sample, keeps what was found, and changes the share of the third.
  ASSERT_TRUE(Record("a2", "county", "spot", {"work=20 Seen.", "files=40"}).ok());
  ASSERT_TRUE(Confirm("a2", "county", "spot").ok());
  EXPECT_EQ(values(), "60 60 55.38 80");  // 90 of 130.
  // With another parent it takes what it found along.
  Tell(PlaceChange("a1", "b", "2000-01-01"));
  EXPECT_EQ(values(), "60 60 60 48");  // 60 of 80, 30 of 50.
}

TEST_F(ReviewScoresTest, WhatIsTakenOffIsNoPartOfExtrapolation) {
  v1::Scheme scheme = ReviewScheme();
  *scheme.add_nodes() = Parse<v1::Node>(R"pb(
    id: "fire"
    leaf {
      observations { checklist: "units/county/checklists/village" items: "order" }
      penalty {
        each { value: "1" }
        cap { value: "10" }
      }
    }
  )pb");
  ASSERT_TRUE(Create(scheme, "2").ok());
  const auto published = PublishVersion("2", "1");
  ASSERT_TRUE(published.ok()) << published.status();
  v1::Campaign campaign = TestCampaign();
  campaign.set_scheme("units/county/schemes/quality@2");
  campaign.mutable_stages(3)->set_effect(v1::SPOT_CHECK_EFFECT_EXTRAPOLATE);
  OpenCampaign(campaign);
  ASSERT_TRUE(Submit("a1", {"work=50", "files=30", "fire=2"}).ok());
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  ASSERT_TRUE(Confirm("a1", "county", "county").ok());
  ASSERT_TRUE(Record("a1", "county", "spot", {"work=30 Seen.", "fire=8 Seen."}).ok());
  ASSERT_TRUE(Confirm("a1", "county", "spot").ok());
  const auto sheet = GetSheet("a1");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(CombinedText(*sheet), "work=30@spot files=18@ fire=8@spot");
  EXPECT_EQ(ValueAt("a1"), "48");
}

TEST_F(ReviewScoresTest, WhatIsNotJudgedIsMissingOnceTheCampaignIsClosed) {
  OpenCampaign();
  ASSERT_TRUE(Submit("a1", {"work=45"}).ok());
  EXPECT_EQ(NodeOf("a1", "files"), "NOT_YET 0");
  EXPECT_EQ(ValueAt("a2"), "NOT_YET");
  ASSERT_TRUE(CloseCampaign().ok());
  EXPECT_EQ(NodeOf("a1", "files"), "MISSING 0");
  EXPECT_EQ(NodeOf("a1", "work"), "SCORED 45");
  EXPECT_EQ(ValueAt("a1"), "75");  // 45 of 60.
  EXPECT_EQ(ValueAt("a2"), "MISSING");
}

TEST_F(ReviewScoresTest, ALeafThatDoesNotApplySaysWhy) {
  OpenCampaign();
  ASSERT_TRUE(Submit("a1", {"work=45", "files=- There is no archive."}).ok());
  EXPECT_EQ(NodeOf("a1", "files"), "NOT_APPLICABLE 0");
  EXPECT_EQ(ValueAt("a1"), "75");
  v1::ExplainScoreRequest request;
  request.set_name(ScoreOf("a1", "2015"));
  auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const v1::Part* files = FindPart(reply->whole(), "files");
  ASSERT_NE(files, nullptr);
  const v1::Part* record = FindPart(*files, SheetOf("a1"));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->arithmetic(), "Self-assessment: does not apply.");
  EXPECT_EQ(record->arithmetic_zh(), "自评：不适用。");
  ASSERT_EQ(record->figures_size(), 2);
  EXPECT_EQ(record->figures(1).name(), "self.reason");
  EXPECT_EQ(record->figures(1).value(), "There is no archive.");
}

TEST_F(ReviewScoresTest, AnExplanationOpensDownToTheStagesOfTheSheet) {
  v1::Campaign campaign = TestCampaign();
  campaign.set_combination(v1::STAGE_COMBINATION_WEIGHTED);
  for (int i : {0, 1, 2}) campaign.mutable_stages(i)->mutable_weight()->set_value("1");
  OpenCampaign(campaign);
  ASSERT_TRUE(Submit("a1", {"work=50", "files=30"}).ok());
  ASSERT_TRUE(Record("a1", "a", "town", {"work=40 Half done."}).ok());
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  EXPECT_EQ(ValueAt("a1"), "75");
  v1::ExplainScoreRequest request;
  request.set_name(ScoreOf("a1", "2015"));
  auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const v1::Part* work = FindPart(reply->whole(), "work");
  ASSERT_NE(work, nullptr);
  const v1::Part* record = FindPart(*work, SheetOf("a1"));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->kind(), v1::PART_KIND_RECORD);
  EXPECT_EQ(record->value().value(), "45");
  EXPECT_EQ(record->arithmetic(),
            "Mean of Self-assessment 50 (weight 1), Township 40 (weight 1): 45 points.");
  EXPECT_EQ(record->arithmetic_zh(),
            "自评 50 分（权重 1）、Township 40 分（权重 1），加权平均 45 分。");
  ASSERT_EQ(record->figures_size(), 2);
  EXPECT_EQ(record->figures(0).name(), "self");
  EXPECT_EQ(record->figures(0).value(), "50");
  EXPECT_EQ(record->figures(1).value(), "40");
}

TEST_F(ReviewScoresTest, AServiceThatStartsAnewGivesTheSameScores) {
  OpenCampaign();
  ASSERT_TRUE(Submit("a1", {"work=50", "files=30"}).ok());
  ASSERT_TRUE(Confirm("a1", "a", "town").ok());
  ASSERT_TRUE(Submit("a2", {"work=20"}).ok());
  ASSERT_TRUE(CloseCampaign().ok());
  const std::string before = absl::StrCat(ValueAt("a1"), " ", ValueAt("a2"), " ", ValueAt("a3"));
  EXPECT_EQ(before, "80 33.33 MISSING");
  // Facts that are loaded from rows instead of heard batch by batch.
  const auto boards = service_->boards();
  machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& position) {
    boards->Load(state.rows(), position, state.log_time());
  });
  EXPECT_EQ(absl::StrCat(ValueAt("a1"), " ", ValueAt("a2"), " ", ValueAt("a3")), before);
}

}  // namespace
}  // namespace terrace::scoring
