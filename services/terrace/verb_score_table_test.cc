// Schemes and tables in files, as people type it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/file.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/terrace/run.h"

namespace terrace::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kAsem[] = "services/scoring/examples/asem.json";
constexpr char kAsemData[] = "tests/data/asem/asem_raw.csv";

struct Result {
  int code;
  std::string out;
  std::string err;
};
Result RunTerrace(std::vector<std::string> line) {
  line.insert(line.end(), {"--lang", "en"});
  std::ostringstream out, err;
  const int code = RunLine(std::move(line), out, err);
  return {code, out.str(), err.str()};
}
std::vector<std::string> Asem(std::vector<std::string> more) {
  std::vector<std::string> line = {"score",  "evaluate", "--scheme", kAsem,
                                   "--data", kAsemData,  "--unit",   "uCode"};
  line.insert(line.end(), more.begin(), more.end());
  return line;
}
std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(ScoreEvaluate, PrintsUnitsByRank) {
  const Result result = RunTerrace(Asem({}));
  ASSERT_EQ(result.code, 0) << result.err;
  const std::vector<std::string> lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 52u);
  EXPECT_THAT(lines[0], StartsWith("unit,rank,group_rank,score,exact_score,grade,coverage,index,"));
  // 68.3837242383417 in the publication; scores have 12 decimals.
  EXPECT_THAT(lines[1], StartsWith("CHE,1,1,68.383724,68.383724238342,,1,68.383724238342,"));
  EXPECT_THAT(lines[2], StartsWith("NLD,2,2,64.819516,"));
}

TEST(ScoreEvaluate, PrintsEveryStage) {
  for (const char* stage :
       {"raw", "denominated", "imputed", "treated", "normalised", "nodes", "scores"}) {
    const Result result = RunTerrace(Asem({"--stage", stage}));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(Lines(result.out).size(), 52u) << stage;
  }
  EXPECT_THAT(Lines(RunTerrace(Asem({"--stage", "raw"})).out)[1], StartsWith("AUT,4.097985,"));
  EXPECT_EQ(RunTerrace(Asem({"--stage", "cooked"})).code, 2);
}

TEST(ScoreEvaluate, PrintsJsonLines) {
  const Result result = RunTerrace(Asem({"--json"}));
  ASSERT_EQ(result.code, 0) << result.err;
  const std::vector<std::string> lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 51u);
  google::protobuf::Struct row;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(lines[0], &row).ok()) << lines[0];
  EXPECT_EQ(row.fields().at("unit").string_value(), "CHE");
  EXPECT_NEAR(row.fields().at("exact_score").number_value(), 68.3837242383417, 1e-9);
  EXPECT_EQ(row.fields().count("grade"), 0u);
}

TEST(ScoreEvaluate, WritesAFileWholeOrNotAtAll) {
  const std::string path = testing::TempDir() + "/scores.csv";
  std::filesystem::remove(path);
  EXPECT_EQ(RunTerrace(Asem({"--out", path, "--reference", "nowhere.csv"})).code, 1);
  EXPECT_FALSE(std::filesystem::exists(path));
  const Result result = RunTerrace(Asem({"--out", path}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(*ReadFile(path), RunTerrace(Asem({})).out);
  EXPECT_EQ(RunTerrace(Asem({"--out", "/nowhere/at/all.csv"})).code, 1);
}

TEST(ScoreEvaluate, ComparesWithAnotherTable) {
  // A table is its own reference.
  EXPECT_EQ(RunTerrace(Asem({"--reference", kAsemData})).out, RunTerrace(Asem({})).out);
  // One country alone still stands where it stood among all.
  const std::string path = testing::TempDir() + "/one.csv";
  const std::vector<std::string> lines = absl::StrSplit(*ReadFile(kAsemData), '\n');
  std::ofstream file(path);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i == 0 || absl::StrContains(lines[i], "\"NLD\"")) file << lines[i] << "\n";
  }
  file.close();
  const Result one = RunTerrace({"score", "evaluate", "--scheme", kAsem, "--data", path, "--unit",
                                 "uCode", "--reference", kAsemData});
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_THAT(Lines(one.out)[1], StartsWith("NLD,1,1,64.819516,64.819516169818,"));
}

