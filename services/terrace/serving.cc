#include "services/terrace/serving.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/file.h"
#include "services/terrace/client.h"

namespace terrace::cli {

SignalsAsMessages::SignalsAsMessages() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  TERRACE_CHECK(pthread_sigmask(SIG_BLOCK, &signals_, nullptr) == 0);
}

void SignalsAsMessages::Wait() const {
  int signal = 0;
  TERRACE_CHECK(sigwait(&signals_, &signal) == 0);
  // Whoever asks twice does not want to wait for the end of what is under way.
  TERRACE_CHECK(pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr) == 0);
}

std::string LocalAddress(absl::string_view listen, int port) {
  listen = listen.substr(0, listen.find(','));
  const size_t colon = listen.rfind(':');
  absl::string_view host = listen.substr(0, colon);
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<AddressFile> AddressFile::Write(const std::string& dir, absl::string_view listen,
                                               int port) {
  AddressFile file(absl::StrCat(dir, "/", kAddressFile), LocalAddress(listen, port));
  TERRACE_RETURN_IF_ERROR(WritePrivateFile(file.path_, absl::StrCat(file.address_, "\n")));
  return file;
}

AddressFile::AddressFile(std::string path, std::string address)
    : path_(std::move(path)), address_(std::move(address)) {}

AddressFile::AddressFile(AddressFile&& other) noexcept
    : path_(std::exchange(other.path_, "")), address_(other.address_) {}

AddressFile::~AddressFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace terrace::cli
