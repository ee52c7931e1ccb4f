#include "services/terrace/progress.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(Thousands, AreSeparated) {
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(1000), "1,000");
  EXPECT_EQ(Thousands(665277), "665,277");
  EXPECT_EQ(Thousands(-1234567), "-1,234,567");
}

TEST(Progress, TellsHowMuchIsLeft) {
  const std::string bar = Progress::Draw("Units", 250, 1000, absl::Seconds(5));
  EXPECT_THAT(bar, HasSubstr(" 25 %"));
  EXPECT_THAT(bar, HasSubstr("250 of 1,000"));
  EXPECT_THAT(bar, HasSubstr("50/s"));
  EXPECT_THAT(bar, EndsWith("15 s left"));
}

TEST(Progress, KnowsNoEndWithoutATotal) {
  EXPECT_EQ(Progress::Draw("Keys", 1234, -1, absl::Seconds(5)), "Keys  1,234  5.0 s");
}

TEST(Progress, TellsHowLongItTook) {
  EXPECT_THAT(Progress::Draw("Units", 1000, 1000, absl::Seconds(5)), EndsWith("5.0 s"));
  EXPECT_THAT(Progress::Draw("Units", 0, 0, absl::ZeroDuration()), HasSubstr("100 %"));
  EXPECT_THAT(Progress::Draw("Units", 0, 10, absl::Seconds(1)), EndsWith("0/s"));
}

TEST(Progress, PrintsNothingWhenNobodyLooks) {
  testing::internal::CaptureStderr();
  {
    Progress progress("Units", 10, /*shown=*/false);
    progress.Add(5);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, EndsItsLine) {
  testing::internal::CaptureStderr();
  {
    Progress progress("Units", 10, /*shown=*/true);
    progress.Add(4);
    progress.Add(100);  // More than all is all.
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("10 of 10"));
}

}  // namespace
}  // namespace terrace::cli
