#include "common/machine/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "google/protobuf/wrappers.pb.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::machine {
namespace {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;

constexpr int kChunk = 10;

// Counters under "counters/{id}", and a total over them as an index.
class CounterState : public State {
 public:
  void OnChange(const RowChange& change) override {
    if (!absl::StartsWith(change.key, "counters/")) return;
    total_ += Value(change.after) - Value(change.before);
  }
  std::string IndexDigest() const override { return absl::StrCat(total_); }
  absl::Time NextTick() const override {
    ++looks;
    return next_tick > log_time() ? next_tick : absl::InfiniteFuture();
  }
  void OnTick(absl::Time instant) override { ticks.push_back(instant); }

  absl::Status ContinueOperation(Decision& decision,
                                 internal::v1::OperationRecord& operation) const override {
    Int64Value wanted;
    TERRACE_CHECK(operation.spec().UnpackTo(&wanted));
    int64_t at = operation.resume().empty() ? 0 : std::stoll(operation.resume());
    for (int i = 0; i < kChunk && at < wanted.value(); ++i, ++at) {
      Int64Value one;
      one.set_value(1);
      decision.Put(absl::StrCat("counters/op-", at), one);
    }
    operation.set_resume(absl::StrCat(at));
    if (at == wanted.value()) {
      operation.set_done(true);
      operation.mutable_response()->PackFrom(wanted);
    }
    return absl::OkStatus();
  }

  int64_t total() const { return total_; }
  absl::Time next_tick = absl::InfiniteFuture();
  std::vector<absl::Time> ticks;
  mutable std::atomic<int> looks = 0;  // How often the machine looked for something to do.

 private:
  static int64_t Value(const std::string* bytes) {
    Int64Value value;
    if (bytes != nullptr) TERRACE_CHECK(value.ParseFromString(*bytes));
    return value.value();
  }
  int64_t total_ = 0;
};

absl::Status Add(Decision& decision, absl::string_view key, int64_t amount, std::string* reply) {
  Int64Value value = decision.Get<Int64Value>(key).value_or(Int64Value());
  value.set_value(value.value() + amount);
  decision.Put(key, value);
  *reply = value.SerializeAsString();
  return absl::OkStatus();
}

// A store that another process writes to as well, whenever this one asks where the log ends.
class SharedStore : public store::Store {
 public:
  explicit SharedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  // Runs inside CatchUp and gives its answer.
  std::function<absl::StatusOr<store::Cursor>(Store& store)> on_catch_up;

  void Commit(store::Batch batch, store::CommitDone done) override {
    store_->Commit(std::move(batch), std::move(done));
  }
  absl::StatusOr<std::unique_ptr<store::Subscription>> Follow(
      absl::optional<store::Cursor> after, std::shared_ptr<store::Sink> sink) override {
    return store_->Follow(std::move(after), std::move(sink));
  }
  void Read(absl::Span<const std::string> keys, store::ReadDone done) override {
    store_->Read(keys, std::move(done));
  }
  void Scan(store::KeyRange range, int limit, store::ScanDone done) override {
    store_->Scan(std::move(range), limit, std::move(done));
  }
  void ReadLog(store::Revision from, store::Revision to, store::LogDone done) override {
    store_->ReadLog(from, to, std::move(done));
  }
  absl::Status Compact(store::Revision revision) override { return store_->Compact(revision); }
  absl::StatusOr<store::Cursor> End() override { return store_->End(); }
  bool shared() const override { return true; }
  absl::StatusOr<store::Cursor> CatchUp() override { return on_catch_up(*store_); }

