// The State as a function of the log, and the stream that mirrors are made from.
#include <random>

#include "common/rpc/row_watch.h"
#include "gmock/gmock.h"
#include "services/measures/measures_fixture.h"

namespace terrace::measures {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class StateTest : public MeasuresTest {
 protected:
  // Some of everything.
  void Live() {
    MakeList();
    const std::string east = MakeLead("m1", "east", "due_date { year: 2016 month: 6 day: 30 }");
    ASSERT_TRUE(MakeMeasure("towns", R"(cascade { subtree: 'units/county'
                                                  levels: 'levels/township' })")
                    .ok());
    Finished(Issue("towns")->name());
    Now("2016-01-25");
    ASSERT_TRUE(Submit(east, "2016-01", Reporter("east")).ok());
    ASSERT_TRUE(Judge<v1::ReturnReportRequest>("ReturnReport", east + "/reports/2016-01", "county",
                                               Officer("county"))
                    .ok());
    ASSERT_TRUE(Submit(east, "2016-01", Reporter("east")).ok());
    v1::ClaimDoneRequest claim;
    claim.set_name("units/west/assignments/county~towns");
    ASSERT_TRUE(Do<v1::Assignment>("ClaimDone", Reporter("west"), claim).ok());
    v1::RecordActivityRequest activity;
    activity.set_parent("units/east");
    activity.set_activity_id("a1");
    *activity.mutable_activity() =
        Text<v1::Activity>("kind: 'news' date { year: 2016 month: 1 day: 9 } text: 'News.'");
    ASSERT_TRUE(Do<v1::Activity>("RecordActivity", Reporter("east"), activity).ok());
    ASSERT_TRUE(MakeMeasure("draft", "lead { unit: 'units/west' }").ok());
  }

  std::vector<store::CommittedPtr> Log() {
    std::vector<store::CommittedPtr> log;
    while (static_cast<int64_t>(log.size()) < Revision()) {
      absl::Notification done;
      machine_->store().ReadLog(store::Revision{static_cast<int64_t>(log.size()) + 1},
                                store::Revision{Revision()}, [&](auto batches) {
                                  EXPECT_TRUE(batches.ok()) << batches.status();
                                  if (batches.ok()) {
                                    log.insert(log.end(), batches->begin(), batches->end());
                                  }
                                  done.Notify();
                                });
      done.WaitForNotification();
      if (HasFailure()) break;
    }
    return log;
  }
  std::vector<store::Entry> Entries() {
    std::vector<store::Entry> entries;
    absl::Notification done;
    machine_->store().Scan({"", ""}, 1000, [&](auto found) {
      EXPECT_TRUE(found.ok()) << found.status();
      if (found.ok()) entries = *std::move(found);
      done.Notify();
    });
    done.WaitForNotification();
    EXPECT_FALSE(entries.empty());
    return entries;
  }

  // The messages of a watch up to its next sign of being quiet.
  std::vector<v1::WatchMeasuresResponse> Watch(rpc::Source& source, int messages) {
    std::vector<v1::WatchMeasuresResponse> out;
    for (int i = 0; i < messages; ++i) {
      v1::WatchMeasuresResponse message;
      absl::Notification done;
      absl::StatusOr<bool> more;
      source.Next(&message, [&](absl::StatusOr<bool> result) {
        more = std::move(result);
        done.Notify();
      });
      done.WaitForNotification();
      end_ = more.status();
      if (!more.ok()) break;
      out.push_back(message);
    }
    return out;
  }
  std::unique_ptr<rpc::Source> StartWatch(const access::Identity& who,
                                          const std::string& text = "") {
    calls_.push_back(std::make_unique<rpc::Call>(CallOf("WatchMeasures", who)));
    auto source = methods_->Find("WatchMeasures")
                      ->source(*calls_.back(), Text<v1::WatchMeasuresRequest>(text));
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }
  // A watch that has been sent all there is.
  std::unique_ptr<rpc::Source> WatchQuiet(const access::Identity& who,
                                          const std::string& text = "") {
    auto source = StartWatch(who, text);
    EXPECT_EQ(Watch(*source, 2).back().kind(), v1::WatchMeasuresResponse::KIND_SNAPSHOT_END);
    return source;
  }
  void MoveUnit(const std::string& unit, const std::string& parent) {
    ASSERT_TRUE(builder_.Move(unit, tree::Line::kTerritory, parent).ok());
    PublishTree();
  }
  void ExpectScopeChanged(rpc::Source& source) {
    Watch(source, 1);
    EXPECT_TRUE(HasReason(end_, Reason::SCOPE_CHANGED)) << end_;
  }
  static std::vector<std::string> Names(const v1::WatchMeasuresResponse& message) {
    std::vector<std::string> names;
    for (const v1::MeasureChange& change : message.changes()) {
      switch (change.resource_case()) {
        case v1::MeasureChange::kMeasureList:
          names.push_back(change.measure_list().name());
          break;
        case v1::MeasureChange::kMeasure:
          names.push_back(change.measure().name());
          break;
        case v1::MeasureChange::kAssignment:
          names.push_back(change.assignment().name());
          break;
        case v1::MeasureChange::kReport:
          names.push_back(change.report().name());
          break;
        case v1::MeasureChange::kActivity:
          names.push_back(change.activity().name());
          break;
        default:
          names.push_back(absl::StrCat("-", change.deleted()));
      }
    }
    return names;
  }

