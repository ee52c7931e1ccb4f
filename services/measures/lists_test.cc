// Measure lists and measures: made, changed, imported, listed.
#include "gmock/gmock.h"
#include "services/measures/measures_fixture.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ListsTest : public MeasuresTest {
 protected:
  absl::StatusOr<v1::MeasureList> UpdateList(const std::string& text,
                                             const std::vector<std::string>& mask,
                                             const std::string& etag = "") {
    v1::UpdateMeasureListRequest request;
    *request.mutable_measure_list() = Text<v1::MeasureList>(text);
    request.mutable_measure_list()->set_name("units/county/measureLists/list");
    request.mutable_measure_list()->set_etag(etag);
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Do<v1::MeasureList>("UpdateMeasureList", Officer("county"), request);
  }
  absl::StatusOr<v1::Measure> UpdateMeasure(const std::string& text,
                                            const std::vector<std::string>& mask) {
    v1::UpdateMeasureRequest request;
    *request.mutable_measure() = Text<v1::Measure>(text);
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Do<v1::Measure>("UpdateMeasure", Officer("county"), request);
  }
  absl::StatusOr<v1::Measure> GetMeasure(const std::string& id, const access::Identity& who,
                                         const std::string& at = "") {
    v1::GetMeasureRequest request;
    request.set_name(absl::StrCat("units/county/measures/", id));
    if (!at.empty()) *request.mutable_at_time() = ToProto(T(at));
    return Do<v1::Measure>("GetMeasure", who, request);
  }
  std::vector<std::string> MeasureNames(const access::Identity& who, v1::ListMeasuresRequest r) {
    auto reply = Do<v1::ListMeasuresResponse>("ListMeasures", who, r);
    EXPECT_TRUE(reply.ok()) << reply.status();
    std::vector<std::string> names;
    for (const v1::Measure& measure : reply->measures()) {
      names.emplace_back(resource::LastSegment(measure.name()));
    }
    return names;
  }
};

TEST_F(ListsTest, AListIsReadAsItWasMade) {
  MakeList();
  v1::GetMeasureListRequest request;
  request.set_name("units/county/measureLists/list");
  auto list = Do<v1::MeasureList>("GetMeasureList", Officer("county"), request);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->display_name(), "Thirty measures");
  EXPECT_EQ(list->due_rules_size(), 1);
  EXPECT_EQ(list->revision(), 1);
  EXPECT_FALSE(list->etag().empty());
  EXPECT_EQ(Show(list->create_time()), "2016-01-04 09:00");
  request.set_name("units/county/measureLists/none");
  EXPECT_REASON(Do<v1::MeasureList>("GetMeasureList", Officer("county"), request), NOT_FOUND);
  request.set_name("units/county/lists/list");
  EXPECT_REASON(Do<v1::MeasureList>("GetMeasureList", Officer("county"), request), INVALID_NAME);
}

TEST_F(ListsTest, ARefusedListLeavesNothingBehind) {
  v1::CreateMeasureListRequest request;
  request.set_parent("units/county");
  request.set_measure_list_id("list");
  auto create = [&] {
    return Do<v1::MeasureList>("CreateMeasureList", Officer("county"), request);
  };
  EXPECT_REASON(create(), REQUIRED_FIELD);  // No name.
  request.mutable_measure_list()->set_display_name("List");
  request.mutable_measure_list()->set_time_zone("Nowhere");
  EXPECT_REASON(create(), INVALID_FIELD);
  request.mutable_measure_list()->clear_time_zone();
  request.mutable_measure_list()->set_programme("programme 7");
  EXPECT_REASON(create(), INVALID_NAME);
  request.mutable_measure_list()->clear_programme();
  request.set_measure_list_id("Not An Id");
  EXPECT_REASON(create(), INVALID_ID);
  request.set_measure_list_id("list");
  request.set_parent("units/nowhere");
  EXPECT_REASON(create(), NOT_FOUND);
  request.set_parent("units/county");
  request.set_validate_only(true);
  EXPECT_TRUE(create().ok());
  EXPECT_EQ(Revision(), 0);
  request.set_validate_only(false);
  EXPECT_TRUE(create().ok());
  EXPECT_REASON(create(), ALREADY_EXISTS);
  request.clear_measure_list_id();
  EXPECT_TRUE(create().ok());
  EXPECT_EQ(Revision(), 2);
}

