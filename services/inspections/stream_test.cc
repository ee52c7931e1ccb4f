// The streams: packages, sync, watch.
#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "common/base/error.h"
#include "common/resource/names.h"
#include "services/inspections/service_fixture.h"

namespace terrace::inspections {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

using WatchKind = v1::WatchInspectionsResponse;

// ----------------------------------------------------------------------------------- packages

class PackagesTest : public ServiceTest {
 protected:
  struct Pulled {
    std::vector<v1::VisitPackage> packages;
    std::vector<v1::Checklist> checklists;
  };
  absl::StatusOr<Pulled> Pull(const std::string& request, const access::Identity& who) {
    auto reading = Open("PullVisitPackages", Text<v1::PullVisitPackagesRequest>(request), who);
    if (!reading.ok()) return reading.status();
    Pulled pulled;
    while (true) {
      v1::PullVisitPackagesResponse message;
      TERRACE_ASSIGN_OR_RETURN(bool more, (*reading)->Next(&message));
      if (!more) return pulled;
      EXPECT_GT(message.cursor().revision(), 0);
      for (const v1::Checklist& one : message.checklists()) pulled.checklists.push_back(one);
      for (const v1::VisitPackage& one : message.packages()) pulled.packages.push_back(one);
    }
  }
};

constexpr char kOfPlan[] = "plan: 'units/county/plans/p'";

TEST_F(PackagesTest, TeamsGetTheirOwnAfterTheRelease) {
  PublishChecklist();
  AddTeam("a");
  AddTeam("b");
  const std::string plan = DrawnPlan("p",
                                     "teams: 'units/county/teams/a' teams: 'units/county/teams/b' "
                                     "rounds { start_date { year: 2016 month: 6 day: 1 } }");
  EXPECT_TRUE(HasReason(Pull(kOfPlan, Outsider("a")).status(), Reason::NOT_FOUND));
  EXPECT_TRUE(HasReason(Pull(kOfPlan, Inspector("county")).status(), Reason::WRONG_STATE));
  Release(plan);
  auto office = Pull(kOfPlan, Inspector("county"));
  ASSERT_TRUE(office.ok()) << office.status();
  EXPECT_THAT(office->packages, SizeIs(30));
  EXPECT_THAT(office->checklists, SizeIs(1)) << "each comes once";
  auto a = Pull(kOfPlan, Outsider("a"));
  auto b = Pull(absl::StrCat(kOfPlan, " round: 2"), Outsider("b"));
  ASSERT_TRUE(a.ok() && b.ok());
  // Fifteen villages in each round, dealt out in turn; who begins is drawn as well.
  EXPECT_THAT(a->packages, SizeIs(testing::AllOf(testing::Ge(14u), testing::Le(16u))));
  EXPECT_THAT(b->packages, SizeIs(testing::AnyOf(7u, 8u)));
  for (const v1::VisitPackage& package : a->packages) {
    EXPECT_EQ(package.team(), "units/county/teams/a");
    EXPECT_EQ(package.checklist(), kList);
    EXPECT_FALSE(package.has_record()) << "an unannounced visit is not there yet";
    EXPECT_EQ(package.has_start_date(), package.round() == 2);
    EXPECT_EQ(package.unit().level(), "levels/village");
    EXPECT_FALSE(package.unit().display_name().empty());
    ASSERT_EQ(package.unit().path_size(), 2);
    EXPECT_EQ(package.unit().path(0), "The county");
  }
  EXPECT_TRUE(HasReason(Pull(kOfPlan, Outsider("c")).status(), Reason::NOT_FOUND));
  EXPECT_TRUE(HasReason(Pull(kOfPlan, Officer("v01")).status(), Reason::NOT_FOUND));
  auto whole_b = Pull(absl::StrCat(kOfPlan, " team: 'units/county/teams/b'"), Inspector("county"));
  ASSERT_TRUE(whole_b.ok());
  EXPECT_EQ(a->packages.size() + whole_b->packages.size(), 30u);
}

TEST_F(PackagesTest, CarryOpenFindingsAndLeaveOutWhatIsMade) {
  PublishChecklist();
  const std::string earlier = Visited("v01", "earlier");
  for (const char* id : {"open", "closed"}) {
    v1::RaiseFindingRequest raise;
    raise.set_parent(earlier);
    raise.set_finding_id(id);
    raise.mutable_finding()->set_text("x");
    raise.mutable_finding()->set_fixed_on_spot(std::string(id) == "closed");
    ASSERT_TRUE(Call<v1::Finding>("RaiseFinding", raise, Inspector("county")).ok());
  }
  Release(DrawnPlan("p"));
  auto pulled = Pull(kOfPlan, Inspector("county"));
  ASSERT_TRUE(pulled.ok());
  ASSERT_THAT(pulled->packages, SizeIs(15));
  std::string visit;
  for (const v1::VisitPackage& package : pulled->packages) {
    if (package.unit().name() == "units/v01") {
      visit = package.visit();
      ASSERT_THAT(package.open_findings(), SizeIs(1));
      EXPECT_EQ(package.open_findings(0).name(), earlier + "/findings/open");
    } else {
      EXPECT_THAT(package.open_findings(), IsEmpty());
    }
  }
  auto start = Text<v1::StartVisitRequest>("parent: 'units/v01' round: 1");
  start.set_plan("units/county/plans/p");
  ASSERT_EQ(Call<v1::Visit>("StartVisit", start, Inspector("county"))->name(), visit);
  pulled = Pull(kOfPlan, Inspector("county"));
  EXPECT_THAT(pulled->packages, SizeIs(15)) << "it is still under way";
  v1::SubmitVisitRequest submit;
  submit.set_name(visit);
  ASSERT_TRUE(Call<v1::Visit>("SubmitVisit", submit, Inspector("county")).ok());
  EXPECT_THAT(Pull(kOfPlan, Inspector("county"))->packages, SizeIs(14));
}

TEST_F(PackagesTest, TeamsFromOutsideSeeFindingsOfTheirOfficeOnly) {
  PublishChecklist();
  AddTeam("a");
  // The township found something at its village; the county found something else.
  for (const char* office : {"east", "county"}) {
    v1::SyncVisitsRequest request;
    request.set_acting_office(absl::StrCat("units/", office));
    v1::SyncItem& item = *request.add_items();
    item.set_visit(absl::StrCat("units/v01/visits/by-", office));
    item.set_checklist(kList);
    item.mutable_finding()->set_name(absl::StrCat(item.visit(), "/findings/f"));
    item.mutable_finding()->set_text(office);
    auto reply = SyncOne(request, Inspector(office));
    ASSERT_EQ(reply->results(0).outcome(), v1::ItemResult::OUTCOME_CREATED);
  }
  Release(DrawnPlan("p", "teams: 'units/county/teams/a'"));
  const auto findings_for = [&](const access::Identity& who) {
    std::vector<std::string> texts;
    auto pulled = Pull(kOfPlan, who);
    for (const v1::VisitPackage& package : pulled->packages) {
      for (const v1::Finding& finding : package.open_findings()) texts.push_back(finding.text());
    }
    return texts;
  };
  EXPECT_THAT(findings_for(Outsider("a")), UnorderedElementsAre("county"));
  EXPECT_THAT(findings_for(Inspector("county")), UnorderedElementsAre("county", "east"));
}

TEST_F(PackagesTest, UnitsMayBeNamed) {
  PublishChecklist();
  const std::string request = absl::StrCat(
      "units: 'units/v01' units: 'units/w02' acting_office: 'units/county' "
      "checklist: '",
      kList, "'");
  auto pulled = Pull(request, Inspector("county"));
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  ASSERT_THAT(pulled->packages, SizeIs(2));
  EXPECT_TRUE(absl::StartsWith(pulled->packages[1].visit(), "units/w02/visits/"));
  EXPECT_TRUE(HasReason(Pull(request, Inspector("east")).status(), Reason::NOT_FOUND));
  EXPECT_TRUE(
      HasReason(Pull(absl::StrCat(request, " units: 'units/county'"), Inspector("county")).status(),
                Reason::SELF_JUDGEMENT));
  EXPECT_TRUE(HasReason(Pull("", Inspector("county")).status(), Reason::REQUIRED_FIELD));
}

// ----------------------------------------------------------------------------------------- sync

TEST_F(ServiceTest, SyncAnswersEveryMessageWithItsPosition) {
  PublishChecklist();
  v1::SyncVisitsRequest request;
  request.set_acting_office("units/county");
  request.set_request_id("6e1f6f5e-4a9c-4a53-a3b0-0c3f1f1f0002");
  v1::SyncItem& item = *request.add_items();
  item.set_visit("units/v01/visits/a");
  item.set_checklist(kList);
  *item.mutable_observation() = Passed(item.visit(), "tab-1");
  auto first = SyncOne(request, Inspector("county"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->results(0).outcome(), v1::ItemResult::OUTCOME_CREATED);
  EXPECT_EQ(first->request_id(), request.request_id());
  EXPECT_EQ(first->cursor().revision(), machine_->position().revision.value);
  EXPECT_TRUE(first->has_receive_time());
  auto again = SyncOne(request, Inspector("county"));
  EXPECT_EQ(again->results(0).outcome(), v1::ItemResult::OUTCOME_UNCHANGED);
  EXPECT_EQ(again->cursor().revision(), first->cursor().revision()) << "nothing was written";
}

TEST_F(ServiceTest, ManyDevicesAtOnceLoseNothing) {
  PublishChecklist();
  constexpr int kDevices = 6;
  constexpr int kEach = 30;
  const std::string visit = Visited("v01", "a");
  std::vector<std::thread> devices;
  for (int d = 0; d < kDevices; ++d) {
    devices.emplace_back([&, d] {
      for (int i = 1; i <= kEach; ++i) {
        v1::SyncVisitsRequest request;
        v1::SyncItem& item = *request.add_items();
        item.set_visit(visit);
        *item.mutable_observation() = Passed(visit, absl::StrCat("dev", d, "-", i));
        auto reply = SyncOne(request, Inspector("county"));
        TERRACE_CHECK(reply.ok() && reply->results(0).outcome() == v1::ItemResult::OUTCOME_CREATED);
      }
    });
  }
  for (std::thread& device : devices) device.join();
  v1::GetVisitRequest get;
  get.set_name(visit);
  EXPECT_EQ(Call<v1::Visit>("GetVisit", get, Viewer("v01"))->observation_count(),
            kDevices * kEach + 1);
}

// ---------------------------------------------------------------------------------------- watch

class WatchTest : public ServiceTest {
 protected:
  std::unique_ptr<Reading> Watch(const std::string& request, const access::Identity& who) {
    auto reading = Open("WatchInspections", Text<v1::WatchInspectionsRequest>(request), who);
    EXPECT_TRUE(reading.ok()) << reading.status();
    return *std::move(reading);
  }
  v1::WatchInspectionsResponse Next(Reading& reading) {
    v1::WatchInspectionsResponse message;
    auto more = reading.Next(&message);
    EXPECT_TRUE(more.ok() && *more) << more.status();
    return message;
  }
  // A watch that has been sent all there is.
  std::unique_ptr<Reading> WatchQuiet(const std::string& request, const access::Identity& who) {
    if (machine_->position().revision.value == 0) {
      PublishChecklist();
      Visited("v01", "a");
    }
    auto reading = Watch(request, who);
    types::v1::Cursor at;
    Snapshot(*reading, &at);
    return reading;
  }
  void Move(const std::string& unit, const std::string& parent) {
    ASSERT_TRUE(builder_.Move(unit, tree::Line::kTerritory, parent).ok());
    holder_.Set(builder_.Publish());
  }
  static void ExpectScopeChanged(Reading& reading) {
    v1::WatchInspectionsResponse message;
    const absl::Status end = reading.Next(&message).status();
    EXPECT_TRUE(HasReason(end, Reason::SCOPE_CHANGED)) << end;
  }
  // What one has after the snapshot, by name.
  std::map<std::string, std::string> Snapshot(Reading& reading, types::v1::Cursor* at) {
    std::map<std::string, std::string> mirror;
    while (true) {
      const v1::WatchInspectionsResponse message = Next(reading);
      Take(message, &mirror);
      if (message.kind() == WatchKind::KIND_SNAPSHOT_END) {
        *at = message.cursor();
        return mirror;
      }
      if (testing::Test::HasFailure()) return mirror;
    }
  }
  static void Take(const v1::WatchInspectionsResponse& message,
                   std::map<std::string, std::string>* mirror) {
    for (const v1::WatchedResource& resource : message.resources()) {
      const std::string bytes = resource.SerializeAsString();
      if (resource.has_visit()) (*mirror)[resource.visit().name()] = bytes;
      if (resource.has_checklist()) (*mirror)[resource.checklist().name()] = bytes;
      if (resource.has_observation()) (*mirror)[resource.observation().name()] = bytes;
      if (resource.has_finding()) (*mirror)[resource.finding().name()] = bytes;
      if (resource.has_follow_up()) (*mirror)[resource.follow_up().name()] = bytes;
    }
  }
};

TEST_F(WatchTest, OrderedUniqueAtomicReliable) {
  PublishChecklist();
  Visited("v01", "before");
  auto reading = Watch("", Service());
  types::v1::Cursor at;
  std::map<std::string, std::string> mirror = Snapshot(*reading, &at);
  EXPECT_THAT(mirror, SizeIs(3));
  EXPECT_EQ(at.revision(), machine_->position().revision.value);

  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) Visited("v02", absl::StrCat("visit-", i));
  });
  int64_t last = at.revision();
  std::set<std::string> seen;
  while (seen.size() < 20) {
    const v1::WatchInspectionsResponse message = Next(*reading);
    if (message.kind() == WatchKind::KIND_PROGRESS) continue;
    ASSERT_EQ(message.kind(), WatchKind::KIND_CHANGES);
    EXPECT_EQ(message.cursor().revision(), last + 1) << "Ordered, Reliable";
    last = message.cursor().revision();
    EXPECT_TRUE(message.has_commit_time());
    ASSERT_THAT(message.resources(), SizeIs(2)) << "Atomic: visit and observation together";
    for (const v1::WatchedResource& resource : message.resources()) {
      if (!resource.has_visit()) continue;
      EXPECT_EQ(resource.visit().revision(), last);
      EXPECT_TRUE(seen.insert(resource.visit().name()).second) << "Unique";
    }
    Take(message, &mirror);
  }
  writer.join();

  // Another snapshot now gives exactly the mirror.
  auto fresh = Watch("", Service());
  EXPECT_EQ(Snapshot(*fresh, &at), mirror);
}

