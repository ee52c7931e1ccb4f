// What Follow promises.
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "tests/store/conformance.h"

namespace terrace::store {
namespace {

// A recorder and its subscription. The recorder is let go before the subscription ends, so that a
// failed expectation does not leave a sink blocked for ever.
struct Following {
  std::shared_ptr<Recorder> recorder;
  std::unique_ptr<Subscription> subscription;
  ~Following() { recorder->Unblock(); }
};

std::unique_ptr<Following> Follow(Store& store, absl::optional<Cursor> after = absl::nullopt,
                                  bool blocked = false) {
  auto following = std::make_unique<Following>();
  following->recorder = std::make_shared<Recorder>(after);
  if (blocked) following->recorder->Block();
  auto subscription = store.Follow(after, following->recorder);
  EXPECT_TRUE(subscription.ok()) << subscription.status();
  if (subscription.ok()) following->subscription = *std::move(subscription);
  return following;
}

void CommitMany(Store& store, int count, const std::string& value = "v") {
  std::atomic<int> failed{0};
  absl::BlockingCounter waiting(count);
  for (int i = 0; i < count; ++i) {
    store.Commit(MakeBatch({Set(absl::StrCat("key", i), value)}), [&](auto answer) {
      if (!answer.ok()) ++failed;
      waiting.DecrementCount();
    });
  }
  waiting.Wait();
  ASSERT_EQ(failed, 0);
}

// More than any engine keeps in memory for its followers, so that laggards go to the log.
void CommitMuch(Store& store) {
  for (int i = 0; i < 24; ++i) CommitMany(store, 1, std::string(900'000, 'x'));
}

TEST_P(StoreConformance, ASnapshotOfNothing) {
  auto store = Open();
  auto following = Follow(*store);
  ASSERT_TRUE(following->recorder->WaitForSnapshot());
  EXPECT_EQ(following->recorder->snapshot_end(), *store->End());
  EXPECT_EQ(following->recorder->pages(), 0);
}

TEST_P(StoreConformance, ASnapshotIsTheLiveKeys) {
  auto store = Open();
  constexpr int kBatches = 24;
  for (int i = 0; i < kBatches; ++i) {
    std::vector<Change> changes;
    for (int j = 0; j < 500; ++j) changes.push_back(Set(absl::StrFormat("k%d/%d", j, i), "v"));
    ASSERT_TRUE(Commit(*store, MakeBatch(changes)).ok());
  }
  ASSERT_TRUE(Commit(*store, MakeBatch({Delete("k7/7"), Set("k8/8", "changed")})).ok());
  auto following = Follow(*store);
  ASSERT_TRUE(following->recorder->WaitForSnapshot());
  EXPECT_EQ(following->recorder->snapshot_end(), *store->End());
  EXPECT_TRUE(following->recorder->batches().empty());
  EXPECT_EQ(following->recorder->Live(), AllEntries(*store));
  EXPECT_GT(following->recorder->pages(), 1);
}

TEST_P(StoreConformance, AfterTheSnapshotEveryBatch) {
  auto store = Open();
  CommitMany(*store, 5);
  auto following = Follow(*store);
  ASSERT_TRUE(following->recorder->WaitForSnapshot());
  CommitMany(*store, 5, "w");
  ASSERT_TRUE(following->recorder->WaitForRevision({10}));
  EXPECT_EQ(following->recorder->Live(), AllEntries(*store));
  EXPECT_EQ(following->recorder->batches().size(), 5u);
}

TEST_P(StoreConformance, FromACursorEveryLaterBatch) {
  auto store = Open();
  CommitMany(*store, 30);
  const LogId log_id = store->End()->log_id;
  for (int64_t after : {0, 1, 15, 29, 30}) {
    auto following = Follow(*store, Cursor{log_id, {after}});
    ASSERT_TRUE(following->recorder->WaitForRevision({30}));
    EXPECT_EQ(following->recorder->batches().size(), static_cast<size_t>(30 - after));
  }
}

// The feed hands out what the log holds, to the byte.
TEST_P(StoreConformance, TheFeedAndTheLogAreTheSame) {
  auto store = Open();
  auto following = Follow(*store, *store->End());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", absl::StrCat(i)), Delete("b")})).ok());
  }
  ASSERT_TRUE(following->recorder->WaitForRevision({50}));
  const auto fed = following->recorder->batches();
  const auto log = WholeLog(*store);
  ASSERT_EQ(fed.size(), log.size());
  for (size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(fed[i]->batch_id, log[i]->batch_id);
    EXPECT_EQ(fed[i]->header, log[i]->header);
    EXPECT_EQ(fed[i]->commit_time, log[i]->commit_time);
    EXPECT_EQ(fed[i]->leaf, log[i]->leaf);
    ASSERT_EQ(fed[i]->changes.size(), log[i]->changes.size());
    for (size_t j = 0; j < log[i]->changes.size(); ++j) {
      EXPECT_EQ(fed[i]->changes[j].key, log[i]->changes[j].key);
      EXPECT_EQ(fed[i]->changes[j].value, log[i]->changes[j].value);
      EXPECT_EQ(fed[i]->changes[j].salt, log[i]->changes[j].salt);
    }
  }
}

TEST_P(StoreConformance, AnAcknowledgedBatchReachesAnIdleFollower) {
  auto store = Open();
  auto following = Follow(*store, *store->End());
  for (int i = 1; i <= 20; ++i) {
    const Revision revision = *Commit(*store, MakeBatch({}));
    ASSERT_TRUE(following->recorder->WaitForRevision(revision));
  }
}

TEST_P(StoreConformance, CursorsOfAnotherLogAreRefused) {
  auto store = Open();
  CommitMany(*store, 3);
  Cursor cursor = *store->End();
  cursor.revision.value += 1;  // A future that this log does not have.
  EXPECT_TRUE(HasReason(store->Follow(cursor, std::make_shared<Recorder>(cursor)).status(),
                        Reason::LOG_CHANGED));
  cursor = {std::string(32, '0'), {1}};
  const auto answer = store->Follow(cursor, std::make_shared<Recorder>(cursor));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(HasReason(answer.status(), Reason::LOG_CHANGED));
  cursor = {store->End()->log_id, {-1}};
  EXPECT_TRUE(HasReason(store->Follow(cursor, std::make_shared<Recorder>(cursor)).status(),
                        Reason::LOG_CHANGED));
}

TEST_P(StoreConformance, ASlowFollowerDelaysNobody) {
  auto store = Open();
  auto slow = Follow(*store, *store->End(), /*blocked=*/true);
  auto fast = Follow(*store, *store->End());
  CommitMany(*store, 1);
  ASSERT_TRUE(slow->recorder->WaitUntilBlocked());
  ASSERT_NO_FATAL_FAILURE(CommitMuch(*store));
  const Revision end = store->End()->revision;
  ASSERT_TRUE(fast->recorder->WaitForRevision(end));
  EXPECT_TRUE(slow->recorder->batches().empty());
  // And it gets everything all the same.
  slow->recorder->Unblock();
  ASSERT_TRUE(slow->recorder->WaitForRevision(end));
  EXPECT_EQ(slow->recorder->batches().size(), static_cast<size_t>(end.value));
}

TEST_P(StoreConformance, ADestroyedSubscriptionIsSilent) {
  auto store = Open();
  for (int round = 0; round < 20; ++round) {
    auto following = Follow(*store);
    std::thread writer([&] { CommitMany(*store, 20); });
    following->subscription.reset();
    const size_t seen = following->recorder->batches().size();
    writer.join();
    EXPECT_EQ(following->recorder->batches().size(), seen);
    EXPECT_FALSE(following->recorder->end()) << "OnEnd although nobody listens any more";
  }
}

TEST_P(StoreConformance, DestroyingASubscriptionWaitsForTheRunningCall) {
  auto store = Open();
  auto following = Follow(*store, *store->End(), /*blocked=*/true);
  CommitMany(*store, 1);
  ASSERT_TRUE(following->recorder->WaitUntilBlocked());
  std::atomic<bool> destroyed{false};
  std::thread destroyer([&] {
    following->subscription.reset();
    destroyed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(destroyed);
  following->recorder->Unblock();
  destroyer.join();
  EXPECT_EQ(following->recorder->batches().size(), 1u);
}

TEST_P(StoreConformance, DestroyingTheStoreEndsFollowing) {
  auto store = Open();
  auto current = Follow(*store);
  ASSERT_TRUE(current->recorder->WaitForSnapshot());
  store.reset();
  ASSERT_TRUE(current->recorder->end().has_value());
  EXPECT_TRUE(HasReason(*current->recorder->end(), Reason::SHUTTING_DOWN));
}

TEST_P(StoreConformance, AFollowerOvertakenByCompactionIsTold) {
  auto store = Open();
  auto following = Follow(*store, *store->End(), /*blocked=*/true);
  CommitMany(*store, 1);
  ASSERT_TRUE(following->recorder->WaitUntilBlocked());
  ASSERT_NO_FATAL_FAILURE(CommitMuch(*store));
  ASSERT_TRUE(store->Compact(store->End()->revision).ok());
  following->recorder->Unblock();
  ASSERT_TRUE(following->recorder->WaitForEnd());
  EXPECT_EQ(following->recorder->end()->code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(HasReason(*following->recorder->end(), Reason::COMPACTED));
}

// Writers change, delete and make keys at random while followers start at random moments: each must
// end with exactly the keys of the store, and the same as who replays the log from revision 1.
TEST_P(StoreConformance, SnapshotsWhileWriting) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  auto store = Open();
  const Cursor start = *store->End();
  std::vector<Change> base;
  for (int i = 0; i < 1000; ++i) base.push_back(Set(absl::StrCat("k", i), std::string(3000, 'b')));
  for (int i = 0; i < 1000; i += 250) {
    ASSERT_TRUE(Commit(*store, MakeBatch({base.begin() + i, base.begin() + i + 250})).ok());
  }

  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (uint32_t w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      std::mt19937 random(seed + w);
      for (int i = 0; !stop; ++i) {
        std::map<std::string, Change> changes;
        for (uint32_t j = random() % 8 + 1; j > 0; --j) {
          const std::string key = absl::StrCat("k", random() % 1500);
          changes[key] = random() % 3 == 0 ? Delete(key) : Set(key, absl::StrCat(w, ":", i));
        }
        Batch batch = MakeBatch({});
        for (auto& [key, change] : changes) batch.changes.push_back(change);
        ASSERT_TRUE(Commit(*store, batch).ok());
      }
    });
  }
  std::vector<std::unique_ptr<Following>> followers;
  std::mt19937 random(seed);
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
    followers.push_back(Follow(*store));
  }
  for (const auto& following : followers) {
    EXPECT_TRUE(following->recorder->WaitForSnapshot());
  }
  followers.push_back(Follow(*store, start));
  stop = true;
  for (std::thread& writer : writers) writer.join();

  const Revision end = store->End()->revision;
  const auto entries = AllEntries(*store);
  for (const auto& following : followers) {
    ASSERT_TRUE(following->recorder->WaitForRevision(end));
    EXPECT_EQ(following->recorder->Live(), entries);
  }
  ExpectSoundLog(*store, start.log_id);
}

}  // namespace
}  // namespace terrace::store
