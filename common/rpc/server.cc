#include "common/rpc/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/timer.h"
#include "common/rpc/bytes.h"
#include "common/rpc/channelz.h"
#include "common/rpc/reflection.h"
#include "common/rpc/server_core.h"
#include "google/protobuf/empty.pb.h"

namespace terrace::rpc {
namespace {

// The callback API of gRPC 1.51 lets its pollers sleep 100 ms once a server was idle for a second.
// One call of its own every 300 ms keeps them awake.
constexpr absl::Duration kKeepWarm = absl::Milliseconds(300);
constexpr char kWarmMethod[] = "/terrace.internal/Warm";

// Ends a call at once.
class RefusedCall : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

std::string Header(const grpc::GenericCallbackServerContext& context, const char* name) {
  auto it = context.client_metadata().find(name);
  return it == context.client_metadata().end() ? ""
                                               : std::string(it->second.data(), it->second.size());
}

class ServerImpl : public Server, private grpc::CallbackGenericService {
 public:
  absl::Status Init(ServerOptions options) {
    core_.options = std::move(options);
    for (const Methods* methods : core_.options.methods) {
      methods->Complete();
      TERRACE_RETURN_IF_ERROR(AddMethods(*methods));
    }
    for (const Route& route : core_.options.routes) TERRACE_RETURN_IF_ERROR(AddRoute(route));
    TERRACE_RETURN_IF_ERROR(AddChannelz());
    AddReflection();
    return Listen();
  }

  int port() const override { return port_; }

  std::shared_ptr<Channel> InProcess(CallerOptions caller) override {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kTransportBytesMax);
    return std::make_shared<Channel>(server_->InProcessChannel(arguments), std::move(caller));
  }

  std::map<std::string, MethodCounts> counts() const override {
    std::map<std::string, MethodCounts> counts;
    for (const auto& [method, target] : core_.targets) {
      if (MethodCounts of = target.counter->Get(); of.calls > 0) counts[method] = of;
    }
    return counts;
  }

