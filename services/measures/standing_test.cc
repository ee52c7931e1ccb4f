#include "services/measures/standing.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/measures/test_util.h"

namespace terrace::measures {
namespace {

using v1::AssignmentEvent;
using v1::ReportEvent;

// One measure with one assignment whose history is written down step by step.
class StandingTest : public ::testing::Test {
 protected:
  StandingTest() {
    SetList(R"(due_rules { from_period: "2016-01"
                           rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22 } })");
    measure_ = Text<v1::Measure>(R"(
      start_date { year: 2016 month: 1 day: 1 } due_date { year: 2016 month: 12 day: 31 })");
    Issue(1, "2016-01-05");
    assignment_.role = v1::ASSIGNMENT_ROLE_LEAD;
    assignment_.issue = 1;
  }

  void SetList(const std::string& text) {
    schedule_ = Schedule::FromList(Text<v1::MeasureList>(text), "list").value();
  }
  void Issue(int number, absl::string_view time) {
    v1::Issue* issue = measure_.add_issues();
    issue->set_number(number);
    *issue->mutable_issued()->mutable_time() = ToProto(T(time));
  }
  void Happens(AssignmentEvent::Type type, absl::string_view time) {
    assignment_.steps.push_back({T(time), static_cast<uint8_t>(type)});
  }
  void Report(absl::string_view period,
              std::vector<std::pair<ReportEvent::Type, std::string>> events) {
    storage::v1::ReportRecord record;
    *record.mutable_late_time() = ToProto(schedule_.Find(P(period))->times.grace_end);
    for (const auto& [type, time] : events) {
      ReportEvent* event = record.add_events();
      event->set_type(type);
      *event->mutable_moment()->mutable_time() = ToProto(T(time));
    }
    auto& reports = assignment_.reports;
    reports.push_back(FactsOf(P(period), record));
    std::sort(reports.begin(), reports.end(),
              [](const auto& a, const auto& b) { return a.period < b.period; });
  }
  // Hands in every report from January to the month, each on the 20th.
  void ReportUntil(int month) {
    for (int m = 1; m <= month; ++m) {
      const std::string period = absl::StrCat("2016-", absl::Dec(m, absl::kZeroPad2));
      Report(period, {{ReportEvent::TYPE_SUBMITTED, absl::StrCat(period, "-20")}});
    }
  }

  AssignmentStatus At(absl::string_view time) {
    const MeasureFacts facts = FactsOf(measure_, schedule_);
    return StatusAt(facts, assignment_, schedule_.Table(T(time)), absl::nullopt, T(time));
  }
  ReportCounts Reports(absl::string_view time) {
    const MeasureFacts facts = FactsOf(measure_, schedule_);
    return CountReports(facts, assignment_, schedule_.Table(T(time)), T(time));
  }

  Schedule schedule_;
  v1::Measure measure_;
  AssignmentFacts assignment_;
};

TEST_F(StandingTest, TheCourseOfAnAssignment) {
  Happens(AssignmentEvent::TYPE_ACKNOWLEDGED, "2016-01-06");
  ReportUntil(8);
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-09-01");
  Happens(AssignmentEvent::TYPE_RETURNED, "2016-09-03");
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-09-10");
  Happens(AssignmentEvent::TYPE_VERIFIED, "2016-09-15");
  EXPECT_EQ(At("2016-01-05").state, v1::ASSIGNMENT_STATE_ISSUED);
  EXPECT_EQ(At("2016-01-06").state, v1::ASSIGNMENT_STATE_ACKNOWLEDGED);
  EXPECT_EQ(At("2016-01-20").state, v1::ASSIGNMENT_STATE_IN_PROGRESS);
  EXPECT_EQ(At("2016-09-01").state, v1::ASSIGNMENT_STATE_CLAIMED);
  EXPECT_EQ(At("2016-09-03").state, v1::ASSIGNMENT_STATE_RETURNED);
  EXPECT_EQ(At("2016-09-14").state, v1::ASSIGNMENT_STATE_CLAIMED);
  EXPECT_EQ(At("2016-09-14").done, absl::nullopt);
  EXPECT_EQ(At("2016-09-15").state, v1::ASSIGNMENT_STATE_DONE);
  EXPECT_EQ(At("2017-05-01").done, T("2016-09-15"));
  EXPECT_EQ(At("2017-05-01").standing, v1::STANDING_DONE);
}

