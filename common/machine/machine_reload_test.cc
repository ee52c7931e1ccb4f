// The log that a State was made from goes away under it: another one takes its
// place, as after a failover or a restore, or its next batches are forgotten
// before they were read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/machine/machine.h"
#include "google/protobuf/wrappers.pb.h"

namespace terrace::machine {
namespace {

using google::protobuf::Int64Value;
using store::Batch;
using store::CommitDone;
using store::Cursor;
using store::Revision;

std::shared_ptr<store::Store> MemoryStore() {
  auto store = store::OpenStore({"memory:", "test"});
  TERRACE_CHECK(store.ok());
  return *std::move(store);
}

Int64Value ValueOf(int64_t number) {
  Int64Value value;
  value.set_value(number);
  return value;
}

Batch BatchOf(const std::string& key, int64_t number) {
  Batch batch;
  batch.id = store::NewBatchId();
  batch.changes.push_back({key, ValueOf(number).SerializeAsString()});
  return batch;
}

absl::StatusOr<Revision> CommitTo(store::Store& store, Batch batch) {
  absl::Notification finished;
  absl::StatusOr<Revision> result;
  store.Commit(std::move(batch), [&](absl::StatusOr<Revision> revision) {
    result = revision;
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

// A store behind which another one can be put, as a failover does.
class Switchable : public store::Store {
 public:
  explicit Switchable(std::shared_ptr<Store> inner) : inner_(std::move(inner)) {}

  // Puts `next` in the place of the store, and ends the feeds with `end`.
  void Switch(std::shared_ptr<Store> next, absl::Status end) {
    std::vector<std::shared_ptr<store::Sink>> sinks;
    std::vector<std::unique_ptr<store::Subscription>> over;
    {
      absl::MutexLock lock(&mu_);
      inner_ = std::move(next);
      sinks.swap(sinks_);
      over.swap(subscriptions_);
    }
    over.clear();
    for (const auto& sink : sinks) sink->OnEnd(end);
  }
  // Feeds say nothing any more.
  void Cut() {
    std::vector<std::unique_ptr<store::Subscription>> over;
    absl::MutexLock lock(&mu_);
    over.swap(subscriptions_);
  }
  // Takes commits from now on without doing anything about them.
  void HoldCommits() {
    absl::MutexLock lock(&mu_);
    holding_ = true;
  }
  std::vector<Batch> TakeHeld() {
    absl::MutexLock lock(&mu_);
    holding_ = false;
    return std::exchange(held_, {});
  }
  size_t held() {
    absl::MutexLock lock(&mu_);
    return held_.size();
  }

  void Commit(Batch batch, CommitDone done) override {
    std::shared_ptr<Store> inner = Inner();
    {
      absl::MutexLock lock(&mu_);
      if (holding_) {
        held_.push_back(std::move(batch));
        unanswered_.push_back(std::move(done));
        return;
      }
    }
    inner->Commit(std::move(batch), std::move(done));
  }
  absl::StatusOr<std::unique_ptr<store::Subscription>> Follow(
      absl::optional<Cursor> after, std::shared_ptr<store::Sink> sink) override {
    auto subscription = Inner()->Follow(std::move(after), sink);
    if (!subscription.ok()) return subscription.status();
    absl::MutexLock lock(&mu_);
    sinks_.push_back(std::move(sink));
    subscriptions_.push_back(*std::move(subscription));
    return std::make_unique<store::Subscription>();
  }
  void Read(absl::Span<const std::string> keys, store::ReadDone done) override {
    Inner()->Read(keys, std::move(done));
  }
  void Scan(store::KeyRange range, int limit, store::ScanDone done) override {
    Inner()->Scan(std::move(range), limit, std::move(done));
  }
  void ReadLog(Revision from, Revision to, store::LogDone done) override {
    Inner()->ReadLog(from, to, std::move(done));
  }
  absl::Status Compact(Revision revision) override { return Inner()->Compact(revision); }
  absl::StatusOr<Cursor> End() override { return Inner()->End(); }

 private:
  std::shared_ptr<Store> Inner() {
    absl::MutexLock lock(&mu_);
    return inner_;
  }

  absl::Mutex mu_;
  std::shared_ptr<Store> inner_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<store::Sink>> sinks_ ABSL_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<store::Subscription>> subscriptions_ ABSL_GUARDED_BY(mu_);
  bool holding_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Batch> held_ ABSL_GUARDED_BY(mu_);
  std::vector<CommitDone> unanswered_ ABSL_GUARDED_BY(mu_);
};

class RowsOnly : public State {
 public:
  void OnChange(const RowChange&) override {}
};

class MachineReloadTest : public testing::Test {
 protected:
  void SetUp() override {
    before_ = MemoryStore();
    for (int64_t i = 1; i <= 3; ++i) ASSERT_TRUE(CommitTo(*before_, BatchOf("a", i)).ok());
    auto store = std::make_unique<Switchable>(before_);
    store_ = store.get();
    MachineOptions options;
    options.service = "test";
    options.store = std::move(store);
    options.make_state = [] { return std::make_unique<RowsOnly>(); };
    options.tree = [tree = tree::TreeHolder().Get()] { return tree; };
    options.clock = &clock_;
    options.executor = &executor_;
    auto machine = Machine::Start(std::move(options));
    ASSERT_TRUE(machine.ok()) << machine.status();
    machine_ = *std::move(machine);
    machine_->Listen([this](const store::CommittedPtr& batch) {
      if (batch == nullptr) anew_.Notify();
    });
  }

  int64_t ValueAt(const std::string& key) {
    return machine_->Read<State>([&](const State& state, const Cursor&) {
      return state.rows().Get<Int64Value>(key).value_or(Int64Value()).value();
    });
  }

  // Sets `key` to what it is and one more.
  void StartAddOne(const std::string& key, absl::Notification* finished,
                   absl::StatusOr<Done>* result) {
    Command command;
    command.identity.subject = "units/a/tokens/t";
    command.received = clock_.Now();
    machine_->Execute(
        std::move(command), {key},
        [key](const State&, Decision& decision, std::string* reply) {
          const int64_t now = decision.Get<Int64Value>(key).value_or(Int64Value()).value();
          decision.Put(key, ValueOf(now + 1));
          *reply = absl::StrCat(now + 1);
          return absl::OkStatus();
        },
        [finished, result](absl::StatusOr<Done> done) {
          *result = std::move(done);
          finished->Notify();
        });
  }
  absl::StatusOr<Done> AddOne(const std::string& key) {
    absl::Notification finished;
    absl::StatusOr<Done> result;
    StartAddOne(key, &finished, &result);
    finished.WaitForNotification();
    return result;
  }

  SystemClock clock_;
  Executor executor_{2};
  absl::Notification anew_;
  std::shared_ptr<store::Store> before_;
  Switchable* store_ = nullptr;
  std::unique_ptr<Machine> machine_;
};

TEST_F(MachineReloadTest, AnotherLogIsLoadedAndItsPastIsAnotherOne) {
  const Cursor old = machine_->position();
  std::shared_ptr<store::Store> next = MemoryStore();
  ASSERT_TRUE(CommitTo(*next, BatchOf("a", 70)).ok());
  store_->Switch(next, Error(Reason::LOG_CHANGED));
  anew_.WaitForNotification();
  EXPECT_EQ(ValueAt("a"), 70);
  EXPECT_EQ(machine_->position(), *next->End());
  // Positions of the log that is gone mean nothing any more.
  absl::Notification waited;
  machine_->WaitFor(old, absl::InfiniteFuture(), [&](const absl::Status& status) {
    EXPECT_TRUE(HasReason(status, Reason::LOG_CHANGED)) << status;
    waited.Notify();
  });
  waited.WaitForNotification();
  machine_->BatchesAfter(old, 10, [](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
    EXPECT_TRUE(HasReason(batches.status(), Reason::LOG_CHANGED)) << batches.status();
  });
  // Commands go on.
  absl::StatusOr<Done> done = AddOne("a");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->reply, "71");
  EXPECT_EQ(done->position, *next->End());
}

TEST_F(MachineReloadTest, WhoeverWaitsForTheLogThatIsGoneIsTold) {
  Cursor never = machine_->position();
  never.revision.value += 1000;
  absl::Notification waited;
  machine_->WaitFor(never, absl::InfiniteFuture(), [&](const absl::Status& status) {
    EXPECT_TRUE(HasReason(status, Reason::LOG_CHANGED)) << status;
    waited.Notify();
  });
  absl::Notification woken;
  machine_->WakeAfter(never.revision, [&] { woken.Notify(); });
  store_->Switch(MemoryStore(), Error(Reason::LOG_CHANGED));
  waited.WaitForNotification();
  woken.WaitForNotification();
}

TEST_F(MachineReloadTest, ForgottenBatchesAreMadeUpForByASnapshot) {
  // The same log has gone on, and forgotten its beginning, while the feed was
  // cut off.
  store_->Cut();
  for (int64_t i = 4; i <= 9; ++i) ASSERT_TRUE(CommitTo(*before_, BatchOf("a", i)).ok());
  ASSERT_TRUE(before_->Compact(Revision{8}).ok());
  store_->Switch(before_, Error(Reason::COMPACTED, {{"revision", "8"}}));
  anew_.WaitForNotification();
  EXPECT_EQ(ValueAt("a"), 9);
  EXPECT_EQ(machine_->position().revision.value, 9);
}

TEST_F(MachineReloadTest, ACommandUnderWayIsStoredOnceWhenTheNewLogHasIt) {
  store_->HoldCommits();
  absl::Notification finished;
  absl::StatusOr<Done> result;
  StartAddOne("a", &finished, &result);
  while (store_->held() == 0) absl::SleepFor(absl::Milliseconds(1));
  // Its batch came into the log that survived, and nobody heard of it.
  std::vector<Batch> held = store_->TakeHeld();
  std::shared_ptr<store::Store> next = MemoryStore();
  for (int64_t i = 1; i <= 3; ++i) ASSERT_TRUE(CommitTo(*next, BatchOf("a", i)).ok());
  const absl::StatusOr<Revision> stored = CommitTo(*next, held.front());
  ASSERT_TRUE(stored.ok()) << stored.status();
  store_->Switch(next, Error(Reason::LOG_CHANGED));
  finished.WaitForNotification();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->position, (Cursor{next->End()->log_id, *stored}));
  EXPECT_EQ(ValueAt("a"), 4);
}

TEST_F(MachineReloadTest, ACommandUnderWayIsDecidedAnewWhenTheNewLogHasItNot) {
  store_->HoldCommits();
  absl::Notification finished;
  absl::StatusOr<Done> result;
  StartAddOne("a", &finished, &result);
  while (store_->held() == 0) absl::SleepFor(absl::Milliseconds(1));
  store_->TakeHeld();
  std::shared_ptr<store::Store> next = MemoryStore();
  ASSERT_TRUE(CommitTo(*next, BatchOf("b", 1)).ok());
  ASSERT_TRUE(CommitTo(*next, BatchOf("a", 40)).ok());
  store_->Switch(next, Error(Reason::LOG_CHANGED));
  finished.WaitForNotification();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->reply, "41");
  EXPECT_EQ(ValueAt("a"), 41);
  EXPECT_EQ(next->End()->revision.value, 3);
}

}  // namespace
}  // namespace terrace::machine
