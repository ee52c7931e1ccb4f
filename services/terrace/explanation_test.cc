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
