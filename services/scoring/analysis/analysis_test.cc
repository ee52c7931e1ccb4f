// Questions about schemes and scores: copies and differences of versions, why scores differ, what
// a changed scheme would do, how firm places are.
#include <random>

#include "services/scoring/schemes/scheme_diff.h"
#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class AnalysisTest : public ScoringTest {
 protected:
  absl::StatusOr<v1::CompareScoresResponse> CompareTimes(const std::string& unit,
                                                         const std::string& before,
                                                         const std::string& after = "") {
    v1::CompareScoresRequest request;
    request.set_name(ScoreOf(unit));
    request.set_other(ScoreOf(unit));
    *request.mutable_at_time() = ToProto(At(before));
    if (!after.empty()) *request.mutable_other_at_time() = ToProto(At(after));
    return Do<v1::CompareScoresResponse>("CompareScores", Viewer("county"), request);
  }

  static FixedSum SumOf(const types::v1::Decimal& decimal) {
    if (decimal.value().empty()) return FixedSum();
    absl::StatusOr<Decimal> parsed = terrace::FromProto(decimal, "");
    EXPECT_TRUE(parsed.ok()) << decimal.value();
    return parsed.ok() ? FixedSumFromDecimal(*parsed) : FixedSum();
  }
  // The parts make up the difference, which is that of the scores.
  static void ExpectComplete(const v1::CompareScoresResponse& reply) {
    const FixedSum difference =
        SumOf(reply.other().exact_value()) - SumOf(reply.score().exact_value());
    EXPECT_EQ(FormatSum(SumOf(reply.difference())), FormatSum(difference));
    FixedSum sum;
    for (const v1::DifferencePart& part : reply.parts()) sum += SumOf(part.contribution());
    EXPECT_EQ(FormatSum(sum), FormatSum(difference)) << reply.DebugString();
  }

  static std::vector<std::string> TextsOf(const v1::CompareScoresResponse& reply) {
    std::vector<std::string> texts;
    for (const v1::DifferencePart& part : reply.parts()) {
      texts.push_back(absl::StrCat(v1::DifferenceKind_Name(part.kind()).substr(16), " ",
                                   part.subject(), " ", part.contribution().value()));
    }
    return texts;
  }

  // What the unit's own line is worth alone: the mean of the villages, plainly.
  void StartPlain() {
    Start(+[](v1::Scheme& scheme) {
      for (v1::LevelRollup& level : *scheme.mutable_rollups()) {
        level.mutable_rollup()->Clear();
        level.mutable_rollup()->set_method(v1::ROLLUP_METHOD_MEAN);
      }
      scheme.mutable_population()->clear_levels();
      scheme.mutable_population()->add_levels("levels/village");
    });
  }

  absl::StatusOr<v1::SimulateSchemeResponse> Simulate(const v1::Scheme& changed,
                                                      int32_t units_max = 0) {
    v1::SimulateSchemeRequest request;
    request.set_name(absl::StrCat(kScheme, "@1"));
    *request.mutable_changed() = changed;
    request.set_period("2016");
    request.set_subtree("units/county");
    request.set_level("levels/village");
    request.set_units_max(units_max);
    return Do<v1::SimulateSchemeResponse>("SimulateScheme", Viewer("county"), request);
  }

  absl::StatusOr<v1::AssessRobustnessResponse> Assess(const std::string& spread, int32_t draws) {
    v1::AssessRobustnessRequest request;
    request.set_scheme(kScheme);
    request.set_period("2016");
    request.set_subtree("units/county");
    request.set_level("levels/village");
    request.mutable_spread()->set_value(spread);
    request.set_draws(draws);
    request.set_seed(7);
    return Do<v1::AssessRobustnessResponse>("AssessRobustness", Viewer("county"), request);
  }
};

// -------------------------------------------------------------------------------- CompareScores

