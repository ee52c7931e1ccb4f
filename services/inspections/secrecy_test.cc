// Unreleased plans: an inspected unit's officer learns nothing by any method. The service is asked
// everything before and after a secret plan over the unit is drawn, and must answer the same.
#include <gmock/gmock.h>

#include "absl/strings/str_replace.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/service_fixture.h"

namespace terrace::inspections {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class SecrecyTest : public ServiceTest {
 protected:
  // Answers without positions, which any commit moves on.
  template <class Resp, class Req>
  void Ask(const std::string& method, const Req& request, const access::Identity& who) {
    auto reply = Call<Resp>(method, request, who);
    if (!reply.ok()) {
      Refused(method, reply.status());
      return;
    }
    if (const auto* cursor = Resp::descriptor()->FindFieldByName("cursor")) {
      reply->GetReflection()->ClearField(&*reply, cursor);
    }
    if (const auto* at = Resp::descriptor()->FindFieldByName("at_time")) {
      reply->GetReflection()->ClearField(&*reply, at);
    }
    absl::StrAppend(&answers_, method, ": ", reply->DebugString(), "\n");
  }

  template <class Req>
  void AskStream(const std::string& method, const Req& request, const access::Identity& who) {
    auto reading = Open(method, request, who);
    if (!reading.ok()) {
      Refused(method, reading.status());
      return;
    }
    // The snapshot of a watch, or all packages.
    while (true) {
      v1::WatchInspectionsResponse event;
      auto next = (*reading)->Next(&event);
      if (!next.ok() || !*next) return;
      for (const v1::WatchedResource& resource : event.resources()) {
        absl::StrAppend(&answers_, method, ": ", resource.DebugString(), "\n");
      }
      if (event.kind() == v1::WatchInspectionsResponse::KIND_SNAPSHOT_END) return;
    }
  }

  // Everything that somebody at v01, or between it and the planning office, could think of. The
  // plan's name, the operation and the planned visit's name may have been guessed.
  std::string AskEverything(const access::Identity& who, const std::string& guessed_visit) {
    answers_.clear();
    const std::string plan = "units/county/plans/secret";
    Ask<v1::Plan>("GetPlan", Text<v1::GetPlanRequest>("name: 'units/county/plans/secret'"), who);
    Ask<v1::Draw>("GetDraw", Text<v1::GetDrawRequest>("name: 'units/county/plans/secret/draws/1'"),
                  who);
    for (const char* request : {"", "parent: 'units/county'", "subtree: 'units/county'",
                                "subtree: 'units/east'", "parent: 'units/v01'"}) {
      Ask<v1::ListPlansResponse>("ListPlans", Text<v1::ListPlansRequest>(request), who);
      Ask<v1::ListVisitsResponse>("ListVisits", Text<v1::ListVisitsRequest>(request), who);
      Ask<v1::ListFindingsResponse>("ListFindings", Text<v1::ListFindingsRequest>(request), who);
      Ask<v1::ListFollowUpsResponse>("ListFollowUps", Text<v1::ListFollowUpsRequest>(request), who);
    }
    Ask<v1::ListTeamsResponse>("ListTeams", Text<v1::ListTeamsRequest>("parent: 'units/county'"),
                               who);
    Ask<v1::ListChecklistsResponse>("ListChecklists", v1::ListChecklistsRequest(), who);
    v1::ListVisitsRequest by_plan;
    by_plan.set_filter("plan:*");
    Ask<v1::ListVisitsResponse>("ListVisits", by_plan, who);
    v1::GetVisitRequest get;
    get.set_name(guessed_visit);
    Ask<v1::Visit>("GetVisit", get, who);
    v1::ListObservationsRequest observations;
    observations.set_parent(guessed_visit);
    Ask<v1::ListObservationsResponse>("ListObservations", observations, who);
    for (const char* request : {"", "subtree: 'units/county'", "subtree: 'units/v01'",
                                "plan: 'units/county/plans/secret'"}) {
      Ask<v1::InspectionSummary>("GetInspectionSummary",
                                 Text<v1::GetInspectionSummaryRequest>(request), who);
    }
    AskStream("WatchInspections", v1::WatchInspectionsRequest(), who);
    AskStream("PullVisitPackages",
              Text<v1::PullVisitPackagesRequest>("plan: 'units/county/plans/secret'"), who);

    // Writes that would betray by their errors.
    auto start = Text<v1::StartVisitRequest>("parent: 'units/v01' round: 1 validate_only: true");
    start.set_plan(plan);
    Ask<v1::Visit>("StartVisit", start, who);
    start.clear_plan();
    start.set_visit_id(std::string(resource::LastSegment(guessed_visit)));
    Ask<v1::Visit>("StartVisit", start, who);
    start.set_acting_office("units/east");
    start.set_checklist(kList);
    Ask<v1::Visit>("StartVisit", start, who);
    v1::RecordObservationsRequest record;
    record.set_validate_only(true);
    record.set_parent(guessed_visit);
    *record.add_observations() = Passed(guessed_visit, "tab-1");
    Ask<v1::RecordObservationsResponse>("RecordObservations", record, who);
    v1::SubmitVisitRequest submit;
    submit.set_validate_only(true);
    submit.set_name(guessed_visit);
    Ask<v1::Visit>("SubmitVisit", submit, who);
    v1::AcknowledgeVisitRequest acknowledge;
    acknowledge.set_validate_only(true);
    acknowledge.set_name(guessed_visit);
    acknowledge.set_outcome(v1::Acknowledgement::OUTCOME_AGREED);
    Ask<v1::Visit>("AcknowledgeVisit", acknowledge, who);
    // The guessed names differ from call to call.
    return absl::StrReplaceAll(answers_, {{resource::LastSegment(guessed_visit), "{guess}"}});
  }

