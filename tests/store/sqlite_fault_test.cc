// The sqlite engine on disks that are full, fail to sync or lose power, and batches that SQLite
// refuses.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/store/store.h"
#include "tests/store/conformance.h"
#include "tests/store/crash_batches.h"
#include "tests/store/crash_check.h"
#include "tests/store/fault_vfs.h"

namespace terrace::store {
namespace {

class SqliteFaultTest : public testing::Test {
 protected:
  SqliteFaultTest() { std::filesystem::create_directories(directory_); }
  ~SqliteFaultTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Store> Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = TryOpen();
    TERRACE_CHECK(store.ok());
    return *std::move(store);
  }
  absl::StatusOr<std::unique_ptr<Store>> TryOpen() {
    return OpenStore({absl::StrCat("sqlite:", directory_), "faulty"});
  }

  // Commits until it fails; the batch that failed.
  Batch CommitUntilFailure(Store& store) {
    for (int i = 0; i < 10'000; ++i) {
      const std::string id = NewBatchId();
      const auto answer = Commit(store, CrashBatch(id));
      if (!answer.ok()) {
        // The latter when the disk failed a checkpoint between two batches.
        EXPECT_TRUE(HasReason(answer.status(), Reason::OUTCOME_UNKNOWN) ||
                    HasReason(answer.status(), Reason::STORE_FAILED))
            << answer.status();
        return CrashBatch(id);
      }
      acknowledged_[id] = *answer;
    }
    ADD_FAILURE() << "nothing failed";
    return {};
  }

  // The store takes no more batches, says why, and still answers reads and followers.
  void ExpectStopped(Store& store, absl::string_view why) {
    for (int i = 0; i < 3; ++i) {
      const auto answer = Commit(store, CrashBatch(NewBatchId()));
      EXPECT_TRUE(HasReason(answer.status(), Reason::STORE_FAILED)) << answer.status();
      EXPECT_TRUE(absl::StrContains(answer.status().message(), why)) << answer.status();
    }
    EXPECT_TRUE(HasReason(store.Compact({1}), Reason::STORE_FAILED));
    ExpectNothingLostOrHalf(store, acknowledged_);
    auto recorder = std::make_shared<Recorder>();
    auto subscription = store.Follow(absl::nullopt, recorder);
    ASSERT_TRUE(subscription.ok());
    ASSERT_TRUE(recorder->WaitForSnapshot());
    EXPECT_EQ(recorder->Live(), AllEntries(store));
  }

  // After a restart with a good disk everything acknowledged is there and commits work again; the
  // batch of unknown outcome resolves by committing it again.
  void ExpectRecovered(const Batch& unknown) {
    auto store = Open();
    ExpectNothingLostOrHalf(*store, acknowledged_);
    const auto again = Commit(*store, unknown);
    EXPECT_TRUE(again.ok() || HasReason(again.status(), Reason::BATCH_STORED)) << again.status();
    EXPECT_TRUE(HasReason(Commit(*store, unknown).status(), Reason::BATCH_STORED));
    EXPECT_TRUE(Commit(*store, CrashBatch(NewBatchId())).ok());
    ExpectNothingLostOrHalf(*store, acknowledged_);
  }

  // Lets `sql` loose on the file of the closed store.
  void Meddle(const std::string& sql) {
    sqlite3* db = nullptr;
    TERRACE_CHECK(sqlite3_open((directory_ + "/faulty.db").c_str(), &db) == SQLITE_OK);
    char* error = nullptr;
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error);
    EXPECT_EQ(error, nullptr) << error;
    sqlite3_close(db);
  }

