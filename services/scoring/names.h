// Names of scoring's resources.
//
// Thread-safety: pure functions.
#ifndef TERRACE_SERVICES_SCORING_NAMES_H_
#define TERRACE_SERVICES_SCORING_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/calendar/period.h"

namespace terrace::scoring {

inline constexpr absl::string_view kSchemePattern = "units/{office}/schemes/{scheme}@{version}";
inline constexpr absl::string_view kSchemeFamilyPattern = "units/{office}/schemes/{scheme}";
inline constexpr absl::string_view kDefinitionPattern =
    "units/{office}/statisticDefinitions/{definition}";
inline constexpr absl::string_view kStatisticPattern =
    "units/{unit}/statistics/{office}~{definition}~{period}";
inline constexpr absl::string_view kPublicationPattern =
    "units/{office}/publications/{publication}";
inline constexpr absl::string_view kResultPattern = "units/{unit}/results/{office}~{publication}";
inline constexpr absl::string_view kAppealPattern = "units/{unit}/appeals/{appeal}";
inline constexpr absl::string_view kScorePattern = "units/{unit}/scores/{office}~{scheme}~{period}";
inline constexpr absl::string_view kCampaignPattern = "units/{office}/campaigns/{campaign}";
inline constexpr absl::string_view kSheetPattern = "units/{unit}/sheets/{office}~{campaign}";
inline constexpr absl::string_view kStagePattern =
    "units/{unit}/sheets/{office}~{campaign}/stages/{stage}";

// Parts of row keys: what stands between the owner and the id.
inline constexpr absl::string_view kSchemesInfix = "/schemes/";
inline constexpr absl::string_view kDefinitionsInfix = "/statisticDefinitions/";
inline constexpr absl::string_view kStatisticsInfix = "/statistics/";
inline constexpr absl::string_view kCampaignsInfix = "/campaigns/";
inline constexpr absl::string_view kStagesInfix = "/stages/";
inline constexpr absl::string_view kPublicationsInfix = "/publications/";
inline constexpr absl::string_view kAppealsInfix = "/appeals/";

// A scheme as requests name it: one version, or the family of all of them.
struct SchemeRef {
  std::string office;   // Id.
  std::string scheme;   // Id.
  std::string version;  // Empty for the family.

  std::string Family() const;  // "units/{office}/schemes/{scheme}"
};
// INVALID_NAME for anything else.
absl::StatusOr<SchemeRef> ParseScheme(absl::string_view name);

struct ScoreRef {
  std::string unit;  // Id.
  SchemeRef scheme;  // A family.
  calendar::Period period;
};
absl::StatusOr<ScoreRef> ParseScore(absl::string_view name);
// `family` is the name of a family or of a version.
std::string ScoreName(absl::string_view unit, const SchemeRef& family,
                      const calendar::Period& period);

std::string StatisticName(absl::string_view unit, absl::string_view definition,
                          const calendar::Period& period);
struct StatisticRef {
  std::string unit;        // Id.
  std::string definition;  // Full name.
  calendar::Period period;
};
absl::StatusOr<StatisticRef> ParseStatistic(absl::string_view name);

struct SheetRef {
  std::string unit;      // Id.
  std::string campaign;  // Full name.
};
absl::StatusOr<SheetRef> ParseSheet(absl::string_view name);
std::string SheetName(absl::string_view unit, absl::string_view campaign);
// The row of a stage, and the sheet and the stage that it belongs to.
std::string StageKey(absl::string_view sheet, absl::string_view stage);
struct StageRef {
  SheetRef sheet;
  std::string stage;  // Id.
};
absl::StatusOr<StageRef> ParseStage(absl::string_view key);

// `unit` is an id, `publication` a full name.
std::string ResultName(absl::string_view unit, absl::string_view publication);
struct ResultRef {
  std::string unit;         // Id.
  std::string publication;  // Full name.
};
absl::StatusOr<ResultRef> ParseResult(absl::string_view name);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_NAMES_H_
