#include "services/scoring/scheme_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/fixed.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "services/scoring/leaf_check.h"
#include "services/scoring/scheme_issues.h"

namespace terrace::scoring {
namespace {

bool IsCounted(const v1::Leaf& leaf) {
  switch (leaf.source_case()) {
    case v1::Leaf::kMeasures:
    case v1::Leaf::kTimeliness:
    case v1::Leaf::kCoverage:
    case v1::Leaf::kRectification:
      return true;
    case v1::Leaf::kObservations:
      return leaf.has_ratio();
    default:
      return false;
  }
}

bool IsExtra(const v1::Leaf& leaf) { return leaf.has_bonus() || leaf.has_veto(); }

class Checker {
 public:
  Checker(const v1::Scheme& scheme, const FindDefinition& definition)
      : scheme_(scheme), issues_(scheme, definition), leaf_(scheme, definition, issues_) {}

  std::vector<v1::SchemeIssue> Run() {
    CheckFrame();
    CheckNodes();
    CheckSums();
    CheckRollups();
    CheckBands();
    return issues_.Take();
  }

 private:
  void CheckFrame() {
    issues_.InRange(scheme_.has_points(), scheme_.points(), "points", FixedSum::FromUnits(1),
                    Whole(kPointsMax), true);
    if (scheme_.periodicity() == v1::PERIODICITY_UNSPECIFIED) {
      issues_.Add(Issue::NO_PERIODICITY, "periodicity");
    }
    issues_.CheckPeriod(scheme_.first_period(), "first_period", /*same_length=*/true);
    if (!scheme_.time_zone().empty() &&
        !calendar::LoadZone(scheme_.time_zone(), "time_zone").ok()) {
      issues_.Add(Issue::UNKNOWN_ZONE, "time_zone", scheme_.time_zone());
    }
    issues_.CheckCodes(scheme_.population().levels(), "levels/{level}", "population.levels",
                       kLevelsMax);
    issues_.CheckCodes(scheme_.population().kinds(), "kinds/{kind}", "population.kinds", kItemsMax);
    if (!scheme_.population().programme().empty()) {
      issues_.CheckName(scheme_.population().programme(), "units/{office}/programmes/{programme}",
                        "population.programme");
    }
    issues_.InRange(scheme_.has_bonus_cap(), scheme_.bonus_cap(), "bonus_cap", FixedSum(),
                    Whole(kPointsMax), false);
    if (scheme_.decimals() < 0 || scheme_.decimals() > 6) {
      issues_.Add(Issue::NUMBER_OUT_OF_RANGE, "decimals", "0", "6");
    }
  }

  void CheckNodes() {
    if (scheme_.nodes().empty()) issues_.Add(Issue::NO_NODES, "nodes");
    issues_.CheckCount(scheme_.nodes_size(), kNodesMax, "nodes");
    for (int i = 0; i < scheme_.nodes_size(); ++i) {
      const v1::Node& node = scheme_.nodes(i);
      issues_.set_node(node.id());
      const std::string field = absl::StrCat("nodes[", i, "]");
      CheckPlace(node, i, field);
      issues_.CheckCodes(node.kinds(), "kinds/{kind}", absl::StrCat(field, ".kinds"), kItemsMax);
      if (node.has_leaf()) leaf_.CheckLeaf(node, absl::StrCat(field, ".leaf"));
      const bool extra = node.has_leaf() && IsExtra(node.leaf());
      const absl::optional<FixedSum> points =
          node.has_points() ? Number(node.points()) : absl::make_optional(FixedSum());
      if (extra && points != FixedSum()) {
        issues_.Add(Issue::POINTS_NOT_ZERO, absl::StrCat(field, ".points"));
      } else if (!extra && (!points || *points <= FixedSum() || *points > Whole(kPointsMax))) {
        issues_.Add(Issue::POINTS_OUT_OF_RANGE, absl::StrCat(field, ".points"),
                    absl::StrCat(kPointsMax));
      }
    }
    issues_.set_node("");
  }

  void CheckPlace(const v1::Node& node, int index, const std::string& field) {
    if (!resource::IsValidId(node.id())) issues_.Add(Issue::INVALID_ID, field + ".id", node.id());
    int depth = 1;
    if (!node.parent().empty()) {
      auto parent = depths_.find(node.parent());
      if (parent == depths_.end()) {
        issues_.Add(Issue::UNKNOWN_PARENT, field + ".parent", node.parent());
      } else {
        depth = parent->second.first + 1;
        const v1::Node& above = scheme_.nodes(parent->second.second);
        if (above.has_leaf()) issues_.Add(Issue::PARENT_IS_LEAF, field + ".parent", node.parent());
      }
      has_children_.insert(node.parent());
    }
    if (depth > kNodeDepthMax) issues_.Add(Issue::TOO_DEEP, field, absl::StrCat(kNodeDepthMax));
    if (!depths_.try_emplace(node.id(), depth, index).second) {
      issues_.Add(Issue::DUPLICATE_NODE, field + ".id", node.id());
    }
  }

