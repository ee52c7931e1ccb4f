// A Redis master is killed while batches are committed at a steady rate, each waiting for a
// replica. How long nothing is acknowledged, and whether anything acknowledged is lost.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/timer.h"
#include "common/store/redis/scripts.h"
#include "tests/bench/measurements.h"
#include "tests/store/conformance.h"

namespace terrace::bench {
namespace {

constexpr char kService[] = "failover";
constexpr int kPerSecond = 2000;
constexpr absl::Duration kBeat = absl::Milliseconds(5);
constexpr absl::Duration kBefore = absl::Seconds(3);
constexpr absl::Duration kAfter = absl::Seconds(3);

// As a small command makes it: its row and the record of its request.
store::Batch SmallBatch(int64_t i) {
  const std::string value(300, 'v');
  return store::MakeBatch(
      {store::Set(absl::StrCat("row/", i), value), store::Set(absl::StrCat("request/", i), value)},
      {{absl::StrCat("request/", i), {0}}});
}

// Commits new batches at the same rate whatever becomes of them, and each again until its outcome
// is known.
class SteadyWriter {
 public:
  explicit SteadyWriter(store::Store* store) : store_(store) {
    thread_ = std::thread([this] { Write(); });
  }
  ~SteadyWriter() { Stop(); }

  // Begins nothing more and waits for what was begun.
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    absl::MutexLock lock(&mu_);
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return running_ == 0; };
    mu_.Await(absl::Condition(&idle));
  }

  // By the id of the batch.
  std::map<std::string, absl::Time> acknowledged() const {
    absl::MutexLock lock(&mu_);
    return acknowledged_;
  }
  int64_t begun() const { return begun_; }

 private:
  void Write() {
    absl::Time next = absl::Now();
    for (; !stopping_; next += kBeat) {
      absl::SleepFor(next - absl::Now());
      for (int i = 0; i < kPerSecond * absl::ToDoubleSeconds(kBeat); ++i) {
        {
          absl::MutexLock lock(&mu_);
          ++running_;
        }
        ++begun_;
        Commit(SmallBatch(begun_));
      }
    }
  }

  void Commit(store::Batch batch) {
    store_->Commit(batch, [this, batch](absl::StatusOr<store::Revision> answer) {
      const absl::Status& status = answer.status();
      if (status.ok() || HasReason(status, Reason::BATCH_STORED)) {
        absl::MutexLock lock(&mu_);
        acknowledged_[batch.id] = absl::Now();
        --running_;
      } else if (HasReason(status, Reason::OUTCOME_UNKNOWN) || store::IsRefusedForNow(status)) {
        timer_.After(absl::Milliseconds(20), [this, batch] { Commit(batch); });
      } else {
        std::fprintf(stderr, "failover: %s\n", status.ToString().c_str());
        TERRACE_CHECK(false);
      }
    });
  }

  store::Store* const store_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> begun_ = 0;
  mutable absl::Mutex mu_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, absl::Time> acknowledged_ ABSL_GUARDED_BY(mu_);
  Timer timer_;
  std::thread thread_;
};

struct Silence {
  absl::Duration longest;
  int64_t lost = 0;
};

// The longest time between two acknowledgements after `from`, and how many of them the log lacks.
Silence Judge(const std::map<std::string, absl::Time>& acknowledged, absl::Time from,
              store::Store& store) {
  std::vector<absl::Time> times = {from};
  for (const auto& [id, time] : acknowledged) {
    if (time > from) times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  Silence silence;
  for (size_t i = 1; i < times.size(); ++i) {
    silence.longest = std::max(silence.longest, times[i] - times[i - 1]);
  }
  std::set<std::string> stored;
  for (const store::CommittedPtr& batch : store::WholeLog(store)) stored.insert(batch->batch_id);
  for (const auto& [id, time] : acknowledged) silence.lost += stored.contains(id) ? 0 : 1;
  return silence;
}

}  // namespace

absl::Status MeasureFailover(store::RedisCluster* cluster, Table* table) {
  const std::string realm = absl::StrCat("failover-", RandomHex(4));
  const std::string meta = store::redis::Keys(realm, kService).meta;
  store::RedisServer& master = cluster->MasterOf(meta);
  store::RedisServer& replica = cluster->ReplicaOf(meta);
  const std::string url =
      absl::StrCat("redis+cluster://", cluster->addresses(), "/", realm, "?wait=1&timeout_ms=1000");
  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                           store::OpenStore({url, kService}));
  auto writer = std::make_unique<SteadyWriter>(store.get());
  absl::SleepFor(kBefore);
  const double before =
      static_cast<double>(writer->acknowledged().size()) / absl::ToDoubleSeconds(kBefore);
  const absl::Time killed = absl::Now();
  master.Kill();
  const bool promoted = store::Eventually([&] {
    return absl::StrContains(replica.Call({"INFO", "replication"}), "role:master");
  });
  if (!promoted) return absl::DeadlineExceededError("the replica was not promoted");
  const absl::Duration election = absl::Now() - killed;
  // A supervisor brings it back; it is the replica that the new master waits for.
  master.Restart();
  absl::SleepFor(kAfter);
  writer->Stop();
  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> afterwards,
                           store::OpenStore({url, kService}));
  const Silence silence = Judge(writer->acknowledged(), killed, *afterwards);
  table->Add({absl::StrFormat("Redis master killed at %.0f commits/s, WAIT 1: until the replica is "
                              "master",
                              before),
              absl::ToDoubleMilliseconds(election), "ms"});
  table->Add({"the same: longest time without an acknowledgement",
              absl::ToDoubleMilliseconds(silence.longest), "ms",
              absl::FDivDuration(silence.longest, election), "until the replica is master",
              absl::StrFormat("%d begun, %d acknowledged, %d of these lost", writer->begun(),
                              writer->acknowledged().size(), silence.lost)});
  return absl::OkStatus();
}

}  // namespace terrace::bench
