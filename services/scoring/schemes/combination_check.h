// What is wrong with how the children of a node make its points: weights, judgements, exponents.
//
// Thread-safety: none; one check of a scheme uses one.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_COMBINATION_CHECK_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_COMBINATION_CHECK_H_

#include <string>
#include <vector>

#include "services/scoring/schemes/scheme_issues.h"

namespace terrace::scoring {

// Whether the node is made of the shares of its children instead of their points.
bool TakesShares(const v1::Node& node);

// Whether it is, and the weights of the children matter: not to the median, the least, the
// greatest.
bool WeighsShares(const v1::Node& node);

class CombinationChecker {
 public:
  // `issues` outlives it.
  CombinationChecker(SchemeUse use, SchemeIssues& issues) : use_(use), issues_(issues) {}

  // `members` are the children that count; none for a leaf.
  void CheckNode(const v1::Node& node, const std::vector<const v1::Node*>& members,
                 const std::string& field);

 private:
  void CheckWeights(const v1::Node& node, const std::vector<const v1::Node*>& members,
                    const std::string& field);
  void CheckJudgements(const v1::Node& node, const std::vector<const v1::Node*>& members,
                       const std::string& field);

  const SchemeUse use_;
  SchemeIssues& issues_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_COMBINATION_CHECK_H_
