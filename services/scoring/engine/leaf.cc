#include "services/scoring/engine/leaf.h"

#include <algorithm>
#include <cmath>

#include "absl/status/statusor.h"

namespace terrace::scoring::engine {
namespace {

// `part` of `points` for position of x between zero and full: clamped, then rounded once. The three
// are on one scale.
Fixed Between(Fixed points, FixedSum x, FixedSum zero, FixedSum full) {
  FixedSum way = x - zero;
  FixedSum whole = full - zero;
  if (whole < FixedSum()) {
    way = FixedSum() - way;
    whole = FixedSum() - whole;
  }
  if (way <= FixedSum()) return Fixed();
  if (way >= whole) return points;
  absl::StatusOr<Fixed> part = MultiplyDivide(points, way, whole, "points");
  return part.ok() ? *part : points;
}

// Whether numerator / denominator >= bound, exactly. Ratios are of counts or of points, so the
// products stay far below 2^127.
bool Reaches(FixedSum numerator, FixedSum denominator, FixedSum bound) {
  return numerator.units() * kFixedUnitsPerOne >= bound.units() * denominator.units();
}

Fixed Clamp(FixedSum value, Fixed most) {
  if (value <= FixedSum()) return Fixed();
  if (value >= FixedSum(most)) return most;
  return Fixed::FromUnits(static_cast<int64_t>(value.units()));
}

// `count` times `each`, but at most `most`.
Fixed Times(FixedSum count, Fixed each, Fixed most) {
  if (count <= FixedSum()) return Fixed();
  absl::StatusOr<Fixed> product = MultiplyDivide(each, count, FixedSum::FromInteger(1), "points");
  return product.ok() ? std::min(*product, most) : most;
}

const Fixed kFixedMost = Fixed::FromUnits(kFixedUnitsMax);

// What each occurrence adds or takes off, up to a cap.
template <class PerTime>
Fixed Extra(const PerTime& rule, FixedSum occurrences) {
  return Times(occurrences, rule.each, rule.cap.value_or(kFixedMost));
}

double Logarithm(FixedSum value) {
  return std::log(static_cast<double>(value.units()) / kFixedUnitsPerOne);
}

// Both ends are above 0; figures that are not have no logarithm.
absl::optional<Fixed> BetweenLogarithms(const RatioRule& rule, Fixed points, FixedSum figure) {
  if (figure <= FixedSum()) return absl::nullopt;
  const double zero = Logarithm(rule.zero_at);
  const double share = (Logarithm(figure) - zero) / (Logarithm(rule.full_at) - zero);
  absl::StatusOr<Fixed> part =
      FixedFromDouble(std::clamp(share, 0.0, 1.0) * ToDouble(points), "points");
  return part.ok() ? absl::make_optional(*part) : absl::nullopt;
}

// What is left of `earned` after a loss in percent.
Fixed Less(Fixed earned, FixedSum loss) {
  const FixedSum all = FixedSum::FromInteger(100);
  const FixedSum kept = all - std::clamp(loss, FixedSum(), all);
  absl::StatusOr<Fixed> left = MultiplyDivide(earned, kept, all, "points");
  return left.ok() ? *left : earned;
}

Fixed Deducted(const DeductRule& rule, Fixed points, FixedSum occurrences) {
  const FixedSum left = FixedSum(points) - Times(occurrences, rule.each, rule.cap);
  return std::max(Clamp(left, points), rule.floor);
}

const GradeRule::Row* RowOf(const GradeRule& rule, absl::string_view grade) {
  for (const GradeRule::Row& row : rule.rows) {
    if (row.grade == grade) return &row;
  }
  return nullptr;
}

// What a set of samples earns; nullopt when they do not suffice.
struct SamplesResult {
  Fixed earned;
  FixedSum numerator;  // Passes of samples, where the answers are counted.
  FixedSum denominator;
  bool struck = false;
};

struct SampleSums {
  int64_t looked_at = 0;
  int64_t passes = 0;
  int64_t numbers = 0;
  FixedSum number;
  FixedSum occurrences;
};

SampleSums SumUp(absl::Span<const Sample* const> samples) {
  SampleSums sums;
  for (const Sample* sample : samples) {
    sums.occurrences += OccurrencesOf(*sample);
    switch (sample->kind) {
      case Sample::Kind::kPassFail:
        sums.looked_at += 1;
        sums.passes += sample->passed ? 1 : 0;
        break;
      case Sample::Kind::kCount:
        sums.looked_at += sample->looked_at;
        sums.passes += sample->hits;
        break;
      case Sample::Kind::kNumber:
        sums.numbers += 1;
        sums.number += sample->number;
        break;
      default:
        break;
    }
  }
  return sums;
}

absl::optional<Fixed> MeanGrade(const GradeRule& rule, absl::Span<const Sample* const> samples) {
  FixedSum sum;
  int64_t graded = 0;
  for (const Sample* sample : samples) {
    if (sample->kind != Sample::Kind::kGrade) continue;
    if (const GradeRule::Row* row = RowOf(rule, sample->grade)) {
      sum += row->points;
      ++graded;
    }
  }
  if (graded == 0) return absl::nullopt;
  absl::StatusOr<Fixed> mean = Divide(sum, FixedSum::FromInteger(graded), "points");
  return mean.ok() ? absl::make_optional(*mean) : absl::nullopt;
}

absl::optional<Fixed> PassPoints(const PassFailRule& rule, Fixed points, const SampleSums& sums) {
  const bool enough = sums.looked_at >= rule.samples_min;
  if (rule.passes_min > 0 && sums.passes >= rule.passes_min) return points;
  if (!enough) return absl::nullopt;
  const int64_t needed = rule.passes_min > 0 ? rule.passes_min : sums.looked_at;
  return sums.passes >= needed ? points : Fixed();
}

absl::optional<SamplesResult> EvaluateSamples(const Leaf& leaf, Fixed points,
                                              absl::Span<const Sample* const> samples) {
  const SampleSums sums = SumUp(samples);
  SamplesResult result;
  absl::optional<Fixed> earned;
  if (const auto* deduct = std::get_if<DeductRule>(&leaf.rule)) {
    earned = Deducted(*deduct, points, sums.occurrences);
  } else if (const auto* grade = std::get_if<GradeRule>(&leaf.rule)) {
    earned = MeanGrade(*grade, samples);
  } else if (const auto* pass = std::get_if<PassFailRule>(&leaf.rule)) {
    earned = PassPoints(*pass, points, sums);
  } else if (std::holds_alternative<RatioRule>(leaf.rule)) {
    if (sums.looked_at > 0) {
      result.numerator = FixedSum::FromInteger(sums.passes);
      result.denominator = FixedSum::FromInteger(sums.looked_at);
      earned = EvaluateRatio(leaf.rule, points, result.numerator, result.denominator);
    }
  } else if (const auto* mean = std::get_if<MeanRule>(&leaf.rule)) {
    if (sums.numbers >= mean->sites_min) {
      earned = Between(points, sums.number, FixedSum(),
                       FixedSum::FromUnits(mean->full_value.units() * int128_t{sums.numbers}));
    }
  } else if (std::holds_alternative<DiscretionRule>(leaf.rule)) {
    if (sums.numbers > 0) {
      const FixedSum most = FixedSum::FromUnits(int128_t{points.units()} * sums.numbers);
      earned = Between(points, sums.number, FixedSum(), most);
    }
  } else if (const auto* bonus = std::get_if<BonusRule>(&leaf.rule)) {
    earned = Extra(*bonus, sums.occurrences);
  } else if (const auto* penalty = std::get_if<PenaltyRule>(&leaf.rule)) {
    earned = -Extra(*penalty, sums.occurrences);
  } else if (std::holds_alternative<VetoRule>(leaf.rule)) {
    earned = Fixed();
    result.struck = sums.occurrences > FixedSum();
  }
  if (!earned) return absl::nullopt;
  result.earned = *earned;
  return result;
}

bool IsAnswer(const Sample& sample) {
  return sample.kind != Sample::Kind::kNotApplicable && sample.kind != Sample::Kind::kNotAssessed &&
         sample.kind != Sample::Kind::kRefused;
}

std::vector<const Sample*> AnswersOf(absl::Span<const Visit> visits, absl::Span<const int> chosen) {
  std::vector<const Sample*> answers;
  for (int i : chosen) {
    for (const Sample& sample : visits[i].samples) {
      if (IsAnswer(sample)) answers.push_back(&sample);
    }
  }
  return answers;
}

// What the chosen visits say where they give no answer at all.
enum class Silence {
  kNone,           // There are answers, or no records whatever.
  kNotApplicable,  // Every record says "not applicable".
  kNotAssessed,    // Something could not be looked at.
  kRefused,        // Something was not allowed to be looked at.
};
Silence SilenceOf(absl::Span<const Visit> visits, absl::Span<const int> chosen) {
  Silence silence = Silence::kNone;
  for (int i : chosen) {
    for (const Sample& sample : visits[i].samples) {
      if (IsAnswer(sample)) return Silence::kNone;
      const Silence one = sample.kind == Sample::Kind::kRefused       ? Silence::kRefused
                          : sample.kind == Sample::Kind::kNotAssessed ? Silence::kNotAssessed
                                                                      : Silence::kNotApplicable;
      silence = std::max(silence, one);
    }
  }
  return silence;
}

std::vector<int> All(size_t count) {
  std::vector<int> all(count);
  for (size_t i = 0; i < count; ++i) all[i] = static_cast<int>(i);
  return all;
}

absl::optional<SamplesResult> MeanOfVisits(const Leaf& leaf, Fixed points,
                                           absl::Span<const Visit> visits) {
  SamplesResult result;
  FixedSum sum;
  int64_t scored = 0;
  for (int i : All(visits.size())) {
    absl::optional<SamplesResult> one = EvaluateSamples(leaf, points, AnswersOf(visits, {i}));
    if (!one || SilenceOf(visits, {i}) != Silence::kNone) continue;
    sum += one->earned;
    result.numerator += one->numerator;
    result.denominator += one->denominator;
    result.struck |= one->struck;
    ++scored;
  }
  if (scored == 0) return absl::nullopt;
  absl::StatusOr<Fixed> mean = Divide(sum, FixedSum::FromInteger(scored), "points");
  if (!mean.ok()) return absl::nullopt;
  result.earned = *mean;
  return result;
}

absl::optional<SamplesResult> EvaluateVisits(const Leaf& leaf, Fixed points,
                                             absl::Span<const Visit> visits) {
  if (leaf.visits == VisitChoice::kMean) return MeanOfVisits(leaf, points, visits);
  return EvaluateSamples(leaf, points, AnswersOf(visits, ChosenVisits(leaf, points, visits)));
}

bool Strikes(const VetoRule& rule, FixedSum figure) {
  return rule.below ? figure < *rule.below : figure > FixedSum();
}

absl::optional<Fixed> EvaluateFigure(const Rule& rule, Fixed points, const LeafInput& input) {
  if (const auto* deduct = std::get_if<DeductRule>(&rule)) {
    return Deducted(*deduct, points, input.figure);
  }
  if (const auto* grade = std::get_if<GradeRule>(&rule)) {
    for (const GradeRule::Row& row : grade->rows) {
      if (!row.lower_bound || input.figure >= *row.lower_bound) return row.points;
    }
    return Fixed();
  }
  if (const auto* pass = std::get_if<PassFailRule>(&rule)) {
    return input.figure >= pass->threshold ? points : Fixed();
  }
  if (const auto* ratio = std::get_if<RatioRule>(&rule)) {
    if (ratio->logarithm) return BetweenLogarithms(*ratio, points, input.figure);
    return Between(points, input.figure, ratio->zero_at, ratio->full_at);
  }
  if (const auto* mean = std::get_if<MeanRule>(&rule)) {
    return Between(points, input.figure, FixedSum(), mean->full_value);
  }
  if (std::holds_alternative<DiscretionRule>(rule)) return Clamp(input.figure, points);
  if (const auto* bonus = std::get_if<BonusRule>(&rule)) {
    return Extra(*bonus, input.figure);
  }
  if (const auto* penalty = std::get_if<PenaltyRule>(&rule)) {
    return -Extra(*penalty, input.figure);
  }
  if (const auto* normalise = std::get_if<NormaliseRule>(&rule)) {
    if (input.peers == nullptr) return Normalise(*normalise, PeerParameters(), input.prepared);
    return Normalise(*normalise, *input.peers, input.prepared);
  }
  if (std::holds_alternative<VetoRule>(rule)) return Fixed();
  const auto& growth = std::get<GrowthRule>(rule);
  if (!input.base || !input.above_figure || !input.above_base) return absl::nullopt;
  const absl::optional<Fixed> own = GrowthOf(input.figure, *input.base);
  const absl::optional<Fixed> above = GrowthOf(*input.above_figure, *input.above_base);
  if (!own || !above) return absl::nullopt;
  const FixedSum difference = FixedSum(*own) - FixedSum(*above);
  if (growth.full_at == growth.zero_at) return difference > growth.full_at ? points : Fixed();
  return Between(points, difference, growth.zero_at, growth.full_at);
}

// A leaf that cannot be scored, for want of figures.
LeafResult Unscored(const Leaf& leaf, Fixed points, bool late) {
  LeafResult result;
  if (IsExtra(leaf)) {  // Says nothing until something happens.
    result.assessment = Assessment::kNotApplicable;
    return result;
  }
  result.assessment = late ? Assessment::kMissing : Assessment::kNotYet;
  result.blocks = leaf.missing == MissingPolicy::kBlock;
  if (late && leaf.missing == MissingPolicy::kZero) {
    result.assessment = Assessment::kScored;
    result.available = points;
  }
  return result;
}

// Nothing to judge, which earns all points or none.
LeafResult Unjudged(const Leaf& leaf, Fixed points, bool full) {
  LeafResult result;
  result.assessment = Assessment::kNotApplicable;
  if (full && !IsExtra(leaf)) {
    result.assessment = Assessment::kScored;
    result.earned = points;
    result.available = points;
    result.present = true;
  }
  return result;
}

}  // namespace

FixedSum OccurrencesOf(const Sample& sample) {
  switch (sample.kind) {
    case Sample::Kind::kPassFail:
      return FixedSum::FromInteger(sample.passed ? 0 : 1);
    case Sample::Kind::kCount:
      return FixedSum::FromInteger(sample.looked_at - sample.hits);
    case Sample::Kind::kNumber:
      return std::max(sample.number, FixedSum());
    default:
      return FixedSum();
  }
}

absl::optional<Fixed> GrowthOf(FixedSum figure, FixedSum base) {
  if (base <= FixedSum()) return absl::nullopt;
  absl::StatusOr<Fixed> growth = Divide(figure - base, base, "growth");
  return growth.ok() ? absl::make_optional(*growth) : absl::nullopt;
}

absl::optional<Fixed> EvaluateRatio(const Rule& rule, Fixed points, FixedSum numerator,
                                    FixedSum denominator) {
  if (const auto* ratio = std::get_if<RatioRule>(&rule)) {
    // Counts are whole, so both ends fit the scale of the numerator exactly.
    const int128_t count = denominator.units() / kFixedUnitsPerOne;
    return Between(points, numerator, FixedSum::FromUnits(ratio->zero_at.units() * count),
                   FixedSum::FromUnits(ratio->full_at.units() * count));
  }
  if (const auto* pass = std::get_if<PassFailRule>(&rule)) {
    return Reaches(numerator, denominator, pass->threshold) ? points : Fixed();
  }
  if (const auto* grade = std::get_if<GradeRule>(&rule)) {
    for (const GradeRule::Row& row : grade->rows) {
      if (!row.lower_bound || Reaches(numerator, denominator, *row.lower_bound)) return row.points;
    }
    return Fixed();
  }
  return absl::nullopt;
}

std::vector<int> ChosenVisits(const Leaf& leaf, Fixed points, absl::Span<const Visit> visits) {
  if (visits.empty()) return {};
  switch (leaf.visits) {
    case VisitChoice::kLatest:
      return {static_cast<int>(visits.size()) - 1};
    case VisitChoice::kPooled:
    case VisitChoice::kMean:
      return All(visits.size());
    case VisitChoice::kWorst:
      break;
  }
  // The first one among equals; a visit that does not suffice is no candidate unless none does.
  int worst = -1;
  absl::optional<SamplesResult> least;
  for (int i : All(visits.size())) {
    if (SilenceOf(visits, {i}) != Silence::kNone) continue;
    absl::optional<SamplesResult> one = EvaluateSamples(leaf, points, AnswersOf(visits, {i}));
    if (!one) continue;
    if (!least || one->struck > least->struck ||
        (one->struck == least->struck && one->earned < least->earned)) {
      least = one;
      worst = i;
    }
  }
  if (worst < 0) return {static_cast<int>(visits.size()) - 1};
  return {worst};
}

LeafResult EvaluateLeaf(const Leaf& leaf, Fixed points, const LeafInput& input) {
  absl::optional<Fixed> earned;
  LeafResult result;
  switch (input.form) {
    case LeafInput::Form::kNotApplicable:
      result.assessment = Assessment::kNotApplicable;
      return result;
    case LeafInput::Form::kExempt:
      return Unjudged(leaf, points, leaf.full_when_exempt);
    case LeafInput::Form::kEmpty:
      return Unjudged(leaf, points, leaf.full_when_empty);
    case LeafInput::Form::kAbsent:
      return Unscored(leaf, points, input.late);
    case LeafInput::Form::kCounts:
      result.numerator = FixedSum::FromInteger(input.numerator);
      result.denominator = FixedSum::FromInteger(input.denominator);
      if (input.denominator <= 0) return Unjudged(leaf, points, leaf.full_when_empty);
      earned = std::holds_alternative<NormaliseRule>(leaf.rule)
                   ? EvaluateFigure(leaf.rule, points, input)
                   : EvaluateRatio(leaf.rule, points, result.numerator, result.denominator);
      break;
    case LeafInput::Form::kFigure:
      if (leaf.has_loss && !input.loss) break;
      earned = EvaluateFigure(leaf.rule, points, input);
      if (const auto* veto = std::get_if<VetoRule>(&leaf.rule)) {
        result.struck = Strikes(*veto, input.figure);
      }
      if (earned && leaf.has_loss) earned = Less(*earned, *input.loss);
      break;
    case LeafInput::Form::kVisits: {
      const std::vector<int> chosen = ChosenVisits(leaf, points, input.visits);
      const Silence silence = SilenceOf(input.visits, chosen);
      if (silence == Silence::kNotApplicable) return Unjudged(leaf, points, leaf.full_when_empty);
      if (silence != Silence::kNone) {
        const bool refused = silence == Silence::kRefused;
        result = Unscored(leaf, points, input.late || refused);
        result.refused = refused && !IsExtra(leaf);
        return result;
      }
      if (absl::optional<SamplesResult> samples = EvaluateVisits(leaf, points, input.visits)) {
        earned = samples->earned;
        result.numerator = samples->numerator;
        result.denominator = samples->denominator;
        result.struck = samples->struck;
      }
      break;
    }
  }
  if (!earned) return Unscored(leaf, points, input.late);
  result.assessment = Assessment::kScored;
  result.earned = *earned;
  result.present = !input.imputed;
  if (!IsExtra(leaf)) result.available = points;
  return result;
}

}  // namespace terrace::scoring::engine
