#include "services/inspections/timeline.h"

#include <gtest/gtest.h>

#include "common/base/time.h"

namespace terrace::inspections {
namespace {

absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1400000000 + seconds); }

v1::Moment Happened(int64_t seconds) { return MakeMoment(At(seconds), {At(1000), absl::nullopt}); }

TEST(MomentTest, WithoutADeviceItIsTheReceipt) {
  const v1::Moment moment = MakeMoment(absl::nullopt, {At(5), absl::nullopt});
  EXPECT_EQ(FromProto(moment.time()), At(5));
  EXPECT_EQ(FromProto(moment.receive_time()), At(5));
  EXPECT_FALSE(moment.has_skew());
  EXPECT_FALSE(moment.skewed());
}

TEST(MomentTest, DeviceTimesAreKeptAndSkewIsRecorded) {
  // The device is an hour ahead, and says that it saw something two days ago.
  const absl::Time seen = At(0) - absl::Hours(48);
  const v1::Moment moment = MakeMoment(seen, {At(0), At(3600)});
  EXPECT_EQ(FromProto(moment.time()), seen);
  EXPECT_EQ(moment.skew().seconds(), 3600);
  EXPECT_TRUE(moment.skewed());
}

TEST(MomentTest, SkewIsFlaggedBeyondTheLimitOnly) {
  EXPECT_FALSE(MakeMoment(At(0), {At(0), At(0) + kSkewFlagged}).skewed());
  EXPECT_TRUE(MakeMoment(At(0), {At(0), At(0) + kSkewFlagged + absl::Seconds(1)}).skewed());
  EXPECT_TRUE(MakeMoment(At(0), {At(0), At(0) - kSkewFlagged - absl::Seconds(1)}).skewed());
}

TEST(MomentTest, TheFutureIsFlaggedAndNotRefused) {
  const v1::Moment moment = MakeMoment(At(7200), {At(0), absl::nullopt});
  EXPECT_EQ(FromProto(moment.time()), At(7200));
  EXPECT_TRUE(moment.skewed());
  // Years offline are no skew.
  EXPECT_FALSE(MakeMoment(At(-100000000), {At(0), absl::nullopt}).skewed());
}

TEST(VisitStateTest, FollowsTheMoments) {
  v1::Visit visit;
  *visit.mutable_assigned() = Happened(10);
  *visit.mutable_started() = Happened(20);
  *visit.mutable_finished() = Happened(30);
  *visit.mutable_acknowledgement()->mutable_moment() = Happened(40);
  EXPECT_EQ(StateAt(visit, At(9)), v1::Visit::STATE_UNSPECIFIED);
  EXPECT_EQ(StateAt(visit, At(10)), v1::Visit::STATE_ASSIGNED);
  EXPECT_EQ(StateAt(visit, At(20)), v1::Visit::STATE_STARTED);
  EXPECT_EQ(StateAt(visit, At(30)), v1::Visit::STATE_SUBMITTED);
  EXPECT_EQ(StateAt(visit, At(40)), v1::Visit::STATE_ACKNOWLEDGED);
  EXPECT_EQ(ExistsFrom(visit), At(10));
  EXPECT_EQ(ReferenceTime(visit), At(20));
}

TEST(VisitStateTest, MissingRecordsKeepItFinished) {
  v1::Visit visit;
  *visit.mutable_started() = Happened(20);
  *visit.mutable_finished() = Happened(30);
  visit.add_missing();
  EXPECT_EQ(StateAt(visit, At(50)), v1::Visit::STATE_FINISHED);
}

TEST(VisitStateTest, AssignedVisitsHaveNoOtherReference) {
  v1::Visit visit;
  *visit.mutable_assigned() = Happened(10);
  EXPECT_EQ(ReferenceTime(visit), At(10));
  *visit.mutable_aborted() = Happened(15);
  EXPECT_EQ(StateAt(visit, At(14)), v1::Visit::STATE_ASSIGNED);
  EXPECT_EQ(StateAt(visit, At(15)), v1::Visit::STATE_ABORTED);
}

TEST(VisitStateTest, ImportedVisitsExistFromTheirStart) {
  v1::Visit visit;
  *visit.mutable_assigned() = Happened(1000);  // Released years after it was made.
  *visit.mutable_started() = Happened(20);
  EXPECT_EQ(ExistsFrom(visit), At(20));
  EXPECT_EQ(StateAt(visit, At(20)), v1::Visit::STATE_STARTED);
}

TEST(FindingStepTest, TheLastRecordedStepByThatTimeCounts) {
  v1::Finding finding;
  const auto add = [&](v1::Finding::State state, int64_t seconds) {
    v1::FindingStep& step = *finding.add_steps();
    step.set_state(state);
    *step.mutable_moment() = Happened(seconds);
  };
  add(v1::Finding::STATE_RAISED, 10);
  add(v1::Finding::STATE_CLAIMED, 30);
  add(v1::Finding::STATE_CLOSED, 20);  // Entered later, with an earlier time.
  EXPECT_EQ(StepAt(finding, At(9)), nullptr);
  EXPECT_EQ(StepAt(finding, At(10))->state(), v1::Finding::STATE_RAISED);
  EXPECT_EQ(StepAt(finding, At(20))->state(), v1::Finding::STATE_CLOSED);
  EXPECT_EQ(StepAt(finding, At(30))->state(), v1::Finding::STATE_CLOSED);
}

TEST(FindingStateTest, OnlyWhatTheUnitMustDoRunsOut) {
  EXPECT_TRUE(RunsOut(v1::Finding::STATE_RAISED));
  EXPECT_TRUE(RunsOut(v1::Finding::STATE_CONFIRMED));
  EXPECT_TRUE(RunsOut(v1::Finding::STATE_RETURNED));
  EXPECT_FALSE(RunsOut(v1::Finding::STATE_DISPUTED));
  EXPECT_FALSE(RunsOut(v1::Finding::STATE_CLAIMED));
  EXPECT_FALSE(RunsOut(v1::Finding::STATE_CLOSED));
  EXPECT_TRUE(IsOpen(v1::Finding::STATE_DISPUTED));
  EXPECT_FALSE(IsOpen(v1::Finding::STATE_WITHDRAWN));
}

TEST(DayTest, DaysEndAtMidnightInTheZone) {
  google::type::Date date;
  date.set_year(2016);
  date.set_month(2);
  date.set_day(29);
  const absl::TimeZone east = absl::FixedTimeZone(8 * 3600);
  const absl::TimeZone west = absl::FixedTimeZone(-9 * 3600);
  const auto shown = [](absl::Time time) {
    return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
  };
  EXPECT_EQ(shown(EndOfDay(date, east)), "2016-02-29T16:00:00+00:00");
  EXPECT_EQ(shown(EndOfDay(date, west)), "2016-03-01T09:00:00+00:00");
  EXPECT_EQ(MoveEndOfDay(EndOfDay(date, east), east, west), EndOfDay(date, west));
  EXPECT_EQ(MoveEndOfDay(EndOfDay(date, west), west, east), EndOfDay(date, east));
}

}  // namespace
}  // namespace terrace::inspections
