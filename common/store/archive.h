// The archive: a directory that keeps the batches of logs after the stores have forgotten them, so
// that the past stays readable and provable.
//
//   DIR/KEYSPACE/LOG_ID/FIRST-LAST.log     a segment: the batches from FIRST to LAST
//
// A segment is there once it is whole and on disk, and is never changed. It is records (see
// common/base/records.h): one of SegmentBegin, any of LogBatches, one of SegmentEnd, all of
// terrace.storage.v1. Segments join without gaps from the first batch of the log on. Whoever reads
// one computes every leaf again, and the Merkle tree over them where it reads from the beginning;
// so what an archive gives out is what was committed.
//
// Thread-safety. An Archive belongs to one thread at a time. One process at a time may append.
#ifndef TERRACE_COMMON_STORE_ARCHIVE_H_
#define TERRACE_COMMON_STORE_ARCHIVE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "common/base/private_file.h"
#include "common/ledger/merkle.h"
#include "common/store/store.h"
#include "terrace/storage/v1/backup.pb.h"

namespace terrace::store {

// A segment ends at the first batch that makes it this large.
inline constexpr int64_t kSegmentBytes = 64 << 20;

// A log that an archive holds.
struct ArchivedLog {
  std::string keyspace;
  LogId log_id;
};

// Those below `dir`, ordered by keyspace and log.
absl::StatusOr<std::vector<ArchivedLog>> ArchivedLogs(const std::string& dir);

class Archive {
 public:
  // The part of the archive in `dir` that belongs to one log; nothing is written before Append.
  // ARCHIVE_DAMAGED when segments do not join, or the last one cannot be read.
  static absl::StatusOr<Archive> Open(const std::string& dir, ArchivedLog log);

  const ArchivedLog& log() const { return log_; }
  // The last batch that is in a finished segment, which was read back.
  Revision end() const { return {static_cast<int64_t>(tree_.size())}; }
  // Root of the Merkle tree over the leaves up to end().
  ledger::Hash root() const { return tree_.Root(); }
  int64_t bytes() const;

  // Adds the next batch of the log. STORE_DAMAGED when its leaf is not that of its content.
  absl::Status Append(const Committed& batch);
  // Finishes the segment that Append has begun and reads it back.
  absl::Status Finish();

  // Calls `take` for the batches in [from, to], all of them archived.
  absl::Status ReadLog(Revision from, Revision to,
                       absl::FunctionRef<absl::Status(const Committed&)> take) const;

  // Reads everything: ARCHIVE_DAMAGED names the first segment that is not as it was written.
  absl::Status Verify() const;

  // Shows that the batch is among those up to end(); OUT_OF_RANGE when it is not.
  absl::StatusOr<storage::v1::InclusionProof> Prove(Revision revision) const;
  // Whether the proof is one of this log: its root that of the archived leaves, its leaf the
  // archived one.
  absl::StatusOr<bool> Holds(const storage::v1::InclusionProof& proof) const;

 private:
  struct Segment {
    Revision first;
    Revision last;
    std::string path;
  };
  struct Unfinished {
    PrivateFile file;
    Segment segment;
    int64_t bytes = 0;
    storage::v1::LogBatches page;
    size_t page_bytes = 0;
    ledger::MerklePeaks tree;
  };

  Archive(std::string dir, ArchivedLog log) : dir_(std::move(dir)), log_(std::move(log)) {}

  absl::Status FindSegments();
  absl::Status Begin(Revision first);
  absl::Status WriteRecord(char kind, const google::protobuf::Message& message);
  absl::Status WritePage();
  // Reads a segment and checks all of it; with `tree`, of the leaves before it, adds its leaves and
  // checks the tree as well. Without one takes it from the segment's end.
  absl::Status ReadSegment(const Segment& segment, absl::optional<ledger::MerklePeaks>* tree,
                           absl::FunctionRef<absl::Status(const Committed&)> take) const;
  absl::StatusOr<ledger::MerkleTree> ReadTree(Revision to) const;

  std::string dir_;  // Of the log.
  ArchivedLog log_;
  std::vector<Segment> segments_;
  ledger::MerklePeaks tree_;
  absl::optional<Unfinished> unfinished_;
};

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_ARCHIVE_H_
