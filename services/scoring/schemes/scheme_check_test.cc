#include "services/scoring/schemes/scheme_check.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/test_schemes.h"

namespace terrace::scoring {
namespace {

std::vector<std::string> Codes(const v1::Scheme& scheme, SchemeUse use = SchemeUse::kLive) {
  std::vector<std::string> codes;
  for (const v1::SchemeIssue& issue : CheckScheme(scheme, TestDefinition, use)) {
    EXPECT_FALSE(issue.message().empty());
    EXPECT_FALSE(issue.message_zh().empty());
    EXPECT_THAT(issue.message(), ::testing::Not(::testing::HasSubstr("{0}")));
    EXPECT_THAT(issue.message(), ::testing::Not(::testing::HasSubstr("{1}")));
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
        Case{"a whole checklist beside its items",
             [](v1::Scheme& s) {
               LeafOf(s, "accident").mutable_observations()->clear_items();
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

// ---- Indicators, combinations, places and grades: a scheme of two figures in one node.

v1::Scheme IndexScheme() {
  return Parse<v1::Scheme>(R"pb(
    name: "units/county/schemes/index@1"
    points { value: "100" }
    periodicity: PERIODICITY_YEAR
    first_period: "2016"
    nodes {
      id: "index"
      points { value: "100" }
      combination: COMBINATION_GEOMETRIC
    }
    nodes {
      id: "income"
      parent: "index"
      points { value: "100" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/income" }
        normalise {
          method: NORMALISE_METHOD_MIN_MAX
          scale_low { value: "1" }
        }
      }
    }
    nodes {
      id: "people"
      parent: "index"
      points { value: "100" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/people" }
        ratio {
          full_at { value: "5000" }
          zero_at { value: "10" }
          logarithm: true
        }
      }
    }
    groupings { id: "kind" kind: true }
    frozen { node: "income" count: 9 min: "0.1" max: "2e3" }
    rollups {
      level: "levels/county"
      rollup { method: ROLLUP_METHOD_MEAN }
    }
    bands {
      grade: "high"
      lower_bound { value: "80" }
    }
    bands { grade: "low" }
  )pb");
}

v1::NormaliseRule& RuleOf(v1::Scheme& s) { return *LeafOf(s, "income").mutable_normalise(); }

v1::Preparation& PreparationOf(v1::Scheme& s) {
  return *LeafOf(s, "people").mutable_statistic()->mutable_preparation();
}

void Judge(v1::Scheme& s, const std::string& more, const std::string& less,
           const std::string& times) {
  s.mutable_nodes(0)->set_weighting(v1::WEIGHTING_PAIRWISE);
  v1::Judgement& judgement = *s.mutable_nodes(0)->add_judgements();
  judgement.set_more(more);
  judgement.set_less(less);
  judgement.mutable_times()->set_value(times);
}

void AddLine(v1::Scheme& s, const std::string& id) {
  v1::Node& line = *s.add_nodes();
  line.CopyFrom(s.nodes(2));
  line.set_id(id);
  line.mutable_leaf()->mutable_statistic()->set_definition(kRating);
  line.mutable_leaf()->mutable_discretion();
}

void AddPoint(v1::Scheme& s, const std::string& figure, const std::string& points) {
  v1::BreakPoint& point = *RuleOf(s).add_break_points();
  point.mutable_figure()->set_value(figure);
  point.mutable_points()->set_value(points);
}

TEST(SchemeCheckTest, AcceptsAGoodIndex) {
  EXPECT_THAT(Codes(IndexScheme()), IsEmpty());
  v1::Scheme scheme = IndexScheme();
  Judge(scheme, "people", "income", "3");
  EXPECT_THAT(Codes(scheme), IsEmpty());
}

// What means nothing where it stands is not looked at, neither here nor when it is compiled.
TEST(SchemeCheckTest, WhatMeansNothingDoesNoHarm) {
  v1::Scheme scheme = IndexScheme();
  Judge(scheme, "nobody", "knows", "9");
  scheme.mutable_nodes(0)->set_combination(v1::COMBINATION_MEDIAN);
  scheme.mutable_nodes(1)->set_combination(v1::COMBINATION_GEOMETRIC);
  scheme.mutable_nodes(1)->set_weighting(v1::WEIGHTING_PAIRWISE);
  scheme.mutable_nodes(2)->mutable_weight()->set_value("3");
  scheme.mutable_bands(0)->mutable_share()->set_value("1000000000");
  EXPECT_THAT(Codes(scheme), IsEmpty());
  EXPECT_NE(Compile(scheme), nullptr);
  scheme.mutable_nodes(0)->set_combination(v1::COMBINATION_GEOMETRIC);
  scheme.mutable_nodes(0)->set_weighting(v1::WEIGHTING_FIXED);
  scheme.mutable_nodes(1)->mutable_weight()->set_value("97");
  EXPECT_THAT(Codes(scheme), IsEmpty());
  const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme);
  EXPECT_EQ(compiled->engine.nodes[1].weight, Fixed::FromInteger(97));
  EXPECT_EQ(compiled->engine.nodes[0].weighting, engine::Weighting::kFixed);
}

TEST(SchemeCheckTest, WeightsAreSettledWhenCompiled) {
  v1::Scheme scheme = IndexScheme();
  Judge(scheme, "people", "income", "3");
  const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme);
  EXPECT_EQ(compiled->engine.nodes[1].weight, Fixed::FromUnits(kFixedUnitsPerOne / 4));
  EXPECT_EQ(compiled->engine.nodes[2].weight, Fixed::FromUnits(kFixedUnitsPerOne * 3 / 4));
  ASSERT_EQ(compiled->leaves[0].frozen.count(""), 1);
  EXPECT_EQ(compiled->leaves[0].frozen.at("").parameters.min, 0.1);
  EXPECT_EQ(compiled->leaves[0].frozen.at("").parameters.max, 2000);
  const auto& rule = std::get<engine::NormaliseRule>(compiled->engine.leaves[0].rule);
  EXPECT_EQ(rule.scale_low, 1);
  EXPECT_EQ(rule.scale_high, 100);
}

// What looks at other units is for tables only.
TEST(SchemeCheckTest, TablesMayLookAtOtherUnits) {
  v1::Scheme scheme = IndexScheme();
  scheme.clear_frozen();
  scheme.mutable_nodes(0)->set_combination(v1::COMBINATION_COPELAND);
  scheme.mutable_nodes(0)->set_weighting(v1::WEIGHTING_ENTROPY);
  RuleOf(scheme).set_method(v1::NORMALISE_METHOD_RANK);
  RuleOf(scheme).set_peers_min(5);
  v1::Preparation& preparation = PreparationOf(scheme);
  preparation.mutable_growth()->set_method(v1::GROWTH_METHOD_OF_SIBLINGS);
  preparation.mutable_imputation()->set_method(v1::IMPUTATION_METHOD_MEAN);
  preparation.mutable_treatment()->set_method(v1::TREATMENT_METHOD_WINSORISE);
  scheme.mutable_banding()->set_method(v1::BAND_METHOD_NATURAL_BREAKS);
  scheme.mutable_ranking()->set_ties(v1::TIES_FRACTIONAL);
  EXPECT_THAT(Codes(scheme, SchemeUse::kTable), IsEmpty());
  EXPECT_THAT(Codes(scheme),
              ::testing::UnorderedElementsAreArray(std::vector<std::string>(2, "NOT_LIVE")));
}

class IndexIssueTest : public ::testing::TestWithParam<Case> {};

TEST_P(IndexIssueTest, IsFound) {
  v1::Scheme scheme = IndexScheme();
  GetParam().change(scheme);
  EXPECT_THAT(Codes(scheme), ::testing::UnorderedElementsAreArray(GetParam().codes))
      << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    Indicators, IndexIssueTest,
    ::testing::Values(
        Case{"peers that are not frozen", [](v1::Scheme& s) { s.clear_frozen(); },
             {"PEERS_NOT_FROZEN"}},
        Case{"peers within groups",
             [](v1::Scheme& s) {
               RuleOf(s).set_peers(v1::PEERS_GROUP);
               RuleOf(s).set_grouping("kind");
               s.mutable_frozen(0)->set_peers("school");
             },
             {}},
        Case{"groups of no grouping", [](v1::Scheme& s) { RuleOf(s).set_grouping("region"); },
             {"UNKNOWN_GROUPING"}},
        Case{"peers of a group that is not named",
             [](v1::Scheme& s) { RuleOf(s).set_peers(v1::PEERS_GROUP); },
             {"UNKNOWN_GROUPING", "INVALID_FROZEN"}},
        Case{"no method",
             [](v1::Scheme& s) { RuleOf(s).set_method(v1::NORMALISE_METHOD_UNSPECIFIED); },
             {"NO_METHOD"}},
        Case{"no target",
             [](v1::Scheme& s) { RuleOf(s).set_method(v1::NORMALISE_METHOD_ABOVE_BELOW_MEAN); },
             {"NUMBER_MISSING"}},
        Case{"an ideal range upside down",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_INTERVAL);
               RuleOf(s).mutable_ideal_low()->set_value("5");
               RuleOf(s).mutable_ideal_high()->set_value("4");
             },
             {"RANGE_REVERSED"}},
        Case{"a reach of nothing",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_IDEAL);
               RuleOf(s).mutable_target()->set_value("5");
               RuleOf(s).mutable_reach()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"no reference unit",
             [](v1::Scheme& s) { RuleOf(s).set_method(v1::NORMALISE_METHOD_REFERENCE_UNIT); },
             {"INVALID_NAME", "INVALID_FROZEN"}},
        Case{"a scale without end",
             [](v1::Scheme& s) { RuleOf(s).mutable_scale_high()->set_value("1000000"); },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"a line of one point",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PIECEWISE);
               AddPoint(s, "1", "90");
             },
             {"NO_BREAK_POINTS"}},
        Case{"a line that goes back",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PIECEWISE);
               AddPoint(s, "1", "1");
               AddPoint(s, "1", "90");
             },
             {"BREAK_POINTS_NOT_RISING"}},
        Case{"a line that earns less for more",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PIECEWISE);
               AddPoint(s, "1", "90");
               AddPoint(s, "2", "1");
             },
             {"NOT_MONOTONE"}},
        Case{"the last place earns most, among any number",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_RANK_TABLE);
               AddPoint(s, "1", "1");
               AddPoint(s, "2", "90");
             },
             {"NOT_MONOTONE", "PEERS_TOO_FEW", "INVALID_FROZEN"}},
        Case{"few peers for a percentile",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PERCENTILE);
               RuleOf(s).set_peers_min(4);
             },
             {"PEERS_TOO_FEW", "INVALID_FROZEN"}},
        Case{"a normalised count",
             [](v1::Scheme& s) { LeafOf(s, "income").mutable_measures()->set_list(kList); }, {}},
        Case{"a judge's points that are normalised",
             [](v1::Scheme& s) { LeafOf(s, "income").mutable_review(); },
             {"RULE_NOT_FOR_SOURCE"}},
        Case{"screening beside peers as they are",
             [](v1::Scheme& s) {
               s.clear_frozen();
               s.mutable_min_present()->set_value("0.5");
             },
             {"PEERS_NOT_FROZEN", "NOT_LIVE"}},
        Case{"a treatment that was not frozen",
             [](v1::Scheme& s) {
               v1::StatisticSource& source = *LeafOf(s, "income").mutable_statistic();
               source.mutable_preparation()->mutable_treatment()->set_method(
                   v1::TREATMENT_METHOD_LOG);
             },
             {"INVALID_FROZEN"}},
        Case{"frozen numbers that are none",
             [](v1::Scheme& s) { s.mutable_frozen(0)->set_max("much"); }, {"INVALID_FROZEN"}},
        Case{"frozen numbers without an end",
             [](v1::Scheme& s) { s.mutable_frozen(0)->set_max("inf"); }, {"INVALID_FROZEN"}},
        Case{"frozen twice", [](v1::Scheme& s) { *s.add_frozen() = s.frozen(0); },
             {"INVALID_FROZEN"}},
        Case{"frozen for another rule",
             [](v1::Scheme& s) {
               *s.add_frozen() = s.frozen(0);
               s.mutable_frozen(1)->set_node("people");
             },
             {"INVALID_FROZEN"}},
        Case{"an unknown denominator",
             [](v1::Scheme& s) {
               PreparationOf(s).set_denominator("units/county/statisticDefinitions/none");
             },
             {"UNKNOWN_STATISTIC"}},
        Case{"an unknown loss",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_statistic()->set_loss("loss");
             },
             {"INVALID_NAME"}},
        Case{"growth since no period",
             [](v1::Scheme& s) {
               PreparationOf(s).mutable_growth()->set_base_period("once");
               PreparationOf(s).mutable_growth()->set_base_periods_back(-1);
             },
             {"INVALID_PERIOD", "NUMBER_OUT_OF_RANGE"}},
        Case{"stand-ins from a group that is not named",
             [](v1::Scheme& s) {
               PreparationOf(s).mutable_imputation()->set_method(
                   v1::IMPUTATION_METHOD_GROUP_MEDIAN);
             },
             {"UNKNOWN_GROUPING"}},
        Case{"quantiles upside down",
             [](v1::Scheme& s) {
               PreparationOf(s).mutable_treatment()->mutable_lower_quantile()->set_value("0.9");
               PreparationOf(s).mutable_treatment()->mutable_upper_quantile()->set_value("0.1");
             },
             {"RANGE_REVERSED"}},
        Case{"the logarithm of 0",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_ratio()->mutable_zero_at()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"a logarithm without an end",
             [](v1::Scheme& s) { LeafOf(s, "people").mutable_ratio()->clear_zero_at(); },
             {"NUMBER_MISSING"}},
        Case{"the logarithm of a count",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_measures()->set_list(kList);
               LeafOf(s, "people").mutable_ratio()->mutable_full_at()->set_value("1");
             },
             {"RULE_NOT_FOR_SOURCE"}},
        Case{"one figure twice",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_statistic()->set_definition(kIncome);
             },
             {"STATISTIC_COUNTED_TWICE"}}));

