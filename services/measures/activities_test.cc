// Activities: recorded once, imported, withdrawn, summed.
#include "gmock/gmock.h"
#include "services/measures/measures_fixture.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kLecture[] = R"(
    kind: "lecture" display_name: "Reading together" date { year: 2016 month: 3 day: 12 }
    quantities { key: "audience"
                 quantity { value { value: "180" } unit: "person" qualifier: QUALIFIER_AT_LEAST } }
    text: "Held in the school hall." localized_names { key: "zh-CN" value: "共读" }
    localized_names { key: "fr" value: "Lire ensemble" }
    localized_names { key: "de" value: "Lesen" })";

class ActivitiesTest : public MeasuresTest {
 protected:
  void SetUp() override { Now("2016-12-01"); }

  absl::StatusOr<v1::Activity> Record(const std::string& unit, const std::string& id,
                                      const std::string& text) {
    v1::RecordActivityRequest request;
    request.set_parent(absl::StrCat("units/", unit));
    request.set_activity_id(id);
    *request.mutable_activity() = Text<v1::Activity>(text);
    return Do<v1::Activity>("RecordActivity", Reporter(unit), request);
  }
  v1::Activity Row(const std::string& name, const std::string& text) {
    v1::Activity activity = Text<v1::Activity>(text);
    activity.set_name(name);
    return activity;
  }
  absl::StatusOr<v1::SummarizeActivitiesResponse> Sum(const std::string& text,
                                                      const access::Identity& who) {
    return Do<v1::SummarizeActivitiesResponse>("SummarizeActivities", who,
                                               Text<v1::SummarizeActivitiesRequest>(text));
  }
  // "lecture 2: audience 200 AT_LEAST"
  std::vector<std::string> Lines(const v1::SummarizeActivitiesResponse& response) {
    std::vector<std::string> out;
    for (const v1::ActivitySummary& summary : response.summaries()) {
      std::string line = absl::StrCat(summary.kind(), " ", summary.activity_count(), ":");
      for (const v1::QuantitySum& sum : summary.sums()) {
        absl::StrAppend(&line, " ", sum.key(), " ", sum.sum().value().value());
        if (sum.sum().qualifier() == types::v1::QUALIFIER_AT_LEAST) line += " AT_LEAST";
      }
      out.push_back(line);
    }
    return out;
  }
};

TEST_F(ActivitiesTest, ARecordedActivityIsReadWithItsText) {
  auto recorded = Record("east", "a1", kLecture);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(recorded->name(), "units/east/activities/a1");
  v1::GetActivityRequest request;
  request.set_name(recorded->name());
  auto read = Do<v1::Activity>("GetActivity", Reporter("east"), request);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->text(), "Held in the school hall.");
  EXPECT_EQ(read->content_hash().size(), 64u);
  EXPECT_EQ(Show(read->recorded().record_time()), "2016-12-01 00:00");
  EXPECT_EQ(read->revision(), 1);
  request.set_name("units/east/activities/none");
  EXPECT_REASON(Do<v1::Activity>("GetActivity", Reporter("east"), request), NOT_FOUND);
}

TEST_F(ActivitiesTest, TheSameAgainIsNoSecondActivity) {
  auto first = Record("east", "a1", kLecture);
  ASSERT_TRUE(first.ok());
  auto again = Record("east", "a1", kLecture);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->content_hash(), first->content_hash());
  EXPECT_EQ(Revision(), 1);
  EXPECT_REASON(Record("east", "a1", absl::StrCat(kLecture, " programme: 'units/a/programmes/p'")),
                CONTENT_DIFFERS);
  EXPECT_EQ(Revision(), 1);
}

