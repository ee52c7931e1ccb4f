#include "services/scoring/engine/prepare.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

namespace terrace::scoring::engine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double MeanOf(absl::Span<const double> figures) {
  const PeerParameters found = ParametersOf(figures, /*places=*/false);
  return found.count > 0 ? found.mean : kNone;
}

double MedianOf(absl::Span<const double> figures) {
  const std::vector<double> sorted = SortedFigures(figures);
  if (sorted.empty()) return kNone;
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// What `statistic` says of each set's figures, laid over the units of the set.
FigureColumn OverSets(const FigureColumn& figures, const Sets& sets,
                      const std::function<double(absl::Span<const double>)>& statistic) {
  std::vector<FigureColumn> members;
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    if (sets[unit] < 0) continue;
    if (members.size() <= static_cast<size_t>(sets[unit])) members.resize(sets[unit] + 1);
    members[sets[unit]].push_back(figures[unit]);
  }
  std::vector<double> of_set(members.size());
  for (size_t set = 0; set < members.size(); ++set) of_set[set] = statistic(members[set]);
  FigureColumn column(figures.size(), kNone);
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    if (sets[unit] >= 0) column[unit] = of_set[sets[unit]];
  }
  return column;
}

double RelativeTo(double figure, double base) { return base > 0 ? figure / base : kNone; }

double AnnualRate(double figure, double base, int periods) {
  const double ratio = RelativeTo(figure, base);
  if (!(ratio >= 0)) return kNone;
  return std::pow(ratio, 1.0 / periods) - 1;
}

// The figure against its own last periods, which must all be there.
double Cyclical(absl::Span<const double> last) {
  for (double figure : last) {
    if (!std::isfinite(figure)) return kNone;
  }
  const double mean = MeanOf(last);
  FigureColumn distances;
  for (double figure : last) distances.push_back(std::abs(figure - mean));
  const double distance = MeanOf(distances);
  return distance > 0 ? (last.front() - mean) / distance : kNone;
}

FigureColumn GrowCyclical(const FigureColumn& figures, absl::Span<const FigureColumn> history,
                          int periods) {
  FigureColumn out(figures.size(), kNone);
  if (static_cast<size_t>(periods) > history.size() + 1) return out;
  FigureColumn last(periods);
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    last[0] = figures[unit];
    for (int back = 1; back < periods; ++back) last[back] = history[back - 1][unit];
    out[unit] = Cyclical(last);
  }
  return out;
}

absl::optional<Shape> ShapeOfSorted(const std::vector<double>& sorted) {
  if (sorted.size() < 4 || sorted.front() == sorted.back()) return absl::nullopt;
  const auto n = static_cast<double>(sorted.size());
  double sum = 0;
  for (double figure : sorted) sum += figure;
  const double mean = sum / n;
  double second = 0, third = 0, fourth = 0;
  for (double figure : sorted) {
    const double distance = figure - mean;
    const double square = distance * distance;
    second += square;
    third += square * distance;
    fourth += square * square;
  }
  const double g1 = std::sqrt(n) * third / std::pow(second, 1.5);
  const double r = n * fourth / (second * second);
  Shape shape;
  shape.skewness = g1 * std::sqrt(n * (n - 1)) / (n - 2);
  shape.kurtosis = ((n + 1) * (r - 3) + 6) * (n - 1) / ((n - 2) * (n - 3));
  return shape;
}

// Whether the column may stay as it is.
bool Passes(const Treatment& treatment, const absl::optional<Shape>& shape) {
  return !shape || std::abs(shape->skewness) < treatment.skewness_limit ||
         shape->kurtosis < treatment.kurtosis_limit;
}

Transform Clip(const Treatment& treatment, const std::vector<double>& sorted) {
  Transform transform;
  transform.low = Quantile(sorted, treatment.lower_quantile);
  transform.high = Quantile(sorted, treatment.upper_quantile);
  for (double figure : sorted) {
    transform.moved += figure < transform.low || figure > transform.high ? 1 : 0;
  }
  return transform;
}

Transform Logarithm(const std::vector<double>& sorted, double offset) {
  Transform transform;
  transform.low = sorted.front();
  transform.curve = Transform::Curve::kLogarithm;
  transform.offset = offset;
  return transform;
}

// Moves the furthest figures on the heavy side, all equal ones together, until the column passes.
Transform Winsorise(const Treatment& treatment, const std::vector<double>& sorted,
                    absl::optional<Shape> shape) {
  Transform transform;
  std::vector<double> moving = sorted;
  size_t low = 0;  // Figures moved up from below, and down from above.
  size_t high = 0;
  // A column without a shape has lost what told its units apart; it is no better than one that does
  // not pass.
  while (shape && !Passes(treatment, shape) &&
         low + high < static_cast<size_t>(treatment.moved_max)) {
    if (shape->skewness >= 0) {
      const auto top = std::lower_bound(moving.begin(), moving.end(), moving.back());
      transform.high = *(top - 1);
      high = static_cast<size_t>(moving.end() - top);
      std::fill(top, moving.end(), transform.high);
    } else {
      const auto above = std::upper_bound(moving.begin(), moving.end(), moving.front());
      transform.low = *above;
      low = static_cast<size_t>(above - moving.begin());
      std::fill(moving.begin(), above, transform.low);
    }
    shape = ShapeOfSorted(moving);
  }
  transform.moved = static_cast<int>(low + high);
  if (shape && Passes(treatment, shape)) return transform;
  return Logarithm(sorted, (sorted.back() - sorted.front()) / 100);
}

}  // namespace

double Quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

