#include "services/scoring/engine/evaluate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/check.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/finish_all.h"
#include "services/scoring/engine/reweigh.h"
#include "services/scoring/engine/roll_up.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/engine/standing.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring::engine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

class Evaluator {
 public:
  Evaluator(const Scheme& scheme, const Table& table)
      : scheme_(scheme), table_(table), units_(table.units.size()) {
    TERRACE_CHECK(table.leaves.size() == scheme.leaves.size());
  }

  Evaluation Run() {
    siblings_ = SiblingsOf(table_);
    out_.screened_out.resize(units_);
    sheets_.resize(units_);
    for (SheetResult& sheet : sheets_) sheet.leaves.resize(scheme_.leaves.size());
    const size_t leaves = scheme_.leaves.size();
    for (Stage* stage : {&out_.denominated, &out_.imputed, &out_.treated, &out_.normalised}) {
      stage->resize(leaves);
    }
    out_.imputed_cells.resize(leaves);
    out_.peers.resize(leaves);
    for (size_t leaf = 0; leaf < leaves; ++leaf) {
      out_.denominated[leaf] = Compare(scheme_.leaves[leaf].preparation, table_.leaves[leaf],
                                       UnitsOf(leaf, /*screened=*/false), siblings_);
    }
    Screen();
    for (size_t leaf = 0; leaf < leaves; ++leaf) {
      Prepare(leaf);
      Judge(leaf);
    }
    FinishSheets();
    RollUp();
    Place();
    return std::move(out_);
  }

  // From what leaves earned, see Reweigh.
  Evaluation RunAgain(const Evaluation& before) {
    std::vector<std::vector<int64_t>> leaves;
    for (int node : scheme_.leaf_nodes) {
      std::vector<int64_t>& column = leaves.emplace_back(units_, kNoCell);
      for (size_t unit = 0; unit < units_; ++unit) {
        const absl::optional<Fixed>& value = before.nodes[node][unit];
        if (table_.HasSheet(unit) && value) column[unit] = value->units();
      }
    }
    std::vector<int64_t> scores(units_, kNoCell);
    Reweighing(std::move(leaves)).Score(scheme_, /*threads=*/1, absl::MakeSpan(scores));
    out_.screened_out.resize(units_);
    sheets_.resize(units_);
    for (size_t unit = 0; unit < units_; ++unit) {
      SheetResult& sheet = sheets_[unit];
      if (scores[unit] != kNoCell) {
        sheet.assessment = Assessment::kScored;
        sheet.score = Fixed::FromUnits(scores[unit]);
      } else if (before.coverage[unit]) {
        sheet.assessment = Assessment::kMissing;
      }
    }
    out_.weights = WeightsOf(scheme_);
    out_.coverage = before.coverage;
    RollUp();
    Place();
    return std::move(out_);
  }

 private:
  bool Applies(size_t leaf, size_t unit) const {
    const std::vector<bool>& applies = table_.leaves[leaf].applies;
    return table_.HasSheet(unit) && (applies.empty() || applies[unit]);
  }

  Members UnitsOf(size_t leaf, bool screened) const {
    Members members(units_);
    for (size_t unit = 0; unit < units_; ++unit) {
      members[unit] = Applies(leaf, unit) && !(screened && out_.screened_out[unit]);
    }
    return members;
  }
  const Sets* Grouping(int grouping) const {
    return grouping >= 0 ? &table_.groups[grouping] : nullptr;
  }

  // Leaves out units with too few figures.
  void Screen() {
    for (size_t unit = 0; unit < units_; ++unit) {
      int64_t applicable = 0;
      int64_t present = 0;
      for (size_t leaf = 0; leaf < scheme_.leaves.size(); ++leaf) {
        if (IsExtra(scheme_.leaves[leaf]) || !Applies(leaf, unit)) continue;
        ++applicable;
        present += std::isfinite(out_.denominated[leaf][unit]) ? 1 : 0;
      }
      out_.screened_out[unit] = !Suffices(present, applicable, scheme_.min_present);
    }
  }

  void Prepare(size_t leaf) {
    const Leaf& rules = scheme_.leaves[leaf];
    const LeafTable& in = table_.leaves[leaf];
    Filled filled = FillIn(rules, in, out_.denominated[leaf], UnitsOf(leaf, /*screened=*/false),
                           siblings_, Grouping(rules.preparation.imputation_grouping));
    out_.imputed_cells[leaf] = std::move(filled.cells);
    out_.imputed[leaf] = filled.figures;
    Treated treated = Treat(rules, in, std::move(filled.figures), UnitsOf(leaf, /*screened=*/true),
                            SetsOf(std::get_if<NormaliseRule>(&rules.rule)));
    out_.treated[leaf] = std::move(treated.figures);
    out_.peers[leaf] = std::move(treated.peers);
    sets_ = std::move(treated.sets);
  }
  const Sets* SetsOf(const NormaliseRule* rule) const {
    if (rule == nullptr || rule->peers == Peers::kAll) return nullptr;
    return rule->peers == Peers::kSiblings ? &siblings_ : Grouping(rule->grouping);
  }

