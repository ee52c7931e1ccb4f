// Lists, searches, counts, exports, watches, and State rebuilt from the log.
#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "services/registry/registry_test_util.h"
#include "services/registry/unit_scan.h"

namespace terrace::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class ListsTest : public ::testing::Test {
 protected:
  ListsTest() { registry_.AddSmallTree(); }

  std::vector<std::string> List(v1::ListUnitsRequest request, const access::Identity& identity) {
    std::vector<std::string> ids;
    for (;;) {
      auto page = registry_.Call<v1::ListUnitsResponse>("ListUnits", request, identity);
      EXPECT_THAT(page.status(), IsFine());
      if (!page.ok()) return ids;
      EXPECT_GT(page->cursor().revision(), 0);
      for (const v1::Unit& unit : page->units()) ids.push_back(unit.name().substr(6));
      if (page->next_page_token().empty()) return ids;
      EXPECT_GT(page->units_size(), 0) << "an empty page that is not the last";
      request.set_page_token(page->next_page_token());
    }
  }
  std::vector<std::string> List(const v1::ListUnitsRequest& request) {
    return List(request, registry_.admin);
  }

  void Add(const v1::ImportUnitRow& row) { ASSERT_THAT(registry_.Create(row).status(), IsFine()); }
  void Move(const std::string& id, const std::string& parent, absl::string_view from = "") {
    v1::MoveUnitRequest request;
    request.set_name("units/" + id);
    request.set_parent("units/" + parent);
    if (!from.empty()) *request.mutable_from_date() = DateOf(from);
    ASSERT_THAT(registry_.Call<v1::Unit>("MoveUnit", request).status(), IsFine());
  }

  Registry registry_;
};

TEST_F(ListsTest, PagesOfEverySizeAddUpToTheSameList) {
  v1::ListUnitsRequest request;
  const std::vector<std::string> all = {"county", "east",     "east-1", "east-2",
                                        "nation", "province", "west",   "west-1"};
  for (int size : {1, 2, 3, 5, 8, 100}) {
    request.set_page_size(size);
    request.clear_subtree();
    EXPECT_EQ(List(request), all) << size;
    request.set_subtree("units/nation");
    EXPECT_EQ(List(request), all) << size;
  }
  request.set_subtree("units/east");
  EXPECT_THAT(List(request), ElementsAre("east", "east-1", "east-2"));
  request.set_subtree("units/county");
  request.set_max_depth(1);
  EXPECT_THAT(List(request), ElementsAre("county", "east", "west"));
}

TEST_F(ListsTest, WhatTheCallerMaySee) {
  v1::ListUnitsRequest request;
  EXPECT_THAT(List(request, WithGrant("east", options::v1::ROLE_VIEWER)),
              ElementsAre("east", "east-1", "east-2"));
  access::Identity two = WithGrant("east-1", options::v1::ROLE_VIEWER);
  two.grants.push_back(WithGrant("west", options::v1::ROLE_VIEWER).grants[0]);
  EXPECT_THAT(List(request, two), ElementsAre("east-1", "west", "west-1"));
  EXPECT_THAT(List(request, access::Identity()), ElementsAre());
  access::Identity expired = WithGrant("east", options::v1::ROLE_VIEWER);
  expired.grants[0].expires = registry_.clock().Now();
  EXPECT_THAT(List(request, expired), ElementsAre());
}

TEST_F(ListsTest, FiltersOnFactsAndOnAnythingElse) {
  v1::ListUnitsRequest request;
  request.set_filter("level = \"levels/village\" AND kind != \"kinds/community\"");
  EXPECT_THAT(List(request), ElementsAre("east-1", "west-1"));
  request.set_filter("display_name : east AND level = \"levels/village\"");
  EXPECT_THAT(List(request), ElementsAre("east-1", "east-2"));
  request.set_filter("state = CLOSED");
  EXPECT_THAT(List(request), ElementsAre());
  request.set_filter("state = ACTIVE AND org_class = ADMINISTRATIVE_AREA");
  EXPECT_EQ(List(request).size(), 8u);
  request.set_filter("level = = x");
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_FILTER));
}

