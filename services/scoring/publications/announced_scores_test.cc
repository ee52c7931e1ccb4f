// LIVE, PROVISIONAL and PUBLISHED scores are different answers.
#include <map>

#include "services/scoring/publications/publication_fixture.h"

namespace terrace::scoring {
namespace {

class AnnouncedTest : public PublicationTest {
 protected:
  absl::StatusOr<v1::Score> GetAs(v1::ScoreState state, const std::string& unit,
                                  const access::Identity& who = Viewer("county")) {
    v1::GetScoreRequest request;
    request.set_name(ScoreOf(unit));
    request.set_state(state);
    request.set_include_nodes(true);
    return Do<v1::Score>("GetScore", who, request);
  }
  std::string ValueAs(v1::ScoreState state, const std::string& unit) {
    const auto score = GetAs(state, unit);
    return score.ok() ? score->value().value() : absl::StatusCodeToString(score.status().code());
  }
  static v1::PullScoresRequest PullOf(v1::ScoreState state, const std::string& subtree) {
    v1::PullScoresRequest request;
    request.set_subtree(subtree);
    request.set_scheme(kScheme);
    request.set_period("2016");
    request.set_state(state);
    return request;
  }
  std::map<std::string, std::string> Pull(const v1::PullScoresRequest& request,
                                          v1::PullScoresResponse* last) {
    std::map<std::string, std::string> values;
    auto stream = Stream<v1::PullScoresResponse>("PullScores", Viewer("county"), request);
    EXPECT_TRUE(stream.ok()) << stream.status();
    while (stream.ok()) {
      const absl::StatusOr<bool> more = (*stream)->Next(last);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) break;
      for (const v1::Score& score : last->scores()) values[score.unit()] = score.value().value();
      if (last->complete()) break;
    }
    return values;
  }
};

TEST_F(AnnouncedTest, EachStateHasItsOwnAnswer) {
  Furnish();
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PROVISIONAL, "a1"), "NOT_FOUND");
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PUBLISHED, "a1"), "NOT_FOUND");
  const std::string announced = Value("a1");
  ASSERT_TRUE(Publish(Provisional()).ok());
  Inspect("a1", 4, "v2", "2016-05-25");
  const std::string live = Value("a1");
  ASSERT_NE(live, announced);

  const auto provisional = GetAs(v1::SCORE_STATE_PROVISIONAL, "a1");
  ASSERT_TRUE(provisional.ok()) << provisional.status();
  EXPECT_EQ(provisional->value().value(), announced);
  EXPECT_EQ(provisional->state(), v1::SCORE_STATE_PROVISIONAL);
  EXPECT_EQ(provisional->name(), ScoreOf("a1"));
  EXPECT_EQ(provisional->scheme(), absl::StrCat(kScheme, "@1"));
  EXPECT_EQ(provisional->points().value(), "100");
  EXPECT_GT(provisional->nodes_size(), 0);
  EXPECT_FALSE(provisional->vector().inspections().log_id().empty());
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PUBLISHED, "a1"), "NOT_FOUND");
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_LIVE, "a1"), live);
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_UNSPECIFIED, "a1"), live);

  Pass(absl::Hours(25));
  v1::FinalizePublicationRequest finalize;
  finalize.set_name(kRound);
  ASSERT_TRUE(Do<v1::Publication>("FinalizePublication", Officer("county"), finalize).ok());
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PUBLISHED, "a1"), announced);
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PROVISIONAL, "a1"), "NOT_FOUND");
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PUBLISHED, "province"), "NOT_FOUND");
}

TEST_F(AnnouncedTest, ACorrectionTakesThePlaceOfWhatItCorrects) {
  Furnish();
  const std::string first = Value("a1");
  ASSERT_TRUE(Publish(Request()).ok());
  Inspect("a1", 4, "v2", "2016-05-25");
  const std::string second = Value("a1");
  v1::PublishResultsRequest correction = Provisional("second");
  correction.mutable_publication()->set_corrects(kRound);
  correction.mutable_publication()->set_reason("A visit was left out.");
  ASSERT_TRUE(Publish(correction).ok());
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PUBLISHED, "a1"), first);
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PROVISIONAL, "a1"), second);
  Pass(absl::Hours(25));
  v1::FinalizePublicationRequest finalize;
  finalize.set_name("units/county/publications/second");
  ASSERT_TRUE(Do<v1::Publication>("FinalizePublication", Officer("county"), finalize).ok());
  EXPECT_EQ(ValueAs(v1::SCORE_STATE_PUBLISHED, "a1"), second);
}

// Live scores may be kept from the units; what was announced is theirs.
TEST_F(AnnouncedTest, AUnitSeesWhatIsAnnouncedThoughNotWhatIsLive) {
  Start(+[](v1::Scheme& scheme) { scheme.set_audience(v1::AUDIENCE_ISSUER); });
  Look();
  ASSERT_TRUE(Publish(Request()).ok());
  EXPECT_TRUE(GetAs(v1::SCORE_STATE_LIVE, "a1").ok());
  EXPECT_FALSE(GetAs(v1::SCORE_STATE_LIVE, "a1", Viewer("a1")).ok());
  const auto own = GetAs(v1::SCORE_STATE_PUBLISHED, "a1", Viewer("a1"));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_TRUE(own->has_value());
}

TEST_F(AnnouncedTest, BatchesAreOfOneStateAsWell) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  v1::BatchGetScoresRequest request;
  for (const char* unit : {"a1", "b1"}) request.add_names(ScoreOf(unit));
  request.set_state(v1::SCORE_STATE_PUBLISHED);
  const auto reply = Do<v1::BatchGetScoresResponse>("BatchGetScores", Viewer("county"), request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->scores_size(), 2);
  EXPECT_EQ(reply->scores(1).unit(), "units/b1");
  EXPECT_EQ(reply->scores(1).state(), v1::SCORE_STATE_PUBLISHED);
  *request.mutable_at_time() = ToProto(clock_.Now());
  EXPECT_EQ(
      Do<v1::BatchGetScoresResponse>("BatchGetScores", Viewer("county"), request).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_F(AnnouncedTest, APullGivesASubtreeAndGoesOnBehindAToken) {
  Furnish();
  v1::PullScoresResponse last;
  const auto live = Pull(PullOf(v1::SCORE_STATE_LIVE, "units/a"), &last);
  ASSERT_TRUE(Publish(Request()).ok());
  Inspect("a1", 4, "v2", "2016-05-25");
  v1::PullScoresRequest request = PullOf(v1::SCORE_STATE_PUBLISHED, "units/a");
  EXPECT_EQ(Pull(request, &last), live);
  EXPECT_TRUE(last.complete());
  request.set_resume_token(last.resume_token());
  EXPECT_TRUE(Pull(request, &last).empty());
  request.set_resume_token("rubbish");
  EXPECT_FALSE(Stream<v1::PullScoresResponse>("PullScores", Viewer("county"), request).ok());
  request = PullOf(v1::SCORE_STATE_PUBLISHED, "units/county");
  request.add_levels("levels/township");
  EXPECT_EQ(Pull(request, &last).size(), 2);
  EXPECT_FALSE(Stream<v1::PullScoresResponse>("PullScores", Viewer("county"),
                                              PullOf(v1::SCORE_STATE_PROVISIONAL, "units/a"))
                   .ok());
  *request.mutable_changed_since() = last.vector();
  EXPECT_FALSE(Stream<v1::PullScoresResponse>("PullScores", Viewer("county"), request).ok());
}

}  // namespace
}  // namespace terrace::scoring
