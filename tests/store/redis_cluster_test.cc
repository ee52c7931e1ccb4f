// The redis engine on a cluster whose masters fail and whose slots move.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/store/redis/scripts.h"
#include "common/store/redis/slot.h"
#include "tests/store/redis_fixture.h"

namespace terrace::store {
namespace {

class RedisClusterTest : public RedisFaultTest {
 protected:
  std::string place() const { return absl::StrCat("redis+cluster://", cluster_.addresses()); }
  RedisServer& master() { return cluster_.MasterOf(MetaKey()); }
  RedisServer& replica() { return cluster_.ReplicaOf(MetaKey()); }

  // Commits one batch after the other until it is destroyed, through whatever happens.
  class Writing {
   public:
    Writing(RedisClusterTest* test, Store* store)
        : thread_([this, test, store] {
            while (!stop_) {
              test->CommitInTheEnd(*store);
              ++count_;
            }
          }) {}
    ~Writing() {
      stop_ = true;
      thread_.join();
    }
    // Until so many more are stored.
    void Await(int more) const {
      const int until = count_ + more;
      EXPECT_TRUE(Eventually([&] { return count_ >= until; }));
    }

   private:
    std::atomic<bool> stop_{false};
    std::atomic<int> count_{0};
    std::thread thread_;
  };

  RedisCluster cluster_{absl::Seconds(2)};
};

TEST_F(RedisClusterTest, AMasterThatIsKilledLosesNothing) {
  auto store = Open(place(), "timeout_ms=1000");
  auto other = Open(place(), "timeout_ms=1000");
  RedisFollowing following(*store);
  RedisFollowing others(*other);
  const LogId log_id = store->End()->log_id;
  {
    Writing writing(this, store.get());
    writing.Await(50);
    master().Kill();
    ASSERT_TRUE(Eventually([&] {
      return absl::StrContains(replica().Call({"INFO", "replication"}), "role:master");
    }));
    // It comes back as the replica that the new master waits for.
    master().Restart();
    writing.Await(50);
  }
  const Revision end = EndOfLog(*store);
  for (const RedisFollowing* each : {&following, &others}) {
    ASSERT_TRUE(each->recorder->WaitForRevision(end));
    EXPECT_EQ(each->recorder->Live(), AllEntries(*store));
    EXPECT_FALSE(each->recorder->end()) << *each->recorder->end();
  }
  EXPECT_EQ(store->End()->log_id, log_id) << "the replica had all that anybody was told";
  ExpectNothingLostOrHalf(*other, acknowledged_);
}

// Redis moves a slot key by key: in between, scripts are told to try again, then to ask the other
// node, then that the slot has moved.
TEST_F(RedisClusterTest, ASlotThatMovesIsFollowed) {
  auto store = Open(place(), "timeout_ms=1000");
  RedisFollowing following(*store);
  const std::string slot = absl::StrCat(redis::SlotOf(MetaKey()));
  RedisServer& from = master();
  RedisServer* to = nullptr;
  for (int i = 0; i < 3; ++i) {
    if (cluster_.servers()[i].get() != &from) to = cluster_.servers()[i].get();
  }
  const redis::Keys keys(realm_, kService);
  const std::string from_id = from.Call({"CLUSTER", "MYID"});
  const std::string to_id = to->Call({"CLUSTER", "MYID"});
  {
    Writing writing(this, store.get());
    writing.Await(20);
    ASSERT_EQ(to->Call({"CLUSTER", "SETSLOT", slot, "IMPORTING", from_id}), "OK");
    ASSERT_EQ(from.Call({"CLUSTER", "SETSLOT", slot, "MIGRATING", to_id}), "OK");
    writing.Await(5);  // All keys are still there.
    for (absl::string_view key : keys.all()) {
      const std::string port = absl::StrCat(to->port());
      ASSERT_EQ(from.Call({"MIGRATE", "127.0.0.1", port, key, "0", "5000"}), "OK") << key;
    }
    writing.Await(5);  // All keys are there already, but the slot is not.
    for (RedisServer* server : {to, &from}) {
      ASSERT_EQ(server->Call({"CLUSTER", "SETSLOT", slot, "NODE", to_id}), "OK");
    }
    writing.Await(20);
  }
  ASSERT_TRUE(following.recorder->WaitForRevision(EndOfLog(*store)));
  EXPECT_EQ(following.recorder->Live(), AllEntries(*store));
  EXPECT_FALSE(following.recorder->end()) << *following.recorder->end();
  ExpectNothingLostOrHalf(*store, acknowledged_);
  ExpectNothingLostOrHalf(*Open(place()), acknowledged_);
}

// A master that hangs is replaced. What was sent to it is not applied a second time when it wakes
// up as a replica.
TEST_F(RedisClusterTest, AMasterThatHangsIsReplaced) {
  auto store = Open(place(), "timeout_ms=300");
  RedisFollowing following(*store);
  for (int i = 0; i < 10; ++i) ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  master().Pause();
  std::thread writer([&] { CommitInTheEnd(*store); });
  const bool replaced = Eventually([&] {
    return absl::StrContains(replica().Call({"INFO", "replication"}), "role:master");
  });
  master().Resume();
  writer.join();
  ASSERT_TRUE(replaced);
  for (int i = 0; i < 10; ++i) ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  EXPECT_EQ(replica().Call({"HGET", MetaKey(), "end"}), "21") << "the one that took over";
  ASSERT_TRUE(following.recorder->WaitForRevision(EndOfLog(*store)));
  EXPECT_FALSE(following.recorder->end()) << *following.recorder->end();
  ExpectNothingLostOrHalf(*store, acknowledged_);
}

}  // namespace
}  // namespace terrace::store
