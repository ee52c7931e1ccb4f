// Runs work at a later moment on a thread of its own. For retries, time-outs and periodic looks;
// the work must be short.
#ifndef TERRACE_COMMON_BASE_TIMER_H_
#define TERRACE_COMMON_BASE_TIMER_H_

#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace terrace {

// Thread-safe. Destroying it drops what is not due yet.
class Timer {
 public:
  Timer();
  ~Timer();

  // Waits for the work that is running and drops all other, also what is asked for later: for
  // owners whose work uses the timer itself.
  void Stop();

  void After(absl::Duration delay, absl::AnyInvocable<void()> work);

 private:
  void Run();

  absl::Mutex mu_;
  std::multimap<absl::Time, absl::AnyInvocable<void()>> due_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::CondVar changed_;
  std::thread thread_;
};

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_TIMER_H_