TEST_F(AnalysisTest, ALineThatEarnsLessIsTheDifference) {
  Start();
  Inspect("a1", 2);
  const auto reply = CompareTimes("a1", "2016-05-10 00:00");
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
  EXPECT_TRUE(reply->comparable());
  // From 5 of 5, all of the sheet, to 35 of 45: the line adds 30 points, and findings count less.
  EXPECT_EQ(reply->score().value().value(), "100");
  EXPECT_EQ(reply->other().value().value(), "77.78");
  EXPECT_THAT(TextsOf(*reply), UnorderedElementsAre("ADJUSTMENT scaling -88.888888888889",
                                                    "OWN_LINE site.clean 66.666666666667"));
}

TEST_F(AnalysisTest, TwoUnitsDifferByTheirLines) {
  Start();
  Inspect("a1", 2);
  Inspect("a2", 4);
  v1::CompareScoresRequest request;
  request.set_name(ScoreOf("a1"));
  request.set_other(ScoreOf("a2"));
  const auto reply = Do<v1::CompareScoresResponse>("CompareScores", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
  EXPECT_THAT(TextsOf(*reply), ElementsAre("OWN_LINE site.clean -22.222222222222"));
  EXPECT_EQ(reply->parts(0).before().value(), "30");
  EXPECT_EQ(reply->parts(0).after().value(), "20");
}

TEST_F(AnalysisTest, ADeadlineThatPassedIsToldApart) {
  Start();
  TellList();
  TellMeasure("m1");
  Assign("a1", "m1");
  // Nothing was due before the first month was over.
  const auto reply = CompareTimes("a1", "2016-01-10 00:00", "2016-05-01 00:00");
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
  const std::vector<std::string> texts = TextsOf(*reply);
  EXPECT_TRUE(std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
    return text.find("DEADLINE reports") == 0 || text.find("ADJUSTMENT scaling") == 0;
  })) << reply->DebugString();
  const auto later = CompareTimes("a1", "2016-02-25 00:00", "2016-05-01 00:00");
  ASSERT_TRUE(later.ok());
  ExpectComplete(*later);
}

TEST_F(AnalysisTest, AUnitThatJoinsCountsByHowFarItIsFromTheOthers) {
  StartPlain();
  Inspect("a1", 4);
  clock_.Set(At("2016-06-10 09:00"));
  const auto before = Get("a");
  ASSERT_TRUE(before.ok());
  AddTreeUnit("a4", "a", "village");
  Inspect("a4", 8);
  const auto reply = CompareTimes("a", "2015-12-31 00:00");
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
}

TEST_F(AnalysisTest, UnitsThatMoveAreJoinedAndLeft) {
  StartPlain();
  Inspect("a1", 4);
  Inspect("b1", 8);
  Tell(PlaceChange("b1", "a", "2016-05-25"));
  const auto reply = CompareTimes("a", "2016-05-24 12:00");
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
  // Three villages at a mean of 85.185185, and then one of 11.111111: it costs 18.518519 points.
  EXPECT_THAT(TextsOf(*reply), ElementsAre("JOINED units/b1 -18.518518518518"));
  const auto other = CompareTimes("b", "2016-05-24 12:00");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->other().assessment(), v1::ASSESSMENT_NOT_APPLICABLE);
  EXPECT_THAT(other->parts(), IsEmpty());
  EXPECT_FALSE(other->has_difference());
}

