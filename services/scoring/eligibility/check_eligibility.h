// CheckEligibility: the rule of a programme's level, applied to a unit as scoring knows it, and
// sealed for the registry.
//
// Thread-safety: as BoardRead.
#ifndef TERRACE_SERVICES_SCORING_ELIGIBILITY_CHECK_ELIGIBILITY_H_
#define TERRACE_SERVICES_SCORING_ELIGIBILITY_CHECK_ELIGIBILITY_H_

#include "common/base/seal.h"
#include "services/scoring/scores/board_read.h"

namespace terrace::scoring {

// `seal` outlives the call.
void CheckEligibility(const ReadContext& context, const Seal& seal, rpc::Call& call,
                      const v1::CheckEligibilityRequest& request, v1::Eligibility* reply,
                      rpc::StatusDone done);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_ELIGIBILITY_CHECK_ELIGIBILITY_H_
