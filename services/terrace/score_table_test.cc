#include "services/terrace/score_table.h"

#include <cmath>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace engine = scoring::engine;

std::string Write(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

absl::StatusOr<TableScheme> Read(const std::string& json, const std::string& period = "") {
  return ReadTableScheme(Write("scheme.json", json), period, Language::kEnglish);
}

// A scheme of one leaf, with more fields beside the nodes.
std::string OneLeaf(const std::string& leaf, const std::string& more = "") {
  return absl::StrCat(R"({"points": {"value": "10"}, )", more, more.empty() ? "" : ", ",
                      R"("nodes": [{"id": "leaf", "points": {"value": "10"}, "leaf": )", leaf,
                      "}]}");
}
constexpr char kRatio[] = R"({"statistic": {"definition": "share of it"}, "ratio": {}})";

TableScheme Scheme(const std::string& json, const std::string& period = "") {
  absl::StatusOr<TableScheme> scheme = Read(json, period);
  EXPECT_TRUE(scheme.ok()) << scheme.status();
  return *std::move(scheme);
}

absl::StatusOr<ScoreTable> Table(const std::string& text, const TableScheme& scheme,
                                 TableOptions options = {}) {
  return ScoreTableFromText("t.csv", text, scheme, options);
}

std::string ErrorOf(const std::string& text, const TableScheme& scheme) {
  const absl::StatusOr<ScoreTable> table = Table(text, scheme);
  return table.ok() ? "none" : std::string(table.status().message());
}

// ------------------------------------------------------------------------------------ numbers

TEST(Figures, AreReadAsTheyAreWritten) {
  double value = 0;
  FixedSum exact;
  ASSERT_TRUE(ParseFigure("0.1", &value, &exact));
  EXPECT_EQ(value, 0.1);
  EXPECT_EQ(FormatSum(exact), "0.1");
  ASSERT_TRUE(ParseFigure("-12.0000000000005", &value, &exact));
  EXPECT_EQ(FormatSum(exact), "-12.000000000001") << "rounded beyond 12 decimals";
  ASSERT_TRUE(ParseFigure("0.11367367319895999", &value, &exact));
  EXPECT_EQ(FormatSum(exact), "0.113673673199");
  ASSERT_TRUE(ParseFigure("1e-3", &value, &exact));
  EXPECT_EQ(FormatSum(exact), "0.001");
  ASSERT_TRUE(ParseFigure("1.5E3", &value, &exact));
  EXPECT_EQ(FormatSum(exact), "1500");
  ASSERT_TRUE(ParseFigure("+33,700.0", &value, &exact));
  EXPECT_EQ(value, 33700);
  ASSERT_TRUE(ParseFigure(".5", &value, &exact));
  EXPECT_EQ(FormatSum(exact), "0.5");
}

TEST(Figures, GarbageIsRefused) {
  double value = 0;
  FixedSum exact;
  for (const char* text :
       {"",     " ",     "x",   "1x",   "1 2",   "NA",  "nan", "inf", "-inf", "0x10",
        "1e18", "1e400", "--1", "1..2", "1.2.3", "1,2", "1e",  "%",   "１２", "-"}) {
    EXPECT_FALSE(ParseFigure(text, &value, &exact)) << text;
  }
}

// ------------------------------------------------------------------------------------- tables

TEST(ScoreTable, ReadsFiguresOfItsColumns) {
  const TableScheme scheme = Scheme(OneLeaf(kRatio));
  const auto table = Table("unit,notes,share of it\nb,x, 0.5 \na,,\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->table.units, ElementsAre("b", "a"));
  EXPECT_EQ(table->table.leaves[0].figure.values[0], 0.5);
  EXPECT_TRUE(std::isnan(table->table.leaves[0].figure.values[1]));
}

TEST(ScoreTable, SaysWhatIsWrongAndWhere) {
  const TableScheme scheme = Scheme(OneLeaf(kRatio));
  EXPECT_THAT(ErrorOf("unit,other\na,1\n", scheme),
              HasSubstr("the column share of it of the node leaf is missing"));
  EXPECT_THAT(ErrorOf("unit,share of it\na,1\nb,abc\n", scheme),
              HasSubstr("t.csv, line 3: \"abc\" in the column share of it is no number"));
  EXPECT_THAT(ErrorOf("unit,share of it\na,1\na,2\n", scheme),
              HasSubstr("line 3: the unit a stands there twice"));
  EXPECT_THAT(ErrorOf("unit,share of it\n,1\n", scheme), HasSubstr("the unit is missing"));
  EXPECT_THAT(ErrorOf("unit,share of it\n", scheme), HasSubstr("there is no unit in the table"));
  EXPECT_THAT(ErrorOf("", scheme), HasSubstr("the headings are missing"));
  EXPECT_THAT(ErrorOf("unit,share of it\na,1,2\n", scheme), HasSubstr("3 fields under 2 headings"));
  EXPECT_THAT(ErrorOf("unit,share of it\n\xff,1\n", scheme), HasSubstr("no UTF-8"));
  EXPECT_THAT(ErrorOf(absl::StrCat("unit,share of it\n", std::string(301, 'a'), ",1\n"), scheme),
              HasSubstr("more than 300 bytes"));
}

TEST(ScoreTable, OutrankingHasALimit) {
  const std::string inner = R"({"id": "all", "points": {"value": "10"}, "combination": ")";
  const std::string leaf = R"("}, {"id": "leaf", "parent": "all", "points": {"value": "10"},
      "leaf": {"statistic": {"definition": "x"}, "ratio": {}}}]})";
  const std::string begin = R"({"points": {"value": "10"}, "nodes": [)";
  std::string text = "unit,x\n";
  for (size_t unit = 0; unit <= kOutrankedUnitsMax; ++unit) absl::StrAppend(&text, unit, ",1\n");
  const TableScheme outranks = Scheme(begin + inner + "COMBINATION_COPELAND" + leaf);
  EXPECT_THAT(ErrorOf(text, outranks), HasSubstr("line 20002: outranking compares"));
  EXPECT_EQ(ErrorOf(text, Scheme(begin + inner + "COMBINATION_MEDIAN" + leaf)), "none");
}

