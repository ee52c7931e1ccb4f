// Places and grades that take all peers: live and published ones equal those of a table with the
// same figures, whatever the scheme says of ties, groups and grades.
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "services/scoring/engine/evaluate.h"
#include "services/scoring/publications/publication_fixture.h"
#include "services/scoring/schemes/compile.h"

namespace terrace::scoring {
namespace {

constexpr int kSchemes = 24;
constexpr char kClass[] = "units/county/statisticDefinitions/class";

// What a unit is told by; -1 for nothing.
struct Told {
  std::string id;
  int income = -1;
  int people = -1;
  int group = -1;  // By the statistic.
  bool school = false;
  std::string town;
};

class RankByPeersTest : public PublicationTest {
 protected:
  static v1::Scheme IndexScheme() {
    return Parse<v1::Scheme>(R"pb(
      display_name: "Index"
      points { value: "100" }
      periodicity: PERIODICITY_YEAR
      first_period: "2016"
      population { levels: "levels/village" }
      counts_from: COUNTS_FROM_SUBMITTED
      nodes {
        id: "income"
        points { value: "60" }
        leaf {
          statistic { definition: "units/county/statisticDefinitions/income" }
          ratio { full_at { value: "6" } }
        }
      }
      nodes {
        id: "people"
        points { value: "40" }
        leaf {
          statistic { definition: "units/county/statisticDefinitions/people" }
          ratio { full_at { value: "4" } }
        }
      }
      groupings { id: "kind" kind: true }
      groupings { id: "town" ancestor_level: "levels/township" }
      groupings { id: "class" statistic: "units/county/statisticDefinitions/class" }
      bands {
        grade: "A"
        lower_bound { value: "75" }
        share { value: "0.2" }
      }
      bands {
        grade: "B"
        lower_bound { value: "50" }
        share { value: "0.5" }
      }
      bands {
        grade: "C"
        share { value: "0.3" }
      }
    )pb");
  }

  void Furnish(std::mt19937_64& random) {
    for (const char* name : {kIncome, kPeople, kClass}) Define(name, v1::STATISTIC_KIND_FIGURE);
    for (int i = 0; i < 30; ++i) {
      Told unit;
      unit.id = absl::StrCat("v", i);
      unit.town = i % 3 == 0 ? "b" : "a";
      unit.school = random() % 2 == 0;
      if (random() % 8 != 0) {  // Few different figures, so that many units tie.
        unit.income = static_cast<int>(random() % 7);
        unit.people = static_cast<int>(random() % 5);
      }
      if (random() % 4 != 0) unit.group = static_cast<int>(random() % 3);
      AddTreeUnit(unit.id, unit.town, "village");
      if (unit.school) Tell(UnitChange(unit.id, "village", "school"));
      units_.push_back(unit);
    }
    TellFigures(kIncome, &Told::income);
    TellFigures(kPeople, &Told::people);
    TellFigures(kClass, &Told::group);
  }
  void TellFigures(const std::string& definition, int Told::*figure) {
    std::vector<v1::StatisticRow> rows;
    for (const Told& unit : units_) {
      if (unit.*figure < 0) continue;
      v1::StatisticRow row;
      row.set_unit(UnitNamed(unit.id));
      row.set_period("2016");
      row.mutable_quantity()->mutable_value()->set_value(absl::StrCat(unit.*figure));
      rows.push_back(row);
    }
    const auto imported = Import("county", definition, rows);
    ASSERT_TRUE(imported.ok()) << imported.status();
    ASSERT_EQ(imported->rejected(), 0) << imported->ShortDebugString();
  }

  // The same, as a table.
  engine::Evaluation Evaluated(const v1::Scheme& scheme) const {
    engine::Table table;
    table.leaves.resize(2);
    table.groups.resize(3);
    for (const Told& unit : units_) {
      table.units.push_back(unit.id);
      const int figures[] = {unit.income, unit.people};
      for (int leaf = 0; leaf < 2; ++leaf) {
        const bool known = figures[leaf] >= 0;
        engine::Figures& column = table.leaves[leaf].figure;
        column.values.push_back(known ? figures[leaf] : std::numeric_limits<double>::quiet_NaN());
        column.exact.push_back(FixedSum(Fixed::FromInteger(known ? figures[leaf] : 0)));
      }
      table.groups[0].push_back(unit.school ? 1 : 0);
      table.groups[1].push_back(unit.town == "a" ? 1 : 0);
      table.groups[2].push_back(unit.group);
    }
    v1::Scheme named = scheme;
    named.set_name(absl::StrCat(kScheme, "@1"));
    return engine::Evaluate(Compile(named)->engine, table);
  }

