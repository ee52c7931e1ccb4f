// Imports: any order of rows, per-row results, dry runs, resuming, what is refused.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "services/registry/registry_test_util.h"
#include "services/registry/unit_import.h"

namespace terrace::registry {
namespace {

using ::testing::ElementsAre;
using types::v1::RowResult;

std::vector<std::string> Runs(const v1::ImportUnitsResponse& response) {
  std::vector<std::string> runs;
  for (const v1::ImportRun& run : response.runs()) {
    runs.push_back(absl::StrCat(run.first_row(), "+", run.count(), " ",
                                RowResult::Outcome_Name(run.outcome())));
  }
  return runs;
}

// One nation, `counties` counties with ten villages each, parents first.
std::vector<v1::ImportUnitRow> Tree(int counties) {
  std::vector<v1::ImportUnitRow> rows = {Registry::Area("nation", "", "nation", "nation")};
  for (int c = 0; c < counties; ++c) {
    const std::string county = absl::StrCat("c", c);
    rows.push_back(Registry::Area(county, "nation", "county", "county"));
    for (int v = 0; v < 10; ++v) {
      rows.push_back(Registry::Area(absl::StrCat(county, "-v", v), county, "village", "village"));
      rows.back().mutable_unit()->add_codes()->set_system("stat");
      rows.back().mutable_unit()->mutable_codes(0)->set_code(absl::StrCat(c, ".", v));
    }
  }
  return rows;
}

TEST(ImportTest, ParentsFirst) {
  Registry registry;
  auto response = registry.Import(Tree(3));
  ASSERT_THAT(response.status(), IsFine());
  EXPECT_EQ(response->rows(), 34);
  EXPECT_EQ(response->created(), 34);
  EXPECT_THAT(Runs(*response), ElementsAre("0+34 OUTCOME_CREATED"));
  EXPECT_EQ(response->cursor().revision(), registry.machine().position().revision.value);
  EXPECT_EQ(registry.Get("c2-v9")->placement().parent(), "units/c2");
}

TEST(ImportTest, AnyOrderGivesTheSameTree) {
  Registry straight;
  std::vector<v1::ImportUnitRow> rows = Tree(200);
  ASSERT_EQ(straight.Import(rows)->created(), 2201);
  for (unsigned seed = 1; seed <= 3; ++seed) {
    Registry shuffled;
    std::shuffle(rows.begin(), rows.end(), std::mt19937(seed));
    auto response = shuffled.Import(rows);
    ASSERT_THAT(response.status(), IsFine());
    EXPECT_EQ(response->created(), 2201) << "seed " << seed;
    auto tree = shuffled.Tree();
    auto expected = straight.Tree();
    for (tree::UnitNumber unit = 0; unit < tree->size(); ++unit) {
      const auto other = expected->Number(tree->Id(unit));
      ASSERT_TRUE(other.has_value());
      EXPECT_EQ(tree->Record(unit), expected->Record(*other));
    }
  }
}

TEST(ImportTest, AParentMayComeInALaterMessage) {
  Registry registry;
  std::vector<v1::ImportUnitsRequest> messages(3);
  *messages[0].add_rows() = Registry::Area("v", "c", "village", "village");
  *messages[1].add_rows() = Registry::Area("c", "nation", "county", "county");
  *messages[2].add_rows() = Registry::Area("nation", "", "nation", "nation");
  auto response = registry.Send<v1::ImportUnitsResponse>("ImportUnits", messages, registry.admin);
  ASSERT_THAT(response.status(), IsFine());
  EXPECT_EQ(response->created(), 3);
}

TEST(ImportTest, EveryRowHasItsOutcomeAndABadOneStopsNothing) {
  Registry registry;
  registry.AddSmallTree();
  std::vector<v1::ImportUnitRow> rows = {
      Registry::Area("new-1", "east", "village", "village"),
      Registry::Area("lost", "nowhere", "village", "village"),
      Registry::Area("east-1", "east", "village", "village"),  // As stored.
      Registry::Area("east-2", "east", "village", "community", "Renamed"),
      Registry::Area("west-1", "east", "village", "village"),  // Stands elsewhere.
      Registry::Area("Bad Id", "east", "village", "village"),
      Registry::Area("new-2", "east", "moon", "village"),
      Registry::Area("new-3", "east", "village", "village", std::string(1 << 20, 'x')),
      Registry::Area("new-4", "east", "village", "village", "\xff"),
      Registry::Area("new-5", "east", "village", "village", "电话 13800138000"),
      Registry::Area("orphan", "lost", "village", "village"),
      Registry::Area("new-6", "east", "village", "village"),
  };
  rows[6].mutable_unit()->set_level("levels/moon");
  auto response = registry.Import(rows);
  ASSERT_THAT(response.status(), IsFine());
  EXPECT_EQ(response->created(), 2);
  EXPECT_EQ(response->updated(), 1);
  EXPECT_EQ(response->unchanged(), 1);
  EXPECT_EQ(response->rejected(), 8);
  EXPECT_EQ(response->results_omitted(), 0);
  std::vector<std::string> reasons;
  for (const RowResult& result : response->results()) {
    reasons.push_back(absl::StrCat(result.row(), " ", result.reason()));
    EXPECT_FALSE(result.message().empty());
    EXPECT_FALSE(result.message_zh().empty());
  }
  EXPECT_THAT(reasons, ElementsAre("1 UNKNOWN_PARENT", "4 MOVE_BY_IMPORT", "5 INVALID_ID",
                                   "6 UNKNOWN_LEVEL", "7 TEXT_TOO_LONG", "8 INVALID_UTF8",
                                   "9 PERSONAL_DATA", "10 UNKNOWN_PARENT"));
  EXPECT_EQ(response->results(4).field(), "unit.display_name");
  EXPECT_EQ(registry.Get("east-2")->display_name(), "Renamed");
  for (const char* id : {"lost", "new-2", "new-3", "new-4", "new-5", "orphan"}) {
    EXPECT_THAT(registry.Get(id).status(), HasTheReason(Reason::NOT_FOUND)) << id;
  }
}

TEST(ImportTest, TheSameImportAgainChangesNothing) {
  Registry registry;
  const std::vector<v1::ImportUnitRow> rows = Tree(100);
  ASSERT_EQ(registry.Import(rows)->created(), 1101);
  const int64_t revision = registry.machine().position().revision.value;
  auto again = registry.Import(rows);
  ASSERT_THAT(again.status(), IsFine());
  EXPECT_EQ(again->unchanged(), 1101);
  EXPECT_EQ(registry.machine().position().revision.value, revision);
}

TEST(ImportTest, ABrokenOffImportIsResumedBySendingItAgain) {
  Registry registry;
  const std::vector<v1::ImportUnitRow> rows = Tree(100);
  {
    // Half a stream: the caller is gone after the first message.
    v1::ImportUnitsRequest half;
    for (int i = 0; i < 500; ++i) *half.add_rows() = rows[i];
    rpc::Call call = registry.NewCall("ImportUnits", registry.admin);
    registry.StartAndAbandon(call, "ImportUnits", half);
  }
  auto response = registry.Import(rows);
  ASSERT_THAT(response.status(), IsFine());
  EXPECT_EQ(response->unchanged(), 500);
  EXPECT_EQ(response->created(), 601);
}

TEST(ImportTest, ADryRunSaysWhatWouldHappenAndStoresNothing) {
  Registry registry, real;
  std::vector<v1::ImportUnitRow> rows = Tree(100);  // More than one chunk.
  std::reverse(rows.begin(), rows.end());
  rows.push_back(Registry::Area("lost", "nowhere", "village", "village"));
  rows.push_back(rows[0]);
  rows.push_back(Registry::Area("thief", "c3", "village", "village"));
  rows.back().mutable_unit()->add_codes()->set_system("stat");
  rows.back().mutable_unit()->mutable_codes(0)->set_code("5.5");
  rows.push_back(Registry::Area("c0-v0", "c0", "village", "village", "Another name"));
  rows.push_back(Registry::Area("c0-v1", "c1", "village", "village"));
  rows.push_back(Registry::Area("second-top", "", "nation", "nation"));
  auto dry = registry.Import(rows, /*dry_run=*/true);
  ASSERT_THAT(dry.status(), IsFine());
  EXPECT_EQ(registry.machine().position().revision.value, 0);
  auto wet = real.Import(rows);
  ASSERT_THAT(wet.status(), IsFine());
  dry->clear_cursor();
  wet->clear_cursor();
  EXPECT_EQ(dry->DebugString(), wet->DebugString());
  EXPECT_EQ(dry->created(), 1101);
  EXPECT_EQ(dry->updated(), 1);
  EXPECT_EQ(dry->unchanged(), 1);
  EXPECT_EQ(dry->rejected(), 4);
}

TEST(ImportTest, AnImportStaysBelowItsSubtree) {
  Registry registry;
  registry.AddSmallTree();
  v1::ImportUnitsRequest message;
  message.set_subtree("units/east");
  *message.add_rows() = Registry::Area("east-3", "east", "village", "village");
  *message.add_rows() = Registry::Area("west-9", "west", "village", "village");
  *message.add_rows() = Registry::Area("west-1", "", "village", "village", "Mine now");
  *message.add_rows() = Registry::Area("top", "", "nation", "nation");
  *message.add_rows() = Registry::Organisation("bureau", "east", "agency");
  message.mutable_rows(4)->set_sector_parent_id("county");
  *message.add_rows() = Registry::Area("east-4", "east-3", "site", "village");
  *message.add_rows() = Registry::Area("east", "county", "township", "town", "East, renamed");
  const access::Identity identity = WithGrant("east", options::v1::ROLE_ADMINISTRATOR);
  auto response =
      registry.Send<v1::ImportUnitsResponse>("ImportUnits", std::vector{message}, identity);
  ASSERT_THAT(response.status(), IsFine());
  EXPECT_EQ(response->created(), 2);
  EXPECT_EQ(response->updated(), 1);
  ASSERT_EQ(response->results_size(), 4);
  for (const RowResult& result : response->results()) EXPECT_EQ(result.reason(), "OUTSIDE_SUBTREE");
  EXPECT_EQ(registry.Get("west-1")->display_name(), "Area west-1");

  message.clear_subtree();
  EXPECT_THAT(registry.Send<v1::ImportUnitsResponse>("ImportUnits", std::vector{message}, identity)
                  .status(),
              HasTheReason(Reason::REQUIRED_FIELD));
}

TEST(ImportTest, WrongStreamsEndWithTheirReason) {
  Registry registry;
  registry.AddSmallTree();
  using Messages = std::vector<v1::ImportUnitsRequest>;
  auto send = [&](const Messages& messages) {
    return registry.Send<v1::ImportUnitsResponse>("ImportUnits", messages, registry.admin).status();
  };
  EXPECT_THAT(send({}), HasTheReason(Reason::STREAM_INCOMPLETE));
  Messages two(2);
  two[0].set_subtree("units/east");
  two[1].set_subtree("units/west");
  EXPECT_THAT(send(two), HasTheReason(Reason::INVALID_FIELD));
  Messages wrong(1);
  wrong[0].set_subtree("towns/east");
  EXPECT_THAT(send(wrong), HasTheReason(Reason::INVALID_NAME));
  Messages large(1);
  for (int i = 0; i < 5001; ++i) large[0].add_rows();
  EXPECT_THAT(send(large), HasTheReason(Reason::BATCH_TOO_LARGE));
}

TEST(ImportTest, TwoImportsAtOnceShareTheWork) {
  Registry registry;
  const std::vector<v1::ImportUnitRow> rows = Tree(150);
  ASSERT_THAT(registry.Import({rows[0]}).status(), IsFine());
  absl::StatusOr<v1::ImportUnitsResponse> first, second;
  std::thread other([&] { first = registry.Import(rows); });
  second = registry.Import(rows);
  other.join();
  ASSERT_THAT(first.status(), IsFine());
  ASSERT_THAT(second.status(), IsFine());
  EXPECT_EQ(first->created() + second->created(), 1650);
  EXPECT_EQ(first->rejected() + second->rejected(), 0);
}

TEST(ImportLedgerTest, TellsTheFirstRefusalsInTheOrderOfRows) {
  ImportLedger ledger;
  constexpr int kRows = 3000;
  for (int i = 0; i < kRows; ++i) EXPECT_EQ(ledger.NextRow(), i);
  for (int i = kRows; i-- > 0;) {
    ledger.Record(i, "units/u", Error(Reason::INVALID_ID, {{"id", absl::StrCat(i)}}));
  }
  v1::ImportUnitsResponse response;
  ledger.Fill(&response);
  EXPECT_EQ(response.rejected(), kRows);
  ASSERT_EQ(response.results_size(), static_cast<int>(kImportResultsMax));
  EXPECT_EQ(response.results_omitted(), kRows - static_cast<int64_t>(kImportResultsMax));
  for (int i = 0; i < response.results_size(); ++i) EXPECT_EQ(response.results(i).row(), i);
}

}  // namespace
}  // namespace terrace::registry
