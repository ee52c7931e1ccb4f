// The scores of one scheme version in one period, either live (at log time, which moves on) or at a
// fixed instant, kept up to date with the facts.
//
// Concept. A board is a function of the facts and of its instant. It is built once, in steps, and
// then follows: whatever a message touched is looked at again, and whatever changes by time alone
// stands on an agenda. So after every Apply and AdvanceTo it equals a board built afresh; the tests
// compare.
//
// Thread-safety: none; whoever owns the facts locks. Everything const may run under a shared lock.
#ifndef TERRACE_SERVICES_SCORING_SCHEME_BOARD_H_
#define TERRACE_SERVICES_SCORING_SCHEME_BOARD_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/calendar/period.h"
#include "services/scoring/compile.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/facts/facts.h"
#include "services/scoring/gather.h"
#include "services/scoring/tree_order.h"

namespace terrace::scoring {

// How many changes of units a board remembers for watchers; who lags further starts anew.
inline constexpr size_t kChangesRemembered = 1 << 18;

// What a message changed in the facts.
struct Touched {
  std::vector<Unit> places;                              // Place, level, kind or existence.
  std::vector<std::pair<std::string, Unit>> programmes;  // Enrolment or titles.
  std::vector<Unit> sheets;                              // Measures, reports, visits, findings.
  std::vector<std::pair<std::string, Unit>> figures;     // Statistic of a definition.
  bool everything = false;                               // Too much to tell: build anew.
  void Add(const Touched& other);
};

class SchemeBoard {
 public:
  // `facts` outlives the board. With `at` the board stays at that instant, otherwise it is live.
  SchemeBoard(std::shared_ptr<const CompiledScheme> scheme, const calendar::Period& period,
              const Facts* facts, absl::optional<absl::Time> at);

  // ---- Changes.

  // Looks at up to `units` more units. Returns true once the board is ready; until then there is
  // nothing to read.
  bool BuildStep(int units);
  bool ready() const { return phase_ == Phase::kReady; }
  // Whatever changed in the facts since the last call; also while the board is being built.
  void Apply(const Touched& touched);
  // Moves a live board on to log time; does nothing for a fixed one.
  void AdvanceTo(absl::Time log_time);
  // Makes order() current.
  void EnsureOrder();

  // ---- Reads.

  const CompiledScheme& scheme() const { return *scheme_; }
  const calendar::Period& period() const { return period_; }
  const engine::Board& board() const { return *board_; }
  absl::Time at() const { return at_; }
  bool live() const { return !fixed_; }
  // The next instant at which something changes by time alone; InfiniteFuture for a fixed board.
  absl::Time NextChange() const;
  // The sheet of a unit with everything that it was made of; empty inputs without a sheet.
  GatheredSheet Explain(Unit unit) const;
  // As EnsureOrder made it last; null before.
  std::shared_ptr<const TreeOrder> order() const { return order_; }
  bool OrderIsCurrent() const { return order_ != nullptr && order_structure_ == structure_; }

  // ---- What changed, for watchers. Numbers only grow; building anew starts a new epoch.

  int64_t epoch() const { return epoch_; }
  int64_t change_number() const { return first_change_ + static_cast<int64_t>(changes_.size()); }
  // Counts changes of places: who shows a subtree looks again at what belongs to it.
  int64_t structure_number() const { return structure_; }
  // Whether all changes after `number` are still remembered.
  bool Remembers(int64_t number) const { return number >= first_change_; }
  // Units that may have changed after `number`, some perhaps more than once.
  std::vector<Unit> ChangedAfter(int64_t number) const;

  // Whether it equals a board that is built afresh from the same facts for the same instant.
  bool EqualsRebuilt() const;

 private:
  enum class Phase { kPlaces, kSheets, kReady };
  // What stands on the agenda.
  enum class Due : uint8_t { kPlace, kMembership, kWeights, kSheet };

  void Restart();
  void PlaceUnit(Unit unit);
  // Whether going up from the unit ends at the top of the line, as places of one instant should.
  bool ReachesTop(Unit unit) const;
  void TakeMembership(Unit unit);
  void TakeWeights(Unit unit);
  void TakeSheet(Unit unit);
  // Takes membership, weights and sheet of a unit anew, and the sheets of those above it.
  void LookAgain(Unit unit);
  void MoveUnits(std::vector<Unit> units);
  void TakeOut(const std::vector<Unit>& units);
  void MarkAncestors(Unit unit);
  void MarkSubtrees();
  void TakeDirty();
  void Schedule(Unit unit, Due what, absl::Time instant);

  const std::shared_ptr<const CompiledScheme> scheme_;
  const calendar::Period period_;
  const Facts* const facts_;
  const bool fixed_;
  absl::Time at_;
  bool grows_ = false;  // Some leaf compares with units above.

  std::unique_ptr<engine::Board> board_;
  std::unique_ptr<Gatherer> gatherer_;
  Phase phase_ = Phase::kPlaces;
  Unit built_ = 0;   // Units looked at in this phase.
  Touched pending_;  // What changed while the board was being built.
  absl::Time pending_at_ = absl::InfinitePast();

  absl::flat_hash_set<Unit> dirty_;  // Sheets to look at again.
  absl::flat_hash_set<Unit> dirty_subtrees_;
  absl::flat_hash_set<Unit> lost_;  // Units that exist but do not reach the top.
  std::set<std::tuple<absl::Time, Unit, Due>> agenda_;
  absl::flat_hash_map<std::pair<Unit, Due>, absl::Time> scheduled_;

  std::shared_ptr<const TreeOrder> order_;
  int64_t order_structure_ = -1;
  int64_t structure_ = 0;
  int64_t epoch_ = 0;
  int64_t first_change_ = 0;
  std::deque<Unit> changes_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEME_BOARD_H_
