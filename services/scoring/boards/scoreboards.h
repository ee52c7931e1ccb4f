// All boards of a process, and the facts that they are made of.
//
// Concept. Four feeds come in: the watches of registry, measures and inspections, and scoring's own
// log. Each message changes the facts, moves the revision vector on, and with it every open board;
// so whoever reads under the lock sees facts, boards and vector that belong together. Boards are
// opened on demand, built in short steps, and closed when they have not been used for longest.
//
// Thread-safety. Everything may be called from any thread; each feed by one thread at a time. Reads
// hold the lock of the facts shared and must be short. Callbacks never run under it.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_SCOREBOARDS_H_
#define TERRACE_SERVICES_SCORING_BOARDS_SCOREBOARDS_H_

#include <atomic>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/timer.h"
#include "common/machine/rows.h"
#include "common/store/store.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/facts/facts.h"
#include "services/scoring/names.h"
#include "services/scoring/own_facts.h"
#include "services/scoring/schemes/compile.h"

namespace terrace::scoring {

// Limits.
inline constexpr size_t kBoardsMax = 64;
inline constexpr size_t kBoardUnitsMax = 5'000'000;  // Rows of all open boards together.
inline constexpr int kBuildStepUnits = 10;           // Looked at before the clock is.
inline constexpr size_t kVectorsHeld = 256;          // Of each board, to resume watches from.
inline constexpr absl::Duration kReadyWaitMax = absl::Seconds(20);
// How long building a board holds the lock at a time.
inline constexpr absl::Duration kBuildStepTime = absl::Microseconds(500);

// What a request asks for. Without a version, the one that is in force for the period.
struct BoardKey {
  SchemeRef scheme;
  calendar::Period period;
  absl::optional<absl::Time> at;  // Live without.
  // A version that nobody has published, instead of `scheme`.
  std::shared_ptr<const CompiledScheme> draft = nullptr;
};

class Scoreboards {
 public:
  // Which feeds there will be; nothing is read before each has told everything once.
  struct Feeds {
    bool registry = true;
    bool measures = true;
    bool inspections = true;
  };
  // The clock and the executor outlive this.
  Scoreboards(const Clock* clock, Executor* executor, Feeds feeds);
  ~Scoreboards();

  // ---- The feeds.

  void OnRegistry(const registry::v1::WatchUnitsResponse& message);
  void OnMeasures(const measures::v1::WatchMeasuresResponse& message);
  void OnInspections(const inspections::v1::WatchInspectionsResponse& message);
  // The feed starts over: forgets what it told.
  void ResetRegistry();
  void ResetMeasures();
  void ResetInspections();
  // Scoring's own rows as of `position`, in the place of those loaded before; to be called before
  // OnBatch.
  void Load(const machine::Rows& rows, const store::Cursor& position, absl::Time log_time);
  // A batch of scoring's own log; `log_time` is that of the State which includes it. Batches that
  // Load has seen already change nothing.
  void OnBatch(const store::Committed& batch, absl::Time log_time);

  // When a tick is due, for ScoringState; takes no lock.
  absl::Time NextTick() const;

  // Whether a unit takes part in a programme at an instant, for ScoringState; nullopt while a feed
  // has not told everything. Ids and the full name of the programme.
  absl::optional<bool> Enrolled(absl::string_view programme, absl::string_view unit,
                                absl::Time at) const;

  // Random, to tell the boards of this process from those of another.
  const std::string& instance() const { return instance_; }

  // ---- Positions.

  types::v1::RevisionVector vector() const;
  // Runs `done` with OK once the facts include `least` (positions that are left out do not matter);
  // LOG_CHANGED when one of them is of another log, REVISION_NOT_REACHED at the deadline.
  void WaitFor(const types::v1::RevisionVector& least, absl::Time deadline,
               absl::AnyInvocable<void(absl::Status)> done);

  // Runs fn(facts, own) under the shared lock. False while a feed has not told everything.
  bool ReadFacts(absl::FunctionRef<void(const Facts&, const OwnFacts&)> fn) const;
  // Runs `done` with OK once every feed has told everything; NOT_READY at the deadline.
  void WaitComplete(absl::Time deadline, absl::AnyInvocable<void(absl::Status)> done);

  // ---- Boards.

  struct Entry;
  // Keeps a board open.
  using BoardPin = std::shared_ptr<Entry>;

