// The redis engine on a master with replicas: what waits for them, and what becomes of the log when
// one of them takes over.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/store/redis_fixture.h"

namespace terrace::store {
namespace {

// Gives up soon on a server, or on replicas.
constexpr char kQuick[] = "wait=1&wait_ms=200&timeout_ms=1000";
// On replicas only: however busy its disk is, the server answers. When it does not, an outcome is
// unknown for that reason and the gate stays open.
constexpr char kPatient[] = "wait=1&wait_ms=200&timeout_ms=30000";

class RedisReplicaTest : public RedisFaultTest {
 protected:
  RedisReplicaTest() { Replicate(); }

  // Both, in this order.
  std::string place() const {
    return absl::StrCat("redis://", one_.address(), ",", two_.address());
  }

  // `two_` becomes a replica of `one_`, has all of it and gets what is new. That it has all does
  // not say so: a server sends nothing new until a replica that was just filled has spoken again,
  // which may take it a second.
  void Replicate() {
    ASSERT_EQ(two_.Call({"REPLICAOF", "127.0.0.1", absl::StrCat(one_.port())}), "OK");
    const std::string mark = RandomHex(8);
    ASSERT_TRUE(Eventually([&] {
      return one_.HasReplicas(1) && one_.Call({"SET", "mark", mark}) == "OK";
    }));
    ASSERT_TRUE(Eventually([&] {
      return two_.Call({"GET", "mark"}) == mark && one_.HasReplicas(1);
    }));
  }
  void CatchUp() {
    ASSERT_TRUE(Eventually([&] {
      return two_.Call({"HGET", MetaKey(), "end"}) == one_.Call({"HGET", MetaKey(), "end"});
    }));
  }
  // `two_` stays a replica, of nobody who is there.
  void CutLink() { ASSERT_EQ(two_.Call({"REPLICAOF", "127.0.0.1", "1"}), "OK"); }
  void Promote() { ASSERT_EQ(two_.Call({"REPLICAOF", "NO", "ONE"}), "OK"); }

  void AskForReplicas() {
    for (RedisServer* server : {&one_, &two_}) {
      ASSERT_EQ(server->Call({"CONFIG", "SET", "min-replicas-to-write", "1"}), "OK");
    }
  }

  RedisServer one_;
  RedisServer two_;
};

TEST_F(RedisReplicaTest, WhatNoReplicaHasReachesNobody) {
  AskForReplicas();
  auto writer = Open(place(), kPatient);
  auto other = Open(place(), kQuick);
  RedisFollowing own(*writer);
  RedisFollowing others(*other);
  ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*writer));
  ASSERT_TRUE(others.recorder->WaitForRevision({1}));

  two_.Pause();
  const std::string id = NewBatchId();
  const auto unknown = Commit(*writer, CrashBatch(id));
  EXPECT_TRUE(HasReason(unknown.status(), Reason::OUTCOME_UNKNOWN)) << unknown.status();
  // The gate is shut: nothing more is stored, and the caller is told to try again.
  const auto refused = Commit(*writer, CrashBatch(NewBatchId()));
  EXPECT_TRUE(HasReason(refused.status(), Reason::STORE_NOT_READY)) << refused.status();
  EXPECT_EQ(one_.Call({"HGET", MetaKey(), "end"}), "2");
  for (Store* store : {writer.get(), other.get()}) {
    EXPECT_EQ(store->End()->revision.value, 1);
    EXPECT_EQ(ReadLog(*store, 1, 2)->size(), 1u);
  }
  // What it wrote cannot be read either; that is waited for, and not for long here.
  EXPECT_TRUE(HasReason(Scan(*other, OwnKeys(id)).status(), Reason::STORE_UNREADABLE));
  EXPECT_EQ(own.recorder->batches().size(), 1u);
  EXPECT_EQ(others.recorder->batches().size(), 1u);

