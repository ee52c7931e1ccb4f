// What devices bring back: single items, then any order and any number of times.
#include "services/inspections/field_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/test_world.h"

namespace terrace::inspections {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Outcome = v1::ItemResult;

class FieldTest : public testing::Test {
 protected:
  FieldTest() { world.PublishChecklist(); }

  // A message with items about one visit.
  v1::SyncVisitsRequest Message(const std::string& visit) {
    v1::SyncVisitsRequest request;
    request.set_acting_office("units/county");
    visit_ = visit;
    return request;
  }
  v1::SyncItem& Add(v1::SyncVisitsRequest& request) {
    v1::SyncItem& item = *request.add_items();
    item.set_visit(visit_);
    item.set_checklist(kList);
    return item;
  }
  v1::ItemResult One(v1::SyncItem item, const access::Identity& who) {
    v1::SyncVisitsRequest request;
    request.set_acting_office("units/county");
    *request.add_items() = std::move(item);
    auto response = world.Sync(request, who);
    EXPECT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->results_size(), 1);
    return response->results(0);
  }
  v1::ItemResult Observe(const v1::Observation& observation,
                         const access::Identity& who = Inspector("county")) {
    v1::SyncItem item;
    item.set_visit(std::string(VisitOfKey(observation.name())));
    item.set_checklist(kList);
    *item.mutable_observation() = observation;
    return One(std::move(item), who);
  }
  absl::StatusOr<v1::Visit> Submit(const std::string& visit, const std::string& more = "") {
    auto request = Text<v1::SubmitVisitRequest>(more);
    request.set_name(visit);
    return world.Do(&InspectionsState::SubmitVisit, request, Inspector("county"));
  }

  // A released plan without notice that drew everybody; the visit that v01 will have.
  std::string Unannounced(const std::string& more = "") {
    const std::string plan =
        world.ApprovedPlan("secret", absl::StrCat("kind: INSPECTION_KIND_UNANNOUNCED ", more));
    EXPECT_TRUE(world.Draw(plan).ok());
    EXPECT_TRUE(world.Release(plan).ok());
    world.FinishOperations();
    return PlannedFor(plan, "units/v01");
  }
  std::string PlannedFor(const std::string& plan, const std::string& unit) {
    const v1::Draw draw = *world.state.ReadDraw(DrawKey(plan));
    for (const v1::DrawEntry& entry : draw.entries()) {
      if (entry.unit() == unit && !entry.reserve()) return entry.visit();
    }
    return "";
  }

  World world;
  std::string visit_;
};

// ----------------------------------------------------------------------- the same, and another

TEST_F(FieldTest, TheSameObservationAgainIsUnchanged) {
  const std::string visit = world.StartOwn("v01", "a");
  EXPECT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  const size_t revisions = world.log.size();
  for (int i = 0; i < 3; ++i) {
    const v1::ItemResult again = Observe(Passed(visit, "tab-1"));
    EXPECT_EQ(again.outcome(), Outcome::OUTCOME_UNCHANGED);
    EXPECT_EQ(again.code(), 0);
  }
  EXPECT_EQ(world.log.size(), revisions) << "a repetition writes nothing";
  EXPECT_EQ(world.state.ReadVisit(visit)->observation_count(), 1);
}