TEST_F(StandingTest, OverdueBeginsAtTheEndOfTheDueDate) {
  ReportUntil(12);
  EXPECT_EQ(At("2016-06-01").standing, v1::STANDING_ON_TRACK);
  EXPECT_EQ(At("2016-12-24 23:59").standing, v1::STANDING_ON_TRACK);
  EXPECT_EQ(At("2016-12-25").standing, v1::STANDING_DUE_SOON);
  EXPECT_EQ(At("2016-12-31 23:59:59.9").standing, v1::STANDING_DUE_SOON);
  EXPECT_EQ(At("2017-01-01").standing, v1::STANDING_OVERDUE);
  EXPECT_EQ(Show(At("2017-01-01").due), "2017-01-01 00:00");
}

TEST_F(StandingTest, AClaimThatWaitsIsNotOverdue) {
  ReportUntil(12);
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-12-30");
  EXPECT_EQ(At("2016-12-29").standing, v1::STANDING_DUE_SOON);
  EXPECT_EQ(At("2016-12-30").standing, v1::STANDING_ON_TRACK);
  EXPECT_EQ(At("2017-01-10").standing, v1::STANDING_ON_TRACK);
  // Returned, it is the unit's turn again.
  Happens(AssignmentEvent::TYPE_RETURNED, "2017-01-11");
  EXPECT_EQ(At("2017-01-11").standing, v1::STANDING_OVERDUE);
}

TEST_F(StandingTest, AMissingReportPutsBehindUntilItIsIn) {
  ReportUntil(4);
  EXPECT_EQ(At("2016-05-22 23:59").standing, v1::STANDING_ON_TRACK);
  EXPECT_EQ(At("2016-05-23").standing, v1::STANDING_BEHIND);
  Report("2016-05", {{ReportEvent::TYPE_SUBMITTED, "2016-05-24 08:00"}});
  EXPECT_EQ(At("2016-05-24 07:59").standing, v1::STANDING_BEHIND);
  EXPECT_EQ(At("2016-05-24 08:00").standing, v1::STANDING_ON_TRACK);
}

TEST_F(StandingTest, AReturnedReportPutsBehindAtOnce) {
  ReportUntil(3);
  Report("2016-04", {{ReportEvent::TYPE_SUBMITTED, "2016-04-10"},
                     {ReportEvent::TYPE_RETURNED, "2016-04-11"},
                     {ReportEvent::TYPE_SUBMITTED, "2016-04-13"}});
  EXPECT_EQ(At("2016-04-10").standing, v1::STANDING_ON_TRACK);
  EXPECT_EQ(At("2016-04-11").standing, v1::STANDING_BEHIND);
  EXPECT_EQ(At("2016-04-13").standing, v1::STANDING_ON_TRACK);
}

