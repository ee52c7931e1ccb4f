#include "services/scoring/engine/bands.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "absl/status/statusor.h"

namespace terrace::scoring::engine {
namespace {

// The least value of each band among those that it is done within; none where nobody gets it.
using Least = std::vector<absl::optional<Fixed>>;

// The first band takes the first share of the places, the next one its share behind, and so on: the
// shares added up, times the number of values, rounded half up. Equal values get the better band.
// `falling` is not empty.
Least ByShare(absl::Span<const Band> bands, const std::vector<Fixed>& falling) {
  const size_t count = falling.size();
  Least least;
  FixedSum share;
  for (const Band& band : bands) {
    share += band.share;
    const int128_t places =
        (share.units() * static_cast<int128_t>(count) + kFixedUnitsPerOne / 2) / kFixedUnitsPerOne;
    const size_t reach = std::min(static_cast<size_t>(places), count);
    least.push_back(reach > 0 ? absl::make_optional(falling[reach - 1]) : absl::nullopt);
  }
  least.back() = falling.back();  // The last band takes the rest.
  return least;
}

Least LeastOf(const Scheme& scheme, std::vector<Fixed> values) {
  if (scheme.banding.method == BandMethod::kNaturalBreaks) {
    const std::vector<Fixed> breaks =
        NaturalBreaks(std::move(values), static_cast<int>(scheme.bands.size()));
    return {breaks.begin(), breaks.end()};
  }
  std::sort(values.begin(), values.end(), std::greater<>());
  return ByShare(scheme.bands, values);
}

int BandOf(const Least& least, Fixed value) {
  const auto it = std::find_if(least.begin(), least.end(), [&](const absl::optional<Fixed>& bound) {
    return bound && value >= *bound;
  });
  return static_cast<int>(it - least.begin());
}

// Squares of distances from the mean over runs of sorted values, by running sums.
class Spread {
 public:
  Spread(const std::vector<Fixed>& values, const std::vector<int64_t>& counts)
      : count_(values.size() + 1), sum_(values.size() + 1), squares_(values.size() + 1) {
    // Around the middle, so that the sums stay small against the differences.
    const int64_t middle = values[values.size() / 2].units();
    for (size_t i = 0; i < values.size(); ++i) {
      const auto n = static_cast<double>(counts[i]);
      const double x = static_cast<double>(values[i].units() - middle) / kFixedUnitsPerOne;
      count_[i + 1] = count_[i] + n;
      sum_[i + 1] = sum_[i] + n * x;
      squares_[i + 1] = squares_[i] + n * x * x;
    }
  }
  // From `begin` to before `end`.
  double Of(size_t begin, size_t end) const {
    const double sum = sum_[end] - sum_[begin];
    const double squares = squares_[end] - squares_[begin];
    return std::max(0.0, squares - sum * sum / (count_[end] - count_[begin]));
  }

 private:
  std::vector<double> count_;
  std::vector<double> sum_;
  std::vector<double> squares_;
};

// One more class for every number of values: best[i] is the least spread of the first i values.
// Where the last class begins never falls as i grows, so half of the work is ruled out at every
// step.
class ClassAdder {
 public:
  ClassAdder(const Spread& spread, const std::vector<double>& before, std::vector<double>& best,
             std::vector<uint32_t>& begins)
      : spread_(spread), before_(before), best_(best), begins_(begins) {}

  // For i from `low` to `high`, beginning from `first` to `last`.
  void Run(size_t low, size_t high, size_t first, size_t last) {
    if (low > high) return;
    const size_t i = low + (high - low) / 2;
    double least = std::numeric_limits<double>::infinity();
    size_t found = first;
    for (size_t begin = first; begin <= std::min(last, i - 1); ++begin) {
      const double sum = before_[begin] + spread_.Of(begin, i);
      if (sum < least) {
        least = sum;
        found = begin;
      }
    }
    best_[i] = least;
    begins_[i] = static_cast<uint32_t>(found);
    if (i > low) Run(low, i - 1, first, found);
    Run(i + 1, high, found, last);
  }

