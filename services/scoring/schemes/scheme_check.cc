#include "services/scoring/schemes/scheme_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/fixed.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "services/scoring/schemes/combination_check.h"
#include "services/scoring/schemes/indicator_check.h"
#include "services/scoring/schemes/leaf_check.h"
#include "services/scoring/schemes/scheme_issues.h"
#include "services/scoring/schemes/standing_check.h"

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

bool IsError(const v1::SchemeIssue& issue) { return issue.severity() == v1::ISSUE_SEVERITY_ERROR; }

class Checker {
 public:
  Checker(const v1::Scheme& scheme, const FindDefinition& definition, SchemeUse use)
      : scheme_(scheme),
        use_(use),
        issues_(scheme, definition),
        leaf_(scheme, definition, use, issues_),
        combination_(use, issues_) {
    for (const v1::Node& node : scheme.nodes()) {
      if (!IsExtra(node.leaf())) members_[node.parent()].push_back(&node);
    }
  }

  std::vector<v1::SchemeIssue> Run() {
    CheckFrame();
    CheckNodes();
    CheckSums();
    if (!issues_.has_errors()) CheckPaperwork("");
    CheckFrozen();
    CheckRollups();
    CheckGroupings(scheme_, issues_);
    CheckRanking(scheme_, issues_);
    CheckBanding(scheme_, issues_);
    CheckBands(scheme_, issues_);
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
    issues_.InRange(scheme_.has_min_present(), scheme_.min_present(), "min_present", FixedSum(),
                    Whole(1), false);
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

  // Where points are added up, those of the children do to their node, top nodes to the scheme.
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
      combination_.CheckNode(node, members_[node.id()], field);
      if (has_children_.contains(node.id())) {
        if (!TakesShares(node)) check(node.id(), node.points(), field + ".points");
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
    // A table need not hold a tree.
    if (!any && use_ == SchemeUse::kLive) issues_.Add(Issue::NOTHING_ROLLS_UP, "rollups");
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

  // Whether nothing but the punctuality of reports makes the node.
  bool IsPaperwork(const v1::Node& node) {
    if (node.has_leaf()) return node.leaf().has_timeliness();
    return AllPaperwork(node.id());
  }
  bool AllPaperwork(const std::string& parent) {
    const std::vector<const v1::Node*>& members = members_[parent];
    return !members.empty() && std::all_of(members.begin(), members.end(),
                                           [this](const auto* node) { return IsPaperwork(*node); });
  }
  // Warns of the scheme as a whole, or of the highest nodes.
  void CheckPaperwork(const std::string& parent) {
    if (AllPaperwork(parent)) {
      issues_.set_node(parent);
      issues_.Add(Issue::PAPERWORK_ONLY, "nodes");
      issues_.set_node("");
      return;
    }
    for (const v1::Node* node : members_[parent]) {
      if (!node->has_leaf() && node->id() != parent) CheckPaperwork(node->id());
    }
  }

  // Whether the rule looks at such peers, and all that it looks at is there.
  static bool FitsRule(const v1::Leaf& leaf, const v1::FrozenParameters& frozen) {
    const bool all = leaf.normalise().peers() == v1::PEERS_UNSPECIFIED ||
                     leaf.normalise().peers() == v1::PEERS_ALL;
    const bool refers = leaf.normalise().method() == v1::NORMALISE_METHOD_REFERENCE_UNIT;
    const bool treats =
        leaf.statistic().preparation().treatment().method() != v1::TREATMENT_METHOD_UNSPECIFIED;
    return leaf.has_normalise() && IsFreezable(leaf.normalise()) && all == frozen.peers().empty() &&
           refers == !frozen.reference().empty() && treats == frozen.has_treatment();
  }

  void CheckFrozen() {
    issues_.CheckCount(scheme_.frozen_size(), kFrozenMax, "frozen");
    std::set<std::pair<std::string, std::string>> seen;
    for (int i = 0; i < scheme_.frozen_size(); ++i) {
      const v1::FrozenParameters& frozen = scheme_.frozen(i);
      const auto node = depths_.find(frozen.node());
      bool fits = node != depths_.end() && frozen.count() >= 0 &&
                  seen.emplace(frozen.node(), frozen.peers()).second &&
                  FitsRule(scheme_.nodes(node->second.second).leaf(), frozen);
      for (const std::string* text :
           {&frozen.min(), &frozen.max(), &frozen.mean(), &frozen.standard_deviation(),
            &frozen.sum(), &frozen.root_of_squares(), &frozen.reference(),
            &frozen.treatment().low(), &frozen.treatment().high(), &frozen.treatment().offset(),
            &frozen.treatment().lambda()}) {
        double value = 0;
        fits &= text->empty() || (absl::SimpleAtod(*text, &value) && std::isfinite(value));
      }
      if (!fits) issues_.Add(Issue::INVALID_FROZEN, absl::StrCat("frozen[", i, "]"));
    }
  }

  const v1::Scheme& scheme_;
  const SchemeUse use_;
  SchemeIssues issues_;
  LeafChecker leaf_;
  CombinationChecker combination_;
  std::map<std::string, std::vector<const v1::Node*>> members_;  // By parent.
  std::map<std::string, std::pair<int, int>> depths_;            // Id -> depth and index.
  std::set<std::string> has_children_;
};

}  // namespace

std::vector<v1::SchemeIssue> CheckScheme(const v1::Scheme& scheme, const FindDefinition& definition,
                                         SchemeUse use) {
  return Checker(scheme, definition, use).Run();
}

bool HasErrors(const std::vector<v1::SchemeIssue>& issues) {
  return std::any_of(issues.begin(), issues.end(), IsError);
}

absl::Status RefuseErrors(const std::string& name, const std::vector<v1::SchemeIssue>& issues) {
  if (!HasErrors(issues)) return absl::OkStatus();
  // Errors stand in front.
  return Error(Reason::SCHEME_INVALID,
               {{"name", name},
                {"detail", absl::StrCat(issues[0].field(), ": ", issues[0].message())},
                {"count", absl::StrCat(std::count_if(issues.begin(), issues.end(), IsError))}});
}

}  // namespace terrace::scoring
