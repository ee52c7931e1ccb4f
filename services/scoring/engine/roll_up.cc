#include "services/scoring/engine/roll_up.h"

#include <algorithm>
#include <numeric>

#include "common/base/check.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {

namespace {

// So few cells of so few bits have a sum that fits 64 bits.
constexpr size_t kPlainCells = 512;
constexpr int kPlainBits = 54;

// Any cells, missing ones among them: without a branch, since they are missing at random, and
// without carries: halves of cells fit 64 bits however many there are.
void AddAny(absl::Span<const int64_t> cells, int128_t* sum, int32_t* sum_count) {
  int64_t high = 0;
  uint64_t low = 0;
  int32_t count = 0;
  for (const int64_t one : cells) {
    const bool there = one != kNoCell;
    const int64_t cell = there ? one : 0;
    high += cell >> 32;
    low += static_cast<uint32_t>(cell);
    count += there ? 1 : 0;
  }
  *sum += int128_t{high} * (int64_t{1} << 32) + low;
  *sum_count += count;
}

// Most runs are full and their cells are points, not below 0 and far from the bounds of 64 bits;
// the bits of all of them together tell.
void AddRun(absl::Span<const int64_t> cells, int128_t* sum, int32_t* count) {
  if (cells.size() > kPlainCells) return AddAny(cells, sum, count);
  uint64_t plain = 0;
  uint64_t bits = 0;
  for (const int64_t cell : cells) {
    plain += static_cast<uint64_t>(cell);
    bits |= static_cast<uint64_t>(cell);
  }
  if (bits >> kPlainBits != 0) return AddAny(cells, sum, count);  // kNoCell has the highest one.
  *sum += static_cast<int64_t>(plain);
  *count += static_cast<int32_t>(cells.size());
}

}  // namespace

absl::optional<Fixed> SubtreeSums::mean(size_t inner) const {
  if (counts[inner] == 0) return absl::nullopt;
  return Clamped(DivideRounded(sums[inner], counts[inner]));
}

Forest::Forest(absl::Span<const int> parents) {
  const auto rows = static_cast<int>(parents.size());
  // Depth of each row, from the top down: a row is reached once its parent is.
  std::vector<int> below(rows);
  for (int parent : parents) {
    TERRACE_CHECK(parent >= -1 && parent < rows);
    if (parent >= 0) ++below[parent];
  }
  // Taking away rows that have nothing below them, again and again, ends with all rows gone.
  std::vector<int> waiting = below;
  std::vector<int> order;
  order.reserve(rows);
  for (int row = 0; row < rows; ++row) {
    if (below[row] == 0) order.push_back(row);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    const int parent = parents[order[i]];
    if (parent >= 0 && --waiting[parent] == 0) order.push_back(parent);
  }
  TERRACE_CHECK(static_cast<int>(order.size()) == rows);

  own_.assign(rows, -1);
  for (int row : order) {
    if (below[row] == 0) continue;
    own_[row] = static_cast<int>(inner_rows_.size());
    inner_rows_.push_back(row);
  }
  above_.resize(rows);
  for (int row = 0; row < rows; ++row) {
    above_[row] = parents[row] >= 0 ? own_[parents[row]] : static_cast<int>(inner_rows_.size());
  }
  for (int row = 0; row < rows; ++row) {
    if (own_[row] >= 0) continue;
    if (leaves_.empty() || leaves_.back().end != row || leaves_.back().above != above_[row]) {
      leaves_.push_back({row, row, above_[row]});
    }
    leaves_.back().end = row + 1;
  }
}

void Forest::SumUp(absl::Span<const int64_t> column, SubtreeSums* out) const {
  TERRACE_CHECK(column.size() == above_.size());
  const auto nowhere = static_cast<int>(inner_rows_.size());
  out->sums.assign(inner_rows_.size(), 0);
  out->counts.assign(inner_rows_.size(), 0);
  int128_t* const sums = out->sums.data();
  int32_t* const counts = out->counts.data();
  for (const Run& run : leaves_) {
    if (run.above == nowhere) continue;
    AddRun(column.subspan(run.first, run.end - run.first), &sums[run.above], &counts[run.above]);
  }
  // The deepest first: whatever is below a row has been added to it already.
  for (int i = 0; i < nowhere; ++i) {
    const int row = inner_rows_[i];
    if (column[row] != kNoCell) {
      sums[i] += column[row];
      ++counts[i];
    }
    if (above_[row] == nowhere) continue;
    sums[above_[row]] += sums[i];
    counts[above_[row]] += counts[i];
  }
}

}  // namespace terrace::scoring::engine
