// The loop log -> state -> reply, written once for every service.
//
//   Execute: queue on the command's keys -> Decide(state) -> Commit -> wait for the feed -> reply
//   feed:    the store's log -> Apply(state) -> replies of own batches -> watchers
//
// Commands that share a queue key run one after the other from Decide to Apply, first come first
// served, so inside one process a guard fails only when another process wrote. A failed guard is
// decided again until the deadline. A command with a request id answers a repetition with the
// stored reply. The reply follows Apply, so callers read their own writes.
//
// When the log that the State was made from is gone (restored from a copy, forked by a failover, or
// its next batches forgotten), the State is made anew from a snapshot. Until then reads go on with
// the old one and commands wait; commands that were under way are committed again under their batch
// ids, so each of them is stored once or not at all.
//
// Thread-safety: everything here may be called from any thread. Callbacks run on the machine's own
// threads and must not block.
//
// Ownership: the machine owns the store and the State; a State lives at least until the next but
// one is made.
#ifndef TERRACE_COMMON_MACHINE_MACHINE_H_
#define TERRACE_COMMON_MACHINE_MACHINE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/machine/decision.h"
#include "common/machine/state.h"
#include "common/store/store.h"
#include "common/tree/tree.h"

namespace terrace::machine {

// Limits.
inline constexpr int kCommandsWaitingMax = 20000;  // More are refused with OVERLOADED.
inline constexpr size_t kRecentBatches = 4096;  // Kept for watchers; older ones come from the log.
inline constexpr absl::Duration kRequestKept = absl::Hours(7 * 24);  // Log time.
inline constexpr absl::Duration kCommandTimeoutDefault = absl::Seconds(30);

// Gives the unit tree as of now; every call may give a newer version.
using TreeSource = std::function<std::shared_ptr<const tree::Tree>()>;

struct MachineOptions {
  std::string service;  // "registry": names operations, log lines and threads.
  std::unique_ptr<store::Store> store;
  // Makes an empty State: at the start, and again when the log turns out to be another one.
  std::function<std::unique_ptr<State>()> make_state;
  TreeSource tree;
  const Clock* clock = nullptr;  // Outlives the machine.
  Executor* executor = nullptr;  // Outlives the machine; runs slow reads and operations.
};

// The reply of a command: the message that Decide filled in, and the position that includes it.
struct Done {
  std::string reply;  // Serialized.
  store::Cursor position;
  bool stored = false;  // Whether `position` is that of the command's own batch, now or by replay.
};

// Fills `decision` and serializes the reply into `reply`.
using DecideFn = std::function<absl::Status(const State&, Decision&, std::string* reply)>;
using ExecuteDone = absl::AnyInvocable<void(absl::StatusOr<Done>)>;

// Hears of every batch after Apply, in order, on the feed's thread. Null says that the State was
// made anew: nothing that was heard before counts.
using Listener = std::function<void(const store::CommittedPtr&)>;

class Machine {
 public:
  // Loads the state and returns once it is at the end of the log.
  static absl::StatusOr<std::unique_ptr<Machine>> Start(MachineOptions options);
  ~Machine();

  const std::string& service() const;

  // Runs a command. `queue_keys` are any strings; commands that share one run one after the other.
  void Execute(Command command, std::vector<std::string> queue_keys, DecideFn decide,
               ExecuteDone done);

  // Runs fn(state, position) under the read lock. Keep it below 1 ms or 1,000 rows: longer work
  // copies what it needs or continues by key in a further call.
  template <class S, class F>
  auto Read(F fn) const {
    absl::ReaderMutexLock lock(&state_mutex());
    return fn(static_cast<const S&>(state()), position_locked());
  }

  store::Cursor position() const;
  // The same, inside a Read, which holds the lock already.
  store::Cursor position_locked() const;

  // Calls done(OK) once the state includes `position`; LOG_CHANGED when it is of another log;
  // REVISION_NOT_REACHED at the deadline.
  void WaitFor(store::Cursor position, absl::Time deadline,
               absl::AnyInvocable<void(absl::Status)> done);

  // The batches after `after` that are at hand (at most `limit`, empty when there are none yet).
  // Older ones than the recent ring are read from the log; `done` may run on another thread.
  // LOG_CHANGED for a position that the log does not have; on a shared log there are none yet
  // after one that only another replica has come to.
  void BatchesAfter(store::Cursor after, int limit, store::LogDone done);

  // Calls `wake` once, as soon as a batch after `after` is applied (at once if it already is).
  // Returns an id for CancelWake.
  int64_t WakeAfter(store::Revision after, absl::AnyInvocable<void()> wake);
  void CancelWake(int64_t id);

  // Reads what State does not keep in memory.
  store::Store& store();
  Executor& executor();
  const Clock& clock() const;

  // Registers a listener for the rest of the machine's life.
  void Listen(Listener listener);

  // Refuses new commands and ends waits with SHUTTING_DOWN, and waits for the commands under way.
  void Drain();

 private:
  class Impl;
  explicit Machine(std::unique_ptr<Impl> impl);
  absl::Mutex& state_mutex() const;
  const State& state() const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_MACHINE_H_
