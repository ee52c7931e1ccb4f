// The demo's self-test: every figure counted twice, and three changes that must show everywhere.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_CHECKS_H_
#define TERRACE_SERVICES_TERRACE_DEMO_CHECKS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/terrace/client.h"
#include "services/terrace/demo/figures.h"

namespace terrace::demo {

struct Check {
  std::string name;
  std::string wanted;  // As recounted, or as it must be after a change.
  std::string found;   // As the services say.
  bool passed() const { return wanted == found; }
};

// Compares what the services say with what exported records give: every figure, every township's
// score, the county's mean, and the parts of an explained score.
absl::StatusOr<std::vector<Check>> CheckFigures(cli::Client* client,
                                                const std::vector<Section>& sections);

// Changes the realm that holds the sample, and looks at what moved. Changes it for good.
absl::StatusOr<std::vector<Check>> CheckRevocation(cli::Client* client);
absl::StatusOr<std::vector<Check>> CheckNewVisit(cli::Client* client);

// `moved` holds the same sample but for one report, received after its deadline instead of before:
// see OneReportLate.
absl::StatusOr<std::vector<Check>> CheckLateReport(cli::Client* base, cli::Client* moved);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_CHECKS_H_
