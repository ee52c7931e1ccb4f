// What a running command has at hand: its arguments, the way to print, and the server.
//
// Thread-safety. Belongs to the main thread; the client that it hands out may be used from any.
#ifndef TERRACE_SERVICES_TERRACE_CONTEXT_H_
#define TERRACE_SERVICES_TERRACE_CONTEXT_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/terrace/client.h"
#include "services/terrace/command.h"
#include "services/terrace/output.h"

namespace terrace::cli {

class Context {
 public:
  Context(Arguments arguments, Output output)
      : arguments_(std::move(arguments)), output_(std::move(output)) {}

  const Arguments& arguments() const { return arguments_; }
  Output& output() { return output_; }

  // The server that the flags name; connects at the first use.
  absl::StatusOr<Client*> client() {
    if (client_ == nullptr) {
      absl::StatusOr<std::unique_ptr<Client>> made = Client::FromArguments(arguments_);
      if (!made.ok()) return made.status();
      client_ = *std::move(made);
    }
    return client_.get();
  }

 private:
  Arguments arguments_;
  Output output_;
  std::unique_ptr<Client> client_;
};

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_CONTEXT_H_
