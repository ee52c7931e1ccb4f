// The keys of the inspections' store: what kind of row stands under a key, and how keys are made.
// Keys are resource names, so everything about a visit sorts behind its visit.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_KEYS_H_
#define TERRACE_SERVICES_INSPECTIONS_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace terrace::inspections {

// Patterns of the names, as common/resource/names.h reads them.
inline constexpr absl::string_view kChecklistPattern =
    "units/{unit}/checklists/{checklist}@{version}";
inline constexpr absl::string_view kChecklistHeadPattern = "units/{unit}/checklists/{checklist}";
inline constexpr absl::string_view kTeamPattern = "units/{unit}/teams/{team}";
inline constexpr absl::string_view kPlanPattern = "units/{unit}/plans/{plan}";
inline constexpr absl::string_view kDrawPattern = "units/{unit}/plans/{plan}/draws/{draw}";
inline constexpr absl::string_view kVisitPattern = "units/{unit}/visits/{visit}";
inline constexpr absl::string_view kObservationPattern =
    "units/{unit}/visits/{visit}/observations/{observation}";
inline constexpr absl::string_view kFindingPattern =
    "units/{unit}/visits/{visit}/findings/{finding}";
inline constexpr absl::string_view kFollowUpPattern = "units/{unit}/followUps/{follow_up}";
inline constexpr absl::string_view kProgrammePattern = "units/{unit}/programmes/{programme}";

enum class RowKind {
  kOther,
  kChecklist,
  kChecklistHead,
  kTeam,
  kPlan,
  kDraw,
  kPool,
  kRelease,
  kVisit,
  kObservation,
  kFinding,
  kConflict,  // Of an observation or a finding.
  kFollowUp,
};

// "units/u" of anything under it.
std::string OwnerName(absl::string_view name);

// What stands under the key; looks at the collections only.
RowKind KindOfKey(absl::string_view key);

// "units/u/visits/v" of the visit itself or of anything below it; empty for other keys.
absl::string_view VisitOfKey(absl::string_view key);
// "units/u/plans/p" of the plan itself or of anything below it; empty for other keys.
absl::string_view PlanOfKey(absl::string_view key);
// The record that a conflict waits beside: the key without "/conflicts/{hash}".
absl::string_view RecordOfConflict(absl::string_view key);

std::string ChecklistKey(absl::string_view head, int32_t version);
std::string DrawKey(absl::string_view plan);  // A plan has one draw.
std::string PoolKey(absl::string_view draw);
std::string ReleaseKey(absl::string_view plan, int32_t round);
std::string ObservationKey(absl::string_view visit, absl::string_view id);
std::string FindingKey(absl::string_view visit, absl::string_view id);
// `content_sha256` is the raw digest of the content that lost.
std::string ConflictKey(absl::string_view record, absl::string_view content_sha256);

// An observation's id taken apart: device and number ("tablet-7-12" is number 12 of "tablet-7").
struct ObservationId {
  std::string device;
  int32_t number = 0;  // Counted from 1.
};
// INVALID_FIELD when the id has another form.
absl::StatusOr<ObservationId> ParseObservationId(absl::string_view id);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_KEYS_H_
