#include "common/tree/tree.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::tree {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

UnitRecord Unit(std::string id, std::string parent = "", std::string sector = "") {
  UnitRecord record;
  record.id = std::move(id);
  record.territory_parent = std::move(parent);
  record.sector_parent = std::move(sector);
  return record;
}

std::vector<std::string> Ids(const Tree& tree, absl::Span<const UnitNumber> units) {
  std::vector<std::string> out;
  for (UnitNumber n : units) out.emplace_back(tree.Id(n));
  return out;
}

UnitNumber N(const Tree& tree, absl::string_view id) { return tree.Number(id).value(); }

std::vector<std::string> Walk(const Tree& tree, absl::string_view root, Line line,
                              absl::string_view after = "") {
  std::vector<std::string> out;
  EXPECT_TRUE(tree.ForEachInSubtree(
      N(tree, root), line,
      [&](UnitNumber n) {
        out.emplace_back(tree.Id(n));
        return true;
      },
      after));
  return out;
}

//   nation - province - county - {town - {v1, v2}, bureau}
//   On the sector line: ministry - bureau - v2.
TreeBuilder Small() {
  TreeBuilder builder;
  for (const UnitRecord& record :
       {Unit("nation"), Unit("province", "nation"), Unit("county", "province"),
        Unit("town", "county"), Unit("v2", "town"), Unit("v1", "town"), Unit("ministry", "nation"),
        Unit("bureau", "county", "ministry")}) {
    EXPECT_TRUE(builder.Upsert(record).ok());
  }
  EXPECT_TRUE(builder.Move("v2", Line::kSector, "bureau").ok());
  return builder;
}

TEST(TreeTest, TheShape) {
  TreeBuilder builder = Small();
  const std::shared_ptr<const Tree> tree = builder.Publish();
  EXPECT_EQ(tree->size(), 8u);
  EXPECT_EQ(tree->count(), 8u);
  EXPECT_FALSE(tree->Number("nowhere").has_value());
  EXPECT_EQ(tree->Parent(N(*tree, "nation"), Line::kTerritory), kNoUnit);
  EXPECT_EQ(tree->Parent(N(*tree, "v2"), Line::kTerritory), N(*tree, "town"));
  EXPECT_EQ(tree->Parent(N(*tree, "v2"), Line::kSector), N(*tree, "bureau"));
  EXPECT_EQ(tree->Parent(N(*tree, "v1"), Line::kSector), kNoUnit);
  EXPECT_THAT(Ids(*tree, tree->Children(N(*tree, "town"), Line::kTerritory)),
              ElementsAre("v1", "v2"));
  EXPECT_THAT(Ids(*tree, tree->Children(N(*tree, "county"), Line::kTerritory)),
              ElementsAre("bureau", "town"));
  EXPECT_THAT(tree->Children(N(*tree, "v1"), Line::kTerritory), IsEmpty());
  EXPECT_THAT(Ids(*tree, tree->Path(N(*tree, "v1"), Line::kTerritory)),
              ElementsAre("nation", "province", "county", "town", "v1"));
  EXPECT_THAT(Ids(*tree, tree->Path(N(*tree, "v2"), Line::kSector)),
              ElementsAre("ministry", "bureau", "v2"));
  EXPECT_EQ(tree->Depth(N(*tree, "v1"), Line::kTerritory), 5);
  EXPECT_EQ(tree->SubtreeCount(N(*tree, "nation"), Line::kTerritory), 8u);
  EXPECT_EQ(tree->SubtreeCount(N(*tree, "county"), Line::kTerritory), 5u);
  EXPECT_EQ(tree->SubtreeCount(N(*tree, "ministry"), Line::kSector), 3u);
  EXPECT_THAT(Ids(*tree, tree->Roots(Line::kTerritory)), ElementsAre("nation"));
  EXPECT_THAT(Ids(*tree, tree->Roots(Line::kSector)), ElementsAre("ministry"));
  for (int indexed = 0; indexed < 2; ++indexed) {
    EXPECT_TRUE(tree->IsUnder(N(*tree, "v1"), N(*tree, "province"), Line::kTerritory));
    EXPECT_TRUE(tree->IsUnder(N(*tree, "v1"), N(*tree, "v1"), Line::kTerritory));
    EXPECT_FALSE(tree->IsStrictlyUnder(N(*tree, "v1"), N(*tree, "v1"), Line::kTerritory));
    EXPECT_FALSE(tree->IsUnder(N(*tree, "province"), N(*tree, "v1"), Line::kTerritory));
    EXPECT_FALSE(tree->IsUnder(N(*tree, "v1"), N(*tree, "v2"), Line::kTerritory));
    EXPECT_TRUE(tree->IsUnder(N(*tree, "v2"), N(*tree, "ministry"), Line::kSector));
    EXPECT_FALSE(tree->IsUnder(N(*tree, "v1"), N(*tree, "ministry"), Line::kSector));
    for (Line line : kBothLines) tree->EnsureIndex(line);
  }
}

