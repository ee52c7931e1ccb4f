#include "services/scoring/boards/scheme_board.h"

#include <algorithm>

#include "common/base/check.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring {
namespace {

constexpr int kComparedAtOnce = 1000;

Unit Pop(std::vector<Unit>& units) {
  const Unit unit = units.back();
  units.pop_back();
  return unit;
}

}  // namespace

struct SchemeBoard::Made {
  Made(const CompiledScheme* scheme, const calendar::Period& period, const Facts* facts)
      : board(&scheme->engine, static_cast<int>(scheme->programmes.size())),
        peers(scheme, period, &facts->ids),
        contests(&scheme->engine),
        gatherer(scheme, period, facts, &board, &peers),
        finisher(&scheme->engine),
        order(&board, &facts->ids) {}

  engine::Board board;
  PeerColumns peers;
  Contests contests;
  Gatherer gatherer;
  engine::SheetFinisher finisher;
  engine::SheetResult sheet;  // The one that is being taken.
  TreeOrder order;
  absl::flat_hash_set<Unit> lost;  // Units that exist but do not reach the top.
  absl::btree_set<std::tuple<absl::Time, Unit, Due>> agenda;
  absl::btree_map<std::pair<Unit, Due>, absl::Time> scheduled;

  // ---- What is to be done, in this order, and whatever it leads to.

  // Units that may have to leave their place. All of them have left before any gets its new one:
  // two units that change places would make a ring in between.
  std::vector<Unit> leaving;
  std::vector<Unit> arriving;  // Get the place that the facts say.
  bool seek_lost = false;      // Places have changed: the lost look for the top again.
  std::vector<Unit> members;   // For LookAgain.
  std::vector<Unit> weights;
  struct Below {
    Unit unit;
    bool moved;
  };
  std::vector<Below> below;   // The sheets of all below them are taken again.
  std::vector<Unit> figures;  // Only where some leaf looks at other units.
  std::vector<Unit> sheets;
  engine::Column<uint8_t> marked;  // Whether a unit is in `sheets`.
};

SchemeBoard::SchemeBoard(std::shared_ptr<const CompiledScheme> scheme,
                         const calendar::Period& period, const Facts* facts,
                         absl::optional<absl::Time> at, int followed_at_once)
    : scheme_(std::move(scheme)),
      period_(period),
      facts_(facts),
      fixed_(at.has_value()),
      followed_at_once_(followed_at_once),
      at_(at.value_or(facts->log_time)) {
  for (const CompiledLeaf& leaf : scheme_->leaves) {
    const auto* statistic = std::get_if<FromStatistic>(&leaf.source);
    grows_ |= statistic != nullptr && statistic->grows;
  }
  Restart();
}

SchemeBoard::~SchemeBoard() = default;

const engine::Board& SchemeBoard::board() const { return made_->board; }
const TreeOrder& SchemeBoard::order() const { return made_->order; }
const PeerColumns& SchemeBoard::peers() const { return made_->peers; }
const Contests& SchemeBoard::contests() const { return made_->contests; }

// ------------------------------------------------------------------------------------- building

void SchemeBoard::Restart() {
  if (made_ != nullptr) discarded_.push_back(std::move(made_));
  made_ = std::make_unique<Made>(scheme_.get(), period_, facts_);
  phase_ = Phase::kPlaces;
  built_ = 0;
  ++structure_;
  ++epoch_;
  first_change_ += static_cast<int64_t>(changes_.size());
  changes_.clear();
  made_->board.BeginBulk();
}

std::shared_ptr<void> SchemeBoard::TakeDiscarded() {
  if (discarded_.empty()) return nullptr;
  return std::make_shared<std::vector<std::unique_ptr<Made>>>(std::exchange(discarded_, {}));
}

