// First come, first served: those who acquire the same key run one after the other.
#ifndef TERRACE_COMMON_MACHINE_QUEUES_H_
#define TERRACE_COMMON_MACHINE_QUEUES_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "common/base/executor.h"

namespace terrace::machine {

// Thread-safe.
class KeyQueues {
 public:
  // Runs `ready` once all keys (sorted, no key twice) are held: at once on the caller's thread when
  // they are free. Taking them in sorted order means that nobody waits in a circle.
  void Acquire(std::vector<std::string> keys, absl::AnyInvocable<void()> ready);

  // Gives the keys up; whoever waited for them goes on, on the executor.
  void Release(const std::vector<std::string>& keys, Executor& executor);

 private:
  struct Waiter {
    std::vector<std::string> keys;
    size_t held = 0;  // The first `held` keys are this waiter's.
    absl::AnyInvocable<void()> ready;
  };
  // Takes as many further keys as are free; true when it holds all.
  bool Advance(const std::shared_ptr<Waiter>& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;
  // The front of each queue holds the key.
  absl::flat_hash_map<std::string, std::deque<std::shared_ptr<Waiter>>> queues_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_QUEUES_H_
