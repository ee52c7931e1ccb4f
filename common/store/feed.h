// Delivers a log to its followers.
//
// Concept. An engine publishes what it committed; the feed keeps the latest of it in a ring and
// each subscription runs a thread of its own that calls its sink. A follower that is current is
// served from the ring, one that lags reads pages of the log from the engine until it has caught
// up. Nobody ever waits for a sink: a batch that a slow follower still needs falls out of the ring
// and is read from the log later. There are a handful of followers per process, so a thread each is
// cheap and lets sinks block.
//
// A snapshot is fuzzy: pages of live keys are read while writers go on, then the log from where it
// stood before the first page makes them consistent.
//
// Thread-safe. Subscriptions may outlive the feed; its destructor ends them and waits.
#ifndef TERRACE_COMMON_STORE_FEED_H_
#define TERRACE_COMMON_STORE_FEED_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/store/store.h"

namespace terrace::store {

// What the ring holds at most; the newest batch always stays.
inline constexpr size_t kRingBatchesMax = 4096;
inline constexpr size_t kRingBytesMax = 8 << 20;

// The engine as the feed reads it, from the subscriptions' threads. Calls may block.
class FeedSource {
 public:
  virtual ~FeedSource() = default;
  // The next live keys of the range, as many as a page holds; none at the end.
  virtual absl::StatusOr<std::vector<Entry>> SnapshotPage(const KeyRange& range) = 0;
  // As Store::ReadLog.
  virtual absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to) = 0;
};

// Where a log begins and ends.
struct LogBounds {
  Revision compacted;  // Everything up to here is forgotten.
  Revision end;
};

class Feed {
 public:
  // `source` must outlive the feed.
  Feed(FeedSource* source, LogId log_id, LogBounds bounds);
  ~Feed();

  // The batches right after the end, once they are durable and readable from the source.
  void Publish(absl::Span<const CommittedPtr> batches);

  // The source is about to forget batches up to `revision`, or already has.
  void SetCompacted(Revision revision);

  // The source goes on with another log, or beyond batches that it forgot before they were
  // published here. Followers of another log end with LOG_CHANGED.
  void Restart(const LogId& log_id, LogBounds bounds);

  Cursor End() const;
  LogBounds bounds() const;

  // As Store::Follow.
  absl::StatusOr<std::unique_ptr<Subscription>> Follow(absl::optional<Cursor> after,
                                                       std::shared_ptr<Sink> sink);

 private:
  class Follower;
  struct Shared;

  const std::shared_ptr<Shared> shared_;
};

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_FEED_H_
