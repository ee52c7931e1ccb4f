#include "common/machine/queues.h"

#include <utility>

#include "common/base/check.h"

namespace terrace::machine {

bool KeyQueues::Advance(const std::shared_ptr<Waiter>& waiter) {
  while (waiter->held < waiter->keys.size()) {
    std::deque<std::shared_ptr<Waiter>>& queue = queues_[waiter->keys[waiter->held]];
    if (queue.empty() || queue.front() != waiter) {
      queue.push_back(waiter);
      if (queue.front() != waiter) return false;
    }
    ++waiter->held;
  }
  return true;
}

void KeyQueues::Acquire(std::vector<std::string> keys, absl::AnyInvocable<void()> ready) {
  auto waiter = std::make_shared<Waiter>();
  waiter->keys = std::move(keys);
  waiter->ready = std::move(ready);
  bool all = false;
  {
    absl::MutexLock lock(&mu_);
    all = Advance(waiter);
  }
  if (all) waiter->ready();
}

void KeyQueues::Release(const std::vector<std::string>& keys, Executor& executor) {
  std::vector<std::shared_ptr<Waiter>> ready;
  {
    absl::MutexLock lock(&mu_);
    for (const std::string& key : keys) {
      auto it = queues_.find(key);
      TERRACE_CHECK(it != queues_.end());
      it->second.pop_front();
      if (it->second.empty()) {
        queues_.erase(it);
        continue;
      }
      std::shared_ptr<Waiter> next = it->second.front();
      if (Advance(next)) ready.push_back(std::move(next));
    }
  }
  for (std::shared_ptr<Waiter>& waiter : ready) {
    executor.Post([waiter = std::move(waiter)] { waiter->ready(); });
  }
}

}  // namespace terrace::machine
