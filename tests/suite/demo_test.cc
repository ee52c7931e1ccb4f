// The demo end to end: its self-test passes, and what it reports is what the founding reports say.
// The expected figures stand in tests/data/demo_figures.csv and nowhere else.
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/terrace/csv.h"
#include "services/terrace/run.h"

namespace terrace {
namespace {

class DemoTest : public testing::Test {
 protected:
  // One run for all tests: it loads the sample twice.
  static void SetUpTestSuite() {
    std::ostringstream out, err;
    code_ = cli::RunLine({"demo", "--check", "--json", "--lang", "en"}, out, err);
    error_ = err.str();
    for (absl::string_view line : absl::StrSplit(out.str(), '\n', absl::SkipEmpty())) {
      google::protobuf::Struct row;
      ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(std::string(line), &row).ok())
          << line;
      const auto& fields = row.fields();
      if (fields.contains("figure")) {
        figures_[fields.at("figure").string_value()] = fields.at("value").string_value();
      }
      if (fields.contains("check")) {
        const std::string name = fields.at("check").string_value();
        found_[name] = fields.at("found").string_value();
        if (!fields.at("passed").bool_value()) failed_.push_back(name);
      }
    }
  }

  static int code_;
  static std::string error_;
  static std::map<std::string, std::string> figures_;
  static std::map<std::string, std::string> found_;  // By check.
  static std::vector<std::string> failed_;
};
int DemoTest::code_ = -1;
std::string DemoTest::error_;
std::map<std::string, std::string> DemoTest::figures_;
std::map<std::string, std::string> DemoTest::found_;
std::vector<std::string> DemoTest::failed_;

TEST_F(DemoTest, EveryCheckPasses) {
  EXPECT_EQ(code_, 0) << error_;
  EXPECT_THAT(failed_, testing::IsEmpty());
  EXPECT_GT(found_.size(), figures_.size());
}

TEST_F(DemoTest, EveryFigureIsTheFoundingReports) {
  auto csv = cli::CsvReader::Open("tests/data/demo_figures.csv");
  ASSERT_TRUE(csv.ok()) << csv.status();
  int figures = 0;
  for (;;) {
    auto some = csv->Next();
    ASSERT_TRUE(some.ok()) << some.status();
    if (!*some) break;
    ++figures;
    const std::string key(csv->Field("figure"));
    EXPECT_EQ(figures_[key], std::string(csv->Field("value"))) << key;
  }
  EXPECT_GT(figures, 90);
}

TEST_F(DemoTest, OneTitleRevokedGives247And9464Percent) {
  EXPECT_EQ(found_["one title revoked: titled units, recounted"], "247");
  EXPECT_EQ(found_["one title revoked: rate, recounted"], "94.64");
}

TEST_F(DemoTest, OneLateReportStandsOnTheDueList) {
  EXPECT_EQ(found_["one report late: due list before"], "not due");
  EXPECT_EQ(found_["one report late: due list after"], "overdue");
}

TEST_F(DemoTest, OneNewVisitMovesEveryScoreUpToTheRoot) {
  for (const char* office : {"units/county-a", "units/prefecture-m", "units/prefecture-n",
                             "units/region-r", "units/nation"}) {
    EXPECT_EQ(found_[std::string("one new visit: the score of ") + office + " falls"], "yes");
  }
  EXPECT_EQ(found_["one new visit: the watch shows the root moving"], "yes");
}

}  // namespace
}  // namespace terrace
