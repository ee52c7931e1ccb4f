// Progress and what is due, over lists and subtrees.
#include "gmock/gmock.h"
#include "services/measures/measures_fixture.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ProgressTest : public MeasuresTest {
 protected:
  void SetUp() override { MakeList(); }

  absl::StatusOr<v1::GetProgressResponse> Progress(
      const std::string& text = "", const std::string& at = "",
      const access::Identity& who = Officer("county")) {
    v1::GetProgressRequest request = Text<v1::GetProgressRequest>(text);
    request.set_list("units/county/measureLists/list");
    if (!at.empty()) *request.mutable_at_time() = ToProto(T(at));
    return Do<v1::GetProgressResponse>("GetProgress", who, request);
  }
  // "west REPORT 2016-01 OVERDUE"
  std::vector<std::string> Due(const std::string& text, const std::string& at,
                               const access::Identity& who = Officer("county")) {
    v1::ListDueRequest request = Text<v1::ListDueRequest>(text);
    *request.mutable_at_time() = ToProto(T(at));
    std::vector<std::string> out;
    do {
      auto reply = Do<v1::ListDueResponse>("ListDue", who, request);
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (!reply.ok()) break;
      for (const v1::DueItem& item : reply->items()) {
        out.push_back(
            absl::StrCat(resource::OwnerOf(item.assignment()), " ",
                         item.kind() == v1::DUE_KIND_REPORT ? item.period() : "completion", " ",
                         v1::DueState_Name(item.state()).substr(10)));
      }
      next_change_ = reply->has_next_change_time() ? Show(reply->next_change_time()) : "never";
      request.set_page_token(reply->next_page_token());
    } while (!request.page_token().empty());
    return out;
  }
  void Finish(const std::string& assignment, const std::string& unit) {
    v1::ClaimDoneRequest claim;
    claim.set_name(assignment);
    ASSERT_TRUE(Do<v1::Assignment>("ClaimDone", Reporter(unit), claim).ok());
    v1::VerifyDoneRequest verify;
    verify.set_name(assignment);
    verify.set_acting_office("units/county");
    ASSERT_TRUE(Do<v1::Assignment>("VerifyDone", Officer("county"), verify).ok());
  }

  std::string next_change_;
};

TEST_F(ProgressTest, CountsMeasuresAssignmentsAndReports) {
  const std::string east = MakeLead("m1", "east", "due_date { year: 2016 month: 2 day: 15 }");
  const std::string west = MakeLead("m2", "west");
  const std::string village = MakeLead("m3", "east-1");
  ASSERT_TRUE(MakeMeasure("draft", "lead { unit: 'units/west' }").ok());
  Now("2016-01-20");
  ASSERT_TRUE(Submit(east, "2016-01", Reporter("east")).ok());
  ASSERT_TRUE(Submit(village, "2016-01", Reporter("east-1")).ok());
  Now("2016-01-25");
  ASSERT_TRUE(Submit(west, "2016-01", Reporter("west")).ok());
  Now("2016-02-10");
  Finish(village, "east-1");
  Now("2016-02-20");
  ASSERT_TRUE(Submit(east, "2016-02", Reporter("east")).ok());
  Now("2016-03-01");

  auto progress = Progress("by_child: true");
  ASSERT_TRUE(progress.ok()) << progress.status();
  const v1::Progress& total = progress->total();
  EXPECT_EQ(total.unit(), "units/county");
  EXPECT_EQ(total.measures(), 3);
  EXPECT_EQ(total.measures_complete(), 1);
  EXPECT_EQ(total.assigned(), 3);
  EXPECT_EQ(total.done(), 1);
  EXPECT_EQ(total.overdue(), 1);      // east
  EXPECT_EQ(total.behind(), 1);       // west: February is missing.
  EXPECT_EQ(total.reports_due(), 5);  // Three of January; February of east and west.
  EXPECT_EQ(total.reports_on_time(), 3);
  EXPECT_EQ(total.reports_late(), 1);
  EXPECT_EQ(total.reports_missing(), 1);
  EXPECT_EQ(total.done_rate().percent().value(), "33.33");
  EXPECT_EQ(total.on_time_rate().numerator(), 3);
  EXPECT_EQ(total.on_time_rate().denominator(), 5);
  EXPECT_EQ(total.on_time_rate().percent().value(), "60");
  EXPECT_EQ(Show(progress->at_time()), "2016-03-01 00:00");
  EXPECT_EQ(Show(progress->next_change_time()), "2016-03-16 00:00");
  EXPECT_EQ(progress->cursor().revision(), Revision());

  ASSERT_EQ(progress->children_size(), 2);
  EXPECT_EQ(progress->children(0).unit(), "units/east");
  EXPECT_EQ(progress->children(0).assigned(), 2);
  EXPECT_EQ(progress->children(0).measures(), 2);
  EXPECT_EQ(progress->children(1).unit(), "units/west");
  EXPECT_EQ(progress->children(1).reports_late(), 1);

  // Of one township, which has its own children and itself.
  progress = Progress("subtree: 'units/east' by_child: true");
  ASSERT_EQ(progress->children_size(), 2);
  EXPECT_EQ(progress->children(0).unit(), "units/east");
  EXPECT_FALSE(progress->children(0).subtree());
  EXPECT_EQ(progress->children(1).unit(), "units/east-1");
  EXPECT_EQ(progress->total().assigned(), 2);
}

