// What the commands that serve have in common: ending on a signal, and the file by which clients on
// the same machine find the server.
#ifndef TERRACE_SERVICES_TERRACE_SERVING_H_
#define TERRACE_SERVICES_TERRACE_SERVING_H_

#include <signal.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/terrace/command.h"

namespace terrace::cli {

// From its construction on, SIGTERM and SIGINT no longer end the process but are waited for. To be
// made before any thread is, since threads inherit what they take notice of.
class SignalsAsMessages {
 public:
  SignalsAsMessages();
  SignalsAsMessages(const SignalsAsMessages&) = delete;
  SignalsAsMessages& operator=(const SignalsAsMessages&) = delete;

  // Blocks until one arrives. A second one ends the process at once.
  void Wait() const;

 private:
  sigset_t signals_;
};

// DIR/serve.address while the server runs.
class AddressFile {
 public:
  // `listen` as it was asked for; the port 0 in it becomes `port`.
  static absl::StatusOr<AddressFile> Write(const std::string& dir, absl::string_view listen,
                                           int port);
  ~AddressFile();
  AddressFile(AddressFile&& other) noexcept;
  AddressFile& operator=(AddressFile&&) = delete;

  // Where clients on this machine reach it.
  const std::string& address() const { return address_; }

 private:
  AddressFile(std::string path, std::string address);

  std::string path_;  // Empty when there is nothing to remove.
  std::string address_;
};

// "127.0.0.1:7443" from what was listened on: the first address, with the port that was picked, and
// a host that this machine can call.
std::string LocalAddress(absl::string_view listen, int port);

// The flags that say where data is kept, and the store's URL that they come to; empty for sqlite in
// the data directory.
std::vector<Flag> StoreFlags();
absl::StatusOr<std::string> StoreUrl(const Arguments& arguments);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_SERVING_H_
