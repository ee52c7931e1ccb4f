// A thin, checked face of the SQLite C API: a connection and its prepared statements.
//
// Not thread-safe: one thread at a time per connection (they are opened without SQLite's mutexes).
// Statements must not outlive their connection. Errors are statuses of code UNAVAILABLE whose
// message says what SQLite said; the code itself stays readable in Connection::error_code.
#ifndef TERRACE_COMMON_STORE_SQLITE_CONNECTION_H_
#define TERRACE_COMMON_STORE_SQLITE_CONNECTION_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace terrace::store::sqlite {

class Connection;

// A prepared statement, kept for the life of its connection and used again and again:
//   query.Bind(1, key); while (*query.Step()) ... query.Reset();
class Statement {
 public:
  Statement() = default;
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  absl::Status Prepare(Connection* connection, absl::string_view sql);

  // Positions count from 1. Bytes are not copied: they must live until Reset.
  void Bind(int position, absl::string_view bytes);
  void Bind(int position, int64_t number);

  // True while there is a row; after false or an error the statement must be Reset.
  absl::StatusOr<bool> Step();
  void Reset() { sqlite3_reset(statement_); }

  // For statements without rows: steps to the end and resets.
  absl::Status Run();

  // Columns of the row count from 0. Bytes are valid until the next Step or Reset.
  absl::string_view Bytes(int column) const;
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  Connection* connection_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

// Resets a statement when it goes out of scope, whatever happened in between.
class StatementUse {
 public:
  explicit StatementUse(Statement& statement) : statement_(statement) {}
  ~StatementUse() { statement_.Reset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  Statement* operator->() { return &statement_; }

 private:
  Statement& statement_;
};

class Connection {
 public:
  // The one connection that writes and checkpoints, or one of those that only read.
  enum class Role { kWriter, kReader };
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Role role);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Execute(const char* sql);
  // The first column of the first row.
  absl::StatusOr<std::string> QueryText(absl::string_view sql);
  absl::StatusOr<int64_t> QueryInt(absl::string_view sql);

  // False inside a transaction. After an error this tells whether SQLite rolled it back.
  bool autocommit() const { return sqlite3_get_autocommit(handle_) != 0; }

  // The primary result code of the last call that failed.
  int error_code() const { return error_code_; }

  // Closing will not checkpoint: for a file that is not to be touched any more.
  void LeaveWalOnClose();

  // Remembers the code and turns it into a status.
  absl::Status Failed(int code);

  sqlite3* handle() { return handle_; }

 private:
  Connection() = default;
  absl::Status Configure(Role role);

  sqlite3* handle_ = nullptr;
  int error_code_ = SQLITE_OK;
};

}  // namespace terrace::store::sqlite

#endif  // TERRACE_COMMON_STORE_SQLITE_CONNECTION_H_
