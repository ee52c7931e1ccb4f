#include "common/resource/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace terrace::resource {
namespace {

constexpr absl::string_view kUnits = "units/";

bool IsIdEdge(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }
bool IsIdMiddle(char c) { return IsIdEdge(c) || c == '.' || c == '-'; }

// Takes the front of `text` up to `separator`, and the separator with it.
absl::string_view TakeSegment(absl::string_view* text, char separator) {
  const size_t at = text->find(separator);
  const absl::string_view segment = text->substr(0, at);
  text->remove_prefix(at == absl::string_view::npos ? text->size() : at + 1);
  return segment;
}

// Matches one name against a pattern from the front; both are walked together.
bool Match(absl::string_view name, absl::string_view pattern, Ids* ids) {
  while (!pattern.empty()) {
    if (pattern.front() != '{') {
      if (name.empty() || name.front() != pattern.front()) return false;
      name.remove_prefix(1);
      pattern.remove_prefix(1);
      continue;
    }
    // No character of an id can follow an id in a pattern, so the longest match is the only one.
    pattern.remove_prefix(pattern.find('}') + 1);
    const absl::string_view id =
        name.substr(0, std::find_if_not(name.begin(), name.end(), IsIdMiddle) - name.begin());
    if (!IsValidId(id)) return false;
    ids->push_back(id);
    name.remove_prefix(id.size());
  }
  return name.empty();
}

// One segment in the place of an id: ids joined by "~", perhaps one more behind "@".
bool IsIdSegment(absl::string_view segment) {
  const size_t at = segment.find('@');
  if (at != absl::string_view::npos && !IsValidId(segment.substr(at + 1))) return false;
  absl::string_view rest = segment.substr(0, at);
  do {
    const bool more = absl::StrContains(rest, "~");
    if (!IsValidId(TakeSegment(&rest, '~'))) return false;
    if (!more) return true;
  } while (true);
}

// Collections are in lower camel case: "measureLists".
bool IsCollection(absl::string_view segment) {
  return !segment.empty() && segment.size() <= kIdBytesMax &&
         absl::ascii_islower(segment.front()) &&
         std::all_of(segment.begin(), segment.end(), absl::ascii_isalpha);
}

}  // namespace

bool IsValidId(absl::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax && IsIdEdge(id.front()) && IsIdEdge(id.back()) &&
         std::all_of(id.begin(), id.end(), IsIdMiddle);
}

absl::Status CheckId(absl::string_view id) {
  if (IsValidId(id)) return absl::OkStatus();
  return Error(Reason::INVALID_ID, {{"id", QuoteText(id)}});
}

absl::StatusOr<Ids> ParseName(absl::string_view name, absl::string_view pattern) {
  Ids ids;
  if (name.size() <= kNameBytesMax && Match(name, pattern, &ids)) return ids;
  return Error(Reason::INVALID_NAME,
               {{"name", QuoteText(name)}, {"pattern", std::string(pattern)}});
}

bool MatchesName(absl::string_view name, absl::string_view pattern) {
  Ids ids;
  return name.size() <= kNameBytesMax && Match(name, pattern, &ids);
}

std::string FormatName(absl::string_view pattern, absl::Span<const absl::string_view> ids) {
  std::string name;
  for (absl::string_view id : ids) {
    TERRACE_CHECK(IsValidId(id));
    const size_t brace = pattern.find('{');
    TERRACE_CHECK(brace != absl::string_view::npos);
    absl::StrAppend(&name, pattern.substr(0, brace), id);
    pattern.remove_prefix(pattern.find('}', brace) + 1);
  }
  TERRACE_CHECK(!absl::StrContains(pattern, "{"));
  absl::StrAppend(&name, pattern);
  return name;
}

std::string UnitName(absl::string_view id) { return absl::StrCat(kUnits, id); }

absl::StatusOr<absl::string_view> ParseUnitName(absl::string_view name) {
  if (absl::StartsWith(name, kUnits) && IsValidId(name.substr(kUnits.size()))) {
    return name.substr(kUnits.size());
  }
  return Error(Reason::INVALID_NAME, {{"name", QuoteText(name)}, {"pattern", "units/{unit}"}});
}

bool IsWellFormedName(absl::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name.back() == '/') return false;
  while (!name.empty()) {
    if (!IsCollection(TakeSegment(&name, '/')) || !IsIdSegment(TakeSegment(&name, '/'))) {
      return false;
    }
  }
  return true;
}

absl::string_view OwnerOf(absl::string_view name) {
  if (!absl::StartsWith(name, kUnits)) return "";
  name.remove_prefix(kUnits.size());
  const absl::string_view id = TakeSegment(&name, '/');
  return IsValidId(id) ? id : "";
}

absl::string_view ParentName(absl::string_view name) {
  for (int segments = 0; segments < 2; ++segments) {
    const size_t at = name.rfind('/');
    if (at == absl::string_view::npos) return "";
    name = name.substr(0, at);
  }
  return name;
}

absl::string_view LastSegment(absl::string_view name) {
  const size_t at = name.rfind('/');
  return at == absl::string_view::npos ? name : name.substr(at + 1);
}

std::pair<absl::string_view, absl::string_view> SplitRealm(absl::string_view name) {
  if (!absl::StartsWith(name, "//")) return {"", name};
  absl::string_view rest = name.substr(2);
  const absl::string_view realm = TakeSegment(&rest, '/');
  return {realm, rest};
}

absl::StatusOr<absl::string_view> StripRealm(absl::string_view name, absl::string_view realm) {
  if (!absl::StartsWith(name, "//")) return name;
  const auto [given, rest] = SplitRealm(name);
  if (!IsValidId(given)) {
    return Error(Reason::INVALID_NAME,
                 {{"name", QuoteText(name)}, {"pattern", "//{realm}/units/..."}});
  }
  if (given != realm) return Error(Reason::NOT_FOUND, {{"name", QuoteText(name)}});
  return rest;
}

}  // namespace terrace::resource
