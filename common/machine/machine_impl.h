// The inside of a Machine, shared by the files that hold its parts:
//   machine.cc           start, stop and the public face
//   machine_feed.cc      the store's log -> Apply -> replies and watchers
//   machine_commands.cc  queue -> Decide -> Commit, replays and retries
//   machine_waits.cc     positions, and whoever waits for one
//   machine_chores.cc    what the machine does by itself: ticks, sweeping, operations
// Private to common/machine.
#ifndef TERRACE_COMMON_MACHINE_MACHINE_IMPL_H_
#define TERRACE_COMMON_MACHINE_MACHINE_IMPL_H_

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/timer.h"
#include "common/machine/machine.h"
#include "common/machine/queues.h"
#include "common/machine/requests.h"

namespace terrace::machine {

// How often the machine looks whether a tick is due, something is to be swept or to be continued.
inline constexpr absl::Duration kTickLook = absl::Milliseconds(50);
// Retries start at the first and double up to the most.
inline constexpr absl::Duration kRetryFirst = absl::Milliseconds(1);
inline constexpr absl::Duration kRetryMost = absl::Milliseconds(200);

class Machine::Impl {
 public:
  explicit Impl(MachineOptions options) : options_(std::move(options)) {}

  absl::Status Start();
  void Stop();

  void Execute(Command command, std::vector<std::string> queue_keys, DecideFn decide,
               ExecuteDone done);
  void Drain();

  MachineOptions options_;
  mutable absl::Mutex state_mu_;
  std::unique_ptr<State> state_ ABSL_GUARDED_BY(state_mu_);
  store::Cursor position_ ABSL_GUARDED_BY(state_mu_);

  void WaitFor(store::Cursor position, absl::Time deadline,
               absl::AnyInvocable<void(absl::Status)> done);
  void BatchesAfter(store::Cursor after, int limit, store::LogDone done);
  int64_t WakeAfter(store::Revision after, absl::AnyInvocable<void()> wake);
  void CancelWake(int64_t id);
  void Listen(Listener listener);

 private:
  class Feed;
  // One command from its queue keys to its reply. Shared by whatever it waits for.
  struct Execution {
    Command command;
    DecideFn decide;
    ExecuteDone done;
    std::vector<std::string> keys;
    std::string request_key;  // Empty when the command is not replayable.
    std::string batch_id;
    store::Batch batch;     // Kept to re-commit when the outcome is unknown.
    bool in_doubt = false;  // Whether an attempt to commit it may yet turn out to be in the log.
    std::string reply;
    tree::TreeCursor tree;    // Of the tree that it was decided on.
    bool up_to_date = false;  // Whether State was compared with the end of the log.
    int tries = 0;
  };
  using ExecutionPtr = std::shared_ptr<Execution>;

  void Decide(const ExecutionPtr& x);
  // Ends a command that changes nothing, once it is known that no other process has changed what it
  // was decided on.
  void FinishUnchanged(const ExecutionPtr& x, const store::Cursor& decided,
                       absl::StatusOr<Done> result);
  void Replay(const ExecutionPtr& x);
  void Commit(const ExecutionPtr& x);
  void OnCommit(const ExecutionPtr& x, absl::StatusOr<store::Revision> revision);
  void Retry(const ExecutionPtr& x, absl::AnyInvocable<void()> step, absl::Status late);
  void Finish(const ExecutionPtr& x, absl::StatusOr<Done> result);
  bool TakePending(const std::string& batch_id, ExecutionPtr* out);
  std::string MakeHeader(const Command& command, const tree::TreeCursor& tree) const;

  std::shared_ptr<store::Sink> NewFeed();
  void OnEntries(std::vector<store::Entry> entries);
  void OnLoaded(store::Cursor cursor);
  void OnBatch(store::CommittedPtr batch);
  void OnFeedEnd(absl::Status status);
  void FollowAgain();
  // Loads a new State from a snapshot.
  absl::Status Load();
  void LoadAgain();
  void Settle(const ExecutionPtr& x);

  // Runs work on the executor; the machine does not end before it. Nothing once it is stopped.
  void Post(absl::AnyInvocable<void()> work);
  void Look();  // Ticks, sweeping, operations.
  void Tick(absl::Time instant);
  void Sweep();
  void ContinueOperations();

  absl::Notification loaded_;
  absl::Status load_status_;
  std::unique_ptr<store::Subscription> subscription_;
  // The feed's own: the State that is being loaded, null while the feed changes state_; and the one
  // before the present one, which long reads may still look at.
  std::unique_ptr<State> next_state_;
  std::unique_ptr<State> former_state_;
  KeyQueues queues_;
  RequestIndex requests_;

  absl::Mutex mu_;
  absl::flat_hash_map<std::string, ExecutionPtr> pending_ ABSL_GUARDED_BY(mu_);
  std::deque<store::CommittedPtr> recent_ ABSL_GUARDED_BY(mu_);
  store::Cursor applied_ ABSL_GUARDED_BY(mu_);  // As position_, for those who hold mu_ only.
  // By the revision that they wait to be passed: an id, and what to run: OK then, SHUTTING_DOWN
  // when the machine drains.
  std::multimap<int64_t, std::pair<int64_t, absl::AnyInvocable<void(absl::Status)>>> wakes_
      ABSL_GUARDED_BY(mu_);
  int64_t next_wake_ ABSL_GUARDED_BY(mu_) = 1;
  std::vector<Listener> listeners_ ABSL_GUARDED_BY(mu_);
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  int posted_ ABSL_GUARDED_BY(mu_) = 0;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool loading_again_ ABSL_GUARDED_BY(mu_) = false;
  bool ticking_ ABSL_GUARDED_BY(mu_) = false;
  bool sweeping_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::string> operations_running_ ABSL_GUARDED_BY(mu_);

  std::unique_ptr<Timer> timer_;  // Last made, first gone: its work uses all of the above.
};

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_MACHINE_IMPL_H_
