// The writing side of a keyspace: commits and compaction.
//
// How a group becomes durable. One script a batch, all sent at once, and WAIT behind them when
// replicas are asked for. With "appendfsync always" a server answers after its disk has the batch;
// WAIT's answer says that so many replicas have it as well. Then the caller hears of it.
//
// What was sent and not answered has an unknown outcome, and so has what too few replicas have. The
// script finds a batch id that is there already, so the same batch sent again tells, and is never
// applied twice.
//
// One thread at a time.
#ifndef TERRACE_COMMON_STORE_REDIS_WRITER_H_
#define TERRACE_COMMON_STORE_REDIS_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/store/redis/keyspace.h"
#include "common/store/redis/session.h"
#include "common/store/store.h"

namespace terrace::store::redis {

// Batches forgotten in one script: a few hundred microseconds.
inline constexpr int kCompactBatchesMax = 500;

class Writer {
 public:
  explicit Writer(Keyspace* keyspace) : keyspace_(keyspace), session_(keyspace, Role::kWriter) {}

  // Takes up the log. FORMAT_TOO_NEW, or what is wrong with the servers.
  absl::Status Open();

  std::vector<absl::StatusOr<CommittedPtr>> CommitGroup(std::vector<Batch> group);

  // The log that the last group went into.
  const LogId& log_id() const { return log_id_; }

  absl::StatusOr<bool> CompactSlice(Revision revision);

  // Goes on with a compaction that was cut short.
  void Maintain();

 private:
  // A batch on its way. All but the revision, the time and the leaf of `committed` is there.
  struct Item {
    std::shared_ptr<Committed> committed;
    std::vector<Guard> guards;
    absl::Time not_before;
    std::string encoded;  // Its changes.
    std::vector<size_t> value_offsets;
    absl::optional<absl::StatusOr<CommittedPtr>> answer;
  };
  using Items = std::vector<Item*>;

  static Item ItemOf(Batch batch);
  // Sends the items and takes their answers; those that were not executed come back.
  Items Send(const Items& items);
  void AppendCommit(const Item& item);
  // The item's answer, or none when it is to be sent again; then `error` says why.
  void TakeAnswer(View reply, Item* item, absl::optional<ErrorReply>* error);
  void AppendWait(const Items& items);
  // Whether the server still has what it answered for, and enough replicas too.
  bool AreReplicated(const Items& items);
  // May the items be sent now? Else they are answered.
  bool MaySend(const Items& items, absl::Time deadline);
  static void Refuse(const Items& items, const absl::Status& status);
  static void DoubtStored(const Items& items);
  absl::Status CheckFormatKey();

  Keyspace* const keyspace_;
  Session session_;
  LogId log_id_;
  std::string format_revision_ = "0";  // Of the format key, as it was checked last.
  bool format_stale_ = false;
};

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_WRITER_H_
