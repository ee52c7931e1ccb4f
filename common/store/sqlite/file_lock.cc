#include "common/store/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/error.h"

namespace terrace::store::sqlite {

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Error(Reason::STORE_CANNOT_OPEN, {{"path", path}, {"detail", std::strerror(errno)}});
  }
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return std::unique_ptr<FileLock>(new FileLock(fd));
  const int error = errno;
  close(fd);
  if (error == EWOULDBLOCK) return Error(Reason::STORE_LOCKED, {{"path", path}});
  return Error(Reason::STORE_CANNOT_OPEN, {{"path", path}, {"detail", std::strerror(error)}});
}

FileLock::~FileLock() { close(fd_); }

}  // namespace terrace::store::sqlite
