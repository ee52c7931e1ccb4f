// What several stores over one storage promise, as replicas of a service have them.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/base/error.h"
#include "common/store/format_gate.h"
#include "terrace/storage/v1/storage.pb.h"
#include "tests/store/conformance.h"

namespace terrace::store {
namespace {

TEST_P(StoreConformance, ASecondStoreSeesTheFirstOnesCommits) {
  auto one = Open();
  ASSERT_TRUE(Commit(*one, MakeBatch({Set("a", "1")})).ok());
  auto two = Open();
  EXPECT_EQ(*two->End(), *one->End());
  auto recorder = std::make_shared<Recorder>();
  auto subscription = two->Follow(absl::nullopt, recorder);
  ASSERT_TRUE(recorder->WaitForSnapshot());
  for (int i = 2; i <= 20; ++i) {
    ASSERT_EQ(Commit(*one, MakeBatch({Set("a", absl::StrCat(i))}))->value, i);
  }
  ASSERT_TRUE(recorder->WaitForRevision({20}));
  EXPECT_EQ(*two->End(), *one->End());
  EXPECT_EQ((*Read(*two, {"a"}))[0], (Entry{"a", "20", {20}}));
  EXPECT_EQ(recorder->Live(), AllEntries(*one));
}

TEST_P(StoreConformance, AReadSeesWhatAnotherStoreCommitted) {
  auto one = Open();
  auto two = Open();
  for (int i = 1; i <= 50; ++i) {
    Store& writer = i % 2 == 0 ? *one : *two;
    Store& reader = i % 2 == 0 ? *two : *one;
    ASSERT_TRUE(Commit(writer, MakeBatch({Set("a", absl::StrCat(i))})).ok());
    ASSERT_EQ((*Read(reader, {"a"}))[0], (Entry{"a", absl::StrCat(i), {i}}));
    ASSERT_GE(reader.End()->revision.value, i) << "a read that is ahead of the feed";
  }
}

TEST_P(StoreConformance, GuardsAndIdsHoldBetweenStores) {
  auto one = Open();
  auto two = Open();
  const Batch batch = MakeBatch({Set("a", "1")}, {{"a", {0}}});
  ASSERT_TRUE(Commit(*one, batch).ok());
  EXPECT_TRUE(HasReason(Commit(*two, batch).status(), Reason::BATCH_STORED));
  EXPECT_EQ(FailedGuard(Commit(*two, MakeBatch({}, {{"a", {0}}})).status()), "a");
  EXPECT_EQ(Commit(*two, MakeBatch({Set("a", "2")}, {{"a", {1}}}))->value, 2);
  EXPECT_EQ(FailedGuard(Commit(*one, MakeBatch({}, {{"a", {1}}})).status()), "a");
}

TEST_P(StoreConformance, StoresTogetherWriteOneLog) {
  constexpr int kStores = 3;
  constexpr int kBatches = 300;
  std::vector<std::unique_ptr<Store>> stores;
  std::vector<std::shared_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  for (int i = 0; i < kStores; ++i) {
    stores.push_back(Open());
    recorders.push_back(std::make_shared<Recorder>());
    subscriptions.push_back(*stores[i]->Follow(absl::nullopt, recorders[i]));
  }
  std::atomic<int> stored{0};
  absl::BlockingCounter waiting(kStores * kBatches);
  for (int i = 0; i < kStores * kBatches; ++i) {
    stores[i % kStores]->Commit(MakeBatch({Set(absl::StrCat("k", i % 7), absl::StrCat(i))}),
                                [&](auto answer) {
                                  if (answer.ok()) ++stored;
                                  waiting.DecrementCount();
                                });
  }
  waiting.Wait();
  EXPECT_EQ(stored, kStores * kBatches);
  const auto entries = AllEntries(*stores[0]);
  for (int i = 0; i < kStores; ++i) {
    ASSERT_TRUE(recorders[i]->WaitForRevision({kStores * kBatches}));
    EXPECT_EQ(recorders[i]->Live(), entries);
  }
  ExpectSoundLog(*stores[0], stores[0]->End()->log_id);
}

TEST_P(StoreConformance, CompactionByAnotherStoreIsNoticed) {
  auto one = Open();
  auto two = Open();
  const LogId log_id = one->End()->log_id;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Commit(*one, MakeBatch({})).ok());
  auto recorder = std::make_shared<Recorder>(Cursor{log_id, {0}});
  auto subscription = two->Follow(Cursor{log_id, {0}}, recorder);
  ASSERT_TRUE(recorder->WaitForRevision({20}));
  ASSERT_TRUE(one->Compact({10}).ok());
  EXPECT_TRUE(HasReason(ReadLog(*two, 10, 20).status(), Reason::COMPACTED));
  EXPECT_EQ(ReadLog(*two, 11, 20)->size(), 10u);
  // And whoever is current goes on.
  ASSERT_TRUE(Commit(*one, MakeBatch({})).ok());
  EXPECT_TRUE(recorder->WaitForRevision({21}));
}

TEST_P(StoreConformance, AFormatRaisedByAnotherStoreStopsCommits) {
  auto one = Open();
  auto two = Open();
  ASSERT_TRUE(Commit(*two, MakeBatch({})).ok());
  terrace::storage::v1::Format format;
  format.set_min_reader(1);
  format.set_min_writer(kFormatVersion + 1);
  ASSERT_TRUE(Commit(*one, MakeBatch({Set(kFormatKey, format.SerializeAsString())})).ok());
  EXPECT_TRUE(HasReason(Commit(*two, MakeBatch({})).status(), Reason::FORMAT_TOO_NEW));
  EXPECT_EQ(one->End()->revision.value, 2);
}

}  // namespace
}  // namespace terrace::store
