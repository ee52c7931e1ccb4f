// The Human Development Index 2021 and what is derived from it, against what UNDP published.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/base/file.h"
#include "gtest/gtest.h"
#include "tests/scoring/published.h"

namespace terrace::scoring {
namespace {

constexpr char kData[] = "tests/data/hdi/hdr2122_countries_2021.csv";

const Published& Hdr() {
  static const auto* const kTable = new Published(kData, "iso3");
  return *kTable;
}

// Every published figure must come out, and nothing where none was published.
void ExpectShown(const Scored& scored, const std::string& column, int expected) {
  int compared = 0;
  for (const std::string& country : Hdr().keys()) {
    const absl::optional<double> published = Hdr().Number(country, column);
    if (!published) continue;
    EXPECT_EQ(scored.Shown(country), absl::StrFormat("%.3f", *published)) << country;
    ++compared;
  }
  EXPECT_EQ(compared, expected);
}

TEST(VerificationHdi, IndexRanksAndGroups) {
  const Scored scored = ScoreFile(ExamplePath("hdi"), kData, "");
  ExpectShown(scored, "hdi", 191);
  for (const std::string& country : Hdr().keys()) {
    SCOPED_TRACE(country);
    EXPECT_EQ(scored.result.ranks[scored.Unit(country)], Hdr().Number(country, "hdi_rank"));
    EXPECT_EQ(scored.Grade(country), Hdr().Text(country, "hdicode"));
  }
}

// Ranks go by the published value: by the exact one some of them differ.
TEST(VerificationHdi, RanksOfUnroundedValuesAreOthers) {
  Scored scored = ScoreFile(ExamplePath("hdi"), kData, "");
  scored.scheme.engine.rank_on_shown = false;
  const engine::Evaluation exact = engine::Evaluate(scored.scheme.engine, scored.table.table);
  int differ = 0;
  for (const std::string& country : Hdr().keys()) {
    differ += exact.ranks[scored.Unit(country)] != Hdr().Number(country, "hdi_rank") ? 1 : 0;
  }
  EXPECT_GT(differ, 0);
  RecordProperty("differ", differ);
}

TEST(VerificationHdi, AdjustedForInequality) {
  ExpectShown(ScoreFile(ExamplePath("ihdi"), kData, ""), "ihdi", 156);
}

// The index of one sex: hdi.json on the columns of that sex, with its own posts of life expectancy.
Scored OfSex(const std::string& suffix, const std::string& low, const std::string& high) {
  const std::string json = *ReadFile(ExamplePath("hdi"));
  const std::string path = absl::StrCat(testing::TempDir(), "/hdi_", suffix, ".json");
  std::ofstream(path) << absl::StrReplaceAll(
      json, {{"\"le\"", absl::StrCat("\"le_", suffix, "\"")},
             {"\"eys\"", absl::StrCat("\"eys_", suffix, "\"")},
             {"\"mys\"", absl::StrCat("\"mys_", suffix, "\"")},
             {"\"gnipc\"", absl::StrCat("\"gni_pc_", suffix, "\"")},
             {"{\"value\": \"20\"}", absl::StrCat("{\"value\": \"", low, "\"}")},
             {"{\"value\": \"85\"}", absl::StrCat("{\"value\": \"", high, "\"}")}});
  return ScoreFile(path, kData, "");
}

TEST(VerificationHdi, GenderDevelopment) {
  const Scored female = OfSex("f", "22.5", "87.5");
  const Scored male = OfSex("m", "17.5", "82.5");
  std::string table = "country,gdi\n";
  int compared = 0;
  for (const std::string& country : Hdr().keys()) {
    if (Hdr().Text(country, "gdi").empty()) continue;
    SCOPED_TRACE(country);
    const absl::optional<Fixed>& f = female.result.scores[female.Unit(country)];
    const absl::optional<Fixed>& m = male.result.scores[male.Unit(country)];
    ASSERT_TRUE(f && m);
    EXPECT_NEAR(ToDouble(*f), *Hdr().Number(country, "hdi_f"), 1e-8);
    EXPECT_NEAR(ToDouble(*m), *Hdr().Number(country, "hdi_m"), 1e-8);
    const absl::StatusOr<Fixed> ratio = Divide(*f, *m, "ratio");
    ASSERT_TRUE(ratio.ok());
    const std::string shown = ToDecimal(*ratio).ToString(3);
    EXPECT_EQ(shown, absl::StrFormat("%.3f", *Hdr().Number(country, "gdi")));
    absl::StrAppend(&table, country, ",", shown, "\n");
    ++compared;
  }
  EXPECT_EQ(compared, 172);

  // Groups by how far the value of three decimals lies from 1, in whole thousandths here and by the
  // scheme there: neither may put a value on the wrong side of a bound.
  const Scored groups = ScoreText(ExamplePath("gdi"), table);
  for (const std::string& country : groups.table.table.units) {
    const int away =
        std::abs(static_cast<int>(std::lround(*Hdr().Number(country, "gdi") * 1000)) - 1000);
    const int group = away <= 25 ? 1 : away <= 50 ? 2 : away <= 75 ? 3 : away <= 100 ? 4 : 5;
    EXPECT_EQ(groups.Grade(country), absl::StrCat(group)) << country;
  }
}

}  // namespace
}  // namespace terrace::scoring
