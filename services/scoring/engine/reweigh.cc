#include "services/scoring/engine/reweigh.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "common/base/check.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/rounding.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/engine/weights.h"

namespace terrace::scoring::engine {
namespace {

constexpr size_t kBlock = 256;  // Units.

// A block of units at a node.
struct Cells {
  const int64_t* earned = nullptr;
  int64_t own[kBlock];        // What a node earns; what leaves earn stays in their columns.
  int64_t available[kBlock];  // 0 where the node is not scored; not filled in where complete.
  bool complete = false;      // Everybody has all of the node's points to earn.
};

// The work of one thread.
class Worker {
 public:
  Worker(const Scheme& scheme, const std::vector<std::vector<int64_t>>& leaves,
         const std::vector<std::vector<bool>>& complete)
      : scheme_(scheme),
        leaves_(leaves),
        complete_(complete),
        weights_(WeightsOf(scheme)),
        children_(scheme.nodes.size() + 1),
        cells_(scheme.nodes.size() + 1) {
    for (size_t n = 0; n < scheme.nodes.size(); ++n) {
      const int parent = scheme.nodes[n].parent;
      children_[parent >= 0 ? parent : scheme.nodes.size()].push_back(static_cast<int>(n));
    }
  }

  void Score(size_t block, size_t count, int64_t* scores) {
    for (size_t n = scheme_.nodes.size(); n-- > 0;) {
      const Node& node = scheme_.nodes[n];
      if (node.leaf >= 0) {
        Take(node, block, count, cells_[n]);
      } else if (node.combination == Combination::kArithmetic && IsComplete(n)) {
        TakeMean(n, count);
      } else {
        Bring(n, count);
      }
    }
    const size_t top = scheme_.nodes.size();
    Bring(top, count);
    for (size_t i = 0; i < count; ++i) {
      const int64_t available = cells_[top].available[i];
      scores[i] = available > 0 ? OnScale(scheme_.points, Fixed::FromUnits(cells_[top].earned[i]),
                                          Fixed::FromUnits(available))
                                      .units()
                                : kNoCell;
    }
  }

 private:
  void Take(const Node& node, size_t block, size_t count, Cells& cells) const {
    cells.earned = leaves_[node.leaf].data() + block * kBlock;
    cells.complete = complete_[node.leaf][block];
    if (cells.complete) return;
    for (size_t i = 0; i < count; ++i) {
      cells.available[i] = cells.earned[i] != kNoCell ? node.points.units() : 0;
    }
  }
  int64_t AvailableOf(int node, size_t i) const {
    return cells_[node].complete ? scheme_.nodes[node].points.units() : cells_[node].available[i];
  }

  bool IsComplete(size_t n) const {
    return !children_[n].empty() &&
           std::all_of(children_[n].begin(), children_[n].end(),
                       [this](int child) { return cells_[child].complete; });
  }

  // The weighted mean of children that everybody has.
  void TakeMean(size_t n, size_t count) {
    const Node& node = scheme_.nodes[n];
    Cells& cells = cells_[n];
    std::fill(sums_, sums_ + count, int128_t{0});
    int128_t weight_of_all = 0;
    for (int child : children_[n]) {
      const int64_t weight = weights_[child].units();
      weight_of_all += weight;
      if (weight == 0) continue;
      const int64_t* const earned = cells_[child].earned;
      const Fixed points = scheme_.nodes[child].points;
      if (points == node.points) {
        for (size_t i = 0; i < count; ++i) sums_[i] += int128_t{weight} * earned[i];
      } else {
        for (size_t i = 0; i < count; ++i) {
          sums_[i] +=
              int128_t{weight} * OnScale(node.points, Fixed::FromUnits(earned[i]), points).units();
        }
      }
    }
    cells.earned = cells.own;
    cells.complete = weight_of_all > 0;
    if (!cells.complete) std::fill(cells.available, cells.available + count, 0);
    for (size_t i = 0; i < count && cells.complete; ++i) {
      cells.own[i] = Clamped(DivideRounded(sums_[i], weight_of_all)).units();
    }
  }

