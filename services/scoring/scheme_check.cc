#include "services/scoring/scheme_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/decimal.h"
#include "common/base/fixed.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "services/scoring/names.h"

namespace terrace::scoring {
namespace {

enum class Issue {
#define ISSUE(code, severity, en, zh) code,
#include "services/scoring/scheme_issues.def"
#undef ISSUE
};

struct IssueInfo {
  const char* code;
  v1::IssueSeverity severity;
  absl::string_view en;
  absl::string_view zh;
};
constexpr IssueInfo kIssues[] = {
#define ISSUE(code, severity, en, zh) {#code, v1::ISSUE_SEVERITY_##severity, en, zh},
#include "services/scoring/scheme_issues.def"
#undef ISSUE
};

using types::v1::Decimal;

// Nullopt where the wire holds no number that fits; the edge has checked the form.
absl::optional<FixedSum> Number(const Decimal& wire) {
  absl::StatusOr<terrace::Decimal> value = terrace::FromProto(wire, "");
  if (!value.ok()) return absl::nullopt;
  return FixedSumFromDecimal(*value);
}

FixedSum Whole(int64_t value) { return FixedSum::FromInteger(value); }

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

bool Fits(const v1::Leaf& leaf) {
  switch (leaf.source_case()) {
    case v1::Leaf::kObservations:
      return !leaf.has_growth_above_parent();
    case v1::Leaf::kStatistic:
      return !leaf.has_mean();
    default:
      return leaf.has_grade() || leaf.has_pass_fail() || leaf.has_ratio();
  }
}

class Checker {
 public:
  Checker(const v1::Scheme& scheme, const FindDefinition& definition)
      : scheme_(scheme), definition_(definition) {}

  std::vector<v1::SchemeIssue> Run() {
    CheckFrame();
    CheckNodes();
    CheckSums();
    CheckRollups();
    CheckBands();
    std::stable_sort(issues_.begin(), issues_.end(),
                     [](const auto& a, const auto& b) { return a.severity() > b.severity(); });
    return std::move(issues_);
  }

 private:
  void Add(Issue issue, absl::string_view field, absl::string_view arg0 = "",
           absl::string_view arg1 = "") {
    const IssueInfo& info = kIssues[static_cast<size_t>(issue)];
    v1::SchemeIssue& out = issues_.emplace_back();
    out.set_severity(info.severity);
    out.set_node(node_);
    out.set_field(std::string(field));
    out.set_code(info.code);
    const std::vector<std::pair<absl::string_view, absl::string_view>> args = {{"{0}", arg0},
                                                                               {"{1}", arg1}};
    out.set_message(absl::StrReplaceAll(info.en, args));
    out.set_message_zh(absl::StrReplaceAll(info.zh, args));
  }

  // A number between least and most; `required` says whether it may be left out.
  absl::optional<FixedSum> InRange(bool present, const Decimal& wire, absl::string_view field,
                                   FixedSum least, FixedSum most, bool required) {
    if (!present) {
      if (required) Add(Issue::NUMBER_MISSING, field);
      return absl::nullopt;
    }
    const absl::optional<FixedSum> number = Number(wire);
    if (!number || *number < least || *number > most) {
      Add(Issue::NUMBER_OUT_OF_RANGE, field, FormatSum(least), FormatSum(most));
      return absl::nullopt;
    }
    return number;
  }

  void CheckCount(int count, int most, absl::string_view field) {
    if (count > most) Add(Issue::TOO_MANY, field, absl::StrCat(count), absl::StrCat(most));
  }

  void CheckCodes(const google::protobuf::RepeatedPtrField<std::string>& names,
                  absl::string_view pattern, absl::string_view field, int most) {
    CheckCount(names.size(), most, field);
    for (int i = 0; i < names.size(); ++i) {
      if (!resource::MatchesName(names[i], pattern)) {
        Add(Issue::INVALID_NAME, absl::StrCat(field, "[", i, "]"), names[i], pattern);
      }
    }
  }