  // Gives the board once it is ready. NO_SCHEME_IN_FORCE, NOT_A_BOARD_PERIOD, TOO_MANY_BOARDS;
  // NOT_READY when a feed has not told everything before the deadline.
  void Open(const BoardKey& key, absl::Time deadline,
            absl::AnyInvocable<void(absl::StatusOr<BoardPin>)> done);
  // Gives up a board that nobody else will ask for: that of a draft.
  void Close(const BoardPin& pin);
  // The same board if it is open and ready, else nullptr; for answers that need not wait.
  BoardPin Peek(const BoardKey& key);

  // Runs fn(board, facts) under the shared lock. False when the board is not ready any more: open
  // it again.
  bool Read(const BoardPin& pin,
            absl::FunctionRef<void(const SchemeBoard&, const Facts&)> fn) const;
  // Another board, for a read that looks at two; nullptr when it is not ready. Only inside Read.
  const SchemeBoard* BoardOf(const BoardPin& pin) const;
  // Whether the key still means this board; publishing a version may change that.
  bool Means(const BoardKey& key, const BoardPin& pin) const;
  // The change number of the board when the facts were at `vector`; nullopt when that is not held.
  // Only inside Read.
  absl::optional<int64_t> ChangeNumberAt(const BoardPin& pin,
                                         const types::v1::RevisionVector& vector) const;

  // Runs `wake` after the next message that changes anything. Returns an id for CancelWake.
  int64_t WakeOnChange(absl::AnyInvocable<void()> wake);
  void CancelWake(int64_t id);

 private:
  // A mutex that is free goes to whoever runs, so building a board, which takes it again and again,
  // would keep out everybody else. These say who wants it, and building lets them in first.
  class ABSL_SCOPED_LOCKABLE Lock {
   public:
    explicit Lock(const Scoreboards* boards) ABSL_EXCLUSIVE_LOCK_FUNCTION(boards->mu_)
        : mu_(&boards->mu_) {
      ++boards->wanting_;
      mu_->Lock();
      --boards->wanting_;
    }
    ~Lock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }

   private:
    absl::Mutex* const mu_;
  };
  class ABSL_SCOPED_LOCKABLE SharedLock {
   public:
    explicit SharedLock(const Scoreboards* boards) ABSL_SHARED_LOCK_FUNCTION(boards->mu_)
        : mu_(&boards->mu_) {
      ++boards->wanting_;
      mu_->ReaderLock();
      --boards->wanting_;
    }
    ~SharedLock() ABSL_UNLOCK_FUNCTION() { mu_->ReaderUnlock(); }

   private:
    absl::Mutex* const mu_;
  };
  void LetOthersIn() const;

  struct Waiter {
    types::v1::RevisionVector least;
    bool ready = false;  // Waits for the feeds to be complete instead.
    absl::AnyInvocable<void(absl::Status)> done;
  };
  using Callbacks = std::vector<absl::AnyInvocable<void()>>;

  // Ends a change of the facts: brings boards up to date and returns whom to call, without the
  // lock.
  Callbacks Changed(const Touched& touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<BoardPin> FindOrMake(const BoardKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void BuildAnew() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Has it destroyed without the lock.
  void Discard(std::shared_ptr<void> garbage);
  void StartBuilding(const BoardPin& pin) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Build(const BoardPin& pin);
  // Which feed has not told everything yet; empty when all have.
  std::string Incomplete() const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  // Whether the facts include `least`.
  absl::StatusOr<bool> Includes(const types::v1::RevisionVector& least) const
      ABSL_SHARED_LOCKS_REQUIRED(mu_);
  void AddWaiter(Waiter waiter, absl::Time deadline);
  void Expire(int64_t id);
  static void Run(Callbacks callbacks);

  const Clock* const clock_;
  Executor* const executor_;
  const std::string instance_;

  mutable absl::Mutex mu_;
  mutable std::atomic<int> wanting_{0};
  Facts facts_ ABSL_GUARDED_BY(mu_);
  Feeds missing_ ABSL_GUARDED_BY(mu_);  // Feeds that have not told everything yet.
  bool loaded_ ABSL_GUARDED_BY(mu_) = false;
  OwnFacts own_ ABSL_GUARDED_BY(mu_);
  std::list<BoardPin> boards_ ABSL_GUARDED_BY(mu_);  // The one used last in front.
  std::map<int64_t, Waiter> waiters_ ABSL_GUARDED_BY(mu_);
  std::map<int64_t, absl::AnyInvocable<void()>> wakes_ ABSL_GUARDED_BY(mu_);
  int64_t next_id_ ABSL_GUARDED_BY(mu_) = 1;
  int builders_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Of the live boards, in nanoseconds since 1970; the greatest number for never.
  std::atomic<int64_t> next_change_{std::numeric_limits<int64_t>::max()};
  Timer timer_;  // Last: its work uses the rest.
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_SCOREBOARDS_H_
