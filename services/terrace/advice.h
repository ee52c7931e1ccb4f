// Errors as people read them: one sentence in their language, and the reason to look up.
#ifndef TERRACE_SERVICES_TERRACE_ADVICE_H_
#define TERRACE_SERVICES_TERRACE_ADVICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace terrace::cli {

enum class Language { kEnglish, kChinese };

// `flag` is the value of --lang, empty when it is not given; then LC_ALL, LC_MESSAGES and LANG
// decide, as everywhere.
Language LanguageOf(absl::string_view flag);

// "terrace: <sentence> [REASON]", without a line feed.
std::string AdviceOf(const absl::Status& status, Language language);

// What a process that ends with this status returns: 0, 2 for a usage error, 1 for all others.
int ExitCodeOf(const absl::Status& status);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_ADVICE_H_
