#include "services/terrace/processes.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "google/protobuf/util/time_util.h"

namespace terrace {
namespace {

using gateway::v1::MethodMetrics;
using gateway::v1::ServiceStatus;
using internal::v1::GetProcessRequest;
using internal::v1::GetProcessResponse;

constexpr char kGetProcess[] = "/terrace.internal.v1.Process/GetProcess";

// Sorts the rows by key and keeps the first of those that have the same.
template <class Key, class Row>
void SortedOnce(Key key, google::protobuf::RepeatedPtrField<Row>* rows) {
  std::stable_sort(rows->begin(), rows->end(),
                   [key](const Row& a, const Row& b) { return key(a) < key(b); });
  rows->erase(std::unique(rows->begin(), rows->end(),
                          [key](const Row& a, const Row& b) { return key(a) == key(b); }),
              rows->end());
}

}  // namespace

Processes::Processes(DescribeFn describe, std::vector<Peer> peers, const Keyspaces& keyspaces,
                     const Clock* clock)
    : describe_(std::move(describe)),
      peers_(std::move(peers)),
      clock_(clock),
      methods_("terrace.internal.v1.Process", nullptr) {
  methods_.SlowRead<GetProcessRequest, GetProcessResponse>(
      "GetProcess", [this](rpc::Call&, const GetProcessRequest&, GetProcessResponse* reply) {
        describe_(reply);
        return absl::OkStatus();
      });
  AddKeyspaceMethods({keyspaces.here, {}, keyspaces.executor}, &methods_);
}

std::vector<GetProcessResponse> Processes::Ask() const {
  std::vector<GetProcessResponse> answers(1 + peers_.size());
  describe_(&answers.front());
  absl::BlockingCounter waiting(static_cast<int>(peers_.size()));
  const GetProcessRequest request;
  auto answer = answers.begin();
  for (const Peer& peer : peers_) {
    GetProcessResponse* const reply = &*++answer;
    peer.channel->CallAsync(kGetProcess, request, reply, clock_->Now() + kPeerTimeout,
                            absl::nullopt, [&waiting, &peer, reply](const absl::Status& status) {
                              if (!status.ok()) {
                                reply->Clear();
                                reply->add_services()->set_service(peer.service);
                              }
                              waiting.DecrementCount();
                            });
  }
  waiting.Wait();
  for (size_t i = 0; i < peers_.size(); ++i) {
    GetProcessResponse& said = answers[i + 1];
    for (ServiceStatus& row : *said.mutable_services()) row.set_address(peers_[i].address);
    for (MethodMetrics& row : *said.mutable_methods()) {
      row.set_process(absl::StrCat(row.process(), "@", peers_[i].address));
    }
  }
  return answers;
}

void Processes::Status(gateway::v1::GetStatusResponse* reply) const {
  for (GetProcessResponse& process : Ask()) {
    for (ServiceStatus& row : *process.mutable_services()) *reply->add_services() = std::move(row);
  }
  // A process that runs several services was asked once for each of them.
  auto key = [](const ServiceStatus& row) { return std::tie(row.service(), row.address()); };
  SortedOnce(key, reply->mutable_services());
}

void Processes::Metrics(gateway::v1::GetMetricsResponse* reply) const {
  for (GetProcessResponse& process : Ask()) {
    for (MethodMetrics& row : *process.mutable_methods()) *reply->add_methods() = std::move(row);
  }
  auto key = [](const MethodMetrics& row) { return std::tie(row.process(), row.method()); };
  SortedOnce(key, reply->mutable_methods());
}

MethodMetrics ToMetrics(const std::string& process, const std::string& method,
                        const rpc::MethodCounts& counts) {
  MethodMetrics row;
  row.set_process(process);
  row.set_method(method);
  row.set_calls(counts.calls);
  row.set_failures(counts.failures);
  *row.mutable_total_time() = google::protobuf::util::TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(counts.time));
  row.mutable_time_buckets()->Assign(counts.buckets.begin(), counts.buckets.end());
  return row;
}

}  // namespace terrace
