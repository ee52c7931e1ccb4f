// What text may enter Terrace: valid UTF-8, of limited length, without control characters, and
// without the numbers of persons.
//
// Personal data. The suite keeps organisations only. Text that looks like a Chinese identity-card
// number (18 characters with a true check digit, or the old 15-digit form) or a mainland mobile
// number is refused with PERSONAL_DATA. Codes of organisations (unified social credit codes,
// 12-digit statistical codes), dates and amounts pass. Names of persons in prose cannot be caught
// reliably, and this detector does not pretend to.
//
// Thread-safety. Pure functions; all may be called from any thread.
#ifndef TERRACE_COMMON_BASE_TEXT_H_
#define TERRACE_COMMON_BASE_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace terrace {

// Limits of text in bytes of UTF-8 (a Chinese character takes three).
inline constexpr size_t kCodeBytesMax = 512;         // Resource names, ids, codes, hashes.
inline constexpr size_t kTokenBytesMax = 4096;       // Page tokens, bearer tokens.
inline constexpr size_t kQueryBytesMax = 2048;       // Filters, orders, searches.
inline constexpr size_t kUriBytesMax = 2048;         // References to evidence.
inline constexpr size_t kDisplayNameBytesMax = 300;  // Names for people, in any language.
inline constexpr size_t kTextBytesMax = 8192;        // Prose.

// How deep messages may nest inside a request.
inline constexpr int kMessageDepthMax = 32;

bool IsValidUtf8(absl::string_view text);

// The beginning of a caller's text for an error about it: at most 60 bytes, always valid UTF-8.
std::string QuoteText(absl::string_view text);

// Whether the text holds what looks like the number of an identity card or a mobile telephone.
// Full-width digits and the usual separators are seen through.
bool LooksLikePersonalData(absl::string_view text);

// OK, or INVALID_UTF8, TEXT_TOO_LONG, INVALID_FIELD (a control character other than tab and line
// breaks), PERSONAL_DATA; `field` names the place.
absl::Status CheckText(absl::string_view field, absl::string_view value, size_t limit_bytes);
// The same without the search for personal data: for names, ids, codes and tokens.
absl::Status CheckCode(absl::string_view field, absl::string_view value, size_t limit_bytes);

// Checks a whole request, before anything else looks at it:
//   strings      CheckText or CheckCode with the limit of their kind, see KindOfField;
//   enums        every value is declared (UNKNOWN_ENUM);
//   Decimal      canonical (INVALID_NUMBER, NUMBER_OUT_OF_RANGE);
//   Timestamp, Duration, google.type.Date   inside their documented ranges (INVALID_TIME);
//   float, double   finite (INVALID_NUMBER);
//   nesting      at most kMessageDepthMax (INVALID_FIELD).
// The first fault is reported with its path, such as "rows[3].unit.display_name".
absl::Status CheckMessage(const google::protobuf::Message& message);

// What a string field holds, told by its name alone, so that authors of protos need no option:
//   kDisplayName  display_name, ..._display_name, and the values of localized_names
//   kToken        the last word is token
//   kQuery        filter, order_by, query
//   kUri          the last word is uri or url
//   kCode         the last word is name, id, code, etag, hash, sha256 or another of the short list
//                 in field_kind.cc: what machines made
//   kText         everything else
// Words are separated by "_", plurals count as their singular. Apart from its field, a value that
// has the form of a resource name ("units/...") is taken as a code.
enum class FieldKind { kDisplayName, kCode, kToken, kQuery, kUri, kText };
FieldKind KindOfField(absl::string_view field_name);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_TEXT_H_
