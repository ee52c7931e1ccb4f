#include "services/scoring/schemes/compile_leaf.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/numbers.h"
#include "common/base/check.h"
#include "common/base/decimal.h"

namespace terrace::scoring {
namespace {

double AsDouble(const types::v1::Decimal& wire) {
  double value = 0;
  TERRACE_CHECK(absl::SimpleAtod(wire.value(), &value));
  return value;
}
double DoubleOr(bool present, const types::v1::Decimal& wire, double otherwise) {
  return present ? AsDouble(wire) : otherwise;
}

engine::GrowthMethod GrowthOf(v1::GrowthMethod method) {
  switch (method) {
    case v1::GROWTH_METHOD_RELATIVE:
      return engine::GrowthMethod::kRelative;
    case v1::GROWTH_METHOD_DIFFERENCE:
      return engine::GrowthMethod::kDifference;
    case v1::GROWTH_METHOD_ANNUAL_RATE:
      return engine::GrowthMethod::kAnnualRate;
    case v1::GROWTH_METHOD_OF_SIBLINGS:
      return engine::GrowthMethod::kOfSiblings;
    case v1::GROWTH_METHOD_ABOVE_SIBLINGS:
      return engine::GrowthMethod::kAboveSiblings;
    case v1::GROWTH_METHOD_CYCLICAL:
      return engine::GrowthMethod::kCyclical;
    default:
      return engine::GrowthMethod::kNone;
  }
}

engine::ImputationMethod ImputationOf(v1::ImputationMethod method) {
  switch (method) {
    case v1::IMPUTATION_METHOD_MEAN:
      return engine::ImputationMethod::kMean;
    case v1::IMPUTATION_METHOD_MEDIAN:
      return engine::ImputationMethod::kMedian;
    case v1::IMPUTATION_METHOD_GROUP_MEAN:
      return engine::ImputationMethod::kGroupMean;
    case v1::IMPUTATION_METHOD_GROUP_MEDIAN:
      return engine::ImputationMethod::kGroupMedian;
    case v1::IMPUTATION_METHOD_SIBLING_MEAN:
      return engine::ImputationMethod::kSiblingMean;
    case v1::IMPUTATION_METHOD_PREVIOUS_PERIOD:
      return engine::ImputationMethod::kPreviousPeriod;
    case v1::IMPUTATION_METHOD_ZERO:
      return engine::ImputationMethod::kZero;
    case v1::IMPUTATION_METHOD_WORST:
      return engine::ImputationMethod::kWorst;
    default:
      return engine::ImputationMethod::kNone;
  }
}

engine::Treatment TreatmentOf(const v1::Treatment& treatment) {
  engine::Treatment out;
  switch (treatment.method()) {
    case v1::TREATMENT_METHOD_WINSORISE:
      out.method = engine::TreatmentMethod::kWinsorise;
      break;
    case v1::TREATMENT_METHOD_LOG:
      out.method = engine::TreatmentMethod::kLog;
      break;
    case v1::TREATMENT_METHOD_CLIP:
      out.method = engine::TreatmentMethod::kClip;
      break;
    case v1::TREATMENT_METHOD_BOX_COX:
      out.method = engine::TreatmentMethod::kBoxCox;
      break;
    default:
      break;
  }
  out.skewness_limit =
      DoubleOr(treatment.has_skewness_limit(), treatment.skewness_limit(), out.skewness_limit);
  out.kurtosis_limit =
      DoubleOr(treatment.has_kurtosis_limit(), treatment.kurtosis_limit(), out.kurtosis_limit);
  if (treatment.moved_max() > 0) out.moved_max = treatment.moved_max();
  out.lower_quantile =
      DoubleOr(treatment.has_lower_quantile(), treatment.lower_quantile(), out.lower_quantile);
  out.upper_quantile =
      DoubleOr(treatment.has_upper_quantile(), treatment.upper_quantile(), out.upper_quantile);
  out.lambda = DoubleOr(treatment.has_lambda(), treatment.lambda(), out.lambda);
  return out;
}

int GroupingOf(const std::string& id, const LeafContext& context) {
  return id.empty() ? -1 : context.groupings.at(id);
}

engine::Preparation PreparationOf(const v1::Preparation& preparation, const LeafContext& context) {
  engine::Preparation out;
  out.growth = GrowthOf(preparation.growth().method());
  out.growth_periods = std::max(preparation.growth().base_periods_back(), 1);
  out.denominated = !preparation.denominator().empty();
  out.imputation = ImputationOf(preparation.imputation().method());
  out.imputation_grouping = GroupingOf(preparation.imputation().grouping(), context);
  out.treatment = TreatmentOf(preparation.treatment());
  return out;
}

engine::NormaliseRule NormaliseOf(const v1::NormaliseRule& rule, Fixed points,
                                  const LeafContext& context) {
  engine::NormaliseRule out;
  out.method = NormaliseMethodOf(rule.method());
  out.falling = rule.falling();
  out.scale_low = DoubleOr(rule.has_scale_low(), rule.scale_low(), 0);
  out.scale_high = DoubleOr(rule.has_scale_high(), rule.scale_high(), ToDouble(points));
  out.target = DoubleOr(rule.has_target(), rule.target(), 0);
  out.beyond_target = rule.beyond_target();
  out.ideal_low = DoubleOr(rule.has_ideal_low(), rule.ideal_low(), 0);
  out.ideal_high = DoubleOr(rule.has_ideal_high(), rule.ideal_high(), 0);
  if (rule.has_reach()) out.reach = AsDouble(rule.reach());
  for (const v1::BreakPoint& point : rule.break_points()) {
    out.break_points.push_back({AsDouble(point.figure()), AsDouble(point.points())});
  }
  switch (rule.peers()) {
    case v1::PEERS_GROUP:
      out.peers = engine::Peers::kGroup;
      break;
    case v1::PEERS_SIBLINGS:
      out.peers = engine::Peers::kSiblings;
      break;
    default:
      break;
  }
  out.grouping = GroupingOf(rule.grouping(), context);
  switch (rule.no_spread()) {
    case v1::NO_SPREAD_UNSCORED:
      out.no_spread = engine::NoSpread::kUnscored;
      break;
    case v1::NO_SPREAD_FULL:
      out.no_spread = engine::NoSpread::kFull;
      break;
    default:
      break;
  }
  out.peers_min = std::max(rule.peers_min(), 1);
  return out;
}

engine::VetoRule VetoOf(const v1::VetoRule& veto, const std::vector<engine::Band>& bands) {
  engine::VetoRule rule;
  if (veto.has_below()) rule.below = ExactNumber(veto.below());
  switch (veto.effect()) {
    case v1::VETO_EFFECT_MAX_SCORE:
      rule.effect = engine::VetoEffect::kMaxScore;
      rule.max_score = ExactPoints(veto.max_score());
      break;
    case v1::VETO_EFFECT_DISQUALIFY:
      rule.effect = engine::VetoEffect::kDisqualify;
      break;
    case v1::VETO_EFFECT_MAX_GRADE: {
      rule.effect = engine::VetoEffect::kMaxGrade;
      const auto band = std::find_if(bands.begin(), bands.end(), [&](const engine::Band& one) {
        return one.grade == veto.max_grade();
      });
      TERRACE_CHECK(band != bands.end());
      rule.max_grade = static_cast<int>(band - bands.begin());
      break;
    }
    default:
      break;
  }
  return rule;
}

engine::Rule RuleOf(const v1::Leaf& leaf, Fixed points, const LeafContext& context) {
  switch (leaf.rule_case()) {
    case v1::Leaf::kDeduct: {
      const v1::DeductRule& rule = leaf.deduct();
      return engine::DeductRule{ExactPoints(rule.each()),
                                rule.has_cap() ? ExactPoints(rule.cap()) : points,
                                rule.has_floor() ? ExactPoints(rule.floor()) : Fixed()};
    }
    case v1::Leaf::kGrade: {
      engine::GradeRule rule;
      for (const v1::GradeRule::Grade& grade : leaf.grade().grades()) {
        engine::GradeRule::Row row;
        row.grade = grade.grade();
        if (grade.has_lower_bound()) row.lower_bound = ExactNumber(grade.lower_bound());
        row.points = ExactPoints(grade.points());
        rule.rows.push_back(std::move(row));
      }
      return rule;
    }
    case v1::Leaf::kPassFail: {
      const v1::PassFailRule& rule = leaf.pass_fail();
      return engine::PassFailRule{
          std::max<int64_t>(rule.samples_min(), 1), rule.passes_min(),
          rule.has_threshold() ? ExactNumber(rule.threshold()) : FixedSum()};
    }
    case v1::Leaf::kRatio: {
      engine::RatioRule rule;
      if (leaf.ratio().has_full_at()) rule.full_at = ExactNumber(leaf.ratio().full_at());
      if (leaf.ratio().has_zero_at()) rule.zero_at = ExactNumber(leaf.ratio().zero_at());
      rule.logarithm = leaf.ratio().logarithm();
      return rule;
    }
    case v1::Leaf::kMean: {
      const v1::MeanRule& rule = leaf.mean();
      return engine::MeanRule{
          rule.has_full_value() ? ExactNumber(rule.full_value()) : FixedSum(points),
          std::max<int64_t>(rule.sites_min(), 1)};
    }
    case v1::Leaf::kDiscretion:
      return engine::DiscretionRule{};
    case v1::Leaf::kBonus: {
      engine::BonusRule rule{ExactPoints(leaf.bonus().each()), {}};
      if (leaf.bonus().has_cap()) rule.cap = ExactPoints(leaf.bonus().cap());
      return rule;
    }
    case v1::Leaf::kPenalty: {
      engine::PenaltyRule rule{ExactPoints(leaf.penalty().each()), {}};
      if (leaf.penalty().has_cap()) rule.cap = ExactPoints(leaf.penalty().cap());
      return rule;
    }
    case v1::Leaf::kVeto:
      return VetoOf(leaf.veto(), context.bands);
    case v1::Leaf::kNormalise:
      return NormaliseOf(leaf.normalise(), points, context);
    default: {
      const v1::GrowthAboveParentRule& rule = leaf.growth_above_parent();
      return engine::GrowthRule{rule.has_full_at() ? ExactNumber(rule.full_at()) : FixedSum(),
                                rule.has_zero_at() ? ExactNumber(rule.zero_at()) : FixedSum()};
    }
  }
}

}  // namespace

FixedSum ExactNumber(const types::v1::Decimal& wire) {
  absl::StatusOr<Decimal> value = terrace::FromProto(wire, "");
  TERRACE_CHECK(value.ok());  // Checked before it was published.
  return FixedSumFromDecimal(*value);
}

Fixed ExactPoints(const types::v1::Decimal& wire) {
  absl::StatusOr<Fixed> points = Narrow(ExactNumber(wire), "points");
  TERRACE_CHECK(points.ok());
  return *points;
}

engine::NormaliseMethod NormaliseMethodOf(v1::NormaliseMethod method) {
  // In the order of the contract, which begins with "not set".
  TERRACE_CHECK(method > v1::NORMALISE_METHOD_UNSPECIFIED && method <= v1::NORMALISE_METHOD_VECTOR);
  return static_cast<engine::NormaliseMethod>(method - 1);
}
static_assert(static_cast<int>(engine::NormaliseMethod::kRank) + 1 == v1::NORMALISE_METHOD_RANK);
static_assert(static_cast<int>(engine::NormaliseMethod::kVector) + 1 ==
              v1::NORMALISE_METHOD_VECTOR);

engine::Leaf CompileLeaf(const v1::Leaf& leaf, Fixed points, const LeafContext& context) {
  engine::Leaf out;
  out.rule = RuleOf(leaf, points, context);
  switch (leaf.observations().visits()) {
    case v1::VISIT_CHOICE_POOLED:
      out.visits = engine::VisitChoice::kPooled;
      break;
    case v1::VISIT_CHOICE_MEAN:
      out.visits = engine::VisitChoice::kMean;
      break;
    case v1::VISIT_CHOICE_WORST:
      out.visits = engine::VisitChoice::kWorst;
      break;
    default:
      break;
  }
  if (leaf.missing() == v1::MISSING_POLICY_ZERO) out.missing = engine::MissingPolicy::kZero;
  if (leaf.missing() == v1::MISSING_POLICY_BLOCK) out.missing = engine::MissingPolicy::kBlock;
  out.full_when_empty = leaf.empty() == v1::EMPTY_POLICY_FULL;
  out.full_when_exempt = leaf.exemption().full();
  out.has_loss = !leaf.statistic().loss().empty();
  out.preparation = PreparationOf(leaf.statistic().preparation(), context);
  return out;
}

namespace {

// Numbers of what is frozen, as text that gives the same double again.
void Take(const std::string& text, double* value) {
  TERRACE_CHECK(text.empty() || absl::SimpleAtod(text, value));
}
std::string Shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}
std::string Bound(double value) { return std::isfinite(value) ? Shortest(value) : ""; }

engine::Transform TransformOf(const v1::FrozenTreatment& treatment) {
  engine::Transform out;
  Take(treatment.low(), &out.low);
  Take(treatment.high(), &out.high);
  if (treatment.curve() == v1::TREATMENT_CURVE_LOGARITHM) {
    out.curve = engine::Transform::Curve::kLogarithm;
  }
  if (treatment.curve() == v1::TREATMENT_CURVE_BOX_COX) {
    out.curve = engine::Transform::Curve::kBoxCox;
  }
  Take(treatment.offset(), &out.offset);
  Take(treatment.lambda(), &out.lambda);
  out.moved = treatment.moved();
  return out;
}

}  // namespace

