// How far a campaign is, and how its stages differ.
//
// Thread-safety: each call runs on one thread; the machine locks by itself.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_PROGRESS_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_PROGRESS_H_

#include "absl/status/status.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "terrace/scoring/v1/campaign.pb.h"

namespace terrace::scoring {

inline constexpr size_t kOutliersMax = 10;

// Whoever does not see the issuing office asks about a subtree of its own (ROLE_REQUIRED).
absl::Status GetCampaignProgress(machine::Machine* machine, rpc::Call& call,
                                 const v1::GetCampaignProgressRequest& request,
                                 v1::GetCampaignProgressResponse* reply);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_CAMPAIGN_PROGRESS_H_