TEST_F(WatchTest, ResumableFromAnyCursor) {
  PublishChecklist();
  for (int i = 0; i < 5; ++i) Visited("v01", absl::StrCat("visit-", i));
  const store::Cursor end = machine_->position();
  for (int64_t from = 0; from < end.revision.value; ++from) {
    auto reading =
        Watch(absl::StrCat("after { log_id: '", end.log_id, "' revision: ", from, " }"), Service());
    int64_t last = from;
    while (last < end.revision.value) {
      const v1::WatchInspectionsResponse message = Next(*reading);
      ASSERT_GT(message.cursor().revision(), last);
      last = message.cursor().revision();
    }
    EXPECT_EQ(last, end.revision.value);
  }
  auto foreign = Watch("after { log_id: 'another' revision: 1 }", Service());
  v1::WatchInspectionsResponse message;
  EXPECT_TRUE(HasReason(foreign->Next(&message).status(), Reason::LOG_CHANGED));
  auto future =
      Watch(absl::StrCat("after { log_id: '", end.log_id, "' revision: 999 }"), Service());
  EXPECT_FALSE(future->Next(&message).ok());
}

TEST_F(WatchTest, BookmarkableWhenItIsQuiet) {
  PublishChecklist();
  auto reading = Watch("subtree: 'units/west'", Viewer("county"));
  types::v1::Cursor at;
  Snapshot(*reading, &at);
  Visited("v01", "a");  // Nothing for the west.
  const v1::WatchInspectionsResponse message = Next(*reading);
  EXPECT_EQ(message.kind(), WatchKind::KIND_PROGRESS);
  EXPECT_EQ(message.cursor().revision(), machine_->position().revision.value);
}

