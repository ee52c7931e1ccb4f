#include "services/scoring/campaigns/campaign_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/resource/names.h"
#include "common/tree/judge.h"
#include "services/scoring/campaigns/review_facts.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/schemes/compile_leaf.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/scoring_state.h"
#include "services/scoring/state_common.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::scoring {
namespace {

constexpr size_t kDescriptionBytesMax = 8192;
constexpr absl::string_view kLevelPattern = "levels/{level}";

bool IsDay(const google::type::Date& date) {
  const absl::CivilDay day(date.year(), date.month(), date.day());
  return date.year() >= calendar::kYearMin && date.year() <= calendar::kYearMax &&
         day.month() == date.month() && day.day() == date.day();
}

absl::Status CheckStage(const v1::Campaign& campaign, int index) {
  const v1::ReviewStage& stage = campaign.stages(index);
  const std::string field = absl::StrCat("campaign.stages[", index, "]");
  TERRACE_RETURN_IF_ERROR(resource::CheckId(stage.id()));
  for (int i = 0; i < index; ++i) {
    if (campaign.stages(i).id() == stage.id()) return Invalid(field + ".id", "it occurs twice");
    if (stage.effect() == v1::SPOT_CHECK_EFFECT_EXTRAPOLATE_TO_PARENT &&
        campaign.stages(i).effect() == stage.effect()) {
      return Invalid(field + ".effect", "one spot check at most speaks for other units");
    }
  }
  if (stage.localized_names_size() > kLocalizedNamesMax) {
    return Invalid(field + ".localized_names", absl::StrCat("at most ", kLocalizedNamesMax));
  }
  const bool spot_check = stage.kind() == v1::STAGE_KIND_SPOT_CHECK;
  if (stage.kind() == v1::STAGE_KIND_UNSPECIFIED) return Required(field + ".kind");
  if (stage.kind() == v1::STAGE_KIND_SELF && index > 0) {
    return Invalid(field + ".kind", "a self-assessment is the first stage");
  }
  if (!spot_check && index > 0 && campaign.stages(index - 1).kind() == v1::STAGE_KIND_SPOT_CHECK) {
    return Invalid(field + ".kind", "spot checks come last");
  }
  if (stage.kind() == v1::STAGE_KIND_SELF && !stage.level().empty()) {
    return Invalid(field + ".level", "a self-assessment is the unit's own");
  }
  if (stage.by_scorer() && stage.kind() != v1::STAGE_KIND_REVIEW) {
    return Invalid(field + ".by_scorer", "only a review is divided among scorers");
  }
  if (stage.effect() != v1::SPOT_CHECK_EFFECT_UNSPECIFIED && !spot_check) {
    return Invalid(field + ".effect", "only a spot check has one");
  }
  if (!stage.level().empty()) {
    TERRACE_RETURN_IF_ERROR(resource::ParseName(stage.level(), kLevelPattern).status());
  }
  if (stage.has_due_date() && !IsDay(stage.due_date())) {
    return Error(Reason::INVALID_TIME, {{"field", field + ".due_date"}, {"detail", "no such day"}});
  }
  if (campaign.combination() == v1::STAGE_COMBINATION_WEIGHTED && !spot_check) {
    if (!stage.has_weight()) return Required(field + ".weight");
    TERRACE_ASSIGN_OR_RETURN(const Decimal weight,
                             terrace::FromProto(stage.weight(), field + ".weight"));
    TERRACE_ASSIGN_OR_RETURN(const Fixed fixed, FixedFromDecimal(weight, field + ".weight"));
    if (fixed <= Fixed()) {
      return Error(
          Reason::NUMBER_OUT_OF_RANGE,
          {{"field", field + ".weight"}, {"value", stage.weight().value()}, {"range", "above 0"}});
    }
  } else if (stage.has_weight()) {
    return Invalid(field + ".weight", "only stages of a weighted combination have one");
  }
  return absl::OkStatus();
}

// The most that a leaf can be given.
Fixed MostOf(const v1::Node& node, const v1::Scheme& scheme) {
  const v1::Leaf& leaf = node.leaf();
  if (leaf.has_bonus()) {
    if (leaf.bonus().has_cap()) return ExactPoints(leaf.bonus().cap());
    return scheme.has_bonus_cap() ? ExactPoints(scheme.bonus_cap())
                                  : Fixed::FromInteger(kPointsMax);
  }
  if (leaf.has_penalty()) {
    return leaf.penalty().has_cap() ? ExactPoints(leaf.penalty().cap())
                                    : Fixed::FromInteger(kPointsMax);
  }
  return node.has_points() ? ExactPoints(node.points()) : Fixed();
}

}  // namespace

