// What is wrong with how a leaf prepares and normalises its figures.
//
// Thread-safety: none; one check of a scheme uses one.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_INDICATOR_CHECK_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_INDICATOR_CHECK_H_

#include <string>

#include "services/scoring/schemes/scheme_issues.h"

namespace terrace::scoring {

// Whether what the rule has to know of peers can be frozen: places cannot.
bool IsFreezable(const v1::NormaliseRule& rule);

class IndicatorChecker {
 public:
  // Both outlive it.
  IndicatorChecker(const v1::Scheme& scheme, SchemeUse use, SchemeIssues& issues)
      : scheme_(scheme), use_(use), issues_(issues) {}

  void CheckPreparation(const v1::Preparation& preparation, const std::string& field);
  void CheckNormalise(const v1::Node& node, const std::string& field);

 private:
  void CheckGrowth(const v1::Growth& growth, const std::string& field);
  void CheckImputation(const v1::Imputation& imputation, const std::string& field);
  void CheckTreatment(const v1::Treatment& treatment, const std::string& field);
  void CheckMethod(const v1::NormaliseRule& rule, const std::string& field);
  void CheckBreakPoints(const v1::NormaliseRule& rule, const std::string& field);

  const v1::Scheme& scheme_;
  const SchemeUse use_;
  SchemeIssues& issues_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_INDICATOR_CHECK_H_
