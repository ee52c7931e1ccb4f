#include "services/scoring/engine/subtree_outlook.h"

#include <algorithm>

#include "services/scoring/engine/outlook.h"

namespace terrace::scoring::engine {
namespace {

constexpr int kSummedUpAtOnce = 1 << 20;

}  // namespace

SubtreeOutlook::SubtreeOutlook(const Scheme* scheme)
    : scheme_(scheme), finisher_(scheme), ratio_leaves_(Board(scheme, 0).ratio_leaves()) {}

bool SubtreeOutlook::MayBeOpen(const SheetValue& sheet) {
  return sheet.assessment == Assessment::kNotYet || sheet.assessment == Assessment::kMissing ||
         sheet.covered_points != sheet.applicable_points;
}

void SubtreeOutlook::Take(const Board& board, Unit unit, SheetInput input) {
  const auto [at, fresh] = index_.try_emplace(unit, static_cast<uint32_t>(rows_.size()));
  if (fresh) rows_.emplace_back();
  Row& row = rows_[at->second];
  row = Row();
  row.there = true;
  row.parent = board.ParentOf(unit);
  row.rollup = static_cast<int>(&board.RollupRuleOf(unit) - scheme_->rollups.data());
  for (int w = 0; w < scheme_->weights; ++w) row.weights.push_back(board.WeightOf(w, unit));
  row.least = row.most = board.SheetOf(unit);
  if (!input.leaves.empty()) taken_.emplace_back(at->second, std::move(input));
}

void SubtreeOutlook::Drop(Unit unit) {
  auto known = index_.find(unit);
  if (known != index_.end()) rows_[known->second] = Row();
}

void SubtreeOutlook::Settle() {
  for (const auto& [at, input] : taken_) {
    Row& row = rows_[at];
    if (!row.there) continue;
    finisher_.Evaluate(input, &sheet_);
    const std::vector<int> open = OpenLeaves(*scheme_, sheet_);
    if (open.empty()) continue;
    row.open = true;
    row.uncounted = std::any_of(open.begin(), open.end(), [this](int leaf) {
      return std::find(ratio_leaves_.begin(), ratio_leaves_.end(), leaf) != ratio_leaves_.end();
    });
    const FixedSum all = FixedSum::FromInteger(1);
    for (const auto& [earned, value] :
         {std::pair(FixedSum(), &row.least), std::pair(all, &row.most)}) {
      LetEarn(*scheme_, open, earned, all, &sheet_);
      finisher_.Finish(&sheet_);
      *value = SheetValueOf(sheet_, ratio_leaves_);
    }
  }
  taken_.clear();
}

UnitScore SubtreeOutlook::ScoreAt(Unit top, absl::optional<SheetValue> Row::*sheet) const {
  Board board(scheme_, /*tallies=*/0);
  board.BeginBulk();
  for (uint32_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (!row.there) continue;
    const auto above = index_.find(row.parent);
    board.Place(i, above == index_.end() ? kNoUnit : above->second, row.rollup);
    board.SetSheet(i, row.*sheet);
    for (int w = 0; w < scheme_->weights; ++w) board.SetWeight(w, i, row.weights[w]);
  }
  while (!board.EndBulk(kSummedUpAtOnce)) {
  }
  return board.ScoreOf(index_.at(top));
}

RolledOutlook SubtreeOutlook::Of(Unit top) const {
  RolledOutlook outlook;
  bool uncounted = false;
  bool counts = false;
  for (const Row& row : rows_) {
    if (!row.there) continue;
    outlook.open_sheets += row.open ? 1 : 0;
    uncounted |= row.uncounted;
    const Rollup& rollup = scheme_->rollups[row.rollup];
    counts |= rollup.method == Method::kRatioOfSums && scheme_->bases[rollup.basis].ratio_leaf >= 0;
  }
  if (uncounted && counts) return outlook;
  const bool bands = scheme_->banding.method == BandMethod::kBounds;
  const auto take = [&](const UnitScore& score, absl::optional<Fixed>* bound, int* band) {
    if (score.assessment != Assessment::kScored) return;
    *bound = score.score;
    if (bands && !score.disqualified) *band = BandOf(*scheme_, score.score, score.best_band);
  };
  take(ScoreAt(top, &Row::least), &outlook.least, &outlook.worst_band);
  take(ScoreAt(top, &Row::most), &outlook.most, &outlook.best_band);
  return outlook;
}

}  // namespace terrace::scoring::engine