bool SchemeBoard::BuildStep(int units) {
  const Unit size = facts_->ids.size();
  for (; units > 0 && !ready(); --units) {
    switch (phase_) {
      case Phase::kPlaces:
        if (FollowPlaces()) break;
        if (built_ < size) {
          PlaceUnit(built_);
          TakeMembership(built_);
          TakeWeights(built_++);
          break;
        }
        phase_ = Phase::kPlaceSums;
        break;
      case Phase::kSheets:
        if (built_ < made_->board.size()) {
          TakeSheet(built_++);
          break;
        }
        phase_ = Phase::kContests;
        break;
      case Phase::kContests:
        if (!made_->contests.any() || (!TakeMarkedSheet() && !SettleContests())) {
          phase_ = Phase::kSheetSums;
        }
        break;
      case Phase::kPlaceSums:
        if (made_->board.EndBulk(units)) {
          phase_ = scheme_->looks_at_others ? Phase::kFigures : Phase::kSheets;
          built_ = 0;
          made_->board.BeginBulk();
        }
        return false;
      case Phase::kFigures:
        if (built_ < made_->board.size()) {
          TakeFigures(built_++);
          break;
        }
        phase_ = Phase::kPeers;
        built_ = 0;
        break;
      case Phase::kPeers:
        if (!SettlePeers()) phase_ = Phase::kSheets;
        return false;
      case Phase::kSheetSums:
        if (made_->board.EndBulk(units)) {
          phase_ = Phase::kFollowing;
          made_->board.set_on_change([this](Unit unit) { Record(unit); });
          AdvanceTo(pending_at_);
        }
        return false;
      case Phase::kFollowing:
        if (!FollowOne()) phase_ = Phase::kReady;
        break;
      case Phase::kReady:
        break;
    }
  }
  return ready();
}

void SchemeBoard::Apply(const Touched& touched) {
  if (touched.everything || TakesOver(touched.published)) {  // The latter concerns all sheets.
    Restart();
    return;
  }
  for (Unit unit : touched.places) {
    // While places are being taken, what has not been looked at will be.
    if (phase_ != Phase::kPlaces || unit < built_) LookAtPlace(unit);
  }
  for (const auto& [programme, unit] : touched.programmes) {
    const bool matters = programme == scheme_->population_programme ||
                         std::find(scheme_->programmes.begin(), scheme_->programmes.end(),
                                   programme) != scheme_->programmes.end();
    if (matters) made_->members.push_back(unit);
    if (scheme_->exempting_programmes.contains(programme)) MarkSheet(unit);
  }
  for (const auto& [definition, unit] : touched.figures) {
    made_->weights.push_back(unit);
    MarkSheet(unit);
    if (grows_) MarkBelow(unit, /*moved=*/false);
  }
  for (Unit unit : touched.sheets) MarkSheet(unit);
  for (Unit unit : touched.beside) {
    if (made_->board.HasPlace(unit)) MarkJudgedTogether(made_->board.ParentOf(unit));
  }
  Follow();
}

bool SchemeBoard::TakesOver(const std::vector<std::string>& schemes) const {
  for (const CompiledLeaf& leaf : scheme_->leaves) {
    const auto* published = std::get_if<FromPublished>(&leaf.source);
    if (published != nullptr &&
        std::find(schemes.begin(), schemes.end(), published->scheme) != schemes.end()) {
      return true;
    }
  }
  return false;
}

void SchemeBoard::AdvanceTo(absl::Time log_time) {
  if (fixed_ || log_time <= at_) return;
  if (phase_ < Phase::kFollowing) {
    pending_at_ = std::max(pending_at_, log_time);
    return;
  }
  const absl::Time end = made_->gatherer.period_end();
  const bool period_ends = at_ < end && end <= log_time;
  at_ = log_time;
  if (period_ends) {  // Everything that is missing is late now.
    Restart();
    return;
  }
  Follow();
}

absl::Time SchemeBoard::NextChange() const {
  if (fixed_) return absl::InfiniteFuture();
  const auto& agenda = made_->agenda;
  absl::Time next = agenda.empty() ? absl::InfiniteFuture() : std::get<0>(*agenda.begin());
  const absl::Time end = made_->gatherer.period_end();
  return end > at_ ? std::min(next, end) : next;
}

void SchemeBoard::Schedule(Unit unit, Due what, absl::Time instant) {
  if (fixed_) return;
  auto [agenda, scheduled] = std::tie(made_->agenda, made_->scheduled);
  auto it = scheduled.find({unit, what});
  if (it != scheduled.end()) {
    if (it->second == instant) return;
    agenda.erase({it->second, unit, what});
    scheduled.erase(it);
  }
  if (instant == absl::InfiniteFuture()) return;
  agenda.emplace(instant, unit, what);
  scheduled[{unit, what}] = instant;
}

// ------------------------------------------------------------------------------------ following

