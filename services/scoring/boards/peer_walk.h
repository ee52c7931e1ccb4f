// Going over the units below one, in slices under the lock of the facts, and over those that
// changed meanwhile: what was taken of each then speaks for one vector.
//
//   if (walk.Lost(board)) { forget what was taken; walk.Start(board); }
//   if (walk.walking()) walk.Walk(board, top, take);              // And come again.
//   else if (walk.CatchUp(board, take)) all that was taken is as of now
//
// Thread-safety: none; belongs to one request.
#ifndef TERRACE_SERVICES_SCORING_BOARDS_PEER_WALK_H_
#define TERRACE_SERVICES_SCORING_BOARDS_PEER_WALK_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/types/optional.h"
#include "services/scoring/boards/scheme_board.h"

namespace terrace::scoring {

// Limits.
inline constexpr int kCopiedAtOnce = 1000;   // Units looked at under one hold of the lock,
inline constexpr int kGatheredAtOnce = 200;  // and where the sheet of each is gathered again.

class PeerWalk {
 public:
  using TakeFn = absl::FunctionRef<void(Unit unit)>;

  // Whether it has not begun, or the board was built anew or has forgotten what changed since.
  bool Lost(const SchemeBoard& board) const {
    return !started_ || epoch_ != board.epoch() || !board.Remembers(number_);
  }
  void Start(const SchemeBoard& board) {
    started_ = walking_ = true;
    epoch_ = board.epoch();
    number_ = board.change_number();
    after_.reset();
  }
  // For the units below `top`, which may be none of the board's.
  void StartBelow(const SchemeBoard& board, Unit top) {
    Start(board);
    walking_ = top != kNoUnit && board.order().Contains(top);
  }
  // For a board whose units are taken while another one is walked.
  void StartBeside(const SchemeBoard& board) {
    Start(board);
    walking_ = false;
  }

  bool walking() const { return walking_; }
  // The next units of the subtree, `top` included.
  void Walk(const SchemeBoard& board, Unit top, TakeFn take, int units_max = kCopiedAtOnce) {
    TreeOrder::Walk walk(&board.order(), top, after_);
    Unit last = top;
    for (int i = 0; i < units_max && !walk.done(); ++i, walk.Next()) {
      last = walk.unit();
      take(last);
    }
    walking_ = !walk.done();
    if (walking_) after_ = board.order().PathOf(last, top);
  }
  // Units that changed since, wherever they are. True when these were all.
  bool CatchUp(const SchemeBoard& board, TakeFn take, int units_max = kCopiedAtOnce) {
    const std::vector<Unit> changed = board.ChangedAfter(number_, units_max);
    for (Unit unit : changed) take(unit);
    number_ += static_cast<int64_t>(changed.size());
    return number_ >= board.change_number();
  }

 private:
  bool started_ = false;
  bool walking_ = false;
  int64_t epoch_ = 0;
  int64_t number_ = 0;                 // Changes up to here were taken.
  absl::optional<std::string> after_;  // Path of the last unit that the walk looked at.
};

}  // namespace terrace::scoring

#endif  // TERRACE_SERVICES_SCORING_BOARDS_PEER_WALK_H_