TEST_F(WatchTest, ShowsWhatTheCallerMaySee) {
  PublishChecklist();
  Visited("v01", "a");
  Visited("w01", "a");
  const auto names = [&](const std::string& request, const access::Identity& who) {
    auto reading = Watch(request, who);
    types::v1::Cursor at;
    std::vector<std::string> visits;
    for (const auto& [name, bytes] : Snapshot(*reading, &at)) {
      if (KindOfKey(name) == RowKind::kVisit) visits.push_back(name);
    }
    return visits;
  };
  EXPECT_THAT(names("", Viewer("v01")), UnorderedElementsAre("units/v01/visits/a"));
  EXPECT_THAT(names("", Viewer("v02")), IsEmpty());
  EXPECT_THAT(names("", Viewer("county")), SizeIs(2));
  EXPECT_THAT(names("subtree: 'units/west'", Viewer("county")),
              UnorderedElementsAre("units/w01/visits/a"));
  EXPECT_TRUE(
      HasReason(Open("WatchInspections", Text<v1::WatchInspectionsRequest>("subtree: 'units/west'"),
                     Viewer("east"))
                    .status(),
                Reason::NOT_FOUND));
}

TEST_F(WatchTest, AMoveOutOfTheSubtreeEndsTheStream) {
  auto east = WatchQuiet("", Viewer("east"));
  auto asked = WatchQuiet("subtree: 'units/east'", Viewer("county"));
  auto county = WatchQuiet("", Viewer("county"));
  Move("v01", "west");
  ExpectScopeChanged(*east);
  ExpectScopeChanged(*asked);
  Visited("v01", "b");
  EXPECT_EQ(Next(*county).kind(), WatchKind::KIND_CHANGES) << "nothing changed for the county";
}

