// Places among peers: 1 is best, equal values share a place and the next ones are skipped
// (1, 2, 2, 4).
//
// Thread-safety: a pure function.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_RANK_H_
#define TERRACE_SERVICES_SCORING_ENGINE_RANK_H_

#include <cstdint>
#include <vector>

#include "common/base/fixed.h"
#include "services/scoring/engine/board.h"

namespace terrace::scoring::engine {

struct Ranked {
  Unit unit = kNoUnit;
  Fixed value;  // What is compared: the full score, or the shown one.
  int64_t rank = 0;
};

// Sorts `units` best first, equal ones in the order in which they came, and fills in the places.
void RankUnits(std::vector<Ranked>& units);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_RANK_H_