  two_.Resume();
  ASSERT_TRUE(own.recorder->WaitForRevision({2}));
  ASSERT_TRUE(others.recorder->WaitForRevision({2}));
  EXPECT_EQ(own.recorder->batches().back()->batch_id, id);
  ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*writer));
  EXPECT_TRUE(HasReason(Commit(*writer, CrashBatch(id)).status(), Reason::BATCH_STORED));
  ExpectNothingLostOrHalf(*other, acknowledged_);
}

// A master that was replaced, took over the log of its successor and is master again: what was read
// from it before is in no log any more, though the connection may be the same and replicas answer.
// (Redis closes connections that wait in this moment, hence short waits and several rounds.)
TEST_F(RedisReplicaTest, WhatWasReadBeforeTwoFailoversReachesNobody) {
  AskForReplicas();
  auto store = Open(place(), "wait=1&wait_ms=1&timeout_ms=1000");
  RedisFollowing following(*store);
  for (int round = 0; round < 8; ++round) {
    ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
    const std::string end = one_.Call({"HGET", MetaKey(), "end"});
    CatchUp();
    // A replica that was sent everything has it on its disk only after it has written that anew.
    ASSERT_TRUE(Eventually([&] {
      const std::string info = two_.Call({"INFO", "persistence"});
      return absl::StrContains(info, "aof_rewrite_in_progress:0") &&
             absl::StrContains(info, "aof_rewrite_scheduled:0");
    }));
    two_.Pause();
    EXPECT_FALSE(Commit(*store, CrashBatch(NewBatchId())).ok());
    two_.Kill();
    two_.Restart();
    ASSERT_EQ(one_.Call({"REPLICAOF", "127.0.0.1", absl::StrCat(two_.port())}), "OK");
    ASSERT_TRUE(Eventually([&] { return one_.Call({"HGET", MetaKey(), "end"}) == end; }));
    ASSERT_EQ(one_.Call({"REPLICAOF", "NO", "ONE"}), "OK");
    Replicate();
    AskForReplicas();
  }
  ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  const auto log = WholeLog(*store);
  ASSERT_TRUE(following.recorder->WaitForRevision({static_cast<int64_t>(log.size())}));
  ASSERT_EQ(following.recorder->batches().size(), log.size());
  for (size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(following.recorder->batches()[i]->batch_id, log[i]->batch_id);
  }
}

TEST_F(RedisReplicaTest, AMasterThatAsksForReplicasIsWaitedFor) {
  AskForReplicas();
  auto store = Open(place(), kPatient);
  ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  CutLink();
  ASSERT_TRUE(Eventually([&] {
    return absl::StrContains(one_.Call({"INFO", "replication"}), "connected_slaves:0");
  }));
  const auto refused = Commit(*store, CrashBatch(NewBatchId()));
  EXPECT_TRUE(HasReason(refused.status(), Reason::STORE_NOT_READY)) << refused.status();
  Replicate();
  ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  EXPECT_EQ(one_.Call({"HGET", MetaKey(), "end"}), "2");
}

// The log forks: a batch was committed and read that the replica which takes over never got.
TEST_F(RedisReplicaTest, AForkedLogHasANewName) {
  auto store = Open(place());
  auto other = Open(place());
  RedisFollowing following(*store);
  RedisFollowing behind(*other);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit(*store, CrashBatch(NewBatchId())).ok());
  CatchUp();
  const auto common = WholeLog(*store);
  CutLink();
  ASSERT_TRUE(Commit(*store, CrashBatch(NewBatchId())).ok());
  ASSERT_TRUE(following.recorder->WaitForRevision({4}));
  const Cursor lost = *store->End();
  one_.Kill();
  Promote();

  for (const RedisFollowing* each : {&following, &behind}) {
    ASSERT_TRUE(each->recorder->WaitForEnd());
    EXPECT_TRUE(HasReason(*each->recorder->end(), Reason::LOG_CHANGED)) << *each->recorder->end();
  }
  for (Store* each : {store.get(), other.get()}) {
    EXPECT_NE(each->End()->log_id, lost.log_id);
    EXPECT_EQ(each->End()->revision.value, 3);
    EXPECT_TRUE(HasReason(each->Follow(lost, std::make_shared<Recorder>(lost)).status(),
                          Reason::LOG_CHANGED));
  }
  EXPECT_EQ(store->End()->log_id, other->End()->log_id);

  // A commit would be decided on what is lost, until somebody follows what there is.
  const Batch batch = CrashBatch(NewBatchId());
  const auto refused = Commit(*store, batch);
  EXPECT_TRUE(HasReason(refused.status(), Reason::STORE_FAILED)) << refused.status();
  RedisFollowing anew(*store);
  ASSERT_TRUE(anew.recorder->WaitForSnapshot());
  EXPECT_EQ(Commit(*store, batch)->value, 4);
  ASSERT_TRUE(anew.recorder->WaitForRevision({4}));
  EXPECT_EQ(anew.recorder->Live(), AllEntries(*store));

  // The leaves of what both have are as they were, whatever was sealed with them.
  const auto log = WholeLog(*store);
  ASSERT_EQ(log.size(), 4u);
  for (size_t i = 0; i < common.size(); ++i) EXPECT_EQ(log[i]->leaf, common[i]->leaf);
  EXPECT_NE(Open(place())->End()->log_id, lost.log_id);
}

