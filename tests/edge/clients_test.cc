// Clients that share no code with the server: a Node client of @grpc/grpc-js over the published
// protos, and `buf curl`, which learns the contract over reflection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {
namespace {

struct Output {
  int exit_code = -1;
  std::string text;
};

Output RunCommand(const std::string& command) {
  Output out;
  FILE* pipe = ::popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer;
  while (size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    out.text.append(buffer.data(), n);
  }
  out.exit_code = WEXITSTATUS(::pclose(pipe));
  return out;
}

class ClientsTest : public SuiteTest {
 protected:
  void SetUp() override {
    SuiteTest::SetUp();
    CreateUnit("county", "");
  }
  std::string Address() const { return absl::StrCat("127.0.0.1:", suite_->port()); }

  Output Curl(const std::string& method, const std::string& data) {
    return CurlAs(suite_->admin_token(), method, data);
  }
  Output CurlAs(const std::string& token, const std::string& method, const std::string& data) {
    return RunCommand(absl::StrCat(
        "tests/node_modules/.bin/buf curl --protocol grpc --http2-prior-knowledge",
        " -H 'authorization: Bearer ", token, "' -d '", data, "' http://", Address(), "/", method));
  }
};

TEST_F(ClientsTest, NodeClientCallsOneMethodOfEveryService) {
  Output out =
      RunCommand(absl::StrCat("node tests/edge/client.mjs ", Address(), " ", suite_->admin_token(),
                              " proto /usr/share/gocode/src/github.com/gogo/googleapis"));
  EXPECT_EQ(out.exit_code, 0) << out.text;
  EXPECT_THAT(out.text, testing::HasSubstr("\"Unit county\""));
  EXPECT_THAT(out.text, testing::HasSubstr("units/realm/tokens/admin"));
}

TEST_F(ClientsTest, BufCurlCallsOneMethodOfEveryServiceOverReflection) {
  const std::pair<const char*, const char*> calls[] = {
      {"terrace.registry.v1.UnitRegistry/GetUnit", R"({"name": "units/county"})"},
      {"terrace.measures.v1.MeasureTracker/ListMeasureLists", R"({"parent": "units/county"})"},
      {"terrace.inspections.v1.InspectionScheduler/ListPlans", R"({"parent": "units/county"})"},
      {"terrace.scoring.v1.Scoreboard/ListSchemes", R"({"parent": "units/county"})"},
      {"terrace.gateway.v1.Access/WhoAmI", "{}"},
      {"google.longrunning.Operations/ListOperations",
       R"({"name": "units/county/operations/measures"})"},
      {"grpc.health.v1.Health/Check", "{}"},
      {"grpc.channelz.v1.Channelz/GetServers", "{}"},
  };
  for (const auto& [method, data] : calls) {
    Output out = Curl(method, data);
    EXPECT_EQ(out.exit_code, 0) << method << ": " << out.text;
  }
  EXPECT_THAT(Curl(calls[0].first, calls[0].second).text, testing::HasSubstr("Unit county"));
}

TEST_F(ClientsTest, ChannelzTellsAdministratorsOfTheRealmOfSockets) {
  const Output servers = Curl("grpc.channelz.v1.Channelz/GetServers", "{}");
  EXPECT_THAT(servers.text, testing::HasSubstr("serverId"));
  EXPECT_THAT(Curl("grpc.channelz.v1.Channelz/GetServer", R"({"server_id": 999999999})").text,
              testing::HasSubstr("not_found"));
  const std::string officer = MakeToken("county", options::v1::ROLE_ADMINISTRATOR, "county");
  EXPECT_THAT(CurlAs(officer, "grpc.channelz.v1.Channelz/GetServers", "{}").text,
              testing::HasSubstr("permission_denied"));
}

TEST_F(ClientsTest, ReflectionListsEveryService) {
  Output out =
      RunCommand(absl::StrCat("tests/node_modules/.bin/buf curl --protocol grpc "
                              "--http2-prior-knowledge --list-methods http://",
                              Address()));
  EXPECT_EQ(out.exit_code, 0) << out.text;
  for (const char* method :
       {"terrace.registry.v1.UnitRegistry/CreateUnit",
        "terrace.measures.v1.MeasureTracker/SubmitReport",
        "terrace.inspections.v1.InspectionScheduler/SyncVisits",
        "terrace.scoring.v1.Scoreboard/ExplainScore", "terrace.gateway.v1.Access/WhoAmI",
        "google.longrunning.Operations/WaitOperation", "grpc.health.v1.Health/Check"}) {
    EXPECT_THAT(out.text, testing::HasSubstr(method));
  }
}

TEST_F(ClientsTest, ErrorsCarryReasonAndBothLanguages) {
  Output out = Curl("terrace.registry.v1.UnitRegistry/GetUnit", R"({"name": "units/nowhere"})");
  EXPECT_NE(out.exit_code, 0);
  EXPECT_THAT(out.text, testing::HasSubstr("not_found"));
  // buf shows details as base64 of their bytes; whole groups of three bytes can be looked for.
  EXPECT_THAT(out.text, testing::HasSubstr("google.rpc.ErrorInfo"));
  EXPECT_THAT(out.text, testing::HasSubstr(absl::Base64Escape("\n\tNOT_FOUND\x12")));
  EXPECT_THAT(out.text, testing::HasSubstr("google.rpc.LocalizedMessage"));
  EXPECT_THAT(out.text, testing::HasSubstr(absl::Base64Escape("\n\x05zh-C")));
}

}  // namespace
}  // namespace terrace
