#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/machine/machine_impl.h"

namespace terrace::machine {

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

std::shared_ptr<store::Sink> Machine::Impl::NewFeed() { return std::make_shared<Feed>(this); }

absl::Status Machine::Impl::Load() {
  next_state_ = options_.make_state();
  TERRACE_ASSIGN_OR_RETURN(subscription_, options_.store->Follow(absl::nullopt, NewFeed()));
  return absl::OkStatus();
}

void Machine::Impl::OnEntries(std::vector<store::Entry> entries) {
  for (const store::Entry& entry : entries) {
    if (absl::StartsWith(entry.key, kRequestPrefix)) {
      requests_.Add(entry.key, entry.value);
    } else {
      next_state_->ApplyEntry(entry);
    }
  }
}

void Machine::Impl::OnLoaded(store::Cursor cursor) {
  {
    absl::MutexLock lock(&state_mu_);
    former_state_ = std::exchange(state_, std::move(next_state_));
    position_ = cursor;
  }
  // The last batch tells the log time, which rows of a snapshot do not.
  if (cursor.revision.value > 0) {
    options_.store->ReadLog(cursor.revision, cursor.revision,
                            [this](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
                              if (!batches.ok() || batches->empty()) return;
                              absl::MutexLock lock(&state_mu_);
                              state_->NoteTime(batches->front()->commit_time);
                            });
  }
  bool another_log = false;
  std::vector<absl::AnyInvocable<void(absl::Status)>> wakes;
  std::vector<Listener> listeners;
  std::vector<ExecutionPtr> under_way;
  {
    absl::MutexLock lock(&mu_);
    another_log = !applied_.log_id.empty() && applied_.log_id != cursor.log_id;
    applied_ = cursor;
    recent_.clear();
    loading_again_ = false;
    auto end = another_log ? wakes_.end() : wakes_.lower_bound(cursor.revision.value);
    for (auto it = wakes_.begin(); it != end; ++it) wakes.push_back(std::move(it->second.second));
    wakes_.erase(wakes_.begin(), end);
    listeners = listeners_;
    for (const auto& [batch_id, x] : pending_) under_way.push_back(x);
  }
  for (Listener& listener : listeners) listener(nullptr);
  for (auto& wake : wakes) wake(another_log ? Error(Reason::LOG_CHANGED) : absl::OkStatus());
  for (const ExecutionPtr& x : under_way) {
    options_.store->Commit(x->batch, [this, x](absl::StatusOr<store::Revision> revision) {
      OnCommit(x, std::move(revision));
    });
  }
  if (!loaded_.HasBeenNotified()) loaded_.Notify();
}

void Machine::Impl::OnFeedEnd(absl::Status status) {
  if (!loaded_.HasBeenNotified()) {
    load_status_ = status.ok() ? Error(Reason::SHUTTING_DOWN) : std::move(status);
    loaded_.Notify();
    return;
  }
  if (absl::IsOutOfRange(status)) {
    LoadAgain();
    return;
  }
  // Cut off. Nothing was applied since; go on after the last batch.
  timer_->After(kRetryMost, [this] { FollowAgain(); });
}

// The log that State was made from has no future: State is made of the one that is there now.
void Machine::Impl::LoadAgain() {
  {
    absl::MutexLock lock(&mu_);
    loading_again_ = true;
  }
  // Not on the feed's own thread, which ends here.
  timer_->After(kRetryFirst, [this] {
    subscription_.reset();
    requests_.Clear();
    if (!Load().ok()) timer_->After(kRetryMost, [this] { LoadAgain(); });
  });
}

void Machine::Impl::FollowAgain() {
  store::Cursor after;
  {
    absl::MutexLock lock(&mu_);
    // In the middle of a load there is no half: it begins anew.
    if (!loading_again_) after = applied_;
  }
  subscription_.reset();
  if (after.log_id.empty()) {
    LoadAgain();
    return;
  }
  auto subscription = options_.store->Follow(after, NewFeed());
  if (subscription.ok()) {
    subscription_ = *std::move(subscription);
  } else if (absl::IsOutOfRange(subscription.status())) {
    LoadAgain();
  } else {
    timer_->After(kRetryMost, [this] { FollowAgain(); });
  }
}

void Machine::Impl::OnBatch(store::CommittedPtr batch) {
  for (const store::CommittedChange& change : batch->changes) {
    if (!absl::StartsWith(change.key, kRequestPrefix)) continue;
    if (change.value) {
      requests_.Add(change.key, *change.value);
    } else {
      requests_.Remove(change.key);
    }
  }
  if (next_state_ != nullptr) {  // Between the pages of a snapshot and its end.
    next_state_->ApplyBatch(*batch);
    return;
  }
  store::Cursor position;
  {
    absl::MutexLock lock(&state_mu_);
    state_->ApplyBatch(*batch);
    position_.revision = std::max(position_.revision, batch->revision);
    position = position_;
  }
  std::vector<absl::AnyInvocable<void(absl::Status)>> wakes;
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
  // Listeners first: whoever reads what they keep reads its own writes too.
  for (Listener& listener : listeners) listener(batch);
  ExecutionPtr own;
  if (TakePending(batch->batch_id, &own)) {
    store::Cursor at = position;
    at.revision = batch->revision;
    Finish(own, Done{std::move(own->reply), std::move(at), true});
  }
  for (auto& wake : wakes) wake(absl::OkStatus());
}

}  // namespace terrace::machine
