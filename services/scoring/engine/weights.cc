#include "services/scoring/engine/weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/base/check.h"

namespace terrace::scoring::engine {
namespace {

constexpr int kIterationsMax = 10'000;
constexpr double kSettled = 1e-16;

// Mean consistency indexes of random matrices of 3 to 15 rows (Saaty).
constexpr double kRandomIndexes[] = {0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45,
                                     1.49, 1.51, 1.48, 1.56, 1.57, 1.59};

Fixed Quantised(double value) {
  absl::StatusOr<Fixed> fixed = FixedFromDouble(value, "weight");
  TERRACE_CHECK(fixed.ok());  // From 0 to 1.
  return *fixed;
}

double ConsistencyOf(double eigenvalue, size_t n) {
  if (n < 3) return 0;
  const double random = kRandomIndexes[std::min(n - 3, std::size(kRandomIndexes) - 1)];
  const auto size = static_cast<double>(n);
  return std::max(0.0, (eigenvalue - size) / (size - 1) / random);
}

}  // namespace

std::vector<int> MembersOf(const Scheme& scheme, int node) {
  std::vector<int> members;
  for (size_t n = 0; n < scheme.nodes.size(); ++n) {
    const Node& child = scheme.nodes[n];
    if (child.parent != node) continue;
    if (child.leaf >= 0 && IsExtra(scheme.leaves[child.leaf])) continue;
    members.push_back(static_cast<int>(n));
  }
  return members;
}

absl::optional<PairwiseWeights> WeighPairwise(absl::Span<const int> members,
                                              absl::Span<const Judgement> judgements) {
  const size_t n = members.size();
  std::vector<double> matrix(n * n, 0);
  for (size_t i = 0; i < n; ++i) matrix[i * n + i] = 1;
  for (const Judgement& judgement : judgements) {
    const size_t more = std::find(members.begin(), members.end(), judgement.more) - members.begin();
    const size_t less = std::find(members.begin(), members.end(), judgement.less) - members.begin();
    if (more == n || less == n || more == less) continue;
    matrix[more * n + less] = ToDouble(judgement.times);
    matrix[less * n + more] = 1 / ToDouble(judgement.times);
  }
  if (std::find(matrix.begin(), matrix.end(), 0.0) != matrix.end()) return absl::nullopt;

  // All numbers are above 0, so that the iteration converges from anywhere.
  PairwiseWeights result;
  std::vector<double> vector(n, 1.0 / static_cast<double>(n));
  std::vector<double> next(n);
  for (int i = 0; i < kIterationsMax; ++i) {
    for (size_t row = 0; row < n; ++row) {
      next[row] = 0;
      for (size_t k = 0; k < n; ++k) next[row] += matrix[row * n + k] * vector[k];
    }
    result.eigenvalue = std::accumulate(next.begin(), next.end(), 0.0);
    double moved = 0;
    for (size_t row = 0; row < n; ++row) {
      next[row] /= result.eigenvalue;
      moved = std::max(moved, std::abs(next[row] - vector[row]));
    }
    vector.swap(next);
    if (moved <= kSettled) break;
  }
  for (double weight : vector) result.weights.push_back(Quantised(weight));
  result.consistency = ConsistencyOf(result.eigenvalue, n);
  return result;
}

std::vector<Fixed> WeighByEntropy(absl::Span<const std::vector<double>> columns) {
  std::vector<double> weights;
  for (const std::vector<double>& column : columns) {
    std::vector<double> figures;
    for (double figure : column) {
      if (figure >= 0) figures.push_back(figure);
    }
    // Sorted, so that the order of the units changes no bit.
    std::sort(figures.begin(), figures.end());
    if (figures.size() < 2 || figures.front() == figures.back()) {
      weights.push_back(0);
      continue;
    }
    const double sum = std::accumulate(figures.begin(), figures.end(), 0.0);
    double entropy = 0;
    for (double figure : figures) {
      if (figure > 0) entropy -= figure / sum * std::log(figure / sum);
    }
    const double most = std::log(static_cast<double>(figures.size()));
    weights.push_back(std::max(0.0, 1 - entropy / most));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<Fixed> result;
  for (double weight : weights) {
    result.push_back(Quantised(sum > 0 ? weight / sum : 1 / static_cast<double>(weights.size())));
  }
  return result;
}

void SettleWeights(Scheme& scheme) {
  for (size_t n = 0; n < scheme.nodes.size(); ++n) {
    const Weighting weighting = scheme.nodes[n].weighting;
    if (weighting != Weighting::kEqual && weighting != Weighting::kPairwise) continue;
    const std::vector<int> members = MembersOf(scheme, static_cast<int>(n));
    std::vector<Fixed> weights(members.size(), Fixed::FromInteger(1));
    if (weighting == Weighting::kPairwise) {
      absl::optional<PairwiseWeights> found = WeighPairwise(members, scheme.nodes[n].judgements);
      TERRACE_CHECK(found.has_value());  // Every pair has been judged.
      weights = std::move(found->weights);
    }
    for (size_t i = 0; i < members.size(); ++i) scheme.nodes[members[i]].weight = weights[i];
  }
}

std::vector<Fixed> WeightsOf(const Scheme& scheme) {
  std::vector<Fixed> weights;
  weights.reserve(scheme.nodes.size());
  for (const Node& node : scheme.nodes) weights.push_back(node.weight);
  return weights;
}

}  // namespace terrace::scoring::engine
