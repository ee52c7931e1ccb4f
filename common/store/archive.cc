#include "common/store/archive.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/records.h"
#include "common/store/log_message.h"
#include "common/store/log_record.h"

namespace terrace::store {
namespace {

namespace fs = std::filesystem;
using storage::v1::InclusionProof;
using storage::v1::LogBatches;
using storage::v1::SegmentBegin;
using storage::v1::SegmentEnd;

constexpr int kVersion = 1;
constexpr char kBegin = 'b';
constexpr char kBatches = 'l';
constexpr char kEnd = 'e';
constexpr absl::string_view kSuffix = ".log";

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

absl::Status Damaged(const std::string& path, absl::string_view detail) {
  return Error(Reason::ARCHIVE_DAMAGED, {{"detail", std::string(detail)}, {"path", path}});
}

absl::Status Failed(const std::string& path, const std::error_code& error) {
  return Error(Reason::FILE_FAILED, {{"path", path}, {"detail", error.message()}});
}

// Names of what is in a directory, sorted; none when there is no directory.
absl::StatusOr<std::vector<std::string>> NamesIn(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::exists(directory, error)) return names;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) return Failed(directory.string(), error);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

absl::StatusOr<std::vector<ArchivedLog>> ArchivedLogs(const std::string& dir) {
  std::vector<ArchivedLog> logs;
  TERRACE_ASSIGN_OR_RETURN(const std::vector<std::string> keyspaces, NamesIn(dir));
  for (const std::string& keyspace : keyspaces) {
    const fs::path below = fs::path(dir) / keyspace;
    if (!fs::is_directory(below)) continue;
    TERRACE_ASSIGN_OR_RETURN(const std::vector<std::string> ids, NamesIn(below));
    for (const std::string& id : ids) logs.push_back({keyspace, id});
  }
  return logs;
}

absl::StatusOr<Archive> Archive::Open(const std::string& dir, ArchivedLog log) {
  const std::string below = (fs::path(dir) / log.keyspace / log.log_id).string();
  Archive archive(below, std::move(log));
  TERRACE_RETURN_IF_ERROR(archive.FindSegments());
  if (archive.segments_.empty()) return archive;
  absl::optional<ledger::MerklePeaks> tree;
  TERRACE_RETURN_IF_ERROR(archive.ReadSegment(archive.segments_.back(), &tree,
                                              [](const Committed&) { return absl::OkStatus(); }));
  archive.tree_ = *std::move(tree);
  return archive;
}

absl::Status Archive::FindSegments() {
  TERRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(dir_));
  int64_t next = 1;
  for (absl::string_view name : names) {
    const std::string path = absl::StrCat(dir_, "/", name);
    // What was not finished is written anew.
    if (!absl::ConsumeSuffix(&name, kSuffix)) continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(name, '-');
    Segment segment;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &segment.first.value) ||
        !absl::SimpleAtoi(parts[1], &segment.last.value) ||
        segment.last.value < segment.first.value) {
      return Damaged(path, "this is no name of a segment");
    }
    if (segment.first.value != next) {
      return Damaged(path, absl::StrCat("the segment does not begin with batch ", next));
    }
    next = segment.last.value + 1;
    segment.path = path;
    segments_.push_back(std::move(segment));
  }
  return absl::OkStatus();
}

int64_t Archive::bytes() const {
  int64_t bytes = 0;
  for (const Segment& segment : segments_) {
    std::error_code error;
    bytes += static_cast<int64_t>(fs::file_size(segment.path, error));
  }
  return bytes;
}

// ------------------------------------------------------------------------------------- writing

absl::Status Archive::Append(const Committed& batch) {
  const int64_t next = unfinished_ ? unfinished_->segment.last.value + 1 : end().value + 1;
  const absl::optional<ledger::Hash> leaf = ledger::HashFrom(batch.leaf);
  if (batch.revision.value != next || !leaf || ComputeLeaf(log_.log_id, batch) != batch.leaf) {
    return Error(Reason::STORE_DAMAGED,
                 {{"detail", absl::StrCat("batch ", next, " of ", log_.keyspace,
                                          " is not what was committed")}});
  }
  if (!unfinished_) TERRACE_RETURN_IF_ERROR(Begin(batch.revision));
  unfinished_->segment.last = batch.revision;
  unfinished_->tree.Append(*leaf);
  storage::v1::LogBatch* const message = unfinished_->page.add_batches();
  ToMessage(batch, message);
  unfinished_->page_bytes += message->ByteSizeLong();
  if (unfinished_->page_bytes < kPageBytesMax) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(WritePage());
  return unfinished_->bytes < kSegmentBytes ? absl::OkStatus() : Finish();
}

