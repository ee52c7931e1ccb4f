// Watch* streams, made from a service's rows and its log. The service says only how one row looks
// as an event and who may see it; order, resuming and progress are the same for all.
//
//   without a cursor   SNAPSHOT pages of rows, every batch since the first page,
//                      SNAPSHOT_END(cursor)
//   afterwards         one message per revision that the caller may see, in order, each once
//   when quiet         PROGRESS with the cursor reached
//
// A stream ends with OUT_OF_RANGE: COMPACTED or LOG_CHANGED when its cursor is not of this log's
// past, SCOPE_CHANGED after a whole revision when what it may show has changed. The WatchScope says
// that; it is asked before every message and at least every kWatchProgress, so a move ends a stream
// whether or not the stream's own log goes on.
//
// Thread-safety. A spec and its scope are used by one stream, one call at a time.
#ifndef TERRACE_COMMON_RPC_ROW_WATCH_H_
#define TERRACE_COMMON_RPC_ROW_WATCH_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/access/identity.h"
#include "common/base/clock.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "common/tree/tree.h"
#include "terrace/types/v1/types.pb.h"

namespace terrace::rpc {

// Limits.
inline constexpr int kWatchPageRows = 500;  // Rows of a snapshot message.
inline constexpr int kWatchBatches = 64;    // Batches read from the log at a time.
inline constexpr absl::Duration kWatchProgress = absl::Seconds(4);  // Longest silence.
// Versions of the tree are compared at once up to so many units, beyond that after a pause.
inline constexpr size_t kWatchUnitsAtOnce = 20000;
inline constexpr absl::Duration kWatchComparePause = absl::Seconds(1);

enum class WatchKind { kSnapshot, kSnapshotEnd, kBatch, kProgress };

// What a message of the stream speaks for.
struct WatchPoint {
  WatchKind kind;
  store::Cursor cursor;
  absl::Time present;  // Nothing up to the cursor speaks of a later instant (State::present).
};

// What of the realm one stream shows: the units that were asked for, as far as the caller may see
// them, and the offices whose rules apply to these.
//
// Versions of the tree share the lists of children that are the same in both, so two versions are
// compared by walking one subtree: some 15 ns a unit. A stream that shows everything compares
// nothing; one that shows many units does it less often.
class WatchScope {
 public:
  // Which offices' rules apply, beside those of the units shown.
  enum class Rules {
    kAboveSubtree,  // Of the offices above the subtree; above the caller's grants without one.
    kAboveGrants,   // Of the offices above and below the caller's grants, with or without one.
  };

  // `subtree` is the full name of a unit, or empty for no limit. NOT_FOUND for a unit that the tree
  // does not know. `tree` must give a version that includes every row which the stream has at hand.
  static absl::StatusOr<std::shared_ptr<WatchScope>> Of(const std::string& subtree,
                                                        types::v1::Line line, Rules rules,
                                                        access::Identity identity,
                                                        machine::TreeSource tree,
                                                        const Clock* clock);

  // Takes over the tree and the time of now. Whether the stream must end: a unit that was there
  // before has moved into what it shows, or out of it; other offices stand above; a grant has
  // expired. New units change nothing.
  bool Changed();

  // Whether rows of the unit (id) are shown, on the tree that was taken over last.
  bool Shows(absl::string_view unit) const { return ShowsOn(*tree_, unit); }
  // The same for rules of the office.
  bool Applies(absl::string_view office) const;
  // Whether nothing is left out, so that no move changes anything.
  bool ShowsAll() const;

 private:
  // A subtree along one line.
  struct Part {
    std::string top;  // Id.
    tree::Line line;
  };

  WatchScope() = default;
  bool MaySee(const tree::Tree& tree, absl::string_view unit) const;
  bool ShowsOn(const tree::Tree& tree, absl::string_view unit) const;
  bool HasExpired(absl::Time since) const;
  size_t UnitsWalked() const;
  bool Differs(const tree::Tree& before) const;
  bool IsWithinOneGrant(const tree::Tree& before) const;
  bool PartDiffers(const tree::Tree& before, const Part& part) const;
  bool AnyUnitDiffers(const tree::Tree& before, const tree::Tree& where, tree::UnitNumber top,
                      tree::Line line) const;
  bool AboveDiffers(const tree::Tree& before, absl::string_view unit) const;

  access::Identity identity_;
  absl::optional<Part> subtree_;  // Empty for no limit.
  std::vector<Part> grants_;      // Of the caller, at units.
  Rules rules_ = Rules::kAboveSubtree;
  machine::TreeSource source_;
  const Clock* clock_ = nullptr;
  std::shared_ptr<const tree::Tree> tree_;
  std::shared_ptr<const tree::Tree> compared_;  // The version up to which moves are known.
  absl::Time now_;
  absl::Time compared_time_ = absl::InfinitePast();
};

struct RowWatchSpec {
  // Appends one row as an event to the reply if the caller may see it; `value` is null when the row
  // was deleted. Returns whether something was appended. Runs without the state's lock.
  std::function<bool(absl::string_view key, const std::string* value, store::Revision revision,
                     Message* reply)>
      event;
  // Fills cursor, kind and time of the reply.
  std::function<void(const WatchPoint& point, Message* reply)> finish;
  // Whose rows `event` shows.
  std::shared_ptr<WatchScope> scope;
  // Whether a batch changes what is shown, for a log that tells of moves itself: a resumed stream
  // finds there the moves that its first tree includes already. May be null.
  std::function<bool(const store::Committed& batch)> moves;
};

// A watch from `after`, or from a snapshot without it.
std::unique_ptr<Source> WatchRows(machine::Machine* machine, RowWatchSpec spec,
                                  absl::optional<store::Cursor> after);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_ROW_WATCH_H_