void SchemeBoard::Follow() {
  if (!ready()) return;  // Whoever builds it goes on.
  phase_ = Phase::kFollowing;
  BuildStep(followed_at_once_);
}

bool SchemeBoard::FollowOne() {
  if (FollowPlaces()) return true;
  if (!made_->members.empty()) {
    LookAgain(Pop(made_->members));
  } else if (!made_->weights.empty()) {
    TakeWeights(Pop(made_->weights));
  } else if (!made_->below.empty()) {
    const auto [top, moved] = made_->below.back();
    made_->below.pop_back();
    if (top >= made_->board.size()) return true;
    made_->board.ForEachChild(top, [this, moved = moved](Unit unit) {
      MarkSheet(unit);
      if (moved) Record(unit);
      if (made_->board.HasChildren(unit)) MarkBelow(unit, moved);
    });
  } else if (!made_->figures.empty()) {
    TakeFigures(Pop(made_->figures));
  } else {
    // Sheets come when all peers are settled, in any order: what they depend on, places and
    // tallies, is settled too. What units earn against each other goes back into sheets.
    return SettlePeers() || TakeMarkedSheet() || SettleContests();
  }
  return true;
}

// What is due comes first, since it may be a place. Then, whatever message comes between two steps,
// every place on the board is one that the facts tell, apart from those of the leaving.
bool SchemeBoard::FollowPlaces() {
  Made& made = *made_;
  if (!made.agenda.empty() && std::get<0>(*made.agenda.begin()) <= at_) {
    TakeDue();
  } else if (!made.leaving.empty()) {
    TakeOut(Pop(made.leaving));
  } else if (!made.arriving.empty()) {
    const Unit unit = Pop(made.arriving);
    PlaceUnit(unit);
    if (phase_ == Phase::kPlaces) return true;  // All the rest is still to be looked at.
    Record(unit);
    made.members.push_back(unit);
    // Whoever is below may have come under the issuing office, or left it, or is compared with
    // another unit above.
    MarkBelow(unit, /*moved=*/true);
  } else if (made.seek_lost) {
    made.seek_lost = false;
    made.arriving.assign(made.lost.begin(), made.lost.end());
  } else {
    return false;
  }
  return true;
}

void SchemeBoard::TakeDue() {
  const auto [instant, unit, what] = *made_->agenda.begin();
  made_->agenda.erase(made_->agenda.begin());
  made_->scheduled.erase({unit, what});
  switch (what) {
    case Due::kPlace:
      LookAtPlace(unit);
      break;
    case Due::kMembership:
      made_->members.push_back(unit);
      break;
    case Due::kWeights:
      made_->weights.push_back(unit);
      break;
    case Due::kSheet:
      MarkSheet(unit);
      break;
  }
}

void SchemeBoard::Record(Unit unit) {
  if (phase_ < Phase::kFollowing) return;
  changes_.push_back(unit);
  if (changes_.size() > kChangesRemembered) {
    changes_.pop_front();
    ++first_change_;
  }
}

// --------------------------------------------------------------------------------------- places

bool SchemeBoard::ReachesTop(Unit unit) const {
  int steps = 0;
  for (Unit above = unit; above != kNoUnit;
       above = facts_->registry.Parent(above, scheme_->line, at_)) {
    if (++steps > tree::kTreeDepthMax) return false;
  }
  return true;
}

void SchemeBoard::LookAtPlace(Unit unit) {
  made_->leaving.push_back(unit);
  made_->seek_lost = true;
}

void SchemeBoard::TakeOut(Unit unit) {
  made_->arriving.push_back(unit);
  MarkAncestors(unit);  // As it was.
  if (!made_->board.HasPlace(unit)) return;
  const RegistryFacts& registry = facts_->registry;
  if (registry.Exists(unit, at_) && ReachesTop(unit) &&
      made_->board.ParentOf(unit) == registry.Parent(unit, scheme_->line, at_)) {
    return;
  }
  TakeAway(unit);
}

void SchemeBoard::TakeAway(Unit unit) {
  const Unit parent = made_->board.ParentOf(unit);
  made_->board.Remove(unit);
  made_->order.Erase(unit, parent);
  ++structure_;
  MarkJudgedTogether(parent);
}

