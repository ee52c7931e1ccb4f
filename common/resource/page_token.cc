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

// A token taken apart, its check not yet compared.
struct Parsed {
  std::string check;
  std::string payload;
  PageToken token;
};

absl::optional<Parsed> Parse(absl::string_view text) {
  std::string bytes;
  if (text.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(text, &bytes) ||
      bytes.size() < 2 * kNumberBytes + 2) {
    return absl::nullopt;
  }
  Parsed parsed;
  parsed.check = bytes.substr(0, kNumberBytes);
  parsed.payload = bytes.substr(kNumberBytes);
  absl::string_view rest = parsed.payload;
  if (rest[0] != kVersion) return absl::nullopt;
  rest.remove_prefix(1);
  parsed.token.least_revision = static_cast<int64_t>(ReadNumber(rest));
  rest.remove_prefix(kNumberBytes);
  const size_t log_bytes = static_cast<unsigned char>(rest[0]);
  rest.remove_prefix(1);
  if (rest.size() < log_bytes || parsed.token.least_revision < 0) return absl::nullopt;
  parsed.token.log_id = std::string(rest.substr(0, log_bytes));
  parsed.token.last_key = std::string(rest.substr(log_bytes));
  return parsed;
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
  if (text.empty()) return PageToken{"", std::string(log_id), 0};
  absl::optional<Parsed> parsed = Parse(text);
  if (!parsed || parsed->check != CheckOf(parsed->payload, list_hash) ||
      absl::string_view(parsed->token.log_id) != log_id) {
    return Error(Reason::INVALID_PAGE_TOKEN);
  }
  return std::move(parsed->token);
}

absl::optional<PagePosition> PositionOfPageToken(absl::string_view text) {
  absl::optional<Parsed> parsed = Parse(text);
  if (!parsed) return absl::nullopt;
  return PagePosition{std::move(parsed->token.log_id), parsed->token.least_revision};
}

absl::StatusOr<int> CoercePageSize(int32_t requested, int default_size, int max_size) {
  if (requested < 0) return Error(Reason::INVALID_PAGE_SIZE);
  return std::min(requested == 0 ? default_size : requested, max_size);
}

}  // namespace terrace::resource
