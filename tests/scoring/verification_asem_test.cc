// The ASEM Sustainable Connectivity index against what COINr makes of the same data, stage by
// stage, and against the result that its authors shipped.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/scoring/engine/places.h"
#include "services/scoring/engine/weights.h"
#include "tests/scoring/published.h"

namespace terrace::scoring {
namespace {

constexpr double kTolerance = 1e-9;

std::string Data(const std::string& name) {
  return absl::StrCat("tests/data/asem/asem_", name, ".csv");
}

const Scored& Asem() {
  static const auto* const kScored =
      new Scored(ScoreFile(ExamplePath("asem"), Data("raw"), "uCode"));
  return *kScored;
}

// Compares a stage with a table whose columns are named by the indicators.
void ExpectStage(const engine::Stage& stage, const std::string& name, bool of_points) {
  const Published expected(Data(name), "uCode");
  const engine::Scheme& scheme = Asem().scheme.engine;
  ASSERT_EQ(expected.keys().size(), 51u);
  int compared = 0;
  for (const std::string& column : expected.headings()) {
    if (column == "uCode") continue;
    const engine::Node& node = scheme.nodes[Asem().Node(absl::AsciiStrToLower(column))];
    for (const std::string& unit : expected.keys()) {
      SCOPED_TRACE(absl::StrCat(name, " ", unit, " ", column));
      double figure = stage[node.leaf][Asem().Unit(unit)];
      if (of_points) figure *= 100 / ToDouble(node.points);
      const absl::optional<double> wanted = expected.Number(unit, column);
      ASSERT_EQ(std::isnan(figure), !wanted.has_value());
      if (wanted) {
        ASSERT_NEAR(figure, *wanted, kTolerance * std::max(1.0, std::abs(*wanted)));
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 51 * 49);
}

TEST(VerificationAsem, Denominated) {
  ExpectStage(Asem().result.denominated, "stage_denominated", false);
}
TEST(VerificationAsem, Imputed) { ExpectStage(Asem().result.imputed, "stage_imputed", false); }
TEST(VerificationAsem, Treated) { ExpectStage(Asem().result.treated, "stage_treated", false); }
TEST(VerificationAsem, Normalised) {
  ExpectStage(Asem().result.normalised, "stage_normalised", true);
}

TEST(VerificationAsem, OutliersAreThoseThatCoinrMoves) {
  const Published expected(Data("expected_treatment"), "iCode");
  for (const std::string& code : expected.keys()) {
    SCOPED_TRACE(code);
    const int leaf = Asem().scheme.engine.nodes[Asem().Node(absl::AsciiStrToLower(code))].leaf;
    const engine::Transform& transform = *Asem().result.peers[leaf][0].transform;
    EXPECT_EQ(transform.moved, expected.Number(code, "winsorise.nwin").value_or(0));
    EXPECT_EQ(transform.curve, engine::Transform::Curve::kNone);
    const auto shape = engine::ShapeOf(Asem().result.imputed[leaf]);
    ASSERT_TRUE(shape.has_value());
    EXPECT_NEAR(shape->skewness, *expected.Number(code, "chk0.Skew"), kTolerance);
    EXPECT_NEAR(shape->kurtosis, *expected.Number(code, "chk0.Kurt"), kTolerance);
    if (const auto after = expected.Number(code, "chk1.Skew")) {
      EXPECT_NEAR(engine::ShapeOf(Asem().result.treated[leaf])->skewness, *after, kTolerance);
    }
  }
}

TEST(VerificationAsem, StatisticsOfTheRawFigures) {
  const Published expected(Data("expected_stats_raw"), "iCode");
  for (const std::string& code : expected.keys()) {
    SCOPED_TRACE(code);
    const int leaf = Asem().scheme.engine.nodes[Asem().Node(absl::AsciiStrToLower(code))].leaf;
    const engine::FigureColumn& column = Asem().table.table.leaves[leaf].figure.values;
    const engine::PeerParameters found = engine::ParametersOf(column, false);
    const auto near = [&](double value, const char* heading) {
      const double wanted = *expected.Number(code, heading);
      EXPECT_NEAR(value, wanted, kTolerance * std::max(1.0, std::abs(wanted))) << heading;
    };
    near(found.min, "Min");
    near(found.max, "Max");
    near(found.mean, "Mean");
    near(found.standard_deviation, "Std");
    near(engine::ShapeOf(column)->skewness, "Skew");
    near(engine::ShapeOf(column)->kurtosis, "Kurt");
    EXPECT_EQ(found.count, *expected.Number(code, "N.Avail"));
  }
}

void ExpectResult(const std::string& name, double tolerance) {
  const Published expected(Data(name), "uCode");
  ASSERT_EQ(expected.keys().size(), 51u);
  for (const std::string& unit : expected.keys()) {
    SCOPED_TRACE(unit);
    for (const std::string& column : expected.headings()) {
      if (column == "uCode" || column == "Rank") continue;
      EXPECT_NEAR(Asem().Share(absl::AsciiStrToLower(column), unit) * 100,
                  *expected.Number(unit, column), tolerance)
          << column;
    }
    const size_t row = Asem().Unit(unit);
    EXPECT_NEAR(ToDouble(*Asem().result.scores[row]), *expected.Number(unit, "Index"), tolerance);
    EXPECT_EQ(Asem().result.ranks[row], expected.Number(unit, "Rank"));
  }
}

TEST(VerificationAsem, Result) { ExpectResult("expected_default", kTolerance); }
TEST(VerificationAsem, ResultOfItsAuthors) { ExpectResult("published_coin6", 1e-6); }

TEST(VerificationAsem, RanksWithinGroups) {
  const Published expected(Data("expected_groupranks"), "uCode");
  const engine::Table& table = Asem().table.table;
  for (const std::string& column : expected.headings()) {
    if (column == "uCode" || column == "EurAsia_group") continue;
    SCOPED_TRACE(column);
    const auto ranks =
        engine::PlacesOf(Asem().result.nodes[Asem().Node(absl::AsciiStrToLower(column))],
                         engine::Ties::kCompetition, table.groups[0], {});
    for (const std::string& unit : expected.keys()) {
      EXPECT_EQ(ranks[Asem().Unit(unit)], expected.Number(unit, column)) << unit;
      if (column != "Index") continue;
      EXPECT_EQ(Asem().result.group_ranks[Asem().Unit(unit)], expected.Number(unit, column));
    }
  }
}

TEST(VerificationAsem, EffectiveWeights) {
  const Published expected(Data("expected_effective_weights"), "iCode");
  const engine::Scheme& scheme = Asem().scheme.engine;
  std::map<int, double> sums;
  for (size_t node = 0; node < scheme.nodes.size(); ++node) {
    sums[scheme.nodes[node].parent] += ToDouble(Asem().result.weights[node]);
  }
  for (const std::string& code : expected.keys()) {
    double weight = 1;
    for (int node = Asem().Node(absl::AsciiStrToLower(code)); node >= 0;
         node = scheme.nodes[node].parent) {
      weight *= ToDouble(Asem().result.weights[node]) / sums[scheme.nodes[node].parent];
    }
    EXPECT_NEAR(weight, *expected.Number(code, "EffWeight"), kTolerance) << code;
  }
}

}  // namespace
}  // namespace terrace::scoring