v1::CampaignState StateOf(const storage::v1::CampaignRow& row, const machine::Rows& rows) {
  if (row.campaign().state() != v1::CAMPAIGN_STATE_OPENING) return row.campaign().state();
  const auto operation = rows.Get<internal::v1::OperationRecord>(row.operation());
  return operation && !operation->done() ? v1::CAMPAIGN_STATE_OPENING : v1::CAMPAIGN_STATE_DRAFT;
}

absl::StatusOr<std::shared_ptr<const CampaignRules>> CampaignRules::Of(absl::string_view name,
                                                                       const v1::Campaign& campaign,
                                                                       const machine::Rows& rows) {
  const auto scheme = rows.Get<storage::v1::SchemeRow>(campaign.scheme());
  if (!scheme) return NotFound(campaign.scheme());
  std::shared_ptr<CampaignRules> rules(new CampaignRules());
  rules->name_ = std::string(name);
  rules->campaign_ = campaign;
  rules->scheme_ = scheme->scheme();
  rules->line_ = tree::FromProto(scheme->scheme().population().line());
  rules->zone_ = calendar::DefaultZone();
  if (!rules->scheme_.time_zone().empty()) {
    absl::StatusOr<absl::TimeZone> zone =
        calendar::LoadZone(rules->scheme_.time_zone(), "time_zone");
    if (zone.ok()) rules->zone_ = *zone;
  }
  TERRACE_ASSIGN_OR_RETURN(rules->period_, calendar::Period::Parse(campaign.period()));
  rules->combining_ = CombiningOf(campaign);
  for (const v1::Node& node : rules->scheme_.nodes()) {
    if (!node.has_leaf()) continue;
    LeafLimits limits;
    limits.place = static_cast<int>(rules->nodes_.size());
    limits.most = MostOf(node, rules->scheme_);
    limits.judged = !node.leaf().has_veto();
    limits.scorer = node.leaf().scorer();
    if (node.leaf().has_penalty()) rules->combining_.penalties.push_back(limits.place);
    rules->nodes_.push_back(node.id());
    rules->leaves_.emplace(node.id(), std::move(limits));
  }
  return rules;
}

absl::string_view CampaignRules::office() const { return resource::OwnerOf(name_); }

absl::StatusOr<int> CampaignRules::IndexOf(absl::string_view id) const {
  const int index = combining_.IndexOf(id);
  if (index >= 0) return index;
  return Invalid("stage", absl::StrCat("the campaign has no stage \"", id, "\""));
}

bool CampaignRules::IsLate(int index, absl::Time now) const {
  if (!stage(index).has_due_date()) return false;
  const google::type::Date& due = stage(index).due_date();
  return absl::ToCivilDay(now, zone_) > absl::CivilDay(due.year(), due.month(), due.day());
}

const LeafLimits* CampaignRules::FindLeaf(absl::string_view node) const {
  auto it = leaves_.find(node);
  return it == leaves_.end() ? nullptr : &it->second;
}

bool CampaignRules::InPopulation(const tree::Tree& tree, tree::UnitNumber unit) const {
  const absl::optional<tree::UnitNumber> top = tree.Number(office());
  if (!top || !tree.IsStrictlyUnder(unit, *top, line_)) return false;
  if (tree.State(unit) != tree::UnitState::kOpen) return false;
  auto names = [](const google::protobuf::RepeatedPtrField<std::string>& codes,
                  absl::string_view code) {
    return codes.empty() || std::any_of(codes.begin(), codes.end(), [&](const std::string& one) {
             return resource::LastSegment(one) == code;
           });
  };
  return names(scheme_.population().levels(), tree.Level(unit)) &&
         names(scheme_.population().kinds(), tree.Kind(unit));
}

absl::string_view CampaignRules::RightOf(int index, const tree::Tree& tree,
                                         tree::UnitNumber unit) const {
  const v1::ReviewStage& asked = stage(index);
  if (asked.kind() == v1::STAGE_KIND_SELF) return tree.Id(unit);
  if (asked.level().empty()) return office();
  const absl::string_view level = resource::LastSegment(asked.level());
  for (tree::UnitNumber above = tree.Parent(unit, line_); above != tree::kNoUnit;
       above = tree.Parent(above, line_)) {
    if (tree.Level(above) == level) return tree.Id(above);
  }
  return office();  // Nobody of that level is above it.
}

