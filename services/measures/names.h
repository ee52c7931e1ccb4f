// Names of this service's resources, which are the keys of their records too.
#ifndef TERRACE_SERVICES_MEASURES_NAMES_H_
#define TERRACE_SERVICES_MEASURES_NAMES_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"

namespace terrace::measures {

inline constexpr absl::string_view kListPattern = "units/{office}/measureLists/{list}";
inline constexpr absl::string_view kMeasurePattern = "units/{office}/measures/{measure}";
inline constexpr absl::string_view kAssignmentPattern =
    "units/{unit}/assignments/{office}~{measure}";
inline constexpr absl::string_view kReportPattern =
    "units/{unit}/assignments/{office}~{measure}/reports/{period}";
inline constexpr absl::string_view kActivityPattern = "units/{unit}/activities/{activity}";
inline constexpr absl::string_view kProgrammePattern = "units/{office}/programmes/{programme}";
inline constexpr absl::string_view kSchemePattern = "units/{office}/schemes/{scheme}@{version}";
inline constexpr absl::string_view kLevelPattern = "levels/{level}";
inline constexpr absl::string_view kKindPattern = "kinds/{kind}";

// The assignment of a unit in a measure: one name per pair, so that issuing twice makes it once.
inline std::string AssignmentName(absl::string_view unit_id, absl::string_view measure) {
  return absl::StrCat("units/", unit_id, "/assignments/", resource::OwnerOf(measure), "~",
                      resource::LastSegment(measure));
}

inline std::string ReportName(absl::string_view assignment, const calendar::Period& period) {
  return absl::StrCat(assignment, "/reports/", period.ToId());
}

// Numbers are padded, so that keys stand in their order.
inline std::string SubmissionKey(absl::string_view report, int number) {
  return absl::StrCat(report, "/submissions/", absl::Dec(number, absl::kZeroPad3));
}

inline std::string ActivityDetailKey(absl::string_view activity) {
  return absl::StrCat(activity, "/detail");
}

}  // namespace terrace::measures

#endif  // TERRACE_SERVICES_MEASURES_NAMES_H_
