#include "services/scoring/scheme_board.h"

#include <algorithm>

#include "common/base/check.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring {

void Touched::Add(const Touched& other) {
  auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(places, other.places);
  append(programmes, other.programmes);
  append(sheets, other.sheets);
  append(figures, other.figures);
  everything |= other.everything;
}

SchemeBoard::SchemeBoard(std::shared_ptr<const CompiledScheme> scheme,
                         const calendar::Period& period, const Facts* facts,
                         absl::optional<absl::Time> at)
    : scheme_(std::move(scheme)),
      period_(period),
      facts_(facts),
      fixed_(at.has_value()),
      at_(at.value_or(facts->log_time)) {
  for (const CompiledLeaf& leaf : scheme_->leaves) {
    const auto* statistic = std::get_if<FromStatistic>(&leaf.source);
    grows_ |= statistic != nullptr && statistic->grows;
  }
  Restart();
}

void SchemeBoard::Restart() {
  board_ = std::make_unique<engine::Board>(&scheme_->engine,
                                           static_cast<int>(scheme_->programmes.size()));
  gatherer_ = std::make_unique<Gatherer>(scheme_.get(), period_, facts_, board_.get());
  phase_ = Phase::kPlaces;
  built_ = 0;
  pending_ = Touched();
  dirty_.clear();
  dirty_subtrees_.clear();
  lost_.clear();
  agenda_.clear();
  scheduled_.clear();
  order_ = nullptr;
  order_structure_ = -1;
  ++structure_;
  ++epoch_;
  first_change_ += static_cast<int64_t>(changes_.size());
  changes_.clear();
  board_->BeginBulk();
}

bool SchemeBoard::BuildStep(int units) {
  if (ready()) return true;
  const Unit size = facts_->ids.size();
  const Unit end = std::min<Unit>(size, built_ + static_cast<Unit>(units));
  for (; built_ < end; ++built_) {
    if (phase_ == Phase::kPlaces) {
      PlaceUnit(built_);
      TakeMembership(built_);
      TakeWeights(built_);
    } else {
      TakeSheet(built_);
    }
  }
  if (built_ < size) return false;
  board_->EndBulk();
  if (phase_ == Phase::kPlaces) {  // Sheets need the tallies of all.
    phase_ = Phase::kSheets;
    built_ = 0;
    board_->BeginBulk();
    return false;
  }
  phase_ = Phase::kReady;
  board_->set_on_change([this](Unit unit) {
    if (!changes_.empty() && changes_.back() == unit) return;
    changes_.push_back(unit);
    if (changes_.size() > kChangesRemembered) {
      changes_.pop_front();
      ++first_change_;
    }
  });
  const Touched pending = std::exchange(pending_, Touched());
  Apply(pending);
  AdvanceTo(pending_at_);
  return ready();
}

void SchemeBoard::Apply(const Touched& touched) {
  if (touched.everything) {
    Restart();
    return;
  }
  if (!ready()) {
    pending_.Add(touched);
    return;
  }
  MoveUnits(touched.places);
  for (const auto& [programme, unit] : touched.programmes) {
    const bool matters = programme == scheme_->population_programme ||
                         std::find(scheme_->programmes.begin(), scheme_->programmes.end(),
                                   programme) != scheme_->programmes.end();
    if (matters) LookAgain(unit);
  }
  for (const auto& [definition, unit] : touched.figures) {
    TakeWeights(unit);
    dirty_.insert(unit);
    if (grows_) dirty_subtrees_.insert(unit);
  }
  dirty_.insert(touched.sheets.begin(), touched.sheets.end());
  TakeDirty();
}

void SchemeBoard::AdvanceTo(absl::Time log_time) {
  if (fixed_ || log_time <= at_) return;
  if (!ready()) {
    pending_at_ = std::max(pending_at_, log_time);
    return;
  }
  const absl::Time end = gatherer_->period_end();
  const bool period_ends = at_ < end && end <= log_time;
  at_ = log_time;
  if (period_ends) {  // Everything that is missing is late now.
    Restart();
    return;
  }
  std::vector<Unit> moved;
  std::vector<Unit> members;
  while (!agenda_.empty() && std::get<0>(*agenda_.begin()) <= at_) {
    const auto [instant, unit, what] = *agenda_.begin();
    agenda_.erase(agenda_.begin());
    scheduled_.erase({unit, what});
    switch (what) {
      case Due::kPlace:
        moved.push_back(unit);
        break;
      case Due::kMembership:
        members.push_back(unit);
        break;
      case Due::kWeights:
        TakeWeights(unit);
        break;
      case Due::kSheet:
        dirty_.insert(unit);
        break;
    }
  }
  MoveUnits(moved);
  for (Unit unit : members) LookAgain(unit);
  TakeDirty();
}

