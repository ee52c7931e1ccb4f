// What becomes of findings, and follow-ups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "services/inspections/test_world.h"

namespace terrace::inspections {
namespace {

class FindingTest : public testing::Test {
 protected:
  FindingTest() {
    world.PublishChecklist();
    visit = world.StartOwn("v01", "a");
  }

  absl::StatusOr<v1::Finding> Raise(const std::string& id, const std::string& more) {
    v1::RaiseFindingRequest request;
    request.set_parent(visit);
    request.set_finding_id(id);
    *request.mutable_finding() = Text<v1::Finding>(more);
    return world.Do(&InspectionsState::RaiseFinding, request, Inspector("county"));
  }
  template <class Req>
  Req About(const std::string& name, const std::string& more = "") {
    Req request = Text<Req>(more);
    request.set_name(name);
    return request;
  }
  absl::StatusOr<v1::Finding> Confirm(const std::string& name, const std::string& more = "",
                                      const std::string& office = "units/county") {
    auto request = About<v1::ConfirmFindingRequest>(name, more);
    request.set_acting_office(office);
    return world.Do(&InspectionsState::ConfirmFinding, request, Officer("county"));
  }
  absl::StatusOr<v1::Finding> Withdraw(const std::string& name, const std::string& note) {
    auto request = About<v1::WithdrawFindingRequest>(name);
    request.set_acting_office("units/county");
    request.set_note(note);
    return world.Do(&InspectionsState::WithdrawFinding, request, Officer("county"));
  }
  absl::StatusOr<v1::Finding> Dispute(const std::string& name, const std::string& note) {
    auto request = About<v1::DisputeFindingRequest>(name);
    request.set_note(note);
    return world.Do(&InspectionsState::DisputeFinding, request, Reporter("v01"));
  }
  absl::StatusOr<v1::Finding> Claim(const std::string& name, const std::string& note = "done") {
    auto request = About<v1::ClaimRectifiedRequest>(name);
    request.set_note(note);
    return world.Do(&InspectionsState::ClaimRectified, request, Reporter("v01"));
  }
  absl::StatusOr<v1::Finding> Recheck(const std::string& name, const std::string& more,
                                      const std::string& office = "units/county") {
    auto request = About<v1::RecheckFindingRequest>(name, more);
    request.set_acting_office(office);
    return world.Do(&InspectionsState::RecheckFinding, request, Officer("county"));
  }

