#include "tests/bench/world.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "services/terrace/sample/loader.h"
#include "services/terrace/sample/sample.h"

namespace terrace::bench {
namespace {

constexpr char kEverything[] = "everything";
constexpr absl::Duration kCallTimeout = absl::Seconds(20);

}  // namespace

absl::StatusOr<std::unique_ptr<World>> World::InOneProcess(const std::string& dir) {
  std::unique_ptr<World> world(new World(dir));
  TERRACE_RETURN_IF_ERROR(world->Launch(kEverything, {}));
  TERRACE_RETURN_IF_ERROR(world->LoadSample());
  return world;
}

absl::StatusOr<std::unique_ptr<World>> World::Apart(const std::string& dir) {
  std::unique_ptr<World> world(new World(dir));
  std::filesystem::create_directories(dir);
  TERRACE_RETURN_IF_ERROR(WritePrivateFile(absl::StrCat(dir, "/deployment.key"), RandomHex(16)));
  TERRACE_RETURN_IF_ERROR(world->Launch("registry", {}));
  TERRACE_RETURN_IF_ERROR(world->Launch("measures", {"registry"}));
  TERRACE_RETURN_IF_ERROR(world->Launch("inspections", {"registry"}));
  TERRACE_RETURN_IF_ERROR(world->Launch("scoring", {"registry", "measures", "inspections"}));
  TERRACE_RETURN_IF_ERROR(
      world->Launch("gateway", {"registry", "measures", "inspections", "scoring"}));
  TERRACE_RETURN_IF_ERROR(world->LoadSample());
  return world;
}

absl::Status World::Launch(const std::string& service, std::vector<std::string> peers) {
  SuiteOptions options;
  options.data_dir = absl::StrCat(dir_, "/", service);
  options.listen = {"127.0.0.1:0"};
  if (service != kEverything) {
    options.services = {service};
    options.identity_key_file = absl::StrCat(dir_, "/deployment.key");
  }
  for (const std::string& peer : peers) options.peers[peer] = AddressOf(peer);
  std::filesystem::create_directories(options.data_dir);
  TERRACE_ASSIGN_OR_RETURN(std::unique_ptr<Suite> suite, Suite::Start(std::move(options)));
  suites_.emplace_back(service, std::move(suite));
  return absl::OkStatus();
}

std::string World::AddressOf(const std::string& service) const {
  for (const auto& [name, suite] : suites_) {
    if (name == service) return absl::StrCat("127.0.0.1:", suite->port());
  }
  return "";
}

absl::Status World::LoadSample() {
  const std::unique_ptr<cli::Client> client = NewClient();
  const absl::Status loaded =
      sample::Load(sample::MakeSample(), client.get(), [](absl::string_view, size_t) {});
  // Statistics and schemes come last: without a scoreboard all else is there.
  if (absl::IsUnimplemented(loaded)) return absl::OkStatus();
  scored_ = loaded.ok();
  return loaded;
}

void World::Stop() {
  while (!suites_.empty()) suites_.pop_back();
}

absl::Status World::StartAgain() { return Launch(kEverything, {}); }

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
