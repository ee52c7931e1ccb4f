#include "common/store/sqlite/connection.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace terrace::store::sqlite {
namespace {

// Nobody should ever wait here: there is one writer, and in WAL mode readers block nobody. A safety
// net for somebody who looks at the file with another tool.
constexpr int kBusyTimeoutMs = 5000;

constexpr const char* kWriterSetup =
    "PRAGMA journal_mode = WAL;"
    // NORMAL would lose acknowledged commits when the power fails.
    "PRAGMA synchronous = FULL;"
    // Checkpoints are made by the writer between groups, see writer.h.
    "PRAGMA wal_autocheckpoint = 0;"
    // The log of a savepoint; not on a disk that may be full.
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -32768;";

constexpr const char* kReaderSetup =
    "PRAGMA query_only = 1;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -4096;";

}  // namespace

absl::Status Statement::Prepare(Connection* connection, absl::string_view sql) {
  TERRACE_CHECK(statement_ == nullptr);
  connection_ = connection;
  const int code =
      sqlite3_prepare_v3(connection->handle(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : connection->Failed(code);
}

void Statement::Bind(int position, absl::string_view bytes) {
  // A null pointer would bind NULL, not the empty blob.
  const char* data = bytes.empty() ? "" : bytes.data();
  TERRACE_CHECK(sqlite3_bind_blob64(statement_, position, data, bytes.size(), SQLITE_STATIC) ==
                SQLITE_OK);
}

void Statement::Bind(int position, int64_t number) {
  TERRACE_CHECK(sqlite3_bind_int64(statement_, position, number) == SQLITE_OK);
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->Failed(code);
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = Step();
  Reset();
  if (!row.ok()) return row.status();
  TERRACE_CHECK(!*row);
  return absl::OkStatus();
}

absl::string_view Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return absl::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Role role) {
  std::unique_ptr<Connection> connection(new Connection);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                    (role == Role::kWriter ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr);
  if (code != SQLITE_OK) return connection->Failed(code);
  TERRACE_RETURN_IF_ERROR(connection->Configure(role));
  return connection;
}

absl::Status Connection::Configure(Role role) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  if (role == Role::kReader) {
    // SQLite 3.40 can lose a reset of the WAL when two connections checkpoint at once; whoever
    // closes last would. Only the writer ever does.
    LeaveWalOnClose();
    return Execute(kReaderSetup);
  }
  TERRACE_RETURN_IF_ERROR(Execute(kWriterSetup));
  absl::StatusOr<std::string> mode = QueryText("PRAGMA journal_mode");
  TERRACE_RETURN_IF_ERROR(mode.status());
  if (*mode == "wal") return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("this file system does not support WAL: ", *mode));
}

Connection::~Connection() {
  // The statements are gone by contract; otherwise the file would silently stay open.
  TERRACE_CHECK(sqlite3_close(handle_) == SQLITE_OK);
}

void Connection::LeaveWalOnClose() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

absl::Status Connection::Failed(int code) {
  error_code_ = code & 0xff;
  const char* context = handle_ != nullptr ? sqlite3_errmsg(handle_) : "";
  const char* name = sqlite3_errstr(code);
  return absl::UnavailableError(absl::StrCat(context, " (", name, ", ", code, ")"));
}

absl::Status Connection::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Failed(code);
}

absl::StatusOr<std::string> Connection::QueryText(absl::string_view sql) {
  Statement statement;
  TERRACE_RETURN_IF_ERROR(statement.Prepare(this, sql));
  TERRACE_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? std::string(statement.Bytes(0)) : "";
}

absl::StatusOr<int64_t> Connection::QueryInt(absl::string_view sql) {
  Statement statement;
  TERRACE_RETURN_IF_ERROR(statement.Prepare(this, sql));
  TERRACE_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

}  // namespace terrace::store::sqlite
