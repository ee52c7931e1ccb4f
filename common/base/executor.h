// A fixed pool of threads for work that would hold up a reaction or the feed.
#ifndef TERRACE_COMMON_BASE_EXECUTOR_H_
#define TERRACE_COMMON_BASE_EXECUTOR_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace terrace {

// Thread-safe. Destroying it runs what is queued, then joins.
class Executor {
 public:
  explicit Executor(int threads);
  ~Executor();

  void Post(absl::AnyInvocable<void()> work);

 private:
  void Run();

  absl::Mutex mu_;
  std::deque<absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_EXECUTOR_H_
