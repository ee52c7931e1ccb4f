// What the tests of publications and appeals share: a county with a published scheme, and waits for
// publications to come out.
#ifndef TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLICATION_FIXTURE_H_
#define TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLICATION_FIXTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/longrunning/operations.pb.h"
#include "services/scoring/publications/publisher.h"
#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {

class PublicationTest : public ScoringTest {
 protected:
  using Operation = google::longrunning::Operation;
  static constexpr char kRound[] = "units/county/publications/round";

  explicit PublicationTest(bool complete = true) : ScoringTest(complete) {}

  // A scheme, and visits to some villages.
  void Furnish() {
    Start();
    Look();
  }
  void Look() {
    Inspect("a1", 1);
    Inspect("a2", 2);
    Inspect("b1", 2);
  }

  void Pass(absl::Duration time) { clock_.Set(clock_.Now() + time); }

  static v1::PublishResultsRequest Request(const std::string& id = "round") {
    v1::PublishResultsRequest request;
    request.set_parent("units/county");
    request.set_publication_id(id);
    request.set_scheme(kScheme);
    request.mutable_publication()->set_display_name("Results");
    request.mutable_publication()->set_period("2016");
    return request;
  }
  v1::PublishResultsRequest Provisional(const std::string& id = "round") {
    v1::PublishResultsRequest request = Request(id);
    *request.mutable_publication()->mutable_objection_end_time() =
        ToProto(clock_.Now() + absl::Hours(24));
    return request;
  }
  absl::StatusOr<Operation> Ask(const v1::PublishResultsRequest& request) {
    return Do<Operation>("PublishResults", Officer("county"), request);
  }
  absl::StatusOr<v1::Publication> GetPublication(const std::string& name = kRound,
                                                 const access::Identity& who = Viewer("county")) {
    v1::GetPublicationRequest request;
    request.set_name(name);
    return Do<v1::Publication>("GetPublication", who, request);
  }
  // The publication once nothing is under way.
  absl::StatusOr<v1::Publication> Await(const std::string& name = kRound) {
    while (true) {
      store::Cursor at;
      const bool preparing =
          machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& now) {
            at = now;
            return state.publications().preparing().contains(name);
          });
      if (!preparing) return GetPublication(name);
      ++at.revision.value;
      absl::Status status;
      absl::Notification waited;
      machine_->WaitFor(at, clock_.Now() + absl::Seconds(30), [&](absl::Status result) {
        status = std::move(result);
        waited.Notify();
      });
      waited.WaitForNotification();
      if (!status.ok()) return status;
    }
  }
  absl::StatusOr<v1::Publication> Publish(const v1::PublishResultsRequest& request) {
    absl::StatusOr<Operation> operation = Ask(request);
    if (!operation.ok()) return operation.status();
    return Await(absl::StrCat("units/county/publications/", request.publication_id()));
  }

  absl::StatusOr<v1::Result> GetResult(const std::string& unit, const std::string& id = "round") {
    v1::GetResultRequest request;
    request.set_name(absl::StrCat("units/", unit, "/results/county~", id));
    return Do<v1::Result>("GetResult", Viewer(unit), request);
  }
  absl::StatusOr<v1::ListResultsResponse> ListResults(const access::Identity& who,
                                                      const std::string& filter = "",
                                                      const std::string& subtree = "") {
    v1::ListResultsRequest request;
    request.set_publication(kRound);
    request.set_filter(filter);
    request.set_subtree(subtree);
    return Do<v1::ListResultsResponse>("ListResults", who, request);
  }
  std::vector<std::string> Listed(const access::Identity& who, const std::string& filter = "",
                                  const std::string& subtree = "") {
    absl::StatusOr<v1::ListResultsResponse> list = ListResults(who, filter, subtree);
    EXPECT_TRUE(list.ok()) << list.status();
    std::vector<std::string> units;
    if (!list.ok()) return units;
    for (const v1::Result& result : list->results()) {
      units.push_back(std::string(resource::OwnerOf(result.name())));
    }
    return units;
  }
  absl::StatusOr<v1::VerifyPublicationResponse> Verify(
      const access::Identity& who = Viewer("county")) {
    v1::VerifyPublicationRequest request;
    request.set_name(kRound);
    return Do<v1::VerifyPublicationResponse>("VerifyPublication", who, request);
  }
  absl::StatusOr<v1::Publication> Finalize(const std::string& etag = "") {
    v1::FinalizePublicationRequest request;
    request.set_name(kRound);
    request.set_etag(etag);
    return Do<v1::Publication>("FinalizePublication", Officer("county"), request);
  }

  // Changes rows past all commands, as nobody should.
  void Change(std::function<void(machine::Decision&)> change) {
    machine::Command command;
    command.identity.subject = "tests";
    command.received = clock_.Now();
    absl::Notification changed;
    machine_->Execute(
        std::move(command), {"tests"},
        [change](const machine::State&, machine::Decision& decision, std::string*) {
          change(decision);
          return absl::OkStatus();
        },
        [&](absl::StatusOr<machine::Done> done) {
          EXPECT_TRUE(done.ok()) << done.status();
          changed.Notify();
        });
    changed.WaitForNotification();
  }
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PUBLICATIONS_PUBLICATION_FIXTURE_H_
