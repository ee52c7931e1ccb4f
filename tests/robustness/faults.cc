#include "tests/robustness/faults.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace terrace::robustness {
namespace {

bool IsOfRedis(FaultKind kind) {
  return kind == FaultKind::kKillRedisMaster || kind == FaultKind::kKillRedisReplica ||
         kind == FaultKind::kPauseRedisMaster || kind == FaultKind::kPauseRedisReplica;
}

}  // namespace

Faults::Faults(uint64_t seed, Deployment* deployment) : random_(seed), deployment_(*deployment) {}

void Faults::Poll(absl::Duration pace) {
  const absl::Time now = absl::Now();
  for (size_t i = 0; i < active_.size();) {
    if (now < active_[i].end || !active_[i].finish()) {
      ++i;
      continue;
    }
    active_.erase(active_.begin() + static_cast<int64_t>(i));
  }
  if (now < next_) return;
  BeginNext();
  next_ = now + pace / 2 + pace * (static_cast<double>(Below(1000)) / 1000);
}

void Faults::HealAll() {
  for (Active& fault : active_) fault.end = absl::InfinitePast();
  next_ = absl::InfiniteFuture();
  while (!active_.empty()) {
    deployment_.Poll();
    Poll(absl::ZeroDuration());
    absl::SleepFor(absl::Milliseconds(10));
  }
  next_ = absl::InfinitePast();
}

// The first kind whose turn it is and that finds a target.
void Faults::BeginNext() {
  if (turn_.empty()) {
    for (int kind = 0; kind < static_cast<int>(std::size(kFaultNames)); ++kind) {
      if (!deployment_.distributed() && IsOfRedis(static_cast<FaultKind>(kind))) continue;
      turn_.push_back(static_cast<FaultKind>(kind));
    }
    std::shuffle(turn_.begin(), turn_.end(), random_);
  }
  for (size_t i = 0; i < turn_.size(); ++i) {
    if (!Begin(turn_[i])) continue;
    turn_.erase(turn_.begin() + static_cast<int64_t>(i));
    return;
  }
}

bool Faults::Begin(FaultKind kind) {
  switch (kind) {
    case FaultKind::kKillService:
    case FaultKind::kPauseService:
      return OfService(kind);
    case FaultKind::kKillRedisMaster:
    case FaultKind::kKillRedisReplica:
    case FaultKind::kPauseRedisMaster:
    case FaultKind::kPauseRedisReplica:
      return OfRedis(kind);
    case FaultKind::kCutNetwork:
    case FaultKind::kDelayNetwork:
      return OfNetwork(kind);
    case FaultKind::kDiskFull:
      return deployment_.distributed() ? OfRedis(kind) : DiskOfService();
    case FaultKind::kStepClock:
      return ClockOfAny();
  }
  return false;
}

bool Faults::OfService(FaultKind kind) {
  Service* const service = FreeService();
  if (service == nullptr) return false;
  if (kind == FaultKind::kKillService) {
    service->Kill();
    Add(kind, service->name(), service->name(), Millis(0, 3000),
        [service, started = false]() mutable {
          if (!std::exchange(started, true)) service->Start();
          return service->serving();
        });
  } else {
    service->process().Pause();
    Add(kind, service->name(), service->name(), Millis(200, 5000), [service] {
      service->process().Resume();
      return true;
    });
  }
  return true;
}

bool Faults::OfRedis(FaultKind kind) {
  const bool either = kind == FaultKind::kDiskFull;
  const bool master = kind == FaultKind::kKillRedisMaster || kind == FaultKind::kPauseRedisMaster ||
                      (either && Below(2) == 0);
  const int shard = FreeShard(master);
  if (shard < 0) return false;
  const int number =
      master ? deployment_.MasterOf(shard) : 3 + 2 * shard - deployment_.MasterOf(shard);
  RedisNode& node = deployment_.redis()[number];
  store::RedisServer* const server = node.server;
  // The shard is whole again before anything else is done to it.
  const std::string part = absl::StrCat(master ? "master of " : "", "shard ", shard);
  const auto whole = [this, shard] { return deployment_.ShardIsWhole(shard); };
  const std::string what = absl::StrCat("redis-", number);
  if (kind == FaultKind::kPauseRedisMaster || kind == FaultKind::kPauseRedisReplica) {
    server->Pause();
    Add(kind, what, part, Millis(300, 5000), [server, whole, resumed = false]() mutable {
      if (!std::exchange(resumed, true)) server->Resume();
      return whole();
    });
    return true;
  }
  if (kind == FaultKind::kDiskFull) {
    Control* const control = node.control.get();
    control->SetDiskFull(true);
    // Redis that syncs always ends when it cannot write; a supervisor starts it again.
    Add(kind, what, part, Millis(500, 3000), [server, control, whole, over = false]() mutable {
      if (!std::exchange(over, true)) control->SetDiskFull(false);
      if (!server->Running()) server->Restart();  // The last write may have ended it just now.
      return whole();
    });
    return true;
  }
  server->Kill();
  Add(kind, what, part, Millis(0, 4000), [server, whole, started = false]() mutable {
    if (!std::exchange(started, true)) server->Restart();
    return whole();
  });
  return true;
}

