// A whole suite in one process for tests: in memory unless told otherwise, on a port of its own.
#ifndef TERRACE_TESTS_SUITE_SUITE_FIXTURE_H_
#define TERRACE_TESTS_SUITE_SUITE_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "common/rpc/channel.h"
#include "services/terrace/suite.h"
#include "terrace/gateway/v1/access.pb.h"
#include "tests/suite/requests.h"

namespace terrace {

class SuiteTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("terrace-test-" + RandomHex(8));
    std::filesystem::create_directories(dir_);
    StartSuite();
  }
  void TearDown() override {
    suite_.reset();
    std::filesystem::remove_all(dir_);
  }

  virtual void StartSuite() {
    SuiteOptions options;
    options.data_dir = dir_.string();
    options.store = store_;
    options.listen = {"127.0.0.1:0"};
    auto suite = Suite::Start(std::move(options));
    ASSERT_TRUE(suite.ok()) << suite.status();
    suite_ = *std::move(suite);
    admin_ = Connect(suite_->admin_token());
  }

  std::shared_ptr<rpc::Channel> Connect(const std::string& token) const {
    return rpc::Channel::Connect(absl::StrCat("127.0.0.1:", suite_->port()), {token, nullptr});
  }

  static absl::Status Call(rpc::Channel& channel, const std::string& method,
                           const google::protobuf::Message& request,
                           google::protobuf::Message* reply) {
    return channel.Call(method, request, reply, absl::Now() + absl::Seconds(20));
  }

  void CreateUnit(const std::string& id, const std::string& parent) {
    const absl::Status status = terrace::CreateUnit(*admin_, id, parent);
    ASSERT_TRUE(status.ok()) << status;
  }

  // The secret of a new token of `office` that holds `role` at `unit` (ids).
  std::string MakeToken(const std::string& office, options::v1::Role role,
                        const std::string& unit) {
    const std::string id = absl::StrCat("t", RandomHex(6));
    gateway::v1::CreateTokenRequest create;
    create.set_parent("units/" + office);
    create.set_token_id(id);
    create.mutable_token()->set_display_name("test");
    gateway::v1::CreateTokenResponse token;
    EXPECT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/CreateToken", create, &token).ok());
    if (role != options::v1::ROLE_UNSPECIFIED) {
      gateway::v1::SetGrantRequest set;
      set.mutable_grant()->set_name(absl::StrCat("units/", unit, "/grants/", id));
      set.mutable_grant()->set_subject(token.token().name());
      set.mutable_grant()->set_role(role);
      gateway::v1::Grant grant;
      absl::Status status = Call(*admin_, "/terrace.gateway.v1.Access/SetGrant", set, &grant);
      EXPECT_TRUE(status.ok()) << status;
    }
    return token.secret();
  }

  // A channel with such a token.
  std::shared_ptr<rpc::Channel> ConnectAs(const std::string& office, options::v1::Role role,
                                          const std::string& unit) {
    return Connect(MakeToken(office, role, unit));
  }

  std::filesystem::path dir_;
  std::string store_ = "memory:";
  std::unique_ptr<Suite> suite_;
  std::shared_ptr<rpc::Channel> admin_;
};

}  // namespace terrace

#endif  // TERRACE_TESTS_SUITE_SUITE_FIXTURE_H_
