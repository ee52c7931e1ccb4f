#include "common/rpc/thread_source.h"

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace terrace::rpc {
namespace {

using NextDone = absl::AnyInvocable<void(absl::StatusOr<bool>)>;

class FedSource : public Source, public Outlet {
 public:
  FedSource(Executor* executor, absl::AnyInvocable<absl::Status(Outlet&)> produce)
      : executor_(executor),
        thread_([this, produce = std::move(produce)]() mutable { Run(std::move(produce)); }) {}

  ~FedSource() override {
    Cancel();
    thread_.join();
  }

  void Next(Message* out, NextDone done) override {
    absl::MutexLock lock(&mu_);
    out_ = out;
    done_ = std::move(done);
    if (ended_) AnswerEnd();
  }

  void Cancel() override {
    NextDone done;
    absl::AnyInvocable<void()> stop;
    {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
      done = std::exchange(done_, nullptr);
      // Under the lock, so that `produce` does not return meanwhile.
      if (stop_) std::exchange(stop_, nullptr)();
    }
    if (done) done(absl::CancelledError("the caller is gone"));
  }

  bool Send(Message* message) override {
    absl::MutexLock lock(&mu_);
    auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return cancelled_ || done_; };
    mu_.Await(absl::Condition(&wanted));
    if (cancelled_) return false;
    out_->GetReflection()->Swap(out_, message);
    Answer(true);
    return true;
  }

  void OnCancel(absl::AnyInvocable<void()> stop) override {
    absl::MutexLock lock(&mu_);
    if (cancelled_) {
      stop();
    } else {
      stop_ = std::move(stop);
    }
  }

 private:
  // An answer may end the call, which destroys the source, which waits for the thread: so it is not
  // given by that thread.
  void Answer(absl::StatusOr<bool> more) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    executor_->Post([done = std::exchange(done_, nullptr), more = std::move(more)]() mutable {
      done(std::move(more));
    });
  }
  void AnswerEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Answer(end_.ok() ? absl::StatusOr<bool>(false) : absl::StatusOr<bool>(end_));
  }

  void Run(absl::AnyInvocable<absl::Status(Outlet&)> produce) {
    absl::Status status = produce(*this);
    absl::MutexLock lock(&mu_);
    ended_ = true;
    end_ = std::move(status);
    stop_ = nullptr;
    if (done_) AnswerEnd();
  }

  Executor* const executor_;
  absl::Mutex mu_;
  // Of a Next that waits.
  Message* out_ ABSL_GUARDED_BY(mu_) = nullptr;
  NextDone done_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mu_);
  absl::AnyInvocable<void()> stop_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;  // Last, since it uses the others.
};

}  // namespace

std::unique_ptr<Source> ThreadSource(Executor* executor,
                                     absl::AnyInvocable<absl::Status(Outlet& outlet)> produce) {
  return std::make_unique<FedSource>(executor, std::move(produce));
}

}  // namespace terrace::rpc
