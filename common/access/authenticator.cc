#include "common/access/authenticator.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/time.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::access {

IdentitySigner::IdentitySigner(absl::string_view key) : seal_(key, "identity") {}

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
  return seal_.Put(out.SerializeAsString());
}

absl::StatusOr<Identity> IdentitySigner::Authenticate(const Credentials& credentials,
                                                      absl::Time now) const {
  internal::v1::Identity in;
  const absl::optional<absl::string_view> bytes = seal_.Open(credentials.signed_identity);
  if (!bytes || !in.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())) ||
      FromProto(in.expire_time()) <= now) {
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