TEST(ScoreTable, ParentsMustBeThereAndMakeATree) {
  const TableScheme scheme = Scheme(OneLeaf(kRatio));
  const auto table = Table("unit,parent,share of it\na,b,1\nb,,1\n", scheme);
  ASSERT_TRUE(table.ok());
  EXPECT_THAT(table->table.parents, ElementsAre(1, -1));
  EXPECT_THAT(ErrorOf("unit,parent,share of it\na,,1\nb,c,1\n", scheme),
              HasSubstr("line 3: the parent c of b is not in the table"));
  EXPECT_THAT(ErrorOf("unit,parent,share of it\na,b,1\nb,a,1\n", scheme),
              HasSubstr("line 2: the parents above a come back"));
  EXPECT_THAT(ErrorOf("unit,parent,share of it\na,a,1\n", scheme), HasSubstr("come back"));
}

TEST(ScoreTable, TheUnitsMayStandInAnyColumn) {
  const TableScheme scheme = Scheme(OneLeaf(kRatio));
  TableOptions options;
  options.unit_column = "code";
  const auto table = Table("name,code,share of it\nA,a,1\nA,b,1\n", scheme, options);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->table.units, ElementsAre("a", "b"));
  options.unit_column = "id";
  EXPECT_FALSE(Table("name,code,share of it\nA,a,1\n", scheme, options).ok());
}