 private:
  const std::unique_ptr<Store> store_;
};

class MachineTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = store::OpenStore({"memory:", "test"});
    ASSERT_TRUE(store.ok());
    Open(*std::move(store));
  }

  void Open(std::unique_ptr<store::Store> store) {
    MachineOptions options;
    options.service = "test";
    options.store = std::move(store);
    options.make_state = [this] {
      auto state = std::make_unique<CounterState>();
      state_ = state.get();
      return state;
    };
    options.tree = [this] { return trees_.Get(); };
    options.clock = &clock_;
    options.executor = &executor_;
    auto machine = Machine::Start(std::move(options));
    ASSERT_TRUE(machine.ok()) << machine.status();
    machine_ = *std::move(machine);
  }

  Command NewCommand(std::string request_id = "", std::string hash = "h") {
    Command command;
    command.identity.subject = "units/a/tokens/t";
    command.method = "/test/Add";
    command.request_id = std::move(request_id);
    command.request_hash = std::move(hash);
    command.received = clock_.Now();
    return command;
  }

  absl::StatusOr<Done> Run(Command command, std::vector<std::string> keys, DecideFn decide) {
    absl::Notification finished;
    absl::StatusOr<Done> result;
    machine_->Execute(std::move(command), std::move(keys), std::move(decide),
                      [&](absl::StatusOr<Done> done) {
                        result = std::move(done);
                        finished.Notify();
                      });
    finished.WaitForNotification();
    return result;
  }

  void AwaitOperations() {
    for (int i = 0; i < 100; ++i) {
      store::Cursor at;
      const bool open =
          machine_->Read<CounterState>([&](const CounterState& state, const auto& now) {
            at = now;
            return !state.open_operations().empty();
          });
      if (!open) return;
      ++at.revision.value;
      absl::Notification waited;
      machine_->WaitFor(at, clock_.Now() + absl::Seconds(5),
                        [&](absl::Status) { waited.Notify(); });
      waited.WaitForNotification();
    }
    FAIL() << "an operation does not end";
  }

  int64_t Count(const std::string& key) {
    return machine_->Read<CounterState>([&](const CounterState& state, const store::Cursor&) {
      return state.rows().Get<Int64Value>(key).value_or(Int64Value()).value();
    });
  }

  SystemClock clock_;
  Executor executor_{2};
  tree::TreeHolder trees_;
  CounterState* state_ = nullptr;
  std::unique_ptr<Machine> machine_;
};

Int64Value Wanted(int64_t counters) {
  Int64Value wanted;
  wanted.set_value(counters);
  return wanted;
}

DecideFn AddOne(std::string key) {
  return [key](const State&, Decision& decision, std::string* reply) {
    return Add(decision, key, 1, reply);
  };
}

int64_t ValueOf(const Done& done) {
  Int64Value value;
  TERRACE_CHECK(value.ParseFromString(done.reply));
  return value.value();
}

TEST_F(MachineTest, TheHeaderSaysWhichTreeWasDecidedOn) {
  std::vector<storage::v1::Header> headers;
  machine_->Listen([&](const store::CommittedPtr& batch) {
    ASSERT_TRUE(headers.emplace_back().ParseFromString(batch->header));
  });
  ASSERT_TRUE(Run(NewCommand(), {"a"}, AddOne("a")).ok());
  tree::TreeBuilder builder;
  builder.SetCursor({"registry's log", 7});
  trees_.Set(builder.Publish());
  ASSERT_TRUE(Run(NewCommand(), {"a"}, AddOne("a")).ok());
  // A tree made of the service's own log is the registry's.
  builder.SetCursor({machine_->position().log_id, 2});
  trees_.Set(builder.Publish());
  ASSERT_TRUE(Run(NewCommand(), {"a"}, AddOne("a")).ok());
  ASSERT_EQ(headers.size(), 3);
  EXPECT_FALSE(headers[0].has_inputs());
  EXPECT_EQ(headers[1].inputs().registry().log_id(), "registry's log");
  EXPECT_EQ(headers[1].inputs().registry().revision(), 7);
  EXPECT_FALSE(headers[2].has_inputs());
}

TEST_F(MachineTest, ReplyFollowsApply) {
  auto done = Run(NewCommand(), {"k"}, AddOne("counters/a"));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(ValueOf(*done), 1);
  EXPECT_EQ(done->position.revision.value, 1);
  EXPECT_EQ(Count("counters/a"), 1);
  EXPECT_EQ(machine_->position(), done->position);
}

