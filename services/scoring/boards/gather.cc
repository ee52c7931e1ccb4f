#include "services/scoring/boards/gather.h"

#include <algorithm>
#include <cmath>

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
    input->prepared =
        static_cast<double>(counts.numerator) / static_cast<double>(counts.denominator);
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
  if (!figure) return RawFigure::kNone;
  return static_cast<double>(figure->units()) / kFixedUnitsPerOne;
}

bool Holds(const std::vector<int>& numbers, int number) {
  return numbers.empty() || std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

Gatherer::Gatherer(const CompiledScheme* scheme, const calendar::Period& period, const Facts* facts,
                   const engine::Board* board, const PeerColumns* peers)
    : scheme_(scheme),
      period_(period),
      facts_(facts),
      board_(board),
      peers_(peers),
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
  sheet.input.leaves.resize(scheme_->leaves.size());
  if (with_records) sheet.records.resize(scheme_->leaves.size());
  for (size_t i = 0; i < scheme_->leaves.size(); ++i) {
    const CompiledLeaf& leaf = scheme_->leaves[i];
    LeafInput& input = sheet.input.leaves[i];
    input.late = at >= end_;
    if (!Applies(leaf, unit)) {
      input.form = LeafInput::Form::kNotApplicable;
      continue;
    }
    const Out out{&input, &sheet.next_change, with_records ? &sheet.records[i] : nullptr, &leaf,
                  &scheme_->engine.leaves[i]};
    if (IsExempt(unit, at, out)) continue;
    if (leaf.looks_at_others) {
      RawFigure raw;  // The column has it already; this is for records and instants.
      Raw(unit, at, out, &raw);
      TakePrepared(i, unit, &input);
      continue;
    }
    TakeOwn(unit, at, out);
  }
  return sheet;
}

void Gatherer::TakeOwn(Unit unit, absl::Time at, Out out) {
  std::visit([&](const auto& source) { From(source, unit, at, out); }, out.leaf->source);
  if (!out.leaf->frozen.empty()) TakeFrozen(unit, at, out);
}

LeafTally Gatherer::TallyOwn(Unit unit, absl::Time at) {
  LeafTally tally;
  review_.reset();
  for (size_t i = 0; i < scheme_->leaves.size(); ++i) {
    const engine::Leaf& rules = scheme_->engine.leaves[i];
    if (scheme_->leaves[i].looks_at_others || IsExtra(rules)) continue;
    LeafInput input;
    input.late = at >= end_;
    absl::Time next_change = absl::InfiniteFuture();
    if (!Applies(scheme_->leaves[i], unit)) continue;
    const Out out{&input, &next_change, nullptr, &scheme_->leaves[i], &rules};
    if (!IsExempt(unit, at, out)) TakeOwn(unit, at, out);
    const Fixed points = scheme_->engine.nodes[scheme_->engine.leaf_nodes[i]].points;
    const engine::LeafResult result = engine::EvaluateLeaf(rules, points, input);
    if (result.assessment == engine::Assessment::kNotApplicable) continue;
    ++tally.applicable;
    tally.present += result.present ? 1 : 0;
  }
  return tally;
}

absl::optional<RawFigure> Gatherer::RawOf(size_t leaf, Unit unit, absl::Time at) {
  const CompiledLeaf& compiled = scheme_->leaves[leaf];
  if (!Applies(compiled, unit)) return absl::nullopt;
  LeafInput input;
  absl::Time next_change = absl::InfiniteFuture();
  const Out out{&input, &next_change, nullptr, &compiled, &scheme_->engine.leaves[leaf]};
  if (IsExempt(unit, at, out)) return absl::nullopt;
  RawFigure raw;
  review_.reset();
  Raw(unit, at, out, &raw);
  return raw;
}

