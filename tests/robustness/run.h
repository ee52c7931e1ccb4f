// One run over one form: traffic, faults, quiet points with all validators, and a summary.
#ifndef TERRACE_TESTS_ROBUSTNESS_RUN_H_
#define TERRACE_TESTS_ROBUSTNESS_RUN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/robustness/faults.h"
#include "tests/robustness/validators.h"

namespace terrace::robustness {

struct RunOptions {
  bool distributed = false;
  uint64_t seed = 0;
  absl::Duration length;      // Of traffic and faults; quiet points come on top.
  absl::Duration quiet_each;  // Between two quiet points.
  absl::Duration pace;        // Mean time between two faults.
  std::string dir;            // For data and logs of the processes.
};

struct Summary {
  RunOptions options;
  std::map<std::string, std::map<std::string, int64_t>> calls;  // Method, outcome: count.
  int64_t dry_runs = 0;                                         // Not among the calls.
  int64_t attempts = 0;
  std::map<std::string, int64_t> methods;  // Answers by method, reads included.
  std::map<FaultKind, int> faults;
  std::map<std::string, int64_t> batches;         // By log.
  std::map<std::string, int64_t> watch_messages;  // By watcher.
  int64_t watch_streams = 0;
  int quiet_points = 0;
  absl::Duration longest_silence;
  absl::Duration longest_recovery;  // From the end of the faults until everything answered.
  std::vector<Verdict> verdicts;    // Of the last look; violations of all.
  std::vector<std::string> all_faults;

  bool failed() const;
};

Summary Run(const RunOptions& options);

// For people: a table, and the violations with the seed.
std::string ToText(const Summary& summary);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_RUN_H_