  void CheckName(const std::string& name, absl::string_view pattern, absl::string_view field) {
    if (!resource::MatchesName(name, pattern)) Add(Issue::INVALID_NAME, field, name, pattern);
  }

  void CheckFrame() {
    InRange(scheme_.has_points(), scheme_.points(), "points", FixedSum::FromUnits(1),
            Whole(kPointsMax), true);
    if (scheme_.periodicity() == v1::PERIODICITY_UNSPECIFIED) {
      Add(Issue::NO_PERIODICITY, "periodicity");
    }
    CheckPeriod(scheme_.first_period(), "first_period", /*same_length=*/true);
    if (!scheme_.time_zone().empty() &&
        !calendar::LoadZone(scheme_.time_zone(), "time_zone").ok()) {
      Add(Issue::UNKNOWN_ZONE, "time_zone", scheme_.time_zone());
    }
    CheckCodes(scheme_.population().levels(), "levels/{level}", "population.levels", kLevelsMax);
    CheckCodes(scheme_.population().kinds(), "kinds/{kind}", "population.kinds", kItemsMax);
    if (!scheme_.population().programme().empty()) {
      CheckName(scheme_.population().programme(), "units/{office}/programmes/{programme}",
                "population.programme");
    }
    InRange(scheme_.has_bonus_cap(), scheme_.bonus_cap(), "bonus_cap", FixedSum(),
            Whole(kPointsMax), false);
    if (scheme_.decimals() < 0 || scheme_.decimals() > 6) {
      Add(Issue::NUMBER_OUT_OF_RANGE, "decimals", "0", "6");
    }
  }

  void CheckPeriod(const std::string& text, absl::string_view field, bool same_length) {
    absl::StatusOr<calendar::Period> period = calendar::Period::Parse(text);
    const bool fits = period.ok() && (!same_length ||
                                      (period->kind() == calendar::PeriodKind::kYear &&
                                       scheme_.periodicity() == v1::PERIODICITY_YEAR) ||
                                      (period->kind() == calendar::PeriodKind::kQuarter &&
                                       scheme_.periodicity() == v1::PERIODICITY_QUARTER) ||
                                      (period->kind() == calendar::PeriodKind::kMonth &&
                                       scheme_.periodicity() == v1::PERIODICITY_MONTH));
    if (!fits) Add(Issue::INVALID_PERIOD, field, text);
  }

  void CheckNodes() {
    if (scheme_.nodes().empty()) Add(Issue::NO_NODES, "nodes");
    CheckCount(scheme_.nodes_size(), kNodesMax, "nodes");
    for (int i = 0; i < scheme_.nodes_size(); ++i) {
      const v1::Node& node = scheme_.nodes(i);
      node_ = node.id();
      const std::string field = absl::StrCat("nodes[", i, "]");
      CheckPlace(node, i, field);
      CheckCodes(node.kinds(), "kinds/{kind}", absl::StrCat(field, ".kinds"), kItemsMax);
      if (node.has_leaf()) CheckLeaf(node, absl::StrCat(field, ".leaf"));
      const bool extra = node.has_leaf() && IsExtra(node.leaf());
      const absl::optional<FixedSum> points =
          node.has_points() ? Number(node.points()) : absl::make_optional(FixedSum());
      if (extra && points != FixedSum()) {
        Add(Issue::POINTS_NOT_ZERO, absl::StrCat(field, ".points"));
      } else if (!extra && (!points || *points <= FixedSum() || *points > Whole(kPointsMax))) {
        Add(Issue::POINTS_OUT_OF_RANGE, absl::StrCat(field, ".points"), absl::StrCat(kPointsMax));
      }
    }
    node_.clear();
  }

