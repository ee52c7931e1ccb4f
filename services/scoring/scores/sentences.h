// How a score came about, in words: one sentence for every step of an explanation.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_SCORES_SENTENCES_H_
#define TERRACE_SERVICES_SCORING_SCORES_SENTENCES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/scoring/engine/accumulator.h"
#include "services/scoring/engine/contest.h"
#include "services/scoring/engine/leaf.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring {

// In both languages.
struct Sentence {
  std::string en;
  std::string zh;
};

// Why something has no score; empty for what has one.
Sentence WhyNot(engine::Assessment assessment);
// Of a leaf that the unit need not be judged on.
Sentence Exempt(bool full);
// Of a leaf that the unit did not let be looked at; `zero`: missing figures earn nothing.
Sentence RefusedLeaf(bool zero);
// The same sentence, followed by why: in the words of whoever was there; none for an empty reason.
Sentence Because(Sentence sentence, absl::string_view reason);
Sentence OfRollup(const engine::Rollup& rollup, const engine::Accumulator& sums);
// Of what is scored: an inner node, and a leaf.
Sentence OfNode(const engine::Node& node);
// Of what a node makes of its children against other units.
Sentence OfContest(const engine::Node& node,
                   const absl::optional<engine::Contest::Standing>& standing);
Sentence OfLeaf(const engine::Scheme& scheme, int leaf, const engine::LeafInput& input);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCORES_SENTENCES_H_
