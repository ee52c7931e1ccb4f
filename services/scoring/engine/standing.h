// Where units stand among those of their level: places, places within groups, and grades, all of
// them at once by the scheme's ranking and banding.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_STANDING_H_
#define TERRACE_SERVICES_SCORING_ENGINE_STANDING_H_

#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/places.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// One entry a unit in every column.
struct Standers {
  absl::Span<const absl::optional<Fixed>> scores;  // nullopt: not scored, or disqualified.
  absl::Span<const int> levels;                    // Number of its level; empty: all of one.
  // Number of its group in the grouping of the scheme's ranking and of its banding, -1: none. Empty
  // where the scheme names none.
  absl::Span<const int> ranking_groups;
  absl::Span<const int> banding_groups;
  absl::Span<const int> best;  // The best band that vetoes leave; empty: none does anything.
  TieBreakers breakers;
};

// 1 for the best; nullopt for who has no place, or is in no group.
struct StandingPlaces {
  std::vector<absl::optional<double>> ranks;
  std::vector<absl::optional<double>> group_ranks;  // All nullopt without a grouping.
};
StandingPlaces StandingPlacesOf(const Scheme& scheme, const Standers& units);

// Index into the scheme's bands; -1: none.
std::vector<int> StandingBandsOf(const Scheme& scheme, const Standers& units);

// Whether a unit's place or grade takes more than its score and how many others are better.
bool StandsByPeers(const Scheme& scheme);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_STANDING_H_