void SchemeBoard::PlaceUnit(Unit unit) {
  engine::Board& board = made_->board;
  const RegistryFacts& registry = facts_->registry;
  Schedule(unit, Due::kPlace, registry.NextPlaceChange(unit, at_));
  const bool had = board.HasPlace(unit);
  // Places are dated one by one, so those of a past day may form a ring. Whoever hangs in one, or
  // below it, counts nowhere.
  const bool exists = registry.Exists(unit, at_);
  const bool placed = exists && ReachesTop(unit);
  if (exists && !placed) {
    made_->lost.insert(unit);
    if (unit < board.size()) {
      board.ForEachChild(unit, [this](Unit child) { made_->leaving.push_back(child); });
    }
  } else {
    made_->lost.erase(unit);
  }
  if (!placed) {
    if (had) TakeAway(unit);
    return;
  }
  const Unit parent = registry.Parent(unit, scheme_->line, at_);
  const bool stays = had && board.ParentOf(unit) == parent;
  if (had && !stays) TakeAway(unit);
  board.Place(unit, parent, scheme_->RollupOf(registry.Level(unit)));
  if (stays) return;
  made_->order.Insert(unit, parent);
  ++structure_;
  MarkJudgedTogether(parent);
}

// --------------------------------------------------------------------------------------- sheets

void SchemeBoard::TakeMembership(Unit unit) {
  absl::Time next = absl::InfiniteFuture();
  for (size_t t = 0; t < scheme_->programmes.size(); ++t) {
    const std::string& programme = scheme_->programmes[t];
    made_->board.SetTally(static_cast<int>(t), unit, made_->gatherer.TallyOf(programme, unit, at_));
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
    made_->board.SetWeight(static_cast<int>(w), unit,
                           made_->gatherer.WeightOf(scheme_->weights[w], unit, at_, &next));
  }
  Schedule(unit, Due::kWeights, next);
}

void SchemeBoard::TakeSheet(Unit unit) {
  engine::Board& board = made_->board;
  if (unit >= board.size()) return;
  if (!HasSheet(unit)) {
    board.SetSheet(unit, absl::nullopt);
    made_->contests.Take(unit, nullptr);
    Record(unit);  // Its group may have changed.
    Schedule(unit, Due::kSheet, absl::InfiniteFuture());
    return;
  }
  GatheredSheet sheet = made_->gatherer.Gather(unit, at_, /*with_records=*/false);
  sheet.input.given = made_->contests.GivenTo(unit);
  Schedule(unit, Due::kSheet, sheet.next_change);
  made_->finisher.Evaluate(sheet.input, &made_->sheet);
  made_->contests.Take(unit, made_->sheet.screened_out ? nullptr : &made_->sheet);
  const engine::SheetValue value = engine::SheetValueOf(made_->sheet, board.ratio_leaves());
  if (board.SheetOf(unit) == value) {
    Record(unit);  // Its nodes may have changed all the same.
  } else {
    board.SetSheet(unit, value);
  }
}

bool SchemeBoard::HasSheet(Unit unit) {
  return made_->board.HasPlace(unit) && made_->gatherer.InPopulation(unit, at_);
}

void SchemeBoard::TakeFigures(Unit unit) {
  if (unit >= made_->board.size()) return;
  const bool has_sheet = HasSheet(unit);
  if (made_->peers.screens()) {
    made_->peers.SetOthers(
        unit, has_sheet ? absl::make_optional(made_->gatherer.TallyOwn(unit, at_)) : absl::nullopt);
  }
  for (size_t leaf = 0; leaf < scheme_->leaves.size(); ++leaf) {
    if (!scheme_->leaves[leaf].looks_at_others) continue;
    made_->peers.Set(leaf, unit,
                     has_sheet ? made_->gatherer.RawOf(leaf, unit, at_) : absl::nullopt);
  }
}

bool SchemeBoard::SettlePeers() {
  std::vector<Unit> changed;
  const bool late = at_ >= made_->gatherer.period_end();
  if (!made_->peers.Settle(late, &changed)) return false;
  if (phase_ == Phase::kPeers) return true;  // All sheets are still to be taken.
  for (Unit unit : changed) MarkSheetAlone(unit);
  return true;
}

bool SchemeBoard::TakeMarkedSheet() {
  if (made_->sheets.empty()) return false;
  const Unit unit = Pop(made_->sheets);
  made_->marked[unit] = 0;
  TakeSheet(unit);
  return true;
}

