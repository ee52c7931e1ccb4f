// Publications and results: what is announced, to whom, and that it stays.
#include "services/scoring/publications/publication_fixture.h"

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PublishTest : public PublicationTest {};

TEST_F(PublishTest, ResultsAreWhatTheBoardSaid) {
  Furnish();
  v1::GetScoreRequest ask;
  ask.set_name(ScoreOf("a1"));
  ask.set_include_nodes(true);
  const auto score = Do<v1::Score>("GetScore", Viewer("a1"), ask);
  ASSERT_TRUE(score.ok()) << score.status();
  const auto publication = Publish(Request());
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_FINAL);
  EXPECT_EQ(publication->scheme(), "units/county/schemes/quality@1");
  EXPECT_EQ(publication->disclosure(), v1::DISCLOSURE_NOTHING);
  EXPECT_EQ(publication->result_count(), 7);
  EXPECT_EQ(publication->root().size(), 64);
  EXPECT_EQ(FromProto(publication->at_time()), clock_.Now());
  EXPECT_TRUE(publication->has_publish_time());
  EXPECT_TRUE(publication->has_final_time());
  EXPECT_EQ(publication->vector().registry().log_id(), "registry-log");
  EXPECT_GT(publication->vector().scoring().revision(), 0);

  const auto result = GetResult("a1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->unit(), "units/a1");
  EXPECT_EQ(result->unit_display_name(), "Unit a1");
  EXPECT_EQ(result->unit_level(), "levels/village");
  EXPECT_EQ(result->publication(), kRound);
  EXPECT_EQ(result->state(), v1::SCORE_STATE_PUBLISHED);
  EXPECT_EQ(result->assessment(), v1::ASSESSMENT_SCORED);
  EXPECT_EQ(result->value().value(), score->value().value());
  EXPECT_EQ(result->exact_value().value(), score->exact_value().value());
  EXPECT_EQ(result->grade(), score->grade());
  EXPECT_EQ(result->coverage().SerializeAsString(), score->coverage().SerializeAsString());
  ASSERT_EQ(result->nodes_size(), score->nodes_size());
  ASSERT_GT(result->nodes_size(), 0);
  for (int i = 0; i < score->nodes_size(); ++i) {
    EXPECT_EQ(result->nodes(i).SerializeAsString(), score->nodes(i).SerializeAsString());
  }

  // What is found out later changes the score, and not what was published.
  Inspect("a1", 8, "v2", "2016-05-21");
  EXPECT_NE(Value("a1"), result->value().value());
  EXPECT_EQ(GetResult("a1")->SerializeAsString(), result->SerializeAsString());
}

TEST_F(PublishTest, PlacesGoByLevelAndEqualOnesShareThem) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  auto place = [&](const std::string& unit) {
    const auto result = GetResult(unit);
    EXPECT_TRUE(result.ok()) << result.status();
    return std::make_pair(result->rank(), result->ranked_count());
  };
  v1::RankUnitsRequest ask;
  ask.set_subtree("units/county");
  ask.set_scheme(kScheme);
  ask.set_period("2016");
  for (const char* level : {"levels/village", "levels/township"}) {
    ask.set_level(level);
    const auto ranking = Do<v1::RankUnitsResponse>("RankUnits", Viewer("county"), ask);
    ASSERT_TRUE(ranking.ok()) << ranking.status();
    EXPECT_GT(ranking->ranked(), 1);
    for (const v1::Rank& rank : ranking->ranks()) {
      EXPECT_EQ(place(std::string(resource::OwnerOf(rank.score().unit()))),
                std::make_pair(rank.rank(), ranking->ranked()))
          << rank.ShortDebugString();
    }
  }
  EXPECT_EQ(place("a2").first, place("b1").first);
}