  void Stop() override {
    if (server_ == nullptr) return;
    server_->GetHealthCheckService()->SetServingStatus(false);
    {
      absl::MutexLock lock(&core_.mu);
      core_.stopping = true;
      for (EndableCall* call : core_.calls) call->EndForShutdown();
    }
    timer_.reset();
    warm_stub_.reset();
    warm_channel_.reset();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + kDrainTimeout));
    server_->Wait();
    {
      // Some are destroyed by other threads.
      auto gone = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mu) {
        return core_.calls.empty() && core_.ending == 0;
      };
      absl::MutexLock lock(&core_.mu);
      core_.mu.Await(absl::Condition(&gone));
    }
    server_.reset();
  }

  ~ServerImpl() override { Stop(); }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    auto target = core_.targets.find(context->method());
    if (target == core_.targets.end()) {
      return new RefusedCall(Error(Reason::UNIMPLEMENTED_METHOD, {{"method", context->method()}}));
    }
    {
      absl::MutexLock lock(&core_.mu);
      if (core_.stopping) return new RefusedCall(Error(Reason::SHUTTING_DOWN));
    }
    access::Identity identity;
    if (target->second.rule) {
      absl::StatusOr<access::Identity> found = core_.options.authenticator->Authenticate(
          CredentialsOf(*context), core_.options.clock->Now());
      if (!found.ok()) return new RefusedCall(found.status());
      identity = *std::move(found);
    }
    return target->second.route != nullptr
               ? NewProxyCall(&core_, &target->second, context, std::move(identity))
               : NewTypedCall(&core_, &target->second, context, std::move(identity));
  }

  // `access` is for protos that are not ours and so declare none.
  absl::Status AddMethods(const Methods& methods, const options::v1::Access* access = nullptr) {
    const google::protobuf::ServiceDescriptor& service = *methods.descriptor();
    for (int i = 0; i < service.method_count(); ++i) {
      Target target;
      target.descriptor = service.method(i);
      target.methods = &methods;
      target.method = methods.Find(service.method(i)->name());
      TERRACE_RETURN_IF_ERROR(AddTarget(std::move(target), access));
    }
    return absl::OkStatus();
  }

  absl::Status AddRoute(const Route& route) {
    const google::protobuf::ServiceDescriptor* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(route.service);
    TERRACE_CHECK(service != nullptr);
    for (int i = 0; i < service->method_count(); ++i) {
      Target target;
      target.descriptor = service->method(i);
      target.route = &route;
      absl::Status status = AddTarget(std::move(target));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddTarget(Target target, const options::v1::Access* access = nullptr) {
    TERRACE_ASSIGN_OR_RETURN(
        target.rule, access == nullptr ? access::MethodRule::Of(*target.descriptor)
                                       : access::MethodRule::Of(*target.descriptor, *access));
    core_.targets[MethodName(*target.descriptor)] = std::move(target);
    return absl::OkStatus();
  }

  // Sockets tell who is connected from where: for administrators of the whole realm.
  absl::Status AddChannelz() {
    options::v1::Access access;
    access.set_realm(options::v1::ROLE_ADMINISTRATOR);
    channelz_ = ChannelzMethods();
    return AddMethods(*channelz_, &access);
  }

  // Open to everybody by name: it tells the contract, which is public.
  void AddReflection() {
    std::vector<std::string> services = {"grpc.health.v1.Health",
                                         channelz_->descriptor()->full_name()};
    for (const Methods* methods : core_.options.methods) {
      services.push_back(methods->descriptor()->full_name());
    }
    for (const Route& route : core_.options.routes) services.push_back(route.service);
    reflection_ = ReflectionMethods(std::move(services));
    for (const std::unique_ptr<Methods>& methods : reflection_) {
      const google::protobuf::MethodDescriptor* descriptor = methods->descriptor()->method(0);
      Target target;
      target.descriptor = descriptor;
      target.methods = methods.get();
      target.method = methods->Find(descriptor->name());
      core_.targets[MethodName(*descriptor)] = std::move(target);
    }
  }

  static std::string MethodName(const google::protobuf::MethodDescriptor& method) {
    return absl::StrCat("/", method.service()->full_name(), "/", method.name());
  }

  absl::Status Listen() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    for (const std::string& address : core_.options.listen) {
      builder.AddListeningPort(address, grpc::InsecureServerCredentials(),
                               ports_.emplace_back(std::make_unique<int>(0)).get());
    }
    builder.RegisterCallbackGenericService(this);
    builder.SetMaxReceiveMessageSize(kTransportBytesMax);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 20000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen on ", core_.options.listen.empty() ? "" : core_.options.listen[0],
          ": the port is in use or the address is not ours"));
    }
    if (!ports_.empty()) port_ = *ports_.front();
    warm_channel_ = server_->InProcessChannel({});
    warm_stub_ = std::make_unique<grpc::GenericStub>(warm_channel_);
    timer_ = std::make_unique<Timer>();
    KeepWarm();
    return absl::OkStatus();
  }

  void KeepWarm() {
    timer_->After(kKeepWarm, [this] {
      struct WarmCall {
        grpc::ClientContext context;
        grpc::ByteBuffer request = ToBytes(google::protobuf::Empty());
        grpc::ByteBuffer reply;
      };
      auto call = std::make_shared<WarmCall>();
      warm_stub_->UnaryCall(&call->context, kWarmMethod, grpc::StubOptions(), &call->request,
                            &call->reply, [call](grpc::Status) {});
      KeepWarm();
    });
  }

  mutable ServerCore core_;
  std::unique_ptr<Methods> channelz_;
  std::vector<std::unique_ptr<Methods>> reflection_;
  std::vector<std::unique_ptr<int>> ports_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> warm_channel_;
  std::unique_ptr<grpc::GenericStub> warm_stub_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace

access::Credentials CredentialsOf(const grpc::GenericCallbackServerContext& context) {
  return {Header(context, "authorization"), Header(context, access::kIdentityHeader),
          context.peer()};
}

Positions SeenBy(const grpc::GenericCallbackServerContext& context) {
  return ParsePositions(Header(context, kSeenHeader));
}

absl::Time DeadlineOf(const grpc::GenericCallbackServerContext& context) {
  const auto deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture()
                                                                  : absl::FromChrono(deadline);
}

void ServerCore::Check(const Target& target, const access::Identity& identity,
                       const std::string& message,
                       const grpc::GenericCallbackServerContext& context, StatusDone done) {
  if (!target.rule) {
    done(absl::OkStatus());
    return;
  }
  std::shared_ptr<const tree::Tree> tree = options.tree();
  const absl::Time now = options.clock->Now();
  absl::Status status = target.rule->Check(identity, *tree, message, now);
  if (!options.catch_up || !absl::IsNotFound(status)) {
    done(std::move(status));
    return;
  }
  if (!target.rule->SpeaksOfUnknownUnits(*tree, message)) {
    done(std::move(status));
    return;
  }
  options.catch_up(SeenBy(context), DeadlineOf(context),
                   [this, &target, identity, message, now,
                    done = std::move(done)](const absl::Status& caught_up) mutable {
                     const std::shared_ptr<const tree::Tree> tree = options.tree();
                     absl::Status status = target.rule->Check(identity, *tree, message, now);
                     // Nobody is told that something is not there by a tree that lags.
                     const bool unsure = !caught_up.ok() && absl::IsNotFound(status) &&
                                         target.rule->SpeaksOfUnknownUnits(*tree, message);
                     if (unsure) status = caught_up;
                     done(std::move(status));
                   });
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  auto server = std::make_unique<ServerImpl>();
  absl::Status status = server->Init(std::move(options));
  if (!status.ok()) return status;
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace terrace::rpc
