#include "services/scoring/boards/outlook_walk.h"

#include <utility>
#include <vector>

namespace terrace::scoring {

bool OutlookWalk::Copy(const SchemeBoard& board, Unit top) {
  if (walk_.Lost(board)) {
    subtree_.emplace(&board.scheme().engine);
    walk_.Start(board);
  }
  const auto take = [&](Unit unit) {
    if (!board.order().IsUnder(unit, top)) {
      subtree_->Drop(unit);
      return;
    }
    const absl::optional<engine::SheetValue> sheet = board.board().SheetOf(unit);
    engine::SheetInput input;
    if (sheet && engine::SubtreeOutlook::MayBeOpen(*sheet)) {
      input = board.Explain(unit, /*with_records=*/false).input;
    }
    subtree_->Take(board.board(), unit, std::move(input));
  };
  if (subtree_->size() > kOutlookUnitsMax) return false;
  if (!walk_.walking()) return !walk_.CatchUp(board, take, kOutlookUnitsAtOnce);
  walk_.Walk(board, top, take, kOutlookUnitsAtOnce);
  return true;
}

void OutlookWalk::Work() {
  if (subtree_) subtree_->Settle();
}

absl::optional<engine::RolledOutlook> OutlookWalk::Result(Unit top) const {
  if (!subtree_ || subtree_->size() > kOutlookUnitsMax) return absl::nullopt;
  return subtree_->Of(top);
}

}  // namespace terrace::scoring
