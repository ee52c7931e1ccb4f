// Appeals: filed in time, answered by others, and in the way of the end while they are open.
#include "services/scoring/publications/publication_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AppealTest : public PublicationTest {
 protected:
  static constexpr char kAppeal[] = "units/a1/appeals/first";

  void Announce() {
    Furnish();
    const auto publication = Publish(Provisional());
    ASSERT_TRUE(publication.ok()) << publication.status();
  }
  static v1::FileAppealRequest FileRequest(const std::string& unit = "a1",
                                           const std::string& id = "first") {
    v1::FileAppealRequest request;
    request.set_parent(UnitNamed(unit));
    request.set_appeal_id(id);
    request.mutable_appeal()->set_publication(kRound);
    request.mutable_appeal()->set_grounds("The visit was to another village.");
    return request;
  }
  absl::StatusOr<v1::Appeal> File(const v1::FileAppealRequest& request) {
    return Do<v1::Appeal>("FileAppeal", Who("a1", options::v1::ROLE_REPORTER), request);
  }
  absl::StatusOr<v1::Appeal> Admit(const std::string& office = "county", bool refuse = false,
                                   const std::string& statement = "") {
    v1::AdmitAppealRequest request;
    request.set_name(kAppeal);
    request.set_acting_office(UnitNamed(office));
    request.set_refuse(refuse);
    request.set_statement(statement);
    return Do<v1::Appeal>("AdmitAppeal", Officer(office), request);
  }
  absl::StatusOr<v1::Appeal> Decide(const access::Identity& who, const std::string& office,
                                    v1::AppealState outcome,
                                    const std::string& statement = "Looked at again.") {
    v1::DecideAppealRequest request;
    request.set_name(kAppeal);
    request.set_acting_office(UnitNamed(office));
    request.set_outcome(outcome);
    request.set_statement(statement);
    return Do<v1::Appeal>("DecideAppeal", who, request);
  }
  absl::StatusOr<v1::Appeal> Decide(v1::AppealState outcome) {
    return Decide(Officer("county"), "county", outcome);
  }
  int64_t Open() { return GetPublication()->open_appeal_count(); }
};

TEST_F(AppealTest, IsFiledAdmittedAndDecided) {
  Announce();
  v1::FileAppealRequest request = FileRequest();
  request.mutable_appeal()->set_node("site.clean");
  request.mutable_appeal()->add_evidence("units/a1/visits/v1/observations/d-1");
  const auto filed = File(request);
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_EQ(filed->name(), kAppeal);
  EXPECT_EQ(filed->state(), v1::APPEAL_STATE_FILED);
  EXPECT_GT(filed->revision(), 0);
  EXPECT_EQ(filed->filed_by().subject(), "tokens/a1");
  EXPECT_EQ(FromProto(filed->file_time()), clock_.Now());
  EXPECT_EQ(FromProto(filed->admit_due_time()), clock_.Now() + kAdmitWithin);
  EXPECT_FALSE(filed->has_decide_due_time());
  EXPECT_EQ(Open(), 1);
  EXPECT_TRUE(Refused(Decide(v1::APPEAL_STATE_DISMISSED), Reason::WRONG_STATE));

  Pass(absl::Hours(1));
  const auto admitted = Admit();
  ASSERT_TRUE(admitted.ok()) << admitted.status();
  EXPECT_EQ(admitted->state(), v1::APPEAL_STATE_ADMITTED);
  EXPECT_EQ(admitted->admitted_by().office(), "units/county");
  EXPECT_EQ(FromProto(admitted->decide_due_time()), clock_.Now() + kDecideWithin);
  EXPECT_NE(admitted->etag(), filed->etag());
  EXPECT_TRUE(Refused(Admit(), Reason::WRONG_STATE));
  EXPECT_EQ(Open(), 1);

  const auto decided = Decide(v1::APPEAL_STATE_ADJUSTED);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->state(), v1::APPEAL_STATE_ADJUSTED);
  EXPECT_EQ(decided->statement(), "Looked at again.");
  EXPECT_EQ(decided->decided_by().subject(), "tokens/county");
  EXPECT_TRUE(decided->corrected_by().empty());
  EXPECT_EQ(Open(), 0);
  EXPECT_TRUE(Refused(Decide(v1::APPEAL_STATE_ADJUSTED), Reason::WRONG_STATE));

  // The correction that follows is named.
  v1::PublishResultsRequest correction = Provisional("second");
  correction.mutable_publication()->set_corrects(kRound);
  correction.mutable_publication()->set_reason("Appeals.");
  ASSERT_TRUE(Publish(correction).ok());
  v1::GetAppealRequest get;
  get.set_name(kAppeal);
  const auto after = Do<v1::Appeal>("GetAppeal", Viewer("a1"), get);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->corrected_by(), "units/county/publications/second");
  EXPECT_TRUE(Refused(File(FileRequest("a1", "late")), Reason::ALREADY_CORRECTED));
}

