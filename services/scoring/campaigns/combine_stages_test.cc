// Combined values of stages, worked out by hand.
#include "services/scoring/campaigns/combine_stages.h"

#include <utility>

#include "gtest/gtest.h"

namespace terrace::scoring {
namespace {

Fixed Milli(int64_t thousandths) { return Fixed::FromUnits(thousandths * 1'000'000'000); }

StagePoints Points(int32_t node, int64_t thousandths) { return {node, false, Milli(thousandths)}; }
StagePoints NotApplicable(int32_t node) { return {node, true, Fixed()}; }

// self, county, city, then spot checks as given.
Combining Rule(StageMixing mixing, const std::vector<SpotCheck>& checks = {}) {
  Combining rule;
  rule.mixing = mixing;
  rule.stages = {{"self", {"Self", "自评"}, SpotCheck::kNone, Milli(200)},
                 {"county", {"County", "县级"}, SpotCheck::kNone, Milli(300)},
                 {"city", {"City", "市级"}, SpotCheck::kNone, Milli(500)}};
  for (SpotCheck check : checks) rule.stages.push_back({"spot", {"Spot", "抽查"}, check, Fixed()});
  return rule;
}

using Values = std::vector<StagePoints>;

// "node=points@stage", not applicable as "-".
std::string Combined(const Combining& rule, const std::vector<std::pair<int, Values>>& stages,
                     const SpotSample& sample = {}) {
  std::vector<StageOver> over;
  for (const auto& [stage, values] : stages) over.push_back({stage, values});
  std::string out;
  for (const CombinedPoints& leaf : CombineStages(rule, over, sample, /*with_sentences=*/false)) {
    out += std::to_string(leaf.node) + "=" + (leaf.not_applicable ? "-" : FormatSum(leaf.points)) +
           "@" + std::to_string(leaf.stage) + " ";
  }
  return out;
}

Sentence Said(const Combining& rule, const std::vector<std::pair<int, Values>>& stages,
              size_t leaf = 0, const SpotSample& sample = {}) {
  std::vector<StageOver> over;
  for (const auto& [stage, values] : stages) over.push_back({stage, values});
  return CombineStages(rule, over, sample, /*with_sentences=*/true)[leaf].arithmetic;
}

TEST(CombineStagesTest, TheLatestStageThatStatesAValueCounts) {
  const Combining rule = Rule(StageMixing::kLatest);
  EXPECT_EQ(Combined(rule, {}), "");
  EXPECT_EQ(Combined(rule, {{0, {Points(2, 8000), Points(1, 5000)}}}), "1=5@0 2=8@0 ");
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 5000), Points(2, 8000)}}, {1, {Points(2, 6500)}}, {2, {}}}),
      "1=5@0 2=6.5@1 ");
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 5000)}}, {1, {NotApplicable(1)}}}), "1=-@1 ");
  EXPECT_EQ(Combined(rule, {{0, {NotApplicable(1)}}, {1, {Points(1, 4000)}}}), "1=4@1 ");
}

TEST(CombineStagesTest, WeightsCountAmongTheStagesThatStateAValue) {
  const Combining rule = Rule(StageMixing::kWeighted);
  // (0.2 * 10 + 0.3 * 8 + 0.5 * 6) / 1 = 7.4
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 10000)}}, {1, {Points(1, 8000)}}, {2, {Points(1, 6000)}}}),
      "1=7.4@-1 ");
  // (0.2 * 10 + 0.5 * 6) / 0.7 = 50 / 7, rounded once.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 10000)}}, {1, {}}, {2, {Points(1, 6000)}}}),
            "1=7.142857142857@-1 ");
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 10000)}}}), "1=10@0 ");
  // "Does not apply" decides when it is the last word, and is no value otherwise.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 10000)}}, {1, {NotApplicable(1)}}}), "1=-@1 ");
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 10000)}}, {1, {NotApplicable(1)}}, {2, {Points(1, 6000)}}}),
      "1=7.142857142857@-1 ");
}

