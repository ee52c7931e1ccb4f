// The form of a backup: one stream of records (common/base/records.h), each a
// terrace.storage.v1.CopyPart.
//
//   backup   := BackupBegin keyspace* BackupEnd
//   keyspace := KeyspaceBegin KeyEntries* LogBatches* KeyspaceEnd
//
// Keyspaces come in the order of kBackupOrder: who learns from others before those, so that no copy
// refers to something that a later one does not have yet. The writer and the reader check all that
// a copy promises; a reader that has come to the end has seen a good backup.
//
// Thread-safety. Each belongs to one thread.
#ifndef TERRACE_SERVICES_TERRACE_BACKUP_FILE_H_
#define TERRACE_SERVICES_TERRACE_BACKUP_FILE_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/records.h"
#include "common/base/sha256.h"
#include "terrace/storage/v1/backup.pb.h"

namespace terrace::cli {

inline constexpr int kBackupVersion = 1;
inline constexpr const char* kBackupOrder[] = {"scoring", "inspections", "measures", "gateway",
                                               "registry"};

// What a keyspace is checked for, while its parts come one after the other.
class KeyspaceCheck {
 public:
  void Begin(const storage::v1::KeyspaceBegin& begin);
  // What is wrong; empty when nothing is.
  std::string Entries(const storage::v1::KeyEntries& entries);
  std::string Batches(const storage::v1::LogBatches& batches);
  std::string End(const storage::v1::KeyspaceEnd& end);

  // Of the keyspace that was begun last.
  const storage::v1::KeyspaceReport& report() const { return report_; }

 private:
  storage::v1::KeyspaceReport report_;
  std::string last_key_;
  int64_t highest_ = 0;
  int64_t last_batch_ = 0;
};

class BackupWriter {
 public:
  // Takes the bytes of the backup.
  using Out = std::function<absl::Status(absl::string_view bytes)>;
  explicit BackupWriter(Out out) : out_(std::move(out)) {}

  absl::Status Begin(const std::string& program_version);
  // A part of a keyspace. STREAM_INCOMPLETE when the parts do not make a whole copy.
  absl::Status Add(storage::v1::CopyPart part);
  absl::Status End();

  // Of the keyspaces that are complete.
  const std::vector<storage::v1::KeyspaceReport>& reports() const { return reports_; }

 private:
  absl::Status Write(const storage::v1::CopyPart& part);

  const Out out_;
  Sha256Stream sha_;
  KeyspaceCheck check_;
  std::vector<storage::v1::KeyspaceReport> reports_;
};

class BackupReader {
 public:
  // Reads from where the file is positioned; the file outlives the reader.
  explicit BackupReader(std::FILE* file) : records_(file) {}

  // Reads the next part; false at the end of a whole backup. BACKUP_DAMAGED says what is wrong and
  // where, FORMAT_TOO_NEW that only a newer program can read it.
  absl::StatusOr<bool> Next(storage::v1::CopyPart* part);

  int64_t offset() const { return records_.offset(); }
  // Of the keyspaces that are complete.
  const std::vector<storage::v1::KeyspaceReport>& reports() const { return reports_; }

 private:
  // Where in the form the reader is.
  enum class At { kStart, kBetween, kEntries, kBatches, kEnd };

  // What is wrong with the part; empty when nothing is.
  std::string Check(const storage::v1::CopyPart& part);
  std::string CheckBegin(const storage::v1::KeyspaceBegin& begin);
  std::string CheckEnd(const storage::v1::KeyspaceEnd& end);
  std::string CheckInputs() const;
  absl::Status Damaged(const std::string& detail) const;

  RecordReader records_;
  std::string bytes_;  // Of the record.
  At at_ = At::kStart;
  size_t next_in_order_ = 0;
  Sha256Stream sha_;
  KeyspaceCheck check_;
  std::vector<storage::v1::KeyspaceReport> reports_;
  // What a keyspace, by name, refers to.
  std::vector<std::pair<std::string, storage::v1::InputPosition>> inputs_;
};

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_BACKUP_FILE_H_
