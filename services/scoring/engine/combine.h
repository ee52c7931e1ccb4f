// What the children of one node make of it.
//
// Every number is on the scale of the node: a child that earned `earned` of its own `available`
// points brings node points * earned / available. Children that are not scored are left out, so
// those that are share the whole weight; a weight of 0 leaves a child out too, where weights
// matter. Sums are exact integers; powers, logarithms and divisions by numbers of the children are
// doubles, taken in the order of the scheme and quantised at once. Clamped to what a Fixed holds.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_COMBINE_H_
#define TERRACE_SERVICES_SCORING_ENGINE_COMBINE_H_

#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// A child that is scored.
struct Member {
  Fixed value;   // On the scale of the node; may be below 0 and above the points of the node.
  Fixed weight;  // 0 to 10,000.
};

// points * earned / available, clamped; available above 0.
Fixed OnScale(Fixed points, Fixed earned, Fixed available);

// nullopt when nothing takes part: no child, or, where weights matter, all weights 0. Of a
// Combination that takes shares, kCopeland excepted (contest.h); `exponent` is for kPower.
absl::optional<Fixed> Combine(Combination combination, double exponent,
                              absl::Span<const Member> members);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_COMBINE_H_
