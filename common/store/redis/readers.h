// The reading side of a keyspace: any number of threads, each in a session of its own for the
// length of one call.
//
// Nothing is shown that the tail has not reached: what a script read waits until the tail is where
// the log was then, so nobody sees what too few replicas have, and a caller's own commits are seen
// by its next read.
//
// Thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_READERS_H_
#define TERRACE_COMMON_STORE_REDIS_READERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/store/redis/batches.h"
#include "common/store/redis/keyspace.h"
#include "common/store/redis/session.h"
#include "common/store/store.h"

namespace terrace::store::redis {

// STORE_UNREADABLE with what happened.
absl::Status Unreadable(const absl::Status& status);

class Readers {
 public:
  explicit Readers(Keyspace* keyspace) : keyspace_(keyspace) {}

  absl::StatusOr<std::vector<absl::optional<Entry>>> Read(absl::Span<const std::string> keys);
  absl::StatusOr<std::vector<Entry>> Scan(const KeyRange& range, int limit);
  // In several scripts, so that none is long; each entry is right, all together are not of one
  // moment.
  absl::StatusOr<std::vector<Entry>> SnapshotPage(KeyRange range);
  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to);
  // Where the log ends on the server, once the tail is there too.
  absl::StatusOr<Cursor> CatchUp();

 private:
  // Lends a session of its own to a thread.
  class Borrowed;

  // Runs a script of a log that it gets as its first word. LOG_CHANGED when it is another one.
  absl::StatusOr<ReplyPtr> Run(Script script, const LogId& log_id,
                               std::vector<absl::string_view> args);
  // The first batches from `from` on, as many as there are up to `to` and `count`.
  absl::StatusOr<std::vector<StoredBatch>> ReadBatches(const LogId& log_id, Revision from,
                                                       Revision to, int64_t count);
  // Waits for the tail to reach the end that a script has seen.
  absl::Status Settle(const LogId& log_id, Revision end);

  Keyspace* const keyspace_;
  absl::Mutex mu_;
  std::vector<std::unique_ptr<Session>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_READERS_H_