absl::Time SchemeBoard::NextChange() const {
  if (fixed_) return absl::InfiniteFuture();
  absl::Time next = agenda_.empty() ? absl::InfiniteFuture() : std::get<0>(*agenda_.begin());
  if (gatherer_->period_end() > at_) next = std::min(next, gatherer_->period_end());
  return next;
}

void SchemeBoard::Schedule(Unit unit, Due what, absl::Time instant) {
  if (fixed_) return;
  auto it = scheduled_.find({unit, what});
  if (it != scheduled_.end()) {
    if (it->second == instant) return;
    agenda_.erase({it->second, unit, what});
    scheduled_.erase(it);
  }
  if (instant == absl::InfiniteFuture()) return;
  agenda_.emplace(instant, unit, what);
  scheduled_[{unit, what}] = instant;
}

bool SchemeBoard::ReachesTop(Unit unit) const {
  int steps = 0;
  for (Unit above = unit; above != kNoUnit;
       above = facts_->registry.Parent(above, scheme_->line, at_)) {
    if (++steps > tree::kTreeDepthMax) return false;
  }
  return true;
}

void SchemeBoard::PlaceUnit(Unit unit) {
  const RegistryFacts& registry = facts_->registry;
  Schedule(unit, Due::kPlace, registry.NextPlaceChange(unit, at_));
  const bool had = board_->HasPlace(unit);
  const Unit before = had ? board_->ParentOf(unit) : kNoUnit;
  // Places are dated one by one, so those of a past day may form a ring. Whoever hangs in one, or
  // below it, counts nowhere.
  const bool exists = registry.Exists(unit, at_);
  const bool placed = exists && ReachesTop(unit);
  if (exists && !placed) {
    lost_.insert(unit);
  } else {
    lost_.erase(unit);
  }
  if (!placed) {
    if (had) {
      board_->Remove(unit);
      ++structure_;
    }
    return;
  }
  const Unit parent = registry.Parent(unit, scheme_->line, at_);
  board_->Place(unit, parent, scheme_->RollupOf(registry.Level(unit)));
  if (!had || before != parent) ++structure_;
}

void SchemeBoard::TakeMembership(Unit unit) {
  absl::Time next = absl::InfiniteFuture();
  for (size_t t = 0; t < scheme_->programmes.size(); ++t) {
    const std::string& programme = scheme_->programmes[t];
    board_->SetTally(static_cast<int>(t), unit, gatherer_->TallyOf(programme, unit, at_));
    next = std::min(next, facts_->registry.NextProgrammeChange(programme, unit, at_));
  }
  if (!scheme_->population_programme.empty()) {
    next = std::min(next,
                    facts_->registry.NextProgrammeChange(scheme_->population_programme, unit, at_));
  }
  Schedule(unit, Due::kMembership, next);
}

void SchemeBoard::TakeWeights(Unit unit) {
  absl::Time next = absl::InfiniteFuture();
  for (size_t w = 0; w < scheme_->weights.size(); ++w) {
    board_->SetWeight(static_cast<int>(w), unit,
                      gatherer_->WeightOf(scheme_->weights[w], unit, at_, &next));
  }
  Schedule(unit, Due::kWeights, next);
}

void SchemeBoard::TakeSheet(Unit unit) {
  if (unit >= board_->size()) return;
  if (!board_->HasPlace(unit) || !gatherer_->InPopulation(unit, at_)) {
    board_->SetSheet(unit, absl::nullopt);
    Schedule(unit, Due::kSheet, absl::InfiniteFuture());
    return;
  }
  const GatheredSheet sheet = gatherer_->Gather(unit, at_, /*with_records=*/false);
  Schedule(unit, Due::kSheet, sheet.next_change);
  board_->SetSheet(unit, SheetValueOf(engine::EvaluateSheet(scheme_->engine, sheet.inputs),
                                      board_->ratio_leaves()));
}

void SchemeBoard::LookAgain(Unit unit) {
  TakeMembership(unit);
  TakeWeights(unit);
  dirty_.insert(unit);
  MarkAncestors(unit);
}

