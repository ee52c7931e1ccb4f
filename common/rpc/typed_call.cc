// One call that a typed handler answers, of any of the four kinds.
//
//   message in -> access rule on its bytes -> parse -> check texts, enums, numbers
//              -> wait for min_revision -> handler -> message out
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/rpc/bytes.h"
#include "common/rpc/server_core.h"

namespace terrace::rpc {
namespace {

class TypedCall : public grpc::ServerGenericBidiReactor, public EndableCall {
 public:
  TypedCall(ServerCore* core, const Target* target, grpc::GenericCallbackServerContext* context,
            access::Identity identity)
      : core_(core),
        target_(target),
        context_(context),
        credentials_(CredentialsOf(*context)),
        checked_(absl::Now()),
        started_(checked_) {
    call_.identity = std::move(identity);
    call_.method = context->method();
    call_.received = core->options.clock->Now();
    call_.deadline = DeadlineOf(*context);
    call_.tree = core->options.tree();
    if (method().receiver) receiver_ = method().receiver(call_);
    {
      absl::MutexLock lock(&core->mu);
      core->calls.insert(this);
    }
    StartRead(&in_);
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      core_->options.executor != nullptr&& receiver_ != nullptr
          ? core_->options.executor->Post([this] { Receive(); })
          : Receive();
    } else if (receiver_ == nullptr) {
      // Unary and server streams read once; without that message there is no request.
      End(Error(Reason::STREAM_INCOMPLETE, {{"detail", "no request was sent"}}));
    } else if (context_->IsCancelled()) {
      End(absl::CancelledError("the caller is gone"));
    } else {
      NewReply();
      core_->options.executor->Post([this] {
        receiver_->OnEnd(reply_.get(), [this](absl::Status status) {
          if (!status.ok() || target_->descriptor->server_streaming()) {
            End(std::move(status));
          } else {
            SendLast();
          }
        });
      });
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      End(absl::CancelledError("the caller is gone"));
    } else if (receiver_ != nullptr) {
      StartRead(&in_);
    } else {
      NextOfSource();
    }
  }

  void OnCancel() override {
    Source* source = nullptr;
    {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
      source = source_.get();
    }
    if (source != nullptr) source->Cancel();
    if (receiver_ != nullptr) receiver_->Cancel();
  }

  void EndForShutdown() override {
    Source* source = nullptr;
    {
      absl::MutexLock lock(&mu_);
      shutdown_ = true;
      source = source_.get();
    }
    if (source != nullptr) source->Cancel();
  }

  void OnDone() override {
    target_->counter->Add(failed_, absl::Now() - started_);
    bool waits = false;
    {
      // A source may wait for its thread, which may wait for a call of its own: that must go on, so
      // the thread of gRPC that runs this does not wait.
      absl::MutexLock lock(&mu_);
      waits = source_ != nullptr && core_->options.executor != nullptr;
    }
    if (waits) {
      core_->options.executor->Post([this] { Delete(); });
    } else {
      Delete();
    }
  }

 private:
  void Delete() {
    ServerCore* const core = core_;
    {
      absl::MutexLock lock(&core->mu);
      core->calls.erase(this);
      ++core->ending;
    }
    delete this;
    absl::MutexLock lock(&core->mu);
    --core->ending;
  }

  const Method& method() const { return *target_->method; }

  void NewReply() {
    const google::protobuf::Message* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(
            target_->descriptor->output_type());
    reply_.reset(prototype->New());
  }

  void Receive() {
    if (in_.Length() > static_cast<size_t>(kMessageBytesMax)) {
      End(Error(Reason::MESSAGE_TOO_LARGE, {{"limit", absl::StrCat(kMessageBytesMax)}}));
      return;
    }
    grpc::Slice slice;
    bytes_ = std::string(Flatten(in_, &slice));
    core_->Check(*target_, call_.identity, bytes_, *context_, [this](absl::Status status) {
      if (status.ok()) status = Parse();
      if (!status.ok()) {
        End(std::move(status));
        return;
      }
      if (core_->options.before == nullptr) {
        WaitForSeen();
        return;
      }
      core_->options.before(*request_, call_.deadline, Then([this] { WaitForSeen(); }));
    });
  }

  // What State includes it keeps, so later messages of a stream need not wait again.
  void WaitForSeen() {
    const bool first = !std::exchange(waited_for_seen_, true);
    if (first) call_.seen = SeenBy(*context_);
    if (!first || core_->options.wait_for_seen == nullptr || call_.seen.empty()) {
      Wait();
      return;
    }
    core_->options.wait_for_seen(target_->descriptor->service()->full_name(), call_.seen,
                                 call_.deadline, Then([this] { Wait(); }));
  }

  void Wait() {
    target_->methods->Wait(*request_, call_.deadline, Then([this] { Handle(); }));
  }

