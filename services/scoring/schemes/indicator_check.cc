#include "services/scoring/schemes/indicator_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace terrace::scoring {
namespace {

constexpr int64_t kFigureMost = 999'999'999'999'999'999;  // 18 digits.
constexpr int64_t kScaleMost = 999'999;
constexpr int kPeersEnough = 5;  // For places to say anything.
constexpr int kPeriodsMax = 100;

bool ByPlace(v1::NormaliseMethod method) {
  return method == v1::NORMALISE_METHOD_RANK || method == v1::NORMALISE_METHOD_BORDA ||
         method == v1::NORMALISE_METHOD_PERCENTILE || method == v1::NORMALISE_METHOD_RANK_TABLE;
}

bool LooksAtPeers(const v1::NormaliseRule& rule) {
  switch (rule.method()) {
    case v1::NORMALISE_METHOD_PIECEWISE:
      return false;
    case v1::NORMALISE_METHOD_IDEAL:
    case v1::NORMALISE_METHOD_INTERVAL:
      return !rule.has_reach();
    default:
      return true;
  }
}

bool IsFrozen(const v1::Scheme& scheme, const std::string& node) {
  return std::any_of(scheme.frozen().begin(), scheme.frozen().end(),
                     [&](const v1::FrozenParameters& frozen) { return frozen.node() == node; });
}

// Whether other units' figures change what a unit has at the leaf, as far as they are not frozen.
bool LooksAtOthers(const v1::Scheme& scheme, const v1::Node& node) {
  const v1::Preparation& preparation = node.leaf().statistic().preparation();
  const bool stands_in = preparation.imputation().method() > v1::IMPUTATION_METHOD_UNSPECIFIED &&
                         preparation.imputation().method() != v1::IMPUTATION_METHOD_ZERO;
  const bool siblings = preparation.growth().method() == v1::GROWTH_METHOD_OF_SIBLINGS ||
                        preparation.growth().method() == v1::GROWTH_METHOD_ABOVE_SIBLINGS;
  if (stands_in || siblings) return true;
  if (IsFrozen(scheme, node.id())) return false;
  return preparation.treatment().method() != v1::TREATMENT_METHOD_UNSPECIFIED ||
         (node.leaf().has_normalise() && LooksAtPeers(node.leaf().normalise()));
}

}  // namespace

bool IsFreezable(const v1::NormaliseRule& rule) { return !ByPlace(rule.method()); }

void IndicatorChecker::CheckPreparation(const v1::Preparation& preparation,
                                        const std::string& field) {
  CheckGrowth(preparation.growth(), field + ".growth");
  if (!preparation.denominator().empty()) {
    issues_.CheckStatistic(preparation.denominator(), field + ".denominator");
  }
  CheckImputation(preparation.imputation(), field + ".imputation");
  CheckTreatment(preparation.treatment(), field + ".treatment");
}

void IndicatorChecker::CheckGrowth(const v1::Growth& growth, const std::string& field) {
  if (!growth.base_period().empty()) {
    issues_.CheckPeriod(growth.base_period(), field + ".base_period", false);
  }
  if (growth.base_periods_back() < 0 || growth.base_periods_back() > kPeriodsMax) {
    issues_.Add(Issue::NUMBER_OUT_OF_RANGE, field + ".base_periods_back", "0",
                absl::StrCat(kPeriodsMax));
  }
}

void IndicatorChecker::CheckImputation(const v1::Imputation& imputation, const std::string& field) {
  const v1::ImputationMethod method = imputation.method();
  issues_.CheckGrouping(imputation.grouping(), field + ".grouping");
  const bool groups =
      method == v1::IMPUTATION_METHOD_GROUP_MEAN || method == v1::IMPUTATION_METHOD_GROUP_MEDIAN;
  if (groups && imputation.grouping().empty()) {
    issues_.Add(Issue::UNKNOWN_GROUPING, field + ".grouping");
  }
}

void IndicatorChecker::CheckTreatment(const v1::Treatment& treatment, const std::string& field) {
  issues_.InRange(treatment.has_skewness_limit(), treatment.skewness_limit(),
                  field + ".skewness_limit", FixedSum(), Whole(1000), false);
  issues_.InRange(treatment.has_kurtosis_limit(), treatment.kurtosis_limit(),
                  field + ".kurtosis_limit", FixedSum(), Whole(1000), false);
  issues_.CheckNumber(treatment.moved_max(), field + ".moved_max");
  const auto lower = issues_.InRange(treatment.has_lower_quantile(), treatment.lower_quantile(),
                                     field + ".lower_quantile", FixedSum(), Whole(1), false);
  const auto upper = issues_.InRange(treatment.has_upper_quantile(), treatment.upper_quantile(),
                                     field + ".upper_quantile", FixedSum(), Whole(1), false);
  if (lower.value_or(FixedSum()) > upper.value_or(Whole(1))) {
    issues_.Add(Issue::RANGE_REVERSED, field + ".lower_quantile");
  }
  issues_.InRange(treatment.has_lambda(), treatment.lambda(), field + ".lambda", Whole(-10),
                  Whole(10), false);
}