void SchemeBoard::MoveUnits(std::vector<Unit> units) {
  if (units.empty()) return;
  const bool rings = !lost_.empty();
  TakeOut(units);
  for (Unit unit : units) PlaceUnit(unit);
  // A ring may have been closed or opened: whoever hangs in it looks for the top again.
  if (rings || !lost_.empty()) {
    std::vector<Unit> again(lost_.begin(), lost_.end());
    for (Unit unit = 0; unit < board_->size(); ++unit) {
      if (board_->HasPlace(unit) && !ReachesTop(unit)) again.push_back(unit);
    }
    TakeOut(again);
    for (Unit unit : again) PlaceUnit(unit);
    units.insert(units.end(), again.begin(), again.end());
  }
  for (Unit unit : units) {
    LookAgain(unit);
    // Whoever is below may have come under the issuing office, or left it, or is compared with
    // another unit above.
    if (board_->HasChildren(unit)) dirty_subtrees_.insert(unit);
  }
}

// Takes units off the board whose place is not what the facts say, all of them before any gets its
// new one: two units that change places would make a ring in between.
void SchemeBoard::TakeOut(const std::vector<Unit>& units) {
  for (Unit unit : units) {
    MarkAncestors(unit);  // As it was.
    if (!board_->HasPlace(unit)) continue;
    if (facts_->registry.Exists(unit, at_) &&
        board_->ParentOf(unit) == facts_->registry.Parent(unit, scheme_->line, at_)) {
      continue;
    }
    board_->Remove(unit);
    ++structure_;
  }
}

void SchemeBoard::MarkAncestors(Unit unit) {
  if (scheme_->programmes.empty() || unit >= board_->size()) return;
  int steps = 0;
  for (Unit above = board_->ParentOf(unit); above != kNoUnit && ++steps <= tree::kTreeDepthMax;
       above = board_->ParentOf(above)) {
    dirty_.insert(above);
  }
}

void SchemeBoard::MarkSubtrees() {
  if (dirty_subtrees_.empty()) return;
  EnsureOrder();
  bool rootless = false;  // The order knows nothing of what hangs below a unit without a place.
  for (Unit top : dirty_subtrees_) {
    rootless |= !order_->Contains(top);
    const absl::Span<const Unit> subtree = order_->Subtree(top);
    dirty_.insert(subtree.begin(), subtree.end());
  }
  for (Unit unit = 0; rootless && unit < board_->size(); ++unit) {
    if (board_->HasPlace(unit) && !order_->Contains(unit)) dirty_.insert(unit);
  }
  dirty_subtrees_.clear();
}

void SchemeBoard::TakeDirty() {
  MarkSubtrees();
  // In any order: what sheets depend on, places and tallies, is settled already.
  for (Unit unit : dirty_) TakeSheet(unit);
  dirty_.clear();
}

void SchemeBoard::EnsureOrder() {
  if (OrderIsCurrent()) return;
  order_ = std::make_shared<TreeOrder>(*board_, facts_->ids);
  order_structure_ = structure_;
}

GatheredSheet SchemeBoard::Explain(Unit unit) const {
  if (!board_->SheetOf(unit)) {
    GatheredSheet none;
    none.inputs.resize(scheme_->leaves.size());
    none.records.resize(scheme_->leaves.size());
    return none;
  }
  // A gatherer of its own: the board's one caches, and readers share the lock.
  Gatherer gatherer(scheme_.get(), period_, facts_, board_.get());
  return gatherer.Gather(unit, at_, /*with_records=*/true);
}

std::vector<Unit> SchemeBoard::ChangedAfter(int64_t number) const {
  TERRACE_CHECK(Remembers(number));
  return {changes_.begin() + (number - first_change_), changes_.end()};
}

bool SchemeBoard::EqualsRebuilt() const {
  SchemeBoard fresh(scheme_, period_, facts_, at_);
  while (!fresh.BuildStep(1000)) {
  }
  if (!board_->EqualsRecomputation()) return false;
  for (Unit unit = 0; unit < fresh.board_->size(); ++unit) {
    const bool here = unit < board_->size();
    if (fresh.board_->HasPlace(unit) != board_->HasPlace(unit)) return false;
    if (!here) continue;
    if (!(fresh.board_->ScoreOf(unit) == board_->ScoreOf(unit))) return false;
    if (fresh.board_->SheetOf(unit) != board_->SheetOf(unit)) return false;
    if (!(fresh.board_->ChildrenOf(unit) == board_->ChildrenOf(unit))) return false;
    for (size_t k = 0; k < scheme_->engine.bases.size(); ++k) {
      const int basis = static_cast<int>(k);
      if (!(fresh.board_->SheetsOf(unit, basis) == board_->SheetsOf(unit, basis))) return false;
    }
  }
  return true;
}

}  // namespace terrace::scoring
