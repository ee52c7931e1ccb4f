// A board of Scoreboards with what is kept beside it. For the sources of that class alone.
//
// Thread-safety: all under the lock of the facts.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_SCOREBOARD_ENTRY_H_
#define TERRACE_SERVICES_SCORING_BOARDS_SCOREBOARD_ENTRY_H_

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/scoring/boards/scoreboards.h"

namespace terrace::scoring {

struct Scoreboards::Entry {
  Entry(std::shared_ptr<const CompiledScheme> scheme, const BoardKey& key, const Facts* facts)
      : board(std::move(scheme), key.period, facts, key.at),
        at(key.at),
        draft(key.draft != nullptr) {}

  SchemeBoard board;
  const absl::optional<absl::Time> at;
  const bool draft;
  bool building = false;
  bool given_up = false;  // Nobody is to have it any more, so it need not be built to its end.
  std::vector<absl::AnyInvocable<void()>> waiting;  // For the board to be ready.
  // Change numbers at the vectors of late, oldest first.
  struct Held {
    std::string vector;
    int64_t epoch;
    int64_t structure;
    int64_t change_number;
  };
  std::deque<Held> held;
  void Hold(const types::v1::RevisionVector& vector) {
    held.push_back({vector.SerializeAsString(), board.epoch(), board.structure_number(),
                    board.change_number()});
    if (held.size() > kVectorsHeld) held.pop_front();
  }
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_SCOREBOARD_ENTRY_H_
