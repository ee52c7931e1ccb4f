// Sheets as callers read them.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_PRESENT_SHEET_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_PRESENT_SHEET_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "common/tree/tree.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "terrace/scoring/v1/campaign.pb.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

// The sheet without values. `unit` is an id.
v1::Sheet PresentSheet(absl::string_view unit, absl::string_view campaign,
                       const storage::v1::SheetRow& row, const tree::Tree& tree, int64_t revision);

// Adds the values of the stages, by their place, and what they come to. What a stage states while
// it is under way is for those who see the office whose right it is (`sees`, by id), so that nobody
// reads an opinion that is not yet given; a stage that the sheet was returned from is shown.
void AddValues(const CampaignRules& rules, const tree::Tree& tree,
               const std::vector<storage::v1::StageRow>& stages,
               absl::FunctionRef<bool(absl::string_view)> sees, v1::Sheet* sheet);

// What the stages that are over come to, by the place of the leaf.
std::vector<CombinedPoints> CombinedOf(const CampaignRules& rules,
                                       const std::vector<storage::v1::StageRow>& stages,
                                       bool with_sentences);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_PRESENT_SHEET_H_
