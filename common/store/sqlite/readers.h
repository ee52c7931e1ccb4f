// The reading side of a SQLite keyspace: any number of threads, each on a connection of its own for
// the length of one page. Pages are short because a long read keeps the write-ahead log from
// starting over, and it would grow without bound.
//
// Thread-safe.
#ifndef TERRACE_COMMON_STORE_SQLITE_READERS_H_
#define TERRACE_COMMON_STORE_SQLITE_READERS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/store/store.h"

namespace terrace::store::sqlite {

class Readers {
 public:
  // The file must be there and stay in WAL mode. While `gate` is held exclusively nobody reads; it
  // must outlive this object.
  Readers(std::string path, absl::Mutex* gate);
  ~Readers();

  absl::StatusOr<std::vector<absl::optional<Entry>>> Read(absl::Span<const std::string> keys);

  // The first entries of the range, up to `limit` of them or until they have `bytes_max` bytes.
  absl::StatusOr<std::vector<Entry>> Scan(const KeyRange& range, int limit, size_t bytes_max);

  // One page of the log; COMPACTED when its beginning is gone.
  absl::StatusOr<std::vector<CommittedPtr>> LogPage(Revision from, Revision to);

 private:
  struct Reader;  // A connection and its statements.
  class Borrowed;

  absl::StatusOr<std::unique_ptr<Reader>> Take();
  void GiveBack(std::unique_ptr<Reader> reader);

  const std::string path_;
  absl::Mutex* const gate_;
  absl::Mutex mu_;
  std::vector<std::unique_ptr<Reader>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace terrace::store::sqlite

#endif  // TERRACE_COMMON_STORE_SQLITE_READERS_H_
