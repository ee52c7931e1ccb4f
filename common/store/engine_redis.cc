// redis: a keyspace inside one slot of a Redis server or of a Redis Cluster, shared by any number
// of processes. What is promised with which servers, and which keys there are: redis/README.md.
//
//   redis://host:port[,host:port...]/realm?options
//   redis+cluster://host:port[,host:port...]/realm?options     options: see redis/url.h
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/store/local_store.h"
#include "common/store/redis/keyspace.h"
#include "common/store/redis/readers.h"
#include "common/store/redis/tail_reader.h"
#include "common/store/redis/url.h"
#include "common/store/redis/writer.h"

namespace terrace::store {
namespace {

class RedisBackend : public Backend {
 public:
  RedisBackend(redis::Config config, std::string password, const StoreOptions& options)
      : keyspace_(std::move(config), std::move(password), options.keyspace, options.clock),
        writer_(&keyspace_),
        readers_(&keyspace_),
        tail_reader_(&keyspace_) {}

  absl::Status Open() { return writer_.Open(); }

  void Start(Feed* feed) override {
    keyspace_.tail.Attach(feed);
    tail_reader_.Start();
  }
  void Stop() override {
    keyspace_.Stop();
    keyspace_.tail.Stop();
    tail_reader_.Stop();
  }

  LogId log_id() const override { return keyspace_.tail.position().log_id; }
  LogBounds bounds() const override { return keyspace_.tail.bounds(); }

  bool shared() const override { return true; }
  absl::StatusOr<Cursor> CatchUp() override { return readers_.CatchUp(); }

  std::vector<absl::StatusOr<CommittedPtr>> CommitGroup(std::vector<Batch> group) override {
    return writer_.CommitGroup(std::move(group));
  }
  void Publish(Feed*, absl::Span<const CommittedPtr> batches) override {
    // Batches of other processes in between come with the tail reader.
    if (keyspace_.tail.Publish(writer_.log_id(), batches)) return;
    keyspace_.tail.Await(writer_.log_id(), batches.back()->revision, keyspace_.config.timeout);
  }
  void OnFollow(const LogId& log_id) override { keyspace_.Accept(log_id); }
  void Maintain() override { writer_.Maintain(); }
  absl::StatusOr<bool> CompactSlice(Revision revision) override {
    return writer_.CompactSlice(revision);
  }

  absl::StatusOr<std::vector<absl::optional<Entry>>> Read(
      absl::Span<const std::string> keys) override {
    return readers_.Read(keys);
  }
  absl::StatusOr<std::vector<Entry>> Scan(const KeyRange& range, int limit) override {
    return readers_.Scan(range, limit);
  }
  absl::StatusOr<std::vector<Entry>> SnapshotPage(const KeyRange& range) override {
    return readers_.SnapshotPage(range);
  }
  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to) override {
    return readers_.LogPage(from, to);
  }

 private:
  redis::Keyspace keyspace_;
  redis::Writer writer_;
  redis::Readers readers_;
  redis::TailReader tail_reader_;
};

// The first line of the file; nothing when there is to be no password.
absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return std::string(
      absl::StripAsciiWhitespace(absl::string_view(*text).substr(0, text->find('\n'))));
}

absl::StatusOr<std::unique_ptr<Store>> OpenRedis(const StoreOptions& options) {
  TERRACE_ASSIGN_OR_RETURN(redis::Config config, redis::ParseUrl(options.url));
  const auto cannot = [&](const absl::Status& status) {
    return Error(Reason::STORE_CANNOT_OPEN,
                 {{"path", options.url}, {"detail", std::string(status.message())}});
  };
  absl::StatusOr<std::string> password = ReadPassword(config.password_file);
  if (!password.ok()) return cannot(password.status());
  auto backend = std::make_unique<RedisBackend>(std::move(config), *std::move(password), options);
  const absl::Status opened = backend->Open();
  if (opened.ok()) return MakeLocalStore(std::move(backend));
  // What the catalogue does not know yet comes from the servers.
  return DetailsOf(opened) ? opened : cannot(opened);
}

[[maybe_unused]] const bool registered[] = {RegisterEngine("redis", &OpenRedis),
                                            RegisterEngine("redis+cluster", &OpenRedis)};

}  // namespace
}  // namespace terrace::store
