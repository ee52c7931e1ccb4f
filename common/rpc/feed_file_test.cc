#include "common/rpc/feed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/base/random.h"

namespace terrace::rpc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FeedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("terrace-test-" + RandomHex(8));
    std::filesystem::create_directories(dir_);
    path_ = (dir_ / "registry.feed").string();
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  // What a process that starts now would hear.
  std::vector<std::string> Kept() const {
    std::vector<std::string> kept;
    FeedFile(path_).Replay([&](absl::string_view message) { kept.emplace_back(message); });
    return kept;
  }

  void WriteThree() const {
    FeedFile file(path_);
    file.Begin();
    ASSERT_TRUE(file.Append("rows", false).ok());
    ASSERT_TRUE(file.Append("end", true).ok());
    ASSERT_TRUE(file.Append("later", false).ok());
  }

  std::string Bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::filesystem::path dir_;
  std::string path_;
};

TEST_F(FeedFileTest, WhatWasHeardIsHeardAgainAndGoesOn) {
  WriteThree();
  {
    FeedFile file(path_);
    std::vector<std::string> heard;
    file.Replay([&](absl::string_view message) { heard.emplace_back(message); });
    EXPECT_THAT(heard, ElementsAre("rows", "end", "later"));
    ASSERT_TRUE(file.Append("latest", false).ok());
  }
  EXPECT_THAT(Kept(), ElementsAre("rows", "end", "later", "latest"));
}

TEST_F(FeedFileTest, NoFileIsNothingHeard) { EXPECT_THAT(Kept(), IsEmpty()); }

TEST_F(FeedFileTest, HalfASnapshotIsNotKeptAndLeavesTheOneBefore) {
  WriteThree();
  FeedFile file(path_);
  file.Begin();
  ASSERT_TRUE(file.Append("new rows", false).ok());
  EXPECT_THAT(Kept(), ElementsAre("rows", "end", "later"));
  ASSERT_TRUE(file.Append("new end", true).ok());
  EXPECT_THAT(Kept(), ElementsAre("new rows", "new end"));
}

TEST_F(FeedFileTest, AFileThatIsCutOffAnywhereKeepsWholeMessagesOfAWholeSnapshot) {
  WriteThree();
  const std::string whole = Bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    SetBytes(whole.substr(0, size));
    const std::vector<std::string> kept = Kept();
    if (!kept.empty()) EXPECT_THAT(kept, ElementsAre("rows", "end")) << size;
  }
  // Whoever goes on behind a torn end writes over it.
  SetBytes(whole.substr(0, whole.size() - 2));
  {
    FeedFile file(path_);
    file.Replay([](absl::string_view) {});
    ASSERT_TRUE(file.Append("other", false).ok());
  }
  EXPECT_THAT(Kept(), ElementsAre("rows", "end", "other"));
}

TEST_F(FeedFileTest, ADamagedByteEndsWhatIsGood) {
  WriteThree();
  const std::string whole = Bytes();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    SetBytes(bytes);
    const std::vector<std::string> kept = Kept();
    if (!kept.empty()) EXPECT_THAT(kept, ElementsAre("rows", "end")) << at;
  }
}

TEST_F(FeedFileTest, AFeedThatOutweighsItsSnapshotIsOvergrown) {
  FeedFile file(path_);
  file.Begin();
  ASSERT_TRUE(file.Append("end", true).ok());
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) {
    EXPECT_FALSE(file.Overgrown()) << i;
    ASSERT_TRUE(file.Append(megabyte, false).ok());
  }
  EXPECT_TRUE(file.Overgrown());
}

TEST_F(FeedFileTest, WithoutItsDirectoryNothingIsKept) {
  FeedFile file((dir_ / "missing" / "registry.feed").string());
  file.Begin();
  EXPECT_TRUE(file.Append("end", true).ok());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "missing"));
}

}  // namespace
}  // namespace terrace::rpc
