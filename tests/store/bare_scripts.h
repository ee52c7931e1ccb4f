// The yardstick for commits to Redis: the engine's own script with the engine's own words, and
// nothing else. No queue, no feed, no leaves.
//
// One thread at a time.
#ifndef TERRACE_TESTS_STORE_BARE_SCRIPTS_H_
#define TERRACE_TESTS_STORE_BARE_SCRIPTS_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/redis/link.h"
#include "common/store/redis/scripts.h"
#include "common/store/store.h"
#include "tests/store/redis_server.h"

namespace terrace::store {

class BareScripts {
 public:
  // An empty log in the keyspace `service` of `realm`, whose slot the server has.
  BareScripts(const RedisServer& server, absl::string_view realm, absl::string_view service);

  // Sends all batches at once, then waits until each is stored, and until `wait` replicas have all
  // of them. Ends the program when one is refused.
  void Commit(absl::Span<const Batch> batches, int wait);

 private:
  void Append(const Batch& batch);

  const redis::Keys keys_;
  const std::unique_ptr<redis::Link> link_;
  const LogId log_id_;
  std::string digest_;
};

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_BARE_SCRIPTS_H_
