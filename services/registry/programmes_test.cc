// Programmes, enrolments, titles and coverage through the table of methods.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "services/registry/registry_test_util.h"
#include "terrace/scoring/v1/eligibility.pb.h"

namespace terrace::registry {
namespace {

using ::testing::ElementsAre;
using types::v1::RowResult;

constexpr char kProgramme[] = "units/county/programmes/model-units";

class ProgrammesTest : public ::testing::Test {
 protected:
  ProgrammesTest() {
    registry_.AddSmallTree();
    v1::CreateProgrammeRequest request;
    request.set_parent("units/county");
    request.set_programme_id("model-units");
    v1::Programme& programme = *request.mutable_programme();
    programme.set_display_name("Model units");
    v1::Title& title = *programme.add_titles();
    title.set_id("model");
    title.set_display_name("Model unit");
    for (const char* level : {"nation", "prefecture", "county"}) {
      v1::LevelRule& rule = *programme.add_levels();
      rule.set_level(absl::StrCat("levels/", level));
      rule.set_term_months(60);
    }
    EXPECT_THAT(registry_.Call<v1::Programme>("CreateProgramme", request).status(), IsFine());
  }

  // The outcome or the reason of each row.
  template <class Response>
  static std::vector<std::string> Told(const absl::StatusOr<Response>& response) {
    EXPECT_THAT(response.status(), IsFine());
    std::vector<std::string> told;
    if (!response.ok()) return told;
    for (const RowResult& result : response->results()) {
      told.push_back(result.reason().empty() ? RowResult::Outcome_Name(result.outcome())
                                             : result.reason());
    }
    return told;
  }

  std::vector<std::string> Enroll(const std::vector<std::string>& units,
                                  absl::string_view from = "2014-01-01",
                                  v1::EnrollmentRole role = v1::ENROLLMENT_ROLE_PARTICIPANT) {
    v1::EnrollUnitsRequest request;
    request.set_parent(kProgramme);
    for (const std::string& unit : units) {
      auto& row = *request.add_rows();
      row.set_unit("units/" + unit);
      row.set_role(role);
      *row.mutable_from_date() = DateOf(from);
    }
    return Told(registry_.Call<v1::EnrollUnitsResponse>("EnrollUnits", request));
  }

  std::vector<std::string> Withdraw(const std::string& unit, absl::string_view until) {
    v1::WithdrawUnitsRequest request;
    request.set_parent(kProgramme);
    auto& row = *request.add_rows();
    row.set_unit("units/" + unit);
    *row.mutable_until_date() = DateOf(until);
    return Told(registry_.Call<v1::WithdrawUnitsResponse>("WithdrawUnits", request));
  }

  v1::GrantDesignationRequest GrantRequest(const std::string& unit, const std::string& level,
                                           absl::string_view named = "2015-05-01") {
    v1::GrantDesignationRequest request;
    request.set_parent("units/" + unit);
    request.set_acting_office("units/county");
    v1::Designation& designation = *request.mutable_designation();
    designation.set_programme(kProgramme);
    designation.set_level("levels/" + level);
    designation.set_title("model");
    *designation.add_terms()->mutable_named_date() = DateOf(named);
    designation.mutable_terms(0)->set_batch("batch-1");
    return request;
  }
  absl::StatusOr<v1::Designation> Grant(const v1::GrantDesignationRequest& request) {
    return registry_.Call<v1::Designation>("GrantDesignation", request);
  }

  // Changes the programme and stores it.
  template <class F>
  absl::Status Change(F change) {
    v1::GetProgrammeRequest get;
    get.set_name(kProgramme);
    v1::UpdateProgrammeRequest request;
    *request.mutable_programme() = *registry_.Call<v1::Programme>("GetProgramme", get);
    request.mutable_update_mask()->add_paths("*");
    change(*request.mutable_programme());
    return registry_.Call<v1::Programme>("UpdateProgramme", request).status();
  }

  absl::StatusOr<v1::Coverage> Coverage(absl::string_view at, const std::string& subtree = "") {
    v1::GetCoverageRequest request;
    request.set_programme(kProgramme);
    if (!subtree.empty()) request.set_subtree("units/" + subtree);
    *request.mutable_at_time() = terrace::ToProto(At(at));
    return registry_.Call<v1::Coverage>("GetCoverage", request);
  }

  static v1::ImportDesignationRow Row(const std::string& unit, const std::string& id,
                                      const std::string& level, absl::string_view named) {
    v1::ImportDesignationRow row;
    row.set_unit_id(unit);
    row.set_designation_id(id);
    row.mutable_designation()->set_level("levels/" + level);
    row.mutable_designation()->set_title("model");
    *row.mutable_designation()->add_terms()->mutable_named_date() = DateOf(named);
    return row;
  }
  absl::StatusOr<v1::ImportDesignationsResponse> ImportRows(
      const std::vector<v1::ImportDesignationRow>& rows, const std::string& office = "nation",
      bool dry_run = false) {
    v1::ImportDesignationsRequest message;
    message.set_acting_office("units/" + office);
    message.set_programme(kProgramme);
    message.set_validate_only(dry_run);
    for (const v1::ImportDesignationRow& row : rows) *message.add_rows() = row;
    return registry_.Send<v1::ImportDesignationsResponse>("ImportDesignations",
                                                          std::vector{message}, registry_.admin);
  }

