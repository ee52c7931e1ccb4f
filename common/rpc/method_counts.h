// How often a method was called and how long its calls took.
#ifndef TERRACE_COMMON_RPC_METHOD_COUNTS_H_
#define TERRACE_COMMON_RPC_METHOD_COUNTS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace terrace::rpc {

// The first bucket holds calls of up to a quarter of a millisecond, each of the others those of up
// to twice the one before; the last, all longer ones.
inline constexpr int kTimeBuckets = 18;
inline constexpr absl::Duration kFirstTimeBucket = absl::Microseconds(250);

struct MethodCounts {
  int64_t calls = 0;     // That have ended.
  int64_t failures = 0;  // Of them, those that ended with an error.
  absl::Duration time;
  std::array<int64_t, kTimeBuckets> buckets{};
};

// Thread-safe and without locks. A reader sees calls that end at that moment in part.
class MethodCounter {
 public:
  void Add(bool failed, absl::Duration time) {
    int bucket = 0;
    for (absl::Duration upper = kFirstTimeBucket; time > upper && bucket + 1 < kTimeBuckets;
         upper *= 2) {
      ++bucket;
    }
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    failures_.fetch_add(failed ? 1 : 0, std::memory_order_relaxed);
    nanoseconds_.fetch_add(absl::ToInt64Nanoseconds(time), std::memory_order_relaxed);
  }

  MethodCounts Get() const {
    MethodCounts counts;
    for (int i = 0; i < kTimeBuckets; ++i) {
      counts.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
      counts.calls += counts.buckets[i];
    }
    counts.failures = failures_.load(std::memory_order_relaxed);
    counts.time = absl::Nanoseconds(nanoseconds_.load(std::memory_order_relaxed));
    return counts;
  }

 private:
  std::array<std::atomic<int64_t>, kTimeBuckets> buckets_{};
  std::atomic<int64_t> failures_{0};
  std::atomic<int64_t> nanoseconds_{0};
};

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_METHOD_COUNTS_H_