absl::Status Archive::Begin(Revision first) {
  TERRACE_RETURN_IF_ERROR(MakeDirectory(dir_));
  // Its name is known when its last batch is; until then it has one that nobody reads.
  TERRACE_ASSIGN_OR_RETURN(PrivateFile file, PrivateFile::Make(absl::StrCat(dir_, "/next")));
  unfinished_.emplace(Unfinished{.file = std::move(file), .tree = tree_});
  unfinished_->segment.first = first;
  SegmentBegin begin;
  begin.set_version(kVersion);
  begin.set_keyspace(log_.keyspace);
  begin.set_log_id(log_.log_id);
  begin.set_first_revision(first.value);
  return WriteRecord(kBegin, begin);
}

absl::Status Archive::WriteRecord(char kind, const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  const std::string head = RecordHead(kind, bytes);
  unfinished_->bytes += static_cast<int64_t>(head.size() + bytes.size());
  TERRACE_RETURN_IF_ERROR(unfinished_->file.Write(head));
  return unfinished_->file.Write(bytes);
}

absl::Status Archive::WritePage() {
  if (unfinished_->page.batches().empty()) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(WriteRecord(kBatches, unfinished_->page));
  unfinished_->page.Clear();
  unfinished_->page_bytes = 0;
  return absl::OkStatus();
}

absl::Status Archive::Finish() {
  if (!unfinished_) return absl::OkStatus();
  TERRACE_RETURN_IF_ERROR(WritePage());
  Segment segment = unfinished_->segment;
  SegmentEnd end;
  end.set_last_revision(segment.last.value);
  for (const ledger::Hash& peak : unfinished_->tree.peaks()) {
    end.add_peaks(ledger::ToString(peak));
  }
  TERRACE_RETURN_IF_ERROR(WriteRecord(kEnd, end));
  segment.path =
      absl::StrFormat("%s/%019d-%019d%s", dir_, segment.first.value, segment.last.value, kSuffix);
  TERRACE_RETURN_IF_ERROR(unfinished_->file.FinishAs(segment.path));
  unfinished_.reset();
  absl::optional<ledger::MerklePeaks> tree = tree_;
  TERRACE_RETURN_IF_ERROR(
      ReadSegment(segment, &tree, [](const Committed&) { return absl::OkStatus(); }));
  segments_.push_back(std::move(segment));
  tree_ = *std::move(tree);
  return absl::OkStatus();
}

// ------------------------------------------------------------------------------------- reading

absl::Status Archive::ReadSegment(const Segment& segment, absl::optional<ledger::MerklePeaks>* tree,
                                  absl::FunctionRef<absl::Status(const Committed&)> take) const {
  const std::string& path = segment.path;
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return Damaged(path, "it cannot be read");
  RecordReader reader(file.get());
  const auto damaged = [&](absl::string_view detail) {
    return Damaged(path, absl::StrCat(detail, " at byte ", reader.offset()));
  };
  char kind;
  std::string message;
  SegmentBegin begin;
  if (reader.Next(&kind, &message) != RecordReader::Result::kRecord || kind != kBegin ||
      !begin.ParseFromString(message)) {
    return damaged("there is no begin of a segment");
  }
  if (begin.version() > kVersion) {
    return Error(Reason::FORMAT_TOO_NEW,
                 {{"needed", absl::StrCat(begin.version())}, {"known", absl::StrCat(kVersion)}});
  }
  if (begin.keyspace() != log_.keyspace || begin.log_id() != log_.log_id ||
      begin.first_revision() != segment.first.value) {
    return damaged("the segment is another one than its name says");
  }
  Revision next = segment.first;
  for (;;) {
    const int64_t before = reader.offset();
    if (reader.Next(&kind, &message) != RecordReader::Result::kRecord) {
      return damaged("a record is cut off or changed");
    }
    if (kind == kEnd) break;
    LogBatches page;
    if (kind != kBatches || !page.ParseFromString(message)) return damaged("an unknown record");
    for (const storage::v1::LogBatch& row : page.batches()) {
      const Committed batch = FromMessage(row);
      const absl::optional<ledger::Hash> leaf = ledger::HashFrom(batch.leaf);
      if (batch.revision != next || !leaf || ComputeLeaf(log_.log_id, batch) != batch.leaf) {
        return Damaged(path, absl::StrCat("batch ", next.value,
                                          " is not what was committed, after "
                                          "byte ",
                                          before));
      }
      ++next.value;
      if (*tree) (*tree)->Append(*leaf);
      TERRACE_RETURN_IF_ERROR(take(batch));
    }
  }
  SegmentEnd end;
  std::vector<ledger::Hash> peaks;
  if (!end.ParseFromString(message)) return damaged("an unknown record");
  for (const std::string& bytes : end.peaks()) {
    if (absl::optional<ledger::Hash> peak = ledger::HashFrom(bytes)) peaks.push_back(*peak);
  }
  absl::optional<ledger::MerklePeaks> written =
      ledger::MerklePeaks::From(segment.last.value, std::move(peaks));
  if (end.last_revision() != segment.last.value || next.value != segment.last.value + 1 ||
      !written || (*tree && (*tree)->peaks() != written->peaks())) {
    return damaged("the end does not fit the batches");
  }
  if (reader.Next(&kind, &message) != RecordReader::Result::kEnd) {
    return damaged("something follows the end");
  }
  *tree = std::move(written);
  return absl::OkStatus();
}

