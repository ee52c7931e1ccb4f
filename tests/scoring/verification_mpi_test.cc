// The Global Multidimensional Poverty Index 2024, national and by region, against what OPHI
// published.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/base/file.h"
#include "gtest/gtest.h"
#include "services/terrace/csv.h"
#include "tests/scoring/published.h"

namespace terrace::scoring {
namespace {

const std::vector<std::string>& Indicators() {
  static const auto* const kIndicators = new std::vector<std::string>{
      "Nutrition",  "Child mortality", "Years of schooling", "School attendance", "Cooking fuel",
      "Sanitation", "Drinking water",  "Electricity",        "Housing",           "Assets"};
  return *kIndicators;
}
std::string NodeOf(const std::string& indicator) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(indicator), {{" ", "-"}});
}

class VerificationMpi : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = ReferenceData("mpi");
    if (dir_.empty()) GTEST_SKIP() << "the folder mpi is absent; see tests/data/README.md";
  }
  std::string Path(const std::string& name) const {
    return absl::StrCat(dir_, "/mpi2024_", name, ".csv");
  }
  std::string dir_;
};

// What a node contributes to the index, in percent.
double Contribution(const Scored& scored, const std::string& node, const std::string& unit) {
  const engine::Scheme& scheme = scored.scheme.engine;
  double share = scored.Share(node, unit);
  for (int at = scored.Node(node); scheme.nodes[at].parent >= 0; at = scheme.nodes[at].parent) {
    double weights = 0;
    for (size_t other = 0; other < scheme.nodes.size(); ++other) {
      if (scheme.nodes[other].parent != scheme.nodes[at].parent) continue;
      if (!scored.result.nodes[other][scored.Unit(unit)]) continue;
      weights += ToDouble(scored.result.weights[other]);
    }
    share *= ToDouble(scored.result.weights[at]) / weights;
  }
  return 100 * share / ToDouble(*scored.result.scores[scored.Unit(unit)]);
}

void ExpectContributions(const Scored& scored, const Published& expected, const std::string& key,
                         const std::string& unit) {
  for (const char* dimension : {"Health", "Education", "Living"}) {
    EXPECT_NEAR(Contribution(scored, absl::AsciiStrToLower(dimension), unit),
                *expected.Number(key, absl::StrCat("contrib_", dimension)), 1e-5)
        << dimension;
  }
  for (const std::string& indicator : Indicators()) {
    const auto wanted = expected.Number(key, absl::StrCat("contrib_", indicator));
    const double share = scored.Share(NodeOf(indicator), unit);
    // A survey without the indicator: no figure, and nothing or 0 as its contribution.
    if (std::isnan(share)) {
      EXPECT_EQ(wanted.value_or(0), 0) << indicator;
      continue;
    }
    ASSERT_TRUE(wanted.has_value()) << indicator;
    EXPECT_NEAR(Contribution(scored, NodeOf(indicator), unit), *wanted, 1e-5) << indicator;
  }
}

TEST_F(VerificationMpi, Countries) {
  std::string table = *ReadFile(Path("national_input"));
  table.replace(table.find("population_2022_thousands"), 25, "people");
  const Scored scored = ScoreText(ExamplePath("mpi"), table);
  const Published expected(Path("national_expected"), "iso3");
  ASSERT_EQ(expected.keys().size(), 112u);
  for (const std::string& country : expected.keys()) {
    SCOPED_TRACE(country);
    EXPECT_NEAR(ToDouble(*scored.result.scores[scored.Unit(country)]),
                *expected.Number(country, "MPI"), 1e-9);
    ExpectContributions(scored, expected, country, country);
  }
}

// The regions of a table with the countries above them, which have figures only from below.
struct Regions {
  std::string table;
  std::vector<std::string> units;  // By row of the input.
  std::set<std::string> countries;
};
Regions RegionsOf(const std::string& path) {
  Regions out;
  auto csv = cli::CsvReader::Open(path);
  EXPECT_TRUE(csv.ok());
  std::vector<std::string> headings = {"unit", "parent", "level", "people"};
  for (const std::string& indicator : Indicators()) {
    headings.push_back(absl::StrCat("ch_", indicator));
  }
  out.table = cli::CsvRow(headings);
  while (*csv->Next()) {
    const std::string country(csv->Field("iso3"));
    out.units.push_back(absl::StrCat(country, "/", std::string(csv->Field("region"))));
    // Weights have six decimals, so the shares of people go in as millionths of a percent.
    double share = 0;
    FixedSum exact;
    EXPECT_TRUE(cli::ParseFigure(csv->Field("pop_share_pct_2022"), &share, &exact));
    std::vector<std::string> row = {out.units.back(), country, "region",
                                    FormatSum(FixedSum::FromUnits(exact.units() * 1'000'000))};
    for (const std::string& indicator : Indicators()) {
      row.emplace_back(csv->Field(absl::StrCat("ch_", indicator)));
    }
    absl::StrAppend(&out.table, cli::CsvRow(row));
    out.countries.insert(country);
  }
  for (const std::string& country : out.countries) {
    std::vector<std::string> row(headings.size());
    row[0] = country;
    row[2] = "country";
    absl::StrAppend(&out.table, cli::CsvRow(row));
  }
  return out;
}

