// What a URL of the redis engine says:
//
//   redis://host:port[,host:port...]/realm?option=value&...           one server, with or without
//                                                                      replicas
//   redis+cluster://host:port[,host:port...]/realm?option=value&...   a Redis Cluster
//
//   wait=N            a batch counts, and followers hear of it, once N replicas have it; 0 for a
//                     plain server, 1 for a cluster
//   wait_ms=N         how long a group of commits waits for that before its outcome is unknown
//                     (1000)
//   timeout_ms=N      how long a server may take to connect or to answer (3000)
//   user=NAME         of Redis' access control list; "default" when only a password is given
//   password_file=P   a file whose first line is the password
//   allow_unsafe=1    goes without the checks of the server's configuration
//
// Of several plain servers the one that is the master is used. Pure functions, thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_URL_H_
#define TERRACE_COMMON_STORE_REDIS_URL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace terrace::store::redis {

struct Address {
  std::string host;
  int port = 0;
  friend bool operator==(const Address&, const Address&) = default;
};

// "host:port", with brackets around an IPv6 address.
std::string ToString(const Address& address);

// False when it is not "host:port"; the port may follow an '@' and more, as in CLUSTER NODES.
bool ParseAddress(absl::string_view text, Address* address);

struct Config {
  bool cluster = false;
  std::vector<Address> seeds;  // At least one.
  std::string realm;
  int wait = 0;
  absl::Duration wait_max = absl::Milliseconds(1000);
  absl::Duration timeout = absl::Milliseconds(3000);
  std::string user;
  std::string password_file;
  bool allow_unsafe = false;
};

// STORE_CANNOT_OPEN with what is wrong.
absl::StatusOr<Config> ParseUrl(absl::string_view url);

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_URL_H_
