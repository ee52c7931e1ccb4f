#include "common/store/faulty.h"

#include <map>
#include <random>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/error.h"
#include "common/base/timer.h"

namespace terrace::store {
namespace {

absl::Status Unreadable() { return Error(Reason::STORE_UNREADABLE, {{"detail", "by plan"}}); }

// Draws the faults. Shared by the store and its followers' sinks.
class Dice {
 public:
  explicit Dice(const FaultPlan& plan) : random_(plan.seed), plan_(plan) {}

  bool Draw(double FaultPlan::*probability, int FaultCounts::*count) {
    absl::MutexLock lock(&mu_);
    if (!Chance(plan_.*probability)) return false;
    ++(counts_.*count);
    return true;
  }

  // Zero when the answer is to be on time.
  absl::Duration DrawDelay() {
    absl::MutexLock lock(&mu_);
    if (!Chance(plan_.late)) return absl::ZeroDuration();
    ++counts_.late;
    return plan_.late_max * std::uniform_real_distribution<double>(0, 1)(random_);
  }

  void Heal() {
    absl::MutexLock lock(&mu_);
    plan_ = FaultPlan{};
  }

  FaultCounts counts() const {
    absl::MutexLock lock(&mu_);
    return counts_;
  }

 private:
  // Draws even where the chance is nil, so that one probability does not change the others' draws.
  bool Chance(double probability) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }

  mutable absl::Mutex mu_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mu_);
  FaultPlan plan_ ABSL_GUARDED_BY(mu_);
  FaultCounts counts_ ABSL_GUARDED_BY(mu_);
};

// Runs work late. Unlike Timer it runs what is not due yet when it is destroyed: no answer may get
// lost for good.
class LateAnswers {
 public:
  ~LateAnswers() {
    std::map<int64_t, absl::AnyInvocable<void()>> waiting;
    {
      absl::MutexLock lock(&mu_);
      waiting.swap(waiting_);
    }
    for (auto& [number, work] : waiting) work();
  }

  void After(absl::Duration delay, absl::AnyInvocable<void()> work) {
    absl::MutexLock lock(&mu_);
    const int64_t number = next_++;
    waiting_.emplace(number, std::move(work));
    timer_.After(delay, [this, number] { Run(number); });
  }

 private:
  void Run(int64_t number) {
    absl::AnyInvocable<void()> work;
    {
      absl::MutexLock lock(&mu_);
      auto found = waiting_.find(number);
      if (found == waiting_.end()) return;
      work = std::move(found->second);
      waiting_.erase(found);
    }
    work();
  }

  absl::Mutex mu_;
  std::map<int64_t, absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  int64_t next_ ABSL_GUARDED_BY(mu_) = 0;
  Timer timer_;  // Destroyed first: after that no Run is going on.
};

// Passes on until it is cut. Its calls come one at a time.
class CutSink : public Sink {
 public:
  CutSink(std::shared_ptr<Sink> sink, std::shared_ptr<Dice> dice)
      : sink_(std::move(sink)), dice_(std::move(dice)) {}

  void OnSnapshotPage(std::vector<Entry> entries) override {
    if (!cut_) sink_->OnSnapshotPage(std::move(entries));
  }
  void OnSnapshotEnd(Cursor cursor) override {
    if (!cut_) sink_->OnSnapshotEnd(std::move(cursor));
  }
  void OnBatch(CommittedPtr batch) override {
    if (cut_) return;
    cut_ = dice_->Draw(&FaultPlan::follow_cut, &FaultCounts::follows_cut);
    if (cut_) {
      sink_->OnEnd(Unreadable());
    } else {
      sink_->OnBatch(std::move(batch));
    }
  }
  void OnEnd(absl::Status status) override {
    if (!cut_) sink_->OnEnd(std::move(status));
  }

 private:
  const std::shared_ptr<Sink> sink_;
  const std::shared_ptr<Dice> dice_;
  bool cut_ = false;
};

class FaultyStoreImpl : public FaultyStore {
 public:
  FaultyStoreImpl(std::unique_ptr<Store> store, const FaultPlan& plan)
      : dice_(std::make_shared<Dice>(plan)), store_(std::move(store)) {}

  void Commit(Batch batch, CommitDone done) override {
    const bool refused = dice_->Draw(&FaultPlan::commit_refused, &FaultCounts::commits_refused);
    const bool lost = !refused && dice_->Draw(&FaultPlan::commit_lost, &FaultCounts::commits_lost);
    const bool reply_lost =
        !refused && !lost &&
        dice_->Draw(&FaultPlan::commit_reply_lost, &FaultCounts::commit_replies_lost);
    const absl::Duration delay = dice_->DrawDelay();
    if (refused || lost) {
      // From the timer's thread: an answer never comes inside the call.
      late_.After(delay, [done = std::move(done), refused]() mutable {
        done(refused ? Error(Reason::OVERLOADED, {{"seconds", "1"}})
                     : Error(Reason::OUTCOME_UNKNOWN));
      });
      return;
    }
    store_->Commit(std::move(batch), [this, delay, reply_lost, done = std::move(done)](
                                         absl::StatusOr<Revision> answer) mutable {
      if (reply_lost) answer = Error(Reason::OUTCOME_UNKNOWN);
      if (delay == absl::ZeroDuration()) return done(std::move(answer));
      late_.After(delay, [done = std::move(done), answer = std::move(answer)]() mutable {
        done(std::move(answer));
      });
    });
  }

  absl::StatusOr<std::unique_ptr<Subscription>> Follow(absl::optional<Cursor> after,
                                                       std::shared_ptr<Sink> sink) override {
    return store_->Follow(std::move(after), std::make_shared<CutSink>(std::move(sink), dice_));
  }

  void Read(absl::Span<const std::string> keys, ReadDone done) override {
    store_->Read(keys, MaybeFailing(std::move(done)));
  }
  void Scan(KeyRange range, int limit, ScanDone done) override {
    store_->Scan(std::move(range), limit, MaybeFailing(std::move(done)));
  }
  void ReadLog(Revision from, Revision to, LogDone done) override {
    store_->ReadLog(from, to, MaybeFailing(std::move(done)));
  }

  absl::Status Compact(Revision revision) override { return store_->Compact(revision); }
  absl::StatusOr<Cursor> End() override { return store_->End(); }
  bool shared() const override { return store_->shared(); }
  absl::StatusOr<Cursor> CatchUp() override { return store_->CatchUp(); }

  void Heal() override { dice_->Heal(); }
  FaultCounts counts() const override { return dice_->counts(); }

 private:
  template <typename Done>
  Done MaybeFailing(Done done) {
    if (!dice_->Draw(&FaultPlan::read_failed, &FaultCounts::reads_failed)) return done;
    return [done = std::move(done)](auto) mutable { done(Unreadable()); };
  }

  const std::shared_ptr<Dice> dice_;
  LateAnswers late_;
  const std::unique_ptr<Store> store_;  // Destroyed first: its last answers may become late ones.
};

}  // namespace

std::unique_ptr<FaultyStore> MakeFaulty(std::unique_ptr<Store> store, const FaultPlan& plan) {
  return std::make_unique<FaultyStoreImpl>(std::move(store), plan);
}

}  // namespace terrace::store
