// Units through the table of methods: create, update, move, close, find.
#include <string>
#include <thread>
#include <vector>

#include "services/registry/registry_test_util.h"

namespace terrace::registry {
namespace {

using ::testing::ElementsAre;

class UnitsTest : public ::testing::Test {
 protected:
  UnitsTest() { registry_.AddSmallTree(); }

  absl::StatusOr<v1::Unit> Move(const std::string& id, const std::string& parent,
                                const access::Identity& identity,
                                types::v1::Line line = types::v1::LINE_TERRITORY,
                                absl::string_view from = "") {
    v1::MoveUnitRequest request;
    request.set_name("units/" + id);
    if (!parent.empty()) request.set_parent("units/" + parent);
    request.set_line(line);
    if (!from.empty()) *request.mutable_from_date() = DateOf(from);
    return registry_.Call<v1::Unit>("MoveUnit", request, identity);
  }
  absl::StatusOr<v1::Unit> Move(const std::string& id, const std::string& parent) {
    return Move(id, parent, registry_.admin);
  }
  absl::StatusOr<v1::Unit> Close(const std::string& id, absl::string_view day = "") {
    v1::CloseUnitRequest request;
    request.set_name("units/" + id);
    request.set_reason("decision 12 of 2016");
    if (!day.empty()) *request.mutable_close_date() = DateOf(day);
    return registry_.Call<v1::Unit>("CloseUnit", request);
  }
  std::vector<std::string> Path(const std::string& id, absl::string_view at = "",
                                types::v1::Line line = types::v1::LINE_TERRITORY) {
    v1::GetPathRequest request;
    request.set_name("units/" + id);
    request.set_line(line);
    if (!at.empty()) *request.mutable_at_time() = terrace::ToProto(At(at));
    auto reply = registry_.Call<v1::GetPathResponse>("GetPath", request);
    EXPECT_THAT(reply.status(), IsFine());
    std::vector<std::string> names;
    if (reply.ok()) {
      for (const v1::Unit& unit : reply->units()) names.push_back(unit.name());
    }
    return names;
  }
  int64_t Revision() { return registry_.machine().position().revision.value; }

