// An import of units: which row is decided when, and what becomes of it.
//
// Rows come in any order. A row whose parent does not exist yet waits for it; as soon as the
// parent's row is stored, its children are decided. What still waits when the stream ends is
// refused with UNKNOWN_PARENT. A row that says what is stored already changes nothing, so an import
// that broke off is resumed by sending it again.
//
// The importer takes messages, hands out chunks of rows, and is told their outcomes; whoever runs
// it commits a chunk between the two.
//
// Thread-safety. None; one importer belongs to one stream. DecideUnitRows is a pure function.
#ifndef TERRACE_SERVICES_REGISTRY_UNIT_IMPORT_H_
#define TERRACE_SERVICES_REGISTRY_UNIT_IMPORT_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/machine/decision.h"
#include "services/registry/import_ledger.h"
#include "services/registry/registry_state.h"
#include "terrace/registry/v1/import.pb.h"

namespace terrace::registry {

// Limits.
inline constexpr size_t kImportChunkRows = 480;           // Two changes each, and guards.
inline constexpr size_t kImportChunkBytes = 700 << 10;    // Of a batch of 1 MiB.
inline constexpr size_t kImportWaitingBytes = 256 << 20;  // Rows waiting for parents.

struct ImportRow {
  int64_t number;
  v1::ImportUnitRow row;
};

// The outcomes of the first rows of a chunk; the others did not fit into the batch.
using ChunkOutcomes = std::vector<absl::StatusOr<RowResult::Outcome>>;

// Decides as many rows of the chunk as fit into one batch. `subtree` is the id to which the import
// is limited; empty for the whole realm. `mates` holds what a dry run has decided before, and gets
// what this chunk adds.
ChunkOutcomes DecideUnitRows(const RegistryState& state, absl::string_view subtree,
                             absl::Span<const ImportRow> rows, bool dry_run,
                             machine::Decision& decision, Batchmates* mates);

// The queue keys under which a chunk is decided: what its rows bump.
std::vector<std::string> ChunkKeys(absl::Span<const ImportRow> rows);

class UnitImport {
 public:
  // Takes the rows of a message. REQUIRED_FIELD, INVALID_NAME, INVALID_FIELD, BATCH_TOO_LARGE when
  // the message itself is wrong, which ends the import.
  absl::Status Take(const v1::ImportUnitsRequest& request);

  bool dry_run() const { return dry_run_; }
  const std::string& subtree() const { return subtree_; }  // Id.

  // The next rows to decide; empty when there are none at present.
  std::vector<ImportRow> NextChunk();
  // What became of a chunk. Rows beyond the outcomes are decided again.
  void Finish(std::vector<ImportRow> chunk, const ChunkOutcomes& outcomes);
  // Refuses what still waits, and tells all. No chunk may be under way.
  void End(v1::ImportUnitsResponse* response);

  // What a dry run has decided so far.
  Batchmates& imagined() { return imagined_; }

 private:
  void Wait(ImportRow row, const absl::Status& status);

  bool started_ = false;
  bool dry_run_ = false;
  std::string subtree_name_;
  std::string subtree_;
  std::deque<ImportRow> ready_;
  absl::flat_hash_map<std::string, std::vector<ImportRow>> waiting_;  // By id of the parent.
  size_t waiting_bytes_ = 0;
  ImportLedger ledger_;
  Batchmates imagined_;
};

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_UNIT_IMPORT_H_
