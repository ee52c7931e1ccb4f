// Rows of campaigns and of stages as facts.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_REVIEW_FACTS_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_REVIEW_FACTS_H_

#include <string>

#include "absl/types/optional.h"
#include "services/scoring/campaigns/combine_stages.h"
#include "services/scoring/facts/reviews.h"
#include "terrace/scoring/v1/campaign.pb.h"

namespace terrace::scoring {

// How the campaign combines its stages; it has been checked.
Combining CombiningOf(const v1::Campaign& campaign);
// The values of a stage that is stored.
ReviewStage StageFacts(const v1::StageValues& stage);

// `value` is the row, null when it was deleted. Drafts do not count, nor does a campaign whose
// sheets are still being made.
absl::optional<ReviewCampaign> CampaignCounting(const std::string* value);
absl::optional<ReviewStage> StageCounting(const std::string* value);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_REVIEW_FACTS_H_
