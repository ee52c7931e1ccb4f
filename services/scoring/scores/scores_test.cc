// Scores as callers read them: single, listed, ranked, explained; of log time and of an instant.
#include <atomic>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;

class ScoresTest : public ScoringTest {};

double Number(const types::v1::Decimal& decimal) {
  double number = 0;
  EXPECT_TRUE(absl::SimpleAtod(decimal.value(), &number)) << decimal.value();
  return number;
}

TEST_F(ScoresTest, AScoreSpeaksForAVectorAndALogTime) {
  Start();
  Inspect("a1", 2);
  absl::StatusOr<v1::Score> score = Get("a1");
  ASSERT_TRUE(score.ok()) << score.status();
  // 30 of 40 for cleanliness, 5 of 5 for findings: 35 of 45.
  EXPECT_EQ(score->value().value(), "77.78");
  EXPECT_EQ(score->exact_value().value(), "77.777777777778");
  EXPECT_EQ(score->grade(), "fair");
  EXPECT_EQ(score->scheme(), absl::StrCat(kScheme, "@1"));
  EXPECT_EQ(score->unit_display_name(), "Unit a1");
  EXPECT_EQ(score->unit_level(), "levels/village");
  EXPECT_EQ(score->assessment(), v1::ASSESSMENT_SCORED);
  EXPECT_EQ(score->coverage().points_share().value(), "0.642857142857");  // 45 of 70.
  EXPECT_EQ(score->vector().registry().revision(), registry_revision_);
  EXPECT_EQ(score->vector().inspections().revision(), inspections_revision_);
  EXPECT_EQ(score->vector().scoring().revision(), machine_->position().revision.value);
  EXPECT_EQ(FromProto(score->log_time()), clock_.Now());
  ASSERT_EQ(score->accumulators_size(), 1);
  EXPECT_EQ(score->accumulators(0).sum(), "77.777777777778");
  EXPECT_EQ(score->accumulators(0).numerator(), "35");
  EXPECT_EQ(score->accumulators(0).denominator(), "45");
}

TEST_F(ScoresTest, AVisitMovesTheScoresUpToTheRoot) {
  Start();
  EXPECT_EQ(Value("county"), "100");
  Inspect("a1", 4);
  EXPECT_EQ(Value("a1"), "55.56");
  EXPECT_EQ(Value("county"), "92.59");  // Six sheets below, one of them 55.56.
  absl::StatusOr<v1::Score> county = Get("county");
  EXPECT_EQ(county->coverage().covered(), 6);
  EXPECT_EQ(county->coverage().expected(), 6);
}

