// A role's way to the master: finds it, connects, makes sure that its log is the one that was
// followed so far, and starts over after whatever breaks that.
//
// One thread at a time, except Interrupt.
#ifndef TERRACE_COMMON_STORE_REDIS_SESSION_H_
#define TERRACE_COMMON_STORE_REDIS_SESSION_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/store/redis/keyspace.h"
#include "common/store/redis/link.h"
#include "common/store/redis/reply.h"
#include "common/store/redis/scripts.h"
#include "common/store/redis/server_info.h"

namespace terrace::store::redis {

// Writer and tail take up the log when they connect; a reader goes by the log id that each of its
// scripts is given.
enum class Role { kWriter, kTail, kReader };

class Session {
 public:
  Session(Keyspace* keyspace, Role role) : keyspace_(keyspace), role_(role) {}

  // There is a connection to the master, with the log as the keyspace knows it. Tries until then,
  // once at least; FAILED_PRECONDITION when trying again will not help.
  absl::Status Ensure(absl::Time deadline);

  // After Ensure. What was appended must be received, or the session dropped.
  Link& link() { return *link_; }
  void AppendScript(Script script, absl::Span<const absl::string_view> args);
  absl::Duration timeout() const { return keyspace_->config.timeout; }

  // After Ensure: whether enough replicas have the log up to the batch, which the server still has.
  // UNAVAILABLE when it has not, or answered with an error. Without a batch id: all that the server
  // has. Both are asked at once: a master that hung, was replaced, took over the log of its
  // successor and is master again still knows this connection, but not what was read over it.
  absl::StatusOr<bool> IsReplicated(const std::string& batch_id);

  // The master has at most so many replicas, as far as this session knows.
  int replicas() const { return replicas_; }

  // Gives up the connection: it broke, or what is known about the log is to be looked at again.
  void Drop();

  // What the error of a command that was not executed says about where to send it next.
  void Learn(const ErrorReply& error, const Address& from);

  // Runs a script that may run again. UNAVAILABLE when it could not; INTERNAL when the server
  // refuses it.
  absl::StatusOr<ReplyPtr> Run(Script script, absl::Span<const absl::string_view> args);
  // The same for so many commands, which `append` appends to the link.
  absl::StatusOr<std::vector<ReplyPtr>> Run(int count, absl::FunctionRef<void()> append);

  // From any thread.
  void Interrupt();

 private:
  absl::Status Connect();
  absl::Status Greet(Link* link);
  absl::Status CheckServer(Link* link);
  absl::Status LoadScripts(Link* link);
  absl::Status TakeUpLog(Link* link);
  absl::StatusOr<bool> IsReplicated(Link* link, const std::string& batch_id);
  void AppendScript(Link* link, Script script, absl::Span<const absl::string_view> args);

  Keyspace* const keyspace_;
  const Role role_;
  int generation_ = 0;
  absl::optional<Address> ask_;  // Where the last command was told to go, for once.
  ServerInfo info_;
  int replicas_ = 0;
  std::array<std::string, kScripts> digests_;
  std::string client_id_;     // Of the connection, at the server.
  std::string connected_to_;  // Replication id of that server.

  absl::Mutex mu_;
  std::unique_ptr<Link> link_;  // Changed under mu_, by the session's thread alone.
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_SESSION_H_