TEST_F(ListsTest, OtherOrders) {
  v1::ListUnitsRequest request;
  request.set_subtree("units/county");
  for (int size : {1, 2, 10}) {
    request.set_page_size(size);
    request.set_order_by("kind, display_name desc");
    EXPECT_THAT(List(request), ElementsAre("east-2", "county", "east", "west", "west-1", "east-1"))
        << size;
    request.set_order_by("name desc");
    EXPECT_THAT(List(request), ElementsAre("west-1", "west", "east-2", "east-1", "east", "county"));
  }
  request.set_order_by("no_such_field");
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_FIELD));
}

TEST_F(ListsTest, WrongPagesAreRefused) {
  v1::ListUnitsRequest request;
  request.set_page_size(-1);
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_PAGE_SIZE));
  request.set_page_size(1);
  auto page = registry_.Call<v1::ListUnitsResponse>("ListUnits", request);
  ASSERT_THAT(page.status(), IsFine());
  request.set_page_token(page->next_page_token());
  request.set_subtree("units/county");
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_PAGE_TOKEN));
  request.set_page_token("garbage");
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_PAGE_TOKEN));
  request.clear_page_token();
  request.set_subtree("units/nowhere");
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::NOT_FOUND));
  request.set_max_depth(-2);
  EXPECT_THAT(registry_.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_FIELD));
}

TEST_F(ListsTest, WhatExistsThroughoutAppearsOnceWhileOthersMove) {
  v1::ListUnitsRequest request;
  request.set_subtree("units/county");
  request.set_page_size(2);
  auto page = registry_.Call<v1::ListUnitsResponse>("ListUnits", request);
  ASSERT_THAT(page.status(), IsFine());
  EXPECT_EQ(page->units(1).name(), "units/east");
  // East and its villages change their place inside the county; a unit comes before the page's end.
  Move("east-2", "west");
  Move("west-1", "east");
  Add(Registry::Area("aaa", "county", "township", "town"));
  Add(Registry::Area("zzz", "county", "township", "town"));
  request.set_page_token(page->next_page_token());
  EXPECT_THAT(List(request), ElementsAre("east-1", "east-2", "west", "west-1", "zzz"));
}

TEST_F(ListsTest, AListOfAnInstantFollowsTheTreeOfThatInstant) {
  Move("east-1", "west", "2015-01-01");
  Add(Registry::Area("today", "east", "village", "village"));
  v1::ListUnitsRequest request;
  request.set_subtree("units/east");
  EXPECT_THAT(List(request), ElementsAre("east", "east-2", "today"));
  *request.mutable_at_time() = terrace::ToProto(At("2014-12-31T00:00:00+08:00"));
  EXPECT_THAT(List(request), ElementsAre("east", "east-1", "east-2"));
  request.set_subtree("units/county");
  request.set_max_depth(1);
  EXPECT_THAT(List(request), ElementsAre("county", "east", "west"));
}

