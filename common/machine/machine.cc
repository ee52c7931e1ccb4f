#include "common/machine/machine.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/base/timer.h"
#include "common/machine/queues.h"
#include "common/machine/requests.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::machine {
namespace {

constexpr absl::Duration kTickLook = absl::Milliseconds(50);
constexpr absl::Duration kRetryFirst = absl::Milliseconds(1);
constexpr absl::Duration kRetryMost = absl::Milliseconds(200);
constexpr absl::Duration kSkewMost = absl::Seconds(2);

bool IsOutcomeUnknown(const absl::Status& status) {
  return HasReason(status, Reason::OUTCOME_UNKNOWN);
}

}  // namespace

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
    store::Batch batch;  // Kept to re-commit when the outcome is unknown.
    std::string reply;
    int tries = 0;
  };
  using ExecutionPtr = std::shared_ptr<Execution>;

  void Decide(const ExecutionPtr& x);
  void Replay(const ExecutionPtr& x);
  void Commit(const ExecutionPtr& x);
  void OnCommit(const ExecutionPtr& x, absl::StatusOr<store::Revision> revision);
  void Retry(const ExecutionPtr& x, absl::AnyInvocable<void()> step, absl::Status late);
  void Finish(const ExecutionPtr& x, absl::StatusOr<Done> result);
  bool TakePending(const std::string& batch_id, ExecutionPtr* out);
  std::string MakeHeader(const Command& command) const;

  void OnEntries(std::vector<store::Entry> entries);
  void OnLoaded(store::Cursor cursor);
  void OnBatch(store::CommittedPtr batch);
  void OnFeedEnd(absl::Status status);

  // Runs work on the executor; the machine does not end before it.
  void Post(absl::AnyInvocable<void()> work);
  void Look();  // Ticks, sweeping, operations.
  void Tick(absl::Time instant);
  void Sweep();
  void ContinueOperations();

  absl::Notification loaded_;
  absl::Status load_status_;
  std::unique_ptr<store::Subscription> subscription_;
  KeyQueues queues_;
  RequestIndex requests_;

  absl::Mutex mu_;
  absl::flat_hash_map<std::string, ExecutionPtr> pending_ ABSL_GUARDED_BY(mu_);
  std::deque<store::CommittedPtr> recent_ ABSL_GUARDED_BY(mu_);
  store::Cursor applied_ ABSL_GUARDED_BY(mu_);  // As position_, for those who hold mu_ only.
  std::multimap<int64_t, std::pair<int64_t, absl::AnyInvocable<void()>>> wakes_ ABSL_GUARDED_BY(mu_);
  int64_t next_wake_ ABSL_GUARDED_BY(mu_) = 1;
  std::vector<Listener> listeners_ ABSL_GUARDED_BY(mu_);
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  int posted_ ABSL_GUARDED_BY(mu_) = 0;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool ticking_ ABSL_GUARDED_BY(mu_) = false;
  bool sweeping_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::string> operations_running_ ABSL_GUARDED_BY(mu_);

  std::unique_ptr<Timer> timer_;  // Last made, first gone: its work uses all of the above.
};

// ---------------------------------------------------------------------------------------- feed

class Machine::Impl::Feed : public store::Sink {
 public:
  explicit Feed(Impl* impl) : impl_(impl) {}
  void OnSnapshotPage(std::vector<store::Entry> entries) override {
    impl_->OnEntries(std::move(entries));
  }
  void OnSnapshotEnd(store::Cursor cursor) override { impl_->OnLoaded(std::move(cursor)); }
  void OnBatch(store::CommittedPtr batch) override { impl_->OnBatch(std::move(batch)); }
  void OnEnd(absl::Status status) override { impl_->OnFeedEnd(std::move(status)); }

 private:
  Impl* impl_;
};

absl::Status Machine::Impl::Start() {
  timer_ = std::make_unique<Timer>();
  auto subscription = options_.store->Follow(absl::nullopt, std::make_shared<Feed>(this));
  if (!subscription.ok()) return subscription.status();
  subscription_ = *std::move(subscription);
  loaded_.WaitForNotification();
  if (load_status_.ok()) timer_->After(kTickLook, [this] { Look(); });
  return load_status_;
}

