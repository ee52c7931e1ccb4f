// Layout of a token before base64url, numbers in big endian:
//   check      8 bytes, the beginning of a SHA-256 over the list hash and what follows
//   version    1 byte
//   revision   8 bytes
//   log size   1 byte, then the log id
//   last key   the rest
// The list hash itself is not sent: a token of another list fails the check.
#include "common/resource/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/sha256.h"

namespace terrace::resource {
namespace {

constexpr char kVersion = 1;
constexpr size_t kNumberBytes = 8;
constexpr size_t kLogIdBytesMax = 64;
// Base64 makes four characters of three bytes.
constexpr size_t kTokenBytesMax =
    (2 * kNumberBytes + 2 + kLogIdBytesMax + kPageKeyBytesMax + 2) / 3 * 4;

std::string Number(uint64_t value) {
  std::string out(kNumberBytes, '\0');
  for (size_t i = kNumberBytes; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xFF);
  return out;
}

uint64_t ReadNumber(absl::string_view bytes) {
  uint64_t out = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) out = out << 8 | static_cast<unsigned char>(bytes[i]);
  return out;
}

std::string CheckOf(absl::string_view payload, uint64_t list_hash) {
  return Sha256(absl::StrCat("page", Number(list_hash), payload)).substr(0, kNumberBytes);
}

}  // namespace

uint64_t ListHash(absl::Span<const absl::string_view> parts) {
  Sha256Stream stream;
  for (absl::string_view part : parts) stream.AddSized(part);
  return ReadNumber(stream.Finish());
}

std::string EncodePageToken(const PageToken& token, uint64_t list_hash) {
  TERRACE_CHECK(token.log_id.size() <= kLogIdBytesMax);
  TERRACE_CHECK(token.last_key.size() <= kPageKeyBytesMax);
  const std::string payload = absl::StrCat(
      std::string(1, kVersion), Number(static_cast<uint64_t>(token.least_revision)),
      std::string(1, static_cast<char>(token.log_id.size())), token.log_id, token.last_key);
  return absl::WebSafeBase64Escape(absl::StrCat(CheckOf(payload, list_hash), payload));
}

absl::StatusOr<PageToken> DecodePageToken(absl::string_view text, uint64_t list_hash,
                                          absl::string_view log_id) {
  PageToken token;
  if (text.empty()) {
    token.log_id = std::string(log_id);
    return token;
  }
  const absl::Status invalid = Error(Reason::INVALID_PAGE_TOKEN);
  std::string bytes;
  if (text.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(text, &bytes)) return invalid;
  absl::string_view rest = bytes;
  if (rest.size() < 2 * kNumberBytes + 2) return invalid;
  const absl::string_view check = rest.substr(0, kNumberBytes);
  rest.remove_prefix(kNumberBytes);
  if (check != absl::string_view(CheckOf(rest, list_hash)) || rest[0] != kVersion) return invalid;
  rest.remove_prefix(1);
  token.least_revision = static_cast<int64_t>(ReadNumber(rest));
  rest.remove_prefix(kNumberBytes);
  const size_t log_bytes = static_cast<unsigned char>(rest[0]);
  rest.remove_prefix(1);
  if (rest.size() < log_bytes || token.least_revision < 0) return invalid;
  token.log_id = std::string(rest.substr(0, log_bytes));
  token.last_key = std::string(rest.substr(log_bytes));
  if (absl::string_view(token.log_id) != log_id) return invalid;
  return token;
}

absl::StatusOr<int> CoercePageSize(int32_t requested, int default_size, int max_size) {
  if (requested < 0) return Error(Reason::INVALID_PAGE_SIZE);
  return std::min(requested == 0 ? default_size : requested, max_size);
}

}  // namespace terrace::resource