  // Commits the batches as one group.
  std::vector<absl::StatusOr<Revision>> CommitTogether(Store& store, std::vector<Batch> batches) {
    absl::Notification held;
    absl::Notification go_on;
    store.Commit(MakeBatch({}), [&](auto) {  // Holds the writer until all are waiting.
      held.Notify();
      go_on.WaitForNotification();
    });
    held.WaitForNotification();
    std::vector<absl::StatusOr<Revision>> answers(batches.size());
    absl::BlockingCounter waiting(static_cast<int>(batches.size()));
    for (size_t i = 0; i < batches.size(); ++i) {
      store.Commit(std::move(batches[i]), [&, i](absl::StatusOr<Revision> answer) {
        answers[i] = std::move(answer);
        waiting.DecrementCount();
      });
    }
    go_on.Notify();
    waiting.Wait();
    return answers;
  }

  const std::string directory_ = absl::StrCat(testing::TempDir(), "/terrace-fault-", RandomHex(8));
  FaultVfs vfs_;
  Acknowledged acknowledged_;
};

TEST_F(SqliteFaultTest, AFullDiskStopsTheWriter) {
  // From nearly no room to room for some checkpoints, so that it runs out in different places.
  for (int64_t room : {100, 5'000, 300'000, 9'000'000, 20'000'000}) {
    SCOPED_TRACE(room);
    std::filesystem::remove_all(directory_);
    acknowledged_.clear();
    auto store = Open();
    for (int i = 0; i < 5; ++i) {
      const std::string id = NewBatchId();
      acknowledged_[id] = *Commit(*store, CrashBatch(id));
    }
    vfs_.SetRoom(room);
    const Batch unknown = CommitUntilFailure(*store);
    ExpectStopped(*store, "full");
    vfs_.SetRoom(absl::nullopt);
    ExpectStopped(*store, "full");  // Room alone does not bring it back.
    store.reset();
    ExpectRecovered(unknown);
  }
}

TEST_F(SqliteFaultTest, AFailedSyncStopsTheWriter) {
  auto store = Open();
  for (int i = 0; i < 20; ++i) {
    const std::string id = NewBatchId();
    acknowledged_[id] = *Commit(*store, CrashBatch(id));
  }
  vfs_.SetSyncsFail(true);
  const Batch unknown = CommitUntilFailure(*store);
  EXPECT_EQ(acknowledged_.size(), 20u) << "acknowledged without a sync";
  ExpectStopped(*store, "I/O error");
  vfs_.SetSyncsFail(false);
  ExpectStopped(*store, "I/O error");  // What the disk holds is unknown from the failure on.
  store.reset();
  ExpectRecovered(unknown);
}

// After a failed sync a restarted process reads from the cache what the disk does not hold. New
// batches must not be built on that: the power cut would take them along.
TEST_F(SqliteFaultTest, NothingIsBuiltOnWhatAFailedSyncLeftInTheCache) {
  auto store = Open();
  for (int i = 0; i < 5; ++i) {
    const std::string id = NewBatchId();
    acknowledged_[id] = *Commit(*store, CrashBatch(id));
  }
  vfs_.SetSyncsFail(true);
  const Batch unknown = CommitUntilFailure(*store);
  vfs_.SetSyncsFail(false);
  store.reset();
  store = Open();
  EXPECT_TRUE(HasReason(Commit(*store, unknown).status(), Reason::BATCH_STORED))
      << "the premise of this test: recovery found the batch in the cache";
  for (int i = 0; i < 5; ++i) {
    const std::string id = NewBatchId();
    acknowledged_[id] = *Commit(*store, CrashBatch(id));
  }
  const std::string cut = directory_ + "/cut";
  std::filesystem::create_directories(cut);
  std::mt19937 random(1);
  vfs_.PowerCut(cut, random);
  auto after = OpenStore({absl::StrCat("sqlite:", cut), "faulty"});
  ASSERT_TRUE(after.ok()) << after.status();
  ExpectNothingLostOrHalf(**after, acknowledged_);
}

