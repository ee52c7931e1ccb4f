// An exclusive lock on a file, held for as long as the object lives.
//
// It keeps a second process (and a second opening in this one) away from a store. SQLite's own
// exclusive mode cannot serve: it would shut out our own reading connections as well. The kernel
// frees the lock when the process dies, however it dies; children do not inherit it.
#ifndef TERRACE_COMMON_STORE_SQLITE_FILE_LOCK_H_
#define TERRACE_COMMON_STORE_SQLITE_FILE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace terrace::store::sqlite {

class FileLock {
 public:
  // Makes the file when absent. STORE_LOCKED when somebody else holds it.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace terrace::store::sqlite

#endif  // TERRACE_COMMON_STORE_SQLITE_FILE_LOCK_H_
