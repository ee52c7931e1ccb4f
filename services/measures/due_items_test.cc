#include "services/measures/due_items.h"

#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/measures/test_util.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using v1::AssignmentEvent;
using v1::ReportEvent;

class DueItemsTest : public ::testing::Test {
 protected:
  DueItemsTest() {
    schedule_ = Schedule::FromList(Text<v1::MeasureList>(R"(
        due_rules { from_period: "2016-01" rule { frequency: REPORT_FREQUENCY_MONTHLY day: 22
                                                  grace { seconds: 43200 } } })"),
                                   "list")
                    .value();
    measure_ =
        Text<v1::Measure>(R"(due_date { year: 2016 month: 3 day: 31 } issues { number: 1 })");
    *measure_.mutable_issues(0)->mutable_issued()->mutable_time() = ToProto(T("2016-01-05"));
    assignment_.role = v1::ASSIGNMENT_ROLE_CASCADED;
    assignment_.issue = 1;
  }

  void Report(absl::string_view period,
              std::vector<std::pair<ReportEvent::Type, std::string>> events) {
    ReportFacts report;
    report.period = P(period);
    for (const auto& [type, time] : events) {
      report.steps.push_back({T(time), static_cast<uint8_t>(type)});
    }
    assignment_.reports.push_back(std::move(report));
  }

  // "2016-01 OPEN until 2016-01-16 00:00"
  std::vector<std::string> At(absl::string_view time) {
    std::vector<std::string> out;
    for (const v1::DueItem& item :
         DueItemsOf(FactsOf(measure_, schedule_), assignment_, schedule_.Table(T(time)), T(time))) {
      std::string line =
          absl::StrCat(item.kind() == v1::DUE_KIND_REPORT ? item.period() : "completion", " ",
                       absl::StripPrefix(v1::DueState_Name(item.state()), "DUE_STATE_"));
      if (item.returned()) absl::StrAppend(&line, " returned");
      if (item.has_next_change_time()) {
        absl::StrAppend(&line, " until ", Show(item.next_change_time()));
      }
      out.push_back(line);
    }
    return out;
  }

  Schedule schedule_;
  v1::Measure measure_;
  AssignmentFacts assignment_;
};

TEST_F(DueItemsTest, NothingIsOwedBeforeTheIssue) { EXPECT_THAT(At("2016-01-04"), IsEmpty()); }

TEST_F(DueItemsTest, AReportOpensComesNearAndIsOverdue) {
  EXPECT_THAT(At("2016-01-05"), ElementsAre("2016-01 OPEN until 2016-01-16 00:00",
                                            "completion OPEN until 2016-03-25 00:00"));
  EXPECT_THAT(At("2016-01-16"), ElementsAre("2016-01 DUE_SOON until 2016-01-23 12:00",
                                            "completion OPEN until 2016-03-25 00:00"));
  // During the grace it can still be in time.
  EXPECT_THAT(At("2016-01-23 11:59"), ElementsAre("2016-01 DUE_SOON until 2016-01-23 12:00",
                                                  "completion OPEN until 2016-03-25 00:00"));
  EXPECT_THAT(At("2016-01-23 12:00"),
              ElementsAre("2016-01 OVERDUE", "completion OPEN until 2016-03-25 00:00"));
  EXPECT_THAT(At("2016-02-01"),
              ElementsAre("2016-01 OVERDUE", "2016-02 OPEN until 2016-02-16 00:00",
                          "completion OPEN until 2016-03-25 00:00"));
}

TEST_F(DueItemsTest, WhatIsInOrExcusedIsNotOwed) {
  Report("2016-01", {{ReportEvent::TYPE_SUBMITTED, "2016-01-20"}});
  Report("2016-02", {{ReportEvent::TYPE_EXCUSED, "2016-02-10"}});
  EXPECT_THAT(At("2016-02-09"), ElementsAre("2016-02 OPEN until 2016-02-16 00:00",
                                            "completion OPEN until 2016-03-25 00:00"));
  EXPECT_THAT(At("2016-02-28"), ElementsAre("completion OPEN until 2016-03-25 00:00"));
}

TEST_F(DueItemsTest, AReturnedReportIsOwedButNeverOverdue) {
  Report("2016-01", {{ReportEvent::TYPE_SUBMITTED, "2016-01-10"},
                     {ReportEvent::TYPE_RETURNED, "2016-01-12"},
                     {ReportEvent::TYPE_SUBMITTED, "2016-01-30"}});
  EXPECT_EQ(At("2016-01-12")[0], "2016-01 OPEN returned until 2016-01-16 00:00");
  EXPECT_EQ(At("2016-01-25")[0], "2016-01 DUE_SOON returned");
  EXPECT_THAT(At("2016-01-30"), ElementsAre("completion OPEN until 2016-03-25 00:00"));
}

TEST_F(DueItemsTest, CompletionIsOwedUntilItIsClaimed) {
  for (const char* period : {"2016-01", "2016-02", "2016-03"}) {
    Report(period, {{ReportEvent::TYPE_SUBMITTED, absl::StrCat(period, "-20")}});
  }
  EXPECT_THAT(At("2016-03-25"), ElementsAre("completion DUE_SOON until 2016-04-01 00:00"));
  EXPECT_EQ(At("2016-04-01").back(), "completion OVERDUE");
  assignment_.steps.push_back({T("2016-04-02"), AssignmentEvent::TYPE_CLAIMED});
  assignment_.steps.push_back({T("2016-04-08"), AssignmentEvent::TYPE_RETURNED});
  EXPECT_THAT(At("2016-04-07"), ElementsAre("2016-04 OPEN until 2016-04-16 00:00"));
  EXPECT_EQ(At("2016-04-08").back(), "completion OVERDUE");
}

TEST_F(DueItemsTest, DoneCancelledAndHelpingUnitsOweNothing) {
  AssignmentFacts helping = assignment_;
  helping.role = v1::ASSIGNMENT_ROLE_CO_OPERATOR;
  const absl::Time at = T("2016-02-01");
  EXPECT_THAT(DueItemsOf(FactsOf(measure_, schedule_), helping, schedule_.Table(at), at),
              IsEmpty());
  v1::Measure cancelled = measure_;
  *cancelled.mutable_cancelled()->mutable_time() = ToProto(at);
  EXPECT_THAT(DueItemsOf(FactsOf(cancelled, schedule_), assignment_, schedule_.Table(at), at),
              IsEmpty());
  // Done on the 25th of January: that month's report fell due before and is still owed.
  assignment_.steps.push_back({T("2016-01-25"), AssignmentEvent::TYPE_VERIFIED});
  EXPECT_THAT(At("2016-03-01"), ElementsAre("2016-01 OVERDUE"));
}

}  // namespace
}  // namespace terrace::measures
