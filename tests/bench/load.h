// Load for benchmarks: a fixed number of calls in flight for a while, and what came of it.
#ifndef TERRACE_TESTS_BENCH_LOAD_H_
#define TERRACE_TESTS_BENCH_LOAD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace terrace::bench {

// What a stretch of load came to.
struct LoadResult {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  int64_t calls = 0;
  int64_t failed = 0;
  std::string first_error;
};

// Starts one unit of work, number i; runs `done` when it is over.
using StartWork = std::function<void(int64_t i, absl::AnyInvocable<void(absl::Status)> done)>;

// Keeps `in_flight` units of work going for `time`, after a quarter of it as warm-up. What ends in
// that time counts, whenever it began, so that slow work is not counted short.
LoadResult RunLoad(int in_flight, absl::Duration time, StartWork start);

// Middle value; the values are sorted by it.
double Median(std::vector<double> values);

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_LOAD_H_
