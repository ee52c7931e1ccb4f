#include "services/scoring/present.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/time.h"
#include "common/resource/names.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/names.h"

namespace terrace::scoring {
namespace {

using engine::Accumulator;

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

void FillAccumulators(const SchemeBoard& board, Unit unit, v1::Score* score) {
  const CompiledScheme& scheme = board.scheme();
  for (size_t k = 0; k < scheme.engine.bases.size(); ++k) {
    const engine::Basis& basis = scheme.engine.bases[k];
    FillAccumulator(scheme, board.board().SheetsOf(unit, static_cast<int>(k)),
                    v1::ACCUMULATOR_BASIS_SHEETS, basis.weight, basis.ratio_leaf,
                    score->add_accumulators());
  }
  if (!board.board().HasChildren(unit)) return;
  const engine::Rollup& rollup = board.board().RollupRuleOf(unit);
  const int weight = rollup.method == engine::Method::kWeightedMean ? rollup.weight : -1;
  FillAccumulator(scheme, board.board().ChildrenOf(unit), v1::ACCUMULATOR_BASIS_CHILDREN, weight,
                  -1, score->add_accumulators());
}

void FillCoverage(const SchemeBoard& board, Unit unit, v1::Coverage* coverage) {
  const absl::optional<engine::SheetValue> sheet = board.board().SheetOf(unit);
  if (sheet && sheet->applicable_points > Fixed()) {
    absl::StatusOr<Fixed> share =
        Divide(sheet->covered_points, sheet->applicable_points, "coverage");
    if (share.ok()) *coverage->mutable_points_share() = ExactDecimal(*share);
  }
  if (board.board().RollupRuleOf(unit).method == engine::Method::kOwn) return;
  const Accumulator sums = board.board().RollupOf(unit);
  coverage->set_covered(sums.covered);
  coverage->set_expected(sums.count);
}

// What only the evaluated sheet knows: vetoes and nodes.
void FillSheet(const SchemeBoard& board, Unit unit, bool nodes, v1::Score* score) {
  const engine::Scheme& scheme = board.scheme().engine;
  const engine::SheetResult sheet = engine::EvaluateSheet(scheme, board.Explain(unit).inputs);
  for (size_t n = 0; n < scheme.nodes.size(); ++n) {
    const int leaf = scheme.nodes[n].leaf;
    if (leaf >= 0 && sheet.leaves[leaf].struck) score->add_vetoes(scheme.nodes[n].id);
    if (!nodes) continue;
    v1::NodeScore* node = score->add_nodes();
    node->set_node(scheme.nodes[n].id);
    node->set_assessment(AssessmentOf(sheet.nodes[n].assessment));
    *node->mutable_earned() = ExactDecimal(sheet.nodes[n].earned);
    *node->mutable_available() = ExactDecimal(sheet.nodes[n].available);
  }
}

}  // namespace

types::v1::Decimal ExactDecimal(Fixed value) { return terrace::ToProto(ToDecimal(value)); }

types::v1::Decimal ShownDecimal(Fixed value, int decimals) {
  return terrace::ToProto(ToDecimal(Shown(value, decimals)));
}

v1::Assessment AssessmentOf(engine::Assessment assessment) {
  switch (assessment) {
    case engine::Assessment::kNotApplicable:
      return v1::ASSESSMENT_NOT_APPLICABLE;
    case engine::Assessment::kNotYet:
      return v1::ASSESSMENT_NOT_YET;
    case engine::Assessment::kMissing:
      return v1::ASSESSMENT_MISSING;
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

void FillScore(const SchemeBoard& board, const Facts& facts, const tree::Tree& names, Unit unit,
               const ScoreDetail& detail, v1::Score* score) {
  const CompiledScheme& scheme = board.scheme();
  const absl::string_view id = facts.ids.Id(unit);
  score->set_name(ScoreName(id, scheme.ref, board.period()));
  score->set_unit(resource::UnitName(id));
  if (absl::optional<tree::UnitNumber> n = names.Number(id)) {
    score->set_unit_display_name(std::string(names.Name(*n)));
  }
  score->set_unit_level(absl::StrCat("levels/", facts.registry.Level(unit)));
  score->set_unit_kind(absl::StrCat("kinds/", facts.registry.Kind(unit)));
  score->set_scheme(scheme.proto.name());
  score->set_period(board.period().ToString());
  score->set_state(v1::SCORE_STATE_LIVE);
  const engine::UnitScore found = board.board().ScoreOf(unit);
  score->set_assessment(AssessmentOf(found.assessment));
  *score->mutable_points() = ExactDecimal(scheme.engine.points);
  score->set_method(MethodOf(found.method));
  score->set_disqualified(found.disqualified);
  if (found.assessment == engine::Assessment::kScored) {
    *score->mutable_value() = ShownDecimal(found.score, scheme.decimals);
    *score->mutable_exact_value() = ExactDecimal(found.score);
    if (!found.disqualified) score->set_grade(std::string(scheme.GradeOf(found.score)));
  }
  FillCoverage(board, unit, score->mutable_coverage());
  if (detail.accumulators) FillAccumulators(board, unit, score);
  const absl::optional<engine::SheetValue> sheet = board.board().SheetOf(unit);
  if (sheet && (detail.nodes || sheet->struck)) FillSheet(board, unit, detail.nodes, score);
}

bool MaySeeScore(const access::Identity& identity, const tree::Tree& tree,
                 const CompiledScheme& scheme, absl::string_view unit, absl::Time now) {
  constexpr auto kViewer = options::v1::ROLE_VIEWER;
  if (access::Holds(identity, tree, scheme.ref.office, kViewer, now)) return true;
  if (scheme.audience == v1::AUDIENCE_ISSUER) return false;
  if (scheme.audience == v1::AUDIENCE_UNIT) {
    return access::Holds(identity, tree, unit, kViewer, now);
  }
  const absl::optional<tree::UnitNumber> number = tree.Number(unit);
  if (!number) return false;
  for (tree::Line line : tree::kBothLines) {
    const tree::UnitNumber above = tree.Parent(*number, line);
    if (above != tree::kNoUnit && access::Holds(identity, tree, tree.Id(above), kViewer, now)) {
      return true;
    }
  }
  return false;
}

}  // namespace terrace::scoring
