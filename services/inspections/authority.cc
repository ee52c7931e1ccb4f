#include "services/inspections/authority.h"

#include <algorithm>
#include <string>

#include "absl/types/optional.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"

namespace terrace::inspections {

bool IsMember(const access::Identity& identity, const v1::Team& team) {
  const auto is = [&team](const std::string& subject) {
    return !subject.empty() &&
           std::find(team.members().begin(), team.members().end(), subject) != team.members().end();
  };
  return is(identity.subject) || is(identity.token);
}

bool Holds(const Asker& asker, absl::string_view unit_name, access::Role role) {
  return access::Holds(asker.identity, asker.tree, resource::OwnerOf(unit_name), role, asker.now);
}

bool MayInspect(const Asker& asker, absl::string_view office, const v1::Team* team) {
  return Holds(asker, office, options::v1::ROLE_INSPECTOR) ||
         (team != nullptr && IsMember(asker.identity, *team));
}

bool MaySeeVisit(const Asker& asker, absl::string_view visit_name, absl::string_view office,
                 const v1::Team* team) {
  return asker.identity.service || Holds(asker, visit_name, options::v1::ROLE_VIEWER) ||
         Holds(asker, office, options::v1::ROLE_VIEWER) ||
         (team != nullptr && IsMember(asker.identity, *team));
}

bool IsAtOrAbove(const tree::Tree& tree, absl::string_view above, absl::string_view below) {
  if (above == below) return true;
  const absl::optional<tree::UnitNumber> a = tree.Number(resource::OwnerOf(above));
  const absl::optional<tree::UnitNumber> b = tree.Number(resource::OwnerOf(below));
  return a && b &&
         (tree.IsUnder(*b, *a, tree::Line::kTerritory) ||
          tree.IsUnder(*b, *a, tree::Line::kSector));
}

absl::Status CheckActing(const tree::Tree& tree, absl::string_view acting_office,
                         absl::string_view office, absl::string_view unit) {
  TERRACE_RETURN_IF_ERROR(tree::MayJudge(tree, resource::OwnerOf(acting_office),
                                         resource::OwnerOf(office), resource::OwnerOf(unit)));
  // An office between the inspecting one and the unit is above the unit too; but who raised it
  // accepts it.
  return CheckActingForOffice(tree, acting_office, office, unit);
}

absl::Status CheckActingForOffice(const tree::Tree& tree, absl::string_view acting_office,
                                  absl::string_view office, absl::string_view name) {
  if (IsAtOrAbove(tree, acting_office, office)) return absl::OkStatus();
  return Error(Reason::NOT_YOURS, {{"name", std::string(name)}, {"owner", std::string(office)}});
}

bool IsRecused(const tree::Tree& tree, const v1::Team& team, absl::string_view unit) {
  return std::any_of(team.recused_units().begin(), team.recused_units().end(),
                     [&](const std::string& recused) { return IsAtOrAbove(tree, recused, unit); });
}

}  // namespace terrace::inspections
