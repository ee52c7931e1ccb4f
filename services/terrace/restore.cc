#include "services/terrace/restore.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/store/format_gate.h"
#include "common/store/store.h"

namespace terrace::cli {
namespace {

using storage::v1::CopyPart;
using storage::v1::KeyspaceReport;
using storage::v1::Origin;
using storage::v1::RestoreMark;
using store::Batch;
using store::Revision;

// Batches that are under way at once.
constexpr int kBatchesUnderWay = 64;
constexpr size_t kBytesUnderWay = 16 << 20;
// Batches are filled up to here: room for the header and the guard.
constexpr size_t kFillBytes = store::kBatchBytesMax - 256;
constexpr size_t kBatchIdBytes = 16;
// How long a store may take to come back.
constexpr absl::Duration kRetryMost = absl::Seconds(60);
constexpr absl::Duration kRetryPause = absl::Milliseconds(100);
constexpr int kAncestorsMax = 64;

bool MayWorkSoon(const absl::Status& status) {
  return HasReason(status, Reason::OUTCOME_UNKNOWN) || store::IsRefusedForNow(status);
}

// Commits batches, several at a time, each until it is stored.
class Committer {
 public:
  explicit Committer(store::Store* store) : store_(store) {}
  ~Committer() { WaitFor(0, 0); }

  absl::Status Add(Batch batch) {
    size_t bytes = 0;
    for (const store::Change& change : batch.changes) {
      bytes += change.key.size() + (change.value ? change.value->size() : 0);
    }
    TERRACE_RETURN_IF_ERROR(Settle(kBatchesUnderWay - 1, kBytesUnderWay));
    Start(std::make_shared<const Batch>(std::move(batch)), bytes);
    return absl::OkStatus();
  }

  // Waits until everything is stored.
  absl::Status Finish() { return Settle(0, 0); }

 private:
  struct Failure {
    std::shared_ptr<const Batch> batch;
    size_t bytes;
    absl::Status status;
  };

  void Start(std::shared_ptr<const Batch> batch, size_t bytes) {
    {
      absl::MutexLock lock(&mu_);
      ++under_way_;
      bytes_ += bytes;
    }
    Batch copy = *batch;
    store_->Commit(std::move(copy),
                   [this, batch = std::move(batch), bytes](absl::StatusOr<Revision> done) {
                     absl::MutexLock lock(&mu_);
                     --under_way_;
                     bytes_ -= bytes;
                     if (done.ok() || HasReason(done.status(), Reason::BATCH_STORED)) return;
                     failures_.push_back({batch, bytes, done.status()});
                   });
  }

  void WaitFor(int batches, size_t bytes) {
    absl::MutexLock lock(&mu_);
    auto few = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return under_way_ == 0 || (under_way_ <= batches && bytes_ <= bytes);
    };
    mu_.Await(absl::Condition(&few));
  }

  // Waits until no more than that is under way, and starts again what was not stored.
  absl::Status Settle(int batches, size_t bytes) {
    absl::Time give_up = absl::InfiniteFuture();
    for (;;) {
      WaitFor(batches, bytes);
      std::deque<Failure> failures;
      {
        absl::MutexLock lock(&mu_);
        failures.swap(failures_);
      }
      if (failures.empty()) return absl::OkStatus();
      give_up = std::min(give_up, absl::Now() + kRetryMost);
      for (Failure& failure : failures) {
        if (!MayWorkSoon(failure.status) || absl::Now() > give_up) return failure.status;
      }
      absl::SleepFor(kRetryPause);
      for (Failure& failure : failures) Start(std::move(failure.batch), failure.bytes);
      batches = 0;  // None is added before these are stored.
    }
  }

