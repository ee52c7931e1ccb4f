#include "tests/store/recorder.h"

#include <gtest/gtest.h>

#include <utility>

namespace terrace::store {

Recorder::Recorder(absl::optional<Cursor> after) : expect_snapshot_(!after) {
  if (after) last_ = after->revision;
}

void Recorder::StartCall() {
  absl::MutexLock lock(&mu_);
  EXPECT_FALSE(in_call_) << "two calls to a sink at once";
  EXPECT_FALSE(end_) << "a call after OnEnd";
  in_call_ = true;
  blocked_ = blocking_;
  const auto free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !blocking_; };
  mu_.Await(absl::Condition(&free));
  blocked_ = false;
}

void Recorder::OnSnapshotPage(std::vector<Entry> entries) {
  StartCall();
  absl::MutexLock lock(&mu_);
  EXPECT_TRUE(expect_snapshot_) << "a page that nobody asked for";
  EXPECT_TRUE(batches_.empty()) << "a page after a batch";
  EXPECT_FALSE(entries.empty());
  for (const Entry& entry : entries) {
    EXPECT_GT(entry.key, last_key_) << "pages out of key order";
    last_key_ = entry.key;
    EXPECT_GT(entry.revision, Revision{0});
    Cell& cell = cells_[entry.key];
    cell = {entry.value, entry.revision};
  }
  ++pages_;
  in_call_ = false;
}

void Recorder::OnSnapshotEnd(Cursor cursor) {
  StartCall();
  absl::MutexLock lock(&mu_);
  EXPECT_TRUE(expect_snapshot_);
  EXPECT_FALSE(snapshot_end_) << "two ends of one snapshot";
  if (last_) {
    EXPECT_EQ(cursor.revision, *last_) << "the snapshot ends elsewhere than its batches";
  }
  for (const auto& [key, cell] : cells_) {
    EXPECT_LE(cell.revision, cursor.revision) << "an entry of the future";
  }
  last_ = cursor.revision;
  snapshot_end_ = std::move(cursor);
  in_call_ = false;
}

void Recorder::OnBatch(CommittedPtr batch) {
  StartCall();
  absl::MutexLock lock(&mu_);
  if (last_) {
    EXPECT_EQ(batch->revision.value, last_->value + 1) << "a gap or a repetition";
  }
  last_ = batch->revision;
  for (const CommittedChange& change : batch->changes) {
    Cell& cell = cells_[change.key];
    if (batch->revision > cell.revision) cell = {change.value, batch->revision};
  }
  batches_.push_back(std::move(batch));
  in_call_ = false;
}

void Recorder::OnEnd(absl::Status status) {
  StartCall();
  absl::MutexLock lock(&mu_);
  EXPECT_FALSE(status.ok());
  end_ = std::move(status);
  in_call_ = false;
}

void Recorder::Block() {
  absl::MutexLock lock(&mu_);
  blocking_ = true;
}

void Recorder::Unblock() {
  absl::MutexLock lock(&mu_);
  blocking_ = false;
}

bool Recorder::WaitUntilBlocked() const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&blocked_), kPatience);
}

bool Recorder::WaitForSnapshot() const {
  absl::MutexLock lock(&mu_);
  const auto there = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return snapshot_end_.has_value(); };
  return mu_.AwaitWithTimeout(absl::Condition(&there), kPatience);
}

bool Recorder::WaitForRevision(Revision revision) const {
  absl::MutexLock lock(&mu_);
  const auto there = [this, revision]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return last_ && *last_ >= revision && (!expect_snapshot_ || snapshot_end_);
  };
  return mu_.AwaitWithTimeout(absl::Condition(&there), kPatience);
}

bool Recorder::WaitForEnd() const {
  absl::MutexLock lock(&mu_);
  const auto there = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return end_.has_value(); };
  return mu_.AwaitWithTimeout(absl::Condition(&there), kPatience);
}

std::map<std::string, Entry> Recorder::Live() const {
  absl::MutexLock lock(&mu_);
  std::map<std::string, Entry> live;
  for (const auto& [key, cell] : cells_) {
    if (cell.value) live[key] = {key, *cell.value, cell.revision};
  }
  return live;
}

std::vector<CommittedPtr> Recorder::batches() const {
  absl::MutexLock lock(&mu_);
  return batches_;
}

absl::optional<Cursor> Recorder::snapshot_end() const {
  absl::MutexLock lock(&mu_);
  return snapshot_end_;
}

absl::optional<absl::Status> Recorder::end() const {
  absl::MutexLock lock(&mu_);
  return end_;
}

int Recorder::pages() const {
  absl::MutexLock lock(&mu_);
  return pages_;
}

}  // namespace terrace::store
