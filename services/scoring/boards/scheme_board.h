// The scores of one scheme version in one period, either live (at log time, which moves on) or at a
// fixed instant, kept up to date with the facts.
//
// Concept. A board is a function of the facts and of its instant. It is built once, in steps, and
// then follows: whatever a message touched is looked at again, and whatever changes by time alone
// stands on an agenda. So whenever it is ready it equals a board built afresh; the tests compare.
//
// Nothing here takes longer in a nation than in a county: what a change asks for is queued, the
// first units are looked at on the spot, and if there are more (a province moves, 600,000 reports
// are due at midnight) the board is not ready until BuildStep has been through them.
//
// Thread-safety: none; whoever owns the facts locks. Everything const may run under a shared lock.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_SCHEME_BOARD_H_
#define TERRACE_SERVICES_SCORING_BOARDS_SCHEME_BOARD_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/calendar/period.h"
#include "services/scoring/boards/contests.h"
#include "services/scoring/boards/gather.h"
#include "services/scoring/boards/tree_order.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/facts/facts.h"
#include "services/scoring/schemes/compile.h"

namespace terrace::scoring {

// How many changes of units a board remembers for watchers; who lags further starts anew.
inline constexpr size_t kChangesRemembered = 1 << 18;
// Units that a change is followed for on the spot; about a millisecond.
inline constexpr int kFollowedAtOnce = 100;

// What a message changed in the facts.
struct Touched {
  std::vector<Unit> places;                              // Place, level, kind or existence.
  std::vector<std::pair<std::string, Unit>> programmes;  // Enrolment or titles.
  std::vector<Unit> sheets;                              // Measures, reports, visits, findings.
  std::vector<Unit> beside;  // Reviews that may count for units with the same unit above.
  std::vector<std::pair<std::string, Unit>> figures;  // Statistic of a definition.
  std::vector<std::string> published;  // Families of schemes: other results of theirs are final.
  bool everything = false;             // Too much to tell: build anew.
};

class SchemeBoard {
 public:
  // `facts` outlives the board. With `at` the board stays at that instant, otherwise it is live.
  // Apply and AdvanceTo look at up to `followed_at_once` units themselves.
  SchemeBoard(std::shared_ptr<const CompiledScheme> scheme, const calendar::Period& period,
              const Facts* facts, absl::optional<absl::Time> at,
              int followed_at_once = kFollowedAtOnce);
  ~SchemeBoard();

  // ---- Changes.

  // Looks at up to `units` more units. Returns true once the board is ready; until then there is
  // nothing to read.
  bool BuildStep(int units);
  bool ready() const { return phase_ == Phase::kReady; }
  // Whatever changed in the facts since the last call; also while the board is being built.
  void Apply(const Touched& touched);
  // Moves a live board on to log time; does nothing for a fixed one.
  void AdvanceTo(absl::Time log_time);
  // What building anew has left over, large and of no use: to be destroyed without the lock.
  std::shared_ptr<void> TakeDiscarded();

  // ---- Reads.

  const CompiledScheme& scheme() const { return *scheme_; }
  const calendar::Period& period() const { return period_; }
  const engine::Board& board() const;
  const TreeOrder& order() const;
  // What leaves that look at other units found.
  const PeerColumns& peers() const;
  // How units stand at the nodes at which they compete.
  const Contests& contests() const;
  absl::Time at() const { return at_; }
  bool live() const { return !fixed_; }
  // The next instant at which something changes by time alone; InfiniteFuture for a fixed board.
  absl::Time NextChange() const;
  // The sheet of a unit with everything that it was made of, if asked for with the records behind
  // it; empty inputs without a sheet.
  GatheredSheet Explain(Unit unit, bool with_records) const;
  // What the unit has in common with its group in that grouping of the scheme; nullopt when it is
  // in none, and where `grouping` is -1.
  absl::optional<std::string> GroupOf(int grouping, Unit unit) const;

