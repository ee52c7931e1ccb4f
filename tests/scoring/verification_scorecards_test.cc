// Scorecards, deductions and comparisons by pairs against what was published; and that every
// example is a valid scheme.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/scoring/engine/weights.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/terrace/csv.h"
#include "tests/scoring/published.h"

namespace terrace::scoring {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;

TEST(VerificationOpenssf, MeansOverConclusiveChecks) {
  const std::string path = "tests/data/ossf/ossf_scores.csv";
  const Scored scored = ScoreFile(ExamplePath("openssf"), path, "");
  const Published expected(path, "project");
  ASSERT_EQ(expected.keys().size(), 8u);
  for (const std::string& project : expected.keys()) {
    const std::string published = expected.Text(project, "aggregate_published_1dp");
    if (project == "gatsbyjs/gatsby") {
      // Exactly halfway. Scorecard prints it by the rule of C's printf, half to even; Terrace
      // rounds half up everywhere.
      EXPECT_EQ(scored.result.scores[scored.Unit(project)], Fixed::FromUnits(6'250'000'000'000));
      EXPECT_EQ(published, "6.2");
      EXPECT_EQ(scored.Shown(project), "6.3");
      continue;
    }
    EXPECT_EQ(scored.Shown(project), published) << project;
  }
}

TEST(VerificationInspections, DeductionsByRisk) {
  const std::string dir = ReferenceData("sf_inspections");
  if (dir.empty()) GTEST_SKIP() << "the folder sf_inspections is absent; see tests/data/README.md";
  auto csv = cli::CsvReader::Open(dir + "/sf_inspections.csv");
  ASSERT_TRUE(csv.ok());
  std::string table = "visit,n_high,n_moderate,n_low\n";
  std::map<std::string, std::string> published;
  while (*csv->Next()) {
    const std::string visit = absl::StrCat("visit-", csv->line());
    absl::StrAppend(&table, cli::CsvRow({visit, std::string(csv->Field("n_high")),
                                         std::string(csv->Field("n_moderate")),
                                         std::string(csv->Field("n_low"))}));
    published[visit] = std::string(csv->Field("score_published"));
  }
  ASSERT_EQ(published.size(), 987u);
  const Scored scored = ScoreText(ExamplePath("sf_inspections"), table);
  for (const auto& [visit, score] : published) EXPECT_EQ(scored.Shown(visit), score) << visit;
}

// ----------------------------------------------------------------------------- methods of weighing

using google::protobuf::ListValue;
using google::protobuf::Struct;

class VerificationMethods : public testing::Test {
 protected:
  void SetUp() override {
    const std::string dir = ReferenceData("mcdm");
    if (dir.empty()) GTEST_SKIP() << "the folder mcdm is absent; see tests/data/README.md";
    ASSERT_TRUE(
        google::protobuf::util::JsonStringToMessage(*ReadFile(dir + "/mcdm_dev.json"), &problems_)
            .ok());
  }
  const Struct& Problem(const std::string& name) const {
    return problems_.fields().at(name).struct_value();
  }
  static std::vector<double> Numbers(const ListValue& list) {
    std::vector<double> numbers;
    for (const auto& value : list.values()) numbers.push_back(value.number_value());
    return numbers;
  }
  static std::vector<std::vector<double>> Rows(const Struct& problem) {
    std::vector<std::vector<double>> rows;
    for (const auto& row : problem.fields().at("matrix").list_value().values()) {
      rows.push_back(Numbers(row.list_value()));
    }
    return rows;
  }
  static std::vector<double> List(const Struct& problem, const std::string& field) {
    return Numbers(problem.fields().at(field).list_value());
  }
  Struct problems_;
};

std::vector<std::string> Codes(const std::vector<v1::SchemeIssue>& issues) {
  std::vector<std::string> codes;
  for (const v1::SchemeIssue& issue : issues) codes.push_back(issue.code());
  return codes;
}

absl::optional<engine::PairwiseWeights> SaatysWeights() {
  const auto scheme =
      cli::ReadTableScheme(ExamplePath("school_choice"), "", cli::Language::kEnglish);
  if (!scheme.ok()) return absl::nullopt;
  const engine::Scheme& compiled = scheme->engine;
  return engine::WeighPairwise(engine::MembersOf(compiled, 0), compiled.nodes[0].judgements);
}

TEST(VerificationAhp, SaatysSchool) {
  const auto found = SaatysWeights();
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(found->eigenvalue, 7.41987, 5e-6);
  EXPECT_NEAR(found->consistency, 0.229, 5e-4);
  const std::vector<double> published = {0.3208, 0.1395, 0.0348, 0.1285, 0.2374, 0.1391};
  for (size_t i = 0; i < published.size(); ++i) {
    EXPECT_NEAR(ToDouble(found->weights[i]), published[i], 5e-5);
  }
  const auto issues = cli::CheckTableScheme(ExamplePath("school_choice"));
  ASSERT_TRUE(issues.ok());
  EXPECT_FALSE(HasErrors(*issues));
  EXPECT_THAT(Codes(*issues), Contains("JUDGEMENTS_INCONSISTENT"));
}

TEST_F(VerificationMethods, PairwiseWeightsToTenDigits) {
  const Struct& problem = Problem("ahp_saaty_school_wang_chin_2011");
  const auto found = SaatysWeights();
  ASSERT_TRUE(found.has_value());
  const std::vector<double> weights = List(problem, "recomputed");
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(ToDouble(found->weights[i]), weights[i], 1e-10);
  }
}