TEST_F(ScoresTest, TheOutlookTellsWhatCanStillBeReached) {
  Start();
  Inspect("a1", 2);
  v1::ExplainScoreRequest request;
  request.set_name(ScoreOf("a1"));
  const auto reply = Do<v1::Explanation>("ExplainScore", Viewer("a1"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const v1::Outlook& outlook = reply->score().outlook();
  // 35 of 45 are earned; grade and reports and income are open.
  EXPECT_GT(outlook.open_nodes_size(), 0);
  EXPECT_FALSE(outlook.open_points().value().empty());
  ASSERT_EQ(outlook.grades_size(), 2);
  EXPECT_EQ(outlook.grades(0).grade(), "excellent");
  EXPECT_EQ(outlook.grades(0).lower_bound().value(), "90");
  EXPECT_EQ(outlook.grades(1).grade(), "good");
  EXPECT_TRUE(outlook.grades(1).reachable());
  EXPECT_GT(outlook.grades(1).needed().value(), "0");
  request.set_name(ScoreOf("county"));  // Rolled up from others.
  EXPECT_FALSE(
      Do<v1::Explanation>("ExplainScore", Viewer("county"), request)->score().has_outlook());
}

TEST_F(ScoresTest, ARolledUpScoreTellsWhatItCanStillComeToWhenAsked) {
  Start();
  Inspect("a1", 2);
  v1::ExplainScoreRequest request;
  request.set_include_outlook(true);
  double least = 0;
  double most = 0;
  // Nobody knows how many people the villages have, so townships go by their own sheets.
  const std::vector<std::string> below = {"a", "b", "a1", "a2", "a3", "b1"};
  for (const std::string& unit : below) {
    request.set_name(ScoreOf(unit));
    const auto own = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
    ASSERT_TRUE(own.ok()) << own.status();
    least += Number(own->score().outlook().least()) / 6;
    most += Number(own->score().outlook().most()) / 6;
  }
  request.set_name(ScoreOf("county"));
  const auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const v1::Outlook& outlook = reply->score().outlook();
  EXPECT_EQ(outlook.open_sheet_count(), 6);
  EXPECT_NEAR(Number(outlook.least()), least, 1e-9);
  EXPECT_NEAR(Number(outlook.most()), most, 1e-9);
  EXPECT_LT(least, Number(reply->score().exact_value()));
  EXPECT_GT(reply->whole().parts_size(), 0);
  ASSERT_EQ(outlook.grades_size(), 2);
  EXPECT_EQ(outlook.grades(0).grade(), "excellent");
  EXPECT_TRUE(outlook.grades(0).reachable());
  EXPECT_FALSE(outlook.grades(0).has_needed());
  EXPECT_TRUE(outlook.open_nodes().empty());
}

TEST_F(ScoresTest, NodesComeOnRequest) {
  Start();
  Inspect("a1", 2);
  v1::GetScoreRequest request;
  request.set_name(ScoreOf("a1"));
  request.set_include_nodes(true);
  auto score = Do<v1::Score>("GetScore", Viewer("a1"), request);
  ASSERT_TRUE(score.ok());
  ASSERT_EQ(score->nodes_size(), TestScheme().nodes_size());
  EXPECT_EQ(score->nodes(1).node(), "site.clean");
  EXPECT_EQ(score->nodes(1).earned().value(), "30");
  EXPECT_EQ(score->nodes(2).assessment(), v1::ASSESSMENT_NOT_YET);
  EXPECT_EQ(score->nodes(3).assessment(), v1::ASSESSMENT_NOT_APPLICABLE);
}

TEST_F(ScoresTest, VetoesAreNamed) {
  Start();
  Inspect("a1", 0);
  Observe("a1/visits/v1", "d-9", "passed: false", "safety", "2016-05-20 09:30");
  absl::StatusOr<v1::Score> score = Get("a1");
  EXPECT_EQ(score->value().value(), "50");
  EXPECT_THAT(score->vetoes(), ElementsAre("accident"));
}

TEST_F(ScoresTest, TheAudienceOfTheSchemeSeesIt) {
  Start();
  Inspect("a1", 2);
  for (const char* who : {"a1", "a", "county", "province"}) {
    EXPECT_TRUE(Get("a1", Viewer(who)).ok()) << who;
  }
}

TEST_F(ScoresTest, SuperiorsOnlyHidesItFromTheUnit) {
  Start([](v1::Scheme& scheme) { scheme.set_audience(v1::AUDIENCE_SUPERIORS); });
  Inspect("a1", 2);
  EXPECT_TRUE(Refused(Get("a1", Viewer("a1")), Reason::NOT_FOUND));
  EXPECT_TRUE(Get("a1", Viewer("a")).ok());
  EXPECT_TRUE(Get("a1", Viewer("county")).ok());
}

TEST_F(ScoresTest, TheIssuerOnlyHidesItFromEverybodyBelow) {
  Start([](v1::Scheme& scheme) { scheme.set_audience(v1::AUDIENCE_ISSUER); });
  Inspect("a1", 2);
  EXPECT_TRUE(Refused(Get("a1", Viewer("a")), Reason::NOT_FOUND));
  EXPECT_TRUE(Get("a1", Viewer("county")).ok());
  EXPECT_TRUE(Get("a1", Viewer("province")).ok());
}

TEST_F(ScoresTest, WhatDoesNotExistIsNotFound) {
  EXPECT_TRUE(Refused(Get("a1"), Reason::NO_SCHEME_IN_FORCE));
  Start();
  EXPECT_TRUE(Refused(Get("nobody"), Reason::NOT_FOUND));
  v1::GetScoreRequest request;
  request.set_name("units/a1/scores/county~quality~2016-q1");
  EXPECT_TRUE(
      Refused(Do<v1::Score>("GetScore", Viewer("county"), request), Reason::NOT_A_BOARD_PERIOD));
  request.set_name("units/a1/scores/county~quality~2015");
  EXPECT_TRUE(
      Refused(Do<v1::Score>("GetScore", Viewer("county"), request), Reason::NO_SCHEME_IN_FORCE));
  request.set_name("units/a1/scores/county~quality");
  EXPECT_TRUE(Refused(Do<v1::Score>("GetScore", Viewer("county"), request), Reason::INVALID_NAME));
}

TEST_F(ScoresTest, AnInstantAsksAboutTheWorldThen) {
  Start();
  Inspect("a1", 2);
  EXPECT_EQ(Value("a1", "2016-05-20 10:59"), "100");
  EXPECT_EQ(Value("a1", "2016-05-20 11:00"), "77.78");
  // A visit that is told later, but happened before, counts for that instant too.
  Inspect("a1", 8, "v0", "2016-05-01");
  EXPECT_EQ(Value("a1", "2016-05-10 00:00"), "11.11");
  EXPECT_EQ(Value("a1"), "77.78");
}

TEST_F(ScoresTest, ANewSchemeVersionOrStatisticIsSeenAtOnce) {
  Start();
  v1::StatisticRow row;
  row.set_unit("units/a1");
  row.set_period("2016");
  row.mutable_quantity()->mutable_value()->set_value("3");
  row.set_reason("Praised by the province.");
  Inspect("a1", 4);
  ASSERT_TRUE(Import("county", kRating, {row}).ok());
  EXPECT_EQ(Value("a1"), "61.56");  // 2 points for each of 3.
}

TEST_F(ScoresTest, WhatAClockAheadOfTheStoresHasDatedCountsAtOnce) {
  Start();
  Inspect("a1", 4);
  const std::string before = Value("a1");
  ahead_ = absl::Seconds(1);
  v1::StatisticRow row;
  row.set_unit("units/a1");
  row.set_period("2016");
  row.mutable_quantity()->mutable_value()->set_value("4");
  row.set_reason("well done");
  const auto reply = Import("county", kRating, {row});
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->rejected(), 0) << reply->DebugString();
  EXPECT_NE(Value("a1"), before);
}

TEST_F(ScoresTest, WaitsForTheRevisionThatIsAskedFor) {
  Start();
  v1::GetScoreRequest request;
  request.set_name(ScoreOf("a1"));
  request.mutable_min_revision()->mutable_inspections()->set_log_id("inspections-log");
  request.mutable_min_revision()->mutable_inspections()->set_revision(inspections_revision_ + 1);
  EXPECT_TRUE(
      Refused(Do<v1::Score>("GetScore", Viewer("county"), request), Reason::REVISION_NOT_REACHED));
  std::thread feed([this] {
    absl::SleepFor(absl::Milliseconds(30));
    Visit("a1", "v1", "2016-05-20 09:00", "2016-05-20 11:00");
  });
  auto score = Do<v1::Score>("GetScore", Viewer("county"), request);
  feed.join();
  ASSERT_TRUE(score.ok()) << score.status();
  EXPECT_EQ(score->vector().inspections().revision(), inspections_revision_);
  request.mutable_min_revision()->mutable_inspections()->set_log_id("another-log");
  EXPECT_TRUE(Refused(Do<v1::Score>("GetScore", Viewer("county"), request), Reason::LOG_CHANGED));
}

TEST_F(ScoresTest, ABatchIsOfOneInstant) {
  Start();
  Inspect("a1", 2);
  v1::BatchGetScoresRequest request;
  for (const char* unit : {"b1", "a1", "county"}) request.add_names(ScoreOf(unit));
  auto reply = Do<v1::BatchGetScoresResponse>("BatchGetScores", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->scores_size(), 3);
  EXPECT_EQ(reply->scores(1).unit(), "units/a1");
  EXPECT_EQ(reply->vector().inspections().revision(), inspections_revision_);
  request.add_names(ScoreOf("a1", "2017"));
  EXPECT_TRUE(Refused(Do<v1::BatchGetScoresResponse>("BatchGetScores", Viewer("county"), request),
                      Reason::INVALID_FIELD));
}

TEST_F(ScoresTest, TimeAloneMovesAScoreByATick) {
  Start();
  TellList();
  TellMeasure("m1");
  Assign("a1", "m1");
  Report("a1", "m1", "2016-01", "2016-01-20 12:00", false);
  for (const char* month : {"2016-02", "2016-03", "2016-04", "2016-05"}) {
    Report("a1", "m1", month, absl::StrCat(month, "-20 12:00"), false);
  }
  Inspect("a1", 0);
  EXPECT_EQ(Value("a1"), "78.57");  // 55 of 70: the measure is not done.
  const int64_t before = machine_->position().revision.value;
  clock_.Set(At("2016-06-23 00:00"));  // The report for June is late from now on.
  for (int i = 0; i < 200 && machine_->position().revision.value == before; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_GT(machine_->position().revision.value, before);
  EXPECT_EQ(Value("a1"), "76.19");  // 8.33 of 10 for reports.
}

class ListsTest : public ScoringTest {
 protected:
  v1::ListScoresRequest Request() {
    v1::ListScoresRequest request;
    request.set_subtree("units/county");
    request.set_scheme(kScheme);
    request.set_period("2016");
    return request;
  }
};

TEST_F(ListsTest, GoInTreeOrderEachUnitOnce) {
  Start();
  v1::ListScoresRequest request = Request();
  request.set_page_size(2);
  std::vector<std::string> units;
  do {
    auto page = Do<v1::ListScoresResponse>("ListScores", Viewer("county"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Score& score : page->scores()) units.push_back(score.unit().substr(6));
    request.set_page_token(page->next_page_token());
    // A unit that comes and goes in between does not disturb the others.
    if (units.size() == 2) AddTreeUnit("a0", "a", "village");
  } while (!request.page_token().empty());
  EXPECT_THAT(units, ElementsAre("county", "a", "a0", "a1", "a2", "a3", "b", "b1"));
}

TEST_F(ListsTest, APageGoesOnBehindAUnitThatHasMovedAway) {
  Start();
  v1::ListScoresRequest request = Request();
  request.set_page_size(3);
  auto page = Do<v1::ListScoresResponse>("ListScores", Viewer("county"), request);
  ASSERT_EQ(page->scores(2).unit(), "units/a1");
  Tell(PlaceChange("a1", "b", "2016-05-01"));
  request.set_page_token(page->next_page_token());
  page = Do<v1::ListScoresResponse>("ListScores", Viewer("county"), request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->scores(0).unit(), "units/a2");
}

TEST_F(ListsTest, FilterAndScope) {
  Start();
  Inspect("a1", 4);
  v1::ListScoresRequest request = Request();
  request.set_filter("unit_level = levels/village AND grade = fair");
  auto page = Do<v1::ListScoresResponse>("ListScores", Viewer("county"), request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->scores_size(), 1);
  EXPECT_EQ(page->scores(0).unit(), "units/a1");
  request = Request();
  request.set_subtree("units/a");
  EXPECT_EQ(Do<v1::ListScoresResponse>("ListScores", Viewer("a"), request)->scores_size(), 4);
  request.set_order_by("value");
  EXPECT_TRUE(Refused(Do<v1::ListScoresResponse>("ListScores", Viewer("a"), request),
                      Reason::INVALID_FIELD));
  request = Request();
  request.set_line(types::v1::LINE_SECTOR);
  EXPECT_TRUE(Refused(Do<v1::ListScoresResponse>("ListScores", Viewer("county"), request),
                      Reason::INVALID_FIELD));
  request = Request();
  request.set_page_token("bm9uc2Vuc2U");
  EXPECT_TRUE(Refused(Do<v1::ListScoresResponse>("ListScores", Viewer("county"), request),
                      Reason::INVALID_PAGE_TOKEN));
}

TEST_F(ListsTest, RanksPeersWithSharedPlaces) {
  Start();
  Inspect("a1", 2);
  Inspect("a2", 1);
  Inspect("a3", 2);
  Inspect("b1", 4);
  v1::RankUnitsRequest request;
  request.set_subtree("units/county");
  request.set_scheme(kScheme);
  request.set_period("2016");
  EXPECT_TRUE(Refused(Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), request),
                      Reason::REQUIRED_FIELD));
  request.set_level("levels/village");
  request.set_page_size(3);
  auto page = Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), request);
  ASSERT_TRUE(page.ok()) << page.status();
  std::vector<std::pair<std::string, int64_t>> places;
  for (const v1::Rank& rank : page->ranks()) {
    places.emplace_back(rank.score().unit().substr(6), rank.rank());
  }
  EXPECT_EQ(page->ranked(), 4);
  EXPECT_EQ(page->unranked(), 0);
  request.set_page_token(page->next_page_token());
  page = Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->ranks_size(), 1);
  EXPECT_TRUE(page->next_page_token().empty());
  places.emplace_back(page->ranks(0).score().unit().substr(6), page->ranks(0).rank());
  EXPECT_THAT(places, ElementsAre(std::pair("a2", 1), std::pair("a1", 2), std::pair("a3", 2),
                                  std::pair("b1", 4)));
}

