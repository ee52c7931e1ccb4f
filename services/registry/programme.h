// The rules of programmes: what a programme may say.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_PROGRAMME_H_
#define TERRACE_SERVICES_REGISTRY_PROGRAMME_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "services/registry/vocabulary.h"
#include "terrace/registry/v1/programme.pb.h"

namespace terrace::registry {

// Limits.
inline constexpr int kTitlesMax = 50;
inline constexpr int kLevelRulesMax = 20;
inline constexpr int kQuotasMax = 500;
inline constexpr int kQuotaMax = 1'000'000;
inline constexpr int kTermMonthsMax = 1200;
inline constexpr int kPeriodsBackMax = 100;
inline constexpr int kValidDaysMax = 3660;
inline constexpr int kCalendarDaysMax = 1000;
inline constexpr size_t kProgrammeBytesMax = 128 << 10;

// The fields of a programme that no update sets.
absl::Span<const absl::string_view> ProgrammeFixed();

// Checks everything that a caller may set, and fills in the zone.
absl::Status CheckProgramme(const Vocabulary& vocabulary, v1::Programme* programme);

// Whether a title of that level, batch and kind of unit counts in the quota, places apart.
bool QuotaFits(const v1::Quota& quota, absl::string_view level, absl::string_view batch,
               absl::string_view kind);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_PROGRAMME_H_
