// Issuing, and the course of assignments.
#include "gmock/gmock.h"
#include "services/measures/measures_fixture.h"

namespace terrace::measures {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class AssignmentsTest : public MeasuresTest {
 protected:
  void SetUp() override { MakeList(); }

  std::vector<std::string> Assigned(const std::string& subtree, const std::string& filter = "",
                                    const access::Identity& who = Officer("county")) {
    v1::ListAssignmentsRequest request;
    request.set_subtree(subtree);
    request.set_filter(filter);
    auto reply = Do<v1::ListAssignmentsResponse>("ListAssignments", who, request);
    EXPECT_TRUE(reply.ok()) << reply.status();
    std::vector<std::string> out;
    for (const v1::Assignment& a : reply->assignments()) {
      out.emplace_back(resource::OwnerOf(a.name()));
    }
    return out;
  }
  v1::IssueMeasureResponse ResponseOf(const std::string& operation) {
    const internal::v1::OperationRecord record = Finished(operation);
    EXPECT_EQ(record.error().code(), 0) << record.error().message();
    v1::IssueMeasureResponse response;
    EXPECT_TRUE(record.response().UnpackTo(&response));
    return response;
  }
  absl::StatusOr<v1::Assignment> Claim(const std::string& name, const access::Identity& who,
                                       const std::string& text = "note: 'Done.'") {
    v1::ClaimDoneRequest request = Text<v1::ClaimDoneRequest>(text);
    request.set_name(name);
    return Do<v1::Assignment>("ClaimDone", who, request);
  }
  absl::StatusOr<v1::Assignment> Verify(const std::string& name, const std::string& office,
                                        const access::Identity& who) {
    v1::VerifyDoneRequest request;
    request.set_name(name);
    request.set_acting_office(absl::StrCat("units/", office));
    return Do<v1::Assignment>("VerifyDone", who, request);
  }
  absl::StatusOr<v1::Assignment> Acknowledge(const std::string& name, const access::Identity& who) {
    v1::AcknowledgeAssignmentRequest request;
    request.set_name(name);
    return Do<v1::Assignment>("AcknowledgeAssignment", who, request);
  }
  v1::Measure GetMeasure(const std::string& id, const std::string& at = "") {
    v1::GetMeasureRequest request;
    request.set_name(absl::StrCat("units/county/measures/", id));
    if (!at.empty()) *request.mutable_at_time() = ToProto(T(at));
    return Do<v1::Measure>("GetMeasure", Officer("county"), request).value();
  }
};

TEST_F(AssignmentsTest, ALeadHasOneAccountableUnitAndHelpers) {
  ASSERT_TRUE(MakeMeasure("m1", R"(lead { unit: "units/east" co_operators: "units/west"
                                          co_operators: "units/school" })")
                  .ok());
  ASSERT_TRUE(Issue("m1").ok());
  const std::string lead = "units/east/assignments/county~m1";
  EXPECT_THAT(Assigned("units/county"), UnorderedElementsAre("east", "school", "west"));
  EXPECT_THAT(Assigned("units/county", "role = \"LEAD\""), ElementsAre("east"));
  const v1::Assignment helper = GetAssignment("units/west/assignments/county~m1");
  EXPECT_EQ(helper.role(), v1::ASSIGNMENT_ROLE_CO_OPERATOR);
  EXPECT_EQ(helper.display_name(), "Measure m1");
  EXPECT_TRUE(Acknowledge(helper.name(), Reporter("west")).ok());
  EXPECT_REASON(Claim(helper.name(), Reporter("west")), NOT_FOR_CO_OPERATOR);
  EXPECT_REASON(Submit(helper.name(), "2016-01", Reporter("west")), NOT_FOR_CO_OPERATOR);
  EXPECT_EQ(GetMeasure("m1").assignment_count(), 1);
  ASSERT_TRUE(Claim(lead, Reporter("east")).ok());
  ASSERT_TRUE(Verify(lead, "county", Officer("county")).ok());
  EXPECT_EQ(GetAssignment(helper.name()).state(), v1::ASSIGNMENT_STATE_DONE);
}

