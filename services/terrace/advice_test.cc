#include "services/terrace/advice.h"

#include <cstdlib>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

TEST(Advice, SpeaksTheCallersLanguage) {
  const absl::Status status = Error(Reason::NOT_FOUND, {{"name", "units/x"}});
  EXPECT_EQ(AdviceOf(status, Language::kEnglish),
            "terrace: units/x does not exist or is out of your scope. [NOT_FOUND]");
  EXPECT_EQ(AdviceOf(status, Language::kChinese),
            "terrace: units/x 不存在或不在您的权限范围内。 [NOT_FOUND]");
}

TEST(Advice, TellsErrorsOutsideTheCatalogueAsTheyAre) {
  EXPECT_EQ(AdviceOf(absl::DataLossError("broken"), Language::kChinese),
            "terrace: broken [DATA_LOSS]");
}

TEST(Advice, TheFlagGoesBeforeTheEnvironment) {
  setenv("LC_ALL", "zh_CN.UTF-8", 1);
  EXPECT_EQ(LanguageOf(""), Language::kChinese);
  EXPECT_EQ(LanguageOf("en"), Language::kEnglish);
  setenv("LC_ALL", "", 1);  // Counts as not set.
  setenv("LC_MESSAGES", "de_DE", 1);
  setenv("LANG", "zh_CN", 1);
  EXPECT_EQ(LanguageOf(""), Language::kEnglish);
  EXPECT_EQ(LanguageOf("zh"), Language::kChinese);
  unsetenv("LC_ALL");
  unsetenv("LC_MESSAGES");
  unsetenv("LANG");
  EXPECT_EQ(LanguageOf(""), Language::kEnglish);
}

TEST(Advice, UsageErrorsHaveAnExitCodeOfTheirOwn) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(Error(Reason::NOT_FOUND)), 1);
  EXPECT_EQ(ExitCodeOf(Error(Reason::USAGE)), 2);
}

}  // namespace
}  // namespace terrace::cli
