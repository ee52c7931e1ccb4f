#include "services/scoring/engine/board.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "common/base/check.h"

namespace terrace::scoring::engine {
namespace {

Assessment Unrolled(const Accumulator& sums) {
  if (sums.count == 0) return Assessment::kNotApplicable;
  return sums.not_yet > 0 ? Assessment::kNotYet : Assessment::kMissing;
}

constexpr int kRecomputedAtOnce = 1000;

bool CoversEnough(const Accumulator& sums, Fixed min_coverage) {
  return int128_t{sums.covered} * kFixedUnitsPerOne >= int128_t{min_coverage.units()} * sums.count;
}

// Both weights are not negative and not both zero.
Fixed Mix(Fixed own, Fixed own_weight, Fixed rolled, Fixed rolled_weight) {
  const int128_t weight = int128_t{own_weight.units()} + rolled_weight.units();
  const int128_t sum =
      int128_t{own.units()} * own_weight.units() + int128_t{rolled.units()} * rolled_weight.units();
  return Fixed::FromUnits(static_cast<int64_t>(DivideRounded(sum, weight)));
}

}  // namespace

SheetValue SheetValueOf(const SheetResult& result, absl::Span<const int> ratio_leaves) {
  SheetValue value;
  value.assessment = result.assessment;
  value.disqualified = result.disqualified;
  value.best_band = static_cast<uint8_t>(result.best_band);
  for (const LeafResult& leaf : result.leaves) value.struck |= leaf.struck;
  value.covered_points = result.covered_points;
  value.applicable_points = result.applicable_points;
  if (result.assessment == Assessment::kScored) {
    value.score = result.score;
    value.earned = result.earned;
    value.available = result.available;
  }
  for (int leaf : ratio_leaves) {
    const LeafResult& found = result.leaves[leaf];
    value.counts.emplace_back(static_cast<int64_t>(found.numerator.units() / kFixedUnitsPerOne),
                              static_cast<int64_t>(found.denominator.units() / kFixedUnitsPerOne));
  }
  return value;
}

Board::Board(const Scheme* scheme, int tallies) : scheme_(scheme), tallies_(tallies) {
  for (const Basis& basis : scheme->bases) {
    if (basis.ratio_leaf < 0) {
      basis_counts_.push_back(-1);
      continue;
    }
    auto it = std::find(ratio_leaves_.begin(), ratio_leaves_.end(), basis.ratio_leaf);
    basis_counts_.push_back(static_cast<int>(it - ratio_leaves_.begin()));
    if (it == ratio_leaves_.end()) ratio_leaves_.push_back(basis.ratio_leaf);
  }
  weights_.resize(scheme->weights);
  own_tallies_.resize(tallies);
}

void Board::Grow(Unit unit) {
  if (unit < rows_.size()) return;
  rows_.Grow(unit + 1);
  counts_.Grow(rows_.size() * ratio_leaves_.size());
  for (auto& column : weights_) column.Grow(rows_.size(), -1);
  for (auto& column : own_tallies_) column.Grow(rows_.size());
}

void Board::Link(Unit unit, Unit parent) {
  rows_[unit].parent = parent;
  if (parent == kNoUnit) return;
  Unit& first = rows_[parent].first_child;
  rows_[unit].next = first;
  if (first != kNoUnit) rows_[first].previous = unit;
  first = unit;
}

void Board::Unlink(Unit unit) {
  Row& row = rows_[unit];
  if (row.parent == kNoUnit) return;
  (row.previous == kNoUnit ? rows_[row.parent].first_child : rows_[row.previous].next) = row.next;
  if (row.next != kNoUnit) rows_[row.next].previous = row.previous;
  row.parent = row.next = row.previous = kNoUnit;
}

Board::Inner& Board::InnerOf(Unit unit) {
  Row& row = rows_[unit];
  if (row.inner == kNoInner) {
    row.inner = static_cast<uint32_t>(inners_.size());
    Inner& inner = inners_.emplace_back();
    inner.sheets.resize(scheme_->bases.size());
    inner.tallies.resize(tallies_);
  }
  return inners_[row.inner];
}

Accumulator Board::OwnPart(Unit unit, int basis) const {
  const Row& row = rows_[unit];
  Accumulator part;
  if (!row.placed || !row.has_sheet) return part;
  if (basis_counts_[basis] >= 0) {
    const auto& [numerator, denominator] =
        counts_[unit * ratio_leaves_.size() + basis_counts_[basis]];
    part.numerator = int128_t{numerator} * kFixedUnitsPerOne;
    part.denominator = int128_t{denominator} * kFixedUnitsPerOne;
  }
  if (row.own == Assessment::kNotApplicable) return part;
  part.count = 1;
  if (row.own == Assessment::kNotYet) part.not_yet = 1;
  if (row.own != Assessment::kScored) return part;
  if (basis_counts_[basis] < 0) {
    part.numerator = row.earned.units();
    part.denominator = row.available.units();
  }
  const int column = scheme_->bases[basis].weight;
  const int64_t weight = column < 0 ? kWeightUnitsPerOne : weights_[column][unit];
  if (weight < 0) return part;
  part.covered = 1;
  part.weight = weight;
  part.sum = int128_t{weight} * row.own_score.units();
  return part;
}

Board::ChildPart Board::PartOf(Unit unit) const {
  const Row& row = rows_[unit];
  ChildPart part;
  if (!row.placed || row.parent == kNoUnit || row.result == Assessment::kNotApplicable) return part;
  const Rollup& above = scheme_->rollups[rows_[row.parent].rollup];
  part.sums.count = 1;
  if (row.result == Assessment::kNotYet) part.sums.not_yet = 1;
  if (row.result != Assessment::kScored) return part;
  const int64_t weight =
      above.method == Method::kWeightedMean ? weights_[above.weight][unit] : kWeightUnitsPerOne;
  if (weight < 0) return part;
  part.sums.covered = 1;
  part.sums.weight = weight;
  part.sums.sum = int128_t{weight} * row.score.units();
  if (above.method == Method::kMin) part.score = row.score.units();
  return part;
}

Board::Subtree Board::SubtreeOf(Unit unit) const {
  Subtree subtree;
  for (size_t k = 0; k < scheme_->bases.size(); ++k) {
    subtree.sheets.push_back(SheetsOf(unit, static_cast<int>(k)));
  }
  for (int t = 0; t < tallies_; ++t) {
    Tally tally = TallyBelow(t, unit);
    if (rows_[unit].placed) tally += own_tallies_[t][unit];
    subtree.tallies.push_back(tally);
  }
  return subtree;
}

void Board::AddChild(Inner& inner, const ChildPart& part) {
  inner.children += part.sums;
  if (part.score) ++inner.scores[*part.score];
}

void Board::TakeChild(Inner& inner, const ChildPart& part) {
  inner.children -= part.sums;
  if (!part.score) return;
  auto it = inner.scores.find(*part.score);
  TERRACE_CHECK(it != inner.scores.end());
  if (--it->second == 0) inner.scores.erase(it);
}

Accumulator Board::SheetsOf(Unit unit, int basis) const {
  Accumulator sums = OwnPart(unit, basis);
  if (rows_[unit].inner != kNoInner) sums += inners_[rows_[unit].inner].sheets[basis];
  return sums;
}

Accumulator Board::ChildrenOf(Unit unit) const {
  return rows_[unit].inner == kNoInner ? Accumulator() : inners_[rows_[unit].inner].children;
}

Accumulator Board::RollupOf(Unit unit) const {
  const Rollup& rollup = scheme_->rollups[rows_[unit].rollup];
  switch (rollup.method) {
    case Method::kOwn:
      return OwnPart(unit, 0);
    case Method::kOverDescendants:
      return SheetsOf(unit, rollup.basis) - OwnPart(unit, rollup.basis);
    case Method::kRatioOfSums:
      return SheetsOf(unit, rollup.basis);
    default:
      return ChildrenOf(unit);
  }
}

Tally Board::TallyBelow(int tally, Unit unit) const {
  const uint32_t inner = rows_[unit].inner;
  return inner == kNoInner ? Tally() : inners_[inner].tallies[tally];
}

absl::optional<Fixed> Board::Roll(Unit unit) const {
  const Rollup& rollup = scheme_->rollups[rows_[unit].rollup];
  const Accumulator sums = RollupOf(unit);
  if (!CoversEnough(sums, rollup.min_coverage)) return absl::nullopt;
  switch (rollup.method) {
    case Method::kOwn:
      return absl::nullopt;
    case Method::kMean:
    case Method::kWeightedMean:
    case Method::kOverDescendants:
      return MeanOf(sums);
    case Method::kSum: {
      if (sums.covered == 0) return absl::nullopt;
      const int128_t sum = sums.sum / kWeightUnitsPerOne;  // All weights are 1.
      if (sum != Clamped(sum).units()) return absl::nullopt;
      return Fixed::FromUnits(static_cast<int64_t>(sum));
    }
    case Method::kMin: {
      const uint32_t inner = rows_[unit].inner;
      if (inner == kNoInner || inners_[inner].scores.empty()) return absl::nullopt;
      return Fixed::FromUnits(inners_[inner].scores.begin()->first);
    }
    case Method::kRatioOfSums:
      break;
  }
  const FixedSum numerator = FixedSum::FromUnits(sums.numerator);
  const FixedSum denominator = FixedSum::FromUnits(sums.denominator);
  if (denominator <= FixedSum()) return absl::nullopt;
  const int leaf = scheme_->bases[rollup.basis].ratio_leaf;
  if (leaf < 0) {
    absl::StatusOr<Fixed> score = MultiplyDivide(scheme_->points, numerator, denominator, "score");
    return score.ok() ? absl::make_optional(*score) : absl::nullopt;
  }
  const Rule& rule = scheme_->leaves[leaf].rule;
  if (!std::holds_alternative<GradeRule>(rule)) {  // Straight to the scale of the scheme.
    return EvaluateRatio(rule, scheme_->points, numerator, denominator);
  }
  const Fixed points = scheme_->nodes[scheme_->leaf_nodes[leaf]].points;
  const absl::optional<Fixed> earned = EvaluateRatio(rule, points, numerator, denominator);
  if (!earned) return absl::nullopt;
  absl::StatusOr<Fixed> score = MultiplyDivide(scheme_->points, *earned, points, "score");
  return score.ok() ? absl::make_optional(*score) : absl::nullopt;
}

absl::optional<Fixed> Board::RolledUp(Unit unit) const {
  return HasPlace(unit) ? Roll(unit) : absl::nullopt;
}

UnitScore Board::Compute(Unit unit) const {
  const Row& row = rows_[unit];
  UnitScore result;
  if (!row.placed) return result;
  const Rollup& rollup = scheme_->rollups[row.rollup];
  const Assessment own = row.has_sheet ? row.own : Assessment::kNotApplicable;
  result.method = rollup.method;
  result.disqualified = row.own_disqualified;
  result.best_band = row.own_best_band;
  if (rollup.method == Method::kOwn) {
    result.assessment = own;
    result.score = row.own_score;
    return result;
  }
  const absl::optional<Fixed> rolled = Roll(unit);
  const bool own_counts = rollup.mixes() && own == Assessment::kScored;
  if (rolled && own_counts) {
    result.score = Mix(row.own_score, rollup.own_weight, *rolled, rollup.rolled_weight);
  } else if (rolled) {
    result.score = *rolled;
  } else if (own_counts) {
    result.score = row.own_score;
  } else {
    const Assessment below = Unrolled(RollupOf(unit));
    const Assessment beside = rollup.mixes() ? own : Assessment::kNotApplicable;
    result.assessment = Assessment::kNotApplicable;
    for (Assessment a : {Assessment::kMissing, Assessment::kNotYet}) {
      if (below == a || beside == a) result.assessment = a;
    }
    return result;
  }
  result.assessment = Assessment::kScored;
  return result;
}

void Board::Refresh(Unit unit) {
  const UnitScore score = Compute(unit);
  rows_[unit].result = score.assessment;
  rows_[unit].score = score.score;
}

void Board::Ascend(Unit parent, const Subtree& plus, const Subtree& minus,
                   absl::optional<ChildPart> before, absl::optional<ChildPart> after) {
  const bool sums_change = !(plus.sheets == minus.sheets && plus.tallies == minus.tallies);
  for (Unit p = parent; p != kNoUnit; p = rows_[p].parent) {
    if (!sums_change && before == after) return;
    const ChildPart part = PartOf(p);
    Inner& inner = InnerOf(p);
    for (size_t k = 0; k < plus.sheets.size(); ++k) inner.sheets[k] += plus.sheets[k];
    for (size_t k = 0; k < minus.sheets.size(); ++k) inner.sheets[k] -= minus.sheets[k];
    for (size_t t = 0; t < plus.tallies.size(); ++t) inner.tallies[t] += plus.tallies[t];
    for (size_t t = 0; t < minus.tallies.size(); ++t) inner.tallies[t] -= minus.tallies[t];
    if (before) TakeChild(inner, *before);
    if (after) AddChild(inner, *after);
    Refresh(p);
    Notify(p);
    before = part;
    after = PartOf(p);
  }
}

void Board::Change(Unit unit, absl::FunctionRef<void()> mutate) {
  Grow(unit);
  if (bulk_) {
    mutate();
    return;
  }
  const Subtree minus = SubtreeOf(unit);
  const ChildPart before = PartOf(unit);
  mutate();
  Refresh(unit);
  Notify(unit);
  Ascend(rows_[unit].parent, SubtreeOf(unit), minus, before, PartOf(unit));
}

void Board::Detach(Unit unit) {
  Ascend(rows_[unit].parent, {}, SubtreeOf(unit), PartOf(unit), absl::nullopt);
}

void Board::Attach(Unit unit) {
  Ascend(rows_[unit].parent, SubtreeOf(unit), {}, absl::nullopt, PartOf(unit));
}

void Board::SumUpChildren(Unit unit) {
  Inner& inner = InnerOf(unit);
  inner.children = {};
  inner.scores.clear();
  for (Unit child = rows_[unit].first_child; child != kNoUnit; child = rows_[child].next) {
    AddChild(inner, PartOf(child));
  }
}

void Board::Place(Unit unit, Unit parent, int rollup) {
  Grow(unit);
  if (parent != kNoUnit) Grow(parent);
  Row& row = rows_[unit];
  if (row.placed && row.parent == parent && row.rollup == rollup) return;
  if (!bulk_ && row.placed) Detach(unit);
  const bool sums_differ = row.rollup != rollup && row.inner != kNoInner;
  Unlink(unit);
  Link(unit, parent);
  row.placed = true;
  row.rollup = static_cast<uint16_t>(rollup);
  if (bulk_) return;
  // What children add depends on the roll-up above them. Units change their level hardly ever.
  if (sums_differ) SumUpChildren(unit);
  Refresh(unit);
  Notify(unit);
  Attach(unit);
}

void Board::Remove(Unit unit) {
  if (!HasPlace(unit)) return;
  if (!bulk_) Detach(unit);
  Row& row = rows_[unit];
  const bool sums_differ = row.rollup != 0 && row.inner != kNoInner;
  Unlink(unit);
  row.placed = false;
  row.rollup = 0;
  if (bulk_) return;
  if (sums_differ) SumUpChildren(unit);
  Refresh(unit);
  Notify(unit);
}

void Board::SetSheet(Unit unit, const absl::optional<SheetValue>& sheet) {
  Grow(unit);
  if (SheetOf(unit) == sheet) return;
  Change(unit, [&] {
    Row& row = rows_[unit];
    const SheetValue value = sheet.value_or(SheetValue());
    row.has_sheet = sheet.has_value();
    row.own = value.assessment;
    row.own_disqualified = value.disqualified;
    row.own_struck = value.struck;
    row.own_best_band = value.best_band;
    row.own_score = value.score;
    row.covered_points = value.covered_points;
    row.applicable_points = value.applicable_points;
    row.earned = value.earned;
    row.available = value.available;
    for (size_t i = 0; i < ratio_leaves_.size(); ++i) {
      counts_[unit * ratio_leaves_.size() + i] =
          i < value.counts.size() ? value.counts[i] : std::pair<int64_t, int64_t>();
    }
  });
}

void Board::SetWeight(int weight, Unit unit, absl::optional<int64_t> units) {
  Grow(unit);
  TERRACE_CHECK(!units || (*units >= 0 && *units <= kWeightUnitsMax));
  const int64_t value = units.value_or(-1);
  if (weights_[weight][unit] == value) return;
  Change(unit, [&] { weights_[weight][unit] = value; });
}

void Board::SetTally(int tally, Unit unit, Tally value) {
  Grow(unit);
  if (own_tallies_[tally][unit] == value) return;
  Change(unit, [&] { own_tallies_[tally][unit] = value; });
}

UnitScore Board::ScoreOf(Unit unit) const {
  const Row& row = rows_[unit];
  return {row.result, row.own_disqualified, row.own_best_band,
          row.placed ? scheme_->rollups[row.rollup].method : Method::kOwn, row.score};
}

absl::optional<SheetValue> Board::SheetOf(Unit unit) const {
  const Row& row = rows_[unit];
  if (!row.has_sheet) return absl::nullopt;
  SheetValue value;
  value.assessment = row.own;
  value.disqualified = row.own_disqualified;
  value.struck = row.own_struck;
  value.best_band = row.own_best_band;
  value.score = row.own_score;
  value.covered_points = row.covered_points;
  value.applicable_points = row.applicable_points;
  value.earned = row.earned;
  value.available = row.available;
  const size_t count = ratio_leaves_.size();
  for (size_t i = 0; i < count; ++i) value.counts.push_back(counts_[unit * count + i]);
  return value;
}

absl::optional<int64_t> Board::WeightOf(int weight, Unit unit) const {
  const int64_t units = weights_[weight][unit];
  return units < 0 ? absl::nullopt : absl::make_optional(units);
}

void Board::BeginBulk() {
  bulk_ = true;
  cleared_ = looked_at_ = summed_up_ = 0;
}

void Board::ClearSums(Unit unit) {
  Row& row = rows_[unit];
  if (row.first_child == kNoUnit && row.inner == kNoInner) return;
  Inner& inner = InnerOf(unit);
  inner.sheets.assign(inner.sheets.size(), {});
  inner.tallies.assign(inner.tallies.size(), {});
  inner.children = {};
  inner.scores.clear();
  inner.waiting = 0;
  for (Unit child = row.first_child; child != kNoUnit; child = rows_[child].next) ++inner.waiting;
}

void Board::SumUp(Unit unit) {
  while (true) {
    ++summed_up_;
    Refresh(unit);
    Notify(unit);
    const Unit parent = rows_[unit].parent;
    if (parent == kNoUnit) return;
    Inner& inner = InnerOf(parent);
    for (size_t k = 0; k < inner.sheets.size(); ++k) {
      inner.sheets[k] += SheetsOf(unit, static_cast<int>(k));
    }
    for (int t = 0; t < tallies_; ++t) {
      inner.tallies[t] += TallyBelow(t, unit);
      inner.tallies[t] += own_tallies_[t][unit];
    }
    AddChild(inner, PartOf(unit));
    if (--inner.waiting > 0) return;
    unit = parent;
  }
}

bool Board::EndBulk(int units) {
  const Unit size = this->size();
  for (; cleared_ < size && units > 0; ++cleared_, --units) ClearSums(cleared_);
  for (; looked_at_ < size && units > 0; ++looked_at_, --units) {
    if (rows_[looked_at_].first_child == kNoUnit) SumUp(looked_at_);
  }
  if (looked_at_ < size) return false;
  TERRACE_CHECK(summed_up_ == size);  // Otherwise the places form a cycle.
  bulk_ = false;
  return true;
}

bool Board::EqualsRecomputation() const {
  Board fresh(scheme_, tallies_);
  fresh.BeginBulk();
  for (Unit unit = 0; unit < rows_.size(); ++unit) {
    fresh.Grow(unit);
    if (rows_[unit].placed) fresh.Place(unit, rows_[unit].parent, rows_[unit].rollup);
    fresh.SetSheet(unit, SheetOf(unit));
    for (size_t w = 0; w < weights_.size(); ++w) {
      fresh.SetWeight(static_cast<int>(w), unit, WeightOf(static_cast<int>(w), unit));
    }
    for (int t = 0; t < tallies_; ++t) fresh.SetTally(t, unit, own_tallies_[t][unit]);
  }
  while (!fresh.EndBulk(kRecomputedAtOnce)) {
  }
  for (Unit unit = 0; unit < rows_.size(); ++unit) {
    if (!(fresh.ScoreOf(unit) == ScoreOf(unit))) return false;
    if (!(fresh.ChildrenOf(unit) == ChildrenOf(unit))) return false;
    if (fresh.RolledUp(unit) != RolledUp(unit)) return false;
    for (size_t k = 0; k < scheme_->bases.size(); ++k) {
      const int basis = static_cast<int>(k);
      if (!(fresh.SheetsOf(unit, basis) == SheetsOf(unit, basis))) return false;
    }
    for (int t = 0; t < tallies_; ++t) {
      if (!(fresh.TallyBelow(t, unit) == TallyBelow(t, unit))) return false;
    }
  }
  return true;
}

}  // namespace terrace::scoring::engine
