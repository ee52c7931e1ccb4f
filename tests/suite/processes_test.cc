// The services as separate servers behind a gateway that forwards bytes: all four kinds of RPC,
// rich errors, access on every message, operations by name, and no way around the gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {
namespace {

using registry::v1::Unit;

constexpr char kRegistry[] = "/terrace.registry.v1.UnitRegistry/";
constexpr char kMeasures[] = "/terrace.measures.v1.MeasureTracker/";

class ProcessesTest : public SuiteTest {
 protected:
  void StartSuite() override {
    // The gateway's key is the deployment's; it is made first and given to all.
    std::filesystem::create_directories(dir_ / "gateway");
    ASSERT_TRUE(WritePrivateFile(Key(), "0123456789abcdef0123456789abcdef").ok());
    Launch("registry", {});
    for (const char* service : {"measures", "inspections"}) {
      Launch(service, {{"registry", AddressOf("registry")}});
    }
    Launch("scoring", {{"registry", AddressOf("registry")},
                       {"measures", AddressOf("measures")},
                       {"inspections", AddressOf("inspections")}});
    std::map<std::string, std::string> all;
    for (const auto& [service, suite] : services_) all[service] = AddressOf(service);
    suite_ = MakeSuite("gateway", all);
    admin_ = Connect(suite_->admin_token());
  }

  void TearDown() override {
    admin_.reset();
    suite_.reset();
    services_.clear();
    SuiteTest::TearDown();
  }

  std::string Key() const { return (dir_ / "deployment.key").string(); }
  std::string AddressOf(const std::string& service) const {
    return absl::StrCat("127.0.0.1:", services_.at(service)->port());
  }

  std::unique_ptr<Suite> MakeSuite(const std::string& service,
                                   std::map<std::string, std::string> peers) {
    SuiteOptions options;
    options.services = {service};
    options.data_dir = (dir_ / service).string();
    options.listen = {"127.0.0.1:0"};
    options.peers = std::move(peers);
    options.identity_key_file = Key();
    auto suite = Suite::Start(std::move(options));
    EXPECT_TRUE(suite.ok()) << suite.status();
    return suite.ok() ? *std::move(suite) : nullptr;
  }
  void Launch(const std::string& service, std::map<std::string, std::string> peers) {
    services_[service] = MakeSuite(service, std::move(peers));
  }

  std::map<std::string, std::unique_ptr<Suite>> services_;
};

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
  gateway::v1::GetStatusResponse report;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/GetStatus", gateway::v1::GetStatusRequest(),
                   &report)
                  .ok());
  for (const auto& row : report.services()) {
    EXPECT_EQ(row.serving(), row.service() != "measures") << row.ShortDebugString();
  }
}

TEST_F(ProcessesTest, ARestartLosesNothing) {
  CreateUnit("county", "");
  CreateUnit("town", "county");
  services_.erase("registry");
  Launch("registry", {});
  // Whoever spoke to the old port is told so; here the gateway starts anew with the new one.
  admin_.reset();
  suite_.reset();
  std::map<std::string, std::string> all;
  for (const auto& [service, suite] : services_) all[service] = AddressOf(service);
  suite_ = MakeSuite("gateway", all);
  admin_ = Connect(suite_->admin_token());
  registry::v1::GetUnitRequest request;
  request.set_name("units/town");
  Unit unit;
  absl::Status status = Call(*admin_, absl::StrCat(kRegistry, "GetUnit"), request, &unit);
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace terrace
