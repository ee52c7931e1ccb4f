// Published scores as figures of another scheme: years that add up, and a gate.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "google/protobuf/util/json_util.h"
#include "services/scoring/publications/publication_fixture.h"

namespace terrace::scoring {
namespace {

constexpr char kYears[] = "units/county/schemes/three-years";

// The scheme in the README.
v1::Scheme Years() {
  std::ifstream file("services/scoring/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  const std::string opening = "```json\n";
  const size_t from = page.find(opening, page.find("### Years and gates"));
  TERRACE_CHECK(from != std::string::npos);
  const size_t begin = from + opening.size();
  v1::Scheme scheme;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      page.substr(begin, page.find("```", begin) - begin), &scheme);
  EXPECT_TRUE(parsed.ok()) << std::string(parsed.message());
  return scheme;
}

class PublishedSourceTest : public PublicationTest {
 protected:
  absl::StatusOr<v1::Scheme> PublishYears(const v1::Scheme& scheme,
                                          const std::string& office = "county") {
    v1::CreateSchemeRequest create;
    create.set_parent(UnitNamed(office));
    create.set_scheme_id("three-years");
    create.set_version("1");
    *create.mutable_scheme() = scheme;
    const auto created = Do<v1::Scheme>("CreateScheme", Officer(office), create);
    if (!created.ok()) return created.status();
    v1::PublishSchemeRequest publish;
    publish.set_name(created->name());
    return Do<v1::Scheme>("PublishScheme", Officer(office), publish);
  }
  v1::PublishResultsRequest Year(const std::string& year, bool provisional = false) {
    v1::PublishResultsRequest request = provisional ? Provisional("y" + year) : Request("y" + year);
    request.mutable_publication()->set_period(year);
    return request;
  }
  // Visits of three years, seen from the end of the last one.
  void Live() {
    Start();
    const auto published = PublishYears(Years());
    ASSERT_TRUE(published.ok()) << published.status();
    Look();
    clock_.Set(At("2018-12-30 12:00"));
    for (const char* year : {"2017", "2018"}) {
      const std::string day = absl::StrCat(year, "-05-20");
      Inspect("a1", 1, absl::StrCat("v", year), day);
      Inspect("a2", year == std::string("2018") ? 8 : 0, absl::StrCat("v", year), day);
    }
  }
  absl::StatusOr<v1::Score> Total(const std::string& unit, bool include_nodes = true) {
    v1::GetScoreRequest request;
    request.set_name(absl::StrCat("units/", unit, "/scores/county~three-years~2018"));
    request.set_include_nodes(include_nodes);
    return Do<v1::Score>("GetScore", Viewer("county"), request);
  }
  v1::Assessment NodeOf(const std::string& unit, const std::string& node) {
    const auto score = Total(unit);
    EXPECT_TRUE(score.ok()) << score.status();
    for (const v1::NodeScore& one : score->nodes()) {
      if (one.node() == node) return one.assessment();
    }
    ADD_FAILURE() << "no node " << node;
    return v1::ASSESSMENT_UNSPECIFIED;
  }
  double Announced(const std::string& unit, const std::string& year) {
    const auto result = GetResult(unit, "y" + year);
    EXPECT_TRUE(result.ok()) << result.status();
    return std::strtod(result->value().value().c_str(), nullptr);
  }
  static double Number(const types::v1::Decimal& value) {
    return std::strtod(value.value().c_str(), nullptr);
  }
};

TEST_F(PublishedSourceTest, YearsAddUpOnceTheyAreFinal) {
  Live();
  EXPECT_EQ(NodeOf("a1", "year-3"), v1::ASSESSMENT_NOT_YET);
  ASSERT_TRUE(Publish(Year("2016")).ok());
  ASSERT_TRUE(Publish(Year("2017")).ok());
  const auto last = Publish(Year("2018", /*provisional=*/true));
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(NodeOf("a1", "year-1"), v1::ASSESSMENT_SCORED);
  EXPECT_EQ(NodeOf("a1", "year-3"), v1::ASSESSMENT_NOT_YET);  // Provisional is not final.
  const double first = 15 * Announced("a1", "2016") + 25 * Announced("a1", "2017");
  EXPECT_NEAR(Number(Total("a1")->exact_value()), first / 40, 1e-9);

  Pass(absl::Hours(25));
  v1::FinalizePublicationRequest finalize;
  finalize.set_name(last->name());
  ASSERT_TRUE(Do<v1::Publication>("FinalizePublication", Officer("county"), finalize).ok());
  EXPECT_EQ(NodeOf("a1", "year-3"), v1::ASSESSMENT_SCORED);
  EXPECT_NEAR(Number(Total("a1")->exact_value()), (first + 60 * Announced("a1", "2018")) / 100,
              1e-9);
  // As of an instant before, it was not.
  v1::GetScoreRequest before;
  before.set_name("units/a1/scores/county~three-years~2018");
  *before.mutable_at_time() = ToProto(clock_.Now() - absl::Hours(1));
  EXPECT_NEAR(Number(Do<v1::Score>("GetScore", Viewer("county"), before)->exact_value()),
              first / 40, 1e-9);
}

TEST_F(PublishedSourceTest, AScoreBelowTheGateHoldsTheTotalDown) {
  Live();
  for (const char* year : {"2016", "2017", "2018"}) ASSERT_TRUE(Publish(Year(year)).ok());
  ASSERT_LT(Announced("a2", "2018"), 60);
  EXPECT_THAT(Total("a2")->vetoes(), ::testing::ElementsAre("gate"));
  EXPECT_EQ(Total("a2")->value().value(), "30");
  ASSERT_GE(Announced("a1", "2018"), 60);
  EXPECT_THAT(Total("a1")->vetoes(), ::testing::IsEmpty());
}

TEST_F(PublishedSourceTest, AnExplanationLeadsToTheResults) {
  Live();
  ASSERT_TRUE(Publish(Year("2018")).ok());
  v1::ExplainScoreRequest request;
  request.set_name("units/a1/scores/county~three-years~2018");
  const auto explained = Do<v1::Explanation>("ExplainScore", Viewer("county"), request);
  ASSERT_TRUE(explained.ok()) << explained.status();
  const std::string text = explained->ShortDebugString();
  EXPECT_NE(text.find("units/a1/results/county~y2018"), std::string::npos) << text;
}

TEST_F(PublishedSourceTest, WhoeverIsNotInAFinalPublicationMissesIt) {
  Live();
  ASSERT_TRUE(Publish(Year("2016")).ok());
  AddTreeUnit("a9", "a", "village");
  EXPECT_EQ(NodeOf("a9", "year-1"), v1::ASSESSMENT_SCORED);  // As 0: MISSING_POLICY_ZERO.
  EXPECT_EQ(Number(Total("a9")->exact_value()), 0);
  EXPECT_EQ(NodeOf("a9", "year-2"), v1::ASSESSMENT_NOT_YET);
}

TEST_F(PublishedSourceTest, ACorrectionTakesThePlaceOfWhatItCorrects) {
  Live();
  ASSERT_TRUE(Publish(Year("2018")).ok());
  const double before = Number(Total("a1")->exact_value());
  Inspect("a1", 3, "again", "2018-05-21");
  v1::PublishResultsRequest request = Year("2018");
  request.set_publication_id("better");
  request.mutable_publication()->set_corrects("units/county/publications/y2018");
  request.mutable_publication()->set_reason("An appeal was right.");
  ASSERT_TRUE(Publish(request).ok());
  const auto corrected = GetResult("a1", "better");
  EXPECT_NE(Number(Total("a1")->exact_value()), before);
  EXPECT_NEAR(Number(Total("a1")->exact_value()), Number(corrected->value()), 1e-9);
}

TEST_F(PublishedSourceTest, AProcessThatStartsLaterKnowsThem) {
  Live();
  for (const char* year : {"2016", "2017", "2018"}) ASSERT_TRUE(Publish(Year(year)).ok());
  const std::string before = Total("a1")->exact_value().value();
  // The boards are made of the rows, not of what was heard.
  machine_->Read<ScoringState>([&](const ScoringState& state, const store::Cursor& position) {
    service_->boards()->Load(state.rows(), position, state.log_time());
  });
  EXPECT_EQ(Total("a1")->exact_value().value(), before);
}

TEST_F(PublishedSourceTest, WhatCannotBeTakenOver) {
  Start();
  v1::ValidateSchemeRequest validate;
  auto codes = [&](auto change) {
    *validate.mutable_scheme() = Years();
    validate.mutable_scheme()->set_name(absl::StrCat(kYears, "@1"));
    change(*validate.mutable_scheme()->mutable_nodes(0)->mutable_leaf());
    const auto found =
        Do<v1::ValidateSchemeResponse>("ValidateScheme", Officer("county"), validate);
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> codes;
    for (const v1::SchemeIssue& issue : found->issues()) codes.push_back(issue.code());
    return codes;
  };
  using ::testing::Contains;
  EXPECT_THAT(codes([](v1::Leaf&) {}), ::testing::IsEmpty());
  EXPECT_THAT(codes([](v1::Leaf& leaf) { leaf.mutable_published()->set_scheme("quality"); }),
              Contains("INVALID_NAME"));
  EXPECT_THAT(codes([](v1::Leaf& leaf) { leaf.mutable_published()->set_periods_back(-1); }),
              Contains("NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(codes([](v1::Leaf& leaf) { leaf.mutable_discretion(); }),
              Contains("RULE_NOT_FOR_SOURCE"));
  EXPECT_THAT(codes([](v1::Leaf& leaf) { leaf.mutable_veto(); }), Contains("RULE_NOT_FOR_SOURCE"));
  // A scheme builds on its own past, not on itself.
  EXPECT_THAT(codes([](v1::Leaf& leaf) {
                leaf.mutable_published()->set_scheme(kYears);
                leaf.mutable_published()->set_periods_back(0);
              }),
              Contains("NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(codes([](v1::Leaf& leaf) {
                leaf.mutable_published()->set_scheme(kYears);
                leaf.mutable_published()->set_periods_back(1);
              }),
              ::testing::IsEmpty());
  // An office takes over its own scores and those of the offices above it.
  v1::Scheme scheme = Years();
  scheme.mutable_nodes(0)->mutable_leaf()->mutable_published()->set_scheme(
      "units/b/schemes/quality");
  EXPECT_TRUE(Refused(PublishYears(scheme), Reason::NOT_FROM_ABOVE));
}

}  // namespace
}  // namespace terrace::scoring