TEST(CombineStagesTest, TheLeastCounts) {
  const Combining rule = Rule(StageMixing::kLeast);
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 5000)}}, {1, {Points(1, 7000)}}, {2, {Points(1, 6000)}}}),
      "1=5@0 ");
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 5000)}}, {1, {Points(1, 5000)}}}), "1=5@0 ");
}

TEST(CombineStagesTest, ASpotCheckReplaces) {
  const Combining rule = Rule(StageMixing::kLatest, {SpotCheck::kReplace});
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 5000), Points(2, 4000)}}, {3, {Points(1, 6000)}}}),
            "1=6@3 2=4@0 ");
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 5000)}}, {3, {NotApplicable(1), Points(2, 1000)}}}),
            "1=-@3 2=1@3 ");
}

TEST(CombineStagesTest, ASpotCheckCaps) {
  const Combining rule = Rule(StageMixing::kLatest, {SpotCheck::kCap});
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 5000), Points(2, 5000), NotApplicable(3), Points(4, 3000)}},
                      {3, {Points(1, 6000), Points(2, 4000), Points(3, 1000), NotApplicable(4)}}}),
      "1=5@0 2=4@3 3=-@0 4=3@0 ");
}

TEST(CombineStagesTest, ASpotCheckExtrapolates) {
  const Combining rule = Rule(StageMixing::kLatest, {SpotCheck::kExtrapolate});
  // Checked 3 + 6 of 4 + 8: three quarters of the rest.
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 4000), Points(2, 8000), Points(3, 10000), NotApplicable(4)}},
                      {3, {Points(1, 3000), Points(2, 6000)}}}),
      "1=3@3 2=6@3 3=7.5@-1 4=-@0 ");
  // At most 1: nobody gains by what was not looked at.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 4000), Points(3, 10000)}}, {3, {Points(1, 5000)}}}),
            "1=5@3 3=10@0 ");
  // Nothing reviewed, no share.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 0), Points(3, 10000)}}, {3, {Points(1, 0)}}}),
            "1=0@3 3=10@0 ");
  // 10 * 1 / 3, rounded once.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 3000), Points(3, 10000)}}, {3, {Points(1, 1000)}}}),
            "1=1@3 3=3.333333333333@-1 ");
}

// "found of before in units".
std::string Sampled(const Combining& rule,
                    const std::vector<std::vector<std::pair<int, Values>>>& sheets) {
  SpotSample sample;
  for (const auto& sheet : sheets) {
    std::vector<StageOver> over;
    for (const auto& [stage, values] : sheet) over.push_back({stage, values});
    AddToSample(rule, over, &sample);
  }
  return FormatSum(sample.found) + " of " + FormatSum(sample.before) + " in " +
         std::to_string(sample.units);
}

TEST(CombineStagesTest, ASampleIsWhatWasLookedAt) {
  const Combining rule = Rule(StageMixing::kLatest, {SpotCheck::kExtrapolateToParent});
  EXPECT_EQ(Sampled(rule, {}), "0 of 0 in 0");
  // What the stages before come to, where both give points.
  EXPECT_EQ(Sampled(rule, {{{0, {Points(1, 9000), Points(2, 5000)}},
                            {1, {Points(1, 8000), NotApplicable(3)}},
                            {3, {Points(1, 6000), Points(3, 1000), Points(4, 2000)}}}}),
            "6 of 8 in 1");
  EXPECT_EQ(Sampled(rule, {{{0, {Points(1, 9000)}}, {3, {Points(1, 6000)}}},
                           {{0, {Points(1, 3000), Points(2, 8000)}}, {3, {Points(2, 4000)}}},
                           {{0, {Points(1, 7000)}}},
                           {{0, {Points(1, 7000)}}, {3, {NotApplicable(1)}}}}),
            "10 of 17 in 2");
  // A spot check before it belongs to what it found.
  const Combining two =
      Rule(StageMixing::kLatest, {SpotCheck::kReplace, SpotCheck::kExtrapolateToParent});
  EXPECT_EQ(
      Sampled(two, {{{0, {Points(1, 9000)}}, {3, {Points(1, 8000)}}, {4, {Points(1, 2000)}}}}),
      "2 of 8 in 1");
  EXPECT_EQ(Sampled(Rule(StageMixing::kLatest, {SpotCheck::kExtrapolate}),
                    {{{0, {Points(1, 9000)}}, {3, {Points(1, 6000)}}}}),
            "0 of 0 in 0");
}