  World world;
  std::string visit;
};

constexpr char kClosed[] = "mode: RECHECK_MODE_SITE outcome: OUTCOME_CLOSED";
constexpr char kReturned[] = "mode: RECHECK_MODE_DESK outcome: OUTCOME_RETURNED note: 'not yet'";

TEST_F(FindingTest, GoesFromRaisedToClosed) {
  auto finding = Raise("leak", "text: 'a leak' rectify_by { year: 2016 month: 6 day: 30 }");
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(finding->state(), v1::Finding::STATE_RAISED);
  EXPECT_EQ(finding->severity(), v1::SEVERITY_GENERAL);
  EXPECT_EQ(finding->office(), "units/county");
  EXPECT_EQ(FromProto(finding->due_time()), T("2016-07-01 00:00"));
  const std::string name = finding->name();
  ASSERT_TRUE(Confirm(name).ok());
  ASSERT_TRUE(Claim(name).ok());
  finding = Recheck(name, kReturned);
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(finding->state(), v1::Finding::STATE_RETURNED);
  ASSERT_TRUE(Claim(name, "done properly").ok());
  finding = Recheck(name, kClosed);
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(finding->state(), v1::Finding::STATE_CLOSED);
  ASSERT_EQ(finding->steps_size(), 6);
  EXPECT_EQ(finding->steps(2).office(), "units/v01") << "claims are the unit's";
  EXPECT_EQ(finding->steps(5).recheck_mode(), v1::RECHECK_MODE_SITE);
  EXPECT_TRUE(HasReason(Claim(name).status(), Reason::WRONG_STATE));
}

TEST_F(FindingTest, AnObservationRaisesOneWithItsItemsSeverity) {
  v1::RecordObservationsRequest request;
  request.set_parent(visit);
  v1::Observation& observation = *request.add_observations();
  observation = Passed(visit, "tab-1");
  observation.set_passed(false);
  observation.set_reason("gone");
  observation.mutable_finding()->set_fixed_on_spot(true);
  auto response = world.Do(&InspectionsState::RecordObservations, request, Inspector("county"));
  ASSERT_TRUE(response.ok());
  ASSERT_EQ(response->results(0).outcome(), v1::ItemResult::OUTCOME_CREATED);
  const v1::Finding finding = *world.state.ReadFinding(visit + "/findings/tab-1");
  EXPECT_EQ(finding.severity(), v1::SEVERITY_MAJOR);
  EXPECT_EQ(finding.item(), "gate");
  EXPECT_EQ(finding.observation(), observation.name());
  EXPECT_EQ(finding.state(), v1::Finding::STATE_CLOSED) << "fixed on the spot";
  EXPECT_EQ(world.state.ReadObservation(observation.name())->finding().name(), finding.name());
  EXPECT_EQ(world.state.ReadVisit(visit)->finding_count(), 1);
}

TEST_F(FindingTest, DisputesAreDecidedByTheOffice) {
  const std::string upheld = Raise("upheld", "text: 'x'")->name();
  EXPECT_TRUE(HasReason(Dispute(upheld, "").status(), Reason::REASON_NEEDED));
  ASSERT_TRUE(Dispute(upheld, "that is the neighbour's").ok());
  EXPECT_TRUE(HasReason(Claim(upheld).status(), Reason::WRONG_STATE));
  EXPECT_TRUE(HasReason(Confirm(upheld).status(), Reason::REASON_NEEDED));
  auto finding = Confirm(upheld, "note: 'we looked at the map'");
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(finding->state(), v1::Finding::STATE_CONFIRMED);

  const std::string dropped = Raise("dropped", "text: 'x'")->name();
  ASSERT_TRUE(Dispute(dropped, "not ours").ok());
  EXPECT_TRUE(HasReason(Withdraw(dropped, "").status(), Reason::REASON_NEEDED));
  finding = Withdraw(dropped, "true");
  ASSERT_TRUE(finding.ok());
  EXPECT_EQ(finding->state(), v1::Finding::STATE_WITHDRAWN);
  EXPECT_TRUE(HasReason(Confirm(dropped, "note: 'x'").status(), Reason::WRONG_STATE));
}

TEST_F(FindingTest, WhatWasFixedOnTheSpotCanBeDisputedOnce) {
  const std::string name = Raise("spot", "text: 'x' fixed_on_spot: true")->name();
  ASSERT_TRUE(Dispute(name, "it was never broken").ok());
  auto finding = Confirm(name, "note: 'there is a picture'");
  ASSERT_TRUE(finding.ok());
  EXPECT_EQ(finding->state(), v1::Finding::STATE_CLOSED);
  EXPECT_TRUE(HasReason(Dispute(name, "still").status(), Reason::WRONG_STATE));
}

TEST_F(FindingTest, NobodyJudgesItself) {
  const std::string name = Raise("leak", "text: 'x'")->name();
  ASSERT_TRUE(Claim(name).ok());
  for (const char* office : {"units/v01", "units/v02", "units/west"}) {
    EXPECT_TRUE(HasReason(Recheck(name, kClosed, office).status(), Reason::SELF_JUDGEMENT))
        << office;
  }
  EXPECT_TRUE(HasReason(Recheck(name, kClosed, "units/east").status(), Reason::NOT_YOURS))
      << "above the unit, but below who raised it";
  EXPECT_TRUE(HasReason(Recheck(name, kClosed, "").status(), Reason::INVALID_NAME));
  EXPECT_TRUE(Recheck(name, kClosed, "units/prov").ok());
}

TEST_F(FindingTest, RechecksSayHowAndWhat) {
  const std::string name = Raise("leak", "text: 'x'")->name();
  EXPECT_TRUE(HasReason(Recheck(name, kClosed).status(), Reason::WRONG_STATE)) << "not claimed";
  ASSERT_TRUE(Claim(name).ok());
  EXPECT_TRUE(HasReason(Recheck(name, "outcome: OUTCOME_CLOSED").status(), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(Recheck(name, "mode: RECHECK_MODE_DESK").status(), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(Recheck(name, "mode: RECHECK_MODE_DESK outcome: OUTCOME_RETURNED").status(),
                        Reason::REASON_NEEDED));
  EXPECT_TRUE(HasReason(
      Recheck(name, absl::StrCat(kClosed, " rectify_by { year: 2016 month: 7 day: 1 }")).status(),
      Reason::INVALID_FIELD));
  auto finding =
      Recheck(name, absl::StrCat(kReturned, " rectify_by { year: 2016 month: 7 day: 1 }"));
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(FromProto(finding->due_time()), T("2016-07-02 00:00"));
  EXPECT_EQ(FromProto(finding->steps(2).due_time()), T("2016-07-02 00:00"));
  EXPECT_FALSE(finding->steps(0).has_due_time()) << "then there was none";
}

// Days end in Honolulu, at UTC-10 all year, 18 hours later than in China.
constexpr char kFar[] = "units/county/programmes/far";
constexpr char kRectify[] = "text: 'x' rectify_by { year: 2016 month: 6 day: 30 }";

TEST_F(FindingTest, DaysAreThoseOfTheProgrammesZone) {
  world.zones[kFar] = "Pacific/Honolulu";
  auto start = Text<v1::StartVisitRequest>(
      "parent: 'units/v01' visit_id: 'far' acting_office: 'units/county'");
  start.set_checklist(kList);
  start.set_programme(kFar);
  visit = world.Do(&InspectionsState::StartVisit, start, Inspector("county"))->name();
  auto finding = Raise("leak", kRectify);
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(FromProto(finding->due_time()), T("2016-07-01 18:00"));
  EXPECT_EQ(FromProto(finding->steps(0).due_time()), T("2016-07-01 18:00"));
  world.TickTo(T("2016-07-01 17:59"));
  EXPECT_FALSE(world.state.ReadFinding(finding->name())->overdue());
  world.TickTo(T("2016-07-01 18:00"));
  EXPECT_TRUE(world.state.ReadFinding(finding->name())->overdue());
  // What the visit was given stays, whatever the mirror knows later.
  world.zones.clear();
  finding = Confirm(finding->name(), "rectify_by { year: 2016 month: 7 day: 9 }");
  ASSERT_TRUE(finding.ok()) << finding.status();
  EXPECT_EQ(FromProto(finding->due_time()), T("2016-07-10 18:00"));
}

TEST_F(FindingTest, VisitsOfAPlanCountInItsProgrammesZone) {
  world.zones[kFar] = "Pacific/Honolulu";
  for (const auto& [id, notice] :
       {std::pair("told", "NOTICE_ON_RELEASE"), std::pair("untold", "NOTICE_NONE")}) {
    const std::string plan =
        world.ApprovedPlan(id, absl::StrCat("notice: ", notice, " programme: '", kFar, "'"));
    ASSERT_TRUE(world.Draw(plan).ok());
    ASSERT_TRUE(world.Release(plan).ok());
    world.FinishOperations();
    auto start = Text<v1::StartVisitRequest>("parent: 'units/v01' round: 1");
    start.set_plan(plan);
    auto started = world.Do(&InspectionsState::StartVisit, start, Inspector("county"));
    ASSERT_TRUE(started.ok()) << started.status();
    visit = started->name();
    EXPECT_EQ(FromProto(Raise("leak", kRectify)->due_time()), T("2016-07-01 18:00")) << notice;
  }
}

TEST_F(FindingTest, AProgrammeThatIsNotKnownCountsAsInChina) {
  auto start = Text<v1::StartVisitRequest>(
      "parent: 'units/v01' visit_id: 'far' acting_office: 'units/county'");
  start.set_checklist(kList);
  start.set_programme(kFar);
  visit = world.Do(&InspectionsState::StartVisit, start, Inspector("county"))->name();
  EXPECT_EQ(FromProto(Raise("leak", kRectify)->due_time()), T("2016-07-01 00:00"));
}

TEST_F(FindingTest, AStartThatComesLateMovesTheDaysOfItsFindings) {
  world.zones[kFar] = "Pacific/Honolulu";
  const std::string late = "units/v01/visits/late";
  const auto item = [&](v1::SyncVisitsRequest& request) {
    v1::SyncItem& item = *request.add_items();
    item.set_visit(late);
    item.set_checklist(kList);
    request.set_acting_office("units/county");
    return &item;
  };
  v1::SyncVisitsRequest first;
  v1::Finding& before = *item(first)->mutable_finding();
  before = Text<v1::Finding>(kRectify);
  before.set_name(late + "/findings/before");
  ASSERT_TRUE(world.Sync(first, Inspector("county")).ok());
  ASSERT_TRUE(Confirm(before.name(), "rectify_by { year: 2016 month: 7 day: 9 }").ok());
  EXPECT_EQ(FromProto(world.state.ReadFinding(before.name())->due_time()), T("2016-07-10 00:00"));

  v1::SyncVisitsRequest second;
  v1::Finding& with = *item(second)->mutable_finding();
  with = Text<v1::Finding>(kRectify);
  with.set_name(late + "/findings/with");
  item(second)->mutable_start()->set_programme(kFar);
  auto synced = world.Sync(second, Inspector("county"));
  ASSERT_TRUE(synced.ok()) << synced.status();
  ASSERT_EQ(synced->results(1).outcome(), v1::ItemResult::OUTCOME_CREATED);
  EXPECT_EQ(FromProto(world.state.ReadFinding(with.name())->due_time()), T("2016-07-01 18:00"));
  const v1::Finding moved = *world.state.ReadFinding(before.name());
  EXPECT_EQ(FromProto(moved.due_time()), T("2016-07-10 18:00"));
  EXPECT_EQ(FromProto(moved.steps(0).due_time()), T("2016-07-01 18:00"));
  EXPECT_EQ(FromProto(moved.steps(1).due_time()), T("2016-07-10 18:00"));
}

TEST_F(FindingTest, EtagsGuardTheVerbs) {
  auto finding = Raise("leak", "text: 'x'");
  ASSERT_TRUE(Confirm(finding->name()).ok());
  auto request = About<v1::ClaimRectifiedRequest>(finding->name(), "note: 'done'");
  request.set_etag(finding->etag());
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::ClaimRectified, request, Reporter("v01")).status(),
                Reason::ETAG_MISMATCH));
}

TEST_F(FindingTest, BadFindingsAreRefused) {
  EXPECT_TRUE(HasReason(Raise("a", "").status(), Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(Raise("a", "item: 'roof'").status(), Reason::UNKNOWN_ITEM));
  EXPECT_TRUE(HasReason(Raise("A", "text: 'x'").status(), Reason::INVALID_ID));
  EXPECT_TRUE(
      HasReason(Raise("a", "text: 'x' recurrence_of: 'units/v01/visits/a/findings/none'").status(),
                Reason::NOT_FOUND));
  EXPECT_TRUE(
      HasReason(Raise("a", "text: 'x' recurrence_of: 'none'").status(), Reason::INVALID_NAME));
  EXPECT_THAT(world.state.Names(RowKind::kFinding), testing::IsEmpty());
  EXPECT_TRUE(HasReason(Confirm("units/v01/visits/a/findings/none").status(), Reason::NOT_FOUND));
  EXPECT_TRUE(HasReason(Confirm("units/v01").status(), Reason::INVALID_NAME));
}

TEST_F(FindingTest, TheSameFindingAgainIsTheSame) {
  auto first = Raise("leak", "text: 'x' rectify_by { year: 2016 month: 6 day: 30 }");
  // An office moves the day; what the device sends is still what it sent.
  ASSERT_TRUE(Confirm(first->name(), "rectify_by { year: 2016 month: 7 day: 31 }").ok());
  auto again = Raise("leak", "text: 'x' rectify_by { year: 2016 month: 6 day: 30 }");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), v1::Finding::STATE_CONFIRMED);
  EXPECT_EQ(again->rectify_by().month(), 7);
  EXPECT_TRUE(HasReason(Raise("leak", "text: 'y'").status(), Reason::CONTENT_DIFFERS));

