// Issues of leaves that normalise or prepare figures.
#include "services/scoring/schemes/scheme_check_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::IsEmpty;

// What looks at other units is for tables only.
TEST(IndicatorCheckTest, TablesMayLookAtOtherUnits) {
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
  EXPECT_THAT(CodesOf(scheme, SchemeUse::kTable), IsEmpty());
  EXPECT_THAT(CodesOf(scheme), ::testing::ElementsAre("NOT_LIVE"));  // Weights by entropy.
}

INSTANTIATE_TEST_SUITE_P(
    Indicators, IndexIssueTest,
    ::testing::Values(
        IssueCase{"peers that are not frozen", [](v1::Scheme& s) { s.clear_frozen(); },
             {"PEERS_NOT_FROZEN"}},
        IssueCase{"peers within groups",
             [](v1::Scheme& s) {
               RuleOf(s).set_peers(v1::PEERS_GROUP);
               RuleOf(s).set_grouping("kind");
               s.mutable_frozen(0)->set_peers("school");
             },
             {}},
        IssueCase{"groups of no grouping", [](v1::Scheme& s) { RuleOf(s).set_grouping("region"); },
             {"UNKNOWN_GROUPING"}},
        IssueCase{"peers of a group that is not named",
             [](v1::Scheme& s) { RuleOf(s).set_peers(v1::PEERS_GROUP); },
             {"UNKNOWN_GROUPING", "INVALID_FROZEN"}},
        IssueCase{"no method",
             [](v1::Scheme& s) { RuleOf(s).set_method(v1::NORMALISE_METHOD_UNSPECIFIED); },
             {"NO_METHOD"}},
        IssueCase{"no target",
             [](v1::Scheme& s) { RuleOf(s).set_method(v1::NORMALISE_METHOD_ABOVE_BELOW_MEAN); },
             {"NUMBER_MISSING"}},
        IssueCase{"an ideal range upside down",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_INTERVAL);
               RuleOf(s).mutable_ideal_low()->set_value("5");
               RuleOf(s).mutable_ideal_high()->set_value("4");
             },
             {"RANGE_REVERSED"}},
        IssueCase{"a reach of nothing",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_IDEAL);
               RuleOf(s).mutable_target()->set_value("5");
               RuleOf(s).mutable_reach()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"no reference unit",
             [](v1::Scheme& s) { RuleOf(s).set_method(v1::NORMALISE_METHOD_REFERENCE_UNIT); },
             {"INVALID_NAME", "INVALID_FROZEN"}},
        IssueCase{"a scale without end",
             [](v1::Scheme& s) { RuleOf(s).mutable_scale_high()->set_value("1000000"); },
             {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"a line of one point",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PIECEWISE);
               AddPoint(s, "1", "90");
             },
             {"NO_BREAK_POINTS"}},
        IssueCase{"a line that goes back",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PIECEWISE);
               AddPoint(s, "1", "1");
               AddPoint(s, "1", "90");
             },
             {"BREAK_POINTS_NOT_RISING"}},
        IssueCase{"a line that earns less for more",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PIECEWISE);
               AddPoint(s, "1", "90");
               AddPoint(s, "2", "1");
             },
             {"NOT_MONOTONE"}},
        IssueCase{"the last place earns most, among any number",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_RANK_TABLE);
               AddPoint(s, "1", "1");
               AddPoint(s, "2", "90");
             },
             {"NOT_MONOTONE", "PEERS_TOO_FEW", "INVALID_FROZEN"}},
        IssueCase{"few peers for a percentile",
             [](v1::Scheme& s) {
               RuleOf(s).set_method(v1::NORMALISE_METHOD_PERCENTILE);
               RuleOf(s).set_peers_min(4);
             },
             {"PEERS_TOO_FEW", "INVALID_FROZEN"}},
        IssueCase{"a normalised count",
             [](v1::Scheme& s) { LeafOf(s, "income").mutable_measures()->set_list(kList); }, {}},
        IssueCase{"a judge's points that are normalised",
             [](v1::Scheme& s) { LeafOf(s, "income").mutable_review(); },
             {"RULE_NOT_FOR_SOURCE"}},
        IssueCase{"a treatment that was not frozen",
             [](v1::Scheme& s) {
               v1::StatisticSource& source = *LeafOf(s, "income").mutable_statistic();
               source.mutable_preparation()->mutable_treatment()->set_method(
                   v1::TREATMENT_METHOD_LOG);
             },
             {"INVALID_FROZEN"}},
        IssueCase{"frozen numbers that are none",
             [](v1::Scheme& s) { s.mutable_frozen(0)->set_max("much"); }, {"INVALID_FROZEN"}},
        IssueCase{"frozen numbers without an end",
             [](v1::Scheme& s) { s.mutable_frozen(0)->set_max("inf"); }, {"INVALID_FROZEN"}},
        IssueCase{"frozen twice", [](v1::Scheme& s) { *s.add_frozen() = s.frozen(0); },
             {"INVALID_FROZEN"}},
        IssueCase{"frozen for another rule",
             [](v1::Scheme& s) {
               *s.add_frozen() = s.frozen(0);
               s.mutable_frozen(1)->set_node("people");
             },
             {"INVALID_FROZEN"}},
        IssueCase{"an unknown denominator",
             [](v1::Scheme& s) {
               PreparationOf(s).set_denominator("units/county/statisticDefinitions/none");
             },
             {"UNKNOWN_STATISTIC"}},
        IssueCase{"an unknown loss",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_statistic()->set_loss("loss");
             },
             {"INVALID_NAME"}},
        IssueCase{"growth since no period",
             [](v1::Scheme& s) {
               PreparationOf(s).mutable_growth()->set_base_period("once");
               PreparationOf(s).mutable_growth()->set_base_periods_back(-1);
             },
             {"INVALID_PERIOD", "NUMBER_OUT_OF_RANGE"}},
        IssueCase{"stand-ins from a group that is not named",
             [](v1::Scheme& s) {
               PreparationOf(s).mutable_imputation()->set_method(
                   v1::IMPUTATION_METHOD_GROUP_MEDIAN);
             },
             {"UNKNOWN_GROUPING"}},
        IssueCase{"quantiles upside down",
             [](v1::Scheme& s) {
               PreparationOf(s).mutable_treatment()->mutable_lower_quantile()->set_value("0.9");
               PreparationOf(s).mutable_treatment()->mutable_upper_quantile()->set_value("0.1");
             },
             {"RANGE_REVERSED"}},
        IssueCase{"the logarithm of 0",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_ratio()->mutable_zero_at()->set_value("0");
             },
             {"NUMBER_OUT_OF_RANGE"}},
        IssueCase{"a logarithm without an end",
             [](v1::Scheme& s) { LeafOf(s, "people").mutable_ratio()->clear_zero_at(); },
             {"NUMBER_MISSING"}},
        IssueCase{"the logarithm of a count",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_measures()->set_list(kList);
               LeafOf(s, "people").mutable_ratio()->mutable_full_at()->set_value("1");
             },
             {"RULE_NOT_FOR_SOURCE"}},
        IssueCase{"one figure twice",
             [](v1::Scheme& s) {
               LeafOf(s, "people").mutable_statistic()->set_definition(kIncome);
             },
             {"STATISTIC_COUNTED_TWICE"}}));

}  // namespace
}  // namespace terrace::scoring
