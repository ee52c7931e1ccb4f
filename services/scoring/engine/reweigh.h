// Scores of many sheets under other weights: what the leaves earn stands, and the nodes above them
// combine and weigh it anew. For questions such as "what if this line counted twice as much", asked
// of a whole table again and again.
//
// Concept. Leaves are columns of integers. Units are taken in blocks whose columns stay in the
// fastest cache while the nodes go over them; a mean of children that everybody of the block has is
// one multiplication a cell and one division a unit. Scores are those of SheetFinisher, to the last
// digit.
//
// Thread-safety: immutable once made; Score may run from any thread, and uses threads of its own.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_REWEIGH_H_
#define TERRACE_SERVICES_SCORING_ENGINE_REWEIGH_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "services/scoring/engine/roll_up.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

class Reweighing {
 public:
  // Whether leaves that are scored are all that the scheme needs to know: it has no bonus, penalty
  // or veto, asks for no least number of figures, and no node looks at other units.
  static bool Covers(const Scheme& scheme);

  // By leaf of the scheme and unit, what it earns in 1e-12, kNoCell where it is not scored. All
  // columns are of one length.
  explicit Reweighing(std::vector<std::vector<int64_t>> leaves);

  // The scores under a scheme with as many leaves, which Covers; kNoCell where there is none. One
  // for each unit.
  void Score(const Scheme& scheme, int threads, absl::Span<int64_t> scores) const;

 private:
  const std::vector<std::vector<int64_t>> leaves_;
  std::vector<std::vector<bool>> complete_;  // By leaf and block: everybody has it.
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_REWEIGH_H_
