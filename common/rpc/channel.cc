#include "common/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/access/authenticator.h"
#include "common/base/check.h"
#include "common/base/file.h"
#include "common/rpc/bytes.h"
#include "common/rpc/positions.h"
#include "common/rpc/server.h"
#include "google/protobuf/descriptor.h"

namespace terrace::rpc {

namespace {

// What the answer says that it speaks for.
absl::string_view PositionOf(const grpc::ClientContext& context) {
  const auto& headers = context.GetServerInitialMetadata();
  const auto found = headers.find(kPositionHeader);
  if (found == headers.end()) return "";
  return absl::string_view(found->second.data(), found->second.size());
}

}  // namespace

struct Channel::Seen {
  absl::Mutex mu;
  Positions positions ABSL_GUARDED_BY(mu);

  void SendAlong(grpc::ClientContext* context) {
    absl::MutexLock lock(&mu);
    if (!positions.empty()) context->AddMetadata(kSeenHeader, FormatPositions(positions));
  }
  void Take(const grpc::ClientContext& context) {
    const Positions more = ParsePositions(PositionOf(context));
    if (more.empty()) return;
    absl::MutexLock lock(&mu);
    MergePositions(more, &positions);
  }
};

namespace {

constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr int kKeepaliveMs = 30000;
constexpr int kKeepaliveTimeoutMs = 10000;

std::chrono::system_clock::time_point ToChrono(absl::Time time) {
  // gRPC has no infinite deadline of this type; a year is one.
  return absl::ToChronoTime(std::min(time, absl::Now() + absl::Hours(24 * 365)));
}

void SayWhoCalls(const CallerOptions& caller, grpc::ClientContext* context) {
  if (!caller.token.empty()) {
    context->AddMetadata("authorization", absl::StrCat("Bearer ", caller.token));
  }
  if (caller.signed_identity) {
    context->AddMetadata(access::kIdentityHeader, caller.signed_identity());
  }
}

// Without authorities nobody is trusted, and calls say so.
std::shared_ptr<grpc::ChannelCredentials> Tls(const std::string& authorities_file) {
  grpc::SslCredentialsOptions options;
  absl::StatusOr<std::string> authorities =
      ReadFile(authorities_file.empty() ? kSystemAuthorities : authorities_file);
  if (authorities.ok()) options.pem_root_certs = *std::move(authorities);
  return grpc::SslCredentials(options);
}

// How gRPC spreads calls: in turn over the servers that say they are healthy. A server that drains
// says that it is not, and gets no more; what reached it too late to be answered ends as CANCELLED
// there, and may be tried elsewhere. Callers who cancel end their calls by themselves.
std::string ServiceConfig(const std::vector<std::string>& services) {
  std::vector<std::string> safe;
  for (const std::string& name : services) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    TERRACE_CHECK(service != nullptr);
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      if (method.options().idempotency_level() !=
          google::protobuf::MethodOptions::NO_SIDE_EFFECTS) {
        continue;
      }
      safe.push_back(
          absl::StrCat(R"({"service":")", name, R"(","method":")", method.name(), R"("})"));
    }
  }
  std::string retries;
  if (!safe.empty()) {
    retries = absl::StrCat(R"(,"methodConfig":[{"name":[)", absl::StrJoin(safe, ","),
                           R"(],"retryPolicy":{"maxAttempts":4,"initialBackoff":"0.05s",)",
                           R"("maxBackoff":"0.5s","backoffMultiplier":2,)",
                           R"("retryableStatusCodes":["UNAVAILABLE","CANCELLED"]}}])");
  }
  return absl::StrCat(R"({"loadBalancingConfig":[{"round_robin":{}}],)",
                      R"("healthCheckConfig":{"serviceName":""})", retries, "}");
}

// One operation at a time on a completion queue of its own: the caller's thread is the poller, so
// no other thread is woken up.
class GenericStream : public Stream {
 public:
  GenericStream(const std::shared_ptr<grpc::Channel>& channel, absl::string_view method,
                const CallerOptions& caller, std::shared_ptr<Channel::Seen> seen,
                absl::Time deadline)
      : stub_(channel), seen_(std::move(seen)) {
    context_.set_deadline(ToChrono(deadline));
    SayWhoCalls(caller, &context_);
    if (seen_ != nullptr) seen_->SendAlong(&context_);
    call_ = stub_.PrepareCall(&context_, std::string(method), &queue_);
    call_->StartCall(this);
    started_ = Await();
  }

