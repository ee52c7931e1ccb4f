// Grades, and the rounding that grades and places go by. All exact: no bound is ever compared with
// a double.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_BANDS_H_
#define TERRACE_SERVICES_SCORING_ENGINE_BANDS_H_

#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// The score rounded to `decimals`, half away from zero.
Fixed Shown(Fixed score, int decimals);

// What places and grades go by: the shown score or the full one.
Fixed Compared(const Scheme& scheme, Fixed score);

// By the bounds of the bands; -1 without bands, or below the last of them. `compared` is what
// Compared made of a score.
int BandByBounds(absl::Span<const Band> bands, Fixed compared);

// Grades of all units by the scheme's method: index into its bands, -1 for none. `scores` are as
// they are, nullopt for units that are not scored or disqualified; `groups` numbers the group of
// every unit in Scheme::banding's grouping, -1 for none (which has no grade), empty without one;
// `best` is the best band that vetoes leave (SheetResult::best_band), empty for no vetoes.
std::vector<int> BandsOf(const Scheme& scheme, absl::Span<const absl::optional<Fixed>> scores,
                         absl::Span<const int> groups, absl::Span<const int> best);

// Fisher-Jenks: values in up to `classes` classes, so that the squares of the distances from the
// means of the classes add up to the least. The least value of each class, falling; fewer than
// `classes` where there are fewer different values.
std::vector<Fixed> NaturalBreaks(std::vector<Fixed> values, int classes);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_BANDS_H_
