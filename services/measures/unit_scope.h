// Which units' rows a list reads: the request's parent or subtree, and what the caller may see.
//
// Concept. Rows lie in the order of their names, so a walk over a few units seeks each of them, and
// a walk over many runs through all rows and skips the units that are not meant. Either way the
// walk goes by key and can stop and go on anywhere.
//
// Thread-safety. Immutable after Of, apart from a memory of the last unit asked about: for one
// thread at a time.
#ifndef TERRACE_SERVICES_MEASURES_UNIT_SCOPE_H_
#define TERRACE_SERVICES_MEASURES_UNIT_SCOPE_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/access/identity.h"
#include "common/resource/names.h"
#include "common/tree/tree.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::measures {

// Up to so many units a walk seeks one by one.
inline constexpr size_t kScopeUnitsMax = 2000;

class UnitScope {
 public:
  // What the caller may see: what belongs to units below its grants, or also what offices above
  // them have that applies to those.
  enum class Sees { kOwn, kApplying };

  // `parent` and `subtree` are full names of units; at most one is given (INVALID_FIELD otherwise);
  // without either: all that the caller may see. NOT_FOUND for a unit that is not in the tree.
  static absl::StatusOr<UnitScope> Of(absl::string_view parent, absl::string_view subtree,
                                      types::v1::Line line, Sees sees,
                                      const access::Identity& identity,
                                      std::shared_ptr<const tree::Tree> tree, absl::Time now);

  bool Contains(absl::string_view unit) const;
  // "units/{unit}/" in byte order, when they are few; null when a walk must look at all rows.
  const std::vector<std::string>* units() const { return few_ ? &units_ : nullptr; }

 private:
  UnitScope() = default;
  bool Asked(absl::string_view unit) const;
  bool Visible(absl::string_view unit) const;
  void Add(tree::UnitNumber root, tree::Line line);

  std::string parent_;  // Id; empty when none was given.
  tree::UnitNumber root_ = tree::kNoUnit;
  tree::Line line_ = tree::Line::kTerritory;
  Sees sees_ = Sees::kOwn;
  access::Identity identity_;
  std::shared_ptr<const tree::Tree> tree_;
  absl::Time now_;
  bool few_ = false;
  std::vector<std::string> units_;
  mutable std::string last_unit_;
  mutable bool last_answer_ = false;
};

// Where a walk stands: everything before it is done.
struct WalkPosition {
  std::string key;         // Empty at the beginning.
  bool inclusive = false;  // Whether the row with the key itself is still to be visited.
};

// Calls visit(iterator) for the rows "units/{unit}/{collection}/..." of the scope in the order of
// their keys, from `position` on, which it moves along. Looks at no more than `budget` rows.
// Returns whether the end was reached. `visit` returns whether to go on; the row that it stops at
// counts as visited.
// `rows` is an ordered map or set by name; key_of(*iterator) gives the name.
template <class Rows, class KeyOf, class Visit>
bool WalkUnits(const Rows& rows, KeyOf key_of, absl::string_view collection, const UnitScope& scope,
               int budget, WalkPosition* position, Visit visit) {
  auto begin_at = [&rows](const WalkPosition& p) {
    return p.inclusive ? rows.lower_bound(p.key) : rows.upper_bound(p.key);
  };
  auto step = [&](auto it) {
    *position = {std::string(key_of(*it)), false};
    return visit(it);
  };
  auto it = position->key.empty() ? rows.begin() : begin_at(*position);
  if (const std::vector<std::string>* units = scope.units()) {
    auto unit = units->begin();
    if (!position->key.empty()) {
      const std::string at = absl::StrCat("units/", resource::OwnerOf(position->key), "/");
      unit = std::lower_bound(units->begin(), units->end(), at);
    }
    for (; unit != units->end(); ++unit) {
      if (--budget < 0) return false;
      const std::string prefix = absl::StrCat(*unit, collection, "/");
      if (position->key < prefix) {
        // Nothing of this unit was visited yet.
        *position = {prefix, true};
      }
      for (it = begin_at(*position); it != rows.end() && absl::StartsWith(key_of(*it), prefix);
           ++it) {
        if (--budget < 0) return false;
        if (!step(it)) return false;
      }
      *position = {absl::StrCat(*unit, collection, "0"), true};  // '0' follows '/'.
    }
    return true;
  }
  while (it != rows.end()) {
    if (--budget < 0) return false;
    const absl::string_view unit = resource::OwnerOf(key_of(*it));
    if (scope.Contains(unit)) {
      if (!step(it)) return false;
      ++it;
    } else {
      *position = {absl::StrCat("units/", unit, "/", collection, "0"), true};
      it = begin_at(*position);
    }
  }
  return true;
}

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_UNIT_SCOPE_H_
