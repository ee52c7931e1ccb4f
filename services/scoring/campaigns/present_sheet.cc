#include "services/scoring/campaigns/present_sheet.h"

#include <utility>

#include "common/resource/names.h"
#include "services/scoring/schemes/compile_leaf.h"
#include "services/scoring/scores/present.h"
#include "services/scoring/state_common.h"

namespace terrace::scoring {
namespace {

// The stages that are over, with the values that the spans stand for.
struct OverStages {
  std::vector<std::vector<StagePoints>> kept;
  std::vector<StageOver> over;
};

OverStages OverOf(const CampaignRules& rules, const std::vector<storage::v1::StageRow>& stages) {
  OverStages out;
  out.kept.reserve(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    if (!stages[i].values().has_end_time()) continue;
    std::vector<StagePoints>& kept = out.kept.emplace_back();
    for (const v1::LeafValue& value : stages[i].values().values()) {
      const LeafLimits* leaf = rules.FindLeaf(value.node());
      if (leaf == nullptr) continue;
      kept.push_back({leaf->place, value.not_applicable(),
                      value.has_points() ? ExactPoints(value.points()) : Fixed()});
    }
    out.over.push_back({static_cast<int>(i), kept});
  }
  return out;
}

// What a spot check that speaks for units beside found among those with the same unit above.
SpotSample SampleBeside(const CampaignRules& rules, const tree::Tree& tree,
                        const machine::Rows& rows, tree::UnitNumber unit) {
  SpotSample sample;
  const int carried = rules.combining().CarriedOver();
  const tree::UnitNumber above = tree.Parent(unit, rules.line());
  if (carried < 0 || above == tree::kNoUnit) return sample;
  for (tree::UnitNumber beside : tree.Children(above, rules.line())) {
    const std::string sheet = SheetName(tree.Id(beside), rules.name());
    if (rows.Find(StageKey(sheet, rules.stage(carried).id())) == nullptr) continue;
    AddToSample(rules.combining(), OverOf(rules, StagesOf(rules, rows, sheet)).over, &sample);
  }
  return sample;
}

}  // namespace

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

void AddValues(const CampaignRules& rules, const tree::Tree& tree, const machine::Rows& rows,
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
  const SpotSample sample = unit ? SampleBeside(rules, tree, rows, *unit) : SpotSample();
  for (CombinedPoints& leaf : CombineStages(rules.combining(), OverOf(rules, stages).over, sample,
                                            /*with_sentences=*/true)) {
    v1::CombinedValue& combined = *sheet->add_combined();
    combined.set_node(rules.NodeAt(leaf.node));
    combined.set_not_applicable(leaf.not_applicable);
    if (!leaf.not_applicable) *combined.mutable_points() = ExactDecimal(leaf.points);
    if (leaf.stage >= 0) combined.set_stage(rules.stage(leaf.stage).id());
    combined.set_arithmetic(std::move(leaf.arithmetic.en));
    combined.set_arithmetic_zh(std::move(leaf.arithmetic.zh));
  }
}

std::vector<storage::v1::StageRow> StagesOf(const CampaignRules& rules, const machine::Rows& rows,
                                            absl::string_view sheet) {
  std::vector<storage::v1::StageRow> stages;
  for (const v1::ReviewStage& stage : rules.campaign().stages()) {
    stages.push_back(rows.Get<storage::v1::StageRow>(StageKey(sheet, stage.id()))
                         .value_or(storage::v1::StageRow()));
  }
  return stages;
}

}  // namespace terrace::scoring
