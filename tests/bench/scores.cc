// How soon a visit is seen in the score at the root. One visit at a time: a new latest visit of a
// township, good and bad in turn, so that the score changes with each.
#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "services/terrace/sample/sample.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/bench/client.h"
#include "tests/bench/measurements.h"

namespace terrace::bench {
namespace {

constexpr int kVisits = 100;
constexpr absl::Duration kPatience = absl::Seconds(5);
// Between two visits, so that each is seen by itself.
constexpr absl::Duration kPause = absl::Milliseconds(10);

// Follows the root's score and remembers when it came to speak for which position.
class RootWatch {
 public:
  explicit RootWatch(cli::Client* client)
      : stream_(client->Open(scoring::v1::WatchScoresRequest::descriptor())) {
    thread_ = std::thread([this] { Follow(); });
  }
  ~RootWatch() {
    stream_->Cancel();
    thread_.join();
  }

  // When the watch first spoke for inspections' `revision`; infinite future after kPatience.
  absl::Time SeenAt(int64_t revision) {
    absl::MutexLock lock(&mu_);
    const auto seen = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return ended_ || (!seen_.empty() && seen_.back().first >= revision);
    };
    mu_.AwaitWithTimeout(absl::Condition(&seen), kPatience);
    const auto first = std::find_if(seen_.begin(), seen_.end(),
                                    [&](const auto& row) { return row.first >= revision; });
    return first == seen_.end() ? absl::InfiniteFuture() : first->second;
  }
  absl::Status status() const {
    absl::MutexLock lock(&mu_);
    return status_;
  }

 private:
  void Follow() {
    scoring::v1::WatchScoresRequest request;
    request.set_subtree(sample::kNation);
    request.set_scheme(sample::kTownshipScheme);
    request.set_period(sample::kTownshipPeriod);
    stream_->Write(request);
    stream_->WritesDone();
    scoring::v1::WatchScoresResponse message;
    while (stream_->Read(&message)) {
      const absl::Time now = absl::Now();
      if (!message.complete()) continue;
      absl::MutexLock lock(&mu_);
      seen_.emplace_back(message.vector().inspections().revision(), now);
    }
    const absl::Status status = stream_->Finish();
    absl::MutexLock lock(&mu_);
    ended_ = true;
    status_ = status;
  }

  const std::unique_ptr<rpc::Stream> stream_;
  mutable absl::Mutex mu_;
  std::vector<std::pair<int64_t, absl::Time>> seen_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

inspections::v1::SyncVisitsRequest VisitOf(int i) {
  const std::string unit = absl::StrCat("units/", sample::kTownships[0].id);
  const absl::Time start = sample::NoonOf(absl::CivilDay(2016, 12, 20)) + absl::Minutes(30 * i);
  sample::VisitRecords records = sample::MakeBadVisit(unit, absl::StrCat("bench-", i), start);
  inspections::v1::SyncVisitsRequest request;
  request.set_acting_office(records.acting_office);
  for (inspections::v1::SyncItem& item : records.items) {
    if (i % 2 == 0 && item.has_observation() && item.observation().has_count()) {
      inspections::v1::CountAnswer& count = *item.mutable_observation()->mutable_count();
      count.set_hits(count.sample());
    }
    *request.add_items() = std::move(item);
  }
  return request;
}

// The time of one call that does nothing, in milliseconds.
double EchoOnce(BytesClient* client) {
  absl::Notification over;
  const absl::Time began = absl::Now();
  client->Call("/bench.Echo/Echo", "", [&](absl::Status) { over.Notify(); });
  over.WaitForNotification();
  return absl::ToDoubleMilliseconds(absl::Now() - began);
}

double Percentile(std::vector<double> values, int percent) {
  std::sort(values.begin(), values.end());
  return values[values.size() * percent / 100];
}

}  // namespace

absl::Status MeasureScores(const EchoServer& echo, const World& world, Table* table) {
  const std::string what =
      absl::StrCat("visit acknowledged -> root score on WatchScores, ", world.label());
  const std::unique_ptr<cli::Client> client = world.NewClient();
  const std::shared_ptr<BytesClient> bare = BytesClient::Connect(echo.port(), "");
  RootWatch watch(client.get());
  const std::unique_ptr<rpc::Stream> device =
      client->Open(inspections::v1::SyncVisitsRequest::descriptor());
  std::vector<double> echoes;
  std::vector<double> delays;
  for (int i = 0; i < kVisits; ++i) {
    inspections::v1::SyncVisitsResponse reply;
    if (!device->Write(VisitOf(i)) || !device->Read(&reply)) return device->Finish();
    const absl::Time acknowledged = absl::Now();
    const absl::Time seen = watch.SeenAt(reply.cursor().revision());
    if (seen == absl::InfiniteFuture()) {
      table->AddMissing(what,
                        absl::StrCat("visit ", i, " not seen in ", absl::FormatDuration(kPatience),
                                     "; watch: ", watch.status().ToString()));
      return absl::OkStatus();
    }
    // The watch may be faster than the acknowledgement.
    delays.push_back(std::max(0.0, absl::ToDoubleMilliseconds(seen - acknowledged)));
    echoes.push_back(EchoOnce(bare.get()));
    absl::SleepFor(kPause);
  }
  const double yardstick = Percentile(echoes, 50);
  const std::string alone = absl::StrCat("one echo, alone (p50), ", world.label());
  table->Add({alone, yardstick, "ms"});
  for (const int percent : {50, 99}) {
    const double delay = Percentile(delays, percent);
    table->Add({absl::StrCat(what, " (p", percent, ")"), delay, "ms", delay / yardstick, alone});
  }
  return absl::OkStatus();
}

}  // namespace terrace::bench
