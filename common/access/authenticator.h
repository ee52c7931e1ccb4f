// Finds out who is calling. The gateway looks tokens up; a service behind it checks the gateway's
// signature. Both are asked again while a stream is open, so a revoked token ends its streams.
#ifndef TERRACE_COMMON_ACCESS_AUTHENTICATOR_H_
#define TERRACE_COMMON_ACCESS_AUTHENTICATOR_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/base/seal.h"

namespace terrace::access {

// What a call brings along.
struct Credentials {
  std::string authorization;    // "Bearer ..."; empty when absent.
  std::string signed_identity;  // Value of "terrace-identity-bin"; empty when absent.
  std::string peer;
};

// Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual absl::StatusOr<Identity> Authenticate(const Credentials& credentials,
                                                absl::Time now) const = 0;
};

// Signs identities with the deployment's key and checks such signatures.
class IdentitySigner : public Authenticator {
 public:
  explicit IdentitySigner(absl::string_view key);

  // The header's value; good until identity.expires, at most kIdentityLife from now.
  std::string Sign(const Identity& identity, absl::Time now) const;
  // IDENTITY_MISSING when the signature is absent, wrong or too old.
  absl::StatusOr<Identity> Authenticate(const Credentials& credentials,
                                        absl::Time now) const override;

 private:
  const Seal seal_;
};

inline constexpr char kIdentityHeader[] = "terrace-identity-bin";
inline constexpr absl::Duration kIdentityLife = absl::Minutes(5);

}  // namespace terrace::access

#endif  // TERRACE_COMMON_ACCESS_AUTHENTICATOR_H_
