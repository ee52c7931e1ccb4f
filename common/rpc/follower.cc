#include "common/rpc/follower.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace terrace::rpc {

FollowerBase::FollowerBase(std::shared_ptr<Channel> channel, std::string method)
    : channel_(std::move(channel)), method_(std::move(method)) {}

void FollowerBase::Start() {
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

absl::Time FollowerBase::last_heard() const {
  absl::MutexLock lock(&mu_);
  return last_heard_;
}

absl::Status FollowerBase::status() const {
  absl::MutexLock lock(&mu_);
  return status_;
}

void FollowerBase::Run() {
  absl::Duration delay = kFollowRetryFirst;
  while (!Stopping()) {
    const absl::Time began = absl::Now();
    absl::Status status = RunStream();
    if (absl::IsOutOfRange(status)) {
      after_.reset();
      Reset();
      delay = kFollowRetryFirst;
      continue;
    }
    // A stream that broke in the middle of its snapshot starts over.
    if (!after_) Reset();
    if (absl::Now() - began > kFollowRetryMost) delay = kFollowRetryFirst;
    absl::MutexLock lock(&mu_);
    status_ = std::move(status);
    mu_.AwaitWithTimeout(absl::Condition(&stopping_), delay);
    delay = std::min(delay * 2, kFollowRetryMost);
  }
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
    absl::optional<types::v1::Cursor> cursor = Take(*reply);
    if (cursor) after_ = std::move(cursor);
    reply->Clear();
    absl::MutexLock lock(&mu_);
    last_heard_ = absl::Now();
    status_ = absl::OkStatus();
  }
  {
    absl::MutexLock lock(&mu_);
    stream_ = nullptr;
  }
  return stream->Finish();
}

}  // namespace terrace::rpc