TEST(CombineStagesTest, WhatASampleFoundCountsForTheOthers) {
  const Combining rule = Rule(StageMixing::kLatest, {SpotCheck::kExtrapolateToParent});
  const SpotSample sample = {2, Milli(10000), Milli(17000)};
  // 8.5 * 10 / 17 = 5, 4 * 10 / 17 rounded once.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 8500), Points(2, 4000), NotApplicable(3)}}}, sample),
            "1=5@-1 2=2.352941176471@-1 3=-@0 ");
  // Whoever was looked at keeps what was found, and the leaves that nobody looked at.
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 8500), Points(2, 4000)}}, {3, {Points(1, 6000)}}}, sample),
      "1=6@3 2=4@0 ");
  // Looked at, but nothing was stated.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 8500)}}, {3, {}}}, sample), "1=5@-1 ");
  // Nobody gains by others.
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 8500)}}}, {2, Milli(18000), Milli(17000)}), "1=8.5@0 ");
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 8500)}}}), "1=8.5@0 ");
  // In the order of the stages.
  const Combining three =
      Rule(StageMixing::kLatest,
           {SpotCheck::kReplace, SpotCheck::kExtrapolateToParent, SpotCheck::kCap});
  EXPECT_EQ(Combined(three,
                     {{0, {Points(1, 8500), Points(2, 5100)}},
                      {3, {Points(1, 3400)}},
                      {5, {Points(1, 1000), Points(2, 9000)}}},
                     sample),
            "1=1@5 2=3@-1 ");
  const Sentence said = Said(rule, {{0, {Points(1, 8500)}}}, 0, sample);
  EXPECT_EQ(said.en,
            "Self: 8.5 points. Spot looked at 2 of the units beside and left 10 of 17 points there:"
            " 8.5 * 10 / 17 = 5 points.");
  EXPECT_EQ(said.zh,
            "自评：8.5 分。抽查所查同级 2 个单位，17 分核为 10 分：8.5 × 10 ÷ 17 = 5 分。");
}

TEST(CombineStagesTest, SpotChecksFollowEachOther) {
  const Combining rule = Rule(StageMixing::kLeast, {SpotCheck::kExtrapolate, SpotCheck::kCap});
  EXPECT_EQ(Combined(rule, {{0, {Points(1, 4000), Points(2, 8000)}},
                            {3, {Points(1, 2000)}},
                            {4, {Points(1, 3000), Points(2, 1000)}}}),
            "1=2@3 2=1@4 ");
}

// Points that are taken off are judged the other way round.
TEST(CombineStagesTest, TheStricterStageCountsOfAPenalty) {
  Combining least = Rule(StageMixing::kLeast);
  least.penalties = {2};
  EXPECT_EQ(Combined(least, {{0, {Points(1, 5000), Points(2, 1000)}},
                             {1, {Points(1, 4000), Points(2, 3000)}},
                             {2, {Points(1, 6000), Points(2, 2000)}}}),
            "1=4@1 2=3@1 ");
  EXPECT_EQ(Said(least, {{0, {Points(2, 1000)}}, {1, {Points(2, 3000)}}}).en,
            "The most of Self 1, County 3: 3 points.");
  Combining cap = Rule(StageMixing::kLatest, {SpotCheck::kCap});
  cap.penalties = {1, 2};
  EXPECT_EQ(Combined(cap, {{0, {Points(1, 5000), Points(2, 5000)}},
                           {3, {Points(1, 6000), Points(2, 4000)}}}),
            "1=6@3 2=5@0 ");
  EXPECT_EQ(Said(cap, {{0, {Points(1, 5000)}}, {3, {Points(1, 6000)}}}).en,
            "Self: 5 points. Spot is higher and counts: 6 points.");
}