TEST_F(FieldTest, AnotherContentIsAlreadyExistsWithADiffAndBothAreKept) {
  const std::string visit = world.StartOwn("v01", "a");
  ASSERT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  v1::Observation other = Passed(visit, "tab-1");
  other.set_passed(false);
  other.set_reason("the board is gone");
  const v1::ItemResult result = Observe(other);
  EXPECT_EQ(result.outcome(), Outcome::OUTCOME_CONFLICT);
  EXPECT_EQ(result.code(), static_cast<int>(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(result.reason(), "RECORD_DIFFERS");
  EXPECT_FALSE(result.message_zh().empty());
  ASSERT_EQ(result.differences_size(), 2);
  EXPECT_EQ(result.differences(0).field(), "passed");
  EXPECT_EQ(result.differences(0).stored(), "true");
  EXPECT_EQ(result.differences(0).sent(), "false");
  EXPECT_EQ(result.differences(1).field(), "reason");

  const std::string name = ObservationKey(visit, "tab-1");
  EXPECT_TRUE(world.state.ReadObservation(name)->passed()) << "the first stands";
  EXPECT_EQ(world.state.ReadObservation(name)->conflict_count(), 1);
  EXPECT_EQ(world.state.ReadVisit(visit)->conflict_count(), 1);
  EXPECT_EQ(world.state.ReadVisit(visit)->observation_count(), 1);
  const std::vector<std::string> kept = world.Keys(name + "/conflicts/");
  ASSERT_THAT(kept, SizeIs(1));
  auto second = world.state.rows().Get<storage::v1::ObservationRecord>(kept[0]);
  EXPECT_FALSE(second->observation().passed());
  EXPECT_EQ(second->observation().reason(), "the board is gone");

  // The same loser again is kept once; a third content is a conflict of its own.
  EXPECT_EQ(Observe(other).outcome(), Outcome::OUTCOME_CONFLICT);
  EXPECT_THAT(world.Keys(name + "/conflicts/"), SizeIs(1));
  other.set_reason("no board was ever there");
  EXPECT_EQ(Observe(other).outcome(), Outcome::OUTCOME_CONFLICT);
  EXPECT_THAT(world.Keys(name + "/conflicts/"), SizeIs(2));
}

TEST_F(FieldTest, ConflictsAreLimitedAndSayThatTheyWereNotKept) {
  const std::string visit = world.StartOwn("v01", "a");
  ASSERT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  for (int i = 0; i < kConflictsPerRecordMax; ++i) {
    v1::Observation other = Passed(visit, "tab-1");
    other.set_place(absl::StrCat("gate ", i));
    EXPECT_EQ(Observe(other).outcome(), Outcome::OUTCOME_CONFLICT);
  }
  v1::Observation other = Passed(visit, "tab-1");
  other.set_place("one gate more");
  const v1::ItemResult result = Observe(other);
  EXPECT_EQ(result.outcome(), Outcome::OUTCOME_REJECTED);
  EXPECT_EQ(result.reason(), "TOO_MANY_CONFLICTS");
  EXPECT_EQ(world.state.ReadVisit(visit)->conflict_count(), kConflictsPerRecordMax);
}

TEST_F(FieldTest, AStartIsComparedLikeARecord) {
  v1::StartVisitRequest request;
  request.set_parent("units/v01");
  request.set_visit_id("a");
  request.set_acting_office("units/county");
  request.set_checklist(kList);
  request.set_round(2);
  request.mutable_captured_time()->set_seconds(absl::ToUnixSeconds(T("2014-05-01 10:00")));
  auto first = world.Do(&InspectionsState::StartVisit, request, Inspector("county"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->state(), v1::Visit::STATE_STARTED);
  EXPECT_EQ(first->round(), 2);
  EXPECT_EQ(first->kind(), v1::INSPECTION_KIND_SCHEDULED);
  auto again = world.Do(&InspectionsState::StartVisit, request, Inspector("county"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->etag(), first->etag());
  request.set_round(3);
  auto other = world.Do(&InspectionsState::StartVisit, request, Inspector("county"));
  EXPECT_TRUE(absl::IsAlreadyExists(other.status())) << other.status();
}

// ------------------------------------------------------------------------------------ garbage

TEST_F(FieldTest, BadItemsAreRefusedAndTheOthersStay) {
  const std::string visit = world.StartOwn("v01", "a");
  v1::SyncVisitsRequest request = Message(visit);
  const auto add = [&](const std::string& id) -> v1::Observation& {
    v1::Observation& observation = *Add(request).mutable_observation();
    observation = Passed(visit, id);
    return observation;
  };
  add("tab-1");
  add("tab-2").set_item("roof");                                   // No such item.
  add("tab-3").set_grade("A");                                     // Another type.
  add("tab-4").clear_answer();                                     // No answer.
  add("tab-5").set_passed(false);                                  // No reason.
  add("tab-0");                                                    // Not an id.
  add("tab-6").set_name("units/v02/visits/b/observations/tab-6");  // Another visit's.
  add("tab-7").set_name("tab-7");                                  // Not a name.
  add("tab-8").set_reason("call 13800138000");                     // A telephone number.
  add("tab-9").set_no_answer(static_cast<v1::NoAnswer>(99));       // Not in the enum.
  add("tab-10").mutable_number()->set_value("NaN");                // Not a number.
  Add(request);                                                    // Nothing at all.
  add("tab-12");
  auto response = world.Sync(request, Inspector("county"));
  ASSERT_TRUE(response.ok()) << response.status();
  const char* reasons[] = {"",
                           "UNKNOWN_ITEM",
                           "WRONG_ANSWER",
                           "WRONG_ANSWER",
                           "REASON_NEEDED",
                           "INVALID_FIELD",
                           "INVALID_FIELD",
                           "INVALID_NAME",
                           "PERSONAL_DATA",
                           "UNKNOWN_ENUM",
                           "INVALID_NUMBER",
                           "REQUIRED_FIELD",
                           ""};
  ASSERT_EQ(response->results_size(), 13);
  for (int i = 0; i < 13; ++i) {
    EXPECT_EQ(response->results(i).index(), i);
    EXPECT_EQ(response->results(i).reason(), reasons[i])
        << i << " " << response->results(i).message();
    EXPECT_EQ(response->results(i).outcome() == Outcome::OUTCOME_CREATED, reasons[i][0] == '\0');
  }
  EXPECT_THAT(world.Keys(visit + "/"), SizeIs(2)) << "nothing of the bad ones is left";
}

TEST_F(FieldTest, TooMuchAtOnceIsRefusedAsAWhole) {
  const std::string visit = world.StartOwn("v01", "a");
  v1::SyncVisitsRequest request = Message(visit);
  for (int i = 1; i <= 201; ++i) {
    *Add(request).mutable_observation() = Passed(visit, absl::StrCat("tab-", i));
  }
  EXPECT_TRUE(
      HasReason(world.Sync(request, Inspector("county")).status(), Reason::BATCH_TOO_LARGE));
  request = Message(visit);
  for (int i = 1; i <= 100; ++i) {
    v1::Observation& observation = *Add(request).mutable_observation();
    observation = Passed(visit, absl::StrCat("tab-", i));
    observation.set_reason(std::string(8000, 'x'));
  }
  EXPECT_TRUE(
      HasReason(world.Sync(request, Inspector("county")).status(), Reason::MESSAGE_TOO_LARGE));
  EXPECT_THAT(world.Keys(visit + "/"), IsEmpty());
}

TEST_F(FieldTest, VisitsAreLimited) {
  const std::string visit = world.StartOwn("v01", "a");
  v1::RecordObservationsRequest request;
  request.set_parent(visit);
  int next = 1;
  while (next <= kObservationsPerVisitMax) {
    request.clear_observations();
    for (int i = 0; i < 200; ++i) {
      *request.add_observations() = Passed(visit, absl::StrCat("tab-", next++));
    }
    auto response = world.Do(&InspectionsState::RecordObservations, request, Inspector("county"));
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->results(199).outcome(), Outcome::OUTCOME_CREATED);
  }
  const v1::ItemResult full = Observe(Passed(visit, absl::StrCat("tab-", next)));
  EXPECT_EQ(full.reason(), "VISIT_FULL");
}

// -------------------------------------------------------------------------------------- times

TEST_F(FieldTest, DeviceTimesAreNeverRefusedAndSkewIsFlagged) {
  const std::string visit = world.StartOwn("v01", "a");
  v1::RecordObservationsRequest request;
  request.set_parent(visit);
  *request.mutable_device_time() = ToProto(world.now + absl::Hours(3));
  v1::Observation& observation = *request.add_observations();
  observation = Passed(visit, "tab-1");
  *observation.mutable_captured_time() = ToProto(world.now + absl::Hours(24 * 365 * 50));
  ASSERT_TRUE(world.Do(&InspectionsState::RecordObservations, request, Inspector("county")).ok());
  const v1::Observation stored = *world.state.ReadObservation(observation.name());
  EXPECT_EQ(stored.captured_time().seconds(), observation.captured_time().seconds());
  EXPECT_EQ(stored.skew().seconds(), 3 * 3600);
  EXPECT_TRUE(stored.skewed());
  EXPECT_EQ(FromProto(stored.receive_time()), world.now);
  EXPECT_TRUE(world.state.StatsOf(visit).observations[0].skewed);
}

TEST_F(FieldTest, WithoutAStartAVisitBeganWithTheEarliestThingKnown) {
  const std::string visit = "units/v01/visits/a";
  const auto at = [&](const char* id, const char* when) {
    v1::Observation observation = Passed(visit, id);
    *observation.mutable_captured_time() = ToProto(T(when));
    EXPECT_EQ(Observe(observation).outcome(), Outcome::OUTCOME_CREATED);
    return FromProto(world.state.ReadVisit(visit)->started().time());
  };
  EXPECT_EQ(at("tab-1", "2016-05-02 10:00"), T("2016-05-02 10:00"));
  EXPECT_EQ(at("tab-2", "2016-05-02 11:00"), T("2016-05-02 10:00"));
  EXPECT_EQ(at("tab-3", "2016-05-02 09:30"), T("2016-05-02 09:30"));
  v1::SyncItem start;
  start.set_visit(visit);
  start.set_checklist(kList);
  *start.mutable_start()->mutable_captured_time() = ToProto(T("2016-05-02 09:45"));
  EXPECT_EQ(One(start, Inspector("county")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(FromProto(world.state.ReadVisit(visit)->started().time()), T("2016-05-02 09:45"));
  EXPECT_EQ(at("tab-4", "2016-05-02 09:00"), T("2016-05-02 09:45")) << "a start knows better";
}

// ------------------------------------------------------------------------------- submission

TEST_F(FieldTest, AVisitGrowsUntilItIsSubmitted) {
  const std::string visit = world.StartOwn("v01", "a");
  ASSERT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  auto submitted = Submit(visit, "remarks: 'all seen'");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->state(), v1::Visit::STATE_SUBMITTED);
  EXPECT_EQ(submitted->observation_count(), 1);
  EXPECT_EQ(Observe(Passed(visit, "tab-2")).reason(), "VISIT_COMPLETE");
  EXPECT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_UNCHANGED)
      << "what it holds can still be repeated";
  EXPECT_TRUE(Submit(visit, "remarks: 'all seen'").ok());
  EXPECT_TRUE(HasReason(Submit(visit, "remarks: 'more'").status(), Reason::CONTENT_DIFFERS));
}

TEST_F(FieldTest, DeclaredRecordsMayComeAfterTheSubmission) {
  const std::string visit = world.StartOwn("v01", "a");
  ASSERT_EQ(Observe(Passed(visit, "tab-2")).outcome(), Outcome::OUTCOME_CREATED);
  auto submitted = Submit(visit,
                          "declared { device: 'tab' count: 4 } declared { device: 'pad' count: 1 } "
                          "declared_findings: 'leak'");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->state(), v1::Visit::STATE_FINISHED);
  ASSERT_EQ(submitted->missing_size(), 3);
  EXPECT_EQ(submitted->missing(0).device(), "tab");
  EXPECT_EQ(submitted->missing(0).first(), 1);
  EXPECT_EQ(submitted->missing(0).last(), 1);
  EXPECT_EQ(submitted->missing(1).first(), 3);
  EXPECT_EQ(submitted->missing(1).last(), 4);
  EXPECT_EQ(submitted->missing(2).device(), "pad");
  EXPECT_EQ(submitted->missing_findings(0), "leak");

  EXPECT_EQ(Observe(Passed(visit, "tab-5")).reason(), "VISIT_COMPLETE") << "never declared";
  EXPECT_EQ(Observe(Passed(visit, "tab-4")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(Observe(Passed(visit, "pad-1")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(Observe(Passed(visit, "tab-3")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(world.state.ReadVisit(visit)->state(), v1::Visit::STATE_FINISHED);
  v1::RaiseFindingRequest raise;
  raise.set_parent(visit);
  raise.set_finding_id("crack");
  raise.mutable_finding()->set_text("a crack in the wall");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::RaiseFinding, raise, Inspector("county")).status(),
                Reason::VISIT_COMPLETE));
  raise.set_finding_id("leak");
  ASSERT_TRUE(world.Do(&InspectionsState::RaiseFinding, raise, Inspector("county")).ok());
  EXPECT_EQ(world.state.ReadVisit(visit)->state(), v1::Visit::STATE_SUBMITTED);
  EXPECT_EQ(world.state.ReadVisit(visit)->missing_size(), 0);
}

TEST_F(FieldTest, MissingRangesSplitInTheMiddle) {
  const std::string visit = world.StartOwn("v01", "a");
  ASSERT_TRUE(Submit(visit, "declared { device: 'tab' count: 5 }").ok());
  ASSERT_EQ(Observe(Passed(visit, "tab-3")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(world.state.ReadVisit(visit)->missing_size(), 2);
  for (const char* id : {"tab-1", "tab-5", "tab-4", "tab-2"}) {
    EXPECT_EQ(Observe(Passed(visit, id)).outcome(), Outcome::OUTCOME_CREATED) << id;
  }
  EXPECT_EQ(world.state.ReadVisit(visit)->state(), v1::Visit::STATE_SUBMITTED);
}

TEST_F(FieldTest, BadDeclarationsAreRefused) {
  const std::string visit = world.StartOwn("v01", "a");
  for (const char* bad :
       {"declared { device: 'tab' count: 0 }", "declared { device: 'Tab' count: 1 }",
        "declared { device: '' count: 1 }", "declared { device: 'tab' count: 5001 }",
        "declared { device: 'tab' count: 1 } declared { device: 'tab' count: 2 }"}) {
    EXPECT_TRUE(HasReason(Submit(visit, bad).status(), Reason::INVALID_FIELD)) << bad;
  }
  EXPECT_TRUE(HasReason(Submit(visit, "declared_findings: 'A B'").status(), Reason::INVALID_ID));
  EXPECT_EQ(world.state.ReadVisit(visit)->state(), v1::Visit::STATE_STARTED);
}

// ------------------------------------------------------------------------- abort, acknowledge

TEST_F(FieldTest, AbortedVisitsKeepWhatComesAndCountNowhere) {
  const std::string visit = world.StartOwn("v01", "a");
  v1::AbortVisitRequest abort;
  abort.set_name(visit);
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::AbortVisit, abort, Inspector("county")).status(),
                Reason::REQUIRED_FIELD));
  abort.set_reason("the road is blocked");
  auto aborted = world.Do(&InspectionsState::AbortVisit, abort, Inspector("county"));
  ASSERT_TRUE(aborted.ok()) << aborted.status();
  EXPECT_EQ(aborted->state(), v1::Visit::STATE_ABORTED);
  EXPECT_EQ(aborted->abort_reason(), "the road is blocked");
  EXPECT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_TRUE(HasReason(Submit(visit).status(), Reason::WRONG_STATE));

  const std::string other = world.StartOwn("v02", "b");
  ASSERT_TRUE(Submit(other).ok());
  abort.set_name(other);
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::AbortVisit, abort, Inspector("county")).status(),
                Reason::WRONG_STATE));
}

absl::StatusOr<v1::Visit> Acknowledge(World& world, const std::string& visit,
                                      v1::Acknowledgement::Outcome outcome,
                                      const access::Identity& who, const std::string& note = "") {
  v1::AcknowledgeVisitRequest request;
  request.set_name(visit);
  request.set_outcome(outcome);
  request.set_note(note);
  return world.Do(&InspectionsState::AcknowledgeVisit, request, who);
}

TEST_F(FieldTest, TheUnitAnswersToASubmittedVisit) {
  const std::string visit = world.StartOwn("v01", "a");
  EXPECT_TRUE(HasReason(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_AGREED, Reporter("v01")).status(),
      Reason::WRONG_STATE));
  ASSERT_TRUE(Submit(visit).ok());
  EXPECT_TRUE(HasReason(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_ABSENT, Reporter("v01")).status(),
      Reason::INVALID_FIELD));
  EXPECT_TRUE(HasReason(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_REFUSED, Reporter("v01")).status(),
      Reason::REASON_NEEDED));
  EXPECT_TRUE(HasReason(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_UNSPECIFIED, Reporter("v01")).status(),
      Reason::REQUIRED_FIELD));
  EXPECT_TRUE(HasReason(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_AGREED, Viewer("v01")).status(),
      Reason::ROLE_REQUIRED));
  EXPECT_TRUE(HasReason(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_AGREED, Reporter("v02")).status(),
      Reason::NOT_FOUND));
  auto said = Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_REFUSED, Reporter("v01"),
                          "we were not asked");
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->state(), v1::Visit::STATE_ACKNOWLEDGED);
  EXPECT_FALSE(said->acknowledgement().recorded_by_team());
  EXPECT_TRUE(absl::IsAlreadyExists(
      Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_AGREED, Reporter("v01")).status()))
      << "it answers once";
}

