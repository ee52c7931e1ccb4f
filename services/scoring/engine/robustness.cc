#include "services/scoring/engine/robustness.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>
#include <utility>

#include "common/base/check.h"
#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/prepare.h"

namespace terrace::scoring::engine {
namespace {

// Units whose columns stay in the fastest cache while the nodes go over them.
constexpr size_t kBlock = 256;

// A number between 0 and 1.
double Uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// A block of units at a node.
struct Column {
  double share[kBlock];    // Of the node's points.
  double present[kBlock];  // 1, or 0 where the node has nothing.
  double mass[kBlock];     // How much of the node's points can be earned, 0 to 1.
  bool complete = false;   // Everybody is present, with all of the mass.
};

// Who takes part, and what their leaves earn.
class Field {
 public:
  Field(const Scheme& scheme, const SheetField& sheets)
      : scheme_(scheme), weights_(sheets.weights), children_(scheme.nodes.size() + 1) {
    for (size_t unit = 0; unit < sheets.takes_part.size(); ++unit) {
      if (!sheets.takes_part[unit]) continue;
      rows_.push_back(unit);
      levels_.push_back(sheets.levels.empty() ? 0 : sheets.levels[unit]);
    }
    given_.resize(scheme.nodes.size());
    there_.resize(scheme.nodes.size());
    offsets_.resize(rows_.size());
    std::vector<double> bonuses(rows_.size());
    for (size_t n = 0; n < scheme.nodes.size(); ++n) {
      const Node& node = scheme.nodes[n];
      const std::vector<absl::optional<Fixed>>& values = sheets.nodes[n];
      if (node.leaf >= 0 && IsExtra(scheme.leaves[node.leaf])) {
        const Rule& rule = scheme.leaves[node.leaf].rule;
        for (size_t i = 0; i < rows_.size(); ++i) {
          if (!values[rows_[i]]) continue;
          const double points = ToDouble(*values[rows_[i]]);
          if (std::holds_alternative<BonusRule>(rule)) bonuses[i] += points;
          if (std::holds_alternative<PenaltyRule>(rule)) offsets_[i] += points;  // Below 0.
        }
        continue;
      }
      children_[node.parent >= 0 ? node.parent : scheme.nodes.size()].push_back(
          static_cast<int>(n));
      if (node.leaf < 0 && node.combination != Combination::kCopeland) {
        if (node.min_present <= Fixed()) continue;
        for (size_t row : rows_) there_[n].push_back(values[row] ? 1 : 0);
        continue;
      }
      given_[n] = std::vector<Column>((rows_.size() + kBlock - 1) / kBlock);
      for (size_t i = 0; i < rows_.size(); ++i) {
        Column& column = given_[n][i / kBlock];
        const absl::optional<Fixed>& value = values[rows_[i]];
        column.share[i % kBlock] = value ? ToDouble(*value) / ToDouble(node.points) : 0;
        column.present[i % kBlock] = column.mass[i % kBlock] = value ? 1 : 0;
        column.complete = value && (i % kBlock == 0 || column.complete);
      }
    }
    const double cap = scheme.bonus_cap ? ToDouble(*scheme.bonus_cap) : HUGE_VAL;
    for (size_t i = 0; i < rows_.size(); ++i) offsets_[i] += std::min(bonuses[i], cap);
  }

  const std::vector<size_t>& rows() const { return rows_; }

  // Scores of everybody with every weight multiplied by its factor; `factors` are by node.
  void Score(const std::vector<double>& factors, std::vector<double>* scores) const {
    std::vector<Column> columns(scheme_.nodes.size() + 1);  // The last one: the top.
    const double points = ToDouble(scheme_.points);
    scores->resize(rows_.size());
    for (size_t first = 0; first < rows_.size(); first += kBlock) {
      const size_t count = std::min(kBlock, rows_.size() - first);
      for (size_t n = scheme_.nodes.size(); n-- > 0;) {
        if (!children_[n].empty()) Finish(n, first / kBlock, count, factors, columns);
      }
      Finish(scheme_.nodes.size(), first / kBlock, count, factors, columns);
      for (size_t i = 0; i < count; ++i) {
        const double score = points * columns.back().share[i];
        const double offset = offsets_[first + i];
        (*scores)[first + i] =
            offset < 0 ? std::max(score + offset, std::min(score, 0.0)) : score + offset;
      }
    }
  }

