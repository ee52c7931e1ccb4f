// Who may do what with visits and findings, beyond what the access rules of the methods say.
//
// Nobody inspects itself: the office of a visit lies strictly above the unit. Who logs a visit must
// inspect for that office, or be a member of the team that was assigned to it; a role at the
// visited unit alone gives no right to write about it.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_AUTHORITY_H_
#define TERRACE_SERVICES_INSPECTIONS_AUTHORITY_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/identity.h"
#include "common/tree/tree.h"
#include "terrace/inspections/v1/teams.pb.h"
#include "terrace/inspections/v1/visits.pb.h"

namespace terrace::inspections {

// What an authority question is asked on.
struct Asker {
  const access::Identity& identity;
  const tree::Tree& tree;
  absl::Time now;
};

bool IsMember(const access::Identity& identity, const v1::Team& team);

// Names are full names of units.
bool Holds(const Asker& asker, absl::string_view unit_name, access::Role role);

// Whether the caller may log visits for the office, or as a member of the team (may be null).
bool MayInspect(const Asker& asker, absl::string_view office, const v1::Team* team);

// Whether the caller may see the visit and all that belongs to it; `team` is the visit's, or null.
bool MaySeeVisit(const Asker& asker, absl::string_view visit_name, absl::string_view office,
                 const v1::Team* team);

// Whether `above` is `below` or lies over it, on either line.
bool IsAtOrAbove(const tree::Tree& tree, absl::string_view above, absl::string_view below);

// For judging verbs about what an office did or found at a unit: the acting office is that office
// or one above it, and never the unit itself. SELF_JUDGEMENT, NOT_YOURS.
absl::Status CheckActing(const tree::Tree& tree, absl::string_view acting_office,
                         absl::string_view office, absl::string_view unit);

// The same for an office's own plan, which is about no single unit. NOT_YOURS.
absl::Status CheckActingForOffice(const tree::Tree& tree, absl::string_view acting_office,
                                  absl::string_view office, absl::string_view name);

// Whether the team must not go to the unit.
bool IsRecused(const tree::Tree& tree, const v1::Team& team, absl::string_view unit);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_AUTHORITY_H_