  // ---- What changed, for watchers. Numbers only grow; building anew starts a new epoch.

  int64_t epoch() const { return epoch_; }
  int64_t change_number() const { return first_change_ + static_cast<int64_t>(changes_.size()); }
  // Counts changes of places: who shows a subtree looks again at what belongs to it.
  int64_t structure_number() const { return structure_; }
  // Whether all changes after `number` are still remembered.
  bool Remembers(int64_t number) const { return number >= first_change_; }
  // Units whose score or place may have changed after `number`, those below a unit that moved
  // included, some perhaps more than once: the first `changes_max` such changes.
  std::vector<Unit> ChangedAfter(int64_t number, int64_t changes_max) const;

  // Whether it equals a board that is built afresh from the same facts for the same instant.
  bool EqualsRebuilt() const;

 private:
  // Places and tallies of all, their sums, the figures of leaves that look at other units (they
  // need the tallies), what these make of them, sheets of all (they need all that), what units earn
  // against each other by their sheets, the sums of all; then what has changed meanwhile.
  enum class Phase {
    kPlaces,
    kPlaceSums,
    kFigures,
    kPeers,
    kSheets,
    kContests,
    kSheetSums,
    kFollowing,
    kReady
  };
  // What stands on the agenda.
  enum class Due : uint8_t { kPlace, kMembership, kWeights, kSheet };
  struct Made;  // All that building makes.

  void Restart();
  // Whether some leaf takes over published scores of one of these schemes.
  bool TakesOver(const std::vector<std::string>& schemes) const;
  // Does one thing that is queued; false when nothing is left.
  bool FollowOne();
  bool FollowPlaces();
  // Follows changes that are queued, as far as that is quick.
  void Follow();
  void LookAtPlace(Unit unit);
  void TakeOut(Unit unit);
  void PlaceUnit(Unit unit);
  void TakeAway(Unit unit);
  // Whether going up from the unit ends at the top of the line, as places of one instant should.
  bool ReachesTop(Unit unit) const;
  void TakeMembership(Unit unit);
  void TakeWeights(Unit unit);
  void TakeSheet(Unit unit);
  // Whether the unit has a place and a sheet.
  bool HasSheet(Unit unit);
  // Takes what the unit brings to leaves that look at other units.
  void TakeFigures(Unit unit);
  // Settles one such leaf that has changed; false when there is none.
  bool SettlePeers();
  // Takes a sheet that is marked; false when there is none.
  bool TakeMarkedSheet();
  // Settles one node at which units compete that has changed; false when there is none.
  bool SettleContests();
  // Takes membership, weights and sheet of a unit anew, and the sheets of those above it.
  void LookAgain(Unit unit);
  // Takes figures and sheet of the unit again, or its sheet alone.
  void MarkSheet(Unit unit);
  void MarkSheetAlone(Unit unit);
  void MarkAncestors(Unit unit);
  // What spot checks found below the unit is carried over to others there, and may have changed.
  void MarkJudgedTogether(Unit parent);
  void MarkBelow(Unit unit, bool moved);
  void Schedule(Unit unit, Due what, absl::Time instant);
  void TakeDue();
  void Record(Unit unit);

  const std::shared_ptr<const CompiledScheme> scheme_;
  const calendar::Period period_;
  const Facts* const facts_;
  const bool fixed_;
  const int followed_at_once_;
  absl::Time at_;
  bool grows_ = false;  // Some leaf compares with units above.

  std::unique_ptr<Made> made_;
  std::vector<std::unique_ptr<Made>> discarded_;
  Phase phase_ = Phase::kPlaces;
  Unit built_ = 0;  // Units looked at in this phase.
  absl::Time pending_at_ = absl::InfinitePast();

  int64_t structure_ = 0;
  int64_t epoch_ = 0;
  int64_t first_change_ = 0;
  std::deque<Unit> changes_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_SCHEME_BOARD_H_