TEST_F(ActivitiesTest, BadActivitiesAreRefused) {
  const std::string day = "date { year: 2016 month: 3 day: 12 } ";
  EXPECT_REASON(Record("east", "", day), REQUIRED_FIELD);
  EXPECT_REASON(Record("east", "", "kind: 'lecture'"), REQUIRED_FIELD);
  EXPECT_REASON(Record("east", "", day + "kind: 'A Lecture'"), INVALID_ID);
  EXPECT_REASON(Record("east", "", "kind: 'k' date { year: 2015 month: 2 day: 29 }"), INVALID_TIME);
  EXPECT_REASON(Record("east", "", "kind: 'k' date { year: 2017 month: 2 day: 28 }"), INVALID_TIME);
  EXPECT_REASON(Record("east", "", day + "kind: 'k' end_date { year: 2016 month: 3 day: 11 }"),
                INVALID_FIELD);
  EXPECT_REASON(Record("east", "", day + R"(kind: 'k'
                    assignment: 'units/west/assignments/county~m1')"),
                NOT_YOURS);
  EXPECT_REASON(Record("east", "", day + R"(kind: 'k'
                    assignment: 'units/east/assignments/county~m1')"),
                NOT_FOUND);
  EXPECT_REASON(Record("east", "", day + R"(kind: 'k' quantities { key: 'n'
                    quantity { value { value: 'NaN' } } })"),
                INVALID_NUMBER);
  EXPECT_REASON(Record("nowhere", "", kLecture), NOT_FOUND);
  EXPECT_EQ(Revision(), 0);
}

TEST_F(ActivitiesTest, ImportsAreToldRowByRowAndResumed) {
  v1::ImportActivitiesRequest message;
  *message.add_activities() = Row("units/east/activities/a1", kLecture);
  *message.add_activities() = Row("units/west/activities/a1", kLecture);
  *message.add_activities() = Row("units/west/activities/a2", "kind: 'lecture'");
  *message.add_activities() =
      Row("units/west/activities/a1", "kind: 'news' date { year: 2016 month: 1 day: 1 }");
  *message.add_activities() = Row("activities/a1", kLecture);
  v1::ImportActivitiesRequest dry = message;
  dry.set_validate_only(true);
  using Response = v1::ImportActivitiesResponse;
  auto reply =
      Send<Response, v1::ImportActivitiesRequest>("ImportActivities", Officer("county"), {dry});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->created(), 2);
  EXPECT_EQ(Revision(), 0);
  reply =
      Send<Response, v1::ImportActivitiesRequest>("ImportActivities", Officer("county"), {message});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->created(), 2);
  ASSERT_EQ(reply->results_size(), 3);
  EXPECT_EQ(reply->results(0).reason(), "REQUIRED_FIELD");
  EXPECT_EQ(reply->results(0).field(), "activity.date");
  EXPECT_EQ(reply->results(1).reason(), "CONTENT_DIFFERS");
  EXPECT_EQ(reply->results(2).reason(), "INVALID_NAME");
  reply = Send<Response, v1::ImportActivitiesRequest>("ImportActivities", Officer("county"),
                                                      {message, message});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->unchanged(), 4);
  EXPECT_EQ(reply->rejected(), 6);
  EXPECT_EQ(reply->results(3).row(), 7);
  EXPECT_EQ(Revision(), 1);
}

TEST_F(ActivitiesTest, LargeImportsFillSeveralBatches) {
  std::vector<v1::ImportActivitiesRequest> messages(3);
  for (int m = 0; m < 3; ++m) {
    for (int i = 0; i < kImportRowsPerMessage; ++i) {
      *messages[m].add_activities() =
          Row(absl::StrCat("units/east/activities/a", m, "-", i), kLecture);
    }
  }
  auto reply = Send<v1::ImportActivitiesResponse, v1::ImportActivitiesRequest>(
      "ImportActivities", Officer("county"), messages);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->created(), 3000);
  EXPECT_EQ(reply->runs_size(), 1);
  EXPECT_GE(Revision(), 6);  // Two changes a row, at most 1,000 a batch.
  auto sums = Sum("subtree: 'units/county'", Officer("county"));
  ASSERT_TRUE(sums.ok());
  EXPECT_THAT(Lines(*sums), ElementsAre("lecture 3000: audience 540000 AT_LEAST"));
  messages.resize(1);
  *messages[0].add_activities() = Row("units/east/activities/more", kLecture);
  EXPECT_REASON((Send<v1::ImportActivitiesResponse, v1::ImportActivitiesRequest>(
                    "ImportActivities", Officer("county"), messages)),
                BATCH_TOO_LARGE);
}

