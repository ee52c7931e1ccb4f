// From what is stored to what callers see, for everything that the row alone tells. What is worked
// out from other rows (counts, overdue, states of rounds) is added by InspectionsState.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_RECORDS_H_
#define TERRACE_SERVICES_INSPECTIONS_RECORDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "common/machine/decision.h"
#include "common/resource/etag.h"
#include "common/store/store.h"
#include "terrace/storage/v1/inspections.pb.h"

namespace terrace::inspections {

// `revision` 0 leaves the resource's revision unset, for replies of commands that are not committed
// yet.
v1::Checklist ToResource(absl::string_view name, storage::v1::ChecklistRecord record,
                         store::Revision revision);
v1::Team ToResource(absl::string_view name, storage::v1::TeamRecord record,
                    store::Revision revision);
v1::Plan ToResource(absl::string_view name, storage::v1::PlanRecord record,
                    store::Revision revision);
v1::Draw ToResource(absl::string_view name, storage::v1::DrawRecord record,
                    store::Revision revision);
v1::Visit ToResource(absl::string_view name, storage::v1::VisitRecord record,
                     store::Revision revision);
v1::Observation ToResource(absl::string_view name, storage::v1::ObservationRecord record,
                           store::Revision revision);
v1::Finding ToResource(absl::string_view name, storage::v1::FindingRecord record,
                       store::Revision revision);
v1::FollowUp ToResource(absl::string_view name, storage::v1::FollowUpRecord record,
                        store::Revision revision);

// A fresh etag: every change of a record gets its own.
std::string NewEtag(machine::Decision& decision);
using resource::CheckEtag;

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_RECORDS_H_
