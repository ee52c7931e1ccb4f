// What the parts of one opened keyspace share: its configuration, where its master is, how far the
// log has been followed, whether commits are let in.
//
// Thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_KEYSPACE_H_
#define TERRACE_COMMON_STORE_REDIS_KEYSPACE_H_

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/store/redis/gate.h"
#include "common/store/redis/locator.h"
#include "common/store/redis/scripts.h"
#include "common/store/redis/slot.h"
#include "common/store/redis/tail.h"
#include "common/store/redis/url.h"
#include "common/store/store.h"

namespace terrace::store::redis {

// Between tries of what a server was not ready for.
inline constexpr absl::Duration kBackoffFirst = absl::Milliseconds(10);
inline constexpr absl::Duration kBackoffMost = absl::Milliseconds(500);

class Keyspace {
 public:
  Keyspace(Config config, std::string password, absl::string_view service, const Clock* clock)
      : config(std::move(config)),
        password(std::move(password)),
        service(service),
        keys(this->config.realm, service),
        clock(clock),
        locator(this->config, this->password, SlotOf(keys.meta)) {}

  const Config config;
  const std::string password;
  const std::string service;
  const Keys keys;
  const Clock* const clock;  // Null: the servers' clocks.

  Locator locator;
  Tail tail;

  Gate gate;

  // A compaction was cut short: batches that are forgotten are still there.
  std::atomic<bool> leftover{false};

  // Raised when a server turned out to be no master any more, and with every other log: older
  // connections are not to be used.
  std::atomic<int> generation{0};

  // The log that callers decide on: the one that was opened, and later the one that somebody began
  // to follow. Commits into any other would be decided on a lost past.
  LogId accepted_log() const {
    absl::MutexLock lock(&mu_);
    return accepted_log_;
  }
  void Accept(const LogId& log_id) {
    absl::MutexLock lock(&mu_);
    accepted_log_ = log_id;
  }

  // Waits so long, but not beyond Stop.
  void Sleep(absl::Duration duration) {
    absl::MutexLock lock(&mu_);
    const absl::Time end = absl::Now() + duration;
    while (!stopping_) {
      if (stopped_.WaitWithDeadline(&mu_, end)) break;
    }
  }
  bool stopping() const {
    absl::MutexLock lock(&mu_);
    return stopping_;
  }
  void Stop() {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    stopped_.SignalAll();
  }

 private:
  mutable absl::Mutex mu_;
  absl::CondVar stopped_;
  LogId accepted_log_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

// Doubles from kBackoffFirst to kBackoffMost.
class Backoff {
 public:
  absl::Duration Next() {
    const absl::Duration now = next_;
    next_ = std::min(next_ * 2, kBackoffMost);
    return now;
  }

 private:
  absl::Duration next_ = kBackoffFirst;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_KEYSPACE_H_
