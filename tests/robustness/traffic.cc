#include "tests/robustness/traffic.h"

#include <utility>

#include "absl/time/clock.h"

namespace terrace::robustness {
namespace {

// Clients think between two steps, so that a small machine has time for the faults.
constexpr int kThinkMsMost = 40;
// What the seed of a judge is more than that of its client; clients have fewer.
constexpr uint64_t kJudgeSeed = 500;

// An actor, and its share of its client's steps.
struct Part {
  int share;
  std::unique_ptr<Actor> actor;
};

std::vector<Part> OfficeParts(Caller* caller, Caller* judge, Office* office) {
  std::vector<Part> parts;
  parts.push_back({28, MakeRegistryActor(caller, office)});
  parts.push_back({22, MakeMeasuresActor(caller, office)});
  parts.push_back({12, MakeRegisterActor(caller)});
  parts.push_back({12, MakePlansActor(caller, office)});
  parts.push_back({10, MakeSingleVisitsActor(caller, office)});
  parts.push_back({8, MakeRecordReadsActor(caller, office)});
  parts.push_back({6, MakeScoresActor(caller, office)});
  parts.push_back({9, MakeFindingsActor(caller, office)});
  parts.push_back({14, MakeCampaignsActor(caller, office)});
  parts.push_back({14, MakePublicationsActor(caller, judge, office)});
  parts.push_back({3, MakeQuestionsActor(caller, office)});
  parts.push_back({5, MakeImportsActor(caller, office)});
  parts.push_back({6, MakeAccessActor(caller, office)});
  parts.push_back({4, MakeActivitiesActor(caller, office)});
  parts.push_back({4, MakeUnitReadsActor(caller, office)});
  parts.push_back({3, MakeListsActor(caller, office)});
  parts.push_back({4, MakeProgrammesActor(caller, office)});
  parts.push_back({2, MakeOperationsActor(caller, office)});
  parts.push_back({2, MakeScoreReadsActor(caller, office)});
  parts.push_back({2, MakeDryRunsActor(caller, office)});
  return parts;
}

std::vector<Part> InspectorParts(Caller* caller) {
  std::vector<Part> parts;
  parts.push_back({3, MakeVisitActor(caller)});
  parts.push_back({1, MakeRealmActor(caller)});
  return parts;
}

}  // namespace

Traffic::Traffic(uint64_t seed, World world, std::vector<Channels> channels,
                 std::vector<Channels> judges, History* history)
    : world_(std::move(world)),
      channels_(std::move(channels)),
      judges_(std::move(judges)),
      history_(history) {
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
  const bool has_office = client < kOffices;
  Caller judge(client, seed + kJudgeSeed, has_office ? judges_[client] : Channels(), history_,
               &give_up_);
  const std::vector<Part> parts =
      has_office ? OfficeParts(&caller, &judge, &world_.offices[client]) : InspectorParts(&caller);
  int64_t shares = 0;
  for (const Part& part : parts) shares += part.share;
  while (WaitForGate()) {
    int64_t dice = caller.Below(shares);
    auto part = parts.begin();
    while (dice >= part->share) dice -= (part++)->share;
    part->actor->Act();
    {
      absl::MutexLock lock(&mu_);
      --busy_;
    }
    absl::SleepFor(absl::Milliseconds(caller.Below(kThinkMsMost)));
  }
}

}  // namespace terrace::robustness
