#include "common/store/local_store.h"

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/store/batch_check.h"

namespace terrace::store {
namespace {

// Enough to keep a slow page from holding up a short read; the disk and the cores are shared
// anyway.
constexpr int kReaderThreads = 2;

class LocalStore : public Store {
 public:
  explicit LocalStore(std::unique_ptr<Backend> backend)
      : backend_(std::move(backend)),
        feed_(std::make_unique<Feed>(backend_.get(), backend_->log_id(), backend_->bounds())),
        readers_(std::make_unique<Executor>(kReaderThreads)) {
    backend_->Start(feed_.get());
    writer_ = std::thread([this] { Write(); });
  }

  ~LocalStore() override {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      wake_.Signal();
    }
    writer_.join();
    readers_.reset();  // Answers what waits.
    backend_->Stop();
    feed_.reset();
  }

  void Commit(Batch batch, CommitDone done) override {
    absl::Status refused = CheckBatch(batch);
    if (!refused.ok()) batch = Batch();
    const size_t bytes = BatchBytes(batch);
    absl::MutexLock lock(&mu_);
    if (refused.ok() &&
        (queue_.size() >= kCommitQueueBatchesMax || queue_bytes_ + bytes > kCommitQueueBytesMax)) {
      refused = Error(Reason::OVERLOADED, {{"seconds", "1"}});
      batch = Batch();
    }
    // Refusals wait their turn too: `done` never runs inside this call.
    if (refused.ok()) queue_bytes_ += bytes;
    queue_.push_back(
        {std::move(batch), refused.ok() ? bytes : 0, std::move(refused), std::move(done)});
    wake_.Signal();
  }

  absl::StatusOr<std::unique_ptr<Subscription>> Follow(absl::optional<Cursor> after,
                                                       std::shared_ptr<Sink> sink) override {
    auto subscription = feed_->Follow(std::move(after), std::move(sink));
    if (subscription.ok()) backend_->OnFollow(feed_->End().log_id);
    return subscription;
  }

  void Read(absl::Span<const std::string> keys, ReadDone done) override {
    absl::Status refused = CheckReadKeys(keys);
    std::vector<std::string> copy;
    if (refused.ok()) copy.assign(keys.begin(), keys.end());
    PostRead(std::move(refused), std::move(done),
             [this, copy = std::move(copy)] { return backend_->Read(copy); });
  }

  void Scan(KeyRange range, int limit, ScanDone done) override {
    PostRead(CheckScanLimit(limit), std::move(done),
             [this, range = std::move(range), limit] { return backend_->Scan(range, limit); });
  }

  void ReadLog(Revision from, Revision to, LogDone done) override {
    PostRead(absl::OkStatus(), std::move(done), [this, from, to] { return LogPage(from, to); });
  }

  absl::Status Compact(Revision revision) override {
    const LogBounds bounds = feed_->bounds();
    if (revision <= bounds.compacted) return absl::OkStatus();
    if (revision > bounds.end) {
      return Error(Reason::NUMBER_OUT_OF_RANGE,
                   {{"value", absl::StrCat(revision.value)},
                    {"field", "revision"},
                    {"range", absl::StrCat("1 to ", bounds.end.value)}});
    }
    Compaction compaction{revision};
    {
      absl::MutexLock lock(&mu_);
      compactions_.push_back(&compaction);
      wake_.Signal();
    }
    compaction.done.WaitForNotification();
    return compaction.status;
  }

  absl::StatusOr<Cursor> End() override { return feed_->End(); }
  bool shared() const override { return backend_->shared(); }
  absl::StatusOr<Cursor> CatchUp() override {
    return backend_->shared() ? backend_->CatchUp() : feed_->End();
  }

 private:
  struct Waiting {
    Batch batch;
    size_t bytes;
    absl::Status refused;  // The answer, if it is known without asking the backend.
    CommitDone done;
  };
  struct Compaction {
    Revision revision;
    absl::Status status;
    absl::Notification done;
    explicit Compaction(Revision revision) : revision(revision) {}
  };

