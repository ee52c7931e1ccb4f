// The servers that are measured, with the demo's sample in them.
//
// Thread-safety. Belongs to one thread; what it hands out may be used from any.
#ifndef TERRACE_TESTS_BENCH_WORLD_H_
#define TERRACE_TESTS_BENCH_WORLD_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/store/store.h"
#include "services/terrace/client.h"
#include "services/terrace/suite.h"
#include "tests/bench/client.h"
#include "tests/store/redis_server.h"

namespace terrace::bench {

class World {
 public:
  // These start in `dir` and load the sample.
  //
  // Everything on one server, over SQLite.
  static absl::StatusOr<std::unique_ptr<World>> InOneProcess(const std::string& dir);
  // Each service on a server of its own behind a gateway, over SQLite.
  static absl::StatusOr<std::unique_ptr<World>> Apart(const std::string& dir);
  // Each service on two servers behind a gateway, over the cluster, every batch on one replica more
  // before it counts. The cluster outlives the world.
  static absl::StatusOr<std::unique_ptr<World>> OnRedis(const std::string& dir,
                                                        const store::RedisCluster* cluster);

  // What tells it from the others in the table.
  const std::string& label() const { return label_; }
  const std::string& dir() const { return dir_; }
  // Null over SQLite.
  const store::RedisCluster* redis() const { return redis_; }

  // The batches in the log of `service` that `method` has made. Over SQLite, only in one process,
  // and it stops for the while.
  absl::StatusOr<std::vector<store::Batch>> BatchesOf(const std::string& service,
                                                      absl::string_view method);

  // New clients; those of before a BatchesOf may be of no use after it.
  std::shared_ptr<BytesClient> NewBytesClient() const;
  std::unique_ptr<cli::Client> NewClient() const;

 private:
  World(std::string label, std::string dir, const store::RedisCluster* redis)
      : label_(std::move(label)), dir_(std::move(dir)), redis_(redis) {}
  absl::Status LaunchApart(int replicas);
  absl::Status Launch(const std::string& service, const std::vector<std::string>& peers);
  std::string StoreUrl(const std::string& service) const;
  std::string AddressesOf(const std::string& service) const;
  absl::Status LoadSample();

  const std::string label_;
  const std::string dir_;
  const store::RedisCluster* const redis_;
  // The gateway is the last one, and goes first.
  std::vector<std::pair<std::string, std::unique_ptr<Suite>>> suites_;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_WORLD_H_