  store::Store* const store_;
  absl::Mutex mu_;
  int under_way_ ABSL_GUARDED_BY(mu_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<Failure> failures_ ABSL_GUARDED_BY(mu_);
};

// One keyspace of the target.
class Target {
 public:
  static absl::StatusOr<std::unique_ptr<Target>> Open(const std::string& url,
                                                      const std::string& keyspace) {
    store::StoreOptions options{url, keyspace};
    options.restoring = true;
    TERRACE_ASSIGN_OR_RETURN(auto store, store::OpenStore(options));
    std::unique_ptr<Target> target(new Target(keyspace, std::move(store)));
    TERRACE_RETURN_IF_ERROR(target->Look());
    return target;
  }

  const std::string& keyspace() const { return keyspace_; }
  const store::LogId& log_id() const { return end_.log_id; }

  // Whether the keyspace is free for the backup: empty, or a part of it already.
  absl::Status CheckFree(const std::string& backup_id) const {
    if (mark_ && mark_->backup_id() == backup_id) return absl::OkStatus();
    if (mark_) return Error(Reason::RESTORE_UNFINISHED, {{"keyspace", keyspace_}});
    if (end_.revision == Revision{0} || IsFinished(backup_id)) return absl::OkStatus();
    return Error(Reason::RESTORE_NOT_EMPTY, {{"keyspace", keyspace_}});
  }
  bool marked() const { return mark_.has_value(); }
  bool IsFinished(const std::string& backup_id) const {
    return !mark_ && origin_ && origin_->ancestors_size() > 0 &&
           origin_->ancestors(0).backup_id() == backup_id;
  }

  // Keeps services out.
  absl::Status Mark(const std::string& backup_id) {
    if (mark_) return absl::OkStatus();
    RestoreMark mark;
    mark.set_backup_id(backup_id);
    Batch batch = NewBatch({{std::string(store::kRestoreKey), mark.SerializeAsString()}});
    batch.guards.push_back({std::string(store::kRestoreKey), {0}});
    TERRACE_RETURN_IF_ERROR(CommitOne(std::move(batch)));
    TERRACE_RETURN_IF_ERROR(Look());
    // Somebody else may have begun to write since the keyspace was found empty.
    if (!mark_ || mark_->backup_id() != backup_id || mark_revision_ != Revision{1}) {
      return Error(Reason::RESTORE_NOT_EMPTY, {{"keyspace", keyspace_}});
    }
    return absl::OkStatus();
  }

  absl::Status Put(const storage::v1::KeyEntry& entry) { return Put(entry.key(), entry.value()); }