// Two villages change places with each other while they are ranked, both in every message: no
// answer may have seen the one before and the other after.
TEST_F(ListsTest, RanksSpeakForOneVectorHoweverFastReportsCome) {
  Start();
  constexpr int kVillages = 2 * kCopiedAtOnce;  // More than are copied at once.
  for (int i = 0; i < kVillages; ++i) {
    AddTreeUnit(absl::StrFormat("b%04d", i + 1000), "b", "village");
  }
  const std::string first = "b1001";
  const std::string last = absl::StrFormat("b%04d", 999 + kVillages);
  Inspect(first, 0);
  Inspect(last, 0);
  v1::RankUnitsRequest request;
  request.set_subtree("units/county");
  request.set_scheme(kScheme);
  request.set_period("2016");
  request.set_level("levels/village");
  request.set_page_size(1000);
  auto swap = [this](const std::string& good, const std::string& bad) {
    inspections::v1::WatchInspectionsResponse message;
    for (const std::string& unit : {good, bad}) {
      auto& observation = *message.add_resources()->mutable_observation();
      observation.set_name(absl::StrCat("units/", unit, "/visits/v1/observations/d-1"));
      observation.set_item("clean");
      observation.mutable_number()->set_value(unit == good ? "0" : "2");
      *observation.mutable_captured_time() = ToProto(At("2016-05-20 09:10"));
    }
    Deliver(std::move(message));
  };
  swap(first, last);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) i % 2 == 0 ? swap(last, first) : swap(first, last);
  });
  for (int round = 0; round < 15; ++round) {
    int poor = 0;
    request.clear_page_token();
    // The first pages speak for vectors of their own; the poor one is always on the last.
    v1::RankUnitsResponse page;
    do {
      auto reply = Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), request);
      ASSERT_TRUE(reply.ok()) << reply.status();
      page = *std::move(reply);
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(page.ranked(), kVillages + 4);
    for (const v1::Rank& rank : page.ranks()) {
      if (rank.score().value().value() == "100") continue;
      ++poor;
      EXPECT_EQ(rank.rank(), page.ranked());
    }
    EXPECT_EQ(poor, 1) << "round " << round;
  }
  stop = true;
  writer.join();
}

