#include "common/store/sqlite/readers.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/store/log_record.h"
#include "common/store/sqlite/connection.h"

namespace terrace::store::sqlite {
namespace {

// Connections kept open for the next read; more are made when more threads read at once.
constexpr size_t kIdleMax = 4;

absl::Status Unreadable(const absl::Status& status) {
  return Error(Reason::STORE_UNREADABLE, {{"detail", std::string(status.message())}});
}

Entry EntryOf(const Statement& row) {
  return {std::string(row.Bytes(0)), std::string(row.Bytes(2)), Revision{row.Int(1)}};
}

absl::StatusOr<CommittedPtr> CommittedOf(const Statement& row) {
  auto batch = std::make_shared<Committed>();
  batch->revision.value = row.Int(0);
  batch->batch_id = std::string(row.Bytes(1));
  batch->commit_time = absl::FromUnixMicros(row.Int(2));
  batch->header = std::string(row.Bytes(3));
  batch->leaf = std::string(row.Bytes(4));
  TERRACE_ASSIGN_OR_RETURN(batch->changes, DecodeChanges(row.Bytes(5)));
  return batch;
}

}  // namespace

struct Readers::Reader {
  std::unique_ptr<Connection> connection;
  Statement begin, end, read, scan, scan_to, log;

  absl::Status Prepare() {
    Connection* on = connection.get();
    TERRACE_RETURN_IF_ERROR(begin.Prepare(on, "BEGIN"));
    TERRACE_RETURN_IF_ERROR(end.Prepare(on, "COMMIT"));
    TERRACE_RETURN_IF_ERROR(
        read.Prepare(on, "SELECT key, revision, value FROM entries WHERE key = ?1"));
    TERRACE_RETURN_IF_ERROR(
        scan.Prepare(on, "SELECT key, revision, value FROM entries WHERE key >= ?1 ORDER BY key"));
    TERRACE_RETURN_IF_ERROR(scan_to.Prepare(
        on, "SELECT key, revision, value FROM entries WHERE key >= ?1 AND key < ?2 ORDER BY key"));
    return log.Prepare(on,
                       "SELECT revision, batch_id, commit_time, header, leaf, changes FROM log "
                       "WHERE revision BETWEEN ?1 AND ?2 ORDER BY revision");
  }
};

// A reader for the length of one page, and the gate.
class Readers::Borrowed {
 public:
  explicit Borrowed(Readers* readers) : readers_(readers), gate_(readers->gate_) {
    absl::StatusOr<std::unique_ptr<Reader>> reader = readers->Take();
    status_ = reader.status();
    if (reader.ok()) reader_ = *std::move(reader);
  }
  ~Borrowed() {
    if (reader_ != nullptr) readers_->GiveBack(std::move(reader_));
  }
  const absl::Status& status() const { return status_; }
  Reader* operator->() { return reader_.get(); }

 private:
  Readers* const readers_;
  absl::ReaderMutexLock gate_;
  absl::Status status_;
  std::unique_ptr<Reader> reader_;
};

Readers::Readers(std::string path, absl::Mutex* gate) : path_(std::move(path)), gate_(gate) {}

Readers::~Readers() = default;

absl::StatusOr<std::unique_ptr<Readers::Reader>> Readers::Take() {
  {
    absl::MutexLock lock(&mu_);
    if (!idle_.empty()) {
      std::unique_ptr<Reader> reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  auto reader = std::make_unique<Reader>();
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(path_, Connection::Role::kReader);
  if (!connection.ok()) return Unreadable(connection.status());
  reader->connection = *std::move(connection);
  const absl::Status prepared = reader->Prepare();
  if (!prepared.ok()) return Unreadable(prepared);
  return reader;
}

void Readers::GiveBack(std::unique_ptr<Reader> reader) {
  absl::MutexLock lock(&mu_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(reader));
}

absl::StatusOr<std::vector<absl::optional<Entry>>> Readers::Read(
    absl::Span<const std::string> keys) {
  Borrowed reader(this);
  TERRACE_RETURN_IF_ERROR(reader.status());
  // A transaction, so that all keys are seen at one moment.
  absl::Status status = reader->begin.Run();
  std::vector<absl::optional<Entry>> entries(keys.size());
  for (size_t i = 0; i < keys.size() && status.ok(); ++i) {
    StatementUse read(reader->read);
    read->Bind(1, keys[i]);
    absl::StatusOr<bool> found = read->Step();
    status = found.status();
    if (found.ok() && *found) entries[i] = EntryOf(reader->read);
  }
  if (!reader->connection->autocommit()) status.Update(reader->end.Run());
  if (!status.ok()) return Unreadable(status);
  return entries;
}

absl::StatusOr<std::vector<Entry>> Readers::Scan(const KeyRange& range, int limit,
                                                 size_t bytes_max) {
  Borrowed reader(this);
  TERRACE_RETURN_IF_ERROR(reader.status());
  StatementUse scan(range.last.empty() ? reader->scan : reader->scan_to);
  scan->Bind(1, range.first);
  if (!range.last.empty()) scan->Bind(2, range.last);
  std::vector<Entry> entries;
  size_t bytes = 0;
  while (entries.size() < static_cast<size_t>(limit) && bytes < bytes_max) {
    absl::StatusOr<bool> row = scan->Step();
    if (!row.ok()) return Unreadable(row.status());
    if (!*row) break;
    entries.push_back(EntryOf(*scan.operator->()));
    bytes += entries.back().key.size() + entries.back().value.size();
  }
  return entries;
}

absl::StatusOr<std::vector<CommittedPtr>> Readers::LogPage(Revision from, Revision to) {
  Borrowed reader(this);
  TERRACE_RETURN_IF_ERROR(reader.status());
  StatementUse log(reader->log);
  log->Bind(1, from.value);
  log->Bind(2, to.value);
  std::vector<CommittedPtr> batches;
  size_t bytes = 0;
  while (batches.size() < static_cast<size_t>(kPageBatchesMax) && bytes < kPageBytesMax) {
    absl::StatusOr<bool> row = log->Step();
    if (!row.ok()) return Unreadable(row.status());
    if (!*row) break;
    bytes += reader->log.Bytes(3).size() + reader->log.Bytes(5).size();
    TERRACE_ASSIGN_OR_RETURN(CommittedPtr batch, CommittedOf(reader->log));
    batches.push_back(std::move(batch));
  }
  // Batches are forgotten from the lowest: if the first is there, the page has no gap.
  if (batches.empty() || batches.front()->revision != from) {
    return Error(Reason::COMPACTED, {{"revision", absl::StrCat(from.value)}});
  }
  return batches;
}

}  // namespace terrace::store::sqlite
