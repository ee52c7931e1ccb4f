// Small files: keys, tokens, configuration.
#ifndef TERRACE_COMMON_BASE_FILE_H_
#define TERRACE_COMMON_BASE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace terrace {

// The whole file; NOT_FOUND when there is none.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Writes a file that only its owner may read (0600), atomically and durably.
absl::Status WritePrivateFile(const std::string& path, absl::string_view content);

// Makes the directory and those above it, unless they exist; a new one is its owner's alone.
absl::Status MakeDirectory(const std::string& path);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_FILE_H_
