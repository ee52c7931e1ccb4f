#include "services/inspections/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/inspections/test_world.h"

namespace terrace::inspections {
namespace {

class SummaryTest : public testing::Test {
 protected:
  // A little history: v01 and v02 in round 1 and v01 in round 2, all of May 2014; one visit given
  // up; one to a village in the west, still open.
  SummaryTest() {
    world.PublishChecklist();
    Visit("v01", "r1", 1, "2014-05-01 09:00", /*passed=*/3, /*failed=*/1, true);
    Visit("v02", "r1", 1, "2014-05-02 09:00", 2, 2, true);
    Visit("v01", "r2", 2, "2014-05-20 09:00", 4, 0, true);
    Visit("w01", "r1", 1, "2014-05-03 09:00", 1, 0, false);
    Visit("v03", "r1", 1, "2014-05-04 09:00", 1, 1, false);
    v1::AbortVisitRequest abort;
    abort.set_name("units/v03/visits/r1");
    abort.set_reason("flood");
    *abort.mutable_captured_time() = ToProto(T("2014-05-04 12:00"));
    TERRACE_CHECK(world.Do(&InspectionsState::AbortVisit, abort, Inspector("county")).ok());
    v1::RecordFollowUpRequest meeting = Text<v1::RecordFollowUpRequest>(R"pb(
      parent: "units/v01"
      follow_up_id: "m"
      acting_office: "units/county"
      follow_up {
        kind: KIND_OBSERVATION_MEETING
        title: "Meeting"
        date { year: 2014 month: 5 day: 25 }
      })pb");
    TERRACE_CHECK(world.Do(&InspectionsState::RecordFollowUp, meeting, Officer("county")).ok());
  }

  void Visit(const std::string& unit, const std::string& id, int round, const std::string& when,
             int passed, int failed, bool submit) {
    const std::string visit = absl::StrCat("units/", unit, "/visits/", id);
    v1::SyncVisitsRequest request;
    request.set_acting_office("units/county");
    const auto add = [&]() -> v1::SyncItem& {
      v1::SyncItem& item = *request.add_items();
      item.set_visit(visit);
      item.set_checklist(kList);
      return item;
    };
    v1::SyncStart& start = *add().mutable_start();
    start.set_round(round);
    *start.mutable_captured_time() = ToProto(T(when));
    for (int i = 1; i <= passed + failed; ++i) {
      v1::Observation& observation = *add().mutable_observation();
      observation = Passed(visit, absl::StrCat("tab-", i));
      *observation.mutable_captured_time() = ToProto(T(when) + absl::Minutes(i));
      if (i <= passed) continue;
      observation.set_passed(false);
      observation.set_reason("gone");
      observation.mutable_finding()->set_fixed_on_spot(i == passed + 1);
      *observation.mutable_finding()->mutable_rectify_by() =
          Text<google::type::Date>("year: 2014 month: 5 day: 10");
    }
    if (submit)
      *add().mutable_submit()->mutable_captured_time() = ToProto(T(when) + absl::Hours(2));
    auto response = world.Sync(request, Inspector("county"));
    TERRACE_CHECK(response.ok());
    for (const v1::ItemResult& result : response->results()) TERRACE_CHECK(result.code() == 0);
  }

  v1::InspectionSummary Get(SummaryQuery query = {}, const std::string& subtree = "units/county",
                            const access::Identity& who = Viewer("county"), int budget = 1000) {
    Summary summary(query, *Scope::Of(subtree, types::v1::LINE_TERRITORY, who,
                                      std::make_shared<tree::Tree>(world.tree()), world.now));
    while (!summary.Continue(world.state, budget)) {
    }
    return summary.Take(world.now);
  }

  static int64_t Count(const v1::InspectionSummary& summary, v1::Visit::State state) {
    for (const v1::VisitStateCount& line : summary.visits_by_state()) {
      if (line.state() == state) return line.count();
    }
    return 0;
  }

