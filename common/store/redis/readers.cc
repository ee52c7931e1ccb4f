#include "common/store/redis/readers.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"

namespace terrace::store::redis {
namespace {

// Sessions kept open for the next read; more are made when more threads read at once.
constexpr size_t kIdleMax = 4;

// Entries of a snapshot page that are read in one script: well below a millisecond.
constexpr int kSnapshotScan = 256;

// Batches of a log page that are asked for first; more when they are small.
constexpr int64_t kLogFirst = 8;

size_t BytesOf(const Entry& entry) { return entry.key.size() + entry.value.size(); }

}  // namespace

absl::Status Unreadable(const absl::Status& status) {
  return Error(Reason::STORE_UNREADABLE, {{"detail", std::string(status.message())}});
}

class Readers::Borrowed {
 public:
  explicit Borrowed(Readers* readers) : readers_(readers) {
    absl::MutexLock lock(&readers->mu_);
    if (readers->idle_.empty()) {
      session_ = std::make_unique<Session>(readers->keyspace_, Role::kReader);
    } else {
      session_ = std::move(readers->idle_.back());
      readers->idle_.pop_back();
    }
  }
  ~Borrowed() {
    absl::MutexLock lock(&readers_->mu_);
    if (readers_->idle_.size() < kIdleMax) readers_->idle_.push_back(std::move(session_));
  }
  Session* operator->() { return session_.get(); }

 private:
  Readers* const readers_;
  std::unique_ptr<Session> session_;
};

absl::StatusOr<ReplyPtr> Readers::Run(Script script, const LogId& log_id,
                                      std::vector<absl::string_view> args) {
  Borrowed session(this);
  args.insert(args.begin(), log_id);
  absl::StatusOr<ReplyPtr> reply = session->Run(script, args);
  if (!reply.ok()) return Unreadable(reply.status());
  if (View(*reply)[0].text() != "LOG") return reply;
  session->Drop();
  return Error(Reason::LOG_CHANGED);
}

// Looks at the beginning of the log after it has read: it only ever moves up, so what lies behind
// it then was all there before.
absl::StatusOr<std::vector<StoredBatch>> Readers::ReadBatches(const LogId& log_id, Revision from,
                                                              Revision to, int64_t count) {
  Borrowed session(this);
  absl::StatusOr<std::vector<ReplyPtr>> replies = session->Run(2, [&] {
    const Keys& keys = keyspace_->keys;
    session->link().Append({"XRANGE", keys.log, absl::StrCat(from.value), absl::StrCat(to.value),
                            "COUNT", absl::StrCat(count)});
    session->link().Append({"HMGET", keys.meta, "log_id", "compacted"});
  });
  if (!replies.ok()) return Unreadable(replies.status());
  const View meta((*replies)[1]);
  if (meta[0].text() != log_id) {
    session->Drop();
    return Error(Reason::LOG_CHANGED);
  }
  if (from.value <= meta[1].number()) {
    return Error(Reason::COMPACTED, {{"revision", absl::StrCat(meta[1].number())}});
  }
  TERRACE_ASSIGN_OR_RETURN(std::vector<StoredBatch> batches, ParseBatches((*replies)[0]));
  if (!batches.empty() && batches.front().batch->revision != from) {
    return Error(Reason::STORE_DAMAGED, {{"detail", "the log has a gap"}});
  }
  return batches;
}

absl::Status Readers::Settle(const LogId& log_id, Revision end) {
  if (keyspace_->tail.Await(log_id, end, keyspace_->config.timeout)) return absl::OkStatus();
  return Unreadable(absl::UnavailableError("too few replicas have its last changes"));
}

absl::StatusOr<std::vector<absl::optional<Entry>>> Readers::Read(
    absl::Span<const std::string> keys) {
  const LogId log_id = keyspace_->tail.position().log_id;
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr reply,
                           Run(Script::kRead, log_id, {keys.begin(), keys.end()}));
  const View view(reply);
  std::vector<absl::optional<Entry>> entries(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const View value = view[2 + 2 * i];
    if (value.is_nil()) continue;
    entries[i] = Entry{keys[i], std::string(value.text()), {view[3 + 2 * i].number()}};
  }
  TERRACE_RETURN_IF_ERROR(Settle(log_id, {view[1].number()}));
  return entries;
}

