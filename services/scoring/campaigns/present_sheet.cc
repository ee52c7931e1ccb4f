#include "services/scoring/campaigns/present_sheet.h"

#include <utility>

#include "common/resource/names.h"
#include "services/scoring/present.h"
#include "services/scoring/schemes/compile_leaf.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {

v1::Sheet PresentSheet(absl::string_view unit, absl::string_view campaign,
                       const storage::v1::SheetRow& row, const tree::Tree& tree, int64_t revision) {
  v1::Sheet sheet;
  sheet.set_name(SheetName(unit, campaign));
  sheet.set_etag(EtagOf(sheet.name(), row.edits()));
  sheet.set_revision(revision);
  sheet.set_unit(resource::UnitName(unit));
  if (absl::optional<tree::UnitNumber> number = tree.Number(unit)) {
    sheet.set_unit_display_name(std::string(tree.Name(*number)));
  }
  sheet.set_campaign(std::string(campaign));
  sheet.set_state(row.state());
  sheet.set_stage(row.stage());
  sheet.set_edition(row.edition());
  sheet.set_return_reason(row.return_reason());
  sheet.set_reopen_reason(row.reopen_reason());
  return sheet;
}

void AddValues(const CampaignRules& rules, const tree::Tree& tree,
               const std::vector<storage::v1::StageRow>& stages,
               absl::FunctionRef<bool(absl::string_view)> sees, v1::Sheet* sheet) {
  const absl::optional<tree::UnitNumber> unit = tree.Number(resource::OwnerOf(sheet->unit()));
  for (int i = 0; i < rules.stage_count(); ++i) {
    const v1::StageValues& values = stages[i].values();
    if (values.values().empty()) continue;
    const bool under_way =
        !values.has_end_time() && (rules.IsSpotCheck(i) || sheet->stage() == rules.stage(i).id());
    if (under_way && !(unit && sees(rules.RightOf(i, tree, *unit)))) continue;
    v1::StageValues& shown = *sheet->add_stages();
    shown = values;
    shown.set_stage(rules.stage(i).id());
  }
  for (CombinedPoints& leaf : CombinedOf(rules, stages, /*with_sentences=*/true)) {
    v1::CombinedValue& combined = *sheet->add_combined();
    combined.set_node(rules.NodeAt(leaf.node));
    combined.set_not_applicable(leaf.not_applicable);
    if (!leaf.not_applicable) *combined.mutable_points() = ExactDecimal(leaf.points);
    if (leaf.stage >= 0) combined.set_stage(rules.stage(leaf.stage).id());
    combined.set_arithmetic(std::move(leaf.arithmetic.en));
    combined.set_arithmetic_zh(std::move(leaf.arithmetic.zh));
  }
}

std::vector<CombinedPoints> CombinedOf(const CampaignRules& rules,
                                       const std::vector<storage::v1::StageRow>& stages,
                                       bool with_sentences) {
  std::vector<std::vector<StagePoints>> kept;
  kept.reserve(stages.size());
  std::vector<StageOver> over;
  for (size_t i = 0; i < stages.size(); ++i) {
    if (!stages[i].values().has_end_time()) continue;
    kept.emplace_back();
    for (const v1::LeafValue& value : stages[i].values().values()) {
      const LeafLimits* leaf = rules.FindLeaf(value.node());
      if (leaf == nullptr) continue;
      kept.back().push_back({leaf->place, value.not_applicable(),
                             value.has_points() ? ExactPoints(value.points()) : Fixed()});
    }
    over.push_back({static_cast<int>(i), kept.back()});
  }
  return CombineStages(rules.combining(), over, with_sentences);
}

}  // namespace terrace::scoring
