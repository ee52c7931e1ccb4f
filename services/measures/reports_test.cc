// Reports: submitted, returned, accepted, excused; what is refused.
#include "gmock/gmock.h"
#include "services/measures/measures_fixture.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ReportsTest : public MeasuresTest {
 protected:
  void SetUp() override {
    MakeList();
    assignment_ = MakeLead("m1", "east");
  }

  std::string Name(const std::string& period) {
    return absl::StrCat(assignment_, "/reports/", period);
  }
  absl::StatusOr<v1::Report> Accept(const std::string& name, const std::string& office,
                                    const access::Identity& who) {
    return Judge<v1::AcceptReportRequest>("AcceptReport", name, office, who);
  }
  absl::StatusOr<v1::Report> Return(const std::string& name, const std::string& office,
                                    const access::Identity& who,
                                    const std::string& note = "The figures are missing.") {
    return Judge<v1::ReturnReportRequest>("ReturnReport", name, office, who, note);
  }
  absl::StatusOr<v1::Report> Excuse(const std::string& assignment, const std::string& period,
                                    const std::string& note = "The road was closed.",
                                    const std::string& time = "") {
    v1::ExcuseReportRequest request;
    request.set_assignment(assignment);
    request.set_period(period);
    request.set_acting_office("units/county");
    request.set_note(note);
    if (!time.empty()) *request.mutable_excused_time() = ToProto(T(time));
    return Do<v1::Report>("ExcuseReport", Officer("county"), request);
  }
  absl::StatusOr<v1::Report> Get(const std::string& name, const std::string& at = "") {
    v1::GetReportRequest request;
    request.set_name(name);
    if (!at.empty()) *request.mutable_at_time() = ToProto(T(at));
    return Do<v1::Report>("GetReport", Officer("county"), request);
  }

  std::string assignment_;
};

TEST_F(ReportsTest, AReportIsKeptWithItsContentAndItsTimes) {
  Now("2016-01-22 23:59:59");
  auto report = Submit(assignment_, "2016-01", Reporter("east"), "", R"(
      progress { value: "12.5" } text: "Three lectures."
      quantities { key: "lectures" quantity { value { value: "3" } } }
      evidence { uri: "https://example.org/a.jpg" media_type: "image/jpeg" bytes: 10
                 sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" })");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->name(), "units/east/assignments/county~m1/reports/2016-01");
  EXPECT_EQ(report->state(), v1::REPORT_STATE_SUBMITTED);
  EXPECT_EQ(report->timeliness(), v1::TIMELINESS_ON_TIME);
  EXPECT_EQ(Show(report->due_time()), "2016-01-23 00:00");
  EXPECT_EQ(report->measure(), "units/county/measures/m1");
  EXPECT_EQ(report->list(), "units/county/measureLists/list");
  EXPECT_EQ(report->revision(), Revision());
  EXPECT_EQ(report->events(0).moment().actor().office(), "units/east");
  auto read = Get(report->name());
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->submissions_size(), 1);
  EXPECT_EQ(read->submissions(0).content().text(), "Three lectures.");
  EXPECT_EQ(read->submissions(0).content().evidence(0).bytes(), 10);
  EXPECT_EQ(read->progress().value(), "12.5");
  EXPECT_EQ(GetAssignment(assignment_).progress().value(), "12.5");
  EXPECT_EQ(GetAssignment(assignment_).latest_period(), "2016-01");
  EXPECT_EQ(GetAssignment(assignment_).state(), v1::ASSIGNMENT_STATE_IN_PROGRESS);
}

TEST_F(ReportsTest, OneSecondDecides) {
  Now("2016-01-23");
  auto report = Submit(assignment_, "2016-01", Reporter("east"));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->timeliness(), v1::TIMELINESS_LATE);
}