TEST_F(FieldTest, TheTeamMayBringTheAnswerBeforeTheRest) {
  const std::string visit = world.StartOwn("v01", "a");
  auto said = Acknowledge(world, visit, v1::Acknowledgement::OUTCOME_ABSENT, Inspector("county"));
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->state(), v1::Visit::STATE_STARTED);
  EXPECT_TRUE(said->acknowledgement().recorded_by_team());
  auto submitted = Submit(visit);
  ASSERT_TRUE(submitted.ok());
  EXPECT_EQ(submitted->state(), v1::Visit::STATE_ACKNOWLEDGED);
}

TEST_F(FieldTest, AnAnswerGivesNoRightToRecord) {
  const std::string visit = world.StartOwn("v01", "a");
  ASSERT_TRUE(Submit(visit, "declared { device: 'tab' count: 1 }").ok());
  ASSERT_EQ(Observe(Passed(visit, "tab-1")).outcome(), Outcome::OUTCOME_CREATED);
  // One message of the unit's reporter: an answer, then things that only the team may log.
  v1::SyncVisitsRequest request = Message(visit);
  Add(request).mutable_acknowledge()->set_outcome(v1::Acknowledgement::OUTCOME_AGREED);
  *Add(request).mutable_observation() = Passed(visit, "tab-2");
  Add(request).mutable_abort()->set_reason("never mind");
  auto response = world.Sync(request, Reporter("v01"));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->results(0).outcome(), Outcome::OUTCOME_CREATED);
  EXPECT_EQ(response->results(1).reason(), "ROLE_REQUIRED");
  EXPECT_EQ(response->results(2).reason(), "ROLE_REQUIRED");
}