// Large enough for the walk over rows, with enrolments between the units to be stepped over.
TEST(LargeListTest, TheWalkOverRowsMeetsEveryUnitOnce) {
  Registry registry;
  std::vector<v1::ImportUnitsRequest> messages;
  auto add = [&](v1::ImportUnitRow row) {
    if (messages.empty() || messages.back().rows_size() == 5000) messages.emplace_back();
    *row.mutable_from_date() = DateOf("2010-01-01");
    *messages.back().add_rows() = std::move(row);
  };
  add(Registry::Area("n", "", "nation", "nation"));
  add(Registry::Area("n.a", "n", "county", "county"));
  add(Registry::Area("n-b", "n", "county", "county"));
  for (UnitNumber i = 0; i < kGatheredUnits; ++i) {
    add(Registry::Area(absl::StrCat("u", i), i % 2 == 0 ? "n.a" : "n-b", "village", "village"));
  }
  auto response = registry.Send<v1::ImportUnitsResponse>("ImportUnits", messages, registry.admin);
  ASSERT_THAT(response.status(), IsFine());
  ASSERT_EQ(response->rejected(), 0);
  v1::CreateProgrammeRequest programme;
  programme.set_parent("units/n");
  programme.set_programme_id("p");
  programme.mutable_programme()->set_display_name("P");
  ASSERT_THAT(registry.Call<v1::Programme>("CreateProgramme", programme).status(), IsFine());
  v1::EnrollUnitsRequest enroll;
  enroll.set_parent("units/n/programmes/p");
  for (int i = 0; i < 300; ++i) {
    enroll.add_rows()->set_unit(absl::StrCat("units/u", i));
    enroll.mutable_rows(i)->set_role(v1::ENROLLMENT_ROLE_PARTICIPANT);
  }
  ASSERT_THAT(registry.Call<v1::EnrollUnitsResponse>("EnrollUnits", enroll).status(), IsFine());

  v1::ListUnitsRequest request;
  request.set_subtree("units/n");
  request.set_page_size(1000);
  std::vector<std::string> ids;
  do {
    auto page = registry.Call<v1::ListUnitsResponse>("ListUnits", request);
    ASSERT_THAT(page.status(), IsFine());
    for (const v1::Unit& unit : page->units()) ids.push_back(unit.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(ids.size(), kGatheredUnits + 3);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());

  request.Clear();
  request.set_order_by("display_name");
  EXPECT_THAT(registry.Call<v1::ListUnitsResponse>("ListUnits", request).status(),
              HasTheReason(Reason::INVALID_FIELD));

  v1::CountUnitsRequest count;
  count.set_subtree("units/n");
  EXPECT_EQ(registry.Call<v1::CountUnitsResponse>("CountUnits", count)->total(),
            kGatheredUnits + 2);
  v1::SearchUnitsRequest search;
  search.set_query("area U1999");
  search.set_subtree("units/n");
  auto hits = registry.Call<v1::SearchUnitsResponse>("SearchUnits", search);
  ASSERT_THAT(hits.status(), IsFine());
  EXPECT_EQ(hits->hits_size(), 11);  // u1999 and u19990 to u19999.
}

TEST_F(ListsTest, SearchLooksIntoNamesFormerNamesAndCodes) {
  v1::UpdateUnitRequest rename;
  rename.mutable_unit()->set_name("units/east-1");
  rename.mutable_unit()->set_display_name("东湖一村");
  (*rename.mutable_unit()->mutable_localized_names())["en"] = "East Lake Village One";
  rename.mutable_unit()->add_codes()->set_system("stat");
  rename.mutable_unit()->mutable_codes(0)->set_code("654322105201");
  ASSERT_THAT(registry_.Call<v1::Unit>("UpdateUnit", rename).status(), IsFine());
  v1::SearchUnitsRequest request;
  auto search = [&](const std::string& query, const access::Identity& identity) {
    request.set_query(query);
    std::vector<std::string> told;
    auto page = registry_.Call<v1::SearchUnitsResponse>("SearchUnits", request, identity);
    EXPECT_THAT(page.status(), IsFine());
    if (!page.ok()) return told;
    for (const auto& hit : page->hits()) {
      told.push_back(absl::StrCat(hit.unit().name(), ": ", hit.matched()));
    }
    return told;
  };
  const access::Identity& admin = registry_.admin;
  EXPECT_THAT(search("东湖", admin), ElementsAre("units/east-1: 东湖一村"));
  EXPECT_THAT(search("lake village", admin), ElementsAre("units/east-1: East Lake Village One"));
  EXPECT_THAT(search("AREA EAST-1", admin), ElementsAre("units/east-1: Area east-1"));
  EXPECT_THAT(search("4322105", admin), ElementsAre("units/east-1: 654322105201"));
  EXPECT_THAT(search("东湖", WithGrant("west", options::v1::ROLE_VIEWER)), ElementsAre());
  request.set_filter("kind = \"kinds/town\"");
  EXPECT_THAT(search("area", admin), ElementsAre("units/east: Area east"));
  request.set_query("");
  EXPECT_THAT(registry_.Call<v1::SearchUnitsResponse>("SearchUnits", request).status(),
              HasTheReason(Reason::REQUIRED_FIELD));
}

TEST_F(ListsTest, CountsByLevelClassAndKindAddUp) {
  Add(Registry::Organisation("school-3", "east", "school"));
  v1::CountUnitsRequest request;
  request.set_subtree("units/county");
  auto count = registry_.Call<v1::CountUnitsResponse>("CountUnits", request);
  ASSERT_THAT(count.status(), IsFine());
  EXPECT_EQ(count->total(), 6);
  std::vector<std::string> levels, classes, kinds;
  for (const auto& entry : count->by_level()) {
    levels.push_back(absl::StrCat(entry.level(), " ", entry.count()));
  }
  for (const auto& entry : count->by_class()) {
    classes.push_back(absl::StrCat(v1::OrgClass_Name(entry.org_class()), " ", entry.count()));
  }
  for (const auto& entry : count->by_kind()) {
    kinds.push_back(absl::StrCat(entry.kind(), " ", entry.count()));
  }
  EXPECT_THAT(levels, ElementsAre("levels/township 2", "levels/village 3", "levels/site 1"));
  EXPECT_THAT(classes, ElementsAre("ORG_CLASS_ADMINISTRATIVE_AREA 5", "ORG_CLASS_SCHOOL 1"));
  EXPECT_THAT(kinds, ElementsAre("kinds/community 1", "kinds/school 1", "kinds/town 1",
                                 "kinds/township 1", "kinds/village 2"));
  *request.mutable_at_time() = terrace::ToProto(At("2016-06-14T12:00:00+08:00"));
  EXPECT_EQ(registry_.Call<v1::CountUnitsResponse>("CountUnits", request)->total(), 5);
  *request.mutable_at_time() = terrace::ToProto(At("2009-12-31T12:00:00+08:00"));
  EXPECT_EQ(registry_.Call<v1::CountUnitsResponse>("CountUnits", request)->total(), 0);
}

TEST_F(ListsTest, CountsOfAnInstantFollowTheTreeOfThatInstant) {
  Move("east", "province", "2015-01-01");
  v1::CountUnitsRequest request;
  request.set_subtree("units/county");
  EXPECT_EQ(registry_.Call<v1::CountUnitsResponse>("CountUnits", request)->total(), 2);
  *request.mutable_at_time() = terrace::ToProto(At("2014-12-31T12:00:00+08:00"));
  EXPECT_EQ(registry_.Call<v1::CountUnitsResponse>("CountUnits", request)->total(), 5);
}

TEST_F(ListsTest, AnExportIsOfOneRevisionWhileWritersGoOn) {
  rpc::Call call = registry_.NewCall("ExportUnits", registry_.admin);
  v1::ExportUnitsRequest request;
  request.set_subtree("units/county");
  auto source = registry_.Open(call, "ExportUnits", request);
  ASSERT_THAT(source.status(), IsFine());
  const int64_t revision = registry_.machine().position().revision.value;
  Move("west", "province", "2015-01-01");
  Add(Registry::Area("east-3", "east", "village", "village"));
  v1::UpdateUnitRequest rename;
  rename.mutable_unit()->set_name("units/east-1");
  rename.mutable_unit()->set_display_name("Renamed");
  ASSERT_THAT(registry_.Call<v1::Unit>("UpdateUnit", rename).status(), IsFine());

  auto part = Registry::Next<v1::ExportUnitsResponse>(**source);
  ASSERT_THAT(part.status(), IsFine());
  EXPECT_EQ(part->cursor().revision(), revision);
  EXPECT_EQ(part->total(), 6);
  std::vector<std::string> told;
  for (const auto& record : part->records()) {
    told.push_back(absl::StrCat(record.unit().display_name(), " ", record.placements_size(), " ",
                                record.unit().placement().parent()));
  }
  EXPECT_THAT(told, ElementsAre("Area county 1 units/province", "Area east 1 units/county",
                                "Area east-1 1 units/east", "Area east-2 1 units/east",
                                "Area west 1 units/county", "Area west-1 1 units/west"));
  EXPECT_TRUE(absl::IsOutOfRange(Registry::Next<v1::ExportUnitsResponse>(**source).status()));

  request.set_after("units/east-1");
  auto rest = registry_.Open(call, "ExportUnits", request);
  ASSERT_THAT(rest.status(), IsFine());
  part = Registry::Next<v1::ExportUnitsResponse>(**rest);
  EXPECT_EQ(part->total(), 2);
  EXPECT_EQ(part->records(1).unit().name(), "units/east-3");
  request.set_subtree("units/nowhere");
  EXPECT_THAT(registry_.Open(call, "ExportUnits", request).status(),
              HasTheReason(Reason::NOT_FOUND));
}

TEST_F(ListsTest, TooManyExportsAtOnceAreRefused) {
  rpc::Call call = registry_.NewCall("ExportUnits", registry_.admin);
  v1::ExportUnitsRequest request;
  request.set_subtree("units/county");
  std::vector<std::unique_ptr<rpc::Source>> open;
  for (size_t i = 0; i < kHoldsMax; ++i) {
    auto source = registry_.Open(call, "ExportUnits", request);
    ASSERT_THAT(source.status(), IsFine());
    open.push_back(*std::move(source));
  }
  EXPECT_THAT(registry_.Open(call, "ExportUnits", request).status(),
              HasTheReason(Reason::OVERLOADED));
  open.pop_back();
  EXPECT_THAT(registry_.Open(call, "ExportUnits", request).status(), IsFine());
}

// ------------------------------------------------------------------------------------- watches

class WatchTest : public ListsTest {
 protected:
  std::unique_ptr<rpc::Source> Watch(const v1::WatchUnitsRequest& request,
                                     const access::Identity& identity) {
    calls_.push_back(std::make_unique<rpc::Call>(registry_.NewCall("WatchUnits", identity)));
    auto source = registry_.Open(*calls_.back(), "WatchUnits", request);
    EXPECT_THAT(source.status(), IsFine());
    return source.ok() ? *std::move(source) : nullptr;
  }
  // Reads up to the end of the snapshot: the names of what exists.
  std::vector<std::string> Snapshot(rpc::Source& source) {
    std::vector<std::string> names;
    for (;;) {
      auto message = Registry::Next<v1::WatchUnitsResponse>(source);
      EXPECT_THAT(message.status(), IsFine());
      if (!message.ok()) return names;
      for (const v1::RegistryChange& change : message->changes()) {
        if (change.has_unit()) names.push_back(change.unit().name());
        if (change.has_placement()) names.push_back(change.placement().name());
        if (change.has_programme()) names.push_back(change.programme().name());
        levels_ += change.has_level();
        kinds_ += change.has_kind();
      }
      if (message->kind() == v1::WATCH_MESSAGE_KIND_SNAPSHOT_END) {
        cursor_ = message->cursor();
        return names;
      }
    }
  }
  // A watch of the east, its snapshot read.
  std::unique_ptr<rpc::Source> WatchEast() {
    v1::WatchUnitsRequest request;
    request.set_subtree("units/east");
    auto source = Watch(request, registry_.admin);
    Snapshot(*source);
    return source;
  }
  // The next revision, progress left out.
  absl::StatusOr<v1::WatchUnitsResponse> NextRevision(rpc::Source& source) {
    for (;;) {
      auto message = Registry::Next<v1::WatchUnitsResponse>(source);
      if (!message.ok() || message->kind() == v1::WATCH_MESSAGE_KIND_REVISION) return message;
    }
  }

  std::vector<std::unique_ptr<rpc::Call>> calls_;
  types::v1::Cursor cursor_;
  int levels_ = 0;
  int kinds_ = 0;
};

TEST_F(WatchTest, ASnapshotHoldsUnitsPlacesAndTables) {
  auto source = Watch({}, registry_.admin);
  EXPECT_EQ(Snapshot(*source).size(), 16u);  // Eight units, eight places.
  EXPECT_EQ(levels_, 8);
  EXPECT_GT(kinds_, 20);
  EXPECT_EQ(cursor_.revision(), registry_.machine().position().revision.value);
}

TEST_F(WatchTest, EveryRevisionComesWholeInOrderOnce) {
  auto source = Watch({}, registry_.admin);
  Snapshot(*source);
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) {
      Add(Registry::Area(absl::StrCat("w-", i), "east", "village", "village"));
    }
  });
  int64_t last = cursor_.revision();
  for (int i = 0; i < 50; ++i) {
    auto message = NextRevision(*source);
    ASSERT_THAT(message.status(), IsFine());
    EXPECT_GT(message->cursor().revision(), last);
    last = message->cursor().revision();
    ASSERT_EQ(message->changes_size(), 2) << "unit and place of one revision in one message";
    EXPECT_EQ(message->changes(0).unit().name(), absl::StrCat("units/w-", i));
    EXPECT_EQ(message->changes(1).placement().parent(), "units/east");
    EXPECT_TRUE(message->has_commit_time());
  }
  writer.join();

  // Resumed from the middle, the same again.
  v1::WatchUnitsRequest request;
  *request.mutable_after() = cursor_;
  auto resumed = Watch(request, registry_.admin);
  auto message = NextRevision(*resumed);
  ASSERT_THAT(message.status(), IsFine());
  EXPECT_EQ(message->changes(0).unit().name(), "units/w-0");
  request.mutable_after()->set_log_id(std::string(32, 'f'));
  auto foreign = Watch(request, registry_.admin);
  EXPECT_THAT(NextRevision(*foreign).status(), HasTheReason(Reason::LOG_CHANGED));
}