// Two replicas' clocks may be apart. What follows upon a command is not before it.
TEST_F(MachineTest, NothingIsDecidedBeforeWhatItFollowsUpon) {
  absl::Status last;
  const auto decided_at = [this, &last](absl::Time received) {
    Command command = NewCommand();
    command.received = received;
    absl::Time at;
    absl::Notification done;
    machine_->Execute(
        std::move(command), {},
        [&at](const State&, Decision& decision, std::string* reply) {
          at = decision.now();
          return Add(decision, "counters/a", 1, reply);
        },
        [&](const absl::StatusOr<Done>& result) {
          last = result.status();
          done.Notify();
        });
    done.WaitForNotification();
    return at;
  };
  const absl::Time now = clock_.Now();
  const absl::Time ahead = now + absl::Seconds(1);
  EXPECT_EQ(decided_at(ahead), ahead);
  EXPECT_GE(decided_at(now), ahead);
  EXPECT_TRUE(last.ok()) << last;
  // A clock that is further ahead than clocks may be writes nothing.
  EXPECT_EQ(decided_at(now + absl::Hours(1)), now + absl::Hours(1));
  EXPECT_TRUE(HasReason(last, Reason::CLOCK_SKEW)) << last;
  EXPECT_LT(decided_at(now), now + absl::Minutes(30));
}

TEST_F(MachineTest, CommandsOnOneQueueKeyRunOneAfterTheOther) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        if (!Run(NewCommand(), {"counters/a"}, AddOne("counters/a")).ok()) ++failed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(Count("counters/a"), kThreads * kEach);
  // No guard ever failed: one revision a command.
  EXPECT_EQ(machine_->position().revision.value, kThreads * kEach);
}

TEST_F(MachineTest, GuardsKeepCountsRightWithoutQueues) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  std::atomic<int> ok = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        if (Run(NewCommand(), {absl::StrCat("own/", t)}, AddOne("counters/a")).ok()) ++ok;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ok, kThreads * kEach);
  EXPECT_EQ(Count("counters/a"), kThreads * kEach);
}

TEST_F(MachineTest, RepeatedRequestGetsTheStoredReply) {
  auto first = Run(NewCommand("r1"), {"k"}, AddOne("counters/a"));
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Run(NewCommand("r2"), {"k"}, AddOne("counters/a")).ok());
  auto again = Run(NewCommand("r1"), {"k"}, AddOne("counters/a"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ValueOf(*again), 1);
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(Count("counters/a"), 2);
}

TEST_F(MachineTest, RequestIdOfAnotherRequestIsRefused) {
  ASSERT_TRUE(Run(NewCommand("r1", "h1"), {"k"}, AddOne("counters/a")).ok());
  auto again = Run(NewCommand("r1", "h2"), {"k"}, AddOne("counters/a"));
  EXPECT_TRUE(HasReason(again.status(), Reason::REQUEST_ID_REUSED)) << again.status();
  EXPECT_EQ(Count("counters/a"), 1);
}

TEST_F(MachineTest, ConcurrentRepetitionsApplyOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> ok = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      auto done = Run(NewCommand("same"), {}, AddOne("counters/a"));
      if (done.ok() && ValueOf(*done) == 1) ++ok;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ok, 8);
  EXPECT_EQ(Count("counters/a"), 1);
}

TEST_F(MachineTest, ValidateOnlyStoresNothing) {
  Command command = NewCommand("r1");
  command.validate_only = true;
  auto done = Run(std::move(command), {"k"}, AddOne("counters/a"));
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(ValueOf(*done), 1);
  EXPECT_EQ(machine_->position().revision.value, 0);
  // The id is still free.
  EXPECT_TRUE(Run(NewCommand("r1"), {"k"}, AddOne("counters/a")).ok());
}

