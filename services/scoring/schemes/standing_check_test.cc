// Issues of places and grades.
#include "services/scoring/schemes/scheme_check_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(
    Standing, IndexIssueTest,
    ::testing::Values(
        IssueCase{"a grouping by nothing",
                  [](v1::Scheme& s) { s.mutable_groupings(0)->clear_by(); },
                  {"NO_GROUPS"}},
        IssueCase{"a grouping twice",
                  [](v1::Scheme& s) { *s.add_groupings() = s.groupings(0); },
                  {"DUPLICATE_GROUPING"}},
        IssueCase{"a grouping by an unknown figure",
                  [](v1::Scheme& s) { s.mutable_groupings(0)->set_statistic("region"); },
                  {"INVALID_NAME"}},
        IssueCase{"places within no grouping",
                  [](v1::Scheme& s) { s.mutable_ranking()->set_grouping("region"); },
                  {"UNKNOWN_GROUPING"}},
        IssueCase{"ties broken by nobody",
                  [](v1::Scheme& s) { s.mutable_ranking()->add_tie_breakers("wealth"); },
                  {"UNKNOWN_NODE"}},
        IssueCase{"shares that make no whole, within groups of any size",
                  [](v1::Scheme& s) {
                    s.mutable_banding()->set_method(v1::BAND_METHOD_SHARE);
                    s.mutable_banding()->set_grouping("kind");
                    s.mutable_bands(0)->mutable_share()->set_value("0.4");
                    s.mutable_bands(1)->mutable_share()->set_value("0.5");
                  },
                  {"SHARES_DO_NOT_ADD_UP", "PEERS_TOO_FEW"}},
        IssueCase{"a share left out",
                  [](v1::Scheme& s) {
                    s.mutable_banding()->set_method(v1::BAND_METHOD_SHARE);
                    s.mutable_bands(0)->mutable_share()->set_value("1");
                  },
                  {"NUMBER_MISSING"}},
        IssueCase{"a veto at an unknown grade",
                  [](v1::Scheme& s) {
                    s.mutable_nodes(2)->clear_points();
                    LeafOf(s, "people").mutable_veto()->set_effect(v1::VETO_EFFECT_MAX_GRADE);
                    LeafOf(s, "people").mutable_veto()->set_max_grade("middle");
                  },
                  {"UNKNOWN_GRADE"}},
        IssueCase{"a veto at the best grade",
                  [](v1::Scheme& s) {
                    s.mutable_nodes(2)->clear_points();
                    LeafOf(s, "people").mutable_veto()->set_effect(v1::VETO_EFFECT_MAX_GRADE);
                    LeafOf(s, "people").mutable_veto()->set_max_grade("high");
                  },
                  {"VETO_WITHOUT_EFFECT"}}));

TEST(StandingCheckTest, AGradeThatNobodyCanReach) {
  v1::Scheme scheme = TestScheme();
  scheme.mutable_nodes()->DeleteSubrange(8, 1);  // The bonus would make up for it.
  EXPECT_THAT(CodesOf(scheme), IsEmpty());
  scheme.mutable_bands(0)->mutable_lower_bound()->set_value("100");
  EXPECT_THAT(CodesOf(scheme), IsEmpty());
  scheme.mutable_bands(0)->set_exclusive(true);
  EXPECT_THAT(CodesOf(scheme), ElementsAre("BANDS_UNREACHABLE"));
  // A table whose best grade is worth less than the line.
  scheme = TestScheme();
  scheme.mutable_nodes()->DeleteSubrange(8, 1);
  scheme.mutable_bands(0)->mutable_lower_bound()->set_value("98");
  LeafOf(scheme, "site.grade").mutable_grade()->mutable_grades()->DeleteSubrange(0, 1);
  EXPECT_THAT(CodesOf(scheme), ElementsAre("BANDS_UNREACHABLE"));
  // What a mean can reach at best.
  scheme = IndexScheme();
  LeafOf(scheme, "income").mutable_discretion();
  LeafOf(scheme, "income").mutable_statistic()->set_definition(kRating);
  scheme.clear_frozen();
  scheme.mutable_bands(0)->mutable_lower_bound()->set_value("100.5");
  EXPECT_THAT(CodesOf(scheme), ElementsAre("BANDS_UNREACHABLE"));
}

}  // namespace
}  // namespace terrace::scoring
