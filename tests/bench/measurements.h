// What is measured: each function adds its rows to the table. An error means that the measurement
// could not be set up; calls that fail under load are told in their row.
#ifndef TERRACE_TESTS_BENCH_MEASUREMENTS_H_
#define TERRACE_TESTS_BENCH_MEASUREMENTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tests/bench/echo.h"
#include "tests/bench/table.h"
#include "tests/bench/world.h"

namespace terrace::bench {

struct Effort {
  int rounds = 5;
  absl::Duration turn = absl::Milliseconds(500);  // Of one contestant in one round.
};

// Unary reads against a bare gRPC echo: WhoAmI, GetUnit and GetScore.
absl::Status MeasureCalls(const Effort& effort, const EchoServer& echo,
                          absl::Span<const World* const> worlds, Table* table);

// Reports handed in, against the yardsticks of their batches.
absl::Status MeasureReports(const Effort& effort, World* world, Table* table);

// Observations synced by several devices, against the yardsticks of their batches.
absl::Status MeasureVisits(const Effort& effort, World* world, Table* table);

// From a visit's acknowledgement to the root's score on a watch, against an echo.
absl::Status MeasureScores(const EchoServer& echo, const World& world, Table* table);

// A Redis master that is killed under a steady load: how long nothing is acknowledged, against the
// time that Redis takes to make another one master.
absl::Status MeasureFailover(store::RedisCluster* cluster, Table* table);

// The scoring engine on 620,573 villages and 100 columns, against memory, std::sort and DuckDB.
void MeasureEngine(const Effort& effort, Table* table);

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_MEASUREMENTS_H_
