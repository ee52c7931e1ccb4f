// The redis engine on one server that is set up wrongly, hangs, dies, or is meddled with.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/store/redis_fixture.h"

namespace terrace::store {
namespace {

class RedisServerTest : public RedisFaultTest {
 protected:
  std::string place() const { return absl::StrCat("redis://", server_.address()); }

  RedisServer server_;
};

TEST_F(RedisServerTest, UnsafeConfigurationIsRefused) {
  const std::pair<const char*, const char*> unsafe[] = {
      {"appendfsync", "everysec"}, {"maxmemory-policy", "allkeys-lru"}, {"appendonly", "no"}};
  const char* const safe[] = {"always", "noeviction", "yes"};
  for (int i = 0; i < 3; ++i) {
    const auto& [name, value] = unsafe[i];
    ASSERT_EQ(server_.Call({"CONFIG", "SET", name, value}), "OK");
    const auto store = TryOpen(place());
    EXPECT_TRUE(HasReason(store.status(), Reason::STORE_CANNOT_OPEN)) << store.status();
    EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(absl::StrContains(store.status().message(), absl::StrCat("\"", name, " ", safe[i])))
        << store.status();
    EXPECT_TRUE(TryOpen(place(), "allow_unsafe=1").ok());
    ASSERT_EQ(server_.Call({"CONFIG", "SET", name, safe[i]}), "OK");
  }
  EXPECT_TRUE(TryOpen(place()).ok());
  const auto waiting = TryOpen(place(), "wait=1");
  EXPECT_TRUE(absl::StrContains(waiting.status().message(), "min-replicas-to-write 1"))
      << waiting.status();
  const auto unreplicated = TryOpen(place(), "wait=1&wait_ms=50&timeout_ms=300&allow_unsafe=1");
  EXPECT_TRUE(absl::StrContains(unreplicated.status().message(), "fewer than 1 replicas"))
      << unreplicated.status();
  const auto cluster = TryOpen(absl::StrCat("redis+cluster://", server_.address()));
  EXPECT_TRUE(HasReason(cluster.status(), Reason::STORE_CANNOT_OPEN)) << cluster.status();
}

// With no more rights than the engine's README asks for.
TEST_F(RedisServerTest, PasswordsComeFromFiles) {
  ASSERT_EQ(server_.Call({"ACL", "SETUSER", "terrace", "on", ">secret",
                          absl::StrCat("~{", realm_, "/*}:*"), "+@hash", "+@sortedset", "+@stream",
                          "+@scripting", "+@connection", "+info", "+time", "+wait", "+config|get",
                          "+client|kill", "+client|no-evict", "+cluster|slots"}),
            "OK");
  const std::string path = absl::StrCat(testing::TempDir(), "/", realm_);
  std::ofstream(path) << "secret\n";
  const std::string options = absl::StrCat("timeout_ms=1000&user=terrace&password_file=", path);
  auto store = Open(place(), options);
  RedisFollowing following(*store);
  ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  ASSERT_TRUE(following.recorder->WaitForRevision({1}));
  EXPECT_TRUE(store->Compact({1}).ok());
  std::ofstream(path) << "guess\n";
  const auto refused = TryOpen(place(), options);
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "WRONGPASS")) << refused.status();
  std::filesystem::remove(path);
  const auto missing = TryOpen(place(), options);
  EXPECT_TRUE(HasReason(missing.status(), Reason::STORE_CANNOT_OPEN)) << missing.status();
}

TEST_F(RedisServerTest, ABatchSentToAServerThatHangsIsAppliedOnce) {
  auto store = Open(place(), "timeout_ms=200");
  RedisFollowing following(*store);
  ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  std::vector<std::string> unknown;
  for (int round = 0; round < 5; ++round) {
    server_.Pause();
    const std::string id = NewBatchId();
    const auto first = Commit(*store, CrashBatch(id));
    EXPECT_TRUE(HasReason(first.status(), Reason::OUTCOME_UNKNOWN)) << first.status();
    const auto other = Commit(*store, CrashBatch(NewBatchId()));
    EXPECT_TRUE(HasReason(other.status(), Reason::STORE_NOT_READY)) << other.status();
    server_.Resume();
    ASSERT_TRUE(Eventually([&] {
      const auto answer = Commit(*store, CrashBatch(id));
      if (answer.ok()) acknowledged_[id] = *answer;
      return answer.ok() || HasReason(answer.status(), Reason::BATCH_STORED);
    }));
    EXPECT_TRUE(HasReason(Commit(*store, CrashBatch(id)).status(), Reason::BATCH_STORED));
    EXPECT_EQ(server_.Call({"HGET", MetaKey(), "end"}), absl::StrCat(round + 2))
        << "the first attempt came through as well";
  }
  ASSERT_TRUE(following.recorder->WaitForRevision({6}));
  ExpectNothingLostOrHalf(*store, acknowledged_);
  EXPECT_FALSE(following.recorder->end());
}

