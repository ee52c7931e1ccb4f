// What one leaf of a sheet earns: a rule applied to the figures that its source found.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_LEAF_H_
#define TERRACE_SERVICES_SCORING_ENGINE_LEAF_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// One answer to one checklist item on one visit.
struct Sample {
  enum class Kind : uint8_t {
    kNotApplicable,  // The item does not apply to this unit.
    kNotAssessed,    // It applies, but could not be looked at.
    kRefused,        // The unit did not let it be looked at: the answer is missing.
    kPassFail,
    kCount,
    kGrade,
    kNumber,
  };
  Kind kind = Kind::kNotApplicable;
  bool passed = false;    // kPassFail
  int64_t looked_at = 0;  // kCount: "hits of looked_at", 0 <= hits <= looked_at.
  int64_t hits = 0;
  std::string grade;    // kGrade
  FixedSum number;      // kNumber
  int32_t record = -1;  // The record that it stands for, see LeafInput::records.
};

// A counted visit: it looked at the leaf's checklist, whatever it answered.
struct Visit {
  std::vector<Sample> samples;
};

// A record behind kCounts: an assignment, a report, a finding, a title.
struct Counted {
  int32_t record = -1;
  int64_t numerator = 0;
  int64_t denominator = 0;
};

// What a source found for one leaf of one unit. Records are numbers that mean something to whoever
// gathered the input; only explanations look at them, and only they need `counted` filled in.
struct LeafInput {
  enum class Form : uint8_t {
    kAbsent,         // No figure.
    kEmpty,          // There was nothing to judge.
    kNotApplicable,  // The node is not for this kind of unit.
    kExempt,         // The unit need not be judged on it.
    kCounts,         // numerator of denominator, denominator > 0.
    kFigure,         // A number.
    kVisits,         // At least one visit, oldest first.
  };
  Form form = Form::kAbsent;
  // Whether a figure that is not there should be there by now: missing, or not yet assessed.
  bool late = false;
  int64_t numerator = 0;
  int64_t denominator = 0;
  FixedSum figure;
  // NormaliseRule: the prepared figure, NaN for none, and the peers; null for methods that look at
  // none.
  double prepared = std::numeric_limits<double>::quiet_NaN();
  std::shared_ptr<const PeerParameters> peers;
  // Whether the figure stands in for a missing one.
  bool imputed = false;
  // Leaf::has_loss: in percent.
  absl::optional<FixedSum> loss;
  // Growth: the figure of the base period, and both of the unit that is compared with.
  absl::optional<FixedSum> base;
  absl::optional<FixedSum> above_figure;
  absl::optional<FixedSum> above_base;
  std::vector<Visit> visits;
  std::vector<Counted> counted;  // kCounts; adds up to numerator and denominator.
  // kFigure: the record of the figure first, then the compared ones. kExempt: what exempts.
  std::vector<int32_t> records;
};

// For peers that outlive the input anyhow.
inline std::shared_ptr<const PeerParameters> Unowned(const PeerParameters* peers) {
  return {std::shared_ptr<const void>(), peers};
}

struct LeafResult {
  Assessment assessment = Assessment::kNotYet;
  Fixed earned;          // Of penalties: what they take off, as a negative number.
  Fixed available;       // The leaf's points when it is scored, else 0; 0 for extras.
  bool present = false;  // It is scored, and by a figure of its own.
  bool struck = false;   // The leaf is a veto, and it strikes.
  bool blocks = false;   // The sheet must wait for it.
  bool refused = false;  // There is no figure because the unit did not let it be looked at.
  // What was counted, for ratios of sums: whole numbers, both 0 where nothing was counted.
  FixedSum numerator;
  FixedSum denominator;
};

LeafResult EvaluateLeaf(const Leaf& leaf, Fixed points, const LeafInput& input);

// Points of a leaf for numerator / denominator, both counts, denominator > 0; nullopt when the rule
// is none for ratios. What RATIO_OF_SUMS applies to the sums of a subtree.
absl::optional<Fixed> EvaluateRatio(const Rule& rule, Fixed points, FixedSum numerator,
                                    FixedSum denominator);

// The visits that count under the leaf's choice: indexes into `visits`, in their order.
std::vector<int> ChosenVisits(const Leaf& leaf, Fixed points, absl::Span<const Visit> visits);

// Occurrences that a sample stands for: a fail, the misses of a count, a number.
FixedSum OccurrencesOf(const Sample& sample);

// Growth of `figure` over `base`, to 12 decimals; nullopt unless the base is above 0.
absl::optional<Fixed> GrowthOf(FixedSum figure, FixedSum base);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_LEAF_H_
