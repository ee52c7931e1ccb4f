#include "common/store/sqlite/writer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/base/check.h"
#include "common/base/error.h"
#include "common/store/batch_check.h"
#include "common/store/format_gate.h"
#include "common/store/log_record.h"

namespace terrace::store::sqlite {
namespace {

// Codes that concern one batch and not the file. Everything else ends the writer.
bool ConcernsOneBatch(int code) {
  return code == SQLITE_CONSTRAINT || code == SQLITE_TOOBIG || code == SQLITE_MISMATCH;
}

int CountWalPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, absl::Mutex* gate, const Clock* clock)
    : connection_(std::move(connection)), gate_(gate), clock_(clock) {}

// A stopped writer must not touch the file again: SQLite would checkpoint when it closes.
Writer::~Writer() {
  if (!failed_.ok()) connection_->LeaveWalOnClose();
}

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(const std::string& path, absl::Mutex* gate,
                                                     const Clock* clock) {
  TERRACE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                           Connection::Open(path, Connection::Role::kWriter));
  TERRACE_RETURN_IF_ERROR(PrepareSchema(connection.get()));
  std::unique_ptr<Writer> writer(new Writer(std::move(connection), gate, clock));
  TERRACE_RETURN_IF_ERROR(writer->Prepare());
  return writer;
}