TEST(TreeTest, WalksGoOnBehindAPosition) {
  TreeBuilder builder = Small();
  const std::shared_ptr<const Tree> tree = builder.Publish();
  const std::vector<std::string> all = Walk(*tree, "nation", Line::kTerritory);
  EXPECT_THAT(
      all, ElementsAre("nation", "ministry", "province", "county", "bureau", "town", "v1", "v2"));
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string position =
        tree->PositionOf(N(*tree, all[i]), N(*tree, "nation"), Line::kTerritory);
    EXPECT_EQ(Walk(*tree, "nation", Line::kTerritory, position),
              std::vector<std::string>(all.begin() + i + 1, all.end()));
  }
  // It stops where it is told to.
  int visited = 0;
  EXPECT_FALSE(tree->ForEachInSubtree(N(*tree, "nation"), Line::kTerritory,
                                      [&](UnitNumber) { return ++visited < 3; }));
  EXPECT_EQ(visited, 3);
  // A unit that has moved away or never was: on with what comes after its place.
  EXPECT_THAT(Walk(*tree, "nation", Line::kTerritory, "/province/county/c"),
              ElementsAre("town", "v1", "v2"));
  EXPECT_THAT(Walk(*tree, "nation", Line::kTerritory, "/province/county/town/v1/x/y"),
              ElementsAre("v2"));
  EXPECT_THAT(Walk(*tree, "nation", Line::kTerritory, "/zzz"), IsEmpty());
  for (absl::string_view garbage : {"/", "//", "x", "///", "/\xFF", "/province//"}) {
    Walk(*tree, "nation", Line::kTerritory, garbage);
  }
}

TEST(TreeTest, RecordsComeBack) {
  TreeBuilder builder;
  UnitRecord record = Unit("school-3", "county", "bureau");
  record.level = "school-level";
  record.kind = "middle-school";
  record.org_class = 3;
  record.name = "第3初级中学";
  ASSERT_TRUE(builder.Upsert(record).ok());
  std::shared_ptr<const Tree> before = builder.Publish();
  const UnitNumber n = N(*before, "school-3");
  EXPECT_EQ(before->Record(n), record);
  EXPECT_EQ(before->Name(n), "第3初级中学");
  EXPECT_EQ(before->Level(n), "school-level");
  EXPECT_EQ(before->LevelNumber(n), 1);
  EXPECT_EQ(before->OrgClass(n), 3);

  ASSERT_TRUE(builder.Close("school-3").ok());
  record.name = "第4初级中学";
  record.closed = true;
  record.level = "";
  ASSERT_TRUE(builder.Upsert(record).ok());
  builder.SetCursor({"log", 7});
  std::shared_ptr<const Tree> after = builder.Publish();
  EXPECT_EQ(after->Record(n), record);
  EXPECT_EQ(after->State(n), UnitState::kClosed);
  EXPECT_EQ(after->cursor(), (TreeCursor{"log", 7}));
  // The version of before is as it was.
  EXPECT_EQ(before->Name(n), "第3初级中学");
  EXPECT_EQ(before->State(n), UnitState::kOpen);
  EXPECT_EQ(before->cursor(), TreeCursor());
  EXPECT_EQ(after, builder.Publish()) << "nothing changed, so no new version";
}