  // The rule of the leaf, for every unit.
  void Judge(size_t leaf) {
    const Fixed points = scheme_.nodes[scheme_.leaf_nodes[leaf]].points;
    FigureColumn& column = out_.normalised[leaf];
    column.assign(units_, kNone);
    for (size_t unit = 0; unit < units_; ++unit) {
      LeafResult& result = sheets_[unit].leaves[leaf];
      result = EvaluateLeaf(scheme_.leaves[leaf], points, InputOf(leaf, unit));
      if (result.assessment == Assessment::kScored) column[unit] = ToDouble(result.earned);
    }
  }

  LeafInput InputOf(size_t leaf, size_t unit) const {
    LeafInput input;
    if (!Applies(leaf, unit)) {
      input.form = LeafInput::Form::kNotApplicable;
      return input;
    }
    // A table is complete: what is not in it is missing, not late.
    input.late = true;
    const double figure = out_.treated[leaf][unit];
    if (!std::isfinite(figure) || sets_[unit] < 0) return input;
    const LeafTable& in = table_.leaves[leaf];
    input.form = LeafInput::Form::kFigure;
    input.prepared = figure;
    input.peers = Unowned(&out_.peers[leaf][sets_[unit]].parameters);
    input.imputed = out_.imputed_cells[leaf][unit];
    input.figure = figure == in.figure.values[unit] ? in.figure.exact[unit] : ExactOf(figure);
    input.loss = At(in.loss, static_cast<int>(unit));
    input.base = At(in.base, static_cast<int>(unit));
    if (!in.against.empty()) {
      input.above_figure = At(in.figure, in.against[unit]);
      input.above_base = At(in.base, in.against[unit]);
    }
    return input;
  }
  static absl::optional<FixedSum> At(const Figures& figures, int unit) {
    if (unit < 0 || figures.values.empty() || !std::isfinite(figures.values[unit])) {
      return absl::nullopt;
    }
    return figures.exact[unit];
  }

  void FinishSheets() {
    out_.consistency.resize(scheme_.nodes.size());
    for (size_t node = 0; node < scheme_.nodes.size(); ++node) {
      const Node& inner = scheme_.nodes[node];
      if (inner.weighting != Weighting::kPairwise) continue;
      const auto found =
          WeighPairwise(MembersOf(scheme_, static_cast<int>(node)), inner.judgements);
      if (found) out_.consistency[node] = found->consistency;
    }
    std::vector<SheetResult*> sheets;
    std::vector<bool> compared;
    for (size_t unit = 0; unit < units_; ++unit) {
      if (!table_.HasSheet(unit)) continue;
      sheets.push_back(&sheets_[unit]);
      compared.push_back(!out_.screened_out[unit]);
    }
    out_.weights = FinishAll(scheme_, compared, sheets);
    out_.nodes.resize(scheme_.nodes.size());
    for (size_t node = 0; node < scheme_.nodes.size(); ++node) {
      out_.nodes[node].resize(units_);
      for (size_t unit = 0; unit < units_; ++unit) {
        if (!table_.HasSheet(unit)) continue;
        out_.nodes[node][unit] =
            NodeValue(scheme_, static_cast<int>(node), sheets_[unit].nodes[node]);
      }
    }
    out_.coverage.resize(units_);
    for (size_t unit = 0; unit < units_; ++unit) {
      const SheetResult& sheet = sheets_[unit];
      if (!table_.HasSheet(unit) || sheet.applicable_points <= Fixed()) continue;
      const absl::StatusOr<Fixed> share =
          Divide(sheet.covered_points, sheet.applicable_points, "coverage");
      if (share.ok()) out_.coverage[unit] = *share;
    }
  }
  void RollUp() {
    out_.scores.resize(units_);
    out_.disqualified.resize(units_);
    for (size_t unit = 0; unit < units_; ++unit) {
      if (out_.screened_out[unit]) sheets_[unit].assessment = Assessment::kMissing;
    }
    if (table_.parents.empty()) {
      for (size_t unit = 0; unit < units_; ++unit) {
        if (!table_.HasSheet(unit) || sheets_[unit].assessment != Assessment::kScored) continue;
        out_.scores[unit] = sheets_[unit].score;
        out_.disqualified[unit] = sheets_[unit].disqualified;
      }
      return;
    }
    Board board(&scheme_, /*tallies=*/0);
    board.BeginBulk();
    for (size_t unit = 0; unit < units_; ++unit) {
      const int parent = table_.parents[unit];
      board.Place(static_cast<Unit>(unit), parent >= 0 ? static_cast<Unit>(parent) : kNoUnit,
                  table_.rollups.empty() ? 0 : table_.rollups[unit]);
      if (table_.HasSheet(unit)) {
        board.SetSheet(static_cast<Unit>(unit), SheetValueOf(sheets_[unit], board.ratio_leaves()));
      }
      for (size_t weight = 0; weight < table_.weights.size(); ++weight) {
        board.SetWeight(static_cast<int>(weight), static_cast<Unit>(unit),
                        table_.weights[weight][unit]);
      }
    }
    constexpr int kSlice = 1 << 20;
    while (!board.EndBulk(kSlice)) {
    }
    for (size_t unit = 0; unit < units_; ++unit) {
      const UnitScore score = board.ScoreOf(static_cast<Unit>(unit));
      out_.disqualified[unit] = score.disqualified;
      if (score.assessment == Assessment::kScored) out_.scores[unit] = score.score;
    }
    RollUpNodes();
  }

