// Sheets as callers read them.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_CAMPAIGNS_PRESENT_SHEET_H_
#define TERRACE_SERVICES_SCORING_CAMPAIGNS_PRESENT_SHEET_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "common/machine/rows.h"
#include "common/tree/tree.h"
#include "services/scoring/campaigns/campaign_rules.h"
#include "terrace/scoring/v1/campaign.pb.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

// The sheet without values. `unit` is an id.
v1::Sheet PresentSheet(absl::string_view unit, absl::string_view campaign,
                       const storage::v1::SheetRow& row, const tree::Tree& tree, int64_t revision);

// Adds the values of the stages, by their place, and what they come to; `rows` are those of the
// log, for spot checks that count for units which they did not look at. What a stage states while
// it is under way is for those who see the office whose right it is (`sees`, by id), so that nobody
// reads an opinion that is not yet given; a stage that the sheet was returned from is shown.
void AddValues(const CampaignRules& rules, const tree::Tree& tree, const machine::Rows& rows,
               const std::vector<storage::v1::StageRow>& stages,
               absl::FunctionRef<bool(absl::string_view)> sees, v1::Sheet* sheet);

// The stages of a sheet by their place; empty ones where nothing was stated.
std::vector<storage::v1::StageRow> StagesOf(const CampaignRules& rules, const machine::Rows& rows,
                                            absl::string_view sheet);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_CAMPAIGNS_PRESENT_SHEET_H_
