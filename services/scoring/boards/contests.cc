#include "services/scoring/boards/contests.h"

#include <utility>

#include "services/scoring/engine/weights.h"

namespace terrace::scoring {

Contests::Contests(const engine::Scheme* scheme) : scheme_(scheme) {
  const std::vector<Fixed> weights = engine::WeightsOf(*scheme);
  for (int node = static_cast<int>(scheme->nodes.size()) - 1; node >= 0; --node) {
    if (scheme->nodes[node].combination != engine::Combination::kCopeland) continue;
    std::vector<int> members = engine::MembersOf(*scheme, node);
    std::vector<Fixed> of_members;
    for (int member : members) of_members.push_back(weights[member]);
    engine::Contest contest(scheme->nodes[node].points, std::move(of_members), kRivalsMax);
    nodes_.push_back({node, std::move(members), std::move(contest)});
  }
}

void Contests::Take(Unit unit, const engine::SheetResult* sheet) {
  if (nodes_.empty()) return;
  auto slot = slots_.find(unit);
  if (slot == slots_.end()) {
    if (sheet == nullptr) return;
    if (free_.empty()) {
      free_.push_back(units_.size());
      units_.push_back(kNoUnit);
    }
    slot = slots_.emplace(unit, free_.back()).first;
    units_[free_.back()] = unit;
    free_.pop_back();
  }
  for (AtNode& at : nodes_) {
    std::vector<absl::optional<Fixed>> values(at.members.size());
    for (size_t i = 0; i < values.size() && sheet != nullptr; ++i) {
      values[i] = engine::BroughtTo(scheme_->nodes[at.node], sheet->nodes[at.members[i]]);
    }
    at.changed |= at.contest.Set(slot->second, values);
    if (sheet == nullptr && slot->second < at.earned.size()) at.earned[slot->second].reset();
  }
  if (sheet != nullptr) return;
  units_[slot->second] = kNoUnit;
  free_.push_back(slot->second);
  slots_.erase(slot);
}

bool Contests::Settle(std::vector<Unit>* changed) {
  for (AtNode& at : nodes_) {
    if (!std::exchange(at.changed, false)) continue;
    at.earned.resize(units_.size());
    for (size_t slot = 0; slot < units_.size(); ++slot) {
      const absl::optional<Fixed> earned = at.contest.EarnedBy(slot);
      if (std::exchange(at.earned[slot], earned) != earned && units_[slot] != kNoUnit) {
        changed->push_back(units_[slot]);
      }
    }
    return true;
  }
  return false;
}

std::vector<absl::optional<Fixed>> Contests::GivenTo(Unit unit) const {
  std::vector<absl::optional<Fixed>> given;
  const auto slot = slots_.find(unit);
  if (slot == slots_.end()) return given;
  given.resize(scheme_->nodes.size());
  for (const AtNode& at : nodes_) {
    if (slot->second < at.earned.size()) given[at.node] = at.earned[slot->second];
  }
  return given;
}

absl::optional<engine::Contest::Standing> Contests::StandingOf(int node, Unit unit) const {
  const auto slot = slots_.find(unit);
  if (slot == slots_.end()) return absl::nullopt;
  for (const AtNode& at : nodes_) {
    if (at.node == node) return at.contest.StandingOf(slot->second);
  }
  return absl::nullopt;
}

}  // namespace terrace::scoring
