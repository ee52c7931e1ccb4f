// A service's State: rows in memory and whatever typed indexes the service keeps over them. It is a
// function of the log: Apply is its only mutator, and State from snapshot + log equals State from
// revision 1 (Digest compares them).
//
// A service derives from State, keeps its indexes up to date in OnChange, and offers its Decide
// functions and reads as const methods.
//
// Thread-safety: none; the Machine holds a read lock around Decide and reads, a write lock around
// Apply.
#ifndef TERRACE_COMMON_MACHINE_STATE_H_
#define TERRACE_COMMON_MACHINE_STATE_H_

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/machine/decision.h"
#include "common/machine/rows.h"
#include "common/store/store.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::machine {

// Keys of the machine itself.
inline constexpr absl::string_view kRequestPrefix = "requests/";
inline constexpr absl::string_view kTickKey = "ticks/last";

// One change of one row, as State hears of it.
struct RowChange {
  absl::string_view key;
  const std::string* before;  // Serialized value before; null when it was absent (or not resident).
  const std::string* after;   // Serialized value now; null when it was deleted.
  store::Revision revision;
  // Commit time of the batch; InfinitePast for rows of a snapshot, whose time is not told.
  absl::Time commit_time;
};

// How far the clocks of a service and of its store may be apart; a service that is further behind
// refuses to write.
inline constexpr absl::Duration kSkewMost = absl::Seconds(2);

// The latest instant that a batch speaks of: when it was stored, or else received, where the clock
// that told so was ahead of the store's by kSkewMost at most.
absl::Time InstantOf(const store::Committed& batch);

class State {
 public:
  virtual ~State() = default;

  // Whether rows under this key stay in memory. Others still pass through OnChange (before = null;
  // while loading, the same change may pass twice) and are read from the store. Machine's own keys
  // (requests/, ticks/, guards/, operations) are handled by the base class and never asked about.
  virtual bool Resident(absl::string_view key) const { return true; }

  // Keeps the indexes of the service. rows() still holds the value before the change.
  virtual void OnChange(const RowChange& change) = 0;

  // The next instant after log_time() at which something changes by time alone; the Machine then
  // commits a tick, and OnTick runs when it is applied.
  virtual absl::Time NextTick() const { return absl::InfiniteFuture(); }
  virtual void OnTick(absl::Time instant) {}

  // Writes the next chunk of an operation into `decision` and moves `operation` on: resume,
  // metadata, and at the end done with response or error. An error returned ends the operation
  // with that error.
  virtual absl::Status ContinueOperation(Decision& decision,
                                         internal::v1::OperationRecord& operation) const;

  // Whether ContinueOperation moves that operation on. False for one that the service itself works
  // at, because it needs more than the State; the Machine then only ends it when it is cancelled.
  virtual bool Continues(const internal::v1::OperationRecord& operation) const { return true; }

  // Bytes that differ when the indexes differ, in an order that does not depend on history.
  virtual std::string IndexDigest() const { return ""; }

  const Rows& rows() const { return rows_; }
  absl::Time log_time() const { return log_time_; }
  // Log time, or the latest instant that a batch speaks of. What is decided or read now is not
  // before what it follows upon.
  absl::Time present() const { return std::max(log_time_, latest_instant_); }
  // Names of operations that are not done.
  const std::set<std::string>& open_operations() const { return open_operations_; }

  // SHA-256 over all rows with their revisions and the indexes.
  std::string Digest() const;

  // For the Machine.
  void ApplyEntry(const store::Entry& entry);      // Of a snapshot page.
  void ApplyBatch(const store::Committed& batch);  // Skips changes older than the row.
  void NoteTime(absl::Time commit_time) { log_time_ = std::max(log_time_, commit_time); }

 private:
  void Change(absl::string_view key, const std::string* value, store::Revision revision,
              absl::Time commit_time);

  Rows rows_;
  absl::Time log_time_ = absl::InfinitePast();
  absl::Time latest_instant_ = absl::InfinitePast();
  std::set<std::string> open_operations_;
};

// Starts an operation inside a Decide: makes its record under
// "units/{office}/operations/{service}.{random id}" and returns it. `office` is a full name.
internal::v1::OperationRecord StartOperation(Decision& decision, absl::string_view office,
                                             absl::string_view service,
                                             const google::protobuf::Message& spec,
                                             const google::protobuf::Message& metadata);

}  // namespace terrace::machine

#endif  // TERRACE_COMMON_MACHINE_STATE_H_
