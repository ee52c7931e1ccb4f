#include "common/store/feed.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace terrace::store {
namespace {

CommittedPtr BatchAt(int64_t revision) {
  auto batch = std::make_shared<Committed>();
  batch->revision = {revision};
  return batch;
}

// An engine whose one page is given and whose log is nobody's business: all comes from the ring.
class OnePage : public FeedSource {
 public:
  explicit OnePage(Entry entry) : entry_(std::move(entry)) {}
  absl::StatusOr<std::vector<Entry>> SnapshotPage(const KeyRange& range) override {
    if (range.first > entry_.key) {
      read.Notify();
      return std::vector<Entry>();
    }
    return std::vector<Entry>{entry_};
  }
  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision, Revision) override {
    return absl::InternalError("not from the log");
  }
  absl::Notification read;  // To the end.

 private:
  const Entry entry_;
};

class Calls : public Sink {
 public:
  void OnSnapshotPage(std::vector<Entry>) override { Add("page"); }
  void OnSnapshotEnd(Cursor cursor) override {
    Add("end " + std::to_string(cursor.revision.value));
    ended.Notify();
  }
  void OnBatch(CommittedPtr batch) override { Add(std::to_string(batch->revision.value)); }
  void OnEnd(absl::Status) override {}
  std::vector<std::string> calls() const {
    absl::MutexLock lock(&mu_);
    return calls_;
  }
  absl::Notification ended;

 private:
  void Add(std::string call) {
    absl::MutexLock lock(&mu_);
    calls_.push_back(std::move(call));
  }
  mutable absl::Mutex mu_;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mu_);
};

// An engine makes a batch readable before it publishes it, so a page can run ahead of the feed. The
// snapshot must not end before the feed has caught up: it would claim a revision older than what it
// showed.
TEST(FeedTest, ASnapshotWaitsForWhatItsPagesHaveSeen) {
  OnePage source({"key", "of revision 2", {2}});
  Feed feed(&source, LogId(32, 'a'), LogBounds{{0}, {1}});
  auto sink = std::make_shared<Calls>();
  auto subscription = feed.Follow(absl::nullopt, sink);
  ASSERT_TRUE(subscription.ok());
  source.read.WaitForNotification();
  EXPECT_FALSE(sink->ended.WaitForNotificationWithTimeout(absl::Milliseconds(50)));
  feed.Publish({BatchAt(2)});
  sink->ended.WaitForNotification();
  EXPECT_EQ(sink->calls(), (std::vector<std::string>{"page", "2", "end 2"}));
}

TEST(FeedTest, TheRingKeepsTheLatest) {
  OnePage source({"key", "", {1}});
  Feed feed(&source, LogId(32, 'a'), LogBounds{});
  std::vector<CommittedPtr> batches;
  for (size_t i = 1; i <= kRingBatchesMax + 1; ++i) batches.push_back(BatchAt(i));
  feed.Publish(batches);
  EXPECT_EQ(batches.front().use_count(), 1) << "the oldest was let go";
  EXPECT_EQ(batches[1].use_count(), 2);
  EXPECT_EQ(feed.End().revision.value, static_cast<int64_t>(kRingBatchesMax) + 1);
}

}  // namespace
}  // namespace terrace::store
