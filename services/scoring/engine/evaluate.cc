#include "services/scoring/engine/evaluate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/check.h"
#include "services/scoring/engine/bands.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/places.h"
#include "services/scoring/engine/roll_up.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring::engine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A prepared figure for rules that count and compare; figures beyond what those know count as the
// greatest.
FixedSum ExactOf(double figure) {
  constexpr double kMost = 1e18;
  const double units = std::clamp(figure, -kMost, kMost) * static_cast<double>(kFixedUnitsPerOne);
  return FixedSum::FromUnits(static_cast<int128_t>(std::round(units)));
}

// Whether less is better, as far as that can be said.
bool IsFalling(const Leaf& leaf) {
  if (const auto* normalise = std::get_if<NormaliseRule>(&leaf.rule)) return normalise->falling;
  if (const auto* ratio = std::get_if<RatioRule>(&leaf.rule)) {
    return ratio->full_at < ratio->zero_at;
  }
  return std::holds_alternative<DeductRule>(leaf.rule) ||
         std::holds_alternative<PenaltyRule>(leaf.rule) ||
         std::holds_alternative<VetoRule>(leaf.rule);
}

absl::optional<Fixed> ValueOf(const NodeResult& result, Fixed points) {
  if (result.assessment != Assessment::kScored || result.available <= Fixed()) return absl::nullopt;
  return OnScale(points, result.earned, result.available);
}

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
    for (size_t leaf = 0; leaf < leaves; ++leaf) Compare(leaf);
    Screen();
    for (size_t leaf = 0; leaf < leaves; ++leaf) {
      FillIn(leaf);
      Treat(leaf);
      Judge(leaf);
    }
    FinishSheets();
    RollUp();
    Place();
    return std::move(out_);
  }

 private:
  bool Applies(size_t leaf, size_t unit) const {
    const std::vector<bool>& applies = table_.leaves[leaf].applies;
    return table_.HasSheet(unit) && (applies.empty() || applies[unit]);
  }

  // The sets of units that are compared with each other in a leaf. `sets` numbers them, null for
  // one set of all.
  Sets Among(size_t leaf, const Sets* sets, bool screened) const {
    Sets out(units_, -1);
    for (size_t unit = 0; unit < units_; ++unit) {
      if (!Applies(leaf, unit) || (screened && out_.screened_out[unit])) continue;
      out[unit] = sets == nullptr ? 0 : (*sets)[unit];
    }
    return out;
  }
  const Sets* Grouping(int grouping) const {
    return grouping >= 0 ? &table_.groups[grouping] : nullptr;
  }

  // Figures as changes, and over denominators.
  void Compare(size_t leaf) {
    const Preparation& preparation = scheme_.leaves[leaf].preparation;
    const LeafTable& in = table_.leaves[leaf];
    FigureColumn& column = out_.denominated[leaf];
    column = in.figure.values;
    for (size_t unit = 0; unit < units_; ++unit) {
      if (!Applies(leaf, unit)) column[unit] = kNone;
    }
    column = Grow(preparation, column, in.history, Among(leaf, &siblings_, false));
    if (preparation.denominated) Denominate(in.denominator, column);
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
      out_.screened_out[unit] = int128_t{present} * kFixedUnitsPerOne <
                                int128_t{applicable} * scheme_.min_present.units();
    }
  }

  void FillIn(size_t leaf) {
    const Preparation& preparation = scheme_.leaves[leaf].preparation;
    FigureColumn& column = out_.imputed[leaf];
    column = out_.denominated[leaf];
    if (preparation.imputation == ImputationMethod::kNone) {
      out_.imputed_cells[leaf].resize(units_);
      return;
    }
    const Sets all = Among(leaf, nullptr, false);
    const Sets siblings = Among(leaf, &siblings_, false);
    const Sets* grouping = Grouping(preparation.imputation_grouping);
    const Sets groups = grouping != nullptr ? Among(leaf, grouping, false) : Sets();
    const FigureColumn previous = PreviousOf(leaf, siblings);
    Donors donors;
    donors.all = &all;
    donors.siblings = &siblings;
    donors.groups = grouping != nullptr ? &groups : nullptr;
    donors.previous = previous.empty() ? nullptr : &previous;
    donors.falling = IsFalling(scheme_.leaves[leaf]);
    out_.imputed_cells[leaf] = Impute(preparation.imputation, donors, column);
  }

  // What the leaf's figures were a period before, prepared in the same way; empty if not known.
  FigureColumn PreviousOf(size_t leaf, const Sets& siblings) const {
    const Preparation& preparation = scheme_.leaves[leaf].preparation;
    const LeafTable& in = table_.leaves[leaf];
    if (preparation.imputation != ImputationMethod::kPreviousPeriod || in.history.empty())
      return {};
    FigureColumn column =
        Grow(preparation, in.history.front(), absl::MakeConstSpan(in.history).subspan(1), siblings);
    if (preparation.denominated) Denominate(in.denominator, column);
    return column;
  }

  // Outliers, set by set, and what the peers are then.
  void Treat(size_t leaf) {
    const auto* rule = std::get_if<NormaliseRule>(&scheme_.leaves[leaf].rule);
    const LeafTable& in = table_.leaves[leaf];
    FigureColumn& column = out_.treated[leaf];
    column = out_.imputed[leaf];
    sets_ = Among(leaf, SetsOf(rule), true);
    std::vector<PeersFound>& peers = out_.peers[leaf];
    std::vector<FigureColumn> members;
    for (size_t unit = 0; unit < units_; ++unit) {
      if (sets_[unit] < 0) continue;
      if (members.size() <= static_cast<size_t>(sets_[unit])) members.resize(sets_[unit] + 1);
      members[sets_[unit]].push_back(column[unit]);
    }
    const bool places = rule != nullptr && NeedsPlaces(rule->method);
    const Treatment& treatment = scheme_.leaves[leaf].preparation.treatment;
    peers.resize(members.size());
    for (size_t set = 0; set < members.size(); ++set) {
      if (!in.frozen.empty()) peers[set] = set < in.frozen.size() ? in.frozen[set] : PeersFound();
      if (!peers[set].transform) peers[set].transform = FindTransform(treatment, members[set]);
      for (double& figure : members[set]) figure = peers[set].transform->Of(figure);
      if (in.frozen.empty()) peers[set].parameters = ParametersOf(members[set], places);
    }
    for (size_t unit = 0; unit < units_; ++unit) {
      if (sets_[unit] >= 0) column[unit] = peers[sets_[unit]].transform->Of(column[unit]);
    }
    if (in.reference_unit < 0 || !std::isfinite(column[in.reference_unit])) return;
    for (PeersFound& found : peers) {
      if (!found.parameters.reference) found.parameters.reference = column[in.reference_unit];
    }
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
    input.peers = &out_.peers[leaf][sets_[unit]].parameters;
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

  // Nodes that look at all units, the deepest first, then everything.
  void FinishSheets() {
    out_.weights = WeightsOf(scheme_);
    out_.consistency.resize(scheme_.nodes.size());
    for (int node = static_cast<int>(scheme_.nodes.size()) - 1; node >= 0; --node) {
      const Node& inner = scheme_.nodes[node];
      if (inner.leaf >= 0) continue;
      if (inner.weighting == Weighting::kPairwise) {
        const auto found = WeighPairwise(MembersOf(scheme_, node), inner.judgements);
        if (found) out_.consistency[node] = found->consistency;
      }
      if (TakesShares(inner.combination) && inner.weighting == Weighting::kEntropy) Weigh(node);
      if (inner.combination == Combination::kCopeland) Outrank(node);
    }
    Finish();
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
  void Finish() {
    SheetFinisher finisher(&scheme_, out_.weights);
    for (size_t unit = 0; unit < units_; ++unit) {
      if (!table_.HasSheet(unit)) continue;
      if (given_.empty()) {
        finisher.Finish(&sheets_[unit]);
      } else {
        finisher.Finish(&sheets_[unit], given_[unit]);
      }
    }
  }

  // What the children of a node earn, by child and unit, on the scale of the node. The sheets must
  // be finished up to the children.
  std::vector<std::vector<absl::optional<Fixed>>> ValuesBelow(int node,
                                                              const std::vector<int>& members) {
    Finish();
    std::vector<std::vector<absl::optional<Fixed>>> values(members.size());
    for (size_t member = 0; member < members.size(); ++member) {
      values[member].resize(units_);
      for (size_t unit = 0; unit < units_; ++unit) {
        if (!table_.HasSheet(unit) || out_.screened_out[unit]) continue;
        values[member][unit] =
            ValueOf(sheets_[unit].nodes[members[member]], scheme_.nodes[node].points);
      }
    }
    return values;
  }

  void Weigh(int node) {
    const std::vector<int> members = MembersOf(scheme_, node);
    const auto values = ValuesBelow(node, members);
    std::vector<FigureColumn> columns(members.size(), FigureColumn(units_, kNone));
    for (size_t member = 0; member < members.size(); ++member) {
      for (size_t unit = 0; unit < units_; ++unit) {
        if (values[member][unit]) columns[member][unit] = ToDouble(*values[member][unit]);
      }
    }
    const std::vector<Fixed> weights = WeighByEntropy(columns);
    for (size_t member = 0; member < members.size(); ++member) {
      out_.weights[members[member]] = weights[member];
    }
  }

  void Outrank(int node) {
    const std::vector<int> members = MembersOf(scheme_, node);
    const auto values = ValuesBelow(node, members);
    std::vector<MemberColumn> columns;
    for (size_t member = 0; member < members.size(); ++member) {
      columns.push_back({values[member], out_.weights[members[member]]});
    }
    const std::vector<absl::optional<Fixed>> found =
        CombineCopeland(scheme_.nodes[node].points, columns);
    given_.resize(units_, std::vector<absl::optional<Fixed>>(scheme_.nodes.size()));
    for (size_t unit = 0; unit < units_; ++unit) given_[unit][node] = found[unit];
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
    std::vector<SubtreeSum> sums(inner.size());
    std::vector<int64_t> column(units_);
    for (std::vector<absl::optional<Fixed>>& node : out_.nodes) {
      for (size_t unit = 0; unit < units_; ++unit) {
        column[unit] = node[unit] ? node[unit]->units() : kNoCell;
      }
      forest.SumUp(column, absl::MakeSpan(sums));
      for (size_t i = 0; i < inner.size(); ++i) {
        if (is_mean(inner[i])) node[inner[i]] = sums[i].mean();
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
    const Sets* banding = Grouping(scheme_.banding.grouping);
    out_.bands = BandsOf(scheme_, ranked, banding != nullptr ? *banding : Sets(), best);
    for (absl::optional<Fixed>& score : ranked) {
      if (score) score = Compared(scheme_, *score);
    }
    TieBreakers breakers;
    breakers.ids = table_.units;
    for (int node : scheme_.ranking.tie_breakers) breakers.columns.push_back(out_.nodes[node]);
    const Ties ties = scheme_.ranking.ties;
    out_.ranks = PlacesOf(ranked, ties, table_.levels, breakers);
    out_.group_ranks.resize(units_);
    if (const Sets* grouping = Grouping(scheme_.ranking.grouping)) {
      out_.group_ranks = PlacesOf(ranked, ties, *grouping, breakers);
    }
  }

  const Scheme& scheme_;
  const Table& table_;
  const size_t units_;
  Sets siblings_;
  Sets sets_;  // Of peers, in the leaf that is judged.
  std::vector<SheetResult> sheets_;
  // By unit and node: what nodes earn that no single sheet can combine; empty without such nodes.
  std::vector<std::vector<absl::optional<Fixed>>> given_;
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

}  // namespace terrace::scoring::engine
