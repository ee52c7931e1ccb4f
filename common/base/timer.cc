#include "common/base/timer.h"

#include <utility>

#include "absl/time/clock.h"

namespace terrace {

Timer::Timer() : thread_([this] { Run(); }) {}

Timer::~Timer() { Stop(); }

void Timer::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void Timer::After(absl::Duration delay, absl::AnyInvocable<void()> work) {
  absl::MutexLock lock(&mu_);
  if (stopping_) return;
  due_.emplace(absl::Now() + delay, std::move(work));
  changed_.Signal();
}

void Timer::Run() {
  while (true) {
    absl::AnyInvocable<void()> work;
    {
      absl::MutexLock lock(&mu_);
      while (!stopping_ && (due_.empty() || due_.begin()->first > absl::Now())) {
        changed_.WaitWithDeadline(&mu_,
                                  due_.empty() ? absl::InfiniteFuture() : due_.begin()->first);
      }
      if (stopping_) return;
      work = std::move(due_.begin()->second);
      due_.erase(due_.begin());
    }
    work();
  }
}

}  // namespace terrace
