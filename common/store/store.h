// The store: one ordered log of batches per keyspace, and the keys that the batches leave behind.
//
// Concept. A batch is a set of changes to keys that happens completely or not at all. Each committed
// batch gets the next revision (1, 2, 3, ... without gaps) and a commit time that never decreases.
// A key remembers the revision of its last change; guards compare with it, so a caller that read a
// key can insist that nobody changed it since. The log is kept until Compact forgets its beginning.
//
// Thread-safety. All methods may be called from any thread. Callbacks run on a thread of the engine
// and must be short: they hand work over and return.
//
// Ownership. Batches are moved in. Committed batches are immutable and shared. A Subscription stops
// and waits for its last callback when it is destroyed.
#ifndef TERRACE_COMMON_STORE_STORE_H_
#define TERRACE_COMMON_STORE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace terrace::store {

// Number of a batch in its log; 0 is before the first batch and, in a guard, "this key is absent".
struct Revision {
  int64_t value = 0;
  friend auto operator<=>(const Revision&, const Revision&) = default;
};

// Identity of a log: 32 lower-case hex digits, random; a restored copy gets a new one.
using LogId = std::string;

// A position in a log.
struct Cursor {
  LogId log_id;
  Revision revision;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// Limits of one batch; Commit refuses more with INVALID_ARGUMENT.
inline constexpr size_t kBatchChangesMax = 1000;
inline constexpr size_t kBatchBytesMax = 1 << 20;
inline constexpr size_t kKeyBytesMax = 512;

// Holds when the key's last change is exactly `revision`; revision 0 asks that the key be absent
// (never written, or deleted).
struct Guard {
  std::string key;
  Revision revision;
};

// Sets a key, or deletes it when there is no value.
struct Change {
  std::string key;
  absl::optional<std::string> value;
};

struct Batch {
  std::string id;      // 16 random bytes, chosen by the caller; a log never holds one id twice.
  std::string header;  // Serialized terrace.storage.v1.Header; opaque to engines, part of the leaf.
  std::vector<Guard> guards;
  std::vector<Change> changes;  // No key twice.
};

struct CommittedChange {
  std::string key;
  absl::optional<std::string> value;
  std::string salt;  // 16 random bytes; makes the value's hash in the ledger leaf say nothing.
};

// A batch as the log holds it.
struct Committed {
  Revision revision;
  absl::Time commit_time;  // Assigned by the store, never decreasing along the log.
  std::string batch_id;
  std::string header;
  std::vector<CommittedChange> changes;
  std::string leaf;  // 32 bytes, see common/ledger/leaf.h.
};
using CommittedPtr = std::shared_ptr<const Committed>;

// A live key.
struct Entry {
  std::string key;
  std::string value;
  Revision revision;
};

// Keys in [first, last) in byte order; an empty `last` means no upper end.
struct KeyRange {
  std::string first;
  std::string last;
};

// Receives what Follow delivers. Calls come one at a time; a call that blocks holds up this
// subscription alone, never a commit and never another follower.
class Sink {
 public:
  virtual ~Sink() = default;
  // Live keys, in key order over all pages. Only when Follow was called without a cursor.
  virtual void OnSnapshotPage(std::vector<Entry> entries) = 0;
  // The pages and the batches delivered so far are together exactly the keys at `cursor`. A batch
  // delivered before this call may be older than an entry of a page: apply a change only where its
  // revision is greater than the entry's.
  virtual void OnSnapshotEnd(Cursor cursor) = 0;
  // The next batch: in order, each once, none left out.
  virtual void OnBatch(CommittedPtr batch) = 0;
  // Last call. OUT_OF_RANGE with reason COMPACTED or LOG_CHANGED asks for a new snapshot; anything
  // else is a failure of the engine.
  virtual void OnEnd(absl::Status status) = 0;
};

// Keeps a Follow going; destroying it stops the calls to its sink and waits for the running one.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

using CommitDone = absl::AnyInvocable<void(absl::StatusOr<Revision>)>;
using ReadDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<absl::optional<Entry>>>)>;
using ScanDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<Entry>>)>;
using LogDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<CommittedPtr>>)>;

class Store {
 public:
  virtual ~Store() = default;

  // Atomic and durable. `done` runs exactly once: with the revision once the batch survives a crash
  // of process and machine; ABORTED (see FailedGuard) when a guard does not hold; INVALID_ARGUMENT
  // over a limit; UNAVAILABLE "outcome unknown" when the batch may or may not be in the log, which
  // only the log itself, or a re-commit of the same batch id, can tell: a batch whose id the log
  // already holds is ALREADY_EXISTS and changes nothing.
  virtual void Commit(Batch batch, CommitDone done) = 0;

  // Without a cursor: pages of live keys while writers go on, then the log from the start of those
  // pages, OnSnapshotEnd(R), then every later batch. With a cursor: every batch after it.
  // OUT_OF_RANGE{COMPACTED or LOG_CHANGED} when the cursor's past is not this log's past.
  virtual absl::StatusOr<std::unique_ptr<Subscription>> Follow(absl::optional<Cursor> after,
                                                               std::shared_ptr<Sink> sink) = 0;

  // The live entries of `keys`, in their order; nullopt where a key is absent.
  virtual void Read(absl::Span<const std::string> keys, ReadDone done) = 0;

  // At most `limit` live entries of the range in key order.
  virtual void Scan(KeyRange range, int limit, ScanDone done) = 0;

  // The batches in [from, to], as many as one page holds (at least one); OUT_OF_RANGE{COMPACTED}
  // when `from` is forgotten.
  virtual void ReadLog(Revision from, Revision to, LogDone done) = 0;

  // Forgets batches at or below `revision`. Only behind a verified archive.
  virtual absl::Status Compact(Revision revision) = 0;

  // The end of the log now.
  virtual absl::StatusOr<Cursor> End() = 0;
};

// The key of the guard that did not hold, when `status` is the ABORTED of a Commit.
absl::optional<std::string> FailedGuard(const absl::Status& status);
absl::Status GuardFailed(absl::string_view key);

// 16 fresh random bytes.
std::string NewBatchId();

// What an engine is opened with.
struct StoreOptions {
  // "memory:" or "sqlite:/path/to/directory" (made when absent; one file per keyspace).
  std::string url;
  std::string keyspace;  // "registry", "measures", ...
};

// Opens the engine that the URL's scheme names. FAILED_PRECONDITION when another process has the
// store, or when its format asks for a newer binary (reason FORMAT_TOO_NEW).
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options);

// Engines register themselves by scheme; conformance runs over every registered one.
using EngineFactory = absl::StatusOr<std::unique_ptr<Store>> (*)(const StoreOptions&);
bool RegisterEngine(absl::string_view scheme, EngineFactory factory);
std::vector<std::string> RegisteredEngines();

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_STORE_H_
