#include "services/scoring/schemes/leaf_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/resource/names.h"
#include "services/scoring/names.h"

namespace terrace::scoring {
namespace {

constexpr int kPeriodsBackMax = 100;

bool Fits(const v1::Leaf& leaf) {
  switch (leaf.source_case()) {
    case v1::Leaf::kObservations:
      return !leaf.has_growth_above_parent() && !leaf.has_normalise();
    case v1::Leaf::kStatistic:
      return !leaf.has_mean();
    case v1::Leaf::kReview:
      return leaf.has_discretion();
    case v1::Leaf::kPublished:
      // A score is neither a number of times nor a judge's points; a veto is a gate.
      return leaf.has_grade() || leaf.has_pass_fail() || leaf.has_ratio() || leaf.has_normalise() ||
             leaf.veto().has_below();
    default:
      return leaf.has_grade() || leaf.has_pass_fail() || leaf.has_ratio() || leaf.has_normalise();
  }
}

// Whether the source gives a number of any size, and not a share.
bool GivesFigure(const v1::Leaf& leaf) { return leaf.has_statistic() || leaf.has_published(); }

}  // namespace

void LeafChecker::CheckLeaf(const v1::Node& node, const std::string& field) {
  const v1::Leaf& leaf = node.leaf();
  if (leaf.source_case() == v1::Leaf::SOURCE_NOT_SET) {
    issues_.Add(Issue::NO_SOURCE, field);
    return;
  }
  CheckSource(node, field);
  if (leaf.rule_case() == v1::Leaf::RULE_NOT_SET) {
    issues_.Add(Issue::NO_RULE, field);
    return;
  }
  if (!Fits(leaf)) {
    issues_.Add(Issue::RULE_NOT_FOR_SOURCE, field);
    return;
  }
  if (!leaf.scorer().empty()) issues_.CheckName(leaf.scorer(), "units/{office}", field + ".scorer");
  if (leaf.has_exemption()) {
    issues_.CheckName(leaf.exemption().programme(), "units/{office}/programmes/{programme}",
                      field + ".exemption.programme");
  }
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
      issues_.InRange(leaf.mean().has_full_value(), leaf.mean().full_value(),
                      field + ".mean.full_value", FixedSum::FromUnits(1), Whole(999'999), false);
      return issues_.CheckNumber(leaf.mean().sites_min(), field + ".mean.sites_min");
    case v1::Leaf::kDiscretion:
      return CheckDiscretion(leaf, field);
    case v1::Leaf::kBonus:
      return CheckBonus(leaf.bonus(), field + ".bonus");
    case v1::Leaf::kVeto:
      return CheckVeto(leaf, field + ".veto");
    case v1::Leaf::kPenalty:
      return CheckPenalty(leaf.penalty(), field + ".penalty");
    case v1::Leaf::kNormalise:
      return indicator_.CheckNormalise(node, field + ".normalise");
    default:
      return CheckGrowth(leaf.growth_above_parent(), field + ".growth_above_parent");
  }
}

void LeafChecker::CheckSource(const v1::Node& node, const std::string& field) {
  const v1::Leaf& leaf = node.leaf();
  switch (leaf.source_case()) {
    case v1::Leaf::kObservations:
      return CheckObservations(leaf.observations(), field + ".observations");
    case v1::Leaf::kMeasures:
      return issues_.CheckName(leaf.measures().list(), "units/{office}/measureLists/{list}",
                               field + ".measures.list");
    case v1::Leaf::kTimeliness:
      return issues_.CheckName(leaf.timeliness().list(), "units/{office}/measureLists/{list}",
                               field + ".timeliness.list");
    case v1::Leaf::kCoverage:
      return issues_.CheckName(leaf.coverage().programme(), "units/{office}/programmes/{programme}",
                               field + ".coverage.programme");
    case v1::Leaf::kStatistic:
      return CheckStatistic(leaf, field + ".statistic");
    case v1::Leaf::kPublished:
      return CheckPublished(leaf.published(), field + ".published");
    default:
      return;
  }
}

void LeafChecker::CheckObservations(const v1::ObservationSource& source, const std::string& field) {
  if (!resource::MatchesName(source.checklist(), "units/{office}/checklists/{checklist}")) {
    issues_.CheckName(source.checklist(), "units/{office}/checklists/{checklist}@{version}",
                      field + ".checklist");
  }
  issues_.CheckCount(source.items_size(), kItemsMax, field + ".items");
  CountedItems& counted =
      counted_items_[source.checklist().substr(0, source.checklist().find('@'))];
  if (source.items().empty()) {
    if (counted.all || !counted.items.empty()) {
      issues_.Add(Issue::ITEM_COUNTED_TWICE, field + ".items", "*");
    }
    counted.all = true;
  }
  for (const std::string& item : source.items()) {
    if (!counted.items.insert(item).second || counted.all) {
      issues_.Add(Issue::ITEM_COUNTED_TWICE, field + ".items", item);
    }
  }
}

void LeafChecker::CheckStatistic(const v1::Leaf& leaf, const std::string& field) {
  const v1::StatisticSource& source = leaf.statistic();
  issues_.CheckStatistic(source.definition(), field + ".definition");
  if (!source.period().empty()) issues_.CheckPeriod(source.period(), field + ".period", false);
  if (!source.loss().empty()) issues_.CheckStatistic(source.loss(), field + ".loss");
  indicator_.CheckPreparation(source.preparation(), field + ".preparation");
  // A figure and its growth are two things, and a gate only looks.
  if (leaf.has_veto()) return;
  const bool grows = leaf.has_growth_above_parent() || source.preparation().has_growth();
  const std::string counted =
      absl::StrCat(source.definition(), " ", source.period(), grows ? " growth" : "");
  if (!counted_statistics_.insert(counted).second) {
    issues_.Add(Issue::STATISTIC_COUNTED_TWICE, field + ".definition", source.definition());
  }
}

void LeafChecker::CheckPublished(const v1::PublishedSource& source, const std::string& field) {
  issues_.CheckName(source.scheme(), kSchemeFamilyPattern, field + ".scheme");
  // A scheme may build on its own results, but not on those that it is to give.
  const bool own = source.scheme() == scheme_.name().substr(0, scheme_.name().find('@'));
  const int least = own ? 1 : 0;
  if (source.periods_back() < least || source.periods_back() > kPeriodsBackMax) {
    issues_.Add(Issue::NUMBER_OUT_OF_RANGE, field + ".periods_back", absl::StrCat(least),
                absl::StrCat(kPeriodsBackMax));
  }
}

void LeafChecker::CheckDeduct(const v1::DeductRule& rule, FixedSum points,
                              const std::string& field) {
  issues_.InRange(rule.has_each(), rule.each(), field + ".each", FixedSum::FromUnits(1),
                  Whole(kPointsMax), true);
  issues_.InRange(rule.has_cap(), rule.cap(), field + ".cap", FixedSum::FromUnits(1), points,
                  false);
  issues_.InRange(rule.has_floor(), rule.floor(), field + ".floor", FixedSum(), points, false);
}

void LeafChecker::CheckGrade(const v1::Leaf& leaf, FixedSum points, const std::string& field) {
  const auto& grades = leaf.grade().grades();
  if (grades.empty()) issues_.Add(Issue::NO_GRADES, field);
  issues_.CheckCount(grades.size(), kGradesMax, field);
  const bool by_grade = leaf.has_observations();
  const FixedSum most =
      GivesFigure(leaf) ? Whole(INT64_C(999999999999999999)) : Whole(kRatioBoundMax);
  std::set<std::string> seen;
  absl::optional<FixedSum> before;
  absl::optional<FixedSum> points_before;
  for (int i = 0; i < grades.size(); ++i) {
    const std::string row = absl::StrCat(field, "[", i, "]");
    const absl::optional<FixedSum> earned = issues_.InRange(
        grades[i].has_points(), grades[i].points(), row + ".points", FixedSum(), points, true);
    if (earned && points_before && *earned > *points_before) {
      issues_.Add(Issue::NOT_MONOTONE, row + ".points");
    }
    points_before = earned;
    if (!seen.insert(grades[i].grade()).second) {
      issues_.Add(Issue::DUPLICATE_GRADE, row + ".grade", grades[i].grade());
    }
    if (by_grade) continue;
    const absl::optional<FixedSum> bound =
        issues_.InRange(grades[i].has_lower_bound(), grades[i].lower_bound(), row + ".lower_bound",
                        FixedSum() - most, most, false);
    const bool last = i + 1 == grades.size();
    if ((!grades[i].has_lower_bound() && !last) || (before && bound && *bound >= *before)) {
      issues_.Add(Issue::GRADES_NOT_FALLING, row + ".lower_bound");
    }
    before = bound;
  }
}

void LeafChecker::CheckPassFail(const v1::Leaf& leaf, const std::string& field) {
  const v1::PassFailRule& rule = leaf.pass_fail();
  issues_.CheckNumber(rule.samples_min(), field + ".samples_min");
  issues_.CheckNumber(rule.passes_min(), field + ".passes_min");
  if (leaf.has_observations()) {
    if (rule.passes_min() > std::max<int64_t>(rule.samples_min(), 1)) {
      issues_.Add(Issue::PASSES_EXCEED_SAMPLES, field + ".passes_min");
    }
    return;
  }
  const FixedSum most =
      GivesFigure(leaf) ? Whole(INT64_C(999999999999999999)) : Whole(kRatioBoundMax);
  issues_.InRange(rule.has_threshold(), rule.threshold(), field + ".threshold", FixedSum() - most,
                  most, true);
}

void LeafChecker::CheckRatio(const v1::Leaf& leaf, const std::string& field) {
  const FixedSum most =
      GivesFigure(leaf) ? Whole(INT64_C(999999999999999999)) : Whole(kRatioBoundMax);
  const v1::RatioRule& rule = leaf.ratio();
  if (rule.logarithm() && !GivesFigure(leaf)) {
    issues_.Add(Issue::RULE_NOT_FOR_SOURCE, field + ".logarithm");
  }
  // 0 has no logarithm, so that end must be given.
  const FixedSum least = rule.logarithm() ? FixedSum::FromUnits(1) : FixedSum() - most;
  absl::optional<FixedSum> full =
      issues_.InRange(rule.has_full_at(), rule.full_at(), field + ".full_at", least, most, false);
  absl::optional<FixedSum> zero = issues_.InRange(
      rule.has_zero_at(), rule.zero_at(), field + ".zero_at", least, most, rule.logarithm());
  if (full.value_or(Whole(1)) == zero.value_or(FixedSum())) {
    issues_.Add(Issue::NUMBER_OUT_OF_RANGE, field + ".full_at", "anything but zero_at",
                "anything but zero_at");
  }
}

void LeafChecker::CheckDiscretion(const v1::Leaf& leaf, const std::string& field) {
  if (!leaf.has_statistic()) return;
  const absl::optional<v1::StatisticDefinition> definition =
      definition_(leaf.statistic().definition());
  if (definition && definition->kind() != v1::STATISTIC_KIND_RATING) {
    issues_.Add(Issue::RATING_NEEDED, field + ".statistic.definition");
  }
}

void LeafChecker::CheckBonus(const v1::BonusRule& rule, const std::string& field) {
  issues_.InRange(rule.has_each(), rule.each(), field + ".each", FixedSum::FromUnits(1),
                  Whole(kPointsMax), true);
  issues_.InRange(rule.has_cap(), rule.cap(), field + ".cap", FixedSum::FromUnits(1),
                  Whole(kPointsMax), false);
  if (!rule.has_cap() && !scheme_.has_bonus_cap()) issues_.Add(Issue::BONUS_UNCAPPED, field);
}

void LeafChecker::CheckPenalty(const v1::PenaltyRule& rule, const std::string& field) {
  issues_.InRange(rule.has_each(), rule.each(), field + ".each", FixedSum::FromUnits(1),
                  Whole(kPointsMax), true);
  issues_.InRange(rule.has_cap(), rule.cap(), field + ".cap", FixedSum::FromUnits(1),
                  Whole(kPointsMax), false);
}

void LeafChecker::CheckVeto(const v1::Leaf& leaf, const std::string& field) {
  const v1::VetoRule& rule = leaf.veto();
  if (rule.has_below()) {
    const FixedSum most = Whole(INT64_C(999999999999999999));
    issues_.InRange(true, rule.below(), field + ".below", FixedSum() - most, most, false);
    if (!GivesFigure(leaf)) issues_.Add(Issue::RULE_NOT_FOR_SOURCE, field + ".below");
  }
  if (rule.effect() == v1::VETO_EFFECT_MAX_GRADE) {
    const auto& bands = scheme_.bands();
    const auto band = std::find_if(bands.begin(), bands.end(), [&](const v1::Band& one) {
      return one.grade() == rule.max_grade();
    });
    if (band == bands.end()) {
      issues_.Add(Issue::UNKNOWN_GRADE, field + ".max_grade", rule.max_grade());
    } else if (band == bands.begin()) {
      issues_.Add(Issue::VETO_WITHOUT_EFFECT, field + ".max_grade");
    }
  }
  if (rule.effect() != v1::VETO_EFFECT_MAX_SCORE) return;
  const absl::optional<FixedSum> most =
      issues_.InRange(rule.has_max_score(), rule.max_score(), field + ".max_score", FixedSum(),
                      Whole(kPointsMax), true);
  const absl::optional<FixedSum> points = Number(scheme_.points());
  if (most && points && *most >= *points)
    issues_.Add(Issue::VETO_WITHOUT_EFFECT, field + ".max_score");
}

void LeafChecker::CheckGrowth(const v1::GrowthAboveParentRule& rule, const std::string& field) {
  if (!rule.base_period().empty())
    issues_.CheckPeriod(rule.base_period(), field + ".base_period", false);
  if (rule.base_periods_back() < 0 || rule.base_periods_back() > kPeriodsBackMax) {
    issues_.Add(Issue::NUMBER_OUT_OF_RANGE, field + ".base_periods_back", "0",
                absl::StrCat(kPeriodsBackMax));
  }
  if (!rule.against_level().empty()) {
    issues_.CheckName(rule.against_level(), "levels/{level}", field + ".against_level");
  }
  const FixedSum most = Whole(kRatioBoundMax);
  issues_.InRange(rule.has_full_at(), rule.full_at(), field + ".full_at", FixedSum() - most, most,
                  false);
  issues_.InRange(rule.has_zero_at(), rule.zero_at(), field + ".zero_at", FixedSum() - most, most,
                  false);
}

}  // namespace terrace::scoring
