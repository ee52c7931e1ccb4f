#include "services/terrace/demo/late_report.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "services/terrace/words.h"

namespace terrace::demo {

LateReport OneReportLate(sample::Sample sample) {
  LateReport out;
  out.sample = std::move(sample);
  for (sample::AssignmentHistory& history : out.sample.assignments) {
    if (!absl::StartsWith(history.measure, absl::StrCat(sample::kCountyA, "/measures/measure-"))) {
      continue;
    }
    for (sample::AssignmentHistory::Report& report : history.reports) {
      const absl::CivilDay month(absl::ToCivilMonth(report.received, cli::ShanghaiZone()));
      const absl::CivilDay due = month + 21;  // The 22nd.
      if (absl::ToCivilDay(report.received, cli::ShanghaiZone()) > due) continue;
      report.received = sample::NoonOf(due + 2);
      out.between = sample::NoonOf(due + 1);
      out.unit = history.unit;
      out.measure = history.measure;
      out.period = report.period;
      return out;
    }
  }
  TERRACE_CHECK(false && "the sample has reports in time");
  return out;
}

}  // namespace terrace::demo