TEST_F(PublishTest, OthersSeeWhatIsDisclosed) {
  Furnish();
  v1::PublishResultsRequest request = Request();
  request.mutable_publication()->set_disclosure(v1::DISCLOSURE_GRADES);
  ASSERT_TRUE(Publish(request).ok());
  EXPECT_THAT(Listed(Viewer("county")), ElementsAre("a", "a1", "a2", "a3", "b", "b1", "county"));
  EXPECT_THAT(Listed(Viewer("b1")), SizeIs(7));
  EXPECT_THAT(Listed(Viewer("county"), "", "units/a"), ElementsAre("a", "a1", "a2", "a3"));

  const auto list = ListResults(Viewer("b1"), "unit_level = levels/village");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->results_size(), 4);
  const v1::Result& other = list->results(0);
  EXPECT_EQ(other.unit(), "units/a1");
  EXPECT_FALSE(other.grade().empty());
  EXPECT_FALSE(other.has_value());
  EXPECT_FALSE(other.has_exact_value());
  EXPECT_EQ(other.rank(), 0);
  EXPECT_EQ(other.ranked_count(), 0);
  EXPECT_FALSE(other.has_coverage());
  const v1::Result& own = list->results(3);
  EXPECT_EQ(own.unit(), "units/b1");
  EXPECT_TRUE(own.has_value());
  EXPECT_GT(own.rank(), 0);
  EXPECT_EQ(own.nodes_size(), 0);
  // A filter finds nothing out that is not shown.
  EXPECT_THAT(Listed(Viewer("b1"), "value > 0 AND unit_level = levels/village"), ElementsAre("b1"));
}

TEST_F(PublishTest, RanksOrNothing) {
  Furnish();
  v1::PublishResultsRequest request = Request();
  request.mutable_publication()->set_disclosure(v1::DISCLOSURE_RANKS);
  ASSERT_TRUE(Publish(request).ok());
  const auto list = ListResults(Viewer("b1"), "unit_level = levels/village");
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->results_size(), 4);
  EXPECT_TRUE(list->results(0).has_value());
  EXPECT_GT(list->results(0).rank(), 0);
  EXPECT_FALSE(list->results(0).has_coverage());

  request = Request("second");
  request.mutable_publication()->set_corrects(kRound);
  request.mutable_publication()->set_reason("A visit was counted twice.");
  ASSERT_TRUE(Publish(request).ok());
  v1::ListResultsRequest second;
  second.set_publication("units/county/publications/second");
  const auto own = Do<v1::ListResultsResponse>("ListResults", Viewer("b1"), second);
  ASSERT_TRUE(own.ok());
  ASSERT_EQ(own->results_size(), 1);
  EXPECT_EQ(own->results(0).unit(), "units/b1");
}

TEST_F(PublishTest, PagesOfResultsFollowEachOther) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  v1::ListResultsRequest request;
  request.set_publication(kRound);
  request.set_page_size(3);
  std::vector<std::string> units;
  for (int page = 0; page < 5; ++page) {
    const auto list = Do<v1::ListResultsResponse>("ListResults", Viewer("county"), request);
    ASSERT_TRUE(list.ok()) << list.status();
    EXPECT_LE(list->results_size(), 3);
    for (const v1::Result& result : list->results()) units.push_back(result.unit());
    if (list->next_page_token().empty()) break;
    request.set_page_token(list->next_page_token());
  }
  EXPECT_THAT(units, ElementsAre("units/a", "units/a1", "units/a2", "units/a3", "units/b",
                                 "units/b1", "units/county"));
  request.set_page_token("nonsense");
  EXPECT_TRUE(Refused(Do<v1::ListResultsResponse>("ListResults", Viewer("county"), request),
                      Reason::INVALID_PAGE_TOKEN));
}

