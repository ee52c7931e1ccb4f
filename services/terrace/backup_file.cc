#include "services/terrace/backup_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "common/store/format_gate.h"

namespace terrace::cli {
namespace {

using storage::v1::CopyPart;
using storage::v1::InputPosition;
using storage::v1::KeyEntries;
using storage::v1::KeyspaceBegin;
using storage::v1::KeyspaceEnd;
using storage::v1::KeyspaceReport;
using storage::v1::LogBatches;

constexpr char kPart = 'p';

}  // namespace

// ------------------------------------------------------------------------------------- checking

void KeyspaceCheck::Begin(const KeyspaceBegin& begin) {
  *this = KeyspaceCheck();
  report_.set_keyspace(begin.keyspace());
  report_.set_log_id(begin.log_id());
}

std::string KeyspaceCheck::Entries(const KeyEntries& entries) {
  for (const storage::v1::KeyEntry& entry : entries.entries()) {
    if (entry.key() <= last_key_) return "keys are not in order";
    last_key_ = entry.key();
    highest_ = std::max(highest_, entry.revision());
  }
  report_.set_entries(report_.entries() + entries.entries_size());
  return "";
}

std::string KeyspaceCheck::Batches(const LogBatches& batches) {
  for (const storage::v1::LogBatch& batch : batches.batches()) {
    if (last_batch_ > 0 && batch.revision() != last_batch_ + 1) return "a batch is missing";
    last_batch_ = batch.revision();
    highest_ = std::max(highest_, last_batch_);
  }
  report_.set_batches(report_.batches() + batches.batches_size());
  return "";
}

std::string KeyspaceCheck::End(const KeyspaceEnd& end) {
  if (end.entries() != report_.entries()) return "keys are missing";
  if (end.batches() != report_.batches() || highest_ > end.revision() ||
      (last_batch_ > 0 && last_batch_ != end.revision())) {
    return "batches are missing";
  }
  report_.set_revision(end.revision());
  return "";
}

// -------------------------------------------------------------------------------------- writing

absl::Status BackupWriter::Begin(const std::string& program_version) {
  CopyPart part;
  storage::v1::BackupBegin& begin = *part.mutable_backup_begin();
  begin.set_version(kBackupVersion);
  begin.set_backup_id(RandomHex(16));
  *begin.mutable_create_time() = ToProto(absl::Now());
  begin.set_program_version(program_version);
  return Write(part);
}

absl::Status BackupWriter::Add(CopyPart part) {
  std::string wrong;
  switch (part.part_case()) {
    case CopyPart::kKeyspaceBegin:
      check_.Begin(part.keyspace_begin());
      break;
    case CopyPart::kEntries:
      wrong = check_.Entries(part.entries());
      break;
    case CopyPart::kBatches:
      wrong = check_.Batches(part.batches());
      break;
    case CopyPart::kKeyspaceEnd:
      wrong = check_.End(part.keyspace_end());
      part.mutable_keyspace_end()->set_sha256(sha_.Finish());
      if (wrong.empty()) reports_.push_back(check_.report());
      break;
    default:
      wrong = "an unknown part";
  }
  if (!wrong.empty()) return Error(Reason::STREAM_INCOMPLETE, {{"detail", wrong}});
  return Write(part);
}

absl::Status BackupWriter::End() {
  CopyPart part;
  part.mutable_backup_end()->set_keyspaces(static_cast<int>(reports_.size()));
  return Write(part);
}

absl::Status BackupWriter::Write(const CopyPart& part) {
  const std::string bytes = part.SerializeAsString();
  const bool of_keyspace = !part.has_backup_begin() && !part.has_keyspace_end();
  if (of_keyspace) sha_.AddSized(bytes);
  TERRACE_RETURN_IF_ERROR(out_(RecordHead(kPart, bytes)));
  return out_(bytes);
}

// -------------------------------------------------------------------------------------- reading

absl::Status BackupReader::Damaged(const std::string& detail) const {
  return Error(Reason::BACKUP_DAMAGED,
               {{"detail", detail}, {"offset", absl::StrCat(records_.offset())}});
}

absl::StatusOr<bool> BackupReader::Next(CopyPart* part) {
  char kind;
  const RecordReader::Result result = records_.Next(&kind, &bytes_);
  if (at_ == At::kEnd) {
    if (result != RecordReader::Result::kEnd) return Damaged("something follows its end");
    return false;
  }
  if (result == RecordReader::Result::kEnd) return Damaged("it is cut off");
  if (result == RecordReader::Result::kDamaged) {
    return Damaged(at_ == At::kStart ? "this is no backup" : "a record is cut off or changed");
  }
  if (kind != kPart || !part->ParseFromString(bytes_)) return Damaged("an unknown record");
  if (part->has_backup_begin() && part->backup_begin().version() > kBackupVersion) {
    return Error(Reason::FORMAT_TOO_NEW, {{"needed", absl::StrCat(part->backup_begin().version())},
                                          {"known", absl::StrCat(kBackupVersion)}});
  }
  if (part->has_keyspace_begin() && part->keyspace_begin().has_format()) {
    TERRACE_RETURN_IF_ERROR(
        store::CheckFormat(part->keyspace_begin().format().SerializeAsString()));
  }
  if (!part->has_keyspace_end()) sha_.AddSized(bytes_);
  const std::string wrong = Check(*part);
  if (!wrong.empty()) return Damaged(wrong);
  return true;
}

std::string BackupReader::Check(const CopyPart& part) {
  switch (part.part_case()) {
    case CopyPart::kBackupBegin:
      if (at_ != At::kStart) return "it begins twice";
      at_ = At::kBetween;
      sha_.Finish();
      return "";
    case CopyPart::kKeyspaceBegin:
      return at_ == At::kBetween ? CheckBegin(part.keyspace_begin())
                                 : "a keyspace begins in the wrong place";
    case CopyPart::kEntries:
      return at_ == At::kEntries ? check_.Entries(part.entries()) : "keys in the wrong place";
    case CopyPart::kBatches:
      if (at_ != At::kEntries && at_ != At::kBatches) return "batches in the wrong place";
      at_ = At::kBatches;
      return check_.Batches(part.batches());
    case CopyPart::kKeyspaceEnd:
      return at_ == At::kEntries || at_ == At::kBatches ? CheckEnd(part.keyspace_end())
                                                        : "a keyspace ends in the wrong place";
    case CopyPart::kBackupEnd:
      if (at_ != At::kBetween) return "it ends in the wrong place";
      if (part.backup_end().keyspaces() != static_cast<int>(reports_.size())) {
        return "keyspaces are missing";
      }
      at_ = At::kEnd;
      return CheckInputs();
    case CopyPart::PART_NOT_SET:
      break;
  }
  return "an unknown record";
}

std::string BackupReader::CheckBegin(const KeyspaceBegin& begin) {
  while (next_in_order_ < std::size(kBackupOrder) &&
         begin.keyspace() != kBackupOrder[next_in_order_]) {
    ++next_in_order_;
  }
  if (next_in_order_++ >= std::size(kBackupOrder)) {
    return absl::StrCat("the keyspace ", begin.keyspace(), " comes twice or out of order");
  }
  at_ = At::kEntries;
  check_.Begin(begin);
  return "";
}

std::string BackupReader::CheckEnd(const KeyspaceEnd& end) {
  const std::string wrong = check_.End(end);
  if (!wrong.empty()) return wrong;
  if (sha_.Finish() != end.sha256()) return "the keyspace is not what was copied";
  at_ = At::kBetween;
  reports_.push_back(check_.report());
  for (const InputPosition& input : end.inputs()) {
    inputs_.emplace_back(check_.report().keyspace(), input);
  }
  return "";
}

std::string BackupReader::CheckInputs() const {
  for (const auto& [keyspace, input] : inputs_) {
    const auto copy = std::find_if(
        reports_.begin(), reports_.end(),
        [&input = input](const auto& report) { return report.keyspace() == input.keyspace(); });
    if (copy == reports_.end()) {
      return absl::StrCat(keyspace, " refers to ", input.keyspace(), ", which is not there");
    }
    // Positions in a log that the copied one was restored from are history.
    if (copy->log_id() == input.log_id() && input.revision() > copy->revision()) {
      return absl::StrCat(keyspace, " refers to revision ", input.revision(), " of ",
                          input.keyspace(), ", whose copy ends at ", copy->revision());
    }
  }
  return "";
}

}  // namespace terrace::cli
