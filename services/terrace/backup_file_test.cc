#include "services/terrace/backup_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "common/base/error.h"
#include "services/terrace/restore.h"
#include "services/terrace/test_backup.h"

namespace terrace::cli {
namespace {

using storage::v1::CopyPart;
using testing::HasSubstr;
using Parts = std::vector<CopyPart>;

absl::Status Check(const std::string& bytes) {
  const TestFile file(bytes);
  BackupReader reader(file.get());
  return CheckBackup(&reader, [](int64_t) {});
}

// What BACKUP_DAMAGED says.
std::string Damage(const std::string& bytes) {
  const absl::Status status = Check(bytes);
  EXPECT_TRUE(HasReason(status, Reason::BACKUP_DAMAGED)) << status;
  return std::string(status.message());
}

// The records of the bytes.
std::vector<std::string> Records(const std::string& bytes) {
  const TestFile file(bytes);
  RecordReader reader(file.get());
  std::vector<std::string> records;
  char kind;
  std::string message;
  while (reader.Next(&kind, &message) == RecordReader::Result::kRecord) {
    records.push_back(absl::StrCat(RecordHead(kind, message), message));
  }
  return records;
}

TEST(BackupFile, IsReadAsItWasWritten) {
  const TestFile file(TestBackup());
  BackupReader reader(file.get());
  int parts = 0;
  for (;;) {
    CopyPart part;
    const absl::StatusOr<bool> some = reader.Next(&part);
    ASSERT_TRUE(some.ok()) << some.status();
    if (!*some) break;
    ++parts;
  }
  EXPECT_EQ(parts, 1 + 3 * 4 + 1);
  ASSERT_EQ(reader.reports().size(), 3u);
  EXPECT_EQ(reader.reports()[2].keyspace(), "registry");
  EXPECT_EQ(reader.reports()[2].revision(), 12);
  EXPECT_EQ(reader.reports()[2].entries(), 3);
}

TEST(BackupFile, NothingThatIsCutOffPasses) {
  const std::string whole = TestBackup();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(HasReason(Check(whole.substr(0, size)), Reason::BACKUP_DAMAGED)) << size;
  }
  EXPECT_THAT(Damage(whole + "more"), HasSubstr("something follows its end"));
  EXPECT_THAT(Damage("PK no backup"), HasSubstr("this is no backup"));
}

TEST(BackupFile, NoFlippedBitPasses) {
  const std::string whole = TestBackup();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    EXPECT_TRUE(HasReason(Check(changed), Reason::BACKUP_DAMAGED)) << at;
  }
}

TEST(BackupFile, NoRecordMayBeMissingTwiceOrElsewhere) {
  const std::vector<std::string> records = Records(TestBackup());
  const auto join = [](const std::vector<std::string>& list) {
    std::string all;
    for (const std::string& record : list) all += record;
    return all;
  };
  ASSERT_TRUE(Check(join(records)).ok());
  for (size_t i = 0; i < records.size(); ++i) {
    std::vector<std::string> changed = records;
    changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_TRUE(HasReason(Check(join(changed)), Reason::BACKUP_DAMAGED)) << i << " missing";
    changed = records;
    changed.insert(changed.begin() + static_cast<ptrdiff_t>(i), records[i]);
    EXPECT_TRUE(HasReason(Check(join(changed)), Reason::BACKUP_DAMAGED)) << i << " twice";
    if (i + 1 == records.size()) continue;
    changed = records;
    std::swap(changed[i], changed[i + 1]);
    EXPECT_TRUE(HasReason(Check(join(changed)), Reason::BACKUP_DAMAGED)) << i << " swapped";
  }
}

TEST(BackupFile, KeyspacesComeInTheirOrder) {
  EXPECT_TRUE(Check(TestBackup({"registry"})).ok());
  EXPECT_THAT(Damage(TestBackup({"registry", "measures"})), HasSubstr("out of order"));
  EXPECT_THAT(Damage(TestBackup({"measures", "measures"})), HasSubstr("comes twice"));
  EXPECT_THAT(Damage(TestBackup({"another"})), HasSubstr("out of order"));
}

TEST(BackupFile, NoKeyspaceRefersToWhatACopyLacks) {
  const auto refer = [](int64_t revision, const std::string& log_id) {
    return [=](Parts* parts) {
      if (parts->front().keyspace_begin().keyspace() != "measures") return;
      storage::v1::InputPosition& input = *parts->back().mutable_keyspace_end()->add_inputs();
      input.set_keyspace("registry");
      input.set_log_id(log_id);
      input.set_revision(revision);
    };
  };
  EXPECT_TRUE(Check(TestBackup({"measures", "registry"}, refer(12, "log of registry"))).ok());
  EXPECT_THAT(Damage(TestBackup({"measures", "registry"}, refer(13, "log of registry"))),
              HasSubstr("measures refers to revision 13 of registry, whose copy ends at 12"));
  EXPECT_THAT(Damage(TestBackup({"measures"}, refer(1, "log of registry"))),
              HasSubstr("measures refers to registry, which is not there"));
  // What the log was restored from is history.
  EXPECT_TRUE(Check(TestBackup({"measures", "registry"}, refer(99, "an earlier log"))).ok());
}

TEST(BackupFile, OnlyANewerProgramReadsANewerForm) {
  EXPECT_TRUE(HasReason(
      Check(TestBackup({"registry"},
                       [](Parts* parts) {
                         parts->front().mutable_keyspace_begin()->mutable_format()->set_min_writer(
                             1000);
                       })),
      Reason::FORMAT_TOO_NEW));
  CopyPart part;
  part.mutable_backup_begin()->set_version(kBackupVersion + 1);
  const std::string bytes = part.SerializeAsString();
  EXPECT_TRUE(
      HasReason(Check(absl::StrCat(RecordHead('p', bytes), bytes)), Reason::FORMAT_TOO_NEW));
}

TEST(BackupFile, TheWriterTakesNoHalfCopy) {
  const auto status = [](const std::function<void(Parts*)>& change) {
    BackupWriter writer([](absl::string_view) { return absl::OkStatus(); });
    Parts parts = TestKeyspace("registry");
    change(&parts);
    absl::Status status;
    for (CopyPart& part : parts) status.Update(writer.Add(std::move(part)));
    return status;
  };
  EXPECT_TRUE(status([](Parts*) {}).ok());
  for (int lost : {1, 2}) {
    EXPECT_TRUE(HasReason(status([lost](Parts* parts) { (*parts)[lost].Clear(); }),
                          Reason::STREAM_INCOMPLETE));
  }
  EXPECT_TRUE(HasReason(status([](Parts* parts) {
                          parts->at(2).mutable_batches()->mutable_batches(0)->set_revision(10);
                        }),
                        Reason::STREAM_INCOMPLETE));
  EXPECT_TRUE(HasReason(status([](Parts* parts) {
                          parts->at(1).mutable_entries()->mutable_entries(0)->set_key("z");
                        }),
                        Reason::STREAM_INCOMPLETE));
  EXPECT_TRUE(HasReason(status([](Parts* parts) {
                          parts->at(1).mutable_entries()->mutable_entries(0)->set_revision(13);
                        }),
                        Reason::STREAM_INCOMPLETE));
}

}  // namespace
}  // namespace terrace::cli