TEST_F(PublishTest, WhatCannotBePublished) {
  Furnish();
  auto with = [](auto change) {
    v1::PublishResultsRequest request = Request();
    change(request);
    return request;
  };
  EXPECT_TRUE(Refused(Ask(with([](auto& r) { r.set_publication_id("No!"); })), Reason::INVALID_ID));
  EXPECT_TRUE(Refused(Ask(with([](auto& r) { r.set_scheme("units/county/schemes/none"); })),
                      Reason::NO_SCHEME_IN_FORCE));
  EXPECT_TRUE(Refused(Ask(with([](auto& r) { r.set_scheme("units/county/schemes/quality@9"); })),
                      Reason::NO_SCHEME_IN_FORCE));
  EXPECT_TRUE(Refused(Ask(with([](auto& r) { r.mutable_publication()->set_period("2015"); })),
                      Reason::NO_SCHEME_IN_FORCE));
  EXPECT_TRUE(Refused(Ask(with([](auto& r) { r.mutable_publication()->set_period("2016-05"); })),
                      Reason::NOT_A_BOARD_PERIOD));
  EXPECT_TRUE(Refused(Ask(with([](auto& r) { r.mutable_publication()->clear_period(); })),
                      Reason::REQUIRED_FIELD));
  EXPECT_TRUE(
      Refused(Ask(with([](auto& r) { r.set_parent("units/province"); })), Reason::NOT_YOURS));
  EXPECT_TRUE(Refused(
      Ask(with([&](auto& r) { *r.mutable_at_time() = ToProto(clock_.Now() + absl::Seconds(1)); })),
      Reason::INVALID_TIME));
  EXPECT_TRUE(Refused(Ask(with([&](auto& r) {
                        *r.mutable_publication()->mutable_objection_end_time() =
                            ToProto(clock_.Now());
                      })),
                      Reason::INVALID_TIME));
  EXPECT_TRUE(Refused(
      Ask(with([](auto& r) { r.mutable_publication()->set_reason(std::string(2001, 'x')); })),
      Reason::TEXT_TOO_LONG));
  EXPECT_TRUE(Refused(Ask(with([](auto& r) {
                        r.mutable_publication()->set_corrects("units/county/publications/none");
                        r.mutable_publication()->set_reason("x");
                      })),
                      Reason::NOT_FOUND));
  EXPECT_TRUE(Ask(with([](auto& r) { r.set_validate_only(true); })).ok());
  EXPECT_TRUE(Refused(GetPublication(), Reason::NOT_FOUND));
  // A period is published once; what comes later says what it corrects.
  ASSERT_TRUE(Publish(Request()).ok());
  EXPECT_TRUE(Refused(Ask(Request()), Reason::ALREADY_EXISTS));
  EXPECT_TRUE(Refused(Ask(Request("again")), Reason::ALREADY_PUBLISHED));
}

TEST_F(PublishTest, ARepetitionIsAnsweredWithTheSameOperation) {
  Furnish();
  v1::PublishResultsRequest request = Request();
  request.set_request_id("0f8fad5b-d9cb-469f-a165-70867728950e");
  const absl::StatusOr<Operation> first = Ask(request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Await().ok());
  const absl::StatusOr<Operation> second = Ask(request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->name(), first->name());
  request.mutable_publication()->set_display_name("Other");
  EXPECT_TRUE(Refused(Ask(request), Reason::REQUEST_ID_REUSED));
}

TEST_F(PublishTest, AnInstantOfThePastIsPublishedAsItWas) {
  Furnish();
  const std::string before = Value("a1", "2016-05-25 00:00");
  Inspect("a1", 8, "v2", "2016-05-28");
  ASSERT_NE(Value("a1"), before);
  v1::PublishResultsRequest request = Request();
  *request.mutable_at_time() = ToProto(At("2016-05-25 00:00"));
  const auto publication = Publish(request);
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(FromProto(publication->at_time()), At("2016-05-25 00:00"));
  EXPECT_EQ(GetResult("a1")->value().value(), before);
}

TEST_F(PublishTest, ProvisionalResultsBecomeFinal) {
  Furnish();
  const auto publication = Publish(Provisional());
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_PROVISIONAL);
  EXPECT_FALSE(publication->has_final_time());
  EXPECT_EQ(GetResult("a1")->state(), v1::SCORE_STATE_PROVISIONAL);
  EXPECT_TRUE(Refused(Finalize("stale"), Reason::ETAG_MISMATCH));
  EXPECT_TRUE(Refused(Finalize(publication->etag()), Reason::OBJECTION_RUNNING));
  Pass(absl::Hours(25));
  const auto final = Finalize(publication->etag());
  ASSERT_TRUE(final.ok()) << final.status();
  EXPECT_EQ(final->state(), v1::PUBLICATION_STATE_FINAL);
  EXPECT_EQ(FromProto(final->final_time()), clock_.Now());
  EXPECT_NE(final->etag(), publication->etag());
  EXPECT_EQ(final->root(), publication->root());
  EXPECT_EQ(GetResult("a1")->state(), v1::SCORE_STATE_PUBLISHED);
  EXPECT_TRUE(Refused(Finalize(), Reason::WRONG_STATE));
}

