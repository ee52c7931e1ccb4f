// A store that misbehaves by plan: a decorator for tests of whoever uses a store.
//
// It does what the contract allows and people forget: answers that never say whether the batch was
// stored, refusals under load, reads that fail, followers that are cut off, answers that come late
// and in another order. It never does what the contract forbids.
//
// Every fault is drawn from the seed in the order of the calls, so a single-threaded test repeats
// exactly. Thread-safe as Store is.
#ifndef TERRACE_COMMON_STORE_FAULTY_H_
#define TERRACE_COMMON_STORE_FAULTY_H_

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "common/store/store.h"

namespace terrace::store {

// How often what happens; probabilities from 0 to 1.
struct FaultPlan {
  uint64_t seed = 0;
  double commit_refused = 0;     // OVERLOADED; not stored.
  double commit_lost = 0;        // OUTCOME_UNKNOWN; not stored.
  double commit_reply_lost = 0;  // OUTCOME_UNKNOWN, whatever the store answered.
  double read_failed = 0;        // STORE_UNREADABLE, of Read, Scan and ReadLog.
  double follow_cut = 0;         // Per batch: OnEnd with STORE_UNREADABLE instead of it.
  double late = 0;               // Answers of Commit held back for a random time up to late_max.
  absl::Duration late_max = absl::Milliseconds(20);
};

// What happened so far.
struct FaultCounts {
  int commits_refused = 0;
  int commits_lost = 0;
  int commit_replies_lost = 0;
  int reads_failed = 0;
  int follows_cut = 0;
  int late = 0;
};

class FaultyStore : public Store {
 public:
  // From now on everything works.
  virtual void Heal() = 0;
  virtual FaultCounts counts() const = 0;
};

std::unique_ptr<FaultyStore> MakeFaulty(std::unique_ptr<Store> store, const FaultPlan& plan);

}  // namespace terrace::store

#endif  // TERRACE_COMMON_STORE_FAULTY_H_