TEST_F(ReportsTest, ResubmissionKeepsTheFirstTimeAndEveryContent) {
  Now("2016-01-20");
  ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east"), "", "text: 'First.'").ok());
  EXPECT_REASON(Submit(assignment_, "2016-01", Reporter("east")), WRONG_STATE);
  Now("2016-01-24");
  auto returned = Return(Name("2016-01"), "county", Officer("county"));
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->state(), v1::REPORT_STATE_RETURNED);
  EXPECT_EQ(returned->events(1).note(), "The figures are missing.");
  Now("2016-02-01");
  auto again = Submit(assignment_, "2016-01", Reporter("east"), "",
                      "text: 'Second.' progress { value: '30' }");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), v1::REPORT_STATE_RESUBMITTED);
  EXPECT_EQ(again->timeliness(), v1::TIMELINESS_ON_TIME);
  EXPECT_EQ(Show(again->first_submitted_time()), "2016-01-20 00:00");
  ASSERT_TRUE(Accept(Name("2016-01"), "county", Officer("county")).ok());
  auto read = Get(Name("2016-01"));
  ASSERT_EQ(read->submissions_size(), 2);
  EXPECT_EQ(read->submissions(0).content().text(), "First.");
  EXPECT_EQ(read->submissions(1).content().text(), "Second.");
  EXPECT_EQ(read->submissions(1).number(), 2);
  EXPECT_EQ(read->events_size(), 4);
  EXPECT_EQ(read->state(), v1::REPORT_STATE_ACCEPTED);
  // As it stood on the 21st.
  read = Get(Name("2016-01"), "2016-01-21");
  EXPECT_EQ(read->state(), v1::REPORT_STATE_SUBMITTED);
  EXPECT_EQ(read->submissions_size(), 1);
  EXPECT_FALSE(read->has_progress());
  EXPECT_REASON(Get(Name("2016-01"), "2016-01-19"), NOT_FOUND);
}

TEST_F(ReportsTest, TheWrongPeriodIsRefused) {
  Now("2016-03-10");
  EXPECT_REASON(Submit(assignment_, "2016-13", Reporter("east")), INVALID_PERIOD);
  EXPECT_REASON(Submit(assignment_, "march", Reporter("east")), INVALID_PERIOD);
  EXPECT_REASON(Submit(assignment_, "2016-q1", Reporter("east")), INVALID_PERIOD);
  EXPECT_REASON(Submit(assignment_, "2016-Q1", Reporter("east")), PERIOD_NOT_ASKED);
  EXPECT_REASON(Submit(assignment_, "2015-12", Reporter("east")), PERIOD_NOT_ASKED);
  EXPECT_REASON(Submit(assignment_, "2016-04", Reporter("east")), PERIOD_NOT_OPEN);
  EXPECT_TRUE(Submit(assignment_, "2016-03", Reporter("east")).ok());
  EXPECT_TRUE(Submit(assignment_, "2016-02", Reporter("east")).ok());
  // A measure issued in March asks nothing about January.
  const std::string later = MakeLead("m2", "west");
  EXPECT_REASON(Submit(later, "2016-01", Reporter("west")), PERIOD_NOT_ASKED);
}