TEST_F(SqliteFaultTest, EveryAcknowledgementIsBehindASync) {
  auto store = Open();
  for (int i = 0; i < 20; ++i) {
    const int64_t before = vfs_.syncs();
    ASSERT_TRUE(Commit(*store, MakeBatch({Set("key", "value")})).ok());
    EXPECT_GT(vfs_.syncs(), before);
  }
}

TEST_F(SqliteFaultTest, OpeningOnABadDiskSaysSo) {
  vfs_.SetRoom(0);
  auto store = TryOpen();
  EXPECT_TRUE(HasReason(store.status(), Reason::STORE_CANNOT_OPEN)) << store.status();
  EXPECT_TRUE(absl::StrContains(store.status().message(), "full")) << store.status();
  EXPECT_TRUE(absl::StrContains(store.status().message(), directory_)) << store.status();
  vfs_.SetRoom(absl::nullopt);
  EXPECT_TRUE(TryOpen().ok()) << "a failed opening leaves nothing in the way";
}

TEST_F(SqliteFaultTest, AFileThatIsNoDatabaseIsNotTouched) {
  const std::string path = directory_ + "/faulty.db";
  const std::string text(5000, 'x');
  std::filesystem::create_directories(directory_);
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
  const auto store = TryOpen();
  EXPECT_TRUE(HasReason(store.status(), Reason::STORE_CANNOT_OPEN)) << store.status();
  EXPECT_EQ(std::filesystem::file_size(path), text.size());
}

TEST_F(SqliteFaultTest, TablesOfANewerBinaryAreRefused) {
  Open().reset();
  Meddle("PRAGMA user_version = 2");
  EXPECT_TRUE(HasReason(TryOpen().status(), Reason::FORMAT_TOO_NEW));
}

