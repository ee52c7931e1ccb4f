// Who is calling: the grants of a token, as the gateway found them. Pure values; signing and
// checking of the header is in authenticator.h.
#ifndef TERRACE_COMMON_ACCESS_IDENTITY_H_
#define TERRACE_COMMON_ACCESS_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/tree/tree.h"
#include "terrace/options/v1/access.pb.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::access {

using options::v1::Role;

// A role at a unit and everything below it along one line.
struct Grant {
  std::string unit;  // Id; empty for the whole realm.
  types::v1::Line line = types::v1::LINE_TERRITORY;
  Role role = options::v1::ROLE_UNSPECIFIED;
  absl::Time expires = absl::InfiniteFuture();
  friend bool operator==(const Grant&, const Grant&) = default;
};

struct Identity {
  std::string subject;
  std::string token;  // Full name of the token; empty for a service of the deployment.
  std::string peer;
  std::vector<Grant> grants;
  absl::Time expires = absl::InfiniteFuture();
  bool service = false;  // Sees all that exists under units.
};

// Whether holding `held` is enough where `needed` is asked for (see Role in access.proto).
bool Includes(Role held, Role needed);

// Whether the caller holds the role at the unit (id), by a grant at it or above it.
bool Holds(const Identity& identity, const tree::Tree& tree, absl::string_view unit, Role role,
           absl::Time now);

// Whether the caller holds the role for the whole realm: what a unit without a parent needs.
bool HoldsRealm(const Identity& identity, Role role, absl::Time now);

// Whether the caller holds the role at any unit.
bool HoldsAnywhere(const Identity& identity, Role role, absl::Time now);

// Whether the caller holds the role at the unit, below it or above it: rules and lists of a higher
// office apply to the units under it.
bool AppliesTo(const Identity& identity, const tree::Tree& tree, absl::string_view unit, Role role,
               absl::Time now);

// The one filter for rows of lists and streams: may the caller see what belongs to this unit?
inline bool MaySee(const Identity& identity, const tree::Tree& tree, absl::string_view unit,
                   absl::Time now) {
  return Holds(identity, tree, unit, options::v1::ROLE_VIEWER, now);
}

}  // namespace terrace::access

#endif  // TERRACE_COMMON_ACCESS_IDENTITY_H_
