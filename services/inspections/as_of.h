// Visits and findings as they were in the world at an instant.
//
// Thread-safety. Pure functions over a State that is held still.
#ifndef TERRACE_SERVICES_INSPECTIONS_AS_OF_H_
#define TERRACE_SERVICES_INSPECTIONS_AS_OF_H_

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/inspections/inspections_state.h"
#include "terrace/inspections/v1/findings.pb.h"
#include "terrace/inspections/v1/visits.pb.h"

namespace terrace::inspections {

// Takes back what came later: moments, ends, counts. False when the visit did not exist by then.
bool TakeBack(const InspectionsState& state, absl::Time at, v1::Visit* visit);

// Takes back later steps. False when it had not been raised by then.
bool TakeBack(absl::Time at, v1::Finding* finding);

// Calls fn(name, record) for the findings of a visit.
void ForEachFinding(
    const InspectionsState& state, absl::string_view visit,
    absl::FunctionRef<void(const std::string&, const storage::v1::FindingRecord&)> fn);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_AS_OF_H_
