#include "services/scoring/engine/roll_up.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "absl/base/attributes.h"
#include "common/base/check.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {

namespace {

// So few cells of so few bits have a sum that fits 64 bits.
constexpr size_t kPlainCells = 512;
constexpr int kPlainBits = 54;

struct Sum {
  int128_t sum = 0;
  int32_t count = 0;
};

// Any cells, missing ones among them: without a branch, since they are missing at random, and
// without carries: halves of cells fit 64 bits however many there are. Apart from the loop that
// seldom needs it, which then keeps all in registers.
ABSL_ATTRIBUTE_NOINLINE Sum SumOfAny(absl::Span<const int64_t> cells) {
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
  return {int128_t{high} * (int64_t{1} << 32) + low, count};
}

// Two cells at once: every processor of 64 bits has such registers.
using Pair = uint64_t __attribute__((vector_size(16)));

// Runs are too short for a processor to see by itself which cells come next: so many cells ahead
// they are asked for, two lines of its cache at a time, about as much as a run has.
constexpr size_t kAhead = 256;
constexpr size_t kLineCells = 8;

// Most runs are full and their cells are points, not below 0 and far from the bounds of 64 bits;
// the bits of all of them together tell.
Sum SumOf(const int64_t* cell, const int64_t* end) {
  const auto count = static_cast<size_t>(end - cell);
  if (count > kPlainCells) return SumOfAny({cell, count});
  __builtin_prefetch(cell + kAhead);
  __builtin_prefetch(cell + kAhead + kLineCells);
  Pair sums = {};
  Pair bits = {};
  for (; end - cell >= 2; cell += 2) {
    Pair two;
    std::memcpy(&two, cell, sizeof(two));
    sums += two;
    bits |= two;
  }
  const uint64_t last = cell != end ? static_cast<uint64_t>(*cell) : 0;
  // kNoCell has the highest bit.
  if ((bits[0] | bits[1] | last) >> kPlainBits != 0) return SumOfAny({end - count, count});
  return {static_cast<int64_t>(sums[0] + sums[1] + last), static_cast<int32_t>(count)};
}

}  // namespace

absl::optional<Fixed> SubtreeSums::mean(size_t inner) const {
  if (counts[inner] == 0) return absl::nullopt;
  return Clamped(DivideRounded(sums[inner], counts[inner]));
}

Forest::Forest(absl::Span<const int> parents) : rows_(parents.size()) {
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

  std::vector<int> own(rows, -1);
  for (int row : order) {
    if (below[row] == 0) continue;
    own[row] = static_cast<int>(inner_rows_.size());
    inner_rows_.push_back(row);
  }
  bottoms_ = inner_rows_.size();
  for (int row : inner_rows_) {
    const int above = parents[row] >= 0 ? own[parents[row]] : -1;
    above_.push_back(above);
    if (above >= 0) bottoms_ = std::min(bottoms_, static_cast<size_t>(above));
  }

  std::vector<std::vector<Run>> runs(inner_rows_.size());
  for (int row = 0; row < rows; ++row) {
    if (below[row] > 0 || parents[row] < 0) continue;
    std::vector<Run>& beside = runs[own[parents[row]]];
    if (beside.empty() || beside.back().end != row) beside.push_back({row, row});
    beside.back().end = row + 1;
  }
  for (const std::vector<Run>& of_one : runs) {
    runs_.insert(runs_.end(), of_one.begin(), of_one.end());
    runs_end_.push_back(static_cast<int>(runs_.size()));
  }
}

void Forest::SumUp(absl::Span<const int64_t> column, SubtreeSums* out) const {
  TERRACE_CHECK(column.size() == rows_);
  const size_t inner = inner_rows_.size();
  out->sums.resize(inner);
  out->counts.resize(inner);
  int128_t* const sums = out->sums.data();
  int32_t* const counts = out->counts.data();
  // Nothing is added to the bottoms, which are nearly all: they are written once and never read.
  std::fill(sums + bottoms_, sums + inner, 0);
  std::fill(counts + bottoms_, counts + inner, 0);
  const Run* run = runs_.data();
  for (size_t i = 0; i < inner; ++i) {
    int128_t sum = i < bottoms_ ? 0 : sums[i];
    int32_t count = i < bottoms_ ? 0 : counts[i];
    for (const Run* const end = runs_.data() + runs_end_[i]; run != end; ++run) {
      const Sum of_run = SumOf(column.data() + run->first, column.data() + run->end);
      sum += of_run.sum;
      count += of_run.count;
    }
    if (const int64_t cell = column[inner_rows_[i]]; cell != kNoCell) {
      sum += cell;
      ++count;
    }
    sums[i] = sum;
    counts[i] = count;
    if (above_[i] < 0) continue;
    sums[above_[i]] += sum;
    counts[above_[i]] += count;
  }
}

}  // namespace terrace::scoring::engine
