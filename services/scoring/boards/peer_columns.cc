#include "services/scoring/boards/peer_columns.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "services/scoring/engine/sheet.h"

namespace terrace::scoring {
namespace {

// Whether both are the same figure, or none.
bool Same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool Same(const RawFigure& a, const RawFigure& b) {
  return Same(a.figure, b.figure) && a.exact == b.exact && Same(a.denominator, b.denominator) &&
         a.history.size() == b.history.size() &&
         std::equal(a.history.begin(), a.history.end(), b.history.begin(),
                    [](double x, double y) { return Same(x, y); }) &&
         a.parent == b.parent && a.peers == b.peers && a.group == b.group;
}

// Numbers what units share, in the order in which it comes.
template <class Key>
class Numbering {
 public:
  int Of(const Key& key) {
    const auto [it, fresh] = numbers_.try_emplace(key, static_cast<int>(keys_.size()));
    if (fresh) keys_.push_back(key);
    return it->second;
  }
  int Of(const absl::optional<Key>& key) { return key ? Of(*key) : -1; }
  std::vector<Key> TakeKeys() { return std::move(keys_); }

 private:
  absl::flat_hash_map<Key, int> numbers_;
  std::vector<Key> keys_;
};

}  // namespace

PeerColumns::PeerColumns(const CompiledScheme* scheme, const calendar::Period& period,
                         const UnitIds* ids)
    : scheme_(scheme), period_(period), ids_(ids), columns_(scheme->leaves.size()) {}

void PeerColumns::Set(size_t leaf, Unit unit, const absl::optional<RawFigure>& raw) {
  Column& column = columns_[leaf];
  const auto known = column.index.find(unit);
  if (!raw) {
    if (known == column.index.end()) return;
    const size_t at = known->second;
    column.index.erase(known);
    if (at + 1 < column.cells.size()) {
      column.cells[at] = std::move(column.cells.back());
      column.index[column.cells[at].unit] = at;
    }
    column.cells.pop_back();
    column.changed = true;
    return;
  }
  if (known == column.index.end()) {
    column.index[unit] = column.cells.size();
    column.cells.emplace_back().unit = unit;
    column.cells.back().raw = *raw;
    column.changed = true;
    return;
  }
  Cell& cell = column.cells[known->second];
  if (Same(cell.raw, *raw)) return;
  cell.raw = *raw;
  column.changed = true;
}

void PeerColumns::SetOthers(Unit unit, const absl::optional<LeafTally>& others) {
  if (!others) {
    others_changed_ |= screened_.erase(unit) > 0;
    return;
  }
  const auto [known, fresh] = screened_.try_emplace(unit);
  LeafTally& before = known->second.others;
  others_changed_ |= fresh || before != *others;
  before = *others;
}

void PeerColumns::Screen(bool late) {
  bool news = std::exchange(others_changed_, false);
  for (size_t leaf = 0; leaf < columns_.size(); ++leaf) {
    Column& column = columns_[leaf];
    if (!column.changed) continue;
    news = true;
    engine::Sets siblings;
    const engine::FigureColumn figures =
        CompareIn(RulesOf(leaf, late), TableOf(leaf, column), column, &siblings);
    for (size_t i = 0; i < figures.size(); ++i) column.cells[i].present = std::isfinite(figures[i]);
  }
  if (!news) return;
  for (auto& [unit, screened] : screened_) {
    LeafTally all = screened.others;
    for (size_t leaf = 0; leaf < columns_.size(); ++leaf) {
      const auto known = columns_[leaf].index.find(unit);
      if (known == columns_[leaf].index.end() || IsExtra(scheme_->engine.leaves[leaf])) continue;
      ++all.applicable;
      all.present += columns_[leaf].cells[known->second].present ? 1 : 0;
    }
    const bool out = !engine::Suffices(all.present, all.applicable, scheme_->engine.min_present);
    if (std::exchange(screened.out, out) == out) continue;
    for (Column& column : columns_) column.changed |= column.index.contains(unit);
  }
}

bool PeerColumns::Settle(bool late, std::vector<Unit>* changed) {
  if (screens()) Screen(late);
  for (size_t leaf = 0; leaf < columns_.size(); ++leaf) {
    if (!columns_[leaf].changed) continue;
    columns_[leaf].changed = false;
    Settle(leaf, late, columns_[leaf], changed);
    return true;
  }
  return false;
}

engine::LeafTable PeerColumns::TableOf(size_t leaf, const Column& column) const {
  engine::LeafTable table;
  const size_t units = column.cells.size();
  size_t periods = 0;
  for (const Cell& cell : column.cells) periods = std::max(periods, cell.raw.history.size());
  table.figure.values.reserve(units);
  table.history.assign(periods, engine::FigureColumn(units, RawFigure::kNone));
  for (size_t i = 0; i < units; ++i) {
    const RawFigure& raw = column.cells[i].raw;
    table.figure.values.push_back(raw.figure);
    table.denominator.push_back(raw.denominator);
    for (size_t back = 0; back < raw.history.size(); ++back) {
      table.history[back][i] = raw.history[back];
    }
  }
  const auto* statistic = std::get_if<FromStatistic>(&scheme_->leaves[leaf].source);
  if (statistic == nullptr || statistic->reference_unit.empty()) return table;
  const auto reference = column.index.find(ids_->Find(statistic->reference_unit));
  if (reference != column.index.end()) table.reference_unit = static_cast<int>(reference->second);
  return table;
}

engine::Leaf PeerColumns::RulesOf(size_t leaf, bool late) const {
  engine::Leaf rules = scheme_->engine.leaves[leaf];
  if (const auto* statistic = std::get_if<FromStatistic>(&scheme_->leaves[leaf].source)) {
    rules.preparation = PreparationIn(*statistic, rules.preparation, period_);
  }
  if (!late) rules.preparation.imputation = engine::ImputationMethod::kNone;
  return rules;
}

engine::FigureColumn PeerColumns::CompareIn(const engine::Leaf& rules,
                                            const engine::LeafTable& table, const Column& column,
                                            engine::Sets* siblings) const {
  Numbering<Unit> parents;
  for (const Cell& cell : column.cells) siblings->push_back(parents.Of(cell.raw.parent));
  return engine::Compare(rules.preparation, table, engine::Members(column.cells.size(), true),
                         *siblings);
}

void PeerColumns::Settle(size_t leaf, bool late, Column& column, std::vector<Unit>* changed) const {
  const engine::Leaf rules = RulesOf(leaf, late);
  const FrozenPeers& frozen = scheme_->leaves[leaf].frozen;
  const auto* normalise = std::get_if<engine::NormaliseRule>(&rules.rule);
  engine::LeafTable table = TableOf(leaf, column);

  Numbering<std::string> groups, sets;
  engine::Sets siblings, grouped, of_peers;
  engine::Members peers;
  for (const Cell& cell : column.cells) {
    grouped.push_back(groups.Of(cell.raw.group));
    of_peers.push_back(sets.Of(cell.raw.peers));
    const auto screened = screened_.find(cell.unit);
    peers.push_back(screened == screened_.end() || !screened->second.out);
  }
  column.names = sets.TakeKeys();
  for (const std::string& name : column.names) {
    if (frozen.empty()) break;
    const auto known = frozen.find(name);
    table.frozen.push_back(known != frozen.end() ? known->second : engine::PeersFound());
  }

  engine::FigureColumn compared = CompareIn(rules, table, column, &siblings);
  engine::Filled filled =
      engine::FillIn(rules, table, std::move(compared), engine::Members(column.cells.size(), true),
                     siblings, &grouped);
  engine::Treated treated =
      engine::Treat(rules, table, std::move(filled.figures), peers, &of_peers);
  column.peers.clear();
  for (engine::PeersFound& peers : treated.peers) {
    column.peers.push_back(std::make_shared<const engine::PeersFound>(std::move(peers)));
  }
  for (size_t i = 0; i < column.cells.size(); ++i) {
    Cell& cell = column.cells[i];
    const int set = treated.sets[i];
    PreparedFigure prepared;
    prepared.figure = set >= 0 ? treated.figures[i] : RawFigure::kNone;
    prepared.imputed = filled.cells[i];
    prepared.exact =
        prepared.figure == cell.raw.figure ? cell.raw.exact : engine::ExactOf(prepared.figure);
    if (set >= 0) prepared.peers = column.peers[set];
    absl::optional<Fixed> points;
    if (normalise != nullptr && set >= 0) {
      points = engine::Normalise(*normalise, prepared.peers->parameters, prepared.figure);
    }
    // Compared with what it was; a cell that is new was nothing.
    if (!Same(prepared.figure, cell.prepared.figure) || prepared.exact != cell.prepared.exact ||
        prepared.imputed != cell.prepared.imputed || points != cell.points) {
      changed->push_back(cell.unit);
    }
    cell.points = points;
    cell.prepared = std::move(prepared);
  }
}

PreparedFigure PeerColumns::Find(size_t leaf, Unit unit) const {
  const Column& column = columns_[leaf];
  const auto known = column.index.find(unit);
  return known != column.index.end() ? column.cells[known->second].prepared : PreparedFigure();
}

std::vector<std::pair<std::string, std::shared_ptr<const engine::PeersFound>>> PeerColumns::PeersOf(
    size_t leaf) const {
  const Column& column = columns_[leaf];
  std::vector<std::pair<std::string, std::shared_ptr<const engine::PeersFound>>> peers;
  for (size_t set = 0; set < column.peers.size(); ++set) {
    peers.emplace_back(column.names[set], column.peers[set]);
  }
  std::sort(peers.begin(), peers.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return peers;
}

}  // namespace terrace::scoring