engine::PeersFound CompileFrozen(const v1::FrozenParameters& frozen) {
  engine::PeersFound out;
  engine::PeerParameters& parameters = out.parameters;
  parameters.count = frozen.count();
  Take(frozen.min(), &parameters.min);
  Take(frozen.max(), &parameters.max);
  Take(frozen.mean(), &parameters.mean);
  Take(frozen.standard_deviation(), &parameters.standard_deviation);
  Take(frozen.sum(), &parameters.sum);
  Take(frozen.root_of_squares(), &parameters.root_of_squares);
  if (!frozen.reference().empty()) Take(frozen.reference(), &parameters.reference.emplace());
  if (frozen.has_treatment()) out.transform = TransformOf(frozen.treatment());
  return out;
}

v1::FrozenParameters FrozenOf(const engine::Leaf& leaf, const engine::PeersFound& found) {
  const bool treats = leaf.preparation.treatment.method != engine::TreatmentMethod::kNone;
  const bool refers =
      std::get<engine::NormaliseRule>(leaf.rule).method == engine::NormaliseMethod::kReferenceUnit;
  const engine::PeerParameters& parameters = found.parameters;
  v1::FrozenParameters out;
  out.set_count(parameters.count);
  out.set_min(Shortest(parameters.min));
  out.set_max(Shortest(parameters.max));
  out.set_mean(Shortest(parameters.mean));
  out.set_standard_deviation(Shortest(parameters.standard_deviation));
  out.set_sum(Shortest(parameters.sum));
  out.set_root_of_squares(Shortest(parameters.root_of_squares));
  if (refers && parameters.reference) out.set_reference(Shortest(*parameters.reference));
  if (!treats || !found.transform) return out;
  v1::FrozenTreatment& treatment = *out.mutable_treatment();
  treatment.set_low(Bound(found.transform->low));
  treatment.set_high(Bound(found.transform->high));
  if (found.transform->curve == engine::Transform::Curve::kLogarithm) {
    treatment.set_curve(v1::TREATMENT_CURVE_LOGARITHM);
    treatment.set_offset(Shortest(found.transform->offset));
  }
  if (found.transform->curve == engine::Transform::Curve::kBoxCox) {
    treatment.set_curve(v1::TREATMENT_CURVE_BOX_COX);
    treatment.set_lambda(Shortest(found.transform->lambda));
  }
  treatment.set_moved(found.transform->moved);
  return out;
}

}  // namespace terrace::scoring