TEST(TreeTest, NamesCanBeLeftOutAndAreCut) {
  TreeBuilder without(/*keep_names=*/false);
  UnitRecord record = Unit("a");
  record.name = "name";
  ASSERT_TRUE(without.Upsert(record).ok());
  EXPECT_EQ(without.Publish()->Name(0), "");
  TreeBuilder with;
  record.name = "x";
  while (record.name.size() < 100'000) record.name += "长";
  ASSERT_TRUE(with.Upsert(record).ok());
  EXPECT_EQ(with.Publish()->Name(0).size(), 1024u) << "1 + 341 * 3";
}

TEST(TreeTest, ParentsMayArriveAfterTheirChildren) {
  TreeBuilder builder;
  ASSERT_TRUE(builder.Upsert(Unit("village", "town", "bureau")).ok());
  std::shared_ptr<const Tree> tree = builder.Publish();
  EXPECT_EQ(tree->size(), 3u);
  EXPECT_EQ(tree->count(), 1u);
  EXPECT_FALSE(tree->Number("town").has_value());
  EXPECT_EQ(tree->Parent(N(*tree, "village"), Line::kTerritory), kNoUnit);
  EXPECT_EQ(tree->Depth(N(*tree, "village"), Line::kTerritory), 1);
  EXPECT_THAT(Ids(*tree, tree->Roots(Line::kTerritory)), ElementsAre("village"));
  EXPECT_EQ(tree->Record(N(*tree, "village")).territory_parent, "town") << "as the feed said";
  ASSERT_TRUE(builder.Upsert(Unit("town", "county")).ok());
  ASSERT_TRUE(builder.Upsert(Unit("county")).ok());
  tree = builder.Publish();
  EXPECT_EQ(tree->SubtreeCount(N(*tree, "county"), Line::kTerritory), 3u);
  EXPECT_THAT(Ids(*tree, tree->Path(N(*tree, "village"), Line::kTerritory)),
              ElementsAre("county", "town", "village"));
  EXPECT_EQ(tree->count(), 3u);
  EXPECT_FALSE(tree->Number("bureau").has_value());
}

TEST(TreeTest, FaultyChangesLeaveNothingBehind) {
  TreeBuilder builder = Small();
  const std::shared_ptr<const Tree> before = builder.Publish();
  EXPECT_TRUE(HasReason(builder.Move("county", Line::kTerritory, "v1"), Reason::CYCLE));
  EXPECT_TRUE(HasReason(builder.Move("county", Line::kTerritory, "county"), Reason::CYCLE));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("province", "town")), Reason::CYCLE));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("new", "new")), Reason::CYCLE));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("new", "nation", "new")), Reason::CYCLE));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("ministry", "nation", "v2")), Reason::CYCLE));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("New")), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("")), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit(std::string(1 << 20, 'a'))), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("new", "Nation")), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(builder.Move("v1", Line::kTerritory, "a/b"), Reason::INVALID_ID));
  EXPECT_TRUE(HasReason(builder.Move("nobody", Line::kTerritory, "nation"), Reason::NOT_FOUND));
  EXPECT_TRUE(HasReason(builder.Close("nobody"), Reason::NOT_FOUND));
  UnitRecord record = Unit("new");
  record.level = std::string(1000, 'x');
  EXPECT_TRUE(HasReason(builder.Upsert(record), Reason::TREE_FULL));
  EXPECT_EQ(builder.Publish(), before) << "not even a new version";
  EXPECT_TRUE(HasReason(before->CheckMove(N(*before, "county"), N(*before, "v1"), Line::kTerritory),
                        Reason::CYCLE));
  EXPECT_TRUE(before->CheckMove(N(*before, "county"), N(*before, "v1"), Line::kSector).ok());
  EXPECT_TRUE(before->CheckMove(N(*before, "v1"), N(*before, "nation"), Line::kTerritory).ok());
}