TEST_F(WatchTest, ASubtreeShowsItsOwn) {
  v1::WatchUnitsRequest request;
  request.set_subtree("units/east");
  auto source = Watch(request, WithGrant("east", options::v1::ROLE_VIEWER));
  EXPECT_THAT(Snapshot(*source), UnorderedElementsAre("units/east", "units/east-1", "units/east-2",
                                                      "units/east/placements/2010-01-01",
                                                      "units/east-1/placements/2010-01-01",
                                                      "units/east-2/placements/2010-01-01"));
  Add(Registry::Area("west-2", "west", "village", "village"));
  Add(Registry::Area("east-3", "east", "village", "village"));
  auto message = NextRevision(*source);
  ASSERT_THAT(message.status(), IsFine());
  EXPECT_EQ(message->changes(0).unit().name(), "units/east-3");
}

TEST_F(WatchTest, AMoveOutOfTheSubtreeEndsTheStream) {
  auto source = WatchEast();
  Move("east-1", "west");
  EXPECT_THAT(NextRevision(*source).status(), HasTheReason(Reason::SCOPE_CHANGED));
}

TEST_F(WatchTest, AMoveIntoTheSubtreeEndsTheStream) {
  auto source = WatchEast();
  Move("west-1", "east");  // Its history was not shown.
  EXPECT_THAT(NextRevision(*source).status(), HasTheReason(Reason::SCOPE_CHANGED));
}

