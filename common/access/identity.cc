#include "common/access/identity.h"

namespace terrace::access {
namespace {

// Calls fn for each grant that is good now and includes the role, until it says true.
template <class F>
bool AnyGrant(const Identity& identity, Role role, absl::Time now, F fn) {
  for (const Grant& grant : identity.grants) {
    if (grant.expires > now && Includes(grant.role, role) && fn(grant)) return true;
  }
  return false;
}

}  // namespace

bool Includes(Role held, Role needed) {
  if (held == options::v1::ROLE_UNSPECIFIED || needed == options::v1::ROLE_UNSPECIFIED)
    return false;
  if (held == needed || needed == options::v1::ROLE_VIEWER) return true;
  if (needed == options::v1::ROLE_AUDITOR) return false;
  if (held == options::v1::ROLE_ADMINISTRATOR) return true;
  return held == options::v1::ROLE_OFFICER &&
         (needed == options::v1::ROLE_REPORTER || needed == options::v1::ROLE_INSPECTOR);
}

bool Holds(const Identity& identity, const tree::Tree& tree, absl::string_view unit, Role role,
           absl::Time now) {
  if (identity.service) return Includes(options::v1::ROLE_VIEWER, role);
  absl::optional<tree::UnitNumber> number = tree.Number(unit);
  return AnyGrant(identity, role, now, [&](const Grant& grant) {
    if (grant.unit.empty()) return true;
    absl::optional<tree::UnitNumber> top = tree.Number(grant.unit);
    return number && top && tree.IsUnder(*number, *top, tree::FromProto(grant.line));
  });
}

bool HoldsRealm(const Identity& identity, Role role, absl::Time now) {
  if (identity.service) return Includes(options::v1::ROLE_VIEWER, role);
  return AnyGrant(identity, role, now, [](const Grant& grant) { return grant.unit.empty(); });
}

bool HoldsAnywhere(const Identity& identity, Role role, absl::Time now) {
  if (identity.service) return Includes(options::v1::ROLE_VIEWER, role);
  return AnyGrant(identity, role, now, [](const Grant&) { return true; });
}

bool AppliesTo(const Identity& identity, const tree::Tree& tree, absl::string_view unit, Role role,
               absl::Time now) {
  if (Holds(identity, tree, unit, role, now)) return true;
  absl::optional<tree::UnitNumber> number = tree.Number(unit);
  if (!number) return false;
  return AnyGrant(identity, role, now, [&](const Grant& grant) {
    absl::optional<tree::UnitNumber> top = tree.Number(grant.unit);
    if (!top) return false;
    for (tree::Line line : tree::kBothLines) {
      if (tree.IsUnder(*top, *number, line)) return true;
    }
    return false;
  });
}

}  // namespace terrace::access