TEST_F(ReportsTest, BadContentIsRefusedAndLeavesNothing) {
  const int64_t before = Revision();
  auto submit = [&](const std::string& content) {
    return Submit(assignment_, "2016-01", Reporter("east"), "", content);
  };
  EXPECT_REASON(submit(""), REQUIRED_FIELD);
  EXPECT_REASON(submit("progress { value: '101' }"), NUMBER_OUT_OF_RANGE);
  EXPECT_REASON(submit("progress { value: '-1' }"), NUMBER_OUT_OF_RANGE);
  EXPECT_REASON(submit("progress { value: 'NaN' }"), INVALID_NUMBER);
  EXPECT_REASON(submit("progress { value: '1e2' }"), INVALID_NUMBER);
  EXPECT_REASON(submit("quantities { key: 'n' quantity { value { value: 'inf' } } }"),
                INVALID_NUMBER);
  EXPECT_REASON(submit("quantities { key: 'n' quantity { value { value: '9999999999999' } } }"),
                NUMBER_OUT_OF_RANGE);
  EXPECT_REASON(submit("quantities { key: 'N' quantity { value { value: '1' } } }"), INVALID_ID);
  EXPECT_REASON(submit("evidence { }"), REQUIRED_FIELD);
  EXPECT_REASON(submit("evidence { uri: 'x' sha256: 'ABC' media_type: 'image/png' }"),
                INVALID_FIELD);
  EXPECT_REASON(submit(absl::StrCat("evidence { uri: 'x' sha256: '", std::string(64, 'a'),
                                    "' media_type: 'image/*' }")),
                INVALID_FIELD);
  std::string many;
  for (int i = 0; i <= kEvidenceMax; ++i) absl::StrAppend(&many, "evidence { uri: 'x' } ");
  EXPECT_REASON(submit(many), BATCH_TOO_LARGE);
  EXPECT_EQ(Revision(), before);
  EXPECT_REASON(Get(Name("2016-01")), NOT_FOUND);
}

TEST_F(ReportsTest, AReportForWhatIsNotAssignedIsRefused) {
  EXPECT_REASON(Submit("units/west/assignments/county~m1", "2016-01", Reporter("west")), NOT_FOUND);
  EXPECT_REASON(Submit("units/east/assignments/county~none", "2016-01", Reporter("east")),
                NOT_FOUND);
  EXPECT_REASON(Submit("units/east", "2016-01", Reporter("east")), INVALID_NAME);
  // A draft has no assignments yet.
  ASSERT_TRUE(MakeMeasure("m2", "lead { unit: 'units/east' }").ok());
  EXPECT_REASON(Submit("units/east/assignments/county~m2", "2016-01", Reporter("east")), NOT_FOUND);
}

TEST_F(ReportsTest, NobodyJudgesItself) {
  ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east")).ok());
  EXPECT_REASON(Accept(Name("2016-01"), "east", Officer("east")), SELF_JUDGEMENT);
  EXPECT_REASON(Accept(Name("2016-01"), "east-1", Officer("east-1")), SELF_JUDGEMENT);
  EXPECT_REASON(Accept(Name("2016-01"), "other", Officer("other")), SELF_JUDGEMENT);
  EXPECT_REASON(Return(Name("2016-01"), "east", Officer("east")), SELF_JUDGEMENT);
  v1::AcceptReportRequest request;
  request.set_name(Name("2016-01"));
  EXPECT_REASON(Do<v1::Report>("AcceptReport", Officer("county"), request), REQUIRED_FIELD);
  // The office above the issuer may, too; and the county about its own part may not.
  EXPECT_TRUE(Accept(Name("2016-01"), "region", Officer("region")).ok());
  const std::string own = MakeLead("own", "county");
  ASSERT_TRUE(Submit(own, "2016-01", Reporter("county")).ok());
  EXPECT_REASON(Accept(absl::StrCat(own, "/reports/2016-01"), "county", Officer("county")),
                SELF_JUDGEMENT);
  EXPECT_TRUE(Accept(absl::StrCat(own, "/reports/2016-01"), "region", Officer("region")).ok());
}

TEST_F(ReportsTest, TheSectorLineJudgesAsWell) {
  const std::string school = MakeLead("m2", "school");
  ASSERT_TRUE(Submit(school, "2016-01", Reporter("school")).ok());
  EXPECT_TRUE(Accept(absl::StrCat(school, "/reports/2016-01"), "bureau", Officer("bureau")).ok());
}