TEST(TreeTest, CodesAreLimited) {
  TreeBuilder builder;
  UnitRecord record = Unit("a");
  for (size_t i = 1; i < kTreeCodesMax; ++i) {
    record.level = absl::StrCat("level-", i);
    ASSERT_TRUE(builder.Upsert(record).ok());
  }
  record.level = "one-more";
  EXPECT_TRUE(HasReason(builder.Upsert(record), Reason::TREE_FULL));
  record.level = "level-1";
  EXPECT_TRUE(builder.Upsert(record).ok());
  EXPECT_EQ(builder.Publish()->Level(0), "level-1");
}

TEST(TreeTest, DepthIsLimited) {
  TreeBuilder builder;
  const auto id = [](int depth) { return absl::StrCat("d", depth); };
  for (int depth = 1; depth <= kTreeDepthMax; ++depth) {
    ASSERT_TRUE(builder.Upsert(Unit(id(depth), depth == 1 ? "" : id(depth - 1))).ok());
  }
  EXPECT_TRUE(HasReason(builder.Upsert(Unit("more", id(kTreeDepthMax))), Reason::TREE_TOO_DEEP));
  EXPECT_TRUE(HasReason(builder.Upsert(Unit(id(1), "above")), Reason::TREE_TOO_DEEP));
  ASSERT_TRUE(builder.Upsert(Unit("other")).ok());
  ASSERT_TRUE(builder.Upsert(Unit("pair", "other")).ok());
  const std::shared_ptr<const Tree> tree = builder.Publish();
  EXPECT_TRUE(HasReason(tree->CheckAdd("more", N(*tree, id(kTreeDepthMax)), Line::kTerritory),
                        Reason::TREE_TOO_DEEP));
  EXPECT_TRUE(tree->CheckAdd("more", N(*tree, id(kTreeDepthMax - 1)), Line::kTerritory).ok());
  // Two levels fit below the last but two, not below the last but one.
  EXPECT_TRUE(HasReason(builder.Move("other", Line::kTerritory, id(kTreeDepthMax - 1)),
                        Reason::TREE_TOO_DEEP));
  EXPECT_TRUE(builder.Move("other", Line::kTerritory, id(kTreeDepthMax - 2)).ok());
  // Moving up is never too deep.
  EXPECT_TRUE(builder.Move(id(2), Line::kTerritory, "").ok());
  EXPECT_TRUE(builder.Move(id(2), Line::kTerritory, id(1)).ok());
}

TEST(TreeTest, TheIndexOutlivesAppendsAndNotMoves) {
  TreeBuilder builder = Small();
  const std::shared_ptr<const Tree> first = builder.Publish();
  first->EnsureIndex(Line::kTerritory);
  first->EnsureIndex(Line::kSector);
  ASSERT_TRUE(builder.Upsert(Unit("v3", "town")).ok());
  const std::shared_ptr<const Tree> second = builder.Publish();
  EXPECT_TRUE(second->HasIndex(Line::kTerritory));
  EXPECT_TRUE(second->IsUnder(N(*second, "v3"), N(*second, "county"), Line::kTerritory));
  EXPECT_FALSE(second->IsUnder(N(*second, "v3"), N(*second, "v1"), Line::kTerritory));
  EXPECT_FALSE(second->IsUnder(N(*second, "v1"), N(*second, "v3"), Line::kTerritory));
  // What came after the index may even move; what it covers may not.
  ASSERT_TRUE(builder.Move("v3", Line::kTerritory, "ministry").ok());
  EXPECT_TRUE(builder.Publish()->HasIndex(Line::kTerritory));
  ASSERT_TRUE(builder.Move("v1", Line::kTerritory, "ministry").ok());
  const std::shared_ptr<const Tree> third = builder.Publish();
  EXPECT_FALSE(third->HasIndex(Line::kTerritory));
  EXPECT_TRUE(third->HasIndex(Line::kSector)) << "the other line did not change";
  EXPECT_TRUE(third->IsUnder(N(*third, "v1"), N(*third, "ministry"), Line::kTerritory));
  EXPECT_TRUE(first->IsUnder(N(*first, "v1"), N(*first, "town"), Line::kTerritory));
  third->EnsureIndex(Line::kTerritory);
  EXPECT_TRUE(third->IsUnder(N(*third, "v3"), N(*third, "ministry"), Line::kTerritory));
}

