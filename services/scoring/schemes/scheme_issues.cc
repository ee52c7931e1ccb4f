#include "services/scoring/schemes/scheme_issues.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/decimal.h"
#include "common/calendar/period.h"
#include "common/resource/names.h"
#include "services/scoring/names.h"

namespace terrace::scoring {
namespace {

struct IssueInfo {
  const char* code;
  v1::IssueSeverity severity;
  absl::string_view en;
  absl::string_view zh;
};
constexpr IssueInfo kIssues[] = {
#define ISSUE(code, severity, en, zh) {#code, v1::ISSUE_SEVERITY_##severity, en, zh},
#include "services/scoring/schemes/scheme_issues.def"
#undef ISSUE
};

}  // namespace

absl::optional<FixedSum> Number(const types::v1::Decimal& wire) {
  absl::StatusOr<terrace::Decimal> value = terrace::FromProto(wire, "");
  if (!value.ok()) return absl::nullopt;
  return FixedSumFromDecimal(*value);
}

std::vector<v1::SchemeIssue> SchemeIssues::Take() {
  std::stable_sort(issues_.begin(), issues_.end(),
                   [](const auto& a, const auto& b) { return a.severity() > b.severity(); });
  return std::move(issues_);
}

void SchemeIssues::Add(Issue issue, absl::string_view field, absl::string_view arg0,
                       absl::string_view arg1) {
  const IssueInfo& info = kIssues[static_cast<size_t>(issue)];
  v1::SchemeIssue& out = issues_.emplace_back();
  out.set_severity(info.severity);
  out.set_node(node_);
  out.set_field(std::string(field));
  out.set_code(info.code);
  const std::vector<std::pair<absl::string_view, absl::string_view>> args = {{"{0}", arg0},
                                                                             {"{1}", arg1}};
  out.set_message(absl::StrReplaceAll(info.en, args));
  out.set_message_zh(absl::StrReplaceAll(info.zh, args));
}

absl::optional<FixedSum> SchemeIssues::InRange(bool present, const types::v1::Decimal& wire,
                                               absl::string_view field, FixedSum least,
                                               FixedSum most, bool required) {
  if (!present) {
    if (required) Add(Issue::NUMBER_MISSING, field);
    return absl::nullopt;
  }
  const absl::optional<FixedSum> number = Number(wire);
  if (!number || *number < least || *number > most) {
    Add(Issue::NUMBER_OUT_OF_RANGE, field, FormatSum(least), FormatSum(most));
    return absl::nullopt;
  }
  return number;
}

void SchemeIssues::CheckCount(int count, int most, absl::string_view field) {
  if (count > most) Add(Issue::TOO_MANY, field, absl::StrCat(count), absl::StrCat(most));
}

void SchemeIssues::CheckCodes(const google::protobuf::RepeatedPtrField<std::string>& names,
                              absl::string_view pattern, absl::string_view field, int most) {
  CheckCount(names.size(), most, field);
  for (int i = 0; i < names.size(); ++i) {
    if (!resource::MatchesName(names[i], pattern)) {
      Add(Issue::INVALID_NAME, absl::StrCat(field, "[", i, "]"), names[i], pattern);
    }
  }
}

void SchemeIssues::CheckName(const std::string& name, absl::string_view pattern,
                             absl::string_view field) {
  if (!resource::MatchesName(name, pattern)) Add(Issue::INVALID_NAME, field, name, pattern);
}

void SchemeIssues::CheckPeriod(const std::string& text, absl::string_view field, bool same_length) {
  absl::StatusOr<calendar::Period> period = calendar::Period::Parse(text);
  const bool fits = period.ok() && (!same_length ||
                                    (period->kind() == calendar::PeriodKind::kYear &&
                                     scheme_.periodicity() == v1::PERIODICITY_YEAR) ||
                                    (period->kind() == calendar::PeriodKind::kQuarter &&
                                     scheme_.periodicity() == v1::PERIODICITY_QUARTER) ||
                                    (period->kind() == calendar::PeriodKind::kMonth &&
                                     scheme_.periodicity() == v1::PERIODICITY_MONTH));
  if (!fits) Add(Issue::INVALID_PERIOD, field, text);
}

absl::optional<v1::StatisticDefinition> SchemeIssues::CheckStatistic(const std::string& name,
                                                                     const std::string& field) {
  if (!resource::MatchesName(name, kDefinitionPattern)) {
    Add(Issue::INVALID_NAME, field, name, kDefinitionPattern);
    return absl::nullopt;
  }
  absl::optional<v1::StatisticDefinition> found = definition_(name);
  if (!found) Add(Issue::UNKNOWN_STATISTIC, field, name);
  return found;
}

void SchemeIssues::CheckGrouping(const std::string& id, const std::string& field) {
  if (id.empty()) return;
  const auto& groupings = scheme_.groupings();
  const bool known = std::any_of(groupings.begin(), groupings.end(),
                                 [&](const v1::Grouping& grouping) { return grouping.id() == id; });
  if (!known) Add(Issue::UNKNOWN_GROUPING, field, id);
}

void SchemeIssues::CheckNumber(int64_t number, const std::string& field) {
  if (number < 0 || number > 1'000'000) Add(Issue::NUMBER_OUT_OF_RANGE, field, "0", "1000000");
}

}  // namespace terrace::scoring
