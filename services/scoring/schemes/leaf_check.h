// What is wrong with a leaf of a scheme: its source, its rule, and whether the two fit.
//
// Thread-safety: none; one check of a scheme uses one.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_LEAF_CHECK_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_LEAF_CHECK_H_

#include <map>
#include <set>
#include <string>

#include "services/scoring/schemes/indicator_check.h"
#include "services/scoring/schemes/scheme_issues.h"

namespace terrace::scoring {

class LeafChecker {
 public:
  // All outlive it.
  LeafChecker(const v1::Scheme& scheme, const FindDefinition& definition, SchemeUse use,
              SchemeIssues& issues)
      : scheme_(scheme),
        definition_(definition),
        issues_(issues),
        indicator_(scheme, use, issues) {}

  void CheckLeaf(const v1::Node& node, const std::string& field);

 private:
  void CheckSource(const v1::Node& node, const std::string& field);
  void CheckObservations(const v1::ObservationSource& source, const std::string& field);
  void CheckStatistic(const v1::Leaf& leaf, const std::string& field);
  void CheckPublished(const v1::PublishedSource& source, const std::string& field);
  void CheckDeduct(const v1::DeductRule& rule, FixedSum points, const std::string& field);
  void CheckGrade(const v1::Leaf& leaf, FixedSum points, const std::string& field);
  void CheckPassFail(const v1::Leaf& leaf, const std::string& field);
  void CheckRatio(const v1::Leaf& leaf, const std::string& field);
  void CheckDiscretion(const v1::Leaf& leaf, const std::string& field);
  void CheckBonus(const v1::BonusRule& rule, const std::string& field);
  void CheckPenalty(const v1::PenaltyRule& rule, const std::string& field);
  void CheckVeto(const v1::Leaf& leaf, const std::string& field);
  void CheckGrowth(const v1::GrowthAboveParentRule& rule, const std::string& field);

  const v1::Scheme& scheme_;
  const FindDefinition& definition_;
  SchemeIssues& issues_;
  IndicatorChecker indicator_;
  struct CountedItems {
    bool all = false;
    std::set<std::string> items;
  };
  std::map<std::string, CountedItems> counted_items_;  // By checklist, whatever its version.
  std::set<std::string> counted_statistics_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_LEAF_CHECK_H_
