// The refusals that most commands and reads share.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_REFUSALS_H_
#define TERRACE_SERVICES_INSPECTIONS_REFUSALS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "terrace/inspections/v1/plans.pb.h"
#include "terrace/inspections/v1/visits.pb.h"

namespace terrace::inspections {

absl::Status NotFound(absl::string_view name);
// REQUIRED_FIELD.
absl::Status Needed(absl::string_view field);
// OK, or BATCH_TOO_LARGE when there are more than `limit`.
absl::Status CheckCount(int count, int limit);
// OK, or NUMBER_OUT_OF_RANGE outside [least, most].
absl::Status CheckRange(absl::string_view field, int value, int least, int most);

// WRONG_STATE; the state as people write it, "DRAFT" rather than "STATE_DRAFT".
absl::Status WrongState(absl::string_view name, absl::string_view state, absl::string_view needed);
inline absl::Status WrongState(absl::string_view name, v1::Plan::State state,
                               absl::string_view needed) {
  return WrongState(name, absl::StripPrefix(v1::Plan::State_Name(state), "STATE_"), needed);
}
inline absl::Status WrongState(absl::string_view name, v1::Visit::State state,
                               absl::string_view needed) {
  return WrongState(name, absl::StripPrefix(v1::Visit::State_Name(state), "STATE_"), needed);
}

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_REFUSALS_H_
