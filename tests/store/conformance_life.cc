// The life of a store: opening again, locks, format gate, compaction, closing.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/store/format_gate.h"
#include "terrace/storage/v1/storage.pb.h"
#include "tests/store/conformance.h"

namespace terrace::store {
namespace {

Change SetFormat(int min_reader, int min_writer) {
  terrace::storage::v1::Format format;
  format.set_min_reader(min_reader);
  format.set_min_writer(min_writer);
  return Set(kFormatKey, format.SerializeAsString());
}

void CommitEach(Store& store, int count) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(Commit(store, MakeBatch({Set(absl::StrCat("key", i % 7), absl::StrCat(i))})).ok());
  }
}

TEST_P(StoreConformance, ReopeningFindsEverything) {
  ManualClock clock(absl::FromUnixSeconds(1'600'000'000));
  auto store = Open("conformance", &clock);
  const Batch last = MakeBatch({Set("b", std::string(100'000, 'x')), Delete("key3")});
  ASSERT_NO_FATAL_FAILURE(CommitEach(*store, 20));
  ASSERT_TRUE(Commit(*store, last).ok());
  const Cursor end = *store->End();
  const auto entries = AllEntries(*store);
  const auto log = WholeLog(*store);
  store.reset();

  clock.Set(absl::FromUnixSeconds(1'500'000'000));  // A clock that was set back meanwhile.
  store = Open("conformance", &clock);
  EXPECT_EQ(*store->End(), end);
  EXPECT_EQ(AllEntries(*store), entries);
  ExpectSoundLog(*store, end.log_id);
  const auto log_again = WholeLog(*store);
  ASSERT_EQ(log_again.size(), log.size());
  for (size_t i = 0; i < log.size(); ++i) EXPECT_EQ(log_again[i]->leaf, log[i]->leaf);

  EXPECT_TRUE(HasReason(Commit(*store, last).status(), Reason::BATCH_STORED));
  EXPECT_EQ(Commit(*store, MakeBatch({}, {{"b", end.revision}}))->value, end.revision.value + 1);
  EXPECT_GE(WholeLog(*store).back()->commit_time, log.back()->commit_time);
  // A cursor from before is as good as ever.
  auto recorder = std::make_shared<Recorder>(end);
  auto subscription = store->Follow(end, recorder);
  ASSERT_TRUE(subscription.ok());
  EXPECT_TRUE(recorder->WaitForRevision({end.revision.value + 1}));
}

TEST_P(StoreConformance, ASecondOpeningIsRefused) {
  auto store = Open();
  const auto second = TryOpen();
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(HasReason(second.status(), Reason::STORE_LOCKED)) << second.status();
  EXPECT_TRUE(Commit(*store, MakeBatch({})).ok());
  store.reset();
  EXPECT_TRUE(TryOpen().ok());
}

TEST_P(StoreConformance, KeyspacesAreApart) {
  auto one = Open("one");
  auto two = Open("two");
  ASSERT_TRUE(Commit(*one, MakeBatch({Set("a", "1")})).ok());
  EXPECT_EQ(two->End()->revision.value, 0);
  EXPECT_TRUE(AllEntries(*two).empty());
  EXPECT_NE(one->End()->log_id, two->End()->log_id);
}

TEST_P(StoreConformance, LogIdsAreThirtyTwoHexDigits) {
  auto store = Open();
  const LogId log_id = store->End()->log_id;
  EXPECT_EQ(log_id.size(), 32u);
  EXPECT_EQ(log_id.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST_P(StoreConformance, AFormatTooNewStopsCommits) {
  for (const Change& format : {SetFormat(1, kFormatVersion + 1), SetFormat(kFormatVersion + 1, 1),
                               Set(kFormatKey, "\xff\xff no Format")}) {
    storage_ = GetParam().new_storage();
    auto store = Open();
    ASSERT_TRUE(Commit(*store, MakeBatch({SetFormat(kFormatVersion, kFormatVersion)})).ok());
    ASSERT_TRUE(Commit(*store, MakeBatch({Set("a", "1")})).ok());
    // Sent together with the batch behind it, which must not slip through.
    std::atomic<bool> raised{false};
    store->Commit(MakeBatch({format}), [&](auto answer) { raised = answer.ok(); });
    const auto refused = Commit(*store, MakeBatch({Set("a", "2")}));
    EXPECT_TRUE(raised);
    EXPECT_TRUE(HasReason(refused.status(), Reason::FORMAT_TOO_NEW) ||
                HasReason(refused.status(), Reason::STORE_DAMAGED))
        << refused.status();
    EXPECT_EQ((*Read(*store, {"a"}))[0]->value, "1");
    EXPECT_EQ(store->End()->revision.value, 3);
  }
}

TEST_P(StoreConformance, FormatTooNewIsRefusedAtOpening) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, MakeBatch({SetFormat(kFormatVersion + 1, 1)})).ok());
  store.reset();
  for (int i = 0; i < 2; ++i) {  // The refusal leaves no lock behind.
    const auto refused = TryOpen();
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(HasReason(refused.status(), Reason::FORMAT_TOO_NEW)) << refused.status();
  }
}

TEST_P(StoreConformance, CompactionForgetsBatchesAndKeepsKeys) {
  auto store = Open();
  ASSERT_NO_FATAL_FAILURE(CommitEach(*store, 30));
  const auto entries = AllEntries(*store);
  const LogId log_id = store->End()->log_id;
  ASSERT_TRUE(store->Compact({20}).ok());
  EXPECT_EQ(AllEntries(*store), entries);
  EXPECT_EQ(store->End()->revision.value, 30);

  for (int64_t from : {1, 20}) {
    const auto page = ReadLog(*store, from, 30);
    EXPECT_EQ(page.status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_TRUE(HasReason(page.status(), Reason::COMPACTED));
  }
  EXPECT_EQ(ReadLog(*store, 21, 30)->size(), 10u);

  Cursor cursor{log_id, {19}};
  const auto refused = store->Follow(cursor, std::make_shared<Recorder>(cursor));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(HasReason(refused.status(), Reason::COMPACTED));
  cursor.revision.value = 20;  // All that comes after it is there.
  auto recorder = std::make_shared<Recorder>(cursor);
  auto subscription = store->Follow(cursor, recorder);
  ASSERT_TRUE(subscription.ok());
  EXPECT_TRUE(recorder->WaitForRevision({30}));
}

TEST_P(StoreConformance, LifeGoesOnAfterCompaction) {
  auto store = Open();
  ASSERT_NO_FATAL_FAILURE(CommitEach(*store, 10));
  ASSERT_TRUE(store->Compact({10}).ok());
  EXPECT_TRUE(store->Compact({10}).ok()) << "again is nothing new";
  EXPECT_TRUE(store->Compact({5}).ok());
  EXPECT_EQ(store->Compact({11}).code(), absl::StatusCode::kInvalidArgument);
  // Guards hold by the revision of a change whose batch is forgotten.
  const Revision of_key = (*Read(*store, {"key1"}))[0]->revision;
  EXPECT_EQ(Commit(*store, MakeBatch({Set("new", "")}, {{"key1", of_key}}))->value, 11);
  auto recorder = std::make_shared<Recorder>();
  auto subscription = store->Follow(absl::nullopt, recorder);
  ASSERT_TRUE(recorder->WaitForSnapshot());
  EXPECT_EQ(recorder->Live(), AllEntries(*store));
}

TEST_P(StoreConformance, CompactionWhileWritersAndFollowersGoOn) {
  auto store = Open();
  auto recorder = std::make_shared<Recorder>(*store->End());
  auto subscription = store->Follow(*store->End(), recorder);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) ASSERT_NO_FATAL_FAILURE(CommitEach(*store, 1));
  });
  for (int i = 0; i < 10; ++i) {
    while (store->End()->revision.value < (i + 1) * 20) std::this_thread::yield();
    // What every follower has seen may go.
    ASSERT_TRUE(recorder->WaitForRevision({i * 20}));
    ASSERT_TRUE(store->Compact({i * 20}).ok());
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(recorder->WaitForRevision(store->End()->revision));
  EXPECT_EQ(recorder->Live(), AllEntries(*store));
  EXPECT_FALSE(recorder->end());
}

TEST_P(StoreConformance, ReopeningAfterCompaction) {
  auto store = Open();
  ASSERT_NO_FATAL_FAILURE(CommitEach(*store, 10));
  ASSERT_TRUE(store->Compact({6}).ok());
  const Cursor end = *store->End();
  store.reset();
  store = Open();
  EXPECT_EQ(*store->End(), end);
  EXPECT_TRUE(HasReason(ReadLog(*store, 6, 10).status(), Reason::COMPACTED));
  EXPECT_EQ(ReadLog(*store, 7, 10)->size(), 4u);
  EXPECT_EQ(Commit(*store, MakeBatch({}))->value, 11);
}

TEST_P(StoreConformance, ReopeningAfterCompactingEverything) {
  ManualClock clock(absl::FromUnixSeconds(1'600'000'000));
  auto store = Open("conformance", &clock);
  ASSERT_NO_FATAL_FAILURE(CommitEach(*store, 10));
  ASSERT_TRUE(store->Compact({10}).ok());
  const Cursor end = *store->End();
  const auto entries = AllEntries(*store);
  store.reset();
  clock.Set(absl::FromUnixSeconds(1'500'000'000));
  store = Open("conformance", &clock);
  EXPECT_EQ(*store->End(), end);
  EXPECT_EQ(AllEntries(*store), entries);
  EXPECT_EQ(Commit(*store, MakeBatch({}))->value, 11);
  // The time goes on from a batch that is forgotten.
  EXPECT_EQ((*ReadLog(*store, 11, 11))[0]->commit_time, absl::FromUnixSeconds(1'600'000'000));
}

TEST_P(StoreConformance, DestroyingTheStoreAnswersEveryCall) {
  for (int round = 0; round < 10; ++round) {
    storage_ = GetParam().new_storage();
    auto store = Open();
    constexpr int kCount = 500;
    std::vector<std::atomic<int>> answers(2 * kCount);
    std::atomic<int> stored{0};
    for (int i = 0; i < kCount; ++i) {
      store->Commit(MakeBatch({Set("a", absl::StrCat(i))}), [&, i](auto answer) {
        ++answers[i];
        if (answer.ok()) {
          ++stored;
        } else {
          EXPECT_TRUE(HasReason(answer.status(), Reason::SHUTTING_DOWN)) << answer.status();
        }
      });
      store->Read({}, [&, i](auto) { ++answers[kCount + i]; });
    }
    const bool wait = round % 2 == 0;
    if (wait) {
      ASSERT_TRUE(Commit(*store, MakeBatch({})).ok());
    }
    store.reset();
    for (const auto& count : answers) ASSERT_EQ(count, 1);
    if (wait) {
      EXPECT_EQ(stored, kCount) << "the batch behind them was stored";
    }
  }
}

TEST(OpenStore, UnknownKindsAndOddKeyspacesAreRefused) {
  for (const char* url : {"", "postgres:x", "/a/path", "Memory:"}) {
    const auto store = OpenStore({url, "registry"});
    EXPECT_TRUE(HasReason(store.status(), Reason::UNKNOWN_STORE)) << url;
  }
  for (const char* keyspace : {"", "../etc", "a/b", "a b", "."}) {
    const auto store = OpenStore({"memory:", keyspace});
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument) << keyspace;
  }
  EXPECT_TRUE(OpenStore({"memory:", "in-spections_2"}).ok());
}

TEST(OpenStore, ADirectoryThatCannotBeIsNamed) {
  const auto store = OpenStore({"sqlite:/proc/no/such/place", "registry"});
  EXPECT_TRUE(HasReason(store.status(), Reason::STORE_CANNOT_OPEN)) << store.status();
  EXPECT_NE(store.status().message().find("/proc/no/such/place"), absl::string_view::npos);
}

}  // namespace
}  // namespace terrace::store
