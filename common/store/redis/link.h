// One connection to a Redis server: commands are collected, sent together, and answered in order.
//
// hiredis connects, reads and parses; sending is ours, because hiredis would raise SIGPIPE when the
// server has closed. A connection that failed or was too slow is broken for good: an answer that
// comes late would be taken for that of the next command.
//
// One thread at a time, except Interrupt.
#ifndef TERRACE_COMMON_STORE_REDIS_LINK_H_
#define TERRACE_COMMON_STORE_REDIS_LINK_H_

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/store/redis/reply.h"
#include "common/store/redis/url.h"

namespace terrace::store::redis {

class Link {
 public:
  // `timeout` is for connecting; each Receive has its own. UNAVAILABLE when there is no connection.
  static absl::StatusOr<std::unique_ptr<Link>> Connect(const Address& address,
                                                       absl::Duration timeout);

  // From now on each command goes to a slot that this server is taking over.
  void SetAsking() { asking_ = true; }

  void Append(absl::Span<const absl::string_view> words);
  void Append(std::initializer_list<absl::string_view> words) {
    Append(absl::MakeConstSpan(words.begin(), words.size()));
  }

  // Sends what was appended and takes the next answer, which may be an error of the server's.
  // UNAVAILABLE when none came within `timeout` of this call's reading.
  absl::StatusOr<ReplyPtr> Receive(absl::Duration timeout);

  // Append and Receive; an error of the server's becomes UNAVAILABLE with its text.
  absl::StatusOr<ReplyPtr> Call(absl::Span<const absl::string_view> words, absl::Duration timeout);
  absl::StatusOr<ReplyPtr> Call(std::initializer_list<absl::string_view> words,
                                absl::Duration timeout) {
    return Call(absl::MakeConstSpan(words.begin(), words.size()), timeout);
  }

  // The server has closed the connection, so nothing that is sent now can be executed; or it has
  // sent what nobody asked for. Only while no answer is awaited.
  bool Closed() const;

  // From any thread: whoever waits for an answer gets an error at once.
  void Interrupt();

  const Address& address() const { return address_; }

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  explicit Link(Address address) : address_(std::move(address)) {}
  absl::Status Send();
  absl::Status SetTimeout(absl::Duration timeout);
  absl::StatusOr<ReplyPtr> Next();

  const Address address_;
  std::unique_ptr<redisContext, FreeContext> context_;
  absl::Duration timeout_ = absl::ZeroDuration();  // What the socket is set to.
  bool asking_ = false;
  std::string out_;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_LINK_H_