bool SchemeBoard::SettleContests() {
  std::vector<Unit> changed;
  if (!made_->contests.Settle(&changed)) return false;
  for (Unit unit : changed) MarkSheetAlone(unit);
  return true;
}

void SchemeBoard::LookAgain(Unit unit) {
  TakeMembership(unit);
  TakeWeights(unit);
  MarkSheet(unit);
  MarkAncestors(unit);
}

void SchemeBoard::MarkSheet(Unit unit) {
  if (phase_ == Phase::kPlaces) return;  // All sheets are still to be taken.
  if (scheme_->looks_at_others) made_->figures.push_back(unit);
  MarkSheetAlone(unit);
}

void SchemeBoard::MarkSheetAlone(Unit unit) {
  made_->marked.Grow(unit + 1);
  if (std::exchange(made_->marked[unit], 1) == 0) made_->sheets.push_back(unit);
}

void SchemeBoard::MarkAncestors(Unit unit) {
  if (scheme_->programmes.empty() || unit >= made_->board.size()) return;
  int steps = 0;
  for (Unit above = made_->board.ParentOf(unit); above != kNoUnit && ++steps <= tree::kTreeDepthMax;
       above = made_->board.ParentOf(above)) {
    MarkSheet(above);
  }
}

void SchemeBoard::MarkJudgedTogether(Unit parent) {
  if (phase_ == Phase::kPlaces) return;  // All sheets are still to be taken.
  made_->gatherer.ForgetSamples();
  if (parent == kNoUnit || !facts_->reviews.CarriesOver(scheme_->ref.Family(), period_)) return;
  made_->board.ForEachChild(parent, [this](Unit unit) { MarkSheet(unit); });
}

void SchemeBoard::MarkBelow(Unit unit, bool moved) {
  if (phase_ == Phase::kPlaces) return;
  made_->below.push_back({unit, moved});
}

// ---------------------------------------------------------------------------------------- reads

GatheredSheet SchemeBoard::Explain(Unit unit, bool with_records) const {
  if (!board().SheetOf(unit)) {
    GatheredSheet none;
    none.input.leaves.resize(scheme_->leaves.size());
    if (with_records) none.records.resize(scheme_->leaves.size());
    return none;
  }
  // A gatherer of its own: the board's one caches, and readers share the lock.
  Gatherer gatherer(scheme_.get(), period_, facts_, &board(), &made_->peers);
  GatheredSheet sheet = gatherer.Gather(unit, at_, with_records);
  sheet.input.given = made_->contests.GivenTo(unit);
  return sheet;
}

absl::optional<std::string> SchemeBoard::GroupOf(int grouping, Unit unit) const {
  return made_->gatherer.GroupOf(grouping, unit, at_);
}

std::vector<Unit> SchemeBoard::ChangedAfter(int64_t number, int64_t changes_max) const {
  TERRACE_CHECK(Remembers(number));
  const auto begin = changes_.begin() + (number - first_change_);
  return {begin, begin + std::min<int64_t>(changes_max, changes_.end() - begin)};
}

bool SchemeBoard::EqualsRebuilt() const {
  SchemeBoard fresh(scheme_, period_, facts_, at_);
  while (!fresh.BuildStep(kComparedAtOnce)) {
  }
  const engine::Board& here = board();
  const engine::Board& there = fresh.board();
  if (!here.EqualsRecomputation()) return false;
  for (Unit unit = 0; unit < there.size(); ++unit) {
    if (there.HasPlace(unit) != here.HasPlace(unit)) return false;
    if (unit >= here.size()) continue;
    if (there.ParentOf(unit) != here.ParentOf(unit)) return false;
    if (fresh.order().Children(unit) != order().Children(unit)) return false;
    if (!(there.ScoreOf(unit) == here.ScoreOf(unit))) return false;
    if (there.SheetOf(unit) != here.SheetOf(unit)) return false;
    if (!(there.ChildrenOf(unit) == here.ChildrenOf(unit))) return false;
    for (size_t k = 0; k < scheme_->engine.bases.size(); ++k) {
      const int basis = static_cast<int>(k);
      if (!(there.SheetsOf(unit, basis) == here.SheetsOf(unit, basis))) return false;
    }
  }
  return true;
}

}  // namespace terrace::scoring