// --------------------------------------------------------------------------------- authority

TEST_F(FieldTest, NobodyInspectsItself) {
  v1::StartVisitRequest request;
  request.set_parent("units/east");
  request.set_visit_id("a");
  request.set_acting_office("units/east");
  request.set_checklist(kList);
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, request, Inspector("east")).status(),
                Reason::SELF_JUDGEMENT));
  request.set_acting_office("units/v01");
  EXPECT_TRUE(HasReason(world.Do(&InspectionsState::StartVisit, request, Inspector("v01")).status(),
                        Reason::SELF_JUDGEMENT))
      << "a unit below";
  request.set_acting_office("units/west");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, request, Inspector("west")).status(),
                Reason::SELF_JUDGEMENT))
      << "a sibling";
  request.set_acting_office("units/county");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, request, Inspector("east")).status(),
                Reason::NOT_FOUND))
      << "in a name that is not the caller's";
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, request, Reporter("county")).status(),
                Reason::ROLE_REQUIRED));
  EXPECT_TRUE(world.Do(&InspectionsState::StartVisit, request, Inspector("county")).ok());
}

TEST_F(FieldTest, TheSectorLineInspectsToo) {
  v1::StartVisitRequest request;
  request.set_parent("units/school");
  request.set_visit_id("a");
  request.set_acting_office("units/bureau");
  request.set_checklist(kList);
  EXPECT_TRUE(world.Do(&InspectionsState::StartVisit, request, Inspector("bureau")).ok());
  request.set_parent("units/w01");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, request, Inspector("bureau")).status(),
                Reason::SELF_JUDGEMENT));
}

