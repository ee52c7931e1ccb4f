#include "common/store/redis/readers.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/store/redis/batches.h"

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

absl::StatusOr<ReplyPtr> Readers::Run(Script script, const LogId& log_id,
                                      std::vector<absl::string_view> args) {
  std::unique_ptr<Session> session;
  {
    absl::MutexLock lock(&mu_);
    if (!idle_.empty()) {
      session = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (session == nullptr) session = std::make_unique<Session>(keyspace_, Role::kReader);
  args.insert(args.begin(), log_id);
  absl::StatusOr<ReplyPtr> reply = session->Run(script, args);
  const bool changed = reply.ok() && View(*reply)[0].text() == "LOG";
  if (changed) session->Drop();
  {
    absl::MutexLock lock(&mu_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(session));
  }
  if (!reply.ok()) return Unreadable(reply.status());
  if (changed) return Error(Reason::LOG_CHANGED);
  return reply;
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

absl::StatusOr<std::vector<CommittedPtr>> Readers::LogPage(Revision from, Revision to) {
  const LogId log_id = keyspace_->tail.position().log_id;
  std::vector<CommittedPtr> batches;
  size_t bytes = 0;
  int64_t count = kLogFirst;
  while (from <= to && batches.size() < static_cast<size_t>(kPageBatchesMax) &&
         bytes < kPageBytesMax) {
    count = std::min(count, kPageBatchesMax - static_cast<int64_t>(batches.size()));
    const std::string first = absl::StrCat(from.value);
    const std::string last = absl::StrCat(to.value);
    const std::string most = absl::StrCat(count);
    TERRACE_ASSIGN_OR_RETURN(const ReplyPtr reply, Run(Script::kLog, log_id, {first, last, most}));
    const View view(reply);
    if (view[0].text() == "COMPACTED") {
      if (!batches.empty()) break;  // Forgotten behind us, but these were read before.
      return Error(Reason::COMPACTED, {{"revision", absl::StrCat(view[1].number())}});
    }
    TERRACE_ASSIGN_OR_RETURN(const std::vector<StoredBatch> read, ParseBatches(view[2]));
    if (read.empty()) break;
    if (read.front().batch->revision != from) {
      return Error(Reason::STORE_DAMAGED, {{"detail", "the log has a gap"}});
    }
    for (const StoredBatch& stored : read) {
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
