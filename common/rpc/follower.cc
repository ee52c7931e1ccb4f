#include "common/rpc/follower.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/base/check.h"

namespace terrace::rpc {
namespace {

bool EndsSnapshot(const google::protobuf::Message& message) {
  const google::protobuf::FieldDescriptor* kind = message.GetDescriptor()->FindFieldByName("kind");
  TERRACE_CHECK(kind != nullptr && kind->enum_type() != nullptr);
  return absl::EndsWith(message.GetReflection()->GetEnum(message, kind)->name(), "SNAPSHOT_END");
}

}  // namespace

FollowerBase::FollowerBase(std::shared_ptr<Channel> channel, std::string method, std::string file)
    : channel_(std::move(channel)), method_(std::move(method)) {
  if (!file.empty()) file_ = std::make_unique<FeedFile>(std::move(file));
}

void FollowerBase::Start() {
  // Before anything else: whoever made the follower may serve from what was kept.
  if (file_ != nullptr) {
    std::unique_ptr<google::protobuf::Message> message = NewReply();
    file_->Replay([&](absl::string_view bytes) {
      TERRACE_CHECK(message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      Hear(*message);
    });
  }
  if (!after_) StartOver();
  thread_ = std::thread([this] { Run(); });
}

void FollowerBase::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    if (stream_ != nullptr) stream_->Cancel();
  }
  thread_.join();
}

bool FollowerBase::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

FollowerState FollowerBase::state() const {
  absl::MutexLock lock(&mu_);
  return state_;
}

void FollowerBase::Run() {
  absl::Duration delay = kFollowRetryFirst;
  while (!Stopping()) {
    const absl::Time began = absl::Now();
    const absl::Status status = RunStream();
    if (absl::IsOutOfRange(status)) {
      StartOver();
      delay = kFollowRetryFirst;
      continue;
    }
    // A stream that broke in the middle of its snapshot starts over.
    if (!after_) StartOver();
    if (absl::Now() - began > kFollowRetryMost) delay = kFollowRetryFirst;
    absl::MutexLock lock(&mu_);
    state_.connected = false;
    mu_.AwaitWithTimeout(absl::Condition(&stopping_), delay);
    delay = std::min(delay * 2, kFollowRetryMost);
  }
}

void FollowerBase::StartOver() {
  after_.reset();
  Reset();
  if (file_ != nullptr) file_->Begin();
}

// Takes a message, from the stream or from the file.
void FollowerBase::Hear(const google::protobuf::Message& message) {
  const absl::optional<types::v1::Cursor> cursor = Take(message);
  // Before the end of the snapshot there is nothing to go on from.
  if (!cursor || (!after_ && !EndsSnapshot(message))) return;
  after_ = cursor;
  absl::MutexLock lock(&mu_);
  state_.cursor = *cursor;
}

absl::Status FollowerBase::RunStream() {
  std::unique_ptr<Stream> stream = channel_->Open(method_);
  {
    absl::MutexLock lock(&mu_);
    if (stopping_) return absl::CancelledError();
    stream_ = stream.get();
  }
  stream->Write(*Request(after_));
  stream->WritesDone();
  std::unique_ptr<google::protobuf::Message> reply = NewReply();
  while (stream->Read(reply.get())) {
    Hear(*reply);
    if (file_ != nullptr && !file_->Append(reply->SerializeAsString(), EndsSnapshot(*reply)).ok()) {
      file_.reset();  // It is a cache: without it, the next start asks upstream for everything.
    }
    reply->Clear();
    {
      absl::MutexLock lock(&mu_);
      state_.last_heard = absl::Now();
      state_.connected = true;
    }
    if (file_ != nullptr && file_->Overgrown()) {
      after_.reset();
      stream->Cancel();
      break;
    }
  }
  {
    absl::MutexLock lock(&mu_);
    stream_ = nullptr;
  }
  // Of a stream that has ended by itself, a Cancel might hide why.
  return stream->Finish();
}

}  // namespace terrace::rpc
