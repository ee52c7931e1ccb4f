#include "services/terrace/csv.h"

#include <string>
#include <vector>

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// All rows of a table with three columns.
absl::StatusOr<std::vector<std::vector<std::string>>> Rows(const std::string& text) {
  auto csv = CsvReader::FromText("t.csv", text);
  if (!csv.ok()) return csv.status();
  std::vector<std::vector<std::string>> rows;
  for (;;) {
    auto some = csv->Next();
    if (!some.ok()) return some.status();
    if (!*some) return rows;
    std::vector<std::string>& row = rows.emplace_back();
    for (size_t i = 0; i < csv->headings().size(); ++i) row.emplace_back(csv->Field(i));
  }
}

TEST(Csv, ReadsPlainAndQuotedFields) {
  const auto rows = Rows("a,b,c\n1,\"x, \"\"y\"\"\",\n\"\",2,\"line\nbreak\"\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows,
              ElementsAre(ElementsAre("1", "x, \"y\"", ""), ElementsAre("", "2", "line\nbreak")));
}

TEST(Csv, TakesCarriageReturnsAByteOrderMarkAndNoLastLineFeed) {
  const auto rows = Rows(
      "\xEF\xBB\xBF"
      "a,b,c\r\n\r\n1,\"2\",3\r\n\n4,5,6");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre(ElementsAre("1", "2", "3"), ElementsAre("4", "5", "6")));
}

TEST(Csv, AFieldAfterTheLastCommaIsEmpty) {
  const auto rows = Rows("a,b,c\n1,2,");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre(ElementsAre("1", "2", "")));
}

TEST(Csv, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(Rows("a,b,c\n1,2,3\n4,5\n").status().message(), HasSubstr("t.csv, line 3"));
  EXPECT_THAT(Rows("a,b,c\n\"x\ny\",2,3\n4\n").status().message(), HasSubstr("line 4"));
  EXPECT_THAT(Rows("a,b,c\n1,\"2,3\n").status().message(), HasSubstr("a quote does not end"));
  EXPECT_THAT(Rows("a,b,c\n1,2\"2,3\n").status().message(), HasSubstr("inside a field"));
  EXPECT_THAT(Rows("a,b,a\n").status().message(), HasSubstr("twice"));
  EXPECT_TRUE(HasReason(Rows("").status(), Reason::BAD_TABLE));
}

TEST(Csv, FindsColumnsByHeading) {
  auto csv = CsvReader::FromText("t.csv", "code,name\n11,Beijing\n");
  ASSERT_TRUE(csv.ok());
  EXPECT_TRUE(csv->Require({"name", "code"}).ok());
  EXPECT_THAT(csv->Require({"parent"}).message(), HasSubstr("the column parent is missing"));
  ASSERT_TRUE(*csv->Next());
  EXPECT_EQ(csv->Field("name"), "Beijing");
  EXPECT_EQ(csv->Field("parent"), "");
  EXPECT_EQ(csv->line(), 2);
}

TEST(Csv, SaysWhichFileIsMissing) {
  const absl::Status status = CsvReader::Open("/nowhere/t.csv").status();
  EXPECT_TRUE(HasReason(status, Reason::FILE_FAILED));
  EXPECT_THAT(status.message(), HasSubstr("/nowhere/t.csv"));
}

TEST(Csv, WritesWhatItReads) {
  const std::vector<std::string> fields = {"plain", "with, comma", "with \"quote\"", "two\nlines"};
  const auto rows = Rows("a,b,c,d\n" + CsvRow(fields));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre(fields));
}

}  // namespace
}  // namespace terrace::cli