  // From a device, the other content is kept.
  v1::SyncVisitsRequest request;
  v1::SyncItem& item = *request.add_items();
  item.set_visit(visit);
  *item.mutable_finding() =
      Text<v1::Finding>("text: 'y' rectify_by { year: 2016 month: 6 day: 30 }");
  item.mutable_finding()->set_name(first->name());
  auto response = world.Sync(request, Inspector("county"));
  ASSERT_EQ(response->results(0).outcome(), v1::ItemResult::OUTCOME_CONFLICT);
  ASSERT_EQ(response->results(0).differences_size(), 1) << "the day is not a difference";
  EXPECT_EQ(response->results(0).differences(0).field(), "text");
  EXPECT_EQ(world.state.ReadFinding(first->name())->conflict_count(), 1);
}

TEST_F(FindingTest, RecurrenceLinksBothWays) {
  const std::string first = Raise("leak", "text: 'x'")->name();
  ASSERT_TRUE(Claim(first).ok());
  ASSERT_TRUE(Recheck(first, kClosed).ok());
  auto again = Raise("leak-again", absl::StrCat("text: 'x' recurrence_of: '", first, "'"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(world.state.ReadFinding(first)->recurred_as(), again->name());
  EXPECT_TRUE(world.state.ReadFinding(again->name())->recurred_as().empty());
}

TEST_F(FindingTest, AbortedVisitsHaveNoLiveFindings) {
  const std::string name = Raise("leak", "text: 'x'")->name();
  v1::AbortVisitRequest abort;
  abort.set_name(visit);
  abort.set_reason("the wrong village");
  ASSERT_TRUE(world.Do(&InspectionsState::AbortVisit, abort, Inspector("county")).ok());
  EXPECT_TRUE(HasReason(Confirm(name).status(), Reason::WRONG_STATE));
  EXPECT_TRUE(HasReason(Claim(name).status(), Reason::WRONG_STATE));
}

TEST_F(FindingTest, TimeMakesItOverdueByATick) {
  const std::string name =
      Raise("leak", "text: 'x' rectify_by { year: 2016 month: 6 day: 30 }")->name();
  EXPECT_EQ(world.state.NextTick(), T("2016-07-01 00:00"));
  world.TickTo(T("2016-06-30 23:59"));
  EXPECT_FALSE(world.state.ReadFinding(name)->overdue());
  world.TickTo(T("2016-07-01 00:00"));
  EXPECT_TRUE(world.state.ReadFinding(name)->overdue());
  EXPECT_EQ(world.state.NextTick(), absl::InfiniteFuture());
  ASSERT_TRUE(Claim(name).ok());
  EXPECT_FALSE(world.state.ReadFinding(name)->overdue()) << "it is with the office now";
  auto finding =
      Recheck(name, absl::StrCat(kReturned, " rectify_by { year: 2016 month: 7 day: 10 }"));
  ASSERT_TRUE(finding.ok());
  EXPECT_FALSE(finding->overdue());
  EXPECT_EQ(world.state.NextTick(), T("2016-07-11 00:00"));
  world.TickTo(T("2016-08-01 00:00"));
  EXPECT_TRUE(world.state.ReadFinding(name)->overdue());
}

TEST_F(FindingTest, HistoriesAreLimited) {
  const std::string name = Raise("leak", "text: 'x'")->name();
  absl::Status status;
  for (int i = 0; i < 60 && status.ok(); ++i) {
    status = Claim(name).status();
    if (status.ok()) status = Recheck(name, kReturned).status();
  }
  EXPECT_TRUE(HasReason(status, Reason::TOO_MANY_EVENTS)) << status;
}

// -------------------------------------------------------------------------------- follow-ups

v1::RecordFollowUpRequest Meeting() {
  auto request = Text<v1::RecordFollowUpRequest>(R"pb(
    parent: "units/v01"
    follow_up_id: "m1"
    acting_office: "units/county"
    follow_up {
      kind: KIND_OBSERVATION_MEETING
      title: "Meeting at the model village"
      date { year: 2016 month: 5 day: 20 }
      participants {
        value { value: "40" }
        unit: "person"
      }
      visits: "units/v01/visits/a"
    })pb");
  return request;
}

TEST_F(FindingTest, FollowUpsAreRecordedByAnOfficeAbove) {
  auto follow_up = world.Do(&InspectionsState::RecordFollowUp, Meeting(), Officer("county"));
  ASSERT_TRUE(follow_up.ok()) << follow_up.status();
  EXPECT_EQ(follow_up->name(), "units/v01/followUps/m1");
  EXPECT_EQ(follow_up->office(), "units/county");
  EXPECT_EQ(FromProto(follow_up->moment().time()), T("2016-05-20 00:00"));
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::RecordFollowUp, Meeting(), Officer("county")).status(),
                Reason::ALREADY_EXISTS));
}