TEST_F(StandingTest, TheFirstSubmissionDecidesLateness) {
  // In time at first, returned, and handed in again much later: on time.
  Report("2016-01", {{ReportEvent::TYPE_SUBMITTED, "2016-01-22 23:59:59"},
                     {ReportEvent::TYPE_RETURNED, "2016-01-25"},
                     {ReportEvent::TYPE_SUBMITTED, "2016-03-01"},
                     {ReportEvent::TYPE_ACCEPTED, "2016-03-02"}});
  // At midnight it is late.
  Report("2016-02", {{ReportEvent::TYPE_SUBMITTED, "2016-02-23"}});
  Report("2016-03", {{ReportEvent::TYPE_EXCUSED, "2016-03-20"}});
  const ReportCounts counts = Reports("2016-04-23");
  EXPECT_EQ(counts.due, 3);
  EXPECT_EQ(counts.on_time, 1);
  EXPECT_EQ(counts.late, 1);
  EXPECT_EQ(counts.missing, 1);  // April.
  EXPECT_EQ(counts.excused, 1);
  const ReportStatus january = StatusAt(assignment_.reports[0], T("2016-02-01"));
  EXPECT_EQ(january.state, v1::REPORT_STATE_RETURNED);
  EXPECT_EQ(january.settled, absl::InfiniteFuture());
  EXPECT_EQ(StatusAt(assignment_.reports[0], T("2016-03-01")).state, v1::REPORT_STATE_RESUBMITTED);
  EXPECT_EQ(StatusAt(assignment_.reports[0], T("2016-03-02")).state, v1::REPORT_STATE_ACCEPTED);
  EXPECT_EQ(StatusAt(assignment_.reports[0], T("2016-03-02")).first_submitted,
            T("2016-01-22 23:59:59"));
}

TEST_F(StandingTest, CountsSpeakOfTheInstantAlone) {
  Report("2016-01", {{ReportEvent::TYPE_SUBMITTED, "2016-02-10"}});
  EXPECT_EQ(Reports("2016-01-22 23:59").due, 0);
  EXPECT_EQ(Reports("2016-01-23").missing, 1);
  EXPECT_EQ(Reports("2016-02-09").missing, 1);
  EXPECT_EQ(Reports("2016-02-10").missing, 0);
  EXPECT_EQ(Reports("2016-02-10").late, 1);
}

TEST_F(StandingTest, GraceKeepsAReportOnTime) {
  SetList(R"(due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22
                                                       grace { seconds: 86400 } } })");
  Report("2016-01", {{ReportEvent::TYPE_SUBMITTED, "2016-01-23 18:00"}});
  Report("2016-02", {{ReportEvent::TYPE_SUBMITTED, "2016-02-24"}});
  EXPECT_EQ(Reports("2016-01-23 23:00").due, 0);
  EXPECT_EQ(Reports("2016-01-24").on_time, 1);
  EXPECT_EQ(Reports("2016-02-24").late, 1);
}

TEST_F(StandingTest, ReportsAreAskedForOnlyWhileThereIsSomethingToDo) {
  // Issued in the middle of March after that month's due time: April is the first.
  measure_.clear_issues();
  Issue(1, "2016-03-25");
  EXPECT_EQ(Reports("2016-04-22 23:00").due, 0);
  EXPECT_EQ(Reports("2016-04-23").due, 1);
  // Done in September before its report was due: August is the last.
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-09-10");
  Happens(AssignmentEvent::TYPE_VERIFIED, "2016-09-15");
  EXPECT_EQ(Reports("2016-09-14").due, 5);
  EXPECT_EQ(Reports("2017-09-14").due, 5);
}

TEST_F(StandingTest, AMeasureThatStartsLaterAsksLater) {
  *measure_.mutable_start_date() = Date("2016-06-01");
  EXPECT_EQ(Reports("2016-06-22").due, 0);
  EXPECT_EQ(Reports("2016-06-23").due, 1);
  // Reports about the time before it are not asked for, also when they fall due afterwards.
  SetList(R"(due_rules { from_period: "2016-01"
                         rule { frequency: REPORT_FREQUENCY_MONTHLY day: 10 offset: 1 } })");
  EXPECT_EQ(Reports("2016-06-30").due, 0);
  EXPECT_EQ(Reports("2016-07-11").due, 1);
}

