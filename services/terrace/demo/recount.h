// The demo's figures once more, counted from exported records by code that shares nothing with the
// services: plain loops over everything.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_RECOUNT_H_
#define TERRACE_SERVICES_TERRACE_DEMO_RECOUNT_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/terrace/demo/records.h"

namespace terrace::demo {

// Values by the keys of AskFigures.
std::map<std::string, std::string> Recount(const Records& records);

// The scores of county A's townships in 2016, to 6 decimals; "-" for one without a score.
std::map<std::string, std::string> RecountScores(const Records& records, absl::Time instant);

// ------------------------------------------------------------------- what both are counted with

// Whether the unit lies below `root` or is it, at the instant.
bool IsUnder(const Records& records, const std::string& unit, absl::string_view root,
             absl::Time at);
// Whether the unit exists at the instant.
bool IsOpen(const Records& records, const std::string& unit, absl::Time at);
// The role of a unit in the programme; UNSPECIFIED when it takes no part.
registry::v1::EnrollmentRole RoleOf(const Records& records, const std::string& unit, absl::Time at);
// The highest level of the titles that the unit holds at the instant; empty for none.
std::string HighestTitle(const Records& records, const std::string& unit, absl::Time at);

// Reports of one list's assignments below a unit.
struct ReportTally {
  int due = 0;
  int on_time = 0;
};
ReportTally TallyReports(const Records& records, absl::string_view list, absl::string_view root,
                         absl::Time at);

// "83.33": in per cent, half up to two decimals; "-" of nothing.
std::string PercentText(int64_t numerator, int64_t denominator);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_RECOUNT_H_