TEST_F(MachineTest, RefusedDecisionStoresNothing) {
  auto done =
      Run(NewCommand("r1"), {"k"}, [](const State&, Decision& decision, std::string* reply) {
        TERRACE_RETURN_IF_ERROR(Add(decision, "counters/a", 1, reply));
        return Error(Reason::NOT_FOUND, {{"name", "x"}});
      });
  EXPECT_TRUE(HasReason(done.status(), Reason::NOT_FOUND));
  EXPECT_EQ(machine_->position().revision.value, 0);
}

TEST_F(MachineTest, ARefusalThatWasOvertakenIsDecidedAgain) {
  auto shared = std::make_unique<SharedStore>(*store::OpenStore({"memory:", "test"}));
  bool written = false;
  // By the time that the end of the log is known, State has come there already.
  shared->on_catch_up = [&](store::Store& store) {
    if (!std::exchange(written, true)) {
      store::Batch other;
      other.id = store::NewBatchId();
      Int64Value one;
      one.set_value(1);
      other.changes.push_back({"counters/a", one.SerializeAsString()});
      absl::Notification applied;
      store.Commit(std::move(other), [](absl::StatusOr<store::Revision>) {});
      machine_->WakeAfter(store::Revision{0}, [&] { applied.Notify(); });
      applied.WaitForNotification();
    }
    return store.End();
  };
  machine_.reset();
  Open(std::move(shared));
  const auto done =
      Run(NewCommand(), {"k"}, [](const State&, Decision& decision, std::string* reply) {
        if (!decision.Get<Int64Value>("counters/a")) {
          return Error(Reason::NOT_FOUND, {{"name", "counters/a"}});
        }
        return Add(decision, "counters/a", 1, reply);
      });
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(Count("counters/a"), 2);
}

TEST_F(MachineTest, NothingIsRefusedWhileTheEndOfTheLogIsNotKnown) {
  auto shared = std::make_unique<SharedStore>(*store::OpenStore({"memory:", "test"}));
  shared->on_catch_up = [](store::Store&) {
    return Error(Reason::STORE_UNREADABLE, {{"detail", "no server answers"}});
  };
  machine_.reset();
  Open(std::move(shared));
  const auto done = Run(NewCommand(), {"k"}, [](const State&, Decision&, std::string*) {
    return Error(Reason::NOT_FOUND, {{"name", "counters/a"}});
  });
  EXPECT_TRUE(HasReason(done.status(), Reason::STORE_UNREADABLE)) << done.status();
}

TEST_F(MachineTest, APositionThatOnlyAnotherReplicaHasReachedIsNoneOfALostLog) {
  auto shared = std::make_unique<SharedStore>(*store::OpenStore({"memory:", "test"}));
  store::Cursor end;
  shared->on_catch_up = [&](store::Store&) { return end; };
  machine_.reset();
  Open(std::move(shared));
  end = machine_->position();
  const auto after = [this](const store::Cursor& cursor) {
    absl::StatusOr<std::vector<store::CommittedPtr>> batches;
    absl::Notification answered;
    machine_->BatchesAfter(cursor, 10, [&](auto result) {
      batches = std::move(result);
      answered.Notify();
    });
    answered.WaitForNotification();
    return batches;
  };
  store::Cursor ahead = end;
  ahead.revision.value = 3;
  EXPECT_TRUE(HasReason(after(ahead).status(), Reason::LOG_CHANGED));
  end = ahead;  // The other replica has written, and this one has not heard of it yet.
  const auto batches = after(ahead);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(*batches, testing::IsEmpty());
}

