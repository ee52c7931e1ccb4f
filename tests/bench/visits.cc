// Observations of visits. A message is one new visit with many observations, as a device sends when
// it is back in the network; it is one durable batch.
#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "services/terrace/sample/sample.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "tests/bench/measurements.h"
#include "tests/bench/yardsticks.h"

namespace terrace::bench {
namespace {

using inspections::v1::SyncVisitsRequest;
using inspections::v1::SyncVisitsResponse;

constexpr int kStreams = 4;
constexpr int kObservations = 150;  // Of a message.
constexpr int kWarmUp = 8;

// Visit number i, at the sites in turn.
SyncVisitsRequest MessageOf(const std::vector<std::string>& sites, int64_t i) {
  const std::string visit = absl::StrCat("units/", sites[i % sites.size()], "/visits/bench-", i);
  absl::Time time = sample::NoonOf(absl::CivilDay(2014, 12, 1)) + absl::Minutes(i);
  SyncVisitsRequest request;
  request.set_acting_office(sample::kCityB);
  const auto item = [&]() -> inspections::v1::SyncItem& {
    inspections::v1::SyncItem& added = *request.add_items();
    added.set_visit(visit);
    added.set_checklist(sample::kChecklist);
    return added;
  };
  inspections::v1::SyncStart& start = *item().mutable_start();
  start.set_kind(inspections::v1::INSPECTION_KIND_SCHEDULED);
  start.set_programme(sample::kProgramme);
  *start.mutable_captured_time() = ToProto(time);
  for (int k = 1; k <= kObservations; ++k) {
    inspections::v1::Observation& observation = *item().mutable_observation();
    observation.set_name(absl::StrCat(visit, "/observations/tablet-", k));
    observation.set_place(absl::StrCat("counter ", k));
    *observation.mutable_captured_time() = ToProto(time += absl::Seconds(1));
    if (k % 2 == 0) {
      observation.set_item("records");
      observation.set_grade(k % 3 == 0 ? "A" : "B");
    } else {
      observation.set_item("signs");
      observation.mutable_count()->set_hits(k % 10);
      observation.mutable_count()->set_sample(10);
    }
  }
  return request;
}

// Sends one message and counts the observations that are stored.
absl::StatusOr<int> Send(rpc::Stream* stream, const SyncVisitsRequest& request) {
  SyncVisitsResponse reply;
  if (!stream->Write(request) || !stream->Read(&reply)) {
    const absl::Status status = stream->Finish();
    return status.ok() ? absl::UnavailableError("the stream has ended") : status;
  }
  int stored = -1;  // The start is no observation.
  for (const inspections::v1::ItemResult& result : reply.results()) {
    if (result.outcome() != inspections::v1::ItemResult::OUTCOME_CREATED) {
      return absl::InvalidArgumentError(absl::StrCat(result.message(), " [", result.reason(), "]"));
    }
    ++stored;
  }
  return stored;
}

// Several devices at once; observations a second. What is answered in the time counts.
LoadResult Sync(cli::Client* client, const std::vector<std::string>& sites, absl::Duration time,
                std::atomic<int64_t>* next) {
  struct Device {
    int64_t observations = 0;
    absl::Status status;
  };
  std::vector<Device> devices(kStreams);
  const absl::Time counted_from = absl::Now() + time / 4;
  const absl::Time end = counted_from + time;
  std::vector<std::thread> threads;
  for (Device& device : devices) {
    threads.emplace_back([&] {
      const std::unique_ptr<rpc::Stream> stream = client->Open(SyncVisitsRequest::descriptor());
      while (absl::Now() < end) {
        const absl::StatusOr<int> stored = Send(stream.get(), MessageOf(sites, (*next)++));
        device.status = stored.status();
        if (!stored.ok()) return;
        const absl::Time now = absl::Now();
        if (now >= counted_from && now <= end) device.observations += *stored;
      }
      stream->WritesDone();
      device.status = stream->Finish();
    });
  }
  for (std::thread& thread : threads) thread.join();
  LoadResult result;
  for (const Device& device : devices) {
    result.per_second += device.observations / absl::ToDoubleSeconds(time);
    if (!device.status.ok()) {
      ++result.failed;
      result.first_error = device.status.ToString();
    }
  }
  return result;
}

}  // namespace

absl::Status MeasureVisits(const Effort& effort, World* world, Table* table) {
  const std::vector<std::string> sites = sample::CitySiteIds();
  {
    const std::unique_ptr<cli::Client> client = world->NewClient();
    const std::unique_ptr<rpc::Stream> stream = client->Open(SyncVisitsRequest::descriptor());
    for (int i = 0; i < kWarmUp; ++i) {
      TERRACE_RETURN_IF_ERROR(Send(stream.get(), MessageOf(sites, i)).status());
    }
    stream->WritesDone();
    TERRACE_RETURN_IF_ERROR(stream->Finish());
  }
  TERRACE_ASSIGN_OR_RETURN(
      std::vector<store::Batch> batches,
      world->BatchesOf("inspections", cli::MethodOf(SyncVisitsRequest::descriptor())));
  TERRACE_CHECK(batches.size() >= kWarmUp);
  batches.erase(batches.begin(), batches.end() - kWarmUp);
  // A message is large: half a second holds too few of them.
  const absl::Duration turn = 2 * effort.turn;
  TERRACE_ASSIGN_OR_RETURN(
      std::vector<Contestant> contestants,
      YardsticksOf(*world, {"a message's batch", "observations/s", std::move(batches),
                            kObservations, kStreams, turn}));

  const std::unique_ptr<cli::Client> client = world->NewClient();
  std::atomic<int64_t> next = kWarmUp;
  contestants.push_back({absl::StrCat("observations synced, ", kObservations, " a message, ",
                                      kStreams, " streams, ", world->label()),
                         "observations/s", [&] { return Sync(client.get(), sites, turn, &next); }});
  Compete(effort.rounds, contestants, table);
  return absl::OkStatus();
}

}  // namespace terrace::bench