// The parts of every part add up to it, as shown and at full precision.
void CheckAddsUp(const v1::Part& part) {
  if (part.parts().empty()) return;
  FixedSum contribution, shown;
  auto number = [](const types::v1::Decimal& wire) {
    return FixedSumFromDecimal(*Decimal::Parse(wire.value(), ""));
  };
  for (const v1::Part& child : part.parts()) {
    contribution += number(child.contribution());
    shown += number(child.shown());
    CheckAddsUp(child);
  }
  EXPECT_EQ(contribution, number(part.contribution())) << part.subject();
  EXPECT_EQ(shown, number(part.shown())) << part.subject();
}

const v1::Part* FindPart(const v1::Part& part, const std::string& subject) {
  if (part.subject() == subject && part.kind() != v1::PART_KIND_SHEET) return &part;
  for (const v1::Part& child : part.parts()) {
    if (const v1::Part* found = FindPart(child, subject)) return found;
  }
  return nullptr;
}

TEST_F(ScoresTest, WhatWasRefusedAndWhatDoesNotApplySayWhy) {
  Start();
  Inspect("a1", 0);
  Inspect("a2", 0);
  Visit("a1", "v2", "2016-05-21 09:00", "2016-05-21 11:00");
  Observe("a1/visits/v2", "d-2", "no_answer: NO_ANSWER_REFUSED reason: 'The gate stayed shut.'",
          "clean", "2016-05-21 09:10");
  Visit("a2", "v2", "2016-05-21 09:00", "2016-05-21 11:00");
  Observe("a2/visits/v2", "d-2", "no_answer: NO_ANSWER_NOT_APPLICABLE reason: 'There is no yard.'",
          "clean", "2016-05-21 09:10");
  const auto clean = [&](const std::string& unit) {
    v1::ExplainScoreRequest request;
    request.set_name(ScoreOf(unit));
    auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
    EXPECT_TRUE(reply.ok()) << reply.status();
    const v1::Part* part = FindPart(reply->whole(), "site.clean");
    return part == nullptr ? v1::Part() : *part;
  };
  v1::Part part = clean("a1");
  EXPECT_EQ(part.assessment(), v1::ASSESSMENT_REFUSED);
  EXPECT_EQ(part.arithmetic(),
            "The unit did not let it be looked at, so it is missing; it does not count."
            " Reason: The gate stayed shut.");
  EXPECT_EQ(part.arithmetic_zh(),
            "单位拒绝检查，按数据缺失处理，不计入。原因：The gate stayed shut.");
  EXPECT_NE(FindPart(part, "units/a1/visits/v2/observations/d-2"), nullptr);
  part = clean("a2");
  EXPECT_EQ(part.assessment(), v1::ASSESSMENT_NOT_APPLICABLE);
  EXPECT_EQ(part.arithmetic(), "There is nothing to judge. Reason: There is no yard.");
  // The node says so too; the node above it and the unit are not refused.
  v1::GetScoreRequest request;
  request.set_name(ScoreOf("a1"));
  request.set_include_nodes(true);
  const auto score = Do<v1::Score>("GetScore", Viewer("a1"), request);
  ASSERT_TRUE(score.ok()) << score.status();
  ASSERT_GT(score->nodes_size(), 0);
  for (const v1::NodeScore& node : score->nodes()) {
    EXPECT_EQ(node.assessment() == v1::ASSESSMENT_REFUSED, node.node() == "site.clean")
        << node.node();
  }
  EXPECT_NE(score->assessment(), v1::ASSESSMENT_REFUSED);
}