  // 1 for the best of each level; who shares a score shares the best place. `sorted` is scratch.
  void Place(const std::vector<double>& scores, std::vector<std::pair<double, uint32_t>>* sorted,
             uint32_t* places) const {
    struct Counted {
      uint32_t count = 0;
      uint32_t place = 0;
      double score = 0;
    };
    sorted->clear();
    int levels = 0;
    for (size_t i = 0; i < rows_.size(); ++i) {
      sorted->emplace_back(-scores[i], static_cast<uint32_t>(i));
      levels = std::max(levels, levels_[i] + 1);
    }
    std::sort(sorted->begin(), sorted->end());
    std::vector<Counted> counted(levels);
    for (const auto& [score, i] : *sorted) {
      Counted& of = counted[levels_[i]];
      ++of.count;
      if (of.count == 1 || score != of.score) of.place = of.count;
      of.score = score;
      places[i] = of.place;
    }
  }

 private:
  const Column& ColumnOf(int node, size_t block, const std::vector<Column>& columns) const {
    return given_[node].empty() ? columns[node] : given_[node][block];
  }

  // Brings the children of a node together, all of which are finished.
  void Finish(size_t n, size_t block, size_t count, const std::vector<double>& factors,
              std::vector<Column>& columns) const {
    const bool top = n == scheme_.nodes.size();
    const Combination combination = top ? Combination::kSum : scheme_.nodes[n].combination;
    if (combination == Combination::kCopeland) return;
    if (TakesShares(combination) && combination != Combination::kArithmetic) {
      Combined(n, block, count, factors, columns);
    } else {
      Summed(n, combination, block, count, factors, columns);
    }
    if (top || there_[n].empty()) return;
    // Where too few of its children are scored, the node is not.
    Column& column = columns[n];
    const double* const there = there_[n].data() + block * kBlock;
    for (size_t i = 0; i < count; ++i) {
      column.present[i] *= there[i];
      column.mass[i] *= there[i];
      column.complete = column.complete && there[i] > 0;
    }
  }

  void Summed(size_t n, Combination combination, size_t block, size_t count,
              const std::vector<double>& factors, std::vector<Column>& columns) const {
    Column& column = columns[n];
    // Points are summed up, which is a mean weighed by what can be earned; or a mean is taken.
    const bool by_points = !TakesShares(combination);
    column.complete = true;
    double weight_of_all = 0;
    for (int child : children_[n]) {
      column.complete = column.complete && ColumnOf(child, block, columns).complete;
      weight_of_all += WeightOf(child, by_points, factors);
    }
    column.complete = column.complete && weight_of_all > 0;
    std::fill(column.share, column.share + count, 0.0);
    std::fill(column.mass, column.mass + count, column.complete ? weight_of_all : 0.0);
    for (int child : children_[n]) {
      const Column& from = ColumnOf(child, block, columns);
      const double weight = WeightOf(child, by_points, factors);
      if (column.complete) {
        for (size_t i = 0; i < count; ++i) column.share[i] += weight * from.share[i];
        continue;
      }
      const double* const there = by_points ? from.mass : from.present;
      for (size_t i = 0; i < count; ++i) {
        const double mass = weight * there[i];
        column.share[i] += mass * from.share[i];
        column.mass[i] += mass;
      }
    }
    for (size_t i = 0; i < count; ++i) {
      column.present[i] = column.mass[i] > 0 ? 1 : 0;
      column.share[i] = column.mass[i] > 0 ? column.share[i] / column.mass[i] : 0;
      // A sum weighs what can be earned of it, everything else all or nothing.
      column.mass[i] = combination == Combination::kSum && weight_of_all > 0
                           ? column.mass[i] / weight_of_all
                           : column.present[i];
    }
  }

  double WeightOf(int node, bool by_points, const std::vector<double>& factors) const {
    return ToDouble(by_points ? scheme_.nodes[node].points : weights_[node]) * factors[node];
  }

  // The other means, as scores take them.
  void Combined(size_t n, size_t block, size_t count, const std::vector<double>& factors,
                std::vector<Column>& columns) const {
    const Node& node = scheme_.nodes[n];
    const double points = ToDouble(node.points);
    Column& column = columns[n];
    column.complete = true;
    std::vector<Member> members;
    for (size_t i = 0; i < count; ++i) {
      members.clear();
      for (int child : children_[n]) {
        const Column& from = ColumnOf(child, block, columns);
        if (from.present[i] == 0) continue;
        const auto value = FixedFromDouble(from.share[i] * points, "share");
        const auto weight = FixedFromDouble(WeightOf(child, false, factors), "weight");
        if (value.ok() && weight.ok()) members.push_back({*value, *weight});
      }
      const absl::optional<Fixed> value = Combine(node.combination, node.exponent, members);
      column.share[i] = value ? ToDouble(*value) / points : 0;
      column.present[i] = column.mass[i] = value ? 1 : 0;
      column.complete = column.complete && value;
    }
  }

