#include "services/terrace/score_words.h"

#include "absl/strings/str_cat.h"
#include "services/terrace/words.h"

namespace terrace::cli {

std::string AssessmentText(scoring::v1::Assessment assessment) {
  return EnumText(scoring::v1::Assessment_Name(assessment), "ASSESSMENT_");
}

std::string NodeText(const scoring::v1::NodeScore& node) {
  return node.assessment() == scoring::v1::ASSESSMENT_SCORED
             ? absl::StrCat(node.earned().value(), " of ", node.available().value())
             : AssessmentText(node.assessment());
}

std::string StandingText(const scoring::v1::Sheet& sheet) {
  return absl::StrCat(EnumText(scoring::v1::SheetState_Name(sheet.state()), "SHEET_STATE_"),
                      sheet.stage().empty() ? "" : " at ", sheet.stage());
}

}  // namespace terrace::cli