bool Faults::OfNetwork(FaultKind kind) {
  // A link of a service or, one time in three, of a server of Redis.
  int link = 0;
  std::string part;
  std::function<bool()> healed = [] { return true; };
  if (deployment_.distributed() && Below(3) == 0) {
    const int shard = FreeShard(true);
    if (shard < 0) return false;
    link = deployment_.redis()[shard + 3 * Below(2)].link;
    part = absl::StrCat("master of shard ", shard);
    healed = [this, shard] { return deployment_.ShardIsWhole(shard); };
  } else {
    const auto& services = deployment_.services();
    const std::vector<int>& links = services[Below(services.size())]->links();
    if (links.empty()) return false;
    link = links[Below(links.size())];
    part = absl::StrCat("link ", link);
    if (IsBusy(part)) return false;
  }
  Network& network = deployment_.network();
  std::string what = network.name(link);
  if (kind == FaultKind::kDelayNetwork) {
    const absl::Duration delay = Millis(5, 400);
    network.Delay(link, delay);
    absl::StrAppend(&what, " by ", absl::FormatDuration(delay));
  } else if (Below(4) == 0) {
    network.Reset(link);
    absl::StrAppend(&what, " with resets");
  } else {
    constexpr Way kWays[] = {Way::kBoth, Way::kThere, Way::kBack};
    constexpr const char* kNames[] = {"both ways", "there", "back"};
    const int64_t way = Below(3);
    network.Cut(link, kWays[way]);
    absl::StrAppend(&what, " ", kNames[way]);
  }
  Add(kind, what, part, Millis(200, 5000), [&network, link, healed, over = false]() mutable {
    if (!std::exchange(over, true)) network.Heal(link);
    return healed();
  });
  return true;
}

bool Faults::DiskOfService() {
  Service* const service = FreeService();
  if (service == nullptr) return false;
  service->control().SetDiskFull(true);
  // The engine has stopped writing or goes on refusing; either way an operator makes room and
  // starts it again.
  Add(FaultKind::kDiskFull, service->name(), service->name(), Millis(300, 2000),
      [service, started = false]() mutable {
        if (!std::exchange(started, true)) {
          service->control().SetDiskFull(false);
          service->Stop();
          service->Start();
        }
        return service->serving();
      });
  return true;
}

bool Faults::ClockOfAny() {
  // Up to what is tolerated, and beyond it.
  const absl::Duration step = Millis(-6000, 6000);
  std::string what;
  Control* control = nullptr;
  if (deployment_.distributed() && Below(3) == 0) {
    const int64_t number = Below(deployment_.redis().size());
    what = absl::StrCat("redis-", number);
    control = deployment_.redis()[number].control.get();
  } else {
    const auto& services = deployment_.services();
    Service* const service = services[Below(services.size())].get();
    what = service->name();
    control = &service->control();
  }
  const std::string part = absl::StrCat("clock of ", what);
  if (IsBusy(part)) return false;
  control->StepClock(step);
  Add(FaultKind::kStepClock, absl::StrCat(what, " by ", absl::FormatDuration(step)), part,
      Millis(500, 5000), [control] {
        control->StepClock(absl::ZeroDuration());
        return true;
      });
  return true;
}

int Faults::FreeShard(bool master) {
  std::vector<int> free;
  for (int shard = 0; shard < 3; ++shard) {
    const bool busy =
        IsBusy(absl::StrCat("shard ", shard)) || IsBusy(absl::StrCat("master of shard ", shard));
    if (master && IsBusy(absl::StrCat("master of shard ", shard))) return -1;
    if (!busy) free.push_back(shard);
  }
  if (free.empty()) return -1;
  const int shard = free[Below(free.size())];
  return deployment_.ShardIsWhole(shard) ? shard : -1;
}

Service* Faults::FreeService() {
  const auto& services = deployment_.services();
  Service* const service = services[Below(services.size())].get();
  return service->serving() && !IsBusy(service->name()) ? service : nullptr;
}

bool Faults::IsBusy(const std::string& part) const {
  return std::any_of(active_.begin(), active_.end(),
                     [&](const Active& fault) { return fault.part == part; });
}

void Faults::Add(FaultKind kind, const std::string& what, const std::string& part,
                 absl::Duration lasts, std::function<bool()> finish) {
  const absl::Time now = absl::Now();
  ++counts_[kind];
  done_.push_back(absl::StrCat(absl::FormatTime("%H:%M:%E3S", now, absl::UTCTimeZone()), " ",
                               kFaultNames[static_cast<int>(kind)], " ", what, " for ",
                               absl::FormatDuration(lasts)));
  active_.push_back({now + lasts, part, std::move(finish)});
}

absl::Duration Faults::Millis(int from, int to) {
  return absl::Milliseconds(from + Below(to - from + 1));
}

}  // namespace terrace::robustness
