#include "services/terrace/client.h"

#include <filesystem>
#include <regex>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/inspections/v1/field.pb.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::cli {
namespace {

using ::testing::HasSubstr;

TEST(Method, FollowsFromTheRequest) {
  EXPECT_EQ(MethodOf(registry::v1::GetUnitRequest::descriptor()),
            "/terrace.registry.v1.UnitRegistry/GetUnit");
  EXPECT_EQ(MethodOf(inspections::v1::SyncVisitsRequest::descriptor()),
            "/terrace.inspections.v1.InspectionScheduler/SyncVisits");
  EXPECT_EQ(MethodOf(google::longrunning::WaitOperationRequest::descriptor()),
            "/google.longrunning.Operations/WaitOperation");
}

TEST(RequestId, IsARandomUuidOfVersion4) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string id = NewRequestId();
    EXPECT_TRUE(std::regex_match(id, form)) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ =
        (std::filesystem::temp_directory_path() / absl::StrCat("client-", RandomHex(6))).string();
    ASSERT_TRUE(MakeDirectory(dir_).ok());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  absl::StatusOr<std::unique_ptr<Client>> Connect(std::vector<std::string> line) {
    line.insert(line.end(), {"--data-dir", dir_});
    auto arguments = Arguments::Parse({.name = "status"}, line);
    if (!arguments.ok()) return arguments.status();
    return Client::FromArguments(*arguments);
  }
  void Write(const char* file, const char* text) {
    ASSERT_TRUE(WritePrivateFile(absl::StrCat(dir_, "/", file), text).ok());
  }

  std::string dir_;
};

TEST_F(ClientTest, FindsTheServerOfADataDirectory) {
  Write(kTokenFile, "secret\n");
  auto client = Connect({});
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ((*client)->address(), kDefaultAddress);
  Write(kAddressFile, "127.0.0.1:9\n");
  client = Connect({});
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ((*client)->address(), "127.0.0.1:9");
  EXPECT_EQ((*Connect({"--server", "elsewhere:7443"}))->address(), "elsewhere:7443");
}

TEST_F(ClientTest, SaysWhereItLookedForAToken) {
  const absl::Status status = Connect({}).status();
  EXPECT_TRUE(HasReason(status, Reason::NO_TOKEN_FILE));
  EXPECT_THAT(status.message(), HasSubstr(absl::StrCat(dir_, "/admin.token")));
  EXPECT_THAT(Connect({"--token-file", "/nowhere/token"}).status().message(),
              HasSubstr("/nowhere/token"));
}

TEST_F(ClientTest, SaysWhenNobodyAnswers) {
  // A port that nothing listens on: refused at once.
  Client client("127.0.0.1:1", "secret", absl::Seconds(2));
  const absl::Status status =
      client.Get<gateway::v1::WhoAmIResponse>(gateway::v1::WhoAmIRequest()).status();
  EXPECT_TRUE(HasReason(status, Reason::SERVER_UNREACHABLE)) << status;
  EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace terrace::cli
