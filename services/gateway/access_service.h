// The edge of terrace.gateway.v1.Access: secrets are made here and never stored.
#ifndef TERRACE_SERVICES_GATEWAY_ACCESS_SERVICE_H_
#define TERRACE_SERVICES_GATEWAY_ACCESS_SERVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/access/authenticator.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "services/gateway/access_state.h"

namespace terrace::gateway {

// What the deployment says of itself: fills in the rows of GetStatus and of GetMetrics.
struct DeploymentReads {
  std::function<void(v1::GetStatusResponse* reply)> status;
  std::function<void(v1::GetMetricsResponse* reply)> metrics;
};

// The table of methods over a machine with an AccessState.
std::unique_ptr<rpc::Methods> AccessMethods(machine::Machine* machine, DeploymentReads deployment);

// Looks tokens up, and lets services of the deployment in by their signature.
class TokenAuthenticator : public access::Authenticator {
 public:
  // Both outlive this.
  TokenAuthenticator(const machine::Machine* machine, const access::IdentitySigner* signer);
  absl::StatusOr<access::Identity> Authenticate(const access::Credentials& credentials,
                                                absl::Time now) const override;

 private:
  const machine::Machine* const machine_;
  const access::IdentitySigner* const signer_;
};

// Makes the first token of a realm, an administrator of all of it, unless a token exists already.
// Returns its secret, or an empty string. Blocks.
absl::StatusOr<std::string> MakeFirstToken(machine::Machine* machine);

// A fresh secret: "trc_" and 43 characters.
std::string NewSecret();
std::string HashSecret(absl::string_view secret);

}  // namespace terrace::gateway

#endif  // TERRACE_SERVICES_GATEWAY_ACCESS_SERVICE_H_
