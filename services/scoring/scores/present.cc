#include "services/scoring/scores/present.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/scoring/engine/bands.h"
#include "services/scoring/engine/outlook.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/names.h"

namespace terrace::scoring {
namespace {

using engine::Accumulator;

constexpr auto kViewer = options::v1::ROLE_VIEWER;

// A number of 10^-decimals as a canonical decimal of any length.
std::string Exact(int128_t units, int decimals) {
  const bool negative = units < 0;
  uint128_t rest = negative ? -static_cast<uint128_t>(units) : static_cast<uint128_t>(units);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (decimals > 0) {
    while (digits.size() <= static_cast<size_t>(decimals)) digits.insert(digits.begin(), '0');
    digits.insert(digits.end() - decimals, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return negative && digits != "0" ? absl::StrCat("-", digits) : digits;
}

void FillAccumulator(const CompiledScheme& scheme, const Accumulator& sums,
                     v1::AccumulatorBasis basis, int weight, int ratio_leaf, v1::Accumulator* out) {
  out->set_basis(basis);
  if (weight >= 0) out->set_weight_statistic(scheme.weights[weight]);
  if (ratio_leaf >= 0) {
    out->set_ratio_leaf(scheme.engine.nodes[scheme.engine.leaf_nodes[ratio_leaf]].id);
  }
  out->set_weight(Exact(sums.weight, engine::kWeightDecimals));
  out->set_sum(Exact(sums.sum, engine::kWeightDecimals + kFixedDecimals));
  out->set_count(sums.count);
  out->set_covered(sums.covered);
  out->set_numerator(Exact(sums.numerator, kFixedDecimals));
  out->set_denominator(Exact(sums.denominator, kFixedDecimals));
}

void FillAccumulators(const CompiledScheme& scheme, const ScoreRow& row, v1::Score* score) {
  for (size_t k = 0; k < row.sheets.size(); ++k) {
    const engine::Basis& basis = scheme.engine.bases[k];
    FillAccumulator(scheme, row.sheets[k], v1::ACCUMULATOR_BASIS_SHEETS, basis.weight,
                    basis.ratio_leaf, score->add_accumulators());
  }
  if (!row.children) return;
  FillAccumulator(scheme, *row.children, v1::ACCUMULATOR_BASIS_CHILDREN, row.children_weight, -1,
                  score->add_accumulators());
}

void FillCoverage(const ScoreRow& row, v1::Coverage* coverage) {
  if (row.sheet && row.sheet->applicable_points > Fixed()) {
    absl::StatusOr<Fixed> share =
        Divide(row.sheet->covered_points, row.sheet->applicable_points, "coverage");
    if (share.ok()) *coverage->mutable_points_share() = ExactDecimal(*share);
  }
  if (!row.rollup) return;
  coverage->set_covered(row.rollup->covered);
  coverage->set_expected(row.rollup->count);
}

v1::GradeOutlook* AddGrade(const engine::Band& band, bool reachable, v1::Outlook* out) {
  v1::GradeOutlook* grade = out->add_grades();
  grade->set_grade(band.grade);
  if (band.lower_bound) *grade->mutable_lower_bound() = ExactDecimal(*band.lower_bound);
  grade->set_reachable(reachable);
  return grade;
}

void FillOutlook(const engine::Scheme& scheme, const engine::SheetResult& sheet, v1::Outlook* out) {
  const engine::Outlook outlook = engine::OutlookOf(scheme, sheet);
  for (int leaf : outlook.open) out->add_open_nodes(scheme.nodes[scheme.leaf_nodes[leaf]].id);
  absl::StatusOr<Fixed> open = Narrow(outlook.open_points, "points");
  if (open.ok()) *out->mutable_open_points() = ExactDecimal(*open);
  if (outlook.least) *out->mutable_least() = ExactDecimal(*outlook.least);
  if (outlook.most) *out->mutable_most() = ExactDecimal(*outlook.most);
  if (scheme.banding.method != engine::BandMethod::kBounds) return;  // A matter of all peers.
  for (size_t band = 0; band + 1 < outlook.needed.size(); ++band) {
    const absl::optional<Fixed>& needed = outlook.needed[band];
    v1::GradeOutlook* grade = AddGrade(scheme.bands[band], needed.has_value(), out);
    if (needed) *grade->mutable_needed() = ExactDecimal(*needed);
  }
}

// What only the evaluated sheet knows: vetoes, nodes, and what it can still come to.
void FillSheet(const engine::Scheme& scheme, const ScoreRow& row, v1::Score* score) {
  const engine::SheetResult sheet = engine::EvaluateSheet(scheme, *row.input);
  if (row.outlook) FillOutlook(scheme, sheet, score->mutable_outlook());
  for (size_t n = 0; n < scheme.nodes.size(); ++n) {
    const int leaf = scheme.nodes[n].leaf;
    if (leaf >= 0 && sheet.leaves[leaf].struck) score->add_vetoes(scheme.nodes[n].id);
    if (!row.nodes) continue;
    v1::NodeScore* node = score->add_nodes();
    node->set_node(scheme.nodes[n].id);
    node->set_assessment(
        AssessmentOf(sheet.nodes[n].assessment, leaf >= 0 && sheet.leaves[leaf].refused));
    *node->mutable_earned() = ExactDecimal(sheet.nodes[n].earned);
    *node->mutable_available() = ExactDecimal(sheet.nodes[n].available);
  }
}

}  // namespace

void FillOutlook(const engine::Scheme& scheme, const engine::RolledOutlook& outlook,
                 v1::Outlook* out) {
  out->set_open_sheet_count(outlook.open_sheets);
  if (outlook.least) *out->mutable_least() = ExactDecimal(*outlook.least);
  if (outlook.most) *out->mutable_most() = ExactDecimal(*outlook.most);
  if (!outlook.most || scheme.banding.method != engine::BandMethod::kBounds) return;
  const auto reaches = [](int reached, int band) { return reached >= 0 && reached <= band; };
  for (int band = 0; band + 1 < static_cast<int>(scheme.bands.size()); ++band) {
    v1::GradeOutlook* grade = AddGrade(scheme.bands[band], reaches(outlook.best_band, band), out);
    if (reaches(outlook.worst_band, band)) *grade->mutable_needed() = ExactDecimal(Fixed());
  }
}

std::string GradeOf(const engine::Scheme& scheme, const engine::UnitScore& score) {
  if (score.assessment != engine::Assessment::kScored || score.disqualified ||
      scheme.banding.method != engine::BandMethod::kBounds) {
    return "";
  }
  const int band = engine::BandOf(scheme, score.score, score.best_band);
  return band < 0 ? "" : scheme.bands[band].grade;
}

types::v1::Decimal ExactDecimal(Fixed value) { return terrace::ToProto(ToDecimal(value)); }

types::v1::Decimal ShownDecimal(Fixed value, int decimals) {
  return terrace::ToProto(ToDecimal(engine::Shown(value, decimals)));
}

v1::Assessment AssessmentOf(engine::Assessment assessment, bool refused) {
  switch (assessment) {
    case engine::Assessment::kNotApplicable:
      return v1::ASSESSMENT_NOT_APPLICABLE;
    case engine::Assessment::kNotYet:
      return v1::ASSESSMENT_NOT_YET;
    case engine::Assessment::kMissing:
      return refused ? v1::ASSESSMENT_REFUSED : v1::ASSESSMENT_MISSING;
    case engine::Assessment::kScored:
      return v1::ASSESSMENT_SCORED;
  }
  return v1::ASSESSMENT_UNSPECIFIED;
}

v1::RollupMethod MethodOf(engine::Method method) {
  switch (method) {
    case engine::Method::kOwn:
      return v1::ROLLUP_METHOD_OWN;
    case engine::Method::kMean:
      return v1::ROLLUP_METHOD_MEAN;
    case engine::Method::kWeightedMean:
      return v1::ROLLUP_METHOD_WEIGHTED_MEAN;
    case engine::Method::kOverDescendants:
      return v1::ROLLUP_METHOD_OVER_DESCENDANTS;
    case engine::Method::kSum:
      return v1::ROLLUP_METHOD_SUM;
    case engine::Method::kMin:
      return v1::ROLLUP_METHOD_MIN;
    case engine::Method::kRatioOfSums:
      return v1::ROLLUP_METHOD_RATIO_OF_SUMS;
  }
  return v1::ROLLUP_METHOD_UNSPECIFIED;
}

absl::Time LogTimeOf(const SchemeBoard& board, const Facts& facts) {
  return board.live() ? board.at() : facts.log_time;
}

bool IsListed(const SchemeBoard& board, Unit unit) {
  return board.board().ScoreOf(unit).assessment != engine::Assessment::kNotApplicable ||
         board.board().SheetOf(unit).has_value();
}

ScoreRow CopyScore(const SchemeBoard& board, const Facts& facts, Unit unit,
                   const ScoreDetail& detail, engine::SheetInput input) {
  const engine::Board& scores = board.board();
  ScoreRow row;
  row.unit = facts.ids.Id(unit);
  row.level = std::string(facts.registry.Level(unit));
  row.kind = std::string(facts.registry.Kind(unit));
  row.score = scores.ScoreOf(unit);
  row.sheet = scores.SheetOf(unit);
  const engine::Rollup& rollup = scores.RollupRuleOf(unit);
  if (rollup.method != engine::Method::kOwn) row.rollup = scores.RollupOf(unit);
  if (detail.accumulators) {
    for (size_t k = 0; k < board.scheme().engine.bases.size(); ++k) {
      row.sheets.push_back(scores.SheetsOf(unit, static_cast<int>(k)));
    }
    if (scores.HasChildren(unit)) row.children = scores.ChildrenOf(unit);
    if (rollup.method == engine::Method::kWeightedMean) row.children_weight = rollup.weight;
  }
  row.nodes = detail.nodes;
  row.outlook = detail.outlook && rollup.method == engine::Method::kOwn;
  if (row.sheet && (detail.nodes || row.outlook || row.sheet->struck)) {
    if (input.leaves.empty()) input = board.Explain(unit, /*with_records=*/false).input;
    row.input = std::move(input);
  }
  return row;
}

void FillScore(const CompiledScheme& scheme, const calendar::Period& period,
               const tree::Tree& names, const ScoreRow& row, v1::Score* score) {
  score->set_name(ScoreName(row.unit, scheme.ref, period));
  score->set_unit(resource::UnitName(row.unit));
  if (absl::optional<tree::UnitNumber> n = names.Number(row.unit)) {
    score->set_unit_display_name(std::string(names.Name(*n)));
  }
  score->set_unit_level(absl::StrCat("levels/", row.level));
  score->set_unit_kind(absl::StrCat("kinds/", row.kind));
  score->set_scheme(scheme.proto.name());
  score->set_period(period.ToString());
  score->set_state(v1::SCORE_STATE_LIVE);
  score->set_assessment(AssessmentOf(row.score.assessment));
  *score->mutable_points() = ExactDecimal(scheme.engine.points);
  score->set_method(MethodOf(row.score.method));
  score->set_disqualified(row.score.disqualified);
  if (row.score.assessment == engine::Assessment::kScored) {
    *score->mutable_value() = ShownDecimal(row.score.score, scheme.engine.decimals);
    *score->mutable_exact_value() = ExactDecimal(row.score.score);
    score->set_grade(GradeOf(scheme.engine, row.score));
  }
  FillCoverage(row, score->mutable_coverage());
  FillAccumulators(scheme, row, score);
  if (row.input) FillSheet(scheme.engine, row, score);
}

Audience::Audience(const access::Identity& identity, const tree::Tree& tree,
                   const CompiledScheme& scheme, absl::Time now)
    : identity_(identity),
      tree_(tree),
      scheme_(scheme),
      now_(now),
      sees_all_(access::Holds(identity, tree, scheme.ref.office, kViewer, now)) {}

bool Audience::MaySee(absl::string_view unit) const {
  if (sees_all_) return true;
  if (scheme_.audience == v1::AUDIENCE_ISSUER) return false;
  if (scheme_.audience == v1::AUDIENCE_UNIT) {
    return access::Holds(identity_, tree_, unit, kViewer, now_);
  }
  const absl::optional<tree::UnitNumber> number = tree_.Number(unit);
  if (!number) return false;
  for (tree::Line line : tree::kBothLines) {
    const tree::UnitNumber above = tree_.Parent(*number, line);
    if (above != tree::kNoUnit && access::Holds(identity_, tree_, tree_.Id(above), kViewer, now_)) {
      return true;
    }
  }
  return false;
}

}  // namespace terrace::scoring
