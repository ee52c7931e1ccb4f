// Batches as the stream holds them. Pure, thread-safe.
#ifndef TERRACE_COMMON_STORE_REDIS_BATCHES_H_
#define TERRACE_COMMON_STORE_REDIS_BATCHES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "common/store/redis/reply.h"
#include "common/store/store.h"

namespace terrace::store::redis {

struct StoredBatch {
  CommittedPtr batch;  // Its leaf is computed here.
  LogId log_id;        // Under which it was made.
  size_t bytes = 0;
};

// Of an answer of XRANGE, or the part of XREAD's that is one stream. STORE_DAMAGED when something
// cannot be read.
absl::StatusOr<std::vector<StoredBatch>> ParseBatches(View entries);

}  // namespace terrace::store::redis

#endif  // TERRACE_COMMON_STORE_REDIS_BATCHES_H_
