// The figures of the demo's report, as the services count them at stated instants.
//
// Concept. A figure is a key, a value and where it came from. Values are text in one canonical form
// ("248", "95.02", "AL 15000"), so that what the services say, what the demo counts itself, and
// what a test expects can be compared as they are.
//
// Thread-safety. Pure functions apart from the calls.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_FIGURES_H_
#define TERRACE_SERVICES_TERRACE_DEMO_FIGURES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/terrace/client.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::demo {

struct Figure {
  std::string key;    // "county-a.titled": section and name.
  std::string title;  // For people.
  std::string value;
  std::string unit;    // Unit of measure; empty for a count.
  std::string method;  // What was asked, "GetCoverage".
};

struct Section {
  std::string id;     // "county-a"
  std::string title;  // "County A in 2016"
  absl::Time instant;
  std::vector<Figure> figures;
};

// The instants that the sections speak of.
absl::Time CountyInstant();  // The end of 2016.
absl::Time CityInstant();    // The end of 2014.
absl::Time GrowthInstant();  // The end of 2015.

// Asks the services for every section. The server must hold the sample.
absl::StatusOr<std::vector<Section>> AskFigures(cli::Client* client);

// By key.
std::map<std::string, std::string> ValuesOf(const std::vector<Section>& sections);

// A statistic or a sum as a figure's value: "AL 15000".
std::string ValueOf(const types::v1::Quantity& quantity);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_FIGURES_H_
