#include "common/machine/machine.h"

#include "common/base/check.h"
#include "common/base/error.h"
#include "common/machine/machine_impl.h"

namespace terrace::machine {

absl::Status Machine::Impl::Start() {
  timer_ = std::make_unique<Timer>();
  TERRACE_RETURN_IF_ERROR(Load());
  loaded_.WaitForNotification();
  if (load_status_.ok()) timer_->After(kTickLook, [this] { Look(); });
  return load_status_;
}

void Machine::Impl::Stop() {
  timer_->Stop();
  subscription_.reset();
  auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return posted_ == 0; };
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    mu_.Await(absl::Condition(&idle));
  }
  // The answers of commits may come later than the feed: here while there is still somebody to take
  // them, though what they post does not run any more.
  options_.store.reset();
}

void Machine::Impl::Post(absl::AnyInvocable<void()> work) {
  {
    absl::MutexLock lock(&mu_);
    if (stopped_) return;
    ++posted_;
  }
  options_.executor->Post([this, work = std::move(work)]() mutable {
    work();
    absl::MutexLock lock(&mu_);
    --posted_;
  });
}

absl::StatusOr<std::unique_ptr<Machine>> Machine::Start(MachineOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  absl::Status status = impl->Start();
  if (!status.ok()) {
    impl->Stop();
    return status;
  }
  return std::unique_ptr<Machine>(new Machine(std::move(impl)));
}

Machine::Machine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Machine::~Machine() {
  impl_->Drain();
  impl_->Stop();
}

const std::string& Machine::service() const { return impl_->options_.service; }

void Machine::Execute(Command command, std::vector<std::string> queue_keys, DecideFn decide,
                      ExecuteDone done) {
  impl_->Execute(std::move(command), std::move(queue_keys), std::move(decide), std::move(done));
}

store::Cursor Machine::position() const {
  absl::ReaderMutexLock lock(&impl_->state_mu_);
  return impl_->position_;
}

store::Cursor Machine::position_locked() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  return impl_->position_;
}

void Machine::WaitFor(store::Cursor position, absl::Time deadline,
                      absl::AnyInvocable<void(absl::Status)> done) {
  impl_->WaitFor(std::move(position), deadline, std::move(done));
}

void Machine::BatchesAfter(store::Cursor after, int limit, store::LogDone done) {
  impl_->BatchesAfter(std::move(after), limit, std::move(done));
}

int64_t Machine::WakeAfter(store::Revision after, absl::AnyInvocable<void()> wake) {
  return impl_->WakeAfter(after, std::move(wake));
}

void Machine::CancelWake(int64_t id) { impl_->CancelWake(id); }

store::Store& Machine::store() { return *impl_->options_.store; }
Executor& Machine::executor() { return *impl_->options_.executor; }
const Clock& Machine::clock() const { return *impl_->options_.clock; }
void Machine::Listen(Listener listener) { impl_->Listen(std::move(listener)); }
void Machine::Drain() { impl_->Drain(); }
absl::Mutex& Machine::state_mutex() const { return impl_->state_mu_; }
const State& Machine::state() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return *impl_->state_; }

}  // namespace terrace::machine