TEST_F(PublishTest, ACorrectionNamesWhatItCorrectsAndThatNamesIt) {
  Furnish();
  ASSERT_TRUE(Publish(Provisional()).ok());
  v1::PublishResultsRequest request = Request("second");
  request.mutable_publication()->set_corrects(kRound);
  EXPECT_TRUE(Refused(Ask(request), Reason::REQUIRED_FIELD));
  request.mutable_publication()->set_reason("Appeals were right.");
  Inspect("a1", 8, "v2", "2016-05-21");
  const std::string before = GetResult("a1")->value().value();
  const auto correction = Publish(request);
  ASSERT_TRUE(correction.ok()) << correction.status();
  EXPECT_EQ(correction->corrects(), kRound);
  const auto former = GetPublication();
  EXPECT_EQ(former->corrected_by(), correction->name());
  EXPECT_EQ(GetResult("a1")->value().value(), before);
  EXPECT_NE(GetResult("a1", "second")->value().value(), before);
  // Each is corrected once, and the corrected one goes no further.
  request.set_publication_id("third");
  EXPECT_TRUE(Refused(Ask(request), Reason::ALREADY_CORRECTED));
  Pass(absl::Hours(25));
  EXPECT_TRUE(Refused(Finalize(), Reason::ALREADY_CORRECTED));
  request.mutable_publication()->set_corrects(correction->name());
  EXPECT_TRUE(Publish(request).ok());
  // Another period is no correction.
  request.set_publication_id("next");
  request.mutable_publication()->set_corrects("units/county/publications/third");
  request.mutable_publication()->set_period("2017");
  EXPECT_TRUE(Refused(Ask(request), Reason::INVALID_FIELD));
}

TEST_F(PublishTest, ListsPublicationsByFilter) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  v1::PublishResultsRequest next = Provisional("next");
  next.mutable_publication()->set_period("2017");
  ASSERT_TRUE(Publish(next).ok());
  v1::ListPublicationsRequest request;
  request.set_parent("units/county");
  auto names = [&](const std::string& filter) {
    request.set_filter(filter);
    const auto list = Do<v1::ListPublicationsResponse>("ListPublications", Viewer("a1"), request);
    EXPECT_TRUE(list.ok()) << list.status();
    std::vector<std::string> ids;
    for (const v1::Publication& publication : list->publications()) {
      ids.push_back(std::string(resource::LastSegment(publication.name())));
    }
    return ids;
  };
  EXPECT_THAT(names(""), ElementsAre("next", "round"));
  EXPECT_THAT(names("state = FINAL"), ElementsAre("round"));
  EXPECT_THAT(names("period = 2017"), ElementsAre("next"));
  request.set_page_size(1);
  const auto page = Do<v1::ListPublicationsResponse>("ListPublications", Viewer("a1"), request);
  ASSERT_TRUE(page.ok());
}

// -------------------------------------------------------------------------------- verification

TEST_F(PublishTest, AnUntouchedPublicationIsVerified) {
  Furnish();
  const auto publication = Publish(Request());
  const auto verified = Verify(Viewer("a1"));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_TRUE(verified->root_matches());
  EXPECT_EQ(verified->computed_root(), publication->root());
  EXPECT_EQ(verified->recomputed_count(), 7);
  EXPECT_EQ(verified->differing_count(), 0);
  // What happens afterwards is about another instant.
  Pass(absl::Hours(48));
  Inspect("a1", 8, "v2", "2016-06-02");
  EXPECT_EQ(Verify()->differing_count(), 0);
}

TEST_F(PublishTest, RecordsThatComeLateMakeADifference) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  const std::string before = Get("a1")->exact_value().value();
  Inspect("a1", 8, "v2", "2016-05-21");
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_TRUE(verified->root_matches());
  EXPECT_EQ(verified->differing_count(), 2);  // The village and the county.
  ASSERT_EQ(verified->differences_size(), 2);
  EXPECT_EQ(verified->differences(0).unit(), "units/a1");
  EXPECT_EQ(verified->differences(0).published().value(), before);
  EXPECT_EQ(verified->differences(0).recomputed().value(), Get("a1")->exact_value().value());
  EXPECT_EQ(verified->differences(1).unit(), "units/county");
  // Others are told how many, and not whose.
  const auto other = Verify(Viewer("b1"));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->differing_count(), 2);
  EXPECT_EQ(other->differences_size(), 0);
}

