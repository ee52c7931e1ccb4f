#include "services/scoring/eligibility/level_rule.h"

#include "common/base/check.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;

// A rule with everything in it.
registry::v1::LevelRule FullRule() {
  registry::v1::LevelRule rule;
  TERRACE_CHECK(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        level: "levels/county"
        threshold { value: "90" }
        required_level: "levels/township"
        score_rule { scheme: "units/county/schemes/quality" periods_back_max: 1 }
      )pb",
      &rule));
  return rule;
}

// Who fulfils it.
Candidate Good() {
  Candidate candidate;
  candidate.day = absl::CivilDay(2016, 6, 1);
  candidate.enrolled = true;
  candidate.title = "model";
  candidate.title_given = true;
  candidate.required_title = "units/a1/designations/lower";
  candidate.oldest_period = "2015";
  candidate.newest_period = "2016";
  ScoreFound score;
  score.period = "2015";
  score.scheme = "units/county/schemes/quality@1";
  score.publication = "units/county/publications/round";
  score.assessment = v1::ASSESSMENT_SCORED;
  score.value = *Decimal::Parse("90", "");
  candidate.score = score;
  return candidate;
}

v1::Eligibility Applied(const registry::v1::LevelRule& rule, const Candidate& candidate) {
  v1::Eligibility answer;
  answer.set_programme("units/county/programmes/model");
  ApplyRule(rule, candidate, &answer);
  return answer;
}

// Such as "SCORE FAILED", without those that passed unless `all`.
std::vector<std::string> Outcomes(const v1::Eligibility& answer, bool all = false) {
  std::vector<std::string> outcomes;
  for (const v1::EligibilityCheck& check : answer.checks()) {
    EXPECT_FALSE(check.message().empty());
    EXPECT_FALSE(check.message_zh().empty());
    if (!all && check.outcome() == v1::ELIGIBILITY_OUTCOME_PASSED) continue;
    outcomes.push_back(v1::EligibilityCheckKind_Name(check.kind())
                           .substr(std::string("ELIGIBILITY_CHECK_KIND_").size()) +
                       v1::EligibilityOutcome_Name(check.outcome())
                           .substr(std::string("ELIGIBILITY_OUTCOME").size())
                           .replace(0, 1, " "));
  }
  return outcomes;
}

TEST(LevelRuleTest, WhoeverFulfilsAllOfItIsEligible) {
  const v1::Eligibility answer = Applied(FullRule(), Good());
  EXPECT_TRUE(answer.eligible());
  EXPECT_THAT(Outcomes(answer, /*all=*/true),
              ElementsAre("ENROLLED PASSED", "TITLE PASSED", "REQUIRED_LEVEL PASSED",
                          "PERIOD PASSED", "SCORE PASSED", "VETO PASSED"));
  EXPECT_EQ(answer.score().value(), "90");
  EXPECT_EQ(answer.assessment(), v1::ASSESSMENT_SCORED);
  EXPECT_EQ(answer.scheme(), "units/county/schemes/quality@1");
  EXPECT_EQ(answer.period(), "2015");
  EXPECT_EQ(answer.publication(), "units/county/publications/round");
  EXPECT_EQ(answer.checks(4).asked(), "90");
  EXPECT_EQ(answer.checks(4).found(), "90");
  EXPECT_EQ(answer.checks(4).message(), "The score 90 reaches 90.");
  EXPECT_EQ(answer.checks(3).asked(), "2015 to 2016");
}