TEST(ScoreTable, GroupsAreAnyText) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "x"}, "normalise": {"method": "NORMALISE_METHOD_MIN_MAX",
          "peers": "PEERS_GROUP", "grouping": "region"}})",
      R"("groupings": [{"id": "region", "statistic": "Region"}])"));
  const auto table = Table("unit,Region,x\na,south,1\nb,,1\nc,north,3\nd,south,2\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->table.groups[0], ElementsAre(1, -1, 0, 1));
  EXPECT_THAT(table->group_names[0], ElementsAre("north", "south"));
  EXPECT_THAT(ErrorOf("unit,x\na,1\n", scheme),
              HasSubstr("the column Region of the grouping region is missing"));
}

TEST(ScoreTable, LevelsAndKindsSayWhoIsAssessed) {
  const TableScheme scheme = Scheme(
      OneLeaf(kRatio, R"("population": {"levels": ["levels/town"], "kinds": ["kinds/school"]})"));
  const auto table = Table(
      "unit,level,kind,share of it\na,town,school,1\nb,town,office,1\nc,county,school,1\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->table.has_sheet, ElementsAre(true, false, false));
  EXPECT_THAT(ErrorOf("unit,kind,share of it\na,school,1\n", scheme),
              HasSubstr("the column level that the scheme needs is missing"));
  EXPECT_THAT(ErrorOf("unit,level,kind,share of it\na,,school,1\n", scheme),
              HasSubstr("the level is missing"));
}

TEST(ScoreTable, NodesForKinds) {
  const TableScheme scheme = Scheme(
      R"({"points": {"value": "10"}, "nodes": [
            {"id": "all", "points": {"value": "6"}, "leaf": {"statistic": {"definition": "x"},
             "ratio": {}}},
            {"id": "schools", "points": {"value": "4"}, "kinds": ["kinds/school"],
             "leaf": {"statistic": {"definition": "y"}, "ratio": {}}}]})");
  const auto table = Table("unit,kind,x,y\na,school,1,0.5\nb,office,0.5,\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->table.leaves[1].applies, ElementsAre(true, false));
  const engine::Evaluation result = engine::Evaluate(scheme.engine, table->table);
  EXPECT_EQ(result.scores[0], Fixed::FromInteger(8));
  EXPECT_EQ(result.scores[1], Fixed::FromInteger(5));
}

TEST(ScoreTable, ColumnsOfPeriodsBefore) {
  const std::string json = OneLeaf(
      R"({"statistic": {"definition": "x", "preparation": {"growth":
          {"method": "GROWTH_METHOD_RELATIVE", "base_period": "2010"}}},
          "normalise": {"method": "NORMALISE_METHOD_PIECEWISE", "break_points": [
            {"figure": {"value": "0"}, "points": {"value": "0"}},
            {"figure": {"value": "1"}, "points": {"value": "10"}}]}})",
      R"("periodicity": "PERIODICITY_YEAR", "first_period": "2012")");
  const TableScheme scheme = Scheme(json);
  EXPECT_EQ(scheme.engine.leaves[0].preparation.growth_periods, 2);
  const auto table = Table("unit,x,x@2010\na,15,10\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(engine::Evaluate(scheme.engine, table->table).scores[0], Fixed::FromInteger(5));
  EXPECT_THAT(ErrorOf("unit,x,x@2011\na,15,10\n", scheme),
              HasSubstr("the column x@2010 of the node leaf is missing"));
  EXPECT_EQ(Scheme(json, "2014").engine.leaves[0].preparation.growth_periods, 4);
  EXPECT_FALSE(Read(json, "2010").ok()) << "the base must lie before";
  EXPECT_FALSE(Read(json, "yesterday").ok());
}

TEST(ScoreTable, GrowthAboveTheParent) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "x"}, "growth_above_parent":
          {"full_at": {"value": "0.1"}, "zero_at": {"value": "-0.1"}}})",
      R"("periodicity": "PERIODICITY_YEAR", "first_period": "2012")"));
  const auto table =
      Table("unit,parent,x,x@2011\na,p,120,100\nb,p,110,100\np,,1100,1000\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  const engine::Evaluation result = engine::Evaluate(scheme.engine, table->table);
  EXPECT_EQ(result.scores[0], Fixed::FromInteger(10));
  EXPECT_EQ(result.scores[1], Fixed::FromInteger(5));
  EXPECT_EQ(result.scores[2], absl::nullopt) << "nobody above the top";
}