TEST_F(StandingTest, TheClaimIsEnoughWhereTheRuleSaysSo) {
  measure_.mutable_completion()->set_done_by(v1::DONE_BY_CLAIM);
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-05-01");
  EXPECT_EQ(At("2016-05-01").done, T("2016-05-01"));
  Happens(AssignmentEvent::TYPE_RETURNED, "2016-05-03");
  EXPECT_EQ(At("2016-05-02").state, v1::ASSIGNMENT_STATE_DONE);
  EXPECT_EQ(At("2016-05-03").done, absl::nullopt);
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-05-05");
  Happens(AssignmentEvent::TYPE_VERIFIED, "2016-05-09");
  EXPECT_EQ(At("2016-06-01").done, T("2016-05-05"));
}

TEST_F(StandingTest, ReportsAreEnoughWhereTheRuleSaysSo) {
  measure_.mutable_completion()->set_done_by(v1::DONE_BY_REPORTS);
  *measure_.mutable_due_date() = Date("2016-03-31");
  Report("2016-01", {{ReportEvent::TYPE_SUBMITTED, "2016-01-20"}});
  Report("2016-02", {{ReportEvent::TYPE_EXCUSED, "2016-02-20"}});
  EXPECT_EQ(At("2016-03-01").done, absl::nullopt);
  Report("2016-03", {{ReportEvent::TYPE_SUBMITTED, "2016-03-21"},
                     {ReportEvent::TYPE_RETURNED, "2016-03-25"},
                     {ReportEvent::TYPE_SUBMITTED, "2016-04-02"}});
  EXPECT_EQ(At("2016-03-21").done, T("2016-03-21"));
  EXPECT_EQ(At("2016-03-25").done, absl::nullopt);
  EXPECT_EQ(At("2016-03-25").standing, v1::STANDING_BEHIND);
  EXPECT_EQ(At("2016-04-01").standing, v1::STANDING_OVERDUE);
  EXPECT_EQ(At("2016-04-02").done, T("2016-04-02"));
  // What is asked for ends with the due date, not with being done.
  EXPECT_EQ(Reports("2016-12-01").due, 2);
  EXPECT_EQ(Reports("2016-12-01").excused, 1);
}

TEST_F(StandingTest, ADueDateThatMovedHoldsFromThenOn) {
  ReportUntil(12);
  v1::DueDateChange* change = measure_.add_due_date_changes();
  *change->mutable_due_date() = Date("2016-06-30");
  *change->mutable_changed()->mutable_time() = ToProto(T("2016-07-10"));
  EXPECT_EQ(At("2016-07-01").standing, v1::STANDING_OVERDUE);
  EXPECT_EQ(At("2016-07-09").standing, v1::STANDING_OVERDUE);
  EXPECT_EQ(At("2016-07-10").standing, v1::STANDING_ON_TRACK);
  EXPECT_EQ(At("2017-01-01").standing, v1::STANDING_OVERDUE);
  const MeasureFacts facts = FactsOf(measure_, schedule_);
  EXPECT_EQ(Show(NextBoundary(facts, T("2016-06-25"))), "2016-07-01 00:00");
  EXPECT_EQ(Show(NextBoundary(facts, T("2016-07-01"))), "2016-07-10 00:00");
  EXPECT_EQ(Show(NextBoundary(facts, T("2016-07-10"))), "2016-12-25 00:00");
  EXPECT_EQ(Show(NextBoundary(facts, T("2016-12-25"))), "2017-01-01 00:00");
  EXPECT_EQ(Show(NextBoundary(facts, T("2017-01-01"))), "never");
}

TEST_F(StandingTest, CancelledMeasuresAskForNothingMore) {
  *measure_.mutable_cancelled()->mutable_time() = ToProto(T("2016-06-01"));
  EXPECT_EQ(At("2016-05-31").standing, v1::STANDING_BEHIND);
  EXPECT_EQ(At("2016-06-01").state, v1::ASSIGNMENT_STATE_CANCELLED);
  v1::Progress before;
  v1::Progress after;
  const MeasureFacts facts = FactsOf(measure_, schedule_);
  AddProgress(facts, assignment_, schedule_.Table(T("2016-05-31")), T("2016-05-31"), &before);
  AddProgress(facts, assignment_, schedule_.Table(T("2016-06-01")), T("2016-06-01"), &after);
  EXPECT_EQ(before.assigned(), 1);
  EXPECT_EQ(after.assigned(), 0);
}

