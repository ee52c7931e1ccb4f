#include "services/scoring/schemes/compile.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "common/base/check.h"
#include "common/resource/names.h"
#include "services/scoring/engine/weights.h"
#include "services/scoring/schemes/combination_check.h"
#include "services/scoring/schemes/compile_leaf.h"

namespace terrace::scoring {
namespace {

Codes CodesOf(const google::protobuf::RepeatedPtrField<std::string>& names) {
  Codes codes;
  for (const std::string& name : names) codes.insert(std::string(resource::LastSegment(name)));
  return codes;
}

absl::optional<calendar::Period> PeriodOf(const std::string& text) {
  if (text.empty()) return absl::nullopt;
  absl::StatusOr<calendar::Period> period = calendar::Period::Parse(text);
  TERRACE_CHECK(period.ok());
  return *period;
}

engine::Combination CombinationOf(v1::Combination combination) {
  switch (combination) {
    case v1::COMBINATION_SCALE:
      return engine::Combination::kScale;
    case v1::COMBINATION_ARITHMETIC:
      return engine::Combination::kArithmetic;
    case v1::COMBINATION_GEOMETRIC:
      return engine::Combination::kGeometric;
    case v1::COMBINATION_HARMONIC:
      return engine::Combination::kHarmonic;
    case v1::COMBINATION_POWER:
      return engine::Combination::kPower;
    case v1::COMBINATION_MEDIAN:
      return engine::Combination::kMedian;
    case v1::COMBINATION_MIN:
      return engine::Combination::kMin;
    case v1::COMBINATION_MAX:
      return engine::Combination::kMax;
    case v1::COMBINATION_MAZZIOTTA_PARETO:
      return engine::Combination::kMazziottaPareto;
    case v1::COMBINATION_MAZZIOTTA_PARETO_PLUS:
      return engine::Combination::kMazziottaParetoPlus;
    case v1::COMBINATION_COPELAND:
      return engine::Combination::kCopeland;
    default:
      return engine::Combination::kSum;
  }
}

engine::Weighting WeightingOf(v1::Weighting weighting) {
  switch (weighting) {
    case v1::WEIGHTING_EQUAL:
      return engine::Weighting::kEqual;
    case v1::WEIGHTING_ENTROPY:
      return engine::Weighting::kEntropy;
    case v1::WEIGHTING_PAIRWISE:
      return engine::Weighting::kPairwise;
    default:
      return engine::Weighting::kFixed;
  }
}

engine::Ties TiesOf(v1::Ties ties) {
  switch (ties) {
    case v1::TIES_MODIFIED:
      return engine::Ties::kModified;
    case v1::TIES_DENSE:
      return engine::Ties::kDense;
    case v1::TIES_FRACTIONAL:
      return engine::Ties::kFractional;
    case v1::TIES_ORDINAL:
      return engine::Ties::kOrdinal;
    default:
      return engine::Ties::kCompetition;
  }
}

class Compiler {
 public:
  explicit Compiler(const v1::Scheme& scheme) : out_(std::make_shared<CompiledScheme>()) {
    out_->proto = scheme;
  }

