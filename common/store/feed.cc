#include "common/store/feed.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::store {
namespace {

size_t BytesOf(const Committed& batch) {
  size_t bytes = sizeof(Committed) + batch.header.size();
  for (const CommittedChange& change : batch.changes) {
    bytes += sizeof change + change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

absl::Status Compacted(Revision revision) {
  return Error(Reason::COMPACTED, {{"revision", absl::StrCat(revision.value)}});
}

Revision Next(Revision revision) { return {revision.value + 1}; }

}  // namespace

// Kept alive by the feed and by every subscription, so that neither needs the other to be there.
struct Feed::Shared {
  FeedSource* const source;

  mutable absl::Mutex mu;
  absl::CondVar changed;  // The log grew, a follower was stopped or has ended, the feed closes.
  LogId log_id ABSL_GUARDED_BY(mu);
  LogBounds bounds ABSL_GUARDED_BY(mu);
  // The batches up to bounds.end without a gap, as far back as the limits allow.
  std::deque<CommittedPtr> ring ABSL_GUARDED_BY(mu);
  size_t ring_bytes ABSL_GUARDED_BY(mu) = 0;
  bool closing ABSL_GUARDED_BY(mu) = false;
  int running ABSL_GUARDED_BY(mu) = 0;  // Followers whose thread may still use `source`.

  Shared(FeedSource* source, LogId log_id, LogBounds bounds)
      : source(source), log_id(std::move(log_id)), bounds(bounds) {}
};

// One subscription and its thread.
class Feed::Follower : public Subscription {
 public:
  Follower(std::shared_ptr<Shared> shared, LogId log_id, absl::optional<Revision> after,
           std::shared_ptr<Sink> sink)
      : shared_(std::move(shared)),
        log_id_(std::move(log_id)),
        sink_(std::move(sink)),
        after_(after) {
    thread_ = std::thread([this] { Run(); });
  }

  ~Follower() override {
    TERRACE_CHECK(thread_.get_id() != std::this_thread::get_id());
    {
      absl::MutexLock lock(&shared_->mu);
      stopped_ = true;
      shared_->changed.SignalAll();
    }
    thread_.join();
  }

 private:
  void Run() {
    absl::Status end = after_ ? absl::OkStatus() : DeliverSnapshot();
    if (end.ok()) end = DeliverLog(absl::nullopt);
    if (!Stopped()) sink_->OnEnd(std::move(end));
    absl::MutexLock lock(&shared_->mu);
    --shared_->running;
    shared_->changed.SignalAll();
  }

  bool Stopped() const {
    absl::MutexLock lock(&shared_->mu);
    return stopped_;
  }

  // Not OK when the following is over; whether anybody is to hear of it, Run decides.
  absl::Status CheckGoing() const {
    absl::MutexLock lock(&shared_->mu);
    return CheckGoingLocked();
  }
  absl::Status CheckGoingLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared_->mu) {
    if (stopped_) return absl::CancelledError("stopped");
    if (shared_->closing) return Error(Reason::SHUTTING_DOWN);
    if (shared_->log_id != log_id_) return Error(Reason::LOG_CHANGED);
    return absl::OkStatus();
  }

  absl::Status DeliverSnapshot() {
    {
      absl::MutexLock lock(&shared_->mu);
      after_ = shared_->bounds.end;
    }
    Revision newest = *after_;
    for (KeyRange rest;;) {
      TERRACE_RETURN_IF_ERROR(CheckGoing());
      TERRACE_ASSIGN_OR_RETURN(std::vector<Entry> page, shared_->source->SnapshotPage(rest));
      if (page.empty()) break;
      for (const Entry& entry : page) newest = std::max(newest, entry.revision);
      rest.first = page.back().key + std::string(1, '\0');
      sink_->OnSnapshotPage(std::move(page));
    }
    {
      // Pages may have held what the engine committed but did not publish yet: `newest` may lie
      // beyond the end, and is worth waiting for.
      absl::MutexLock lock(&shared_->mu);
      newest = std::max(newest, shared_->bounds.end);
    }
    TERRACE_RETURN_IF_ERROR(DeliverLog(newest));
    sink_->OnSnapshotEnd({log_id_, *after_});
    return absl::OkStatus();
  }

  // Every batch after `after_`: up to `last`, or for ever.
  absl::Status DeliverLog(absl::optional<Revision> last) {
    while (!last || *after_ < *last) {
      TERRACE_ASSIGN_OR_RETURN(std::vector<CommittedPtr> batches, NextBatches(last));
      for (CommittedPtr& batch : batches) {
        TERRACE_RETURN_IF_ERROR(CheckGoing());
        TERRACE_CHECK(batch->revision == Next(*after_));
        after_ = batch->revision;
        sink_->OnBatch(std::move(batch));
      }
    }
    return absl::OkStatus();
  }

  // Waits until there is something after `after_`; from the ring if it reaches back so far.
  absl::StatusOr<std::vector<CommittedPtr>> NextBatches(absl::optional<Revision> last) {
    const Revision next = Next(*after_);
    Revision to;
    {
      absl::MutexLock lock(&shared_->mu);
      while (CheckGoingLocked().ok() && shared_->bounds.end < next) {
        shared_->changed.Wait(&shared_->mu);
      }
      TERRACE_RETURN_IF_ERROR(CheckGoingLocked());
      to = last ? std::min(*last, shared_->bounds.end) : shared_->bounds.end;
      const std::deque<CommittedPtr>& ring = shared_->ring;
      if (!ring.empty() && ring.front()->revision <= next) {
        const int64_t first = next.value - ring.front()->revision.value;
        const int64_t count = std::min<int64_t>(to.value - next.value + 1, kPageBatchesMax);
        return std::vector<CommittedPtr>(ring.begin() + first, ring.begin() + first + count);
      }
      if (next <= shared_->bounds.compacted) return Compacted(shared_->bounds.compacted);
    }
    return shared_->source->LogPage(next, to);
  }

  const std::shared_ptr<Shared> shared_;
  const LogId log_id_;
  const std::shared_ptr<Sink> sink_;
  absl::optional<Revision> after_;  // The last batch delivered; this follower's thread alone.
  bool stopped_ ABSL_GUARDED_BY(shared_->mu) = false;
  std::thread thread_;
};

Feed::Feed(FeedSource* source, LogId log_id, LogBounds bounds)
    : shared_(std::make_shared<Shared>(source, std::move(log_id), bounds)) {}

Feed::~Feed() {
  absl::MutexLock lock(&shared_->mu);
  shared_->closing = true;
  shared_->changed.SignalAll();
  while (shared_->running > 0) shared_->changed.Wait(&shared_->mu);
}

void Feed::Publish(absl::Span<const CommittedPtr> batches) {
  if (batches.empty()) return;
  std::vector<CommittedPtr> dropped;  // Freed outside the lock.
  absl::MutexLock lock(&shared_->mu);
  for (const CommittedPtr& batch : batches) {
    TERRACE_CHECK(batch->revision == Next(shared_->bounds.end));
    shared_->bounds.end = batch->revision;
    shared_->ring.push_back(batch);
    shared_->ring_bytes += BytesOf(*batch);
  }
  while (shared_->ring.size() > 1 &&
         (shared_->ring.size() > kRingBatchesMax || shared_->ring_bytes > kRingBytesMax)) {
    shared_->ring_bytes -= BytesOf(*shared_->ring.front());
    dropped.push_back(std::move(shared_->ring.front()));
    shared_->ring.pop_front();
  }
  shared_->changed.SignalAll();
}

void Feed::SetCompacted(Revision revision) {
  absl::MutexLock lock(&shared_->mu);
  shared_->bounds.compacted = std::max(shared_->bounds.compacted, revision);
}

void Feed::Restart(const LogId& log_id, LogBounds bounds) {
  absl::MutexLock lock(&shared_->mu);
  shared_->log_id = log_id;
  shared_->bounds = bounds;
  shared_->ring.clear();
  shared_->ring_bytes = 0;
  shared_->changed.SignalAll();
}

Cursor Feed::End() const {
  absl::MutexLock lock(&shared_->mu);
  return {shared_->log_id, shared_->bounds.end};
}

LogBounds Feed::bounds() const {
  absl::MutexLock lock(&shared_->mu);
  return shared_->bounds;
}

absl::StatusOr<std::unique_ptr<Subscription>> Feed::Follow(absl::optional<Cursor> after,
                                                           std::shared_ptr<Sink> sink) {
  absl::optional<Revision> from;
  LogId log_id;
  {
    absl::MutexLock lock(&shared_->mu);
    if (after) {
      // A position beyond the end belongs to a future that this log does not have.
      if (after->log_id != shared_->log_id || after->revision > shared_->bounds.end ||
          after->revision < Revision{0}) {
        return Error(Reason::LOG_CHANGED);
      }
      if (after->revision < shared_->bounds.compacted) return Compacted(shared_->bounds.compacted);
      from = after->revision;
    }
    log_id = shared_->log_id;
    ++shared_->running;
  }
  return std::make_unique<Follower>(shared_, std::move(log_id), from, std::move(sink));
}

}  // namespace terrace::store
