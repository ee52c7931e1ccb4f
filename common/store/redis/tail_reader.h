// Follows the log for everybody in this process, whoever wrote it: reads what comes behind the tail
// as it comes, waits until enough replicas have it, and moves the tail on. Nothing that too few
// replicas have goes further than this.
//
// It also probes for replicas while the gate is shut, and notices replicas that were added, because
// what a new primary may go on with depends on how many there were (see scripts.cc).
//
// Owns one thread, from Start to Stop.
#ifndef TERRACE_COMMON_STORE_REDIS_TAIL_READER_H_
#define TERRACE_COMMON_STORE_REDIS_TAIL_READER_H_

#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/redis/keyspace.h"
#include "common/store/redis/session.h"
#include "common/store/store.h"

namespace terrace::store::redis {

class TailReader {
 public:
  explicit TailReader(Keyspace* keyspace) : keyspace_(keyspace), session_(keyspace, Role::kTail) {}

  void Start();
  // After Keyspace::Stop.
  void Stop();

 private:
  void Run();
  // One look at the log, until something comes or a while has passed. Not OK: start over.
  absl::Status Step();
  absl::Status Take(const Position& tail, View entries);
  // Tries until enough replicas have the log up to `last`; OK when somebody else moved the tail
  // there meanwhile.
  absl::Status AwaitReplicas(const Position& tail, const Committed& last);
  absl::Status LookForReplicas();

  Keyspace* const keyspace_;
  Session session_;
  absl::Time replicas_looked_ = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_TAIL_READER_H_