  std::shared_ptr<const CompiledScheme> Run() {
    const v1::Scheme& scheme = out_->proto;
    absl::StatusOr<SchemeRef> ref = ParseScheme(scheme.name());
    TERRACE_CHECK(ref.ok());
    out_->ref = *std::move(ref);
    out_->periodicity = KindOf(scheme.periodicity());
    out_->first_period = *PeriodOf(scheme.first_period());
    out_->zone = calendar::DefaultZone();
    if (!scheme.time_zone().empty()) {
      absl::StatusOr<absl::TimeZone> zone = calendar::LoadZone(scheme.time_zone(), "time_zone");
      if (zone.ok()) out_->zone = *zone;
    }
    out_->line = tree::FromProto(scheme.population().line());
    out_->population_levels = CodesOf(scheme.population().levels());
    out_->population_kinds = CodesOf(scheme.population().kinds());
    out_->population_programme = scheme.population().programme();
    if (scheme.counts_from() != v1::COUNTS_FROM_UNSPECIFIED) {
      out_->counts_from = scheme.counts_from();
    }
    if (scheme.audience() != v1::AUDIENCE_UNSPECIFIED) out_->audience = scheme.audience();
    out_->engine.points = ExactPoints(scheme.points());
    if (scheme.has_bonus_cap()) out_->engine.bonus_cap = ExactPoints(scheme.bonus_cap());
    if (scheme.has_min_present()) out_->engine.min_present = ExactPoints(scheme.min_present());
    for (const v1::Grouping& grouping : scheme.groupings()) {
      groupings_.emplace(grouping.id(), out_->engine.groupings++);
    }
    AddBands();
    for (const v1::Node& node : scheme.nodes()) AddNode(node);
    for (const v1::Node& node : scheme.nodes()) AddJudgements(node);
    engine::SettleWeights(out_->engine);
    for (const v1::FrozenParameters& frozen : scheme.frozen()) {
      const int leaf = out_->engine.nodes[nodes_.at(frozen.node())].leaf;
      out_->leaves[leaf].frozen.emplace(frozen.peers(), CompileFrozen(frozen));
    }
    for (size_t i = 0; i < out_->leaves.size(); ++i) {
      CompiledLeaf& leaf = out_->leaves[i];
      leaf.looks_at_others = engine::LooksAtOthers(out_->engine.leaves[i], !leaf.frozen.empty());
      out_->looks_at_others |= leaf.looks_at_others;
    }
    AddRanking();
    for (const v1::LevelRollup& level : scheme.rollups()) AddRollup(level);
    return std::move(out_);
  }

 private:
  int GroupingOf(const std::string& id) const { return id.empty() ? -1 : groupings_.at(id); }

  void AddBands() {
    const v1::Scheme& scheme = out_->proto;
    engine::Scheme& compiled = out_->engine;
    if (scheme.has_decimals()) compiled.decimals = scheme.decimals();
    compiled.rank_on_shown = scheme.rank_on_shown();
    for (const v1::Band& band : scheme.bands()) {
      engine::Band one;
      one.grade = band.grade();
      if (band.has_lower_bound()) one.lower_bound = ExactPoints(band.lower_bound());
      one.exclusive = band.exclusive();
      if (scheme.banding().method() == v1::BAND_METHOD_SHARE) {
        one.share = ExactPoints(band.share());
      }
      compiled.bands.push_back(std::move(one));
    }
    switch (scheme.banding().method()) {
      case v1::BAND_METHOD_SHARE:
        compiled.banding.method = engine::BandMethod::kShare;
        break;
      case v1::BAND_METHOD_NATURAL_BREAKS:
        compiled.banding.method = engine::BandMethod::kNaturalBreaks;
        break;
      default:
        break;
    }
    compiled.banding.grouping = GroupingOf(scheme.banding().grouping());
    compiled.banding.group_min = std::max(scheme.banding().group_min(), 1);
  }

  void AddRanking() {
    const v1::Ranking& ranking = out_->proto.ranking();
    engine::RankingRule& compiled = out_->engine.ranking;
    compiled.ties = TiesOf(ranking.ties());
    for (const std::string& node : ranking.tie_breakers()) {
      compiled.tie_breakers.push_back(nodes_.at(node));
    }
    compiled.grouping = GroupingOf(ranking.grouping());
  }

  void AddJudgements(const v1::Node& node) {
    if (!WeighsShares(node) || node.weighting() != v1::WEIGHTING_PAIRWISE) return;
    for (const v1::Judgement& judgement : node.judgements()) {
      out_->engine.nodes[nodes_.at(node.id())].judgements.push_back(
          {nodes_.at(judgement.more()), nodes_.at(judgement.less()),
           ExactPoints(judgement.times())});
    }
  }