INSTANTIATE_TEST_SUITE_P(
    Combinations, IndexIssueTest,
    ::testing::Values(
        Case{"a power without an exponent",
             [](v1::Scheme& s) { s.mutable_nodes(0)->set_combination(v1::COMBINATION_POWER); },
             {"NUMBER_MISSING"}},
        Case{"an exponent of 0",
             [](v1::Scheme& s) { s.mutable_nodes(0)->mutable_exponent()->set_value("0"); },
             {"EXPONENT_ZERO"}},
        Case{"a weight below 0",
             [](v1::Scheme& s) { s.mutable_nodes(1)->mutable_weight()->set_value("-1"); },
             {"NUMBER_OUT_OF_RANGE", "WEIGHTS_DO_NOT_ADD_UP"}},
        Case{"more than all children",
             [](v1::Scheme& s) { s.mutable_nodes(0)->mutable_min_present()->set_value("1.5"); },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"more than all leaves",
             [](v1::Scheme& s) { s.mutable_min_present()->set_value("1.5"); },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"weights that make no whole",
             [](v1::Scheme& s) {
               s.mutable_nodes(1)->mutable_weight()->set_value("0.3");
               s.mutable_nodes(2)->mutable_weight()->set_value("0.6");
             },
             {"WEIGHTS_DO_NOT_ADD_UP"}},
        Case{"a line that weighs nothing",
             [](v1::Scheme& s) {
               s.mutable_nodes(1)->mutable_weight()->set_value("0");
               s.mutable_nodes(2)->mutable_weight()->set_value("1");
             },
             {"WEIGHT_ZERO"}},
        Case{"no line that weighs anything",
             [](v1::Scheme& s) {
               s.mutable_nodes(1)->mutable_weight()->set_value("0");
               s.mutable_nodes(2)->mutable_weight()->set_value("0");
             },
             {"WEIGHT_ZERO", "WEIGHT_ZERO", "WEIGHTS_ALL_ZERO"}},
        Case{"a pair that nobody has judged",
             [](v1::Scheme& s) {
               AddLine(s, "rating");
               Judge(s, "people", "income", "3");
               Judge(s, "rating", "income", "3");
             },
             {"JUDGEMENT_MISSING"}},
        Case{"judgements that contradict each other",
             [](v1::Scheme& s) {
               AddLine(s, "rating");
               Judge(s, "people", "income", "3");
               Judge(s, "income", "rating", "3");
               Judge(s, "rating", "people", "3");
             },
             {"JUDGEMENTS_INCONSISTENT"}},
        Case{"a stranger judged",
             [](v1::Scheme& s) {
               Judge(s, "people", "income", "3");
               Judge(s, "index", "people", "3");
             },
             {"UNKNOWN_CHILD"}},
        Case{"a pair judged twice",
             [](v1::Scheme& s) {
               Judge(s, "people", "income", "3");
               Judge(s, "income", "people", "2");
             },
             {"JUDGED_TWICE"}},
        Case{"ten times as important",
             [](v1::Scheme& s) { Judge(s, "people", "income", "10"); },
             {"NUMBER_OUT_OF_RANGE"}},
        Case{"points that are added up but do not make the node's",
             [](v1::Scheme& s) { s.mutable_nodes(0)->clear_combination(); },
             {"POINTS_DO_NOT_ADD_UP"}},
        Case{"a penalty with points",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_penalty()->mutable_each()->set_value("1");
             },
             {"POINTS_NOT_ZERO"}},
        Case{"a penalty of nothing",
             [](v1::Scheme& s) {
               s.mutable_nodes(2)->clear_points();
               LeafOf(s, "people").mutable_penalty()->mutable_each()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}}));

