#include "services/terrace/unit_csv.h"

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<registry::v1::ImportUnitRow> ParseOne(const std::string& text) {
  auto csv = CsvReader::FromText("units.csv", text);
  if (!csv.ok()) return csv.status();
  if (absl::Status status = CheckUnitColumns(*csv); !status.ok()) return status;
  auto some = csv->Next();
  if (!some.ok()) return some.status();
  return ParseUnitRow(*csv);
}

TEST(UnitCsv, ReadsARow) {
  const auto row = ParseOne(
      "id,parent,name,name:zh,kind,level,rank,from,uscc,contact_role\n"
      "s1,county-a,School 1,第1学校,school,site,county,2001-09-01,12999999MA0000001X,head\n");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->unit_id(), "s1");
  EXPECT_EQ(row->parent_id(), "county-a");
  EXPECT_EQ(row->from_date().year(), 2001);
  EXPECT_EQ(row->unit().display_name(), "School 1");
  EXPECT_EQ(row->unit().localized_names().at("zh"), "第1学校");
  EXPECT_EQ(row->unit().kind(), "kinds/school");
  EXPECT_EQ(row->unit().level(), "levels/site");
  EXPECT_EQ(row->unit().rank(), "levels/county");
  EXPECT_EQ(row->unit().codes(0).system(), "uscc");
  EXPECT_EQ(row->unit().contact_role(), "head");
}

TEST(UnitCsv, LeavesOutWhatIsEmpty) {
  const auto row = ParseOne("id,name,kind,level,rank,from,uscc\na,A,county,county,,,\n");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_TRUE(row->unit().rank().empty());
  EXPECT_FALSE(row->has_from_date());
  EXPECT_EQ(row->unit().codes_size(), 0);
}

TEST(UnitCsv, RefusesUnknownAndMissingColumnsAndDays) {
  EXPECT_THAT(ParseOne("id,name,kind\na,A,county\n").status().message(),
              HasSubstr("the column level is missing"));
  EXPECT_THAT(ParseOne("id,name,kind,level,colour\na,A,county,county,red\n").status().message(),
              HasSubstr("the column colour is not known"));
  EXPECT_THAT(ParseOne("id,name,kind,level,from\na,A,county,county,2016\n").status().message(),
              HasSubstr("units.csv, line 2: \"2016\" is not a day"));
}

TEST(UnitCsv, AnExportIsAnImport) {
  registry::v1::ExportUnitsResponse::Record record;
  registry::v1::Unit& unit = *record.mutable_unit();
  unit.set_name("units/s1");
  unit.set_display_name("School, \"the first\"");
  (*unit.mutable_localized_names())["zh"] = "第1学校";
  unit.set_kind("kinds/school");
  unit.set_level("levels/site");
  unit.set_no_code_reason("being registered");
  unit.mutable_placement()->set_parent("units/county-a");
  unit.mutable_placement()->set_sector_parent("units/agency");
  unit.mutable_open_date()->set_year(2001);
  unit.mutable_open_date()->set_month(9);
  unit.mutable_open_date()->set_day(1);
  registry::v1::UnitCode& code = *unit.add_codes();
  code.set_system("stat");
  code.set_code("110101");
  const auto row = ParseOne(CsvRow(UnitColumns()) + CsvRow(UnitFields(record)));
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->unit_id(), "s1");
  EXPECT_EQ(row->parent_id(), "county-a");
  EXPECT_EQ(row->sector_parent_id(), "agency");
  EXPECT_EQ(row->unit().display_name(), unit.display_name());
  EXPECT_EQ(row->unit().localized_names_size(), 1);
  EXPECT_EQ(row->unit().no_code_reason(), "being registered");
  EXPECT_EQ(row->unit().codes(0).code(), "110101");
  EXPECT_EQ(row->from_date().month(), 9);
}

}  // namespace
}  // namespace terrace::cli
