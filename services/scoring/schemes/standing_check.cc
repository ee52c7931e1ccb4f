#include "services/scoring/schemes/standing_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/resource/names.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/rounding.h"
#include "services/scoring/schemes/combination_check.h"

namespace terrace::scoring {
namespace {

constexpr int kGroupEnough = 5;  // For shares to say anything.

FixedSum PointsOf(const v1::Node& node) { return Number(node.points()).value_or(FixedSum()); }

// The most that a leaf can earn; nullopt where there is no telling.
absl::optional<FixedSum> MostOfLeaf(const v1::Node& node) {
  const v1::Leaf& leaf = node.leaf();
  const FixedSum points = PointsOf(node);
  if (leaf.has_grade()) {
    FixedSum most;
    for (const auto& grade : leaf.grade().grades()) {
      most = std::max(most, Number(grade.points()).value_or(FixedSum()));
    }
    return most;
  }
  if (!leaf.has_normalise()) return points;
  const v1::NormaliseRule& rule = leaf.normalise();
  absl::optional<FixedSum> most;
  switch (rule.method()) {
    case v1::NORMALISE_METHOD_PIECEWISE:
    case v1::NORMALISE_METHOD_RANK_TABLE:
      for (const v1::BreakPoint& point : rule.break_points()) {
        const FixedSum earned = Number(point.points()).value_or(FixedSum());
        most = most ? std::max(*most, earned) : earned;
      }
      return most;
    case v1::NORMALISE_METHOD_IDEAL:
    case v1::NORMALISE_METHOD_INTERVAL:
    case v1::NORMALISE_METHOD_PERCENTILE:
    case v1::NORMALISE_METHOD_ABOVE_BELOW_MEAN: {
      const FixedSum high =
          rule.has_scale_high() ? Number(rule.scale_high()).value_or(FixedSum()) : points;
      return std::max(high, Number(rule.scale_low()).value_or(FixedSum()));
    }
    default:
      return absl::nullopt;  // Figures beyond those that it was frozen for earn more.
  }
}

// The most that a sheet can earn when all of it is there, bonuses apart.
class Most {
 public:
  explicit Most(const v1::Scheme& scheme) {
    for (const v1::Node& node : scheme.nodes()) children_[node.parent()].push_back(&node);
  }

  absl::optional<FixedSum> OfChildren(const std::string& parent) const {
    FixedSum sum;
    for (const v1::Node* child : ChildrenOf(parent)) {
      const absl::optional<FixedSum> most = Of(*child);
      if (!most) return absl::nullopt;
      sum += *most;
    }
    return sum;
  }

 private:
  std::vector<const v1::Node*> ChildrenOf(const std::string& parent) const {
    std::vector<const v1::Node*> members;
    const auto it = children_.find(parent);
    if (it == children_.end()) return members;
    for (const v1::Node* child : it->second) {
      if (!IsExtra(child->leaf())) members.push_back(child);
    }
    return members;
  }

  absl::optional<FixedSum> Of(const v1::Node& node) const {
    if (node.has_leaf()) return MostOfLeaf(node);
    if (!TakesShares(node)) return OfChildren(node.id());
    // No mean goes beyond the best of its children; a minimum not beyond the worst.
    absl::optional<Fixed> most;
    for (const v1::Node* child : ChildrenOf(node.id())) {
      const absl::optional<FixedSum> own = Of(*child);
      const Fixed points = engine::Clamped(PointsOf(*child).units());
      if (!own || points <= Fixed() ||
          node.combination() == v1::COMBINATION_MAZZIOTTA_PARETO_PLUS) {
        return absl::nullopt;
      }
      const Fixed share = engine::OnScale(engine::Clamped(PointsOf(node).units()),
                                          engine::Clamped(own->units()), points);
      if (!most) most = share;
      most = node.combination() == v1::COMBINATION_MIN ? std::min(*most, share)
                                                       : std::max(*most, share);
    }
    if (!most) return absl::nullopt;
    return FixedSum(*most);
  }

