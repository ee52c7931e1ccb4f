// What durable writes are compared with: the very batches that a service has committed, committed
// again under new keys by whatever the service's store stands on.
#ifndef TERRACE_TESTS_BENCH_YARDSTICKS_H_
#define TERRACE_TESTS_BENCH_YARDSTICKS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/store.h"
#include "tests/bench/table.h"
#include "tests/bench/world.h"

namespace terrace::bench {

struct Writes {
  std::string what;  // "a report's batch".
  std::string unit;  // "reports/s".
  std::vector<store::Batch> batches;
  int per_batch = 1;  // Units in a batch.
  int in_flight = 1;  // Batches.
  absl::Duration turn;
};

// On SQLite: the store alone. On Redis: the commit script alone, pipelined, and redis-benchmark's
// SET of as many bytes over 50 connections. The world outlives the contestants.
absl::StatusOr<std::vector<Contestant>> YardsticksOf(const World& world, Writes writes);

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_YARDSTICKS_H_
