// Sums of whole columns over all subtrees at once.
//
// Concept. The rows that have others below them are put in an order in which every one stands
// before the one above it, once; then a column is summed up in one pass over it as it is, each unit
// adding what it has to the unit above. Only units that have others below them keep a sum, and
// nearly all of these are written once, so that the pass costs little more than reading the column.
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
  // Rows without others below that follow each other in the table, with the same row above.
  struct Run {
    int first = 0;
    int end = 0;
  };

  size_t rows_ = 0;
  std::vector<int> inner_rows_;  // What is below one comes before it.
  std::vector<int> above_;       // By inner row: index of the one above it, -1 at the top.
  size_t bottoms_ = 0;           // The first so many inner rows have no other inner row below.
  std::vector<Run> runs_;        // Of the first inner row, of the second, and so on.
  std::vector<int> runs_end_;    // By inner row: index behind its last run.
};

}  // namespace terrace::scoring::engine

#endif  // TERRACE_SERVICES_SCORING_ENGINE_ROLL_UP_H_