  // All pages of the villages below a unit, in their order.
  std::vector<v1::Rank> Ranked(const std::string& version, const std::string& subtree = "county",
                               const access::Identity& who = Viewer("county"),
                               const std::string& kind = "") {
    v1::RankUnitsRequest request;
    request.set_subtree(UnitNamed(subtree));
    request.set_scheme(absl::StrCat(kScheme, "@", version));
    request.set_period("2016");
    request.set_level("levels/village");
    request.set_kind(kind);
    request.set_page_size(7);
    std::vector<v1::Rank> ranks;
    do {
      const auto page = Do<v1::RankUnitsResponse>("RankUnits", who, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      ranks.insert(ranks.end(), page->ranks().begin(), page->ranks().end());
      request.set_page_token(page->next_page_token());
      ranked_ = page->ranked();
      unranked_ = page->unranked();
    } while (!request.page_token().empty());
    return ranks;
  }

  std::vector<Told> units_;
  int64_t ranked_ = 0;
  int64_t unranked_ = 0;
};

std::string PlaceText(const absl::optional<double>& place) {
  return place ? absl::StrCat(*place) : "0";
}
template <class Row>
std::string RankText(const Row& row) {
  return row.has_exact_rank() ? row.exact_rank().value() : absl::StrCat(row.rank());
}
template <class Row>
std::string GroupRankText(const Row& row) {
  return row.has_exact_group_rank() ? row.exact_group_rank().value()
                                    : absl::StrCat(row.group_rank());
}

v1::Scheme Vary(v1::Scheme scheme, std::mt19937_64& random) {
  const std::string groupings[] = {"", "kind", "town", "class"};
  v1::Ranking& ranking = *scheme.mutable_ranking();
  ranking.set_ties(static_cast<v1::Ties>(1 + random() % 5));
  ranking.set_grouping(groupings[random() % 4]);
  for (const char* node : {"people", "income"}) {
    if (random() % 2 == 0) ranking.add_tie_breakers(node);
  }
  v1::Banding& banding = *scheme.mutable_banding();
  banding.set_method(static_cast<v1::BandMethod>(1 + random() % 3));
  banding.set_grouping(groupings[random() % 4]);
  banding.set_group_min(static_cast<int>(random() % 12));
  scheme.set_decimals(static_cast<int>(random() % 2));
  scheme.set_rank_on_shown(random() % 2 == 0);
  return scheme;
}

TEST_F(RankByPeersTest, LiveAndPublishedStandingsAreThoseOfATable) {
  std::mt19937_64 random(20161122);
  Furnish(random);
  std::string before;
  for (int i = 1; i <= kSchemes; ++i) {
    const std::string version = absl::StrCat(i);
    const v1::Scheme scheme = Vary(IndexScheme(), random);
    SCOPED_TRACE(absl::StrCat("scheme ", version, ": ", scheme.ranking().ShortDebugString(), " ",
                              scheme.banding().ShortDebugString()));
    const auto created = Create(scheme, version);
    ASSERT_TRUE(created.ok()) << created.status();
    const auto published = PublishVersion(version, before);
    ASSERT_TRUE(published.ok()) << published.status();
    before = version;
    const engine::Evaluation expected = Evaluated(scheme);
    v1::PublishResultsRequest publish = Request(absl::StrCat("round-", i));
    publish.set_scheme(published->name());
    if (i > 1) {
      publish.mutable_publication()->set_corrects(
          absl::StrCat("units/county/publications/round-", i - 1));
      publish.mutable_publication()->set_reason("Another scheme.");
    }
    ASSERT_TRUE(Publish(publish).ok());

    const std::vector<v1::Rank> ranks = Ranked(version);
    std::map<std::string, const v1::Rank*> by_unit;
    for (const v1::Rank& rank : ranks) by_unit[rank.score().unit()] = &rank;
    EXPECT_EQ(by_unit.size(), ranks.size());
    EXPECT_EQ(static_cast<int64_t>(ranks.size()), ranked_);
    int64_t unscored = 0;
    for (size_t u = 0; u < units_.size(); ++u) {
      const std::string name = UnitNamed(units_[u].id);
      SCOPED_TRACE(name);
      const auto result = GetResult(units_[u].id, absl::StrCat("round-", i));
      ASSERT_TRUE(result.ok()) << result.status();
      const std::string place = PlaceText(expected.ranks[u]);
      const std::string group_place = PlaceText(expected.group_ranks[u]);
      const std::string grade =
          expected.bands[u] < 0 ? "" : scheme.bands(expected.bands[u]).grade();
      EXPECT_EQ(RankText(*result), place);
      EXPECT_EQ(GroupRankText(*result), group_place);
      EXPECT_EQ(result->grade(), grade);
      if (!expected.scores[u]) {
        ++unscored;
        EXPECT_FALSE(by_unit.contains(name));
        continue;
      }
      ASSERT_TRUE(by_unit.contains(name));
      const v1::Rank& rank = *by_unit[name];
      EXPECT_EQ(RankText(rank), place);
      EXPECT_EQ(GroupRankText(rank), group_place);
      EXPECT_EQ(rank.score().grade(), grade);
      EXPECT_EQ(rank.score().exact_value().value(), result->exact_value().value());
    }
    EXPECT_GE(unranked_, unscored);
    for (size_t k = 1; k < ranks.size(); ++k) {
      EXPECT_LE(ranks[k - 1].rank(), ranks[k].rank()) << "best first";
    }
  }
}

TEST_F(RankByPeersTest, GradesGoByAllUnitsAndPlacesByThoseAskedFor) {
  std::mt19937_64 random(7);
  Furnish(random);
  v1::Scheme scheme = IndexScheme();
  scheme.mutable_banding()->set_method(v1::BAND_METHOD_SHARE);
  ASSERT_TRUE(Create(scheme, "1").ok());
  ASSERT_TRUE(PublishVersion("1").ok());
  std::map<std::string, std::string> grades;
  for (const v1::Rank& rank : Ranked("1")) grades[rank.score().unit()] = rank.score().grade();
  const std::vector<v1::Rank> town = Ranked("1", "b");
  ASSERT_FALSE(town.empty());
  EXPECT_EQ(town.front().rank(), 1);
  for (const v1::Rank& rank : town) {
    EXPECT_EQ(rank.score().grade(), grades[rank.score().unit()]) << rank.ShortDebugString();
  }
  const std::vector<v1::Rank> schools = Ranked("1", "county", Viewer("county"), "kinds/school");
  ASSERT_FALSE(schools.empty());
  EXPECT_EQ(schools.front().rank(), 1);
  for (const v1::Rank& rank : schools) {
    EXPECT_EQ(rank.score().unit_kind(), "kinds/school");
    EXPECT_EQ(rank.score().grade(), grades[rank.score().unit()]);
  }
  // Who may see one unit alone learns its grade, and nothing of the others.
  const std::string one = town.back().score().unit();
  const std::vector<v1::Rank> own =
      Ranked("1", "county", Viewer(std::string(resource::OwnerOf(one))));
  ASSERT_EQ(own.size(), 1);
  EXPECT_EQ(own[0].rank(), 1);
  EXPECT_EQ(own[0].score().grade(), grades[one]);
  // A single score is no matter of its peers.
  EXPECT_EQ(Get(std::string(resource::OwnerOf(one)))->grade(), "");
}

TEST_F(RankByPeersTest, APageTokenOfAnotherKindIsRefused) {
  std::mt19937_64 random(7);
  Furnish(random);
  v1::Scheme scheme = IndexScheme();
  ASSERT_TRUE(Create(scheme, "1").ok());
  ASSERT_TRUE(PublishVersion("1").ok());
  v1::RankUnitsRequest request;
  request.set_subtree("units/county");
  request.set_scheme(kScheme);
  request.set_period("2016");
  request.set_level("levels/village");
  request.set_page_size(3);
  const auto page = Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), request);
  ASSERT_TRUE(page.ok()) << page.status();
  // The version that comes into force orders by more than the score.
  scheme.mutable_ranking()->set_ties(v1::TIES_ORDINAL);
  scheme.mutable_ranking()->add_tie_breakers("people");
  ASSERT_TRUE(Create(scheme, "2").ok());
  ASSERT_TRUE(PublishVersion("2", "1").ok());
  request.set_page_token(page->next_page_token());
  EXPECT_TRUE(Refused(Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), request),
                      Reason::INVALID_PAGE_TOKEN));
}

}  // namespace
}  // namespace terrace::scoring
