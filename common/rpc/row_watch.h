// Watch* streams, made from a service's rows and its log. The service says only how one row looks
// as an event and who may see it; order, resuming and progress are the same for all.
//
//   without a cursor   SNAPSHOT pages of rows, every batch since the first page,
//                      SNAPSHOT_END(cursor)
//   afterwards         one message per revision that the caller may see, in order, each once
//   when quiet         PROGRESS with the cursor reached
//
// A stream ends with OUT_OF_RANGE: COMPACTED or LOG_CHANGED when its cursor is not of this log's
// past, SCOPE_CHANGED after a whole revision when what the caller may see has changed.
#ifndef TERRACE_COMMON_RPC_ROW_WATCH_H_
#define TERRACE_COMMON_RPC_ROW_WATCH_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "common/machine/machine.h"
#include "common/rpc/methods.h"

namespace terrace::rpc {

// Limits.
inline constexpr int kWatchPageRows = 500;  // Rows of a snapshot message.
inline constexpr int kWatchBatches = 64;    // Batches read from the log at a time.
inline constexpr absl::Duration kWatchProgress = absl::Seconds(4);  // Longest silence.

enum class WatchKind { kSnapshot, kSnapshotEnd, kBatch, kProgress };

// What a message of the stream speaks for.
struct WatchPoint {
  WatchKind kind;
  store::Cursor cursor;
  absl::Time commit_time;  // Of the batch; the log time for the other kinds.
};

struct RowWatchSpec {
  // Appends one row as an event to the reply if the caller may see it; `value` is null when the row
  // was deleted. Returns whether something was appended. Runs under the state's read lock for
  // pages, without it for batches, so it takes what it needs from its arguments.
  std::function<bool(absl::string_view key, const std::string* value, store::Revision revision,
                     Message* reply)>
      event;
  // Fills cursor, kind and time of the reply.
  std::function<void(const WatchPoint& point, Message* reply)> finish;
  // Whether a batch changes what the caller may see, so that the stream must start anew.
  std::function<bool(const store::Committed& batch)> changes_scope;
};

// A watch from `after`, or from a snapshot without it.
std::unique_ptr<Source> WatchRows(machine::Machine* machine, RowWatchSpec spec,
                                  absl::optional<store::Cursor> after);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_ROW_WATCH_H_
