// Leaves that look at other units, live and frozen: who is best, who is first, and what a scheme
// carries once that is frozen.
#include <algorithm>
#include <string>

#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {
namespace {

// Villages by income as a share of the best one, by the place of their people, and by their reports
// against the best of their township.
v1::Scheme PeerScheme() {
  return Parse<v1::Scheme>(R"pb(
    display_name: "Against each other"
    points { value: "100" }
    periodicity: PERIODICITY_YEAR
    first_period: "2015"
    population { levels: "levels/village" }
    nodes {
      id: "income"
      points { value: "60" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/income" }
        normalise { method: NORMALISE_METHOD_FRACTION_OF_BEST }
      }
    }
    nodes {
      id: "people"
      points { value: "40" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/people" }
        normalise {
          method: NORMALISE_METHOD_RANK_TABLE
          break_points {
            figure { value: "1" }
            points { value: "40" }
          }
          break_points {
            figure { value: "2" }
            points { value: "30" }
          }
          break_points {
            figure { value: "3" }
            points { value: "0" }
          }
        }
      }
    }
  )pb");
}

class LivePeersTest : public ScoringTest {
 protected:
  void StartPeers() {
    DefineAll();
    ASSERT_TRUE(Create(PeerScheme(), "1").ok());
    const auto published = PublishVersion("1");
    ASSERT_TRUE(published.ok()) << published.status();
  }
  void TellFigure(const std::string& unit, const std::string& definition, const std::string& value,
                  const std::string& period = "2016") {
    v1::StatisticRow row;
    row.set_unit(UnitNamed(unit));
    row.set_period(period);
    row.mutable_quantity()->mutable_value()->set_value(value);
    const auto reply = Import("county", definition, {row});
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_EQ(reply->rejected(), 0) << reply->DebugString();
  }
  absl::StatusOr<v1::FreezeSchemeResponse> Freeze(const std::string& period) {
    v1::FreezeSchemeRequest request;
    request.set_name(absl::StrCat(kScheme, "@1"));
    request.set_period(period);
    return Do<v1::FreezeSchemeResponse>("FreezeScheme", Officer("county"), request);
  }
};

TEST_F(LivePeersTest, TheBestOneMovesEverybodyElse) {
  StartPeers();
  TellFigure("a1", kIncome, "50");
  EXPECT_EQ(Value("a1"), "100");
  TellFigure("a2", kIncome, "100");
  EXPECT_EQ(Value("a1"), "50");
  EXPECT_EQ(Value("a2"), "100");
  TellFigure("a2", kIncome, "40");
  EXPECT_EQ(Value("a1"), "100");
  EXPECT_EQ(Value("a2"), "80");
}

TEST_F(LivePeersTest, PlacesEarnWhatTheTableSays) {
  StartPeers();
  TellFigure("a1", kPeople, "50");
  TellFigure("a2", kPeople, "70");
  TellFigure("b1", kPeople, "50");
  EXPECT_EQ(Value("a2"), "100");
  EXPECT_EQ(Value("a1"), "75");  // Both are second: 30 of 40.
  EXPECT_EQ(Value("b1"), "75");
  TellFigure("b1", kPeople, "60");
  EXPECT_EQ(Value("b1"), "75");
  EXPECT_EQ(Value("a1"), "0");
}

TEST_F(LivePeersTest, WhoClosesIsNoPeerAnyMore) {
  StartPeers();
  TellFigure("a1", kIncome, "50");
  TellFigure("a2", kIncome, "100");
  EXPECT_EQ(Value("a1"), "50");
  Tell(UnitChange("a2", "village", "area", "2016-02-01"));
  EXPECT_EQ(Value("a1", "2016-01-15 00:00"), "50");
  EXPECT_EQ(Value("a1", "2016-03-15 00:00"), "100");
}

TEST_F(LivePeersTest, WhoIsAheadInMoreEarnsMore) {
  DefineAll();
  v1::Scheme scheme = Parse<v1::Scheme>(R"pb(
    display_name: "Who outranks whom"
    points { value: "100" }
    periodicity: PERIODICITY_YEAR
    first_period: "2015"
    population { levels: "levels/village" }
    nodes {
      id: "index"
      points { value: "100" }
      combination: COMBINATION_COPELAND
      weighting: WEIGHTING_EQUAL
    }
    nodes {
      id: "income"
      parent: "index"
      points { value: "50" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/income" }
        ratio { full_at { value: "1000" } }
      }
    }
    nodes {
      id: "people"
      parent: "index"
      points { value: "50" }
      leaf {
        statistic { definition: "units/county/statisticDefinitions/people" }
        ratio { full_at { value: "1000" } }
      }
    }
  )pb");
  ASSERT_TRUE(Create(scheme, "1").ok());
  const auto published = PublishVersion("1");
  ASSERT_TRUE(published.ok()) << published.status();
  TellFigure("a1", kIncome, "50");
  EXPECT_EQ(Value("a1"), "50");  // It competes with nobody.
  TellFigure("a2", kIncome, "40");
  TellFigure("b1", kIncome, "60");
  EXPECT_EQ(Value("b1"), "100");
  EXPECT_EQ(Value("a1"), "50");
  EXPECT_EQ(Value("a2"), "0");
  // Even with b1 now, and ahead of a2.
  TellFigure("a1", kPeople, "9");
  TellFigure("b1", kPeople, "8");
  EXPECT_EQ(Value("a1"), "75");
  EXPECT_EQ(Value("b1"), "75");

  v1::ExplainScoreRequest ask;
  ask.set_name(ScoreOf("a1"));
  const auto why = Do<v1::Explanation>("ExplainScore", Viewer("county"), ask);
  ASSERT_TRUE(why.ok()) << why.status();
  const v1::Part& index = why->whole().parts(0).parts(0);
  EXPECT_EQ(index.subject(), "index");
  EXPECT_EQ(index.contribution().value(), "75");
  ASSERT_EQ(index.parts_size(), 3) << index.DebugString();
  EXPECT_EQ(index.parts(0).contribution().value(), "0");
  EXPECT_EQ(index.parts(2).subject(), "contest");
  EXPECT_EQ(index.parts(2).contribution().value(), "75");
  EXPECT_EQ(index.parts(2).arithmetic(),
            "Of 2 other units it is ahead of 1 and behind 0: 100 x (1 - 0 + 2) / (2 x 2).");
  EXPECT_EQ(why->score().outlook().most().value(), "75");

  ask.set_name(ScoreOf("a2"));
  const auto open = Do<v1::Explanation>("ExplainScore", Viewer("county"), ask);
  ASSERT_TRUE(open.ok()) << open.status();
  // How many people it has is not known: it may still beat everyone, or nobody.
  EXPECT_EQ(open->score().outlook().least().value(), "0");
  EXPECT_EQ(open->score().outlook().most().value(), "100");
}

TEST_F(LivePeersTest, WatchersHearOfThoseWhomOthersMove) {
  StartPeers();
  TellFigure("a1", kIncome, "50");
  v1::WatchScoresRequest watch;
  watch.set_subtree("units/county");
  watch.set_scheme(kScheme);
  watch.set_period("2016");
  watch.set_depth(3);
  auto stream = Stream<v1::WatchScoresResponse>("WatchScores", Viewer("county"), watch);
  ASSERT_TRUE(stream.ok()) << stream.status();
  std::string value;
  const auto read = [&] {
    v1::WatchScoresResponse message;
    while (!message.complete()) {
      const absl::StatusOr<bool> more = (*stream)->Next(&message);
      ASSERT_TRUE(more.ok() && *more) << more.status();
      for (const v1::Score& score : message.scores()) {
        if (score.unit() == "units/a1") value = score.value().value();
      }
    }
  };
  read();
  EXPECT_EQ(value, "100");
  TellFigure("a2", kIncome, "200");
  read();
  EXPECT_EQ(value, "25");
}

TEST_F(LivePeersTest, WhatIsFrozenMovesNoMore) {
  StartPeers();
  TellFigure("a1", kIncome, "50", "2015");
  TellFigure("a2", kIncome, "80", "2015");
  const auto frozen = Freeze("2015");
  ASSERT_TRUE(frozen.ok()) << frozen.status();
  ASSERT_EQ(frozen->scheme().frozen_size(), 1) << frozen->scheme().DebugString();
  EXPECT_EQ(frozen->scheme().frozen(0).node(), "income");
  EXPECT_EQ(frozen->scheme().frozen(0).count(), 2);
  EXPECT_EQ(frozen->scheme().frozen(0).max(), "80");
  EXPECT_FALSE(frozen->vector().scoring().log_id().empty());

  v1::Scheme next = frozen->scheme();
  next.set_first_period("2016");
  ASSERT_TRUE(Create(next, "2").ok());
  const auto published = PublishVersion("2");
  ASSERT_TRUE(published.ok()) << published.status();
  TellFigure("a1", kIncome, "40");
  EXPECT_EQ(Value("a1"), "50");  // 40 of 80.
  TellFigure("a2", kIncome, "400");
  EXPECT_EQ(Value("a1"), "50");
}

TEST_F(LivePeersTest, WeightsByEntropyAreFixed) {
  DefineAll();
  v1::Scheme scheme = PeerScheme();
  v1::Node top;
  top.set_id("index");
  top.mutable_points()->set_value("100");
  top.set_combination(v1::COMBINATION_ARITHMETIC);
  top.set_weighting(v1::WEIGHTING_ENTROPY);
  for (v1::Node& node : *scheme.mutable_nodes()) node.set_parent("index");
  *scheme.add_nodes() = top;
  std::rotate(scheme.mutable_nodes()->begin(), scheme.mutable_nodes()->end() - 1,
              scheme.mutable_nodes()->end());
  ASSERT_TRUE(Create(scheme, "1").ok());
  EXPECT_FALSE(PublishVersion("1").ok());
  // Incomes differ, people do not.
  TellFigure("a1", kIncome, "50");
  TellFigure("a2", kIncome, "100");
  TellFigure("a1", kPeople, "7");
  TellFigure("a2", kPeople, "7");
  const auto frozen = Freeze("2016");
  ASSERT_TRUE(frozen.ok()) << frozen.status();
  EXPECT_EQ(frozen->scheme().nodes(0).weighting(), v1::WEIGHTING_FIXED);
  EXPECT_EQ(frozen->scheme().nodes(1).weight().value(), "1");
  EXPECT_EQ(frozen->scheme().nodes(2).weight().value(), "0");
  ASSERT_TRUE(Create(frozen->scheme(), "2").ok());
  const auto published = PublishVersion("2");
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(Value("a1"), "50");
}

TEST_F(LivePeersTest, OnlyASchemeThatCanBeScoredIsFrozen) {
  DefineAll();
  v1::Scheme scheme = PeerScheme();
  scheme.mutable_nodes(0)->mutable_points()->set_value("61");
  ASSERT_TRUE(Create(scheme, "1").ok());
  EXPECT_TRUE(Refused(Freeze("2016"), Reason::SCHEME_INVALID));
  EXPECT_FALSE(Freeze("").ok());
  EXPECT_FALSE(Freeze("2016-05").ok());
  v1::FreezeSchemeRequest request;
  request.set_name(absl::StrCat(kScheme, "@none"));
  request.set_period("2016");
  EXPECT_EQ(
      Do<v1::FreezeSchemeResponse>("FreezeScheme", Officer("county"), request).status().code(),
      absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace terrace::scoring
