#include "services/scoring/scores/board_read.h"

namespace terrace::scoring {
namespace {

// True when the read is over; false when the board is not ready any more.
bool RunOn(Scoreboards& boards, const Scoreboards::BoardPin& pin, BoardRead& read,
           absl::Status* status) {
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) {
    const bool copied = boards.Read(
        pin, [&](const SchemeBoard& board, const Facts& facts) { more = read.Copy(board, facts); });
    if (!copied) return false;
    if (more.ok()) read.Work(*more);
  }
  *status = more.status();
  return true;
}

}  // namespace

void OnBoard(const ReadContext& context, rpc::Call& call, const BoardKey& key, bool quick,
             std::shared_ptr<BoardRead> read, rpc::StatusDone done) {
  if (quick) {
    absl::Status status;
    const Scoreboards::BoardPin pin = context.boards->Peek(key);
    if (pin != nullptr && RunOn(*context.boards, pin, *read, &status)) {
      done(std::move(status));
      return;
    }
  }
  auto opened = [context, &call, key, read = std::move(read),
                 done = std::move(done)](absl::StatusOr<Scoreboards::BoardPin> pin) mutable {
    if (!pin.ok()) {
      done(pin.status());
      return;
    }
    context.machine->executor().Post([context, &call, key, pin = *std::move(pin),
                                      read = std::move(read), done = std::move(done)]() mutable {
      absl::Status status;
      if (RunOn(*context.boards, pin, *read, &status)) {
        if (key.draft != nullptr) context.boards->Close(pin);
        done(std::move(status));
      } else {
        OnBoard(context, call, key, /*quick=*/false, std::move(read), std::move(done));
      }
    });
  };
  context.boards->Open(key, call.deadline, std::move(opened));
}

void OnTwoBoards(const ReadContext& context, rpc::Call& call, const BoardKey& key,
                 const BoardKey& other, std::shared_ptr<PairRead> read, rpc::StatusDone done) {
  auto opened = [context, &call, key, other, read = std::move(read),
                 done = std::move(done)](absl::StatusOr<Scoreboards::BoardPin> pin) mutable {
    if (!pin.ok()) {
      done(pin.status());
      return;
    }
    read->boards_ = context.boards.get();
    read->other_ = *std::move(pin);
    auto over = [context, &call, key, other, read,
                 done = std::move(done)](const absl::Status& status) mutable {
      if (read->lost_) {
        OnTwoBoards(context, call, key, other, std::move(read), std::move(done));
        return;
      }
      if (other.draft != nullptr) context.boards->Close(read->other_);
      read->other_.reset();
      done(status);
    };
    OnBoard(context, call, key, /*quick=*/false, read, std::move(over));
  };
  context.boards->Open(other, call.deadline, std::move(opened));
}

absl::StatusOr<Unit> BoardRead::VisibleUnit(const SchemeBoard& board, const Facts& facts,
                                            const Audience& audience, const ScoreRef& ref) {
  const Unit unit = facts.ids.Find(ref.unit);
  if (unit == kNoUnit || !board.board().HasPlace(unit) || !audience.MaySee(ref.unit)) {
    return NotFound(ScoreName(ref.unit, ref.scheme, ref.period));
  }
  return unit;
}

}  // namespace terrace::scoring