TEST_F(WatchTest, AMoveIntoTheSubtreeEndsTheStream) {
  auto west = WatchQuiet("", Viewer("west"));
  auto asked = WatchQuiet("subtree: 'units/west'", Service());
  Move("v01", "west");
  ExpectScopeChanged(*west);
  ExpectScopeChanged(*asked);
}

TEST_F(WatchTest, AMoveInsideTheSubtreeDoesNotEndTheStream) {
  auto east = WatchQuiet("", Viewer("east"));
  Move("v01", "v02");
  Visited("v01", "b");
  EXPECT_EQ(Next(*east).kind(), WatchKind::KIND_CHANGES);
}

TEST_F(WatchTest, ANewUnitDoesNotEndTheStream) {
  auto east = WatchQuiet("", Viewer("east"));
  tree::UnitRecord unit;
  unit.id = "v99";
  unit.territory_parent = "east";
  ASSERT_TRUE(builder_.Upsert(unit).ok());
  holder_.Set(builder_.Publish());
  Visited("v99", "a");
  EXPECT_EQ(Next(*east).kind(), WatchKind::KIND_CHANGES);
}

TEST_F(WatchTest, AQuietStreamHearsOfAMoveToo) {
  auto east = WatchQuiet("", Viewer("east"));
  v1::WatchInspectionsResponse message;
  absl::Notification finished;
  absl::Status end;
  east->Start(&message, [&](absl::StatusOr<bool> next) {
    end = next.status();
    finished.Notify();
  });
  Move("v01", "west");
  finished.WaitForNotification();  // Nothing was written.
  EXPECT_TRUE(HasReason(end, Reason::SCOPE_CHANGED)) << end;
}

TEST_F(WatchTest, AResumedStreamHearsOfMovesToo) {
  PublishChecklist();
  Visited("v01", "a");
  const store::Cursor end = machine_->position();
  auto east =
      Watch(absl::StrCat("after { log_id: '", end.log_id, "' revision: ", end.revision.value, " }"),
            Viewer("east"));
  Move("v01", "west");
  ExpectScopeChanged(*east);
}

}  // namespace
}  // namespace terrace::inspections
