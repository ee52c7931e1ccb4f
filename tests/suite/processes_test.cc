// The services as separate servers behind a gateway that forwards bytes: all four kinds of RPC,
// rich errors, access on every message, operations by name, and no way around the gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/error.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/suite/processes_fixture.h"
#include "tests/suite/requests.h"

namespace terrace {
namespace {

using registry::v1::Unit;

constexpr char kRegistry[] = "/terrace.registry.v1.UnitRegistry/";
constexpr char kScoring[] = "/terrace.scoring.v1.Scoreboard/";
constexpr char kMeasures[] = "/terrace.measures.v1.MeasureTracker/";

TEST_F(ProcessesTest, UnaryCallsAreForwarded) {
  CreateUnit("county", "");
  registry::v1::GetUnitRequest request;
  request.set_name("units/county");
  Unit unit;
  std::map<std::string, std::string> headers;
  ASSERT_TRUE(admin_
                  ->Call(absl::StrCat(kRegistry, "GetUnit"), request, &unit,
                         absl::Now() + absl::Seconds(10), &headers)
                  .ok());
  EXPECT_EQ(unit.display_name(), "Unit county");
  EXPECT_THAT(headers["terrace-cursor"], testing::StartsWith("registry="));
}

TEST_F(ProcessesTest, ErrorsKeepTheirDetails) {
  CreateUnit("county", "");
  registry::v1::CreateUnitRequest request;
  request.set_parent("units/nowhere");
  request.set_unit_id("a");
  request.mutable_unit()->set_display_name("A");
  request.mutable_unit()->set_kind("kinds/county");
  Unit reply;
  absl::Status status = Call(*admin_, absl::StrCat(kRegistry, "CreateUnit"), request, &reply);
  EXPECT_TRUE(HasReason(status, Reason::UNKNOWN_PARENT)) << status;
}

TEST_F(ProcessesTest, ANewUnitIsKnownToEveryServiceAtOnce) {
  CreateUnit("county", "");
  for (int i = 0; i < 20; ++i) {
    const std::string id = absl::StrCat("town-", i);
    CreateUnit(id, "county");
    // The measures' mirror hears of the unit only over its watch; the call waits for that.
    measures::v1::ListMeasureListsRequest request;
    request.set_parent("units/" + id);
    measures::v1::ListMeasureListsResponse reply;
    absl::Status status =
        Call(*admin_, absl::StrCat(kMeasures, "ListMeasureLists"), request, &reply);
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(ProcessesTest, StreamsAreForwarded) {
  CreateUnit("county", "");
  auto import =
      admin_->Open(absl::StrCat(kRegistry, "ImportUnits"), absl::Now() + absl::Seconds(20));
  for (int chunk = 0; chunk < 3; ++chunk) {
    registry::v1::ImportUnitsRequest request;
    for (int i = 0; i < 100; ++i) {
      registry::v1::ImportUnitRow* row = request.add_rows();
      row->set_unit_id(absl::StrCat("unit-", chunk, "-", i));
      row->set_parent_id("county");
      row->mutable_unit()->set_display_name("A unit");
      row->mutable_unit()->set_kind("kinds/county");
      row->mutable_unit()->set_level("levels/township");
    }
    ASSERT_TRUE(import->Write(request));
  }
  import->WritesDone();
  registry::v1::ImportUnitsResponse imported;
  ASSERT_TRUE(import->Read(&imported)) << import->Finish();
  EXPECT_EQ(imported.created(), 300) << imported.ShortDebugString();

  auto stream =
      admin_->Open(absl::StrCat(kRegistry, "ExportUnits"), absl::Now() + absl::Seconds(20));
  registry::v1::ExportUnitsRequest request;
  request.set_subtree("units/county");
  ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  int units = 0;
  registry::v1::ExportUnitsResponse part;
  while (stream->Read(&part)) units += part.records_size();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(units, 301);

  // A bidirectional stream answers message by message.
  auto sync = admin_->Open("/terrace.inspections.v1.InspectionScheduler/SyncVisits",
                           absl::Now() + absl::Seconds(20));
  for (int i = 0; i < 3; ++i) {
    inspections::v1::SyncVisitsRequest message;
    message.add_items()->set_visit("units/unit-0-0/visits/unknown");
    ASSERT_TRUE(sync->Write(message));
    inspections::v1::SyncVisitsResponse answer;
    ASSERT_TRUE(sync->Read(&answer)) << sync->Finish();
    EXPECT_EQ(answer.results_size(), 1);
  }
  sync->WritesDone();
  EXPECT_TRUE(sync->Finish().ok());
}

TEST_F(ProcessesTest, AccessIsCheckedOnEveryMessageOfAForwardedStream) {
  CreateUnit("nation", "");
  CreateUnit("county", "nation");
  CreateUnit("neighbour", "nation");
  auto county = ConnectAs("nation", options::v1::ROLE_ADMINISTRATOR, "county");
  auto import =
      county->Open(absl::StrCat(kRegistry, "ImportUnits"), absl::Now() + absl::Seconds(20));
  registry::v1::ImportUnitsRequest request;
  request.set_subtree("units/county");
  ASSERT_TRUE(import->Write(request));
  request.set_subtree("units/neighbour");
  import->Write(request);
  import->WritesDone();
  registry::v1::ImportUnitsResponse reply;
  EXPECT_FALSE(import->Read(&reply));
  absl::Status status = import->Finish();
  EXPECT_TRUE(HasReason(status, Reason::NOT_FOUND)) << status;
}

TEST_F(ProcessesTest, NobodyGetsAroundTheGateway) {
  CreateUnit("county", "");
  auto direct = rpc::Channel::Connect(AddressOf("registry"), {suite_->admin_token(), nullptr});
  registry::v1::GetUnitRequest request;
  request.set_name("units/county");
  Unit unit;
  absl::Status status = Call(*direct, absl::StrCat(kRegistry, "GetUnit"), request, &unit);
  EXPECT_TRUE(HasReason(status, Reason::IDENTITY_MISSING)) << status;
}

TEST_F(ProcessesTest, OperationsAreFoundByTheirName) {
  CreateUnit("county", "");
  google::longrunning::GetOperationRequest request;
  request.set_name("units/county/operations/measures.0123456789abcdef0123");
  google::longrunning::Operation reply;
  absl::Status status =
      Call(*admin_, "/google.longrunning.Operations/GetOperation", request, &reply);
  EXPECT_TRUE(HasReason(status, Reason::NOT_FOUND)) << status;
  google::longrunning::ListOperationsRequest list;
  list.set_name("units/county/operations/measures");
  google::longrunning::ListOperationsResponse operations;
  status = Call(*admin_, "/google.longrunning.Operations/ListOperations", list, &operations);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ProcessesTest, AServiceThatIsDownIsNamed) {
  CreateUnit("county", "");
  services_["measures"]->Stop();
  measures::v1::ListMeasureListsRequest request;
  request.set_parent("units/county");
  measures::v1::ListMeasureListsResponse reply;
  absl::Status status = Call(*admin_, absl::StrCat(kMeasures, "ListMeasureLists"), request, &reply);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  const gateway::v1::GetStatusResponse report = GetStatus();
  EXPECT_EQ(report.services_size(), 5) << report.DebugString();
  for (const auto& row : report.services()) {
    EXPECT_EQ(row.serving(), row.service() != "measures") << row.ShortDebugString();
    EXPECT_EQ(row.has_cursor(), row.serving()) << row.ShortDebugString();
  }
}

TEST_F(ProcessesTest, ServicesStartWithoutTheRegistryAndSayHowOldTheirMirrorsAre) {
  CreateUnit("nation", "");
  CreateUnit("county", "nation");
  CreateUnit("neighbour", "nation");
  const std::string viewer = MakeToken("nation", options::v1::ROLE_VIEWER, "county");
  // Every process has heard of the units before the registry goes.
  auto everybody_knows = [&] {
    const gateway::v1::GetStatusResponse report = GetStatus();
    return std::all_of(report.services().begin(), report.services().end(),
                       [](const auto& row) { return row.units() == 3; });
  };
  while (!everybody_knows()) absl::SleepFor(absl::Milliseconds(20));
  const std::string registry = AddressOf("registry");
  int64_t last = 0;
  const gateway::v1::GetStatusResponse before = GetStatus();
  for (const auto& row : before.services()) {
    if (row.service() == "registry") last = row.cursor().revision();
  }
  services_["registry"]->Stop();
  services_.erase("measures");
  Launch("measures", {{"registry", registry}});
  RestartGateway();

  // Names are judged on the mirrors that were kept.
  const std::shared_ptr<rpc::Channel> county = Connect(viewer);
  measures::v1::ListMeasureListsRequest request;
  request.set_parent("units/county");
  measures::v1::ListMeasureListsResponse reply;
  const std::string list = absl::StrCat(kMeasures, "ListMeasureLists");
  absl::Status status = Call(*county, list, request, &reply);
  EXPECT_TRUE(status.ok()) << status;
  request.set_parent("units/neighbour");
  status = Call(*county, list, request, &reply);
  EXPECT_TRUE(HasReason(status, Reason::NOT_FOUND)) << status;

  // Who is enrolled by now nobody can tell, so nothing is issued to them.
  measures::v1::IssueMeasureRequest issue;
  issue.set_name("units/county/measures/m");
  google::longrunning::Operation operation;
  status = Call(*admin_, absl::StrCat(kMeasures, "IssueMeasure"), issue, &operation);
  EXPECT_TRUE(HasReason(status, Reason::UPSTREAM_DOWN)) << status;

  const gateway::v1::GetStatusResponse report = GetStatus();
  for (const auto& row : report.services()) {
    if (row.service() == "registry") {
      EXPECT_FALSE(row.serving());
      continue;
    }
    EXPECT_EQ(row.units(), 3) << row.ShortDebugString();
    ASSERT_GE(row.upstreams_size(), 1) << row.ShortDebugString();
    for (const gateway::v1::Upstream& upstream : row.upstreams()) {
      if (upstream.service() != "registry") continue;
      EXPECT_FALSE(upstream.connected());
      EXPECT_EQ(upstream.cursor().revision(), last);
      // The ones that went on running have heard of it, the restarted ones have not.
      EXPECT_EQ(upstream.has_heard_time(),
                row.service() != "measures" && row.service() != "gateway")
          << row.ShortDebugString();
    }
  }
}

TEST_F(ProcessesTest, ScoresSayWhichOfTheirFiguresMayBeOld) {
  CreateUnit("county", "");
  const absl::Status status = PublishOrderScheme(*admin_, "county");
  ASSERT_TRUE(status.ok()) << status;

  scoring::v1::ListScoresRequest request;
  request.set_subtree("units/county");
  request.set_scheme("units/county/schemes/order");
  request.set_period("2016");
  auto list = [&] {
    scoring::v1::ListScoresResponse reply;
    const absl::Status listed =
        Call(*admin_, absl::StrCat(kScoring, "ListScores"), request, &reply);
    EXPECT_TRUE(listed.ok()) << listed;
    return reply;
  };
  EXPECT_EQ(list().stale_inputs_size(), 0);

  services_["measures"]->Stop();
  scoring::v1::ListScoresResponse stale = list();
  while (stale.stale_inputs().empty()) {
    absl::SleepFor(absl::Milliseconds(20));
    stale = list();
  }
  ASSERT_EQ(stale.stale_inputs_size(), 1) << stale.DebugString();
  EXPECT_EQ(stale.stale_inputs(0).service(), "measures");
  EXPECT_TRUE(stale.stale_inputs(0).has_heard_time());

  // A watch says so too, at once to whoever comes now.
  scoring::v1::WatchScoresRequest watch;
  watch.set_subtree(request.subtree());
  watch.set_scheme(request.scheme());
  watch.set_period(request.period());
  const std::unique_ptr<rpc::Stream> stream =
      admin_->Open(absl::StrCat(kScoring, "WatchScores"), absl::Now() + absl::Seconds(20));
  ASSERT_TRUE(stream->Write(watch));
  stream->WritesDone();
  scoring::v1::WatchScoresResponse first;
  ASSERT_TRUE(stream->Read(&first));
  EXPECT_EQ(first.stale_inputs_size(), 1) << first.DebugString();
}

TEST_F(ProcessesTest, MetricsCountTheCallsOfEveryProcess) {
  CreateUnit("county", "");
  registry::v1::GetUnitRequest request;
  request.set_name("units/county");
  Unit unit;
  ASSERT_TRUE(Call(*admin_, absl::StrCat(kRegistry, "GetUnit"), request, &unit).ok());
  request.set_name("units/nowhere");
  ASSERT_FALSE(Call(*admin_, absl::StrCat(kRegistry, "GetUnit"), request, &unit).ok());
  gateway::v1::GetMetricsResponse metrics;
  auto rows_of_get_unit = [&] {
    metrics.Clear();
    const absl::Status status = Call(*admin_, "/terrace.gateway.v1.Access/GetMetrics",
                                     gateway::v1::GetMetricsRequest(), &metrics);
    EXPECT_TRUE(status.ok()) << status;
    std::map<std::string, std::pair<int64_t, int64_t>> rows;
    for (const gateway::v1::MethodMetrics& row : metrics.methods()) {
      if (row.method() != absl::StrCat(kRegistry, "GetUnit")) continue;
      rows[row.process()] = {row.calls(), row.failures()};
    }
    return rows;
  };
  // A call is counted when it has ended, which may be after its caller has heard the answer.
  const std::map<std::string, std::pair<int64_t, int64_t>> wanted = {
      {"gateway", {2, 1}}, {absl::StrCat("registry@", AddressOf("registry")), {2, 1}}};
  while (rows_of_get_unit() != wanted) absl::SleepFor(absl::Milliseconds(20));
}

TEST_F(ProcessesTest, ARestartLosesNothing) {
  CreateUnit("county", "");
  CreateUnit("town", "county");
  services_.erase("registry");
  Launch("registry", {});
  // Whoever spoke to the old port is told so; here the gateway starts anew with the new one.
  RestartGateway();
  registry::v1::GetUnitRequest request;
  request.set_name("units/town");
  Unit unit;
  absl::Status status = Call(*admin_, absl::StrCat(kRegistry, "GetUnit"), request, &unit);
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace terrace
