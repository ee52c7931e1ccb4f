// What this process learns from services over their watches: the mirror of the registry, the facts
// of scoring's boards, and how fresh each of them is.
//
// Thread-safety: thread-safe.
#ifndef TERRACE_SERVICES_TERRACE_UPSTREAMS_H_
#define TERRACE_SERVICES_TERRACE_UPSTREAMS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/mirror/unit_mirror.h"
#include "common/rpc/channel.h"
#include "common/rpc/follower.h"
#include "services/scoring/boards/scoreboards.h"
#include "services/scoring/scoring_service.h"
#include "terrace/gateway/v1/access.pb.h"

namespace terrace {

class Upstreams {
 public:
  // `feeds_dir` is where the feeds of other processes are kept, so that this one can start without
  // them.
  explicit Upstreams(std::string feeds_dir) : feeds_dir_(std::move(feeds_dir)) {}

  // Learns from a service, if anything here is made of what it tells; `boards` may be null.
  // `elsewhere`: it runs in another process.
  void Follow(const std::string& service, bool elsewhere, std::shared_ptr<rpc::Channel> channel,
              const std::shared_ptr<scoring::Scoreboards>& boards);
  void Stop();

  mirror::UnitMirror& mirror() { return mirror_; }
  const mirror::UnitMirror& mirror() const { return mirror_; }

  // Which watches of other processes are broken, or silent for longer than a quiet one is. Within
  // the process they are neither.
  void AddStale(scoring::StaleInputs* stale) const;
  // How far the watch of a service is; nothing where it is not followed.
  void Describe(const std::string& service, gateway::v1::ServiceStatus* row) const;

 private:
  struct Watch {
    bool elsewhere = false;
    std::unique_ptr<rpc::FollowerBase> follower;
  };

  const std::string feeds_dir_;
  mirror::UnitMirror mirror_;
  mutable absl::Mutex mu_;
  std::map<std::string, Watch> watches_ ABSL_GUARDED_BY(mu_);  // By service.
};

}  // namespace terrace

#endif  // TERRACE_SERVICES_TERRACE_UPSTREAMS_H_
