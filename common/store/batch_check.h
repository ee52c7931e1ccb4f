// The limits and the form of a batch, the same for every engine. Pure, thread-safe.
#ifndef TERRACE_COMMON_STORE_BATCH_CHECK_H_
#define TERRACE_COMMON_STORE_BATCH_CHECK_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/store/store.h"

namespace terrace::store {

// What counts against kBatchBytesMax.
size_t BatchBytes(const Batch& batch);

// INVALID_ARGUMENT with what is wrong.
absl::Status CheckBatch(const Batch& batch);
absl::Status CheckReadKeys(absl::Span<const std::string> keys);
absl::Status CheckScanLimit(int limit);

// The CLOCK_SKEW of a batch whose time is so far ahead of the store's clock.
absl::Status TooEarly(absl::Duration ahead);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_BATCH_CHECK_H_