TEST(ScoreEvaluate, SaysWhatIsMissing) {
  EXPECT_THAT(RunTerrace({"score", "evaluate"}).err, HasSubstr("name a file with --scheme"));
  EXPECT_THAT(RunTerrace({"score", "evaluate", "--scheme", kAsem}).err,
              HasSubstr("name a file with --data"));
  EXPECT_THAT(
      RunTerrace({"score", "evaluate", "--scheme", "nowhere.json", "--data", kAsemData}).err,
      HasSubstr("nowhere.json cannot be used"));
  // Without --unit the names are the units, and the group is found nevertheless.
  EXPECT_EQ(RunTerrace({"score", "evaluate", "--scheme", kAsem, "--data", kAsemData}).code, 0);
}

TEST(ScoreSimulate, ShowsWhoseStandingDiffers) {
  const std::string table = testing::TempDir() + "/simulate.csv";
  std::ofstream(table) << "unit,x,y\na,90,20\nb,80,50\nc,10,10\n";
  const auto scheme = [](const std::string& name, int of_x) {
    const std::string path = absl::StrCat(testing::TempDir(), "/", name);
    const auto leaf = [](const char* column, int points) {
      return absl::StrCat(R"({"id": ")", column, R"(", "points": {"value": ")", points,
                          R"("}, "leaf": {"statistic": {"definition": ")", column,
                          R"("}, "ratio": {"full_at": {"value": "100"}}}})");
    };
    std::ofstream(path) << R"({"points": {"value": "100"}, "nodes": [)" << leaf("x", of_x) << ","
                        << leaf("y", 100 - of_x)
                        << R"(], "bands": [{"grade": "A", "lower_bound": {"value": "60"}},
                                           {"grade": "B"}]})";
    return path;
  };
  const Result result = RunTerrace({"score", "simulate", "--scheme", scheme("a.json", 80), "--with",
                                    scheme("b.json", 50), "--data", table});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "unit,rank,rank_with,places_gained,score,score_with,grade,grade_with\n"
            "b,2,1,1,74,65,A,A\n"
            "a,1,2,-1,76,55,A,B\n");
  EXPECT_EQ(RunTerrace({"score", "simulate", "--scheme", kAsem, "--data", kAsemData}).code, 2);
}

TEST(ScoreRobustness, ShowsHowSurePlacesAre) {
  const auto run = [](std::vector<std::string> more) {
    std::vector<std::string> line = {"score",   "robustness", "--scheme", kAsem,     "--data",
                                     kAsemData, "--unit",     "uCode",    "--draws", "50"};
    line.insert(line.end(), more.begin(), more.end());
    const Result result = RunTerrace(line);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  };
  const std::string sure = run({"--spread", "0"});
  EXPECT_THAT(sure, StartsWith("unit,rank,mean,median,from,to\nCHE,1,1,1,1,1\nNLD,2,2,2,2,2\n"));
  EXPECT_EQ(std::count(sure.begin(), sure.end(), '\n'), 52);
  EXPECT_EQ(run({}), run({"--seed", "1"}));
  EXPECT_NE(run({}), run({"--seed", "2"}));
  const std::string leaves = run({"--show", "leaves"});
  EXPECT_THAT(leaves, StartsWith("leaf,mean_shift,largest_shift\n"));
  EXPECT_EQ(std::count(leaves.begin(), leaves.end(), '\n'), 50);
  EXPECT_EQ(RunTerrace({"score", "robustness", "--scheme", kAsem, "--data", kAsemData, "--unit",
                        "uCode", "--spread", "101"})
                .code,
            2);
}

TEST(ScoreCheck, ShowsIssues) {
  const Result odd =
      RunTerrace({"score", "check", "--scheme", "services/scoring/examples/school_choice.json"});
  EXPECT_EQ(odd.code, 0) << odd.err;
  EXPECT_THAT(odd.out, HasSubstr("JUDGEMENTS_INCONSISTENT"));
  const std::string path = testing::TempDir() + "/empty.json";
  std::ofstream(path) << "{}";
  const Result bad = RunTerrace({"score", "check", "--scheme", path});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("NO_NODES"));
  EXPECT_THAT(bad.err, HasSubstr("CHECKS_FAILED"));
}

}  // namespace
}  // namespace terrace::cli