  void AddNode(const v1::Node& node) {
    engine::Scheme& scheme = out_->engine;
    const int index = static_cast<int>(scheme.nodes.size());
    engine::Node compiled;
    compiled.id = node.id();
    compiled.parent = node.parent().empty() ? -1 : nodes_.at(node.parent());
    if (node.has_points()) compiled.points = ExactPoints(node.points());
    compiled.combination = CombinationOf(node.combination());
    compiled.weight = node.has_weight() ? ExactPoints(node.weight()) : compiled.points;
    if (WeighsShares(node)) compiled.weighting = WeightingOf(node.weighting());
    if (node.has_exponent()) compiled.exponent = ToDouble(ExactPoints(node.exponent()));
    if (node.has_min_present()) compiled.min_present = ExactPoints(node.min_present());
    std::vector<Codes> kinds;
    if (compiled.parent >= 0) kinds = kinds_[compiled.parent];
    if (!node.kinds().empty()) kinds.push_back(CodesOf(node.kinds()));
    if (node.has_leaf()) {
      compiled.leaf = static_cast<int>(scheme.leaves.size());
      scheme.leaves.push_back(
          CompileLeaf(node.leaf(), compiled.points, {scheme.bands, groupings_}));
      scheme.leaf_nodes.push_back(index);
      const v1::Exemption& exemption = node.leaf().exemption();
      out_->leaves.push_back(
          {SourceOf(node), kinds, exemption.programme(), exemption.title(), {}, false});
      if (node.leaf().has_exemption()) out_->exempting_programmes.insert(exemption.programme());
    }
    nodes_[node.id()] = index;
    kinds_.push_back(std::move(kinds));
    scheme.nodes.push_back(std::move(compiled));
  }

  Source SourceOf(const v1::Node& node) {
    const v1::Leaf& leaf = node.leaf();
    switch (leaf.source_case()) {
      case v1::Leaf::kObservations: {
        FromObservations source;
        source.checklist = leaf.observations().checklist();
        source.items.insert(leaf.observations().items().begin(), leaf.observations().items().end());
        source.kinds.assign(leaf.observations().visit_kinds().begin(),
                            leaf.observations().visit_kinds().end());
        return source;
      }
      case v1::Leaf::kMeasures:
        return FromMeasures{leaf.measures().list(), leaf.measures().count_claimed()};
      case v1::Leaf::kTimeliness:
        return FromTimeliness{leaf.timeliness().list()};
      case v1::Leaf::kCoverage:
        return FromCoverage{leaf.coverage().programme(),
                            IndexOf(out_->programmes, leaf.coverage().programme())};
      case v1::Leaf::kRectification: {
        FromRectification source;
        source.severities.assign(leaf.rectification().severities().begin(),
                                 leaf.rectification().severities().end());
        return source;
      }
      case v1::Leaf::kReview:
        return FromReview{out_->ref.Family(), node.id()};
      case v1::Leaf::kPublished:
        return FromPublished{leaf.published().scheme(), leaf.published().periods_back()};
      default: {
        FromStatistic source;
        source.definition = leaf.statistic().definition();
        source.period = PeriodOf(leaf.statistic().period());
        if (leaf.has_growth_above_parent()) {
          const v1::GrowthAboveParentRule& rule = leaf.growth_above_parent();
          source.grows = true;
          source.base_period = PeriodOf(rule.base_period());
          source.base_periods_back = std::max(rule.base_periods_back(), 1);
          source.against_level = std::string(resource::LastSegment(rule.against_level()));
        }
        const v1::Preparation& preparation = leaf.statistic().preparation();
        source.change_base = PeriodOf(preparation.growth().base_period());
        source.change_back = std::max(preparation.growth().base_periods_back(), 1);
        source.denominator = preparation.denominator();
        source.loss = leaf.statistic().loss();
        source.reference_unit =
            std::string(resource::LastSegment(leaf.normalise().reference_unit()));
        return source;
      }
    }
  }

  static int IndexOf(std::vector<std::string>& names, const std::string& name) {
    auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) it = names.insert(names.end(), name);
    return static_cast<int>(it - names.begin());
  }

  int BasisOf(int weight, int ratio_leaf) {
    std::vector<engine::Basis>& bases = out_->engine.bases;
    for (size_t i = 0; i < bases.size(); ++i) {
      if (bases[i].weight == weight && bases[i].ratio_leaf == ratio_leaf) {
        return static_cast<int>(i);
      }
    }
    bases.push_back({weight, ratio_leaf});
    return static_cast<int>(bases.size()) - 1;
  }

