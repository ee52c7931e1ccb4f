#include "tests/bench/yardsticks.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/store/redis/scripts.h"
#include "tests/store/bare_scripts.h"

namespace terrace::bench {
namespace {

constexpr int kSetsPerTurn = 2000;

// Keys and values of a batch, in bytes.
size_t BytesOf(const store::Batch& batch) {
  size_t bytes = batch.header.size();
  for (const store::Change& change : batch.changes) {
    bytes += change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

// Makes the batches new again and again.
class Renewal {
 public:
  explicit Renewal(std::vector<store::Batch> batches) : batches_(std::move(batches)) {}

  store::Batch Next() {
    store::Batch batch = batches_[next_ % batches_.size()];
    batch.id = store::NewBatchId();
    for (store::Change& change : batch.changes) absl::StrAppend(&change.key, "~", next_);
    ++next_;
    return batch;
  }

 private:
  const std::vector<store::Batch> batches_;
  size_t next_ = 0;
};

absl::StatusOr<Contestant> BareSqlite(const World& world, Writes writes, size_t bytes) {
  const std::string dir = absl::StrCat(world.dir(), "/raw-", RandomHex(4));
  TERRACE_ASSIGN_OR_RETURN(std::shared_ptr<store::Store> store,
                           store::OpenStore({absl::StrCat("sqlite:", dir), "raw"}));
  auto renewal = std::make_shared<Renewal>(std::move(writes.batches));
  return Contestant{
      absl::StrCat("bare store: ", writes.what, " of ", bytes, " bytes"), writes.unit,
      [=, per_batch = writes.per_batch, in_flight = writes.in_flight, turn = writes.turn] {
        LoadResult result =
            RunLoad(in_flight, turn, [&](int64_t, absl::AnyInvocable<void(absl::Status)> done) {
              store->Commit(renewal->Next(), [done = std::move(done)](
                                                 absl::StatusOr<store::Revision> stored) mutable {
                done(stored.status());
              });
            });
        result.per_second *= per_batch;
        return result;
      }};
}

Contestant BareEvalsha(const World& world, Writes writes, size_t bytes) {
  const std::string realm = absl::StrCat("bare-", RandomHex(4));
  const std::string meta = store::redis::Keys(realm, "raw").meta;
  auto scripts = std::make_shared<store::BareScripts>(world.redis()->MasterOf(meta), realm, "raw");
  auto renewal = std::make_shared<Renewal>(std::move(writes.batches));
  return {absl::StrCat("bare EVALSHA, ", writes.in_flight, " pipelined and one WAIT: ", writes.what,
                       " of ", bytes, " bytes"),
          writes.unit,
          [=, per_batch = writes.per_batch, in_flight = writes.in_flight, turn = writes.turn] {
            LoadResult result;
            const absl::Time start = absl::Now();
            while (absl::Now() - start < turn) {
              std::vector<store::Batch> group;
              for (int i = 0; i < in_flight; ++i) group.push_back(renewal->Next());
              scripts->Commit(group, /*wait=*/1);
              result.calls += in_flight;
            }
            result.per_second = static_cast<double>(result.calls) * per_batch /
                                absl::ToDoubleSeconds(absl::Now() - start);
            return result;
          }};
}

// Runs the command and gives the number before "requests per second".
LoadResult RunBenchmark(const std::string& command) {
  LoadResult result;
  std::string said;
  FILE* pipe = popen(command.c_str(), "r");
  TERRACE_CHECK(pipe != nullptr);
  char buffer[4096];
  while (const size_t read = fread(buffer, 1, sizeof buffer, pipe)) said.append(buffer, read);
  const int code = pclose(pipe);
  const std::string before = said.substr(0, said.rfind(" requests per second"));
  if (code != 0 || before.size() == said.size() ||
      !absl::SimpleAtod(before.substr(before.rfind(' ') + 1), &result.per_second)) {
    ++result.failed;
    result.first_error = absl::StrCat("redis-benchmark ended with ", code);
  }
  return result;
}

Contestant RedisBenchmark(const World& world, const Writes& writes, size_t bytes) {
  const std::string key = absl::StrCat("{bench-", RandomHex(4), "}");
  const std::string command =
      absl::StrCat("redis-benchmark -p ", world.redis()->MasterOf(key).port(), " -c 50 -n ",
                   kSetsPerTurn, " -q SET '", key, "' ", std::string(bytes, 'v'), " 2>&1");
  return {absl::StrCat("redis-benchmark -c 50: SET of ", bytes, " bytes"), writes.unit,
          [command, per_batch = writes.per_batch] {
            LoadResult result = RunBenchmark(command);
            result.per_second *= per_batch;
            return result;
          }};
}

}  // namespace

absl::StatusOr<std::vector<Contestant>> YardsticksOf(const World& world, Writes writes) {
  if (writes.batches.empty()) return Error(Reason::NOT_FOUND, {{"name", "a batch to repeat"}});
  const size_t bytes = BytesOf(writes.batches.back());
  if (world.redis() == nullptr) {
    TERRACE_ASSIGN_OR_RETURN(Contestant bare, BareSqlite(world, std::move(writes), bytes));
    return std::vector<Contestant>{std::move(bare)};
  }
  Contestant benchmark = RedisBenchmark(world, writes, bytes);
  return std::vector<Contestant>{BareEvalsha(world, std::move(writes), bytes),
                                 std::move(benchmark)};
}

}  // namespace terrace::bench
