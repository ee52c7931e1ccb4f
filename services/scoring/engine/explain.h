// Where a score comes from: a tree of parts, from the unit down to the record, in which the parts
// of every part add up to it exactly, both at full precision and as shown.
//
// Every step of a score is taken apart by the arithmetic that made it: a mean into its children's
// shares, a sheet into its nodes scaled to the points of the scheme, a leaf into what each record
// earned or cost. What rounding leaves over goes to the parts with the largest remainders.
//
// Thread-safety: pure functions; the Board must not change meanwhile.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_H_
#define TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/leaf.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring::engine {

struct Part {
  enum class Kind : uint8_t {
    kUnit,        // `unit`
    kSheet,       // The own sheet of `unit`.
    kNode,        // `index`: node of the scheme.
    kRecord,      // `index`: record of the leaf above it.
    kFullPoints,  // What a rule by deduction starts from.
    kCap,         // What a cap or a floor of a leaf gives back or takes away.
    kUneven,      // What uneven children take from, or add to, the mean of their node.
    kContest,     // `index`: node of the scheme; what it makes of its children against others.
    kBonusCap,    // What the cap on all bonuses takes away.
    kFloor,       // What penalties would take off below 0.
    kVeto,        // `index`: node of the scheme; what its veto takes away.
    kOthers,      // Parts that were left out, together.
  };
  Kind kind = Kind::kUnit;
  Unit unit = kNoUnit;
  int32_t index = -1;
  Assessment assessment = Assessment::kScored;
  bool refused = false;  // kNode: its leaf, see LeafResult.
  Fixed contribution;    // To the explained score.
  FixedSum shown;
  Fixed value;                     // Before weighting: a child's score, points earned.
  Fixed out_of;                    // The most it could be; 0 where that means nothing.
  absl::optional<int64_t> weight;  // In 1e-6, where the roll-up weighs.
  int64_t omitted = 0;             // kOthers: how many.
  std::vector<Part> parts;
};

struct ExplainOptions {
  int depth = 0;        // Levels of units below that are opened.
  int parts_max = 100;  // Of one part; the greatest stay.
  int decimals = 2;     // Of the shown parts.
};

// What a unit's sheet is made of, with records; good as long as the explanation is being made.
using InputOf = absl::FunctionRef<const SheetInput&(Unit)>;
// The units that have their place directly below.
using ChildrenOf = absl::FunctionRef<std::vector<Unit>(Unit)>;

// The score of a unit that has a place.
Part ExplainUnit(const Board& board, Unit unit, const ExplainOptions& options, InputOf input,
                 ChildrenOf children);

// What the records of one leaf earned or cost; adds up to result.earned. For tests and texts.
std::vector<Part> ExplainLeaf(const Leaf& leaf, Fixed points, const LeafInput& input,
                              const LeafResult& result);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_EXPLAIN_H_