FigureColumn Grow(const Preparation& preparation, const FigureColumn& figures,
                  absl::Span<const FigureColumn> history, const Sets& siblings) {
  const int periods = std::max(preparation.growth_periods, 1);
  FigureColumn base;
  switch (preparation.growth) {
    case GrowthMethod::kNone:
      return figures;
    case GrowthMethod::kCyclical:
      return GrowCyclical(figures, history, periods);
    case GrowthMethod::kOfSiblings:
    case GrowthMethod::kAboveSiblings:
      base = OverSets(figures, siblings, MeanOf);
      break;
    default:
      base = static_cast<size_t>(periods) <= history.size() ? history[periods - 1]
                                                            : FigureColumn(figures.size(), kNone);
  }
  FigureColumn out(figures.size());
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    switch (preparation.growth) {
      case GrowthMethod::kRelative:
        out[unit] = RelativeTo(figures[unit], base[unit]) - 1;
        break;
      case GrowthMethod::kAnnualRate:
        out[unit] = AnnualRate(figures[unit], base[unit], periods);
        break;
      case GrowthMethod::kOfSiblings:
        out[unit] = RelativeTo(figures[unit], base[unit]);
        break;
      default:
        out[unit] = figures[unit] - base[unit];
    }
  }
  return out;
}

std::vector<int> PeriodsLookedAt(const Preparation& preparation) {
  std::vector<int> periods;
  switch (preparation.growth) {
    case GrowthMethod::kNone:
    case GrowthMethod::kOfSiblings:
    case GrowthMethod::kAboveSiblings:
      break;
    case GrowthMethod::kCyclical:
      for (int back = 1; back < preparation.growth_periods; ++back) periods.push_back(back);
      break;
    default:
      periods.push_back(preparation.growth_periods);
  }
  if (preparation.imputation != ImputationMethod::kPreviousPeriod) return periods;
  // The period before looks as far back as this one.
  std::vector<int> before = {1};
  for (int back : periods) before.push_back(back + 1);
  std::vector<int> all;
  std::set_union(periods.begin(), periods.end(), before.begin(), before.end(),
                 std::back_inserter(all));
  return all;
}

void Denominate(absl::Span<const double> denominators, FigureColumn& figures) {
  for (size_t unit = 0; unit < figures.size(); ++unit) {
    figures[unit] = denominators[unit] == 0 ? kNone : figures[unit] / denominators[unit];
  }
}

std::vector<bool> Impute(ImputationMethod method, const Donors& donors, FigureColumn& figures) {
  const size_t units = figures.size();
  FigureColumn stand_ins(units, kNone);
  switch (method) {
    case ImputationMethod::kNone:
      break;
    case ImputationMethod::kMean:
      stand_ins = OverSets(figures, *donors.all, MeanOf);
      break;
    case ImputationMethod::kMedian:
      stand_ins = OverSets(figures, *donors.all, MedianOf);
      break;
    case ImputationMethod::kGroupMean:
      if (donors.groups != nullptr) stand_ins = OverSets(figures, *donors.groups, MeanOf);
      break;
    case ImputationMethod::kGroupMedian:
      if (donors.groups != nullptr) stand_ins = OverSets(figures, *donors.groups, MedianOf);
      break;
    case ImputationMethod::kSiblingMean:
      stand_ins = OverSets(figures, *donors.siblings, MeanOf);
      break;
    case ImputationMethod::kPreviousPeriod:
      if (donors.previous != nullptr) stand_ins = *donors.previous;
      break;
    case ImputationMethod::kZero:
      stand_ins.assign(units, 0);
      break;
    case ImputationMethod::kWorst:
      stand_ins = OverSets(figures, *donors.all, [&](absl::Span<const double> column) {
        const PeerParameters found = ParametersOf(column, /*places=*/false);
        if (found.count == 0) return kNone;
        return donors.falling ? found.max : found.min;
      });
      break;
  }
  std::vector<bool> imputed(units);
  for (size_t unit = 0; unit < units; ++unit) {
    if (std::isfinite(figures[unit]) || (*donors.all)[unit] < 0) continue;
    figures[unit] = stand_ins[unit];
    imputed[unit] = std::isfinite(figures[unit]);
  }
  return imputed;
}

absl::optional<Shape> ShapeOf(absl::Span<const double> figures) {
  return ShapeOfSorted(SortedFigures(figures));
}

double Transform::Of(double figure) const {
  const double x = std::min(std::max(figure, low), high);
  switch (curve) {
    case Curve::kNone:
      return x;
    case Curve::kLogarithm:
      return std::log(x - low + offset);
    case Curve::kBoxCox:
      if (!(x > 0)) return kNone;
      return lambda == 0 ? std::log(x) : (std::pow(x, lambda) - 1) / lambda;
  }
  return x;
}

Transform FindTransform(const Treatment& treatment, absl::Span<const double> figures) {
  const std::vector<double> sorted = SortedFigures(figures);
  if (sorted.empty() || treatment.method == TreatmentMethod::kNone) return {};
  if (treatment.method == TreatmentMethod::kClip) return Clip(treatment, sorted);
  const absl::optional<Shape> shape = ShapeOfSorted(sorted);
  if (Passes(treatment, shape)) return {};
  if (treatment.method == TreatmentMethod::kWinsorise) return Winsorise(treatment, sorted, shape);
  if (treatment.method == TreatmentMethod::kLog) return Logarithm(sorted, 1);
  Transform transform;
  transform.curve = Transform::Curve::kBoxCox;
  transform.lambda = treatment.lambda;
  return transform;
}

}  // namespace terrace::scoring::engine