  std::map<std::string, std::vector<const v1::Node*>> children_;
};

}  // namespace

void CheckGroupings(const v1::Scheme& scheme, SchemeIssues& issues) {
  issues.CheckCount(scheme.groupings_size(), kLevelsMax, "groupings");
  std::set<std::string> seen;
  for (int i = 0; i < scheme.groupings_size(); ++i) {
    const v1::Grouping& grouping = scheme.groupings(i);
    const std::string field = absl::StrCat("groupings[", i, "]");
    if (!resource::IsValidId(grouping.id())) {
      issues.Add(Issue::INVALID_ID, field + ".id", grouping.id());
    }
    if (!seen.insert(grouping.id()).second) {
      issues.Add(Issue::DUPLICATE_GROUPING, field + ".id", grouping.id());
    }
    switch (grouping.by_case()) {
      case v1::Grouping::kStatistic:
        issues.CheckStatistic(grouping.statistic(), field + ".statistic");
        break;
      case v1::Grouping::kAncestorLevel:
        issues.CheckName(grouping.ancestor_level(), "levels/{level}", field + ".ancestor_level");
        break;
      case v1::Grouping::BY_NOT_SET:
        issues.Add(Issue::NO_GROUPS, field, grouping.id());
        break;
      default:
        break;
    }
  }
}

void CheckRanking(const v1::Scheme& scheme, SchemeIssues& issues) {
  issues.CheckGrouping(scheme.ranking().grouping(), "ranking.grouping");
  issues.CheckCount(scheme.ranking().tie_breakers_size(), kLevelsMax, "ranking.tie_breakers");
  for (int i = 0; i < scheme.ranking().tie_breakers_size(); ++i) {
    const std::string& id = scheme.ranking().tie_breakers(i);
    const bool known = std::any_of(scheme.nodes().begin(), scheme.nodes().end(),
                                   [&](const v1::Node& node) { return node.id() == id; });
    if (!known) {
      issues.Add(Issue::UNKNOWN_NODE, absl::StrCat("ranking.tie_breakers[", i, "]"), id);
    }
  }
}

void CheckBanding(const v1::Scheme& scheme, SchemeIssues& issues) {
  const v1::Banding& banding = scheme.banding();
  issues.CheckGrouping(banding.grouping(), "banding.grouping");
  issues.CheckNumber(banding.group_min(), "banding.group_min");
  if (banding.method() != v1::BAND_METHOD_SHARE) return;
  FixedSum sum;
  for (int i = 0; i < scheme.bands_size(); ++i) {
    const v1::Band& band = scheme.bands(i);
    sum += issues
               .InRange(band.has_share(), band.share(), absl::StrCat("bands[", i, "].share"),
                        FixedSum(), Whole(1), true)
               .value_or(FixedSum());
  }
  if (sum != Whole(1)) issues.Add(Issue::SHARES_DO_NOT_ADD_UP, "bands", FormatSum(sum));
  if (!banding.grouping().empty() && banding.group_min() < kGroupEnough) {
    issues.Add(Issue::PEERS_TOO_FEW, "banding.group_min");
  }
}

void CheckBands(const v1::Scheme& scheme, SchemeIssues& issues) {
  issues.CheckCount(scheme.bands_size(), kGradesMax, "bands");
  const bool by_bounds = scheme.banding().method() == v1::BAND_METHOD_UNSPECIFIED ||
                         scheme.banding().method() == v1::BAND_METHOD_BOUNDS;
  absl::optional<FixedSum> most;
  if (!issues.has_errors()) most = Most(scheme).OfChildren("");  // Nodes are a tree then.
  for (const v1::Node& node : scheme.nodes()) {
    if (node.leaf().has_bonus()) most.reset();
  }
  for (const v1::LevelRollup& level : scheme.rollups()) {
    if (level.rollup().method() == v1::ROLLUP_METHOD_SUM) most.reset();
  }
  absl::optional<FixedSum> before;
  std::set<std::string> seen;
  for (int i = 0; i < scheme.bands_size(); ++i) {
    const v1::Band& band = scheme.bands(i);
    const std::string field = absl::StrCat("bands[", i, "]");
    if (!seen.insert(band.grade()).second) {
      issues.Add(Issue::DUPLICATE_GRADE, field + ".grade", band.grade());
    }
    const auto bound = issues.InRange(band.has_lower_bound(), band.lower_bound(),
                                      field + ".lower_bound", FixedSum(), Whole(999'999), false);
    if (!by_bounds) continue;
    const bool last = i + 1 == scheme.bands_size();
    if ((!band.has_lower_bound() && !last) || (before && bound && *bound >= *before)) {
      issues.Add(Issue::GRADES_NOT_FALLING, field + ".lower_bound");
    }
    if (bound && most && (*bound > *most || (*bound == *most && band.exclusive()))) {
      issues.Add(Issue::BANDS_UNREACHABLE, field + ".lower_bound", band.grade());
    }
    before = bound;
  }
}

}  // namespace terrace::scoring
