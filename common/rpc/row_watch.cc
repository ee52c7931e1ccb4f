#include "common/rpc/row_watch.h"

#include <deque>
#include <utility>

#include "common/base/error.h"
#include "common/base/timer.h"

namespace terrace::rpc {
namespace {

using NextDone = absl::AnyInvocable<void(absl::StatusOr<bool>)>;

// Progress messages of all streams come from one timer.
Timer& ProgressTimer() {
  static Timer* timer = new Timer();
  return *timer;
}

class RowWatch : public Source, public std::enable_shared_from_this<RowWatch> {
 public:
  RowWatch(machine::Machine* machine, RowWatchSpec spec, absl::optional<store::Cursor> after)
      : machine_(machine), spec_(std::move(spec)), snapshot_(!after) {
    if (after) {
      at_ = *after;
    }
  }

  void Next(Message* out, NextDone done) override {
    if (snapshot_) {
      SnapshotPage(out, std::move(done));
    } else {
      Continue(out, std::move(done));
    }
  }

  void Cancel() override {
    NextDone done;
    {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
      done = std::exchange(waiting_, nullptr);
      ++round_;
    }
    if (done) done(absl::CancelledError("the caller is gone"));
  }

 private:
  // A page of rows. Rows that change between two pages come again from the log, with their later
  // revision, before SNAPSHOT_END.
  void SnapshotPage(Message* out, NextDone done) {
    int rows = 0;
    bool more = false;
    store::Cursor position;
    absl::Time log_time;
    machine_->Read<machine::State>([&](const machine::State& state, const store::Cursor& at) {
      position = at;
      log_time = state.log_time();
      std::string last;
      state.rows().ForEach("", from_, [&](const std::string& key, const machine::Row& row) {
        if (rows == kWatchPageRows) {
          from_ = key;
          more = true;
          return false;
        }
        ++rows;
        spec_.event(key, &row.value, row.revision, out);
        return true;
      });
    });
    if (at_.log_id.empty()) at_ = position;  // The log is followed from the first page on.
    snapshot_target_ = position.revision;
    if (!more) snapshot_ = false;
    ending_ = !more;
    spec_.finish({WatchKind::kSnapshot, at_, log_time}, out);
    done(true);
  }

  void Continue(Message* out, NextDone done) {
    if (scope_changed_) {
      done(Error(Reason::SCOPE_CHANGED));
      return;
    }
    if (ending_ && at_.revision >= snapshot_target_) {
      ending_ = false;
      spec_.finish({WatchKind::kSnapshotEnd, at_, LogTime()}, out);
      done(true);
      return;
    }
    if (!batches_.empty()) {
      Deliver(out, std::move(done));
      return;
    }
    machine_->BatchesAfter(
        at_, kWatchBatches,
        [self = shared_from_this(), out,
         done = std::move(done)](absl::StatusOr<std::vector<store::CommittedPtr>> batches) mutable {
          if (!batches.ok()) {
            done(batches.status());
          } else if (batches->empty()) {
            self->Sleep(out, std::move(done));
          } else {
            self->batches_.assign(batches->begin(), batches->end());
            self->machine_->executor().Post([self, out, done = std::move(done)]() mutable {
              self->Deliver(out, std::move(done));
            });
          }
        });
  }

  // The next batch that holds something for the caller; the others only move the cursor.
  void Deliver(Message* out, NextDone done) {
    while (!batches_.empty()) {
      if (scope_changed_) {
        done(Error(Reason::SCOPE_CHANGED));
        return;
      }
      store::CommittedPtr batch = std::move(batches_.front());
      batches_.pop_front();
      at_.revision = batch->revision;
      bool any = false;
      for (const store::CommittedChange& change : batch->changes) {
        any |=
            spec_.event(change.key, change.value ? &*change.value : nullptr, batch->revision, out);
      }
      scope_changed_ = spec_.changes_scope && spec_.changes_scope(*batch);
      if (any) {
        spec_.finish({WatchKind::kBatch, at_, batch->commit_time}, out);
        done(true);
        return;
      }
    }
    if (scope_changed_) {
      done(Error(Reason::SCOPE_CHANGED));
      return;
    }
    Continue(out, std::move(done));
  }

  // Waits for the next batch, but not longer than kWatchProgress.
  void Sleep(Message* out, NextDone done) {
    int64_t round = 0;
    NextDone refused;
    {
      absl::MutexLock lock(&mu_);
      (cancelled_ ? refused : waiting_) = std::move(done);
      round = ++round_;
    }
    if (refused) {
      refused(absl::CancelledError("the caller is gone"));
      return;
    }
    std::weak_ptr<RowWatch> weak = weak_from_this();
    int64_t wake = machine_->WakeAfter(at_.revision, [weak, out, round] {
      auto self = weak.lock();
      if (self == nullptr) return;
      self->machine_->executor().Post([weak, out, round] {
        auto self = weak.lock();
        NextDone done;
        if (self != nullptr && self->Take(round, &done)) self->Continue(out, std::move(done));
      });
    });
    ProgressTimer().After(kWatchProgress, [weak, out, round, wake] {
      auto self = weak.lock();
      NextDone done;
      if (self == nullptr || !self->Take(round, &done)) return;
      self->machine_->CancelWake(wake);
      self->spec_.finish({WatchKind::kProgress, self->at_, self->LogTime()}, out);
      done(true);
    });
  }

  // True for whoever comes first of batch, progress and cancel.
  bool Take(int64_t round, NextDone* done) {
    absl::MutexLock lock(&mu_);
    if (round != round_ || !waiting_) return false;
    *done = std::exchange(waiting_, nullptr);
    return true;
  }

  absl::Time LogTime() const {
    return machine_->Read<machine::State>(
        [](const machine::State& state, const store::Cursor&) { return state.log_time(); });
  }

  machine::Machine* const machine_;
  const RowWatchSpec spec_;

  // Used by one Next at a time.
  bool snapshot_;
  bool ending_ = false;  // All pages are out, SNAPSHOT_END is not.
  std::string from_;
  store::Revision snapshot_target_;
  store::Cursor at_;
  std::deque<store::CommittedPtr> batches_;
  bool scope_changed_ = false;

  absl::Mutex mu_;
  NextDone waiting_ ABSL_GUARDED_BY(mu_);
  int64_t round_ ABSL_GUARDED_BY(mu_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// Sources are owned alone; a watch is also held by what it waits for.
class SharedSource : public Source {
 public:
  explicit SharedSource(std::shared_ptr<RowWatch> watch) : watch_(std::move(watch)) {}
  ~SharedSource() override { watch_->Cancel(); }
  void Next(Message* out, NextDone done) override { watch_->Next(out, std::move(done)); }
  void Cancel() override { watch_->Cancel(); }

 private:
  std::shared_ptr<RowWatch> watch_;
};

}  // namespace

std::unique_ptr<Source> WatchRows(machine::Machine* machine, RowWatchSpec spec,
                                  absl::optional<store::Cursor> after) {
  return std::make_unique<SharedSource>(
      std::make_shared<RowWatch>(machine, std::move(spec), std::move(after)));
}

}  // namespace terrace::rpc
