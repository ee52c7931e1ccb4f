// Issues of schemes as a whole, of their tree and of the rules of leaves.
#include "services/scoring/schemes/scheme_check_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SchemeCheckTest, AcceptsAGoodScheme) {
  EXPECT_THAT(CodesOf(TestScheme()), IsEmpty());
  EXPECT_FALSE(HasErrors(CheckScheme(TestScheme(), TestDefinition)));
}

TEST(SchemeCheckTest, AnEmptySchemeHasErrors) {
  EXPECT_TRUE(HasErrors(CheckScheme(v1::Scheme(), TestDefinition)));
  EXPECT_THAT(CodesOf(v1::Scheme()), Contains("NO_NODES"));
  EXPECT_THAT(CodesOf(v1::Scheme()), Contains("NO_PERIODICITY"));
}

TEST(SchemeCheckTest, PointsAddUp) {
  v1::Scheme scheme = TestScheme();
  scheme.mutable_nodes(1)->mutable_points()->set_value("39");
  const std::vector<v1::SchemeIssue> issues = CheckScheme(scheme, TestDefinition);
  ASSERT_EQ(issues.size(), 1);
  EXPECT_EQ(issues[0].code(), "POINTS_DO_NOT_ADD_UP");
  EXPECT_EQ(issues[0].node(), "site");
  EXPECT_EQ(issues[0].field(), "nodes[0].points");
  EXPECT_EQ(issues[0].message(), "The children add up to 59 points instead of 60.");
  scheme = TestScheme();
  scheme.mutable_points()->set_value("120");
  EXPECT_THAT(CodesOf(scheme), ElementsAre("POINTS_DO_NOT_ADD_UP"));
}

// The cases stand in the tests of indicators, combinations and standing.
TEST_P(IndexIssueTest, IsFound) {
  v1::Scheme scheme = IndexScheme();
  GetParam().change(scheme);
  EXPECT_THAT(CodesOf(scheme), ::testing::UnorderedElementsAreArray(GetParam().codes))
      << GetParam().what;
}

class SchemeIssueTest : public ::testing::TestWithParam<IssueCase> {};