void IndicatorChecker::CheckNormalise(const v1::Node& node, const std::string& field) {
  const v1::NormaliseRule& rule = node.leaf().normalise();
  if (rule.method() == v1::NORMALISE_METHOD_UNSPECIFIED) {
    issues_.Add(Issue::NO_METHOD, field + ".method");
    return;
  }
  const FixedSum most = Whole(kScaleMost);
  issues_.InRange(rule.has_scale_low(), rule.scale_low(), field + ".scale_low", FixedSum() - most,
                  most, false);
  issues_.InRange(rule.has_scale_high(), rule.scale_high(), field + ".scale_high",
                  FixedSum() - most, most, false);
  CheckMethod(rule, field);
  issues_.CheckGrouping(rule.grouping(), field + ".grouping");
  if (rule.peers() == v1::PEERS_GROUP && rule.grouping().empty()) {
    issues_.Add(Issue::UNKNOWN_GROUPING, field + ".grouping");
  }
  issues_.CheckNumber(rule.peers_min(), field + ".peers_min");
  if (ByPlace(rule.method()) && rule.peers_min() < kPeersEnough) {
    issues_.Add(Issue::PEERS_TOO_FEW, field + ".peers_min");
  }
  if (use_ == SchemeUse::kLive && IsFreezable(rule) && LooksAtOthers(scheme_, node)) {
    issues_.Add(Issue::PEERS_NOT_FROZEN, field);
  }
}

void IndicatorChecker::CheckMethod(const v1::NormaliseRule& rule, const std::string& field) {
  const FixedSum most = Whole(kFigureMost);
  const bool needs_target = rule.method() == v1::NORMALISE_METHOD_DISTANCE_TO_TARGET ||
                            rule.method() == v1::NORMALISE_METHOD_IDEAL ||
                            rule.method() == v1::NORMALISE_METHOD_ABOVE_BELOW_MEAN;
  issues_.InRange(rule.has_target(), rule.target(), field + ".target", FixedSum() - most, most,
                  needs_target);
  const bool interval = rule.method() == v1::NORMALISE_METHOD_INTERVAL;
  const auto low = issues_.InRange(rule.has_ideal_low(), rule.ideal_low(), field + ".ideal_low",
                                   FixedSum() - most, most, interval);
  const auto high = issues_.InRange(rule.has_ideal_high(), rule.ideal_high(), field + ".ideal_high",
                                    FixedSum() - most, most, interval);
  if (low && high && *low > *high) issues_.Add(Issue::RANGE_REVERSED, field + ".ideal_low");
  issues_.InRange(rule.has_reach(), rule.reach(), field + ".reach", FixedSum::FromUnits(1), most,
                  false);
  if (rule.method() == v1::NORMALISE_METHOD_REFERENCE_UNIT || !rule.reference_unit().empty()) {
    issues_.CheckName(rule.reference_unit(), "units/{unit}", field + ".reference_unit");
  }
  CheckBreakPoints(rule, field + ".break_points");
}

void IndicatorChecker::CheckBreakPoints(const v1::NormaliseRule& rule, const std::string& field) {
  const bool line = rule.method() == v1::NORMALISE_METHOD_PIECEWISE;
  const bool table = rule.method() == v1::NORMALISE_METHOD_RANK_TABLE;
  const int least = line ? 2 : table ? 1 : 0;
  if (rule.break_points_size() < least) {
    issues_.Add(Issue::NO_BREAK_POINTS, field, absl::StrCat(least));
  }
  issues_.CheckCount(rule.break_points_size(), kGradesMax, field);
  const FixedSum most = Whole(kFigureMost);
  // By rising figure, points should rise where more is better; by rising place they should fall.
  const bool should_fall = table || rule.falling();
  absl::optional<FixedSum> figure_before;
  absl::optional<FixedSum> points_before;
  bool monotone = true;
  for (int i = 0; i < rule.break_points_size(); ++i) {
    const v1::BreakPoint& point = rule.break_points(i);
    const std::string row = absl::StrCat(field, "[", i, "]");
    const auto figure = issues_.InRange(point.has_figure(), point.figure(), row + ".figure",
                                        table ? Whole(1) : FixedSum() - most, most, true);
    const auto points = issues_.InRange(point.has_points(), point.points(), row + ".points",
                                        FixedSum() - Whole(kScaleMost), Whole(kScaleMost), true);
    if (figure && figure_before && *figure <= *figure_before) {
      issues_.Add(Issue::BREAK_POINTS_NOT_RISING, row + ".figure");
    }
    if (points && points_before) {
      monotone &= should_fall ? *points <= *points_before : *points >= *points_before;
    }
    figure_before = figure;
    points_before = points;
  }
  if ((line || table) && !monotone) issues_.Add(Issue::NOT_MONOTONE, field);
}

}  // namespace terrace::scoring
