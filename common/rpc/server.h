// A gRPC server over tables of methods. One generic service takes every call: it finds out who is
// calling, checks the method's access rule on every message, and hands the message to a typed
// handler, or, where a route is given instead, forwards the bytes unchanged.
//
// Health is served by gRPC itself, reflection and channelz by tables of ours: the plugins would
// list only generated services, and let everybody in.
//
// Thread-safety: Start and Stop by one thread; port() from any.
#ifndef TERRACE_COMMON_RPC_SERVER_H_
#define TERRACE_COMMON_RPC_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/access/authenticator.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/rpc/channel.h"
#include "common/rpc/method_counts.h"
#include "common/rpc/methods.h"
#include "common/rpc/positions.h"
#include "common/tree/tree.h"

namespace terrace::rpc {

// Limits of a server.
inline constexpr int kMessageBytesMax = 4 << 20;     // Larger ones: MESSAGE_TOO_LARGE.
inline constexpr int kTransportBytesMax = 16 << 20;  // What gRPC itself lets through.
inline constexpr int kStreamsPerConnectionMax = 1000;
inline constexpr int kMetadataBytesMax = 32 << 10;
inline constexpr absl::Duration kStreamRecheck = absl::Seconds(5);  // Of an open stream's token.
inline constexpr absl::Duration kDrainTimeout = absl::Seconds(5);

// Another process that answers for a proto service.
struct Route {
  std::string service;  // Full name of the proto service.
  std::shared_ptr<Channel> channel;
};

// Brings the unit tree up to the registry's present revision, and to what the caller has seen of
// it. An error says that it could not, and that what is unknown may be there all the same.
using TreeCatchUp = std::function<void(Positions seen, absl::Time deadline, StatusDone done)>;

// Waits until what the caller has seen already is included where a method of `service` (full name
// of the proto service) is answered. Positions that mean nothing here are left out.
using WaitForSeenFn = std::function<void(const std::string& service, Positions seen,
                                         absl::Time deadline, StatusDone done)>;

struct ServerOptions {
  std::vector<std::string> listen;                       // "127.0.0.1:7443"; port 0 picks one.
  std::vector<const Methods*> methods;                   // Typed services; outlive the server.
  std::vector<Route> routes;                             // Proxied services.
  const access::Authenticator* authenticator = nullptr;  // Outlives the server.
  const access::IdentitySigner* signer = nullptr;        // Needed for routes.
  machine::TreeSource tree;
  TreeCatchUp catch_up;  // May be empty: then unknown is unknown.
  WaitFn before;  // What a request waits for before its handler, beside min_revision; may be empty.
  WaitForSeenFn wait_for_seen;  // May be empty: then the header is of no effect.
  const Clock* clock = nullptr;
  Executor* executor = nullptr;
};

class Server {
 public:
  virtual ~Server() = default;
  // FAILED_PRECONDITION when a method declares no access, UNAVAILABLE when no port can be had.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options);

  // Port of the first address.
  virtual int port() const = 0;
  // A channel to this server inside the process.
  virtual std::shared_ptr<Channel> InProcess(CallerOptions options) = 0;
  // Of the methods that were called, by "/package.Service/Method".
  virtual std::map<std::string, MethodCounts> counts() const = 0;
  // Health says NOT_SERVING, streams end with SHUTTING_DOWN, calls under way get kDrainTimeout.
  virtual void Stop() = 0;
};

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_SERVER_H_
