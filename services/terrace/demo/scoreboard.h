// The demo's scores: the townships in their order, the way up to the root, one score explained, and
// what is due.
#ifndef TERRACE_SERVICES_TERRACE_DEMO_SCOREBOARD_H_
#define TERRACE_SERVICES_TERRACE_DEMO_SCOREBOARD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/terrace/client.h"
#include "terrace/measures/v1/progress.pb.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::demo {

// Name of a unit's score under the townships' scheme in 2016.
std::string TownshipScoreName(absl::string_view unit);

// County A's townships, best first, as of the county's instant.
absl::StatusOr<std::vector<scoring::v1::Rank>> RankTownships(cli::Client* client);

// From the county up to the root of the tree.
absl::StatusOr<std::vector<scoring::v1::Score>> ScoresUpward(cli::Client* client);

// One score with its parts.
absl::StatusOr<scoring::v1::Explanation> ExplainTownship(cli::Client* client,
                                                         absl::string_view unit);

// What county A's units owe at the county's instant.
absl::StatusOr<std::vector<measures::v1::DueItem>> ListDue(cli::Client* client);

// A score to 6 decimals: "87.123457"; "-" without a score.
std::string SixDecimals(const scoring::v1::Score& score);

}  // namespace terrace::demo

#endif  // TERRACE_SERVICES_TERRACE_DEMO_SCOREBOARD_H_
