// Reports. A weekly duty of several years for every unit of a county gives enough reports that are
// still to be handed in; each is one call and one durable batch.
#include <atomic>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/time.h"
#include "google/longrunning/operations.pb.h"
#include "services/terrace/sample/sample.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/bench/measurements.h"
#include "tests/bench/yardsticks.h"

namespace terrace::bench {
namespace {

constexpr int kInFlight = 64;
constexpr int kFirstYear = 2012;
constexpr int kLastYear = 2016;
constexpr int kWeeks = 52;
constexpr int64_t kWarmUp = 256;

absl::Status HandDown(cli::Client* client) {
  measures::v1::CreateMeasureListRequest list;
  list.set_parent(sample::kNation);
  list.set_measure_list_id("weekly");
  list.mutable_measure_list()->set_display_name("Weekly reports");
  measures::v1::DueRuleVersion& version = *list.mutable_measure_list()->add_due_rules();
  version.set_from_period(absl::StrCat(kFirstYear, "-W01"));
  version.mutable_rule()->set_frequency(measures::v1::REPORT_FREQUENCY_WEEKLY);
  version.mutable_rule()->set_weekday(5);
  list.mutable_measure_list()->set_last_period(absl::StrCat(kLastYear, "-W52"));
  TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::MeasureList>(list).status());

  measures::v1::CreateMeasureRequest measure;
  measure.set_parent(sample::kNation);
  measure.set_measure_id("weekly");
  measure.mutable_measure()->set_list("units/nation/measureLists/weekly");
  measure.mutable_measure()->set_display_name("Tell what was done in the week");
  *measure.mutable_measure()->mutable_start_date() =
      sample::DateOf(absl::CivilDay(kFirstYear, 1, 1));
  measure.mutable_measure()->mutable_cascade()->set_subtree(sample::kCountyA);
  TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Measure>(measure).status());
  measures::v1::IssueMeasureRequest issue;
  issue.set_name("units/nation/measures/weekly");
  *issue.mutable_issued_time() = sample::NoonProto(absl::CivilDay(kFirstYear, 1, 1));
  return client->Await(issue).status();
}

absl::StatusOr<std::vector<std::string>> Assignments(cli::Client* client) {
  measures::v1::ListAssignmentsRequest request;
  request.set_subtree(sample::kCountyA);
  std::vector<std::string> names;
  TERRACE_RETURN_IF_ERROR(client->Pages<measures::v1::ListAssignmentsResponse>(
      request, [&](const measures::v1::ListAssignmentsResponse& page) {
        for (const measures::v1::Assignment& row : page.assignments()) {
          if (row.measure() == "units/nation/measures/weekly") names.push_back(row.name());
        }
        return true;
      }));
  return names;
}

// Request i: all units in turn, week by week.
std::string RequestOf(const std::vector<std::string>& assignments, int64_t i) {
  const int64_t units = static_cast<int64_t>(assignments.size());
  const int64_t week = i / units;
  measures::v1::SubmitReportRequest request;
  request.set_assignment(assignments[i % units]);
  request.set_period(absl::StrFormat("%d-W%02d", kFirstYear + week / kWeeks, week % kWeeks + 1));
  request.mutable_content()->mutable_progress()->set_value(absl::StrCat(week % 100));
  request.mutable_content()->set_text(
      "Boards renewed, two visits made, one meeting held; nothing is left over from last week.");
  return request.SerializeAsString();
}

}  // namespace

absl::Status MeasureReports(const Effort& effort, World* world, Table* table) {
  const std::string method = cli::MethodOf(measures::v1::SubmitReportRequest::descriptor());
  std::vector<std::string> assignments;
  {
    const std::unique_ptr<cli::Client> client = world->NewClient();
    TERRACE_RETURN_IF_ERROR(HandDown(client.get()));
    TERRACE_ASSIGN_OR_RETURN(assignments, Assignments(client.get()));
    TERRACE_CHECK(!assignments.empty());
    for (int64_t i = 0; i < kWarmUp; ++i) {
      measures::v1::SubmitReportRequest request;
      TERRACE_CHECK(request.ParseFromString(RequestOf(assignments, i)));
      TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Report>(request).status());
    }
  }
  TERRACE_ASSIGN_OR_RETURN(std::vector<store::Batch> batches, world->BatchesOf("measures", method));
  // Those of before, of the sample, are of another length.
  batches.erase(batches.begin(), batches.end() - kWarmUp);
  TERRACE_ASSIGN_OR_RETURN(
      std::vector<Contestant> contestants,
      YardsticksOf(*world, {"a report's batch", "reports/s", std::move(batches),
                            /*per_batch=*/1, kInFlight, effort.turn}));

  const std::shared_ptr<BytesClient> client = world->NewBytesClient();
  std::atomic<int64_t> next = kWarmUp;
  const auto submit = [&](int64_t, absl::AnyInvocable<void(absl::Status)> done) {
    client->Call(method, RequestOf(assignments, next++), std::move(done));
  };
  contestants.push_back({absl::StrCat("reports, each durable before its answer, ", world->label()),
                         "reports/s", [&] { return RunLoad(kInFlight, effort.turn, submit); }});
  Compete(effort.rounds, contestants, table);
  const int64_t most =
      static_cast<int64_t>(assignments.size()) * kWeeks * (kLastYear - kFirstYear + 1);
  if (next > most) table->AddMissing("reports", "ran out of weeks; the figures above are too low");
  return absl::OkStatus();
}

}  // namespace terrace::bench
