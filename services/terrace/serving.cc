#include "services/terrace/serving.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
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

std::vector<Flag> StoreFlags() {
  return {{"store", "URL",
           "sqlite:DIR, redis://HOST:PORT, redis+cluster://HOST:PORT,... or memory:; left out, "
           "sqlite in the data directory"},
          {"realm", "NAME",
           "whose data of several on the same Redis; may also stand in the URL, as in "
           "redis://HOST:PORT/NAME"},
          {"allow-unsafe-redis", "", "uses Redis even where it may lose what was acknowledged"}};
}

absl::StatusOr<std::string> StoreUrl(const Arguments& arguments) {
  std::string url = arguments.Text("store");
  const std::string realm = arguments.Text("realm");
  const bool unsafe = arguments.On("allow-unsafe-redis");
  if (realm.empty() && !unsafe) return url;
  if (!absl::StartsWith(url, "redis://") && !absl::StartsWith(url, "redis+cluster://")) {
    return UsageError("--realm and --allow-unsafe-redis need a --store at Redis.");
  }
  if (!realm.empty()) {
    const size_t hosts = url.find("://") + 3;
    const size_t options = std::min(url.find('?'), url.size());
    const size_t path = url.find('/', hosts);
    if (path < options) return UsageError("name the realm in --realm or in the URL, not in both.");
    url.insert(options, absl::StrCat("/", realm));
  }
  if (unsafe) absl::StrAppend(&url, absl::StrContains(url, '?') ? "&" : "?", "allow_unsafe=1");
  return url;
}

}  // namespace terrace::cli
