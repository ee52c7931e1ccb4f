// Which units take part in a programme: a mirror of what the registry says, kept outside this
// service like the unit tree, and asked when a measure is cascaded to a programme's units.
#ifndef TERRACE_SERVICES_MEASURES_ENROLLMENTS_H_
#define TERRACE_SERVICES_MEASURES_ENROLLMENTS_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace terrace::measures {

// Implementations are thread-safe.
class Enrollments {
 public:
  virtual ~Enrollments() = default;
  // Whether the unit (id) took part in the programme (full name) at that instant.
  virtual bool Enrolled(absl::string_view programme, absl::string_view unit,
                        absl::Time at) const = 0;
};

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_ENROLLMENTS_H_