  // What the sheets below a unit earn at each node, where its score is their mean.
  void RollUpNodes() {
    const Forest forest(table_.parents);
    const absl::Span<const int> inner = forest.inner_rows();
    const auto is_mean = [&](int row) {
      const Rollup& rollup = scheme_.rollups[table_.rollups.empty() ? 0 : table_.rollups[row]];
      return !table_.HasSheet(row) && rollup.method == Method::kOverDescendants &&
             !rollup.mixes() && scheme_.bases[rollup.basis].weight < 0;
    };
    if (std::none_of(inner.begin(), inner.end(), is_mean)) return;
    SubtreeSums sums;
    std::vector<int64_t> column(units_);
    for (std::vector<absl::optional<Fixed>>& node : out_.nodes) {
      for (size_t unit = 0; unit < units_; ++unit) {
        column[unit] = node[unit] ? node[unit]->units() : kNoCell;
      }
      forest.SumUp(column, &sums);
      for (size_t i = 0; i < inner.size(); ++i) {
        if (is_mean(inner[i])) node[inner[i]] = sums.mean(i);
      }
    }
  }

  void Place() {
    std::vector<absl::optional<Fixed>> ranked = out_.scores;
    std::vector<int> best(units_);
    for (size_t unit = 0; unit < units_; ++unit) {
      if (out_.disqualified[unit]) ranked[unit].reset();
      best[unit] = sheets_[unit].best_band;
    }
    Standers units;
    units.scores = ranked;
    units.levels = table_.levels;
    if (const Sets* groups = Grouping(scheme_.ranking.grouping)) units.ranking_groups = *groups;
    if (const Sets* groups = Grouping(scheme_.banding.grouping)) units.banding_groups = *groups;
    units.best = best;
    units.breakers.ids = table_.units;
    for (int node : scheme_.ranking.tie_breakers) {
      units.breakers.columns.push_back(out_.nodes[node]);
    }
    out_.bands = StandingBandsOf(scheme_, units);
    StandingPlaces places = StandingPlacesOf(scheme_, units);
    out_.ranks = std::move(places.ranks);
    out_.group_ranks = std::move(places.group_ranks);
  }

  const Scheme& scheme_;
  const Table& table_;
  const size_t units_;
  Sets siblings_;
  Sets sets_;  // Of peers, in the leaf that is judged.
  std::vector<SheetResult> sheets_;
  Evaluation out_;
};

}  // namespace

Sets SiblingsOf(const Table& table) {
  if (table.parents.empty()) return Sets(table.units.size(), 0);
  Sets siblings = table.parents;
  for (int& set : siblings) ++set;
  return siblings;
}

Evaluation Evaluate(const Scheme& scheme, const Table& table) {
  return Evaluator(scheme, table).Run();
}

absl::optional<Evaluation> Reweigh(const Scheme& scheme, const Table& table,
                                   const Evaluation& before) {
  const auto sums_counts = [](const Rollup& rollup) {
    return rollup.method == Method::kRatioOfSums;
  };
  if (!Reweighing::Covers(scheme) || !scheme.ranking.tie_breakers.empty() ||
      std::any_of(scheme.rollups.begin(), scheme.rollups.end(), sums_counts)) {
    return absl::nullopt;
  }
  return Evaluator(scheme, table).RunAgain(before);
}

}  // namespace terrace::scoring::engine
