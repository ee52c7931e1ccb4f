// What is measured: each function adds its rows to the table. An error means that the measurement
// could not be set up; calls that fail under load are told in their row.
#ifndef TERRACE_TESTS_BENCH_MEASUREMENTS_H_
#define TERRACE_TESTS_BENCH_MEASUREMENTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/bench/echo.h"
#include "tests/bench/table.h"
#include "tests/bench/world.h"

namespace terrace::bench {

struct Effort {
  int rounds = 5;
  absl::Duration turn = absl::Milliseconds(500);  // Of one contestant in one round.
};

// Unary reads against a bare gRPC echo: WhoAmI, GetUnit and GetScore, in one process and through
// the gateway.
absl::Status MeasureCalls(const Effort& effort, const EchoServer& echo, const World& together,
                          const World& apart, Table* table);

// Reports handed in, against their batches committed to the bare store. Stops the world for a
// moment.
absl::Status MeasureReports(const Effort& effort, World* world, Table* table);

// Observations synced by several devices, against their batches committed to the bare store. Stops
// the world for a moment.
absl::Status MeasureVisits(const Effort& effort, World* world, Table* table);

// From a visit's acknowledgement to the root's score on a watch, against an echo.
absl::Status MeasureScores(const EchoServer& echo, const World& world, Table* table);

}  // namespace terrace::bench

#endif  // TERRACE_TESTS_BENCH_MEASUREMENTS_H_
