// Sends the rows of an import: batches, each a stream of its own, several under way at once.
//
// Concept. A stream is answered only at its end, so a whole import in one stream would show nothing
// until it is over and lose its answers with the connection. Batches are answered one by one: what
// was answered is stored for good, and progress is what is stored, not what was sent. Rows of
// batches that are under way together must not be parents of each other; Barrier waits for all.
//
// Thread-safety. Belongs to one thread; it starts threads of its own.
#ifndef TERRACE_SERVICES_TERRACE_UNIT_SENDER_H_
#define TERRACE_SERVICES_TERRACE_UNIT_SENDER_H_

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/terrace/client.h"
#include "services/terrace/progress.h"
#include "terrace/registry/v1/import.pb.h"

namespace terrace::cli {

// What became of rows.
struct ImportTotals {
  int64_t rows = 0;
  int64_t created = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t rejected = 0;
  // The first rows refused, numbered over the whole import from 1.
  std::vector<types::v1::RowResult> refused;
};
inline constexpr size_t kRefusedShown = 20;

struct SenderOptions {
  std::string subtree;  // As in ImportUnitsRequest.
  bool dry_run = false;
  int streams = 2;  // Under way at once.
  int64_t batch_rows = 20000;
  int message_rows = 1000;
};

class UnitSender {
 public:
  // Both outlive it; `progress` may be null.
  UnitSender(Client* client, SenderOptions options, Progress* progress);
  // Drops what was not sent.
  ~UnitSender();

  // Takes a row. May wait until a batch is through. The error of an earlier batch, when there is
  // one.
  absl::Status Send(registry::v1::ImportUnitRow row);
  // Waits until every row taken is answered.
  absl::Status Barrier();
  // What has been answered so far.
  ImportTotals totals() const;

 private:
  struct Batch {
    int64_t first_row = 0;
    std::vector<registry::v1::ImportUnitsRequest> messages;
    int64_t rows = 0;
  };

  absl::Status Flush() ABSL_LOCKS_EXCLUDED(mu_);
  void Work() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status SendBatch(const Batch& batch) ABSL_LOCKS_EXCLUDED(mu_);
  void Take(const Batch& batch, const registry::v1::ImportUnitsResponse& reply)
      ABSL_LOCKS_EXCLUDED(mu_);
  bool CanTake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return waiting_.empty() || !error_.ok();
  }
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return (waiting_.empty() && under_way_ == 0) || !error_.ok();
  }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !waiting_.empty() || stopping_; }

  Client* const client_;
  const SenderOptions options_;
  Progress* const progress_;
  Batch batch_;  // Being filled.
  int64_t rows_taken_ = 0;

  mutable absl::Mutex mu_;
  std::vector<Batch> waiting_ ABSL_GUARDED_BY(mu_);  // At most one.
  int under_way_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mu_);  // The first one.
  ImportTotals totals_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_UNIT_SENDER_H_
