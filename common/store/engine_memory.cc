// memory: everything in this process, gone with it. The reference model: what the contract means,
// in the fewest lines.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/store/batch_check.h"
#include "common/store/format_gate.h"
#include "common/store/local_store.h"
#include "common/store/log_record.h"

namespace terrace::store {
namespace {

class MemoryBackend : public Backend {
 public:
  explicit MemoryBackend(const Clock* clock) : clock_(clock), log_id_(RandomHex(16)) {}

  LogId log_id() const override { return log_id_; }
  LogBounds bounds() const override { return {}; }

  std::vector<absl::StatusOr<CommittedPtr>> CommitGroup(std::vector<Batch> group) override {
    absl::MutexLock lock(&mu_);
    std::vector<absl::StatusOr<CommittedPtr>> answers;
    answers.reserve(group.size());
    for (Batch& batch : group) answers.push_back(CommitOne(std::move(batch)));
    return answers;
  }

  absl::StatusOr<bool> CompactSlice(Revision revision) override {
    absl::MutexLock lock(&mu_);
    while (compacted_ < revision) {
      batch_ids_.erase(log_.begin()->second->batch_id);
      log_.erase(log_.begin());
      ++compacted_.value;
    }
    return true;
  }

  absl::StatusOr<std::vector<absl::optional<Entry>>> Read(
      absl::Span<const std::string> keys) override {
    absl::MutexLock lock(&mu_);
    std::vector<absl::optional<Entry>> entries;
    for (const std::string& key : keys) {
      auto found = live_.find(key);
      entries.emplace_back();
      if (found != live_.end()) entries.back() = found->second;
    }
    return entries;
  }

  absl::StatusOr<std::vector<Entry>> Scan(const KeyRange& range, int limit) override {
    return ScanPage(range, limit, SIZE_MAX);
  }

  absl::StatusOr<std::vector<Entry>> SnapshotPage(const KeyRange& range) override {
    return ScanPage(range, kPageEntriesMax, kPageBytesMax);
  }

  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to) override {
    absl::MutexLock lock(&mu_);
    if (from <= compacted_) {
      return Error(Reason::COMPACTED, {{"revision", absl::StrCat(compacted_.value)}});
    }
    std::vector<CommittedPtr> batches;
    for (auto at = log_.find(from); at != log_.end() && at->first <= to; ++at) {
      if (batches.size() == static_cast<size_t>(kPageBatchesMax)) break;
      batches.push_back(at->second);
    }
    return batches;
  }

 private:
  std::vector<Entry> ScanPage(const KeyRange& range, int limit, size_t bytes_max) {
    absl::MutexLock lock(&mu_);
    std::vector<Entry> entries;
    size_t bytes = 0;
    for (auto at = live_.lower_bound(range.first); at != live_.end(); ++at) {
      if (!range.last.empty() && at->first >= range.last) break;
      if (entries.size() == static_cast<size_t>(limit) || bytes >= bytes_max) break;
      bytes += at->first.size() + at->second.value.size();
      entries.push_back(at->second);
    }
    return entries;
  }

  absl::StatusOr<CommittedPtr> CommitOne(Batch batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    TERRACE_RETURN_IF_ERROR(format_);
    if (batch_ids_.contains(batch.id)) return Error(Reason::BATCH_STORED);
    for (const Guard& guard : batch.guards) {
      auto found = live_.find(guard.key);
      const Revision actual = found == live_.end() ? Revision{0} : found->second.revision;
      if (actual != guard.revision) return GuardFailed(guard.key);
    }
    const absl::Time time = NextCommitTime(clock_->Now(), last_commit_time_);
    if (time < batch.not_before) return TooEarly(batch.not_before - time);
    last_commit_time_ = time;
    const Revision revision{compacted_.value + static_cast<int64_t>(log_.size()) + 1};
    CommittedPtr committed = MakeCommitted(log_id_, revision, last_commit_time_, std::move(batch));
    for (const CommittedChange& change : committed->changes) Apply(change, revision);
    batch_ids_.insert(committed->batch_id);
    log_.emplace(revision, committed);
    return committed;
  }

  void Apply(const CommittedChange& change, Revision revision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (change.value) {
      live_.insert_or_assign(change.key, Entry{change.key, *change.value, revision});
    } else {
      live_.erase(change.key);
    }
    if (change.key == kFormatKey) {
      format_ = change.value ? CheckFormat(*change.value) : absl::OkStatus();
    }
  }

  const Clock* const clock_;
  const LogId log_id_;

  absl::Mutex mu_;
  std::map<std::string, Entry> live_ ABSL_GUARDED_BY(mu_);
  std::map<Revision, CommittedPtr> log_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> batch_ids_ ABSL_GUARDED_BY(mu_);
  Revision compacted_ ABSL_GUARDED_BY(mu_);
  absl::Time last_commit_time_ ABSL_GUARDED_BY(mu_) = absl::UnixEpoch();
  absl::Status format_ ABSL_GUARDED_BY(mu_);
};

absl::StatusOr<std::unique_ptr<Store>> OpenMemory(const StoreOptions& options) {
  static const SystemClock* const system_clock = new SystemClock;
  const Clock* clock = options.clock != nullptr ? options.clock : system_clock;
  return MakeLocalStore(std::make_unique<MemoryBackend>(clock));
}

[[maybe_unused]] const bool registered = RegisterEngine("memory", &OpenMemory);

}  // namespace
}  // namespace terrace::store
