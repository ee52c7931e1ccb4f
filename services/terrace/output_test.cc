#include "services/terrace/output.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/terrace/listing.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::cli {
namespace {

using ::testing::HasSubstr;

TEST(Width, ChineseCharactersTakeTwoColumns) {
  EXPECT_EQ(WidthOf(""), 0u);
  EXPECT_EQ(WidthOf("abc"), 3u);
  EXPECT_EQ(WidthOf("东湖村07"), 8u);
  EXPECT_EQ(WidthOf("é"), 1u);
  EXPECT_EQ(WidthOf("e\xCC\x81"), 1u);  // With a combining accent.
  EXPECT_EQ(WidthOf("\xF0\xA0\x80\x80"), 2u);
  EXPECT_EQ(WidthOf("\xFF\xE4"), 2u);  // Broken bytes do no harm.
}

TEST(Clip, CutsWholeCharacters) {
  EXPECT_EQ(Clip("short", 5), "short");
  EXPECT_EQ(Clip("longer", 5), "long…");
  EXPECT_EQ(Clip("东湖村07", 8), "东湖村07");
  EXPECT_EQ(Clip("东湖村07", 6), "东湖…");
}

TEST(Table, SetsNumbersFlushRight) {
  Table table({"UNIT", "COUNT"});
  table.Add({"east", "7"});
  table.Add({"west", "1,234"});
  EXPECT_EQ(table.ToString(),
            "UNIT  COUNT\n"
            "east      7\n"
            "west  1,234\n");
}

TEST(Table, FillsShortRowsAndTrimsLines) {
  Table table({"A", "B", "C"});
  table.Add({"东湖", "x"});
  EXPECT_EQ(table.ToString(),
            "A     B  C\n"
            "东湖  x\n");
  EXPECT_EQ(table.rows(), 1u);
}

TEST(Table, AnEmptyOneHasItsHeadings) { EXPECT_EQ(Table({"A", "B"}).ToString(), "A  B\n"); }

TEST(Json, IsOneLineWithTheNamesOfTheProtos) {
  types::v1::Cursor cursor;
  cursor.set_log_id("ab");
  cursor.set_revision(7);
  EXPECT_EQ(ToJson(cursor), "{\"log_id\":\"ab\",\"revision\":\"7\"}");
}

TEST(Facts, LeavesOutWhatHasNoValue) {
  EXPECT_EQ(FactsText({{"unit", "units/a"}, {"rank", ""}, {"level", "county"}}),
            "unit   units/a\n"
            "level  county\n");
}

TEST(Output, PrintsLines) {
  std::ostringstream out;
  Output output(&out, /*json=*/true);
  output.Line("one");
  output.PrintJson(types::v1::Cursor());
  EXPECT_THAT(out.str(), HasSubstr("one\n{}\n"));
  EXPECT_TRUE(output.json());
}

}  // namespace
}  // namespace terrace::cli