TEST_F(ReportsTest, JudgementsNeedTheirState) {
  EXPECT_REASON(Accept(Name("2016-01"), "county", Officer("county")), NOT_FOUND);
  ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east")).ok());
  EXPECT_REASON(Return(Name("2016-01"), "county", Officer("county"), ""), REQUIRED_FIELD);
  ASSERT_TRUE(Return(Name("2016-01"), "county", Officer("county")).ok());
  EXPECT_REASON(Return(Name("2016-01"), "county", Officer("county")), WRONG_STATE);
  EXPECT_REASON(Accept(Name("2016-01"), "county", Officer("county")), WRONG_STATE);
  ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east")).ok());
  ASSERT_TRUE(Accept(Name("2016-01"), "county", Officer("county")).ok());
  EXPECT_REASON(Return(Name("2016-01"), "county", Officer("county")), WRONG_STATE);
  EXPECT_REASON(Submit(assignment_, "2016-01", Reporter("east")), WRONG_STATE);
  EXPECT_REASON(Excuse(assignment_, "2016-01"), WRONG_STATE);
}

TEST_F(ReportsTest, AnExcusedReportIsNeitherMissingNorLate) {
  EXPECT_REASON(Excuse(assignment_, "2016-02", ""), REQUIRED_FIELD);
  auto excused = Excuse(assignment_, "2016-02");  // Before it opens.
  ASSERT_TRUE(excused.ok()) << excused.status();
  EXPECT_EQ(excused->state(), v1::REPORT_STATE_EXCUSED);
  EXPECT_EQ(excused->timeliness(), v1::TIMELINESS_EXCUSED);
  EXPECT_REASON(Excuse(assignment_, "2016-02"), WRONG_STATE);
  EXPECT_REASON(Submit(assignment_, "2016-02", Reporter("east")), WRONG_STATE);
  // A report that came late may still be excused.
  Now("2016-01-25");
  ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east")).ok());
  ASSERT_TRUE(Excuse(assignment_, "2016-01").ok());
  Now("2016-02-23");
  EXPECT_EQ(GetAssignment(assignment_).standing(), v1::STANDING_ON_TRACK);
}

TEST_F(ReportsTest, OnlyOfficersOfTheIssuerEnterThePast) {
  Now("2016-12-01");
  EXPECT_REASON(Submit(assignment_, "2016-01", Reporter("east"), "2016-01-20"), ROLE_REQUIRED);
  EXPECT_REASON(Submit(assignment_, "2016-01", Officer("east"), "2016-01-20"), ROLE_REQUIRED);
  EXPECT_REASON(Submit(assignment_, "2016-01", Officer("county"), "2016-12-02"), INVALID_TIME);
  EXPECT_REASON(Submit(assignment_, "2016-01", Officer("county"), "2016-01-03"), INVALID_TIME);
  EXPECT_REASON(Submit(assignment_, "2016-03", Officer("county"), "2016-02-28"), PERIOD_NOT_OPEN);
  auto report = Submit(assignment_, "2016-01", Officer("county"), "2016-01-20");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->timeliness(), v1::TIMELINESS_ON_TIME);
  // Both times are kept.
  EXPECT_EQ(Show(report->events(0).moment().time()), "2016-01-20 00:00");
  EXPECT_EQ(Show(report->events(0).moment().record_time()), "2016-12-01 00:00");
  // What follows cannot have happened before.
  v1::AcceptReportRequest accept;
  accept.set_name(Name("2016-01"));
  accept.set_acting_office("units/county");
  *accept.mutable_accepted_time() = ToProto(T("2016-01-19"));
  EXPECT_REASON(Do<v1::Report>("AcceptReport", Officer("county"), accept), INVALID_TIME);
  *accept.mutable_accepted_time() = ToProto(T("2016-01-25"));
  EXPECT_TRUE(Do<v1::Report>("AcceptReport", Officer("county"), accept).ok());
  EXPECT_EQ(Get(Name("2016-01"), "2016-01-24")->state(), v1::REPORT_STATE_SUBMITTED);
}

