// The change of the self-test that cannot be made to a realm, since what was submitted stays: one
// report received after its deadline instead of before.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_LATE_REPORT_H_
#define TERRACE_SERVICES_TERRACE_DEMO_LATE_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "services/terrace/sample/sample.h"

namespace terrace::demo {

struct LateReport {
  sample::Sample sample;  // With the report moved.
  std::string unit;
  std::string measure;
  std::string period;
  absl::Time between;  // An instant after the deadline and before the report came.
};

// Moves the first report of the county's measures that came in time two days past its deadline.
LateReport OneReportLate(sample::Sample sample);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_LATE_REPORT_H_
