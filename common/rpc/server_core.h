// What the calls of one server share. Private to common/rpc.
#ifndef TERRACE_COMMON_RPC_SERVER_CORE_H_
#define TERRACE_COMMON_RPC_SERVER_CORE_H_

#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/access/rules.h"
#include "common/rpc/server.h"

namespace terrace::rpc {

// A call that Stop can end early.
class EndableCall {
 public:
  virtual ~EndableCall() = default;
  virtual void EndForShutdown() = 0;
};

// A method as the server answers it: by a typed handler, or over a route.
struct Target {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  const Methods* methods = nullptr;  // With `method`, when typed.
  const Method* method = nullptr;
  const Route* route = nullptr;             // When proxied.
  absl::optional<access::MethodRule> rule;  // None for reflection, which is open by name.
  std::unique_ptr<MethodCounter> counter = std::make_unique<MethodCounter>();
};

struct ServerCore {
  ServerOptions options;
  absl::flat_hash_map<std::string, Target> targets;  // By "/package.Service/Method".

  absl::Mutex mu;
  std::set<EndableCall*> calls ABSL_GUARDED_BY(mu);
  int ending ABSL_GUARDED_BY(mu) = 0;  // Calls that are being destroyed.
  bool stopping ABSL_GUARDED_BY(mu) = false;

  // Access check of one message; when it speaks of units that the tree does not know, the tree gets
  // the chance to catch up first.
  void Check(const Target& target, const access::Identity& identity, const std::string& message,
             const grpc::GenericCallbackServerContext& context, StatusDone done);
};

// The facts that a call brings along.
access::Credentials CredentialsOf(const grpc::GenericCallbackServerContext& context);
absl::Time DeadlineOf(const grpc::GenericCallbackServerContext& context);
Positions SeenBy(const grpc::GenericCallbackServerContext& context);

// Reactors that delete themselves when the call is over.
grpc::ServerGenericBidiReactor* NewTypedCall(ServerCore* core, const Target* target,
                                             grpc::GenericCallbackServerContext* context,
                                             access::Identity identity);
grpc::ServerGenericBidiReactor* NewProxyCall(ServerCore* core, const Target* target,
                                             grpc::GenericCallbackServerContext* context,
                                             access::Identity identity);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_SERVER_CORE_H_