TEST_F(ScoresTest, ExplainsAScoreDownToTheRecord) {
  Start();
  Inspect("a1", 3);
  TellList();
  TellMeasure("m1");
  Assign("a1", "m1", "2016-03-01 00:00");
  v1::ExplainScoreRequest request;
  request.set_name(ScoreOf("county"));
  request.set_depth(3);
  auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  CheckAddsUp(reply->whole());
  EXPECT_EQ(reply->whole().shown().value(), reply->score().value().value());
  const v1::Part* record = FindPart(reply->whole(), "units/a1/visits/v1/observations/d-1");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->kind(), v1::PART_KIND_RECORD);
  EXPECT_EQ(record->display_name(), "clean");
  EXPECT_EQ(record->value().value(), "-15");
  EXPECT_NE(FindPart(reply->whole(), "units/a1/assignments/m1"), nullptr);
  const v1::Part* node = FindPart(reply->whole(), "site.clean");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(FindPart(reply->whole(), "units/a1")->arithmetic(), "The unit's own sheet.");
  const v1::Part* clean = FindPart(*FindPart(reply->whole(), "units/a1"), "site.clean");
  ASSERT_NE(clean, nullptr);
  EXPECT_EQ(clean->arithmetic(), "40 points less 5 for each of 3 occurrences, at most 40.");
  EXPECT_EQ(clean->arithmetic_zh(), "满分 40 分，每次扣 5 分，共 3 次，最多扣 40 分。");
  request.set_depth(99);
  EXPECT_TRUE(Refused(Do<v1::Explanation>("ExplainScore", Viewer("county"), request),
                      Reason::NUMBER_OUT_OF_RANGE));
}

