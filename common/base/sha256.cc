#include "common/base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>

#include "common/base/check.h"

namespace terrace {

namespace {

// Fetched once: looking the algorithm up costs more than hashing a short value.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  TERRACE_CHECK(algorithm != nullptr);
  return algorithm;
}

}  // namespace

struct Sha256Stream::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
  void Start() { TERRACE_CHECK(EVP_DigestInit_ex(md, Algorithm(), nullptr) == 1); }
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) { context_->Start(); }

Sha256Stream::~Sha256Stream() = default;

Sha256Stream& Sha256Stream::Add(absl::string_view bytes) {
  TERRACE_CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256Stream& Sha256Stream::AddSized(absl::string_view bytes) {
  char size[8];
  uint64_t rest = bytes.size();
  for (int i = 7; i >= 0; --i, rest >>= 8) size[i] = static_cast<char>(rest & 0xff);
  return Add(absl::string_view(size, sizeof size)).Add(bytes);
}

std::string Sha256Stream::Finish() {
  std::string out(32, '\0');
  TERRACE_CHECK(
      EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1);
  context_->Start();
  return out;
}

std::string Sha256(absl::string_view bytes) {
  thread_local Sha256Stream stream;
  return stream.Add(bytes).Finish();
}

std::string HmacSha256(absl::string_view key, absl::string_view bytes) {
  std::string out(32, '\0');
  unsigned int size = 0;
  TERRACE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                     reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr);
  TERRACE_CHECK(size == 32);
  return out;
}

}  // namespace terrace
