// The scores of everybody below an office, with their nodes and places, all as of one vector: what
// is published, and what a publication is held against.
//
// A board moves on while it is read. Units are copied in slices, and what changes meanwhile is
// copied again; the last short hold takes over the rest, and its vector is what all of it speaks
// for. Places are given without the lock.
//
// Thread-safety: pure; a snapshot is made on the executor.
#ifndef TERRACE_SERVICES_SCORING_PUBLICATIONS_RESULT_SNAPSHOT_H_
#define TERRACE_SERVICES_SCORING_PUBLICATIONS_RESULT_SNAPSHOT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/executor.h"
#include "common/ledger/merkle.h"
#include "common/tree/tree.h"
#include "services/scoring/boards/scoreboards.h"
#include "terrace/storage/v1/scoring.pb.h"

namespace terrace::scoring {

struct UnitResult {
  std::string unit;  // Id.
  std::string row;   // Serialized storage.v1.StoredResult.
};

struct ResultSnapshot {
  types::v1::RevisionVector vector;
  std::vector<UnitResult> results;  // In the order of the names of results.
};

// The root of the Merkle tree (RFC 6962) over results, which are added in the order of their names.
class ResultTree {
 public:
  void Add(absl::string_view row);
  std::string Root() const;  // 64 hex digits.

 private:
  ledger::MerklePeaks peaks_;
};

// Where and how to take one. `board` names a version of the scheme.
struct SnapshotRequest {
  BoardKey board;
  std::shared_ptr<const tree::Tree> names;  // Gives titles of units.
  absl::Time deadline;                      // Of waiting for the board.
  std::function<bool()> stopped;            // Asked between slices; then it is CANCELLED.
};

// Errors of Scoreboards::Open. `boards` and the executor outlive the call of `done`.
void TakeSnapshot(std::shared_ptr<Scoreboards> boards, Executor* executor, SnapshotRequest request,
                  absl::AnyInvocable<void(absl::StatusOr<ResultSnapshot>)> done);

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_PUBLICATIONS_RESULT_SNAPSHOT_H_
