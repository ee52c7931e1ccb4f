#include "tests/bench/raw_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "terrace/storage/v1/storage.pb.h"

namespace terrace::bench {
namespace {

absl::StatusOr<std::vector<store::CommittedPtr>> Page(store::Store* store, int64_t from,
                                                      int64_t to) {
  absl::StatusOr<std::vector<store::CommittedPtr>> page;
  absl::Notification read;
  store->ReadLog({from}, {to}, [&](absl::StatusOr<std::vector<store::CommittedPtr>> batches) {
    page = std::move(batches);
    read.Notify();
  });
  read.WaitForNotification();
  return page;
}

store::Batch Again(const store::Committed& committed) {
  store::Batch batch;
  batch.header = committed.header;
  for (const store::CommittedChange& change : committed.changes) {
    batch.changes.push_back({change.key, change.value});
  }
  return batch;
}

}  // namespace

absl::StatusOr<std::vector<store::Batch>> BatchesOf(const std::string& data_dir,
                                                    const std::string& keyspace,
                                                    absl::string_view method) {
  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                           store::OpenStore({absl::StrCat("sqlite:", data_dir), keyspace}));
  TERRACE_ASSIGN_OR_RETURN(const store::Cursor end, store->End());
  std::vector<store::Batch> batches;
  for (int64_t next = 1; next <= end.revision.value;) {
    TERRACE_ASSIGN_OR_RETURN(const auto page, Page(store.get(), next, end.revision.value));
    for (const store::CommittedPtr& committed : page) {
      storage::v1::Header header;
      if (header.ParseFromString(committed->header) && header.method() == method) {
        batches.push_back(Again(*committed));
      }
    }
    next = page.back()->revision.value + 1;
  }
  return batches;
}

size_t BytesOf(const store::Batch& batch) {
  size_t bytes = batch.header.size();
  for (const store::Change& change : batch.changes) {
    bytes += change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<RawStore>> RawStore::Open(const std::string& dir,
                                                         std::vector<store::Batch> batches) {
  if (batches.empty()) return Error(Reason::NOT_FOUND, {{"name", "a batch to repeat"}});
  TERRACE_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                           store::OpenStore({absl::StrCat("sqlite:", dir), "raw"}));
  return std::unique_ptr<RawStore>(new RawStore(std::move(store), std::move(batches)));
}

LoadResult RawStore::Run(int in_flight, absl::Duration time) {
  const int64_t run = runs_++;
  return RunLoad(
      in_flight, time, [this, run](int64_t i, absl::AnyInvocable<void(absl::Status)> done) {
        store::Batch batch = batches_[i % batches_.size()];
        batch.id = store::NewBatchId();
        for (store::Change& change : batch.changes) {
          absl::StrAppend(&change.key, "~", run, "-", i);
        }
        store_->Commit(std::move(batch),
                       [done = std::move(done)](absl::StatusOr<store::Revision> stored) mutable {
                         done(stored.status());
                       });
      });
}

}  // namespace terrace::bench