TEST_F(FieldTest, OnlyTheOfficeAndItsTeamWriteIntoAVisit) {
  const std::string visit = world.StartOwn("v01", "a");
  EXPECT_EQ(Observe(Passed(visit, "tab-1"), Inspector("v01")).reason(), "ROLE_REQUIRED");
  EXPECT_EQ(Observe(Passed(visit, "tab-1"), Inspector("east")).reason(), "ROLE_REQUIRED");
  EXPECT_EQ(Observe(Passed(visit, "tab-1"), Inspector("west")).reason(), "NOT_FOUND");
  EXPECT_EQ(Observe(Passed(visit, "tab-1"), Outsider("stranger")).reason(), "NOT_FOUND");
  EXPECT_EQ(Observe(Passed(visit, "tab-1"), Inspector("prov")).outcome(), Outcome::OUTCOME_CREATED);
}

TEST_F(FieldTest, RecusedTeamsDoNotStart) {
  world.AddTeam("a", {"units/east"});
  v1::StartVisitRequest request;
  request.set_parent("units/v01");
  request.set_visit_id("a");
  request.set_acting_office("units/county");
  request.set_checklist(kList);
  request.set_team("units/county/teams/a");
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, request, Inspector("county")).status(),
                Reason::TEAM_RECUSED));
  request.set_parent("units/w01");
  EXPECT_TRUE(world.Do(&InspectionsState::StartVisit, request, Inspector("county")).ok());
}

