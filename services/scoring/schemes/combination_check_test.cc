// Issues of nodes that combine and weigh their children.
#include <memory>

#include "services/scoring/schemes/compile.h"
#include "services/scoring/schemes/scheme_check_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::IsEmpty;

TEST(CombinationCheckTest, AcceptsAGoodIndex) {
  EXPECT_THAT(CodesOf(IndexScheme()), IsEmpty());
  v1::Scheme scheme = IndexScheme();
  JudgePair(scheme, "people", "income", "3");
  EXPECT_THAT(CodesOf(scheme), IsEmpty());
}

// What means nothing where it stands is not looked at, neither here nor when it is compiled.
TEST(CombinationCheckTest, WhatMeansNothingDoesNoHarm) {
  v1::Scheme scheme = IndexScheme();
  JudgePair(scheme, "nobody", "knows", "9");
  scheme.mutable_nodes(0)->set_combination(v1::COMBINATION_MEDIAN);
  scheme.mutable_nodes(1)->set_combination(v1::COMBINATION_GEOMETRIC);
  scheme.mutable_nodes(1)->set_weighting(v1::WEIGHTING_PAIRWISE);
  scheme.mutable_nodes(2)->mutable_weight()->set_value("3");
  scheme.mutable_bands(0)->mutable_share()->set_value("1000000000");
  EXPECT_THAT(CodesOf(scheme), IsEmpty());
  EXPECT_NE(Compile(scheme), nullptr);
  scheme.mutable_nodes(0)->set_combination(v1::COMBINATION_GEOMETRIC);
  scheme.mutable_nodes(0)->set_weighting(v1::WEIGHTING_FIXED);
  scheme.mutable_nodes(1)->mutable_weight()->set_value("97");
  EXPECT_THAT(CodesOf(scheme), IsEmpty());
  const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme);
  EXPECT_EQ(compiled->engine.nodes[1].weight, Fixed::FromInteger(97));
  EXPECT_EQ(compiled->engine.nodes[0].weighting, engine::Weighting::kFixed);
}

TEST(CombinationCheckTest, WeightsAreSettledWhenCompiled) {
  v1::Scheme scheme = IndexScheme();
  JudgePair(scheme, "people", "income", "3");
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

INSTANTIATE_TEST_SUITE_P(
    Combinations, IndexIssueTest,
    ::testing::Values(
        IssueCase{"a power without an exponent",
                  [](v1::Scheme& s) { s.mutable_nodes(0)->set_combination(v1::COMBINATION_POWER); },
                  {"NUMBER_MISSING"}},
        IssueCase{"an exponent of 0",
                  [](v1::Scheme& s) { s.mutable_nodes(0)->mutable_exponent()->set_value("0"); },
                  {"EXPONENT_ZERO"}},
        IssueCase{"a weight below 0",
                  [](v1::Scheme& s) { s.mutable_nodes(1)->mutable_weight()->set_value("-1"); },
                  {"NUMBER_OUT_OF_RANGE", "WEIGHTS_DO_NOT_ADD_UP"}},
        IssueCase{
            "more than all children",
            [](v1::Scheme& s) { s.mutable_nodes(0)->mutable_min_present()->set_value("1.5"); },
            {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"more than all leaves",
                  [](v1::Scheme& s) { s.mutable_min_present()->set_value("1.5"); },
                  {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"weights that make no whole",
                  [](v1::Scheme& s) {
                    s.mutable_nodes(1)->mutable_weight()->set_value("0.3");
                    s.mutable_nodes(2)->mutable_weight()->set_value("0.6");
                  },
                  {"WEIGHTS_DO_NOT_ADD_UP"}},
        IssueCase{"a line that weighs nothing",
                  [](v1::Scheme& s) {
                    s.mutable_nodes(1)->mutable_weight()->set_value("0");
                    s.mutable_nodes(2)->mutable_weight()->set_value("1");
                  },
                  {"WEIGHT_ZERO"}},
        IssueCase{"no line that weighs anything",
                  [](v1::Scheme& s) {
                    s.mutable_nodes(1)->mutable_weight()->set_value("0");
                    s.mutable_nodes(2)->mutable_weight()->set_value("0");
                  },
                  {"WEIGHT_ZERO", "WEIGHT_ZERO", "WEIGHTS_ALL_ZERO"}},
        IssueCase{"a pair that nobody has judged",
                  [](v1::Scheme& s) {
                    AddLine(s, "rating");
                    JudgePair(s, "people", "income", "3");
                    JudgePair(s, "rating", "income", "3");
                  },
                  {"JUDGEMENT_MISSING"}},
        IssueCase{"judgements that contradict each other",
                  [](v1::Scheme& s) {
                    AddLine(s, "rating");
                    JudgePair(s, "people", "income", "3");
                    JudgePair(s, "income", "rating", "3");
                    JudgePair(s, "rating", "people", "3");
                  },
                  {"JUDGEMENTS_INCONSISTENT"}},
        IssueCase{"a stranger judged",
                  [](v1::Scheme& s) {
                    JudgePair(s, "people", "income", "3");
                    JudgePair(s, "index", "people", "3");
                  },
                  {"UNKNOWN_CHILD"}},
        IssueCase{"a pair judged twice",
                  [](v1::Scheme& s) {
                    JudgePair(s, "people", "income", "3");
                    JudgePair(s, "income", "people", "2");
                  },
                  {"JUDGED_TWICE"}},
        IssueCase{"ten times as important",
                  [](v1::Scheme& s) { JudgePair(s, "people", "income", "10"); },
                  {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"points that are added up but do not make the node's",
                  [](v1::Scheme& s) { s.mutable_nodes(0)->clear_combination(); },
                  {"POINTS_DO_NOT_ADD_UP"}},
        IssueCase{"a penalty with points",
                  [](v1::Scheme& s) {
                    LeafOf(s, "people").mutable_penalty()->mutable_each()->set_value("1");
                  },
                  {"POINTS_NOT_ZERO"}},
        IssueCase{"a penalty of nothing",
                  [](v1::Scheme& s) {
                    s.mutable_nodes(2)->clear_points();
                    LeafOf(s, "people").mutable_penalty()->mutable_each()->set_value("0");
                  },
                  {"NUMBER_OUT_OF_RANGE"}}));

}  // namespace
}  // namespace terrace::scoring
