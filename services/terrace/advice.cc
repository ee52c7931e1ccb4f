#include "services/terrace/advice.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace terrace::cli {

Language LanguageOf(absl::string_view flag) {
  if (!flag.empty()) return flag == "zh" ? Language::kChinese : Language::kEnglish;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return absl::StartsWith(value, "zh") ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::string AdviceOf(const absl::Status& status, Language language) {
  const absl::optional<ErrorDetails> details = DetailsOf(status);
  if (!details) {
    return absl::StrCat("terrace: ", status.message(), " [",
                        absl::StatusCodeToString(status.code()), "]");
  }
  return absl::StrCat("terrace: ", language == Language::kChinese ? details->zh : details->en, " [",
                      InfoOf(details->reason).name, "]");
}

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return 0;
  return HasReason(status, Reason::USAGE) ? 2 : 1;
}

}  // namespace terrace::cli