TEST_F(AssignmentsTest, ACascadeReachesEveryMatchingUnit) {
  ASSERT_TRUE(MakeMeasure("towns", R"(cascade { subtree: 'units/county'
                                                levels: 'levels/township' })")
                  .ok());
  auto operation = Issue("towns");
  ASSERT_TRUE(operation.ok()) << operation.status();
  const v1::IssueMeasureResponse response = ResponseOf(operation->name());
  EXPECT_EQ(response.created_count(), 2);
  EXPECT_EQ(response.existing_count(), 0);
  EXPECT_THAT(Assigned("units/county"), ElementsAre("east", "west"));
  EXPECT_EQ(GetAssignment("units/east/assignments/county~towns").role(),
            v1::ASSIGNMENT_ROLE_CASCADED);
  EXPECT_EQ(GetMeasure("towns").state(), v1::MEASURE_STATE_ISSUED);
  EXPECT_EQ(GetMeasure("towns").assignment_count(), 2);
}

TEST_F(AssignmentsTest, CascadesFilterByKindProgrammeLineAndRoot) {
  enrolled_ = {"east", "east-1", "other"};
  struct Case {
    const char* id;
    const char* cascade;
    std::vector<std::string> units;
  };
  const std::vector<Case> cases = {
      {"kind", "subtree: 'units/county' kinds: 'kinds/school'", {"school"}},
      {"programme",
       "subtree: 'units/county' programme: 'units/county/programmes/model'",
       {"east", "east-1"}},
      {"both",
       "subtree: 'units/county' levels: 'levels/village' "
       "programme: 'units/county/programmes/model'",
       {"east-1"}},
      {"root", "subtree: 'units/east' include_root: true", {"east", "east-1", "east-2"}},
      {"line", "subtree: 'units/bureau' line: LINE_SECTOR", {"school"}},
  };
  for (const Case& c : cases) {
    ASSERT_TRUE(MakeMeasure(c.id, absl::StrCat("cascade { ", c.cascade, " }")).ok()) << c.id;
    auto operation = Issue(c.id);
    ASSERT_TRUE(operation.ok()) << operation.status();
    EXPECT_EQ(ResponseOf(operation->name()).created_count(), c.units.size());
    EXPECT_THAT(
        Assigned("units/county", absl::StrCat("measure = \"units/county/measures/", c.id, "\"")),
        ::testing::UnorderedElementsAreArray(c.units))
        << c.id;
  }
}

