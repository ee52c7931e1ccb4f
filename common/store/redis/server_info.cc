#include "common/store/redis/server_info.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace terrace::store::redis {
namespace {

constexpr int kMajorVersionLeast = 7;

std::string Setting(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

// One entry of CLUSTER SLOTS: a host, which may be unknown ("?") or nil, a port and more.
Address NodeAddress(View node, const Address& from) {
  Address address{std::string(node[0].text()), static_cast<int>(node[1].number())};
  if (address.host.empty() || address.host == "?") address.host = from.host;
  return address;
}

}  // namespace

ServerInfo ParseInfo(absl::string_view text) {
  ServerInfo info;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (pair.first == "redis_version") info.version = std::string(pair.second);
    if (pair.first == "role") info.master = pair.second == "master";
    if (pair.first == "redis_mode") info.cluster = pair.second == "cluster";
    if (pair.first == "master_replid") info.replication_id = std::string(pair.second);
    if (pair.first == "connected_slaves" && !absl::SimpleAtoi(pair.second, &info.replicas)) {
      info.replicas = 0;
    }
  }
  return info;
}

Settings ParseSettings(View reply) {
  Settings settings;
  for (size_t i = 0; i + 1 < reply.size(); i += 2) {
    settings[std::string(reply[i].text())] = std::string(reply[i + 1].text());
  }
  return settings;
}

absl::optional<std::string> FindUnusable(const Config& config, const ServerInfo& info) {
  int major = 0;
  const std::string first = info.version.substr(0, info.version.find('.'));
  if (!absl::SimpleAtoi(first, &major) || major < kMajorVersionLeast) {
    return absl::StrCat("Redis 7.0 or newer is needed, this is ", info.version);
  }
  if (info.cluster == config.cluster) return absl::nullopt;
  return info.cluster ? "this server belongs to a cluster; use redis+cluster://"
                      : "this server belongs to no cluster; use redis://";
}

absl::optional<std::string> FindUnsafe(const Config& config, const ServerInfo& info,
                                       const Settings& settings) {
  if (absl::optional<std::string> unusable = FindUnusable(config, info)) return unusable;
  constexpr std::pair<const char*, const char*> kNeeded[] = {
      {"appendonly", "yes"}, {"appendfsync", "always"}, {"maxmemory-policy", "noeviction"}};
  for (const auto& [name, needed] : kNeeded) {
    const std::string is = Setting(settings, name);
    if (is == needed) continue;
    return absl::StrCat("set \"", name, " ", needed, "\" (it is \"", is,
                        "\"), or lose what was acknowledged; allow_unsafe=1 goes on regardless");
  }
  int least = 0;
  const std::string replicas = Setting(settings, "min-replicas-to-write");
  if (!absl::SimpleAtoi(replicas, &least) || least < config.wait) {
    return absl::StrCat("set \"min-replicas-to-write ", config.wait, "\" (it is \"", replicas,
                        "\") to go with wait=", config.wait, "; allow_unsafe=1 goes on regardless");
  }
  return absl::nullopt;
}

absl::optional<Address> ClusterMap::MasterOf(int slot) const {
  for (const Range& range : ranges) {
    if (range.first <= slot && slot <= range.last) return range.master;
  }
  return absl::nullopt;
}

ClusterMap ParseClusterSlots(View reply, const Address& from) {
  ClusterMap map;
  for (size_t i = 0; i < reply.size(); ++i) {
    const View range = reply[i];
    if (range.size() < 3) continue;
    map.ranges.push_back({static_cast<int>(range[0].number()), static_cast<int>(range[1].number()),
                          NodeAddress(range[2], from)});
    for (size_t j = 2; j < range.size(); ++j) {
      Address node = NodeAddress(range[j], from);
      if (std::find(map.nodes.begin(), map.nodes.end(), node) == map.nodes.end()) {
        map.nodes.push_back(std::move(node));
      }
    }
  }
  return map;
}

}  // namespace terrace::store::redis