void Machine::Impl::Stop() {
  timer_.reset();
  subscription_.reset();
  auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return posted_ == 0; };
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&idle));
}

void Machine::Impl::Post(absl::AnyInvocable<void()> work) {
  {
    absl::MutexLock lock(&mu_);
    ++posted_;
  }
  options_.executor->Post([this, work = std::move(work)]() mutable {
    work();
    absl::MutexLock lock(&mu_);
    --posted_;
  });
}

void Machine::Impl::OnEntries(std::vector<store::Entry> entries) {
  absl::MutexLock lock(&state_mu_);
  for (const store::Entry& entry : entries) {
    if (absl::StartsWith(entry.key, kRequestPrefix)) {
      requests_.Add(entry.key, entry.value);
    } else {
      options_.state->ApplyEntry(entry);
    }
  }
}

void Machine::Impl::OnLoaded(store::Cursor cursor) {
  // The last batch tells the log time, which rows of a snapshot do not.
  if (cursor.revision.value > 0) {
    options_.store->ReadLog(cursor.revision, cursor.revision,
                            [this](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
                              if (!batches.ok() || batches->empty()) return;
                              absl::MutexLock lock(&state_mu_);
                              options_.state->NoteTime(batches->front()->commit_time);
                            });
  }
  {
    absl::MutexLock lock(&state_mu_);
    position_ = cursor;
  }
  {
    absl::MutexLock lock(&mu_);
    applied_ = cursor;
  }
  loaded_.Notify();
}

void Machine::Impl::OnFeedEnd(absl::Status status) {
  // Only before the first snapshot is complete can a feed without a cursor end by itself; later a
  // failed engine ends it, and commits then fail with the engine's own error.
  if (!loaded_.HasBeenNotified()) {
    load_status_ = status.ok() ? Error(Reason::SHUTTING_DOWN) : std::move(status);
    loaded_.Notify();
  }
}

void Machine::Impl::OnBatch(store::CommittedPtr batch) {
  store::Cursor position;
  {
    absl::MutexLock lock(&state_mu_);
    options_.state->ApplyBatch(*batch);
    position_.revision = std::max(position_.revision, batch->revision);
    position = position_;
  }
  for (const store::CommittedChange& change : batch->changes) {
    if (!absl::StartsWith(change.key, kRequestPrefix)) continue;
    if (change.value) {
      requests_.Add(change.key, *change.value);
    } else {
      requests_.Remove(change.key);
    }
  }
  std::vector<absl::AnyInvocable<void()>> wakes;
  std::vector<Listener> listeners;
  {
    absl::MutexLock lock(&mu_);
    applied_ = position;
    recent_.push_back(batch);
    if (recent_.size() > kRecentBatches) recent_.pop_front();
    auto end = wakes_.lower_bound(batch->revision.value);
    for (auto it = wakes_.begin(); it != end; ++it) wakes.push_back(std::move(it->second.second));
    wakes_.erase(wakes_.begin(), end);
    listeners = listeners_;
  }
  ExecutionPtr own;
  if (TakePending(batch->batch_id, &own)) {
    store::Cursor at = position;
    at.revision = batch->revision;
    Finish(own, Done{std::move(own->reply), std::move(at)});
  }
  for (Listener& listener : listeners) listener(batch);
  for (auto& wake : wakes) wake();
}

// ------------------------------------------------------------------------------------ commands

void Machine::Impl::Execute(Command command, std::vector<std::string> queue_keys, DecideFn decide,
                            ExecuteDone done) {
  auto x = std::make_shared<Execution>();
  x->command = std::move(command);
  x->decide = std::move(decide);
  x->done = std::move(done);
  x->keys = std::move(queue_keys);
  x->command.salt = store::NewBatchId();
  if (!x->command.request_id.empty() && !x->command.validate_only) {
    x->request_key =
        absl::StrCat(kRequestPrefix, x->command.identity.subject, "/", x->command.request_id);
    x->keys.push_back(x->request_key);
  }
  std::sort(x->keys.begin(), x->keys.end());
  x->keys.erase(std::unique(x->keys.begin(), x->keys.end()), x->keys.end());
  absl::Status refused;
  {
    absl::MutexLock lock(&mu_);
    if (draining_) {
      refused = Error(Reason::SHUTTING_DOWN);
    } else if (running_ >= kCommandsWaitingMax) {
      refused = Error(Reason::OVERLOADED, {{"seconds", "1"}});
    } else {
      ++running_;
    }
  }
  if (!refused.ok()) {
    x->done(std::move(refused));
    return;
  }
  queues_.Acquire(x->keys, [this, x] { Decide(x); });
}

