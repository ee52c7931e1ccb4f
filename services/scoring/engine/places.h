// Places of a whole column of units: 1 for the greatest value.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_PLACES_H_
#define TERRACE_SERVICES_SCORING_ENGINE_PLACES_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// What decides between equal values under Ties::kOrdinal: the columns one after the other, greater
// first and none last, then the ids, rising (the row, where there are none).
struct TieBreakers {
  std::vector<absl::Span<const absl::optional<Fixed>>> columns;
  absl::Span<const std::string> ids;
};

// One place a value; nullopt for who has no value, or is in no group. `groups` numbers the group of
// every unit, -1 for none, and places are given within each; empty: all units are one group.
std::vector<absl::optional<double>> PlacesOf(absl::Span<const absl::optional<Fixed>> values,
                                             Ties ties, absl::Span<const int> groups,
                                             const TieBreakers& breakers);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_PLACES_H_
