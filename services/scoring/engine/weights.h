// Where the weights of a node's children come from, other than by hand.
//
// Thread-safety: pure functions of plain values.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_WEIGHTS_H_
#define TERRACE_SERVICES_SCORING_ENGINE_WEIGHTS_H_

#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/scheme.h"

namespace terrace::scoring::engine {

// Judgements are consistent enough below this ratio.
inline constexpr double kConsistencyMax = 0.1;

// The children that make the node, in their order: all but bonuses, penalties and vetoes. Node -1
// stands for the top.
std::vector<int> MembersOf(const Scheme& scheme, int node);

// AHP: the principal eigenvector of a matrix of judgements.
struct PairwiseWeights {
  std::vector<Fixed> weights;  // Of 1 in all, up to rounding.
  double eigenvalue = 0;       // The principal one; as many as there are children, or more.
  double consistency = 0;      // (eigenvalue - n) / (n - 1), over the mean of random matrices.
};

// `members` are the nodes that the judgements speak of; nullopt unless there is one for every pair.
// More than 15 members are measured by the random matrices of 15.
absl::optional<PairwiseWeights> WeighPairwise(absl::Span<const int> members,
                                              absl::Span<const Judgement> judgements);

// 1 - entropy of each column, NaN and numbers below 0 left out; of 1 in all, up to rounding.
// Columns that do not differ weigh 0; when none does, all weigh the same.
std::vector<Fixed> WeighByEntropy(absl::Span<const std::vector<double>> columns);

// Fills in Node::weight of the children of nodes that weigh kEqual or kPairwise.
void SettleWeights(Scheme& scheme);

// Node::weight of every node.
std::vector<Fixed> WeightsOf(const Scheme& scheme);

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_WEIGHTS_H_