TEST_F(PublishTest, AStoredResultThatWasChangedShows) {
  Furnish();
  ASSERT_TRUE(Publish(Request()).ok());
  Change([](machine::Decision& decision) {
    const std::string key = "units/a1/results/county~round";
    auto row = decision.Get<storage::v1::StoredResult>(key);
    row->mutable_result()->set_grade("better");
    decision.Put(key, *row);
  });
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_FALSE(verified->root_matches());
  EXPECT_NE(verified->computed_root(), GetPublication()->root());
  EXPECT_EQ(verified->differing_count(), 1);
}

// ---------------------------------------------------------------------------- while it is written

class WaitingTest : public PublicationTest {
 protected:
  WaitingTest() : PublicationTest(/*complete=*/false) {}
};

TEST_F(WaitingTest, NobodySeesResultsBeforeTheyAreAnnounced) {
  Furnish();
  const absl::StatusOr<Operation> operation = Ask(Request());
  ASSERT_TRUE(operation.ok()) << operation.status();
  EXPECT_FALSE(operation->done());
  EXPECT_EQ(GetPublication()->state(), v1::PUBLICATION_STATE_PREPARING);
  EXPECT_TRUE(Refused(GetPublication(kRound, Viewer("a1")), Reason::NOT_FOUND));
  v1::ListPublicationsRequest list;
  list.set_parent("units/county");
  EXPECT_THAT(
      Do<v1::ListPublicationsResponse>("ListPublications", Viewer("a1"), list)->publications(),
      IsEmpty());
  Change([](machine::Decision& decision) {  // As if some had been written.
    decision.Put("units/a1/results/county~round", storage::v1::StoredResult());
  });
  EXPECT_TRUE(Refused(GetResult("a1"), Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(ListResults(Viewer("county")), Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(Verify(), Reason::NOT_FOUND));
  EXPECT_TRUE(Refused(Ask(Request("again")), Reason::ALREADY_PUBLISHED));
  EXPECT_TRUE(Refused(Finalize(), Reason::WRONG_STATE));
  CompleteFeeds();
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_FINAL);
  EXPECT_EQ(GetResult("a1")->assessment(), v1::ASSESSMENT_SCORED);
  EXPECT_TRUE(Verify()->root_matches());
}

TEST_F(WaitingTest, ACancelledPublicationIsAbandonedWithoutResults) {
  Furnish();
  const absl::StatusOr<Operation> operation = Ask(Request());
  ASSERT_TRUE(operation.ok());
  Change([&](machine::Decision& decision) {
    decision.Put("units/a1/results/county~round", storage::v1::StoredResult());
    auto record = decision.Get<internal::v1::OperationRecord>(operation->name());
    record->set_cancel_requested(true);
    decision.Put(operation->name(), *record);
  });
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_EQ(publication->state(), v1::PUBLICATION_STATE_ABANDONED);
  EXPECT_EQ(publication->result_count(), 0);
  EXPECT_TRUE(Refused(GetResult("a1"), Reason::NOT_FOUND));
  EXPECT_TRUE(machine_->Read<ScoringState>([](const ScoringState& state, const auto&) {
    return state.rows().Find("units/a1/results/county~round") == nullptr;
  }));
  // The period is free again.
  CompleteFeeds();
  EXPECT_TRUE(Publish(Request("again")).ok());
}

TEST_F(WaitingTest, WhatTheRequestHasSeenIsInIt) {
  Furnish();
  CompleteFeeds();
  v1::PublishResultsRequest request = Request();
  // Asked for while the command waits for nothing: the operation itself keeps it in mind.
  request.mutable_min_revision()->mutable_inspections()->set_log_id("inspections-log");
  request.mutable_min_revision()->mutable_inspections()->set_revision(inspections_revision_ + 2);
  rpc::Call call = CallOf("PublishResults", Officer("county"));
  Operation operation;
  absl::Notification asked;
  service_->methods().Find("PublishResults")->unary(call, request, &operation, [&](absl::Status) {
    asked.Notify();
  });
  asked.WaitForNotification();
  EXPECT_EQ(GetPublication()->state(), v1::PUBLICATION_STATE_PREPARING);
  Inspect("a1", 8, "v2", "2016-05-21");  // Two messages.
  const auto publication = Await();
  ASSERT_TRUE(publication.ok()) << publication.status();
  EXPECT_GE(publication->vector().inspections().revision(), inspections_revision_);
  EXPECT_EQ(GetResult("a1")->value().value(), Value("a1"));
}

}  // namespace
}  // namespace terrace::scoring
