#include <algorithm>

#include "absl/strings/match.h"
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
  if (!loaded_.HasBeenNotified()) {
    load_status_ = status.ok() ? Error(Reason::SHUTTING_DOWN) : std::move(status);
    loaded_.Notify();
    return;
  }
  // Another log than the one that State was made from: a restart loads the new one.
  TERRACE_CHECK(!absl::IsOutOfRange(status));
  // Cut off. Nothing was applied since; go on after the last batch.
  timer_->After(kRetryMost, [this] { FollowAgain(); });
}

void Machine::Impl::FollowAgain() {
  store::Cursor after;
  {
    absl::MutexLock lock(&mu_);
    after = applied_;
  }
  subscription_.reset();
  auto subscription = options_.store->Follow(after, NewFeed());
  if (subscription.ok()) {
    subscription_ = *std::move(subscription);
  } else {
    timer_->After(kRetryMost, [this] { FollowAgain(); });
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
