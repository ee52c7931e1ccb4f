// Why two scores differ: the difference split over the lines of the unit's own sheet and over the
// units below it, exactly.
//
// Both scores come as they are explained, and what a part contributes to the one is set against
// what it contributes to the other. A product of a score and a weight that both have changed is
// split evenly: each counts with the mean of the other, and the halves add up.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ANALYSIS_COMPARE_SCORES_H_
#define TERRACE_SERVICES_SCORING_ANALYSIS_COMPARE_SCORES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/scoring/engine/explain.h"
#include "services/scoring/schemes/compile.h"

namespace terrace::scoring {

struct ComparedScore {
  const CompiledScheme* scheme = nullptr;
  engine::Method method = engine::Method::kOwn;  // Of the unit's roll-up.
  engine::Part whole;                            // Explained with nothing left out.
  engine::SheetInput input;                      // Of the own sheet; empty without one.
};

struct Difference {
  enum class Kind : uint8_t { kLine, kDeadline, kAdjustment, kChild, kWeight, kJoined, kLeft };
  Kind kind = Kind::kLine;
  // kLine, kDeadline: id of the node. kAdjustment: what adjusts, as in explanations, or "scaling":
  // what lines count for because others could not be earned.
  std::string subject;
  engine::Unit unit = engine::kNoUnit;  // kChild and what follows it.
  FixedSum contribution;
  absl::optional<Fixed> before;
  absl::optional<Fixed> after;
};

// All contributions together are the later score less the earlier one. Both are scored. What makes
// no difference is left out.
std::vector<Difference> Compare(const ComparedScore& before, const ComparedScore& after);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_ANALYSIS_COMPARE_SCORES_H_
