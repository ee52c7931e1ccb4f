// BatchRecordReviews: the values of an office on many sheets, stored a batch at a time, each row by
// itself. What is there already changes nothing, so a batch whose outcome is unknown is sent again.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_BATCH_REVIEWS_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_BATCH_REVIEWS_H_

#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/scoring/v1/campaign.pb.h"

namespace terrace::scoring {

// Limits.
inline constexpr int kReviewRowsMax = 1000;
inline constexpr size_t kReviewBatchBytes = 400 << 10;  // Of rows in one batch of 1 MiB.

// Call, request and reply live until `done` has run.
void RecordReviews(machine::Machine* machine, rpc::Call& call,
                   const v1::BatchRecordReviewsRequest& request,
                   v1::BatchRecordReviewsResponse* reply, rpc::StatusDone done);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_BATCH_REVIEWS_H_
