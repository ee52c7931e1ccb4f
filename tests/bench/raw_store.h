// The store with no service above it: the same batches that a service has committed, committed
// again into a fresh store of the same engine.
#ifndef TERRACE_TESTS_BENCH_RAW_STORE_H_
#define TERRACE_TESTS_BENCH_RAW_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/store/store.h"
#include "tests/bench/load.h"

namespace terrace::bench {

// The batches in the log of `keyspace` below `data_dir` that the method `method` has made. The
// store must not be open.
absl::StatusOr<std::vector<store::Batch>> BatchesOf(const std::string& data_dir,
                                                    const std::string& keyspace,
                                                    absl::string_view method);

// Keys and values of a batch, in bytes.
size_t BytesOf(const store::Batch& batch);

class RawStore {
 public:
  // Commits `batches` over and over, under keys that are new each time.
  static absl::StatusOr<std::unique_ptr<RawStore>> Open(const std::string& dir,
                                                        std::vector<store::Batch> batches);
  LoadResult Run(int in_flight, absl::Duration time);

 private:
  RawStore(std::unique_ptr<store::Store> store, std::vector<store::Batch> batches)
      : store_(std::move(store)), batches_(std::move(batches)) {}

  const std::unique_ptr<store::Store> store_;
  const std::vector<store::Batch> batches_;
  int64_t runs_ = 0;
};

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_RAW_STORE_H_
