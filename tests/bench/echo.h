// The yardstick of the benchmark: a bare gRPC echo with nothing of ours in it.
#ifndef TERRACE_TESTS_BENCH_ECHO_H_
#define TERRACE_TESTS_BENCH_ECHO_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace terrace::bench {

// Answers every unary call with its request. Stops when destroyed.
class EchoServer {
 public:
  virtual ~EchoServer() = default;
  static std::unique_ptr<EchoServer> Start();
  virtual int port() const = 0;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_ECHO_H_