TEST(TreeTest, LoadingTakesAnyOrderAndChecksAtTheEnd) {
  TreeBuilder builder;
  builder.StartLoad();
  // A snapshot that was read while a and b changed places: a cycle until the log is applied.
  ASSERT_TRUE(builder.Upsert(Unit("a", "b")).ok());
  ASSERT_TRUE(builder.Upsert(Unit("b", "a")).ok());
  ASSERT_TRUE(builder.Upsert(Unit("c", "b")).ok());
  EXPECT_TRUE(HasReason(builder.FinishLoad(), Reason::CYCLE));
  ASSERT_TRUE(builder.Move("a", Line::kTerritory, "").ok());
  ASSERT_TRUE(builder.FinishLoad().ok());
  const std::shared_ptr<const Tree> tree = builder.Publish();
  EXPECT_THAT(Walk(*tree, "a", Line::kTerritory), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(tree->HasIndex(Line::kTerritory));

  TreeBuilder deep;
  deep.StartLoad();
  for (int depth = 0; depth <= kTreeDepthMax; ++depth) {
    ASSERT_TRUE(deep.Upsert(Unit(absl::StrCat("d", depth), absl::StrCat("d", depth + 1))).ok());
  }
  EXPECT_TRUE(HasReason(deep.FinishLoad(), Reason::TREE_TOO_DEEP));
  EXPECT_DEATH(deep.Publish(), "CHECK failed");
}

TEST(TreeHolderTest, ReadersKeepTheirVersion) {
  TreeHolder holder;
  EXPECT_EQ(holder.Get()->size(), 0u);
  TreeBuilder builder;
  ASSERT_TRUE(builder.Upsert(Unit("a")).ok());
  holder.Set(builder.Publish());
  const std::shared_ptr<const Tree> one = holder.Get();
  ASSERT_TRUE(builder.Upsert(Unit("b")).ok());
  holder.Set(builder.Publish());
  EXPECT_EQ(one->count(), 1u);
  EXPECT_FALSE(one->Number("b").has_value());
  EXPECT_EQ(holder.Get()->count(), 2u);
}

// ---- Against a model.

// The tree as plain maps; every answer is worked out from the parents.
struct Model {
  std::map<std::string, UnitRecord> units;

  std::string Parent(const std::string& id, Line line) const {
    const UnitRecord& unit = units.at(id);
    const std::string& parent =
        line == Line::kTerritory ? unit.territory_parent : unit.sector_parent;
    return units.count(parent) > 0 ? parent : "";
  }
  std::vector<std::string> Path(std::string id, Line line) const {
    std::vector<std::string> path;
    for (; !id.empty(); id = Parent(id, line)) path.insert(path.begin(), id);
    return path;
  }
};

// All answers of the version are those of the model.
void ExpectSame(const Tree& tree, const Model& model) {
  ASSERT_EQ(tree.count(), model.units.size());
  for (Line line : kBothLines) {
    std::map<std::string, std::vector<std::string>> children;
    std::map<std::string, std::set<std::string>> above;
    std::map<std::string, UnitNumber> counts;
    for (const auto& [id, unit] : model.units) {
      const std::vector<std::string> path = model.Path(id, line);
      ASSERT_EQ(Ids(tree, tree.Path(N(tree, id), line)), path);
      if (path.size() > 1) children[path[path.size() - 2]].push_back(id);
      for (const std::string& up : path) {
        above[id].insert(up);
        ++counts[up];
      }
    }
    for (const auto& [id, unit] : model.units) {
      const UnitNumber n = N(tree, id);
      ASSERT_EQ(tree.Id(n), id);
      ASSERT_EQ(tree.Record(n), unit);
      ASSERT_EQ(Ids(tree, tree.Children(n, line)), children[id]);
      ASSERT_EQ(tree.SubtreeCount(n, line), counts[id]);
      for (const auto& [other, unused] : model.units) {
        ASSERT_EQ(tree.IsUnder(n, N(tree, other), line), above[id].count(other) > 0);
      }
    }
  }
}

// Random changes, good and bad; versions of any age keep answering like the model of their time.
TEST(TreeTest, RandomChangesAgainstTheModel) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (int round = 0; round < 4; ++round) {
    TreeBuilder builder;
    Model model;
    std::vector<std::pair<std::shared_ptr<const Tree>, Model>> versions;
    const auto any_id = [&] { return absl::StrCat("u", below(60)); };
    const auto parent_or_none = [&] { return below(5) == 0 ? "" : any_id(); };
    for (int step = 0; step < 600; ++step) {
      const Model before = model;
      absl::Status status;
      const std::string id = any_id();
      if (below(3) == 0) {
        UnitRecord record = Unit(id, parent_or_none(), below(2) == 0 ? parent_or_none() : "");
        record.level = absl::StrCat("l", below(4));
        record.kind = absl::StrCat("k", below(4));
        record.org_class = static_cast<uint8_t>(below(9));
        record.closed = below(4) == 0;
        record.name = absl::StrCat("name ", below(100));
        status = builder.Upsert(record);
        model.units[id] = record;
      } else if (below(10) == 0) {
        status = builder.Close(id);
        if (model.units.count(id) > 0) model.units[id].closed = true;
      } else {
        const Line line = below(2) == 0 ? Line::kTerritory : Line::kSector;
        const std::string parent = parent_or_none();
        status = builder.Move(id, line, parent);
        if (model.units.count(id) > 0) {
          (line == Line::kTerritory ? model.units[id].territory_parent
                                    : model.units[id].sector_parent) = parent;
        }
      }
      if (!status.ok()) {
        ASSERT_TRUE(HasReason(status, Reason::CYCLE) || HasReason(status, Reason::NOT_FOUND) ||
                    HasReason(status, Reason::TREE_TOO_DEEP))
            << status;
        model = before;
      }
      if (below(20) == 0) {
        versions.emplace_back(builder.Publish(), model);
        if (below(2) == 0) versions.back().first->EnsureIndex(Line::kTerritory);
        if (below(2) == 0) versions.back().first->EnsureIndex(Line::kSector);
      }
    }
    ASSERT_GT(model.units.size(), 20u);
    for (const auto& [tree, then] : versions) ASSERT_NO_FATAL_FAILURE(ExpectSame(*tree, then));
    // Loading the same units in another order gives the same tree.
    TreeBuilder loaded;
    loaded.StartLoad();
    std::vector<UnitRecord> records;
    for (const auto& [id, record] : model.units) records.push_back(record);
    std::shuffle(records.begin(), records.end(), random);
    for (const UnitRecord& record : records) ASSERT_TRUE(loaded.Upsert(record).ok());
    ASSERT_TRUE(loaded.FinishLoad().ok());
    ASSERT_NO_FATAL_FAILURE(ExpectSame(*loaded.Publish(), model));
  }
}

