// The writing side of a SQLite keyspace: the one connection that changes and checkpoints the file.
//
// A group of batches is one transaction and one sync. Each batch has a savepoint, and its guards
// are read before anything of it is written. When something fails and the transaction still stands,
// only that batch is undone. When SQLite has rolled the transaction back (disk full, I/O error),
// going on would store the second half of a batch alone; and after a failed sync nobody knows what
// the disk holds. Then every batch of the group is OUTCOME_UNKNOWN and the writer stops for good:
// STORE_FAILED until the process is restarted and the file recovered. Reads go on.
//
// Checkpoints move the write-ahead log into the file. They are made here, a slice after each so
// many pages, so that no commit waits long for one; and because SQLite 3.40 can corrupt a file when
// two connections checkpoint at once.
//
// One thread at a time.
#ifndef TERRACE_COMMON_STORE_SQLITE_WRITER_H_
#define TERRACE_COMMON_STORE_SQLITE_WRITER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/sqlite/connection.h"
#include "common/store/sqlite/schema.h"
#include "common/store/store.h"

namespace terrace::store::sqlite {

// Pages in the write-ahead log after which a slice is moved into the file. A slice of 1,000 pages
// holds up the next commit for some 20 ms.
inline constexpr int kCheckpointPages = 1000;

// Pages after which readers are stopped for a moment so that the write-ahead log can start over.
inline constexpr int kWalPagesMax = 16'384;

// Batches forgotten in one slice of a compaction.
inline constexpr int kCompactBatchesMax = 500;

class Writer {
 public:
  // Recovers or makes the file. Held exclusively, `gate` keeps the readers out; it and `clock` must
  // outlive the writer.
  static absl::StatusOr<std::unique_ptr<Writer>> Open(const std::string& path, absl::Mutex* gate,
                                                      const Clock* clock);
  ~Writer();

  const LogState& state() const { return state_; }

  // As Backend's.
  std::vector<absl::StatusOr<CommittedPtr>> CommitGroup(std::vector<Batch> group);
  void Maintain();
  absl::StatusOr<bool> CompactSlice(Revision revision);

 private:
  using Answers = std::vector<absl::StatusOr<CommittedPtr>>;

  Writer(std::unique_ptr<Connection> connection, absl::Mutex* gate, const Clock* clock);
  absl::Status Prepare();

  absl::Status CommitAll(std::vector<Batch> group, Answers* answers);
  // An error as the result asks for the end of the writer; an error inside it is the batch's
  // answer.
  absl::StatusOr<absl::StatusOr<CommittedPtr>> CommitOne(Batch batch);
  // OK, or what stands against the batch; an error of SQLite leaves connection_->error_code() set.
  absl::StatusOr<absl::Status> CheckAgainstLog(const Batch& batch);
  absl::Status Store(const Committed& batch);
  absl::StatusOr<bool> DeleteSlice();
  absl::Status Checkpoint();
  void FailStop(const absl::Status& cause);

  const std::unique_ptr<Connection> connection_;
  absl::Mutex* const gate_;
  const Clock* const clock_;

  Statement begin_, commit_, savepoint_, release_, rollback_to_;
  Statement find_batch_, find_revision_, put_entry_, delete_entry_, put_batch_;
  Statement find_time_, put_meta_, forget_;

  LogState state_;
  absl::Status format_;      // Why no batch may be written, see format_gate.h.
  absl::Status failed_;      // Not OK: the writer has stopped.
  int wal_pages_ = 0;        // In the write-ahead log now.
  int wal_pages_moved_ = 0;  // Of these, already in the file.
};

}  // namespace terrace::store::sqlite

#endif  // TERRACE_COMMON_STORE_SQLITE_WRITER_H_