TEST_F(ListsTest, UpdatesFollowTheMaskAndTheEtag) {
  MakeList();
  auto renamed = UpdateList("display_name: 'New' description: 'not meant'", {"display_name"});
  ASSERT_TRUE(renamed.ok()) << renamed.status();
  EXPECT_EQ(renamed->display_name(), "New");
  EXPECT_EQ(renamed->description(), "");
  EXPECT_EQ(renamed->due_rules_size(), 1);
  EXPECT_EQ(renamed->revision(), 2);
  EXPECT_REASON(UpdateList("display_name: 'x'", {"display_name"}, "0000000000000000"),
                ETAG_MISMATCH);
  EXPECT_TRUE(UpdateList("display_name: 'y'", {"display_name"}, renamed->etag()).ok());
  // All of this at one instant: time does not tell versions apart.
  EXPECT_REASON(UpdateList("display_name: 'z'", {"display_name"}, renamed->etag()), ETAG_MISMATCH);
  EXPECT_REASON(UpdateList("revision: 7", {"revision"}), INVALID_MASK);
  EXPECT_REASON(UpdateList("", {"display_name"}), REQUIRED_FIELD);
}

TEST_F(ListsTest, OfTwoUpdatesOfAMeasureUnderOneEtagOneIsMade) {
  MakeList();
  ASSERT_TRUE(MakeMeasure("m", "lead { unit: 'units/east' }").ok());
  const std::string etag = GetMeasure("m", Officer("county"))->etag();
  const std::string under_it = absl::StrCat("name: 'units/county/measures/m' etag: '", etag, "' ");
  EXPECT_TRUE(UpdateMeasure(absl::StrCat(under_it, "description: 'x'"), {"description"}).ok());
  EXPECT_REASON(UpdateMeasure(absl::StrCat(under_it, "description: 'y'"), {"description"}),
                ETAG_MISMATCH);
}

// Days end in Honolulu, at UTC-10 all year, 18 hours later than in China.
constexpr char kFar[] = "programme: 'units/county/programmes/far' ";

TEST_F(ListsTest, AListCountsItsDaysAsItsProgrammeUnlessItSaysOtherwise) {
  const auto zone_of = [&](const std::string& id, const std::string& more) {
    MakeList(id, more);
    v1::GetMeasureListRequest request;
    request.set_name(absl::StrCat("units/county/measureLists/", id));
    auto list = Do<v1::MeasureList>("GetMeasureList", Officer("county"), request);
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->time_zone() : "";
  };
  EXPECT_EQ(zone_of("far", kFar), "Pacific/Honolulu");
  EXPECT_EQ(zone_of("own", absl::StrCat(kFar, "time_zone: 'Asia/Urumqi'")), "Asia/Urumqi");
  EXPECT_EQ(zone_of("unknown", "programme: 'units/county/programmes/none'"), "");
  EXPECT_EQ(zone_of("list", ""), "");
  // The programme may come later, as long as nothing was issued.
  auto changed = UpdateList(kFar, {"programme"});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->time_zone(), "Pacific/Honolulu");
  ASSERT_TRUE(UpdateList("programme: ''", {"programme", "time_zone"}).ok());
  MakeLead("m1", "east");
  changed = UpdateList(kFar, {"programme"});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->time_zone(), "") << "fixed once issued";
}

