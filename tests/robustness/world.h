// What is there before the traffic begins: the demo's sample, an office for every client, and what
// all of them contend for.
#ifndef TERRACE_TESTS_ROBUSTNESS_WORLD_H_
#define TERRACE_TESTS_ROBUSTNESS_WORLD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/robustness/actors.h"

namespace terrace::robustness {

struct World {
  std::vector<Office> offices;      // By client.
  std::vector<std::string> tokens;  // Of clients: administrators of their own office.
  std::vector<std::string> judges;  // Tokens of officers who decide about what clients file.
};

// Through the gateway at `address`.
absl::StatusOr<World> MakeWorld(const std::string& address, const std::string& admin_token,
                                int clients);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_WORLD_H_
