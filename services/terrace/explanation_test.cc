#include "services/terrace/explanation.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using scoring::v1::Part;
using ::testing::HasSubstr;

Part MakePart(const char* subject, const char* shown, const char* contribution) {
  Part part;
  part.set_kind(scoring::v1::PART_KIND_NODE);
  part.set_subject(subject);
  part.mutable_shown()->set_value(shown);
  part.mutable_contribution()->set_value(contribution);
  return part;
}

Part MakeWhole() {
  Part whole = MakePart("whole", "10", "9.999999999999");
  *whole.add_parts() = MakePart("a", "3.34", "3.333333333333");
  *whole.add_parts() = MakePart("b", "6.66", "6.666666666666");
  return whole;
}

TEST(Explanation, PartsThatAddUp) {
  EXPECT_TRUE(CheckPartsAddUp(MakeWhole()).ok());
  EXPECT_TRUE(CheckPartsAddUp(MakePart("leaf", "1", "1")).ok());
}

TEST(Explanation, TheOutlookTellsWhatAGradeNeeds) {
  scoring::v1::Outlook outlook;
  EXPECT_EQ(OutlookText(outlook, Language::kEnglish), "");
  outlook.add_open_nodes("site");
  outlook.add_open_nodes("files");
  outlook.mutable_open_points()->set_value("30");
  outlook.mutable_least()->set_value("60");
  outlook.mutable_most()->set_value("90");
  const auto add = [&](const char* grade, const char* bound, const char* needed) {
    scoring::v1::GradeOutlook& of = *outlook.add_grades();
    of.set_grade(grade);
    of.mutable_lower_bound()->set_value(bound);
    of.set_reachable(needed != nullptr);
    if (needed != nullptr) of.mutable_needed()->set_value(needed);
  };
  add("A", "95", nullptr);
  add("B", "80", "20");
  add("C", "60", "0");
  EXPECT_EQ(OutlookText(outlook, Language::kEnglish),
            "Open: site, files (30 points); the score ends between 60 and 90.\n"
            "  A (>= 95): cannot be reached any more.\n"
            "  B (>= 80): needs at least 20 points on the open lines together.\n"
            "  C (>= 60): certain.\n");
  EXPECT_THAT(OutlookText(outlook, Language::kChinese), HasSubstr("合计至少须得 20 分"));
}

TEST(Explanation, TheOutlookOfARollUpTellsHowManySheetsAreOpen) {
  scoring::v1::Outlook outlook;
  outlook.set_open_sheet_count(12);
  outlook.mutable_least()->set_value("60");
  outlook.mutable_most()->set_value("90");
  scoring::v1::GradeOutlook& grade = *outlook.add_grades();
  grade.set_grade("B");
  grade.mutable_lower_bound()->set_value("80");
  grade.set_reachable(true);
  EXPECT_EQ(OutlookText(outlook, Language::kEnglish),
            "Open: 12 sheets; the score ends between 60 and 90.\n"
            "  B (>= 80): can still be reached.\n");
  EXPECT_THAT(OutlookText(outlook, Language::kChinese), HasSubstr("12 份评分表"));
}

TEST(Explanation, FindsAWrongLastDigit) {
  Part whole = MakeWhole();
  whole.mutable_parts(1)->mutable_contribution()->set_value("6.666666666667");
  EXPECT_THAT(CheckPartsAddUp(whole).message(), HasSubstr("exact contributions"));
  whole = MakeWhole();
  whole.mutable_parts(0)->mutable_shown()->set_value("3.33");
  EXPECT_THAT(CheckPartsAddUp(whole).message(), HasSubstr("shown points"));
}

TEST(Explanation, LooksIntoEveryDepth) {
  Part whole = MakeWhole();
  *whole.mutable_parts(0)->add_parts() = MakePart("deep", "3.34", "3.3");
  EXPECT_THAT(CheckPartsAddUp(whole).message(), HasSubstr("of a do not"));
}

TEST(Explanation, ReadsInEitherLanguage) {
  Part whole = MakeWhole();
  whole.set_arithmetic("the sum of two");
  whole.set_arithmetic_zh("两项之和");
  EXPECT_THAT(ExplanationText(whole, Language::kEnglish), HasSubstr("whole: the sum of two\n"));
  EXPECT_THAT(ExplanationText(whole, Language::kChinese), HasSubstr("两项之和"));
}

TEST(Explanation, ShowsAFewRecords) {
  Part node = MakePart("node", "3", "3");
  for (int i = 0; i < 3; ++i) {
    Part record = MakePart("units/a/visits/v/observations/d-1", "1", "1");
    record.set_kind(scoring::v1::PART_KIND_RECORD);
    *node.add_parts() = record;
  }
  EXPECT_THAT(ExplanationText(node, Language::kEnglish, 1), HasSubstr("and 2 more records"));
}

}  // namespace
}  // namespace terrace::cli
