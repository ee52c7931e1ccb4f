#include "common/base/file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/check.h"
#include "common/base/private_file.h"

namespace terrace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::ErrnoToStatus(errno, path);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

absl::Status WritePrivateFile(const std::string& path, absl::string_view content) {
  TERRACE_ASSIGN_OR_RETURN(PrivateFile file, PrivateFile::Make(path));
  TERRACE_RETURN_IF_ERROR(file.Write(content));
  return file.Finish();
}

absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (made && !error) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) return absl::ErrnoToStatus(error.value(), path);
  return absl::OkStatus();
}

}  // namespace terrace