TEST_F(ListsTest, AllThatIsDueIsDueInTheZoneOfTheList) {
  MakeList("list", kFar);
  const std::string east = MakeLead("m1", "east",
                                    "start_date { year: 2016 month: 1 day: 10 } "
                                    "due_date { year: 2016 month: 6 day: 30 }");
  const std::string west = MakeLead("m2", "west");
  Now("2016-01-23 17:59");
  auto report = Submit(east, "2016-01", Reporter("east"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->timeliness(), v1::TIMELINESS_ON_TIME);
  EXPECT_EQ(Show(report->due_time()), "2016-01-23 18:00");
  Now("2016-01-23 18:00:01");
  report = Submit(west, "2016-01", Reporter("west"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->timeliness(), v1::TIMELINESS_LATE);
  EXPECT_EQ(Show(GetAssignment(east).due_time()), "2016-07-01 18:00");
}

TEST_F(ListsTest, WhatWasDueStaysDueAsItWas) {
  MakeList();
  MakeLead("m1", "east");
  Now("2016-03-01");
  const std::string january = R"(
      due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 25 } })";
  EXPECT_REASON(UpdateList(january, {"due_rules"}), RULE_IN_FORCE);
  EXPECT_REASON(UpdateList("", {"due_rules"}), RULE_IN_FORCE);
  const std::string first = R"(
      due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } })";
  EXPECT_REASON(UpdateList(first + "last_period: '2016-01'", {"due_rules", "last_period"}),
                RULE_IN_FORCE);
  EXPECT_REASON(UpdateList("time_zone: 'Asia/Urumqi'", {"time_zone"}), FIXED_ONCE_ISSUED);
  // From March on, which is not due yet, the rule may change.
  auto changed = UpdateList(first + R"(
      due_rules { from_period: "2016-03" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 25 } })",
                            {"due_rules"});
  EXPECT_TRUE(changed.ok()) << changed.status();
  // A list of which nothing was issued is free.
  v1::CreateMeasureListRequest request;
  request.set_parent("units/county");
  request.set_measure_list_id("draft");
  *request.mutable_measure_list() = Text<v1::MeasureList>("display_name: 'D'" + first);
  ASSERT_TRUE(Do<v1::MeasureList>("CreateMeasureList", Officer("county"), request).ok());
  v1::UpdateMeasureListRequest update;
  *update.mutable_measure_list() = Text<v1::MeasureList>(january);
  update.mutable_measure_list()->set_name("units/county/measureLists/draft");
  EXPECT_TRUE(Do<v1::MeasureList>("UpdateMeasureList", Officer("county"), update).ok());
}

TEST_F(ListsTest, BadMeasuresAreRefused) {
  MakeList();
  const std::string lead = "lead { unit: 'units/east' } ";
  EXPECT_REASON(MakeMeasure("m", ""), REQUIRED_FIELD);  // Given to nobody.
  EXPECT_REASON(MakeMeasure("m", "lead { }"), REQUIRED_FIELD);
  EXPECT_REASON(MakeMeasure("m", "lead { unit: 'units/nowhere' }"), NOT_FOUND);
  EXPECT_REASON(MakeMeasure("m", "lead { unit: 'east' }"), INVALID_NAME);
  EXPECT_REASON(MakeMeasure("m", "lead { unit: 'units/other' }"), NOT_BELOW_ISSUER);
  EXPECT_REASON(MakeMeasure("m", "lead { unit: 'units/region' }"), NOT_BELOW_ISSUER);
  EXPECT_REASON(MakeMeasure("m", "lead { unit: 'units/east' co_operators: 'units/east' }"),
                INVALID_FIELD);
  EXPECT_REASON(MakeMeasure("m", "lead { unit: 'units/east' co_operators: 'units/other' }"),
                NOT_BELOW_ISSUER);
  EXPECT_REASON(MakeMeasure("m", "cascade { subtree: 'units/other' }"), NOT_BELOW_ISSUER);
  EXPECT_REASON(MakeMeasure("m", "cascade { subtree: 'units/county' levels: 'township' }"),
                INVALID_NAME);
  EXPECT_REASON(MakeMeasure("m", lead + "list: 'units/county/measureLists/none'"), NOT_FOUND);
  EXPECT_REASON(MakeMeasure("m", lead + "list: 'units/region/measureLists/list'"), INVALID_FIELD);
  EXPECT_REASON(MakeMeasure("m", lead + "parent_measure: 'units/county/measures/m'"),
                INVALID_FIELD);
  EXPECT_REASON(MakeMeasure("m", lead + "parent_measure: 'units/county/measures/none'"), NOT_FOUND);
  EXPECT_REASON(MakeMeasure("m", lead + "start_date { year: 2016 month: 2 day: 30 }"),
                INVALID_TIME);
  EXPECT_REASON(MakeMeasure("m", lead + R"(start_date { year: 2016 month: 3 day: 1 }
                                           due_date { year: 2016 month: 2 day: 1 })"),
                INVALID_FIELD);
  EXPECT_REASON(MakeMeasure("m", lead + "completion { share { value: '0' } }"),
                NUMBER_OUT_OF_RANGE);
  EXPECT_REASON(MakeMeasure("m", lead + "completion { share { value: '1.01' } }"),
                NUMBER_OUT_OF_RANGE);
  EXPECT_REASON(MakeMeasure("m", lead + "completion { share { value: 'NaN' } }"), INVALID_NUMBER);
  EXPECT_REASON(MakeMeasure("m", lead + "completion { done_by: DONE_BY_REPORTS }"),
                REQUIRED_FIELD);  // Needs a due date.
  EXPECT_REASON(MakeMeasure("m", lead + "evidence_types: 'photo'"), INVALID_FIELD);
  EXPECT_EQ(Revision(), 1);
}

