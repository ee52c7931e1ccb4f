#include "services/terrace/words.h"

#include "common/base/error.h"
#include "common/base/time.h"
#include "gtest/gtest.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::cli {
namespace {

TEST(Words, UnitsMayBeWrittenWithoutTheirCollection) {
  EXPECT_EQ(UnitName("county-a"), "units/county-a");
  EXPECT_EQ(UnitName("units/county-a"), "units/county-a");
  EXPECT_EQ(UnitName(""), "");
  EXPECT_EQ(InTable("levels", "county"), "levels/county");
  EXPECT_EQ(IdOf("units/a/visits/v1"), "v1");
  EXPECT_EQ(IdOf("plain"), "plain");
}

TEST(Words, DatesAreDays) {
  EXPECT_EQ(DateText(*ParseDate("2016-02-29")), "2016-02-29");
  for (const char* word : {"2015-02-29", "2016-2-1", "2016-02", "yesterday", "", "2016-02-30"}) {
    EXPECT_TRUE(HasReason(ParseDate(word).status(), Reason::USAGE)) << word;
  }
  EXPECT_EQ(DateText(google::type::Date()), "");
}

TEST(Words, ADayMeansItsEndInShanghai) {
  const absl::Time end = *ParseInstant("2016-12-31");
  EXPECT_EQ(end, absl::FromCivil(absl::CivilSecond(2016, 12, 31, 15, 59, 59), absl::UTCTimeZone()));
  EXPECT_EQ(InstantText(ToProto(end)), "2016-12-31 23:59");
}

TEST(Words, AnInstantNeedsAZone) {
  EXPECT_EQ(*ParseInstant("2016-12-31T12:00:00+08:00"),
            absl::FromCivil(absl::CivilSecond(2016, 12, 31, 4, 0, 0), absl::UTCTimeZone()));
  EXPECT_FALSE(ParseInstant("2016-12-31T12:00:00").ok());
  EXPECT_FALSE(ParseInstant("noon").ok());
}

TEST(Words, QuantitiesSayHowSureTheyAre) {
  types::v1::Quantity quantity;
  quantity.mutable_value()->set_value("600");
  EXPECT_EQ(QuantityText(quantity), "600");
  quantity.set_unit("person");
  quantity.set_qualifier(types::v1::QUALIFIER_AT_LEAST);
  EXPECT_EQ(QuantityText(quantity), "AL 600 person");
  quantity.set_qualifier(types::v1::QUALIFIER_ABOUT);
  EXPECT_EQ(QuantityText(quantity), "about 600 person");
}

TEST(Words, EnumsAreWrittenAsPeopleRead) {
  EXPECT_EQ(EnumText("DUE_STATE_DUE_SOON", "DUE_STATE_"), "due soon");
  EXPECT_EQ(EnumText("STATE_UNSPECIFIED", "STATE_"), "");
}

class ScopeTest : public testing::Test {
 protected:
  absl::Status Fill(const std::vector<std::string>& line) {
    Command command{.name = "unit list",
                    .words_max = 0,
                    .flags = {UnderFlag("units"), LineFlag(), AtFlag(), FilterFlag("x")}};
    auto arguments = Arguments::Parse(command, line);
    if (!arguments.ok()) return arguments.status();
    request_.Clear();
    return FillScope(*arguments, &request_);
  }
  registry::v1::ListUnitsRequest request_;
};

TEST_F(ScopeTest, FillsWhatIsGiven) {
  ASSERT_TRUE(Fill({"--under", "county-a", "--line", "sector", "--at", "2016-12-31", "--filter",
                    "kind = \"kinds/school\""})
                  .ok());
  EXPECT_EQ(request_.subtree(), "units/county-a");
  EXPECT_EQ(request_.line(), types::v1::LINE_SECTOR);
  EXPECT_EQ(FromProto(request_.at_time()), *ParseInstant("2016-12-31"));
  EXPECT_EQ(request_.filter(), "kind = \"kinds/school\"");
}

TEST_F(ScopeTest, LeavesTheRestAlone) {
  ASSERT_TRUE(Fill({}).ok());
  EXPECT_EQ(request_.ByteSizeLong(), 0u);
  EXPECT_TRUE(HasReason(Fill({"--at", "soon"}), Reason::USAGE));
  EXPECT_TRUE(HasReason(Fill({"--line", "diagonal"}), Reason::USAGE));
}

}  // namespace
}  // namespace terrace::cli