  Registry registry_;
};

TEST_F(ProgrammesTest, AProgrammeIsToldAsItIsStored) {
  v1::GetProgrammeRequest request;
  request.set_name(kProgramme);
  auto programme = registry_.Call<v1::Programme>("GetProgramme", request);
  ASSERT_THAT(programme.status(), IsFine());
  EXPECT_EQ(programme->zone(), "Asia/Shanghai");
  EXPECT_EQ(programme->visibility(), v1::VISIBILITY_SUBTREE);
  request.set_name("units/county/programmes/none");
  EXPECT_THAT(registry_.Call<v1::Programme>("GetProgramme", request).status(),
              HasTheReason(Reason::NOT_FOUND));
}

TEST_F(ProgrammesTest, WhoSeesAProgramme) {
  v1::GetProgrammeRequest request;
  request.set_name(kProgramme);
  auto sees = [&](const std::string& unit) {
    return registry_
        .Call<v1::Programme>("GetProgramme", request, WithGrant(unit, options::v1::ROLE_VIEWER))
        .ok();
  };
  ASSERT_THAT(Enroll({"east-1"}), ElementsAre("OUTCOME_CREATED"));
  EXPECT_TRUE(sees("west-1"));
  ASSERT_THAT(Change([](v1::Programme& p) { p.set_visibility(v1::VISIBILITY_PARTICIPANTS); }),
              IsFine());
  EXPECT_TRUE(sees("east-1"));
  EXPECT_FALSE(sees("west-1"));
  EXPECT_TRUE(sees("province"));
  ASSERT_THAT(Change([](v1::Programme& p) { p.set_visibility(v1::VISIBILITY_OFFICE); }), IsFine());
  EXPECT_FALSE(sees("east-1"));
  EXPECT_TRUE(sees("county"));
}

TEST_F(ProgrammesTest, ProgrammesThatApplyToAUnitAreListed) {
  v1::CreateProgrammeRequest create;
  create.set_parent("units/nation");
  create.set_programme_id("a");
  create.mutable_programme()->set_display_name("Of the nation");
  ASSERT_THAT(registry_.Call<v1::Programme>("CreateProgramme", create).status(), IsFine());
  ASSERT_THAT(registry_.Call<v1::Programme>("CreateProgramme", create).status(),
              HasTheReason(Reason::ALREADY_EXISTS));
  ASSERT_THAT(Enroll({"east-1", "east-2"}), ElementsAre("OUTCOME_CREATED", "OUTCOME_CREATED"));
  create.set_parent("units/county");
  create.set_programme_id("model-units.2");
  ASSERT_THAT(registry_.Call<v1::Programme>("CreateProgramme", create).status(), IsFine());

  v1::ListProgrammesRequest request;
  request.set_parent("units/east-1");
  EXPECT_EQ(
      registry_.Call<v1::ListProgrammesResponse>("ListProgrammes", request)->programmes_size(), 0);
  request.set_include_ancestors(true);
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    auto page = registry_.Call<v1::ListProgrammesResponse>("ListProgrammes", request);
    ASSERT_THAT(page.status(), IsFine());
    for (const v1::Programme& programme : page->programmes()) names.push_back(programme.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre(kProgramme, "units/county/programmes/model-units.2",
                                 "units/nation/programmes/a"));
}

TEST_F(ProgrammesTest, RowsOfEnrolmentsAnswerOneByOne) {
  EXPECT_THAT(
      Enroll({"east-1", "nowhere", "province", "east-1"}),
      ElementsAre("OUTCOME_CREATED", "NOT_FOUND", "OUTSIDE_PROGRAMME", "OUTCOME_UNCHANGED"));
  EXPECT_THAT(Enroll({"west-1"}, "2009-12-31"), ElementsAre("DATE_TOO_EARLY"));
  EXPECT_THAT(Enroll({"west-1"}, "2016-06-16"), ElementsAre("DATE_IN_FUTURE"));
  EXPECT_THAT(Withdraw("west-1", "2015-01-01"), ElementsAre("NOT_ENROLLED"));
  EXPECT_THAT(Withdraw("east-1", "2015-01-01"), ElementsAre("OUTCOME_UPDATED"));
  v1::EnrollUnitsRequest large;
  large.set_parent(kProgramme);
  for (int i = 0; i < 401; ++i) large.add_rows();
  EXPECT_THAT(registry_.Call<v1::EnrollUnitsResponse>("EnrollUnits", large).status(),
              HasTheReason(Reason::BATCH_TOO_LARGE));
}

TEST_F(ProgrammesTest, EnrolmentsAreListedAsOfAnInstant) {
  Enroll({"east-1", "east-2", "west-1"});
  Enroll({"east-2"}, "2015-01-01", v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
  Withdraw("west-1", "2016-01-01");
  v1::ListEnrollmentsRequest request;
  request.set_parent(kProgramme);
  auto list = [&](const access::Identity& identity) {
    std::vector<std::string> told;
    auto page = registry_.Call<v1::ListEnrollmentsResponse>("ListEnrollments", request, identity);
    EXPECT_THAT(page.status(), IsFine());
    if (!page.ok()) return told;
    for (const v1::Enrollment& enrollment : page->enrollments()) {
      told.push_back(absl::StrCat(enrollment.unit(), " ", enrollment.role()));
    }
    return told;
  };
  EXPECT_THAT(list(registry_.admin), ElementsAre("units/east-1 1", "units/east-2 2"));
  EXPECT_THAT(list(WithGrant("east-1", options::v1::ROLE_VIEWER)), ElementsAre("units/east-1 1"));
  request.set_include_withdrawn(true);
  EXPECT_THAT(list(registry_.admin),
              ElementsAre("units/east-1 1", "units/east-2 2", "units/west-1 0"));
  request.set_filter("role = DEMONSTRATION_SITE");
  EXPECT_THAT(list(registry_.admin), ElementsAre("units/east-2 2"));
  request.clear_filter();
  request.set_include_withdrawn(false);
  *request.mutable_at_time() = terrace::ToProto(At("2014-06-01T00:00:00+08:00"));
  EXPECT_THAT(list(registry_.admin),
              ElementsAre("units/east-1 1", "units/east-2 1", "units/west-1 1"));
  request.set_subtree("units/west");
  EXPECT_THAT(list(registry_.admin), ElementsAre("units/west-1 1"));
}

TEST_F(ProgrammesTest, AGrantFollowsTheRulesOfItsLevel) {
  Enroll({"east-1"});
  auto granted = Grant(GrantRequest("east-1", "county"));
  ASSERT_THAT(granted.status(), IsFine());
  EXPECT_EQ(granted->state(), v1::DESIGNATION_STATE_VALID);
  EXPECT_EQ(FormatDay(DayOr(granted->terms(0).valid_until(), kLastDay)), "2020-04-30");
  EXPECT_EQ(granted->acting_office(), "units/county");
  EXPECT_FALSE(granted->imported());

  EXPECT_THAT(Grant(GrantRequest("east-1", "county")).status(),
              HasTheReason(Reason::ALREADY_EXISTS));
  EXPECT_THAT(Grant(GrantRequest("east-1", "nation")).status(),
              HasTheReason(Reason::LEVEL_TOO_HIGH));
  EXPECT_THAT(Grant(GrantRequest("east-1", "village")).status(),
              HasTheReason(Reason::LEVEL_NOT_IN_PROGRAMME));
  EXPECT_THAT(Grant(GrantRequest("west-1", "county")).status(), HasTheReason(Reason::NOT_ENROLLED));
  EXPECT_THAT(Grant(GrantRequest("east-1", "county", "2016-06-16")).status(),
              HasTheReason(Reason::DATE_IN_FUTURE));
  v1::GrantDesignationRequest untitled = GrantRequest("east-1", "county");
  untitled.mutable_designation()->set_title("emperor");
  EXPECT_THAT(Grant(untitled).status(), HasTheReason(Reason::UNKNOWN_TITLE));
}

TEST_F(ProgrammesTest, NobodyJudgesItself) {
  Enroll({"county", "east", "east-1"});
  v1::GrantDesignationRequest request = GrantRequest("county", "county");
  EXPECT_THAT(Grant(request).status(), HasTheReason(Reason::SELF_JUDGEMENT));
  request = GrantRequest("east-1", "county");
  request.set_acting_office("units/west");
  EXPECT_THAT(Grant(request).status(), HasTheReason(Reason::SELF_JUDGEMENT));
  // An office above the unit, but of a lower level than the title.
  request.set_acting_office("units/east");
  EXPECT_THAT(Grant(request).status(), HasTheReason(Reason::LEVEL_TOO_HIGH));
  request.set_acting_office("units/province");
  auto granted = Grant(request);
  ASSERT_THAT(granted.status(), IsFine());
  v1::RevokeDesignationRequest revoke;
  revoke.set_name(granted->name());
  revoke.set_reason("decision 9");
  revoke.set_acting_office("units/east-1");
  EXPECT_THAT(registry_.Call<v1::Designation>("RevokeDesignation", revoke).status(),
              HasTheReason(Reason::SELF_JUDGEMENT));
}

TEST_F(ProgrammesTest, ThresholdsAndLowerTitlesAreAskedFor) {
  ASSERT_THAT(Change([](v1::Programme& programme) {
                programme.mutable_levels(1)->set_required_level("levels/county");
                programme.mutable_levels(1)->mutable_threshold()->set_value("90");
              }),
              IsFine());
  Enroll({"east-1"});
  v1::GrantDesignationRequest request = GrantRequest("east-1", "prefecture");
  request.set_acting_office("units/province");
  EXPECT_THAT(Grant(request).status(), HasTheReason(Reason::REQUIRED_FIELD));
  request.mutable_designation()->mutable_score()->set_value("89.99");
  EXPECT_THAT(Grant(request).status(), HasTheReason(Reason::SCORE_TOO_LOW));
  request.mutable_designation()->mutable_score()->set_value("90");
  EXPECT_THAT(Grant(request).status(), HasTheReason(Reason::TITLE_NEEDED));
  ASSERT_THAT(Grant(GrantRequest("east-1", "county")).status(), IsFine());
  EXPECT_THAT(Grant(request).status(), IsFine());
}

// Titles of a level whose rule names a scheme.
class EligibilityTest : public ProgrammesTest {
 protected:
  EligibilityTest() {
    EXPECT_THAT(Change([](v1::Programme& programme) {
                  v1::LevelRule& rule = *programme.mutable_levels(2);
                  rule.mutable_threshold()->set_value("90");
                  rule.mutable_score_rule()->set_scheme("units/county/schemes/quality");
                }),
                IsFine());
    Enroll({"east-1", "east-2"});
  }

  // What scoring would say of the unit now.
  scoring::v1::Eligibility Answer(const std::string& unit) {
    scoring::v1::Eligibility answer;
    answer.set_unit("units/" + unit);
    answer.set_programme(kProgramme);
    answer.set_level("levels/county");
    v1::GetProgrammeRequest get;
    get.set_name(kProgramme);
    *answer.mutable_rule() = registry_.Call<v1::Programme>("GetProgramme", get)->levels(2);
    answer.set_eligible(true);
    answer.mutable_score()->set_value("92.5");
    answer.set_scheme("units/county/schemes/quality@3");
    answer.set_period("2015");
    answer.set_publication("units/county/publications/round");
    *answer.mutable_log_time() = terrace::ToProto(registry_.clock().Now());
    *answer.mutable_valid_until() = terrace::ToProto(registry_.clock().Now() + absl::Hours(24));
    return answer;
  }
  static std::string Sealed(const scoring::v1::Eligibility& answer) {
    return TestSeal().Put(answer.SerializeAsString());
  }
  absl::StatusOr<v1::Designation> GrantOn(const std::string& seal) {
    v1::GrantDesignationRequest request = GrantRequest("east-1", "county");
    request.mutable_designation()->mutable_score()->set_value("99");
    request.mutable_designation()->mutable_terms(0)->mutable_score()->set_scheme("the caller's");
    request.set_eligibility(seal);
    return Grant(request);
  }
};

TEST_F(EligibilityTest, WhatATitleRestsOnComesFromTheSealedAnswer) {
  const scoring::v1::Eligibility answer = Answer("east-1");
  auto granted = GrantOn(Sealed(answer));
  ASSERT_THAT(granted.status(), IsFine());
  EXPECT_EQ(granted->score().value(), "92.5");
  const v1::TermScore& score = granted->terms(0).score();
  EXPECT_EQ(score.value().value(), "92.5");
  EXPECT_EQ(score.scheme(), "units/county/schemes/quality@3");
  EXPECT_EQ(score.period(), "2015");
  EXPECT_EQ(score.publication(), "units/county/publications/round");
  EXPECT_EQ(score.check_time().SerializeAsString(), answer.log_time().SerializeAsString());

  // The next term rests on another answer; the naming keeps its own score.
  v1::RenewDesignationRequest renew;
  renew.set_name(granted->name());
  renew.set_acting_office("units/county");
  *renew.mutable_term()->mutable_named_date() = DateOf("2016-06-01");
  auto renewed = [&] { return registry_.Call<v1::Designation>("RenewDesignation", renew); };
  EXPECT_THAT(renewed().status(), HasTheReason(Reason::ELIGIBILITY_NEEDED));
  renew.set_eligibility(Sealed(Answer("east-2")));
  EXPECT_THAT(renewed().status(), HasTheReason(Reason::ELIGIBILITY_MISMATCH));
  scoring::v1::Eligibility later = Answer("east-1");
  later.mutable_score()->set_value("95");
  renew.set_eligibility(Sealed(later));
  granted = renewed();
  ASSERT_THAT(granted.status(), IsFine());
  ASSERT_EQ(granted->terms_size(), 2);
  EXPECT_EQ(granted->terms(0).score().value().value(), "92.5");
  EXPECT_EQ(granted->terms(1).score().value().value(), "95");
  EXPECT_EQ(granted->score().value(), "92.5");
}

TEST_F(EligibilityTest, WithoutAGoodAnswerThereIsNoTitle) {
  const scoring::v1::Eligibility good = Answer("east-1");
  auto refused = [&](void (*spoil)(scoring::v1::Eligibility&)) {
    scoring::v1::Eligibility answer = good;
    spoil(answer);
    return GrantOn(Sealed(answer)).status();
  };
  EXPECT_THAT(GrantOn("").status(), HasTheReason(Reason::ELIGIBILITY_NEEDED));
  EXPECT_THAT(GrantOn("east-1 is eligible").status(), HasTheReason(Reason::ELIGIBILITY_FORGED));
  EXPECT_THAT(GrantOn(Seal("another", "eligibility").Put(good.SerializeAsString())).status(),
              HasTheReason(Reason::ELIGIBILITY_FORGED));
  std::string changed = Sealed(good);
  changed[changed.find("92.5")] = '8';
  EXPECT_THAT(GrantOn(changed).status(), HasTheReason(Reason::ELIGIBILITY_FORGED));

  EXPECT_THAT(refused([](scoring::v1::Eligibility& e) { e.set_unit("units/east-2"); }),
              HasTheReason(Reason::ELIGIBILITY_MISMATCH));
  EXPECT_THAT(refused([](scoring::v1::Eligibility& e) { e.set_programme("units/x/programmes/y"); }),
              HasTheReason(Reason::ELIGIBILITY_MISMATCH));
  EXPECT_THAT(refused([](scoring::v1::Eligibility& e) { e.set_level("levels/nation"); }),
              HasTheReason(Reason::ELIGIBILITY_MISMATCH));
  EXPECT_THAT(refused([](scoring::v1::Eligibility& e) { e.set_title("another"); }),
              HasTheReason(Reason::ELIGIBILITY_MISMATCH));
  EXPECT_THAT(refused([](scoring::v1::Eligibility& e) {
                e.mutable_rule()->mutable_threshold()->set_value("60");
              }),
              HasTheReason(Reason::ELIGIBILITY_OUTDATED));
  const absl::Status not_eligible = refused([](scoring::v1::Eligibility& e) {
    e.set_eligible(false);
    scoring::v1::EligibilityCheck& check = *e.add_checks();
    check.set_outcome(scoring::v1::ELIGIBILITY_OUTCOME_FAILED);
    check.set_message("A veto bars the unit: fire.");
    check.set_message_zh("一票否决：fire。");
    e.add_checks()->set_message("All the rest is well.");
  });
  EXPECT_THAT(not_eligible, HasTheReason(Reason::NOT_ELIGIBLE));
  EXPECT_EQ(DetailsOf(not_eligible)->en,
            "units/east-1 is not eligible: A veto bars the unit: fire.");
  EXPECT_EQ(DetailsOf(not_eligible)->zh, "units/east-1 不符合条件：一票否决：fire。");

  EXPECT_THAT(refused([](scoring::v1::Eligibility& e) {
                e.mutable_valid_until()->set_seconds(e.log_time().seconds() - 1);
              }),
              HasTheReason(Reason::ELIGIBILITY_EXPIRED));
  EXPECT_THAT(GrantOn(Sealed(good)).status(), IsFine()) << "and this one is good";
}

TEST_F(EligibilityTest, AnAnswerDoesNotOutliveTheRuleItWasMadeBy) {
  const std::string seal = Sealed(Answer("east-1"));
  // What the rule of the level does not say changes nothing.
  ASSERT_THAT(Change([](v1::Programme& programme) {
                programme.set_display_name("Model units of the county");
                programme.mutable_levels(0)->set_term_months(12);
              }),
              IsFine());
  ASSERT_THAT(Change([](v1::Programme& programme) {
                programme.mutable_levels(2)->mutable_threshold()->set_value("95");
              }),
              IsFine());
  EXPECT_THAT(GrantOn(seal).status(), HasTheReason(Reason::ELIGIBILITY_OUTDATED));
  ASSERT_THAT(Change([](v1::Programme& programme) {
                programme.mutable_levels(2)->mutable_threshold()->set_value("90");
              }),
              IsFine());
  EXPECT_THAT(GrantOn(seal).status(), IsFine());
}

TEST_F(EligibilityTest, WhereNoSchemeIsNamedTheCallerStatesTheScore) {
  ASSERT_THAT(
      Change([](v1::Programme& programme) { programme.mutable_levels(2)->clear_score_rule(); }),
      IsFine());
  scoring::v1::Eligibility answer = Answer("east-1");
  answer.set_unit("units/east-2");
  EXPECT_THAT(GrantOn(Sealed(answer)).status(), HasTheReason(Reason::ELIGIBILITY_MISMATCH))
      << "what is given must be good";
  auto granted = GrantOn(Sealed(Answer("east-1")));
  ASSERT_THAT(granted.status(), IsFine());
  EXPECT_EQ(granted->score().value(), "99");
  EXPECT_FALSE(granted->terms(0).has_score());
}

TEST_F(EligibilityTest, AScoreRuleIsChecked) {
  auto changed = [&](void (*change)(v1::ScoreRule&)) {
    return Change([change](v1::Programme& programme) {
      change(*programme.mutable_levels(2)->mutable_score_rule());
    });
  };
  EXPECT_THAT(changed([](v1::ScoreRule& rule) { rule.clear_scheme(); }),
              HasTheReason(Reason::INVALID_NAME));
  EXPECT_THAT(changed([](v1::ScoreRule& rule) { rule.set_scheme("units/a/checklists/b"); }),
              HasTheReason(Reason::INVALID_NAME));
  EXPECT_THAT(changed([](v1::ScoreRule& rule) { rule.set_scheme("units/a/schemes/b@1"); }),
              HasTheReason(Reason::INVALID_NAME));
  EXPECT_THAT(changed([](v1::ScoreRule& rule) { rule.set_periods_back_max(-1); }),
              HasTheReason(Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_THAT(changed([](v1::ScoreRule& rule) { rule.set_periods_back_max(101); }),
              HasTheReason(Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_THAT(changed([](v1::ScoreRule& rule) { rule.set_valid_days(3661); }),
              HasTheReason(Reason::NUMBER_OUT_OF_RANGE));
  EXPECT_THAT(changed([](v1::ScoreRule& rule) {
                rule.set_periods_back_max(100);
                rule.set_valid_days(3660);
                rule.set_basis(v1::SCORE_BASIS_LIVE);
              }),
              IsFine());
}

TEST_F(ProgrammesTest, QuotasHoldWhenManyGrantAtOnce) {
  ASSERT_THAT(Change([](v1::Programme& programme) {
                v1::Quota& quota = *programme.add_quotas();
                quota.set_level("levels/county");
                quota.set_subtree("units/east");
                quota.set_limit(2);
              }),
              IsFine());
  std::vector<std::string> units;
  for (int i = 0; i < 6; ++i) {
    units.push_back(absl::StrCat("q-", i));
    v1::ImportUnitRow row = Registry::Area(units.back(), "east", "village", "village");
    *row.mutable_from_date() = DateOf("2010-01-01");
    ASSERT_THAT(registry_.Create(row).status(), IsFine());
  }
  Enroll(units);
  Enroll({"west-1"});
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (const std::string& unit : units) {
    threads.emplace_back([&, unit] {
      absl::Status status = Grant(GrantRequest(unit, "county")).status();
      if (status.ok()) {
        ++granted;
      } else {
        EXPECT_THAT(status, HasTheReason(Reason::QUOTA_EXCEEDED));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 2);
  EXPECT_THAT(Grant(GrantRequest("west-1", "county")).status(), IsFine()) << "outside the quota";
  v1::GrantDesignationRequest next_batch = GrantRequest("q-0", "county");
  next_batch.mutable_designation()->mutable_terms(0)->set_batch("batch-2");
  absl::Status status = Grant(next_batch).status();
  EXPECT_TRUE(status.ok() || HasReason(status, Reason::ALREADY_EXISTS)) << status;
}

TEST_F(ProgrammesTest, ATitleIsRenewedAndTakenAway) {
  Enroll({"east-1"}, "2010-01-01");
  const v1::Designation granted = *Grant(GrantRequest("east-1", "county", "2010-05-01"));
  EXPECT_EQ(granted.state(), v1::DESIGNATION_STATE_EXPIRED);

  v1::RenewDesignationRequest renew;
  renew.set_name(granted.name());
  renew.set_acting_office("units/county");
  renew.set_etag("stale");
  EXPECT_THAT(registry_.Call<v1::Designation>("RenewDesignation", renew).status(),
              HasTheReason(Reason::ETAG_MISMATCH));
  renew.set_etag(granted.etag());
  *renew.mutable_term()->mutable_named_date() = DateOf("2010-05-01");
  EXPECT_THAT(registry_.Call<v1::Designation>("RenewDesignation", renew).status(),
              HasTheReason(Reason::DATE_TOO_EARLY));
  *renew.mutable_term()->mutable_named_date() = DateOf("2015-06-01");
  auto renewed = registry_.Call<v1::Designation>("RenewDesignation", renew);
  ASSERT_THAT(renewed.status(), IsFine());
  EXPECT_EQ(renewed->state(), v1::DESIGNATION_STATE_VALID);
  EXPECT_EQ(renewed->terms_size(), 2);

  v1::RevokeDesignationRequest revoke;
  revoke.set_name(granted.name());
  revoke.set_acting_office("units/county");
  EXPECT_THAT(registry_.Call<v1::Designation>("RevokeDesignation", revoke).status(),
              HasTheReason(Reason::REQUIRED_FIELD));
  revoke.set_reason("decision 3 of 2016");
  *revoke.mutable_revoked_date() = DateOf("2016-02-01");
  auto revoked = registry_.Call<v1::Designation>("RevokeDesignation", revoke);
  ASSERT_THAT(revoked.status(), IsFine());
  EXPECT_EQ(revoked->state(), v1::DESIGNATION_STATE_REVOKED);
  EXPECT_THAT(registry_.Call<v1::Designation>("RevokeDesignation", revoke).status(),
              HasTheReason(Reason::WRONG_STATE));
  renew.clear_etag();
  *renew.mutable_term()->mutable_named_date() = DateOf("2016-05-01");
  EXPECT_THAT(registry_.Call<v1::Designation>("RenewDesignation", renew).status(),
              HasTheReason(Reason::WRONG_STATE));

  v1::GetDesignationRequest get;
  get.set_name(granted.name());
  const std::vector<std::pair<const char*, v1::DesignationState>> states = {
      {"2010-04-30T23:59:59+08:00", v1::DESIGNATION_STATE_PENDING},
      {"2010-05-01T00:00:00+08:00", v1::DESIGNATION_STATE_VALID},
      {"2015-04-30T23:59:59+08:00", v1::DESIGNATION_STATE_VALID},
      {"2015-05-01T00:00:00+08:00", v1::DESIGNATION_STATE_EXPIRED},
      {"2015-06-01T00:00:00+08:00", v1::DESIGNATION_STATE_VALID},
      {"2016-01-31T23:59:59+08:00", v1::DESIGNATION_STATE_VALID},
      {"2016-02-01T00:00:00+08:00", v1::DESIGNATION_STATE_REVOKED},
  };
  for (const auto& [at, state] : states) {
    *get.mutable_at_time() = terrace::ToProto(At(at));
    EXPECT_EQ(registry_.Call<v1::Designation>("GetDesignation", get)->state(), state) << at;
  }
}

TEST_F(ProgrammesTest, ATitleInUseIsNeitherTakenOutNorRenamed) {
  ASSERT_THAT(Change([](v1::Programme& p) { p.mutable_titles(0)->set_display_name("Model!"); }),
              IsFine());
  Enroll({"east-1"});
  ASSERT_THAT(Grant(GrantRequest("east-1", "county")).status(), IsFine());
  EXPECT_THAT(Change([](v1::Programme& p) { p.mutable_titles(0)->set_display_name("Other"); }),
              HasTheReason(Reason::IN_USE));
  EXPECT_THAT(Change([](v1::Programme& p) { p.clear_titles(); }), HasTheReason(Reason::IN_USE));
  EXPECT_THAT(Change([](v1::Programme& p) {
                v1::Title& title = *p.add_titles();
                title.set_id("exemplary");
                title.set_display_name("Exemplary unit");
              }),
              IsFine());
  EXPECT_THAT(Change([](v1::Programme& p) { p.set_etag("stale"); }),
              HasTheReason(Reason::ETAG_MISMATCH));
}

TEST_F(ProgrammesTest, ImportedTitlesAnswerRowByRow) {
  const std::vector<v1::ImportDesignationRow> rows = {
      Row("east-1", "d1", "nation", "2015-01-01"),  Row("county", "d1", "nation", "2012-01-01"),
      Row("nowhere", "d1", "county", "2015-01-01"), Row("east-2", "D 2", "county", "2015-01-01"),
      Row("east-2", "d2", "village", "2015-01-01"), Row("east-2", "d3", "county", "2017-01-01"),
      Row("nation", "d1", "nation", "2015-01-01"),
  };
  const auto reasons = [](const v1::ImportDesignationsResponse& response) {
    std::vector<std::string> out;
    for (const RowResult& result : response.results()) out.push_back(result.reason());
    return out;
  };
  auto dry = ImportRows(rows, "nation", /*dry_run=*/true);
  ASSERT_THAT(dry.status(), IsFine());
  EXPECT_EQ(dry->created(), 3);
  v1::GetDesignationRequest get;
  get.set_name("units/east-1/designations/d1");
  EXPECT_THAT(registry_.Call<v1::Designation>("GetDesignation", get).status(),
              HasTheReason(Reason::NOT_FOUND));

  auto response = ImportRows(rows);
  ASSERT_THAT(response.status(), IsFine());
  EXPECT_EQ(response->created(), 3);
  EXPECT_EQ(response->rejected(), 4);
  EXPECT_THAT(reasons(*response),
              ElementsAre("NOT_FOUND", "INVALID_ID", "LEVEL_NOT_IN_PROGRAMME", "DATE_IN_FUTURE"));
  auto stored = registry_.Call<v1::Designation>("GetDesignation", get);
  ASSERT_THAT(stored.status(), IsFine());
  EXPECT_TRUE(stored->imported());
  EXPECT_EQ(FormatDay(DayOr(stored->terms(0).valid_until(), kLastDay)), "2019-12-31");

  const int64_t revision = registry_.machine().position().revision.value;
  EXPECT_EQ(ImportRows(rows)->unchanged(), 3);
  EXPECT_EQ(registry_.machine().position().revision.value, revision);
  v1::ImportDesignationRow changed = rows[0];
  *changed.mutable_designation()->mutable_revoked_date() = DateOf("2016-01-01");
  EXPECT_EQ(ImportRows({changed})->rejected(), 1) << "without a reason";
  changed.mutable_designation()->set_revoke_reason("decision 1");
  EXPECT_EQ(ImportRows({changed})->updated(), 1);

  // The acting office is never the unit itself, unless nobody stands above it.
  EXPECT_THAT(reasons(*ImportRows({Row("county", "d9", "county", "2015-01-01")}, "county")),
              ElementsAre("SELF_JUDGEMENT"));
  EXPECT_THAT(reasons(*ImportRows({Row("east-1", "d9", "county", "2015-01-01")}, "west")),
              ElementsAre("NOT_FOUND"));
}

TEST_F(ProgrammesTest, AnImportDoesNotRewriteWhatWasGrantedHere) {
  Enroll({"east-1"});
  v1::GrantDesignationRequest request = GrantRequest("east-1", "county");
  request.set_designation_id("given");
  ASSERT_THAT(Grant(request).status(), IsFine());
  auto response = ImportRows({Row("east-1", "given", "county", "2012-01-01")});
  ASSERT_THAT(response.status(), IsFine());
  ASSERT_EQ(response->results_size(), 1);
  EXPECT_EQ(response->results(0).reason(), "ALREADY_EXISTS");
}

TEST_F(ProgrammesTest, CoverageCountsEachUnitOnceAtItsHighestLevel) {
  Enroll({"county", "east", "east-1", "east-2", "west-1"});
  Enroll({"west"}, "2014-01-01", v1::ENROLLMENT_ROLE_DEMONSTRATION_SITE);
  ASSERT_THAT(ImportRows({
                             Row("county", "a", "nation", "2015-01-01"),
                             Row("east-1", "a", "county", "2015-01-01"),
                             Row("east-1", "b", "nation", "2015-06-01"),
                             Row("east-2", "a", "prefecture", "2015-01-01"),
                             Row("west", "a", "county", "2011-01-01"),
                             Row("west-1", "a", "county", "2008-01-01"),  // Expired.
                         })
                  .status(),
              IsFine());
  auto coverage = Coverage("2015-12-31T12:00:00+08:00");
  ASSERT_THAT(coverage.status(), IsFine());
  EXPECT_EQ(coverage->subtree(), "units/county");
  EXPECT_EQ(coverage->participants(), 5);  // The county itself is not counted.
  EXPECT_EQ(coverage->demonstration_sites(), 1);
  EXPECT_EQ(coverage->titled(), 3);
  EXPECT_EQ(coverage->rate().percent().value(), "60");
  EXPECT_GT(coverage->cursor().revision(), 0);
  std::vector<std::string> levels;
  for (const auto& entry : coverage->by_level()) {
    levels.push_back(absl::StrCat(entry.level(), "=", entry.count()));
  }
  EXPECT_THAT(levels, ElementsAre("levels/nation=1", "levels/prefecture=1", "levels/county=1"));
  std::vector<std::string> kinds;
  for (const auto& entry : coverage->by_kind()) {
    kinds.push_back(absl::StrCat(entry.kind(), " ", entry.titled(), "/", entry.participants()));
  }
  EXPECT_THAT(kinds, ElementsAre("kinds/community 1/1", "kinds/town 0/1", "kinds/township 1/1",
                                 "kinds/village 1/2"));

  // At another instant, and in another subtree.
  auto early = Coverage("2015-03-01T12:00:00+08:00");
  EXPECT_EQ(early->by_level(0).level(), "levels/prefecture");
  EXPECT_EQ(Coverage("2013-12-31T12:00:00+08:00")->participants(), 0);
  EXPECT_FALSE(Coverage("2013-12-31T12:00:00+08:00")->rate().has_ratio());
  EXPECT_EQ(Coverage("2015-12-31T12:00:00+08:00", "east")->participants(), 2);
  EXPECT_THAT(Coverage("2015-12-31T12:00:00+08:00", "nowhere").status(),
              HasTheReason(Reason::NOT_FOUND));
}

TEST_F(ProgrammesTest, CoverageOfAnInstantFollowsTheTreeOfThatInstant) {
  Enroll({"east-1", "east-2"});
  v1::MoveUnitRequest move;
  move.set_name("units/east-1");
  move.set_parent("units/west");
  *move.mutable_from_date() = DateOf("2015-01-01");
  ASSERT_THAT(registry_.Call<v1::Unit>("MoveUnit", move).status(), IsFine());
  EXPECT_EQ(Coverage("2014-12-31T12:00:00+08:00", "east")->participants(), 2);
  EXPECT_EQ(Coverage("2015-01-01T12:00:00+08:00", "east")->participants(), 1);
  EXPECT_EQ(Coverage("2015-01-01T12:00:00+08:00", "west")->participants(), 1);
  v1::CloseUnitRequest close;
  close.set_name("units/east-2");
  close.set_reason("merged");
  *close.mutable_close_date() = DateOf("2016-01-01");
  ASSERT_THAT(registry_.Call<v1::Unit>("CloseUnit", close).status(), IsFine());
  EXPECT_EQ(Coverage("2015-12-31T12:00:00+08:00", "east")->participants(), 1);
  EXPECT_EQ(Coverage("2016-01-01T12:00:00+08:00", "east")->participants(), 0);
}

TEST_F(ProgrammesTest, CoverageIsForThoseWhoSeeTheSubtree) {
  Enroll({"east-1"});
  v1::GetCoverageRequest request;
  request.set_programme(kProgramme);
  EXPECT_THAT(
      registry_
          .Call<v1::Coverage>("GetCoverage", request, WithGrant("east", options::v1::ROLE_VIEWER))
          .status(),
      HasTheReason(Reason::NOT_FOUND));
  request.set_subtree("units/east");
  EXPECT_THAT(
      registry_
          .Call<v1::Coverage>("GetCoverage", request, WithGrant("east", options::v1::ROLE_VIEWER))
          .status(),
      IsFine());
}

TEST_F(ProgrammesTest, DesignationsAreListedByUnitAndBySubtree) {
  std::vector<v1::ImportDesignationRow> rows;
  for (const char* unit : {"east", "east-1", "east-2", "west-1"}) {
    rows.push_back(Row(unit, "a", "county", "2015-01-01"));
    rows.push_back(Row(unit, "b", "prefecture", "2008-01-01"));
  }
  ASSERT_EQ(ImportRows(rows)->created(), 8);
  v1::ListDesignationsRequest request;
  auto list = [&](const access::Identity& identity) {
    std::vector<std::string> names;
    request.clear_page_token();
    do {
      auto page =
          registry_.Call<v1::ListDesignationsResponse>("ListDesignations", request, identity);
      EXPECT_THAT(page.status(), IsFine());
      if (!page.ok()) break;
      for (const v1::Designation& designation : page->designations()) {
        names.push_back(designation.name());
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  };
  const std::vector<std::string> all = list(registry_.admin);
  EXPECT_EQ(all.size(), 8u);
  for (int page_size : {1, 2, 3, 7, 8}) {
    request.set_page_size(page_size);
    EXPECT_EQ(list(registry_.admin), all) << page_size;
  }
  request.set_page_size(3);
  request.set_subtree("units/east");
  EXPECT_EQ(list(registry_.admin).size(), 6u);
  request.set_filter("state = VALID AND level = \"levels/county\"");
  EXPECT_THAT(list(registry_.admin),
              ElementsAre("units/east/designations/a", "units/east-1/designations/a",
                          "units/east-2/designations/a"));
  request.clear_filter();
  *request.mutable_expiring_before() = DateOf("2016-01-01");
  EXPECT_EQ(list(registry_.admin).size(), 3u);
  request.Clear();
  request.set_parent("units/west-1");
  EXPECT_THAT(list(registry_.admin),
              ElementsAre("units/west-1/designations/a", "units/west-1/designations/b"));
  request.Clear();
  EXPECT_EQ(list(WithGrant("west", options::v1::ROLE_VIEWER)).size(), 2u);
  request.set_programme("units/county/programmes/other");
  EXPECT_EQ(list(registry_.admin).size(), 0u);
  request.set_parent("units/east");
  request.set_subtree("units/east");
  EXPECT_THAT(registry_.Call<v1::ListDesignationsResponse>("ListDesignations", request).status(),
              HasTheReason(Reason::INVALID_FIELD));
}

}  // namespace
}  // namespace terrace::registry
