#include "services/scoring/scheme_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/scoring/test_schemes.h"

namespace terrace::scoring {
namespace {

std::vector<std::string> Codes(const v1::Scheme& scheme) {
  std::vector<std::string> codes;
  for (const v1::SchemeIssue& issue : CheckScheme(scheme, TestDefinition)) {
    EXPECT_FALSE(issue.message().empty());
    EXPECT_FALSE(issue.message_zh().empty());
    EXPECT_EQ(issue.message().find('{'), std::string::npos) << issue.message();
    codes.push_back(issue.code());
  }
  return codes;
}

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SchemeCheckTest, AcceptsAGoodScheme) {
  EXPECT_THAT(Codes(TestScheme()), IsEmpty());
  EXPECT_FALSE(HasErrors(CheckScheme(TestScheme(), TestDefinition)));
}

TEST(SchemeCheckTest, AnEmptySchemeHasErrors) {
  EXPECT_TRUE(HasErrors(CheckScheme(v1::Scheme(), TestDefinition)));
  EXPECT_THAT(Codes(v1::Scheme()), Contains("NO_NODES"));
  EXPECT_THAT(Codes(v1::Scheme()), Contains("NO_PERIODICITY"));
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
  EXPECT_THAT(Codes(scheme), ElementsAre("POINTS_DO_NOT_ADD_UP"));
}

// Each change of the good scheme brings exactly the issues named.
struct Case {
  const char* what;
  void (*change)(v1::Scheme&);
  std::vector<std::string> codes;
};

class SchemeIssueTest : public ::testing::TestWithParam<Case> {};

TEST_P(SchemeIssueTest, IsFound) {
  v1::Scheme scheme = TestScheme();
  GetParam().change(scheme);
  EXPECT_THAT(Codes(scheme), ::testing::UnorderedElementsAreArray(GetParam().codes))
      << GetParam().what;
}

v1::Leaf& LeafOf(v1::Scheme& scheme, const std::string& id) {
  for (v1::Node& node : *scheme.mutable_nodes()) {
    if (node.id() == id) return *node.mutable_leaf();
  }
  TERRACE_CHECK(false);
  return *scheme.mutable_nodes(0)->mutable_leaf();
}

INSTANTIATE_TEST_SUITE_P(
    All, SchemeIssueTest,
    ::testing::Values(
        Case{"two nodes of one id", [](v1::Scheme& s) { s.mutable_nodes(3)->set_id("praise"); },
             {"DUPLICATE_NODE"}},
        Case{"a bad id", [](v1::Scheme& s) { s.mutable_nodes(3)->set_id("Tasks!"); },
             {"INVALID_ID"}},
        Case{"a parent behind its child",
             [](v1::Scheme& s) { s.mutable_nodes()->SwapElements(0, 1); }, {"UNKNOWN_PARENT"}},
        Case{"a parent with a rule",
             [](v1::Scheme& s) {
               s.mutable_nodes(9)->set_parent("tasks");
             },
             {"PARENT_IS_LEAF", "POINTS_DO_NOT_ADD_UP"}},
        Case{"a node without anything",
             [](v1::Scheme& s) { s.mutable_nodes(3)->clear_leaf(); }, {"NODE_WITHOUT_LEAF"}},
        Case{"no source", [](v1::Scheme& s) { LeafOf(s, "tasks").clear_source(); },
             {"NO_SOURCE"}},
        Case{"no rule", [](v1::Scheme& s) { LeafOf(s, "tasks").clear_rule(); }, {"NO_RULE"}},
        Case{"a rule that cannot be",
             [](v1::Scheme& s) {
               LeafOf(s, "tasks").mutable_deduct()->mutable_each()->set_value("1");
             },
             {"RULE_NOT_FOR_SOURCE"}},
        Case{"a bonus with points",
             [](v1::Scheme& s) { s.mutable_nodes(8)->mutable_points()->set_value("1"); },
             {"POINTS_NOT_ZERO"}},
        Case{"a leaf without points",
             [](v1::Scheme& s) { s.mutable_nodes(7)->clear_points(); },
             {"POINTS_OUT_OF_RANGE", "POINTS_DO_NOT_ADD_UP"}},
        Case{"an unknown statistic",
             [](v1::Scheme& s) {
               LeafOf(s, "income").mutable_statistic()->set_definition(
                   "units/county/statisticDefinitions/none");
             },
             {"UNKNOWN_STATISTIC"}},
        Case{"discretion without a rating",
             [](v1::Scheme& s) {
               LeafOf(s, "income").mutable_discretion();
             },
             {"RATING_NEEDED"}},
        Case{"a deduction of nothing",
             [](v1::Scheme& s) {
               LeafOf(s, "site.clean").mutable_deduct()->mutable_each()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"a grade above the points",
             [](v1::Scheme& s) {
               LeafOf(s, "site.grade").mutable_grade()->mutable_grades(0)->mutable_points()
                   ->set_value("21");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"a threshold left out",
             [](v1::Scheme& s) { LeafOf(s, "coverage").mutable_pass_fail()->clear_threshold(); },
             {"NUMBER_MISSING"}},
        Case{"bands that rise",
             [](v1::Scheme& s) { s.mutable_bands()->SwapElements(0, 1); },
             {"GRADES_NOT_FALLING"}},
        Case{"a period of another length",
             [](v1::Scheme& s) { s.set_first_period("2016-05"); }, {"INVALID_PERIOD"}},
        Case{"an unknown zone", [](v1::Scheme& s) { s.set_time_zone("Mars/Olympus"); },
             {"UNKNOWN_ZONE"}},
        Case{"a weighted mean without weights",
             [](v1::Scheme& s) {
               s.mutable_rollups(0)->mutable_rollup()->clear_weight_statistic();
             },
             {"WEIGHT_MISSING"}},
        Case{"half a mix",
             [](v1::Scheme& s) { s.mutable_rollups(0)->mutable_rollup()->clear_own_weight(); },
             {"MIX_INCOMPLETE"}},
        Case{"a ratio of a leaf that counts nothing",
             [](v1::Scheme& s) {
               s.mutable_rollups(1)->mutable_rollup()->set_method(
                   v1::ROLLUP_METHOD_RATIO_OF_SUMS);
               s.mutable_rollups(1)->mutable_rollup()->set_ratio_leaf("income");
             },
             {"LEAF_NOT_COUNTED"}},
        Case{"a level twice",
             [](v1::Scheme& s) { s.mutable_rollups(1)->set_level("levels/township"); },
             {"DUPLICATE_LEVEL"}},
        Case{"a line counted twice",
             [](v1::Scheme& s) {
               LeafOf(s, "accident").mutable_observations()->set_items(0, "clean");
             },
             {"ITEM_COUNTED_TWICE"}},
        Case{"a bonus without any cap", [](v1::Scheme& s) { s.clear_bonus_cap(); },
             {"BONUS_UNCAPPED"}},
        Case{"a veto that leaves everything",
             [](v1::Scheme& s) {
               LeafOf(s, "accident").mutable_veto()->mutable_max_score()->set_value("100");
             },
             {"VETO_WITHOUT_EFFECT"}},
        Case{"nothing rolls up", [](v1::Scheme& s) { s.clear_rollups(); },
             {"NOTHING_ROLLS_UP"}},
        Case{"a scale of one point",
             [](v1::Scheme& s) {
               LeafOf(s, "tasks").mutable_ratio()->mutable_full_at()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}}));

TEST(SchemeCheckTest, NodesAreNotTooDeep) {
  v1::Scheme scheme = TestScheme();
  std::string parent;
  for (int i = 0; i <= kNodeDepthMax; ++i) {
    v1::Node& node = *scheme.add_nodes();
    node.set_id(absl::StrCat("deep", i));
    node.set_parent(parent);
    parent = node.id();
  }
  EXPECT_THAT(Codes(scheme), Contains("TOO_DEEP"));
}

}  // namespace
}  // namespace terrace::scoring