TEST_F(SqliteFaultTest, ReadsThatFailSaySoAndRecover) {
  auto store = Open();
  // More than the caches of the connections hold.
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(Commit(*store, MakeBatch({Set(absl::StrCat(i), std::string(900'000, 'x'))})).ok());
  }
  vfs_.SetReadsFail(true);
  EXPECT_TRUE(HasReason(ReadLog(*store, 1, 12).status(), Reason::STORE_UNREADABLE));
  EXPECT_TRUE(HasReason(Scan(*store, {}).status(), Reason::STORE_UNREADABLE));
  auto recorder = std::make_shared<Recorder>();
  auto subscription = store->Follow(absl::nullopt, recorder);
  ASSERT_TRUE(recorder->WaitForEnd());
  EXPECT_TRUE(HasReason(*recorder->end(), Reason::STORE_UNREADABLE)) << *recorder->end();
  vfs_.SetReadsFail(false);
  EXPECT_EQ(WholeLog(*store).size(), 12u);
  EXPECT_EQ(AllEntries(*store).size(), 12u);
}

// A refused batch after some of its changes were written: undone to its savepoint, alone.
TEST_F(SqliteFaultTest, ABatchThatSqliteRefusesFailsAlone) {
  Open().reset();
  Meddle(
      "CREATE TRIGGER poison BEFORE INSERT ON entries WHEN NEW.key = x'7a' "  // "z"
      "BEGIN SELECT RAISE(ABORT, 'poisoned'); END");
  auto store = Open();
  const auto answers = CommitTogether(
      *store, {MakeBatch({Set("a", "1")}), MakeBatch({Set("a", "2"), Set("b", "2"), Set("z", "")}),
               MakeBatch({Set("c", "3")})});
  EXPECT_EQ(answers[0]->value, 2);
  EXPECT_TRUE(HasReason(answers[1].status(), Reason::STORE_REFUSED)) << answers[1].status();
  EXPECT_TRUE(absl::StrContains(answers[1].status().message(), "poisoned"));
  EXPECT_EQ(answers[2]->value, 3);
  EXPECT_EQ((*Read(*store, {"a"}))[0]->value, "1");
  EXPECT_FALSE((*Read(*store, {"b"}))[0]);
  ExpectSoundLog(*store, store->End()->log_id);
}

// SQLite rolls the transaction back in the middle of a group, as it does when the disk is full: the
// batches behind the failure must not be stored without those before it.
TEST_F(SqliteFaultTest, ARolledBackGroupIsUnknownAltogether) {
  Open().reset();
  Meddle(
      "CREATE TRIGGER poison BEFORE INSERT ON entries WHEN NEW.key = x'7a' "
      "BEGIN SELECT RAISE(ROLLBACK, 'poisoned'); END");
  auto store = Open();
  const auto answers = CommitTogether(
      *store, {MakeBatch({Set("a", "1")}), MakeBatch({}, {{"never", {5}}}),
               MakeBatch({Set("b", "2"), Set("z", "")}), MakeBatch({Set("c", "3")})});
  for (const auto& answer : answers) {
    EXPECT_TRUE(HasReason(answer.status(), Reason::OUTCOME_UNKNOWN)) << answer.status();
  }
  EXPECT_TRUE(HasReason(Commit(*store, MakeBatch({})).status(), Reason::STORE_FAILED));
  EXPECT_TRUE(AllEntries(*store).empty());
  store.reset();
  store = Open();
  EXPECT_TRUE(AllEntries(*store).empty());
  EXPECT_EQ(store->End()->revision.value, 1);
  EXPECT_TRUE(Commit(*store, MakeBatch({})).ok());
}

// The log must not grow without bound under readers that overlap without end.
TEST_F(SqliteFaultTest, TheWriteAheadLogStaysBounded) {
  auto store = Open();
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) ASSERT_TRUE(Scan(*store, {}, 50).ok());
    });
  }
  uintmax_t largest = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(
        Commit(*store, MakeBatch({Set(absl::StrCat(i % 60), std::string(900'000, 'x'))})).ok());
    largest = std::max(largest, std::filesystem::file_size(directory_ + "/faulty.db-wal"));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  // 360 MB were written; the bound is 64 MiB and what one group adds.
  EXPECT_LT(largest, uintmax_t{80} << 20);
}

// Power cuts at random moments while three threads write: what was synced is on the disk, and of
// the rest any part in any order. TERRACE_CRASH_SEED repeats the dice.
TEST_F(SqliteFaultTest, PowerCutsLoseNothingAcknowledged) {
  uint32_t seed = std::random_device()();
  if (const char* text = std::getenv("TERRACE_CRASH_SEED")) {
    TERRACE_CHECK(absl::SimpleAtoi(text, &seed));
  }
  std::printf("TERRACE_CRASH_SEED=%u\n", seed);
  std::mt19937 random(seed);
  auto store = Open();
  absl::Mutex mu;
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      while (!stop) {
        const std::string id = NewBatchId();
        const auto answer = Commit(*store, CrashBatch(id));
        ASSERT_TRUE(answer.ok());
        absl::MutexLock lock(&mu);
        acknowledged_[id] = *answer;
      }
    });
  }
  struct Cut {
    std::string directory;
    Acknowledged acknowledged;  // Before the cut.
  };
  std::vector<Cut> cuts;
  for (int i = 0; i < 25; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 40));
    Cut cut{absl::StrCat(directory_, "/cut", i), {}};
    std::filesystem::create_directories(cut.directory);
    {
      absl::MutexLock lock(&mu);
      cut.acknowledged = acknowledged_;
    }
    vfs_.PowerCut(cut.directory, random);
    cuts.push_back(std::move(cut));
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  for (const Cut& cut : cuts) {
    SCOPED_TRACE(absl::StrCat("seed ", seed, " ", cut.directory));
    auto after = OpenStore({absl::StrCat("sqlite:", cut.directory), "faulty"});
    ASSERT_TRUE(after.ok()) << after.status();
    ExpectNothingLostOrHalf(**after, cut.acknowledged);
  }
  EXPECT_GT(cuts.back().acknowledged.size(), 20u);
}

}  // namespace
}  // namespace terrace::store
