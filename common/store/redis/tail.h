// How far this process has followed the log: the last batch that is where it has to be before
// anybody hears of it. The writer and the tail reader both move it on, whoever comes first, and it
// hands on to the feed.
//
// Thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_TAIL_H_
#define TERRACE_COMMON_STORE_REDIS_TAIL_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/store/feed.h"
#include "common/store/store.h"

namespace terrace::store::redis {

struct Position {
  LogId log_id;
  Revision revision;
  std::string batch_id;  // At the revision; empty when it is not known or there is none.
};

class Tail {
 public:
  // From now on the feed hears of everything. It must outlive this object or Stop.
  void Attach(Feed* feed);

  Position position() const;
  LogBounds bounds() const;

  // Moves on over the batches that lie behind the end; those before it are skipped. False, and
  // nothing happens, when the log is another one by now or batches are missing in between.
  bool Publish(const LogId& log_id, absl::Span<const CommittedPtr> batches);

  // The log is another one, or its beginning was forgotten past the end known here.
  void Restart(const Position& position, Revision compacted);

  // Waits until the end of this log is at `revision`. False when that did not happen in time.
  bool Await(const LogId& log_id, Revision revision, absl::Duration patience) const;

  // Nobody waits any more, and the feed hears of nothing.
  void Stop();

 private:
  mutable absl::Mutex mu_;
  mutable absl::CondVar moved_;
  Feed* feed_ ABSL_GUARDED_BY(mu_) = nullptr;
  Position position_ ABSL_GUARDED_BY(mu_);
  Revision compacted_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_TAIL_H_