TEST_F(FieldTest, AnUnknownVisitNeedsItsOrigin) {
  v1::Observation observation = Passed("units/v01/visits/a", "tab-1");
  v1::SyncVisitsRequest request;
  v1::SyncItem& item = *request.add_items();
  item.set_visit("units/v01/visits/a");
  *item.mutable_observation() = observation;
  auto response = world.Sync(request, Inspector("county"));
  EXPECT_EQ(response->results(0).reason(), "VISIT_UNKNOWN");
  item.set_visit("units/nowhere/visits/a");
  EXPECT_EQ(world.Sync(request, Inspector("county"))->results(0).reason(), "INVALID_FIELD");
  item.mutable_observation()->set_name("units/nowhere/visits/a/observations/tab-1");
  EXPECT_EQ(world.Sync(request, Inspector("county"))->results(0).reason(), "NOT_FOUND");
  EXPECT_THAT(world.state.Names(RowKind::kVisit), IsEmpty());
}

// ------------------------------------------------------------------------------ secret visits

TEST_F(FieldTest, AnUnannouncedVisitComesToBeWithItsFirstObservation) {
  world.AddTeam("a");
  const std::string visit = Unannounced("teams: 'units/county/teams/a'");
  EXPECT_FALSE(world.state.ReadVisit(visit).has_value());
  v1::SyncItem item;
  item.set_visit(visit);
  *item.mutable_observation() = Passed(visit, "tab-1");
  const v1::ItemResult result = One(item, Outsider("a"));
  EXPECT_EQ(result.outcome(), Outcome::OUTCOME_CREATED) << result.message();
  const v1::Visit made = *world.state.ReadVisit(visit);
  EXPECT_EQ(made.state(), v1::Visit::STATE_STARTED);
  EXPECT_EQ(made.plan(), "units/county/plans/secret");
  EXPECT_EQ(made.team(), "units/county/teams/a");
  EXPECT_EQ(made.office(), "units/county");
  EXPECT_EQ(made.kind(), v1::INSPECTION_KIND_UNANNOUNCED);
  EXPECT_FALSE(made.has_assigned());
}

TEST_F(FieldTest, SealedTargetsAnswerNobodyButTheirOffice) {
  world.AddTeam("a");
  const std::string plan = world.ApprovedPlan("secret",
                                              "kind: INSPECTION_KIND_UNANNOUNCED "
                                              "teams: 'units/county/teams/a'");
  ASSERT_TRUE(world.Draw(plan).ok());
  const std::string visit = PlannedFor(plan, "units/v01");
  v1::SyncItem item;
  item.set_visit(visit);
  *item.mutable_observation() = Passed(visit, "tab-1");
  // A name that was made up gets the same answers.
  v1::SyncItem made_up;
  made_up.set_visit("units/v01/visits/made-up");
  *made_up.mutable_observation() = Passed(made_up.visit(), "tab-1");
  for (const access::Identity& who :
       {Outsider("a"), Outsider("b"), Officer("v01"), Officer("east"), Inspector("west")}) {
    v1::ItemResult sealed = One(item, who);
    v1::ItemResult nothing = One(made_up, who);
    EXPECT_EQ(sealed.reason(), nothing.reason()) << who.subject;
    EXPECT_EQ(sealed.code(), nothing.code()) << who.subject;
  }
  EXPECT_EQ(One(item, Inspector("county")).reason(), "WRONG_STATE");
  v1::StartVisitRequest start;
  start.set_parent("units/v01");
  start.set_plan(plan);
  start.set_round(1);
  for (const access::Identity& who : {Officer("v01"), Officer("east"), Outsider("a")}) {
    EXPECT_TRUE(
        HasReason(world.Do(&InspectionsState::StartVisit, start, who).status(), Reason::NOT_FOUND))
        << who.subject;
  }
  EXPECT_THAT(world.Keys("units/v01/"), IsEmpty());
}