absl::Status Writer::Prepare() {
  Connection* on = connection_.get();
  sqlite3_wal_hook(on->handle(), &CountWalPages, &wal_pages_);
  // After a failed sync and a restart, recovery may have found frames in the operating system's
  // cache that never reached the disk. Commits behind such a hole would be lost with it, so all
  // that recovery found goes into the file first.
  const int code = sqlite3_wal_checkpoint_v2(on->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  if (code != SQLITE_OK) return on->Failed(code);
  TERRACE_ASSIGN_OR_RETURN(state_, LoadLogState(on));
  TERRACE_RETURN_IF_ERROR(begin_.Prepare(on, "BEGIN IMMEDIATE"));
  TERRACE_RETURN_IF_ERROR(commit_.Prepare(on, "COMMIT"));
  TERRACE_RETURN_IF_ERROR(savepoint_.Prepare(on, "SAVEPOINT batch"));
  TERRACE_RETURN_IF_ERROR(release_.Prepare(on, "RELEASE batch"));
  TERRACE_RETURN_IF_ERROR(rollback_to_.Prepare(on, "ROLLBACK TO batch"));
  TERRACE_RETURN_IF_ERROR(find_batch_.Prepare(on, "SELECT 1 FROM log WHERE batch_id = ?1"));
  TERRACE_RETURN_IF_ERROR(
      find_revision_.Prepare(on, "SELECT revision FROM entries WHERE key = ?1"));
  TERRACE_RETURN_IF_ERROR(put_entry_.Prepare(
      on,
      "INSERT INTO entries(key, revision, value) VALUES(?1, ?2, ?3) "
      "ON CONFLICT(key) DO UPDATE SET revision = excluded.revision, value = excluded.value"));
  TERRACE_RETURN_IF_ERROR(delete_entry_.Prepare(on, "DELETE FROM entries WHERE key = ?1"));
  TERRACE_RETURN_IF_ERROR(
      put_batch_.Prepare(on,
                         "INSERT INTO log(revision, batch_id, commit_time, header, leaf, changes) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  TERRACE_RETURN_IF_ERROR(
      find_time_.Prepare(on, "SELECT commit_time FROM log WHERE revision = ?1"));
  TERRACE_RETURN_IF_ERROR(
      put_meta_.Prepare(on,
                        "UPDATE meta SET value = CASE name WHEN 'compacted' THEN ?1 ELSE ?2 END "
                        "WHERE name IN ('compacted', 'compacted_time')"));
  TERRACE_RETURN_IF_ERROR(forget_.Prepare(on,
                                          "DELETE FROM log WHERE revision <= min(?1, "
                                          "(SELECT min(revision) FROM log) + ?2 - 1)"));
  Statement format;
  TERRACE_RETURN_IF_ERROR(format.Prepare(on, "SELECT value FROM entries WHERE key = ?1"));
  format.Bind(1, kFormatKey);
  TERRACE_ASSIGN_OR_RETURN(const bool found, format.Step());
  return found ? CheckFormat(format.Bytes(0)) : absl::OkStatus();
}

std::vector<absl::StatusOr<CommittedPtr>> Writer::CommitGroup(std::vector<Batch> group) {
  const size_t count = group.size();
  if (!failed_.ok()) return Answers(count, failed_);
  Answers answers;
  const absl::Status status = CommitAll(std::move(group), &answers);
  if (status.ok()) return answers;
  FailStop(status);
  return Answers(count, Error(Reason::OUTCOME_UNKNOWN));
}

absl::Status Writer::CommitAll(std::vector<Batch> group, Answers* answers) {
  TERRACE_RETURN_IF_ERROR(begin_.Run());
  for (Batch& batch : group) {
    TERRACE_ASSIGN_OR_RETURN(absl::StatusOr<CommittedPtr> answer, CommitOne(std::move(batch)));
    answers->push_back(std::move(answer));
  }
  return commit_.Run();
}

absl::StatusOr<absl::StatusOr<CommittedPtr>> Writer::CommitOne(Batch batch) {
  if (!format_.ok()) return absl::StatusOr<CommittedPtr>(format_);
  TERRACE_ASSIGN_OR_RETURN(const absl::Status against, CheckAgainstLog(batch));
  if (!against.ok()) return absl::StatusOr<CommittedPtr>(against);

  const absl::Time time = NextCommitTime(clock_->Now(), state_.last_commit_time);
  if (time < batch.not_before) {
    return absl::StatusOr<CommittedPtr>(TooEarly(batch.not_before - time));
  }
  const Revision revision{state_.bounds.end.value + 1};
  CommittedPtr committed = MakeCommitted(state_.log_id, revision, time, std::move(batch));
  TERRACE_RETURN_IF_ERROR(savepoint_.Run());
  const absl::Status stored = Store(*committed);
  if (!stored.ok()) {
    if (connection_->autocommit() || !ConcernsOneBatch(connection_->error_code())) return stored;
    TERRACE_RETURN_IF_ERROR(rollback_to_.Run());
    TERRACE_RETURN_IF_ERROR(release_.Run());
    return absl::StatusOr<CommittedPtr>(
        Error(Reason::STORE_REFUSED, {{"detail", std::string(stored.message())}}));
  }
  TERRACE_RETURN_IF_ERROR(release_.Run());
  state_.bounds.end = revision;
  state_.last_commit_time = time;
  for (const CommittedChange& change : committed->changes) {
    if (change.key != kFormatKey) continue;
    format_ = change.value ? CheckFormat(*change.value) : absl::OkStatus();
  }
  return absl::StatusOr<CommittedPtr>(std::move(committed));
}

absl::StatusOr<absl::Status> Writer::CheckAgainstLog(const Batch& batch) {
  {
    StatementUse find(find_batch_);
    find->Bind(1, batch.id);
    TERRACE_ASSIGN_OR_RETURN(const bool found, find->Step());
    if (found) return Error(Reason::BATCH_STORED);
  }
  for (const Guard& guard : batch.guards) {
    StatementUse find(find_revision_);
    find->Bind(1, guard.key);
    TERRACE_ASSIGN_OR_RETURN(const bool found, find->Step());
    const Revision actual{found ? find->Int(0) : 0};
    if (actual != guard.revision) return GuardFailed(guard.key);
  }
  return absl::OkStatus();
}

absl::Status Writer::Store(const Committed& batch) {
  const std::string changes = EncodeChanges(batch.changes);
  put_batch_.Bind(1, batch.revision.value);
  put_batch_.Bind(2, batch.batch_id);
  put_batch_.Bind(3, absl::ToUnixMicros(batch.commit_time));
  put_batch_.Bind(4, batch.header);
  put_batch_.Bind(5, batch.leaf);
  put_batch_.Bind(6, changes);
  TERRACE_RETURN_IF_ERROR(put_batch_.Run());

  // In key order, because neighbours share pages.
  std::vector<const CommittedChange*> in_key_order;
  in_key_order.reserve(batch.changes.size());
  for (const CommittedChange& change : batch.changes) in_key_order.push_back(&change);
  std::sort(in_key_order.begin(), in_key_order.end(),
            [](const auto* a, const auto* b) { return a->key < b->key; });
  for (const CommittedChange* change : in_key_order) {
    Statement& statement = change->value ? put_entry_ : delete_entry_;
    statement.Bind(1, change->key);
    if (change->value) {
      statement.Bind(2, batch.revision.value);
      statement.Bind(3, *change->value);
    }
    TERRACE_RETURN_IF_ERROR(statement.Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Writer::CompactSlice(Revision revision) {
  TERRACE_RETURN_IF_ERROR(failed_);
  absl::Status status = begin_.Run();
  if (status.ok() && state_.bounds.compacted < revision) {
    // The mark and the time go first: whatever happens to the rows, the log begins behind them.
    StatementUse find(find_time_);
    find->Bind(1, revision.value);
    absl::StatusOr<bool> found = find->Step();
    status = found.status();
    if (found.ok()) {
      TERRACE_CHECK(*found);
      put_meta_.Bind(1, revision.value);
      put_meta_.Bind(2, find->Int(0));
      status = put_meta_.Run();
    }
    state_.bounds.compacted = revision;
    state_.leftover = true;
  }
  absl::StatusOr<bool> finished = false;
  if (status.ok()) {
    finished = DeleteSlice();
    status = finished.status();
  }
  if (status.ok()) status = commit_.Run();
  if (!status.ok()) {
    FailStop(status);
    return failed_;
  }
  return finished;
}

// Part of the batches that are forgotten; true when that was the last of them.
absl::StatusOr<bool> Writer::DeleteSlice() {
  forget_.Bind(1, state_.bounds.compacted.value);
  forget_.Bind(2, int64_t{kCompactBatchesMax});
  TERRACE_RETURN_IF_ERROR(forget_.Run());
  const int deleted = sqlite3_changes(connection_->handle());
  state_.leftover = deleted == kCompactBatchesMax;
  return !state_.leftover;
}

void Writer::Maintain() {
  if (!failed_.ok()) return;
  if (state_.leftover) CompactSlice(state_.bounds.compacted).IgnoreError();
  if (wal_pages_ < wal_pages_moved_) wal_pages_moved_ = 0;  // It started over.
  if (wal_pages_ - wal_pages_moved_ < kCheckpointPages || !failed_.ok()) return;
  const absl::Status status = Checkpoint();
  if (!status.ok()) FailStop(status);
}

absl::Status Writer::Checkpoint() {
  int pages = 0;
  int moved = 0;
  int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                       &pages, &moved);
  // Busy: a reader still looks at pages that would be overwritten; the next slice takes them along.
  if (code != SQLITE_OK && code != SQLITE_BUSY) return connection_->Failed(code);
  wal_pages_moved_ = moved;
  // SQLite starts the write-ahead log over once all of it is moved and nobody reads from it.
  // Readers come and go, but may overlap without end.
  if (pages < kWalPagesMax) return absl::OkStatus();
  absl::MutexLock lock(gate_);
  code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                   &pages, &moved);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return connection_->Failed(code);
  wal_pages_ = pages;
  wal_pages_moved_ = moved;
  return absl::OkStatus();
}

void Writer::FailStop(const absl::Status& cause) {
  failed_ = Error(Reason::STORE_FAILED, {{"detail", std::string(cause.message())}});
  // Only for the locks: whether it works changes nothing any more.
  if (!connection_->autocommit()) connection_->Execute("ROLLBACK").IgnoreError();
}

}  // namespace terrace::store::sqlite
