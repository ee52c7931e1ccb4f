#include "services/terrace/explanation.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "services/terrace/output.h"
#include "services/terrace/score_words.h"
#include "services/terrace/words.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;

// A decimal in units of 1e-12; an absent one is 0.
absl::StatusOr<__int128> Units(const types::v1::Decimal& wire) {
  if (wire.value().empty()) return 0;
  TERRACE_ASSIGN_OR_RETURN(const Decimal value, Decimal::Parse(wire.value(), "contribution"));
  __int128 units = value.unscaled();
  for (int i = value.decimals(); i < 12; ++i) units *= 10;
  for (int i = value.decimals(); i > 12; --i) units /= 10;
  return units;
}

std::string Title(const v1::Part& part) {
  const std::string subject =
      part.kind() == v1::PART_KIND_RECORD ? part.subject() : IdOf(part.subject());
  if (part.display_name().empty() || part.kind() == v1::PART_KIND_RECORD) return subject;
  return part.display_name();
}

void Append(const v1::Part& part, int depth, Language language, int records_max, std::string* out) {
  const std::string& arithmetic =
      language == Language::kChinese ? part.arithmetic_zh() : part.arithmetic();
  const std::string shown =
      part.has_shown() ? part.shown().value() : AssessmentText(part.assessment());
  absl::StrAppendFormat(out, "%s%8s  %s", std::string(static_cast<size_t>(depth) * 2, ' '), shown,
                        Title(part));
  if (!arithmetic.empty()) absl::StrAppend(out, ": ", arithmetic);
  absl::StrAppend(out, "\n");
  int records = 0;
  for (const v1::Part& child : part.parts()) {
    if (child.kind() == v1::PART_KIND_RECORD && ++records > records_max) continue;
    Append(child, depth + 1, language, records_max, out);
  }
  if (records > records_max) {
    absl::StrAppendFormat(out, "%s%8s  ... and %d more records\n",
                          std::string(static_cast<size_t>(depth + 1) * 2, ' '), "",
                          records - records_max);
  }
}

absl::Status Mismatch(const v1::Part& part, absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("the ", what, " of the parts of ", part.subject(), " do not add up to it"));
}

}  // namespace

std::string ExplanationText(const v1::Part& whole, Language language, int records_max) {
  std::string out;
  Append(whole, 0, language, records_max, &out);
  return out;
}

std::string OutlookText(const v1::Outlook& outlook, Language language) {
  const bool rolled = outlook.open_sheet_count() > 0;
  if (outlook.open_nodes().empty() && !rolled) return "";
  const bool chinese = language == Language::kChinese;
  const std::string lines =
      rolled    ? absl::StrCat(outlook.open_sheet_count(), chinese ? " 份评分表" : " sheets")
      : chinese ? absl::StrFormat("%s（共 %s 分）", absl::StrJoin(outlook.open_nodes(), "、"),
                                  outlook.open_points().value())
                : absl::StrFormat("%s (%s points)", absl::StrJoin(outlook.open_nodes(), ", "),
                                  outlook.open_points().value());
  const auto none = [chinese](const types::v1::Decimal& value) {
    return !value.value().empty() ? value.value() : chinese ? "无得分" : "no score";
  };
  std::string out = chinese ? absl::StrFormat("未评：%s；最终得分在 %s 与 %s 之间。\n", lines,
                                              none(outlook.least()), none(outlook.most()))
                            : absl::StrFormat("Open: %s; the score ends between %s and %s.\n",
                                              lines, none(outlook.least()), none(outlook.most()));
  for (const v1::GradeOutlook& grade : outlook.grades()) {
    const std::string head =
        absl::StrCat("  ", grade.grade(), " (>= ", grade.lower_bound().value(), "): ");
    std::string tail;
    if (!grade.reachable()) {
      tail = chinese ? "已无法达到。" : "cannot be reached any more.";
    } else if (grade.needed().value() == "0") {
      tail = chinese ? "已确定达到。" : "certain.";
    } else if (rolled) {
      tail = chinese ? "仍可达到。" : "can still be reached.";
    } else {
      tail = chinese ? absl::StrCat("未评各项合计至少须得 ", grade.needed().value(), " 分。")
                     : absl::StrCat("needs at least ", grade.needed().value(),
                                    " points on the open lines together.");
    }
    absl::StrAppend(&out, head, tail, "\n");
  }
  return out;
}

absl::Status CheckPartsAddUp(const v1::Part& whole) {
  if (whole.parts().empty()) return absl::OkStatus();
  __int128 shown = 0;
  __int128 contribution = 0;
  for (const v1::Part& part : whole.parts()) {
    TERRACE_RETURN_IF_ERROR(CheckPartsAddUp(part));
    TERRACE_ASSIGN_OR_RETURN(const __int128 part_shown, Units(part.shown()));
    TERRACE_ASSIGN_OR_RETURN(const __int128 part_contribution, Units(part.contribution()));
    shown += part_shown;
    contribution += part_contribution;
  }
  TERRACE_ASSIGN_OR_RETURN(const __int128 whole_shown, Units(whole.shown()));
  TERRACE_ASSIGN_OR_RETURN(const __int128 whole_contribution, Units(whole.contribution()));
  if (shown != whole_shown) return Mismatch(whole, "shown points");
  if (contribution != whole_contribution) return Mismatch(whole, "exact contributions");
  return absl::OkStatus();
}

}  // namespace terrace::cli
