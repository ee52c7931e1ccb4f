// What is gathered at a quiet point, when every fault has ended and every client rests.
#ifndef TERRACE_TESTS_ROBUSTNESS_EVIDENCE_H_
#define TERRACE_TESTS_ROBUSTNESS_EVIDENCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/terrace/client.h"
#include "tests/robustness/deployment.h"
#include "tests/robustness/validators.h"

namespace terrace::robustness {

// What every replica of every service shows, asked directly.
absl::StatusOr<std::vector<Replica>> AskReplicas(const Deployment& deployment, const Logs& logs);

// The townships' scores as the gateway says them, and by the demo's recount of exported records.
absl::StatusOr<std::vector<Recomputed>> RecomputeScores(cli::Client* client);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_EVIDENCE_H_