  void CheckPlace(const v1::Node& node, int index, const std::string& field) {
    if (!resource::IsValidId(node.id())) Add(Issue::INVALID_ID, field + ".id", node.id());
    int depth = 1;
    if (!node.parent().empty()) {
      auto parent = depths_.find(node.parent());
      if (parent == depths_.end()) {
        Add(Issue::UNKNOWN_PARENT, field + ".parent", node.parent());
      } else {
        depth = parent->second.first + 1;
        const v1::Node& above = scheme_.nodes(parent->second.second);
        if (above.has_leaf()) Add(Issue::PARENT_IS_LEAF, field + ".parent", node.parent());
      }
      has_children_.insert(node.parent());
    }
    if (depth > kNodeDepthMax) Add(Issue::TOO_DEEP, field, absl::StrCat(kNodeDepthMax));
    if (!depths_.try_emplace(node.id(), depth, index).second) {
      Add(Issue::DUPLICATE_NODE, field + ".id", node.id());
    }
  }

  void CheckLeaf(const v1::Node& node, const std::string& field) {
    const v1::Leaf& leaf = node.leaf();
    if (leaf.source_case() == v1::Leaf::SOURCE_NOT_SET) {
      Add(Issue::NO_SOURCE, field);
      return;
    }
    CheckSource(node, field);
    if (leaf.rule_case() == v1::Leaf::RULE_NOT_SET) {
      Add(Issue::NO_RULE, field);
      return;
    }
    if (!Fits(leaf)) {
      Add(Issue::RULE_NOT_FOR_SOURCE, field);
      return;
    }
    if (!leaf.scorer().empty()) CheckName(leaf.scorer(), "units/{office}", field + ".scorer");
    const FixedSum points = Number(node.points()).value_or(FixedSum());
    switch (leaf.rule_case()) {
      case v1::Leaf::kDeduct:
        return CheckDeduct(leaf.deduct(), points, field + ".deduct");
      case v1::Leaf::kGrade:
        return CheckGrade(leaf, points, field + ".grade.grades");
      case v1::Leaf::kPassFail:
        return CheckPassFail(leaf, field + ".pass_fail");
      case v1::Leaf::kRatio:
        return CheckRatio(leaf, field + ".ratio");
      case v1::Leaf::kMean:
        InRange(leaf.mean().has_full_value(), leaf.mean().full_value(), field + ".mean.full_value",
                FixedSum::FromUnits(1), Whole(999'999), false);
        return CheckNumber(leaf.mean().sites_min(), field + ".mean.sites_min");
      case v1::Leaf::kDiscretion:
        return CheckDiscretion(leaf, field);
      case v1::Leaf::kBonus:
        return CheckBonus(leaf.bonus(), field + ".bonus");
      case v1::Leaf::kVeto:
        return CheckVeto(leaf.veto(), field + ".veto");
      default:
        return CheckGrowth(leaf.growth_above_parent(), field + ".growth_above_parent");
    }
  }

  void CheckSource(const v1::Node& node, const std::string& field) {
    const v1::Leaf& leaf = node.leaf();
    switch (leaf.source_case()) {
      case v1::Leaf::kObservations:
        return CheckObservations(leaf.observations(), field + ".observations");
      case v1::Leaf::kMeasures:
        return CheckName(leaf.measures().list(), "units/{office}/measureLists/{list}",
                         field + ".measures.list");
      case v1::Leaf::kTimeliness:
        return CheckName(leaf.timeliness().list(), "units/{office}/measureLists/{list}",
                         field + ".timeliness.list");
      case v1::Leaf::kCoverage:
        return CheckName(leaf.coverage().programme(), "units/{office}/programmes/{programme}",
                         field + ".coverage.programme");
      case v1::Leaf::kStatistic:
        CheckStatistic(leaf.statistic().definition(), field + ".statistic.definition");
        if (!leaf.statistic().period().empty()) {
          CheckPeriod(leaf.statistic().period(), field + ".statistic.period", false);
        }
        return;
      default:
        return;
    }
  }

  void CheckObservations(const v1::ObservationSource& source, const std::string& field) {
    if (!resource::MatchesName(source.checklist(), "units/{office}/checklists/{checklist}")) {
      CheckName(source.checklist(), "units/{office}/checklists/{checklist}@{version}",
                field + ".checklist");
    }
    CheckCount(source.items_size(), kItemsMax, field + ".items");
    const absl::string_view family =
        absl::string_view(source.checklist()).substr(0, source.checklist().find('@'));
    for (const std::string& item : source.items()) {
      if (!counted_items_.insert(absl::StrCat(family, " ", item)).second) {
        Add(Issue::ITEM_COUNTED_TWICE, field + ".items", item);
      }
    }
  }

  absl::optional<v1::StatisticDefinition> CheckStatistic(const std::string& name,
                                                         const std::string& field) {
    if (!resource::MatchesName(name, kDefinitionPattern)) {
      Add(Issue::INVALID_NAME, field, name, kDefinitionPattern);
      return absl::nullopt;
    }
    absl::optional<v1::StatisticDefinition> found = definition_(name);
    if (!found) Add(Issue::UNKNOWN_STATISTIC, field, name);
    return found;
  }

  void CheckNumber(int64_t number, const std::string& field) {
    if (number < 0 || number > 1'000'000) Add(Issue::NUMBER_OUT_OF_RANGE, field, "0", "1000000");
  }

  void CheckDeduct(const v1::DeductRule& rule, FixedSum points, const std::string& field) {
    InRange(rule.has_each(), rule.each(), field + ".each", FixedSum::FromUnits(1),
            Whole(kPointsMax), true);
    InRange(rule.has_cap(), rule.cap(), field + ".cap", FixedSum::FromUnits(1), points, false);
    InRange(rule.has_floor(), rule.floor(), field + ".floor", FixedSum(), points, false);
  }

  void CheckGrade(const v1::Leaf& leaf, FixedSum points, const std::string& field) {
    const auto& grades = leaf.grade().grades();
    if (grades.empty()) Add(Issue::NO_GRADES, field);
    CheckCount(grades.size(), kGradesMax, field);
    const bool by_grade = leaf.has_observations();
    const FixedSum most =
        leaf.has_statistic() ? Whole(INT64_C(999999999999999999)) : Whole(kRatioBoundMax);
    std::set<std::string> seen;
    absl::optional<FixedSum> before;
    for (int i = 0; i < grades.size(); ++i) {
      const std::string row = absl::StrCat(field, "[", i, "]");
      InRange(grades[i].has_points(), grades[i].points(), row + ".points", FixedSum(), points,
              true);
      if (!seen.insert(grades[i].grade()).second) {
        Add(Issue::DUPLICATE_GRADE, row + ".grade", grades[i].grade());
      }
      if (by_grade) continue;
      const absl::optional<FixedSum> bound =
          InRange(grades[i].has_lower_bound(), grades[i].lower_bound(), row + ".lower_bound",
                  FixedSum() - most, most, false);
      const bool last = i + 1 == grades.size();
      if ((!grades[i].has_lower_bound() && !last) || (before && bound && *bound >= *before)) {
        Add(Issue::GRADES_NOT_FALLING, row + ".lower_bound");
      }
      before = bound;
    }
  }

  void CheckPassFail(const v1::Leaf& leaf, const std::string& field) {
    const v1::PassFailRule& rule = leaf.pass_fail();
    CheckNumber(rule.samples_min(), field + ".samples_min");
    CheckNumber(rule.passes_min(), field + ".passes_min");
    if (leaf.has_observations()) {
      if (rule.passes_min() > std::max<int64_t>(rule.samples_min(), 1)) {
        Add(Issue::PASSES_EXCEED_SAMPLES, field + ".passes_min");
      }
      return;
    }
    const FixedSum most =
        leaf.has_statistic() ? Whole(INT64_C(999999999999999999)) : Whole(kRatioBoundMax);
    InRange(rule.has_threshold(), rule.threshold(), field + ".threshold", FixedSum() - most, most,
            true);
  }

  void CheckRatio(const v1::Leaf& leaf, const std::string& field) {
    const FixedSum most =
        leaf.has_statistic() ? Whole(INT64_C(999999999999999999)) : Whole(kRatioBoundMax);
    const v1::RatioRule& rule = leaf.ratio();
    absl::optional<FixedSum> full = InRange(rule.has_full_at(), rule.full_at(), field + ".full_at",
                                            FixedSum() - most, most, false);
    absl::optional<FixedSum> zero = InRange(rule.has_zero_at(), rule.zero_at(), field + ".zero_at",
                                            FixedSum() - most, most, false);
    if (full.value_or(Whole(1)) == zero.value_or(FixedSum())) {
      Add(Issue::NUMBER_OUT_OF_RANGE, field + ".full_at", "anything but zero_at",
          "anything but zero_at");
    }
  }

  void CheckDiscretion(const v1::Leaf& leaf, const std::string& field) {
    if (!leaf.has_statistic()) return;
    const absl::optional<v1::StatisticDefinition> definition =
        definition_(leaf.statistic().definition());
    if (definition && definition->kind() != v1::STATISTIC_KIND_RATING) {
      Add(Issue::RATING_NEEDED, field + ".statistic.definition");
    }
  }

  void CheckBonus(const v1::BonusRule& rule, const std::string& field) {
    InRange(rule.has_each(), rule.each(), field + ".each", FixedSum::FromUnits(1),
            Whole(kPointsMax), true);
    InRange(rule.has_cap(), rule.cap(), field + ".cap", FixedSum::FromUnits(1), Whole(kPointsMax),
            false);
    if (!rule.has_cap() && !scheme_.has_bonus_cap()) Add(Issue::BONUS_UNCAPPED, field);
  }

  void CheckVeto(const v1::VetoRule& rule, const std::string& field) {
    if (rule.effect() != v1::VETO_EFFECT_MAX_SCORE) return;
    const absl::optional<FixedSum> most =
        InRange(rule.has_max_score(), rule.max_score(), field + ".max_score", FixedSum(),
                Whole(kPointsMax), true);
    const absl::optional<FixedSum> points = Number(scheme_.points());
    if (most && points && *most >= *points) Add(Issue::VETO_WITHOUT_EFFECT, field + ".max_score");
  }

  void CheckGrowth(const v1::GrowthAboveParentRule& rule, const std::string& field) {
    if (!rule.base_period().empty()) CheckPeriod(rule.base_period(), field + ".base_period", false);
    if (rule.base_periods_back() < 0 || rule.base_periods_back() > 100) {
      Add(Issue::NUMBER_OUT_OF_RANGE, field + ".base_periods_back", "0", "100");
    }
    if (!rule.against_level().empty()) {
      CheckName(rule.against_level(), "levels/{level}", field + ".against_level");
    }
    const FixedSum most = Whole(kRatioBoundMax);
    InRange(rule.has_full_at(), rule.full_at(), field + ".full_at", FixedSum() - most, most, false);
    InRange(rule.has_zero_at(), rule.zero_at(), field + ".zero_at", FixedSum() - most, most, false);
  }

  // Children that are no bonuses or vetoes add up to their node, top nodes to the scheme.
  void CheckSums() {
    std::map<std::string, FixedSum> sums;
    for (const v1::Node& node : scheme_.nodes()) {
      if (node.has_leaf() && IsExtra(node.leaf())) continue;
      sums[node.parent()] += Number(node.points()).value_or(FixedSum());
    }
    auto check = [&](const std::string& parent, const Decimal& points, const std::string& field) {
      const absl::optional<FixedSum> whole = Number(points);
      if (whole && sums[parent] != *whole) {
        Add(Issue::POINTS_DO_NOT_ADD_UP, field, FormatSum(sums[parent]), FormatSum(*whole));
      }
    };
    if (!scheme_.nodes().empty()) check("", scheme_.points(), "points");
    for (int i = 0; i < scheme_.nodes_size(); ++i) {
      const v1::Node& node = scheme_.nodes(i);
      node_ = node.id();
      const std::string field = absl::StrCat("nodes[", i, "]");
      if (has_children_.contains(node.id())) {
        check(node.id(), node.points(), field + ".points");
      } else if (!node.has_leaf()) {
        Add(Issue::NODE_WITHOUT_LEAF, field);
      }
    }
    node_.clear();
  }

  void CheckRollups() {
    CheckCount(scheme_.rollups_size(), kLevelsMax, "rollups");
    std::set<std::string> levels;
    bool any = false;
    for (int i = 0; i < scheme_.rollups_size(); ++i) {
      const v1::LevelRollup& entry = scheme_.rollups(i);
      const std::string field = absl::StrCat("rollups[", i, "]");
      CheckName(entry.level(), "levels/{level}", field + ".level");
      if (!levels.insert(entry.level()).second) {
        Add(Issue::DUPLICATE_LEVEL, field + ".level", entry.level());
      }
      any |= entry.rollup().method() > v1::ROLLUP_METHOD_OWN;
      CheckRollup(entry.rollup(), field + ".rollup");
    }
    if (!any) Add(Issue::NOTHING_ROLLS_UP, "rollups");
  }

  void CheckRollup(const v1::Rollup& rollup, const std::string& field) {
    if (!rollup.weight_statistic().empty()) {
      CheckStatistic(rollup.weight_statistic(), field + ".weight_statistic");
    } else if (rollup.method() == v1::ROLLUP_METHOD_WEIGHTED_MEAN) {
      Add(Issue::WEIGHT_MISSING, field + ".weight_statistic");
    }
    if (!rollup.ratio_leaf().empty()) {
      auto node = depths_.find(rollup.ratio_leaf());
      if (node == depths_.end() || !scheme_.nodes(node->second.second).has_leaf()) {
        Add(Issue::UNKNOWN_LEAF, field + ".ratio_leaf", rollup.ratio_leaf());
      } else if (!IsCounted(scheme_.nodes(node->second.second).leaf())) {
        Add(Issue::LEAF_NOT_COUNTED, field + ".ratio_leaf", rollup.ratio_leaf());
      }
    }
    const bool mix = rollup.has_own_weight() || rollup.has_rolled_weight();
    const auto own = InRange(rollup.has_own_weight(), rollup.own_weight(), field + ".own_weight",
                             FixedSum(), Whole(1000), false);
    const auto rolled = InRange(rollup.has_rolled_weight(), rollup.rolled_weight(),
                                field + ".rolled_weight", FixedSum(), Whole(1000), false);
    if (mix && (!own || !rolled || *own + *rolled == FixedSum())) {
      Add(Issue::MIX_INCOMPLETE, field);
    }
    InRange(rollup.has_min_coverage(), rollup.min_coverage(), field + ".min_coverage", FixedSum(),
            Whole(1), false);
  }

  void CheckBands() {
    CheckCount(scheme_.bands_size(), kGradesMax, "bands");
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
        Add(Issue::DUPLICATE_GRADE, field + ".grade", band.grade());
      }
      const auto bound = InRange(band.has_lower_bound(), band.lower_bound(), field + ".lower_bound",
                                 FixedSum(), Whole(999'999), false);
      const bool last = i + 1 == scheme_.bands_size();
      if ((!band.has_lower_bound() && !last) || (before && bound && *bound >= *before)) {
        Add(Issue::GRADES_NOT_FALLING, field + ".lower_bound");
      }
      if (bound && points && !above && *bound > *points) {
        Add(Issue::BANDS_UNREACHABLE, field + ".lower_bound", band.grade());
      }
      before = bound;
    }
  }

  const v1::Scheme& scheme_;
  const FindDefinition& definition_;
  std::vector<v1::SchemeIssue> issues_;
  std::string node_;                                   // Id of the node under check.
  std::map<std::string, std::pair<int, int>> depths_;  // Id -> depth and index.
  std::set<std::string> has_children_;
  std::set<std::string> counted_items_;
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