TEST_F(FieldTest, ReleasedPlansStartByPlanAndRound) {
  Unannounced();
  v1::StartVisitRequest start;
  start.set_parent("units/v01");
  start.set_plan("units/county/plans/secret");
  start.set_round(1);
  auto visit = world.Do(&InspectionsState::StartVisit, start, Inspector("county"));
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_EQ(visit->name(), PlannedFor("units/county/plans/secret", "units/v01"));
  start.set_round(2);
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, start, Inspector("county")).status(),
                Reason::NOT_DRAWN));
  start.set_parent("units/school");
  start.set_round(1);
  EXPECT_TRUE(
      HasReason(world.Do(&InspectionsState::StartVisit, start, Inspector("county")).status(),
                Reason::NOT_DRAWN));
}

TEST_F(FieldTest, OtherTeamsDoNotLogATeamsVisit) {
  world.AddTeam("a");
  world.AddTeam("b");
  Unannounced("teams: 'units/county/teams/a' teams: 'units/county/teams/b'");
  const v1::Draw draw = *world.state.ReadDraw("units/county/plans/secret/draws/1");
  for (const v1::DrawEntry& entry : draw.entries()) {
    const bool of_a = entry.team() == "units/county/teams/a";
    v1::SyncItem item;
    item.set_visit(entry.visit());
    *item.mutable_observation() = Passed(entry.visit(), "tab-1");
    EXPECT_EQ(One(item, Outsider(of_a ? "b" : "a")).reason(), "VISIT_UNKNOWN");
    EXPECT_EQ(One(item, Outsider(of_a ? "a" : "b")).outcome(), Outcome::OUTCOME_CREATED);
  }
}

TEST_F(FieldTest, AClosedPlanTakesWhatWasBegunBefore) {
  Unannounced();
  world.now = T("2016-06-10 09:00");
  v1::ClosePlanRequest close;
  close.set_name("units/county/plans/secret");
  close.set_acting_office("units/county");
  ASSERT_TRUE(world.Do(&InspectionsState::ClosePlan, close, Officer("county")).ok());
  world.now = T("2016-06-12 09:00");
  const std::string early = PlannedFor("units/county/plans/secret", "units/v01");
  const std::string late = PlannedFor("units/county/plans/secret", "units/v02");
  v1::Observation observation = Passed(early, "tab-1");
  *observation.mutable_captured_time() = ToProto(T("2016-06-09 16:00"));
  EXPECT_EQ(Observe(observation).outcome(), Outcome::OUTCOME_CREATED);
  observation = Passed(late, "tab-1");
  *observation.mutable_captured_time() = ToProto(T("2016-06-11 16:00"));
  EXPECT_EQ(Observe(observation).reason(), "WRONG_STATE");
}

// ------------------------------------------------------------- any order, any number of times

// Everything about the visits that does not depend on when it was received.
std::string Essence(const World& world) {
  std::string out;
  for (const std::string& name : world.state.Names(RowKind::kVisit)) {
    v1::Visit visit = *world.state.ReadVisit(name);
    for (v1::Moment* moment : {visit.mutable_started(), visit.mutable_finished(),
                               visit.mutable_acknowledgement()->mutable_moment()}) {
      moment->clear_receive_time();
      moment->clear_skewed();
    }
    visit.clear_etag();
    visit.clear_revision();
    absl::StrAppend(&out, visit.DebugString());
  }
  for (const std::string& key : world.Keys("units/")) {
    if (KindOfKey(key) == RowKind::kObservation) {
      v1::Observation observation = *world.state.ReadObservation(key);
      observation.clear_receive_time();
      observation.clear_revision();
      absl::StrAppend(&out, observation.DebugString());
    } else if (KindOfKey(key) == RowKind::kFinding) {
      v1::Finding finding = *world.state.ReadFinding(key);
      for (v1::FindingStep& step : *finding.mutable_steps()) {
        step.mutable_moment()->clear_receive_time();
      }
      finding.clear_etag();
      finding.clear_revision();
      absl::StrAppend(&out, finding.DebugString());
    }
  }
  return out;
}

