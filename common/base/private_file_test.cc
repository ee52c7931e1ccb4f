#include "common/base/private_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/file.h"
#include "common/base/random.h"

namespace terrace {
namespace {

namespace fs = std::filesystem;

class PrivateFileTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(dir_); }
  void TearDown() override { fs::remove_all(dir_); }

  const fs::path dir_ = fs::temp_directory_path() / ("terrace-test-" + RandomHex(8));
  const std::string path_ = (dir_ / "file").string();
};

TEST_F(PrivateFileTest, IsThereOnceItIsWhole) {
  auto file = PrivateFile::Make(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Write("one").ok());
  EXPECT_FALSE(fs::exists(path_));
  ASSERT_TRUE(file->Write(" two").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(*ReadFile(path_), "one two");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(PrivateFileTest, GivenUpItLeavesWhatWasThere) {
  ASSERT_TRUE(WritePrivateFile(path_, "old").ok());
  {
    auto file = PrivateFile::Make(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE(file->Write("new").ok());
  }
  EXPECT_EQ(*ReadFile(path_), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace terrace
