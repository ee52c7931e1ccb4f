// What stands in the file of one keyspace:
//
//   meta     log_id, how far the log was compacted and the commit time of the last forgotten batch
//   entries  the live keys, in byte order
//   log      every batch that is not forgotten, by revision; `changes` is encoded by log_record.h
//
// PRAGMA user_version counts changes of these tables (not of the values, which have their own gate,
// see format_gate.h).
#ifndef TERRACE_COMMON_STORE_SQLITE_SCHEMA_H_
#define TERRACE_COMMON_STORE_SQLITE_SCHEMA_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/feed.h"
#include "common/store/sqlite/connection.h"
#include "common/store/store.h"

namespace terrace::store::sqlite {

// What the writer starts from.
struct LogState {
  LogId log_id;
  LogBounds bounds;
  absl::Time last_commit_time;
  bool leftover = false;  // A compaction was cut short: batches at or below `compacted` remain.
};

// Makes the tables in a new file. FORMAT_TOO_NEW when a newer binary made them.
absl::Status PrepareSchema(Connection* connection);

absl::StatusOr<LogState> LoadLogState(Connection* connection);

}  // namespace terrace::store::sqlite

#endif  // TERRACE_COMMON_STORE_SQLITE_SCHEMA_H_