TEST(ScoreTable, WeightsOfRollupsMustFit) {
  const TableScheme scheme =
      Scheme(OneLeaf(kRatio, R"("rollups": [{"level": "levels/county", "rollup":
                 {"method": "ROLLUP_METHOD_WEIGHTED_MEAN", "weight_statistic": "people"}}])"));
  const auto table =
      Table("unit,parent,level,people,share of it\nc,,county,,\na,c,town,1,0.4\nb,c,town,3,0.8\n",
            scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(engine::Evaluate(scheme.engine, table->table).scores[0], Fixed::FromInteger(7));
  EXPECT_THAT(ErrorOf("unit,parent,level,people,share of it\na,,town,-1,0.4\n", scheme),
              HasSubstr("the weight in the column people"));
}

TEST(ScoreTable, PeersOfAnotherTable) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "x"}, "normalise": {"method": "NORMALISE_METHOD_MIN_MAX",
          "peers": "PEERS_GROUP", "grouping": "region"}})",
      R"("groupings": [{"id": "region", "statistic": "region"}])"));
  const auto reference = Table("unit,region,x\na,n,0\nb,n,10\nc,s,0\nd,s,100\n", scheme);
  auto table = Table("unit,region,x\ne,s,50\nf,n,5\ng,w,5\n", scheme);
  ASSERT_TRUE(reference.ok() && table.ok());
  Freeze(scheme, *reference, engine::Evaluate(scheme.engine, reference->table), &*table);
  const engine::Evaluation result = engine::Evaluate(scheme.engine, table->table);
  EXPECT_EQ(result.scores[0], Fixed::FromInteger(5));
  EXPECT_EQ(result.scores[1], Fixed::FromInteger(5));
  EXPECT_EQ(result.scores[2], absl::nullopt) << "the reference has no such group";
}

TEST(ScoreTable, ParametersThatTheSchemeCarries) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "x"}, "normalise": {"method": "NORMALISE_METHOD_MIN_MAX"}})",
      R"("frozen": [{"node": "leaf", "count": 2, "min": "0", "max": "100", "mean": "50",
                     "standard_deviation": "1", "sum": "100", "root_of_squares": "100"}])"));
  const auto table = Table("unit,x\na,20\nb,30\n", scheme);
  ASSERT_TRUE(table.ok()) << table.status();
  const engine::Evaluation result = engine::Evaluate(scheme.engine, table->table);
  EXPECT_EQ(result.scores[0], Fixed::FromInteger(2));
}

TEST(ScoreTable, AnotherTablesReferenceUnit) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "x"}, "normalise":
          {"method": "NORMALISE_METHOD_REFERENCE_UNIT", "reference_unit": "B 1"}})"));
  EXPECT_THAT(ErrorOf("unit,x\na,1\n", scheme), HasSubstr("the reference unit B 1"));
  const auto reference = Table("unit,x\na,0\nB 1,10\n", scheme);
  TableOptions options;
  options.has_reference = true;
  auto table = Table("unit,x\nc,5\n", scheme, options);
  ASSERT_TRUE(reference.ok() && table.ok());
  Freeze(scheme, *reference, engine::Evaluate(scheme.engine, reference->table), &*table);
  EXPECT_EQ(engine::Evaluate(scheme.engine, table->table).scores[0], Fixed::FromInteger(5));
}

// ------------------------------------------------------------------------------------ schemes

