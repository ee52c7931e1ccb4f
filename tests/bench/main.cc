// terrace_bench [--json=FILE] [--only=engine|services]: measures Terrace against what it stands on,
// in one run.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "tests/bench/measurements.h"

namespace terrace::bench {
namespace {

// How long a Redis node may be silent before it is replaced.
constexpr absl::Duration kNodeTimeout = absl::Seconds(2);

void Say(const std::string& line) {
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

// Ratios hold up on a busy machine, but whoever reads them should know how busy it was.
std::string MachineNow() {
  double load[1] = {0};
  getloadavg(load, 1);
  return absl::StrFormat("%d cores, load %.1f", std::thread::hardware_concurrency(), load[0]);
}

absl::Status Measure(const std::string& dir, store::RedisCluster* cluster, Table* table) {
  const Effort effort;
  const std::unique_ptr<EchoServer> echo = EchoServer::Start();
  Say("Loading the sample, three times.\n");
  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<World> together,
                           World::InOneProcess(absl::StrCat(dir, "/together")));
  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<World> on_redis,
                           World::OnRedis(absl::StrCat(dir, "/on-redis"), cluster));
  {
    TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<World> apart,
                             World::Apart(absl::StrCat(dir, "/apart")));
    Say("Measuring calls.\n");
    TERRACE_RETURN_IF_ERROR(
        MeasureCalls(effort, *echo, {together.get(), apart.get(), on_redis.get()}, table));
  }
  for (World* world : {together.get(), on_redis.get()}) {
    Say(absl::StrCat("Measuring scores, reports and visits: ", world->label(), ".\n"));
    TERRACE_RETURN_IF_ERROR(MeasureScores(*echo, *world, table));
    TERRACE_RETURN_IF_ERROR(MeasureReports(effort, world, table));
    TERRACE_RETURN_IF_ERROR(MeasureVisits(effort, world, table));
  }
  Say("Measuring a failover.\n");
  return MeasureFailover(cluster, table);
}

int Main(int argc, char** argv) {
  std::string json;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (absl::ConsumePrefix(&argument, "--json=") && !argument.empty()) {
      json = std::string(argument);
    } else if (absl::ConsumePrefix(&argument, "--only=") &&
               (argument == "engine" || argument == "services")) {
      only = std::string(argument);
    } else {
      std::fputs("usage: terrace_bench [--json=FILE] [--only=engine|services]\n", stderr);
      return 2;
    }
  }
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("terrace-bench-" + RandomHex(6));
  std::filesystem::create_directories(dir);
  const absl::Cleanup remove = [&] { std::filesystem::remove_all(dir); };

  const absl::Time start = absl::Now();
  Say(absl::StrCat("Stores in ", dir.string(), "; ", MachineNow(), " at the start.\n"));
  Table table;
  if (only != "services") {
    Say("Measuring the scoring engine.\n");
    MeasureEngine(Effort(), &table);
  }
  absl::Status status;
  if (only != "engine") {
    store::RedisCluster cluster(kNodeTimeout);
    status = Measure(dir.string(), &cluster, &table);
  }
  Say(absl::StrCat("\n", table.ToText()));
  Say(absl::StrFormat("\n%.0f s; %s at the end.\n", absl::ToDoubleSeconds(absl::Now() - start),
                      MachineNow()));
  if (!json.empty()) std::ofstream(json) << table.ToJson();
  if (!status.ok()) {
    std::fputs(absl::StrCat("error: ", status.ToString(), "\n").c_str(), stderr);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace terrace::bench

int main(int argc, char** argv) { return terrace::bench::Main(argc, argv); }