TEST_F(VerificationMethods, EntropyWeights) {
  const Struct& problem = Problem("entropy_weights_elsayed_2017");
  const auto rows = Rows(problem);
  std::vector<engine::FigureColumn> columns(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) columns[i].push_back(row[i]);
  }
  const std::vector<Fixed> weights = engine::WeighByEntropy(columns);
  const std::vector<double> published = List(problem, "expected");
  const std::vector<double> recomputed = List(problem, "recomputed");
  for (size_t i = 0; i < published.size(); ++i) {
    EXPECT_NEAR(ToDouble(weights[i]), published[i], 5e-7);
    EXPECT_NEAR(ToDouble(weights[i]), recomputed[i], 1e-9);
  }
}

// Shares of the sum; where less is better, of the sum of the reciprocals.
TEST_F(VerificationMethods, WeightedSum) {
  const Struct& problem = Problem("wsm_kracka_2010");
  const std::vector<double> types = List(problem, "types");
  const auto rows = Rows(problem);
  std::string nodes = R"({"id": "all", "points": {"value": "7"},
      "combination": "COMBINATION_ARITHMETIC", "weighting": "WEIGHTING_EQUAL"})";
  std::vector<std::string> headings = {"unit", "one"};
  for (size_t i = 0; i < types.size(); ++i) {
    headings.push_back(absl::StrCat("c", i));
    const std::string column = absl::StrCat("c", i);
    const std::string source =
        types[i] > 0 ? absl::StrCat(R"("definition": ")", column, R"(")")
                     : absl::StrCat(R"("definition": "one", "preparation": {"denominator": ")",
                                    column, R"("})");
    absl::StrAppend(&nodes, R"(, {"id": ")", column, R"(", "parent": "all",
        "points": {"value": "1"}, "leaf": {"statistic": {)",
                    source, R"(}, "normalise": {"method": "NORMALISE_METHOD_SHARE_OF_SUM"}}})");
  }
  const std::string path = testing::TempDir() + "/wsm.json";
  ASSERT_TRUE(
      WritePrivateFile(path, absl::StrCat(R"({"points": {"value": "7"}, "nodes": [)", nodes, "]}"))
          .ok());
  std::string table = cli::CsvRow(headings);
  for (size_t unit = 0; unit < rows.size(); ++unit) {
    std::vector<std::string> row = {absl::StrCat("u", unit), "1"};
    for (double figure : rows[unit]) row.push_back(absl::StrCat(figure));
    absl::StrAppend(&table, cli::CsvRow(row));
  }
  const Scored scored = ScoreText(path, table);
  const std::vector<double> published = List(problem, "expected");
  const std::vector<double> ranks = List(problem, "expected_rank");
  for (size_t unit = 0; unit < published.size(); ++unit) {
    EXPECT_NEAR(scored.Share("all", absl::StrCat("u", unit)), published[unit], 5e-9);
    EXPECT_EQ(scored.result.ranks[unit], ranks[unit]);
  }
}

// ------------------------------------------------------------------------------------- examples

TEST(VerificationExamples, AreValidSchemes) {
  int checked = 0;
  for (const auto& file : std::filesystem::directory_iterator("services/scoring/examples")) {
    const auto issues = cli::CheckTableScheme(file.path().string());
    ASSERT_TRUE(issues.ok()) << issues.status();
    for (const v1::SchemeIssue& issue : *issues) {
      // What these two are there to show, and nothing else.
      EXPECT_THAT(issue.code(), AnyOf("JUDGEMENTS_INCONSISTENT", "WEIGHTS_DO_NOT_ADD_UP"))
          << file.path() << ": " << issue.field() << " " << issue.message();
    }
    ++checked;
  }
  EXPECT_EQ(checked, 10);
}

// A table in which every statistic of the scheme has one figure a unit.
std::string TableOf(const std::string& example, const std::vector<std::string>& figures) {
  const auto scheme = cli::ReadTableScheme(ExamplePath(example), "", cli::Language::kEnglish);
  EXPECT_TRUE(scheme.ok()) << scheme.status();
  std::vector<std::string> row = {"unit"};
  for (const cli::TableLeaf& leaf : scheme->leaves) row.push_back(leaf.column);
  std::string table = cli::CsvRow(row);
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    std::fill(row.begin(), row.end(), figures[unit]);
    row[0] = absl::StrCat("u", unit);
    absl::StrAppend(&table, cli::CsvRow(row));
  }
  return table;
}

TEST(VerificationExamples, RiverChiefAddsUpToOneHundred) {
  // Points as given, never more than an item has.
  const Scored scored =
      ScoreText(ExamplePath("river_chief"), TableOf("river_chief", {"0", "1", "4"}));
  EXPECT_EQ(scored.scheme.engine.leaves.size(), 30u);
  EXPECT_EQ(scored.Shown("u0"), "0.00");
  EXPECT_EQ(scored.Shown("u1"), "30.00");
  EXPECT_EQ(scored.Shown("u2"), "100.00");
  EXPECT_NEAR(scored.Share("base", "u2") * 16, 16, 1e-12);
  EXPECT_EQ(scored.Grade("u2"), "优秀");
}

TEST(VerificationExamples, DepartmentPerformanceAddsUpToOneThousand) {
  const Scored scored =
      ScoreText(ExamplePath("department_performance"),
                TableOf("department_performance", {"0", "25", "50", "75", "100"}));
  EXPECT_EQ(scored.Shown("u0"), "0.00");
  EXPECT_EQ(scored.Shown("u2"), "500.00");
  EXPECT_EQ(scored.Shown("u4"), "1000.00");
}

}  // namespace
}  // namespace terrace::scoring
