// The guarantees, each as a function that looks for what breaks it.
//
// A validator is pure: it takes what clients, watchers and stores showed and says how often it
// looked and what it found. A finding carries the smallest history that shows it: the calls and the
// batches that contradict each other.
#ifndef TERRACE_TESTS_ROBUSTNESS_VALIDATORS_H_
#define TERRACE_TESTS_ROBUSTNESS_VALIDATORS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/robustness/history.h"
#include "tests/robustness/log.h"
#include "tests/robustness/watchers.h"

namespace terrace::robustness {

using Logs = std::map<std::string, Log>;  // By service.

// What one replica shows: resource by name, at one position.
struct Replica {
  std::string name;
  std::string service;
  std::string what;  // "units", "scores": replicas of one service are compared by it.
  std::map<std::string, std::string> rows;
};

// A figure as a service says it, and as it comes out when somebody else counts.
struct Recomputed {
  std::string what;
  std::string said;
  std::string counted;
};

struct Verdict {
  std::string guarantee;
  int64_t checks = 0;
  std::vector<std::string> violations;
};

// A change that was acknowledged is in the log, at the position that the reply told or before; so
// are the rows that it had to write.
Verdict NothingAcknowledgedLost(const std::vector<Call>& calls, const Logs& logs);

// No batch id and no request id is in a log twice; what is written once (an observation, a
// submission) is never written again; what was refused is not there.
Verdict NothingAppliedTwice(const std::vector<Call>& calls, const Logs& logs);

// Of edits under one etag at most one succeeds, and the register holds every edit in the order of
// the etags: nobody's was overwritten. A code belongs to one unit at a time.
Verdict GuardsHonoured(const std::vector<Call>& calls, const Logs& logs);

// A dry run leaves neither its request id nor the rows that it asked about in any log.
Verdict DryRunsWriteNothing(const std::vector<Call>& calls, const Logs& logs);

// Clients got an answer of every public method (api.h): `answers` counts them.
Verdict CoversTheApi(const std::map<std::string, int64_t>& answers);

// A read that asked for its caller's own writes shows them.
Verdict ReadYourWrites(const std::vector<ReadBack>& reads);

// Every answer is one that some order of the calls explains.
Verdict AnswersAreLawful(const std::vector<Surprise>& surprises);

// Revisions are 1, 2, 3, ...; the log keeps its name; every leaf recomputes.
Verdict LogIsGapless(const Logs& logs);
Verdict LogTimeNeverDecreases(const Logs& logs);
// The rows that are there are those that the log leaves behind.
Verdict StateIsWhatTheLogSays(const Logs& logs);

// The watch contract (ARCHITECTURE.md), by its names.
Verdict WatchOrdered(const std::vector<Watch>& watches);
Verdict WatchUnique(const std::vector<Watch>& watches);
Verdict WatchAtomic(const std::vector<Watch>& watches, const Logs& logs);
Verdict WatchReliable(const std::vector<Watch>& watches, const Logs& logs);
Verdict WatchResumable(const std::vector<Watch>& watches, const Logs& logs);

// An announced publication has as many results as it says, with the root that it says; from then on
// none of them changes.
Verdict PublishedStays(const Logs& logs);

Verdict ScoresEqualRecomputation(const std::vector<Recomputed>& scores);

Verdict ReplicasConverge(const std::vector<Replica>& replicas);

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_VALIDATORS_H_
