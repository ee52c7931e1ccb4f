// What a rolled-up score can still come to while lines of the sheets below are not assessed.
//
// Concept. The least is the score on a board of the subtree in which every open line of every sheet
// has earned nothing, the most that on one in which it has earned everything; lines that are
// assessed, extras and weights are as they are. So the bounds are as exact as scores are, whatever
// the roll-ups on the way. They are made when somebody asks: kept up to date, they would double
// what a board holds and what a change costs.
//
// Thread-safety: none; belongs to one request.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_SUBTREE_OUTLOOK_H_
#define TERRACE_SERVICES_SCORING_ENGINE_SUBTREE_OUTLOOK_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "common/base/fixed.h"
#include "services/scoring/engine/board.h"
#include "services/scoring/engine/leaf.h"
#include "services/scoring/engine/scheme.h"
#include "services/scoring/engine/sheet.h"

namespace terrace::scoring::engine {

struct RolledOutlook {
  int64_t open_sheets = 0;  // Sheets with open lines, the unit's own one included.
  // nullopt where there is no score even then, or where a ratio of sums counts a leaf that is open:
  // nobody knows how much there will be to count.
  absl::optional<Fixed> least;
  absl::optional<Fixed> most;
  // Of these, by bounds: -1 for none, as for a unit that is disqualified.
  int worst_band = -1;
  int best_band = -1;
};

class SubtreeOutlook {
 public:
  // `scheme` outlives it.
  explicit SubtreeOutlook(const Scheme* scheme);

  // Whether a sheet may have open lines, so that Take wants its input.
  static bool MayBeOpen(const SheetValue& sheet);

  // Takes a unit of the subtree, which has a place, as it is on the board now; `input` is
  // that of its sheet where that may be open, else empty. Takes it anew when it is known already.
  void Take(const Board& board, Unit unit, SheetInput input);
  // The unit is not in the subtree any more.
  void Drop(Unit unit);
  // Makes bounds of what was taken since. Uses nothing of the board.
  void Settle();

  size_t size() const { return rows_.size(); }
  // Of a unit that was taken and has a roll-up. All of its subtree has been taken as of one instant
  // and settled.
  RolledOutlook Of(Unit top) const;

 private:
  struct Row {
    bool there = false;
    bool open = false;
    bool uncounted = false;  // A leaf that some basis counts is open.
    Unit parent = kNoUnit;
    int rollup = 0;
    std::vector<absl::optional<int64_t>> weights;  // By weight column.
    absl::optional<SheetValue> least;
    absl::optional<SheetValue> most;
  };

  UnitScore ScoreAt(Unit top, absl::optional<SheetValue> Row::*sheet) const;

  const Scheme* const scheme_;
  SheetFinisher finisher_;
  SheetResult sheet_;              // The one that is being settled.
  std::vector<int> ratio_leaves_;  // As on boards of the scheme.
  std::vector<Row> rows_;
  absl::flat_hash_map<Unit, uint32_t> index_;
  std::vector<std::pair<uint32_t, SheetInput>> taken_;  // Not settled: row, and what it is of.
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_SUBTREE_OUTLOOK_H_