TEST_F(AssignmentsTest, ACascadeThatMatchesNobodyStaysADraft) {
  ASSERT_TRUE(MakeMeasure("none", R"(cascade { subtree: 'units/county'
                                               kinds: 'kinds/hospital' })")
                  .ok());
  const internal::v1::OperationRecord record = Finished(Issue("none")->name());
  EXPECT_EQ(record.error().code(), static_cast<int>(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(GetMeasure("none").state(), v1::MEASURE_STATE_DRAFT);
  v1::IssueMeasureRequest preview;
  preview.set_name("units/county/measures/none");
  preview.set_validate_only(true);
  EXPECT_REASON(Do<google::longrunning::Operation>("IssueMeasure", Officer("county"), preview),
                NO_MATCHING_UNIT);
}

TEST_F(AssignmentsTest, LargeCascadesAreWrittenInChunksAndCountAtOnce) {
  for (int i = 0; i < 2500; ++i) AddUnit(absl::StrCat("v", i), "west", "village");
  PublishTree();
  ASSERT_TRUE(MakeMeasure("all", R"(cascade { subtree: 'units/west'
                                              levels: 'levels/village' })")
                  .ok());
  v1::IssueMeasureRequest request;
  request.set_name("units/county/measures/all");
  request.set_validate_only(true);
  auto preview = Do<google::longrunning::Operation>("IssueMeasure", Officer("county"), request);
  ASSERT_TRUE(preview.ok()) << preview.status();
  v1::IssueMeasureResponse response;
  ASSERT_TRUE(preview->response().UnpackTo(&response));
  EXPECT_EQ(response.created_count(), 2501);
  EXPECT_EQ(GetMeasure("all").state(), v1::MEASURE_STATE_DRAFT);

  const int64_t before = Revision();
  // Whatever is looked at meanwhile, none counts or all do.
  struct Seen {
    absl::Mutex mu;
    std::set<int64_t> counts;
  };
  auto seen = std::make_shared<Seen>();
  machine_->Listen([seen, machine = machine_.get()](const store::CommittedPtr&) {
    const int64_t count =
        machine->Read<MeasuresState>([](const MeasuresState& state, const store::Cursor&) {
          return state.FindMeasure("units/county/measures/all")->counted;
        });
    absl::MutexLock lock(&seen->mu);
    seen->counts.insert(count);
  });
  auto operation = Issue("all");
  ASSERT_TRUE(operation.ok());
  response = ResponseOf(operation->name());
  EXPECT_EQ(response.created_count(), 2501);
  EXPECT_GE(Revision() - before, 4);
  EXPECT_EQ(GetMeasure("all").assignment_count(), 2501);
  v1::IssueMeasureMetadata metadata;
  ASSERT_TRUE(Finished(operation->name()).metadata().UnpackTo(&metadata));
  EXPECT_EQ(metadata.unit_count(), 2502);
  absl::MutexLock lock(&seen->mu);
  EXPECT_THAT(seen->counts, ::testing::IsSubsetOf({0, 2501}));
  EXPECT_TRUE(seen->counts.contains(0));
}

TEST_F(AssignmentsTest, WhatACancelledOperationLeftNeverCounts) {
  ASSERT_TRUE(MakeMeasure("towns", R"(cascade { subtree: 'units/county'
                                                levels: 'levels/township' })")
                  .ok());
  // An operation that is cancelled after its first chunk.
  machine::Command command;
  command.identity = Officer("county");
  command.received = clock_.Now();
  std::string name;
  absl::Notification done;
  machine_->Execute(
      command, {"units/county/measures/towns"},
      [&](const machine::State& state, machine::Decision& d, std::string*) -> absl::Status {
        v1::IssueMeasureRequest request;
        request.set_name("units/county/measures/towns");
        internal::v1::OperationRecord operation;
        TERRACE_RETURN_IF_ERROR(
            static_cast<const MeasuresState&>(state).IssueMeasure(request, d, &operation));
        name = operation.name();
        auto record = d.Get<internal::v1::OperationRecord>(name);
        TERRACE_RETURN_IF_ERROR(state.ContinueOperation(d, *record));
        record->set_cancel_requested(true);
        d.Put(name, *record);
        return absl::OkStatus();
      },
      [&](absl::StatusOr<machine::Done> result) {
        EXPECT_TRUE(result.ok()) << result.status();
        done.Notify();
      });
  done.WaitForNotification();
  EXPECT_EQ(Finished(name).error().code(), static_cast<int>(absl::StatusCode::kCancelled));
  auto rows = [&] {
    return machine_->Read<MeasuresState>([](const MeasuresState& state, const store::Cursor&) {
      return state.assignments().size();
    });
  };
  EXPECT_EQ(rows(), 2u);
  EXPECT_EQ(GetMeasure("towns").state(), v1::MEASURE_STATE_DRAFT);
  EXPECT_EQ(GetMeasure("towns").assignment_count(), 0);
  EXPECT_THAT(Assigned("units/county"), IsEmpty());
  EXPECT_REASON(Acknowledge("units/east/assignments/county~towns", Reporter("east")), NOT_FOUND);

  // The draft is changed and issued to others; nothing is left of the first attempt.
  v1::UpdateMeasureRequest update;
  update.mutable_measure()->set_name("units/county/measures/towns");
  update.mutable_measure()->mutable_cascade()->set_subtree("units/west");
  update.mutable_measure()->mutable_cascade()->set_include_root(true);
  ASSERT_TRUE(Do<v1::Measure>("UpdateMeasure", Officer("county"), update).ok());
  EXPECT_EQ(ResponseOf(Issue("towns")->name()).created_count(), 2);
  EXPECT_THAT(Assigned("units/county"), UnorderedElementsAre("west", "west-1"));
  EXPECT_EQ(rows(), 2u);
}