TEST_F(ProgressTest, SpeaksOfAnyInstant) {
  const std::string east = MakeLead("m1", "east", "due_date { year: 2016 month: 2 day: 15 }");
  Now("2016-01-24");
  ASSERT_TRUE(Submit(east, "2016-01", Reporter("east")).ok());
  Now("2016-06-01");
  EXPECT_EQ(Progress("", "2016-01-03")->total().assigned(), 0);
  EXPECT_EQ(Progress("", "2016-01-22 23:00")->total().reports_due(), 0);
  EXPECT_EQ(Progress("", "2016-01-23")->total().reports_missing(), 1);
  EXPECT_EQ(Progress("", "2016-01-23")->total().behind(), 1);
  EXPECT_EQ(Progress("", "2016-01-24")->total().reports_late(), 1);
  EXPECT_EQ(Progress("", "2016-01-24")->total().behind(), 0);
  EXPECT_EQ(Progress("", "2016-02-16")->total().overdue(), 1);
  // Of the future as far as it is known.
  EXPECT_EQ(Progress("", "2016-12-31")->total().reports_missing(), 11);
}

TEST_F(ProgressTest, ManyAssignmentsAreCountedInSteps) {
  for (int i = 0; i < 1800; ++i) AddUnit(absl::StrCat("v", i), "west", "village");
  PublishTree();
  ASSERT_TRUE(MakeMeasure("all", R"(cascade { subtree: 'units/county' }
                                    completion { done_by: DONE_BY_CLAIM })")
                  .ok());
  Finished(Issue("all")->name());
  const int64_t all = 1800 + 7;
  auto progress = Progress("by_child: true", "2016-02-01");
  ASSERT_TRUE(progress.ok());
  EXPECT_EQ(progress->total().assigned(), all);
  EXPECT_EQ(progress->total().measures(), 1);
  EXPECT_EQ(progress->total().reports_missing(), all);
  int64_t sum = 0;
  for (const v1::Progress& child : progress->children()) sum += child.assigned();
  EXPECT_EQ(sum, all);
  EXPECT_EQ(
      Due("subtree: 'units/county' page_size: 700 filter: 'state = OVERDUE'", "2016-02-01").size(),
      all);
}

