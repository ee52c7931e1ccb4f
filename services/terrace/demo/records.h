// Everything that the realm holds, exported over the public API: what the demo's self-test counts
// by itself.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_RECORDS_H_
#define TERRACE_SERVICES_TERRACE_DEMO_RECORDS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/terrace/client.h"
#include "terrace/inspections/v1/watch.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/import.pb.h"
#include "terrace/registry/v1/programme.pb.h"
#include "terrace/registry/v1/vocabulary.pb.h"
#include "terrace/scoring/v1/statistic.pb.h"

namespace terrace::demo {

struct Records {
  // By name.
  std::map<std::string, registry::v1::ExportUnitsResponse::Record> units;
  std::map<std::string, registry::v1::Level> levels;
  std::vector<registry::v1::Enrollment> enrollments;
  std::vector<registry::v1::Designation> designations;
  std::map<std::string, measures::v1::Measure> measures;
  std::map<std::string, measures::v1::Assignment> assignments;
  std::map<std::string, measures::v1::Report> reports;
  std::vector<measures::v1::Activity> activities;
  std::map<std::string, inspections::v1::Visit> visits;
  std::vector<inspections::v1::Observation> observations;
  std::vector<inspections::v1::Finding> findings;
  std::vector<inspections::v1::FollowUp> follow_ups;
  std::vector<scoring::v1::Statistic> statistics;
};

// By ExportUnits, the lists, and the snapshots of the watches.
absl::StatusOr<Records> ExportRecords(cli::Client* client);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_RECORDS_H_