  // Any node, unit by unit, as SheetFinisher does; the last one is the top.
  void Bring(size_t n, size_t count) {
    const bool top = n == scheme_.nodes.size();
    const Combination combination = top ? Combination::kSum : scheme_.nodes[n].combination;
    const Fixed points = top ? Fixed() : scheme_.nodes[n].points;
    Cells& cells = cells_[n];
    bool complete = !top;
    for (size_t i = 0; i < count; ++i) {
      int128_t earned = 0;
      int128_t available = 0;
      members_.clear();
      for (int child : children_[n]) {
        const int64_t of_child = AvailableOf(child, i);
        if (of_child <= 0) continue;
        const int64_t from = cells_[child].earned[i];
        earned += from;
        available += of_child;
        if (TakesShares(combination)) {
          members_.push_back({OnScale(points, Fixed::FromUnits(from), Fixed::FromUnits(of_child)),
                              weights_[child]});
        }
      }
      absl::optional<Fixed> value;
      Fixed of = points;
      if (TakesShares(combination)) {
        value = Combine(combination, scheme_.nodes[n].exponent, members_);
      } else if (available > 0) {
        value = Clamped(earned);
        if (combination == Combination::kSum) {
          of = Clamped(available);
        } else {
          value = OnScale(points, *value, Clamped(available));
        }
      }
      cells.own[i] = value ? value->units() : 0;
      cells.available[i] = value ? of.units() : 0;
      complete = complete && value && of == points;
    }
    cells.earned = cells.own;
    cells.complete = complete;
  }

  const Scheme& scheme_;
  const std::vector<std::vector<int64_t>>& leaves_;
  const std::vector<std::vector<bool>>& complete_;
  const std::vector<Fixed> weights_;
  std::vector<std::vector<int>> children_;  // By node; the last: of the top.
  std::vector<Cells> cells_;                // Likewise.
  int128_t sums_[kBlock];
  std::vector<Member> members_;
};

}  // namespace

bool Reweighing::Covers(const Scheme& scheme) {
  const auto plain = [](const Node& node) {
    return node.min_present <= Fixed() && node.combination != Combination::kCopeland &&
           node.weighting != Weighting::kEntropy;
  };
  const auto counts = [](const Leaf& leaf) {
    return !IsExtra(leaf) && leaf.missing != MissingPolicy::kBlock;
  };
  return scheme.min_present <= Fixed() &&
         std::all_of(scheme.nodes.begin(), scheme.nodes.end(), plain) &&
         std::all_of(scheme.leaves.begin(), scheme.leaves.end(), counts);
}

Reweighing::Reweighing(std::vector<std::vector<int64_t>> leaves) : leaves_(std::move(leaves)) {
  complete_.resize(leaves_.size());
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
    const std::vector<int64_t>& column = leaves_[leaf];
    TERRACE_CHECK(column.size() == leaves_[0].size());
    for (size_t first = 0; first < column.size(); first += kBlock) {
      const auto begin = column.begin() + static_cast<int64_t>(first);
      const auto end =
          column.begin() + static_cast<int64_t>(std::min(first + kBlock, column.size()));
      complete_[leaf].push_back(std::find(begin, end, kNoCell) == end);
    }
  }
}

void Reweighing::Score(const Scheme& scheme, int threads, absl::Span<int64_t> scores) const {
  TERRACE_CHECK(Covers(scheme) && scheme.leaves.size() == leaves_.size());
  TERRACE_CHECK(leaves_.empty() || scores.size() == leaves_[0].size());
  constexpr size_t kBlocksAtOnce = 16;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    const auto worker = std::make_unique<Worker>(scheme, leaves_, complete_);
    const size_t blocks = (scores.size() + kBlock - 1) / kBlock;
    for (size_t first = next.fetch_add(kBlocksAtOnce); first < blocks;
         first = next.fetch_add(kBlocksAtOnce)) {
      for (size_t block = first; block < std::min(first + kBlocksAtOnce, blocks); ++block) {
        const size_t unit = block * kBlock;
        worker->Score(block, std::min(kBlock, scores.size() - unit), scores.data() + unit);
      }
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

}  // namespace terrace::scoring::engine
