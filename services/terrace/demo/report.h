// The demo's report as people read it, and as machines do.
//
// Thread-safety. Belongs to one thread.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_REPORT_H_
#define TERRACE_SERVICES_TERRACE_DEMO_REPORT_H_

#include <vector>

#include "absl/status/status.h"
#include "services/terrace/advice.h"
#include "services/terrace/client.h"
#include "services/terrace/demo/checks.h"
#include "services/terrace/demo/figures.h"
#include "services/terrace/output.h"

namespace terrace::demo {

// Figures by section. With --json one object per line: {"figure", "title", "value", "unit",
// "method", "instant"}.
void PrintFigures(const std::vector<Section>& sections, cli::Output* output);

// The scoreboard of county A's townships, the scores up to the root, one explained score, and what
// is due. With --json the messages themselves.
absl::Status PrintScores(cli::Client* client, cli::Language language, cli::Output* output);

// The checks; those that failed are marked. With --json one object per line: {"check", "wanted",
// "found", "passed"}.
void PrintChecks(const std::vector<Check>& checks, cli::Output* output);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_REPORT_H_
