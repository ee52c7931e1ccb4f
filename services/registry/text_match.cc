#include "services/registry/text_match.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "services/registry/fields.h"

namespace terrace::registry {
namespace {

// Whether `text` contains `word`, which is in lower case.
bool Contains(absl::string_view text, absl::string_view word) {
  auto same = [](char t, char w) { return absl::ascii_tolower(t) == w; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

}  // namespace

absl::StatusOr<TextMatch> TextMatch::Parse(absl::string_view query) {
  if (query.size() > kSearchBytesMax) {
    return Error(Reason::TEXT_TOO_LONG, {{"field", "query"},
                                         {"size", absl::StrCat(query.size())},
                                         {"limit", absl::StrCat(kSearchBytesMax)}});
  }
  TextMatch match;
  for (absl::string_view word : absl::StrSplit(query, absl::ByAnyChar(" \t"), absl::SkipEmpty())) {
    match.words_.push_back(absl::AsciiStrToLower(word));
  }
  if (match.words_.empty()) return Required("query");
  // The longest word is the least likely to occur by chance.
  std::sort(match.words_.begin(), match.words_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return match;
}

bool TextMatch::MayMatch(absl::string_view serialized) const {
  return Contains(serialized, words_.front());
}

bool TextMatch::MatchesAll(absl::string_view text) const {
  return std::all_of(words_.begin(), words_.end(),
                     [text](const std::string& word) { return Contains(text, word); });
}

std::string TextMatch::Find(const v1::Unit& unit) const {
  if (MatchesAll(unit.display_name())) return unit.display_name();
  std::string found;
  for (const auto& [tag, name] : unit.localized_names()) {
    // Of several the first in byte order: maps have none of their own.
    if (MatchesAll(name) && (found.empty() || name < found)) found = name;
  }
  if (!found.empty()) return found;
  for (const v1::FormerName& former : unit.former_names()) {
    if (MatchesAll(former.display_name())) return former.display_name();
  }
  for (const v1::UnitCode& code : unit.codes()) {
    if (MatchesAll(code.code())) return code.code();
  }
  return "";
}

}  // namespace terrace::registry
