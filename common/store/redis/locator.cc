#include "common/store/redis/locator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/store/redis/server_info.h"

namespace terrace::store::redis {

absl::StatusOr<std::unique_ptr<Link>> ConnectAs(const Config& config, const std::string& password,
                                                const Address& address) {
  TERRACE_ASSIGN_OR_RETURN(std::unique_ptr<Link> link, Link::Connect(address, config.timeout));
  if (password.empty() && config.user.empty()) return link;
  const std::string user = config.user.empty() ? "default" : config.user;
  TERRACE_RETURN_IF_ERROR(link->Call({"AUTH", user, password}, config.timeout).status());
  return link;
}

Locator::Locator(const Config& config, const std::string& password, int slot)
    : config_(config), password_(password), slot_(slot), nodes_(config.seeds) {}

absl::StatusOr<Address> Locator::Primary() {
  absl::MutexLock lock(&mu_);
  if (primary_) return *primary_;
  if (!config_.cluster) {
    primary_ = config_.seeds[turn_];
    return *primary_;
  }
  return AskCluster();
}

absl::StatusOr<Address> Locator::AskCluster() {
  absl::Status last = absl::UnavailableError("the cluster has no nodes");
  for (const Address& node : std::vector<Address>(nodes_)) {
    absl::StatusOr<std::unique_ptr<Link>> link = ConnectAs(config_, password_, node);
    last = link.status();
    if (!last.ok()) continue;
    absl::StatusOr<ReplyPtr> reply = (*link)->Call({"CLUSTER", "SLOTS"}, config_.timeout);
    last = reply.status();
    if (!last.ok()) continue;
    ClusterMap map = ParseClusterSlots(*reply, node);
    const absl::optional<Address> master = map.MasterOf(slot_);
    if (!master) {
      last = absl::UnavailableError(absl::StrCat("no node has the slot ", slot_));
      continue;
    }
    // The seeds stay: all other nodes may be replaced in the course of time.
    for (const Address& seed : config_.seeds) {
      if (std::find(map.nodes.begin(), map.nodes.end(), seed) == map.nodes.end()) {
        map.nodes.push_back(seed);
      }
    }
    nodes_ = std::move(map.nodes);
    primary_ = master;
    return *master;
  }
  return last;
}

void Locator::Moved(const Address& address) {
  absl::MutexLock lock(&mu_);
  primary_ = address;
}

void Locator::Forget(const Address& address) {
  absl::MutexLock lock(&mu_);
  if (primary_ != address) return;
  primary_.reset();
  turn_ = (turn_ + 1) % config_.seeds.size();
  // What it was said by may be out of date, and it may be the one that hangs: others are asked
  // first.
  std::rotate(nodes_.begin(), nodes_.begin() + 1, nodes_.end());
  std::stable_partition(nodes_.begin(), nodes_.end(),
                        [&](const Address& node) { return !(node == address); });
}

}  // namespace terrace::store::redis