// Readers on all sides while the builder goes on; meant for the thread sanitizer.
TEST(TreeTest, ReadersWhileBuilding) {
  TreeBuilder builder;
  TreeHolder holder;
  ASSERT_TRUE(builder.Upsert(Unit("root")).ok());
  holder.Set(builder.Publish());
  std::atomic<bool> stop{false};
  std::atomic<int64_t> checked{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937 random(r);
      while (!stop) {
        const std::shared_ptr<const Tree> tree = holder.Get();
        if (random() % 16 == 0) tree->EnsureIndex(Line::kTerritory);
        const UnitNumber root = N(*tree, "root");
        UnitNumber seen = 0;
        tree->ForEachInSubtree(root, Line::kTerritory, [&](UnitNumber n) {
          EXPECT_EQ(tree->Number(tree->Id(n)), n);
          EXPECT_TRUE(tree->IsUnder(n, root, Line::kTerritory));
          EXPECT_FALSE(tree->Name(n).empty() && n != root);
          return ++seen < 500;
        });
        EXPECT_EQ(seen, std::min<UnitNumber>(500, tree->SubtreeCount(root, Line::kTerritory)));
        EXPECT_EQ(tree->SubtreeCount(root, Line::kTerritory), tree->count());
        EXPECT_FALSE(tree->Number("nobody").has_value());
        ++checked;
      }
    });
  }
  std::mt19937 random(7);
  int units = 0;
  for (int step = 0; step < 3'000 || checked < 100; ++step) {
    if (units < 5'000 && random() % 4 != 0) {
      UnitRecord record =
          Unit(absl::StrCat("u", units), units < 10 ? "root" : absl::StrCat("u", random() % 10));
      record.name = absl::StrCat("name ", units++);
      ASSERT_TRUE(builder.Upsert(record).ok());
    } else if (units > 20) {
      builder
          .Move(absl::StrCat("u", 10 + random() % (units - 10)), Line::kTerritory,
                absl::StrCat("u", random() % 10))
          .IgnoreError();
    }
    if (random() % 4 == 0) holder.Set(builder.Publish());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

// The size of China: bytes for each unit, and the time to load.
TEST(TreeTest, ANationFits) {
#ifdef NDEBUG
  constexpr int kUnits = 665'277;
#else
  constexpr int kUnits = 150'000;  // Unoptimised builds take their time.
#endif
  std::vector<UnitRecord> records;
  records.push_back(Unit("china"));
  // Codes of 2, 4, 6, 9 and 12 digits with about 31, 342, 2978, 41352 and 620573 units.
  const auto add = [&](std::string id, std::string parent, std::string level) {
    UnitRecord record = Unit(std::move(id), std::move(parent));
    record.level = std::move(level);
    record.kind = "area";
    record.org_class = 1;
    records.push_back(std::move(record));
  };
  for (int p = 0; p < 31; ++p) {
    add(absl::StrFormat("%02d", p), "china", "province");
    for (int c = 0; c < 11; ++c) {
      const std::string city = absl::StrFormat("%02d%02d", p, c);
      add(city, absl::StrFormat("%02d", p), "prefecture");
      for (int d = 0; d < 9; ++d) {
        const std::string county = absl::StrFormat("%s%02d", city, d);
        add(county, city, "county");
        for (int t = 0; t < 14; ++t) {
          const std::string town = absl::StrFormat("%s%03d", county, t);
          add(town, county, "township");
          for (int v = 0; v < 15; ++v) add(absl::StrFormat("%s%03d", town, v), town, "village");
        }
      }
    }
  }
  records.resize(std::min<size_t>(records.size(), kUnits));
  TreeBuilder builder;
  builder.StartLoad();
  const auto start = std::chrono::steady_clock::now();
  for (const UnitRecord& record : records) ASSERT_TRUE(builder.Upsert(record).ok());
  ASSERT_TRUE(builder.FinishLoad().ok());
  const std::shared_ptr<const Tree> tree = builder.Publish();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  tree->EnsureIndex(Line::kSector);
  const double bytes = static_cast<double>(tree->MemoryBytes()) / tree->count();
  RecordProperty("bytes_per_unit", absl::StrFormat("%.1f", bytes));
  RecordProperty("load_seconds", absl::StrFormat("%.2f", seconds));
  std::printf("%u units: %.1f bytes each, loaded in %.2f s\n", tree->count(), bytes, seconds);
  EXPECT_LT(bytes, 130);
  EXPECT_EQ(tree->SubtreeCount(N(*tree, "china"), Line::kTerritory), records.size());
  int checked = 0;
  for (size_t i = 0; i < records.size(); i += 997, ++checked) {
    const UnitNumber n = N(*tree, records[i].id);
    EXPECT_TRUE(tree->IsUnder(n, N(*tree, "china"), Line::kTerritory));
    EXPECT_EQ(tree->Id(n), records[i].id);
    if (i > 0) {
      EXPECT_EQ(tree->Id(tree->Parent(n, Line::kTerritory)), records[i].territory_parent);
    }
  }
  EXPECT_GT(checked, 100);

  // A move publishes a version in far less than the tree takes to copy.
  const auto move_start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(builder.Move("000000", Line::kTerritory, i % 2 == 0 ? "0001" : "0000").ok());
    builder.Publish();
  }
  std::printf("move and publish: %.3f ms\n", std::chrono::duration<double, std::milli>(
                                                 std::chrono::steady_clock::now() - move_start)
                                                     .count() /
                                                 100);
}

}  // namespace
}  // namespace terrace::tree
