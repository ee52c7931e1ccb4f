// What decides about a unit's place and grade beside its score: the groups that it is in, and what
// its nodes earn.
//
// Thread-safety: none; StandingFactsOf under the lock of the facts.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_STANDING_FACTS_H_
#define TERRACE_SERVICES_SCORING_BOARDS_STANDING_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/engine/standing.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::scoring {

// Numbers for what units of a group have in common, in the order of asking.
class GroupNumbers {
 public:
  int Of(absl::string_view common) {
    return numbers_.try_emplace(std::string(common), static_cast<int>(numbers_.size()))
        .first->second;
  }

 private:
  absl::flat_hash_map<std::string, int> numbers_;
};

// Of one unit.
struct StandingFacts {
  int ranking_group = -1;  // -1: none, also where the scheme names no grouping.
  int banding_group = -1;
  // TIES_ORDINAL: what the tie-breakers of the own sheet earn, in their order; otherwise empty.
  std::vector<absl::optional<Fixed>> breakers;
};
StandingFacts StandingFactsOf(const SchemeBoard& board, Unit unit, GroupNumbers* numbers);

// The columns of many units.
class StandingColumns {
 public:
  explicit StandingColumns(const engine::Scheme* scheme)
      : scheme_(*scheme), breakers_(scheme->ranking.tie_breakers.size()) {}

  // `level` is any number that units of one level share.
  void Add(absl::string_view id, int level, const engine::UnitScore& score,
           const StandingFacts& facts);
  size_t size() const { return scores_.size(); }
  engine::StandingPlaces Places() const;
  std::vector<int> Bands() const;

 private:
  engine::Standers Units(std::vector<absl::Span<const absl::optional<Fixed>>> breakers) const;

  const engine::Scheme& scheme_;
  std::vector<std::string> ids_;  // TIES_ORDINAL alone asks for them.
  std::vector<absl::optional<Fixed>> scores_;
  std::vector<int> levels_;
  std::vector<int> ranking_groups_;
  std::vector<int> banding_groups_;
  std::vector<int> best_;
  std::vector<std::vector<absl::optional<Fixed>>> breakers_;  // By tie-breaker and unit.
};

// A place as resources tell it: rounded down, 0 for none; and as it is where units that share a
// score get the mean of their places.
int64_t RankOf(const absl::optional<double>& place);
absl::optional<types::v1::Decimal> ExactRankOf(const engine::Scheme& scheme,
                                               const absl::optional<double>& place);
// The grade of a band; empty for -1.
std::string GradeOfBand(const engine::Scheme& scheme, int band);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_STANDING_FACTS_H_