  std::string PlannedVisit() {
    return machine_->Read<InspectionsState>(
        [](const InspectionsState& state, const store::Cursor&) -> std::string {
          const v1::Draw draw = *state.ReadDraw("units/county/plans/secret/draws/1");
          for (const v1::DrawEntry& entry : draw.entries()) {
            if (entry.unit() == "units/v01") return entry.visit();
          }
          return "";
        });
  }

 private:
  void Refused(const std::string& method, const absl::Status& status) {
    absl::StrAppend(&answers_, method, ": ", absl::StatusCodeToString(status.code()), " ",
                    status.message(), "\n");
  }

  std::string answers_;
};

// Without the lines that differ from call to call anyway: times and etags.
std::string WithoutTimes(const std::string& answers) {
  std::string out;
  for (absl::string_view line : absl::StrSplit(answers, '\n')) {
    const absl::string_view bare = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(bare, "seconds:") || absl::StartsWith(bare, "nanos:") ||
        absl::StartsWith(bare, "etag:")) {
      continue;
    }
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

TEST_F(SecrecyTest, SealedRoundsChangeNoAnswer) {
  PublishChecklist();
  AddTeam("a");
  Visited("v01", "earlier");
  const std::vector<access::Identity> people = {
      Officer("v01"), Reporter("v01"), Officer("east"), Inspector("east"),
      Viewer("v01"),  Outsider("b"),   Outsider("a"),   Officer("bureau")};
  std::vector<std::string> before;
  for (const access::Identity& who : people) {
    before.push_back(WithoutTimes(AskEverything(who, "units/v01/visits/0123456789abcdef0123")));
  }
  DrawnPlan("secret", "teams: 'units/county/teams/a'");
  const std::string planned = PlannedVisit();
  ASSERT_FALSE(planned.empty());
  for (size_t i = 0; i < people.size(); ++i) {
    EXPECT_EQ(WithoutTimes(AskEverything(people[i], planned)), before[i]) << people[i].subject;
  }
  EXPECT_EQ(AskEverything(Officer("county"), planned).find("NOT_FOUND: units/county"),
            std::string::npos)
      << "the office itself sees its plan";
}

TEST_F(SecrecyTest, ReleasedWithoutNoticeTheUnitsStillLearnNothing) {
  PublishChecklist();
  AddTeam("a");
  const access::Identity officer = Officer("v01");
  const std::string before =
      WithoutTimes(AskEverything(officer, "units/v01/visits/0123456789abcdef0123"));
  Release(DrawnPlan("secret", "teams: 'units/county/teams/a'"));
  EXPECT_EQ(WithoutTimes(AskEverything(officer, PlannedVisit())), before);
  EXPECT_EQ(WithoutTimes(AskEverything(Officer("v01"), PlannedVisit())), before);
}

TEST_F(SecrecyTest, ServicesSeeNothingOfASealedRoundEither) {
  PublishChecklist();
  DrawnPlan("secret");
  auto reading = Open("WatchInspections", v1::WatchInspectionsRequest(), Service());
  ASSERT_TRUE(reading.ok()) << reading.status();
  while (true) {
    v1::WatchInspectionsResponse event;
    auto next = (*reading)->Next(&event);
    ASSERT_TRUE(next.ok());
    for (const v1::WatchedResource& resource : event.resources()) {
      EXPECT_TRUE(resource.has_checklist()) << resource.DebugString();
    }
    if (event.kind() == v1::WatchInspectionsResponse::KIND_SNAPSHOT_END) break;
  }
  EXPECT_THAT(
      Call<v1::ListVisitsResponse>("ListVisits", v1::ListVisitsRequest(), Service())->visits(),
      IsEmpty());
}

TEST_F(SecrecyTest, WithTheFirstObservationTheUnitSeesTheVisit) {
  PublishChecklist();
  AddTeam("a");
  Release(DrawnPlan("secret", "teams: 'units/county/teams/a'"));
  const std::string planned = PlannedVisit();
  v1::SyncVisitsRequest request;
  v1::SyncItem& item = *request.add_items();
  item.set_visit(planned);
  *item.mutable_observation() = Passed(planned, "tab-1");
  auto reply = SyncOne(request, Outsider("a"));
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->results(0).outcome(), v1::ItemResult::OUTCOME_CREATED);
  auto list = Call<v1::ListVisitsResponse>("ListVisits", v1::ListVisitsRequest(), Viewer("v01"));
  ASSERT_THAT(list->visits(), SizeIs(1));
  EXPECT_EQ(list->visits(0).name(), planned);
  // And the other drawn villages still see nothing.
  EXPECT_THAT(
      Call<v1::ListVisitsResponse>("ListVisits", v1::ListVisitsRequest(), Viewer("v02"))->visits(),
      IsEmpty());
}

}  // namespace
}  // namespace terrace::inspections