void Machine::Impl::Finish(const ExecutionPtr& x, absl::StatusOr<Done> result) {
  x->done(std::move(result));
  queues_.Release(x->keys, *options_.executor);
  absl::MutexLock lock(&mu_);
  --running_;
}

void Machine::Impl::Retry(const ExecutionPtr& x, absl::AnyInvocable<void()> step, absl::Status late) {
  absl::Duration delay = std::min(kRetryFirst * (1 << std::min(x->tries++, 10)), kRetryMost);
  const absl::Time deadline =
      std::min(x->command.deadline, x->command.received + kCommandTimeoutDefault);
  if (options_.clock->Now() + delay > deadline) {
    Finish(x, std::move(late));
    return;
  }
  timer_->After(delay, [this, step = std::move(step)]() mutable {
    Post(std::move(step));
  });
}

void Machine::Impl::Decide(const ExecutionPtr& x) {
  if (!x->request_key.empty() && requests_.Contains(x->request_key)) {
    Replay(x);
    return;
  }
  absl::Status status;
  store::Cursor position;
  bool empty = false;
  std::shared_ptr<const tree::Tree> tree = options_.tree();
  {
    absl::ReaderMutexLock lock(&state_mu_);
    const absl::Time log_time = options_.state->log_time();
    const absl::Duration behind = log_time - options_.clock->Now();
    if (behind > kSkewMost) {
      status = Error(Reason::CLOCK_SKEW,
                     {{"seconds", absl::StrCat(absl::ToInt64Seconds(behind))}});
    } else {
      Decision decision(options_.state->rows(), x->command, *tree, log_time);
      x->reply.clear();
      status = x->decide(*options_.state, decision, &x->reply);
      empty = decision.empty();
      x->batch = std::move(decision).TakeBatch();
    }
    position = position_;
  }
  if (!status.ok()) {
    Finish(x, std::move(status));
  } else if (empty || x->command.validate_only) {
    Finish(x, Done{std::move(x->reply), std::move(position)});
  } else {
    Commit(x);
  }
}

void Machine::Impl::Commit(const ExecutionPtr& x) {
  x->batch_id = store::NewBatchId();
  x->batch.id = x->batch_id;
  x->batch.header = MakeHeader(x->command);
  if (!x->request_key.empty()) {
    storage::v1::RequestRecord record;
    record.set_method(x->command.method);
    record.set_request_hash(x->command.request_hash);
    record.set_reply(x->reply);
    *record.mutable_expire_time() = ToProto(x->command.received + kRequestKept);
    x->batch.guards.push_back({x->request_key, store::Revision{0}});
    x->batch.changes.push_back({x->request_key, record.SerializeAsString()});
  }
  {
    absl::MutexLock lock(&mu_);
    pending_[x->batch_id] = x;
  }
  options_.store->Commit(x->batch, [this, x](absl::StatusOr<store::Revision> revision) {
    OnCommit(x, std::move(revision));
  });
}

bool Machine::Impl::TakePending(const std::string& batch_id, ExecutionPtr* out) {
  absl::MutexLock lock(&mu_);
  auto it = pending_.find(batch_id);
  if (it == pending_.end()) return false;
  *out = std::move(it->second);
  pending_.erase(it);
  return true;
}