TEST_F(RedisServerTest, AServerThatIsKilledLosesNothing) {
  auto store = Open(place(), "timeout_ms=500");
  RedisFollowing following(*store);
  const LogId log_id = store->End()->log_id;
  for (int round = 0; round < 3; ++round) {
    const int64_t start = store->End()->revision.value;
    std::thread writer([&] {
      for (int i = 0; i < 40; ++i) ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
    });
    while (store->End()->revision.value < start + 20) std::this_thread::yield();
    server_.Restart();
    writer.join();
  }
  ASSERT_TRUE(following.recorder->WaitForRevision(EndOfLog(*store)));
  EXPECT_EQ(following.recorder->Live(), AllEntries(*store));
  EXPECT_FALSE(following.recorder->end());
  EXPECT_EQ(store->End()->log_id, log_id) << "a server without replicas has one log only";
  ExpectNothingLostOrHalf(*store, acknowledged_);
}

TEST_F(RedisServerTest, ScriptsThatWereForgottenAreLoadedAgain) {
  auto store = Open(place());
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(server_.Call({"SCRIPT", "FLUSH"}), "OK");
    ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
    ASSERT_EQ(server_.Call({"SCRIPT", "FLUSH"}), "OK");
    EXPECT_TRUE(Scan(*store, {}).ok());
  }
  ExpectNothingLostOrHalf(*store, acknowledged_);
}

TEST_F(RedisServerTest, ALogThatWasWipedIsAnotherOne) {
  auto store = Open(place());
  RedisFollowing following(*store);
  ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  ASSERT_TRUE(following.recorder->WaitForRevision({1}));
  const Cursor lost = *store->End();
  ASSERT_EQ(server_.Call({"FLUSHALL"}), "OK");
  ASSERT_TRUE(following.recorder->WaitForEnd());
  EXPECT_TRUE(HasReason(*following.recorder->end(), Reason::LOG_CHANGED));
  EXPECT_NE(store->End()->log_id, lost.log_id);
  EXPECT_EQ(store->End()->revision.value, 0);
}

// Another process wrote and compacted faster than this one could follow.
TEST_F(RedisServerTest, AFollowerThatWasOvertakenByCompactionIsTold) {
  auto store = Open(place());
  RedisFollowing following(*store);
  ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  ASSERT_TRUE(following.recorder->WaitForRevision({1}));
  ASSERT_EQ(server_.Call({"HSET", MetaKey(), "end", "6", "compacted", "6"}), "0");
  ASSERT_TRUE(following.recorder->WaitForEnd());
  EXPECT_TRUE(HasReason(*following.recorder->end(), Reason::COMPACTED));
  EXPECT_EQ(store->End()->revision.value, 6);
  EXPECT_EQ(Commit(*store, CrashBatch(NewBatchId()))->value, 7);
}

TEST_F(RedisServerTest, ACompactionThatWasCutShortIsFinished) {
  auto store = Open(place());
  for (int i = 0; i < 30; ++i) ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  store.reset();
  ASSERT_EQ(server_.Call({"HSET", MetaKey(), "compacted", "20"}), "0");
  store = Open(place());
  EXPECT_TRUE(HasReason(ReadLog(*store, 20, 30).status(), Reason::COMPACTED));
  ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  const std::string log = absl::StrCat("{", realm_, "/", kService, "}:log");
  EXPECT_TRUE(Eventually([&] { return server_.Call({"XLEN", log}) == "11"; }));
  EXPECT_EQ(ReadLog(*store, 21, 31)->size(), 11u);
}

// Whoever writes elsewhere under the same keys, or a bug, must not end the process.
TEST_F(RedisServerTest, ADamagedLogIsSaidToBeDamaged) {
  auto store = Open(place());
  ASSERT_NO_FATAL_FAILURE(CommitOne(*store));
  const std::string log = absl::StrCat("{", realm_, "/", kService, "}:log");
  ASSERT_EQ(server_.Call({"DEL", log}), "1");
  ASSERT_EQ(server_.Call({"XADD", log, "1-0", "b", "x"}), "1-0");
  EXPECT_TRUE(HasReason(ReadLog(*store, 1, 1).status(), Reason::STORE_DAMAGED));
}

}  // namespace
}  // namespace terrace::store
