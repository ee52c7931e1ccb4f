// Giving parts of a whole their shares, so that they add up to it exactly. Internal to the
// explanation.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_PARTS_H_
#define TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_PARTS_H_

#include <vector>

#include "common/base/fixed.h"
#include "services/scoring/engine/explain.h"

namespace terrace::scoring::engine {

// A part, and what it makes of its whole in the whole's own terms, before scaling.
struct Piece {
  Part part;
  Fixed local;
  // Units only: whether they count by the sums of their sheets instead of by their score.
  bool by_sheets = false;
};

// whole * numerator / denominator; 0 when there is nothing to divide by.
Fixed ShareOf(Fixed whole, FixedSum numerator, FixedSum denominator);

// Fills in contribution and shown of every piece: in proportion to `local`, or, where the pieces
// cancel out to 0, `local` times `factor`. More pieces than options.parts_max are put together, the
// smallest ones first, as one piece of kind kOthers. Returns the factor from local terms to the
// explained score.
FixedSum Distribute(const Part& whole, FixedSum factor, const ExplainOptions& options,
                    std::vector<Piece>& pieces);

// Takes the part for a unit's own sheet apart, down to the records.
void OpenSheet(const Scheme& scheme, const std::vector<LeafInput>& inputs, FixedSum factor,
               const ExplainOptions& options, Part& whole);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_PARTS_H_
