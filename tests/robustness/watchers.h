// Clients that watch the whole realm, come back after every break with the cursor that they have,
// and write down what came.
#ifndef TERRACE_TESTS_ROBUSTNESS_WATCHERS_H_
#define TERRACE_TESTS_ROBUSTNESS_WATCHERS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "common/rpc/channel.h"

namespace terrace::robustness {

struct WatchMessage {
  enum class Kind { kSnapshot, kSnapshotEnd, kRevision, kProgress };
  Kind kind;
  std::string log_id;
  int64_t revision = 0;
  std::vector<std::string> names;  // Of resources, sorted.
};

// One stream, from its opening to its break.
struct WatchStream {
  absl::optional<int64_t> after;  // The cursor that it was opened with; none for a snapshot.
  std::vector<WatchMessage> messages;
  std::string end;  // The reason with which the service ended it, if it did.
};

// All streams of one watcher, one after the other.
struct Watch {
  std::string watcher;  // "registry at gateway-1"
  std::string service;
  std::vector<WatchStream> streams;
};

class Watcher {
 public:
  // `service`: "registry", "measures" or "inspections".
  Watcher(std::string name, std::string service, uint64_t seed,
          std::shared_ptr<rpc::Channel> channel);
  ~Watcher();

  Watch watch() const;
  // How far it has come.
  int64_t revision() const;

 private:
  void Run(uint64_t seed);

  const std::shared_ptr<rpc::Channel> channel_;
  std::atomic<bool> over_ = false;
  mutable absl::Mutex mu_;
  Watch watch_ ABSL_GUARDED_BY(mu_);
  int64_t revision_ ABSL_GUARDED_BY(mu_) = 0;
  rpc::Stream* open_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::thread thread_;
};

// The snapshot of a service's watch over `channel`: resource by name, serialized the same way by
// every replica. Sets the position of its end.
absl::StatusOr<std::map<std::string, std::string>> Snapshot(const std::string& service,
                                                            rpc::Channel& channel,
                                                            int64_t* revision);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_WATCHERS_H_
