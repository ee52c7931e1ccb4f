#include "common/access/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/time.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::access {

IdentitySigner::IdentitySigner(std::string key) : key_(std::move(key)) {}

std::string IdentitySigner::Sign(const Identity& identity, absl::Time now) const {
  internal::v1::Identity out;
  out.set_subject(identity.subject);
  out.set_token(identity.token);
  out.set_peer(identity.peer);
  out.set_service(identity.service);
  for (const Grant& grant : identity.grants) {
    internal::v1::Identity::Grant* to = out.add_grants();
    to->set_unit(grant.unit);
    to->set_line(grant.line);
    to->set_role(grant.role);
    if (grant.expires != absl::InfiniteFuture())
      *to->mutable_expire_time() = ToProto(grant.expires);
  }
  *out.mutable_expire_time() = ToProto(std::min(identity.expires, now + kIdentityLife));
  internal::v1::SignedIdentity signed_identity;
  signed_identity.set_identity(out.SerializeAsString());
  signed_identity.set_mac(HmacSha256(key_, signed_identity.identity()));
  return signed_identity.SerializeAsString();
}

absl::StatusOr<Identity> IdentitySigner::Authenticate(const Credentials& credentials,
                                                      absl::Time now) const {
  internal::v1::SignedIdentity signed_identity;
  internal::v1::Identity in;
  if (credentials.signed_identity.empty() ||
      !signed_identity.ParseFromString(credentials.signed_identity) ||
      signed_identity.mac().size() != 32) {
    return Error(Reason::IDENTITY_MISSING);
  }
  const std::string mac = HmacSha256(key_, signed_identity.identity());
  if (CRYPTO_memcmp(mac.data(), signed_identity.mac().data(), mac.size()) != 0 ||
      !in.ParseFromString(signed_identity.identity()) || FromProto(in.expire_time()) <= now) {
    return Error(Reason::IDENTITY_MISSING);
  }
  Identity out;
  out.subject = in.subject();
  out.token = in.token();
  out.peer = in.peer();
  out.service = in.service();
  out.expires = FromProto(in.expire_time());
  for (const internal::v1::Identity::Grant& grant : in.grants()) {
    out.grants.push_back(
        {grant.unit(), grant.line(), grant.role(),
         grant.has_expire_time() ? FromProto(grant.expire_time()) : absl::InfiniteFuture()});
  }
  return out;
}

}  // namespace terrace::access
