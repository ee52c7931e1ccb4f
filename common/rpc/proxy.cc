// One call that another process answers: bytes are checked against the access rule and forwarded
// unchanged, in both directions, with deadline, cancellation, metadata and rich errors.
//
// Every kind runs as a bidirectional stream upstream. Each direction has one message under way: the
// next is read only when the last one has been written, which carries flow control through.
#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/rpc/bytes.h"
#include "common/rpc/server_core.h"

namespace terrace::rpc {
namespace {

// Headers that belong to one hop or are made anew.
bool IsOfTheHop(absl::string_view key) {
  return absl::StartsWith(key, ":") || absl::StartsWith(key, "grpc-") || key == "user-agent" ||
         key == "te" || key == "content-type" || key == "authorization" ||
         key == access::kIdentityHeader;
}

class ProxyCall : public grpc::ServerGenericBidiReactor, public EndableCall {
 public:
  ProxyCall(ServerCore* core, const Target* target, grpc::GenericCallbackServerContext* context,
            access::Identity identity)
      : core_(core),
        target_(target),
        context_(context),
        credentials_(CredentialsOf(*context)),
        identity_(std::move(identity)),
        checked_(absl::Now()),
        started_(checked_),
        stub_(target->route->channel->grpc_channel()),
        upstream_(this) {
    upstream_context_.set_deadline(context->deadline());
    for (const auto& [key, value] : context->client_metadata()) {
      std::string name(key.data(), key.size());
      if (!IsOfTheHop(name)) {
        upstream_context_.AddMetadata(name, std::string(value.data(), value.size()));
      }
    }
    upstream_context_.AddMetadata(
        access::kIdentityHeader, core->options.signer->Sign(identity_, core->options.clock->Now()));
    {
      absl::MutexLock lock(&core->mu);
      core->calls.insert(this);
    }
    stub_.PrepareBidiStreamingCall(&upstream_context_, context->method(), grpc::StubOptions(),
                                   &upstream_);
    // Reads and writes upstream are started by the reactions of this side.
    upstream_.AddMultipleHolds(2);
    upstream_.StartCall();
    upstream_.StartRead(&down_);
    StartRead(&up_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      if (Leave(UpState::kReading, UpState::kClosed)) {
        upstream_.StartWritesDone();
        upstream_.RemoveHold();
      }
      return;
    }
    if (!Leave(UpState::kReading, UpState::kChecking)) return;
    if (up_.Length() > static_cast<size_t>(kMessageBytesMax)) {
      Refuse(Error(Reason::MESSAGE_TOO_LARGE, {{"limit", absl::StrCat(kMessageBytesMax)}}));
      return;
    }
    grpc::Slice slice;
    core_->Check(*target_, identity_, std::string(Flatten(up_, &slice)), *context_,
                 [this](absl::Status status) {
                   if (!status.ok()) {
                     Refuse(std::move(status));
                   } else if (Leave(UpState::kChecking, UpState::kWriting)) {
                     upstream_.StartWrite(&up_);
                   }
                 });
  }

  void OnWriteDone(bool ok) override {
    if (!ok) upstream_context_.TryCancel();
    upstream_.StartRead(&down_);
  }

  void OnCancel() override { upstream_context_.TryCancel(); }

  void EndForShutdown() override {
    if (target_->descriptor->server_streaming()) {
      SetRefusal(Error(Reason::SHUTTING_DOWN));
      upstream_context_.TryCancel();
    }
  }

  void OnDone() override {
    {
      absl::MutexLock lock(&core_->mu);
      core_->calls.erase(this);
    }
    target_->counter->Add(failed_, absl::Now() - started_);
    delete this;
  }

 private:
  class Upstream : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit Upstream(ProxyCall* call) : call_(call) {}
    void OnReadDone(bool ok) override { call_->OnUpstreamRead(ok); }
    void OnWriteDone(bool ok) override { call_->OnUpstreamWrite(ok); }
    void OnDone(const grpc::Status& status) override { call_->OnUpstreamDone(status); }

   private:
    ProxyCall* const call_;
  };