  World world;
};

TEST_F(SummaryTest, CountsWhatThereIs) {
  const v1::InspectionSummary summary = Get();
  EXPECT_EQ(summary.visits(), 5);
  EXPECT_EQ(Count(summary, v1::Visit::STATE_SUBMITTED), 3);
  EXPECT_EQ(Count(summary, v1::Visit::STATE_STARTED), 1);
  EXPECT_EQ(Count(summary, v1::Visit::STATE_ABORTED), 1);
  ASSERT_EQ(summary.rounds_size(), 2);
  EXPECT_EQ(summary.rounds(0).round(), 1);
  EXPECT_EQ(summary.rounds(0).visits(), 4);
  EXPECT_EQ(summary.rounds(1).visits(), 1);
  EXPECT_EQ(summary.units_visited(), 3) << "the aborted visit did not take place";
  EXPECT_EQ(summary.observations().total(), 13);
  EXPECT_EQ(summary.observations().passed(), 10);
  EXPECT_EQ(summary.observations().failed(), 3);
  EXPECT_EQ(summary.findings(), 3);
  EXPECT_EQ(summary.findings_fixed_on_spot(), 2);
  EXPECT_EQ(summary.findings_overdue(), 1);
  ASSERT_EQ(summary.follow_ups_size(), 1);
  EXPECT_EQ(summary.follow_ups(0).count(), 1);
}

TEST_F(SummaryTest, PartsAddUpToTheWhole) {
  const v1::InspectionSummary whole = Get();
  const v1::InspectionSummary east = Get({}, "units/east");
  const v1::InspectionSummary west = Get({}, "units/west");
  EXPECT_EQ(east.visits() + west.visits(), whole.visits());
  EXPECT_EQ(east.observations().total() + west.observations().total(),
            whole.observations().total());
  EXPECT_EQ(east.findings() + west.findings(), whole.findings());
}

TEST_F(SummaryTest, ASmallBudgetGivesTheSame) {
  v1::InspectionSummary whole = Get();
  for (int budget : {1, 2, 3}) {
    EXPECT_EQ(Get({}, "units/county", Viewer("county"), budget).SerializeAsString(),
              whole.SerializeAsString());
  }
}

TEST_F(SummaryTest, TellsTheStatesOfAnInstant) {
  SummaryQuery query;
  query.at = T("2014-05-02 09:02");
  v1::InspectionSummary then = Get(query);
  EXPECT_EQ(then.visits(), 2);
  EXPECT_EQ(Count(then, v1::Visit::STATE_SUBMITTED), 1);
  EXPECT_EQ(Count(then, v1::Visit::STATE_STARTED), 1);
  EXPECT_EQ(then.observations().total(), 4 + 2) << "two of the second visit by then";
  EXPECT_EQ(then.findings(), 1);
  EXPECT_EQ(then.findings_overdue(), 0);
  EXPECT_EQ(then.follow_ups_size(), 0);
  query.at = T("2014-05-11 00:00");
  then = Get(query);
  EXPECT_EQ(then.visits(), 4);
  EXPECT_EQ(then.findings_overdue(), 1) << "the day has ended by then";
  query.at = T("2014-05-04 10:00");
  then = Get(query);
  EXPECT_EQ(Count(then, v1::Visit::STATE_ABORTED), 0) << "it was under way";
  EXPECT_EQ(then.findings(), 4) << "and its finding counted";
  query.at = T("2013-01-01 00:00");
  EXPECT_EQ(Get(query).visits(), 0);
}

TEST_F(SummaryTest, RangesGoByTheBeginningOfTheVisit) {
  SummaryQuery query;
  query.start = T("2014-05-02 09:00");
  query.end = T("2014-05-20 09:00");
  EXPECT_EQ(Get(query).visits(), 3) << "from inclusive, to exclusive";
  query.plan = "units/county/plans/none";
  EXPECT_EQ(Get(query).visits(), 0);
  EXPECT_EQ(Get(query).follow_ups_size(), 0);
}

TEST_F(SummaryTest, ShowsOnlyWhatTheCallerMaySee) {
  EXPECT_EQ(Get({}, "", Viewer("east")).visits(), 4);
  EXPECT_EQ(Get({}, "", Viewer("v01")).visits(), 2);
  EXPECT_EQ(Get({}, "", Viewer("v04")).visits(), 0);
  EXPECT_EQ(Get({}, "", Viewer("bureau")).visits(), 0);
  EXPECT_EQ(Get({}, "", Service()).visits(), 5);
}

}  // namespace
}  // namespace terrace::inspections