INSTANTIATE_TEST_SUITE_P(
    Standing, IndexIssueTest,
    ::testing::Values(
        Case{"a grouping by nothing",
             [](v1::Scheme& s) { s.mutable_groupings(0)->clear_by(); },
             {"NO_GROUPS"}},
        Case{"a grouping twice",
             [](v1::Scheme& s) { *s.add_groupings() = s.groupings(0); },
             {"DUPLICATE_GROUPING"}},
        Case{"a grouping by an unknown figure",
             [](v1::Scheme& s) { s.mutable_groupings(0)->set_statistic("region"); },
             {"INVALID_NAME"}},
        Case{"places within no grouping",
             [](v1::Scheme& s) { s.mutable_ranking()->set_grouping("region"); },
             {"UNKNOWN_GROUPING"}},
        Case{"ties broken by nobody",
             [](v1::Scheme& s) { s.mutable_ranking()->add_tie_breakers("wealth"); },
             {"UNKNOWN_NODE"}},
        Case{"shares that make no whole, within groups of any size",
             [](v1::Scheme& s) {
               s.mutable_banding()->set_method(v1::BAND_METHOD_SHARE);
               s.mutable_banding()->set_grouping("kind");
               s.mutable_bands(0)->mutable_share()->set_value("0.4");
               s.mutable_bands(1)->mutable_share()->set_value("0.5");
             },
             {"SHARES_DO_NOT_ADD_UP", "PEERS_TOO_FEW"}},
        Case{"a share left out",
             [](v1::Scheme& s) {
               s.mutable_banding()->set_method(v1::BAND_METHOD_SHARE);
               s.mutable_bands(0)->mutable_share()->set_value("1");
             },
             {"NUMBER_MISSING"}},
        Case{"a veto at an unknown grade",
             [](v1::Scheme& s) {
               s.mutable_nodes(2)->clear_points();
               LeafOf(s, "people").mutable_veto()->set_effect(v1::VETO_EFFECT_MAX_GRADE);
               LeafOf(s, "people").mutable_veto()->set_max_grade("middle");
             },
             {"UNKNOWN_GRADE"}},
        Case{"a veto at the best grade",
             [](v1::Scheme& s) {
               s.mutable_nodes(2)->clear_points();
               LeafOf(s, "people").mutable_veto()->set_effect(v1::VETO_EFFECT_MAX_GRADE);
               LeafOf(s, "people").mutable_veto()->set_max_grade("high");
             },
             {"VETO_WITHOUT_EFFECT"}}));