TEST_F(AppealTest, OpenAppealsAreInTheWayOfTheEnd) {
  Announce();
  ASSERT_TRUE(File(FileRequest()).ok());
  Pass(absl::Hours(25));
  EXPECT_TRUE(Refused(Finalize(), Reason::APPEALS_OPEN));
  ASSERT_TRUE(Admit().ok());
  EXPECT_TRUE(Refused(Finalize(), Reason::APPEALS_OPEN));
  ASSERT_TRUE(Decide(v1::APPEAL_STATE_DISMISSED).ok());
  EXPECT_TRUE(Finalize().ok());
}

TEST_F(AppealTest, ARefusalSaysWhy) {
  Announce();
  ASSERT_TRUE(File(FileRequest()).ok());
  EXPECT_TRUE(Refused(Admit("county", true), Reason::REQUIRED_FIELD));
  const auto refused = Admit("county", true, "It names no visit.");
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->state(), v1::APPEAL_STATE_REFUSED);
  EXPECT_EQ(refused->statement(), "It names no visit.");
  EXPECT_FALSE(refused->has_decide_due_time());
  EXPECT_EQ(Open(), 0);
}

TEST_F(AppealTest, OnlyInTimeAndAboutAResult) {
  EXPECT_TRUE(Refused(File(FileRequest()), Reason::NOT_FOUND));
  Announce();
  auto with = [](auto change) {
    v1::FileAppealRequest request = FileRequest();
    change(request);
    return request;
  };
  EXPECT_TRUE(Refused(File(FileRequest("province")), Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(File(FileRequest("a1", "No!")), Reason::INVALID_ID));
  EXPECT_TRUE(Refused(File(with([](auto& r) { r.mutable_appeal()->clear_grounds(); })),
                      Reason::REQUIRED_FIELD));
  EXPECT_TRUE(
      Refused(File(with([](auto& r) { r.mutable_appeal()->set_grounds(std::string(8193, 'x')); })),
              Reason::TEXT_TOO_LONG));
  EXPECT_TRUE(Refused(File(with([](auto& r) { r.mutable_appeal()->set_node("nowhere"); })),
                      Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(File(with([](auto& r) { r.mutable_appeal()->add_evidence("a photo"); })),
                      Reason::INVALID_NAME));
  EXPECT_TRUE(Refused(File(with([](auto& r) {
                        for (int i = 0; i <= kEvidenceMax; ++i) {
                          r.mutable_appeal()->add_evidence("units/a1/visits/v1");
                        }
                      })),
                      Reason::INVALID_FIELD));
  for (int i = 0; i < kAppealsPerResult; ++i) {
    ASSERT_TRUE(File(FileRequest("a1", absl::StrCat("n", i))).ok());
  }
  EXPECT_TRUE(Refused(File(FileRequest("a1", "n0")), Reason::ALREADY_EXISTS));
  EXPECT_TRUE(Refused(File(FileRequest("a1", "more")), Reason::TOO_MANY_APPEALS));
  Pass(absl::Hours(24));  // The very end is still in time.
  EXPECT_TRUE(File(FileRequest("a2")).ok());
  Pass(absl::Milliseconds(1));
  EXPECT_TRUE(Refused(File(FileRequest("a3")), Reason::OBJECTION_OVER));
}

TEST_F(AppealTest, AFinalPublicationTakesNone) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  EXPECT_TRUE(Refused(File(FileRequest()), Reason::WRONG_STATE));
}

TEST_F(AppealTest, TheOfficeOrOneAboveItAnswers) {
  Announce();
  ASSERT_TRUE(File(FileRequest()).ok());
  EXPECT_TRUE(Refused(Admit("a1"), Reason::SELF_JUDGEMENT));
  EXPECT_TRUE(Refused(Admit("b"), Reason::SELF_JUDGEMENT));
  EXPECT_TRUE(Refused(Admit("a"), Reason::NOT_YOURS));  // Above the unit, below the office.
  EXPECT_TRUE(Admit("province").ok());
  EXPECT_TRUE(Refused(Decide(Officer("a"), "a", v1::APPEAL_STATE_DISMISSED), Reason::NOT_YOURS));
  EXPECT_TRUE(
      Refused(Decide(Officer("county"), "county", v1::APPEAL_STATE_FILED), Reason::INVALID_FIELD));
  EXPECT_TRUE(Refused(Decide(Officer("county"), "county", v1::APPEAL_STATE_DISMISSED, ""),
                      Reason::REQUIRED_FIELD));
  EXPECT_TRUE(Decide(Officer("province"), "province", v1::APPEAL_STATE_DISMISSED).ok());
}

TEST_F(AppealTest, NobodyDecidesAboutWhatTheyHaveJudged) {
  Announce();
  // The county's officer stated a value on the sheet, in a campaign of this scheme and period; the
  // province's one did so in another period's.
  auto state = [&](const std::string& campaign, const std::string& period,
                   const std::string& subject) {
    Change([&](machine::Decision& decision) {
      storage::v1::CampaignRow row;
      row.mutable_campaign()->set_scheme("units/county/schemes/quality@1");
      row.mutable_campaign()->set_period(period);
      decision.Put(absl::StrCat("units/county/campaigns/", campaign), row);
      storage::v1::StageRow stage;
      stage.mutable_values()->add_values()->mutable_stated_by()->set_subject(subject);
      decision.Put(absl::StrCat("units/a1/sheets/county~", campaign, "/stages/check"), stage);
    });
  };
  state("now", "2016", "tokens/county");
  state("then", "2015", "tokens/province");
  ASSERT_TRUE(File(FileRequest()).ok());
  ASSERT_TRUE(Admit().ok());
  EXPECT_TRUE(Refused(Decide(v1::APPEAL_STATE_DISMISSED), Reason::JUDGED_BEFORE));
  EXPECT_TRUE(Decide(Officer("province"), "province", v1::APPEAL_STATE_DISMISSED).ok());
}

TEST_F(AppealTest, WhoFiledItDoesNotAnswerIt) {
  Announce();
  ASSERT_TRUE(Do<v1::Appeal>("FileAppeal", Officer("county"), FileRequest()).ok());
  EXPECT_TRUE(Refused(Admit(), Reason::JUDGED_BEFORE));
  ASSERT_TRUE(Admit("province").ok());
  EXPECT_TRUE(Refused(Decide(v1::APPEAL_STATE_DISMISSED), Reason::JUDGED_BEFORE));
}

TEST_F(AppealTest, ListsWhatTheCallerMaySee) {
  Announce();
  ASSERT_TRUE(File(FileRequest()).ok());
  ASSERT_TRUE(File(FileRequest("b1")).ok());
  ASSERT_TRUE(File(FileRequest("a2")).ok());
  ASSERT_TRUE(Admit().ok());
  v1::ListAppealsRequest request;
  auto names = [&](const access::Identity& who, const std::string& subtree,
                   const std::string& filter = "", const std::string& publication = "") {
    request.set_subtree(UnitNamed(subtree));
    request.set_filter(filter);
    request.set_publication(publication);
    const auto list = Do<v1::ListAppealsResponse>("ListAppeals", who, request);
    EXPECT_TRUE(list.ok()) << list.status();
    std::vector<std::string> units;
    if (!list.ok()) return units;
    for (const v1::Appeal& appeal : list->appeals()) {
      units.push_back(std::string(resource::OwnerOf(appeal.name())));
    }
    return units;
  };
  EXPECT_THAT(names(Viewer("county"), "county"), ElementsAre("a1", "a2", "b1"));
  EXPECT_THAT(names(Viewer("county"), "a"), ElementsAre("a1", "a2"));
  EXPECT_THAT(names(Viewer("a1"), "a1"), ElementsAre("a1"));
  EXPECT_THAT(names(Viewer("county"), "county", "state = ADMITTED"), ElementsAre("a1"));
  EXPECT_THAT(names(Viewer("county"), "county", "", kRound), ElementsAre("a1", "a2", "b1"));
  EXPECT_THAT(names(Viewer("county"), "county", "", "units/county/publications/other"), IsEmpty());
  request.set_page_size(2);
  const auto page = Do<v1::ListAppealsResponse>("ListAppeals", Viewer("county"), request);
  ASSERT_TRUE(page.ok());
}

}  // namespace
}  // namespace terrace::scoring