void Machine::Impl::OnCommit(const ExecutionPtr& x, absl::StatusOr<store::Revision> revision) {
  if (revision.ok()) return;                          // The feed delivers it, then it is done.
  const absl::Status& status = revision.status();
  if (absl::IsAlreadyExists(status)) return;          // A re-commit found it in the log.
  if (IsOutcomeUnknown(status)) {
    // Only the log can tell: the same batch again either lands, or is found there already.
    absl::Status late = status;
    {
      absl::MutexLock lock(&mu_);
      if (!pending_.contains(x->batch_id)) return;  // The feed was quicker.
    }
    const absl::Time deadline = std::min(x->command.deadline,
                                         x->command.received + kCommandTimeoutDefault);
    if (options_.clock->Now() + kRetryMost > deadline) {
      ExecutionPtr own;
      if (TakePending(x->batch_id, &own)) Finish(own, std::move(late));
      return;
    }
    timer_->After(kRetryFirst * 10, [this, x] {
      options_.store->Commit(x->batch, [this, x](absl::StatusOr<store::Revision> again) {
        OnCommit(x, std::move(again));
      });
    });
    return;
  }
  ExecutionPtr own;
  if (!TakePending(x->batch_id, &own)) return;
  absl::optional<std::string> guard = store::FailedGuard(status);
  if (!guard) {
    Finish(own, status);
    return;
  }
  if (*guard == x->request_key) requests_.Expect(x->request_key);
  Retry(own, [this, own] { Decide(own); }, Error(Reason::CONFLICT));
}

void Machine::Impl::Replay(const ExecutionPtr& x) {
  std::vector<std::string> keys = {x->request_key};
  options_.store->Read(keys, [this, x](
                                 absl::StatusOr<std::vector<absl::optional<store::Entry>>> found) {
    Post([this, x, found = std::move(found)] {
      if (!found.ok()) {
        Finish(x, found.status());
        return;
      }
      storage::v1::RequestRecord record;
      if (!found->front() || !record.ParseFromString(found->front()->value)) {
        requests_.Remove(x->request_key);  // Swept, or a hash that only looked alike.
        Decide(x);
        return;
      }
      if (record.request_hash() != x->command.request_hash || record.method() != x->command.method) {
        Finish(x, Error(Reason::REQUEST_ID_REUSED, {{"request_id", x->command.request_id}}));
        return;
      }
      // The reply speaks for the batch that stored it, so it waits until State includes that batch.
      store::Cursor at;
      {
        absl::MutexLock lock(&mu_);
        at = applied_;
      }
      at.revision = found->front()->revision;
      WaitFor(at, x->command.deadline, [this, x, at, reply = record.reply()](absl::Status status) {
        if (status.ok()) {
          Finish(x, Done{reply, at});
        } else {
          Finish(x, status);
        }
      });
    });
  });
}

std::string Machine::Impl::MakeHeader(const Command& command) const {
  storage::v1::Header header;
  header.mutable_actor()->set_subject(command.identity.subject);
  header.mutable_actor()->set_office(command.acting_office);
  header.set_token(command.identity.token);
  header.set_peer(command.identity.peer);
  header.set_method(command.method);
  header.set_request_id(command.request_id);
  if (command.captured) *header.mutable_captured_time() = ToProto(*command.captured);
  *header.mutable_received_time() = ToProto(command.received);
  return header.SerializeAsString();
}

void Machine::Impl::Drain() {
  auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return running_ == 0; };
  absl::MutexLock lock(&mu_);
  draining_ = true;
  mu_.AwaitWithTimeout(absl::Condition(&idle), kCommandTimeoutDefault);
}

// ------------------------------------------------------------------------- positions, watchers

void Machine::Impl::WaitFor(store::Cursor position, absl::Time deadline,
                            absl::AnyInvocable<void(absl::Status)> done) {
  int64_t id = 0;
  {
    absl::MutexLock lock(&mu_);
    if (!position.log_id.empty() && position.log_id != applied_.log_id) {
      id = -1;
    } else if (applied_.revision < position.revision) {
      id = next_wake_++;
    }
    if (id > 0) {
      // Whichever comes first, the batch or the deadline, takes `done`.
      auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
      wakes_.emplace(position.revision.value - 1,
                     std::make_pair(id, [shared] { (*shared)(absl::OkStatus()); }));
      if (deadline != absl::InfiniteFuture()) {
        timer_->After(deadline - options_.clock->Now(), [this, id, shared, position] {
          int64_t current = 0;
          {
            absl::MutexLock lock(&mu_);
            auto it = std::find_if(wakes_.begin(), wakes_.end(),
                                   [id](const auto& wake) { return wake.second.first == id; });
            if (it == wakes_.end()) return;
            wakes_.erase(it);
            current = applied_.revision.value;
          }
          (*shared)(Error(Reason::REVISION_NOT_REACHED,
                          {{"revision", absl::StrCat(position.revision.value)},
                           {"current", absl::StrCat(current)}}));
        });
      }
      return;
    }
  }
  done(id < 0 ? Error(Reason::LOG_CHANGED) : absl::OkStatus());
}