  std::vector<std::unique_ptr<rpc::Call>> calls_;
  absl::Status end_;
};

TEST_F(StateTest, SnapshotAndLogGiveTheSameState) {
  Live();
  const std::string digest = machine_->Read<MeasuresState>(
      [](const MeasuresState& state, const store::Cursor&) { return state.Digest(); });
  MeasuresState replayed;
  for (const store::CommittedPtr& batch : Log()) replayed.ApplyBatch(*batch);
  EXPECT_EQ(replayed.Digest(), digest);
  MeasuresState loaded;
  for (const store::Entry& entry : Entries()) loaded.ApplyEntry(entry);
  EXPECT_EQ(loaded.Digest(), digest);

  // Rows of a snapshot may come while writers go on, so in any order, and the log may repeat them.
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    MeasuresState mixed;
    std::vector<store::Entry> entries = Entries();
    std::shuffle(entries.begin(), entries.end(), random);
    for (const store::Entry& entry : entries) mixed.ApplyEntry(entry);
    for (const store::CommittedPtr& batch : Log()) mixed.ApplyBatch(*batch);
    EXPECT_EQ(mixed.Digest(), digest);
  }
}

TEST_F(StateTest, DetailStaysInTheStore) {
  Live();
  machine_->Read<MeasuresState>([](const MeasuresState& state, const store::Cursor&) {
    state.rows().ForEach("", "", [](const std::string& key, const machine::Row&) {
      EXPECT_EQ(key.find("/submissions/"), std::string::npos) << key;
      EXPECT_FALSE(absl::EndsWith(key, "/detail")) << key;
      return true;
    });
  });
}

