#include "services/registry/programme.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/resource/names.h"
#include "services/registry/dates.h"
#include "services/registry/designation.h"
#include "services/registry/fields.h"

namespace terrace::registry {
namespace {

constexpr absl::string_view kFixed[] = {"name", "etag", "zone", "create_time", "update_time"};

absl::Status CheckTitles(const v1::Programme& programme) {
  TERRACE_RETURN_IF_ERROR(CheckCount(programme.titles_size(), kTitlesMax));
  std::set<absl::string_view> ids;
  for (const v1::Title& title : programme.titles()) {
    TERRACE_RETURN_IF_ERROR(resource::CheckId(title.id()));
    if (!ids.insert(title.id()).second) {
      return InvalidField("titles.id", absl::StrCat("\"", title.id(), "\" stands there twice"));
    }
    TERRACE_RETURN_IF_ERROR(CheckNames(title.display_name(), title.localized_names()));
    TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> from,
                             ParseDate("titles.from_date", title.from_date()));
    TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> until,
                             ParseDate("titles.until_date", title.until_date()));
    if (from && until) {
      TERRACE_RETURN_IF_ERROR(CheckNotBefore("titles.until_date", *until, *from + 1));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKnownLevel(absl::string_view field, const std::string& level,
                             const Vocabulary& vocabulary) {
  if (!LevelId(level).empty() && vocabulary.FindLevel(LevelId(level)) != nullptr) {
    return absl::OkStatus();
  }
  return Error(Reason::UNKNOWN_LEVEL, {{"level", level}, {"field", std::string(field)}});
}

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t max) {
  if (0 <= value && value <= max) return absl::OkStatus();
  return Error(Reason::NUMBER_OUT_OF_RANGE, {{"value", absl::StrCat(value)},
                                             {"field", std::string(field)},
                                             {"range", absl::StrCat("0 to ", max)}});
}

absl::Status CheckScoreRule(const v1::ScoreRule& rule) {
  TERRACE_RETURN_IF_ERROR(
      resource::ParseName(rule.scheme(), "units/{office}/schemes/{scheme}").status());
  TERRACE_RETURN_IF_ERROR(
      CheckRange("levels.score_rule.periods_back_max", rule.periods_back_max(), kPeriodsBackMax));
  return CheckRange("levels.score_rule.valid_days", rule.valid_days(), kValidDaysMax);
}

absl::Status CheckLevels(const Vocabulary& vocabulary, const v1::Programme& programme) {
  TERRACE_RETURN_IF_ERROR(CheckCount(programme.levels_size(), kLevelRulesMax));
  std::set<absl::string_view> levels;
  for (const v1::LevelRule& rule : programme.levels()) {
    TERRACE_RETURN_IF_ERROR(CheckKnownLevel("levels.level", rule.level(), vocabulary));
    if (!levels.insert(rule.level()).second) {
      return InvalidField("levels.level", absl::StrCat("there are two rules for ", rule.level()));
    }
    TERRACE_RETURN_IF_ERROR(CheckRange("levels.term_months", rule.term_months(), kTermMonthsMax));
    if (rule.has_threshold()) {
      TERRACE_RETURN_IF_ERROR(FromProto(rule.threshold(), "levels.threshold").status());
    }
    if (rule.has_score_rule()) TERRACE_RETURN_IF_ERROR(CheckScoreRule(rule.score_rule()));
  }
  for (const v1::LevelRule& rule : programme.levels()) {
    if (rule.required_level().empty()) continue;
    if (FindRule(programme, rule.required_level()) == nullptr) {
      return InvalidField("levels.required_level",
                          absl::StrCat("there is no rule for ", rule.required_level()));
    }
    if (vocabulary.Ordinal(LevelId(rule.required_level())) <=
        vocabulary.Ordinal(LevelId(rule.level()))) {
      return InvalidField("levels.required_level", "it must be a lower level");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckQuotas(const Vocabulary& vocabulary, const v1::Programme& programme) {
  TERRACE_RETURN_IF_ERROR(CheckCount(programme.quotas_size(), kQuotasMax));
  for (const v1::Quota& quota : programme.quotas()) {
    if (!quota.level().empty() && FindRule(programme, quota.level()) == nullptr) {
      return InvalidField("quotas.level", absl::StrCat("there is no rule for ", quota.level()));
    }
    TERRACE_RETURN_IF_ERROR(CheckText("quotas.batch", quota.batch(), kBatchIdBytesMax));
    if (!quota.subtree().empty()) {
      TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(quota.subtree()).status());
    }
    if (!quota.kind().empty() && vocabulary.FindKind(KindId(quota.kind())) == nullptr) {
      return Error(Reason::UNKNOWN_KIND, {{"kind", quota.kind()}});
    }
    TERRACE_RETURN_IF_ERROR(CheckRange("quotas.limit", quota.limit(), kQuotaMax));
  }
  return absl::OkStatus();
}

absl::Status CheckCalendar(const v1::WorkCalendar& calendar) {
  std::set<Day> days;
  for (const auto* list : {&calendar.days_off(), &calendar.working_days()}) {
    TERRACE_RETURN_IF_ERROR(CheckCount(list->size(), kCalendarDaysMax));
    for (const google::type::Date& date : *list) {
      TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> day, ParseDate("calendar", date));
      if (!day) return Required("calendar");
      if (!days.insert(*day).second) {
        return InvalidField("calendar", absl::StrCat(FormatDay(*day), " stands there twice"));
      }
    }
  }
  for (const google::type::Date& date : calendar.working_days()) {
    const absl::Weekday weekday = absl::GetWeekday(DayOr(date, kFirstDay));
    if (weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday) continue;
    return InvalidField("calendar.working_days", "only Saturdays and Sundays stand there");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const absl::string_view> ProgrammeFixed() { return kFixed; }

absl::Status CheckProgramme(const Vocabulary& vocabulary, v1::Programme* programme) {
  TERRACE_RETURN_IF_ERROR(CheckNames(programme->display_name(), programme->localized_names()));
  if (programme->zone().empty()) programme->set_zone(std::string(kDefaultZoneName));
  TERRACE_RETURN_IF_ERROR(LoadZone("zone", programme->zone()).status());
  TERRACE_RETURN_IF_ERROR(CheckTitles(*programme));
  TERRACE_RETURN_IF_ERROR(CheckLevels(vocabulary, *programme));
  TERRACE_RETURN_IF_ERROR(CheckQuotas(vocabulary, *programme));
  TERRACE_RETURN_IF_ERROR(CheckCalendar(programme->calendar()));
  if (programme->visibility() == v1::VISIBILITY_UNSPECIFIED) {
    programme->set_visibility(v1::VISIBILITY_SUBTREE);
  }
  if (const size_t bytes = programme->ByteSizeLong(); bytes > kProgrammeBytesMax) {
    return Error(Reason::TEXT_TOO_LONG, {{"field", "programme"},
                                         {"size", absl::StrCat(bytes)},
                                         {"limit", absl::StrCat(kProgrammeBytesMax)}});
  }
  return absl::OkStatus();
}

bool QuotaFits(const v1::Quota& quota, absl::string_view level, absl::string_view batch,
               absl::string_view kind) {
  return (quota.level().empty() || quota.level() == level) &&
         (quota.batch().empty() || quota.batch() == batch) &&
         (quota.kind().empty() || quota.kind() == kind);
}

}  // namespace terrace::registry
