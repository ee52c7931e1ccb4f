#include "common/base/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

namespace terrace {
namespace {

// A name is on disk once its directory is.
bool SyncDirectory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

PrivateFile::PrivateFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

PrivateFile::PrivateFile(PrivateFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

PrivateFile::~PrivateFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(unfinished().c_str());
}

std::string PrivateFile::unfinished() const { return absl::StrCat(path_, ".new"); }

absl::StatusOr<PrivateFile> PrivateFile::Make(std::string path) {
  const std::string temporary = absl::StrCat(path, ".new");
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, temporary);
  return PrivateFile(std::move(path), fd);
}

absl::Status PrivateFile::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, unfinished());
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status PrivateFile::Finish() { return FinishAs(path_); }

absl::Status PrivateFile::FinishAs(const std::string& path) {
  if (::fsync(fd_) != 0 || ::rename(unfinished().c_str(), path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  ::close(std::exchange(fd_, -1));
  if (!SyncDirectory(std::filesystem::path(path).parent_path())) {
    return absl::ErrnoToStatus(errno, path);
  }
  return absl::OkStatus();
}

}  // namespace terrace