absl::StatusOr<std::vector<Entry>> Readers::Scan(const KeyRange& range, int limit) {
  const LogId log_id = keyspace_->tail.position().log_id;
  const std::string first = range.first.empty() ? "-" : absl::StrCat("[", range.first);
  const std::string last = range.last.empty() ? "+" : absl::StrCat("(", range.last);
  const std::string most = absl::StrCat(limit);
  TERRACE_ASSIGN_OR_RETURN(const ReplyPtr reply, Run(Script::kScan, log_id, {first, last, most}));
  const View view(reply);
  std::vector<Entry> entries;
  for (size_t i = 2; i + 2 < view.size(); i += 3) {
    entries.push_back({std::string(view[i].text()), std::string(view[i + 1].text()),
                       Revision{view[i + 2].number()}});
  }
  TERRACE_RETURN_IF_ERROR(Settle(log_id, {view[1].number()}));
  return entries;
}

absl::StatusOr<std::vector<Entry>> Readers::SnapshotPage(KeyRange range) {
  std::vector<Entry> page;
  size_t bytes = 0;
  while (page.size() < static_cast<size_t>(kPageEntriesMax) && bytes < kPageBytesMax) {
    TERRACE_ASSIGN_OR_RETURN(std::vector<Entry> entries, Scan(range, kSnapshotScan));
    if (entries.empty()) break;
    for (Entry& entry : entries) {
      bytes += BytesOf(entry);
      page.push_back(std::move(entry));
    }
    range.first = page.back().key + std::string(1, '\0');
  }
  return page;
}

absl::StatusOr<Cursor> Readers::CatchUp() {
  Borrowed session(this);
  absl::StatusOr<std::vector<ReplyPtr>> replies = session->Run(1, [&] {
    session->link().Append({"HMGET", keyspace_->keys.meta, "log_id", "end"});
  });
  if (!replies.ok()) return Unreadable(replies.status());
  const View meta((*replies)[0]);
  Cursor end{std::string(meta[0].text()), Revision{meta[1].number()}};
  TERRACE_RETURN_IF_ERROR(Settle(end.log_id, end.revision));
  return end;
}

absl::StatusOr<std::vector<CommittedPtr>> Readers::LogPage(Revision from, Revision to) {
  const LogId log_id = keyspace_->tail.position().log_id;
  std::vector<CommittedPtr> batches;
  size_t bytes = 0;
  int64_t count = kLogFirst;
  while (from <= to && batches.size() < static_cast<size_t>(kPageBatchesMax) &&
         bytes < kPageBytesMax) {
    count = std::min(count, kPageBatchesMax - static_cast<int64_t>(batches.size()));
    absl::StatusOr<std::vector<StoredBatch>> read = ReadBatches(log_id, from, to, count);
    // Forgotten meanwhile, but what was read before is good.
    if (HasReason(read.status(), Reason::COMPACTED) && !batches.empty()) break;
    if (!read.ok()) return read.status();
    if (read->empty()) break;
    for (const StoredBatch& stored : *read) {
      bytes += stored.bytes;
      batches.push_back(stored.batch);
    }
    from.value = batches.back()->revision.value + 1;
    // As many as should fill the page, going by those so far.
    const size_t average = bytes / batches.size() + 1;
    count = std::max<int64_t>(
        1, static_cast<int64_t>((kPageBytesMax - std::min(bytes, kPageBytesMax)) / average));
  }
  return batches;
}

}  // namespace terrace::store::redis
