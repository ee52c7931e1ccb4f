// Follows a Watch* RPC for ever: how a service keeps a mirror of another one.
//
// Concept. A thread opens the stream, hands every message to the sink, and after a break goes on
// after the last cursor received. When the stream's past is gone (OUT_OF_RANGE) the sink is told to
// forget what it holds, and a snapshot follows. With a file, what came is kept there and read again
// at the next start, so that the sink is filled before upstream answers.
//
// Thread-safety: the sink is called by the follower's thread alone. Destroying the follower ends
// the stream and joins.
#ifndef TERRACE_COMMON_RPC_FOLLOWER_H_
#define TERRACE_COMMON_RPC_FOLLOWER_H_

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/rpc/channel.h"
#include "common/rpc/feed_file.h"
#include "google/protobuf/message.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::rpc {

// How long a follower waits before it tries a broken stream again: doubled up to the most.
inline constexpr absl::Duration kFollowRetryFirst = absl::Milliseconds(20);
inline constexpr absl::Duration kFollowRetryMost = absl::Seconds(2);

// How far a follower has come.
struct FollowerState {
  types::v1::Cursor cursor;  // Its log id is empty before the first snapshot is whole.
  bool connected = false;    // Whether the stream is open.
  absl::Time last_heard = absl::InfinitePast();  // When the stream last brought a message.
};

// The part that does not depend on message types.
class FollowerBase {
 public:
  virtual ~FollowerBase() = default;
  FollowerBase(const FollowerBase&) = delete;
  FollowerBase& operator=(const FollowerBase&) = delete;

  FollowerState state() const;

 protected:
  // `file` is where the feed is kept; empty for nowhere.
  FollowerBase(std::shared_ptr<Channel> channel, std::string method, std::string file);
  // To be called first by the destructor of the derived class.
  void Stop();
  void Start();

  // Fills the request so that the stream goes on after `after`; returns the reply to read into.
  virtual std::unique_ptr<google::protobuf::Message> Request(
      const absl::optional<types::v1::Cursor>& after) const = 0;
  virtual std::unique_ptr<google::protobuf::Message> NewReply() const = 0;
  // Takes a message; returns its cursor when it carries one.
  virtual absl::optional<types::v1::Cursor> Take(const google::protobuf::Message& message) = 0;
  virtual void Reset() = 0;

 private:
  void Run();
  absl::Status RunStream();
  void StartOver();
  void Hear(const google::protobuf::Message& message);
  bool Stopping() const;

  const std::shared_ptr<Channel> channel_;
  const std::string method_;
  std::unique_ptr<FeedFile> file_;           // The thread's own, as the next one.
  absl::optional<types::v1::Cursor> after_;  // None before the snapshot is whole.

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Stream* stream_ ABSL_GUARDED_BY(mu_) = nullptr;
  FollowerState state_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

// Req has the field `after`, Resp the field `cursor`, both terrace.types.v1.Cursor, and a field
// `kind` whose value for the end of a snapshot is named ..._SNAPSHOT_END. on_message takes every
// message; on_reset forgets everything taken so far.
template <class Req, class Resp>
class Follower : public FollowerBase {
 public:
  Follower(std::shared_ptr<Channel> channel, std::string method, std::string file,
           absl::AnyInvocable<void(const Resp&)> on_message, absl::AnyInvocable<void()> on_reset)
      : FollowerBase(std::move(channel), std::move(method), std::move(file)),
        on_message_(std::move(on_message)),
        on_reset_(std::move(on_reset)) {
    Start();
  }
  ~Follower() override { Stop(); }

 private:
  std::unique_ptr<google::protobuf::Message> Request(
      const absl::optional<types::v1::Cursor>& after) const override {
    auto request = std::make_unique<Req>();
    if (after) *request->mutable_after() = *after;
    return request;
  }
  std::unique_ptr<google::protobuf::Message> NewReply() const override {
    return std::make_unique<Resp>();
  }
  absl::optional<types::v1::Cursor> Take(const google::protobuf::Message& message) override {
    const Resp& reply = static_cast<const Resp&>(message);
    on_message_(reply);
    if (!reply.has_cursor() || reply.cursor().log_id().empty()) return absl::nullopt;
    return reply.cursor();
  }
  void Reset() override { on_reset_(); }

  absl::AnyInvocable<void(const Resp&)> on_message_;
  absl::AnyInvocable<void()> on_reset_;
};

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_FOLLOWER_H_