TEST_F(AnalysisTest, WeightsAndChildrenAreToldApart) {
  Start();
  Inspect("a1", 4);
  ASSERT_TRUE(Import("county", kPeople,
                     {Parse<v1::StatisticRow>(
                          R"pb(unit: "units/a1"
                               period: "2016"
                               quantity { value { value: "10" } }
                               known_time { seconds: 1451606400 })pb"),
                      Parse<v1::StatisticRow>(
                          R"pb(unit: "units/a2"
                               period: "2016"
                               quantity { value { value: "30" } }
                               known_time { seconds: 1464000000 })pb")})
                  .ok());
  const auto reply = CompareTimes("a", "2016-05-22 00:00");
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
  EXPECT_GT(reply->parts_size(), 0);
}

TEST_F(AnalysisTest, PartsAddUpWhateverHappens) {
  std::mt19937 random(2016);
  const auto below = [&](uint32_t n) { return static_cast<int>(random() % n); };
  Start();
  const std::vector<std::string> villages = {"a1", "a2", "a3", "b1"};
  TellList();
  TellMeasure("m1");
  for (const std::string& unit : villages) Assign(unit, "m1");
  std::vector<std::string> instants = {"2016-01-02 00:00"};
  int compared = 0;
  for (int step = 1; step <= 40; ++step) {
    const std::string day = absl::StrCat("2016-0", 2 + step / 10, "-1", below(9));
    const std::string unit = villages[below(villages.size())];
    switch (below(4)) {
      case 0:
        Inspect(unit, below(9), absl::StrCat("v", step), day);
        break;
      case 1:
        Report(unit, "m1", absl::StrCat("2016-0", 1 + below(4)), day + " 10:00", below(3) == 0);
        break;
      case 2:
        Tell(PlaceChange(unit, below(2) == 0 ? "a" : "b", day));
        break;
      default:
        ASSERT_TRUE(
            Import("county", kPeople,
                   {Parse<v1::StatisticRow>(absl::StrCat(
                       "unit: 'units/", unit, "' period: '2016' quantity { value { value: '",
                       1 + below(50), "' } }"))})
                .ok());
    }
    instants.push_back(day + " 12:00");
    for (const char* of : {"a1", "b1", "a", "b", "county"}) {
      const auto reply = CompareTimes(of, instants[below(instants.size())], instants.back());
      ASSERT_TRUE(reply.ok()) << reply.status();
      if (!reply->has_difference()) continue;
      ExpectComplete(*reply);
      ++compared;
    }
  }
  EXPECT_GT(compared, 100);
}

TEST_F(AnalysisTest, SmallPartsAreLeftOutTogether) {
  StartPlain();
  Inspect("a1", 4);
  Inspect("a2", 6);
  v1::CompareScoresRequest request;
  request.set_name(ScoreOf("a"));
  request.set_other(ScoreOf("a"));
  *request.mutable_at_time() = ToProto(At("2016-05-10 00:00"));
  request.set_parts_max(1);
  const auto reply = Do<v1::CompareScoresResponse>("CompareScores", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectComplete(*reply);
  ASSERT_EQ(reply->parts_size(), 2);
  EXPECT_EQ(reply->parts(0).subject(), "units/a2");
  EXPECT_EQ(reply->parts(1).kind(), v1::DIFFERENCE_KIND_OTHERS);
  EXPECT_EQ(reply->parts(1).omitted(), 1);
}

TEST_F(AnalysisTest, ScoresOfTwoSchemesOrOutOfSightAreNotCompared) {
  Start();
  v1::CompareScoresRequest request;
  request.set_name(ScoreOf("a1"));
  request.set_other("units/a1/scores/county~other~2016");
  EXPECT_EQ(
      Do<v1::CompareScoresResponse>("CompareScores", Viewer("county"), request).status().code(),
      absl::StatusCode::kInvalidArgument);
  request.set_other(ScoreOf("a2"));
  EXPECT_EQ(Do<v1::CompareScoresResponse>("CompareScores", Viewer("a1"), request).status().code(),
            absl::StatusCode::kNotFound);
  request.set_other("rubbish");
  EXPECT_FALSE(Do<v1::CompareScoresResponse>("CompareScores", Viewer("county"), request).ok());
}

// ------------------------------------------------------------------------------- SimulateScheme

TEST_F(AnalysisTest, ASimulationTellsWhoChangesAndStoresNothing) {
  Start();
  Inspect("a1", 2);
  Inspect("a2", 1);
  const store::Cursor position = machine_->position();
  v1::Scheme changed = TestScheme();
  changed.mutable_nodes(1)->mutable_leaf()->mutable_deduct()->mutable_each()->set_value("10");
  const auto reply = Simulate(changed);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->unit_count(), 4);
  EXPECT_EQ(reply->score_changed_count(), 2);
  EXPECT_EQ(reply->grade_changed_count(), 1);  // a2: good to fair.
  EXPECT_EQ(reply->rank_changed_count(), 0);
  ASSERT_EQ(reply->units_size(), 2);
  EXPECT_EQ(reply->units(0).unit(), "units/a1");
  EXPECT_EQ(reply->units(0).before().value(), "77.777777777778");
  EXPECT_EQ(reply->units(0).after().value(), "55.555555555556");
  EXPECT_EQ(reply->units(1).grade_before(), "good");
  EXPECT_EQ(reply->units(1).grade_after(), "fair");
  EXPECT_EQ(reply->units(1).rank_before(), 3);
  EXPECT_EQ(machine_->position(), position);
  EXPECT_EQ(Value("a1"), "77.78");
  ASSERT_EQ(Simulate(changed, 1)->units_size(), 1);
}

TEST_F(AnalysisTest, ASimulationOfTheSameSchemeChangesNothing) {
  Start();
  Inspect("a1", 2);
  const auto reply = Simulate(TestScheme());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->unit_count(), 4);
  EXPECT_THAT(reply->units(), IsEmpty());
}

TEST_F(AnalysisTest, ADraftMayBeSimulatedByItsName) {
  Start();
  Inspect("a1", 2);
  v1::Scheme changed = TestScheme();
  changed.mutable_nodes(1)->mutable_leaf()->mutable_deduct()->mutable_each()->set_value("10");
  ASSERT_TRUE(Create(changed, "2").ok());
  v1::SimulateSchemeRequest request;
  request.set_name(absl::StrCat(kScheme, "@1"));
  request.set_changed_name(absl::StrCat(kScheme, "@2"));
  request.set_period("2016");
  request.set_subtree("units/county");
  request.set_level("levels/village");
  const auto reply = Do<v1::SimulateSchemeResponse>("SimulateScheme", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->score_changed_count(), 1);
  // A village sees no drafts of the county.
  EXPECT_EQ(Do<v1::SimulateSchemeResponse>("SimulateScheme", Viewer("a1"), request).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(AnalysisTest, ABadSchemeIsNotSimulated) {
  Start();
  v1::Scheme changed = TestScheme();
  changed.mutable_nodes(0)->mutable_points()->set_value("59");
  const auto reply = Simulate(changed);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_GT(reply->issues_size(), 0);
  EXPECT_EQ(reply->unit_count(), 0);
  v1::SimulateSchemeRequest request;
  request.set_name(absl::StrCat(kScheme, "@1"));
  request.set_period("2016");
  request.set_subtree("units/county");
  request.set_level("levels/village");
  EXPECT_TRUE(HasReason(
      Do<v1::SimulateSchemeResponse>("SimulateScheme", Viewer("county"), request).status(),
      Reason::REQUIRED_FIELD));
  *request.mutable_changed() = TestScheme();
  request.set_period("2016-05");
  EXPECT_TRUE(HasReason(
      Do<v1::SimulateSchemeResponse>("SimulateScheme", Viewer("county"), request).status(),
      Reason::NOT_A_BOARD_PERIOD));
  request.set_period("2016");
  request.clear_level();
  EXPECT_TRUE(HasReason(
      Do<v1::SimulateSchemeResponse>("SimulateScheme", Viewer("county"), request).status(),
      Reason::REQUIRED_FIELD));
}

// ----------------------------------------------------------------------------- AssessRobustness

TEST_F(AnalysisTest, PlacesThatNoWeightCanChangeAreFirm) {
  Start();
  Inspect("a1", 2);
  Inspect("a2", 4);
  const auto reply = Assess("0.25", 50);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->units_size(), 4);
  EXPECT_EQ(reply->units(3).unit(), "units/a2");
  EXPECT_EQ(reply->units(3).nominal(), 4);
  EXPECT_EQ(reply->units(3).low(), 4);
  EXPECT_EQ(reply->units(2).unit(), "units/a1");
  EXPECT_EQ(reply->units(2).high(), 3);
  ASSERT_GT(reply->leaves_size(), 0);
  EXPECT_EQ(reply->leaves(0).node(), "site.clean");
  EXPECT_GT(reply->leaves(0).shift_most(), 0);
  EXPECT_EQ(Assess("0.25", 50)->SerializeAsString(), reply->SerializeAsString());
}

TEST_F(AnalysisTest, RobustnessRefusesWhatItCannotDraw) {
  Start();
  EXPECT_TRUE(HasReason(Assess("1.5", 10).status(), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(HasReason(Assess("0.1", -1).status(), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_TRUE(HasReason(Assess("0.1", 10'001).status(), Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_FALSE(Assess("rubbish", 10).ok());
}

// ---------------------------------------------------------------------- copies and differences

TEST_F(AnalysisTest, ACloneIsADraftThatSaysTheSame) {
  Start();
  v1::CloneSchemeRequest request;
  request.set_name(absl::StrCat(kScheme, "@1"));
  request.set_parent("units/a");
  request.set_scheme_id("own");
  request.set_version("1");
  request.set_first_period("2017");
  const auto clone = Do<v1::Scheme>("CloneScheme", Officer("a"), request);
  ASSERT_TRUE(clone.ok()) << clone.status();
  EXPECT_EQ(clone->name(), "units/a/schemes/own@1");
  EXPECT_EQ(clone->state(), v1::SCHEME_STATE_DRAFT);
  EXPECT_FALSE(clone->has_publish_time());
  v1::DiffSchemesRequest diff;
  diff.set_name(request.name());
  diff.set_other(clone->name());
  const auto found = Do<v1::DiffSchemesResponse>("DiffSchemes", Viewer("county"), diff);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->changes_size(), 1);
  EXPECT_EQ(found->changes(0).field(), "first_period");
  EXPECT_EQ(found->changes(0).before(), "\"2016\"");
  EXPECT_EQ(found->changes(0).after(), "\"2017\"");
  EXPECT_TRUE(found->comparable());
  EXPECT_TRUE(HasReason(Do<v1::Scheme>("CloneScheme", Officer("a"), request).status(),
                        Reason::ALREADY_EXISTS));
}

TEST_F(AnalysisTest, DraftsAreCopiedByThoseWhoSeeThem) {
  ASSERT_TRUE(Create(TestScheme(), "1").ok());
  v1::CloneSchemeRequest request;
  request.set_name(absl::StrCat(kScheme, "@1"));
  request.set_parent("units/a");
  request.set_scheme_id("own");
  request.set_version("1");
  EXPECT_EQ(Do<v1::Scheme>("CloneScheme", Officer("a"), request).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(Do<v1::Scheme>("CloneScheme", Officer("county"), request).ok());
  request.set_version("2");
  request.set_name(kScheme);
  EXPECT_EQ(Do<v1::Scheme>("CloneScheme", Officer("county"), request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SchemeDiffTest, TellsFieldsAndNodes) {
  const v1::Scheme before = TestScheme();
  v1::Scheme after = before;
  after.set_display_name("Better");
  EXPECT_TRUE(AreComparable(ChangesOf(before, after)));
  after.mutable_nodes(1)->mutable_leaf()->mutable_deduct()->mutable_each()->set_value("4");
  after.mutable_nodes(2)->mutable_leaf()->clear_grade();
  after.mutable_nodes(2)->mutable_leaf()->mutable_mean()->set_sites_min(3);
  after.mutable_nodes(3)->set_id("works");
  const std::vector<v1::SchemeChange> changes = ChangesOf(before, after);
  std::vector<std::string> texts;
  for (const v1::SchemeChange& change : changes) {
    texts.push_back(absl::StrCat(v1::SchemeChangeKind_Name(change.kind()).substr(19), " ",
                                 change.node(), " ", change.field()));
  }
  EXPECT_THAT(texts, ElementsAre("CHANGED  display_name", "CHANGED site.clean leaf.deduct.each",
                                 "CHANGED site.grade leaf.grade", "CHANGED site.grade leaf.mean",
                                 "ADDED works ", "REMOVED tasks "));
  EXPECT_EQ(changes[1].before(), "{\"value\":\"5\"}");
  EXPECT_EQ(changes[1].after(), "{\"value\":\"4\"}");
  EXPECT_EQ(changes[2].after(), "");
  EXPECT_EQ(changes[3].after(), "{\"sitesMin\":\"3\"}");
  EXPECT_NE(changes[5].before().find("\"tasks\""), std::string::npos);
  EXPECT_FALSE(AreComparable(changes));
  EXPECT_THAT(ChangesOf(before, before), IsEmpty());
}

}  // namespace
}  // namespace terrace::scoring