TEST_F(ScoresTest, ExplainsPreparedFiguresPenaltiesAndGates) {
  Start([](v1::Scheme& scheme) { scheme = MixedScheme(); });
  Inspect("a1", 0);
  auto tell = [&](const std::string& definition, const std::string& period,
                  const std::string& value) {
    v1::StatisticRow row;
    row.set_unit("units/a1");
    row.set_period(period);
    row.mutable_quantity()->mutable_value()->set_value(value);
    if (definition == kRating) row.set_reason("As minuted.");
    ASSERT_TRUE(Import("county", definition, {row}).ok());
  };
  tell(kIncome, "2015", "0.32");
  tell(kIncome, "2016", "0.4");
  tell(kPeople, "2016", "0.4");
  tell(kRating, "2016", "20");
  tell(kRating, "2015", "2");
  absl::StatusOr<v1::Score> score = Get("a1");
  ASSERT_TRUE(score.ok());
  EXPECT_EQ(score->grade(), "good");  // The gate's, whatever the score.
  EXPECT_THAT(score->vetoes(), ElementsAre("gate"));
  v1::ExplainScoreRequest request;
  request.set_name(ScoreOf("a1"));
  auto reply = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const v1::Part& whole = reply->whole();
  CheckAddsUp(whole);
  EXPECT_EQ(whole.shown().value(), score->value().value());
  auto says = [&](const std::string& subject) {
    const v1::Part* part = FindPart(whole, subject);
    return part == nullptr ? "" : part->arithmetic();
  };
  EXPECT_EQ(says("index"), "Weighted geometric mean of its lines, of 20 points.");
  EXPECT_EQ(says("wealth"), "1, compared with the peers, of 100 points.");
  EXPECT_EQ(says("growth"), "0.25: along the break points, of 100 points.");
  EXPECT_EQ(says("size"),
            "0.4, of 10 points by its logarithm between those of 0.04 and 4. A loss of 20 percent "
            "is taken off.");
  EXPECT_EQ(says("fines"), "3 points less for each of 2.");
  EXPECT_EQ(says("gate"), "A veto: the grade is at best good.");
  EXPECT_EQ(FindPart(whole, "fines")->contribution().value(), "-6");
  // Both figures of the growth, of which the first one carries what it earns.
  EXPECT_EQ(FindPart(whole, "growth")->parts_size(), 2);
}

