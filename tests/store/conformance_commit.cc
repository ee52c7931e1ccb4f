// What Commit promises: atomicity, guards, order, ids, limits, times.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "tests/store/conformance.h"

namespace terrace::store {
namespace {

bool IsInvalid(const absl::StatusOr<Revision>& answer) {
  return answer.status().code() == absl::StatusCode::kInvalidArgument;
}

std::vector<Change> ManyChanges(size_t count) {
  std::vector<Change> changes;
  for (size_t i = 0; i < count; ++i) changes.push_back(Set(absl::StrCat("key", i), "v"));
  return changes;
}

// A batch that counts exactly `bytes` against kBatchBytesMax.
Batch BatchOfBytes(size_t bytes) {
  Batch batch = MakeBatch({Set("k", "")});
  *batch.changes[0].value = std::string(bytes - batch.header.size() - 1, 'x');
  return batch;
}

// A service whose clock is ahead dates nothing in the store's future.
TEST_P(StoreConformance, ABatchIsRefusedBeforeItsTime) {
  auto store = Open();
  Batch late = MakeBatch({Set("a", "1")});
  late.not_before = absl::Now() + absl::Hours(1);
  const auto refused = Commit(*store, late);
  EXPECT_TRUE(HasReason(refused.status(), Reason::CLOCK_SKEW)) << refused.status();
  EXPECT_EQ(store->End()->revision, Revision{0});
  late.not_before = absl::Now() - absl::Seconds(1);
  EXPECT_TRUE(Commit(*store, late).ok());
}

TEST_P(StoreConformance, RevisionsCountFromOneWithoutGaps) {
  auto store = Open();
  EXPECT_EQ(store->End()->revision.value, 0);
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(Commit(*store, MakeBatch({Set("key", absl::StrCat(i))}))->value, i);
    // What is refused takes no number.
    EXPECT_FALSE(Commit(*store, MakeBatch({Set("key", "no")}, {{"key", {0}}})).ok());
    EXPECT_EQ(store->End()->revision.value, i);
  }
}

TEST_P(StoreConformance, ABatchHappensCompletely) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "1"), Set("b", "1"), Set("c", "1")})).ok());
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("d", "2"), Delete("b"), Set("a", "2")})).ok());
  const std::map<std::string, Entry> expected = {
      {"a", {"a", "2", {2}}}, {"c", {"c", "1", {1}}}, {"d", {"d", "2", {2}}}};
  EXPECT_EQ(AllEntries(*store), expected);
}

TEST_P(StoreConformance, ABatchThatFailsLeavesNothing) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "1")})).ok());
  const auto before = AllEntries(*store);
  // The last of many guards fails; nothing of the batch may be seen.
  const auto answer = Commit(*store, MakeBatch({Set("a", "2"), Set("b", "2"), Delete("a2")},
                                               {{"a", {1}}, {"b", {0}}, {"c", {7}}}));
  EXPECT_EQ(FailedGuard(answer.status()), "c");
  EXPECT_EQ(AllEntries(*store), before);
  EXPECT_EQ(WholeLog(*store).size(), 1u);
}

TEST_P(StoreConformance, AGuardComparesTheRevisionOfTheLastChange) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "1")})).ok());
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("b", "2")})).ok());
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "3")}, {{"a", {1}}, {"b", {2}}})).ok());
  for (int64_t wrong : {0, 1, 2, 4}) {
    const auto answer = Commit(*store, MakeBatch({Set("x", "")}, {{"a", {wrong}}}));
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kAborted);
    EXPECT_TRUE(HasReason(answer.status(), Reason::CONFLICT));
    EXPECT_EQ(FailedGuard(answer.status()), "a") << wrong;
  }
  EXPECT_TRUE(Commit(*store, MakeBatch({Set("x", "")}, {{"a", {3}}})).ok());
  // A change to the same value is a change.
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("b", "2")})).ok());
  EXPECT_EQ(FailedGuard(Commit(*store, MakeBatch({}, {{"b", {2}}})).status()), "b");
}

TEST_P(StoreConformance, AGuardOfZeroAsksForAbsence) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "1")}, {{"a", {0}}})).ok());
  EXPECT_EQ(FailedGuard(Commit(*store, MakeBatch({}, {{"a", {0}}})).status()), "a");
  // Deleted is absent, and the revision of the deletion is no revision of the key.
  ASSERT_TRUE(Commit(*store, MakeBatch({Delete("a")}, {{"a", {1}}})).ok());
  EXPECT_EQ(FailedGuard(Commit(*store, MakeBatch({}, {{"a", {2}}})).status()), "a");
  EXPECT_EQ(FailedGuard(Commit(*store, MakeBatch({}, {{"a", {1}}})).status()), "a");
  EXPECT_TRUE(Commit(*store, MakeBatch({Set("a", "again")}, {{"a", {0}}})).ok());
}

TEST_P(StoreConformance, GuardsAreReadBeforeTheChangesOfTheirBatch) {
  auto store = Open();
  EXPECT_TRUE(Commit(*store, MakeBatch({Set("a", "1")}, {{"a", {0}}})).ok());
  EXPECT_TRUE(Commit(*store, MakeBatch({Delete("a")}, {{"a", {1}}})).ok());
}