TEST_F(MachineTest, WhatFillsItsRoomIsStored) {
  const auto fill = [](bool change) {
    return [change](const State&, Decision& decision, std::string* reply) {
      for (int i = 0; decision.room() > 1; ++i) {
        const std::string key = absl::StrCat(change ? "counters/" : "absent/", i);
        if (change) {
          TERRACE_RETURN_IF_ERROR(Add(decision, key, 1, reply));
        } else {
          EXPECT_FALSE(decision.Exists(key));
        }
      }
      return Add(decision, "counters/last", 1, reply);
    };
  };
  for (const bool change : {false, true}) {
    const auto done = Run(NewCommand(absl::StrCat("r", change)), {}, fill(change));
    EXPECT_TRUE(done.ok()) << done.status();
  }
  EXPECT_EQ(Count("counters/last"), 2);
  EXPECT_EQ(Count("counters/0"), 1);
}

TEST_F(MachineTest, NewIdsAreTheSameInEveryRun) {
  std::vector<std::string> ids;
  bool moved = false;
  auto done =
      Run(NewCommand(), {"mine"}, [&](const State&, Decision& decision, std::string* reply) {
        ids.push_back(decision.NewId());
        if (!moved) {
          // Somebody else writes between Decide and Commit: the guard fails and Decide runs again.
          moved = true;
          store::Batch other;
          other.id = store::NewBatchId();
          other.changes.push_back({"counters/a", Int64Value().SerializeAsString()});
          machine_->store().Commit(std::move(other), [](absl::StatusOr<store::Revision>) {});
        }
        return Add(decision, "counters/a", 1, reply);
      });
  ASSERT_TRUE(done.ok()) << done.status();
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0].size(), 20u);
}

TEST_F(MachineTest, OperationRunsInChunksToItsEnd) {
  auto done = Run(NewCommand(), {"k"}, [](const State&, Decision& decision, std::string* reply) {
    *reply = StartOperation(decision, "units/a", "test", Wanted(95), StringValue()).name();
    return absl::OkStatus();
  });
  ASSERT_TRUE(done.ok());
  const std::string name = done->reply;
  EXPECT_THAT(name, testing::StartsWith("units/a/operations/test."));
  AwaitOperations();
  machine_->Read<CounterState>([&](const CounterState& state, const auto&) {
    auto record = state.rows().Get<internal::v1::OperationRecord>(name);
    ASSERT_TRUE(record.has_value());
    EXPECT_TRUE(record->done());
    EXPECT_FALSE(record->has_error());
    EXPECT_EQ(state.total(), 95);
  });
}

// Whichever replica goes on with it may know less of the registry than the one before.
TEST_F(MachineTest, OperationGoesOnOnNoOlderTree) {
  const auto set_tree = [this](int64_t revision) {
    tree::TreeBuilder builder;
    builder.SetCursor({"registry's log", revision});
    trees_.Set(builder.Publish());
  };
  set_tree(7);
  auto done = Run(NewCommand(), {"k"}, [](const State&, Decision& decision, std::string* reply) {
    auto record = StartOperation(decision, "units/a", "test", Wanted(25), StringValue());
    EXPECT_EQ(record.registry().revision(), 7);
    record.mutable_registry()->set_revision(9);  // Another replica's.
    decision.Put(record.name(), record);
    *reply = record.name();
    return absl::OkStatus();
  });
  ASSERT_TRUE(done.ok());
  // The machine looks at it and leaves it alone until its tree is new enough.
  const auto is_left_alone = [this] {
    for (int looks = state_->looks; state_->looks < looks + 2;) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    EXPECT_EQ(Count("counters/op-0"), 0);
  };
  is_left_alone();
  trees_.Set(tree::TreeBuilder().Publish());  // Of a process that has heard nothing yet.
  is_left_alone();
  set_tree(10);
  AwaitOperations();
  EXPECT_EQ(Count("counters/op-24"), 1);
  machine_->Read<CounterState>([&](const CounterState& state, const auto&) {
    EXPECT_EQ(state.rows().Get<internal::v1::OperationRecord>(done->reply)->registry().revision(),
              10);
  });
}