TEST_F(ProgressTest, ListsAndSubtreesAreChecked) {
  v1::GetProgressRequest request;
  request.set_list("units/county/measureLists/none");
  EXPECT_REASON(Do<v1::GetProgressResponse>("GetProgress", Officer("county"), request), NOT_FOUND);
  EXPECT_REASON(Progress("subtree: 'units/nowhere'"), NOT_FOUND);
  EXPECT_REASON(Progress("", "", Reporter("east")), REQUIRED_FIELD);
  EXPECT_TRUE(Progress("subtree: 'units/east'", "", Reporter("east")).ok());
}

TEST_F(ProgressTest, CancelledMeasuresDoNotCount) {
  MakeLead("m1", "east");
  MakeLead("m2", "west");
  Now("2016-02-01");
  v1::CancelMeasureRequest cancel;
  cancel.set_name("units/county/measures/m1");
  cancel.set_note("Not needed any more.");
  ASSERT_TRUE(Do<v1::Measure>("CancelMeasure", Officer("county"), cancel).ok());
  EXPECT_EQ(Progress()->total().assigned(), 1);
  EXPECT_EQ(Progress("", "2016-01-31")->total().assigned(), 2);
  EXPECT_THAT(Due("subtree: 'units/east'", "2016-02-02"), IsEmpty());
}

TEST_F(ProgressTest, WhatIsDueIsListedWithWhenThatChanges) {
  const std::string east = MakeLead("m1", "east", "due_date { year: 2016 month: 2 day: 15 }");
  MakeLead("m2", "west");
  EXPECT_THAT(Due("subtree: 'units/county'", "2016-01-10"),
              ElementsAre("east 2016-01 OPEN", "east completion OPEN", "west 2016-01 OPEN"));
  EXPECT_EQ(next_change_, "2016-01-16 00:00");
  EXPECT_THAT(Due("parent: 'units/west'", "2016-01-23"), ElementsAre("west 2016-01 OVERDUE"));
  EXPECT_EQ(next_change_, "2016-02-01 00:00");
  Now("2016-01-20");
  ASSERT_TRUE(Submit(east, "2016-01", Reporter("east")).ok());
  EXPECT_THAT(Due("parent: 'units/east'", "2016-02-09"),
              ElementsAre("east 2016-02 OPEN", "east completion DUE_SOON"));
  EXPECT_EQ(next_change_, "2016-02-16 00:00");
  // Page by page, item by item.
  EXPECT_THAT(Due("subtree: 'units/county' page_size: 1", "2016-02-09"),
              ElementsAre("east 2016-02 OPEN", "east completion DUE_SOON", "west 2016-01 OVERDUE",
                          "west 2016-02 OPEN"));
  EXPECT_THAT(Due("subtree: 'units/county' filter: 'kind = \"COMPLETION\"'", "2016-02-16"),
              ElementsAre("east completion OVERDUE"));
  EXPECT_THAT(Due("", "2016-02-09", Reporter("west")),
              ElementsAre("west 2016-01 OVERDUE", "west 2016-02 OPEN"));
  EXPECT_THAT(Due("", "2016-02-09", Reporter("other")), IsEmpty());
  EXPECT_EQ(next_change_, "never");
}

TEST_F(ProgressTest, TimePassingIsCommittedAsTicks) {
  MakeLead("m1", "east", "due_date { year: 2016 month: 2 day: 15 }");
  // Opens 02-01, report due soon 01-16, due 01-23; the next boundary is the 16th.
  auto next = [&] {
    return machine_->Read<MeasuresState>(
        [](const MeasuresState& state, const store::Cursor&) { return Show(state.NextTick()); });
  };
  EXPECT_EQ(next(), "2016-01-16 00:00");
  const int64_t before = Revision();
  Now("2016-01-16 00:00:01");
  for (int i = 0; i < 500 && Revision() == before; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(Revision(), before + 1);
  EXPECT_EQ(next(), "2016-01-23 00:00");
}

}  // namespace
}  // namespace terrace::measures
