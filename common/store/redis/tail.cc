#include "common/store/redis/tail.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace terrace::store::redis {

void Tail::Attach(Feed* feed) {
  absl::MutexLock lock(&mu_);
  feed_ = feed;
}

Position Tail::position() const {
  absl::MutexLock lock(&mu_);
  return position_;
}

LogBounds Tail::bounds() const {
  absl::MutexLock lock(&mu_);
  return {compacted_, position_.revision};
}

bool Tail::Publish(const LogId& log_id, absl::Span<const CommittedPtr> batches) {
  absl::MutexLock lock(&mu_);
  if (log_id != position_.log_id) return false;
  const auto known = [this](const CommittedPtr& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return batch->revision <= position_.revision;
  };
  batches.remove_prefix(std::find_if_not(batches.begin(), batches.end(), known) - batches.begin());
  // What one writer committed in a group need not be without gaps: others commit as well.
  size_t next = 0;
  while (next < batches.size() && batches[next]->revision.value ==
                                      position_.revision.value + 1 + static_cast<int64_t>(next)) {
    ++next;
  }
  if (next > 0 && !stopped_) {
    position_.revision = batches[next - 1]->revision;
    position_.batch_id = batches[next - 1]->batch_id;
    if (feed_ != nullptr) feed_->Publish(batches.subspan(0, next));
    moved_.SignalAll();
  }
  return next == batches.size();
}

void Tail::Restart(const Position& position, Revision compacted) {
  absl::MutexLock lock(&mu_);
  // Whoever reads with the new position must find the followers of the old log ended already.
  if (feed_ != nullptr && !stopped_) {
    feed_->Restart(position.log_id, {compacted, position.revision});
  }
  position_ = position;
  compacted_ = compacted;
  moved_.SignalAll();
}

bool Tail::Await(const LogId& log_id, Revision revision, absl::Duration patience) const {
  absl::MutexLock lock(&mu_);
  const absl::Time deadline = absl::Now() + patience;
  while (!stopped_ && position_.log_id == log_id && position_.revision < revision) {
    if (moved_.WaitWithDeadline(&mu_, deadline)) break;
  }
  return position_.log_id == log_id && position_.revision >= revision;
}

void Tail::Stop() {
  absl::MutexLock lock(&mu_);
  stopped_ = true;
  moved_.SignalAll();
}

}  // namespace terrace::store::redis