  const Scheme& scheme_;
  const absl::Span<const Fixed> weights_;   // By node.
  std::vector<std::vector<int>> children_;  // By node, without extras; the last: of the top.
  std::vector<size_t> rows_;                // Of the table, who takes part.
  std::vector<int> levels_;                 // As rows_.
  std::vector<double> offsets_;             // As rows_: bonuses less penalties.
  std::vector<std::vector<Column>> given_;  // By node that is not finished here, and block.
  // By node that asks for so many of its children, and as rows_: 1, or 0 where they are too few.
  std::vector<std::vector<double>> there_;
};

// Places of everybody, for each of many sets of factors.
class Draws {
 public:
  Draws(const Field& field, int count) : field_(field), count_(count) {
    places_.resize(field.rows().size() * static_cast<size_t>(count));
  }

  // `factors_of` gives those of a draw.
  template <class FactorsOf>
  void Run(int threads, FactorsOf factors_of) {
    std::atomic<int> next = 0;
    const auto work = [&] {
      std::vector<double> scores;
      std::vector<std::pair<double, uint32_t>> sorted;
      for (int draw = next++; draw < count_; draw = next++) {
        field_.Score(factors_of(draw), &scores);
        field_.Place(scores, &sorted, places_.data() + field_.rows().size() * draw);
      }
    };
    std::vector<std::thread> others;
    for (int i = 1; i < std::min(threads, count_); ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
  }

  double Of(int draw, size_t i) const { return places_[field_.rows().size() * draw + i]; }

 private:
  const Field& field_;
  const int count_;
  std::vector<uint32_t> places_;  // Draw by draw.
};

PlaceRange RangeOf(std::vector<double> places, double nominal) {
  std::sort(places.begin(), places.end());
  PlaceRange range;
  range.nominal = nominal;
  range.mean =
      std::accumulate(places.begin(), places.end(), 0.0) / static_cast<double>(places.size());
  range.median = Quantile(places, 0.5);
  range.low = Quantile(places, 0.05);
  range.high = Quantile(places, 0.95);
  return range;
}

}  // namespace

SheetField FieldOf(const Table& table, const Evaluation& evaluation) {
  SheetField field{evaluation.weights, evaluation.nodes, table.levels, {}};
  for (size_t unit = 0; unit < table.units.size(); ++unit) {
    field.takes_part.push_back(table.HasSheet(unit) && evaluation.ranks[unit].has_value());
  }
  return field;
}

Robustness AssessRobustness(const Scheme& scheme, const SheetField& sheets,
                            const RobustnessOptions& options) {
  TERRACE_CHECK(options.draws > 0 && options.spread >= 0 && options.spread <= 1);
  const Field field(scheme, sheets);
  const std::vector<size_t>& rows = field.rows();
  Robustness out;
  out.units.resize(sheets.takes_part.size());
  if (rows.empty()) return out;

  Draws draws(field, options.draws);
  draws.Run(options.threads, [&](int draw) {
    // A generator for each draw, so that threads do not matter.
    std::seed_seq seed{static_cast<uint32_t>(options.seed),
                       static_cast<uint32_t>(options.seed >> 32), static_cast<uint32_t>(draw)};
    std::mt19937_64 random(seed);
    std::vector<double> factors(scheme.nodes.size());
    for (double& factor : factors) factor = 1 + options.spread * (2 * Uniform(random) - 1);
    return factors;
  });

  // Draw 0 has everything, each other one is without one leaf.
  for (size_t leaf = 0; leaf < scheme.leaves.size(); ++leaf) {
    if (!IsExtra(scheme.leaves[leaf])) out.leaves.push_back({static_cast<int>(leaf), 0, 0});
  }
  Draws without(field, static_cast<int>(out.leaves.size()) + 1);
  without.Run(options.threads, [&](int draw) {
    std::vector<double> factors(scheme.nodes.size(), 1);
    if (draw > 0) factors[scheme.leaf_nodes[out.leaves[draw - 1].leaf]] = 0;
    return factors;
  });
  for (size_t at = 0; at < out.leaves.size(); ++at) {
    LeafInfluence& leaf = out.leaves[at];
    for (size_t i = 0; i < rows.size(); ++i) {
      const double shift = std::abs(without.Of(static_cast<int>(at) + 1, i) - without.Of(0, i));
      leaf.shift_mean += shift / static_cast<double>(rows.size());
      leaf.shift_most = std::max(leaf.shift_most, shift);
    }
  }
  std::vector<double> places(options.draws);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int draw = 0; draw < options.draws; ++draw) places[draw] = draws.Of(draw, i);
    out.units[rows[i]] = RangeOf(places, without.Of(0, i));
  }
  return out;
}

}  // namespace terrace::scoring::engine
