// Sums of whole columns over all subtrees at once.
//
// Concept. The rows that have others below them are put in an order in which every one stands
// before the one above it, once; then a column is summed up in one pass over it as it is, each unit
// adding what it has to the unit above. Only units that have others below them keep a sum, so the
// sums of a nation fit a processor's cache, and the pass costs little more than reading the column.
//
// Sums are exact integers: the order of rows never matters.
//
// Thread-safety: a Forest is immutable once made; any number of threads may sum up columns.
#ifndef TERRACE_SERVICES_SCORING_ENGINE_ROLL_UP_H_
#define TERRACE_SERVICES_SCORING_ENGINE_ROLL_UP_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "common/base/fixed.h"

namespace terrace::scoring::engine {

// A cell of a column, in units of 1e-12; kNoCell where there is nothing.
inline constexpr int64_t kNoCell = std::numeric_limits<int64_t>::min();

// What each subtree has in a column, the unit at its top included: one of each an inner row. Apart,
// so that they are as small as they can be: they are written for every column that is read.
struct SubtreeSums {
  std::vector<int128_t> sums;   // In 1e-12.
  std::vector<int32_t> counts;  // Cells.
  // nullopt without cells.
  absl::optional<Fixed> mean(size_t inner) const;
};

class Forest {
 public:
  // Row of the unit above each row, -1 at the top. A row that is part of a cycle is CHECKed.
  explicit Forest(absl::Span<const int> parents);

  // Rows that have others below them.
  absl::Span<const int> inner_rows() const { return inner_rows_; }

  // `column` has a cell a row; room that `out` has already is used again.
  void SumUp(absl::Span<const int64_t> column, SubtreeSums* out) const;

 private:
  // Rows that follow each other in the table, with the same unit above.
  struct Run {
    int first = 0;
    int end = 0;
    int above = 0;
  };

  std::vector<int> above_;       // By row: index of the unit above in inner_rows_, or their number.
  std::vector<int> own_;         // By row: its own index in inner_rows_, -1 without others below.
  std::vector<int> inner_rows_;  // The deepest first.
  std::vector<Run> leaves_;      // Rows without others below, in the order of the table.
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_ROLL_UP_H_