void Gatherer::Raw(Unit unit, absl::Time at, Out out, RawFigure* raw) {
  raw->parent = board_->ParentOf(unit);
  raw->peers = PeersOf(unit, at, out);
  raw->group = GroupOf(out.rule->preparation.imputation_grouping, unit, at, out);
  if (const auto* statistic = std::get_if<FromStatistic>(&out.leaf->source)) {
    From(*statistic, PreparationIn(*statistic, out.rule->preparation, period_), unit, at, out, raw);
    return;
  }
  std::visit([&](const auto& source) { From(source, unit, at, out); }, out.leaf->source);
  raw->figure = out.input->prepared;
  raw->exact = out.input->figure;
}

void Gatherer::TakePrepared(size_t leaf, Unit unit, LeafInput* input) const {
  PreparedFigure prepared = peers_->Find(leaf, unit);
  input->prepared = prepared.figure;
  if (prepared.peers != nullptr) {
    input->peers = {prepared.peers, &prepared.peers->parameters};
  }
  if (std::holds_alternative<FromStatistic>(scheme_->leaves[leaf].source)) {
    input->figure = prepared.exact;
    input->imputed = prepared.imputed;
    input->form =
        std::isfinite(prepared.figure) ? LeafInput::Form::kFigure : LeafInput::Form::kAbsent;
  }
}

absl::optional<std::string> Gatherer::GroupOf(int grouping, Unit unit, absl::Time at) const {
  LeafInput input;
  absl::Time next_change = absl::InfiniteFuture();
  return GroupOf(grouping, unit, at, {&input, &next_change, nullptr, nullptr, nullptr});
}

absl::optional<std::string> Gatherer::GroupOf(int grouping, Unit unit, absl::Time at,
                                              Out out) const {
  if (grouping < 0) return absl::nullopt;
  const v1::Grouping& by = scheme_->proto.groupings(grouping);
  switch (by.by_case()) {
    case v1::Grouping::kKind:
      return std::string(facts_->registry.Kind(unit));
    case v1::Grouping::kLevel:
      return std::string(facts_->registry.Level(unit));
    case v1::Grouping::kAncestorLevel: {
      const Unit above = Against(unit, std::string(resource::LastSegment(by.ancestor_level())));
      if (above == kNoUnit) return absl::nullopt;
      return std::string(facts_->ids.Id(above));
    }
    default: {
      const absl::optional<FixedSum> figure = FigureOf(unit, by.statistic(), period_, at, out);
      return figure ? absl::make_optional(FormatSum(*figure)) : absl::nullopt;
    }
  }
}

absl::optional<std::string> Gatherer::PeersOf(Unit unit, absl::Time at, Out out) const {
  const auto* rule = std::get_if<engine::NormaliseRule>(&out.rule->rule);
  if (rule == nullptr || rule->peers == engine::Peers::kAll) return "";
  if (rule->peers == engine::Peers::kGroup) return GroupOf(rule->grouping, unit, at, out);
  const Unit parent = board_->ParentOf(unit);
  return parent == kNoUnit ? "" : resource::UnitName(facts_->ids.Id(parent));
}

void Gatherer::TakeFrozen(Unit unit, absl::Time at, Out out) const {
  const absl::optional<std::string> shared = PeersOf(unit, at, out);
  if (!shared) return;
  const auto found = out.leaf->frozen.find(*shared);
  if (found == out.leaf->frozen.end()) return;
  LeafInput& input = *out.input;
  input.peers = engine::Unowned(&found->second.parameters);
  if (!found->second.transform || !std::isfinite(input.prepared)) return;
  const double treated = found->second.transform->Of(input.prepared);
  if (treated == input.prepared) return;
  input.prepared = treated;
  input.figure = engine::ExactOf(treated);
}