TEST_F(MachineTest, TickIsCommittedWhenItsTimeComes) {
  const absl::Time instant = absl::FromUnixMillis(absl::ToUnixMillis(clock_.Now()) + 150);
  // Written before the machine looks again; the state is this test's own.
  machine_->Read<CounterState>(
      [&](const CounterState&, const auto&) { state_->next_tick = instant; });
  absl::Notification waited;
  machine_->WaitFor({"", store::Revision{1}}, clock_.Now() + absl::Seconds(10),
                    [&](absl::Status status) {
                      EXPECT_TRUE(status.ok()) << status;
                      waited.Notify();
                    });
  waited.WaitForNotification();
  machine_->Read<CounterState>([&](const CounterState& state, const auto&) {
    EXPECT_THAT(state.ticks, testing::ElementsAre(instant));
    EXPECT_GE(state.log_time(), instant);
  });
}

TEST_F(MachineTest, WaitForEndsAtTheDeadline) {
  absl::Notification waited;
  absl::Status status;
  machine_->WaitFor({machine_->position().log_id, store::Revision{99}},
                    clock_.Now() + absl::Milliseconds(50), [&](absl::Status result) {
                      status = result;
                      waited.Notify();
                    });
  waited.WaitForNotification();
  EXPECT_TRUE(HasReason(status, Reason::REVISION_NOT_REACHED)) << status;
}

TEST_F(MachineTest, WaitForAnotherLogIsRefused) {
  absl::Status status;
  machine_->WaitFor({"00000000000000000000000000000000", store::Revision{0}},
                    absl::InfiniteFuture(), [&](absl::Status result) { status = result; });
  EXPECT_TRUE(HasReason(status, Reason::LOG_CHANGED)) << status;
}

TEST_F(MachineTest, BatchesComeInOrderWithoutGaps) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Run(NewCommand(), {"k"}, AddOne("counters/a")).ok());
  store::Cursor after = machine_->position();
  after.revision.value = 5;
  absl::Notification read;
  std::vector<int64_t> revisions;
  machine_->BatchesAfter(after, 10, [&](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
    ASSERT_TRUE(batches.ok()) << batches.status();
    for (const auto& batch : *batches) revisions.push_back(batch->revision.value);
    read.Notify();
  });
  read.WaitForNotification();
  EXPECT_THAT(revisions, testing::ElementsAre(6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

TEST_F(MachineTest, DrainRefusesNewCommands) {
  machine_->Drain();
  auto done = Run(NewCommand(), {"k"}, AddOne("counters/a"));
  EXPECT_TRUE(HasReason(done.status(), Reason::SHUTTING_DOWN)) << done.status();
}

// State from a snapshot and the log equals State from revision 1.
TEST_F(MachineTest, DigestFromSnapshotEqualsDigestFromTheLog) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(
        Run(NewCommand(absl::StrCat("r", i)), {"k"}, AddOne(absl::StrCat("counters/", i % 17)))
            .ok());
  }
  CounterState from_log;
  absl::Notification read;
  std::vector<store::CommittedPtr> all;
  for (int64_t next = 1; next <= 300;) {
    absl::Notification page;
    machine_->store().ReadLog(store::Revision{next}, store::Revision{300},
                              [&](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
                                ASSERT_TRUE(batches.ok()) << batches.status();
                                for (const auto& batch : *batches) from_log.ApplyBatch(*batch);
                                next += static_cast<int64_t>(batches->size());
                                page.Notify();
                              });
    page.WaitForNotification();
  }
  CounterState from_snapshot;
  absl::Notification scanned;
  machine_->store().Scan({"", ""}, 1000, [&](absl::StatusOr<std::vector<store::Entry>> entries) {
    ASSERT_TRUE(entries.ok());
    for (const store::Entry& entry : *entries) from_snapshot.ApplyEntry(entry);
    scanned.Notify();
  });
  scanned.WaitForNotification();
  machine_->Read<CounterState>([&](const CounterState& live, const auto&) {
    EXPECT_EQ(live.Digest(), from_log.Digest());
    EXPECT_EQ(live.Digest(), from_snapshot.Digest());
    EXPECT_EQ(live.total(), 300);
  });
}

}  // namespace
}  // namespace terrace::machine
