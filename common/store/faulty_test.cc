#include "common/store/faulty.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"

namespace terrace::store {
namespace {

std::unique_ptr<FaultyStore> Faulty(const FaultPlan& plan) {
  return MakeFaulty(*OpenStore({"memory:", "faulty"}), plan);
}

absl::StatusOr<Revision> Commit(Store& store, Batch batch) {
  absl::StatusOr<Revision> answer;
  absl::Notification done;
  store.Commit(std::move(batch), [&](absl::StatusOr<Revision> given) {
    answer = std::move(given);
    done.Notify();
  });
  done.WaitForNotification();
  return answer;
}

Batch NewBatch() { return {NewBatchId(), "", {}, {{"key", "value"}}}; }

TEST(FaultyStoreTest, WithoutFaultsItIsTheStore) {
  auto store = Faulty({});
  EXPECT_EQ(Commit(*store, NewBatch())->value, 1);
  EXPECT_EQ(store->End()->revision.value, 1);
}

TEST(FaultyStoreTest, EveryKindOfCommitFaultIsWhatItSays) {
  auto store = Faulty({.seed = 1,
                       .commit_refused = 0.2,
                       .commit_lost = 0.2,
                       .commit_reply_lost = 0.2,
                       .late = 0.3,
                       .late_max = absl::Milliseconds(2)});
  int stored = 0;
  int refused = 0;
  int unknown = 0;
  for (int i = 0; i < 300; ++i) {
    const auto answer = Commit(*store, NewBatch());
    stored += answer.ok();
    refused += HasReason(answer.status(), Reason::OVERLOADED);
    unknown += HasReason(answer.status(), Reason::OUTCOME_UNKNOWN);
  }
  const FaultCounts counts = store->counts();
  EXPECT_EQ(stored + refused + unknown, 300);
  EXPECT_EQ(counts.commits_refused, refused);
  EXPECT_EQ(counts.commits_lost + counts.commit_replies_lost, unknown);
  EXPECT_EQ(store->End()->revision.value, stored + counts.commit_replies_lost);
  for (int count :
       {counts.commits_refused, counts.commits_lost, counts.commit_replies_lost, counts.late}) {
    EXPECT_GT(count, 20);
  }
  store->Heal();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Commit(*store, NewBatch()).ok());
}

// The cure that the contract names: commit again under the same id until the answer is clear.
TEST(FaultyStoreTest, CommittingAgainResolvesEveryUnknownOutcome) {
  auto store =
      Faulty({.seed = 7, .commit_refused = 0.2, .commit_lost = 0.3, .commit_reply_lost = 0.3});
  for (int i = 1; i <= 100; ++i) {
    const Batch batch = NewBatch();
    for (;;) {
      const auto answer = Commit(*store, batch);
      if (answer.ok() || HasReason(answer.status(), Reason::BATCH_STORED)) break;
    }
    ASSERT_EQ(store->End()->revision.value, i);
  }
}

TEST(FaultyStoreTest, TheSeedDecides) {
  const auto outcomes = [](uint64_t seed) {
    auto store = Faulty({.seed = seed, .commit_refused = 0.5});
    std::string out;
    for (int i = 0; i < 64; ++i) out += Commit(*store, NewBatch()).ok() ? '+' : '-';
    return out;
  };
  EXPECT_EQ(outcomes(3), outcomes(3));
  EXPECT_NE(outcomes(3), outcomes(4));
}

TEST(FaultyStoreTest, ReadsFail) {
  auto store = Faulty({.read_failed = 1});
  absl::BlockingCounter waiting(3);
  const auto expect_failed = [&](const auto& answer) {
    EXPECT_TRUE(HasReason(answer.status(), Reason::STORE_UNREADABLE));
    waiting.DecrementCount();
  };
  store->Read({}, expect_failed);
  store->Scan({}, 1, expect_failed);
  store->ReadLog({1}, {1}, expect_failed);
  waiting.Wait();
}

class CountingSink : public Sink {
 public:
  void OnSnapshotPage(std::vector<Entry>) override {}
  void OnSnapshotEnd(Cursor) override {}
  void OnBatch(CommittedPtr) override {
    EXPECT_FALSE(ended.HasBeenNotified());
    ++batches;
  }
  void OnEnd(absl::Status status) override {
    EXPECT_TRUE(HasReason(status, Reason::STORE_UNREADABLE));
    ended.Notify();
  }
  std::atomic<int> batches{0};
  absl::Notification ended;
};

TEST(FaultyStoreTest, FollowersAreCutOffOnce) {
  auto store = Faulty({.seed = 5, .follow_cut = 0.1});
  auto sink = std::make_shared<CountingSink>();
  auto subscription = store->Follow(*store->End(), sink);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(Commit(*store, NewBatch()).ok());
  sink->ended.WaitForNotification();
  subscription->reset();
  EXPECT_LT(sink->batches, 200);
  EXPECT_EQ(store->counts().follows_cut, 1);
}

TEST(FaultyStoreTest, DestroyingItAnswersWhatIsLate) {
  std::atomic<int> answers{0};
  {
    auto store = Faulty({.commit_lost = 0.5, .late = 1, .late_max = absl::Hours(1)});
    for (int i = 0; i < 100; ++i) store->Commit(NewBatch(), [&](auto) { ++answers; });
  }
  EXPECT_EQ(answers, 100);
}

}  // namespace
}  // namespace terrace::store