// Boards that nobody reads make room for others, also while all of them are built anew.
TEST_F(ScoresTest, BoardsThatAreOnlyKeptMakeRoom) {
  Start();
  for (size_t day = 0; day < kBoardsMax; ++day) {
    EXPECT_EQ(Value("a1", absl::StrFormat("2016-%02d-%02d 00:00", 2 + day / 28, 1 + day % 28)),
              "100");
  }
  absl::Notification go;
  absl::BlockingCounter held(2);  // Both threads of the executor: nothing is built.
  for (int thread = 0; thread < 2; ++thread) {
    executor_.Post([&] {
      held.DecrementCount();
      go.WaitForNotification();
    });
  }
  held.Wait();
  CompleteFeeds();
  BoardKey key{*ParseScheme(kScheme), *calendar::Period::Parse("2016"), At("2016-01-02 00:00")};
  absl::Status opened;
  absl::Notification done;
  service_->boards()->Open(key, absl::InfiniteFuture(),
                           [&](absl::StatusOr<Scoreboards::BoardPin> pin) {
                             opened = pin.status();
                             done.Notify();
                           });
  go.Notify();
  done.WaitForNotification();
  EXPECT_TRUE(opened.ok()) << opened;
}

class StartingTest : public ScoringTest {
 protected:
  StartingTest() : ScoringTest(/*complete=*/false) {}
};

TEST_F(StartingTest, ScoresAreGivenOnceEveryFeedHasToldEverything) {
  Start();
  std::thread feeds([this] {
    absl::SleepFor(absl::Milliseconds(50));
    CompleteFeeds();
  });
  EXPECT_EQ(Value("a1"), "100");
  feeds.join();
}

}  // namespace
}  // namespace terrace::scoring