TEST(TableScheme, SaysWhatIsWrong) {
  const auto error = [](const std::string& json) {
    const auto scheme = Read(json);
    return scheme.ok() ? "none" : std::string(scheme.status().message());
  };
  EXPECT_THAT(error("{"), HasSubstr("no JSON of terrace.scoring.v1.Scheme"));
  EXPECT_THAT(error(R"({"pionts": 3})"), HasSubstr("no JSON of terrace.scoring.v1.Scheme"));
  EXPECT_THAT(error("{}"), HasSubstr("The scheme has no nodes"));
  EXPECT_THAT(error(OneLeaf(R"({"measures": {"list": "units/a/measureLists/b"}, "ratio": {}})")),
              HasSubstr("give the leaf a \"statistic\""));
  EXPECT_THAT(error(OneLeaf(kRatio, R"("population": {"programme": "units/a/programmes/b"})")),
              HasSubstr("population.programme"));
  EXPECT_THAT(error(OneLeaf(R"({"statistic": {"definition": "x"}})")), HasSubstr("no rule"));
  EXPECT_THAT(error(R"({"points": {"value": "1.0"}})"), HasSubstr("1.0"));
  EXPECT_THAT(error(std::string(600'000, ' ')), HasSubstr("a scheme has at most"));
  EXPECT_FALSE(ReadTableScheme("nowhere.json", "", Language::kEnglish).ok());
  const auto chinese = ReadTableScheme(Write("scheme.json", "{}"), "", Language::kChinese);
  EXPECT_THAT(std::string(chinese.status().message()), HasSubstr("方案没有指标"));
}

TEST(TableScheme, FullNamesAreHeadingsByTheirLastPart) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "units/county/statisticDefinitions/people"}, "ratio": {}})"));
  EXPECT_EQ(scheme.leaves[0].column, "people");
}

// ---------------------------------------------------------------------------------- bad input

// Whatever the bytes, reading ends with a table or a status.
TEST(ScoreTable, SurvivesAnyBytes) {
  const TableScheme scheme = Scheme(OneLeaf(
      R"({"statistic": {"definition": "x", "preparation": {"denominator": "y"}},
          "normalise": {"method": "NORMALISE_METHOD_RANK"}})",
      R"("groupings": [{"id": "g", "statistic": "g"}], "ranking": {"grouping": "g"})"));
  const std::string good =
      "unit,parent,level,x,y,g\na,,top,1,2,n\nb,a,low,\"3\",4e1,\nc,a,low,-5,,s\n";
  std::mt19937 random(11);
  int read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 10);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
          break;
        default:
          text.insert(at, 1, ",\"\n\r-.e\0"[random() % 8]);
      }
      if (text.empty()) break;
    }
    const auto table = Table(text, scheme);
    if (!table.ok()) continue;
    ++read;
    const engine::Evaluation result = engine::Evaluate(scheme.engine, table->table);
    EXPECT_EQ(result.scores.size(), table->table.units.size());
  }
  EXPECT_GT(read, 100);
}

TEST(TableScheme, SurvivesAnyBytes) {
  const std::string good = OneLeaf(
      R"({"statistic": {"definition": "x", "preparation": {"growth": {"method": 1},
          "imputation": {"method": 2}, "treatment": {"method": 3, "lower_quantile":
          {"value": "0.1"}}}}, "normalise": {"method": 12, "break_points": [
          {"figure": {"value": "0"}, "points": {"value": "0"}},
          {"figure": {"value": "1"}, "points": {"value": "1"}}]}})",
      R"("bands": [{"grade": "A", "lower_bound": {"value": "5"}}, {"grade": "B"}])");
  ASSERT_TRUE(Read(good).ok()) << Read(good).status();
  std::mt19937 random(12);
  for (int round = 0; round < 1500; ++round) {
    std::string json = good;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const size_t at = random() % json.size();
      if (random() % 2 == 0) {
        json[at] = "0123456789-.eE\"{}[]:,x"[random() % 22];
      } else {
        json.erase(at, random() % 4);
      }
    }
    const auto scheme = Read(json);
    if (scheme.ok()) continue;
    EXPECT_FALSE(scheme.status().message().empty());
  }
}

}  // namespace
}  // namespace terrace::cli
