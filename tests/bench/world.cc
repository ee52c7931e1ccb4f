#include "tests/bench/world.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "services/terrace/sample/loader.h"
#include "services/terrace/sample/sample.h"
#include "terrace/storage/v1/storage.pb.h"
#include "tests/store/conformance.h"

namespace terrace::bench {
namespace {

constexpr char kEverything[] = "everything";
constexpr absl::Duration kCallTimeout = absl::Seconds(20);

store::Batch Again(const store::Committed& committed) {
  store::Batch batch;
  batch.header = committed.header;
  for (const store::CommittedChange& change : committed.changes) {
    batch.changes.push_back({change.key, change.value});
  }
  return batch;
}

}  // namespace

absl::StatusOr<std::unique_ptr<World>> World::InOneProcess(const std::string& dir) {
  std::unique_ptr<World> world(new World("one process", dir, nullptr));
  TERRACE_RETURN_IF_ERROR(world->Launch(kEverything, {}));
  TERRACE_RETURN_IF_ERROR(world->LoadSample());
  return world;
}

absl::StatusOr<std::unique_ptr<World>> World::Apart(const std::string& dir) {
  std::unique_ptr<World> world(new World("forwarded to a server of its own", dir, nullptr));
  TERRACE_RETURN_IF_ERROR(world->LaunchApart(1));
  return world;
}

absl::StatusOr<std::unique_ptr<World>> World::OnRedis(const std::string& dir,
                                                      const store::RedisCluster* cluster) {
  std::unique_ptr<World> world(new World("two of every service on a Redis Cluster", dir, cluster));
  TERRACE_RETURN_IF_ERROR(world->LaunchApart(2));
  return world;
}

absl::Status World::LaunchApart(int replicas) {
  std::filesystem::create_directories(dir_);
  TERRACE_RETURN_IF_ERROR(WritePrivateFile(absl::StrCat(dir_, "/deployment.key"), RandomHex(16)));
  std::vector<std::string> peers;
  for (const char* service : {"registry", "measures", "inspections", "scoring"}) {
    for (int i = 0; i < replicas; ++i) TERRACE_RETURN_IF_ERROR(Launch(service, peers));
    peers.push_back(service);
  }
  TERRACE_RETURN_IF_ERROR(Launch("gateway", peers));
  return LoadSample();
}

absl::Status World::Launch(const std::string& service, const std::vector<std::string>& peers) {
  SuiteOptions options;
  options.data_dir = absl::StrCat(dir_, "/", service);
  if (redis_ != nullptr) {
    options.data_dir = absl::StrCat(dir_, "/", suites_.size());
    options.store = StoreUrl(service);
  }
  options.listen = {"127.0.0.1:0"};
  if (service != kEverything) {
    options.services = {service};
    options.identity_key_file = absl::StrCat(dir_, "/deployment.key");
  }
  for (const std::string& peer : peers) options.peers[peer] = AddressesOf(peer);
  std::filesystem::create_directories(options.data_dir);
  TERRACE_ASSIGN_OR_RETURN(std::unique_ptr<Suite> suite, Suite::Start(std::move(options)));
  suites_.emplace_back(service, std::move(suite));
  return absl::OkStatus();
}

std::string World::StoreUrl(const std::string& service) const {
  if (redis_ == nullptr) return absl::StrCat("sqlite:", dir_, "/", service);
  return absl::StrCat("redis+cluster://", redis_->addresses(), "/bench?wait=1");
}

std::string World::AddressesOf(const std::string& service) const {
  std::string addresses;
  for (const auto& [name, suite] : suites_) {
    if (name != service) continue;
    absl::StrAppend(&addresses, addresses.empty() ? "" : ",", "127.0.0.1:", suite->port());
  }
  return addresses;
}

absl::Status World::LoadSample() {
  return sample::Load(sample::MakeSample(), NewClient().get(), [](absl::string_view, size_t) {});
}

absl::StatusOr<std::vector<store::Batch>> World::BatchesOf(const std::string& service,
                                                           absl::string_view method) {
  if (redis_ == nullptr) suites_.clear();
  std::vector<store::Batch> batches;
  {
    TERRACE_ASSIGN_OR_RETURN(
        const std::unique_ptr<store::Store> store,
        store::OpenStore({StoreUrl(redis_ == nullptr ? kEverything : service), service}));
    for (const store::CommittedPtr& committed : store::WholeLog(*store)) {
      storage::v1::Header header;
      if (header.ParseFromString(committed->header) && header.method() == method) {
        batches.push_back(Again(*committed));
      }
    }
  }
  if (redis_ == nullptr) TERRACE_RETURN_IF_ERROR(Launch(kEverything, {}));
  return batches;
}

std::shared_ptr<BytesClient> World::NewBytesClient() const {
  const Suite& gateway = *suites_.back().second;
  return BytesClient::Connect(gateway.port(), gateway.admin_token());
}

std::unique_ptr<cli::Client> World::NewClient() const {
  const Suite& gateway = *suites_.back().second;
  return std::make_unique<cli::Client>(absl::StrCat("127.0.0.1:", gateway.port()),
                                       gateway.admin_token(), kCallTimeout);
}

}  // namespace terrace::bench
