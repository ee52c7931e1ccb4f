#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/tree/tree.h"
#include "gtest/gtest.h"

namespace terrace::tree {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class TreeFileTest : public testing::Test {
 protected:
  TreeFileTest() {
    builder_.SetCursor({"0123456789abcdef0123456789abcdef", 42});
    for (int i = 0; i < 300; ++i) {
      UnitRecord record;
      record.id = absl::StrCat("u", i);
      if (i > 0) record.territory_parent = absl::StrCat("u", i / 7);
      if (i % 3 == 1) record.sector_parent = absl::StrCat("u", i / 2);
      if (i == 299) record.sector_parent = "not-yet";  // A placeholder.
      record.level = absl::StrCat("level-", i % 5);
      record.kind = i % 2 == 0 ? "" : "school";
      record.org_class = static_cast<uint8_t>(i % 9);
      record.closed = i % 10 == 9;
      record.name = absl::StrCat("第", i, "中学");
      EXPECT_TRUE(builder_.Upsert(record).ok());
    }
  }
  ~TreeFileTest() override { ::unlink(path_.c_str()); }

  const std::string path_ = absl::StrCat(testing::TempDir(), "/tree_file_test.", ::getpid());
  TreeBuilder builder_;
};

TEST_F(TreeFileTest, ComesBackWithNumbersAndCursor) {
  const std::shared_ptr<const Tree> saved = builder_.Publish();
  ASSERT_TRUE(TreeBuilder::Save(*saved, path_).ok());
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_NE(::access(absl::StrCat(path_, ".tmp").c_str(), F_OK), 0);

  absl::StatusOr<TreeBuilder> loaded = TreeBuilder::Load(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const std::shared_ptr<const Tree> tree = loaded->Publish();
  EXPECT_EQ(tree->cursor(), saved->cursor());
  ASSERT_EQ(tree->size(), saved->size());
  EXPECT_EQ(tree->count(), saved->count());
  for (UnitNumber n = 0; n < tree->size(); ++n) {
    ASSERT_EQ(tree->Record(n), saved->Record(n));
    ASSERT_EQ(tree->State(n), saved->State(n));
    for (Line line : kBothLines) {
      ASSERT_EQ(tree->Children(n, line), saved->Children(n, line));
      ASSERT_EQ(tree->SubtreeCount(n, line), saved->SubtreeCount(n, line));
    }
  }
  // It goes on where it was: the placeholder arrives, codes are known.
  UnitRecord record;
  record.id = "not-yet";
  record.level = "level-3";
  ASSERT_TRUE(loaded->Upsert(record).ok());
  EXPECT_EQ(loaded->Publish()->LevelNumber(*loaded->Publish()->Number("not-yet")),
            tree->LevelNumber(*tree->Number("u3")));

  EXPECT_EQ(TreeBuilder::Load(path_, /*keep_names=*/false)->Publish()->Name(5), "");
}

TEST_F(TreeFileTest, AnEmptyTree) {
  ASSERT_TRUE(TreeBuilder::Save(*TreeBuilder().Publish(), path_).ok());
  EXPECT_EQ(TreeBuilder::Load(path_)->Publish()->size(), 0u);
}

TEST_F(TreeFileTest, WithoutAFileOrADirectory) {
  EXPECT_EQ(TreeBuilder::Load(path_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(TreeBuilder::Load(testing::TempDir()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(TreeBuilder::Save(*builder_.Publish(), "/no/such/directory/tree").code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(TreeFileTest, DamageIsFound) {
  ASSERT_TRUE(TreeBuilder::Save(*builder_.Publish(), path_).ok());
  const std::string good = ReadAll(path_);
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    if (i % 3 == 0) {
      bad.resize(random() % bad.size());
    } else if (i % 3 == 1) {
      bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
    } else {
      bad.append(1 + random() % 100, 'x');
    }
    WriteAll(path_, bad);
    ASSERT_EQ(TreeBuilder::Load(path_).status().code(), absl::StatusCode::kDataLoss);
  }
}

// With a check that matches, whatever stands in the file: an error or a sound tree, never a crash.
TEST_F(TreeFileTest, GarbageWithATrueCheck) {
  ASSERT_TRUE(TreeBuilder::Save(*builder_.Publish(), path_).ok());
  const std::string good = ReadAll(path_);
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good.substr(0, good.size() - 32);
    for (int k = 1 + static_cast<int>(random() % 4); k > 0; --k) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bad.resize(8 + random() % (bad.size() - 8));
    WriteAll(path_, absl::StrCat(bad, Sha256(bad)));
    absl::StatusOr<TreeBuilder> loaded = TreeBuilder::Load(path_);
    if (!loaded.ok()) {
      ASSERT_EQ(loaded.status().code(), absl::StatusCode::kDataLoss);
      ++refused;
      continue;
    }
    const std::shared_ptr<const Tree> tree = loaded->Publish();
    for (UnitNumber root : tree->Roots(Line::kTerritory)) {
      tree->ForEachInSubtree(root, Line::kTerritory, [&](UnitNumber n) {
        return tree->IsUnder(n, root, Line::kTerritory) && !tree->Record(n).id.empty();
      });
    }
  }
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace terrace::tree
