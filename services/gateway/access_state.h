// Tokens and grants of a realm: Decide functions, reads and the index from a secret's hash to who
// may do what.
#ifndef TERRACE_SERVICES_GATEWAY_ACCESS_STATE_H_
#define TERRACE_SERVICES_GATEWAY_ACCESS_STATE_H_

#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/machine/state.h"
#include "terrace/gateway/v1/access.pb.h"

namespace terrace::gateway {

class AccessState : public machine::State {
 public:
  void OnChange(const machine::RowChange& change) override;
  std::string IndexDigest() const override;

  // `secret_hash` is that of the secret which the edge made; the reply never holds the secret.
  absl::Status CreateToken(const v1::CreateTokenRequest& request, const std::string& secret_hash,
                           machine::Decision& decision, v1::CreateTokenResponse* reply) const;
  absl::Status RevokeToken(const v1::RevokeTokenRequest& request, machine::Decision& decision,
                           v1::Token* reply) const;
  absl::Status SetGrant(const v1::SetGrantRequest& request, machine::Decision& decision,
                        v1::Grant* reply) const;
  absl::Status RemoveGrant(const v1::RemoveGrantRequest& request, machine::Decision& decision,
                           v1::RemoveGrantResponse* reply) const;

  absl::Status ListTokens(const v1::ListTokensRequest& request, const store::Cursor& at,
                          v1::ListTokensResponse* reply) const;
  absl::Status ListGrants(const v1::ListGrantsRequest& request, const tree::Tree& tree,
                          const store::Cursor& at, v1::ListGrantsResponse* reply) const;
  absl::Status WhoAmI(const access::Identity& identity, absl::Time now,
                      v1::WhoAmIResponse* reply) const;

  // Who holds the secret with this hash. TOKEN_UNKNOWN, TOKEN_REVOKED, TOKEN_EXPIRED.
  absl::StatusOr<access::Identity> Find(absl::string_view secret_hash, absl::Time now) const;
  // Whether the token was made with this secret.
  bool HasSecret(absl::string_view token, absl::string_view secret_hash) const;
  // Whether any token exists: the first start of a realm makes one.
  bool empty() const { return by_hash_.empty(); }

 private:
  absl::flat_hash_map<std::string, std::string> by_hash_;  // Secret hash -> token name.
  absl::flat_hash_map<std::string, std::set<std::string>> by_subject_;  // Token -> grant names.
};

}  // namespace terrace::gateway

#endif  // TERRACE_SERVICES_GATEWAY_ACCESS_STATE_H_
