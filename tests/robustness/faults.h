// The faults, and a schedule of them that a seed makes.
//
// Concept. Every kind comes in turn, in an order and with targets that the seed chooses. Faults of
// different parts overlap. Of Redis they go as far as its promise does (common/store/redis): a
// shard whose two servers are not both well is left alone, and only one shard at a time is without
// its master, since two are a majority.
//
// For the main thread.
#ifndef TERRACE_TESTS_ROBUSTNESS_FAULTS_H_
#define TERRACE_TESTS_ROBUSTNESS_FAULTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/robustness/deployment.h"

namespace terrace::robustness {

enum class FaultKind {
  kKillService,
  kPauseService,
  kKillRedisMaster,
  kKillRedisReplica,
  kPauseRedisMaster,
  kPauseRedisReplica,
  kCutNetwork,
  kDelayNetwork,
  kDiskFull,
  kStepClock,
};
inline constexpr const char* kFaultNames[] = {
    "kill service",       "pause service",       "kill Redis master", "kill Redis replica",
    "pause Redis master", "pause Redis replica", "cut network",       "delay network",
    "disk full",          "clock step"};

class Faults {
 public:
  Faults(uint64_t seed, Deployment* deployment);

  // Ends what is due and, when it is time, begins the next one; `pace` is the mean time between two
  // beginnings.
  void Poll(absl::Duration pace);
  // Ends all of them.
  void HealAll();

  // How many of each kind were done.
  const std::map<FaultKind, int>& counts() const { return counts_; }
  // All of them, oldest first: "12:00:01.000 kill service registry-0 for 2s".
  const std::vector<std::string>& done() const { return done_; }

 private:
  struct Active {
    absl::Time end;
    std::string part;              // What is not to be touched meanwhile.
    std::function<bool()> finish;  // False: ask again.
  };

  void BeginNext();
  bool Begin(FaultKind kind);
  bool OfService(FaultKind kind);
  bool OfRedis(FaultKind kind);
  bool OfNetwork(FaultKind kind);
  bool DiskOfService();
  bool ClockOfAny();
  // A whole shard that nothing is done to; -1 if there is none. `master`: its master will go.
  int FreeShard(bool master);
  Service* FreeService();
  bool IsBusy(const std::string& part) const;
  void Add(FaultKind kind, const std::string& what, const std::string& part, absl::Duration lasts,
           std::function<bool()> finish);
  absl::Duration Millis(int from, int to);
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  std::mt19937_64 random_;
  Deployment& deployment_;
  std::vector<FaultKind> turn_;  // Kinds that are still to come in this round.
  std::vector<Active> active_;
  std::map<FaultKind, int> counts_;
  std::vector<std::string> done_;
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_FAULTS_H_
