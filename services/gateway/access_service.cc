#include "services/gateway/access_service.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "terrace/storage/v1/gateway.pb.h"

namespace terrace::gateway {
namespace {

using rpc::Call;
using rpc::StatusDone;

// The realm's first token belongs to no unit yet, since there is none.
constexpr char kFirstToken[] = "units/realm/tokens/admin";

void CreateToken(machine::Machine* machine, Call& call, const v1::CreateTokenRequest& request,
                 v1::CreateTokenResponse* reply, StatusDone done) {
  const std::string secret = NewSecret();
  const std::string hash = HashSecret(secret);
  machine->Execute(
      rpc::CommandOf(call, request), {request.parent()},
      [request, hash](const machine::State& state, machine::Decision& decision,
                      std::string* bytes) {
        v1::CreateTokenResponse response;
        absl::Status status =
            static_cast<const AccessState&>(state).CreateToken(request, hash, decision, &response);
        if (status.ok()) *bytes = response.SerializeAsString();
        return status;
      },
      [machine, &call, reply, secret, hash,
       done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
        if (!result.ok()) {
          done(result.status());
          return;
        }
        TERRACE_CHECK(reply->ParseFromString(result->reply));
        // A replayed answer speaks of the secret of the first call, which nobody has any more.
        const bool fresh = machine->Read<AccessState>([&](const AccessState& state, const auto&) {
          return state.HasSecret(reply->token().name(), hash);
        });
        if (fresh) reply->set_secret(secret);
        rpc::StampCursor(machine->service(), result->position, call, reply);
        done(absl::OkStatus());
      });
}

}  // namespace

std::string NewSecret() { return absl::StrCat("trc_", absl::WebSafeBase64Escape(RandomBytes(32))); }

std::string HashSecret(absl::string_view secret) { return Sha256(secret); }

std::unique_ptr<rpc::Methods> AccessMethods(machine::Machine* machine, DeploymentReads deployment) {
  auto methods = std::make_unique<rpc::Methods>("terrace.gateway.v1.Access", machine);
  methods->StateRead<AccessState, v1::WhoAmIRequest, v1::WhoAmIResponse>(
      "WhoAmI",
      [](const AccessState& state, Call& call, const v1::WhoAmIRequest&,
         v1::WhoAmIResponse* reply) { return state.WhoAmI(call.identity, call.received, reply); });
  methods->Async<v1::CreateTokenRequest, v1::CreateTokenResponse>(
      "CreateToken",
      [machine](Call& call, const v1::CreateTokenRequest& request, v1::CreateTokenResponse* reply,
                StatusDone done) { CreateToken(machine, call, request, reply, std::move(done)); });
  methods->Command<AccessState, v1::RevokeTokenRequest, v1::Token>(
      "RevokeToken", &AccessState::RevokeToken, [](const v1::RevokeTokenRequest& request) {
        return std::vector<std::string>{request.name()};
      });
  methods->Command<AccessState, v1::SetGrantRequest, v1::Grant>(
      "SetGrant", &AccessState::SetGrant, [](const v1::SetGrantRequest& request) {
        return std::vector<std::string>{request.grant().name()};
      });
  methods->Command<AccessState, v1::RemoveGrantRequest, v1::RemoveGrantResponse>(
      "RemoveGrant", &AccessState::RemoveGrant, [](const v1::RemoveGrantRequest& request) {
        return std::vector<std::string>{request.name()};
      });
  methods->StateRead<AccessState, v1::ListTokensRequest, v1::ListTokensResponse>(
      "ListTokens", [machine](const AccessState& state, Call&, const v1::ListTokensRequest& request,
                              v1::ListTokensResponse* reply) {
        return state.ListTokens(request, machine->position_locked(), reply);
      });
  methods->StateRead<AccessState, v1::ListGrantsRequest, v1::ListGrantsResponse>(
      "ListGrants", [machine](const AccessState& state, Call& call,
                              const v1::ListGrantsRequest& request, v1::ListGrantsResponse* reply) {
        return state.ListGrants(request, *call.tree, machine->position_locked(), reply);
      });
  methods->SlowRead<v1::GetStatusRequest, v1::GetStatusResponse>(
      "GetStatus", [machine, fill = deployment.status](Call&, const v1::GetStatusRequest&,
                                                       v1::GetStatusResponse* reply) {
        fill(reply);
        *reply->mutable_server_time() = ToProto(machine->clock().Now());
        return absl::OkStatus();
      });
  methods->SlowRead<v1::GetMetricsRequest, v1::GetMetricsResponse>(
      "GetMetrics", [machine, fill = deployment.metrics](Call&, const v1::GetMetricsRequest&,
                                                         v1::GetMetricsResponse* reply) {
        fill(reply);
        *reply->mutable_server_time() = ToProto(machine->clock().Now());
        return absl::OkStatus();
      });
  return methods;
}

TokenAuthenticator::TokenAuthenticator(const machine::Machine* machine,
                                       const access::IdentitySigner* signer)
    : machine_(machine), signer_(signer) {}

absl::StatusOr<access::Identity> TokenAuthenticator::Authenticate(
    const access::Credentials& credentials, absl::Time now) const {
  if (!credentials.signed_identity.empty()) return signer_->Authenticate(credentials, now);
  absl::string_view secret = credentials.authorization;
  if (secret.empty()) return Error(Reason::TOKEN_MISSING);
  if (!absl::ConsumePrefix(&secret, "Bearer ")) return Error(Reason::TOKEN_UNKNOWN);
  absl::StatusOr<access::Identity> identity = machine_->Read<AccessState>(
      [&](const AccessState& state, const auto&) { return state.Find(HashSecret(secret), now); });
  if (identity.ok()) identity->peer = credentials.peer;
  return identity;
}

absl::StatusOr<std::string> MakeFirstToken(machine::Machine* machine) {
  const std::string secret = NewSecret();
  machine::Command command;
  command.identity.subject = "services/gateway";
  command.method = "first-token";
  command.received = machine->clock().Now();
  bool made = false;
  absl::Status status;
  absl::Notification finished;
  machine->Execute(
      std::move(command), {kFirstToken},
      [&](const machine::State& state, machine::Decision& decision, std::string*) {
        made = static_cast<const AccessState&>(state).empty() && !decision.Exists(kFirstToken);
        if (!made) return absl::OkStatus();
        storage::v1::TokenRecord record;
        record.mutable_token()->set_name(kFirstToken);
        record.mutable_token()->set_display_name("First administrator of the realm");
        record.mutable_token()->set_realm_role(options::v1::ROLE_ADMINISTRATOR);
        *record.mutable_token()->mutable_create_time() = ToProto(decision.now());
        record.set_secret_hash(HashSecret(secret));
        decision.Put(kFirstToken, record);
        return absl::OkStatus();
      },
      [&](absl::StatusOr<machine::Done> done) {
        status = done.status();
        finished.Notify();
      });
  finished.WaitForNotification();
  if (!status.ok()) return status;
  return made ? secret : std::string();
}

}  // namespace terrace::gateway
