#include "services/scoring/campaigns/review_facts.h"

#include <initializer_list>
#include <utility>

#include "common/base/check.h"
#include "common/base/time.h"
#include "services/scoring/names.h"
#include "services/scoring/schemes/compile_leaf.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {
namespace {

std::string Titled(const v1::ReviewStage& stage, std::initializer_list<const char*> languages) {
  for (const char* language : languages) {
    auto it = stage.localized_names().find(language);
    if (it != stage.localized_names().end() && !it->second.empty()) return it->second;
  }
  return stage.display_name().empty() ? stage.id() : stage.display_name();
}

SpotCheck EffectOf(const v1::ReviewStage& stage) {
  if (stage.kind() != v1::STAGE_KIND_SPOT_CHECK) return SpotCheck::kNone;
  switch (stage.effect()) {
    case v1::SPOT_CHECK_EFFECT_CAP:
      return SpotCheck::kCap;
    case v1::SPOT_CHECK_EFFECT_EXTRAPOLATE:
      return SpotCheck::kExtrapolate;
    case v1::SPOT_CHECK_EFFECT_EXTRAPOLATE_TO_PARENT:
      return SpotCheck::kExtrapolateToParent;
    default:
      return SpotCheck::kReplace;
  }
}

}  // namespace

Combining CombiningOf(const v1::Campaign& campaign) {
  Combining combining;
  if (campaign.combination() == v1::STAGE_COMBINATION_WEIGHTED) {
    combining.mixing = StageMixing::kWeighted;
  } else if (campaign.combination() == v1::STAGE_COMBINATION_LEAST) {
    combining.mixing = StageMixing::kLeast;
  }
  for (const v1::ReviewStage& stage : campaign.stages()) {
    CombinedStage one;
    one.id = stage.id();
    one.title = {Titled(stage, {"en"}), Titled(stage, {"zh-CN", "zh"})};
    one.spot_check = EffectOf(stage);
    if (stage.has_weight()) one.weight = ExactPoints(stage.weight());
    combining.stages.push_back(std::move(one));
  }
  return combining;
}

ReviewStage StageFacts(const v1::StageValues& stage) {
  ReviewStage facts;
  if (stage.has_end_time()) facts.end = FromProto(stage.end_time());
  for (const v1::LeafValue& value : stage.values()) {
    ReviewStage::Value one;
    one.node = value.node();
    one.not_applicable = value.not_applicable();
    if (value.has_points()) one.points = ExactPoints(value.points());
    if (value.not_applicable()) one.reason = value.reason();
    facts.values.push_back(std::move(one));
  }
  return facts;
}

absl::optional<ReviewCampaign> CampaignCounting(const std::string* value) {
  if (value == nullptr) return absl::nullopt;
  storage::v1::CampaignRow row;
  TERRACE_CHECK(row.ParseFromString(*value));
  const v1::Campaign& campaign = row.campaign();
  if (campaign.state() != v1::CAMPAIGN_STATE_OPEN &&
      campaign.state() != v1::CAMPAIGN_STATE_CLOSED) {
    return absl::nullopt;
  }
  absl::StatusOr<SchemeRef> scheme = ParseScheme(campaign.scheme());
  absl::StatusOr<calendar::Period> period = calendar::Period::Parse(campaign.period());
  TERRACE_CHECK(scheme.ok() && period.ok());  // Checked before it was stored.
  ReviewCampaign facts;
  facts.family = scheme->Family();
  facts.period = *period;
  facts.combining = CombiningOf(campaign);
  facts.penalties = {row.penalties().begin(), row.penalties().end()};
  if (campaign.has_close_time()) facts.closed = FromProto(campaign.close_time());
  return facts;
}

absl::optional<ReviewStage> StageCounting(const std::string* value) {
  if (value == nullptr) return absl::nullopt;
  storage::v1::StageRow row;
  TERRACE_CHECK(row.ParseFromString(*value));
  return StageFacts(row.values());
}

}  // namespace terrace::scoring