TEST_F(AssignmentsTest, AMeasureBeingIssuedIsLeftAlone) {
  ASSERT_TRUE(MakeMeasure("towns", "cascade { subtree: 'units/county' }").ok());
  v1::IssueMeasureRequest request;
  request.set_name("units/county/measures/towns");
  absl::Status issue;
  absl::Status cancel;
  machine_->Read<MeasuresState>([&](const MeasuresState& state, const store::Cursor&) {
    machine::Command command;
    command.identity = Officer("county");
    command.received = clock_.Now();
    machine::Decision d(state.rows(), command, *tree_.Get(), state.log_time());
    internal::v1::OperationRecord operation;
    ASSERT_TRUE(state.IssueMeasure(request, d, &operation).ok());
    issue = state.IssueMeasure(request, d, &operation);
    v1::CancelMeasureRequest stop;
    stop.set_name(request.name());
    stop.set_note("No.");
    v1::Measure measure;
    cancel = state.CancelMeasure(stop, d, &measure);
  });
  EXPECT_TRUE(HasReason(issue, Reason::WRONG_STATE)) << issue;
  EXPECT_TRUE(HasReason(cancel, Reason::WRONG_STATE)) << cancel;
}

TEST_F(AssignmentsTest, IssuingAgainAddsTheUnitsThatHaveCome) {
  ASSERT_TRUE(MakeMeasure("towns", R"(cascade { subtree: 'units/county'
                                                levels: 'levels/township' })")
                  .ok());
  Finished(Issue("towns")->name());
  AddUnit("north", "county", "township");
  PublishTree();
  Now("2016-05-01");
  const v1::IssueMeasureResponse response = ResponseOf(Issue("towns")->name());
  EXPECT_EQ(response.created_count(), 1);
  EXPECT_EQ(response.existing_count(), 2);
  EXPECT_EQ(GetMeasure("towns").issues_size(), 2);
  EXPECT_EQ(GetMeasure("towns").assignment_count(), 3);
  EXPECT_EQ(GetMeasure("towns", "2016-04-30").assignment_count(), 2);
  EXPECT_EQ(GetMeasure("towns", "2016-04-30").issues_size(), 1);
  EXPECT_EQ(Show(GetAssignment("units/north/assignments/county~towns").issue_time()),
            "2016-05-01 00:00");
  // The newcomer owes nothing about the time before.
  EXPECT_REASON(Submit("units/north/assignments/county~towns", "2016-04", Reporter("north")),
                PERIOD_NOT_ASKED);
  // Nothing new: nothing happens.
  EXPECT_EQ(ResponseOf(Issue("towns")->name()).created_count(), 0);
  EXPECT_EQ(GetMeasure("towns").issues_size(), 2);
}

TEST_F(AssignmentsTest, IssuingNeedsADraft) {
  MakeLead("m1", "east");
  EXPECT_REASON(Issue("m1"), WRONG_STATE);
  EXPECT_REASON(Issue("none"), NOT_FOUND);
  ASSERT_TRUE(MakeMeasure("m2", "lead { unit: 'units/west' }").ok());
  ASSERT_TRUE(builder_.Close("west").ok());
  PublishTree();
  EXPECT_REASON(Issue("m2"), UNIT_NOT_OPEN);
}

