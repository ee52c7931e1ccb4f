// What the processes of a deployment tell each other about themselves, and what the gateway makes
// of it: its answers to GetStatus and GetMetrics.
//
// Thread-safety. Everything may be called from any thread. Status and Metrics block for as long as
// a peer may take to answer.
#ifndef TERRACE_SERVICES_TERRACE_PROCESSES_H_
#define TERRACE_SERVICES_TERRACE_PROCESSES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/method_counts.h"
#include "common/rpc/methods.h"
#include "services/terrace/maintenance.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/internal/v1/process.pb.h"

namespace terrace {

// A peer that does not answer within this time counts as not serving.
inline constexpr absl::Duration kPeerTimeout = absl::Milliseconds(500);

class Processes {
 public:
  // Fills in how this process is doing.
  using DescribeFn = std::function<void(internal::v1::GetProcessResponse*)>;
  // Another process: a service that it should run, and where it answers.
  struct Peer {
    std::string service;
    std::string address;
    std::shared_ptr<rpc::Channel> channel;
  };

  // The clock, and the stores of the keyspaces that are here, outlive this.
  Processes(DescribeFn describe, std::vector<Peer> peers, const Keyspaces& keyspaces,
            const Clock* clock);

  // The table of terrace.internal.v1.Process.
  const rpc::Methods& methods() const { return methods_; }

  void Status(gateway::v1::GetStatusResponse* reply) const;
  void Metrics(gateway::v1::GetMetricsResponse* reply) const;

 private:
  // What this process and every peer say of themselves; a peer that does not answer is only named.
  std::vector<internal::v1::GetProcessResponse> Ask() const;

  const DescribeFn describe_;
  const std::vector<Peer> peers_;
  const Clock* const clock_;
  rpc::Methods methods_;
};

// A row of GetMetrics.
gateway::v1::MethodMetrics ToMetrics(const std::string& process, const std::string& method,
                                     const rpc::MethodCounts& counts);

}  // namespace terrace

#endif  // TERRACE_SERVICES_TERRACE_PROCESSES_H_
