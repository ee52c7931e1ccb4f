// Giving parts of a whole their shares, so that they add up to it exactly. Internal to the
// explanation.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_PARTS_H_
#define TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_PARTS_H_

#include <vector>

#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/explain.h"

namespace terrace::scoring::engine {

// A part, and what it makes of its whole in the whole's own terms, before scaling.
struct Piece {
  Part part;
  Fixed local;
  // What one of its own parts, in the piece's own terms, makes of the whole; where it has parts.
  Fixed slope = Fixed::FromInteger(1);
  // Units only: whether they count by the sums of their sheets instead of by their score.
  bool by_sheets = false;
};

// whole * numerator / denominator; 0 when there is nothing to divide by.
Fixed ShareOf(Fixed whole, FixedSum numerator, FixedSum denominator);

// Fills in contribution and shown of every piece: in proportion to `local`, or, where the pieces
// cancel out to 0, `local` times `factor`. More pieces than options.parts_max are put together, the
// smallest ones first, as one piece of kind kOthers.
void Distribute(const Part& whole, FixedSum factor, const ExplainOptions& options,
                std::vector<Piece>& pieces);

// The factor from the local terms of all pieces to the explained score; `factor` where they cancel
// out to 0.
FixedSum FactorBelow(const Part& whole, FixedSum factor, absl::Span<const Piece> pieces);

// A scored child of a node that takes shares (scheme.h).
struct ExplainedMember {
  Fixed earned;
  Fixed available;
  Fixed weight;
};

// What each child of such a node brings, on the scale of the node: the slice of its points that the
// weight of the child stands for, less what the child costs against full points. The costs of means
// are shared out along the scale that the mean is taken on (its logarithm, inverse, power), so they
// add up by themselves; a median, a least or a greatest comes from the children that decide it.
// `earned` is what the node earns. Fills in local and slope.
void ExplainMembers(const Node& node, Fixed earned, absl::Span<const ExplainedMember> members,
                    absl::Span<Piece> pieces);

// Takes the part for a unit's own sheet apart, down to the records.
void OpenSheet(const Scheme& scheme, const SheetInput& input, FixedSum factor,
               const ExplainOptions& options, Part& whole);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_PARTS_H_