TEST_F(ListsTest, AnIssuedMeasureIsFixedButForTextsAndDueDate) {
  MakeList();
  MakeLead("m1", "east", "due_date { year: 2016 month: 6 day: 30 }");
  const std::string name = "name: 'units/county/measures/m1' ";
  EXPECT_REASON(UpdateMeasure(name + "lead { unit: 'units/west' }", {"lead"}), FIXED_ONCE_ISSUED);
  EXPECT_REASON(UpdateMeasure(name + "cascade { subtree: 'units/county' }", {"cascade"}),
                FIXED_ONCE_ISSUED);
  EXPECT_REASON(UpdateMeasure(name + "start_date { year: 2016 month: 1 day: 1 }", {"start_date"}),
                FIXED_ONCE_ISSUED);
  EXPECT_REASON(UpdateMeasure(name + "completion { done_by: DONE_BY_CLAIM }", {"completion"}),
                FIXED_ONCE_ISSUED);
  EXPECT_REASON(UpdateMeasure(name + "state: MEASURE_STATE_COMPLETE", {"state"}), INVALID_MASK);
  Now("2016-05-01");
  auto moved =
      UpdateMeasure(name + "due_date { year: 2016 month: 9 day: 30 } display_name: 'Better title'",
                    {"due_date", "display_name"});
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->display_name(), "Better title");
  ASSERT_EQ(moved->due_date_changes_size(), 1);
  EXPECT_EQ(moved->due_date_changes(0).due_date().month(), 6);
  EXPECT_EQ(Show(moved->due_date_changes(0).changed().time()), "2016-05-01 00:00");
  // Of an instant before the change, the old date is told.
  EXPECT_EQ(GetMeasure("m1", Officer("county"), "2016-04-01")->due_date().month(), 6);
  EXPECT_EQ(GetMeasure("m1", Officer("county"), "2016-04-01")->due_date_changes_size(), 0);
  EXPECT_EQ(GetMeasure("m1", Officer("county"))->due_date().month(), 9);
}

TEST_F(ListsTest, ADraftIsItsOfficesOwnMatter) {
  MakeList();
  ASSERT_TRUE(MakeMeasure("m1", "lead { unit: 'units/east' }").ok());
  EXPECT_EQ(GetMeasure("m1", Officer("county"))->state(), v1::MEASURE_STATE_DRAFT);
  EXPECT_REASON(GetMeasure("m1", Reporter("east")), NOT_FOUND);
  EXPECT_THAT(MeasureNames(Reporter("east"), {}), IsEmpty());
  ASSERT_TRUE(Issue("m1").ok());
  EXPECT_EQ(GetMeasure("m1", Reporter("east"))->state(), v1::MEASURE_STATE_ISSUED);
  EXPECT_THAT(MeasureNames(Reporter("east"), {}), ElementsAre("m1"));
}

