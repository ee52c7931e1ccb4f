#include "tests/robustness/caller.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/rpc/positions.h"
#include "common/rpc/status.h"
#include "common/store/cursor.h"
#include "google/protobuf/descriptor.h"
#include "services/terrace/client.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::robustness {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Between two attempts.
constexpr absl::Duration kPause = absl::Milliseconds(50);
constexpr char kDryRun[] = "validate_only";
// Of the changes that know a dry run, so many of a hundred are asked about first.
constexpr int kRehearsedPercent = 4;
// A read that is refused for so long is left out.
constexpr int kReadsMost = 20;

void SetText(const char* field, const std::string& value, Message* message) {
  const FieldDescriptor* descriptor = message->GetDescriptor()->FindFieldByName(field);
  if (descriptor != nullptr) message->GetReflection()->SetString(message, descriptor, value);
}

// The log that the reply's header speaks of: the service's own is named alone.
void TakePosition(const std::map<std::string, std::string>& headers, Call* call) {
  const auto found = headers.find(rpc::kPositionHeader);
  if (found == headers.end()) return;
  const rpc::Positions positions = rpc::ParsePositions(found->second);
  if (positions.size() != 1) return;
  call->service = positions.begin()->first;
  call->log_id = positions.begin()->second.log_id;
  call->revision = positions.begin()->second.revision.value;
}

}  // namespace

bool TryAgain(const absl::Status& status) {
  if (status.ok()) return false;
  // UNAVAILABLE, with whatever reason, asks to try again; without one it is the transport's word.
  return !DetailsOf(status) || absl::IsUnavailable(status) || HasReason(status, Reason::CONFLICT) ||
         HasReason(status, Reason::REVISION_NOT_REACHED);
}

void Rest(rpc::Channel& channel) {
  // Not asleep: gRPC connects on the threads of those who wait for it.
  if (channel.WaitForConnected(absl::Now() + kPause)) absl::SleepFor(kPause);
}

Caller::Caller(int client, uint64_t seed, std::vector<std::shared_ptr<rpc::Channel>> channels,
               History* history, const std::atomic<bool>* give_up)
    : client_(client),
      random_(seed),
      channels_(std::move(channels)),
      history_(history),
      give_up_(give_up) {}

std::string Caller::NewRequestId() {
  const uint64_t high = random_();
  const uint64_t low = random_();
  return absl::StrFormat("%08x-%04x-4%03x-a%03x-%012x", high >> 32, high >> 16 & 0xffff,
                         high & 0xfff, low >> 52, low & 0xffffffffffff);
}

absl::Status Caller::Change(const Message& request, Message* reply, Call call) {
  return Edit(request, reply, std::move(call), nullptr);
}

absl::Status Caller::Edit(const Message& request, Message* reply, Call call,
                          const std::function<std::string()>& etag) {
  absl::Status rehearsed;
  const std::string what = call.what;
  if (request.GetDescriptor()->FindFieldByName(kDryRun) != nullptr && Chance(kRehearsedPercent)) {
    const std::unique_ptr<Message> ignored(reply->New());
    rehearsed = DryRun(request, ignored.get(), {.what = what});
  }
  const absl::Status status = Send(request, reply, std::move(call), etag);
  // Only what others do, or what a later chunk finds, may make the change work after all.
  if (status.ok()) {
    Expect(rehearsed, absl::StrCat("dry run about ", what),
           {Reason::CODE_TAKEN, Reason::NO_MATCHING_UNIT});
  }
  return status;
}

absl::Status Caller::DryRun(const Message& request, Message* reply, Call call) {
  const std::unique_ptr<Message> stamped(request.New());
  stamped->CopyFrom(request);
  stamped->GetReflection()->SetBool(stamped.get(),
                                    stamped->GetDescriptor()->FindFieldByName(kDryRun), true);
  call.dry_run = true;
  call.in_header = false;
  return Send(*stamped, reply, std::move(call), nullptr);
}

absl::Status Caller::Send(const Message& request, Message* reply, Call call,
                          const std::function<std::string()>& etag) {
  const std::unique_ptr<Message> stamped(request.New());
  stamped->CopyFrom(request);
  call.request_id = NewRequestId();
  SetText("request_id", call.request_id, stamped.get());
  const std::string method = cli::MethodOf(request.GetDescriptor());
  return ChangeBy(
      method,
      [&](rpc::Channel& channel, absl::Time deadline, Call* made) {
        std::map<std::string, std::string> headers;
        const absl::Status status = channel.Call(method, *stamped, reply, deadline, &headers);
        if (status.ok()) TakePosition(headers, made);
        if (status.ok() && etag) made->edit->made = etag();
        return status;
      },
      std::move(call));
}

