#include "common/base/text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/personal_data.h"

namespace terrace {
namespace {

constexpr size_t kQuoteBytesMax = 60;

// The position of a control character other than tab and line breaks; npos without one. They have
// no meaning in text and could steer the terminal of whoever reads it.
size_t FindControl(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = text[i];
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return i;
    // U+0080..U+009F, the second set.
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return i;
  }
  return absl::string_view::npos;
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    const unsigned char first = *at++;
    if (first < 0x80) continue;
    // The second byte's range rules out overlong forms, surrogates and what lies beyond U+10FFFF.
    int more;
    unsigned char low = 0x80, high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (end - at < more || *at < low || *at > high) return false;
    for (int i = 1; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}

std::string QuoteText(absl::string_view text) {
  if (!IsValidUtf8(text)) {
    return absl::CHexEscape(text.substr(0, kQuoteBytesMax / 4));
  }
  if (text.size() <= kQuoteBytesMax) return std::string(text);
  size_t size = kQuoteBytesMax - 3;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return absl::StrCat(text.substr(0, size), "...");
}

bool LooksLikePersonalData(absl::string_view text) {
  return IsValidUtf8(text) && ContainsPersonalNumber(text);
}

absl::Status CheckCode(absl::string_view field, absl::string_view value, size_t limit_bytes) {
  // The length first: a huge text is not worth reading.
  if (value.size() > limit_bytes) {
    return Error(Reason::TEXT_TOO_LONG, {{"field", std::string(field)},
                                         {"size", absl::StrCat(value.size())},
                                         {"limit", absl::StrCat(limit_bytes)}});
  }
  if (!IsValidUtf8(value)) return Error(Reason::INVALID_UTF8, {{"field", std::string(field)}});
  if (const size_t at = FindControl(value); at != absl::string_view::npos) {
    return Error(Reason::INVALID_FIELD,
                 {{"field", std::string(field)},
                  {"detail", absl::StrCat("there is a control character at byte ", at)}});
  }
  return absl::OkStatus();
}

absl::Status CheckText(absl::string_view field, absl::string_view value, size_t limit_bytes) {
  if (absl::Status status = CheckCode(field, value, limit_bytes); !status.ok()) return status;
  if (ContainsPersonalNumber(value)) {
    return Error(Reason::PERSONAL_DATA, {{"field", std::string(field)}});
  }
  return absl::OkStatus();
}

}  // namespace terrace