TEST_F(ListsTest, CancelledMeasuresSayWhy) {
  MakeList();
  const std::string assignment = MakeLead("m1", "east");
  v1::CancelMeasureRequest request;
  request.set_name("units/county/measures/m1");
  EXPECT_REASON(Do<v1::Measure>("CancelMeasure", Officer("county"), request), REQUIRED_FIELD);
  request.set_note("The programme ended.");
  *request.mutable_cancelled_time() = ToProto(T("2015-12-31"));
  EXPECT_REASON(Do<v1::Measure>("CancelMeasure", Officer("county"), request), INVALID_TIME);
  *request.mutable_cancelled_time() = ToProto(T("2017-12-31"));
  EXPECT_REASON(Do<v1::Measure>("CancelMeasure", Officer("county"), request), INVALID_TIME);
  request.clear_cancelled_time();
  Now("2016-02-01");
  auto cancelled = Do<v1::Measure>("CancelMeasure", Officer("county"), request);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::MEASURE_STATE_CANCELLED);
  EXPECT_EQ(cancelled->cancel_note(), "The programme ended.");
  EXPECT_REASON(Do<v1::Measure>("CancelMeasure", Officer("county"), request), WRONG_STATE);
  EXPECT_EQ(GetMeasure("m1", Officer("county"), "2016-01-31")->state(), v1::MEASURE_STATE_ISSUED);
  EXPECT_EQ(GetAssignment(assignment).state(), v1::ASSIGNMENT_STATE_CANCELLED);
  EXPECT_REASON(Submit(assignment, "2016-02", Reporter("east")), WRONG_STATE);
}

TEST_F(ListsTest, MeasuresAreListedByOfficeSubtreeAndFilter) {
  MakeList();
  MakeLead("m1", "east", "phase: PHASE_SHORT_TERM");
  MakeLead("m2", "west");
  ASSERT_TRUE(MakeMeasure("m3", "lead { unit: 'units/west' }").ok());
  v1::ListMeasuresRequest request;
  request.set_parent("units/county");
  EXPECT_THAT(MeasureNames(Officer("county"), request), ElementsAre("m1", "m2", "m3"));
  request.set_filter("state = \"ISSUED\" AND phase != \"SHORT_TERM\"");
  EXPECT_THAT(MeasureNames(Officer("county"), request), ElementsAre("m2"));
  request.clear_filter();
  request.set_parent("");
  request.set_subtree("units/region");
  EXPECT_THAT(MeasureNames(Officer("region"), request), ElementsAre("m1", "m2", "m3"));
  request.set_parent("units/county");
  EXPECT_REASON(Do<v1::ListMeasuresResponse>("ListMeasures", Officer("county"), request),
                INVALID_FIELD);
  request.clear_subtree();
  request.set_filter("colour = \"red\"");
  EXPECT_REASON(Do<v1::ListMeasuresResponse>("ListMeasures", Officer("county"), request),
                INVALID_FILTER);
  request.clear_filter();
  request.set_order_by("due_date");
  EXPECT_REASON(Do<v1::ListMeasuresResponse>("ListMeasures", Officer("county"), request),
                INVALID_FIELD);
  request.clear_order_by();
  request.set_page_size(-1);
  EXPECT_REASON(Do<v1::ListMeasuresResponse>("ListMeasures", Officer("county"), request),
                INVALID_PAGE_SIZE);
}