TEST_P(StoreConformance, GuardsSeeTheBatchesBefore) {
  auto store = Open();
  // Sent at once, so that an engine that groups batches decides them together.
  std::vector<absl::StatusOr<Revision>> answers(3);
  absl::BlockingCounter waiting(3);
  for (int i = 0; i < 3; ++i) {
    store->Commit(MakeBatch({Set("slot", absl::StrCat(i))}, {{"slot", {0}}}),
                  [&, i](absl::StatusOr<Revision> answer) {
                    answers[i] = std::move(answer);
                    waiting.DecrementCount();
                  });
  }
  waiting.Wait();
  EXPECT_TRUE(answers[0].ok());
  EXPECT_EQ(FailedGuard(answers[1].status()), "slot");
  EXPECT_EQ(FailedGuard(answers[2].status()), "slot");
  EXPECT_EQ((*Read(*store, {"slot"}))[0]->value, "0");
}

TEST_P(StoreConformance, BatchesOfOneThreadKeepTheirOrder) {
  auto store = Open();
  constexpr int kCount = 2000;
  std::vector<int64_t> revisions(kCount);
  absl::BlockingCounter waiting(kCount);
  for (int i = 0; i < kCount; ++i) {
    store->Commit(MakeBatch({Set("last", absl::StrCat(i))}),
                  [&, i](absl::StatusOr<Revision> answer) {
                    revisions[i] = answer.ok() ? answer->value : -1;
                    waiting.DecrementCount();
                  });
  }
  waiting.Wait();
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(revisions[i], i + 1);
  EXPECT_EQ((*Read(*store, {"last"}))[0]->value, absl::StrCat(kCount - 1));
}

// The classic lost update: many writers read, add one and write back under a guard.
TEST_P(StoreConformance, ConcurrentWritersLoseNoUpdate) {
  auto store = Open();
  constexpr int kThreads = 8;
  constexpr int kIncrements = 25;
  std::atomic<int> conflicts{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kIncrements;) {
        const absl::optional<Entry> entry = (*Read(*store, {"counter"}))[0];
        const int value = entry ? std::stoi(entry->value) : 0;
        const Revision seen = entry ? entry->revision : Revision{0};
        const auto answer = Commit(
            *store, MakeBatch({Set("counter", absl::StrCat(value + 1))}, {{"counter", seen}}));
        if (answer.ok()) {
          ++done;
        } else {
          ASSERT_EQ(FailedGuard(answer.status()), "counter");
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*Read(*store, {"counter"}))[0]->value, absl::StrCat(kThreads * kIncrements));
  EXPECT_EQ(store->End()->revision.value, kThreads * kIncrements);
  RecordProperty("conflicts", conflicts.load());
}

TEST_P(StoreConformance, ABatchIdIsCommittedOnce) {
  auto store = Open();
  Batch batch = MakeBatch({Set("a", "1")});
  ASSERT_TRUE(Commit(*store, batch).ok());
  for (const char* value : {"1", "2"}) {
    batch.changes[0].value = value;
    const auto answer = Commit(*store, batch);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_TRUE(HasReason(answer.status(), Reason::BATCH_STORED));
  }
  // The id is looked at before the guards, so that a re-commit finds out about an unknown outcome.
  batch.guards = {{"a", {99}}};
  EXPECT_TRUE(HasReason(Commit(*store, batch).status(), Reason::BATCH_STORED));
  EXPECT_EQ((*Read(*store, {"a"}))[0]->value, "1");
  EXPECT_EQ(store->End()->revision.value, 1);
}

TEST_P(StoreConformance, TwinsSentTogetherAreCommittedOnce) {
  auto store = Open();
  const Batch batch = MakeBatch({Set("a", "1")});
  std::atomic<int> stored{0};
  std::atomic<int> refused{0};
  absl::BlockingCounter waiting(10);
  for (int i = 0; i < 10; ++i) {
    store->Commit(batch, [&](absl::StatusOr<Revision> answer) {
      if (answer.ok()) ++stored;
      if (HasReason(answer.status(), Reason::BATCH_STORED)) ++refused;
      waiting.DecrementCount();
    });
  }
  waiting.Wait();
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(refused, 9);
  EXPECT_EQ(store->End()->revision.value, 1);
}

TEST_P(StoreConformance, ARefusedIdIsStillFree) {
  auto store = Open();
  Batch batch = MakeBatch({Set("a", "1")}, {{"a", {5}}});
  EXPECT_EQ(FailedGuard(Commit(*store, batch).status()), "a");
  batch.guards = {{"a", {0}}};
  EXPECT_TRUE(Commit(*store, batch).ok());
}

TEST_P(StoreConformance, ABatchMayChangeNothing) {
  auto store = Open();
  EXPECT_EQ(Commit(*store, MakeBatch({}))->value, 1);
  EXPECT_EQ(Commit(*store, MakeBatch({Delete("never there")}))->value, 2);
  ASSERT_EQ(WholeLog(*store).size(), 2u);
  EXPECT_TRUE(AllEntries(*store).empty());
}

