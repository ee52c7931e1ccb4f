#include "common/store/sqlite/schema.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"

namespace terrace::store::sqlite {
namespace {

constexpr int kSchemaVersion = 1;
constexpr size_t kLogIdBytes = 16;

// Without a row id a key's row is found in one descent instead of two; batches are long and come in
// the order of their number, which is what an ordinary table does best.
constexpr const char* kTables = R"sql(
  CREATE TABLE meta(
    name TEXT PRIMARY KEY,
    value ANY NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE entries(
    key BLOB PRIMARY KEY,
    revision INTEGER NOT NULL,
    value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE log(
    revision INTEGER PRIMARY KEY,
    batch_id BLOB NOT NULL UNIQUE,
    commit_time INTEGER NOT NULL,
    header BLOB NOT NULL,
    leaf BLOB NOT NULL,
    changes BLOB NOT NULL) STRICT;
  INSERT INTO meta VALUES('compacted', 0);
  INSERT INTO meta VALUES('compacted_time', 0);
)sql";

absl::Status MakeTables(Connection* connection) {
  // One transaction: a process killed here leaves no half-made file behind.
  TERRACE_RETURN_IF_ERROR(connection->Execute("BEGIN IMMEDIATE"));
  TERRACE_RETURN_IF_ERROR(connection->Execute(kTables));
  TERRACE_RETURN_IF_ERROR(connection->Execute(
      absl::StrCat("INSERT INTO meta VALUES('log_id', '", RandomHex(kLogIdBytes), "')").c_str()));
  TERRACE_RETURN_IF_ERROR(
      connection->Execute(absl::StrCat("PRAGMA user_version = ", kSchemaVersion).c_str()));
  return connection->Execute("COMMIT");
}

}  // namespace

absl::Status PrepareSchema(Connection* connection) {
  TERRACE_ASSIGN_OR_RETURN(const int64_t version, connection->QueryInt("PRAGMA user_version"));
  if (version == 0) return MakeTables(connection);
  if (version <= kSchemaVersion) return absl::OkStatus();
  return Error(Reason::FORMAT_TOO_NEW,
               {{"needed", absl::StrCat(version)}, {"known", absl::StrCat(kSchemaVersion)}});
}

absl::StatusOr<LogState> LoadLogState(Connection* connection) {
  LogState state;
  TERRACE_ASSIGN_OR_RETURN(state.log_id,
                           connection->QueryText("SELECT value FROM meta WHERE name = 'log_id'"));
  if (state.log_id.size() != 2 * kLogIdBytes) {
    return Error(Reason::STORE_DAMAGED, {{"detail", "it has no log_id"}});
  }
  TERRACE_ASSIGN_OR_RETURN(state.bounds.compacted.value,
                           connection->QueryInt("SELECT value FROM meta WHERE name = 'compacted'"));
  TERRACE_ASSIGN_OR_RETURN(
      const int64_t compacted_time,
      connection->QueryInt("SELECT value FROM meta WHERE name = 'compacted_time'"));
  TERRACE_ASSIGN_OR_RETURN(const int64_t last,
                           connection->QueryInt("SELECT max(revision) FROM log"));
  TERRACE_ASSIGN_OR_RETURN(const int64_t first,
                           connection->QueryInt("SELECT min(revision) FROM log"));
  TERRACE_ASSIGN_OR_RETURN(
      const int64_t last_time,
      connection->QueryInt("SELECT commit_time FROM log ORDER BY revision DESC LIMIT 1"));
  state.bounds.end.value = std::max(last, state.bounds.compacted.value);
  state.last_commit_time = absl::FromUnixMicros(std::max(compacted_time, last_time));
  state.leftover = first != 0 && first <= state.bounds.compacted.value;
  return state;
}

}  // namespace terrace::store::sqlite
