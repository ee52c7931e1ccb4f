#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/machine/machine_impl.h"
#include "common/store/cursor.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::machine {
namespace {

// Answers that tell what became of every attempt to commit a batch.
bool IsFinal(const absl::Status& status) {
  return absl::IsAlreadyExists(status) || store::FailedGuard(status).has_value();
}

}  // namespace

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

void Machine::Impl::Retry(const ExecutionPtr& x, absl::AnyInvocable<void()> step,
                          absl::Status late) {
  x->up_to_date = false;
  absl::Duration delay = std::min(kRetryFirst * (1 << std::min(x->tries++, 10)), kRetryMost);
  const absl::Time deadline =
      std::min(x->command.deadline, x->command.received + kCommandTimeoutDefault);
  if (options_.clock->Now() + delay > deadline) {
    Finish(x, std::move(late));
    return;
  }
  timer_->After(delay, [this, step = std::move(step)]() mutable { Post(std::move(step)); });
}

void Machine::Impl::Decide(const ExecutionPtr& x) {
  if (!x->request_key.empty() && requests_.Contains(x->request_key)) {
    Replay(x);
    return;
  }
  bool loading = false;
  {
    absl::MutexLock lock(&mu_);
    loading = loading_again_;
  }
  if (loading) {
    Retry(
        x, [this, x] { Decide(x); }, Error(Reason::NOT_READY, {{"service", options_.service}}));
    return;
  }
  absl::Status status;
  store::Cursor position;
  bool empty = false;
  std::shared_ptr<const tree::Tree> tree = options_.tree();
  {
    absl::ReaderMutexLock lock(&state_mu_);
    const absl::Duration behind = state_->log_time() - options_.clock->Now();
    if (behind > kSkewMost) {
      status = Error(Reason::CLOCK_SKEW, {{"seconds", absl::StrCat(absl::ToInt64Seconds(behind))}});
    } else {
      Decision decision(state_->rows(), x->command, *tree, state_->present());
      x->reply.clear();
      status = x->decide(*state_, decision, &x->reply);
      // The registry's own tree is no input from elsewhere.
      x->tree = tree->cursor().log_id == position_.log_id ? tree::TreeCursor() : tree->cursor();
      empty = decision.empty();
      x->batch = std::move(decision).TakeBatch();
    }
    position = position_;
  }
  if (!status.ok()) {
    FinishUnchanged(x, position, std::move(status));
  } else if (empty || x->command.validate_only) {
    FinishUnchanged(x, position, Done{std::move(x->reply), position, false});
  } else {
    Commit(x);
  }
}

void Machine::Impl::FinishUnchanged(const ExecutionPtr& x, const store::Cursor& decided,
                                    absl::StatusOr<Done> result) {
  // What changes something is guarded by the store. A refusal, and "that is so already", are not.
  if (x->up_to_date || !options_.store->shared()) {
    Finish(x, std::move(result));
    return;
  }
  x->up_to_date = true;
  Post([this, x, decided, result = std::move(result)]() mutable {
    const absl::StatusOr<store::Cursor> end = options_.store->CatchUp();
    if (!end.ok()) {
      Finish(x, end.status());
      return;
    }
    // The State may have come to the end meanwhile; what counts is where it was for the decision.
    if (*end == decided || (end->log_id == decided.log_id && end->revision < decided.revision)) {
      Finish(x, std::move(result));
      return;
    }
    if (end->log_id != decided.log_id) {
      Retry(
          x, [this, x] { Decide(x); }, Error(Reason::NOT_READY, {{"service", options_.service}}));
      return;
    }
    WaitFor(*end, x->command.deadline, [this, x](const absl::Status& status) {
      if (status.ok()) {
        Post([this, x] { Decide(x); });
      } else if (HasReason(status, Reason::LOG_CHANGED)) {
        Retry(
            x, [this, x] { Decide(x); }, status);
      } else {
        Finish(x, status);
      }
    });
  });
}