TEST_F(StateTest, AWatchBeginsWithAllThereIsAndGoesOn) {
  Live();
  access::Identity service;
  service.service = true;
  auto source = StartWatch(service);
  auto first = Watch(*source, 2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].kind(), v1::WatchMeasuresResponse::KIND_SNAPSHOT);
  EXPECT_THAT(Names(first[0]),
              UnorderedElementsAre(
                  "units/county/measureLists/list", "units/county/measures/m1",
                  "units/county/measures/towns", "units/county/measures/draft",
                  "units/east/assignments/county~m1", "units/east/assignments/county~towns",
                  "units/west/assignments/county~towns",
                  "units/east/assignments/county~m1/reports/2016-01", "units/east/activities/a1"));
  EXPECT_EQ(first[1].kind(), v1::WatchMeasuresResponse::KIND_SNAPSHOT_END);
  EXPECT_EQ(first[1].cursor().revision(), Revision());
  for (const v1::MeasureChange& change : first[0].changes()) {
    if (change.has_report()) {
      EXPECT_EQ(change.report().state(), v1::REPORT_STATE_RESUBMITTED);
      EXPECT_EQ(change.report().timeliness(), v1::TIMELINESS_LATE);
      EXPECT_TRUE(change.report().has_late_time());
    }
    if (change.has_activity()) {
      EXPECT_EQ(change.activity().text(), "");
    }
  }
  ASSERT_TRUE(
      Submit("units/east/assignments/county~m1", "2016-01", Reporter("east")).status().code() ==
      absl::StatusCode::kFailedPrecondition);  // Refused: no message.
  Now("2016-01-28");
  ASSERT_TRUE(Submit("units/east/assignments/county~towns", "2016-01", Reporter("east")).ok());
  auto next = Watch(*source, 1);
  EXPECT_EQ(next[0].kind(), v1::WatchMeasuresResponse::KIND_REVISION);
  EXPECT_EQ(next[0].cursor().revision(), Revision());
  EXPECT_THAT(Names(next[0]), ElementsAre("units/east/assignments/county~towns/reports/2016-01"));
  EXPECT_EQ(Show(next[0].log_time()), "2016-01-28 00:00");

  // Resumed after the snapshot, the same comes again; when it is quiet, a sign of life.
  auto resumed =
      StartWatch(service, absl::StrCat("after { log_id: '", first[1].cursor().log_id(),
                                       "' revision: ", first[1].cursor().revision(), " }"));
  EXPECT_THAT(Names(Watch(*resumed, 1)[0]),
              ElementsAre("units/east/assignments/county~towns/reports/2016-01"));
  EXPECT_EQ(Watch(*resumed, 1)[0].kind(), v1::WatchMeasuresResponse::KIND_PROGRESS);
  auto foreign = StartWatch(service, "after { log_id: '00' revision: 1 }");
  Watch(*foreign, 1);
  EXPECT_TRUE(HasReason(end_, Reason::LOG_CHANGED)) << end_;
}

TEST_F(StateTest, TicksReachWatchers) {
  MakeList();
  MakeLead("m1", "east");
  access::Identity service;
  service.service = true;
  auto source = StartWatch(service);
  Watch(*source, 2);
  Now("2016-01-16 00:00:01");
  auto tick = Watch(*source, 1);
  EXPECT_EQ(tick[0].kind(), v1::WatchMeasuresResponse::KIND_REVISION);
  EXPECT_THAT(Names(tick[0]), IsEmpty());
  EXPECT_EQ(Show(tick[0].log_time()), "2016-01-16 00:00");
}

TEST_F(StateTest, AWatchShowsItsScopeAlone) {
  Live();
  auto names = [&](const access::Identity& who, const std::string& text) {
    auto source = StartWatch(who, text);
    return Names(Watch(*source, 1)[0]);
  };
  // The rules of the county apply to its townships; its drafts do not.
  EXPECT_THAT(
      names(Reporter("west"), ""),
      UnorderedElementsAre("units/county/measureLists/list", "units/county/measures/m1",
                           "units/county/measures/towns", "units/west/assignments/county~towns"));
  EXPECT_THAT(
      names(Officer("county"), "subtree: 'units/west'"),
      UnorderedElementsAre("units/county/measureLists/list", "units/county/measures/m1",
                           "units/county/measures/towns", "units/west/assignments/county~towns"));
  EXPECT_THAT(names(Officer("other"), ""), IsEmpty());
}

TEST_F(StateTest, AMoveOutOfTheSubtreeEndsTheWatch) {
  Live();
  auto east = WatchQuiet(Reporter("east"));
  auto asked = WatchQuiet(Officer("county"), "subtree: 'units/east'");
  auto region = WatchQuiet(Officer("region"));
  MoveUnit("east-2", "west");
  ExpectScopeChanged(*east);
  ExpectScopeChanged(*asked);
  MakeLead("m9", "west");
  EXPECT_THAT(Names(Watch(*region, 1)[0]), ElementsAre("units/county/measures/m9"));
}

TEST_F(StateTest, AMoveIntoTheSubtreeEndsTheWatch) {
  Live();
  auto west = WatchQuiet(Reporter("west"));
  auto asked = WatchQuiet(Officer("county"), "subtree: 'units/west'");
  MoveUnit("east-2", "west");
  ExpectScopeChanged(*west);
  ExpectScopeChanged(*asked);
}

TEST_F(StateTest, AnExchangeOfTwoUnitsEndsTheWatch) {
  Live();
  auto east = WatchQuiet(Reporter("east"));
  ASSERT_TRUE(builder_.Move("east-2", tree::Line::kTerritory, "west").ok());
  MoveUnit("west-1", "east");
  ExpectScopeChanged(*east);
}

