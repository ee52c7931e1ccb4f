// Bad input over the wire: each gets its reason from the catalogue and leaves nothing behind. What
// belongs to one service's rules is tested beside that service.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/time.h"
#include "common/rpc/bytes.h"
#include "common/rpc/server.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "tests/suite/suite_fixture.h"

namespace terrace {
namespace {

using registry::v1::CreateUnitRequest;
using registry::v1::Unit;

constexpr char kCreateUnit[] = "/terrace.registry.v1.UnitRegistry/CreateUnit";
constexpr char kGetUnit[] = "/terrace.registry.v1.UnitRegistry/GetUnit";
constexpr char kListUnits[] = "/terrace.registry.v1.UnitRegistry/ListUnits";
constexpr char kImportUnits[] = "/terrace.registry.v1.UnitRegistry/ImportUnits";

class BadInputTest : public SuiteTest {
 protected:
  void SetUp() override {
    SuiteTest::SetUp();
    CreateUnit("nation", "");
    CreateUnit("county", "nation");
    CreateUnit("neighbour", "nation");
    officer_ = ConnectAs("nation", options::v1::ROLE_ADMINISTRATOR, "county");
    before_ = Positions();
  }

  void TearDown() override {
    EXPECT_EQ(Positions(), before_) << "something was left behind";
    SuiteTest::TearDown();
  }

  // Revision of every service.
  std::map<std::string, int64_t> Positions() {
    gateway::v1::GetStatusResponse status;
    EXPECT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/GetStatus",
                     gateway::v1::GetStatusRequest(), &status)
                    .ok());
    std::map<std::string, int64_t> positions;
    for (const auto& row : status.services()) positions[row.service()] = row.cursor().revision();
    return positions;
  }

  static CreateUnitRequest NewUnit(const std::string& id) {
    CreateUnitRequest request;
    request.set_parent("units/county");
    request.set_unit_id(id);
    request.mutable_unit()->set_display_name("A unit");
    request.mutable_unit()->set_kind("kinds/county");
    request.mutable_unit()->set_level("levels/county");
    return request;
  }

  absl::Status Create(const CreateUnitRequest& request) {
    Unit reply;
    return Call(*officer_, kCreateUnit, request, &reply);
  }

  // Sends bytes as they are.
  absl::Status CallRaw(const std::string& method, const std::string& bytes) {
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(admin_->grpc_channel());
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", suite_->admin_token()));
    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer reply;
    absl::Notification done;
    absl::Status result;
    stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &reply,
                   [&](const grpc::Status& status) {
                     result = rpc::FromGrpc(status);
                     done.Notify();
                   });
    done.WaitForNotification();
    return result;
  }

  std::shared_ptr<rpc::Channel> officer_;
  std::map<std::string, int64_t> before_;
};

MATCHER_P(HasTheReason, reason, "") { return HasReason(arg, reason); }

TEST_F(BadInputTest, NameOfAMebibyte) {
  CreateUnitRequest request = NewUnit("a");
  request.mutable_unit()->set_display_name(std::string(1 << 20, 'x'));
  EXPECT_THAT(Create(request), HasTheReason(Reason::TEXT_TOO_LONG));
}

TEST_F(BadInputTest, InvalidUtf8) {
  // A CreateUnitRequest whose unit.display_name is not UTF-8: proto3 parsers refuse to write one.
  std::string bytes = NewUnit("a").SerializeAsString();
  const size_t at = bytes.find("A unit");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(0xff);
  absl::Status status = CallRaw(kCreateUnit, bytes);
  EXPECT_THAT(status, HasTheReason(Reason::INVALID_UTF8));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("unit.display_name"));
}

