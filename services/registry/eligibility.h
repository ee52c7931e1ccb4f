// What a title is given and renewed on where the level's rule names a scheme: an answer of
// CheckEligibility of scoring, sealed with the deployment's secret.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_ELIGIBILITY_H_
#define TERRACE_SERVICES_REGISTRY_ELIGIBILITY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/base/seal.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/programme.pb.h"

namespace terrace::registry {

// A title that is to be given or renewed. `rule` is the programme's for its level, as it is now.
struct WantedTitle {
  absl::string_view unit;  // "units/{unit}"
  absl::string_view programme;
  absl::string_view title;
  const v1::LevelRule& rule;
};

// The score that the title rests on; nullopt where the rule leaves it to whoever gives the title.
// ELIGIBILITY_NEEDED, ELIGIBILITY_FORGED, ELIGIBILITY_MISMATCH, ELIGIBILITY_OUTDATED, NOT_ELIGIBLE,
// ELIGIBILITY_EXPIRED: whatever is given must be good, also where nothing was needed.
absl::StatusOr<absl::optional<v1::TermScore>> ScoreVouchedFor(const Seal& seal,
                                                              absl::string_view sealed,
                                                              const WantedTitle& wanted,
                                                              absl::Time now);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_ELIGIBILITY_H_