  void AddRollup(const v1::LevelRollup& level) {
    const v1::Rollup& rollup = level.rollup();
    engine::Rollup compiled;
    int weight = -1;
    const bool weighs = rollup.method() == v1::ROLLUP_METHOD_WEIGHTED_MEAN ||
                        rollup.method() == v1::ROLLUP_METHOD_OVER_DESCENDANTS;
    if (weighs && !rollup.weight_statistic().empty()) {
      weight = IndexOf(out_->weights, rollup.weight_statistic());
      out_->engine.weights = static_cast<int>(out_->weights.size());
    }
    switch (rollup.method()) {
      case v1::ROLLUP_METHOD_MEAN:
        compiled.method = engine::Method::kMean;
        break;
      case v1::ROLLUP_METHOD_WEIGHTED_MEAN:
        compiled.method = engine::Method::kWeightedMean;
        compiled.weight = weight;
        break;
      case v1::ROLLUP_METHOD_OVER_DESCENDANTS:
        compiled.method = engine::Method::kOverDescendants;
        compiled.basis = BasisOf(weight, -1);
        break;
      case v1::ROLLUP_METHOD_SUM:
        compiled.method = engine::Method::kSum;
        break;
      case v1::ROLLUP_METHOD_MIN:
        compiled.method = engine::Method::kMin;
        break;
      case v1::ROLLUP_METHOD_RATIO_OF_SUMS: {
        compiled.method = engine::Method::kRatioOfSums;
        const int leaf = rollup.ratio_leaf().empty()
                             ? -1
                             : out_->engine.nodes[nodes_.at(rollup.ratio_leaf())].leaf;
        compiled.basis = BasisOf(-1, leaf);
        break;
      }
      default:
        break;
    }
    if (rollup.has_own_weight()) compiled.own_weight = ExactPoints(rollup.own_weight());
    if (rollup.has_rolled_weight()) compiled.rolled_weight = ExactPoints(rollup.rolled_weight());
    if (rollup.has_min_coverage()) compiled.min_coverage = ExactPoints(rollup.min_coverage());
    out_->levels[std::string(resource::LastSegment(level.level()))] =
        static_cast<int>(out_->engine.rollups.size());
    out_->engine.rollups.push_back(compiled);
  }

  std::shared_ptr<CompiledScheme> out_;
  std::map<std::string, int> nodes_;                 // Id -> index.
  absl::flat_hash_map<std::string, int> groupings_;  // Id -> index.
  std::vector<std::vector<Codes>> kinds_;            // Of each node.
};

}  // namespace

bool FromObservations::Matches(absl::string_view visited) const {
  if (visited == absl::string_view(checklist)) return true;
  return visited.size() > checklist.size() && visited[checklist.size()] == '@' &&
         absl::StartsWith(visited, checklist);
}

std::shared_ptr<const CompiledScheme> Compile(const v1::Scheme& scheme) {
  return Compiler(scheme).Run();
}

engine::Preparation PreparationIn(const FromStatistic& source, engine::Preparation preparation,
                                  const calendar::Period& period) {
  constexpr int kNever = 1000;  // Periods back; no figures lie there.
  if (preparation.growth == engine::GrowthMethod::kNone || !source.change_base) return preparation;
  if (preparation.growth == engine::GrowthMethod::kCyclical) return preparation;
  const absl::optional<int> periods =
      source.change_base->PeriodsBefore(source.period.value_or(period));
  preparation.growth_periods = periods && *periods > 0 ? std::min(*periods, kNever) : kNever;
  return preparation;
}

absl::Time StartOf(const calendar::Period& period, absl::TimeZone zone) {
  return absl::FromCivil(period.First(), zone);
}

absl::Time EndOf(const calendar::Period& period, absl::TimeZone zone) {
  return absl::FromCivil(period.Last() + 1, zone);
}

calendar::PeriodKind KindOf(v1::Periodicity periodicity) {
  switch (periodicity) {
    case v1::PERIODICITY_QUARTER:
      return calendar::PeriodKind::kQuarter;
    case v1::PERIODICITY_MONTH:
      return calendar::PeriodKind::kMonth;
    default:
      return calendar::PeriodKind::kYear;
  }
}

}  // namespace terrace::scoring
