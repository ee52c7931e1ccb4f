// CheckEligibility through the table of methods: which score counts, and what the seal says.
#include <string>
#include <vector>

#include "services/scoring/publications/publication_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// a1 (one fault), a2 and b1 (two) are in the programme, a3 is not.
class EligibilityTest : public PublicationTest {
 protected:
  explicit EligibilityTest(bool complete = true) : PublicationTest(complete) {}

  void Furnish(const std::string& score_rule, const std::string& more = "") {
    PublicationTest::Furnish();
    TellProgramme(score_rule, more);
    for (const char* unit : {"a1", "a2", "b1"}) {
      Tell(EnrollChange(kProgramme, unit, {{"2014-01-01", ""}}));
    }
  }
  // A programme with one level, by the rule; `more` are other fields of the level.
  void TellProgramme(const std::string& score_rule, const std::string& more = "",
                     registry::v1::Visibility visibility = registry::v1::VISIBILITY_SUBTREE) {
    auto change = Parse<registry::v1::RegistryChange>(absl::StrCat(
        R"pb(
          programme { zone: "Asia/Shanghai"
                      titles {
                        id: "model"
                        display_name: "Model unit"
                        until_date { year: 2030 month: 1 day: 1 }
                      }
                      quotas { level: "levels/county" batch: "batch-1" limit: 3 }
                      quotas { level: "levels/county" batch: "batch-2" limit: 4 }
                      quotas { subtree: "units/b" limit: 1 }
                      quotas { kind: "kinds/school" limit: 1 }
                      levels { level: "levels/township" }
                      levels { level: "levels/county"
                               threshold { value: "80" }
                               score_rule { scheme: "units/county/schemes/quality")pb",
        score_rule, "}", more, "} }"));
    change.mutable_programme()->set_name(kProgramme);
    change.mutable_programme()->set_visibility(visibility);
    Tell(std::move(change));
  }

  static v1::CheckEligibilityRequest Question(const std::string& unit) {
    v1::CheckEligibilityRequest request;
    request.set_unit("units/" + unit);
    request.set_programme(kProgramme);
    request.set_level("levels/county");
    return request;
  }
  absl::StatusOr<v1::Eligibility> Ask(const v1::CheckEligibilityRequest& request,
                                      const access::Identity& who = Viewer("county")) {
    return Do<v1::Eligibility>("CheckEligibility", who, request);
  }
  v1::Eligibility Check(const v1::CheckEligibilityRequest& request) {
    absl::StatusOr<v1::Eligibility> answer = Ask(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *std::move(answer) : v1::Eligibility();
  }
  v1::Eligibility Check(const std::string& unit) { return Check(Question(unit)); }

  // What failed.
  static std::vector<std::string> Failures(const v1::Eligibility& answer) {
    std::vector<std::string> messages;
    for (const v1::EligibilityCheck& check : answer.checks()) {
      if (check.outcome() == v1::ELIGIBILITY_OUTCOME_FAILED) messages.push_back(check.message());
    }
    EXPECT_EQ(answer.eligible(), messages.empty());
    return messages;
  }
  static std::vector<std::string> Quotas(const v1::Eligibility& answer) {
    std::vector<std::string> quotas;
    for (const v1::EligibilityCheck& check : answer.checks()) {
      if (check.kind() == v1::ELIGIBILITY_CHECK_KIND_QUOTA) quotas.push_back(check.asked());
    }
    return quotas;
  }
};

TEST_F(EligibilityTest, ALiveScoreIsSealedAsItIs) {
  Furnish("basis: SCORE_BASIS_LIVE");
  const v1::Score score = *Get("a1");
  v1::Eligibility answer = Check("a1");
  EXPECT_THAT(Failures(answer), IsEmpty());
  EXPECT_EQ(answer.unit(), "units/a1");
  EXPECT_EQ(answer.score().value(), score.value().value());
  EXPECT_EQ(answer.scheme(), "units/county/schemes/quality@1");
  EXPECT_EQ(answer.period(), "2016");
  EXPECT_EQ(answer.publication(), "");
  EXPECT_EQ(answer.vector().SerializeAsString(), score.vector().SerializeAsString());
  EXPECT_EQ(FromProto(answer.log_time()), FromProto(score.log_time()));
  EXPECT_EQ(FromProto(answer.valid_until()), FromProto(answer.log_time()) + absl::Hours(90 * 24));
  EXPECT_EQ(answer.rule().threshold().value(), "80");

  // The seal says all of it, and nothing else.
  const absl::optional<absl::string_view> sealed = TestSeal().Open(answer.seal());
  ASSERT_TRUE(sealed.has_value());
  answer.clear_seal();
  EXPECT_EQ(*sealed, answer.SerializeAsString());

  // The score moves on, and with it what is asked next.
  Inspect("a1", 8, "v2", "2016-05-21");
  EXPECT_THAT(Failures(Check("a1")),
              ElementsAre(absl::StrCat("The score ", Value("a1"), " is less than 80.")));
}

TEST_F(EligibilityTest, WhatIsNotFinalDoesNotCount) {
  Furnish("");
  const std::vector<std::string> none = {
      "No results of units/county/schemes/quality for 2016 are final."};
  EXPECT_EQ(Failures(Check("a1")), none);
  ASSERT_TRUE(Publish(Provisional()).ok());
  EXPECT_EQ(Failures(Check("a1")), none);
  Pass(absl::Hours(25));
  ASSERT_TRUE(Finalize().ok());
  const std::string announced = GetResult("a1")->value().value();
  Inspect("a1", 8, "v2", "2016-05-21");
  v1::Eligibility answer = Check("a1");
  EXPECT_THAT(Failures(answer), IsEmpty());
  EXPECT_EQ(answer.score().value(), announced) << "not the live one, which is worse by now";
  EXPECT_EQ(answer.publication(), kRound);
  EXPECT_EQ(answer.scheme(), "units/county/schemes/quality@1");
  EXPECT_EQ(answer.period(), "2016");

  // A correction takes its place.
  v1::PublishResultsRequest correction = Request("round-2");
  correction.mutable_publication()->set_corrects(kRound);
  correction.mutable_publication()->set_reason("A visit was missing.");
  ASSERT_TRUE(Publish(correction).ok());
  answer = Check("a1");
  EXPECT_EQ(answer.publication(), "units/county/publications/round-2");
  EXPECT_EQ(answer.score().value(), GetResult("a1", "round-2")->value().value());
  EXPECT_FALSE(answer.eligible());
}

TEST_F(EligibilityTest, AScoreMayBeSoOldAndNoOlder) {
  Furnish("periods_back_max: 1");
  ASSERT_TRUE(Publish(Request()).ok());
  EXPECT_EQ(Check("a1").period(), "2016");
  v1::CheckEligibilityRequest question = Question("a1");
  question.set_period("2015");
  EXPECT_THAT(Failures(Check(question)),
              ElementsAre("No results of units/county/schemes/quality for 2015 are final."));
  question.set_period("2014");
  EXPECT_THAT(Failures(Check(question)),
              ElementsAre("A score of 2014 does not count; it must be of 2015 to 2016."));
  question.set_period("2016-05");
  EXPECT_THAT(Failures(Check(question)),
              ElementsAre("A score of 2016-05 does not count; it must be of 2015 to 2016."));
  question.set_period("2016");
  EXPECT_THAT(Failures(Check(question)), IsEmpty());

  clock_.Set(At("2017-12-31 23:00"));
  AddUnit("c", "county", "township");  // Whatever: log time goes on.
  EXPECT_EQ(Check("a1").period(), "2016");
  clock_.Set(At("2018-01-01 00:00"));
  AddUnit("d", "county", "township");
  EXPECT_THAT(
      Failures(Check("a1")),
      ElementsAre("No results of units/county/schemes/quality for 2017 to 2018 are final."));
}

TEST_F(EligibilityTest, VetoesBarAsTheRuleSays) {
  Furnish("basis: SCORE_BASIS_LIVE veto_bar: VETO_BAR_ANY");
  Observe("a1/visits/v1", "d-9", "passed: false", "safety", "2016-05-20 09:30");
  EXPECT_THAT(Failures(Check("a1")),
              ElementsAre("The score 50 is less than 80.", "A veto bars the unit: accident."));
  EXPECT_THAT(Failures(Check("a2")), ElementsAre("The score 77.78 is less than 80."));
  // The veto of a published result is known by name, too.
  ASSERT_TRUE(Publish(Request()).ok());
  EXPECT_THAT(GetResult("a1")->vetoes(), ElementsAre("accident"));
  TellProgramme("veto_bar: VETO_BAR_ANY");
  EXPECT_THAT(Failures(Check("a1")),
              ElementsAre("The score 50 is less than 80.", "A veto bars the unit: accident."));
  // This one caps the score, and disqualifies nobody.
  TellProgramme("");
  EXPECT_THAT(Failures(Check("a1")), ElementsAre("The score 50 is less than 80."));
}

TEST_F(EligibilityTest, TheRegistrysSideIsAskedToo) {
  Furnish("basis: SCORE_BASIS_LIVE", R"pb(required_level: "levels/township")pb");
  EXPECT_THAT(Failures(Check("a1")),
              ElementsAre("The unit holds no valid title of levels/township."));
  auto title = TitleChange(kProgramme, "a1", "lower", {{"2015-01-01", "2016-12-31"}});
  title.mutable_designation()->set_level("levels/village");
  Tell(title);
  EXPECT_FALSE(Check("a1").eligible()) << "of another level";
  title.mutable_designation()->set_level("levels/township");
  Tell(title);
  EXPECT_THAT(Failures(Check("a1")), IsEmpty());
  EXPECT_THAT(Failures(Check("a3")),
              testing::Contains("The unit takes no part in the programme on 2016-06-01."));

  v1::CheckEligibilityRequest question = Question("a1");
  question.set_title("other");
  EXPECT_THAT(Failures(Check(question)),
              ElementsAre("The programme gives no title \"other\" on 2016-06-01."));
  question.set_title("model");
  EXPECT_THAT(Failures(Check(question)), IsEmpty());

  // Titles expire with the log's time.
  clock_.Set(At("2017-01-01 00:00"));
  AddUnit("c", "county", "township");
  EXPECT_THAT(Failures(Check("a1")),
              testing::Contains("The unit holds no valid title of levels/township."));
}

TEST_F(EligibilityTest, QuotasThatMayApplyAreNamed) {
  Furnish("basis: SCORE_BASIS_LIVE");
  EXPECT_THAT(Quotas(Check("a1")),
              ElementsAre("3 (levels/county, batch-1)", "4 (levels/county, batch-2)"));
  v1::CheckEligibilityRequest question = Question("b1");
  question.set_batch("batch-2");
  EXPECT_THAT(Quotas(Check(question)), ElementsAre("4 (levels/county, batch-2)", "1 (units/b)"));
}

TEST_F(EligibilityTest, AnAnswerIsGoodAsLongAsTheRuleSays) {
  Furnish("basis: SCORE_BASIS_LIVE valid_days: 7");
  const v1::Eligibility answer = Check("a1");
  EXPECT_EQ(FromProto(answer.valid_until()), FromProto(answer.log_time()) + absl::Hours(7 * 24));
}

TEST_F(EligibilityTest, AUnitWithoutAScoreHasNone) {
  Furnish("basis: SCORE_BASIS_LIVE");
  AddTreeUnit("e1", "b", "site");  // No sheet, and nothing to roll up.
  Tell(EnrollChange(kProgramme, "e1", {{"2014-01-01", ""}}));
  EXPECT_THAT(Failures(Check("e1")), ElementsAre("The unit has no score."));
  // A unit that came after the publication has no result in it.
  ASSERT_TRUE(Publish(Request()).ok());
  AddTreeUnit("a4", "a", "village");
  Tell(EnrollChange(kProgramme, "a4", {{"2016-06-01", ""}}));
  TellProgramme("");
  EXPECT_THAT(Failures(Check("a4")), ElementsAre("The unit has no score."));
}

TEST_F(EligibilityTest, WhatCannotBeAskedIsRefused) {
  Furnish("basis: SCORE_BASIS_LIVE");
  auto refused = [&](void (*change)(v1::CheckEligibilityRequest&)) {
    v1::CheckEligibilityRequest question = Question("a1");
    change(question);
    return Ask(question);
  };
  using Question = v1::CheckEligibilityRequest;
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_unit("a1"); }), Reason::INVALID_NAME));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_unit("units/zz"); }), Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_programme("units/county/programmes/x"); }),
                      Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.clear_level(); }), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_level("levels/nation"); }),
                      Reason::LEVEL_NOT_IN_PROGRAMME));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_period("soon"); }), Reason::INVALID_PERIOD));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_title("A title"); }), Reason::INVALID_ID));
  EXPECT_TRUE(Refused(refused([](Question& q) { q.set_batch(std::string(101, 'b')); }),
                      Reason::TEXT_TOO_LONG));
}

