#include <algorithm>

#include "absl/status/statusor.h"
#include "services/scoring/engine/explain.h"

namespace terrace::scoring::engine {
namespace {

Part Record(int32_t record, Fixed value) {
  Part part;
  part.kind = Part::Kind::kRecord;
  part.index = record;
  part.value = value;
  return part;
}

Part Special(Part::Kind kind, Fixed value) {
  Part part;
  part.kind = kind;
  part.value = value;
  return part;
}

Fixed Share(Fixed whole, FixedSum numerator, FixedSum denominator) {
  absl::StatusOr<Fixed> share = MultiplyDivide(whole, numerator, denominator, "share");
  return share.ok() ? *share : Fixed();
}

// What a record weighs in rules that give points in proportion.
FixedSum WeightOf(const Rule& rule, const Sample& sample) {
  if (const auto* grade = std::get_if<GradeRule>(&rule)) {
    if (sample.kind != Sample::Kind::kGrade) return FixedSum();
    for (const GradeRule::Row& row : grade->rows) {
      if (row.grade == sample.grade) return row.points;
    }
    return FixedSum();
  }
  if (std::holds_alternative<MeanRule>(rule) || std::holds_alternative<DiscretionRule>(rule)) {
    return sample.kind == Sample::Kind::kNumber ? std::max(sample.number, FixedSum()) : FixedSum();
  }
  if (sample.kind == Sample::Kind::kPassFail) return FixedSum::FromInteger(sample.passed ? 1 : 0);
  if (sample.kind == Sample::Kind::kCount) return FixedSum::FromInteger(sample.hits);
  return FixedSum();
}

// Divides `earned` among `samples`: in proportion, or, where each occurrence has its price, by what
// it costs or brings; what a cap leaves over is a part of its own. `visits` share equally.
void ExplainSamples(const Leaf& leaf, Fixed points, const std::vector<Sample>& samples,
                    Fixed earned, int64_t visits, std::vector<Part>& out) {
  const auto* deduct = std::get_if<DeductRule>(&leaf.rule);
  const auto* bonus = std::get_if<BonusRule>(&leaf.rule);
  const auto* penalty = std::get_if<PenaltyRule>(&leaf.rule);
  const FixedSum among = FixedSum::FromInteger(visits);
  if (deduct == nullptr && bonus == nullptr && penalty == nullptr) {
    FixedSum total;
    for (const Sample& sample : samples) total += WeightOf(leaf.rule, sample);
    const bool any = total > FixedSum();
    for (const Sample& sample : samples) {
      const Fixed value = any ? Share(earned, WeightOf(leaf.rule, sample), total) : Fixed();
      out.push_back(Record(sample.record, value));
    }
    return;
  }
  FixedSum left = earned;
  if (deduct != nullptr) {
    const Fixed full = Share(points, FixedSum::FromInteger(1), among);
    out.push_back(Special(Part::Kind::kFullPoints, full));
    left -= full;
  }
  const Fixed each = deduct != nullptr    ? -deduct->each
                     : penalty != nullptr ? -penalty->each
                                          : bonus->each;
  for (const Sample& sample : samples) {
    // A single record never costs more than a Fixed holds.
    const Fixed value = Share(each, OccurrencesOf(sample), among);
    out.push_back(Record(sample.record, value));
    left -= value;
  }
  if (left != FixedSum()) {
    absl::StatusOr<Fixed> rest = Narrow(left, "cap");
    if (rest.ok()) out.push_back(Special(Part::Kind::kCap, *rest));
  }
}

void ExplainVisits(const Leaf& leaf, Fixed points, const LeafInput& input, const LeafResult& result,
                   std::vector<Part>& out) {
  if (leaf.visits != VisitChoice::kMean) {
    std::vector<Sample> samples;
    for (int i : ChosenVisits(leaf, points, input.visits)) {
      const std::vector<Sample>& more = input.visits[i].samples;
      samples.insert(samples.end(), more.begin(), more.end());
    }
    ExplainSamples(leaf, points, samples, result.earned, 1, out);
    return;
  }
  // The mean of visits: each one that is scored by itself brings an equal part.
  Leaf alone = leaf;
  alone.visits = VisitChoice::kLatest;
  std::vector<std::pair<int, Fixed>> scored;
  for (size_t i = 0; i < input.visits.size(); ++i) {
    LeafInput one;
    one.form = LeafInput::Form::kVisits;
    one.visits = {input.visits[i]};
    const LeafResult visit = EvaluateLeaf(alone, points, one);
    if (visit.assessment == Assessment::kScored) scored.emplace_back(i, visit.earned);
  }
  const auto count = static_cast<int64_t>(scored.size());
  for (const auto& [i, earned] : scored) {
    const Fixed share = Share(earned, FixedSum::FromInteger(1), FixedSum::FromInteger(count));
    ExplainSamples(leaf, points, input.visits[i].samples, share, count, out);
  }
}

}  // namespace

std::vector<Part> ExplainLeaf(const Leaf& leaf, Fixed points, const LeafInput& input,
                              const LeafResult& result) {
  std::vector<Part> parts;
  switch (input.form) {
    case LeafInput::Form::kAbsent:
    case LeafInput::Form::kNotApplicable:
      break;
    case LeafInput::Form::kExempt:
      for (int32_t record : input.records) parts.push_back(Record(record, result.earned));
      break;
    case LeafInput::Form::kEmpty:  // Records that say why.
      for (int32_t record : input.records) parts.push_back(Record(record, Fixed()));
      break;
    case LeafInput::Form::kFigure:
      for (size_t i = 0; i < input.records.size(); ++i) {
        parts.push_back(
            Record(input.records[i], i == 0 && !input.imputed ? result.earned : Fixed()));
      }
      break;
    case LeafInput::Form::kCounts:
      for (const Counted& counted : input.counted) {
        const Fixed value = input.numerator > 0
                                ? Share(result.earned, FixedSum::FromInteger(counted.numerator),
                                        FixedSum::FromInteger(input.numerator))
                                : Fixed();
        parts.push_back(Record(counted.record, value));
      }
      break;
    case LeafInput::Form::kVisits:
      if (result.assessment == Assessment::kScored) {
        ExplainVisits(leaf, points, input, result, parts);
      } else {
        for (int i : ChosenVisits(leaf, points, input.visits)) {
          for (const Sample& sample : input.visits[i].samples) {
            parts.push_back(Record(sample.record, Fixed()));
          }
        }
      }
      break;
  }
  // Points that no record earned, such as those of a falling figure, of a threshold of 0, or of a
  // figure that stands in for a missing one.
  FixedSum sum;
  for (const Part& part : parts) sum += part.value;
  if (FixedSum(result.earned) != sum && (parts.empty() || sum == FixedSum())) {
    parts.push_back(Special(Part::Kind::kFullPoints, result.earned));
  }
  return parts;
}

}  // namespace terrace::scoring::engine