// The same with nobody left who saw the lost batch: its cursor is refused all the same, even after
// the log has grown past it.
TEST_F(RedisReplicaTest, AForkThatNobodySawHasANewNameToo) {
  auto store = Open(place());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit(*store, CrashBatch(NewBatchId())).ok());
  CatchUp();
  CutLink();
  ASSERT_TRUE(Commit(*store, CrashBatch(NewBatchId())).ok());
  const Cursor lost = *store->End();
  store.reset();
  one_.Kill();
  Promote();
  store = Open(place());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit(*store, CrashBatch(NewBatchId())).ok());
  EXPECT_TRUE(HasReason(store->Follow(lost, std::make_shared<Recorder>(lost)).status(),
                        Reason::LOG_CHANGED));
}

// Every follower waited for every replica, so whichever takes over has all that anybody was told.
TEST_F(RedisReplicaTest, AFailoverThatCanLoseNothingIsNotNoticed) {
  AskForReplicas();
  auto store = Open(place(), kQuick);
  RedisFollowing following(*store);
  const LogId log_id = store->End()->log_id;
  for (int i = 0; i < 20; ++i) ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  one_.Kill();
  Promote();
  // The old master comes back with its old log and thinks it is the master; nothing may be written
  // there, because it has no replica.
  one_.Restart();
  ASSERT_EQ(one_.Call({"CONFIG", "SET", "min-replicas-to-write", "1"}), "OK");
  const auto refused = Commit(*store, CrashBatch(NewBatchId()));
  EXPECT_TRUE(HasReason(refused.status(), Reason::STORE_NOT_READY) ||
              HasReason(refused.status(), Reason::OUTCOME_UNKNOWN))
      << refused.status();
  ASSERT_EQ(one_.Call({"REPLICAOF", "127.0.0.1", absl::StrCat(two_.port())}), "OK");
  ASSERT_NO_FATAL_FAILURE(CommitInTheEnd(*store));
  ASSERT_TRUE(following.recorder->WaitForRevision(EndOfLog(*store)));
  EXPECT_FALSE(following.recorder->end()) << *following.recorder->end();
  EXPECT_EQ(store->End()->log_id, log_id);
  ExpectNothingLostOrHalf(*store, acknowledged_);
}

// A replica that came after the store was opened counts as well.
TEST_F(RedisReplicaTest, AReplicaThatIsAddedIsCounted) {
  AskForReplicas();
  auto store = Open(place(), kQuick);
  ASSERT_EQ(one_.Call({"HGET", MetaKey(), "replicas"}), "1");
  RedisServer three({"--replicaof", absl::StrCat("127.0.0.1 ", one_.port())});
  EXPECT_TRUE(Eventually([&] { return one_.Call({"HGET", MetaKey(), "replicas"}) == "2"; }));
  EXPECT_EQ(one_.Call({"HGET", MetaKey(), "wait"}), "1");
}

}  // namespace
}  // namespace terrace::store
