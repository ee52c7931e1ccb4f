#include "services/terrace/upstreams.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file.h"
#include "common/base/time.h"
#include "common/rpc/row_watch.h"
#include "terrace/inspections/v1/watch.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/watch.pb.h"

namespace terrace {
namespace {

constexpr char kWatchUnits[] = "/terrace.registry.v1.UnitRegistry/WatchUnits";
constexpr char kWatchMeasures[] = "/terrace.measures.v1.MeasureTracker/WatchMeasures";
constexpr char kWatchInspections[] = "/terrace.inspections.v1.InspectionScheduler/WatchInspections";
// A watch that brings nothing for so long, three times the longest silence of a sound one, is taken
// for broken.
constexpr absl::Duration kSilentMost = absl::Seconds(12);
static_assert(rpc::kWatchProgress == absl::Seconds(4));

}  // namespace

void Upstreams::Follow(const std::string& service, bool elsewhere,
                       std::shared_ptr<rpc::Channel> channel,
                       const std::shared_ptr<scoring::Scoreboards>& boards) {
  // A service of this process can always be asked again; another one's feed is kept.
  std::string file;
  if (elsewhere && MakeDirectory(feeds_dir_).ok()) {
    file = absl::StrCat(feeds_dir_, "/", service, ".feed");
  }
  std::unique_ptr<rpc::FollowerBase> follower;
  if (service == "registry") {
    // One watch of the registry feeds the mirror and the boards.
    follower = std::make_unique<
        rpc::Follower<registry::v1::WatchUnitsRequest, registry::v1::WatchUnitsResponse>>(
        std::move(channel), kWatchUnits, std::move(file),
        [this, boards](const registry::v1::WatchUnitsResponse& message) {
          mirror_.Apply(message);
          if (boards != nullptr) boards->OnRegistry(message);
        },
        [this, boards] {
          mirror_.Reset();
          if (boards != nullptr) boards->ResetRegistry();
        });
  } else if (service == "measures" && boards != nullptr) {
    follower = std::make_unique<
        rpc::Follower<measures::v1::WatchMeasuresRequest, measures::v1::WatchMeasuresResponse>>(
        std::move(channel), kWatchMeasures, std::move(file),
        [boards](const measures::v1::WatchMeasuresResponse& message) {
          boards->OnMeasures(message);
        },
        [boards] { boards->ResetMeasures(); });
  } else if (service == "inspections" && boards != nullptr) {
    follower = std::make_unique<rpc::Follower<inspections::v1::WatchInspectionsRequest,
                                              inspections::v1::WatchInspectionsResponse>>(
        std::move(channel), kWatchInspections, std::move(file),
        [boards](const inspections::v1::WatchInspectionsResponse& message) {
          boards->OnInspections(message);
        },
        [boards] { boards->ResetInspections(); });
  } else {
    return;
  }
  absl::MutexLock lock(&mu_);
  watches_[service] = {elsewhere, std::move(follower)};
}

void Upstreams::Stop() {
  std::map<std::string, Watch> watches;
  {
    absl::MutexLock lock(&mu_);
    watches.swap(watches_);
  }
  // Their threads end here, outside the lock.
}

void Upstreams::AddStale(scoring::StaleInputs* stale) const {
  absl::MutexLock lock(&mu_);
  for (const auto& [service, watch] : watches_) {
    if (!watch.elsewhere) continue;
    const rpc::FollowerState state = watch.follower->state();
    if (state.connected && absl::Now() - state.last_heard < kSilentMost) continue;
    scoring::v1::StaleInput* input = stale->Add();
    input->set_service(service);
    if (state.last_heard > absl::InfinitePast()) {
      *input->mutable_heard_time() = ToProto(state.last_heard);
    }
  }
}

void Upstreams::Describe(const std::string& service, gateway::v1::ServiceStatus* row) const {
  absl::MutexLock lock(&mu_);
  auto watch = watches_.find(service);
  if (watch == watches_.end()) return;
  const rpc::FollowerState state = watch->second.follower->state();
  gateway::v1::Upstream* known = row->add_upstreams();
  known->set_service(service);
  known->set_connected(state.connected);
  if (!state.cursor.log_id().empty()) *known->mutable_cursor() = state.cursor;
  if (state.last_heard > absl::InfinitePast()) {
    *known->mutable_heard_time() = ToProto(state.last_heard);
  }
}

}  // namespace terrace