TEST_F(ActivitiesTest, WithdrawnActivitiesCountNowhere) {
  ASSERT_TRUE(Record("east", "a1", kLecture).ok());
  ASSERT_TRUE(Record("east", "a2", kLecture).ok());
  v1::WithdrawActivityRequest request;
  request.set_name("units/east/activities/a2");
  EXPECT_REASON(Do<v1::Activity>("WithdrawActivity", Reporter("east"), request), REQUIRED_FIELD);
  request.set_note("Entered twice.");
  auto withdrawn = Do<v1::Activity>("WithdrawActivity", Reporter("east"), request);
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  EXPECT_EQ(withdrawn->withdraw_note(), "Entered twice.");
  EXPECT_REASON(Do<v1::Activity>("WithdrawActivity", Reporter("east"), request), WRONG_STATE);
  EXPECT_THAT(Lines(*Sum("parent: 'units/east'", Reporter("east"))),
              ElementsAre("lecture 1: audience 180 AT_LEAST"));
  v1::ListActivitiesRequest list;
  list.set_parent("units/east");
  EXPECT_EQ(
      Do<v1::ListActivitiesResponse>("ListActivities", Reporter("east"), list)->activities_size(),
      1);
  list.set_show_withdrawn(true);
  EXPECT_EQ(
      Do<v1::ListActivitiesResponse>("ListActivities", Reporter("east"), list)->activities_size(),
      2);
}

TEST_F(ActivitiesTest, SumsAreLimitedToUnitTimeKindAndProgramme) {
  ASSERT_TRUE(Record("east", "a1", kLecture).ok());
  ASSERT_TRUE(Record("east-1", "a1", R"(kind: "lecture" date { year: 2016 month: 4 day: 1 }
      quantities { key: "audience" quantity { value { value: "20" } unit: "person" } })")
                  .ok());
  ASSERT_TRUE(Record("west", "n1", R"(kind: "news" date { year: 2016 month: 4 day: 2 }
      programme: "units/county/programmes/model")")
                  .ok());
  EXPECT_THAT(Lines(*Sum("subtree: 'units/county'", Officer("county"))),
              ElementsAre("lecture 2: audience 200 AT_LEAST", "news 1:"));
  EXPECT_THAT(Lines(*Sum("parent: 'units/east'", Officer("county"))),
              ElementsAre("lecture 1: audience 180 AT_LEAST"));
  EXPECT_THAT(Lines(*Sum("subtree: 'units/east' start_date { year: 2016 month: 4 day: 1 }",
                         Officer("county"))),
              ElementsAre("lecture 1: audience 20"));
  EXPECT_THAT(Lines(*Sum("subtree: 'units/county' end_date { year: 2016 month: 3 day: 31 }",
                         Officer("county"))),
              ElementsAre("lecture 1: audience 180 AT_LEAST"));
  EXPECT_THAT(Lines(*Sum("subtree: 'units/county' kinds: 'news'", Officer("county"))),
              ElementsAre("news 1:"));
  EXPECT_THAT(Lines(*Sum("subtree: 'units/county' programme: 'units/county/programmes/model'",
                         Officer("county"))),
              ElementsAre("news 1:"));
  EXPECT_THAT(Lines(*Sum("subtree: 'units/county'", Reporter("west"))), ElementsAre("news 1:"));
  EXPECT_REASON(Sum("", Officer("county")), REQUIRED_FIELD);
  EXPECT_REASON(Sum("parent: 'units/east' start_date { month: 1 }", Officer("county")),
                INVALID_TIME);
}

TEST_F(ActivitiesTest, ListsFilterByTheirFields) {
  ASSERT_TRUE(Record("east", "a1", kLecture).ok());
  ASSERT_TRUE(Record("east", "a2", "kind: 'news' date { year: 2016 month: 5 day: 1 }").ok());
  v1::ListActivitiesRequest request;
  request.set_subtree("units/county");
  request.set_filter("kind = \"lecture\" AND date < \"2016-04-01\"");
  auto reply = Do<v1::ListActivitiesResponse>("ListActivities", Officer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->activities_size(), 1);
  EXPECT_EQ(reply->activities(0).text(), "");
  EXPECT_EQ(reply->activities(0).localized_names().at("zh-CN"), "共读");
  request.set_filter("kind = \"lecture\" AND date >= \"2016-04-01\"");
  reply = Do<v1::ListActivitiesResponse>("ListActivities", Officer("county"), request);
  EXPECT_THAT(reply->activities(), IsEmpty());
}

}  // namespace
}  // namespace terrace::measures