  // Runs `read` on a reader thread and hands its answer to `done`.
  template <typename Done, typename Work>
  void PostRead(absl::Status refused, Done done, Work read) {
    if (refused.ok() && reads_waiting_.load(std::memory_order_relaxed) >= kReadQueueMax) {
      refused = Error(Reason::OVERLOADED, {{"seconds", "1"}});
    }
    reads_waiting_.fetch_add(1, std::memory_order_relaxed);
    readers_->Post([this, refused = std::move(refused), done = std::move(done),
                    read = std::move(read)]() mutable {
      reads_waiting_.fetch_sub(1, std::memory_order_relaxed);
      if (!refused.ok()) return done(std::move(refused));
      done(read());
    });
  }

  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to) {
    const LogBounds bounds = feed_->bounds();
    from = std::max(from, Revision{1});
    // Only what was published: a batch is not to be seen here before its followers may have it.
    to = std::min(to, bounds.end);
    if (from <= bounds.compacted) {
      return Error(Reason::COMPACTED, {{"revision", absl::StrCat(bounds.compacted.value)}});
    }
    if (from > to) return std::vector<CommittedPtr>();
    return backend_->LogPage(from, to);
  }

  void Write() {
    for (;;) {
      std::vector<Waiting> group;
      Compaction* compaction = nullptr;
      {
        absl::MutexLock lock(&mu_);
        while (!stopping_ && queue_.empty() && compactions_.empty()) wake_.Wait(&mu_);
        if (stopping_) break;
        group = TakeGroup();
        if (!compactions_.empty()) compaction = compactions_.front();
      }
      if (!group.empty()) WriteGroup(std::move(group));
      if (compaction != nullptr) CompactSome(compaction);
      backend_->Maintain();
    }
    RefuseTheRest();
  }

  std::vector<Waiting> TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::vector<Waiting> group;
    size_t bytes = 0;
    while (!queue_.empty() && group.size() < kGroupBatchesMax &&
           (group.empty() || bytes + queue_.front().bytes <= kGroupBytesMax)) {
      bytes += queue_.front().bytes;
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    queue_bytes_ -= bytes;
    return group;
  }

  void WriteGroup(std::vector<Waiting> group) {
    std::vector<Batch> batches;
    for (Waiting& waiting : group) {
      if (waiting.refused.ok()) batches.push_back(std::move(waiting.batch));
    }
    const size_t count = batches.size();
    std::vector<absl::StatusOr<CommittedPtr>> answers;
    if (count > 0) answers = backend_->CommitGroup(std::move(batches));
    TERRACE_CHECK(answers.size() == count);
    std::vector<CommittedPtr> committed;
    for (const auto& answer : answers) {
      if (answer.ok()) committed.push_back(*answer);
    }
    // Followers first: they are not held up by what the callers do with their answers.
    if (!committed.empty()) backend_->Publish(feed_.get(), committed);
    size_t next = 0;
    for (Waiting& waiting : group) {
      if (!waiting.refused.ok()) {
        waiting.done(std::move(waiting.refused));
        continue;
      }
      const absl::StatusOr<CommittedPtr>& answer = answers[next++];
      if (answer.ok()) {
        waiting.done((*answer)->revision);
      } else {
        waiting.done(answer.status());
      }
    }
  }

  void CompactSome(Compaction* compaction) {
    absl::StatusOr<bool> finished = backend_->CompactSlice(compaction->revision);
    if (finished.ok()) feed_->SetCompacted(compaction->revision);
    if (finished.ok() && !*finished) return;
    compaction->status = finished.status();
    {
      absl::MutexLock lock(&mu_);
      compactions_.pop_front();
    }
    compaction->done.Notify();
  }

  void RefuseTheRest() {
    std::deque<Waiting> queue;
    std::deque<Compaction*> compactions;
    {
      absl::MutexLock lock(&mu_);
      queue.swap(queue_);
      compactions.swap(compactions_);
    }
    for (Waiting& waiting : queue) {
      waiting.done(waiting.refused.ok() ? Error(Reason::SHUTTING_DOWN) : waiting.refused);
    }
    for (Compaction* compaction : compactions) {
      compaction->status = Error(Reason::SHUTTING_DOWN);
      compaction->done.Notify();
    }
  }

  const std::unique_ptr<Backend> backend_;
  std::unique_ptr<Feed> feed_;
  std::unique_ptr<Executor> readers_;
  std::atomic<size_t> reads_waiting_{0};

  absl::Mutex mu_;
  absl::CondVar wake_;  // Of the writer.
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mu_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<Compaction*> compactions_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::thread writer_;
};

}  // namespace

std::unique_ptr<Store> MakeLocalStore(std::unique_ptr<Backend> backend) {
  return std::make_unique<LocalStore>(std::move(backend));
}

}  // namespace terrace::store
