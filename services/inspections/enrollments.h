// Which units take part in a programme, and as what: a mirror of what the registry says, kept
// outside this service like the unit tree, and asked when a population is drawn from.
#ifndef TERRACE_SERVICES_INSPECTIONS_ENROLLMENTS_H_
#define TERRACE_SERVICES_INSPECTIONS_ENROLLMENTS_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "terrace/registry/v1/programme.pb.h"

namespace terrace::inspections {

// Implementations are thread-safe.
class Enrollments {
 public:
  virtual ~Enrollments() = default;
  // The role of the unit (id) in the programme (full name) at that instant; UNSPECIFIED when it
  // took no part.
  virtual registry::v1::EnrollmentRole RoleOf(absl::string_view programme, absl::string_view unit,
                                              absl::Time at) const = 0;
};

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_ENROLLMENTS_H_
