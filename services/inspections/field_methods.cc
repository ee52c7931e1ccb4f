// Methods of field work, findings and follow-ups.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "services/inspections/packages.h"
#include "services/inspections/service_templates.h"

namespace terrace::inspections {
namespace {

// Commands about one visit run one after the other: they share its record.
template <class Req>
std::vector<std::string> ByName(const Req& request) {
  return {std::string(VisitOfKey(request.name()))};
}
template <class Req>
std::vector<std::string> ByParent(const Req& request) {
  return {request.parent()};
}

// One stream of a device: every message is one command.
class SyncReceiver : public rpc::Receiver {
 public:
  SyncReceiver(machine::Machine* machine, rpc::Call* call) : machine_(machine), call_(call) {}

  void OnMessage(const rpc::Message& message, rpc::Message* reply, rpc::StatusDone done) override {
    // Kept here: the caller of OnMessage may reuse the message once the command is under way.
    auto request =
        std::make_shared<v1::SyncVisitsRequest>(static_cast<const v1::SyncVisitsRequest&>(message));
    std::vector<std::string> keys;
    for (const v1::SyncItem& item : request->items()) keys.push_back(item.visit());
    machine::Command command = rpc::CommandOf(*call_, *request);
    // Items deduplicate by name and hash for ever; a record per message would only cost.
    command.request_id.clear();
    command.received = machine_->clock().Now();
    machine_->Execute(
        std::move(command), std::move(keys),
        [request](const machine::State& state, Decision& d, std::string* bytes) {
          v1::SyncVisitsResponse response;
          TERRACE_RETURN_IF_ERROR(
              static_cast<const InspectionsState&>(state).SyncVisits(*request, d, &response));
          *bytes = response.SerializeAsString();
          return absl::OkStatus();
        },
        [this, reply, done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
          if (!result.ok()) {
            done(result.status());
            return;
          }
          TERRACE_CHECK(reply->ParseFromString(result->reply));
          rpc::StampCursor(kServiceName, result->position, *call_, reply);
          done(absl::OkStatus());
        });
  }

  // Every message was answered when it came: half a stream leaves nothing half done.
  void OnEnd(rpc::Message*, rpc::StatusDone done) override { done(absl::OkStatus()); }

 private:
  machine::Machine* const machine_;
  rpc::Call* const call_;
};

}  // namespace

void InspectionsService::AddField() {
  Mutate<v1::StartVisitRequest, v1::Visit>(
      "StartVisit", &InspectionsState::StartVisit, [](const v1::StartVisitRequest& request) {
        return std::vector<std::string>{
            absl::StrCat(request.parent(), "/visits/", request.visit_id())};
      });
  Mutate<v1::SubmitVisitRequest, v1::Visit>("SubmitVisit", &InspectionsState::SubmitVisit,
                                            &ByName<v1::SubmitVisitRequest>);
  Mutate<v1::AbortVisitRequest, v1::Visit>("AbortVisit", &InspectionsState::AbortVisit,
                                           &ByName<v1::AbortVisitRequest>);
  Mutate<v1::AcknowledgeVisitRequest, v1::Visit>("AcknowledgeVisit",
                                                 &InspectionsState::AcknowledgeVisit,
                                                 &ByName<v1::AcknowledgeVisitRequest>);
  Mutate<v1::RecordObservationsRequest, v1::RecordObservationsResponse>(
      "RecordObservations", &InspectionsState::RecordObservations,
      &ByParent<v1::RecordObservationsRequest>);
  Mutate<v1::RaiseFindingRequest, v1::Finding>("RaiseFinding", &InspectionsState::RaiseFinding,
                                               &ByParent<v1::RaiseFindingRequest>);
  Mutate<v1::ConfirmFindingRequest, v1::Finding>(
      "ConfirmFinding", &InspectionsState::ConfirmFinding, &ByName<v1::ConfirmFindingRequest>);
  Mutate<v1::WithdrawFindingRequest, v1::Finding>(
      "WithdrawFinding", &InspectionsState::WithdrawFinding, &ByName<v1::WithdrawFindingRequest>);
  Mutate<v1::DisputeFindingRequest, v1::Finding>(
      "DisputeFinding", &InspectionsState::DisputeFinding, &ByName<v1::DisputeFindingRequest>);
  Mutate<v1::ClaimRectifiedRequest, v1::Finding>(
      "ClaimRectified", &InspectionsState::ClaimRectified, &ByName<v1::ClaimRectifiedRequest>);
  Mutate<v1::RecheckFindingRequest, v1::Finding>(
      "RecheckFinding", &InspectionsState::RecheckFinding, &ByName<v1::RecheckFindingRequest>);
  Mutate<v1::RecordFollowUpRequest, v1::FollowUp>(
      "RecordFollowUp", &InspectionsState::RecordFollowUp,
      [](const v1::RecordFollowUpRequest& request) {
        return std::vector<std::string>{
            absl::StrCat(request.parent(), "/followUps/", request.follow_up_id())};
      });
  methods_.ServerStream<v1::PullVisitPackagesRequest, v1::PullVisitPackagesResponse>(
      "PullVisitPackages", [this](rpc::Call& call, const v1::PullVisitPackagesRequest& request) {
        return PullPackages(machine_, call, request);
      });
  methods_.Receive<v1::SyncVisitsRequest, v1::SyncVisitsResponse>(
      "SyncVisits", [this](rpc::Call& call) -> std::unique_ptr<rpc::Receiver> {
        return std::make_unique<SyncReceiver>(machine_, &call);
      });
}

}  // namespace terrace::inspections
