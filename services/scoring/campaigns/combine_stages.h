// What the stages of a sheet come to: the values of those that are over, leaf by leaf, made one by
// the rule of the campaign, and then what spot checks do to them.
//
// Arithmetic is exact; what must be divided is rounded once, to 1e-12.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_COMBINE_STAGES_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_COMBINE_STAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/scores/sentences.h"

namespace terrace::scoring {

enum class StageMixing : uint8_t { kLatest, kWeighted, kLeast };
enum class SpotCheck : uint8_t { kNone, kReplace, kCap, kExtrapolate, kExtrapolateToParent };

struct CombinedStage {
  std::string id;
  Sentence title;
  SpotCheck spot_check = SpotCheck::kNone;
  Fixed weight;  // kWeighted, above 0; spot checks have none.
};

// How a campaign combines. Spot checks come last.
struct Combining {
  StageMixing mixing = StageMixing::kLatest;
  std::vector<CombinedStage> stages;
  std::vector<int32_t> penalties;  // Nodes whose points are taken off, ascending.

  bool IsPenalty(int32_t node) const;
  int IndexOf(absl::string_view id) const;  // -1 for none.
  // The spot check that speaks for units which it did not look at, of which there is one at most;
  // -1 for none.
  int CarriedOver() const;
};

// What a stage states of one leaf.
struct StagePoints {
  int32_t node = 0;  // Any number that tells leaves apart.
  bool not_applicable = false;
  Fixed points;  // 0 or more.
};

// A stage that is over.
struct StageOver {
  int stage = 0;                         // Index into Combining::stages.
  absl::Span<const StagePoints> values;  // Each leaf once.
};

// What a spot check that speaks for other units found in those that it looked at, over their leaves
// that both it and the stages before it give points.
struct SpotSample {
  int64_t units = 0;
  FixedSum found;
  FixedSum before;
};

struct CombinedPoints {
  int32_t node = 0;
  bool not_applicable = false;
  Fixed points;
  int stage = -1;  // Whose value it is; -1 where several make it.
  Sentence arithmetic;
};

// One result for each leaf that any of them states, by node. `over` stands in the order of the
// stages. A stage that says that a leaf does not apply decides so if it is the latest to speak;
// otherwise it is left out. Sentences are filled in only when asked for. `sample` is of the units
// beside; it counts where the sheet itself was not looked at.
std::vector<CombinedPoints> CombineStages(const Combining& combining,
                                          absl::Span<const StageOver> over,
                                          const SpotSample& sample, bool with_sentences);

// Adds what Combining::CarriedOver found on a sheet; nothing where it did not look.
void AddToSample(const Combining& combining, absl::Span<const StageOver> over, SpotSample* sample);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_COMBINE_STAGES_H_
