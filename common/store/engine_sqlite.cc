// sqlite: one file per keyspace in a directory, for one process at a time. The embedded default.
//
//   <directory>/<keyspace>.db      and SQLite's own -wal and -shm beside it
//   <directory>/<keyspace>.lock    held by the process that has the store
//
// What it promises: an acknowledged batch survives a crash of process, kernel and power, as far as
// the disk keeps what fsync says it kept. How, see sqlite/writer.h. Copying the file of a running
// store copies no store; neither should other tools open it for writing.
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/store/local_store.h"
#include "common/store/sqlite/file_lock.h"
#include "common/store/sqlite/readers.h"
#include "common/store/sqlite/writer.h"

namespace terrace::store {
namespace {

constexpr absl::string_view kScheme = "sqlite";

class SqliteBackend : public Backend {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteBackend>> Open(const std::string& stem,
                                                             const Clock* clock) {
    std::unique_ptr<SqliteBackend> backend(new SqliteBackend);
    TERRACE_ASSIGN_OR_RETURN(backend->lock_, sqlite::FileLock::Take(stem + ".lock"));
    const std::string path = stem + ".db";
    TERRACE_ASSIGN_OR_RETURN(backend->writer_, sqlite::Writer::Open(path, &backend->gate_, clock));
    backend->readers_ = std::make_unique<sqlite::Readers>(path, &backend->gate_);
    return backend;
  }

  LogId log_id() const override { return writer_->state().log_id; }
  LogBounds bounds() const override { return writer_->state().bounds; }

  std::vector<absl::StatusOr<CommittedPtr>> CommitGroup(std::vector<Batch> group) override {
    return writer_->CommitGroup(std::move(group));
  }
  void Maintain() override { writer_->Maintain(); }
  absl::StatusOr<bool> CompactSlice(Revision revision) override {
    return writer_->CompactSlice(revision);
  }

  absl::StatusOr<std::vector<absl::optional<Entry>>> Read(
      absl::Span<const std::string> keys) override {
    return readers_->Read(keys);
  }
  absl::StatusOr<std::vector<Entry>> Scan(const KeyRange& range, int limit) override {
    return readers_->Scan(range, limit, SIZE_MAX);
  }
  absl::StatusOr<std::vector<Entry>> SnapshotPage(const KeyRange& range) override {
    return readers_->Scan(range, kPageEntriesMax, kPageBytesMax);
  }
  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to) override {
    return readers_->LogPage(from, to);
  }

 private:
  SqliteBackend() = default;

  // In this order, so that the writer closes after the readers and the lock is let go last.
  std::unique_ptr<sqlite::FileLock> lock_;
  absl::Mutex gate_;  // Readers share it for the length of a page; the writer shuts it, rarely.
  std::unique_ptr<sqlite::Writer> writer_;
  std::unique_ptr<sqlite::Readers> readers_;
};

// Makes the directory, for its owner alone, when it is absent.
absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (!error && made) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (!error) return absl::OkStatus();
  return Error(Reason::STORE_CANNOT_OPEN, {{"path", path}, {"detail", error.message()}});
}

absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(const StoreOptions& options) {
  static const SystemClock* const system_clock = new SystemClock;
  const std::string directory = options.url.substr(kScheme.size() + 1);
  if (directory.empty()) {
    return Error(Reason::STORE_CANNOT_OPEN,
                 {{"path", options.url}, {"detail", "the directory is missing"}});
  }
  TERRACE_RETURN_IF_ERROR(MakeDirectory(directory));
  const std::string stem = absl::StrCat(directory, "/", options.keyspace);
  absl::StatusOr<std::unique_ptr<SqliteBackend>> backend =
      SqliteBackend::Open(stem, options.clock != nullptr ? options.clock : system_clock);
  if (backend.ok()) return MakeLocalStore(*std::move(backend));
  // What the catalogue does not know yet comes from SQLite.
  if (DetailsOf(backend.status())) return backend.status();
  return Error(Reason::STORE_CANNOT_OPEN,
               {{"path", stem + ".db"}, {"detail", std::string(backend.status().message())}});
}

[[maybe_unused]] const bool registered = RegisterEngine(kScheme, &OpenSqlite);

}  // namespace
}  // namespace terrace::store
