#include "services/scoring/names.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/resource/names.h"

namespace terrace::scoring {

std::string SchemeRef::Family() const {
  return resource::FormatName(kSchemeFamilyPattern, {office, scheme});
}

absl::StatusOr<SchemeRef> ParseScheme(absl::string_view name) {
  if (absl::StatusOr<resource::Ids> ids = resource::ParseName(name, kSchemePattern); ids.ok()) {
    return SchemeRef{std::string((*ids)[0]), std::string((*ids)[1]), std::string((*ids)[2])};
  }
  TERRACE_ASSIGN_OR_RETURN(const resource::Ids ids,
                           resource::ParseName(name, kSchemeFamilyPattern));
  return SchemeRef{std::string(ids[0]), std::string(ids[1]), ""};
}

absl::StatusOr<ScoreRef> ParseScore(absl::string_view name) {
  TERRACE_ASSIGN_OR_RETURN(const resource::Ids ids, resource::ParseName(name, kScorePattern));
  TERRACE_ASSIGN_OR_RETURN(const calendar::Period period, calendar::Period::ParseId(ids[3]));
  return ScoreRef{std::string(ids[0]), {std::string(ids[1]), std::string(ids[2]), ""}, period};
}

std::string ScoreName(absl::string_view unit, const SchemeRef& family,
                      const calendar::Period& period) {
  return resource::FormatName(kScorePattern, {unit, family.office, family.scheme, period.ToId()});
}

std::string StatisticName(absl::string_view unit, absl::string_view definition,
                          const calendar::Period& period) {
  return resource::FormatName(
      kStatisticPattern,
      {unit, resource::OwnerOf(definition), resource::LastSegment(definition), period.ToId()});
}

absl::StatusOr<StatisticRef> ParseStatistic(absl::string_view name) {
  TERRACE_ASSIGN_OR_RETURN(const resource::Ids ids, resource::ParseName(name, kStatisticPattern));
  TERRACE_ASSIGN_OR_RETURN(const calendar::Period period, calendar::Period::ParseId(ids[3]));
  return StatisticRef{std::string(ids[0]),
                      resource::FormatName(kDefinitionPattern, {ids[1], ids[2]}), period};
}

absl::StatusOr<SheetRef> ParseSheet(absl::string_view name) {
  TERRACE_ASSIGN_OR_RETURN(const resource::Ids ids, resource::ParseName(name, kSheetPattern));
  return SheetRef{std::string(ids[0]), resource::FormatName(kCampaignPattern, {ids[1], ids[2]})};
}

std::string SheetName(absl::string_view unit, absl::string_view campaign) {
  return resource::FormatName(kSheetPattern,
                              {unit, resource::OwnerOf(campaign), resource::LastSegment(campaign)});
}

std::string StageKey(absl::string_view sheet, absl::string_view stage) {
  return absl::StrCat(sheet, kStagesInfix, stage);
}

absl::StatusOr<StageRef> ParseStage(absl::string_view key) {
  TERRACE_ASSIGN_OR_RETURN(const resource::Ids ids, resource::ParseName(key, kStagePattern));
  return StageRef{{std::string(ids[0]), resource::FormatName(kCampaignPattern, {ids[1], ids[2]})},
                  std::string(ids[3])};
}

std::string ResultName(absl::string_view unit, absl::string_view publication) {
  return resource::FormatName(
      kResultPattern, {unit, resource::OwnerOf(publication), resource::LastSegment(publication)});
}

absl::StatusOr<ResultRef> ParseResult(absl::string_view name) {
  TERRACE_ASSIGN_OR_RETURN(const resource::Ids ids, resource::ParseName(name, kResultPattern));
  return ResultRef{std::string(ids[0]),
                   resource::FormatName(kPublicationPattern, {ids[1], ids[2]})};
}

}  // namespace terrace::scoring