TEST(CombineStagesTest, PenaltiesAreNoPartOfExtrapolation) {
  Combining rule = Rule(StageMixing::kLatest, {SpotCheck::kExtrapolate});
  rule.penalties = {2, 4};
  // 3 of 4 points stood; what was taken off as well says nothing of that, and stays.
  EXPECT_EQ(
      Combined(rule, {{0, {Points(1, 4000), Points(2, 1000), Points(3, 8000), Points(4, 2000)}},
                      {3, {Points(1, 3000), Points(2, 9000)}}}),
      "1=3@3 2=9@3 3=6@-1 4=2@0 ");
  Combining carried = Rule(StageMixing::kLatest, {SpotCheck::kExtrapolateToParent});
  carried.penalties = {2};
  EXPECT_EQ(Sampled(carried, {{{0, {Points(1, 8000), Points(2, 1000)}},
                               {3, {Points(1, 6000), Points(2, 5000)}}}}),
            "6 of 8 in 1");
  EXPECT_EQ(
      Combined(carried, {{0, {Points(1, 8000), Points(2, 1000)}}}, {1, Milli(6000), Milli(8000)}),
      "1=6@-1 2=1@0 ");
}

TEST(CombineStagesTest, TheSentencesDoTheArithmetic) {
  const std::vector<std::pair<int, Values>> two = {{0, {Points(1, 10000)}}, {2, {Points(1, 6000)}}};
  Sentence said = Said(Rule(StageMixing::kLatest), two);
  EXPECT_EQ(said.en, "City: 6 points.");
  EXPECT_EQ(said.zh, "市级：6 分。");
  said = Said(Rule(StageMixing::kWeighted), two);
  EXPECT_EQ(said.en, "Mean of Self 10 (weight 0.2), City 6 (weight 0.5): 7.142857142857 points.");
  EXPECT_EQ(said.zh, "自评 10 分（权重 0.2）、市级 6 分（权重 0.5），加权平均 7.142857142857 分。");
  said = Said(Rule(StageMixing::kLeast), two);
  EXPECT_EQ(said.en, "The least of Self 10, City 6: 6 points.");
  EXPECT_EQ(said.zh, "自评 10 分、市级 6 分，取最低 6 分。");

  const Combining cap = Rule(StageMixing::kLatest, {SpotCheck::kCap});
  said = Said(cap, {{0, {Points(1, 5000)}}, {3, {Points(1, 4000)}}});
  EXPECT_EQ(said.en, "Self: 5 points. Spot is lower and counts: 4 points.");
  EXPECT_EQ(said.zh, "自评：5 分。抽查较低，按 4 分计。");
  EXPECT_EQ(Said(cap, {{0, {Points(1, 5000)}}, {3, {Points(1, 6000)}}}).en,
            "Self: 5 points. Spot gives 6, which is not lower.");
  const Combining extrapolate = Rule(StageMixing::kLatest, {SpotCheck::kExtrapolate});
  said = Said(extrapolate, {{0, {Points(1, 4000), Points(3, 10000)}}, {3, {Points(1, 3000)}}}, 1);
  EXPECT_EQ(said.en,
            "Self: 10 points. Spot left 3 of 4 points where it looked: 10 * 3 / 4 = 7.5 points.");
  EXPECT_EQ(said.zh, "自评：10 分。抽查所查部分 4 分核为 3 分：10 × 3 ÷ 4 = 7.5 分。");
  EXPECT_EQ(Said(Rule(StageMixing::kLatest), {{1, {NotApplicable(1)}}}).en,
            "County: does not apply.");
}

}  // namespace
}  // namespace terrace::scoring