TEST_P(StoreConformance, LimitsOfABatch) {
  auto store = Open();
  EXPECT_TRUE(Commit(*store, MakeBatch(ManyChanges(kBatchChangesMax))).ok());
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch(ManyChanges(kBatchChangesMax + 1)))));

  EXPECT_TRUE(Commit(*store, BatchOfBytes(kBatchBytesMax)).ok());
  EXPECT_TRUE(IsInvalid(Commit(*store, BatchOfBytes(kBatchBytesMax + 1))));
  Batch batch = BatchOfBytes(kBatchBytesMax);
  batch.header += "x";
  EXPECT_TRUE(IsInvalid(Commit(*store, batch)));

  std::vector<Guard> guards;
  for (size_t i = 0; i < kBatchGuardsMax; ++i) guards.push_back({absl::StrCat("g", i), {0}});
  EXPECT_TRUE(Commit(*store, MakeBatch({}, guards)).ok());
  guards.push_back({"one more", {0}});
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch({}, guards))));
  EXPECT_EQ(store->End()->revision.value, 3);
}

TEST_P(StoreConformance, FormOfABatch) {
  auto store = Open();
  EXPECT_TRUE(Commit(*store, MakeBatch({Set(std::string(kKeyBytesMax, 'k'), "v")})).ok());
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch({Set(std::string(kKeyBytesMax + 1, 'k'), "")}))));
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch({Set("", "v")}))));
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch({}, {{"", {0}}}))));
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch({}, {{"a", {-1}}}))));
  EXPECT_TRUE(IsInvalid(Commit(*store, MakeBatch({Set("a", "1"), Delete("a")}))));
  for (const std::string& id : {std::string(), std::string(15, 'i'), std::string(17, 'i')}) {
    Batch batch = MakeBatch({Set("a", "1")});
    batch.id = id;
    EXPECT_TRUE(IsInvalid(Commit(*store, batch)));
  }
  EXPECT_EQ(store->End()->revision.value, 1);
}

TEST_P(StoreConformance, AnswersNeverComeInsideTheCall) {
  auto store = Open();
  absl::Mutex mu;
  absl::BlockingCounter waiting(4);
  // A caller that holds a lock which its callback takes: answered inside, this would never end.
  const auto take_lock = [&](auto) {
    { absl::MutexLock lock(&mu); }
    waiting.DecrementCount();
  };
  {
    absl::MutexLock lock(&mu);
    store->Commit(MakeBatch({Set("a", "1")}), take_lock);
    store->Commit(MakeBatch({Set("", "refused at once")}), take_lock);
    store->Read({}, take_lock);
    store->Scan({}, -1, take_lock);
  }
  waiting.Wait();
}

TEST_P(StoreConformance, TooMuchWaitingIsRefused) {
  auto store = Open();
  absl::Notification in_callback;
  absl::Notification go_on;
  store->Commit(MakeBatch({}), [&](auto) {
    in_callback.Notify();
    go_on.WaitForNotification();
  });
  in_callback.WaitForNotification();
  // Now nothing is answered. 80 MiB do not fit into the queue.
  constexpr int kCount = 80;
  std::atomic<int> stored{0};
  std::atomic<int> refused{0};
  absl::BlockingCounter waiting(kCount);
  for (int i = 0; i < kCount; ++i) {
    store->Commit(BatchOfBytes(kBatchBytesMax), [&](absl::StatusOr<Revision> answer) {
      if (answer.ok()) ++stored;
      if (HasReason(answer.status(), Reason::OVERLOADED)) ++refused;
      waiting.DecrementCount();
    });
  }
  go_on.Notify();
  waiting.Wait();
  EXPECT_EQ(stored + refused, kCount);
  EXPECT_GT(refused, 0);
  EXPECT_GT(stored, 0);
  EXPECT_EQ(store->End()->revision.value, 1 + stored);
  EXPECT_TRUE(Commit(*store, MakeBatch({Set("afterwards", "")})).ok());
}

TEST_P(StoreConformance, CommitTimesNeverDecrease) {
  ManualClock clock(absl::FromUnixSeconds(1'500'000'000) + absl::Nanoseconds(1'234'567));
  auto store = Open("conformance", &clock);
  const auto commit_at = [&](absl::Time time) {
    clock.Set(time);
    const int64_t revision = Commit(*store, MakeBatch({}))->value;
    return (*ReadLog(*store, revision, revision))[0]->commit_time;
  };
  const absl::Time start = clock.Now();
  // Whole microseconds: what the leaf holds, and what every engine can keep.
  const absl::Time first = commit_at(start);
  EXPECT_EQ(first, absl::FromUnixSeconds(1'500'000'000) + absl::Microseconds(1'234));
  EXPECT_EQ(commit_at(start - absl::Hours(1)), first);
  EXPECT_EQ(commit_at(start + absl::Seconds(1)), first + absl::Seconds(1));
  EXPECT_EQ(commit_at(start), first + absl::Seconds(1));
}

}  // namespace
}  // namespace terrace::store