TEST_F(BadInputTest, GarbageBytes) {
  EXPECT_THAT(CallRaw(kCreateUnit, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
              HasTheReason(Reason::MALFORMED_MESSAGE));
}

TEST_F(BadInputTest, UnknownEnum) {
  CreateUnitRequest request = NewUnit("a");
  request.mutable_unit()->set_state(static_cast<registry::v1::UnitState>(4711));
  EXPECT_THAT(Create(request), HasTheReason(Reason::UNKNOWN_ENUM));
}

TEST_F(BadInputTest, OversizeMessage) {
  CreateUnitRequest request = NewUnit("a");
  request.mutable_unit()->set_display_name(std::string(rpc::kMessageBytesMax + 1, 'x'));
  EXPECT_THAT(Create(request), HasTheReason(Reason::MESSAGE_TOO_LARGE));
  // Beyond what the transport lets in, gRPC answers by itself.
  request.mutable_unit()->set_display_name(std::string(rpc::kTransportBytesMax + 1, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(Create(request)));
}

TEST_F(BadInputTest, UnknownMethod) {
  EXPECT_THAT(CallRaw("/terrace.registry.v1.UnitRegistry/Nonsense", ""),
              HasTheReason(Reason::UNIMPLEMENTED_METHOD));
}

TEST_F(BadInputTest, NegativePageSize) {
  registry::v1::ListUnitsRequest request;
  request.set_subtree("units/nation");
  request.set_page_size(-1);
  registry::v1::ListUnitsResponse reply;
  EXPECT_THAT(Call(*admin_, kListUnits, request, &reply), HasTheReason(Reason::INVALID_PAGE_SIZE));
}

TEST_F(BadInputTest, ForeignPageToken) {
  registry::v1::ListUnitsRequest request;
  request.set_subtree("units/nation");
  request.set_page_size(1);
  registry::v1::ListUnitsResponse reply;
  ASSERT_TRUE(Call(*admin_, kListUnits, request, &reply).ok());
  ASSERT_FALSE(reply.next_page_token().empty());
  // The token of one list is refused by another, and so is nonsense.
  request.set_page_token(reply.next_page_token());
  request.set_subtree("units/county");
  EXPECT_THAT(Call(*admin_, kListUnits, request, &reply), HasTheReason(Reason::INVALID_PAGE_TOKEN));
  request.set_page_token("nonsense");
  EXPECT_THAT(Call(*admin_, kListUnits, request, &reply), HasTheReason(Reason::INVALID_PAGE_TOKEN));
}

TEST_F(BadInputTest, PersonalData) {
  CreateUnitRequest request = NewUnit("a");
  request.mutable_unit()->set_contact_role("desk, 11010519491231002X");
  EXPECT_THAT(Create(request), HasTheReason(Reason::PERSONAL_DATA));
}

TEST_F(BadInputTest, UnknownParent) {
  CreateUnitRequest request = NewUnit("a");
  request.set_parent("units/nowhere");
  // For a caller of one county, what is outside of it does not exist.
  EXPECT_THAT(Create(request), HasTheReason(Reason::NOT_FOUND));
  Unit reply;
  EXPECT_THAT(Call(*admin_, kCreateUnit, request, &reply), HasTheReason(Reason::UNKNOWN_PARENT));
}

TEST_F(BadInputTest, DuplicateId) {
  EXPECT_THAT(Create(NewUnit("neighbour")), HasTheReason(Reason::ALREADY_EXISTS));
}

TEST_F(BadInputTest, OutOfScope) {
  registry::v1::GetUnitRequest request;
  request.set_name("units/neighbour");
  Unit reply;
  EXPECT_THAT(Call(*officer_, kGetUnit, request, &reply), HasTheReason(Reason::NOT_FOUND));
  CreateUnitRequest create = NewUnit("a");
  create.set_parent("units/neighbour");
  EXPECT_THAT(Create(create), HasTheReason(Reason::NOT_FOUND));
}

TEST_F(BadInputTest, NoTokenAndUnknownToken) {
  registry::v1::GetUnitRequest request;
  request.set_name("units/county");
  Unit reply;
  EXPECT_THAT(Call(*Connect(""), kGetUnit, request, &reply), HasTheReason(Reason::TOKEN_MISSING));
  EXPECT_THAT(Call(*Connect("trc_guess"), kGetUnit, request, &reply),
              HasTheReason(Reason::TOKEN_UNKNOWN));
}

TEST_F(BadInputTest, ForgedIdentity) {
  // The header that services trust is worth nothing without the deployment's signature.
  access::Identity identity;
  identity.subject = "services/forged";
  identity.service = true;
  access::IdentitySigner other("another key");
  auto channel = rpc::Channel::Connect(absl::StrCat("127.0.0.1:", suite_->port()),
                                       {"", [&] { return other.Sign(identity, absl::Now()); }});
  registry::v1::GetUnitRequest request;
  request.set_name("units/county");
  Unit reply;
  EXPECT_THAT(Call(*channel, kGetUnit, request, &reply), HasTheReason(Reason::IDENTITY_MISSING));
}

TEST_F(BadInputTest, HalfAStream) {
  // A chunk is taken or not taken as a whole; breaking the stream before any is complete leaves
  // nothing.
  auto stream = officer_->Open(kImportUnits, absl::Now() + absl::Seconds(20));
  stream->Cancel();
  EXPECT_FALSE(stream->Finish().ok());
}

// Tokens change the gateway's log, so this test looks at the registry's alone.
class ExpiredTokenTest : public SuiteTest {};

TEST_F(ExpiredTokenTest, IsRefused) {
  CreateUnit("nation", "");
  gateway::v1::CreateTokenRequest create;
  create.set_parent("units/nation");
  create.set_token_id("short");
  create.mutable_token()->set_display_name("short-lived");
  create.mutable_token()->set_realm_role(options::v1::ROLE_VIEWER);
  *create.mutable_token()->mutable_expire_time() = ToProto(absl::Now() + absl::Milliseconds(300));
  gateway::v1::CreateTokenResponse token;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/CreateToken", create, &token).ok());
  auto channel = Connect(token.secret());
  registry::v1::GetUnitRequest request;
  request.set_name("units/nation");
  Unit reply;
  EXPECT_TRUE(Call(*channel, kGetUnit, request, &reply).ok());
  absl::SleepFor(absl::Milliseconds(400));
  EXPECT_THAT(Call(*channel, kGetUnit, request, &reply), HasTheReason(Reason::TOKEN_EXPIRED));
}

TEST_F(ExpiredTokenTest, SecretsAreShownOnceAndRevokedTokensEnd) {
  CreateUnit("nation", "");
  gateway::v1::CreateTokenRequest create;
  create.set_parent("units/nation");
  create.set_token_id("desk");
  create.mutable_token()->set_display_name("desk");
  create.set_request_id("6a4c53b5-0b8f-4a5e-9a53-0c6a4b1f2d11");
  gateway::v1::CreateTokenResponse token;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/CreateToken", create, &token).ok());
  ASSERT_FALSE(token.secret().empty());
  gateway::v1::CreateTokenResponse again;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/CreateToken", create, &again).ok());
  EXPECT_EQ(again.token().name(), token.token().name());
  EXPECT_TRUE(again.secret().empty());

  gateway::v1::RevokeTokenRequest revoke;
  revoke.set_name(token.token().name());
  gateway::v1::Token revoked;
  ASSERT_TRUE(Call(*admin_, "/terrace.gateway.v1.Access/RevokeToken", revoke, &revoked).ok());
  gateway::v1::WhoAmIResponse who;
  EXPECT_THAT(Call(*Connect(token.secret()), "/terrace.gateway.v1.Access/WhoAmI",
                   gateway::v1::WhoAmIRequest(), &who),
              HasTheReason(Reason::TOKEN_REVOKED));
}

}  // namespace
}  // namespace terrace