absl::Status Archive::ReadLog(Revision from, Revision to,
                              absl::FunctionRef<absl::Status(const Committed&)> take) const {
  for (const Segment& segment : segments_) {
    if (segment.last < from || segment.first > to) continue;
    absl::optional<ledger::MerklePeaks> tree;
    TERRACE_RETURN_IF_ERROR(ReadSegment(segment, &tree, [&](const Committed& batch) {
      return batch.revision < from || batch.revision > to ? absl::OkStatus() : take(batch);
    }));
  }
  return absl::OkStatus();
}

absl::Status Archive::Verify() const {
  absl::optional<ledger::MerklePeaks> tree = ledger::MerklePeaks();
  for (const Segment& segment : segments_) {
    TERRACE_RETURN_IF_ERROR(
        ReadSegment(segment, &tree, [](const Committed&) { return absl::OkStatus(); }));
  }
  return absl::OkStatus();
}

absl::StatusOr<ledger::MerkleTree> Archive::ReadTree(Revision to) const {
  ledger::MerkleTree tree;
  TERRACE_RETURN_IF_ERROR(ReadLog({1}, to, [&](const Committed& batch) {
    tree.Append(*ledger::HashFrom(batch.leaf));
    return absl::OkStatus();
  }));
  return tree;
}

absl::StatusOr<InclusionProof> Archive::Prove(Revision revision) const {
  if (revision.value < 1 || revision > end()) {
    return absl::OutOfRangeError(
        absl::StrCat("the archive holds the batches 1 to ", end().value, " of this log"));
  }
  TERRACE_ASSIGN_OR_RETURN(const ledger::MerkleTree tree, ReadTree(end()));
  InclusionProof proof;
  proof.set_keyspace(log_.keyspace);
  proof.set_log_id(log_.log_id);
  proof.set_revision(revision.value);
  proof.set_size(end().value);
  proof.set_root(ledger::ToString(tree.Root()));
  TERRACE_RETURN_IF_ERROR(ReadLog(revision, revision, [&](const Committed& batch) {
    proof.set_leaf(batch.leaf);
    return absl::OkStatus();
  }));
  TERRACE_ASSIGN_OR_RETURN(const std::vector<ledger::Hash> hashes,
                           tree.InclusionProof(revision.value - 1, tree.size()));
  for (const ledger::Hash& hash : hashes) proof.add_hashes(ledger::ToString(hash));
  return proof;
}

absl::StatusOr<bool> Archive::Holds(const InclusionProof& proof) const {
  const absl::optional<ledger::Hash> leaf = ledger::HashFrom(proof.leaf());
  const absl::optional<ledger::Hash> root = ledger::HashFrom(proof.root());
  if (!leaf || !root || proof.log_id() != log_.log_id || proof.revision() < 1 ||
      proof.size() > end().value) {
    return false;
  }
  std::vector<ledger::Hash> hashes;
  for (const std::string& bytes : proof.hashes()) {
    const absl::optional<ledger::Hash> hash = ledger::HashFrom(bytes);
    if (!hash) return false;
    hashes.push_back(*hash);
  }
  if (!ledger::VerifyInclusion(*leaf, proof.revision() - 1, proof.size(), hashes, *root)) {
    return false;
  }
  TERRACE_ASSIGN_OR_RETURN(const ledger::MerkleTree tree, ReadTree({proof.size()}));
  return tree.Root() == *root;
}

}  // namespace terrace::store