  Registry registry_;
};

TEST_F(UnitsTest, AUnitIsToldWithItsPlaceAndClass) {
  auto unit = registry_.Get("east");
  ASSERT_THAT(unit.status(), IsFine());
  EXPECT_EQ(unit->name(), "units/east");
  EXPECT_EQ(unit->kind(), "kinds/town");
  EXPECT_EQ(unit->level(), "levels/township");
  EXPECT_EQ(unit->org_class(), v1::ORG_CLASS_ADMINISTRATIVE_AREA);
  EXPECT_EQ(unit->state(), v1::UNIT_STATE_ACTIVE);
  EXPECT_EQ(unit->placement().parent(), "units/county");
  EXPECT_EQ(unit->placement().name(), "units/east/placements/2010-01-01");
  EXPECT_EQ(FormatDay(DayOr(unit->open_date(), kLastDay)), "2010-01-01");
  EXPECT_FALSE(unit->etag().empty());
  EXPECT_EQ(terrace::FromProto(unit->update_time()), registry_.clock().Now());
}

TEST_F(UnitsTest, CreateAnswersAsGetDoes) {
  auto created = registry_.Create(Registry::Area("east-3", "east", "village", "village"));
  ASSERT_THAT(created.status(), IsFine());
  EXPECT_EQ(created->DebugString(), registry_.Get("east-3")->DebugString());
  EXPECT_EQ(FormatDay(DayOr(created->open_date(), kLastDay)), "2016-06-15");
}

TEST_F(UnitsTest, UnknownParentDuplicateIdAndBadIdAreRefusedAndLeaveNothing) {
  const int64_t before = Revision();
  EXPECT_THAT(registry_.Create(Registry::Area("x", "nowhere", "village", "village")).status(),
              HasTheReason(Reason::UNKNOWN_PARENT));
  EXPECT_THAT(registry_.Create(Registry::Area("east", "county", "village", "village")).status(),
              HasTheReason(Reason::ALREADY_EXISTS));
  EXPECT_THAT(
      registry_.Create(Registry::Area("Not/An/Id", "county", "village", "village")).status(),
      HasTheReason(Reason::INVALID_ID));
  EXPECT_THAT(registry_.Create(Registry::Area("", "county", "village", "village")).status(),
              HasTheReason(Reason::REQUIRED_FIELD));
  EXPECT_THAT(
      registry_
          .Create(Registry::Area("x", "county", "village", "village", std::string(1 << 20, 'x')))
          .status(),
      HasTheReason(Reason::TEXT_TOO_LONG));
  EXPECT_EQ(Revision(), before);
  EXPECT_THAT(registry_.Get("x").status(), HasTheReason(Reason::NOT_FOUND));
}

TEST_F(UnitsTest, ThereIsOneTop) {
  EXPECT_THAT(registry_.Create(Registry::Area("moon", "", "nation", "nation")).status(),
              HasTheReason(Reason::ROOT_EXISTS));
}

TEST(EmptyRegistryTest, TheTopNeedsAGrantForTheRealm) {
  Registry registry;
  const v1::ImportUnitRow nation = Registry::Area("nation", "", "nation", "nation");
  EXPECT_THAT(
      registry.Create(nation, WithGrant("nation", options::v1::ROLE_ADMINISTRATOR)).status(),
      HasTheReason(Reason::ROLE_REQUIRED));
  EXPECT_THAT(registry.Create(nation).status(), IsFine());
}

TEST_F(UnitsTest, DatesLieInThePast) {
  v1::ImportUnitRow row = Registry::Area("x", "county", "village", "village");
  *row.mutable_from_date() = DateOf("2016-06-16");
  EXPECT_THAT(registry_.Create(row).status(), HasTheReason(Reason::DATE_IN_FUTURE));
  // In Shanghai it is the 16th already when it is the 15th in London.
  registry_.clock().Set(At("2016-06-15T17:00:00Z"));
  EXPECT_THAT(registry_.Create(row).status(), IsFine());
}

TEST_F(UnitsTest, ValidateOnlyStoresNothing) {
  const int64_t before = Revision();
  v1::CreateUnitRequest request;
  request.set_parent("units/east");
  request.set_unit_id("east-9");
  *request.mutable_unit() = Registry::Area("east-9", "", "village", "village").unit();
  request.set_validate_only(true);
  auto unit = registry_.Call<v1::Unit>("CreateUnit", request);
  ASSERT_THAT(unit.status(), IsFine());
  EXPECT_EQ(unit->name(), "units/east-9");
  EXPECT_EQ(Revision(), before);
}

TEST_F(UnitsTest, ARepeatedRequestIdAnswersTheSame) {
  v1::CreateUnitRequest request;
  request.set_parent("units/east");
  request.set_unit_id("east-9");
  request.set_request_id("0b3f9a52-9a3e-4c39-9d13-6a8e6f4a2a10");
  *request.mutable_unit() = Registry::Area("east-9", "", "village", "village").unit();
  auto first = registry_.Call<v1::Unit>("CreateUnit", request);
  ASSERT_THAT(first.status(), IsFine());
  const int64_t before = Revision();
  auto again = registry_.Call<v1::Unit>("CreateUnit", request);
  ASSERT_THAT(again.status(), IsFine());
  EXPECT_EQ(first->DebugString(), again->DebugString());
  EXPECT_EQ(Revision(), before);
  request.mutable_unit()->set_display_name("Another");
  EXPECT_THAT(registry_.Call<v1::Unit>("CreateUnit", request).status(),
              HasTheReason(Reason::REQUEST_ID_REUSED));
}

TEST_F(UnitsTest, UpdateChangesWhatTheMaskSays) {
  v1::UpdateUnitRequest request;
  request.mutable_unit()->set_name("units/east");
  request.mutable_unit()->set_display_name("Great East");
  request.mutable_unit()->set_contact_role("programme office");
  request.mutable_update_mask()->add_paths("contact_role");
  auto unit = registry_.Call<v1::Unit>("UpdateUnit", request);
  ASSERT_THAT(unit.status(), IsFine());
  EXPECT_EQ(unit->contact_role(), "programme office");
  EXPECT_EQ(unit->display_name(), "Area east");
  EXPECT_EQ(unit->former_names_size(), 0);

  request.mutable_update_mask()->clear_paths();
  request.mutable_update_mask()->add_paths("create_time");
  EXPECT_THAT(registry_.Call<v1::Unit>("UpdateUnit", request).status(),
              HasTheReason(Reason::INVALID_MASK));
}

TEST_F(UnitsTest, ARenamedUnitKeepsItsFormerName) {
  v1::UpdateUnitRequest request;
  request.mutable_unit()->set_name("units/east");
  request.mutable_unit()->set_display_name("Great East");
  *request.mutable_renamed_on() = DateOf("2015-03-01");
  auto unit = registry_.Call<v1::Unit>("UpdateUnit", request);
  ASSERT_THAT(unit.status(), IsFine());
  ASSERT_EQ(unit->former_names_size(), 1);
  EXPECT_EQ(unit->former_names(0).display_name(), "Area east");
  EXPECT_EQ(FormatDay(DayOr(unit->former_names(0).until_date(), kLastDay)), "2015-03-01");
  EXPECT_EQ(unit->etag(), registry_.Get("east")->etag());
  request.mutable_unit()->set_display_name("Greater East");
  *request.mutable_renamed_on() = DateOf("2015-02-28");
  EXPECT_THAT(registry_.Call<v1::Unit>("UpdateUnit", request).status(),
              HasTheReason(Reason::DATE_TOO_EARLY));
}

TEST_F(UnitsTest, AWrongEtagIsRefused) {
  const std::string etag = registry_.Get("east")->etag();
  v1::UpdateUnitRequest request;
  request.mutable_unit()->set_name("units/east");
  request.mutable_unit()->set_etag(etag);
  request.mutable_unit()->set_contact_role("one");
  ASSERT_THAT(registry_.Call<v1::Unit>("UpdateUnit", request).status(), IsFine());
  request.mutable_unit()->set_contact_role("two");
  EXPECT_THAT(registry_.Call<v1::Unit>("UpdateUnit", request).status(),
              HasTheReason(Reason::ETAG_MISMATCH));
  v1::MoveUnitRequest move;
  move.set_name("units/east");
  move.set_parent("units/province");
  move.set_etag(etag);
  EXPECT_THAT(registry_.Call<v1::Unit>("MoveUnit", move).status(),
              HasTheReason(Reason::ETAG_MISMATCH));
  EXPECT_EQ(registry_.Get("east")->contact_role(), "one");
}

TEST_F(UnitsTest, AnUpdateThatChangesNothingStoresNothing) {
  const v1::Unit unit = *registry_.Get("east");
  const int64_t before = Revision();
  v1::UpdateUnitRequest request;
  *request.mutable_unit() = unit;
  auto same = registry_.Call<v1::Unit>("UpdateUnit", request);
  ASSERT_THAT(same.status(), IsFine());
  EXPECT_EQ(same->DebugString(), unit.DebugString());
  EXPECT_EQ(Revision(), before);
}

TEST_F(UnitsTest, AMoveTakesTheSubtreeAlongAndTheOldPlaceIsRemembered) {
  ASSERT_THAT(
      Move("east", "west", registry_.admin, types::v1::LINE_TERRITORY, "2014-07-01").status(),
      IsFine());
  EXPECT_THAT(Path("east-1"), ElementsAre("units/nation", "units/province", "units/county",
                                          "units/west", "units/east", "units/east-1"));
  EXPECT_THAT(
      Path("east-1", "2014-06-30T12:00:00+08:00"),
      ElementsAre("units/nation", "units/province", "units/county", "units/east", "units/east-1"));
  EXPECT_THAT(Path("east-1", "2014-07-01T00:00:00+08:00"),
              ElementsAre("units/nation", "units/province", "units/county", "units/west",
                          "units/east", "units/east-1"));
  v1::GetUnitRequest request;
  request.set_name("units/east");
  *request.mutable_at_time() = terrace::ToProto(At("2013-01-01T00:00:00+08:00"));
  EXPECT_EQ(registry_.Call<v1::Unit>("GetUnit", request)->placement().parent(), "units/county");

  v1::ListPlacementsRequest list;
  list.set_parent("units/east");
  auto placements = registry_.Call<v1::ListPlacementsResponse>("ListPlacements", list);
  ASSERT_THAT(placements.status(), IsFine());
  ASSERT_EQ(placements->placements_size(), 2);
  EXPECT_EQ(placements->placements(1).name(), "units/east/placements/2014-07-01");
}

TEST_F(UnitsTest, AMoveBelowItselfIsACircle) {
  EXPECT_THAT(Move("county", "east-1").status(), HasTheReason(Reason::CYCLE));
  EXPECT_THAT(Move("county", "county").status(), HasTheReason(Reason::CYCLE));
  EXPECT_THAT(Move("nation", "county").status(), HasTheReason(Reason::CYCLE));
  EXPECT_THAT(Move("east", "").status(), HasTheReason(Reason::REQUIRED_FIELD));
  EXPECT_THAT(Move("east", "nowhere").status(), HasTheReason(Reason::UNKNOWN_PARENT));
  EXPECT_THAT(
      Move("east", "west", registry_.admin, types::v1::LINE_TERRITORY, "2009-12-31").status(),
      HasTheReason(Reason::DATE_TOO_EARLY));
}

TEST_F(UnitsTest, TwoMovesAtOnceNeverCloseACircle) {
  for (int round = 0; round < 20; ++round) {
    absl::Status east, west;
    std::thread other([&] { east = Move("east", "west").status(); });
    west = Move("west", "east").status();
    other.join();
    ASSERT_NE(east.ok(), west.ok()) << east << " and " << west;
    EXPECT_THAT(east.ok() ? west : east, HasTheReason(Reason::CYCLE));
    ASSERT_THAT(Move(east.ok() ? "east" : "west", "county").status(), IsFine());
  }
  EXPECT_EQ(Path("east-1").size(), 5u);
}

TEST_F(UnitsTest, WhoMovesAUnitMustBeInChargeOfWhereItStands) {
  access::Identity identity = WithGrant("east", options::v1::ROLE_ADMINISTRATOR);
  identity.grants.push_back(WithGrant("west", options::v1::ROLE_ADMINISTRATOR).grants[0]);
  EXPECT_THAT(Move("east", "west", identity).status(), HasTheReason(Reason::ROLE_REQUIRED));
  EXPECT_THAT(Move("east", "west", WithGrant("county", options::v1::ROLE_ADMINISTRATOR)).status(),
              IsFine());
}

TEST_F(UnitsTest, TheSectorLineIsAnotherTree) {
  v1::ImportUnitRow ministry = Registry::Organisation("ministry", "nation", "agency");
  v1::ImportUnitRow bureau = Registry::Organisation("bureau", "county", "agency");
  bureau.set_sector_parent_id("ministry");
  ASSERT_THAT(registry_.Create(ministry).status(), IsFine());
  ASSERT_THAT(registry_.Create(bureau).status(), IsFine());
  EXPECT_THAT(Path("bureau", "", types::v1::LINE_SECTOR),
              ElementsAre("units/ministry", "units/bureau"));
  EXPECT_THAT(Path("bureau"),
              ElementsAre("units/nation", "units/province", "units/county", "units/bureau"));
  EXPECT_THAT(Move("ministry", "bureau", registry_.admin, types::v1::LINE_SECTOR).status(),
              HasTheReason(Reason::CYCLE));
  ASSERT_THAT(Move("bureau", "", registry_.admin, types::v1::LINE_SECTOR).status(), IsFine());
  EXPECT_THAT(Path("bureau", "", types::v1::LINE_SECTOR), ElementsAre("units/bureau"));
}

TEST_F(UnitsTest, TheDepthHasALimit) {
  std::string parent = "east-1";
  absl::Status status;
  int added = 0;
  for (; status.ok() && added < 100; ++added) {
    std::string id = absl::StrCat("deep-", added);
    status = registry_.Create(Registry::Area(id, parent, "site", "village")).status();
    parent = id;
  }
  EXPECT_THAT(status, HasTheReason(Reason::TREE_TOO_DEEP));
  EXPECT_EQ(added, tree::kTreeDepthMax - 5 + 1);
}

TEST_F(UnitsTest, OnlyAnEmptyUnitIsClosed) {
  EXPECT_THAT(Close("east").status(), HasTheReason(Reason::IN_USE));
  ASSERT_THAT(Close("east-1", "2016-01-01").status(), IsFine());
  ASSERT_THAT(Close("east-2", "2016-02-01").status(), IsFine());
  auto closed = Close("east", "2016-03-01");
  ASSERT_THAT(closed.status(), IsFine());
  EXPECT_EQ(closed->state(), v1::UNIT_STATE_CLOSED);
  EXPECT_EQ(closed->placement().parent(), "units/county");

  EXPECT_THAT(Close("east").status(), HasTheReason(Reason::WRONG_STATE));
  EXPECT_THAT(registry_.Create(Registry::Area("x", "east", "village", "village")).status(),
              HasTheReason(Reason::WRONG_STATE));
  EXPECT_THAT(registry_.Create(Registry::Area("east", "county", "township", "town")).status(),
              HasTheReason(Reason::ALREADY_EXISTS));
  EXPECT_THAT(Move("west-1", "east").status(), HasTheReason(Reason::WRONG_STATE));
}

TEST_F(UnitsTest, CodesBelongToOneUnitAtATimeAndFindIt) {
  v1::ImportUnitRow row = Registry::Area("x", "east", "village", "village");
  v1::UnitCode& code = *row.mutable_unit()->add_codes();
  code.set_system("stat");
  code.set_code("654322105001");
  *row.mutable_from_date() = DateOf("2016-05-01");
  ASSERT_THAT(registry_.Create(row).status(), IsFine());
  row.set_unit_id("y");
  EXPECT_THAT(registry_.Create(row).status(), HasTheReason(Reason::CODE_TAKEN));
  // Once the holder is closed, another unit may take the code over.
  ASSERT_THAT(Close("x", "2016-06-01").status(), IsFine());
  *row.mutable_unit()->mutable_codes(0)->mutable_from_date() = DateOf("2016-06-01");
  *row.mutable_from_date() = DateOf("2016-06-01");
  ASSERT_THAT(registry_.Create(row).status(), IsFine());

  v1::LookupUnitsRequest request;
  request.set_system("stat");
  request.add_codes("654322105001");
  request.add_codes("999");
  auto now = registry_.Call<v1::LookupUnitsResponse>("LookupUnits", request);
  ASSERT_THAT(now.status(), IsFine());
  ASSERT_EQ(now->matches_size(), 2);
  EXPECT_EQ(now->matches(0).unit().name(), "units/y");
  EXPECT_FALSE(now->matches(1).has_unit());
  EXPECT_GT(now->cursor().revision(), 0);
  *request.mutable_at_time() = terrace::ToProto(At("2016-05-31T12:00:00+08:00"));
  auto before = registry_.Call<v1::LookupUnitsResponse>("LookupUnits", request);
  EXPECT_EQ(before->matches(0).unit().name(), "units/x");
  EXPECT_EQ(before->matches(0).unit().state(), v1::UNIT_STATE_ACTIVE);
  request.clear_at_time();
  auto others = registry_.Call<v1::LookupUnitsResponse>(
      "LookupUnits", request, WithGrant("west", options::v1::ROLE_VIEWER));
  EXPECT_FALSE(others->matches(0).has_unit()) << "seen from a sibling's grant";
}

TEST_F(UnitsTest, ManyCreatorsOfOneCodeLeaveOneHolder) {
  std::vector<std::thread> threads;
  std::atomic<int> created = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      v1::ImportUnitRow row = Registry::Area(absl::StrCat("c-", i), "east", "village", "village");
      row.mutable_unit()->add_codes()->set_system("stat");
      row.mutable_unit()->mutable_codes(0)->set_code("1");
      created += registry_.Create(row).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, 1);
}

TEST_F(UnitsTest, BatchGetKeepsTheOrderAndMissesNothing) {
  v1::BatchGetUnitsRequest request;
  request.add_names("units/west");
  request.add_names("units/east");
  auto units = registry_.Call<v1::BatchGetUnitsResponse>("BatchGetUnits", request);
  ASSERT_THAT(units.status(), IsFine());
  EXPECT_EQ(units->units(0).name(), "units/west");
  EXPECT_EQ(units->units(1).name(), "units/east");
  EXPECT_GT(units->cursor().revision(), 0);
  request.add_names("units/nowhere");
  EXPECT_THAT(registry_.Call<v1::BatchGetUnitsResponse>("BatchGetUnits", request).status(),
              HasTheReason(Reason::NOT_FOUND));
  request.mutable_names()->Clear();
  for (int i = 0; i < 1001; ++i) request.add_names("units/east");
  EXPECT_THAT(registry_.Call<v1::BatchGetUnitsResponse>("BatchGetUnits", request).status(),
              HasTheReason(Reason::BATCH_TOO_LARGE));
}

TEST_F(UnitsTest, LevelsAndKindsAreTheTopsToChange) {
  v1::UpdateLevelRequest request;
  request.mutable_level()->set_name("levels/league");
  request.mutable_level()->set_display_name("League");
  request.mutable_level()->set_ordinal(4500);
  const access::Identity nation = WithGrant("nation", options::v1::ROLE_ADMINISTRATOR);
  EXPECT_THAT(registry_.Call<v1::Level>("UpdateLevel", request).status(),
              HasTheReason(Reason::NOT_FOUND));
  request.set_allow_missing(true);
  EXPECT_THAT(registry_.Call<v1::Level>("UpdateLevel", request, nation).status(),
              HasTheReason(Reason::REQUIRED_FIELD));
  request.set_acting_office("units/county");
  EXPECT_THAT(registry_.Call<v1::Level>("UpdateLevel", request, nation).status(),
              HasTheReason(Reason::NOT_TOP_OFFICE));
  request.set_acting_office("units/nation");
  auto level = registry_.Call<v1::Level>("UpdateLevel", request, nation);
  ASSERT_THAT(level.status(), IsFine());

  request.mutable_level()->set_ordinal(5000);
  EXPECT_THAT(registry_.Call<v1::Level>("UpdateLevel", request, nation).status(),
              HasTheReason(Reason::ORDINAL_TAKEN));
  request.mutable_level()->set_ordinal(0);
  request.mutable_update_mask()->add_paths("ordinal");
  EXPECT_THAT(registry_.Call<v1::Level>("UpdateLevel", request, nation).status(),
              HasTheReason(Reason::NUMBER_OUT_OF_RANGE));
  request.mutable_level()->set_ordinal(4600);
  request.mutable_level()->set_etag("stale");
  EXPECT_THAT(registry_.Call<v1::Level>("UpdateLevel", request, nation).status(),
              HasTheReason(Reason::ETAG_MISMATCH));

  auto levels = registry_.Call<v1::ListLevelsResponse>("ListLevels", v1::ListLevelsRequest());
  ASSERT_THAT(levels.status(), IsFine());
  ASSERT_EQ(levels->levels_size(), 9);
  EXPECT_EQ(levels->levels(4).name(), "levels/league");
  EXPECT_EQ(levels->levels(4).etag(), level->etag());
  EXPECT_THAT(registry_.Create(Registry::Area("l", "nation", "league", "league")).status(),
              IsFine());
}

TEST_F(UnitsTest, AKindKeepsItsClassAndARetiredOneTakesNoMore) {
  v1::UpdateKindRequest request;
  request.mutable_kind()->set_name("kinds/town");
  request.mutable_kind()->set_org_class(v1::ORG_CLASS_AGENCY);
  EXPECT_THAT(registry_.Call<v1::Kind>("UpdateKind", request).status(),
              HasTheReason(Reason::IN_USE));
  request.mutable_kind()->set_org_class(v1::ORG_CLASS_ADMINISTRATIVE_AREA);
  request.mutable_kind()->set_retired(true);
  ASSERT_THAT(registry_.Call<v1::Kind>("UpdateKind", request).status(), IsFine());
  EXPECT_THAT(registry_.Create(Registry::Area("t", "county", "township", "town")).status(),
              HasTheReason(Reason::KIND_RETIRED));
  EXPECT_THAT(registry_.Get("east").status(), IsFine());
  auto kinds = registry_.Call<v1::ListKindsResponse>("ListKinds", v1::ListKindsRequest());
  ASSERT_THAT(kinds.status(), IsFine());
  for (const v1::Kind& kind : kinds->kinds()) {
    EXPECT_EQ(kind.retired(), kind.name() == "kinds/town") << kind.name();
  }
}

}  // namespace
}  // namespace terrace::registry
