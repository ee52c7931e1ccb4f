// Unary calls of plain bytes, as cheap as gRPC makes them: every contestant is called by the same
// client, so that what a ratio compares is the servers.
//
// Thread-safety. May be used from any thread.
#ifndef TERRACE_TESTS_BENCH_CLIENT_H_
#define TERRACE_TESTS_BENCH_CLIENT_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace terrace::bench {

class BytesClient {
 public:
  virtual ~BytesClient() = default;
  // To a port of this machine; `token` may be empty.
  static std::shared_ptr<BytesClient> Connect(int port, const std::string& token);

  // Calls "/package.Service/Method"; `done` runs on a thread of gRPC and the reply is dropped.
  virtual void Call(const std::string& method, absl::string_view request,
                    absl::AnyInvocable<void(absl::Status)> done) = 0;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_CLIENT_H_