int64_t Machine::Impl::WakeAfter(store::Revision after, absl::AnyInvocable<void()> wake) {
  int64_t id = 0;
  {
    absl::MutexLock lock(&mu_);
    id = next_wake_++;
    if (applied_.revision <= after) {
      wakes_.emplace(after.value, std::make_pair(id, std::move(wake)));
      return id;
    }
  }
  wake();
  return id;
}

void Machine::Impl::CancelWake(int64_t id) {
  absl::MutexLock lock(&mu_);
  for (auto it = wakes_.begin(); it != wakes_.end(); ++it) {
    if (it->second.first != id) continue;
    wakes_.erase(it);
    return;
  }
}

void Machine::Impl::BatchesAfter(store::Cursor after, int limit, store::LogDone done) {
  std::vector<store::CommittedPtr> batches;
  absl::Status status;
  bool from_log = false;
  store::Revision end;
  {
    absl::MutexLock lock(&mu_);
    end = applied_.revision;
    if (after.log_id != applied_.log_id || after.revision > end) {
      status = Error(Reason::LOG_CHANGED);
    } else if (after.revision < end) {
      if (!recent_.empty() && recent_.front()->revision.value <= after.revision.value + 1) {
        size_t skip = after.revision.value + 1 - recent_.front()->revision.value;
        for (size_t i = skip; i < recent_.size() && static_cast<int>(batches.size()) < limit; ++i) {
          batches.push_back(recent_[i]);
        }
      } else {
        from_log = true;
      }
    }
  }
  if (!status.ok()) {
    done(std::move(status));
  } else if (from_log) {
    const int64_t last = std::min<int64_t>(end.value, after.revision.value + limit);
    options_.store->ReadLog(store::Revision{after.revision.value + 1}, store::Revision{last},
                            std::move(done));
  } else {
    done(std::move(batches));
  }
}

void Machine::Impl::Listen(Listener listener) {
  absl::MutexLock lock(&mu_);
  listeners_.push_back(std::move(listener));
}

// ----------------------------------------------------------------- what the machine does itself

void Machine::Impl::Look() {
  Sweep();
  absl::Time next = absl::InfiniteFuture();
  bool operations = false;
  {
    absl::ReaderMutexLock lock(&state_mu_);
    next = options_.state->NextTick();
    operations = !options_.state->open_operations().empty();
  }
  if (next <= options_.clock->Now()) Tick(next);
  if (operations) ContinueOperations();
  timer_->After(kTickLook, [this] { Look(); });
}

void Machine::Impl::Tick(absl::Time instant) {
  {
    absl::MutexLock lock(&mu_);
    if (ticking_) return;
    ticking_ = true;
  }
  Command command;
  command.identity.subject = absl::StrCat("services/", options_.service);
  command.identity.service = true;
  command.method = "tick";
  command.received = options_.clock->Now();
  Execute(
      std::move(command), {std::string(kTickKey)},
      [instant](const State& state, Decision& decision, std::string*) {
        storage::v1::Tick tick;
        // Another replica may have been first; its tick guards this one.
        auto last = decision.Get<storage::v1::Tick>(kTickKey);
        if (last && FromProto(last->instant()) >= instant) return absl::OkStatus();
        *tick.mutable_instant() = ToProto(instant);
        decision.Put(kTickKey, tick);
        return absl::OkStatus();
      },
      [this](absl::StatusOr<Done>) {
        absl::MutexLock lock(&mu_);
        ticking_ = false;
      });
}

