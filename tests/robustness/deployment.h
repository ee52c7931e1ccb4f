// What is under test: Terrace in one of its two forms, as real processes with a network between
// them that the suite owns.
//
//   embedded      one process with every service, on sqlite
//   distributed   two processes of every service and two gateways, on a Redis Cluster of three
//                 masters with a replica each
//
// Every pair of a caller and a called process has a link of its own; each server of Redis announces
// its one link, over which the services and its replica reach it. Only the bus between the servers
// of Redis has none: whether a master is replaced is decided by kills and pauses.
//
// For the main thread.
#ifndef TERRACE_TESTS_ROBUSTNESS_DEPLOYMENT_H_
#define TERRACE_TESTS_ROBUSTNESS_DEPLOYMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"
#include "common/store/store.h"
#include "tests/robustness/control.h"
#include "tests/robustness/network.h"
#include "tests/robustness/service.h"
#include "tests/store/redis_server.h"

namespace terrace::robustness {

// The services that keep a log.
inline constexpr const char* kLogs[] = {"registry", "measures", "inspections", "scoring",
                                        "gateway"};

// A server of Redis with its link.
struct RedisNode {
  store::RedisServer* server = nullptr;
  int link = 0;
  std::unique_ptr<Control> control;
};

class Deployment {
 public:
  // Both return when everything serves; everything is kept below `dir`.
  static std::unique_ptr<Deployment> Embedded(const std::string& dir);
  static std::unique_ptr<Deployment> Distributed(const std::string& dir);

  bool distributed() const { return !redis_.empty(); }
  Network& network() { return network_; }
  const std::vector<std::unique_ptr<Service>>& services() const { return services_; }
  std::vector<Service*> gateways() const;
  // Servers i and i + 3 are one shard.
  std::vector<RedisNode>& redis() { return redis_; }

  // A client of a gateway, over a link of its own, or of several at once.
  std::shared_ptr<rpc::Channel> Connect(const std::string& client,
                                        const std::vector<Service*>& gateways,
                                        const std::string& token);
  const std::string& admin_token() const { return admin_token_; }
  // As a service of the deployment calls one process, without a link between.
  std::shared_ptr<rpc::Channel> ConnectAsService(const Service& service) const;

  // The log of a service. On sqlite only while its process is stopped.
  absl::StatusOr<std::unique_ptr<store::Store>> OpenLog(const std::string& service) const;

  // Lets processes come up; to be called often.
  void Poll();
  // Whether every process serves and every shard has a master whose replica has everything.
  bool Healthy();
  // Whether the shard (0, 1, 2) is whole, so that a fault may be done to it.
  bool ShardIsWhole(int shard);
  // Of a whole shard: the number of its master, and of its replica.
  int MasterOf(int shard);

 private:
  Deployment(const std::string& dir) : dir_(dir) {}
  void StartRedis();
  Service* Launch(const std::string& name, std::vector<std::string> flags);
  void Await(Service* service);
  void ReadAdminToken();

  const std::string dir_;
  Network network_;
  std::unique_ptr<store::RedisCluster> cluster_;
  std::vector<RedisNode> redis_;
  std::string store_;  // URL; empty for sqlite.
  std::string key_;    // Of the deployment.
  std::vector<std::unique_ptr<Service>> services_;
  std::string admin_token_;
};

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_DEPLOYMENT_H_