void Machine::Impl::Commit(const ExecutionPtr& x) {
  x->batch_id = store::NewBatchId();
  x->in_doubt = false;
  x->batch.id = x->batch_id;
  x->batch.header = MakeHeader(x->command, x->tree);
  // Nothing is dated further ahead than clocks may be apart.
  x->batch.not_before = x->command.received - kSkewMost;
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
  if (revision.ok()) return;  // The feed delivers it, then it is done.
  const absl::Status& status = revision.status();
  if (absl::IsAlreadyExists(status)) {
    Post([this, x] { Settle(x); });
    return;
  }
  const bool unknown = HasReason(status, Reason::OUTCOME_UNKNOWN);
  x->in_doubt = x->in_doubt || unknown;
  if (x->in_doubt && !IsFinal(status)) {
    // Only the log can tell: the same batch again either lands, or is found there already. A shared
    // store that has failed takes changes again once the new log is followed.
    const bool again = unknown || store::IsRefusedForNow(status) ||
                       (HasReason(status, Reason::STORE_FAILED) && options_.store->shared());
    {
      absl::MutexLock lock(&mu_);
      if (!pending_.contains(x->batch_id)) return;  // The feed was quicker.
    }
    const absl::Time deadline =
        std::min(x->command.deadline, x->command.received + kCommandTimeoutDefault);
    if (!again || options_.clock->Now() + kRetryMost > deadline) {
      ExecutionPtr own;
      if (TakePending(x->batch_id, &own)) Finish(own, Error(Reason::OUTCOME_UNKNOWN));
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
  if (store::IsRefusedForNow(status)) {
    Retry(
        own, [this, own] { Decide(own); }, status);  // Not stored; there may be room soon.
    return;
  }
  if (!guard) {
    Finish(own, status);
    return;
  }
  if (*guard == x->request_key) requests_.Expect(x->request_key);
  Retry(
      own, [this, own] { Decide(own); }, Error(Reason::CONFLICT));
}

// A re-commit found the batch in the log. Mostly the feed brings it; but when State was loaded from
// a snapshot that includes it, nobody tells, and the row of its first change says where it is.
void Machine::Impl::Settle(const ExecutionPtr& x) {
  absl::StatusOr<store::Cursor> end = options_.store->CatchUp();
  if (!end.ok()) {
    timer_->After(kRetryMost, [this, x] { Post([this, x] { Settle(x); }); });
    return;
  }
  WaitFor(*end, absl::InfiniteFuture(), [this, x](const absl::Status& status) {
    ExecutionPtr own;
    if (!TakePending(x->batch_id, &own)) return;
    if (!status.ok()) {
      Finish(own, status);
      return;
    }
    store::Cursor at;
    {
      absl::ReaderMutexLock lock(&state_mu_);
      at = position_;
      const Row* row = state_->rows().Find(own->batch.changes.front().key);
      if (row != nullptr) at.revision = row->revision;
    }
    Finish(own, Done{std::move(own->reply), std::move(at), true});
  });
}

void Machine::Impl::Replay(const ExecutionPtr& x) {
  std::vector<std::string> keys = {x->request_key};
  options_.store->Read(keys, [this,
                              x](absl::StatusOr<std::vector<absl::optional<store::Entry>>> found) {
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
      if (record.request_hash() != x->command.request_hash ||
          record.method() != x->command.method) {
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
          Finish(x, Done{reply, at, true});
        } else {
          Finish(x, status);
        }
      });
    });
  });
}

std::string Machine::Impl::MakeHeader(const Command& command, const tree::TreeCursor& tree) const {
  storage::v1::Header header;
  header.mutable_actor()->set_subject(command.identity.subject);
  header.mutable_actor()->set_office(command.acting_office);
  header.set_token(command.identity.token);
  header.set_peer(command.identity.peer);
  header.set_method(command.method);
  header.set_request_id(command.request_id);
  if (command.captured) *header.mutable_captured_time() = ToProto(*command.captured);
  *header.mutable_received_time() = ToProto(command.received);
  if (tree.revision > 0) {
    *header.mutable_inputs()->mutable_registry() = store::ToProto({tree.log_id, {tree.revision}});
  }
  return header.SerializeAsString();
}

void Machine::Impl::Drain() {
  auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return running_ == 0; };
  std::vector<absl::AnyInvocable<void(absl::Status)>> wakes;
  {
    absl::MutexLock lock(&mu_);
    draining_ = true;
    for (auto& [revision, wake] : wakes_) wakes.push_back(std::move(wake.second));
    wakes_.clear();
  }
  for (auto& wake : wakes) wake(Error(Reason::SHUTTING_DOWN));
  absl::MutexLock lock(&mu_);
  mu_.AwaitWithTimeout(absl::Condition(&idle), kCommandTimeoutDefault);
}

}  // namespace terrace::machine
