// The 32 bytes of a SHA-256 as the ledger keeps them: by value, so that millions stay compact.
#ifndef TERRACE_COMMON_LEDGER_HASH_H_
#define TERRACE_COMMON_LEDGER_HASH_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace terrace::ledger {

inline constexpr size_t kHashBytes = 32;
using Hash = std::array<char, kHashBytes>;

inline absl::string_view View(const Hash& hash) {
  return absl::string_view(hash.data(), hash.size());
}

inline std::string ToString(const Hash& hash) { return std::string(hash.data(), hash.size()); }

// nullopt unless there are exactly 32 bytes.
inline absl::optional<Hash> HashFrom(absl::string_view bytes) {
  if (bytes.size() != kHashBytes) return absl::nullopt;
  Hash hash;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace terrace::ledger

#endif  // TERRACE_COMMON_LEDGER_HASH_H_
