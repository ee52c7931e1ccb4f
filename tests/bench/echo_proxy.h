// The gateway's proxy in front of the echo, with nothing else of ours: what forwarding costs.
#ifndef TERRACE_TESTS_BENCH_ECHO_PROXY_H_
#define TERRACE_TESTS_BENCH_ECHO_PROXY_H_

#include <memory>

#include "absl/status/statusor.h"

namespace terrace::bench {

// Forwards every method of UnitRegistry to the echo, after the check of access that a gateway
// makes; every caller is an administrator of the realm. Stops when destroyed.
class EchoProxy {
 public:
  virtual ~EchoProxy() = default;
  static absl::StatusOr<std::unique_ptr<EchoProxy>> Start(int echo_port);
  virtual int port() const = 0;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_ECHO_PROXY_H_