TEST_F(AssignmentsTest, WhatWasIssuedInThePastIsEnteredByOfficers) {
  Now("2016-12-01");
  ASSERT_TRUE(MakeMeasure("m1", "lead { unit: 'units/east' }").ok());
  EXPECT_REASON(Issue("m1", "2017-01-01"), INVALID_TIME);
  ASSERT_TRUE(Issue("m1", "2016-01-05").ok());
  const std::string name = "units/east/assignments/county~m1";
  EXPECT_EQ(Show(GetAssignment(name, "2016-01-05").issue_time()), "2016-01-05 00:00");
  v1::GetAssignmentRequest request;
  request.set_name(name);
  *request.mutable_at_time() = ToProto(T("2016-01-04"));
  EXPECT_REASON(Do<v1::Assignment>("GetAssignment", Officer("county"), request), NOT_FOUND);
  EXPECT_EQ(GetMeasure("m1", "2016-01-04").state(), v1::MEASURE_STATE_DRAFT);
}

TEST_F(AssignmentsTest, FromAcknowledgingToVerifying) {
  const std::string name = MakeLead("m1", "east");
  EXPECT_REASON(Verify(name, "county", Officer("county")), WRONG_STATE);
  Now("2016-01-06");
  ASSERT_TRUE(Acknowledge(name, Reporter("east")).ok());
  EXPECT_REASON(Acknowledge(name, Reporter("east")), WRONG_STATE);
  Now("2016-06-01");
  auto claimed = Claim(name, Reporter("east"));
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->state(), v1::ASSIGNMENT_STATE_CLAIMED);
  EXPECT_REASON(Claim(name, Reporter("east")), WRONG_STATE);
  EXPECT_REASON(Verify(name, "east", Officer("east")), SELF_JUDGEMENT);
  EXPECT_REASON(Verify(name, "west", Officer("west")), SELF_JUDGEMENT);

  v1::ReturnClaimRequest request;
  request.set_name(name);
  request.set_acting_office("units/county");
  EXPECT_REASON(Do<v1::Assignment>("ReturnClaim", Officer("county"), request), REQUIRED_FIELD);
  request.set_note("The well is still dry.");
  Now("2016-06-05");
  ASSERT_TRUE(Do<v1::Assignment>("ReturnClaim", Officer("county"), request).ok());
  Now("2016-07-01");
  ASSERT_TRUE(Claim(name, Reporter("east")).ok());
  Now("2016-07-10");
  auto done = Verify(name, "county", Officer("county"));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::ASSIGNMENT_STATE_DONE);
  EXPECT_EQ(Show(done->done_time()), "2016-07-10 00:00");
  ASSERT_EQ(done->events_size(), 5);
  EXPECT_EQ(done->events(2).note(), "The well is still dry.");
  EXPECT_EQ(done->events(4).moment().actor().office(), "units/county");
  EXPECT_REASON(Claim(name, Reporter("east")), WRONG_STATE);
  EXPECT_EQ(GetMeasure("m1").state(), v1::MEASURE_STATE_COMPLETE);
  EXPECT_EQ(Show(GetMeasure("m1").complete_time()), "2016-07-10 00:00");
  EXPECT_EQ(GetMeasure("m1", "2016-07-09").state(), v1::MEASURE_STATE_ISSUED);
  EXPECT_EQ(GetAssignment(name, "2016-06-05").state(), v1::ASSIGNMENT_STATE_RETURNED);
  v1::CancelMeasureRequest cancel;
  cancel.set_name("units/county/measures/m1");
  cancel.set_note("No.");
  EXPECT_REASON(Do<v1::Measure>("CancelMeasure", Officer("county"), cancel), WRONG_STATE);
}