  // In the order of the log. The batches reach from before the first entry to the end of the copy,
  // so every key that changed meanwhile gets its last value here, whatever its entry was.
  absl::Status Apply(const storage::v1::LogBatch& batch) {
    if (!in_order_) {
      TERRACE_RETURN_IF_ERROR(Flush());
      TERRACE_RETURN_IF_ERROR(committer_.Finish());
      in_order_ = true;
    }
    for (const storage::v1::LogChange& change : batch.changes()) {
      absl::optional<std::string> value;
      if (change.has_value()) value = change.value();
      TERRACE_RETURN_IF_ERROR(Put(change.key(), std::move(value)));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    TERRACE_RETURN_IF_ERROR(Flush());
    return committer_.Finish();
  }

  // Lets services in. `parent` says where the keys come from.
  absl::Status Release(const Origin::Ancestor& parent) {
    Origin origin;
    *origin.add_ancestors() = parent;
    for (const Origin::Ancestor& earlier : copied_origin_.ancestors()) {
      if (origin.ancestors_size() < kAncestorsMax) *origin.add_ancestors() = earlier;
    }
    Batch batch = NewBatch({{std::string(store::kRestoreKey), absl::nullopt},
                            {std::string(store::kOriginKey), origin.SerializeAsString()}});
    batch.guards.push_back({std::string(store::kRestoreKey), mark_revision_});
    return CommitOne(std::move(batch));
  }

 private:
  Target(std::string keyspace, std::unique_ptr<store::Store> store)
      : keyspace_(std::move(keyspace)), store_(std::move(store)), committer_(store_.get()) {}

  absl::Status Look() {
    TERRACE_ASSIGN_OR_RETURN(end_, store_->CatchUp());
    absl::StatusOr<std::vector<absl::optional<store::Entry>>> entries;
    absl::Notification read;
    store_->Read({std::string(store::kRestoreKey), std::string(store::kOriginKey)},
                 [&](auto found) {
                   entries = std::move(found);
                   read.Notify();
                 });
    read.WaitForNotification();
    if (!entries.ok()) return entries.status();
    if (const absl::optional<store::Entry>& mark = (*entries)[0]) {
      if (!mark_.emplace().ParseFromString(mark->value)) return Unreadable();
      mark_revision_ = mark->revision;
    }
    if (const absl::optional<store::Entry>& origin = (*entries)[1]) {
      if (!origin_.emplace().ParseFromString(origin->value)) return Unreadable();
    }
    return absl::OkStatus();
  }

  static absl::Status Unreadable() {
    return Error(Reason::STORE_DAMAGED, {{"detail", "what a restore left cannot be read"}});
  }

  absl::Status Put(const std::string& key, absl::optional<std::string> value) {
    if (key == store::kRestoreKey) return absl::OkStatus();
    if (key == store::kOriginKey) {
      return !value || copied_origin_.ParseFromString(*value) ? absl::OkStatus() : Unreadable();
    }
    const size_t bytes = key.size() + (value ? value->size() : 0);
    if (changes_.size() == store::kBatchChangesMax ||
        (!changes_.empty() && bytes_ + bytes > kFillBytes)) {
      TERRACE_RETURN_IF_ERROR(Flush());
    }
    bytes_ += bytes;
    const auto [at, added] = pending_.try_emplace(key, changes_.size());
    if (added) {
      changes_.push_back({key, std::move(value)});
    } else {
      changes_[at->second].value = std::move(value);
    }
    return absl::OkStatus();
  }

  absl::Status Flush() {
    if (changes_.empty()) return absl::OkStatus();
    // The id stands for the content and for all that came before it.
    sha_.AddSized(chain_).AddSized(keyspace_).AddSized(mark_->backup_id());
    for (const store::Change& change : changes_) {
      sha_.AddSized(change.key).AddSized(change.value ? "+" : "-");
      if (change.value) sha_.AddSized(*change.value);
    }
    chain_ = sha_.Finish();
    Batch batch = NewBatch(std::move(changes_));
    batch.id = chain_.substr(0, kBatchIdBytes);
    batch.guards.push_back({std::string(store::kRestoreKey), mark_revision_});
    changes_.clear();
    pending_.clear();
    bytes_ = 0;
    TERRACE_RETURN_IF_ERROR(committer_.Add(std::move(batch)));
    return in_order_ ? committer_.Finish() : absl::OkStatus();
  }

  static Batch NewBatch(std::vector<store::Change> changes) {
    storage::v1::Header header;
    header.set_method("restore");
    return {store::NewBatchId(), header.SerializeAsString(), {}, std::move(changes)};
  }

  absl::Status CommitOne(Batch batch) {
    TERRACE_RETURN_IF_ERROR(committer_.Add(std::move(batch)));
    return committer_.Finish();
  }

  const std::string keyspace_;
  const std::unique_ptr<store::Store> store_;
  Committer committer_;
  store::Cursor end_;
  absl::optional<RestoreMark> mark_;
  Revision mark_revision_;
  absl::optional<Origin> origin_;  // Of the target, before.
  Origin copied_origin_;           // Of the log that was copied.

  // Changes that are not committed yet, and where each key is among them.
  std::vector<store::Change> changes_;
  absl::flat_hash_map<std::string, size_t> pending_;
  size_t bytes_ = 0;
  bool in_order_ = false;  // Batches one after the other.
  Sha256Stream sha_;
  std::string chain_;
};

using Targets = std::map<std::string, std::unique_ptr<Target>>;

absl::StatusOr<Targets> OpenTargets(const std::string& url, const std::string& backup_id) {
  Targets targets;
  bool unfinished = false;
  for (const char* keyspace : kBackupOrder) {
    TERRACE_ASSIGN_OR_RETURN(targets[keyspace], Target::Open(url, keyspace));
    TERRACE_RETURN_IF_ERROR(targets[keyspace]->CheckFree(backup_id));
    unfinished = unfinished || targets[keyspace]->marked();
  }
  for (const auto& [keyspace, target] : targets) {
    // A restore that is finished may have been worked with since.
    if (!unfinished && target->IsFinished(backup_id)) {
      return Error(Reason::RESTORE_NOT_EMPTY, {{"keyspace", keyspace}});
    }
  }
  return targets;
}

absl::Status ApplyPart(const CopyPart& part, Target* target) {
  for (const storage::v1::KeyEntry& entry : part.entries().entries()) {
    TERRACE_RETURN_IF_ERROR(target->Put(entry));
  }
  for (const storage::v1::LogBatch& batch : part.batches().batches()) {
    TERRACE_RETURN_IF_ERROR(target->Apply(batch));
  }
  return part.has_keyspace_end() ? target->Finish() : absl::OkStatus();
}

absl::Status ReleaseAll(const storage::v1::BackupBegin& begin, const Targets& targets,
                        std::vector<KeyspaceReport>* reports) {
  for (const auto& [keyspace, target] : targets) {
    if (target->IsFinished(begin.backup_id())) continue;
    const auto report = std::find_if(
        reports->begin(), reports->end(),
        [&keyspace = keyspace](const auto& row) { return row.keyspace() == keyspace; });
    Origin::Ancestor parent;
    *parent.mutable_copy_time() = begin.create_time();
    parent.set_backup_id(begin.backup_id());
    // A deployment may lack a service; its keyspace comes from no log.
    if (report != reports->end()) {
      parent.set_log_id(report->log_id());
      parent.set_revision(report->revision());
    }
    TERRACE_RETURN_IF_ERROR(target->Release(parent));
  }
  for (KeyspaceReport& report : *reports) {
    report.set_restored_log_id(targets.at(report.keyspace())->log_id());
  }
  return absl::OkStatus();
}

// Reads the next part, telling `passed` of its bytes.
absl::StatusOr<bool> NextPart(BackupReader* backup, CopyPart* part,
                              absl::FunctionRef<void(int64_t)> passed) {
  const int64_t before = backup->offset();
  absl::StatusOr<bool> some = backup->Next(part);
  passed(backup->offset() - before);
  return some;
}

}  // namespace

absl::Status CheckBackup(BackupReader* backup, absl::FunctionRef<void(int64_t bytes)> passed) {
  CopyPart part;
  for (;;) {
    TERRACE_ASSIGN_OR_RETURN(const bool some, NextPart(backup, &part, passed));
    if (!some) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<KeyspaceReport>> RestoreBackup(
    BackupReader* backup, const std::string& url, absl::FunctionRef<void(int64_t bytes)> passed) {
  CopyPart part;
  TERRACE_RETURN_IF_ERROR(NextPart(backup, &part, passed).status());
  const storage::v1::BackupBegin begin = part.backup_begin();
  TERRACE_ASSIGN_OR_RETURN(const Targets targets, OpenTargets(url, begin.backup_id()));
  for (const auto& [keyspace, target] : targets) {
    if (target->IsFinished(begin.backup_id())) continue;
    TERRACE_RETURN_IF_ERROR(target->Mark(begin.backup_id()));
  }
  Target* target = nullptr;
  for (;;) {
    TERRACE_ASSIGN_OR_RETURN(const bool some, NextPart(backup, &part, passed));
    if (!some) break;
    if (part.has_keyspace_begin()) {
      target = targets.at(part.keyspace_begin().keyspace()).get();
    } else if (!part.has_backup_end() && !target->IsFinished(begin.backup_id())) {
      TERRACE_RETURN_IF_ERROR(ApplyPart(part, target));
    }
  }
  std::vector<KeyspaceReport> reports = backup->reports();
  TERRACE_RETURN_IF_ERROR(ReleaseAll(begin, targets, &reports));
  return reports;
}

}  // namespace terrace::cli
