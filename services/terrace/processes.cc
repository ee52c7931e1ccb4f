#include "services/terrace/processes.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "google/protobuf/util/time_util.h"

namespace terrace {
namespace {

using gateway::v1::MethodMetrics;
using gateway::v1::ServiceStatus;
using internal::v1::GetProcessRequest;
using internal::v1::GetProcessResponse;

constexpr char kGetProcess[] = "/terrace.internal.v1.Process/GetProcess";

}  // namespace

Processes::Processes(DescribeFn describe, Peers peers, const Clock* clock)
    : describe_(std::move(describe)),
      peers_(std::move(peers)),
      clock_(clock),
      methods_("terrace.internal.v1.Process", nullptr) {
  methods_.SlowRead<GetProcessRequest, GetProcessResponse>(
      "GetProcess", [this](rpc::Call&, const GetProcessRequest&, GetProcessResponse* reply) {
        describe_(reply);
        return absl::OkStatus();
      });
}

std::vector<GetProcessResponse> Processes::Ask() const {
  std::vector<GetProcessResponse> answers(1 + peers_.size());
  describe_(&answers.front());
  absl::BlockingCounter waiting(static_cast<int>(peers_.size()));
  const GetProcessRequest request;
  auto answer = answers.begin();
  for (const auto& [service, channel] : peers_) {
    GetProcessResponse* const reply = &*++answer;
    channel->CallAsync(kGetProcess, request, reply, clock_->Now() + kPeerTimeout, absl::nullopt,
                       [&waiting, reply, service = service](const absl::Status& status) {
                         if (!status.ok()) {
                           reply->Clear();
                           reply->add_services()->set_service(service);
                         }
                         waiting.DecrementCount();
                       });
  }
  waiting.Wait();
  return answers;
}

void Processes::Status(gateway::v1::GetStatusResponse* reply) const {
  for (GetProcessResponse& process : Ask()) {
    for (ServiceStatus& row : *process.mutable_services()) *reply->add_services() = std::move(row);
  }
  // A peer that runs several services was asked once for each of them.
  auto& rows = *reply->mutable_services();
  std::stable_sort(rows.begin(), rows.end(), [](const ServiceStatus& a, const ServiceStatus& b) {
    return a.service() < b.service();
  });
  const auto end = std::unique(
      rows.begin(), rows.end(),
      [](const ServiceStatus& a, const ServiceStatus& b) { return a.service() == b.service(); });
  rows.erase(end, rows.end());
}

void Processes::Metrics(gateway::v1::GetMetricsResponse* reply) const {
  for (GetProcessResponse& process : Ask()) {
    for (MethodMetrics& row : *process.mutable_methods()) *reply->add_methods() = std::move(row);
  }
  auto key = [](const MethodMetrics& row) { return std::tie(row.process(), row.method()); };
  auto& rows = *reply->mutable_methods();
  std::stable_sort(rows.begin(), rows.end(), [key](const MethodMetrics& a, const MethodMetrics& b) {
    return key(a) < key(b);
  });
  const auto end = std::unique(
      rows.begin(), rows.end(),
      [key](const MethodMetrics& a, const MethodMetrics& b) { return key(a) == key(b); });
  rows.erase(end, rows.end());
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
