// The clients, each on a thread of its own, and the gate that lets them rest.
#ifndef TERRACE_TESTS_ROBUSTNESS_TRAFFIC_H_
#define TERRACE_TESTS_ROBUSTNESS_TRAFFIC_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/caller.h"
#include "tests/robustness/history.h"
#include "tests/robustness/world.h"

namespace terrace::robustness {

inline constexpr int kOffices = 5;  // With a client each.
inline constexpr int kClients = kOffices + 2;

class Traffic {
 public:
  using Channels = std::vector<std::shared_ptr<rpc::Channel>>;

  // `channels` of each client lead to the gateways by different ways; clients beyond those of the
  // offices are inspectors with an administrator's token. `judges` are the same for the judges of
  // the offices. Begins at rest.
  Traffic(uint64_t seed, World world, std::vector<Channels> channels, std::vector<Channels> judges,
          History* history);
  ~Traffic();

  void Go();
  // From now on clients finish what they are at and begin nothing.
  void Rest();
  // Whether all of them rest: then the outcome of every call is known.
  bool resting() const;
  // Nothing is tried again any more.
  void GiveUp() { give_up_ = true; }

 private:
  void Run(int client, uint64_t seed);
  bool WaitForGate() ABSL_LOCKS_EXCLUDED(mu_);

  World world_;
  const std::vector<Channels> channels_;
  const std::vector<Channels> judges_;
  History* const history_;
  std::atomic<bool> give_up_ = false;
  mutable absl::Mutex mu_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  bool over_ ABSL_GUARDED_BY(mu_) = false;
  int busy_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::thread> threads_;
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_TRAFFIC_H_
