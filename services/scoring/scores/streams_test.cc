// Pulls and watches, guarantee by guarantee.
#include <map>

#include "absl/strings/str_format.h"
#include "services/scoring/scoring_fixture.h"

namespace terrace::scoring {
namespace {

using Pulled = v1::PullScoresResponse;
using Watched = v1::WatchScoresResponse;

class PullTest : public ScoringTest {
 protected:
  v1::PullScoresRequest Request() {
    v1::PullScoresRequest request;
    request.set_subtree("units/county");
    request.set_scheme(kScheme);
    request.set_period("2016");
    return request;
  }
  // Reads to the end; the later value of a unit counts.
  std::map<std::string, std::string> Pull(const v1::PullScoresRequest& request, Pulled* last) {
    std::map<std::string, std::string> values;
    auto stream = Stream<Pulled>("PullScores", Viewer("county"), request);
    EXPECT_TRUE(stream.ok()) << stream.status();
    Pulled chunk;
    while (true) {
      absl::StatusOr<bool> more = (*stream)->Next(&chunk);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) break;
      if (chunk.reset()) values.clear();
      for (const v1::Score& score : chunk.scores()) values[score.unit()] = score.value().value();
      *last = chunk;
    }
    return values;
  }
};

TEST_F(PullTest, GivesEveryUnitAndTheVectorThatAllSpeakFor) {
  Start();
  Inspect("a1", 2);
  Pulled last;
  const auto values = Pull(Request(), &last);
  EXPECT_EQ(values.size(), 7);
  EXPECT_EQ(values.at("units/a1"), "77.78");
  EXPECT_TRUE(last.complete());
  EXPECT_EQ(last.vector().inspections().revision(), inspections_revision_);
  v1::PullScoresRequest villages = Request();
  villages.add_levels("levels/village");
  EXPECT_EQ(Pull(villages, &last).size(), 4);
  v1::PullScoresRequest nobody = Request();
  nobody.set_subtree("units/nobody");
  auto stream = Stream<Pulled>("PullScores", Viewer(""), nobody);
  Pulled chunk;
  EXPECT_TRUE(Refused((*stream)->Next(&chunk), Reason::NOT_FOUND));
}

TEST_F(PullTest, GivesOnlyWhatChangedSinceAVectorThatIsStillHeld) {
  Start();
  Pulled last;
  Pull(Request(), &last);
  Inspect("a1", 2);
  v1::PullScoresRequest request = Request();
  *request.mutable_changed_since() = last.vector();
  const auto values = Pull(request, &last);
  EXPECT_TRUE(last.changes_only());
  EXPECT_EQ(values.size(), 3);  // a1, a and the county.
  EXPECT_EQ(values.count("units/b1"), 0);
  request.mutable_changed_since()->mutable_registry()->set_revision(1);
  EXPECT_EQ(Pull(request, &last).size(), 7);
  EXPECT_FALSE(last.changes_only());
}

TEST_F(PullTest, ABrokenPullGoesOnOrSaysThatItCannot) {
  Start();
  auto stream = Stream<Pulled>("PullScores", Viewer("county"), Request());
  Pulled chunk;
  ASSERT_TRUE(*(*stream)->Next(&chunk));
  Inspect("a1", 2);
  v1::PullScoresRequest request = Request();
  request.set_resume_token(chunk.resume_token());
  Pulled last;
  const auto values = Pull(request, &last);
  EXPECT_TRUE(last.complete());
  EXPECT_EQ(values.at("units/a1"), "77.78");
  EXPECT_EQ(values.count("units/b1"), 0);
  AddTreeUnit("a9", "a", "village");
  auto gone = Stream<Pulled>("PullScores", Viewer("county"), request);
  EXPECT_TRUE(Refused((*gone)->Next(&chunk), Reason::VECTOR_GONE));
  request.set_resume_token("nonsense");
  auto bad = Stream<Pulled>("PullScores", Viewer("county"), request);
  EXPECT_TRUE(Refused((*bad)->Next(&chunk), Reason::INVALID_PAGE_TOKEN));
}

class WatchTest : public ScoringTest {
 protected:
  v1::WatchScoresRequest Request(int depth = 0) {
    v1::WatchScoresRequest request;
    request.set_subtree("units/county");
    request.set_scheme(kScheme);
    request.set_period("2016");
    request.set_depth(depth);
    return request;
  }
  using Reader = std::unique_ptr<StreamReader<Watched>>;
  Reader Watch(const v1::WatchScoresRequest& request, const std::string& who = "county") {
    auto stream = Stream<Watched>("WatchScores", Viewer(who), request);
    EXPECT_TRUE(stream.ok()) << stream.status();
    return *std::move(stream);
  }
  Watched Read(const Reader& reader) {
    Watched message;
    absl::StatusOr<bool> more = reader->Next(&message);
    EXPECT_TRUE(more.ok() && *more) << more.status();
    return message;
  }
  static std::vector<std::string> Units(const Watched& message) {
    std::vector<std::string> units;
    for (const v1::Score& score : message.scores()) units.push_back(score.unit().substr(6));
    std::sort(units.begin(), units.end());
    return units;
  }
};

TEST_F(WatchTest, LevelTriggered) {
  Start();
  Reader watch = Watch(Request());
  Watched message = Read(watch);
  EXPECT_TRUE(message.reset());
  EXPECT_TRUE(message.complete());
  ASSERT_EQ(Units(message), std::vector<std::string>{"county"});
  EXPECT_EQ(message.scores(0).value().value(), "100");
  // Two visits before the watcher reads again: one message with the value that is.
  Inspect("a1", 2);
  Inspect("b1", 4);
  message = Read(watch);
  EXPECT_FALSE(message.reset());
  ASSERT_EQ(message.scores_size(), 1);
  EXPECT_EQ(message.scores(0).value().value(), Value("county"));
  ASSERT_EQ(message.scores(0).accumulators_size(), 2);
  EXPECT_EQ(message.scores(0).accumulators(0).count(), 6);
}

TEST_F(WatchTest, ReliableEvenWhileTheWatcherWaits) {
  Start();
  Reader watch = Watch(Request(3));
  EXPECT_EQ(Units(Read(watch)).size(), 7);
  watch->Start();
  absl::SleepFor(absl::Milliseconds(30));
  EXPECT_FALSE(watch->Ready());
  Inspect("a2", 1);
  Watched message = Read(watch);
  EXPECT_EQ(Units(message), (std::vector<std::string>{"a", "a2", "county"}));
}

TEST_F(WatchTest, ConsistentAndMonotonic) {
  Start();
  Reader watch = Watch(Request(3));
  Watched message = Read(watch);
  int64_t revision = message.vector().inspections().revision();
  for (int i = 0; i < 20; ++i) {
    // Visits of one start count by name: each is the latest, and says something else.
    Inspect(i % 2 == 0 ? "a1" : "b1", i % 7, absl::StrFormat("w%02d", i));
    message = Read(watch);
    EXPECT_GE(message.vector().inspections().revision(), revision);
    revision = message.vector().inspections().revision();
    for (const v1::Score& score : message.scores()) {
      if (score.unit() != "units/county") continue;
      EXPECT_EQ(score.exact_value().value(), Get("county")->exact_value().value());
    }
  }
}

TEST_F(WatchTest, Resumable) {
  Start();
  types::v1::RevisionVector vector;
  {
    Reader watch = Watch(Request(3));
    vector = Read(watch).vector();
  }
  Inspect("b1", 1);
  v1::WatchScoresRequest request = Request(3);
  *request.mutable_vector() = vector;
  Watched message = Read(Watch(request));
  EXPECT_FALSE(message.reset());
  EXPECT_EQ(Units(message), (std::vector<std::string>{"b", "b1", "county"}));
  request.mutable_vector()->mutable_measures()->set_log_id("another");
  message = Read(Watch(request));
  EXPECT_TRUE(message.reset());
  EXPECT_EQ(message.scores_size(), 7);
}

TEST_F(WatchTest, ResumableFromAVectorOfAnyMessageThatIsHeld) {
  Start();
  ASSERT_TRUE(Get("county").ok());  // The board is there before the changes.
  Inspect("a1", 2);
  v1::WatchScoresRequest request = Request(3);
  *request.mutable_vector() = Get("county")->vector();
  Inspect("b1", 1);
  const Watched message = Read(Watch(request));
  EXPECT_FALSE(message.reset());
  EXPECT_EQ(Units(message), (std::vector<std::string>{"b", "b1", "county"}));
}

TEST_F(WatchTest, Bookmarkable) {
  Start();
  Reader watch = Watch(Request());
  Read(watch);
  const Watched message = Read(watch);  // Nothing happens: after a while a sign of life.
  EXPECT_EQ(message.scores_size(), 0);
  EXPECT_TRUE(message.complete());
  EXPECT_EQ(message.vector().registry().revision(), registry_revision_);
}

TEST_F(WatchTest, AChangeOfTheTreeStartsOver) {
  Start();
  Reader watch = Watch(Request(3));
  Read(watch);
  AddTreeUnit("b2", "b", "village");
  Watched message;
  do {
    message = Read(watch);
  } while (!message.reset());
  EXPECT_EQ(Units(message).size(), 8);
  // A unit that is not shown changes values, but not what is shown.
  Reader top = Watch(Request(0));
  Read(top);
  AddTreeUnit("b3", "b", "village");
  EXPECT_FALSE(Read(top).reset());
}

TEST_F(WatchTest, AnotherSchemeInForceStartsOver) {
  Start();
  Reader watch = Watch(Request());
  Read(watch);
  v1::Scheme other = TestScheme();
  other.mutable_rollups(1)->mutable_rollup()->set_method(v1::ROLLUP_METHOD_MIN);
  ASSERT_TRUE(Create(other, "2").ok());
  ASSERT_TRUE(PublishVersion("2", "1").ok());
  Watched message;
  do {
    message = Read(watch);
  } while (!message.reset());
  EXPECT_EQ(message.scores(0).scheme(), absl::StrCat(kScheme, "@2"));
  EXPECT_EQ(message.scores(0).method(), v1::ROLLUP_METHOD_MIN);
}

TEST_F(WatchTest, WhoeverLosesTheUnitIsToldSo) {
  Start();
  v1::WatchScoresRequest request = Request(1);
  request.set_subtree("units/a");
  Reader watch = Watch(request, "a");
  Read(watch);
  Inspect("a1", 1);
  // The grant stays at township a, which now belongs to nobody's branch but its own.
  tree_.Set(tree::TreeBuilder().Publish());
  Watched message;
  EXPECT_TRUE(Refused(watch->Next(&message), Reason::SCOPE_CHANGED));
}

TEST_F(WatchTest, BadRequestsAreRefused) {
  Start();
  v1::WatchScoresRequest request = Request(-1);
  EXPECT_TRUE(
      Refused(Stream<Watched>("WatchScores", Viewer("county"), request), Reason::INVALID_FIELD));
  request = Request();
  request.set_interval_ms_min(70'000);
  EXPECT_TRUE(Refused(Stream<Watched>("WatchScores", Viewer("county"), request),
                      Reason::NUMBER_OUT_OF_RANGE));
  request = Request();
  request.set_period("2016-13");
  EXPECT_TRUE(
      Refused(Stream<Watched>("WatchScores", Viewer("county"), request), Reason::INVALID_PERIOD));
}

}  // namespace
}  // namespace terrace::scoring