 private:
  const Spread& spread_;
  const std::vector<double>& before_;
  std::vector<double>& best_;
  std::vector<uint32_t>& begins_;
};

}  // namespace

Fixed Shown(Fixed score, int decimals) {
  absl::StatusOr<Fixed> shown = Narrow(Round(score, decimals), "score");
  return shown.ok() ? *shown : score;
}

Fixed Compared(const Scheme& scheme, Fixed score) {
  return scheme.rank_on_shown ? Shown(score, scheme.decimals) : score;
}

int BandByBounds(absl::Span<const Band> bands, Fixed compared) {
  for (size_t i = 0; i < bands.size(); ++i) {
    const Band& band = bands[i];
    if (!band.lower_bound || compared > *band.lower_bound ||
        (compared == *band.lower_bound && !band.exclusive)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

std::vector<Fixed> NaturalBreaks(std::vector<Fixed> values, int classes) {
  std::sort(values.begin(), values.end());
  std::vector<Fixed> different;
  std::vector<int64_t> counts;
  for (Fixed value : values) {
    if (different.empty() || different.back() != value) {
      different.push_back(value);
      counts.push_back(0);
    }
    ++counts.back();
  }
  const size_t size = different.size();
  if (size <= static_cast<size_t>(classes)) {
    return {different.rbegin(), different.rend()};
  }
  const Spread spread(different, counts);
  std::vector<double> before(size + 1, std::numeric_limits<double>::infinity());
  before[0] = 0;
  for (size_t i = 1; i <= size; ++i) before[i] = spread.Of(0, i);
  std::vector<double> best(size + 1, std::numeric_limits<double>::infinity());
  std::vector<std::vector<uint32_t>> begins;  // Of the last class, by number of classes.
  for (int c = 2; c <= classes; ++c) {
    begins.emplace_back(size + 1);
    std::fill(best.begin(), best.end(), std::numeric_limits<double>::infinity());
    ClassAdder(spread, before, best, begins.back()).Run(c, size, c - 1, size - 1);
    before.swap(best);
  }
  std::vector<Fixed> breaks;
  size_t end = size;
  for (auto it = begins.rbegin(); it != begins.rend(); ++it) {
    end = (*it)[end];
    breaks.push_back(different[end]);
  }
  breaks.push_back(different[0]);
  return breaks;
}

std::vector<int> BandsOf(const Scheme& scheme, absl::Span<const absl::optional<Fixed>> scores,
                         absl::Span<const int> groups, absl::Span<const int> best) {
  std::vector<int> result(scores.size(), -1);
  if (scheme.bands.empty()) return result;
  const bool by_bounds = scheme.banding.method == BandMethod::kBounds;
  auto group = [&](size_t i) { return groups.empty() ? 0 : groups[i]; };
  std::map<int, Least> least;  // By group.
  if (!by_bounds) {
    std::vector<Fixed> all;
    std::map<int, std::vector<Fixed>> members;
    for (size_t i = 0; i < scores.size(); ++i) {
      if (!scores[i]) continue;
      all.push_back(Compared(scheme, *scores[i]));
      if (group(i) >= 0) members[group(i)].push_back(all.back());
    }
    for (auto& [number, values] : members) {
      const bool small = scheme.banding.method == BandMethod::kShare &&
                         values.size() < static_cast<size_t>(scheme.banding.group_min);
      least[number] = LeastOf(scheme, small ? all : std::move(values));
    }
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!scores[i]) continue;
    const Fixed compared = Compared(scheme, *scores[i]);
    if (by_bounds) {
      result[i] = BandByBounds(scheme.bands, compared);
    } else if (auto it = least.find(group(i)); it != least.end()) {
      result[i] = BandOf(it->second, compared);
    }
    if (result[i] >= 0 && !best.empty()) result[i] = std::max(result[i], best[i]);
  }
  return result;
}

}  // namespace terrace::scoring::engine
