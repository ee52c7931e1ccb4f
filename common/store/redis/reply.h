// What a Redis server answers, and how a command is put on the wire.
//
// A View looks at a reply without owning it. It never fails: what is not there or of another type
// reads as nil, "" or 0, because what a server sends is input. Pure, thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_REPLY_H_
#define TERRACE_COMMON_STORE_REDIS_REPLY_H_

#include <hiredis/hiredis.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/redis/url.h"

namespace terrace::store::redis {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

class View {
 public:
  View(const redisReply* reply) : reply_(reply) {}      // NOLINT(google-explicit-constructor)
  View(const ReplyPtr& reply) : reply_(reply.get()) {}  // NOLINT(google-explicit-constructor)

  bool is_nil() const { return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL; }
  bool is_error() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }
  bool is_array() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY; }

  // Of strings, statuses and errors.
  absl::string_view text() const;
  // Of integers, and of strings that are decimal numbers.
  int64_t number() const;
  // Of arrays.
  size_t size() const { return is_array() ? reply_->elements : 0; }
  View operator[](size_t i) const { return i < size() ? reply_->element[i] : nullptr; }

 private:
  const redisReply* reply_;
};

// Appends a command to `out` as the protocol wants it.
void AppendCommand(absl::Span<const absl::string_view> words, std::string* out);

// What an error says about the command that it answers. All but kRefused mean that the command was
// not executed and may be sent again, here or elsewhere.
enum class Fault {
  kMoved,        // Another node has the slot, for good.
  kAsk,          // Another node has the slot for this command.
  kTryLater,     // The slot is on its way, the server is not ready, a script runs.
  kNotMaster,    // This server is a replica, or became one, or is cut off from its cluster.
  kFewReplicas,  // Fewer good replicas than min-replicas-to-write asks for.
  kNoScript,     // The script is to be loaded.
  kRefused,      // Anything else.
};

struct ErrorReply {
  Fault fault = Fault::kRefused;
  Address to;  // With kMoved and kAsk; an empty host means the one that answered.
};

ErrorReply Classify(absl::string_view error);

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_REPLY_H_
