// Copying what a rolled-up score can still come to off a board: the units of its subtree, in slices
// under the lock of the facts.
//
// Thread-safety: none; belongs to one request.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_OUTLOOK_WALK_H_
#define TERRACE_SERVICES_SCORING_BOARDS_OUTLOOK_WALK_H_

#include "absl/types/optional.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/engine/subtree_outlook.h"

namespace terrace::scoring {

// Limits.
inline constexpr size_t kOutlookUnitsMax = 250'000;  // Of a subtree.
inline constexpr int kOutlookUnitsAtOnce = 100;      // Taken under one hold of the lock.

class OutlookWalk {
 public:
  // Under the lock. True when it is to be called again; otherwise all that was copied is as of now,
  // or there is too much of it.
  bool Copy(const SchemeBoard& board, Unit top);
  // After every Copy, without the lock.
  void Work();
  // Of the top, once copied; nullopt when there was too much.
  absl::optional<engine::RolledOutlook> Result(Unit top) const;

 private:
  PeerWalk walk_;
  absl::optional<engine::SubtreeOutlook> subtree_;
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_OUTLOOK_WALK_H_