TEST_F(StandingTest, CoOperatorsFollowTheirLead) {
  assignment_.role = v1::ASSIGNMENT_ROLE_CO_OPERATOR;
  EXPECT_FALSE(assignment_.counts());
  const MeasureFacts facts = FactsOf(measure_, schedule_);
  const absl::Time at = T("2016-08-01");
  EXPECT_EQ(StatusAt(facts, assignment_, schedule_.Table(at), absl::nullopt, at).standing,
            v1::STANDING_ON_TRACK);
  EXPECT_EQ(StatusAt(facts, assignment_, schedule_.Table(at), T("2016-07-01"), at).state,
            v1::ASSIGNMENT_STATE_DONE);
  EXPECT_EQ(Reports("2016-08-01").due, 0);
}

TEST_F(StandingTest, ProgressAddsUp) {
  const absl::Time at = T("2016-05-23");
  const MeasureFacts facts = FactsOf(measure_, schedule_);
  const PeriodTable table = schedule_.Table(at);
  v1::Progress progress;
  AddProgress(facts, assignment_, table, at, &progress);  // Nothing handed in: behind.
  ReportUntil(5);
  AddProgress(facts, assignment_, table, at, &progress);  // On track.
  Happens(AssignmentEvent::TYPE_CLAIMED, "2016-05-21");
  Happens(AssignmentEvent::TYPE_VERIFIED, "2016-05-22 12:00");
  AddProgress(facts, assignment_, table, at, &progress);  // Done before May was due.
  v1::Progress sum;
  AddProgress(progress, &sum);
  AddProgress(progress, &sum);
  FillRates(&progress);
  FillRates(&sum);
  EXPECT_EQ(progress.assigned(), 3);
  EXPECT_EQ(progress.behind(), 1);
  EXPECT_EQ(progress.done(), 1);
  EXPECT_EQ(progress.reports_due(), 5 + 5 + 4);
  EXPECT_EQ(progress.reports_on_time(), 9);
  EXPECT_EQ(progress.reports_missing(), 5);
  EXPECT_EQ(progress.on_time_rate().percent().value(), "64.29");
  EXPECT_EQ(sum.assigned(), 6);
  EXPECT_EQ(sum.on_time_rate().percent().value(), "64.29");
}

TEST(RateTest, IsRoundedOnceHalfUp) {
  EXPECT_EQ(RateOf(25, 30).percent().value(), "83.33");
  EXPECT_EQ(RateOf(2, 3).percent().value(), "66.67");
  EXPECT_EQ(RateOf(1, 8).percent().value(), "12.5");
  EXPECT_EQ(RateOf(1, 32).percent().value(), "3.13");  // 3.125
  EXPECT_EQ(RateOf(30, 30).percent().value(), "100");
  EXPECT_EQ(RateOf(0, 30).percent().value(), "0");
  EXPECT_FALSE(RateOf(0, 0).has_percent());
}

TEST(ShareTest, IsReachedByWholeAssignments) {
  auto needed = [](absl::string_view share, int64_t total) {
    return NeededFor(Decimal::Parse(share, "share").value(), total);
  };
  EXPECT_EQ(needed("1", 77), 77);
  EXPECT_EQ(needed("0.9", 77), 70);  // 69.3
  EXPECT_EQ(needed("0.9", 10), 9);
  EXPECT_EQ(needed("0.001", 5), 1);
  EXPECT_EQ(needed("0.5", 0), 0);
  EXPECT_EQ(needed("0.99999999999999999", 1000000000), 1000000000);
}

}  // namespace
}  // namespace terrace::measures
