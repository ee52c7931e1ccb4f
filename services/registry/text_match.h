// Finding words in the names and codes of a unit.
//
// Latin letters match in either case; all other characters match as they are.
//
// Thread-safety. A TextMatch is immutable.
#ifndef TERRACE_SERVICES_REGISTRY_TEXT_MATCH_H_
#define TERRACE_SERVICES_REGISTRY_TEXT_MATCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::registry {

inline constexpr size_t kSearchBytesMax = 200;

class TextMatch {
 public:
  // REQUIRED_FIELD without words, TEXT_TOO_LONG above kSearchBytesMax.
  static absl::StatusOr<TextMatch> Parse(absl::string_view query);

  // Whether the bytes of a serialized unit may hold a match: cheap, and false for most units.
  bool MayMatch(absl::string_view serialized) const;
  // The name, former name or code in which all words occur; empty when there is none.
  std::string Find(const v1::Unit& unit) const;

 private:
  bool MatchesAll(absl::string_view text) const;

  std::vector<std::string> words_;  // In lower case, longest first.
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_TEXT_MATCH_H_
