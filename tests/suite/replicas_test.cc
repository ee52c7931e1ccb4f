// The distributed form: every service twice on one Redis, a gateway in front that spreads calls
// over the replicas. Stopping a replica loses nothing, and callers hardly notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/store/redis_server.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {
namespace {

using registry::v1::Unit;

constexpr char kRegistry[] = "/terrace.registry.v1.UnitRegistry/";
constexpr int kReplicas = 2;

class ReplicasTest : public SuiteTest {
 protected:
  void StartSuite() override {
    std::filesystem::create_directories(dir_);
    ASSERT_TRUE(WritePrivateFile(Key(), "0123456789abcdef0123456789abcdef").ok());
    for (const char* service : {"registry", "measures", "inspections", "scoring"}) {
      for (int i = 0; i < kReplicas; ++i) {
        replicas_[service].push_back(Launch(service, absl::StrCat(service, i)));
      }
    }
    suite_ = Launch("gateway", "gateway");
    admin_ = Connect(suite_->admin_token());
  }

  void TearDown() override {
    admin_.reset();
    suite_.reset();
    replicas_.clear();
    SuiteTest::TearDown();
  }

  std::string Key() const { return (dir_ / "deployment.key").string(); }

  std::unique_ptr<Suite> Launch(const std::string& service, const std::string& directory) {
    SuiteOptions options;
    options.services = {service};
    options.data_dir = (dir_ / directory).string();
    options.listen = {"127.0.0.1:0"};
    options.store = absl::StrCat("redis://", redis_.address(), "/realm");
    options.identity_key_file = Key();
    for (const auto& [upstream, suites] : replicas_) {
      if (upstream == service) continue;
      options.peers[upstream] = absl::StrJoin(suites, ",", [](std::string* out, const auto& suite) {
        absl::StrAppend(out, "127.0.0.1:", suite->port());
      });
    }
    auto suite = Suite::Start(std::move(options));
    EXPECT_TRUE(suite.ok()) << suite.status();
    return suite.ok() ? *std::move(suite) : nullptr;
  }

  absl::Status TryToCreate(const std::string& id, const std::string& parent) {
    registry::v1::CreateUnitRequest request;
    request.set_parent("units/" + parent);
    request.set_unit_id(id);
    request.mutable_unit()->set_display_name("Unit " + id);
    request.mutable_unit()->set_kind("kinds/county");
    request.mutable_unit()->set_level("levels/county");
    Unit reply;
    return Call(*admin_, absl::StrCat(kRegistry, "CreateUnit"), request, &reply);
  }

  // Calls of the method that each replica of the service has answered, by process row.
  int64_t CallsOf(const std::string& method) {
    gateway::v1::GetMetricsResponse metrics;
    EXPECT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/GetMetrics",
                     gateway::v1::GetMetricsRequest(), &metrics)
                    .ok());
    int64_t calls = 0;
    for (const auto& row : metrics.methods()) {
      if (row.method() == method) calls += row.calls();
    }
    return calls;
  }

  store::RedisServer redis_;
  std::map<std::string, std::vector<std::unique_ptr<Suite>>> replicas_;
};

TEST_F(ReplicasTest, WhatOneReplicaAcknowledgedTheOtherShowsWhenAsked) {
  CreateUnit("nation", "");
  for (int i = 0; i < 40; ++i) {
    registry::v1::CreateUnitRequest create;
    create.set_parent("units/nation");
    create.set_unit_id(absl::StrCat("county-", i));
    create.mutable_unit()->set_display_name("County");
    create.mutable_unit()->set_kind("kinds/county");
    create.mutable_unit()->set_level("levels/county");
    Unit made;
    std::map<std::string, std::string> headers;
    absl::Status status = admin_->Call(absl::StrCat(kRegistry, "CreateUnit"), create, &made,
                                       absl::Now() + absl::Seconds(20), &headers);
    ASSERT_TRUE(status.ok()) << status;
    // "registry=<log id>:<revision>"; the next call may go to the other replica.
    const std::vector<std::string> parts =
        absl::StrSplit(headers["terrace-cursor"], absl::ByAnyChar("=:"));
    ASSERT_EQ(parts.size(), 3u) << headers["terrace-cursor"];
    registry::v1::CountUnitsRequest count;
    count.set_subtree("units/nation");
    count.mutable_min_revision()->set_log_id(parts[1]);
    count.mutable_min_revision()->set_revision(std::stoll(parts[2]));
    registry::v1::CountUnitsResponse counted;
    status = Call(*admin_, absl::StrCat(kRegistry, "CountUnits"), count, &counted);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(counted.total(), i + 1);  // The subtree's root is not counted.
    // Neither replica takes the new unit for an unknown one, whoever asks.
    const std::shared_ptr<rpc::Channel> other = Connect(suite_->admin_token());
    for (int replica = 0; replica < kReplicas; ++replica) {
      registry::v1::GetUnitRequest get;
      get.set_name(made.name());
      *get.mutable_min_revision() = count.min_revision();
      status = Call(*other, absl::StrCat(kRegistry, "GetUnit"), get, &made);
      EXPECT_TRUE(status.ok()) << status;
    }
  }
}

TEST_F(ReplicasTest, OfTwoWhoMakeTheSameUnitOneSucceeds) {
  CreateUnit("nation", "");
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> made = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        const absl::Status status = TryToCreate(absl::StrCat("county-", round), "nation");
        (status.ok() ? made : refused) += 1;
        if (!status.ok()) {
          EXPECT_TRUE(HasReason(status, Reason::ALREADY_EXISTS)) << status;
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(refused, 3);
  }
}

TEST_F(ReplicasTest, AReplicaThatStopsTakesNothingWithIt) {
  CreateUnit("nation", "");
  std::atomic<bool> stop = false;
  std::set<std::string> acknowledged;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const std::string id = absl::StrCat("county-", i);
      // A write that was cut off may have been made or not; whoever repeats it finds out.
      absl::Status status;
      do {
        status = TryToCreate(id, "nation");
      } while (absl::IsUnavailable(status) || absl::IsCancelled(status));
      EXPECT_TRUE(status.ok() || HasReason(status, Reason::ALREADY_EXISTS)) << status;
      acknowledged.insert(id);
    }
  });
  std::thread reader([&] {
    registry::v1::GetUnitRequest request;
    request.set_name("units/nation");
    while (!stop) {
      Unit unit;
      const absl::Status status = Call(*admin_, absl::StrCat(kRegistry, "GetUnit"), request, &unit);
      EXPECT_TRUE(status.ok()) << status;
    }
  });
  absl::SleepFor(absl::Milliseconds(300));
  replicas_["registry"][0]->Stop();
  const int64_t before = CallsOf(absl::StrCat(kRegistry, "GetUnit"));
  while (CallsOf(absl::StrCat(kRegistry, "GetUnit")) < before + 100) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  stop = true;
  writer.join();
  reader.join();
  for (const std::string& id : acknowledged) {
    registry::v1::GetUnitRequest request;
    request.set_name("units/" + id);
    Unit unit;
    const absl::Status status = Call(*admin_, absl::StrCat(kRegistry, "GetUnit"), request, &unit);
    EXPECT_TRUE(status.ok()) << id << ": " << status;
  }
}

}  // namespace
}  // namespace terrace
