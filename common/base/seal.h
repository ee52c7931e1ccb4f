// Signs what one part of a deployment says for another part to read later, whoever carries it in
// between. All parts have one secret in common; each purpose has a key of its own that is made of
// it, so that nothing sealed for one purpose passes for another.
//
// A sealed text is its HMAC-SHA-256 (32 bytes) and the content as it is: readable for everybody,
// and of no use once it was changed.
//
// Thread-safe.
#ifndef TERRACE_COMMON_BASE_SEAL_H_
#define TERRACE_COMMON_BASE_SEAL_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace terrace {

class Seal {
 public:
  // `purpose` says what is sealed; it never changes.
  Seal(absl::string_view secret, absl::string_view purpose);

  std::string Put(absl::string_view content) const;
  // The content, which points into `sealed`; nullopt unless it was sealed by this secret for this
  // purpose. Takes the same time wherever a forged one differs.
  absl::optional<absl::string_view> Open(absl::string_view sealed) const;

 private:
  const std::string key_;
};

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_SEAL_H_