TEST(SchemeCheckTest, AGateIsForFigures) {
  v1::Scheme scheme = TestScheme();
  LeafOf(scheme, "accident").mutable_veto()->mutable_below()->set_value("3");
  EXPECT_THAT(Codes(scheme), ElementsAre("RULE_NOT_FOR_SOURCE"));
}

TEST(SchemeCheckTest, PointsOfAReviewAreTakenAsTheyAre) {
  v1::Scheme scheme = ReviewScheme();
  EXPECT_THAT(Codes(scheme), ElementsAre());
  LeafOf(scheme, "work").mutable_ratio();
  EXPECT_THAT(Codes(scheme), ElementsAre("RULE_NOT_FOR_SOURCE"));
  LeafOf(scheme, "work").mutable_grade();
  EXPECT_THAT(Codes(scheme), ElementsAre("RULE_NOT_FOR_SOURCE"));
}

TEST(SchemeCheckTest, AGradeThatNobodyCanReach) {
  v1::Scheme scheme = TestScheme();
  scheme.mutable_nodes()->DeleteSubrange(8, 1);  // The bonus would make up for it.
  EXPECT_THAT(Codes(scheme), IsEmpty());
  scheme.mutable_bands(0)->mutable_lower_bound()->set_value("100");
  EXPECT_THAT(Codes(scheme), IsEmpty());
  scheme.mutable_bands(0)->set_exclusive(true);
  EXPECT_THAT(Codes(scheme), ElementsAre("BANDS_UNREACHABLE"));
  // A table whose best grade is worth less than the line.
  scheme = TestScheme();
  scheme.mutable_nodes()->DeleteSubrange(8, 1);
  scheme.mutable_bands(0)->mutable_lower_bound()->set_value("98");
  LeafOf(scheme, "site.grade").mutable_grade()->mutable_grades()->DeleteSubrange(0, 1);
  EXPECT_THAT(Codes(scheme), ElementsAre("BANDS_UNREACHABLE"));
  // What a mean can reach at best.
  scheme = IndexScheme();
  LeafOf(scheme, "income").mutable_discretion();
  LeafOf(scheme, "income").mutable_statistic()->set_definition(kRating);
  scheme.clear_frozen();
  scheme.mutable_bands(0)->mutable_lower_bound()->set_value("100.5");
  EXPECT_THAT(Codes(scheme), ElementsAre("BANDS_UNREACHABLE"));
}

