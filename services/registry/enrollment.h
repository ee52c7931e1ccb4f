// The spans in which a unit takes part in a programme.
//
// Spans are kept oldest first and never overlap; only the last one may still last. A change is
// always at the end: history is not rewritten.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_ENROLLMENT_H_
#define TERRACE_SERVICES_REGISTRY_ENROLLMENT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/registry/dates.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::registry {

inline constexpr int kSpansMax = 100;

// The role on that day; UNSPECIFIED when the unit takes no part.
v1::EnrollmentRole RoleOn(const v1::Enrollment& enrollment, Day day);

// Lets the unit take part in `role` from that day on. UNCHANGED when it already does then.
// DATE_TOO_EARLY when something is recorded after that day.
absl::StatusOr<types::v1::RowResult::Outcome> Enroll(v1::EnrollmentRole role, Day from,
                                                     v1::Enrollment* enrollment);

// Lets the unit take no part from that day on. UNCHANGED when it was withdrawn on that very day;
// WRONG_STATE when it takes no part; DATE_TOO_EARLY unless its last span began before.
absl::StatusOr<types::v1::RowResult::Outcome> Withdraw(Day until, absl::string_view reason,
                                                       v1::Enrollment* enrollment);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_ENROLLMENT_H_
