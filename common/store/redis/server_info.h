// What servers say of themselves and of their cluster, read from their replies. Pure, thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_SERVER_INFO_H_
#define TERRACE_COMMON_STORE_REDIS_SERVER_INFO_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "common/store/redis/reply.h"
#include "common/store/redis/url.h"

namespace terrace::store::redis {

struct ServerInfo {
  std::string version;
  bool master = false;
  bool cluster = false;
  std::string replication_id;  // New after every start and every promotion.
  int replicas = 0;
};

// Of INFO's text.
ServerInfo ParseInfo(absl::string_view text);

// Of CONFIG GET's pairs.
using Settings = std::map<std::string, std::string>;
Settings ParseSettings(View reply);

// What is wrong with a server for a store; nullopt when nothing is. What the text says first is
// what to change.
absl::optional<std::string> FindUnsafe(const Config& config, const ServerInfo& info,
                                       const Settings& settings);
// The same for what no permission can mend.
absl::optional<std::string> FindUnusable(const Config& config, const ServerInfo& info);

// The map of a cluster: which master has which slots, and all nodes.
struct ClusterMap {
  struct Range {
    int first = 0;
    int last = 0;
    Address master;
  };
  std::vector<Range> ranges;
  std::vector<Address> nodes;

  absl::optional<Address> MasterOf(int slot) const;
};

// Of CLUSTER SLOTS, as `from` answered it.
ClusterMap ParseClusterSlots(View reply, const Address& from);

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_SERVER_INFO_H_