TEST(SchemeCheckTest, BetterGradesEarnMore) {
  v1::Scheme scheme = TestScheme();
  LeafOf(scheme, "site.grade")
      .mutable_grade()
      ->mutable_grades(2)
      ->mutable_points()
      ->set_value("14");
  EXPECT_THAT(Codes(scheme), ElementsAre("NOT_MONOTONE"));
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
  EXPECT_THAT(Codes(scheme), ElementsAre("PAPERWORK_ONLY"));
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
  EXPECT_THAT(Codes(scheme), Contains("TOO_DEEP"));
}

// ---- Whatever is found to be without errors can be compiled.

class Mutator {
 public:
  explicit Mutator(int seed) : random_(seed) {}

  // Sets one field, somewhere, to something.
  void Mutate(google::protobuf::Message* message) {
    const google::protobuf::Descriptor* type = message->GetDescriptor();
    const google::protobuf::Reflection* reflection = message->GetReflection();
    if (type->field_count() == 0) return;
    const google::protobuf::FieldDescriptor* field = type->field(Below(type->field_count()));
    if (type->name() == "Decimal") {
      reflection->SetString(message, field,
                            Pick({"-1", "0", "0.5", "1", "3", "100", "1000000",
                                  "999999999999999999", "-0.000000000001"}));
    } else if (field->is_map()) {
      return;
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        Mutate(reflection->MutableMessage(message, field));
      } else if (const int size = reflection->FieldSize(*message, field); size > 0) {
        Mutate(reflection->MutableRepeatedMessage(message, field, Below(size)));
      }
    } else if (field->is_repeated()) {
      if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
        reflection->AddString(message, field, Name());
      }
    } else {
      SetScalar(message, reflection, field);
    }
  }

 private:
  void SetScalar(google::protobuf::Message* message, const google::protobuf::Reflection* reflection,
                 const google::protobuf::FieldDescriptor* field) {
    using google::protobuf::FieldDescriptor;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnumValue(message, field, Below(field->enum_type()->value_count()));
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, Below(2) == 0);
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(message, field, Below(8) - 1);
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->SetInt64(message, field, Below(8) - 1);
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        if (field->name() != "name" && field->name() != "time_zone") {
          reflection->SetString(message, field, Name());
        }
        return;
      default:
        return;
    }
  }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  std::string Pick(std::vector<std::string> choices) {
    return choices[Below(static_cast<int>(choices.size()))];
  }
  std::string Name() {
    return Pick({"", "kind", "index", "income", "nobody", kIncome, kPeople, "units/county", "2014",
                 "good", "0.25", "levels/county"});
  }

  std::mt19937_64 random_;
};

TEST(SchemeCheckTest, WhatHasNoErrorsCanBeCompiled) {
  int compiled = 0;
  for (int seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    v1::Scheme scheme = seed % 2 == 0 ? IndexScheme() : MixedScheme();
    if (seed % 3 == 0) Judge(scheme, "people", "income", "3");
    Mutator mutator(seed);
    for (int i = 0; i <= seed % 5; ++i) mutator.Mutate(&scheme);
    for (SchemeUse use : {SchemeUse::kLive, SchemeUse::kTable}) {
      if (HasErrors(CheckScheme(scheme, TestDefinition, use))) continue;
      const std::shared_ptr<const CompiledScheme> result = Compile(scheme);
      const std::vector<engine::LeafInput> inputs(result->engine.leaves.size());
      EXPECT_NE(engine::EvaluateSheet(result->engine, inputs).assessment,
                engine::Assessment::kScored);
      ++compiled;
    }
  }
  EXPECT_GT(compiled, 500);
}

}  // namespace
}  // namespace terrace::scoring