TEST_F(ReportsTest, ARepeatedRequestIsAnsweredAgain) {
  v1::SubmitReportRequest request;
  request.set_assignment(assignment_);
  request.set_period("2016-01");
  request.mutable_content()->set_text("Done.");
  request.set_request_id("11111111-1111-4111-8111-111111111111");
  auto first = Do<v1::Report>("SubmitReport", Reporter("east"), request);
  ASSERT_TRUE(first.ok()) << first.status();
  const int64_t revision = Revision();
  Now("2016-01-30");
  auto again = Do<v1::Report>("SubmitReport", Reporter("east"), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(Revision(), revision);
  request.mutable_content()->set_text("Something else.");
  EXPECT_REASON(Do<v1::Report>("SubmitReport", Reporter("east"), request), REQUEST_ID_REUSED);
}

TEST_F(ReportsTest, TheEtagGuardsAgainstSurprise) {
  ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east")).ok());
  const std::string etag = Get(Name("2016-01"))->etag();
  v1::ReturnReportRequest request;
  request.set_name(Name("2016-01"));
  request.set_acting_office("units/county");
  request.set_note("No.");
  request.set_etag("ffffffffffffffff");
  EXPECT_REASON(Do<v1::Report>("ReturnReport", Officer("county"), request), ETAG_MISMATCH);
  request.set_etag(etag);
  EXPECT_TRUE(Do<v1::Report>("ReturnReport", Officer("county"), request).ok());
}

TEST_F(ReportsTest, ReportsAreListedByAssignmentUnitAndSubtree) {
  const std::string west = MakeLead("m2", "west");
  const std::string village = MakeLead("m3", "east-1");
  Now("2016-03-20");
  for (const char* period : {"2016-01", "2016-02", "2016-03"}) {
    for (const std::string& assignment : {assignment_, west, village}) {
      ASSERT_TRUE(Submit(assignment, period, Officer("county")).ok());
    }
  }
  auto list = [&](const std::string& parent, const std::string& subtree, const std::string& filter,
                  const access::Identity& who, int page_size = 0) {
    v1::ListReportsRequest request;
    request.set_parent(parent);
    request.set_subtree(subtree);
    request.set_filter(filter);
    request.set_page_size(page_size);
    std::vector<std::string> names;
    do {
      auto reply = Do<v1::ListReportsResponse>("ListReports", who, request);
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (!reply.ok()) break;
      for (const v1::Report& report : reply->reports()) {
        EXPECT_TRUE(report.submissions().empty());
        names.push_back(absl::StrCat(resource::OwnerOf(report.name()), " ", report.period()));
      }
      request.set_page_token(reply->next_page_token());
    } while (!request.page_token().empty());
    return names;
  };
  EXPECT_THAT(list(assignment_, "", "", Officer("county")),
              ElementsAre("east 2016-01", "east 2016-02", "east 2016-03"));
  EXPECT_THAT(list(assignment_, "", "", Officer("county"), 2),
              ElementsAre("east 2016-01", "east 2016-02", "east 2016-03"));
  EXPECT_THAT(list("units/west", "", "timeliness = \"LATE\"", Officer("county")),
              ElementsAre("west 2016-01", "west 2016-02"));
  // Names are in byte order: '-' comes before '/'.
  EXPECT_THAT(list("", "units/east", "period = \"2016-02\"", Officer("county"), 1),
              ElementsAre("east-1 2016-02", "east 2016-02"));
  EXPECT_EQ(list("", "units/county", "", Officer("county"), 2).size(), 9u);
  // Without parent and subtree: what the caller may see.
  EXPECT_THAT(list("", "", "period = \"2016-01\"", Reporter("west")), ElementsAre("west 2016-01"));
  EXPECT_THAT(list("", "", "", Reporter("other")), IsEmpty());
}

TEST_F(ReportsTest, AReportTakesOnlySoMuchHistory) {
  for (int i = 0; i < kEventsMax / 2; ++i) {
    ASSERT_TRUE(Submit(assignment_, "2016-01", Reporter("east")).ok()) << i;
    ASSERT_TRUE(Return(Name("2016-01"), "county", Officer("county")).ok()) << i;
  }
  EXPECT_REASON(Submit(assignment_, "2016-01", Reporter("east")), TOO_MANY_EVENTS);
}

}  // namespace
}  // namespace terrace::measures