absl::Status CampaignRules::CheckRight(absl::string_view right, const tree::Tree& tree,
                                       absl::string_view unit, absl::string_view acting,
                                       absl::string_view what) const {
  if (acting == unit) return tree::MayJudge(tree, acting, "", unit);
  if (acting == right) return absl::OkStatus();
  const absl::optional<tree::UnitNumber> office = tree.Number(acting);
  const absl::optional<tree::UnitNumber> owner = tree.Number(right);
  for (tree::Line line : tree::kBothLines) {
    if (office && owner && tree.IsUnder(*owner, *office, line)) return absl::OkStatus();
  }
  return Error(Reason::NOT_YOURS,
               {{"name", std::string(what)}, {"owner", resource::UnitName(right)}});
}

absl::Status CampaignRules::MayEnd(int index, const tree::Tree& tree, absl::string_view unit,
                                   absl::string_view acting) const {
  const absl::optional<tree::UnitNumber> number = tree.Number(unit);
  if (!number) return NotFound(resource::UnitName(unit));
  const absl::string_view right =
      stage(index).kind() == v1::STAGE_KIND_SELF ? office() : RightOf(index, tree, *number);
  return CheckRight(right, tree, unit, acting, absl::StrCat("stage ", stage(index).id()));
}

absl::Status CampaignRules::MayState(int index, const LeafLimits& leaf, const tree::Tree& tree,
                                     absl::string_view unit, absl::string_view acting) const {
  if (!stage(index).by_scorer() || leaf.scorer.empty()) return MayEnd(index, tree, unit, acting);
  return CheckRight(resource::OwnerOf(leaf.scorer), tree, unit, acting,
                    absl::StrCat("stage ", stage(index).id(), ", ", NodeAt(leaf.place)));
}

absl::Status CampaignRules::MaySeal(const tree::Tree& tree, absl::string_view unit,
                                    absl::string_view acting) const {
  return CheckRight(office(), tree, unit, acting, SheetName(unit, name_));
}

absl::Status CheckCampaign(const v1::Campaign& campaign, absl::string_view office,
                           machine::Decision& decision) {
  if (campaign.display_name().empty()) return Required("campaign.display_name");
  TERRACE_RETURN_IF_ERROR(
      CheckText("campaign.description", campaign.description(), kDescriptionBytesMax));
  if (campaign.localized_names_size() > kLocalizedNamesMax) {
    return Invalid("campaign.localized_names", absl::StrCat("at most ", kLocalizedNamesMax));
  }
  TERRACE_RETURN_IF_ERROR(resource::ParseName(campaign.scheme(), kSchemePattern).status());
  if (resource::OwnerOf(campaign.scheme()) != office) {
    return Invalid("campaign.scheme", "it must be a scheme of the same office");
  }
  const auto scheme = decision.Get<storage::v1::SchemeRow>(campaign.scheme());
  if (!scheme) return NotFound(campaign.scheme());
  if (scheme->scheme().state() == v1::SCHEME_STATE_DRAFT) {
    return Error(Reason::NOT_PUBLISHED, {{"name", campaign.scheme()}});
  }
  TERRACE_ASSIGN_OR_RETURN(const calendar::Period period,
                           calendar::Period::Parse(campaign.period()));
  if (period.kind() != KindOf(scheme->scheme().periodicity())) {
    return Error(Reason::NOT_A_BOARD_PERIOD,
                 {{"period", campaign.period()}, {"scheme", campaign.scheme()}});
  }
  TERRACE_ASSIGN_OR_RETURN(const calendar::Period first,
                           calendar::Period::Parse(scheme->scheme().first_period()));
  if (period.First() < first.First()) {
    return Error(Reason::NO_SCHEME_IN_FORCE,
                 {{"scheme", campaign.scheme()}, {"period", campaign.period()}});
  }
  if (campaign.stages().empty()) return Required("campaign.stages");
  if (campaign.stages_size() > kStagesMax) {
    return Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(campaign.stages_size())},
                                           {"limit", absl::StrCat(kStagesMax)}});
  }
  for (int i = 0; i < campaign.stages_size(); ++i) {
    TERRACE_RETURN_IF_ERROR(CheckStage(campaign, i));
  }
  if (campaign.stages(0).kind() == v1::STAGE_KIND_SPOT_CHECK) {
    return Invalid("campaign.stages", "a spot check needs a stage before it");
  }
  return absl::OkStatus();
}

}  // namespace terrace::scoring
