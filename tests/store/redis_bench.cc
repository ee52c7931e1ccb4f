// What the redis engine costs: commits a second beside the same script sent bare, and how long its
// longest scripts hold up a server. Starts servers of its own and prints tables.
//
//   redis_bench [seconds for each figure]
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "common/store/redis/link.h"
#include "common/store/store.h"
#include "tests/store/bare_scripts.h"
#include "tests/store/conformance.h"
#include "tests/store/redis_server.h"

namespace terrace::store {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr int64_t kKeys = 100'000;

// Two guards and two sets of 200 bytes, as a small command makes them.
Batch SmallBatch(int64_t i) {
  const std::string value(200, 'v');
  return MakeBatch(
      {Set(absl::StrCat("row/", i % kKeys), value), Set(absl::StrCat("request/", i), value)},
      {{absl::StrCat("request/", i), {0}}, {absl::StrCat("never/", i), {0}}});
}

// Commits a second with so many in flight.
double RunStore(Store& store, int in_flight, absl::Duration time) {
  absl::Mutex mu;
  int running = 0;
  int64_t done = 0;
  static std::atomic<int64_t> next{0};
  const absl::Time start = absl::Now();
  const auto room = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu) { return running < in_flight; };
  const auto idle = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu) { return running == 0; };
  while (absl::Now() - start < time) {
    {
      absl::MutexLock lock(&mu);
      mu.Await(absl::Condition(&room));
      ++running;
    }
    store.Commit(SmallBatch(next++), [&](absl::StatusOr<Revision> answer) {
      TERRACE_CHECK(answer.ok());
      absl::MutexLock lock(&mu);
      --running;
      ++done;
    });
  }
  absl::MutexLock lock(&mu);
  mu.Await(absl::Condition(&idle));
  return static_cast<double>(done) / absl::ToDoubleSeconds(absl::Now() - start);
}

// The same batches sent bare, `group` at a time.
double RunBare(BareScripts& bare, int group, int wait, absl::Duration time) {
  int64_t done = 0;
  const absl::Time start = absl::Now();
  while (absl::Now() - start < time) {
    std::vector<Batch> batches;
    for (int i = 0; i < group; ++i) batches.push_back(SmallBatch(done++));
    bare.Commit(batches, wait);
  }
  return static_cast<double>(done) / absl::ToDoubleSeconds(absl::Now() - start);
}

void MeasureCommits(RedisServer& server, absl::Duration time) {
  std::printf("%-6s %-6s %12s %12s %7s\n", "wait", "group", "engine /s", "bare /s", "ratio");
  for (int wait : {0, 1}) {
    for (int group : {1, 32, 128}) {
      const std::string realm = RandomHex(8);
      const std::string url =
          absl::StrCat("redis://", server.address(), "/", realm,
                       "?allow_unsafe=1&wait_ms=30000&timeout_ms=30000&wait=", wait);
      double engine = 0;
      {
        auto store = OpenStore({url, "bench"});
        TERRACE_CHECK(store.ok());
        RunStore(**store, group, time / 4);  // Warm.
        engine = RunStore(**store, group, time);
      }
      double peer = 0;
      for (const absl::Duration turn : {time / 4, time}) {  // The first one warms up.
        BareScripts bare(server, RandomHex(8), "bare");
        peer = RunBare(bare, group, wait, turn);
      }
      std::printf("%-6d %-6d %12.0f %12.0f %7.2f\n", wait, group, engine, peer, engine / peer);
      std::fflush(stdout);
    }
  }
}

// How long the scripts since the last call took.
void PrintTimes(RedisServer& server, const char* what) {
  auto link = *redis::Link::Connect({"127.0.0.1", server.port()}, kTimeout);
  const redis::ReplyPtr log = *link->Call({"SLOWLOG", "GET", "-1"}, kTimeout);
  std::vector<int64_t> times;
  for (size_t i = 0; i < redis::View(log).size(); ++i) {
    const redis::View entry = redis::View(log)[i];
    const absl::string_view command = entry[3][0].text();
    if (command == "EVALSHA" || command == "XRANGE") times.push_back(entry[2].number());
  }
  std::sort(times.begin(), times.end());
  TERRACE_CHECK(!times.empty());
  std::printf("%-62s %8.2f %8.2f\n", what, static_cast<double>(times[times.size() / 2]) / 1000,
              static_cast<double>(times.back()) / 1000);
  std::fflush(stdout);
  server.Call({"SLOWLOG", "RESET"});
}

void MeasureScripts(RedisServer& server) {
  server.Call({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
  server.Call({"CONFIG", "SET", "slowlog-max-len", "10000"});
  auto store = *OpenStore(
      {absl::StrCat("redis://", server.address(), "/", RandomHex(8), "?allow_unsafe=1"), "bench"});
  server.Call({"SLOWLOG", "RESET"});
  std::printf("\n%-62s %8s %8s\n", "milliseconds in the server", "median", "longest");
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<Change> changes;
    std::vector<Guard> guards;
    for (size_t i = 0; i < kBatchChangesMax; ++i) {
      changes.push_back(Set(absl::StrCat("row/", batch, "/", i), std::string(1000, 'v')));
    }
    for (size_t i = 0; i < kBatchGuardsMax; ++i) guards.push_back({absl::StrCat("g", i), {0}});
    TERRACE_CHECK(Commit(*store, MakeBatch(std::move(changes), std::move(guards))).ok());
  }
  PrintTimes(server, "commit, the largest: 600 sets of 1,000 bytes, 2,000 guards");
  for (int i = 0; i < 100; ++i) TERRACE_CHECK(Commit(*store, SmallBatch(i)).ok());
  PrintTimes(server, "commit: 2 sets of 200 bytes, 2 guards");
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(absl::StrCat("row/", i / 500, "/", i % 500));
  for (int i = 0; i < 5; ++i) TERRACE_CHECK(Read(*store, keys).ok());
  PrintTimes(server, "read, the largest: 1,000 keys of 1,000 bytes");
  for (int i = 0; i < 5; ++i) TERRACE_CHECK(Scan(*store, {}).ok());
  PrintTimes(server, "scan, the largest: 1,000 keys of 1,000 bytes");
  TERRACE_CHECK(ReadLog(*store, 1, 10).ok());
  PrintTimes(server, "page of the log: 10 batches of 600 kB");
  for (int i = 100; i < 1000; ++i) TERRACE_CHECK(Commit(*store, SmallBatch(i)).ok());
  server.Call({"SLOWLOG", "RESET"});
  TERRACE_CHECK(store->Compact({1000}).ok());
  PrintTimes(server, "compaction: 500 batches");
}

int Main(int argc, char** argv) {
  int seconds = 3;
  if (argc > 1) TERRACE_CHECK(absl::SimpleAtoi(argv[1], &seconds));
  RedisServer master;
  RedisServer replica({"--replicaof", absl::StrCat("127.0.0.1 ", master.port())});
  TERRACE_CHECK(Eventually([&] {
    return master.Call({"SET", "mark", "1"}) == "OK" && replica.Call({"GET", "mark"}) == "1";
  }));
  MeasureCommits(master, absl::Seconds(seconds));
  RedisServer alone;
  MeasureScripts(alone);
  return 0;
}

}  // namespace
}  // namespace terrace::store

int main(int argc, char** argv) { return terrace::store::Main(argc, argv); }
