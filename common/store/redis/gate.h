// Whether commits are let in. Shut after a batch that too few replicas have, until a probe finds
// enough of them.
//
// What a probe found holds for what the server had when it was asked, so it opens the gate only if
// nobody has shut it since: its answer may come late, when a later batch has fallen short already.
//
// Thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_GATE_H_
#define TERRACE_COMMON_STORE_REDIS_GATE_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace terrace::store::redis {

class Gate {
 public:
  bool open() const {
    absl::MutexLock lock(&mu_);
    return open_;
  }

  void Shut() {
    absl::MutexLock lock(&mu_);
    ++shuts_;
    open_ = false;
  }

  // How often it was shut: to be noted before a probe is sent.
  int64_t shuts() const {
    absl::MutexLock lock(&mu_);
    return shuts_;
  }

  // A probe found enough replicas that was sent after so many times.
  void Open(int64_t shuts) {
    absl::MutexLock lock(&mu_);
    if (shuts == shuts_) open_ = true;
  }

 private:
  mutable absl::Mutex mu_;
  int64_t shuts_ ABSL_GUARDED_BY(mu_) = 0;
  bool open_ ABSL_GUARDED_BY(mu_) = true;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_GATE_H_