TEST(LevelRuleTest, EachThingThatIsAskedForCounts) {
  struct Case {
    std::string what;
    void (*spoil)(registry::v1::LevelRule& rule, Candidate& unit);
    std::vector<std::string> outcomes;
    std::string message;
  };
  using registry::v1::LevelRule;
  const Case cases[] = {
      {"not in the programme",
       [](LevelRule&, Candidate& unit) { unit.enrolled = false; },
       {"ENROLLED FAILED"},
       "The unit takes no part in the programme on 2016-06-01."},
      {"a title of another day",
       [](LevelRule&, Candidate& unit) { unit.title_given = false; },
       {"TITLE FAILED"},
       "The programme gives no title \"model\" on 2016-06-01."},
      {"any title",
       [](LevelRule&, Candidate& unit) {
         unit.title.clear();
         unit.title_given = false;
       },
       {},
       ""},
      {"nothing at the level below",
       [](LevelRule&, Candidate& unit) { unit.required_title.clear(); },
       {"REQUIRED_LEVEL FAILED"},
       "The unit holds no valid title of levels/township."},
      {"no level below is asked for",
       [](LevelRule& rule, Candidate& unit) {
         rule.clear_required_level();
         unit.required_title.clear();
       },
       {},
       ""},
      {"just below the threshold",
       [](LevelRule&, Candidate& unit) { unit.score->value = *Decimal::Parse("89.99", ""); },
       {"SCORE FAILED"},
       "The score 89.99 is less than 90."},
      {"no threshold",
       [](LevelRule& rule, Candidate& unit) {
         rule.clear_threshold();
         unit.score->value = *Decimal::Parse("1", "");
       },
       {},
       ""},
      {"a threshold of zero and no score",
       [](LevelRule& rule, Candidate& unit) {
         rule.mutable_threshold()->set_value("0");
         unit.score->assessment = v1::ASSESSMENT_MISSING;
         unit.score->value.reset();
       },
       {"SCORE FAILED"},
       "The unit has no score."},
      {"a score of too long ago",
       [](LevelRule&, Candidate& unit) {
         unit.asked_period = "2014";
         unit.score.reset();
       },
       {"PERIOD FAILED"},
       "A score of 2014 does not count; it must be of 2015 to 2016."},
      {"nothing final",
       [](LevelRule&, Candidate& unit) { unit.score.reset(); },
       {"PERIOD FAILED"},
       "No results of units/county/schemes/quality for 2015 to 2016 are final."},
      {"nothing final for what was asked",
       [](LevelRule&, Candidate& unit) {
         unit.asked_period = "2016";
         unit.asked_is_taken = true;
         unit.score.reset();
       },
       {"PERIOD FAILED"},
       "No results of units/county/schemes/quality for 2016 are final."},
      {"no version for the present period",
       [](LevelRule& rule, Candidate& unit) {
         rule.mutable_score_rule()->set_basis(registry::v1::SCORE_BASIS_LIVE);
         unit.oldest_period = unit.newest_period;
         unit.score.reset();
       },
       {"PERIOD FAILED"},
       "No version of units/county/schemes/quality is in force for 2016."},
      {"no version at all",
       [](LevelRule&, Candidate& unit) {
         unit.oldest_period.clear();
         unit.newest_period.clear();
         unit.score.reset();
       },
       {"PERIOD FAILED"},
       "No version of units/county/schemes/quality is in force."},
      {"disqualified",
       [](LevelRule&, Candidate& unit) {
         unit.score->disqualified = true;
         unit.score->vetoes = {"fire", "flood"};
       },
       {"VETO FAILED"},
       "A veto bars the unit: fire, flood."},
      {"a veto that costs points",
       [](LevelRule&, Candidate& unit) { unit.score->vetoes = {"fire"}; },
       {},
       ""},
      {"any veto bars",
       [](LevelRule& rule, Candidate& unit) {
         rule.mutable_score_rule()->set_veto_bar(registry::v1::VETO_BAR_ANY);
         unit.score->vetoes = {"fire"};
       },
       {"VETO FAILED"},
       "A veto bars the unit: fire."},
      {"no veto bars",
       [](LevelRule& rule, Candidate& unit) {
         rule.mutable_score_rule()->set_veto_bar(registry::v1::VETO_BAR_NONE);
         unit.score->disqualified = true;
       },
       {},
       ""},
      {"quotas are counted later",
       [](LevelRule&, Candidate& unit) {
         registry::v1::Quota quota;
         quota.set_level("levels/county");
         quota.set_batch("batch-1");
         quota.set_limit(3);
         unit.quotas.push_back(quota);
       },
       {"QUOTA LATER"},
       "At most 3 titles (levels/county, batch-1); counted when the title is given."},
      {"no scheme is named",
       [](LevelRule& rule, Candidate& unit) {
         rule.clear_score_rule();
         unit.score.reset();
       },
       {"SCORE LATER"},
       "Whoever gives the title states the score: 90 at the least."},
      {"nothing but taking part is asked for",
       [](LevelRule& rule, Candidate& unit) {
         rule = LevelRule();
         unit.score.reset();
       },
       {},
       ""},
  };
  for (const Case& one : cases) {
    registry::v1::LevelRule rule = FullRule();
    Candidate unit = Good();
    one.spoil(rule, unit);
    const v1::Eligibility answer = Applied(rule, unit);
    const std::vector<std::string> outcomes = Outcomes(answer);
    EXPECT_EQ(outcomes, one.outcomes) << one.what;
    bool failed = false;
    for (const v1::EligibilityCheck& check : answer.checks()) {
      failed |= check.outcome() == v1::ELIGIBILITY_OUTCOME_FAILED;
      if (check.outcome() == v1::ELIGIBILITY_OUTCOME_PASSED) continue;
      EXPECT_EQ(check.message(), one.message) << one.what;
    }
    EXPECT_EQ(answer.eligible(), !failed) << one.what;
  }
}

TEST(LevelRuleTest, ATitleIsGivenInItsTime) {
  registry::v1::Programme programme;
  TERRACE_CHECK(
      google::protobuf::TextFormat::ParseFromString(R"pb(
                                                      titles { id: "always" }
                                                      titles {
                                                        id: "once"
                                                        from_date { year: 2014 month: 5 day: 1 }
                                                        until_date { year: 2016 month: 5 day: 1 }
                                                      }
                                                    )pb",
                                                    &programme));
  EXPECT_TRUE(GivesTitle(programme, "always", absl::CivilDay(1990, 1, 1)));
  EXPECT_FALSE(GivesTitle(programme, "never", absl::CivilDay(2015, 1, 1)));
  EXPECT_FALSE(GivesTitle(programme, "once", absl::CivilDay(2014, 4, 30)));
  EXPECT_TRUE(GivesTitle(programme, "once", absl::CivilDay(2014, 5, 1)));
  EXPECT_TRUE(GivesTitle(programme, "once", absl::CivilDay(2016, 4, 30)));
  EXPECT_FALSE(GivesTitle(programme, "once", absl::CivilDay(2016, 5, 1)));
}

}  // namespace
}  // namespace terrace::scoring