absl::Status Caller::ChangeBy(const std::string& method, const OnceFn& once, Call call) {
  call.client = client_;
  call.method = method;
  call.start = absl::Now();
  size_t way = Below(channels_.size());
  absl::Status status;
  while (!*give_up_) {
    ++call.attempts;
    status = once(*channels_[way], absl::Now() + Patience(), &call);
    call.end = absl::Now();
    if (!TryAgain(status)) break;
    Rest(*channels_[way]);
    way = (way + 1) % channels_.size();
  }
  if (TryAgain(status) || call.attempts == 0) {
    history_->Add(std::move(call));
    return absl::CancelledError("given up");
  }
  call.outcome = status.ok() ? Outcome::kAcknowledged : Outcome::kRefused;
  if (!status.ok()) call.reason = std::string(InfoOf(DetailsOf(status)->reason).name);
  if (status.ok() && !call.dry_run) {
    history_->AddAnswer(method);
    if (call.revision > 0) {
      last_[call.service] = {way, !call.in_header, {call.log_id, store::Revision{call.revision}}};
    }
  }
  history_->Add(std::move(call));
  return status;
}

absl::Status Caller::TryReads(const std::string& method, const std::function<size_t()>& way,
                              const std::function<absl::Status(rpc::Channel& channel)>& once) {
  for (int i = 0; i < kReadsMost && !*give_up_; ++i) {
    rpc::Channel& channel = *channels_[way()];
    const absl::Status status = once(channel);
    if (status.ok()) history_->AddAnswer(method);
    if (!TryAgain(status)) return status;
    Rest(channel);
  }
  return absl::CancelledError("given up");
}

absl::Status Caller::Read(const Message& request, Message* reply) {
  const std::string method = cli::MethodOf(request.GetDescriptor());
  return TryReads(
      method, [this] { return Below(channels_.size()); },
      [&](rpc::Channel& channel) {
        return channel.Call(method, request, reply, absl::Now() + Patience());
      });
}

void Caller::AskForLastChange(Message* request) {
  const FieldDescriptor* field = request->GetDescriptor()->FindFieldByName("min_revision");
  const std::string service = ServiceOf(cli::MethodOf(request->GetDescriptor()));
  const auto last = last_.find(service);
  if (field == nullptr || last == last_.end()) return;
  Message* const asked = request->GetReflection()->MutableMessage(request, field);
  // Scores follow from several logs, whose positions stand under their services' names.
  const FieldDescriptor* part = asked->GetDescriptor()->FindFieldByName(service);
  auto* least = static_cast<types::v1::Cursor*>(
      part == nullptr ? asked : asked->GetReflection()->MutableMessage(asked, part));
  *least = store::ToProto(last->second.position);
}

absl::Status Caller::ReadAfterChange(const Message& request, Message* reply, std::string* how) {
  const std::string method = cli::MethodOf(request.GetDescriptor());
  const auto last = last_.find(ServiceOf(method));
  if (last == last_.end()) {
    *how = "nothing before";
    return Read(request, reply);
  }
  const LastChange& change = last->second;
  // The answers on a stream tell their position in the body alone, so nothing of it is sent along.
  const bool asks = request.GetDescriptor()->FindFieldByName("min_revision") != nullptr &&
                    (change.by_stream || Chance(50));
  const std::unique_ptr<Message> stamped(request.New());
  stamped->CopyFrom(request);
  if (asks) AskForLastChange(stamped.get());
  *how = asks ? "min_revision" : "terrace-seen";
  const size_t way = asks ? Below(channels_.size()) : change.way;
  return TryReads(
      method, [way] { return way; },
      [&](rpc::Channel& channel) {
        return channel.Call(method, *stamped, reply, absl::Now() + Patience());
      });
}

absl::Status Caller::Follow(const Message& request,
                            const std::function<bool(rpc::Stream& stream)>& take) {
  const std::string method = cli::MethodOf(request.GetDescriptor());
  return TryReads(
      method, [this] { return Below(channels_.size()); },
      [&](rpc::Channel& channel) {
        const std::unique_ptr<rpc::Stream> stream = channel.Open(method, absl::Now() + Patience());
        if (stream->Write(request)) stream->WritesDone();
        const bool enough = take(*stream);
        if (enough) stream->Cancel();
        const absl::Status status = stream->Finish();
        return enough ? absl::OkStatus() : status;
      });
}

bool Caller::Await(google::longrunning::Operation* operation,
                   std::initializer_list<Reason> lawful) {
  while (!operation->done()) {
    google::longrunning::WaitOperationRequest wait;
    wait.set_name(operation->name());
    wait.mutable_timeout()->set_seconds(1);
    if (!Expect(Read(wait, operation), absl::StrCat("wait for ", wait.name()))) return false;
  }
  if (!operation->has_error()) return true;
  return Expect(rpc::FromRpcStatus(operation->error()), operation->name(), lawful);
}

bool Caller::Expect(const absl::Status& status, const std::string& what,
                    std::initializer_list<Reason> lawful) {
  if (status.ok()) return true;
  if (absl::IsCancelled(status) && !DetailsOf(status)) return false;
  for (Reason reason : lawful) {
    if (HasReason(status, reason)) return false;
  }
  history_->Add(Surprise{client_, what, status.ToString(), absl::Now()});
  return false;
}

void Caller::Compare(const std::string& what, const std::string& expected, const std::string& found,
                     const std::string& how) {
  history_->Add(ReadBack{client_, what, expected, found, how, absl::Now()});
}

}  // namespace terrace::robustness
