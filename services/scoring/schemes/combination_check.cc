#include "services/scoring/schemes/combination_check.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring {
namespace {

constexpr int64_t kExponentMost = 100;

FixedSum WeightOf(const v1::Node& node) {
  return Number(node.has_weight() ? node.weight() : node.points()).value_or(FixedSum());
}

}  // namespace

bool TakesShares(const v1::Node& node) {
  return !node.has_leaf() && node.combination() >= v1::COMBINATION_ARITHMETIC;
}

bool WeighsShares(const v1::Node& node) {
  return TakesShares(node) && node.combination() != v1::COMBINATION_MEDIAN &&
         node.combination() != v1::COMBINATION_MIN && node.combination() != v1::COMBINATION_MAX;
}

void CombinationChecker::CheckNode(const v1::Node& node,
                                   const std::vector<const v1::Node*>& members,
                                   const std::string& field) {
  issues_.InRange(node.has_weight(), node.weight(), field + ".weight", FixedSum(),
                  Whole(kPointsMax), false);
  issues_.InRange(node.has_min_present(), node.min_present(), field + ".min_present", FixedSum(),
                  Whole(1), false);
  const auto exponent = issues_.InRange(node.has_exponent(), node.exponent(), field + ".exponent",
                                        Whole(-kExponentMost), Whole(kExponentMost),
                                        node.combination() == v1::COMBINATION_POWER);
  if (exponent == FixedSum()) issues_.Add(Issue::EXPONENT_ZERO, field + ".exponent");
  if (members.empty() || !TakesShares(node)) return;
  if (WeighsShares(node)) CheckWeights(node, members, field);
}

void CombinationChecker::CheckWeights(const v1::Node& node,
                                      const std::vector<const v1::Node*>& members,
                                      const std::string& field) {
  switch (node.weighting()) {
    case v1::WEIGHTING_EQUAL:
      return;
    case v1::WEIGHTING_PAIRWISE:
      return CheckJudgements(node, members, field + ".judgements");
    case v1::WEIGHTING_ENTROPY:
      if (use_ == SchemeUse::kLive) {
        issues_.Add(Issue::NOT_LIVE, field + ".weighting",
                    v1::Weighting_Name(v1::WEIGHTING_ENTROPY));
      }
      return;
    default:
      break;
  }
  FixedSum sum;
  bool given = false;
  for (const v1::Node* member : members) {
    given |= member->has_weight();
    const FixedSum weight = WeightOf(*member);
    sum += weight;
    if (weight == FixedSum()) issues_.Add(Issue::WEIGHT_ZERO, field, member->id());
  }
  if (sum == FixedSum()) {
    issues_.Add(Issue::WEIGHTS_ALL_ZERO, field);
  } else if (given && sum != Whole(1) && sum != Whole(100) && sum != Number(node.points())) {
    issues_.Add(Issue::WEIGHTS_DO_NOT_ADD_UP, field, FormatSum(sum));
  }
}

void CombinationChecker::CheckJudgements(const v1::Node& node,
                                         const std::vector<const v1::Node*>& members,
                                         const std::string& field) {
  auto index = [&](const std::string& id) {
    const auto it = std::find_if(members.begin(), members.end(),
                                 [&](const v1::Node* member) { return member->id() == id; });
    return it == members.end() ? -1 : static_cast<int>(it - members.begin());
  };
  std::vector<engine::Judgement> judgements;
  std::set<std::pair<int, int>> pairs;
  bool complete = true;
  for (int i = 0; i < node.judgements_size(); ++i) {
    const v1::Judgement& judgement = node.judgements(i);
    const std::string row = absl::StrCat(field, "[", i, "]");
    const int more = index(judgement.more());
    const int less = index(judgement.less());
    if (more < 0) issues_.Add(Issue::UNKNOWN_CHILD, row + ".more", judgement.more());
    if (less < 0 || less == more) {
      issues_.Add(Issue::UNKNOWN_CHILD, row + ".less", judgement.less());
    }
    const auto times = issues_.InRange(judgement.has_times(), judgement.times(), row + ".times",
                                       Whole(1), Whole(9), true);
    complete &= more >= 0 && less >= 0 && more != less && times.has_value();
    if (!complete) continue;
    if (!pairs.insert(std::minmax(more, less)).second) {
      issues_.Add(Issue::JUDGED_TWICE, row, judgement.more(), judgement.less());
    }
    judgements.push_back({more, less, *Narrow(*times, "times")});
  }
  if (!complete) return;
  std::vector<int> indexes;
  for (int i = 0; i < static_cast<int>(members.size()); ++i) {
    indexes.push_back(i);
    for (int k = 0; k < i; ++k) {
      if (pairs.contains({k, i})) continue;
      issues_.Add(Issue::JUDGEMENT_MISSING, field, members[k]->id(), members[i]->id());
    }
  }
  const auto weights = engine::WeighPairwise(indexes, judgements);
  if (weights && weights->consistency >= engine::kConsistencyMax) {
    issues_.Add(Issue::JUDGEMENTS_INCONSISTENT, field,
                absl::StrFormat("%.3f", weights->consistency));
  }
}

}  // namespace terrace::scoring
