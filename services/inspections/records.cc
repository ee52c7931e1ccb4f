#include "services/inspections/records.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/keys.h"

namespace terrace::inspections {
namespace {

// Ids of Decision::NewId have 20 digits; 12 tell etags of one resource apart.
constexpr size_t kEtagDigits = 12;

template <class T>
T Named(absl::string_view name, T&& resource, store::Revision revision) {
  resource.set_name(std::string(name));
  resource.set_revision(revision.value);
  return std::move(resource);
}

}  // namespace

v1::Checklist ToResource(absl::string_view name, storage::v1::ChecklistRecord record,
                         store::Revision revision) {
  return Named(name, std::move(*record.mutable_checklist()), revision);
}

v1::Team ToResource(absl::string_view name, storage::v1::TeamRecord record,
                    store::Revision revision) {
  return Named(name, std::move(*record.mutable_team()), revision);
}

v1::Plan ToResource(absl::string_view name, storage::v1::PlanRecord record,
                    store::Revision revision) {
  return Named(name, std::move(*record.mutable_plan()), revision);
}

v1::Draw ToResource(absl::string_view name, storage::v1::DrawRecord record,
                    store::Revision revision) {
  return Named(name, std::move(*record.mutable_draw()), revision);
}

v1::Visit ToResource(absl::string_view name, storage::v1::VisitRecord record,
                     store::Revision revision) {
  return Named(name, std::move(*record.mutable_visit()), revision);
}

v1::Observation ToResource(absl::string_view name, storage::v1::ObservationRecord record,
                           store::Revision revision) {
  v1::Observation observation = Named(name, std::move(*record.mutable_observation()), revision);
  observation.set_content_sha256(absl::BytesToHexString(record.content_sha256()));
  // It never changes, so its content is its version.
  observation.set_etag(observation.content_sha256().substr(0, kEtagDigits));
  if (observation.has_finding()) {
    observation.mutable_finding()->set_name(
        FindingKey(VisitOfKey(name), resource::LastSegment(name)));
  }
  return observation;
}

v1::Finding ToResource(absl::string_view name, storage::v1::FindingRecord record,
                       store::Revision revision) {
  v1::Finding finding = Named(name, std::move(*record.mutable_finding()), revision);
  finding.set_content_sha256(absl::BytesToHexString(record.content_sha256()));
  return finding;
}

v1::FollowUp ToResource(absl::string_view name, storage::v1::FollowUpRecord record,
                        store::Revision revision) {
  return Named(name, std::move(*record.mutable_follow_up()), revision);
}

std::string NewEtag(machine::Decision& decision) { return decision.NewId().substr(0, kEtagDigits); }

}  // namespace terrace::inspections