TEST_P(SchemeIssueTest, IsFound) {
  v1::Scheme scheme = TestScheme();
  GetParam().change(scheme);
  EXPECT_THAT(CodesOf(scheme), ::testing::UnorderedElementsAreArray(GetParam().codes))
      << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    All, SchemeIssueTest,
    ::testing::Values(
        IssueCase{"one id twice", [](v1::Scheme& s) { s.mutable_nodes(3)->set_id("praise"); },
             {"DUPLICATE_NODE"}},
        IssueCase{"a bad id", [](v1::Scheme& s) { s.mutable_nodes(3)->set_id("Tasks!"); },
             {"INVALID_ID"}},
        IssueCase{"a parent behind its child",
             [](v1::Scheme& s) { s.mutable_nodes()->SwapElements(0, 1); }, {"UNKNOWN_PARENT"}},
        IssueCase{"a parent with a rule",
             [](v1::Scheme& s) {
               s.mutable_nodes(9)->set_parent("tasks");
             },
             {"PARENT_IS_LEAF", "POINTS_DO_NOT_ADD_UP"}},
        IssueCase{"a node without anything",
             [](v1::Scheme& s) { s.mutable_nodes(3)->clear_leaf(); }, {"NODE_WITHOUT_LEAF"}},
        IssueCase{"no source", [](v1::Scheme& s) { LeafOf(s, "tasks").clear_source(); },
             {"NO_SOURCE"}},
        IssueCase{"no rule", [](v1::Scheme& s) { LeafOf(s, "tasks").clear_rule(); }, {"NO_RULE"}},
        IssueCase{"a rule that cannot be",
             [](v1::Scheme& s) {
               LeafOf(s, "tasks").mutable_deduct()->mutable_each()->set_value("1");
             },
             {"RULE_NOT_FOR_SOURCE"}},
        IssueCase{"a bonus with points",
             [](v1::Scheme& s) { s.mutable_nodes(8)->mutable_points()->set_value("1"); },
             {"POINTS_NOT_ZERO"}},
        IssueCase{"a leaf without points",
             [](v1::Scheme& s) { s.mutable_nodes(7)->clear_points(); },
             {"POINTS_OUT_OF_RANGE", "POINTS_DO_NOT_ADD_UP"}},
        IssueCase{"an unknown statistic",
             [](v1::Scheme& s) {
               LeafOf(s, "income").mutable_statistic()->set_definition(
                   "units/county/statisticDefinitions/none");
             },
             {"UNKNOWN_STATISTIC"}},
        IssueCase{"discretion without a rating",
             [](v1::Scheme& s) {
               LeafOf(s, "income").mutable_discretion();
             },
             {"RATING_NEEDED"}},
        IssueCase{"a deduction of nothing",
             [](v1::Scheme& s) {
               LeafOf(s, "site.clean").mutable_deduct()->mutable_each()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"a grade above the points",
             [](v1::Scheme& s) {
               LeafOf(s, "site.grade").mutable_grade()->mutable_grades(0)->mutable_points()
                   ->set_value("21");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"a threshold left out",
             [](v1::Scheme& s) { LeafOf(s, "coverage").mutable_pass_fail()->clear_threshold(); },
             {"NUMBER_MISSING"}},
        IssueCase{"bands that rise",
             [](v1::Scheme& s) { s.mutable_bands()->SwapElements(0, 1); },
             {"GRADES_NOT_FALLING"}},
        IssueCase{"a period of another length",
             [](v1::Scheme& s) { s.set_first_period("2016-05"); }, {"INVALID_PERIOD"}},
        IssueCase{"an unknown zone", [](v1::Scheme& s) { s.set_time_zone("Mars/Olympus"); },
             {"UNKNOWN_ZONE"}},
        IssueCase{"a weighted mean without weights",
             [](v1::Scheme& s) {
               s.mutable_rollups(0)->mutable_rollup()->clear_weight_statistic();
             },
             {"WEIGHT_MISSING"}},
        IssueCase{"half a mix",
             [](v1::Scheme& s) { s.mutable_rollups(0)->mutable_rollup()->clear_own_weight(); },
             {"MIX_INCOMPLETE"}},
        IssueCase{"a ratio of a leaf that counts nothing",
             [](v1::Scheme& s) {
               s.mutable_rollups(1)->mutable_rollup()->set_method(
                   v1::ROLLUP_METHOD_RATIO_OF_SUMS);
               s.mutable_rollups(1)->mutable_rollup()->set_ratio_leaf("income");
             },
             {"LEAF_NOT_COUNTED"}},
        IssueCase{"a level twice",
             [](v1::Scheme& s) { s.mutable_rollups(1)->set_level("levels/township"); },
             {"DUPLICATE_LEVEL"}},
        IssueCase{"a line counted twice",
             [](v1::Scheme& s) {
               LeafOf(s, "accident").mutable_observations()->set_items(0, "clean");
             },
             {"ITEM_COUNTED_TWICE"}},
        IssueCase{"a whole checklist beside its items",
             [](v1::Scheme& s) {
               LeafOf(s, "accident").mutable_observations()->clear_items();
             },
             {"ITEM_COUNTED_TWICE"}},
        IssueCase{"a bonus without any cap", [](v1::Scheme& s) { s.clear_bonus_cap(); },
             {"BONUS_UNCAPPED"}},
        IssueCase{"a veto that leaves everything",
             [](v1::Scheme& s) {
               LeafOf(s, "accident").mutable_veto()->mutable_max_score()->set_value("100");
             },
             {"VETO_WITHOUT_EFFECT"}},
        IssueCase{"nothing rolls up", [](v1::Scheme& s) { s.clear_rollups(); },
             {"NOTHING_ROLLS_UP"}},
        IssueCase{"a scale of one point",
             [](v1::Scheme& s) {
               LeafOf(s, "tasks").mutable_ratio()->mutable_full_at()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}}));

TEST(SchemeCheckTest, AGateIsForFigures) {
  v1::Scheme scheme = TestScheme();
  LeafOf(scheme, "accident").mutable_veto()->mutable_below()->set_value("3");
  EXPECT_THAT(CodesOf(scheme), ElementsAre("RULE_NOT_FOR_SOURCE"));
}

TEST(SchemeCheckTest, PointsOfAReviewAreTakenAsTheyAre) {
  v1::Scheme scheme = ReviewScheme();
  EXPECT_THAT(CodesOf(scheme), ElementsAre());
  LeafOf(scheme, "work").mutable_ratio();
  EXPECT_THAT(CodesOf(scheme), ElementsAre("RULE_NOT_FOR_SOURCE"));
  LeafOf(scheme, "work").mutable_grade();
  EXPECT_THAT(CodesOf(scheme), ElementsAre("RULE_NOT_FOR_SOURCE"));
}

TEST(SchemeCheckTest, BetterGradesEarnMore) {
  v1::Scheme scheme = TestScheme();
  LeafOf(scheme, "site.grade")
      .mutable_grade()
      ->mutable_grades(2)
      ->mutable_points()
      ->set_value("14");
  EXPECT_THAT(CodesOf(scheme), ElementsAre("NOT_MONOTONE"));
}

TEST(SchemeCheckTest, PunctualityIsNotAllThereIs) {
  v1::Scheme scheme = TestScheme();
  v1::Node node;
  node.set_id("paper");
  node.mutable_points()->set_value("10");
  v1::Node leaf = scheme.nodes(4);
  leaf.set_parent("paper");
  *scheme.mutable_nodes(4) = node;
  *scheme.add_nodes() = leaf;
  const std::vector<v1::SchemeIssue> issues = CheckScheme(scheme, TestDefinition);
  ASSERT_EQ(issues.size(), 1);
  EXPECT_EQ(issues[0].code(), "PAPERWORK_ONLY");
  EXPECT_EQ(issues[0].node(), "paper");
  EXPECT_EQ(issues[0].severity(), v1::ISSUE_SEVERITY_WARNING);
  // The whole scheme: said once.
  scheme.mutable_nodes()->Clear();
  *scheme.add_nodes() = node;
  *scheme.add_nodes() = leaf;
  scheme.mutable_points()->set_value("10");
  scheme.clear_bands();
  EXPECT_THAT(CodesOf(scheme), ElementsAre("PAPERWORK_ONLY"));
}

TEST(SchemeCheckTest, NodesAreNotTooDeep) {
  v1::Scheme scheme = TestScheme();
  std::string parent;
  for (int i = 0; i <= kNodeDepthMax; ++i) {
    v1::Node& node = *scheme.add_nodes();
    node.set_id(absl::StrCat("deep", i));
    node.set_parent(parent);
    parent = node.id();
  }
  EXPECT_THAT(CodesOf(scheme), Contains("TOO_DEEP"));
}

}  // namespace
}  // namespace terrace::scoring
