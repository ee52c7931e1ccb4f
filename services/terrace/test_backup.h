// Small backups for tests.
#ifndef TERRACE_SERVICES_TERRACE_TEST_BACKUP_H_
#define TERRACE_SERVICES_TERRACE_TEST_BACKUP_H_

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/terrace/backup_file.h"

namespace terrace::cli {

// A keyspace of a backup: the keys a, b, c, of which the log changed b and deleted c meanwhile. It
// ends at revision 12.
inline std::vector<storage::v1::CopyPart> TestKeyspace(const std::string& keyspace) {
  std::vector<storage::v1::CopyPart> parts(4);
  parts[0].mutable_keyspace_begin()->set_keyspace(keyspace);
  parts[0].mutable_keyspace_begin()->set_log_id(absl::StrCat("log of ", keyspace));
  int revision = 1;
  for (const char* key : {"a", "b", "c"}) {
    storage::v1::KeyEntry& entry = *parts[1].mutable_entries()->add_entries();
    entry.set_key(key);
    entry.set_value(absl::StrCat("old ", key, " of ", keyspace));
    entry.set_revision(revision++);
  }
  storage::v1::LogBatch& first = *parts[2].mutable_batches()->add_batches();
  first.set_revision(11);
  first.add_changes()->set_key("b");
  first.mutable_changes(0)->set_value("between");
  storage::v1::LogBatch& second = *parts[2].mutable_batches()->add_batches();
  second.set_revision(12);
  second.add_changes()->set_key("b");
  second.mutable_changes(0)->set_value("new b");
  second.add_changes()->set_key("c");
  parts[3].mutable_keyspace_end()->set_revision(12);
  parts[3].mutable_keyspace_end()->set_entries(3);
  parts[3].mutable_keyspace_end()->set_batches(2);
  return parts;
}

// The bytes of a backup of these keyspaces; `change` may alter the parts of each.
inline std::string TestBackup(
    const std::vector<std::string>& keyspaces = {"scoring", "measures", "registry"},
    const std::function<void(std::vector<storage::v1::CopyPart>*)>& change = nullptr) {
  std::string bytes;
  BackupWriter writer([&bytes](absl::string_view more) {
    bytes.append(more.data(), more.size());
    return absl::OkStatus();
  });
  EXPECT_TRUE(writer.Begin("0.0.0").ok());
  for (const std::string& keyspace : keyspaces) {
    std::vector<storage::v1::CopyPart> parts = TestKeyspace(keyspace);
    if (change) change(&parts);
    for (storage::v1::CopyPart& part : parts) {
      const absl::Status added = writer.Add(std::move(part));
      EXPECT_TRUE(added.ok()) << added;
    }
  }
  EXPECT_TRUE(writer.End().ok());
  return bytes;
}

// The bytes as a file.
class TestFile {
 public:
  explicit TestFile(const std::string& bytes) : file_(std::tmpfile()) {
    EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file_), bytes.size());
    std::rewind(file_);
  }
  ~TestFile() { std::fclose(file_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  std::FILE* get() const { return file_; }

 private:
  std::FILE* const file_;
};

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_TEST_BACKUP_H_