  ~GenericStream() override {
    if (!finished_) {
      context_.TryCancel();
      Finish().IgnoreError();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Write(const google::protobuf::Message& message) override {
    if (!started_) return false;
    call_->Write(ToBytes(message), this);
    return Await();
  }

  void WritesDone() override {
    if (!started_) return;
    call_->WritesDone(this);
    Await();
  }

  bool Read(google::protobuf::Message* message) override {
    if (!started_) return false;
    grpc::ByteBuffer buffer;
    call_->Read(&buffer, this);
    if (!Await()) return false;
    grpc::Slice slice;
    parse_ = ParseMessage(Flatten(buffer, &slice), message);
    return parse_.ok();
  }

  absl::Status Finish() override {
    if (finished_) return status_;
    finished_ = true;
    grpc::Status status;
    if (!parse_.ok()) context_.TryCancel();
    call_->Finish(&status, this);
    Await();
    if (seen_ != nullptr) seen_->Take(context_);
    status_ = parse_.ok() ? FromGrpc(status) : parse_;
    return status_;
  }

  void Cancel() override { context_.TryCancel(); }

  void Headers(std::map<std::string, std::string>* headers) const {
    for (const auto& [key, value] : context_.GetServerInitialMetadata()) {
      (*headers)[std::string(key.data(), key.size())] = std::string(value.data(), value.size());
    }
  }

 private:
  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  const std::shared_ptr<Channel::Seen> seen_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool started_ = false;
  bool finished_ = false;
  absl::Status parse_;
  absl::Status status_;
};

}  // namespace

std::shared_ptr<Channel> Channel::Connect(const std::string& address, CallerOptions caller,
                                          const std::vector<std::string>& services) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kTransportBytesMax);
  arguments.SetServiceConfigJSON(ServiceConfig(services));
  // gRPC knows lists of addresses, but not of names.
  const std::string target =
      absl::StrContains(address, ',') ? absl::StrCat("ipv4:", address) : address;
  absl::string_view name = address;
  std::shared_ptr<grpc::Channel> channel;
  if (absl::ConsumePrefix(&name, "https://")) {
    channel = grpc::CreateCustomChannel(std::string(name), Tls(caller.authorities_file), arguments);
  } else {
    channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }
  return std::make_shared<Channel>(std::move(channel), std::move(caller));
}

Channel::Channel(std::shared_ptr<grpc::Channel> channel, CallerOptions caller)
    : channel_(std::move(channel)),
      caller_(std::move(caller)),
      seen_(caller_.token.empty() ? nullptr : std::make_shared<Seen>()) {}

Channel::~Channel() = default;

absl::Status Channel::Call(absl::string_view method, const google::protobuf::Message& request,
                           google::protobuf::Message* reply, absl::Time deadline,
                           std::map<std::string, std::string>* headers) {
  GenericStream stream(channel_, method, caller_, seen_, deadline);
  stream.Write(request);
  stream.WritesDone();
  const bool answered = stream.Read(reply);
  absl::Status status = stream.Finish();
  if (headers != nullptr) stream.Headers(headers);
  if (status.ok() && !answered) return absl::InternalError("the answer holds no message");
  return status;
}

void Channel::CallAsync(absl::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* reply, absl::Time deadline,
                        absl::optional<OnBehalf> on_behalf,
                        absl::AnyInvocable<void(absl::Status)> done) {
  struct Running {
    explicit Running(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub;
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer reply;
    absl::AnyInvocable<void(absl::Status)> done;
  };
  auto call = std::make_shared<Running>(channel_);
  call->context.set_deadline(ToChrono(deadline));
  std::string* const position = on_behalf ? on_behalf->position : nullptr;
  if (on_behalf) {
    call->context.AddMetadata(access::kIdentityHeader, on_behalf->signed_identity);
  } else {
    SayWhoCalls(caller_, &call->context);
  }
  call->request = ToBytes(request);
  call->done = std::move(done);
  call->stub.UnaryCall(&call->context, std::string(method), grpc::StubOptions(), &call->request,
                       &call->reply, [call, reply, position](const grpc::Status& status) {
                         absl::Status result = FromGrpc(status);
                         grpc::Slice slice;
                         if (result.ok()) {
                           result = ParseMessage(Flatten(call->reply, &slice), reply);
                         }
                         if (position != nullptr) {
                           *position = std::string(PositionOf(call->context));
                         }
                         call->done(std::move(result));
                       });
}

std::unique_ptr<Stream> Channel::Open(absl::string_view method, absl::Time deadline) {
  return std::make_unique<GenericStream>(channel_, method, caller_, seen_, deadline);
}

bool Channel::WaitForConnected(absl::Time deadline) {
  return channel_->WaitForConnected(ToChrono(deadline));
}

}  // namespace terrace::rpc
