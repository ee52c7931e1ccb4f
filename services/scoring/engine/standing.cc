#include "services/scoring/engine/standing.h"

#include <map>
#include <utility>

#include "services/scoring/engine/bands.h"

namespace terrace::scoring::engine {
namespace {

// Numbers of the groups within levels: units of two levels are in no group together.
std::vector<int> WithinLevels(absl::Span<const int> levels, absl::Span<const int> groups) {
  if (levels.empty()) return {groups.begin(), groups.end()};
  std::map<std::pair<int, int>, int> numbers;
  std::vector<int> within(groups.size(), -1);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] < 0) continue;
    const auto next = static_cast<int>(numbers.size());
    within[i] = numbers.try_emplace({levels[i], groups[i]}, next).first->second;
  }
  return within;
}

}  // namespace

StandingPlaces StandingPlacesOf(const Scheme& scheme, const Standers& units) {
  std::vector<absl::optional<Fixed>> compared(units.scores.begin(), units.scores.end());
  for (absl::optional<Fixed>& score : compared) {
    if (score) score = Compared(scheme, *score);
  }
  const Ties ties = scheme.ranking.ties;
  StandingPlaces places;
  places.ranks = PlacesOf(compared, ties, units.levels, units.breakers);
  if (scheme.ranking.grouping < 0) {
    places.group_ranks.resize(compared.size());
  } else {
    places.group_ranks =
        PlacesOf(compared, ties, WithinLevels(units.levels, units.ranking_groups), units.breakers);
  }
  return places;
}

std::vector<int> StandingBandsOf(const Scheme& scheme, const Standers& units) {
  if (units.levels.empty()) {
    return BandsOf(scheme, units.scores, units.banding_groups, units.best);
  }
  std::map<int, std::vector<size_t>> members;
  for (size_t i = 0; i < units.levels.size(); ++i) members[units.levels[i]].push_back(i);
  std::vector<int> bands(units.scores.size(), -1);
  for (const auto& [level, rows] : members) {
    std::vector<absl::optional<Fixed>> scores;
    std::vector<int> groups;
    std::vector<int> best;
    for (size_t row : rows) {
      scores.push_back(units.scores[row]);
      if (!units.banding_groups.empty()) groups.push_back(units.banding_groups[row]);
      if (!units.best.empty()) best.push_back(units.best[row]);
    }
    const std::vector<int> own = BandsOf(scheme, scores, groups, best);
    for (size_t i = 0; i < rows.size(); ++i) bands[rows[i]] = own[i];
  }
  return bands;
}

bool StandsByPeers(const Scheme& scheme) {
  return scheme.ranking.ties != Ties::kCompetition || scheme.ranking.grouping >= 0 ||
         (scheme.banding.method != BandMethod::kBounds && !scheme.bands.empty());
}

}  // namespace terrace::scoring::engine
