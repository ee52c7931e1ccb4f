// A sink that follows a log as a State would, and fails the test when the feed breaks the contract.
#ifndef TERRACE_TESTS_STORE_RECORDER_H_
#define TERRACE_TESTS_STORE_RECORDER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "common/store/store.h"

namespace terrace::store {

// How long a test waits for what must come; far beyond what a busy machine needs.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Thread-safe.
class Recorder : public Sink {
 public:
  // `after`: the cursor that Follow is called with.
  explicit Recorder(absl::optional<Cursor> after = absl::nullopt);

  void OnSnapshotPage(std::vector<Entry> entries) override;
  void OnSnapshotEnd(Cursor cursor) override;
  void OnBatch(CommittedPtr batch) override;
  void OnEnd(absl::Status status) override;

  // While blocked, the next call to the sink does not return.
  void Block();
  void Unblock();
  // False when it did not happen in time.
  bool WaitUntilBlocked() const;

  // False when it did not come in time.
  bool WaitForSnapshot() const;
  bool WaitForRevision(Revision revision) const;
  bool WaitForEnd() const;

  // What is live as of the last call, folded as the contract says.
  std::map<std::string, Entry> Live() const;
  std::vector<CommittedPtr> batches() const;
  absl::optional<Cursor> snapshot_end() const;
  absl::optional<absl::Status> end() const;
  int pages() const;

 private:
  struct Cell {  // A deleted key keeps its cell: an older value must not come back.
    absl::optional<std::string> value;
    Revision revision;
  };

  void StartCall() ABSL_LOCKS_EXCLUDED(mu_);

  mutable absl::Mutex mu_;
  const bool expect_snapshot_;
  bool blocking_ ABSL_GUARDED_BY(mu_) = false;
  bool blocked_ ABSL_GUARDED_BY(mu_) = false;
  bool in_call_ ABSL_GUARDED_BY(mu_) = false;
  std::string last_key_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Cell> cells_ ABSL_GUARDED_BY(mu_);
  std::vector<CommittedPtr> batches_ ABSL_GUARDED_BY(mu_);
  absl::optional<Revision> last_ ABSL_GUARDED_BY(mu_);
  absl::optional<Cursor> snapshot_end_ ABSL_GUARDED_BY(mu_);
  absl::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  int pages_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace terrace::store

#endif  // TERRACE_TESTS_STORE_RECORDER_H_