TEST_F(AssignmentsTest, AClaimBringsTheEvidenceAskedFor) {
  const std::string name =
      MakeLead("m1", "east", "evidence_types: 'image/*' evidence_types: 'application/pdf'");
  auto evidence = [](const std::string& type) {
    return absl::StrCat("evidence { uri: 'https://example.org/1' media_type: '", type,
                        "' sha256: '", std::string(64, '0'), "' } ");
  };
  EXPECT_REASON(Claim(name, Reporter("east")), EVIDENCE_MISSING);
  EXPECT_REASON(Claim(name, Reporter("east"), evidence("image/png")), EVIDENCE_MISSING);
  EXPECT_REASON(Claim(name, Reporter("east"), evidence("application/pdfx") + evidence("image/png")),
                EVIDENCE_MISSING);
  EXPECT_TRUE(
      Claim(name, Reporter("east"), evidence("image/png") + evidence("application/pdf")).ok());
}

TEST_F(AssignmentsTest, ClaimsAreNotAskedForWhereReportsDecide) {
  const std::string name = MakeLead("m1", "east", R"(completion { done_by: DONE_BY_REPORTS }
                                due_date { year: 2016 month: 2 day: 29 })");
  EXPECT_REASON(Claim(name, Reporter("east")), CLAIM_NOT_ASKED);
  Now("2016-02-20");
  ASSERT_TRUE(Submit(name, "2016-01", Reporter("east")).ok());
  EXPECT_EQ(GetMeasure("m1").done_count(), 0);
  ASSERT_TRUE(Submit(name, "2016-02", Reporter("east")).ok());
  EXPECT_EQ(GetMeasure("m1").done_count(), 1);
  EXPECT_EQ(GetMeasure("m1").state(), v1::MEASURE_STATE_COMPLETE);
  EXPECT_EQ(GetAssignment(name).state(), v1::ASSIGNMENT_STATE_DONE);
}

TEST_F(AssignmentsTest, AShareOfACascadeCompletesIt) {
  ASSERT_TRUE(MakeMeasure("share", R"(
      cascade { subtree: 'units/county' levels: 'levels/village' }
      completion { done_by: DONE_BY_CLAIM share { value: "0.6" } })")
                  .ok());
  Finished(Issue("share")->name());
  const char* villages[] = {"east-1", "east-2", "west-1"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(GetMeasure("share").state(),
              i < 2 ? v1::MEASURE_STATE_ISSUED : v1::MEASURE_STATE_COMPLETE);
    Now(absl::StrCat("2016-0", i + 2, "-01"));
    ASSERT_TRUE(Claim(absl::StrCat("units/", villages[i], "/assignments/county~share"),
                      Reporter(villages[i]))
                    .ok());
  }
  EXPECT_EQ(Show(GetMeasure("share").complete_time()), "2016-03-01 00:00");
  EXPECT_EQ(GetMeasure("share").done_count(), 3);
}

TEST_F(AssignmentsTest, EveryoneSeesTheirOwn) {
  MakeLead("m1", "east");
  MakeLead("m2", "east-1");
  MakeLead("m3", "west");
  EXPECT_THAT(Assigned("", "", Reporter("east")), ElementsAre("east-1", "east"));
  EXPECT_THAT(Assigned("", "", Officer("region")), ElementsAre("east-1", "east", "west"));
  EXPECT_THAT(Assigned("", "", Reporter("other")), IsEmpty());
  // A subtree along the other line shows what the caller may see, and nothing else.
  v1::ListAssignmentsRequest request;
  request.set_subtree("units/bureau");
  request.set_line(types::v1::LINE_SECTOR);
  MakeLead("m4", "school");
  auto reply = Do<v1::ListAssignmentsResponse>("ListAssignments", Reporter("bureau"), request);
  ASSERT_TRUE(reply.ok());
  EXPECT_THAT(reply->assignments(), IsEmpty());
  access::Identity sector = Reporter("bureau");
  sector.grants[0].line = types::v1::LINE_SECTOR;
  reply = Do<v1::ListAssignmentsResponse>("ListAssignments", sector, request);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->assignments_size(), 1);
  // Filters look at what the row says at the instant.
  Now("2016-02-01");
  EXPECT_EQ(Assigned("units/county", "standing = \"BEHIND\"").size(), 4u);
}

}  // namespace
}  // namespace terrace::measures