TEST_F(StateTest, AMoveInsideTheSubtreeDoesNotEndTheWatch) {
  Live();
  auto county = WatchQuiet(Officer("county"));
  auto asked = WatchQuiet(Officer("county"), "subtree: 'units/east'");
  MoveUnit("east-2", "east-1");
  MakeLead("m9", "east-2");
  for (rpc::Source* source : {county.get(), asked.get()}) {
    EXPECT_THAT(Names(Watch(*source, 1)[0]), Contains("units/county/measures/m9"));
  }
}

TEST_F(StateTest, AMoveBetweenTwoGrantsDoesNotEndTheWatch) {
  Live();
  access::Identity both = Reporter("east");
  both.grants.push_back(Reporter("west").grants[0]);
  auto source = WatchQuiet(both);
  MoveUnit("east-2", "west");
  MakeLead("m9", "east-2");
  EXPECT_THAT(Names(Watch(*source, 1)[0]), Contains("units/county/measures/m9"));
}

TEST_F(StateTest, ANewUnitDoesNotEndTheWatch) {
  Live();
  auto county = WatchQuiet(Officer("county"));
  AddUnit("north", "county", "township");
  AddUnit("north-1", "north", "village");
  PublishTree();
  MakeLead("m9", "north-1");
  EXPECT_THAT(Names(Watch(*county, 1)[0]), ElementsAre("units/county/measures/m9"));
  EXPECT_THAT(Names(Watch(*county, 1)[0]), Contains("units/north-1/assignments/county~m9"));
}

TEST_F(StateTest, AnOldUnitUnderANewOneIsAMove) {
  Live();
  auto east = WatchQuiet(Reporter("east"));
  AddUnit("east-9", "east", "village");
  MoveUnit("west-1", "east-9");
  ExpectScopeChanged(*east);
}

TEST_F(StateTest, AMoveAboveTheSubtreeEndsTheWatch) {
  Live();
  auto east = WatchQuiet(Reporter("east"));
  auto asked = WatchQuiet(Officer("county"), "subtree: 'units/east'");
  MoveUnit("county", "other");  // Measures of that county apply from now on.
  ExpectScopeChanged(*east);
  ExpectScopeChanged(*asked);
}

TEST_F(StateTest, AQuietWatchHearsOfAMoveToo) {
  Live();
  auto east = WatchQuiet(Reporter("east"));
  v1::WatchMeasuresResponse message;
  absl::Notification done;
  east->Next(&message, [&](absl::StatusOr<bool> result) {
    end_ = result.status();
    done.Notify();
  });
  MoveUnit("east-2", "west");
  done.WaitForNotification();  // Nothing was written.
  EXPECT_TRUE(HasReason(end_, Reason::SCOPE_CHANGED)) << end_;
}

TEST_F(StateTest, AWatchOfManyUnitsLooksForMovesAfterAPause) {
  for (size_t i = 0; i < rpc::kWatchUnitsAtOnce; ++i) {
    AddUnit(absl::StrCat("east-x", i), "east", "village");
  }
  PublishTree();
  Live();
  auto east = WatchQuiet(Reporter("east"));
  AddUnit("east-9", "east", "village");
  PublishTree();
  MakeLead("m8", "east-9");
  EXPECT_THAT(Names(Watch(*east, 1)[0]), Contains("units/county/measures/m8"));
  MoveUnit("east-2", "west");
  MakeLead("m9", "east-9");
  EXPECT_THAT(Names(Watch(*east, 1)[0]), Contains("units/county/measures/m9"));
  clock_.Set(clock_.Now() + rpc::kWatchComparePause);
  ExpectScopeChanged(*east);
}

TEST_F(StateTest, AnExpiredGrantEndsTheWatch) {
  Live();
  access::Identity east = Reporter("east");
  east.grants[0].expires = clock_.Now() + absl::Hours(1);
  auto source = WatchQuiet(east);
  clock_.Set(east.grants[0].expires);
  ExpectScopeChanged(*source);
}

}  // namespace
}  // namespace terrace::measures
