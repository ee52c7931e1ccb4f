#include "tests/robustness/deployment.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/access/authenticator.h"
#include "common/base/check.h"
#include "common/base/file.h"
#include "common/base/random.h"

namespace terrace::robustness {
namespace {

constexpr int kShards = 3;
constexpr int kReplicas = 2;
// Short, so that failovers fit into a run; long enough for a busy machine.
constexpr absl::Duration kNodeTimeout = absl::Milliseconds(1500);

}  // namespace

std::unique_ptr<Deployment> Deployment::Embedded(const std::string& dir) {
  std::unique_ptr<Deployment> made(new Deployment(dir));
  made->Await(made->Launch("terrace-0", {}));
  made->ReadAdminToken();
  const auto key = ReadFile(absl::StrCat(made->services_.front()->data_dir(), "/identity.key"));
  TERRACE_CHECK(key.ok());
  made->key_ = *key;
  return made;
}

std::unique_ptr<Deployment> Deployment::Distributed(const std::string& dir) {
  std::unique_ptr<Deployment> made(new Deployment(dir));
  made->StartRedis();
  std::map<std::string, std::vector<Service*>> upstreams;
  for (const char* service : {"registry", "measures", "inspections", "scoring", "gateway"}) {
    std::vector<Service*> replicas;
    for (int i = 0; i < kReplicas; ++i) {
      const std::string name = absl::StrCat(service, "-", i);
      std::vector<std::string> flags = {
          absl::StrCat("--services=", service), absl::StrCat("--store=", made->store_),
          absl::StrCat("--identity-key-file=", dir, "/deployment.key")};
      for (const auto& [upstream, processes] : upstreams) {
        std::vector<std::string> addresses;
        for (Service* process : processes) addresses.push_back(process->AddLink(name));
        flags.push_back(absl::StrCat("--peer=", upstream, "=", absl::StrJoin(addresses, ",")));
      }
      replicas.push_back(made->Launch(name, std::move(flags)));
      // The first gateway makes the first token.
      made->Await(replicas.back());
    }
    upstreams[service] = std::move(replicas);
  }
  made->ReadAdminToken();
  return made;
}

void Deployment::StartRedis() {
  for (int i = 0; i < 2 * kShards; ++i) {
    RedisNode& node = redis_.emplace_back();
    node.link = network_.Add(absl::StrCat("*>redis-", i));
    node.control = std::make_unique<Control>(absl::StrCat(dir_, "/redis-", i, ".control"));
  }
  cluster_ = std::make_unique<store::RedisCluster>(
      kNodeTimeout,
      [this](int number) {
        const RedisNode& node = redis_[number];
        store::RedisCluster::Setup setup;
        setup.args = {"--cluster-announce-port", absl::StrCat(network_.port(node.link)),
                      // A replica that lost its master's link asks for it again soon.
                      "--repl-timeout", "5", "--repl-ping-replica-period", "1",
                      // Kept with the output of the others.
                      "--logfile", absl::StrCat(dir_, "/redis-", number, ".log")};
        setup.environment = node.control->Environment();
        return setup;
      },
      [this](int number, const store::RedisServer& server) {
        network_.SetTarget(redis_[number].link, server.port());
      });
  std::vector<std::string> addresses;
  for (int i = 0; i < 2 * kShards; ++i) {
    redis_[i].server = cluster_->servers()[i].get();
    addresses.push_back(absl::StrCat("127.0.0.1:", network_.port(redis_[i].link)));
  }
  store_ = absl::StrCat("redis+cluster://", absl::StrJoin(addresses, ","),
                        "/realm?wait=1&wait_ms=500&timeout_ms=1500");
  key_ = RandomHex(32);
  TERRACE_CHECK(WritePrivateFile(absl::StrCat(dir_, "/deployment.key"), key_).ok());
}

Service* Deployment::Launch(const std::string& name, std::vector<std::string> flags) {
  services_.push_back(std::make_unique<Service>(name, dir_, std::move(flags), &network_));
  services_.back()->Start();
  return services_.back().get();
}

void Deployment::Await(Service* service) {
  TERRACE_CHECK(store::Eventually([service] {
    service->Poll();
    return service->serving();
  }));
}

void Deployment::ReadAdminToken() {
  const auto token = ReadFile(absl::StrCat(gateways().front()->data_dir(), "/admin.token"));
  TERRACE_CHECK(token.ok());
  admin_token_ = std::string(absl::StripAsciiWhitespace(*token));
}

std::vector<Service*> Deployment::gateways() const {
  std::vector<Service*> found;
  for (const auto& service : services_) {
    if (service->service() == "gateway" || service->service() == "terrace") {
      found.push_back(service.get());
    }
  }
  return found;
}

std::shared_ptr<rpc::Channel> Deployment::Connect(const std::string& client,
                                                  const std::vector<Service*>& gateways,
                                                  const std::string& token) {
  const std::string addresses = absl::StrJoin(
      gateways, ",",
      [&](std::string* out, Service* gateway) { absl::StrAppend(out, gateway->AddLink(client)); });
  return rpc::Channel::Connect(addresses, {token, nullptr});
}

std::shared_ptr<rpc::Channel> Deployment::ConnectAsService(const Service& service) const {
  auto signer = std::make_shared<access::IdentitySigner>(key_);
  return rpc::Channel::Connect(service.direct_address(), {"", [signer] {
                                                            access::Identity identity;
                                                            identity.subject = "services/terrace";
                                                            identity.service = true;
                                                            return signer->Sign(identity,
                                                                                absl::Now());
                                                          }});
}

absl::StatusOr<std::unique_ptr<store::Store>> Deployment::OpenLog(
    const std::string& service) const {
  const std::string url =
      store_.empty() ? absl::StrCat("sqlite:", services_.front()->data_dir()) : store_;
  return store::OpenStore({url, service});
}

void Deployment::Poll() {
  for (const auto& service : services_) service->Poll();
}

bool Deployment::Healthy() {
  for (const auto& service : services_) {
    if (!service->serving()) return false;
  }
  for (int shard = 0; shard < kShards && distributed(); ++shard) {
    if (!ShardIsWhole(shard)) return false;
  }
  return true;
}

bool Deployment::ShardIsWhole(int shard) {
  int masters = 0;
  for (int number : {shard, shard + kShards}) {
    store::RedisServer& server = *redis_[number].server;
    if (!server.Running()) return false;
    // It may end at any moment of what was done to it.
    const absl::StatusOr<std::string> info = server.TryCall({"INFO", "replication"});
    const absl::StatusOr<std::string> cluster = server.TryCall({"CLUSTER", "INFO"});
    if (!info.ok() || !cluster.ok() || !absl::StrContains(*cluster, "cluster_state:ok")) {
      return false;
    }
    if (absl::StrContains(*info, "role:master")) {
      ++masters;
      if (!absl::StrContains(*info, "state=online") || !server.HasReplicas(1)) return false;
    } else if (!absl::StrContains(*info, "master_link_status:up")) {
      return false;
    }
  }
  return masters == 1;
}

int Deployment::MasterOf(int shard) {
  const std::string info = redis_[shard].server->Call({"INFO", "replication"});
  return absl::StrContains(info, "role:master") ? shard : shard + kShards;
}

}  // namespace terrace::robustness