TEST_F(WatchTest, AMoveInsideTheSubtreeDoesNotEndTheStream) {
  auto source = WatchEast();
  Move("east-2", "east-1");
  auto message = NextRevision(*source);
  ASSERT_THAT(message.status(), IsFine());
  EXPECT_EQ(message->changes(0).placement().parent(), "units/east-1");
}

TEST_F(WatchTest, AMoveElsewhereDoesNotEndTheStream) {
  Add(Registry::Area("west-2", "west", "village", "village"));
  auto source = WatchEast();
  Move("west-2", "west-1");
  Add(Registry::Area("east-3", "east", "village", "village"));
  EXPECT_THAT(NextRevision(*source).status(), IsFine());
}

TEST_F(WatchTest, ANewUnitDoesNotEndTheStream) {
  auto source = WatchEast();
  Add(Registry::Area("east-3", "east", "village", "village"));
  Add(Registry::Area("east-4", "east-3", "village", "village"));
  for (const char* unit : {"units/east-3", "units/east-4"}) {
    auto message = NextRevision(*source);
    ASSERT_THAT(message.status(), IsFine());
    EXPECT_EQ(message->changes(0).unit().name(), unit);
  }
}

TEST_F(WatchTest, AMoveOfTheSubtreeItselfEndsTheStream) {
  auto source = WatchEast();
  Move("east", "province");  // The programmes of the county apply to it no longer.
  EXPECT_THAT(NextRevision(*source).status(), HasTheReason(Reason::SCOPE_CHANGED));
}

