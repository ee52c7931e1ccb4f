#include "services/scoring/compile.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/resource/names.h"

namespace terrace::scoring {
namespace {

FixedSum Number(const types::v1::Decimal& wire) {
  absl::StatusOr<Decimal> value = terrace::FromProto(wire, "");
  TERRACE_CHECK(value.ok());  // Checked before it was published.
  return FixedSumFromDecimal(*value);
}

Fixed Points(const types::v1::Decimal& wire) {
  absl::StatusOr<Fixed> points = Narrow(Number(wire), "points");
  TERRACE_CHECK(points.ok());
  return *points;
}

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

engine::Rule RuleOf(const v1::Leaf& leaf, Fixed points) {
  switch (leaf.rule_case()) {
    case v1::Leaf::kDeduct: {
      const v1::DeductRule& rule = leaf.deduct();
      return engine::DeductRule{Points(rule.each()), rule.has_cap() ? Points(rule.cap()) : points,
                                rule.has_floor() ? Points(rule.floor()) : Fixed()};
    }
    case v1::Leaf::kGrade: {
      engine::GradeRule rule;
      for (const v1::GradeRule::Grade& grade : leaf.grade().grades()) {
        engine::GradeRule::Row row;
        row.grade = grade.grade();
        if (grade.has_lower_bound()) row.lower_bound = Number(grade.lower_bound());
        row.points = Points(grade.points());
        rule.rows.push_back(std::move(row));
      }
      return rule;
    }
    case v1::Leaf::kPassFail: {
      const v1::PassFailRule& rule = leaf.pass_fail();
      return engine::PassFailRule{std::max<int64_t>(rule.samples_min(), 1), rule.passes_min(),
                                  rule.has_threshold() ? Number(rule.threshold()) : FixedSum()};
    }
    case v1::Leaf::kRatio: {
      engine::RatioRule rule;
      if (leaf.ratio().has_full_at()) rule.full_at = Number(leaf.ratio().full_at());
      if (leaf.ratio().has_zero_at()) rule.zero_at = Number(leaf.ratio().zero_at());
      return rule;
    }
    case v1::Leaf::kMean: {
      const v1::MeanRule& rule = leaf.mean();
      return engine::MeanRule{rule.has_full_value() ? Number(rule.full_value()) : FixedSum(points),
                              std::max<int64_t>(rule.sites_min(), 1)};
    }
    case v1::Leaf::kDiscretion:
      return engine::DiscretionRule{};
    case v1::Leaf::kBonus: {
      engine::BonusRule rule{Points(leaf.bonus().each()), {}};
      if (leaf.bonus().has_cap()) rule.cap = Points(leaf.bonus().cap());
      return rule;
    }
    case v1::Leaf::kVeto: {
      engine::VetoRule rule;
      if (leaf.veto().effect() == v1::VETO_EFFECT_MAX_SCORE) {
        rule = {engine::VetoEffect::kMaxScore, Points(leaf.veto().max_score())};
      } else if (leaf.veto().effect() == v1::VETO_EFFECT_DISQUALIFY) {
        rule.effect = engine::VetoEffect::kDisqualify;
      }
      return rule;
    }
    default: {
      const v1::GrowthAboveParentRule& rule = leaf.growth_above_parent();
      return engine::GrowthRule{rule.has_full_at() ? Number(rule.full_at()) : FixedSum(),
                                rule.has_zero_at() ? Number(rule.zero_at()) : FixedSum()};
    }
  }
}

engine::Leaf LeafOf(const v1::Leaf& leaf, Fixed points) {
  engine::Leaf out;
  out.rule = RuleOf(leaf, points);
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
  return out;
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
    if (scheme.has_decimals()) out_->decimals = scheme.decimals();
    out_->rank_on_shown = scheme.rank_on_shown();
    out_->engine.points = Points(scheme.points());
    if (scheme.has_bonus_cap()) out_->engine.bonus_cap = Points(scheme.bonus_cap());
    for (const v1::Node& node : scheme.nodes()) AddNode(node);
    for (const v1::LevelRollup& level : scheme.rollups()) AddRollup(level);
    for (const v1::Band& band : scheme.bands()) {
      CompiledBand compiled{band.grade(), {}};
      if (band.has_lower_bound()) compiled.lower_bound = Points(band.lower_bound());
      out_->bands.push_back(std::move(compiled));
    }
    return std::move(out_);
  }

 private:
  void AddNode(const v1::Node& node) {
    engine::Scheme& scheme = out_->engine;
    const int index = static_cast<int>(scheme.nodes.size());
    engine::Node compiled;
    compiled.id = node.id();
    compiled.parent = node.parent().empty() ? -1 : nodes_.at(node.parent());
    if (node.has_points()) compiled.points = Points(node.points());
    compiled.scale = node.combination() == v1::COMBINATION_SCALE;
    std::vector<Codes> kinds;
    if (compiled.parent >= 0) kinds = kinds_[compiled.parent];
    if (!node.kinds().empty()) kinds.push_back(CodesOf(node.kinds()));
    if (node.has_leaf()) {
      compiled.leaf = static_cast<int>(scheme.leaves.size());
      scheme.leaves.push_back(LeafOf(node.leaf(), compiled.points));
      scheme.leaf_nodes.push_back(index);
      out_->leaves.push_back({SourceOf(node.leaf()), kinds});
    }
    nodes_[node.id()] = index;
    kinds_.push_back(std::move(kinds));
    scheme.nodes.push_back(std::move(compiled));
  }

  Source SourceOf(const v1::Leaf& leaf) {
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
    if (rollup.has_own_weight()) compiled.own_weight = Points(rollup.own_weight());
    if (rollup.has_rolled_weight()) compiled.rolled_weight = Points(rollup.rolled_weight());
    if (rollup.has_min_coverage()) compiled.min_coverage = Points(rollup.min_coverage());
    out_->levels[std::string(resource::LastSegment(level.level()))] =
        static_cast<int>(out_->engine.rollups.size());
    out_->engine.rollups.push_back(compiled);
  }

  std::shared_ptr<CompiledScheme> out_;
  std::map<std::string, int> nodes_;       // Id -> index.
  std::vector<std::vector<Codes>> kinds_;  // Of each node.
};

}  // namespace

bool FromObservations::Matches(absl::string_view visited) const {
  if (visited == absl::string_view(checklist)) return true;
  return visited.size() > checklist.size() && visited[checklist.size()] == '@' &&
         absl::StartsWith(visited, checklist);
}

Fixed Shown(Fixed score, int decimals) {
  // Rounding up can reach one million, which is no Fixed.
  absl::StatusOr<Fixed> shown = Narrow(Round(score, decimals), "score");
  return shown.ok() ? *shown : score;
}

Fixed CompiledScheme::Compared(Fixed score) const {
  return rank_on_shown ? Shown(score, decimals) : score;
}

absl::string_view CompiledScheme::GradeOf(Fixed score) const {
  const Fixed compared = Compared(score);
  for (const CompiledBand& band : bands) {
    if (!band.lower_bound || compared >= *band.lower_bound) return band.grade;
  }
  return "";
}

std::shared_ptr<const CompiledScheme> Compile(const v1::Scheme& scheme) {
  return Compiler(scheme).Run();
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