TEST_F(EligibilityTest, AProgrammeThatIsNotShownIsNotFound) {
  Furnish("basis: SCORE_BASIS_LIVE");
  EXPECT_TRUE(Ask(Question("a1"), Viewer("a1")).ok());
  TellProgramme("basis: SCORE_BASIS_LIVE", "", registry::v1::VISIBILITY_OFFICE);
  EXPECT_TRUE(Refused(Ask(Question("a1"), Viewer("a1")), Reason::NOT_FOUND));
  EXPECT_TRUE(Ask(Question("a1"), Viewer("county")).ok());
  TellProgramme("basis: SCORE_BASIS_LIVE", "", registry::v1::VISIBILITY_PARTICIPANTS);
  EXPECT_TRUE(Ask(Question("a1"), Viewer("a1")).ok());
  EXPECT_TRUE(Refused(Ask(Question("a3"), Viewer("a3")), Reason::NOT_FOUND));
}

class UnheardEligibilityTest : public EligibilityTest {
 protected:
  UnheardEligibilityTest() : EligibilityTest(/*complete=*/false) {}
};

TEST_F(UnheardEligibilityTest, NothingIsSaidBeforeAllIsKnown) {
  rpc::Call call = CallOf("CheckEligibility", Viewer("county"));
  call.deadline = clock_.Now();
  v1::Eligibility reply;
  absl::Status status;
  absl::Notification done;
  const v1::CheckEligibilityRequest request = Question("a1");
  service_->methods().Find("CheckEligibility")->unary(call, request, &reply, [&](absl::Status s) {
    status = std::move(s);
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_TRUE(HasReason(status, Reason::NOT_READY)) << status;
  CompleteFeeds();
  Furnish("basis: SCORE_BASIS_LIVE");
  EXPECT_THAT(Failures(Check("a1")), IsEmpty());
}

}  // namespace
}  // namespace terrace::scoring