TEST_F(WatchTest, AMoveBeyondTheGrantsEndsTheStream) {
  v1::WatchUnitsRequest request;
  request.set_subtree("units/county");
  auto source = Watch(request, WithGrant("county", options::v1::ROLE_VIEWER));
  auto realm = Watch({}, registry_.admin);
  Snapshot(*source);
  Snapshot(*realm);
  Move("east", "province");
  EXPECT_THAT(NextRevision(*source).status(), HasTheReason(Reason::SCOPE_CHANGED));
  EXPECT_THAT(NextRevision(*realm).status(), IsFine()) << "the realm loses nothing";
}

TEST_F(WatchTest, AResumedStreamFindsInTheLogWhatHasMovedMeanwhile) {
  WatchEast();
  v1::WatchUnitsRequest request;
  request.set_subtree("units/east");
  *request.mutable_after() = cursor_;
  Move("east-2", "east-1");
  auto inside = Watch(request, registry_.admin);
  EXPECT_THAT(NextRevision(*inside).status(), IsFine());
  Move("east-1", "west");
  auto source = Watch(request, registry_.admin);
  absl::Status status;
  for (int i = 0; i < 3 && status.ok(); ++i) status = NextRevision(*source).status();
  EXPECT_THAT(status, HasTheReason(Reason::SCOPE_CHANGED));
}

