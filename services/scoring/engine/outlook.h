// What a sheet can still come to while lines are not assessed, and what it takes to reach a grade.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_OUTLOOK_H_
#define TERRACE_SERVICES_SCORING_ENGINE_OUTLOOK_H_

#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring::engine {

struct Outlook {
  std::vector<int> open;  // Leaves without a figure so far, extras left out.
  FixedSum open_points;
  // The score if the open leaves earn nothing, and if they earn everything; nullopt where there is
  // none even then.
  absl::optional<Fixed> least;
  absl::optional<Fixed> most;
  // By band of the scheme, for bands by bounds: what the open leaves must earn together, each the
  // same share of its points, for that band or a better one; nullopt where all is not enough.
  std::vector<absl::optional<Fixed>> needed;
};

// `sheet` is finished. Leaves that are assessed stay as they are, extras too.
Outlook OutlookOf(const Scheme& scheme, const SheetResult& sheet);

// Leaves without a figure so far, extras left out.
std::vector<int> OpenLeaves(const Scheme& scheme, const SheetResult& sheet);
// Has the open leaves of a sheet, which is to be finished again, earn that share of their points,
// and the nodes above them at which units compete: who has all may beat everyone.
void LetEarn(const Scheme& scheme, absl::Span<const int> open, FixedSum numerator,
             FixedSum denominator, SheetResult* sheet);
// The band of a score by bounds; -1 for none. `best` is the best that vetoes leave.
int BandOf(const Scheme& scheme, Fixed score, int best);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_OUTLOOK_H_
