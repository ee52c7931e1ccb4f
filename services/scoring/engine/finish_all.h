// All sheets at once, for nodes that no single sheet can finish: those whose children weigh more
// the more they tell units apart (kEntropy), and those at which units compete (kCopeland).
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_FINISH_ALL_H_
#define TERRACE_SERVICES_SCORING_ENGINE_FINISH_ALL_H_

#include <vector>

#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring::engine {

// From the leaves of each sheet to the whole sheets, `given` included. `compared` says by sheet
// whether it is one of those that are compared with each other. Returns the weight of every node
// among the children of its parent.
std::vector<Fixed> FinishAll(const Scheme& scheme, const std::vector<bool>& compared,
                             absl::Span<SheetResult* const> sheets);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_FINISH_ALL_H_