  // Children that are no bonuses or vetoes add up to their node, top nodes to the scheme.
  void CheckSums() {
    std::map<std::string, FixedSum> sums;
    for (const v1::Node& node : scheme_.nodes()) {
      if (node.has_leaf() && IsExtra(node.leaf())) continue;
      sums[node.parent()] += Number(node.points()).value_or(FixedSum());
    }
    auto check = [&](const std::string& parent, const types::v1::Decimal& points,
                     const std::string& field) {
      const absl::optional<FixedSum> whole = Number(points);
      if (whole && sums[parent] != *whole) {
        issues_.Add(Issue::POINTS_DO_NOT_ADD_UP, field, FormatSum(sums[parent]), FormatSum(*whole));
      }
    };
    if (!scheme_.nodes().empty()) check("", scheme_.points(), "points");
    for (int i = 0; i < scheme_.nodes_size(); ++i) {
      const v1::Node& node = scheme_.nodes(i);
      issues_.set_node(node.id());
      const std::string field = absl::StrCat("nodes[", i, "]");
      if (has_children_.contains(node.id())) {
        check(node.id(), node.points(), field + ".points");
      } else if (!node.has_leaf()) {
        issues_.Add(Issue::NODE_WITHOUT_LEAF, field);
      }
    }
    issues_.set_node("");
  }

  void CheckRollups() {
    issues_.CheckCount(scheme_.rollups_size(), kLevelsMax, "rollups");
    std::set<std::string> levels;
    bool any = false;
    for (int i = 0; i < scheme_.rollups_size(); ++i) {
      const v1::LevelRollup& entry = scheme_.rollups(i);
      const std::string field = absl::StrCat("rollups[", i, "]");
      issues_.CheckName(entry.level(), "levels/{level}", field + ".level");
      if (!levels.insert(entry.level()).second) {
        issues_.Add(Issue::DUPLICATE_LEVEL, field + ".level", entry.level());
      }
      any |= entry.rollup().method() > v1::ROLLUP_METHOD_OWN;
      CheckRollup(entry.rollup(), field + ".rollup");
    }
    if (!any) issues_.Add(Issue::NOTHING_ROLLS_UP, "rollups");
  }

  void CheckRollup(const v1::Rollup& rollup, const std::string& field) {
    if (!rollup.weight_statistic().empty()) {
      issues_.CheckStatistic(rollup.weight_statistic(), field + ".weight_statistic");
    } else if (rollup.method() == v1::ROLLUP_METHOD_WEIGHTED_MEAN) {
      issues_.Add(Issue::WEIGHT_MISSING, field + ".weight_statistic");
    }
    if (!rollup.ratio_leaf().empty()) {
      auto node = depths_.find(rollup.ratio_leaf());
      if (node == depths_.end() || !scheme_.nodes(node->second.second).has_leaf()) {
        issues_.Add(Issue::UNKNOWN_LEAF, field + ".ratio_leaf", rollup.ratio_leaf());
      } else if (!IsCounted(scheme_.nodes(node->second.second).leaf())) {
        issues_.Add(Issue::LEAF_NOT_COUNTED, field + ".ratio_leaf", rollup.ratio_leaf());
      }
    }
    const bool mix = rollup.has_own_weight() || rollup.has_rolled_weight();
    const auto own = issues_.InRange(rollup.has_own_weight(), rollup.own_weight(),
                                     field + ".own_weight", FixedSum(), Whole(1000), false);
    const auto rolled = issues_.InRange(rollup.has_rolled_weight(), rollup.rolled_weight(),
                                        field + ".rolled_weight", FixedSum(), Whole(1000), false);
    if (mix && (!own || !rolled || *own + *rolled == FixedSum())) {
      issues_.Add(Issue::MIX_INCOMPLETE, field);
    }
    issues_.InRange(rollup.has_min_coverage(), rollup.min_coverage(), field + ".min_coverage",
                    FixedSum(), Whole(1), false);
  }

  void CheckBands() {
    issues_.CheckCount(scheme_.bands_size(), kGradesMax, "bands");
    absl::optional<FixedSum> before;
    std::set<std::string> seen;
    const absl::optional<FixedSum> points = Number(scheme_.points());
    bool above = false;  // Whether more than the points of the scheme can be earned.
    for (const v1::Node& node : scheme_.nodes()) above |= node.leaf().has_bonus();
    for (const v1::LevelRollup& level : scheme_.rollups()) {
      above |= level.rollup().method() == v1::ROLLUP_METHOD_SUM;
    }
    for (int i = 0; i < scheme_.bands_size(); ++i) {
      const v1::Band& band = scheme_.bands(i);
      const std::string field = absl::StrCat("bands[", i, "]");
      if (!seen.insert(band.grade()).second) {
        issues_.Add(Issue::DUPLICATE_GRADE, field + ".grade", band.grade());
      }
      const auto bound = issues_.InRange(band.has_lower_bound(), band.lower_bound(),
                                         field + ".lower_bound", FixedSum(), Whole(999'999), false);
      const bool last = i + 1 == scheme_.bands_size();
      if ((!band.has_lower_bound() && !last) || (before && bound && *bound >= *before)) {
        issues_.Add(Issue::GRADES_NOT_FALLING, field + ".lower_bound");
      }
      if (bound && points && !above && *bound > *points) {
        issues_.Add(Issue::BANDS_UNREACHABLE, field + ".lower_bound", band.grade());
      }
      before = bound;
    }
  }

  const v1::Scheme& scheme_;
  SchemeIssues issues_;
  LeafChecker leaf_;
  std::map<std::string, std::pair<int, int>> depths_;  // Id -> depth and index.
  std::set<std::string> has_children_;
};

}  // namespace

std::vector<v1::SchemeIssue> CheckScheme(const v1::Scheme& scheme,
                                         const FindDefinition& definition) {
  return Checker(scheme, definition).Run();
}

bool HasErrors(const std::vector<v1::SchemeIssue>& issues) {
  return std::any_of(issues.begin(), issues.end(), [](const v1::SchemeIssue& issue) {
    return issue.severity() == v1::ISSUE_SEVERITY_ERROR;
  });
}

}  // namespace terrace::scoring
