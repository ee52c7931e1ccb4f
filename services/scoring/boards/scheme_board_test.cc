// Sheets out of facts, source by source, and what time alone changes.
#include "services/scoring/boards/scheme_board.h"

#include "gtest/gtest.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/test_schemes.h"

namespace terrace::scoring {
namespace {

using engine::Assessment;
using inspections::v1::WatchedResource;
using measures::v1::MeasureChange;

// A county with two townships; villages a1, a2 below a, and b1 below b.
class SchemeBoardTest : public ::testing::Test {
 protected:
  SchemeBoardTest() : scheme_(Compile(TestScheme())) {
    world_.AddUnit("county", "", "county");
    world_.AddUnit("a", "county", "township");
    world_.AddUnit("b", "county", "township");
    for (const char* id : {"a1", "a2"}) world_.AddUnit(id, "a", "village");
    world_.AddUnit("b1", "b", "village");
    world_.facts.log_time = At("2016-06-01 00:00");
    world_.TakeTouched();
  }

  SchemeBoard& Live() {
    if (board_ == nullptr) {
      world_.TakeTouched();
      board_ = std::make_unique<SchemeBoard>(scheme_, *calendar::Period::Parse("2016"),
                                             &world_.facts, absl::nullopt);
      while (!board_->BuildStep(2)) {
      }
    }
    board_->Apply(world_.TakeTouched());
    while (!board_->BuildStep(1000)) {
    }
    return *board_;
  }
  void Advance(const std::string& time) {
    world_.facts.log_time = At(time);
    Live().AdvanceTo(At(time));
    while (!board_->BuildStep(1000)) {
    }
  }
  // What a leaf found for a unit; `node` is the id of its node.
  engine::LeafResult Leaf(const std::string& unit, const std::string& node) {
    const GatheredSheet sheet = Live().Explain(world_.UnitOf(unit), /*with_records=*/true);
    const engine::SheetResult result = engine::EvaluateSheet(scheme_->engine, sheet.input);
    for (size_t i = 0; i < scheme_->engine.leaves.size(); ++i) {
      if (scheme_->engine.nodes[scheme_->engine.leaf_nodes[i]].id == node) return result.leaves[i];
    }
    ADD_FAILURE() << node;
    return {};
  }
  Assessment StateOf(const std::string& unit, const std::string& node) {
    return Leaf(unit, node).assessment;
  }
  std::string Earned(const std::string& unit, const std::string& node) {
    const engine::LeafResult result = Leaf(unit, node);
    EXPECT_EQ(result.assessment, Assessment::kScored);
    return FormatSum(result.earned);
  }
  std::string Score(const std::string& unit) {
    const engine::UnitScore score = Live().board().ScoreOf(world_.UnitOf(unit));
    return score.assessment == Assessment::kScored ? FormatSum(score.score) : "none";
  }

  void TearDown() override {
    if (board_ == nullptr) return;
    EXPECT_TRUE(Live().EqualsRebuilt());
  }

