#include "services/terrace/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/store/store.h"
#include "services/terrace/test_backup.h"

namespace terrace::cli {
namespace {

namespace fs = std::filesystem;
using storage::v1::CopyPart;
using storage::v1::KeyspaceReport;
using testing::HasSubstr;
using Parts = std::vector<CopyPart>;
using Keys = std::map<std::string, std::string>;

class RestoreTest : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(dir_); }

  absl::StatusOr<std::vector<KeyspaceReport>> Restore(const std::string& bytes) const {
    const TestFile file(bytes);
    BackupReader reader(file.get());
    return RestoreBackup(&reader, url_, [](int64_t) {});
  }

  std::unique_ptr<store::Store> Open(const std::string& keyspace) const {
    auto store = store::OpenStore({url_, keyspace});
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  static Keys KeysOf(store::Store* store) {
    Keys keys;
    store::KeyRange rest;
    for (size_t page = store::kScanEntriesMax; page == store::kScanEntriesMax;) {
      absl::Notification scanned;
      store->Scan(rest, store::kScanEntriesMax, [&](absl::StatusOr<std::vector<store::Entry>> is) {
        EXPECT_TRUE(is.ok()) << is.status();
        for (const store::Entry& entry : *is) keys[entry.key] = entry.value;
        page = is->size();
        scanned.Notify();
      });
      scanned.WaitForNotification();
      if (!keys.empty())
        rest.first = absl::StrCat(keys.rbegin()->first, absl::string_view("\0", 1));
    }
    return keys;
  }
  Keys KeysOf(const std::string& keyspace) const { return KeysOf(Open(keyspace).get()); }

  // Expects what TestKeyspace holds, and an origin.
  void ExpectRestored(const std::string& keyspace) const {
    Keys keys = KeysOf(keyspace);
    storage::v1::Origin origin;
    ASSERT_TRUE(origin.ParseFromString(keys["meta/origin"]));
    ASSERT_GE(origin.ancestors_size(), 1);
    EXPECT_EQ(origin.ancestors(0).log_id(), absl::StrCat("log of ", keyspace));
    EXPECT_EQ(origin.ancestors(0).revision(), 12);
    keys.erase("meta/origin");
    EXPECT_THAT(keys, testing::ElementsAre(testing::Pair("a", absl::StrCat("old a of ", keyspace)),
                                           testing::Pair("b", "new b")));
  }

  void Put(const std::string& keyspace, const std::string& key) const {
    store::Batch batch;
    batch.id = store::NewBatchId();
    batch.changes.push_back({key, "value"});
    absl::Notification stored;
    const auto store = Open(keyspace);
    store->Commit(std::move(batch), [&](absl::StatusOr<store::Revision> done) {
      EXPECT_TRUE(done.ok()) << done.status();
      stored.Notify();
    });
    stored.WaitForNotification();
  }

  const std::string dir_ = (fs::temp_directory_path() / ("terrace-test-" + RandomHex(8))).string();
  const std::string url_ = "sqlite:" + dir_;
};

TEST_F(RestoreTest, GivesTheKeysAsOfTheEndOfTheCopy) {
  const auto reports = Restore(TestBackup());
  ASSERT_TRUE(reports.ok()) << reports.status();
  ASSERT_EQ(reports->size(), 3u);
  for (const KeyspaceReport& report : *reports) {
    ExpectRestored(report.keyspace());
    EXPECT_EQ(report.restored_log_id(), Open(report.keyspace())->End()->log_id);
    EXPECT_NE(report.restored_log_id(), report.log_id());
  }
  // Keyspaces that the backup lacks are open to their services too.
  EXPECT_EQ(KeysOf("gateway").count("meta/restore"), 0u);
}

TEST_F(RestoreTest, NobodyOpensHalfARestoreAndTheSameBackupFinishesIt) {
  const std::string whole = TestBackup();
  for (size_t size = 100; size < whole.size(); size += 60) {
    EXPECT_TRUE(HasReason(Restore(whole.substr(0, size)).status(), Reason::BACKUP_DAMAGED));
    for (const char* keyspace : kBackupOrder) {
      EXPECT_TRUE(
          HasReason(store::OpenStore({url_, keyspace}).status(), Reason::RESTORE_UNFINISHED))
          << keyspace;
    }
  }
  EXPECT_TRUE(HasReason(Restore(TestBackup()).status(), Reason::RESTORE_UNFINISHED));
  const auto reports = Restore(whole);
  ASSERT_TRUE(reports.ok()) << reports.status();
  for (const KeyspaceReport& report : *reports) ExpectRestored(report.keyspace());
}

TEST_F(RestoreTest, OnlyIntoEmptyStores) {
  Put("measures", "in use");
  EXPECT_TRUE(HasReason(Restore(TestBackup()).status(), Reason::RESTORE_NOT_EMPTY));
  for (const char* keyspace : kBackupOrder) {
    const int64_t batches = keyspace == std::string("measures") ? 1 : 0;
    EXPECT_EQ(Open(keyspace)->End()->revision.value, batches) << keyspace;
  }
}

TEST_F(RestoreTest, WhatIsRestoredIsNotRestoredAgain) {
  const std::string backup = TestBackup();
  ASSERT_TRUE(Restore(backup).ok());
  Put("registry", "new");
  EXPECT_TRUE(HasReason(Restore(backup).status(), Reason::RESTORE_NOT_EMPTY));
  EXPECT_TRUE(HasReason(Restore(TestBackup()).status(), Reason::RESTORE_NOT_EMPTY));
  EXPECT_EQ(KeysOf("registry").count("new"), 1u);
}

TEST_F(RestoreTest, ARestoreThatBrokeOffAtItsVeryEndIsFinished) {
  const std::string backup = TestBackup();
  // As if the process had ended between the release of one keyspace and of the next.
  ASSERT_TRUE(Restore(backup).ok());
  const fs::path finished = fs::path(dir_) / "finished";
  fs::create_directories(finished);
  for (const char* end : {".db", ".lock"}) {
    fs::rename(fs::path(dir_) / (std::string("registry") + end),
               finished / (std::string("registry") + end));
  }
  for (const auto& entry : fs::directory_iterator(dir_)) {
    if (entry.is_regular_file()) fs::remove(entry.path());
  }
  EXPECT_FALSE(Restore(backup.substr(0, backup.size() - 1)).ok());
  for (const char* end : {".db", ".lock"}) {
    fs::rename(finished / (std::string("registry") + end),
               fs::path(dir_) / (std::string("registry") + end));
  }
  const std::string log_id = Open("registry")->End()->log_id;
  const auto reports = Restore(backup);
  ASSERT_TRUE(reports.ok()) << reports.status();
  for (const KeyspaceReport& report : *reports) ExpectRestored(report.keyspace());
  EXPECT_EQ(Open("registry")->End()->log_id, log_id);
}

TEST_F(RestoreTest, EntriesOfAnySizeFit) {
  const std::string large(store::kBatchBytesMax - 100, 'x');
  const auto reports = Restore(TestBackup({"registry"}, [&](Parts* parts) {
    storage::v1::KeyEntries& entries = *parts->at(1).mutable_entries();
    for (int i = 0; i < 3000; ++i) {
      storage::v1::KeyEntry& entry = *entries.add_entries();
      entry.set_key(absl::StrFormat("d%06d", i));
      if (i % 1000 == 0) entry.set_value(large);
    }
    parts->back().mutable_keyspace_end()->set_entries(3003);
  }));
  ASSERT_TRUE(reports.ok()) << reports.status();
  const Keys keys = KeysOf("registry");
  EXPECT_EQ(keys.size(), 2u + 3000u + 1u);
  EXPECT_EQ(keys.at("d001000"), large);
}

TEST_F(RestoreTest, TheOriginRemembersEarlierRestores) {
  storage::v1::Origin earlier;
  earlier.add_ancestors()->set_log_id("grandparent");
  ASSERT_TRUE(Restore(TestBackup({"registry"}, [&](Parts* parts) {
                storage::v1::KeyEntry& entry = *parts->at(1).mutable_entries()->add_entries();
                entry.set_key("meta/origin");
                entry.set_value(earlier.SerializeAsString());
                parts->back().mutable_keyspace_end()->set_entries(4);
              })).ok());
  storage::v1::Origin origin;
  ASSERT_TRUE(origin.ParseFromString(KeysOf("registry")["meta/origin"]));
  ASSERT_EQ(origin.ancestors_size(), 2);
  EXPECT_EQ(origin.ancestors(0).log_id(), "log of registry");
  EXPECT_EQ(origin.ancestors(1).log_id(), "grandparent");
}

}  // namespace
}  // namespace terrace::cli