TEST_F(VerificationMpi, RegionsAndTheirCountries) {
  const Regions regions = RegionsOf(Path("subnational_input"));
  ASSERT_EQ(regions.units.size(), 138u);
  ASSERT_EQ(regions.countries.size(), 6u);
  const Scored scored = ScoreText(ExamplePath("mpi"), regions.table);
  const Published expected(Path("subnational_expected"), "region");
  const Published input(Path("subnational_input"), "region");
  std::map<std::string, double> sums, shares;
  for (const std::string& unit : regions.units) {
    SCOPED_TRACE(unit);
    const std::string country = unit.substr(0, 3);
    const std::string region = unit.substr(4);
    ASSERT_EQ(expected.Text(region, "iso3"), country) << "names of regions must be unique";
    EXPECT_NEAR(ToDouble(*scored.result.scores[scored.Unit(unit)]), *expected.Number(region, "MPI"),
                1e-9);
    ExpectContributions(scored, expected, region, unit);
    EXPECT_NEAR(ToDouble(*scored.result.scores[scored.Unit(country)]),
                *expected.Number(region, "MPI_country"), 1e-9);
    const double share = *input.Number(region, "pop_share_pct_2022");
    sums[country] += share * ToDouble(*scored.result.scores[scored.Unit(unit)]);
    shares[country] += share;
  }
  for (const std::string& country : regions.countries) {
    EXPECT_NEAR(ToDouble(*scored.result.scores[scored.Unit(country)]),
                sums[country] / shares[country], 1e-9);
  }
}

// The headcount and every censored headcount of a country are the means of its regions by people.
TEST_F(VerificationMpi, HeadcountsRollUp) {
  const std::string scheme = testing::TempDir() + "/headcount.json";
  ASSERT_TRUE(WritePrivateFile(scheme, R"({"points": {"value": "100"}, "nodes": [
      {"id": "share", "points": {"value": "100"}, "leaf": {"statistic": {"definition": "x"},
       "ratio": {"full_at": {"value": "100"}}}}],
      "rollups": [{"level": "levels/country", "rollup":
        {"method": "ROLLUP_METHOD_WEIGHTED_MEAN", "weight_statistic": "people"}}]})")
                  .ok());
  const Published input(Path("subnational_input"), "region");
  const Published expected(Path("subnational_expected"), "region");
  const Published national_input(Path("national_input"), "iso3");
  const Published national_expected(Path("national_expected"), "iso3");
  std::vector<std::string> columns = {"H_pct"};
  for (const std::string& indicator : Indicators()) {
    columns.push_back(absl::StrCat("ch_", indicator));
  }
  int compared = 0;
  for (const std::string& column : columns) {
    SCOPED_TRACE(column);
    const bool headcount = column == "H_pct";
    std::set<std::string> countries;
    std::string table = "unit,parent,level,people,x\n";
    for (const std::string& region : input.keys()) {
      const std::string& country = input.Text(region, "iso3");
      countries.insert(country);
      // Shares as millionths of a percent, see RegionsOf.
      const double share = *input.Number(region, "pop_share_pct_2022") * 1e6;
      absl::StrAppend(&table, cli::CsvRow({absl::StrCat(country, "/", region), country, "region",
                                           absl::StrFormat("%.6f", share),
                                           (headcount ? expected : input).Text(region, column)}));
    }
    for (const std::string& country : countries) absl::StrAppend(&table, country, ",,country,,\n");
    const Scored scored = ScoreText(scheme, table);
    for (const std::string& country : countries) {
      const auto wanted = (headcount ? national_expected : national_input).Number(country, column);
      const absl::optional<Fixed>& score = scored.result.scores[scored.Unit(country)];
      ASSERT_EQ(score.has_value(), wanted.has_value()) << country;
      if (!wanted) continue;
      EXPECT_NEAR(ToDouble(*score), *wanted, 1e-9) << country;
      ++compared;
    }
  }
  EXPECT_GE(compared, 6 * 10);
}

}  // namespace
}  // namespace terrace::scoring
