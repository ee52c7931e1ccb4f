#include "services/scoring/gather.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/scoring/engine/prepare.h"
#include "services/scoring/engine/sheet.h"
#include "terrace/inspections/v1/findings.pb.h"

namespace terrace::scoring {
namespace {

using engine::LeafInput;
using engine::Sample;
using inspections::v1::Finding;

void Later(absl::Time instant, absl::Time at, absl::Time* next) {
  if (instant > at && instant < *next) *next = instant;
}

// Takes counts over into the input of a leaf; nothing counted is "nothing to judge" unless
// something is still to come.
void TakeCounts(const Counts& counts, LeafInput* input) {
  if (counts.denominator > 0) {
    input->form = LeafInput::Form::kCounts;
    input->numerator = counts.numerator;
    input->denominator = counts.denominator;
  } else {
    input->form = counts.expected ? LeafInput::Form::kAbsent : LeafInput::Form::kEmpty;
    input->late = false;
  }
}

absl::optional<Sample> SampleOf(const ObservationFacts& observation) {
  using Answer = ObservationFacts::Answer;
  Sample sample;
  switch (observation.answer) {
    case Answer::kNone:
      return absl::nullopt;
    case Answer::kNotApplicable:
      sample.kind = Sample::Kind::kNotApplicable;
      break;
    case Answer::kNotAssessed:
      sample.kind = Sample::Kind::kNotAssessed;
      break;
    case Answer::kRefused:
      sample.kind = Sample::Kind::kRefused;
      break;
    case Answer::kPassed:
    case Answer::kFailed:
      sample.kind = Sample::Kind::kPassFail;
      sample.passed = observation.answer == Answer::kPassed;
      break;
    case Answer::kCount:
      sample.kind = Sample::Kind::kCount;
      sample.hits = observation.hits;
      sample.looked_at = observation.sample;
      break;
    case Answer::kGrade:
      sample.kind = Sample::Kind::kGrade;
      sample.grade = observation.grade;
      break;
    case Answer::kNumber:
      sample.kind = Sample::Kind::kNumber;
      sample.number = observation.number;
      break;
  }
  return sample;
}

SourceRecord RecordOf(const VisitFacts& visit, const ObservationFacts& observation) {
  using Answer = ObservationFacts::Answer;
  SourceRecord record;
  record.name = absl::StrCat(visit.name, "/observations/", observation.id);
  record.title = observation.item;
  auto add = [&](absl::string_view name, std::string value) {
    if (!value.empty()) record.figures.emplace_back(std::string(name), std::move(value));
  };
  switch (observation.answer) {
    case Answer::kPassed:
      add("answer", "passed");
      break;
    case Answer::kFailed:
      add("answer", "failed");
      break;
    case Answer::kCount:
      add("answer", absl::StrCat(observation.hits, " of ", observation.sample));
      break;
    case Answer::kGrade:
      add("grade", observation.grade);
      break;
    case Answer::kNumber:
      add("number", FormatSum(observation.number));
      break;
    case Answer::kNotApplicable:
      add("answer", "not applicable");
      break;
    case Answer::kNotAssessed:
      add("answer", "not assessed");
      break;
    case Answer::kRefused:
      add("answer", "refused");
      break;
    case Answer::kNone:
      break;
  }
  add("place", observation.place);
  add("reason", observation.reason);
  return record;
}

void TakeRecords(std::vector<CountedRecord> counted, LeafInput* input,
                 std::vector<SourceRecord>* records) {
  for (CountedRecord& one : counted) {
    input->counted.push_back(
        {static_cast<int32_t>(records->size()), one.numerator, one.denominator});
    SourceRecord record;
    record.name = std::move(one.name);
    record.figures = {{"numerator", absl::StrCat(one.numerator)},
                      {"denominator", absl::StrCat(one.denominator)}};
    records->push_back(std::move(record));
  }
}

// A finding at an instant: whether it counts, whether it was put right in time, whether the answer
// is still open.
struct FindingAt {
  bool counts = false;
  bool in_time = false;
  bool open = false;
};

FindingAt Judge(const FindingFacts& finding, absl::Time at) {
  FindingAt result;
  const FindingFacts::Step* last = nullptr;
  absl::Time claimed = absl::InfiniteFuture();
  for (const FindingFacts::Step& step : finding.steps) {
    if (step.time > at) break;
    last = &step;
    if (step.state == Finding::STATE_CLAIMED) claimed = step.time;
    if (step.state == Finding::STATE_RETURNED) claimed = absl::InfiniteFuture();
  }
  if (last == nullptr || last->state == Finding::STATE_WITHDRAWN) return result;
  if (last->state == Finding::STATE_CLOSED) {
    // Fixed on the spot or closed without a claim: the closing itself decides.
    result.counts = true;
    result.in_time = std::min(claimed, last->time) < last->due;
    return result;
  }
  const bool waits = claimed < last->due;  // The unit has done its part; the office has not.
  result.counts = last->due <= at && !waits;
  result.open = !result.counts;
  return result;
}

double AsDouble(const absl::optional<FixedSum>& figure) {
  if (!figure) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(figure->units()) / kFixedUnitsPerOne;
}

// Rounded to 1e-12; 0 for what no sum holds.
FixedSum Exact(double figure) {
  const double units = figure * kFixedUnitsPerOne;
  if (!(std::abs(units) < static_cast<double>(kFixedSumUnitsMax))) return {};
  return FixedSum::FromUnits(static_cast<int128_t>(std::round(units)));
}

bool Holds(const std::vector<int>& numbers, int number) {
  return numbers.empty() || std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

Gatherer::Gatherer(const CompiledScheme* scheme, const calendar::Period& period, const Facts* facts,
                   const engine::Board* board)
    : scheme_(scheme),
      period_(period),
      facts_(facts),
      board_(board),
      start_(StartOf(period, scheme->zone)),
      end_(EndOf(period, scheme->zone)) {}

bool Gatherer::InPopulation(Unit unit, absl::Time at) const {
  const RegistryFacts& registry = facts_->registry;
  if (!scheme_->population_levels.empty() &&
      !scheme_->population_levels.contains(registry.Level(unit))) {
    return false;
  }
  if (!scheme_->population_kinds.empty() &&
      !scheme_->population_kinds.contains(registry.Kind(unit))) {
    return false;
  }
  if (!scheme_->population_programme.empty() &&
      !registry.Enrolled(scheme_->population_programme, unit, JudgedAt(at))) {
    return false;
  }
  // Below the issuing office; the office itself is not assessed by its own scheme.
  const Unit office = facts_->ids.Find(scheme_->ref.office);
  if (office == kNoUnit || unit == office) return false;
  int steps = 0;
  for (Unit above = board_->ParentOf(unit); above != kNoUnit && board_->HasPlace(above);
       above = board_->ParentOf(above)) {
    if (above == office) return true;
    if (++steps > tree::kTreeDepthMax) break;
  }
  return false;
}

engine::Tally Gatherer::TallyOf(const std::string& programme, Unit unit, absl::Time at) const {
  const absl::Time judged = JudgedAt(at);
  if (!facts_->registry.Enrolled(programme, unit, judged)) return {};
  return {facts_->registry.Titled(programme, unit, judged) ? 1 : 0, 1};
}

absl::optional<int64_t> Gatherer::WeightOf(const std::string& definition, Unit unit, absl::Time at,
                                           absl::Time* next_change) const {
  const Figure* figure = facts_->figures.Find(unit, definition, period_);
  if (figure == nullptr) return absl::nullopt;
  Later(figure->known, at, next_change);
  if (figure->known > at) return absl::nullopt;
  constexpr int64_t kScale = kFixedUnitsPerOne / engine::kWeightUnitsPerOne;
  const FixedSum rounded = Round(figure->value, engine::kWeightDecimals);
  const int128_t units = rounded.units() / kScale;
  if (units < 0 || units > engine::kWeightUnitsMax) return absl::nullopt;
  return static_cast<int64_t>(units);
}

GatheredSheet Gatherer::Gather(Unit unit, absl::Time at, bool with_records) {
  GatheredSheet sheet;
  review_.reset();
  sheet.inputs.resize(scheme_->leaves.size());
  if (with_records) sheet.records.resize(scheme_->leaves.size());
  for (size_t i = 0; i < scheme_->leaves.size(); ++i) {
    const CompiledLeaf& leaf = scheme_->leaves[i];
    LeafInput& input = sheet.inputs[i];
    input.late = at >= end_;
    if (!Applies(leaf, unit)) {
      input.form = LeafInput::Form::kNotApplicable;
      continue;
    }
    if (!leaf.exempting_programme.empty() && IsExempt(leaf, unit, at, with_records, i, &sheet)) {
      continue;
    }
    const Out out{&input, &sheet.next_change, with_records ? &sheet.records[i] : nullptr, &leaf,
                  &scheme_->engine.leaves[i]};
    std::visit([&](const auto& source) { From(source, unit, at, out); }, leaf.source);
  }
  return sheet;
}

bool Gatherer::IsExempt(const CompiledLeaf& leaf, Unit unit, absl::Time at, bool with_records,
                        size_t index, GatheredSheet* sheet) const {
  const RegistryFacts& registry = facts_->registry;
  if (at < end_) {
    sheet->next_change = std::min(sheet->next_change,
                                  registry.NextProgrammeChange(leaf.exempting_programme, unit, at));
  }
  const std::vector<std::string> titles =
      registry.Titles(leaf.exempting_programme, unit, JudgedAt(at), leaf.exempting_title);
  if (titles.empty()) return false;
  LeafInput& input = sheet->inputs[index];
  input.form = LeafInput::Form::kExempt;
  if (with_records) {
    input.records = {0};
    sheet->records[index].push_back({titles.front(), "", {}});
  }
  return true;
}

bool Gatherer::Applies(const CompiledLeaf& leaf, Unit unit) const {
  const absl::string_view kind = facts_->registry.Kind(unit);
  return std::all_of(leaf.kinds.begin(), leaf.kinds.end(),
                     [&](const Codes& kinds) { return kinds.contains(kind); });
}

bool Gatherer::Counts(const VisitFacts& visit, const FromObservations& source,
                      absl::Time at) const {
  if (visit.started > at || visit.started < start_ || visit.started >= end_) return false;
  if (visit.aborted <= at) return false;
  if (!source.Matches(visit.checklist) || !Holds(source.kinds, visit.kind)) return false;
  switch (scheme_->counts_from) {
    case v1::COUNTS_FROM_OBSERVED:
      return true;
    case v1::COUNTS_FROM_ACKNOWLEDGED:
      return visit.acknowledged <= at;
    default:
      return visit.submitted <= at;
  }
}

void Gatherer::From(const FromObservations& source, Unit unit, absl::Time at, Out out) {
  for (const VisitFacts& visit : facts_->inspections.Visits(unit)) {
    for (absl::Time instant : {visit.started, visit.submitted, visit.acknowledged, visit.aborted}) {
      Later(instant, at, out.next_change);
    }
    if (!Counts(visit, source, at)) continue;
    engine::Visit counted;
    for (const ObservationFacts& observation : visit.observations) {
      if (!source.items.empty() && !source.items.contains(observation.item)) continue;
      Later(observation.time, at, out.next_change);
      if (observation.time > at) continue;
      absl::optional<Sample> sample = SampleOf(observation);
      if (!sample) continue;
      if (out.records != nullptr) {
        sample->record = static_cast<int32_t>(out.records->size());
        out.records->push_back(RecordOf(visit, observation));
      }
      counted.samples.push_back(*std::move(sample));
    }
    // While a visit is under way, what nobody has looked at yet says nothing.
    if (counted.samples.empty() && visit.submitted > at) continue;
    out.input->visits.push_back(std::move(counted));
  }
  if (!out.input->visits.empty()) out.input->form = LeafInput::Form::kVisits;
}

void Gatherer::From(const FromMeasures& source, Unit unit, absl::Time at, Out out) {
  std::vector<CountedRecord> counted;
  const terrace::scoring::Counts counts =
      facts_->measures.CountDone(unit, source.list, source.count_claimed, at, end_,
                                 out.records != nullptr ? &counted : nullptr);
  Later(counts.next_change, at, out.next_change);
  TakeCounts(counts, out.input);
  if (out.records != nullptr) TakeRecords(std::move(counted), out.input, out.records);
}

const measures::PeriodTable& Gatherer::TableOf(const std::string& list) {
  if (tables_version_ != facts_->measures.schedules_version()) {
    tables_.clear();
    tables_version_ = facts_->measures.schedules_version();
  }
  auto it = tables_.find(list);
  if (it == tables_.end()) {
    it = tables_.emplace(list, facts_->measures.TableOf(list, period_)).first;
  }
  return it->second;
}

void Gatherer::From(const FromTimeliness& source, Unit unit, absl::Time at, Out out) {
  std::vector<CountedRecord> counted;
  const terrace::scoring::Counts counts = facts_->measures.CountOnTime(
      unit, source.list, TableOf(source.list), at, out.records != nullptr ? &counted : nullptr);
  Later(counts.next_change, at, out.next_change);
  TakeCounts(counts, out.input);
  if (out.records != nullptr) TakeRecords(std::move(counted), out.input, out.records);
}

void Gatherer::From(const FromCoverage& source, Unit unit, absl::Time at, Out out) {
  // The tallies of the board are kept for the instant of the board; see SchemeBoard.
  const engine::Tally tally = board_->TallyBelow(source.tally, unit);
  terrace::scoring::Counts counts;
  counts.numerator = tally.numerator;
  counts.denominator = tally.denominator;
  TakeCounts(counts, out.input);
  if (out.records == nullptr) return;
  std::vector<CountedRecord> counted;
  const absl::Time judged = JudgedAt(at);
  for (Unit member : facts_->registry.Members(source.programme)) {
    if (member >= board_->size() || !board_->HasPlace(member)) continue;
    if (!facts_->registry.Enrolled(source.programme, member, judged)) continue;
    int steps = 0;
    Unit above = board_->ParentOf(member);
    while (above != kNoUnit && above != unit && ++steps <= tree::kTreeDepthMax) {
      above = board_->ParentOf(above);
    }
    if (above != unit) continue;
    const std::vector<std::string> titles =
        facts_->registry.Titles(source.programme, member, judged);
    counted.push_back({titles.empty() ? resource::UnitName(facts_->ids.Id(member)) : titles[0],
                       titles.empty() ? 0 : 1, 1});
  }
  std::sort(counted.begin(), counted.end(),
            [](const CountedRecord& a, const CountedRecord& b) { return a.name < b.name; });
  TakeRecords(std::move(counted), out.input, out.records);
}

void Gatherer::From(const FromRectification& source, Unit unit, absl::Time at, Out out) {
  terrace::scoring::Counts counts;
  std::vector<CountedRecord> counted;
  for (const FindingFacts& finding : facts_->inspections.Findings(unit)) {
    if (finding.steps.empty() || !Holds(source.severities, finding.severity)) continue;
    for (const FindingFacts::Step& step : finding.steps) {
      Later(step.time, at, out.next_change);
      Later(step.due, at, out.next_change);
    }
    const absl::Time raised = finding.steps.front().time;
    if (raised < start_ || raised >= end_) continue;
    const FindingAt judged = Judge(finding, at);
    counts.expected |= judged.open;
    if (!judged.counts) continue;
    counts.numerator += judged.in_time ? 1 : 0;
    counts.denominator += 1;
    counted.push_back({finding.name, judged.in_time ? 1 : 0, 1});
  }
  TakeCounts(counts, out.input);
  if (out.records != nullptr) TakeRecords(std::move(counted), out.input, out.records);
}

absl::optional<FixedSum> Gatherer::FigureOf(Unit unit, const std::string& definition,
                                            const calendar::Period& period, absl::Time at,
                                            Out out) const {
  if (unit == kNoUnit) return absl::nullopt;
  const Figure* figure = facts_->figures.Find(unit, definition, period);
  if (figure == nullptr) return absl::nullopt;
  Later(figure->known, at, out.next_change);
  if (figure->known > at) return absl::nullopt;
  if (out.records != nullptr) {
    out.input->records.push_back(static_cast<int32_t>(out.records->size()));
    SourceRecord record;
    record.name = StatisticName(facts_->ids.Id(unit), definition, period);
    record.title = period.ToString();
    record.figures = {{"value", FormatSum(figure->value)}};
    out.records->push_back(std::move(record));
  }
  return figure->value;
}

double Gatherer::Changed(const FromStatistic& source, Unit unit, const calendar::Period& period,
                         absl::optional<FixedSum> figure, absl::Time at, Out out) const {
  const engine::Preparation& preparation = out.rule->preparation;
  if (preparation.growth == engine::GrowthMethod::kNone) return AsDouble(figure);
  // Columns of one unit. Of the periods before only those matter that the method looks at.
  std::vector<engine::FigureColumn> history(preparation.growth_periods,
                                            {std::numeric_limits<double>::quiet_NaN()});
  const bool every = preparation.growth == engine::GrowthMethod::kCyclical;
  calendar::Period base = period;
  for (int back = 1; back <= preparation.growth_periods; ++back) {
    base = base.Previous();
    const bool last = back == preparation.growth_periods;
    if (!every && !last) continue;
    const bool fixed = !every && source.change_base;
    history[back - 1][0] =
        AsDouble(FigureOf(unit, source.definition, fixed ? *source.change_base : base, at, out));
  }
  return engine::Grow(preparation, {AsDouble(figure)}, history, {})[0];
}

Unit Gatherer::Against(Unit unit, const std::string& level) const {
  int steps = 0;
  for (Unit above = board_->ParentOf(unit); above != kNoUnit && ++steps <= tree::kTreeDepthMax;
       above = above < board_->size() ? board_->ParentOf(above) : kNoUnit) {
    if (level.empty() || facts_->registry.Level(above) == absl::string_view(level)) return above;
  }
  return kNoUnit;
}

void Gatherer::From(const FromStatistic& source, Unit unit, absl::Time at, Out out) {
  const calendar::Period period = source.period.value_or(period_);
  const absl::optional<FixedSum> figure = FigureOf(unit, source.definition, period, at, out);
  if (source.grows) {
    calendar::Period base = period;
    if (source.base_period) {
      base = *source.base_period;
    } else {
      for (int i = 0; i < source.base_periods_back; ++i) base = base.Previous();
    }
    const Unit above = Against(unit, source.against_level);
    out.input->base = FigureOf(unit, source.definition, base, at, out);
    out.input->above_figure = FigureOf(above, source.definition, period, at, out);
    out.input->above_base = FigureOf(above, source.definition, base, at, out);
  }
  if (!source.loss.empty()) out.input->loss = FigureOf(unit, source.loss, period, at, out);
  if (auto peers = out.leaf->frozen.find(""); peers != out.leaf->frozen.end()) {
    out.input->peers = &peers->second;
  }
  const engine::Preparation& preparation = out.rule->preparation;
  LeafInput& input = *out.input;
  if (preparation.growth == engine::GrowthMethod::kNone && !preparation.denominated) {
    if (figure) input.figure = *figure;
    input.prepared = AsDouble(figure);
  } else {
    input.prepared = Changed(source, unit, period, figure, at, out);
    if (!source.denominator.empty()) {
      engine::FigureColumn column = {input.prepared};
      const double by = AsDouble(FigureOf(unit, source.denominator, period, at, out));
      engine::Denominate({&by, 1}, column);
      input.prepared = column[0];
    }
    input.figure = Exact(input.prepared);
  }
  if (std::isnan(input.prepared)) {
    // Nothing stands in for what is not to be expected yet.
    if (preparation.imputation != engine::ImputationMethod::kZero || !input.late) return;
    input.prepared = 0;
    input.figure = FixedSum();
    input.imputed = true;
  }
  input.form = LeafInput::Form::kFigure;
}

void Gatherer::From(const FromReview& source, Unit unit, absl::Time at, Out out) {
  if (!review_) {
    review_ = facts_->reviews.Judge(unit, source.family, period_, at,
                                    /*with_sentences=*/out.records != nullptr);
  }
  Later(review_->next_change, at, out.next_change);
  LeafInput& input = *out.input;
  // A period is judged after its end; only the campaign says when it is too late.
  input.late = review_->closed;
  const CombinedPoints* combined = facts_->reviews.Find(*review_, source.node);
  if (combined == nullptr) return;
  input.form = combined->not_applicable ? LeafInput::Form::kEmpty : LeafInput::Form::kFigure;
  input.figure = combined->points;
  if (out.records == nullptr) return;
  input.records.push_back(static_cast<int32_t>(out.records->size()));
  SourceRecord record;
  record.name = SheetName(facts_->ids.Id(unit), review_->campaign);
  record.figures = facts_->reviews.Stated(unit, review_->campaign, source.node, at);
  record.arithmetic = combined->arithmetic;
  out.records->push_back(std::move(record));
}

void Gatherer::From(const FromPublished& source, Unit unit, absl::Time at, Out out) {
  LeafInput& input = *out.input;
  // Before the results are final there is nothing to miss.
  input.late = false;
  absl::optional<calendar::Period> period =
      facts_->published.PeriodAt(source.scheme, period_.Last());
  if (!period) return;
  for (int i = 0; i < source.periods_back; ++i) period = period->Previous();
  const AnnouncedScores* announced =
      facts_->published.FinalAt(source.scheme, *period, at, out.next_change);
  if (announced == nullptr) return;
  input.late = true;
  const absl::optional<FixedSum> score = facts_->published.ScoreOf(announced->name, unit);
  if (!score) return;
  input.form = LeafInput::Form::kFigure;
  input.figure = *score;
  input.prepared = AsDouble(score);
  if (auto peers = out.leaf->frozen.find(""); peers != out.leaf->frozen.end()) {
    input.peers = &peers->second;
  }
  if (out.records == nullptr) return;
  input.records.push_back(static_cast<int32_t>(out.records->size()));
  SourceRecord record;
  record.name = ResultName(facts_->ids.Id(unit), announced->name);
  record.title = period->ToString();
  record.figures = {{"value", FormatSum(*score)}};
  out.records->push_back(std::move(record));
}

}  // namespace terrace::scoring
