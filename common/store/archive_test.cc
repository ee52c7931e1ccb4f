#include "common/store/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "common/store/log_record.h"

namespace terrace::store {
namespace {

namespace fs = std::filesystem;

constexpr char kLogId[] = "0123456789abcdef0123456789abcdef";

Committed BatchOf(int64_t revision, const std::string& value = "value") {
  Batch batch;
  batch.id = NewBatchId();
  batch.header = absl::StrCat("header ", revision);
  batch.changes.push_back({absl::StrCat("key ", revision), value});
  batch.changes.push_back({absl::StrCat("gone ", revision), absl::nullopt});
  return *MakeCommitted(kLogId, {revision}, absl::FromUnixSeconds(1'000'000 + revision),
                        std::move(batch));
}

class ArchiveTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(dir_); }
  void TearDown() override { fs::remove_all(dir_); }

  Archive Open() const {
    absl::StatusOr<Archive> archive = Archive::Open(dir_, {"registry", kLogId});
    EXPECT_TRUE(archive.ok()) << archive.status();
    return *std::move(archive);
  }
  // Adds a segment with the batches up to `last`.
  void Add(int64_t last) {
    Archive archive = Open();
    for (int64_t next = archive.end().value + 1; next <= last; ++next) {
      ASSERT_TRUE(archive.Append(BatchOf(next)).ok());
    }
    const absl::Status finished = archive.Finish();
    ASSERT_TRUE(finished.ok()) << finished;
  }
  std::vector<std::string> Segments() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(fs::path(dir_) / "registry" / kLogId)) {
      paths.push_back(entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  // As Open and Verify tell.
  absl::Status Verify() const {
    absl::StatusOr<Archive> archive = Archive::Open(dir_, {"registry", kLogId});
    return archive.ok() ? archive->Verify() : archive.status();
  }

  const std::string dir_ = (fs::temp_directory_path() / ("terrace-test-" + RandomHex(8))).string();
};

TEST_F(ArchiveTest, HoldsWhatWasAddedInSeveralRuns) {
  EXPECT_EQ(Open().end(), Revision{0});
  Add(5);
  Add(5);
  Add(12);
  EXPECT_EQ(Segments().size(), 2u);
  const Archive archive = Open();
  EXPECT_EQ(archive.end(), Revision{12});
  EXPECT_TRUE(archive.Verify().ok());
  std::vector<int64_t> read;
  EXPECT_TRUE(archive
                  .ReadLog({4}, {7},
                           [&](const Committed& batch) {
                             read.push_back(batch.revision.value);
                             EXPECT_EQ(batch.header, absl::StrCat("header ", batch.revision.value));
                             EXPECT_EQ(batch.changes[0].value, "value");
                             EXPECT_EQ(batch.changes[1].value, absl::nullopt);
                             return absl::OkStatus();
                           })
                  .ok());
  EXPECT_THAT(read, testing::ElementsAre(4, 5, 6, 7));
  const std::vector<ArchivedLog> logs = *ArchivedLogs(dir_);
  ASSERT_EQ(logs.size(), 1u);
  EXPECT_EQ(logs[0].keyspace, "registry");
  EXPECT_EQ(logs[0].log_id, kLogId);
}

TEST_F(ArchiveTest, TakesOnlyTheNextBatchOfThisLog) {
  Archive archive = Open();
  EXPECT_TRUE(HasReason(archive.Append(BatchOf(2)), Reason::STORE_DAMAGED));
  Committed changed = BatchOf(1);
  changed.changes[0].value = "another";
  EXPECT_TRUE(HasReason(archive.Append(changed), Reason::STORE_DAMAGED));
  EXPECT_TRUE(archive.Append(BatchOf(1)).ok());
  EXPECT_TRUE(HasReason(archive.Append(BatchOf(3)), Reason::STORE_DAMAGED));
}

TEST_F(ArchiveTest, WhatWasNotFinishedIsWrittenAnew) {
  Add(3);
  {
    Archive archive = Open();
    ASSERT_TRUE(archive.Append(BatchOf(4)).ok());
  }
  std::ofstream(fs::path(dir_) / "registry" / kLogId / "next.new") << "left by a crash";
  EXPECT_EQ(Open().end(), Revision{3});
  Add(6);
  EXPECT_TRUE(Verify().ok());
}

TEST_F(ArchiveTest, FindsEveryChangedByte) {
  Add(3);
  Add(6);
  for (const std::string& path : Segments()) {
    const std::string whole = *ReadFile(path);
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 0x10);
      std::ofstream(path, std::ios::binary) << changed;
      EXPECT_TRUE(HasReason(Verify(), Reason::ARCHIVE_DAMAGED)) << path << " at " << at;
    }
    for (size_t size = 0; size < whole.size(); ++size) {
      std::ofstream(path, std::ios::binary) << whole.substr(0, size);
      EXPECT_TRUE(HasReason(Verify(), Reason::ARCHIVE_DAMAGED)) << path << " cut at " << size;
    }
    std::ofstream(path, std::ios::binary) << whole << "more";
    EXPECT_TRUE(HasReason(Verify(), Reason::ARCHIVE_DAMAGED));
    std::ofstream(path, std::ios::binary) << whole;
  }
  EXPECT_TRUE(Verify().ok());
}

TEST_F(ArchiveTest, FindsHistoryThatWasWrittenAgain) {
  Add(3);
  const std::string path = Segments().front();
  const std::string other = *ReadFile(path);
  fs::remove(path);
  Add(3);  // Other ids and salts.
  Add(6);
  EXPECT_TRUE(Verify().ok());
  std::ofstream(path, std::ios::binary) << other;
  EXPECT_TRUE(HasReason(Verify(), Reason::ARCHIVE_DAMAGED));
  fs::remove(path);
  EXPECT_TRUE(HasReason(Verify(), Reason::ARCHIVE_DAMAGED));
}

TEST_F(ArchiveTest, ProvesEveryBatch) {
  Add(3);
  Add(7);
  const Archive archive = Open();
  for (int64_t revision = 1; revision <= 7; ++revision) {
    absl::StatusOr<storage::v1::InclusionProof> proof = archive.Prove({revision});
    ASSERT_TRUE(proof.ok()) << proof.status();
    EXPECT_TRUE(*archive.Holds(*proof)) << revision;
    storage::v1::InclusionProof other = *proof;
    other.set_revision(revision == 7 ? 1 : revision + 1);
    EXPECT_FALSE(*archive.Holds(other)) << revision;
    other = *proof;
    other.set_leaf(std::string(32, 'x'));
    EXPECT_FALSE(*archive.Holds(other)) << revision;
    other = *proof;
    other.set_size(8);
    EXPECT_FALSE(*archive.Holds(other)) << revision;
  }
  EXPECT_FALSE(archive.Prove({0}).ok());
  EXPECT_FALSE(archive.Prove({8}).ok());
  // A proof stays good as the log grows.
  const storage::v1::InclusionProof early = *archive.Prove({2});
  Add(20);
  EXPECT_TRUE(*Open().Holds(early));
}

}  // namespace
}  // namespace terrace::store
