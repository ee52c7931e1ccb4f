#include "services/scoring/engine/rank.h"

#include <algorithm>

namespace terrace::scoring::engine {

void RankUnits(std::vector<Ranked>& units) {
  std::stable_sort(units.begin(), units.end(),
                   [](const Ranked& a, const Ranked& b) { return a.value > b.value; });
  for (size_t i = 0; i < units.size(); ++i) {
    const bool tied = i > 0 && units[i].value == units[i - 1].value;
    units[i].rank = tied ? units[i - 1].rank : static_cast<int64_t>(i) + 1;
  }
}

}  // namespace terrace::scoring::engine
