// A file that only its owner may read, which is there under its name only once it is whole and on
// disk: until then it stands beside it with ".new" at its end, and goes away when it is given up.
//
// Thread-safety. Belongs to one thread at a time.
#ifndef TERRACE_COMMON_BASE_PRIVATE_FILE_H_
#define TERRACE_COMMON_BASE_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace terrace {

class PrivateFile {
 public:
  static absl::StatusOr<PrivateFile> Make(std::string path);
  ~PrivateFile();
  PrivateFile(PrivateFile&& other) noexcept;
  PrivateFile& operator=(PrivateFile&&) = delete;

  absl::Status Write(absl::string_view bytes);
  // Puts it on disk and in the place of what had its name before.
  absl::Status Finish();
  // The same under another name, in the same directory.
  absl::Status FinishAs(const std::string& path);

 private:
  PrivateFile(std::string path, int fd);
  std::string unfinished() const;

  std::string path_;
  int fd_;  // -1 when finished.
};

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_PRIVATE_FILE_H_