TEST_F(WatchTest, TheWholeRealmNeedsAGrantForIt) {
  rpc::Call call = registry_.NewCall("WatchUnits", WithGrant("nation", options::v1::ROLE_VIEWER));
  EXPECT_THAT(registry_.Open(call, "WatchUnits", v1::WatchUnitsRequest()).status(),
              HasTheReason(Reason::ROLE_REQUIRED));
  v1::WatchUnitsRequest request;
  request.set_subtree("units/nowhere");
  EXPECT_THAT(registry_.Open(call, "WatchUnits", request).status(),
              HasTheReason(Reason::NOT_FOUND));
}

// ---------------------------------------------------------------------------------- rebuilding

TEST_F(ListsTest, StateFromASnapshotEqualsStateFromTheFirstRevision) {
  v1::CreateProgrammeRequest programme;
  programme.set_parent("units/county");
  programme.set_programme_id("p");
  programme.mutable_programme()->set_display_name("P");
  programme.mutable_programme()->add_levels()->set_level("levels/county");
  v1::Title& title = *programme.mutable_programme()->add_titles();
  title.set_id("t");
  title.set_display_name("T");
  ASSERT_THAT(registry_.Call<v1::Programme>("CreateProgramme", programme).status(), IsFine());
  v1::EnrollUnitsRequest enroll;
  enroll.set_parent("units/county/programmes/p");
  enroll.add_rows()->set_unit("units/east-1");
  enroll.mutable_rows(0)->set_role(v1::ENROLLMENT_ROLE_PARTICIPANT);
  ASSERT_THAT(registry_.Call<v1::EnrollUnitsResponse>("EnrollUnits", enroll).status(), IsFine());
  v1::GrantDesignationRequest grant;
  grant.set_parent("units/east-1");
  grant.set_acting_office("units/county");
  grant.mutable_designation()->set_programme("units/county/programmes/p");
  grant.mutable_designation()->set_level("levels/county");
  grant.mutable_designation()->set_title("t");
  ASSERT_THAT(registry_.Call<v1::Designation>("GrantDesignation", grant).status(), IsFine());
  Move("east-1", "west", "2014-01-01");
  Move("east-1", "east");
  v1::UpdateUnitRequest update;
  update.mutable_unit()->set_name("units/west");
  update.mutable_unit()->add_codes()->set_system("stat");
  update.mutable_unit()->mutable_codes(0)->set_code("7");
  ASSERT_THAT(registry_.Call<v1::Unit>("UpdateUnit", update).status(), IsFine());

  std::vector<store::CommittedPtr> log;
  absl::Notification log_done;
  registry_.machine().store().ReadLog(
      {1}, registry_.machine().position().revision,
      [&](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
        ASSERT_THAT(batches.status(), IsFine());
        log = *std::move(batches);
        log_done.Notify();
      });
  log_done.WaitForNotification();
  ASSERT_EQ(static_cast<int64_t>(log.size()), registry_.machine().position().revision.value);
  std::vector<store::Entry> rows;
  absl::Notification scan_done;
  registry_.machine().store().Scan({}, store::kScanEntriesMax,
                                   [&](absl::StatusOr<std::vector<store::Entry>> page) {
                                     ASSERT_THAT(page.status(), IsFine());
                                     rows = *std::move(page);
                                     scan_done.Notify();
                                   });
  scan_done.WaitForNotification();

  RegistryState from_log(TestSeal()), from_snapshot(TestSeal()), from_both(TestSeal());
  from_log.tree();  // Indexed from the first batch on, change by change.
  for (const store::CommittedPtr& batch : log) from_log.ApplyBatch(*batch);
  for (const store::Entry& entry : rows) from_snapshot.ApplyEntry(entry);
  for (const store::Entry& entry : rows) from_both.ApplyEntry(entry);
  for (const store::CommittedPtr& batch : log) from_both.ApplyBatch(*batch);
  const std::string digest = registry_.machine().Read<RegistryState>(
      [](const RegistryState& state, const store::Cursor&) { return state.Digest(); });
  EXPECT_EQ(from_log.Digest(), digest);
  EXPECT_EQ(from_snapshot.Digest(), digest);
  EXPECT_EQ(from_both.Digest(), digest);
  log.pop_back();
  RegistryState shorter(TestSeal());
  for (const store::CommittedPtr& batch : log) shorter.ApplyBatch(*batch);
  EXPECT_NE(shorter.Digest(), digest);
}

}  // namespace
}  // namespace terrace::registry
