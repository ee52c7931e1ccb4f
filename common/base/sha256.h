// SHA-256 and what is built on it. Digests are 32 raw bytes in a std::string;
// absl::BytesToHexString makes them printable.
//
// Thread-safety. The functions may be called from anywhere; a stream belongs to one thread at a
// time.
#ifndef TERRACE_COMMON_BASE_SHA256_H_
#define TERRACE_COMMON_BASE_SHA256_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace terrace {

// Hashes data that comes in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  // Appends bytes as they are: the boundaries of the pieces leave no trace in the digest.
  Sha256Stream& Add(absl::string_view bytes);
  // Appends the length (8 bytes, big endian) and then the bytes, so that a list of fields cannot be
  // mistaken for another list.
  Sha256Stream& AddSized(absl::string_view bytes);
  // The digest of all that was added; the stream is then fresh again.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The digest of `bytes`.
std::string Sha256(absl::string_view bytes);

// HMAC-SHA-256 of `bytes` under `key`.
std::string HmacSha256(absl::string_view key, absl::string_view bytes);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_SHA256_H_