void Machine::Impl::Sweep() {
  absl::Time log_time;
  {
    absl::ReaderMutexLock lock(&state_mu_);
    log_time = options_.state->log_time();
  }
  std::vector<std::string> expired = requests_.Expired(log_time, store::kBatchChangesMax / 2);
  if (expired.empty()) return;
  {
    absl::MutexLock lock(&mu_);
    if (sweeping_ || draining_) return;
    sweeping_ = true;
  }
  Command command;
  command.identity.subject = absl::StrCat("services/", options_.service);
  command.method = "sweep";
  command.received = options_.clock->Now();
  store::Batch batch;
  batch.id = store::NewBatchId();
  batch.header = MakeHeader(command);
  for (std::string& key : expired) batch.changes.push_back({std::move(key), absl::nullopt});
  options_.store->Commit(std::move(batch), [this](absl::StatusOr<store::Revision>) {
    absl::MutexLock lock(&mu_);
    sweeping_ = false;
  });
}

void Machine::Impl::ContinueOperations() {
  std::vector<std::string> names;
  {
    absl::ReaderMutexLock lock(&state_mu_);
    for (const std::string& name : options_.state->open_operations()) names.push_back(name);
  }
  for (const std::string& name : names) {
    {
      absl::MutexLock lock(&mu_);
      if (draining_ || !operations_running_.insert(name).second) continue;
    }
    auto again = std::make_shared<bool>(false);
    Command command;
    command.identity.subject = absl::StrCat("services/", options_.service);
    command.identity.service = true;
    command.method = "operation";
    command.received = options_.clock->Now();
    Execute(
        std::move(command), {name},
        [name, again](const State& state, Decision& decision, std::string*) {
          auto record = decision.Get<internal::v1::OperationRecord>(name);
          if (!record || record->done()) return absl::OkStatus();
          absl::Status status;
          if (record->cancel_requested()) {
            status = absl::CancelledError("cancelled on request");
          } else {
            status = state.ContinueOperation(decision, *record);
          }
          if (!status.ok()) {
            record->mutable_error()->set_code(static_cast<int>(status.code()));
            record->mutable_error()->set_message(std::string(status.message()));
            record->set_done(true);
          }
          decision.Put(name, *record);
          *again = !record->done();
          return absl::OkStatus();
        },
        [this, name, again](absl::StatusOr<Done> done) {
          {
            absl::MutexLock lock(&mu_);
            operations_running_.erase(name);
          }
          if (done.ok() && *again) Post([this] { ContinueOperations(); });
        });
  }
}

// --------------------------------------------------------------------------------------- shell

absl::StatusOr<std::unique_ptr<Machine>> Machine::Start(MachineOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  absl::Status status = impl->Start();
  if (!status.ok()) {
    impl->Stop();
    return status;
  }
  return std::unique_ptr<Machine>(new Machine(std::move(impl)));
}

Machine::Machine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Machine::~Machine() {
  impl_->Drain();
  impl_->Stop();
}

const std::string& Machine::service() const { return impl_->options_.service; }

void Machine::Execute(Command command, std::vector<std::string> queue_keys, DecideFn decide,
                      ExecuteDone done) {
  impl_->Execute(std::move(command), std::move(queue_keys), std::move(decide), std::move(done));
}

store::Cursor Machine::position() const {
  absl::ReaderMutexLock lock(&impl_->state_mu_);
  return impl_->position_;
}

store::Cursor Machine::position_locked() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  return impl_->position_;
}

void Machine::WaitFor(store::Cursor position, absl::Time deadline,
                      absl::AnyInvocable<void(absl::Status)> done) {
  impl_->WaitFor(std::move(position), deadline, std::move(done));
}

void Machine::BatchesAfter(store::Cursor after, int limit, store::LogDone done) {
  impl_->BatchesAfter(std::move(after), limit, std::move(done));
}

int64_t Machine::WakeAfter(store::Revision after, absl::AnyInvocable<void()> wake) {
  return impl_->WakeAfter(after, std::move(wake));
}

void Machine::CancelWake(int64_t id) { impl_->CancelWake(id); }

store::Store& Machine::store() { return *impl_->options_.store; }
Executor& Machine::executor() { return *impl_->options_.executor; }
const Clock& Machine::clock() const { return *impl_->options_.clock; }
void Machine::Listen(Listener listener) { impl_->Listen(std::move(listener)); }
void Machine::Drain() { impl_->Drain(); }
absl::Mutex& Machine::state_mutex() const { return impl_->state_mu_; }
const State& Machine::state() const { return *impl_->options_.state; }

}  // namespace terrace::machine
