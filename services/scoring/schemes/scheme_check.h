// What is wrong with a scheme: everything that keeps it from being published, and what looks odd.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_CHECK_H_
#define TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_CHECK_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "terrace/scoring/v1/scheme.pb.h"
#include "terrace/scoring/v1/statistic.pb.h"

namespace terrace::scoring {

// Limits of a scheme.
inline constexpr int kNodesMax = 1000;
inline constexpr int kNodeDepthMax = 8;
inline constexpr int kLevelsMax = 50;      // Roll-ups, and levels of the population.
inline constexpr int kGradesMax = 100;     // Rows of a table, and bands.
inline constexpr int kFrozenMax = 10'000;  // Sets of peers that were frozen.
inline constexpr int kItemsMax = 500;      // Checklist items, or kinds, of one leaf.
inline constexpr int64_t kPointsMax = 10'000;
inline constexpr int64_t kRatioBoundMax = 1'000;  // Targets and thresholds of ratios of counts.
inline constexpr size_t kSchemeBytesMax = 512 * 1024;

// Finds a declaration by its full name.
using FindDefinition =
    std::function<absl::optional<v1::StatisticDefinition>(absl::string_view name)>;

// What a scheme is to be used for.
enum class SchemeUse {
  kLive,   // To be published: scores follow every figure of their own unit as it comes.
  kTable,  // Whole tables of figures at once: everything may look at the other units.
};

// Errors first, each group in the order of the scheme.
std::vector<v1::SchemeIssue> CheckScheme(const v1::Scheme& scheme, const FindDefinition& definition,
                                         SchemeUse use = SchemeUse::kLive);

bool HasErrors(const std::vector<v1::SchemeIssue>& issues);

// SCHEME_INVALID with the first error, and how many there are; OK without any. `issues` as
// CheckScheme gives them.
absl::Status RefuseErrors(const std::string& name, const std::vector<v1::SchemeIssue>& issues);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_SCHEMES_SCHEME_CHECK_H_
