// The queues, threads and followers of a Store, over a backend.
//
// Concept. One writer thread takes waiting batches in groups, lets the backend make each group
// durable at once, publishes it to the feed and answers the callers; a few reader threads answer
// reads. The backend is plain blocking code: it decides guards, stores and reads, and knows nothing
// of queues, threads, followers and callbacks.
//
// Thread-safe as Store is.
#ifndef TERRACE_COMMON_STORE_LOCAL_STORE_H_
#define TERRACE_COMMON_STORE_LOCAL_STORE_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/store/feed.h"
#include "common/store/store.h"

namespace terrace::store {

// A group ends at the first of these: enough to share one sync among many callers, little enough
// that the first of them does not wait for a long transaction.
inline constexpr size_t kGroupBatchesMax = 256;
inline constexpr size_t kGroupBytesMax = 4 << 20;

// Methods marked (writer) are called by the writer thread only; the rest by any thread at any time.
class Backend : public FeedSource {
 public:
  // Around everything else: a backend whose log others write as well publishes what they commit.
  virtual void Start(Feed* feed) {}
  virtual void Stop() {}

  virtual LogId log_id() const = 0;
  virtual LogBounds bounds() const = 0;  // At the start.

  // As Store's; CatchUp is asked of a shared backend only.
  virtual bool shared() const { return false; }
  virtual absl::StatusOr<Cursor> CatchUp() { return Cursor(); }

  // (writer) Commits the batches one after the other, all of them valid by CheckBatch, durably at
  // once. One answer per batch, in their order; a failed guard of one does not touch the others.
  virtual std::vector<absl::StatusOr<CommittedPtr>> CommitGroup(std::vector<Batch> group) = 0;

  // (writer) Publishes what CommitGroup has just committed, before its callers hear of it.
  virtual void Publish(Feed* feed, absl::Span<const CommittedPtr> batches) {
    feed->Publish(batches);
  }

  // Somebody began to follow the log `log_id`, so commits may be decided on it.
  virtual void OnFollow(const LogId& log_id) {}

  // (writer) Between groups: what is due, a little at a time.
  virtual void Maintain() {}

  // (writer) Forgets a part of the batches up to `revision`, little enough not to hold up a commit:
  // none of them is there for anybody from the first call on. True when no more calls are needed.
  virtual absl::StatusOr<bool> CompactSlice(Revision revision) = 0;

  virtual absl::StatusOr<std::vector<absl::optional<Entry>>> Read(
      absl::Span<const std::string> keys) = 0;
  virtual absl::StatusOr<std::vector<Entry>> Scan(const KeyRange& range, int limit) = 0;
};

std::unique_ptr<Store> MakeLocalStore(std::unique_ptr<Backend> backend);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_LOCAL_STORE_H_