TEST_F(ListsTest, PagesHoldEveryRowOnce) {
  MakeList();
  for (int i = 0; i < 7; ++i) MakeList(absl::StrCat("l", i));
  v1::ListMeasureListsRequest request;
  request.set_parent("units/county");
  request.set_page_size(3);
  std::vector<std::string> names;
  int pages = 0;
  do {
    auto reply = Do<v1::ListMeasureListsResponse>("ListMeasureLists", Officer("county"), request);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_GT(reply->cursor().revision(), 0);
    for (const v1::MeasureList& list : reply->measure_lists()) {
      names.emplace_back(resource::LastSegment(list.name()));
    }
    request.set_page_token(reply->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("l0", "l1", "l2", "l3", "l4", "l5", "l6", "list"));
  EXPECT_EQ(pages, 3);
  // A token of this list is no token of another one.
  request.set_page_token("");
  const std::string token =
      Do<v1::ListMeasureListsResponse>("ListMeasureLists", Officer("county"), request)
          ->next_page_token();
  v1::ListMeasuresRequest other;
  other.set_parent("units/county");
  other.set_page_token(token);
  EXPECT_REASON(Do<v1::ListMeasuresResponse>("ListMeasures", Officer("county"), other),
                INVALID_PAGE_TOKEN);
  request.set_page_token("garbage");
  EXPECT_REASON(Do<v1::ListMeasureListsResponse>("ListMeasureLists", Officer("county"), request),
                INVALID_PAGE_TOKEN);
}

TEST_F(ListsTest, ImportedRowsStandEachForItself) {
  MakeList();
  auto row = [](const std::string& id, const std::string& text) {
    v1::Measure measure = Text<v1::Measure>(text);
    measure.set_name(absl::StrCat("units/county/measures/", id));
    measure.set_list("units/county/measureLists/list");
    if (measure.display_name().empty()) measure.set_display_name("Measure");
    return measure;
  };
  v1::ImportMeasuresRequest message;
  message.set_parent("units/county");
  *message.add_measures() = row("a", "lead { unit: 'units/east' }");
  *message.add_measures() = row("b", "lead { unit: 'units/nowhere' }");
  *message.add_measures() = row("c", "lead { unit: 'units/west' }");
  *message.add_measures() = row("a", "lead { unit: 'units/east' }");
  v1::Measure foreign = row("x", "lead { unit: 'units/east' }");
  foreign.set_name("units/other/measures/x");
  *message.add_measures() = foreign;
  *message.add_measures() =
      row("d", "display_name: 'Call 13812345678' lead { unit: 'units/east' }");

  v1::ImportMeasuresRequest dry = message;
  dry.set_validate_only(true);
  auto checked = Send<v1::ImportMeasuresResponse, v1::ImportMeasuresRequest>(
      "ImportMeasures", Officer("county"), {dry});
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->created(), 2);
  EXPECT_EQ(Revision(), 1);

  auto done = Send<v1::ImportMeasuresResponse, v1::ImportMeasuresRequest>(
      "ImportMeasures", Officer("county"), {message});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->rows(), 6);
  EXPECT_EQ(done->created(), 2);
  EXPECT_EQ(done->unchanged(), 1);
  EXPECT_EQ(done->rejected(), 3);
  ASSERT_EQ(done->results_size(), 3);
  EXPECT_EQ(done->results(0).row(), 1);
  EXPECT_EQ(done->results(0).reason(), "NOT_FOUND");
  EXPECT_EQ(done->results(1).reason(), "INVALID_FIELD");
  EXPECT_EQ(done->results(2).reason(), "PERSONAL_DATA");
  EXPECT_FALSE(done->results(2).message_zh().empty());
  ASSERT_EQ(done->runs_size(), 5);
  EXPECT_EQ(done->runs(4).first_row(), 4);
  EXPECT_EQ(done->runs(4).count(), 2);
  EXPECT_EQ(done->cursor().revision(), Revision());

  // Sent again nothing changes; a draft takes another content, an issued measure does not.
  done = Send<v1::ImportMeasuresResponse, v1::ImportMeasuresRequest>(
      "ImportMeasures", Officer("county"), {message, message});
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->unchanged(), 6);
  ASSERT_TRUE(Issue("a").ok());
  message.mutable_measures(0)->set_display_name("Changed");
  message.mutable_measures(2)->set_display_name("Changed");
  message.mutable_measures()->DeleteSubrange(3, 3);
  done = Send<v1::ImportMeasuresResponse, v1::ImportMeasuresRequest>("ImportMeasures",
                                                                     Officer("county"), {message});
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->updated(), 1);
  EXPECT_EQ(done->results(0).reason(), "WRONG_STATE");

  message.set_parent("");
  EXPECT_REASON((Send<v1::ImportMeasuresResponse, v1::ImportMeasuresRequest>(
                    "ImportMeasures", Officer("county"), {message})),
                REQUIRED_FIELD);
}

}  // namespace
}  // namespace terrace::measures