// All that two devices have to say about three visits.
std::vector<v1::SyncItem> EverythingOf(int visits) {
  std::vector<v1::SyncItem> items;
  for (int v = 1; v <= visits; ++v) {
    const std::string visit = absl::StrFormat("units/v%02d/visits/x", v);
    const auto add = [&]() -> v1::SyncItem& {
      v1::SyncItem& item = items.emplace_back();
      item.set_visit(visit);
      item.set_checklist(kList);
      return item;
    };
    v1::SyncStart& start = *add().mutable_start();
    start.set_round(v);
    *start.mutable_captured_time() = ToProto(T("2016-05-20 09:00"));
    for (const char* device : {"tab", "pad"}) {
      for (int i = 1; i <= 4; ++i) {
        v1::Observation& observation = *add().mutable_observation();
        observation = Passed(visit, absl::StrCat(device, "-", i));
        observation.set_place(absl::StrCat("gate ", i));
        *observation.mutable_captured_time() = ToProto(T("2016-05-20 09:00") + absl::Minutes(i));
        if (i == 3) {
          observation.set_passed(false);
          observation.set_reason("gone");
          observation.mutable_finding()->set_text("no board");
        }
      }
    }
    v1::Finding& finding = *add().mutable_finding();
    finding.set_name(FindingKey(visit, "by-itself"));
    finding.set_text("a leak");
    *finding.mutable_captured_time() = ToProto(T("2016-05-20 10:00"));
    v1::SyncSubmit& submit = *add().mutable_submit();
    for (const char* device : {"tab", "pad"}) {
      v1::DeviceCount& declared = *submit.add_declared();
      declared.set_device(device);
      declared.set_count(4);
    }
    submit.add_declared_findings("by-itself");
    *submit.mutable_captured_time() = ToProto(T("2016-05-20 11:00"));
    v1::SyncAcknowledge& said = *add().mutable_acknowledge();
    said.set_outcome(v1::Acknowledgement::OUTCOME_AGREED);
    *said.mutable_captured_time() = ToProto(T("2016-05-20 11:30"));
  }
  return items;
}

TEST(FieldOrderTest, AnyOrderAndAnyNumberOfTimesGiveTheSameVisits) {
  std::string expected;
  for (int seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    World world;
    world.PublishChecklist();
    std::vector<v1::SyncItem> items = EverythingOf(3);
    if (seed > 0) {
      // Each item one to three times, shuffled.
      std::vector<v1::SyncItem> more;
      for (const v1::SyncItem& item : items) {
        for (unsigned i = 0; i <= random() % 3; ++i) more.push_back(item);
      }
      std::shuffle(more.begin(), more.end(), random);
      items = std::move(more);
    }
    size_t at = 0;
    while (at < items.size()) {
      v1::SyncVisitsRequest request;
      request.set_acting_office("units/county");
      for (size_t n = 1 + random() % 12; n > 0 && at < items.size(); --n) {
        *request.add_items() = items[at++];
      }
      world.now += absl::Seconds(random() % 100);
      auto response = world.Sync(request, Inspector("county"));
      ASSERT_TRUE(response.ok()) << response.status();
      for (const v1::ItemResult& result : response->results()) {
        ASSERT_TRUE(result.outcome() == Outcome::OUTCOME_CREATED ||
                    result.outcome() == Outcome::OUTCOME_UNCHANGED)
            << "seed " << seed << ": " << result.DebugString();
      }
    }
    for (int v = 1; v <= 3; ++v) {
      EXPECT_EQ(world.state.ReadVisit(absl::StrFormat("units/v%02d/visits/x", v))->state(),
                v1::Visit::STATE_ACKNOWLEDGED)
          << "seed " << seed;
    }
    const std::string essence = Essence(world);
    if (seed == 0) expected = essence;
    ASSERT_EQ(essence, expected) << "seed " << seed;
  }
}

TEST(FieldOrderTest, HalfAStreamLeavesWholeItemsOnly) {
  World whole;
  whole.PublishChecklist();
  const std::vector<v1::SyncItem> items = EverythingOf(1);
  for (size_t cut = 0; cut <= items.size(); ++cut) {
    World world;
    world.PublishChecklist();
    for (size_t i = 0; i < cut; ++i) {
      v1::SyncVisitsRequest request;
      request.set_acting_office("units/county");
      *request.add_items() = items[i];
      ASSERT_TRUE(world.Sync(request, Inspector("county")).ok());
    }
    // The device comes back and sends everything again.
    v1::SyncVisitsRequest all;
    all.set_acting_office("units/county");
    for (const v1::SyncItem& item : items) *all.add_items() = item;
    auto response = world.Sync(all, Inspector("county"));
    ASSERT_TRUE(response.ok());
    for (size_t i = 0; i < items.size(); ++i) {
      EXPECT_EQ(response->results(static_cast<int>(i)).outcome(),
                i < cut ? Outcome::OUTCOME_UNCHANGED : Outcome::OUTCOME_CREATED)
          << cut << " " << i;
    }
    EXPECT_EQ(world.state.ReadVisit("units/v01/visits/x")->state(), v1::Visit::STATE_ACKNOWLEDGED);
  }
}

}  // namespace
}  // namespace terrace::inspections
