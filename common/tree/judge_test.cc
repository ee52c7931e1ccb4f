#include "common/tree/judge.h"

#include <string>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace::tree {
namespace {

//   county - town - village; county - school; ministry above school on the sector line.
class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    Add("county", "", "");
    Add("town", "county", "");
    Add("village", "town", "");
    Add("ministry", "", "");
    Add("school", "county", "ministry");
    tree_ = builder_.Publish();
  }

  void Add(const char* id, const char* parent, const char* sector) {
    UnitRecord record;
    record.id = id;
    record.territory_parent = parent;
    record.sector_parent = sector;
    EXPECT_TRUE(builder_.Upsert(record).ok());
  }

  bool May(absl::string_view office, absl::string_view issuer, absl::string_view judged) {
    const absl::Status status = MayJudge(*tree_, office, issuer, judged);
    EXPECT_TRUE(status.ok() || HasReason(status, Reason::SELF_JUDGEMENT)) << status;
    return status.ok();
  }

  TreeBuilder builder_;
  std::shared_ptr<const Tree> tree_;
};

TEST_F(JudgeTest, TheIssuerAndOfficesAboveMay) {
  EXPECT_TRUE(May("town", "county", "village"));
  EXPECT_TRUE(May("county", "town", "village"));
  EXPECT_TRUE(May("county", "", "village"));
  EXPECT_TRUE(May("ministry", "county", "school")) << "above on the sector line";
  EXPECT_TRUE(May("school", "school", "village")) << "the issuer, wherever it stands";
  EXPECT_TRUE(May("town", "town", "county")) << "the issuer, even from below";
}

TEST_F(JudgeTest, NobodyElseMayAndNobodyItself) {
  EXPECT_FALSE(May("village", "county", "village"));
  EXPECT_FALSE(May("village", "village", "village")) << "not even as the issuer";
  EXPECT_FALSE(May("county", "county", "county"));
  EXPECT_FALSE(May("village", "county", "town")) << "from below";
  EXPECT_FALSE(May("school", "county", "village")) << "from aside";
  EXPECT_FALSE(May("ministry", "county", "village")) << "another line";
  EXPECT_FALSE(May("", "", "village"));
  EXPECT_FALSE(May("", "county", "village"));
}

TEST_F(JudgeTest, UnknownUnitsAreAboveNobody) {
  EXPECT_FALSE(May("nowhere", "county", "village"));
  EXPECT_FALSE(May("county", "town", "nowhere"));
  EXPECT_TRUE(May("nowhere", "nowhere", "village")) << "the issuer needs no tree";
}

TEST_F(JudgeTest, TheErrorNamesBoth) {
  const auto details = DetailsOf(MayJudge(*tree_, "village", "county", "village"));
  ASSERT_TRUE(details.has_value());
  EXPECT_NE(details->en.find("units/village"), std::string::npos);
}

}  // namespace
}  // namespace terrace::tree