  World world_;
  std::shared_ptr<const CompiledScheme> scheme_;
  std::unique_ptr<SchemeBoard> board_;
};

TEST_F(SchemeBoardTest, WithoutFactsNothingIsAssessedYet) {
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  EXPECT_EQ(StateOf("a1", "tasks"), Assessment::kNotApplicable);
  // No finding: nothing to put right, all points; coverage says that little stands behind the
  // score.
  EXPECT_EQ(Earned("a1", "findings"), "5");
  EXPECT_EQ(Score("a1"), "100");
  const absl::optional<engine::SheetValue> sheet = Live().board().SheetOf(world_.UnitOf("a1"));
  ASSERT_TRUE(sheet);
  EXPECT_EQ(sheet->covered_points, Fixed::FromInteger(5));
  EXPECT_EQ(sheet->applicable_points, Fixed::FromInteger(70));
  EXPECT_EQ(Live().board().ScoreOf(world_.UnitOf("county")).assessment, Assessment::kScored);
}

TEST_F(SchemeBoardTest, AVisitCountsFromItsSubmission) {
  world_.Visit("a1", "v1", "2016-05-20 09:00");
  world_.Observe("a1/visits/v1", "d-1", "passed: false", "clean", "2016-05-20 09:10");
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  world_.Visit("a1", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  EXPECT_EQ(Earned("a1", "site.clean"), "35");
  EXPECT_EQ(StateOf("a1", "site.grade"), Assessment::kNotYet);
}

TEST_F(SchemeBoardTest, AnAbortedVisitDoesNotCount) {
  world_.Visit("a1", "v1", "2016-05-20 09:00", "", "2016-05-20 12:00");
  world_.Observe("a1/visits/v1", "d-1", "passed: false", "clean", "2016-05-20 09:10");
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
}

TEST_F(SchemeBoardTest, VisitsOfAnotherPeriodOrChecklistDoNotCount) {
  world_.Visit("a1", "v1", "2015-12-31 23:00", "2016-01-01 01:00");
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  WatchedResource other = Parse<WatchedResource>(R"pb(
    visit {
      name: "units/a1/visits/v2"
      checklist: "units/county/checklists/village-new@1"
      state: STATE_SUBMITTED
    })pb");
  *other.mutable_visit()->mutable_started()->mutable_time() = ToProto(At("2016-05-01 09:00"));
  *other.mutable_visit()->mutable_finished()->mutable_time() = ToProto(At("2016-05-01 10:00"));
  world_.Tell(other);
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
}

TEST_F(SchemeBoardTest, SeveralVisitsGoByTheChoiceOfTheLeaf) {
  for (int i = 1; i <= 2; ++i) {
    const std::string visit = absl::StrCat("v", i);
    world_.Visit("a1", visit, absl::StrCat("2016-05-0", i, " 09:00"),
                 absl::StrCat("2016-05-0", i, " 10:00"));
    world_.Observe("a1/visits/" + visit, "d-1", absl::StrCat("number { value: \"", i, "\" }"),
                   "clean", absl::StrCat("2016-05-0", i, " 09:30"));
    world_.Observe("a1/visits/" + visit, "d-2", i == 1 ? "grade: 'A'" : "grade: 'C'", "order",
                   absl::StrCat("2016-05-0", i, " 09:31"));
  }
  EXPECT_EQ(Earned("a1", "site.clean"), "30");    // The latest: two occurrences.
  EXPECT_EQ(Earned("a1", "site.grade"), "13.3");  // The mean of 20 and 6.6.
}

TEST_F(SchemeBoardTest, AVetoStrikesOnAnyVisitOfThePeriod) {
  world_.Visit("a1", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  EXPECT_EQ(Score("a1"), "100");
  world_.Observe("a1/visits/v1", "d-1", "passed: false", "safety", "2016-05-20 09:10");
  EXPECT_EQ(Score("a1"), "50");
}

TEST_F(SchemeBoardTest, ADeviceClockThatRunsAheadDoesNotDelayAVisit) {
  WatchedResource resource = Parse<WatchedResource>(R"pb(
    visit {
      name: "units/a1/visits/v1"
      checklist: "units/county/checklists/village@3"
      state: STATE_SUBMITTED
    })pb");
  inspections::v1::Visit& visit = *resource.mutable_visit();
  for (inspections::v1::Moment* moment : {visit.mutable_started(), visit.mutable_finished()}) {
    *moment->mutable_time() = ToProto(At("2016-06-01 08:00"));
    *moment->mutable_receive_time() = ToProto(At("2016-05-31 23:00"));
  }
  world_.Tell(resource);
  EXPECT_EQ(Earned("a1", "site.clean"), "40");
}

TEST_F(SchemeBoardTest, MeasuresCountOnceTheirMeasureAndListHaveArrived) {
  world_.Assign("a1", "m1", "2016-03-01 00:00");
  world_.Assign("a1", "m2");
  EXPECT_EQ(StateOf("a1", "tasks"), Assessment::kNotApplicable);
  world_.TellMeasure("m1");
  world_.TellMeasure("m2");
  EXPECT_EQ(StateOf("a1", "tasks"), Assessment::kNotApplicable);
  world_.TellList();
  EXPECT_EQ(Earned("a1", "tasks"), "7.5");
}

TEST_F(SchemeBoardTest, ReportsBecomeDueByTimeAlone) {
  world_.TellList();
  world_.TellMeasure("m1");
  world_.Assign("a1", "m1");
  world_.Report("a1", "m1", "2016-01", "2016-01-20 12:00", false);
  world_.Report("a1", "m1", "2016-02", "2016-02-25 12:00", true);
  world_.facts.log_time = At("2016-01-05 00:00");
  EXPECT_EQ(StateOf("a1", "reports"), Assessment::kNotYet);
  EXPECT_LE(Live().NextChange(), At("2016-01-23 00:00"));
  Advance("2016-01-23 00:00");
  EXPECT_EQ(Earned("a1", "reports"), "10");
  Advance("2016-02-23 00:00");
  EXPECT_EQ(Earned("a1", "reports"), "5");  // February's was missing, and came late after that.
  Advance("2016-03-22 23:59");
  EXPECT_EQ(Earned("a1", "reports"), "5");
  Advance("2016-03-23 00:00");
  EXPECT_EQ(Earned("a1", "reports"), "3.333333333333");
}

TEST_F(SchemeBoardTest, FindingsCountOnceClosedOrOverdue) {
  using inspections::v1::Finding;
  world_.Find("a1/visits/v1/findings/f1",
              {{Finding::STATE_RAISED, "2016-05-01 10:00"},
               {Finding::STATE_CLAIMED, "2016-05-08 10:00"},
               {Finding::STATE_CLOSED, "2016-05-20 10:00"}},
              "2016-05-10 00:00");
  EXPECT_EQ(Earned("a1", "findings"), "5");  // Claimed in time, checked later.
  world_.Find("a1/visits/v1/findings/f2", {{Finding::STATE_RAISED, "2016-05-01 10:00"}},
              "2016-06-10 00:00");
  EXPECT_EQ(Earned("a1", "findings"), "5");  // Still open.
  Advance("2016-06-10 00:00");
  EXPECT_EQ(Earned("a1", "findings"), "2.5");
  world_.Find(
      "a1/visits/v1/findings/f2",
      {{Finding::STATE_RAISED, "2016-05-01 10:00"}, {Finding::STATE_WITHDRAWN, "2016-06-05 10:00"}},
      "2016-06-10 00:00");
  EXPECT_EQ(Earned("a1", "findings"), "5");
}

TEST_F(SchemeBoardTest, CoverageCountsTitledUnitsBelow) {
  world_.Tell(EnrollChange(kProgramme, "a1", {{"2016-01-01", ""}}));
  world_.Tell(EnrollChange(kProgramme, "a2", {{"2016-01-01", "2016-07-01"}}));
  world_.Tell(EnrollChange(kProgramme, "a", {{"2016-01-01", ""}}));
  world_.Tell(TitleChange(kProgramme, "a1", "t1", {{"2016-02-01", "2016-08-31"}}));
  engine::LeafResult result = Leaf("a", "coverage");
  EXPECT_EQ(result.numerator, FixedSum::FromInteger(1));
  EXPECT_EQ(result.denominator, FixedSum::FromInteger(2));  // The township itself is not counted.
  EXPECT_EQ(FormatSum(result.earned), "5");
  Advance("2016-07-01 00:00");
  EXPECT_EQ(Leaf("a", "coverage").denominator, FixedSum::FromInteger(1));
  Advance("2016-09-01 00:00");  // The term has ended.
  EXPECT_EQ(Earned("a", "coverage"), "0");
  world_.Tell(PlaceChange("a1", "b", "2016-06-01"));
  EXPECT_EQ(StateOf("a", "coverage"), Assessment::kNotApplicable);
  EXPECT_EQ(Earned("b", "coverage"), "0");
}

TEST_F(SchemeBoardTest, WhoHoldsATitleIsExempt) {
  v1::Scheme scheme = TestScheme();
  for (v1::Node& node : *scheme.mutable_nodes()) {
    v1::Exemption& exemption = *node.mutable_leaf()->mutable_exemption();
    exemption.set_programme(kProgramme);
    if (node.id() == "site.grade") exemption.set_full(true);
    if (node.id() == "tasks") exemption.set_title("other");
    if (node.id() != "site.clean" && node.id() != "site.grade" && node.id() != "tasks") {
      node.mutable_leaf()->clear_exemption();
    }
    if (node.id() == "site" || node.id() == "index") node.clear_leaf();
  }
  scheme_ = Compile(scheme);
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  world_.Tell(TitleChange(kProgramme, "a1", "t1", {{"2016-02-01", "2016-08-31"}}));
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotApplicable);
  EXPECT_EQ(Earned("a1", "site.grade"), "20");
  EXPECT_EQ(StateOf("a1", "tasks"), Assessment::kNotApplicable);  // No task was given.
  EXPECT_EQ(StateOf("a2", "site.clean"), Assessment::kNotYet);
  const GatheredSheet sheet = Live().Explain(world_.UnitOf("a1"), /*with_records=*/true);
  ASSERT_EQ(sheet.records[1].size(), 1u);
  EXPECT_EQ(sheet.records[1][0].name, "units/a1/designations/t1");
  Advance("2016-09-01 00:00");  // The term has ended.
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  EXPECT_EQ(StateOf("a1", "site.grade"), Assessment::kNotYet);
}

TEST_F(SchemeBoardTest, GrowthIsComparedWithTheCounty) {
  world_.TellFigure("a1", kIncome, "2015", 100'000);
  world_.TellFigure("a1", kIncome, "2016", 150'000);
  EXPECT_EQ(StateOf("a1", "income"), Assessment::kNotYet);
  world_.TellFigure("county", kIncome, "2015", 1'000'000);
  world_.TellFigure("county", kIncome, "2016", 1'400'000, At("2016-08-01 00:00"));
  EXPECT_EQ(StateOf("a1", "income"), Assessment::kNotYet);
  Advance("2016-08-01 00:00");
  EXPECT_EQ(Earned("a1", "income"), "2.5");  // 0.1 of 0.2 above the county.
}

TEST_F(SchemeBoardTest, WhatIsMissingIsLateOnceThePeriodIsOver) {
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  Advance("2016-12-31 23:59");
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kNotYet);
  Advance("2017-01-01 00:00");
  EXPECT_EQ(StateOf("a1", "site.clean"), Assessment::kMissing);
  EXPECT_EQ(Live().NextChange(), absl::InfiniteFuture());
}

TEST_F(SchemeBoardTest, RollsUpByTheRuleOfEachLevel) {
  world_.Visit("a1", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  world_.Visit("a2", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  world_.Observe("a2/visits/v1", "d-1", "number { value: '4' }", "clean", "2016-05-20 09:10");
  // 25 of 45, the findings' 5 points included: 55.555555555556.
  EXPECT_EQ(Score("a2"), "55.555555555556");
  world_.TellFigure("a1", kPeople, "2016", 3'000'000);
  world_.TellFigure("a2", kPeople, "2016", 1'000'000);
  // Weighted by people 88.888888888889, three quarters of it; the own sheet has only findings: 100.
  EXPECT_EQ(Score("a"), "91.666666666667");
  // All sheets below: a (100), a1 (100), a2 (55.5...), b (100), b1 (100).
  EXPECT_EQ(Score("county"), "91.111111111111");
}

TEST_F(SchemeBoardTest, UnitsMayChangePlacesWithEachOther) {
  Live();
  world_.Tell(PlaceChange("a", "b", "2016-05-01"));
  world_.Tell(PlaceChange("b", "a", "2016-05-01"));
  EXPECT_EQ(Score("a"), "none");  // A ring hangs nowhere.
  EXPECT_FALSE(Live().board().HasPlace(world_.UnitOf("a1")));
  world_.Tell(PlaceChange("b", "county", "2016-05-02"));
  EXPECT_TRUE(Live().board().HasPlace(world_.UnitOf("a1")));
  EXPECT_EQ(Live().board().ParentOf(world_.UnitOf("a")), world_.UnitOf("b"));
}

TEST_F(SchemeBoardTest, AFixedBoardAsksAboutItsInstant) {
  world_.Visit("a1", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  world_.Observe("a1/visits/v1", "d-1", "passed: false", "clean", "2016-05-20 09:10");
  world_.Tell(PlaceChange("a1", "b", "2016-04-01"));
  auto at = [&](const std::string& time) {
    auto board = std::make_unique<SchemeBoard>(scheme_, *calendar::Period::Parse("2016"),
                                               &world_.facts, At(time));
    while (!board->BuildStep(1000)) {
    }
    return board;
  };
  const Unit a1 = world_.UnitOf("a1");
  EXPECT_EQ(at("2016-03-31 00:00")->board().ParentOf(a1), world_.UnitOf("a"));
  EXPECT_EQ(at("2016-04-01 00:00")->board().ParentOf(a1), world_.UnitOf("b"));
  // Findings alone before the visit, 40 of 45 points after it.
  EXPECT_EQ(FormatSum(at("2016-05-20 10:59")->board().ScoreOf(a1).score), "100");
  EXPECT_EQ(FormatSum(at("2016-05-20 11:00")->board().ScoreOf(a1).score), "88.888888888889");
}

// ---- Figures that are prepared and compared.

class MixedBoardTest : public SchemeBoardTest {
 protected:
  MixedBoardTest() { scheme_ = Compile(MixedScheme()); }
};

TEST_F(MixedBoardTest, TheSchemeCanBePublished) {
  EXPECT_FALSE(HasErrors(CheckScheme(MixedScheme(), TestDefinition)));
}

TEST_F(MixedBoardTest, FiguresAreDividedAndComparedWithFrozenPeers) {
  world_.TellFigure("a1", kIncome, "2016", 3000);
  EXPECT_EQ(StateOf("a1", "wealth"), Assessment::kNotYet);
  world_.TellFigure("a1", kPeople, "2016", 2000);
  EXPECT_EQ(Earned("a1", "wealth"), "50.5");  // 1.5 lies halfway: from 1 to 100.
  // Nobody else's figures matter.
  world_.TellFigure("a2", kIncome, "2016", 9000);
  world_.TellFigure("a2", kPeople, "2016", 1000);
  EXPECT_EQ(Earned("a1", "wealth"), "50.5");
  world_.TellFigure("a1", kPeople, "2016", 0);
  EXPECT_EQ(StateOf("a1", "wealth"), Assessment::kNotYet);
}

TEST_F(MixedBoardTest, GrowthIsSinceAnEarlierPeriod) {
  world_.TellFigure("a1", kIncome, "2016", 1500);
  EXPECT_EQ(StateOf("a1", "growth"), Assessment::kNotYet);
  world_.TellFigure("a1", kIncome, "2015", 1200, At("2016-08-01 00:00"));
  EXPECT_EQ(StateOf("a1", "growth"), Assessment::kNotYet);
  Advance("2016-08-01 00:00");
  EXPECT_EQ(Earned("a1", "growth"), "70");  // A quarter more.
}

TEST_F(MixedBoardTest, GrowthMayBeOfSeveralPeriodsOrSinceAFixedOne) {
  v1::Scheme scheme = MixedScheme();
  v1::Growth& growth = *scheme.mutable_nodes(12)
                            ->mutable_leaf()
                            ->mutable_statistic()
                            ->mutable_preparation()
                            ->mutable_growth();
  growth.set_method(v1::GROWTH_METHOD_ANNUAL_RATE);
  growth.set_base_periods_back(2);
  scheme_ = Compile(scheme);
  world_.TellFigure("a1", kIncome, "2014", 1000);
  world_.TellFigure("a1", kIncome, "2015", 9000);
  world_.TellFigure("a1", kIncome, "2016", 1440);
  EXPECT_EQ(Earned("a1", "growth"), "66");  // A fifth a year.
  board_.reset();
  growth.set_base_period("2015");
  growth.set_base_periods_back(1);
  scheme_ = Compile(scheme);
  EXPECT_EQ(Earned("a1", "growth"), "10");
}

TEST_F(MixedBoardTest, AFigureThatIsMissingMayCountAsZero) {
  v1::Scheme scheme = MixedScheme();
  scheme.mutable_nodes(13)
      ->mutable_leaf()
      ->mutable_statistic()
      ->mutable_preparation()
      ->mutable_imputation()
      ->set_method(v1::IMPUTATION_METHOD_ZERO);
  scheme.mutable_nodes(13)->mutable_leaf()->mutable_ratio()->Clear();
  scheme_ = Compile(scheme);
  world_.TellFigure("a1", kRating, "2016", 0);
  EXPECT_EQ(StateOf("a1", "size"), Assessment::kNotYet);
  Advance("2017-01-01 00:00");
  EXPECT_EQ(Earned("a1", "size"), "0");
  EXPECT_FALSE(Leaf("a1", "size").present);
}

TEST_F(MixedBoardTest, LogarithmsAndLosses) {
  world_.TellFigure("a1", kPeople, "2016", 400);
  EXPECT_EQ(StateOf("a1", "size"), Assessment::kNotYet);
  world_.TellFigure("a1", kRating, "2016", 25'000);
  EXPECT_EQ(Earned("a1", "size"), "3.75");  // Halfway by logarithm, less a quarter.
}

TEST_F(MixedBoardTest, PenaltiesAndGatesReachTheScore) {
  world_.Visit("a1", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  EXPECT_EQ(Score("a1"), "120");
  world_.TellFigure("a1", kRating, "2015", 2000);
  EXPECT_EQ(Score("a1"), "114");
  const Unit unit = world_.UnitOf("a1");
  EXPECT_EQ(Live().board().ScoreOf(unit).best_band, 0);
  world_.TellFigure("a1", kIncome, "2016", 400);
  EXPECT_EQ(Live().board().ScoreOf(unit).best_band, 1);
  world_.TellFigure("a1", kIncome, "2016", 500);
  EXPECT_EQ(Live().board().ScoreOf(unit).best_band, 0);
}

}  // namespace
}  // namespace terrace::scoring