  // Goes on with `step`, or ends the call with what went wrong.
  template <class Step>
  StatusDone Then(Step step) {
    return [this, step = std::move(step)](absl::Status status) mutable {
      if (status.ok()) {
        step();
      } else {
        End(std::move(status));
      }
    };
  }

  absl::Status Parse() {
    const google::protobuf::Message* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(
            target_->descriptor->input_type());
    request_.reset(prototype->New());
    absl::Status status = ParseMessage(bytes_, request_.get());
    if (!status.ok()) return status;
    bytes_.clear();
    call_.tree = core_->options.tree();
    // Streams take rows one by one and answer for each, so they check each row themselves.
    return receiver_ != nullptr ? absl::OkStatus() : CheckMessage(*request_);
  }

  void Handle() {
    NewReply();
    if (method().source) {
      HandleSource();
    } else if (receiver_ != nullptr) {
      const bool bidi = target_->descriptor->server_streaming();
      receiver_->OnMessage(*request_, bidi ? reply_.get() : nullptr,
                           [this, bidi](absl::Status status) {
                             if (!status.ok()) {
                               End(std::move(status));
                             } else if (bidi) {
                               out_ = ToBytes(*reply_);
                               StartWrite(&out_);
                             } else {
                               StartRead(&in_);
                             }
                           });
    } else if (method().on_executor) {
      core_->options.executor->Post([this] { HandleUnary(); });
    } else {
      HandleUnary();
    }
  }

  void HandleUnary() {
    method().unary(call_, *request_, reply_.get(), [this](absl::Status status) {
      if (status.ok()) {
        SendLast();
      } else {
        End(std::move(status));
      }
    });
  }

  void HandleSource() {
    absl::StatusOr<std::unique_ptr<Source>> source = method().source(call_, *request_);
    if (!source.ok()) {
      End(source.status());
      return;
    }
    bool cancelled = false;
    {
      absl::MutexLock lock(&mu_);
      source_ = *std::move(source);
      cancelled = cancelled_ || shutdown_;
    }
    if (cancelled) {
      End(Error(Reason::SHUTTING_DOWN));
      return;
    }
    NextOfSource();
  }

  void NextOfSource() {
    absl::Status allowed = Recheck();
    if (!allowed.ok()) {
      End(std::move(allowed));
      return;
    }
    core_->options.executor->Post([this] {
      reply_->Clear();
      source_->Next(reply_.get(), [this](absl::StatusOr<bool> more) {
        if (!more.ok() || !*more) {
          End(ShuttingDown() ? Error(Reason::SHUTTING_DOWN)
              : more.ok()    ? absl::OkStatus()
                             : more.status());
          return;
        }
        out_ = ToBytes(*reply_);
        StartWrite(&out_);
      });
    });
  }

  bool ShuttingDown() {
    absl::MutexLock lock(&mu_);
    return shutdown_;
  }

  // Open streams ask again whether their token is still good. A signed identity speaks for one
  // call; there the gateway asks.
  absl::Status Recheck() {
    const absl::Time now = absl::Now();
    if (credentials_.authorization.empty() || now - checked_ < kStreamRecheck) {
      return absl::OkStatus();
    }
    checked_ = now;
    absl::StatusOr<access::Identity> identity =
        core_->options.authenticator->Authenticate(credentials_, core_->options.clock->Now());
    if (!identity.ok()) return identity.status();
    if (identity->grants != call_.identity.grants) return Error(Reason::SCOPE_CHANGED);
    return absl::OkStatus();
  }

  void SendLast() {
    if (!call_.position.empty()) context_->AddInitialMetadata(kPositionHeader, call_.position);
    out_ = ToBytes(*reply_);
    StartWriteAndFinish(&out_, grpc::WriteOptions(), grpc::Status::OK);
  }

  void End(absl::Status status) {
    failed_ = !status.ok();
    Finish(ToGrpc(status));
  }

  ServerCore* const core_;
  const Target* const target_;
  grpc::GenericCallbackServerContext* const context_;
  const access::Credentials credentials_;
  Call call_;
  absl::Time checked_;
  const absl::Time started_;
  bool failed_ = false;
  bool waited_for_seen_ = false;

  grpc::ByteBuffer in_;
  grpc::ByteBuffer out_;
  std::string bytes_;
  std::unique_ptr<google::protobuf::Message> request_;
  std::unique_ptr<google::protobuf::Message> reply_;
  std::unique_ptr<Receiver> receiver_;

  absl::Mutex mu_;
  // Set once; used without the lock by the call's own steps, which run one after the other.
  std::unique_ptr<Source> source_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool shutdown_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

grpc::ServerGenericBidiReactor* NewTypedCall(ServerCore* core, const Target* target,
                                             grpc::GenericCallbackServerContext* context,
                                             access::Identity identity) {
  return new TypedCall(core, target, context, std::move(identity));
}

}  // namespace terrace::rpc