TEST_F(FindingTest, BadFollowUpsAreRefused) {
  const auto refused = [&](auto change, Reason reason) {
    v1::RecordFollowUpRequest request = Meeting();
    change(request);
    const absl::Status status =
        world.Do(&InspectionsState::RecordFollowUp, request, Officer("county")).status();
    EXPECT_TRUE(HasReason(status, reason)) << status;
  };
  using Request = v1::RecordFollowUpRequest;
  refused([](Request& r) { r.set_acting_office("units/v01"); }, Reason::SELF_JUDGEMENT);
  refused([](Request& r) { r.set_acting_office("units/west"); }, Reason::SELF_JUDGEMENT);
  refused([](Request& r) { r.set_parent("units/nowhere"); }, Reason::NOT_FOUND);
  refused([](Request& r) { r.mutable_follow_up()->clear_kind(); }, Reason::REQUIRED_FIELD);
  refused([](Request& r) { r.mutable_follow_up()->clear_title(); }, Reason::REQUIRED_FIELD);
  refused([](Request& r) { r.mutable_follow_up()->clear_date(); }, Reason::REQUIRED_FIELD);
  refused([](Request& r) { r.mutable_follow_up()->set_visits(0, "units/v02/visits/a"); },
          Reason::NOT_FOUND);
  refused([](Request& r) { r.mutable_follow_up()->add_findings("units/v01/visits/a"); },
          Reason::INVALID_NAME);
  refused(
      [](Request& r) {
        r.mutable_follow_up()->mutable_participants()->mutable_value()->set_value("-1");
      },
      Reason::NUMBER_OUT_OF_RANGE);
  refused(
      [](Request& r) {
        r.mutable_follow_up()->mutable_participants()->mutable_value()->set_value("many");
      },
      Reason::INVALID_NUMBER);
  EXPECT_THAT(world.state.Names(RowKind::kFollowUp), testing::IsEmpty());
}

}  // namespace
}  // namespace terrace::inspections
