#include "tests/robustness/traffic.h"

#include <utility>

#include "absl/time/clock.h"

namespace terrace::robustness {
namespace {

// Clients think between two steps, so that a small machine has time for the faults.
constexpr int kThinkMsMost = 40;

}  // namespace

Traffic::Traffic(uint64_t seed, World world,
                 std::vector<std::vector<std::shared_ptr<rpc::Channel>>> channels, History* history)
    : world_(std::move(world)), channels_(std::move(channels)), history_(history) {
  for (int i = 0; i < static_cast<int>(channels_.size()); ++i) {
    threads_.emplace_back([this, i, seed] { Run(i, seed * 1000 + i); });
  }
}

Traffic::~Traffic() {
  give_up_ = true;
  {
    absl::MutexLock lock(&mu_);
    over_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Traffic::Go() {
  absl::MutexLock lock(&mu_);
  open_ = true;
}

void Traffic::Rest() {
  absl::MutexLock lock(&mu_);
  open_ = false;
}

bool Traffic::resting() const {
  absl::MutexLock lock(&mu_);
  return !open_ && busy_ == 0;
}

bool Traffic::WaitForGate() {
  absl::MutexLock lock(&mu_);
  const auto may_go = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return open_ || over_; };
  mu_.Await(absl::Condition(&may_go));
  if (over_) return false;
  ++busy_;
  return true;
}

void Traffic::Run(int client, uint64_t seed) {
  Caller caller(client, seed, channels_[client], history_, &give_up_);
  std::vector<std::unique_ptr<Actor>> actors;
  if (client + 1 == static_cast<int>(channels_.size())) {
    actors.push_back(MakeVisitActor(&caller));
  } else {
    Office* const office = &world_.offices[client];
    actors.push_back(MakeRegistryActor(&caller, office));
    actors.push_back(MakeMeasuresActor(&caller, office));
    actors.push_back(MakeRegisterActor(&caller));
    actors.push_back(MakeAccessActor(&caller, office));
    actors.push_back(MakePlansActor(&caller, office));
    actors.push_back(MakeScoresActor(&caller, office));
    actors.push_back(MakeImportsActor(&caller, office));
  }
  constexpr int kSteps[] = {32, 60, 74, 78, 89, 95, 100};  // Of a hundred, by actor.
  while (WaitForGate()) {
    const int64_t dice = caller.Below(100);
    size_t actor = 0;
    while (actors.size() > 1 && dice >= kSteps[actor]) ++actor;
    actors[actor]->Act();
    {
      absl::MutexLock lock(&mu_);
      --busy_;
    }
    absl::SleepFor(absl::Milliseconds(caller.Below(kThinkMsMost)));
  }
}

}  // namespace terrace::robustness