bool Gatherer::IsExempt(Unit unit, absl::Time at, Out out) const {
  const std::string& programme = out.leaf->exempting_programme;
  if (programme.empty()) return false;
  const RegistryFacts& registry = facts_->registry;
  if (at < end_) {
    *out.next_change =
        std::min(*out.next_change, registry.NextProgrammeChange(programme, unit, at));
  }
  const std::vector<std::string> titles =
      registry.Titles(programme, unit, JudgedAt(at), out.leaf->exempting_title);
  if (titles.empty()) return false;
  out.input->form = LeafInput::Form::kExempt;
  if (out.records != nullptr) {
    out.input->records = {0};
    out.records->push_back({titles.front(), "", {}});
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

std::vector<double> Gatherer::HistoryOf(const FromStatistic& source,
                                        const engine::Preparation& preparation, Unit unit,
                                        absl::Time at, Out out) const {
  std::vector<double> history;
  calendar::Period then = source.period.value_or(period_);
  for (int back : engine::PeriodsLookedAt(preparation)) {
    while (static_cast<int>(history.size()) < back) {
      history.push_back(RawFigure::kNone);
      then = then.Previous();
    }
    history.back() = AsDouble(FigureOf(unit, source.definition, then, at, out));
  }
  return history;
}

Unit Gatherer::Against(Unit unit, const std::string& level) const {
  int steps = 0;
  for (Unit above = board_->ParentOf(unit); above != kNoUnit && ++steps <= tree::kTreeDepthMax;
       above = above < board_->size() ? board_->ParentOf(above) : kNoUnit) {
    if (level.empty() || facts_->registry.Level(above) == absl::string_view(level)) return above;
  }
  return kNoUnit;
}

void Gatherer::TakeBeside(const FromStatistic& source, Unit unit, absl::Time at, Out out) const {
  const calendar::Period period = source.period.value_or(period_);
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
}

void Gatherer::From(const FromStatistic& source, const engine::Preparation& preparation, Unit unit,
                    absl::Time at, Out out, RawFigure* raw) {
  const calendar::Period period = source.period.value_or(period_);
  const absl::optional<FixedSum> figure = FigureOf(unit, source.definition, period, at, out);
  raw->figure = AsDouble(figure);
  raw->exact = figure.value_or(FixedSum());
  raw->history = HistoryOf(source, preparation, unit, at, out);
  if (!source.denominator.empty()) {
    raw->denominator = AsDouble(FigureOf(unit, source.denominator, period, at, out));
  }
  TakeBeside(source, unit, at, out);
}

void Gatherer::From(const FromStatistic& source, Unit unit, absl::Time at, Out out) {
  const engine::Preparation preparation = PreparationIn(source, out.rule->preparation, period_);
  RawFigure raw;
  From(source, preparation, unit, at, out, &raw);
  LeafInput& input = *out.input;
  input.figure = raw.exact;
  input.prepared = raw.figure;
  if (preparation.growth != engine::GrowthMethod::kNone || preparation.denominated) {
    // Columns of one unit.
    std::vector<engine::FigureColumn> history;
    for (double earlier : raw.history) history.push_back({earlier});
    engine::FigureColumn column = engine::Grow(preparation, {raw.figure}, history, {});
    if (preparation.denominated) engine::Denominate({&raw.denominator, 1}, column);
    input.prepared = column[0];
    input.figure = engine::ExactOf(input.prepared);
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

const ReviewSample& Gatherer::SampleBeside(const std::string& family, Unit unit, absl::Time at) {
  static const ReviewSample& none = *new ReviewSample();
  const Unit above = board_->ParentOf(unit);
  if (above == kNoUnit || !facts_->reviews.CarriesOver(family, period_)) return none;
  if (std::exchange(samples_at_, at) != at) samples_.clear();
  const auto [it, fresh] = samples_.try_emplace(above);
  ReviewSample& sample = it->second;
  if (fresh) {
    board_->ForEachChild(above, [&](Unit beside) {
      facts_->reviews.AddToSample(beside, family, period_, at, &sample);
    });
  }
  return sample;
}

void Gatherer::From(const FromReview& source, Unit unit, absl::Time at, Out out) {
  if (!review_) {
    review_ = facts_->reviews.Judge(unit, source.family, period_, at,
                                    SampleBeside(source.family, unit, at),
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
  if (out.records == nullptr) return;
  input.records.push_back(static_cast<int32_t>(out.records->size()));
  SourceRecord record;
  record.name = ResultName(facts_->ids.Id(unit), announced->name);
  record.title = period->ToString();
  record.figures = {{"value", FormatSum(*score)}};
  out.records->push_back(std::move(record));
}

}  // namespace terrace::scoring
