#include "common/base/seal.h"

#include <openssl/crypto.h>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace terrace {
namespace {

constexpr size_t kMacBytes = 32;

}  // namespace

Seal::Seal(absl::string_view secret, absl::string_view purpose)
    : key_(HmacSha256(secret, purpose)) {}

std::string Seal::Put(absl::string_view content) const {
  return absl::StrCat(HmacSha256(key_, content), content);
}

absl::optional<absl::string_view> Seal::Open(absl::string_view sealed) const {
  if (sealed.size() < kMacBytes) return absl::nullopt;
  const absl::string_view content = sealed.substr(kMacBytes);
  const std::string mac = HmacSha256(key_, content);
  if (CRYPTO_memcmp(mac.data(), sealed.data(), kMacBytes) != 0) return absl::nullopt;
  return content;
}

}  // namespace terrace
