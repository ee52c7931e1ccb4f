// A suite for tests whose services run as separate servers behind a gateway, with one key.
#ifndef TERRACE_TESTS_SUITE_PROCESSES_FIXTURE_H_
#define TERRACE_TESTS_SUITE_PROCESSES_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "services/terrace/suite.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {

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
  const std::string& AddressOf(const std::string& service) const { return addresses_.at(service); }

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
    addresses_[service] = absl::StrCat("127.0.0.1:", services_[service]->port());
  }
  // Starts the gateway anew, before the services as they are now.
  void RestartGateway() {
    admin_.reset();
    suite_.reset();
    std::map<std::string, std::string> all;
    for (const auto& [service, suite] : services_) all[service] = AddressOf(service);
    suite_ = MakeSuite("gateway", all);
    admin_ = Connect(suite_->admin_token());
  }

  gateway::v1::GetStatusResponse GetStatus() {
    gateway::v1::GetStatusResponse report;
    const absl::Status status = Call(*admin_, "/terrace.gateway.v1.Access/GetStatus",
                                     gateway::v1::GetStatusRequest(), &report);
    EXPECT_TRUE(status.ok()) << status;
    return report;
  }

  std::map<std::string, std::unique_ptr<Suite>> services_;
  std::map<std::string, std::string> addresses_;
};

}  // namespace terrace

#endif  // TERRACE_TESTS_SUITE_PROCESSES_FIXTURE_H_
