// The store: one ordered log of batches per keyspace, and the keys that the batches leave behind.
//
// Concept. A batch is a set of changes to keys that happens completely or not at all. Each
// committed batch gets the next revision (1, 2, 3, ... without gaps) and a commit time that never
// decreases. A key remembers the revision of its last change; guards compare with it, so a caller
// that read a key can insist that nobody changed it since. The log is kept until Compact forgets
// its beginning.
//
// Thread-safety. All methods may be called from any thread. Callbacks run on a thread of the
// engine, never inside the call that they answer, and must be short: they hand work over and
// return. A callback must not call what waits (Compact, destroying a Subscription or the Store).
//
// Ownership. Batches are moved in. Committed batches are immutable and shared. A Subscription stops
// and waits for its last callback when it is destroyed. Destroying a Store answers every waiting
// call first; what was not yet begun is refused with SHUTTING_DOWN, and sinks get their OnEnd.
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
#include "common/base/clock.h"

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

// Limits of one batch; Commit refuses more with INVALID_ARGUMENT. Bytes count header, keys (of
// guards too) and values. Keys are 1 to kKeyBytesMax bytes of any kind.
inline constexpr size_t kBatchChangesMax = 600;
inline constexpr size_t kBatchGuardsMax = 2000;
inline constexpr size_t kBatchBytesMax = 1 << 20;
inline constexpr size_t kKeyBytesMax = 512;

// Limits of one call; Read and Scan refuse more with INVALID_ARGUMENT.
inline constexpr size_t kReadKeysMax = 1'000;
inline constexpr int kScanEntriesMax = 1'000;

// Limits of what waits; beyond them a call is answered with OVERLOADED.
inline constexpr size_t kCommitQueueBatchesMax = 16'384;
inline constexpr size_t kCommitQueueBytesMax = 64 << 20;
inline constexpr size_t kReadQueueMax = 16'384;

// A page of a snapshot or of the log ends at the first of these.
inline constexpr int kPageEntriesMax = 4'096;
inline constexpr int kPageBatchesMax = 256;
inline constexpr size_t kPageBytesMax = 1 << 20;

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
  // What was decided speaks of this instant, so the batch is refused while the store's clock is
  // before it.
  absl::Time not_before = absl::InfinitePast();
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
  friend bool operator==(const Entry&, const Entry&) = default;
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
  // Last call, unless the Subscription was destroyed before. OUT_OF_RANGE with reason COMPACTED or
  // LOG_CHANGED asks for a new snapshot; SHUTTING_DOWN says that the Store was destroyed; anything
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

  // Atomic and durable; batches of one thread are committed in the order of its calls. `done` runs
  // exactly once: with the revision once the batch survives a crash of process and machine; ABORTED
  // (see FailedGuard) when a guard does not hold; INVALID_ARGUMENT over a limit; ALREADY_EXISTS
  // (reason BATCH_STORED) when the log already holds a batch of this id; UNAVAILABLE with reason
  // OUTCOME_UNKNOWN when the batch may or may not be in the log, which only the log itself, or a
  // re-commit of the same batch id, can tell; with OVERLOADED or STORE_NOT_READY when it may be
  // tried again soon; with CLOCK_SKEW before the batch's time; with STORE_FAILED once the engine
  // has stopped writing after such a failure.
  // Every answer but the revision and OUTCOME_UNKNOWN means: this attempt changed nothing. Of an
  // earlier attempt with the same id only the revision, BATCH_STORED and ABORTED say anything.
  virtual void Commit(Batch batch, CommitDone done) = 0;

  // Without a cursor: pages of live keys while writers go on, then the log from the start of those
  // pages, OnSnapshotEnd(R), then every later batch. With a cursor: every batch after it.
  // OUT_OF_RANGE{COMPACTED or LOG_CHANGED} when the cursor's past is not this log's past.
  virtual absl::StatusOr<std::unique_ptr<Subscription>> Follow(absl::optional<Cursor> after,
                                                               std::shared_ptr<Sink> sink) = 0;

  // The live entries of `keys`, in their order, all at one moment; nullopt where a key is absent.
  virtual void Read(absl::Span<const std::string> keys, ReadDone done) = 0;

  // The first `limit` live entries of the range in key order, all at one moment; fewer only when
  // the range holds fewer.
  virtual void Scan(KeyRange range, int limit, ScanDone done) = 0;

  // The batches in [from, to], as many as one page holds (at least one, if the log has reached
  // `from`); OUT_OF_RANGE{COMPACTED} when `from` is forgotten.
  virtual void ReadLog(Revision from, Revision to, LogDone done) = 0;

  // Forgets batches at or below `revision`, which must be in the log or forgotten already. Only
  // behind a verified archive. Waits until it is done; commits go on meanwhile.
  virtual absl::Status Compact(Revision revision) = 0;

  // The end of the log, as far as it is known here.
  virtual absl::StatusOr<Cursor> End() = 0;

  // Whether other processes may write to the same log; CatchUp then asks where it ends and waits
  // until that much is known here. Blocks.
  virtual bool shared() const { return false; }
  virtual absl::StatusOr<Cursor> CatchUp() { return End(); }
};

// The ABORTED of a Commit, reason CONFLICT, and the key of the guard that did not hold. The key
// stays inside the process: callers of a service are told only that somebody else was faster.
absl::Status GuardFailed(absl::string_view key);
absl::optional<std::string> FailedGuard(const absl::Status& status);

// Whether a Commit was refused for the moment and may be tried again: OVERLOADED, STORE_NOT_READY.
bool IsRefusedForNow(const absl::Status& status);

// 16 fresh random bytes.
std::string NewBatchId();

// What an engine is opened with.
struct StoreOptions {
  // "memory:", "sqlite:/path/to/directory" (made when absent; one file per keyspace),
  // "redis://host:port/realm?options" or "redis+cluster://host:port,host:port/realm?options"
  // (shared by processes; the options are in redis/url.h).
  std::string url;
  std::string keyspace;  // "registry", "measures", ...: letters, digits, '-' and '_'.
  // Gives commit times; when null, the clock of the system, or of the servers if there are any.
  // Must outlive the store.
  const Clock* clock = nullptr;
  // Opens a keyspace whose restore is not finished, for the restore itself.
  bool restoring = false;
};

// Opens the engine that the URL's scheme names. FAILED_PRECONDITION when somebody else has the
// store open (STORE_LOCKED), when its format asks for a newer binary (FORMAT_TOO_NEW), or when a
// restore into it did not finish (RESTORE_UNFINISHED).
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options);

// Engines register themselves by scheme; the conformance suite (tests/store) runs over every
// registered one.
using EngineFactory = absl::StatusOr<std::unique_ptr<Store>> (*)(const StoreOptions&);
bool RegisterEngine(absl::string_view scheme, EngineFactory factory);
std::vector<std::string> RegisteredEngines();

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_STORE_H_