  void OnUpstreamRead(bool ok) {
    if (!ok) {
      // Upstream is over. A write under way gives its hold up by itself.
      bool idle = false;
      {
        absl::MutexLock lock(&mu_);
        upstream_over_ = true;
        idle = up_state_ == UpState::kReading || up_state_ == UpState::kChecking;
        if (idle) up_state_ = UpState::kClosed;
      }
      if (idle) upstream_.RemoveHold();
      upstream_.RemoveHold();
      return;
    }
    absl::Status allowed = Recheck();
    if (!allowed.ok()) {
      SetRefusal(std::move(allowed));
      upstream_context_.TryCancel();
      upstream_.StartRead(&down_);
      return;
    }
    if (!headers_sent_) {
      headers_sent_ = true;
      for (const auto& [key, value] : upstream_context_.GetServerInitialMetadata()) {
        std::string name(key.data(), key.size());
        if (!IsOfTheHop(name)) {
          context_->AddInitialMetadata(name, std::string(value.data(), value.size()));
        }
      }
    }
    StartWrite(&down_);
  }

  void OnUpstreamWrite(bool ok) {
    bool go_on = false;
    {
      absl::MutexLock lock(&mu_);
      go_on = ok && !upstream_over_;
      up_state_ = go_on ? UpState::kReading : UpState::kClosed;
    }
    if (go_on) {
      StartRead(&up_);
    } else {
      upstream_.RemoveHold();  // Upstream is over; its status says why.
    }
  }

  // Where the direction to upstream stands. Whoever moves it to kClosed gives up its hold.
  enum class UpState { kReading, kChecking, kWriting, kClosed };

  // Moves on from `from`; false when upstream ended meanwhile.
  bool Leave(UpState from, UpState to) {
    absl::MutexLock lock(&mu_);
    if (up_state_ != from) return false;
    up_state_ = to;
    return true;
  }

  void OnUpstreamDone(const grpc::Status& status) {
    for (const auto& [key, value] : upstream_context_.GetServerTrailingMetadata()) {
      std::string name(key.data(), key.size());
      if (!IsOfTheHop(name)) {
        context_->AddTrailingMetadata(name, std::string(value.data(), value.size()));
      }
    }
    absl::Status refusal;
    {
      absl::MutexLock lock(&mu_);
      refusal = refusal_;
    }
    if (!refusal.ok()) {
      failed_ = true;
      Finish(ToGrpc(refusal));
    } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
               status.error_details().empty()) {
      failed_ = true;
      Finish(ToGrpc(Error(Reason::UPSTREAM_DOWN, {{"service", target_->route->service}})));
    } else {
      failed_ = !status.ok();
      Finish(status);
    }
  }

  void SetRefusal(absl::Status status) {
    absl::MutexLock lock(&mu_);
    if (refusal_.ok()) refusal_ = std::move(status);
  }

  // Ends the call with this status: upstream is cancelled, and its end finishes the call.
  void Refuse(absl::Status status) {
    SetRefusal(std::move(status));
    upstream_context_.TryCancel();
    if (Leave(UpState::kChecking, UpState::kClosed)) upstream_.RemoveHold();
  }

  absl::Status Recheck() {
    const absl::Time now = absl::Now();
    if (!target_->descriptor->server_streaming() || now - checked_ < kStreamRecheck) {
      return absl::OkStatus();
    }
    checked_ = now;
    absl::StatusOr<access::Identity> identity =
        core_->options.authenticator->Authenticate(credentials_, core_->options.clock->Now());
    if (!identity.ok()) return identity.status();
    return identity->grants == identity_.grants ? absl::OkStatus() : Error(Reason::SCOPE_CHANGED);
  }

  ServerCore* const core_;
  const Target* const target_;
  grpc::GenericCallbackServerContext* const context_;
  const access::Credentials credentials_;
  const access::Identity identity_;
  absl::Time checked_;
  const absl::Time started_;
  bool failed_ = false;
  bool headers_sent_ = false;

  grpc::ByteBuffer up_;    // From the caller to upstream.
  grpc::ByteBuffer down_;  // From upstream to the caller.
  grpc::ClientContext upstream_context_;
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub_;
  Upstream upstream_;

  absl::Mutex mu_;
  UpState up_state_ ABSL_GUARDED_BY(mu_) = UpState::kReading;
  bool upstream_over_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

grpc::ServerGenericBidiReactor* NewProxyCall(ServerCore* core, const Target* target,
                                             grpc::GenericCallbackServerContext* context,
                                             access::Identity identity) {
  return new ProxyCall(core, target, context, std::move(identity));
}

}  // namespace terrace::rpc
