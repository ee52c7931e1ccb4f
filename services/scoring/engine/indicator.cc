#include "services/scoring/engine/indicator.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace terrace::scoring::engine {
namespace {

// Figures that agree in 12 significant digits share a place: the last bits of a double are noise,
// and noise must not decide who comes first.
double ForComparison(double figure) {
  constexpr int kDigitsBehindThePoint = 11;
  char text[32];
  const std::to_chars_result written = std::to_chars(
      text, text + sizeof(text), figure, std::chars_format::scientific, kDigitsBehindThePoint);
  double rounded = figure;
  std::from_chars(text, written.ptr, rounded);
  return rounded;
}

// The peers in the direction in which more is better.
struct Directed {
  Directed(const NormaliseRule& rule, const PeerParameters& peers)
      : min(rule.falling ? -peers.max : peers.min),
        max(rule.falling ? -peers.min : peers.max),
        mean(rule.falling ? -peers.mean : peers.mean),
        target(rule.falling ? -rule.target : rule.target) {
    if (peers.reference) reference = rule.falling ? -*peers.reference : *peers.reference;
  }
  double min;
  double max;
  double mean;
  double target;
  absl::optional<double> reference;
};

// What a method gives: a share of the scale, a number that is not stretched, nothing, or the
// verdict that there is no difference to measure by.
struct Found {
  enum class Kind : uint8_t { kShare, kNumber, kNone, kNoSpread };
  Kind kind = Kind::kNone;
  double value = 0;
};
Found Share(double value) { return {Found::Kind::kShare, value}; }
Found Number(double value) { return {Found::Kind::kNumber, value}; }
Found None() { return {}; }
Found Undivided() { return {Found::Kind::kNoSpread, 0}; }

// A ratio whose denominator must be above 0. Where it is not, peers that are all alike do not
// differ, and others have no ratio.
Found Ratio(double numerator, double denominator, const PeerParameters& peers) {
  if (denominator > 0) return Share(numerator / denominator);
  return peers.min == peers.max ? Undivided() : None();
}

Found TowardsTarget(const NormaliseRule& rule, const Directed& peers, double x) {
  if (peers.target == peers.min) return Undivided();
  if (peers.target < peers.min) return Share(1);  // Nobody is below the target.
  const double share = (x - peers.min) / (peers.target - peers.min);
  return Share(rule.beyond_target ? share : std::min(share, 1.0));
}

Found AgainstReference(const Directed& peers, double x) {
  if (!peers.reference) return None();
  if (*peers.reference == peers.min) return Undivided();
  return Share(1 - (*peers.reference - x) / (*peers.reference - peers.min));
}

Found FractionOfBest(const NormaliseRule& rule, const PeerParameters& peers, double figure) {
  if (!rule.falling) return Ratio(figure, peers.max, peers);
  if (peers.min > 0 && figure > 0) return Share(peers.min / figure);
  return peers.min == peers.max ? Undivided() : None();
}

// How far a figure lies outside of a range.
double Distance(double figure, double low, double high) {
  return std::max({low - figure, figure - high, 0.0});
}

Found NearRange(const NormaliseRule& rule, const PeerParameters& peers, double figure, double low,
                double high) {
  const double distance = Distance(figure, low, high);
  if (distance == 0) return Share(1);
  const double reach =
      rule.reach.value_or(std::max(Distance(peers.min, low, high), Distance(peers.max, low, high)));
  return Share(reach > distance ? 1 - distance / reach : 0);
}

// Peers that are worse, and peers that are equal.
struct Place {
  double worse = 0;
  double equal = 0;
  double better = 0;
};
Place PlaceOf(const NormaliseRule& rule, const PeerParameters& peers, double figure) {
  const auto range =
      std::equal_range(peers.sorted.begin(), peers.sorted.end(), ForComparison(figure));
  Place place;
  place.worse = static_cast<double>(range.first - peers.sorted.begin());
  place.equal = static_cast<double>(range.second - range.first);
  place.better = static_cast<double>(peers.sorted.end() - range.second);
  if (rule.falling) std::swap(place.worse, place.better);
  return place;
}
double FromBelow(const Place& place) { return place.worse + (place.equal + 1) / 2; }

Found Percentile(const NormaliseRule& rule, const PeerParameters& peers, double figure) {
  if (peers.sorted.empty() || peers.sorted.front() == peers.sorted.back()) return Undivided();
  const double place = FromBelow(PlaceOf(rule, peers, figure));
  return Share((place - 1) / (static_cast<double>(peers.sorted.size()) - 1));
}

Found ByPlace(const NormaliseRule& rule, const PeerParameters& peers, double figure) {
  if (rule.break_points.empty()) return None();
  const double place = PlaceOf(rule, peers, figure).better + 1;
  double points = rule.break_points.front().points;
  for (const BreakPoint& row : rule.break_points) {
    if (row.figure > place) break;
    points = row.points;
  }
  return Number(points);
}

Found AlongLine(const std::vector<BreakPoint>& line, double figure) {
  if (line.empty()) return None();
  const auto above =
      std::upper_bound(line.begin(), line.end(), figure,
                       [](double value, const BreakPoint& point) { return value < point.figure; });
  if (above == line.begin()) return Number(line.front().points);
  if (above == line.end()) return Number(line.back().points);
  const BreakPoint& from = *(above - 1);
  const double way = (figure - from.figure) / (above->figure - from.figure);
  return Number(from.points + way * (above->points - from.points));
}

Found AroundMean(const Directed& peers, double share, double x) {
  const double band = std::abs(share * peers.mean);
  if (x > peers.mean + band) return Share(1);
  return Share(x < peers.mean - band ? 0 : 0.5);
}

Found Find(const NormaliseRule& rule, const PeerParameters& peers, double figure) {
  const Directed directed(rule, peers);
  const double x = rule.falling ? -figure : figure;
  const double spread = directed.max - directed.min;
  switch (rule.method) {
    case NormaliseMethod::kMinMax:
      return spread > 0 ? Share((x - directed.min) / spread) : Undivided();
    case NormaliseMethod::kZScore:
      return peers.standard_deviation > 0 ? Share((x - directed.mean) / peers.standard_deviation)
                                          : Undivided();
    case NormaliseMethod::kDistanceToTarget:
      return TowardsTarget(rule, directed, x);
    case NormaliseMethod::kReferenceUnit:
      return AgainstReference(directed, x);
    case NormaliseMethod::kFractionOfBest:
      return FractionOfBest(rule, peers, figure);
    case NormaliseMethod::kIdeal:
      return NearRange(rule, peers, figure, rule.target, rule.target);
    case NormaliseMethod::kInterval:
      return NearRange(rule, peers, figure, rule.ideal_low, rule.ideal_high);
    case NormaliseMethod::kRank:
      return Number(FromBelow(PlaceOf(rule, peers, figure)));
    case NormaliseMethod::kBorda:
      return Number(FromBelow(PlaceOf(rule, peers, figure)) - 1);
    case NormaliseMethod::kPercentile:
      return Percentile(rule, peers, figure);
    case NormaliseMethod::kRankTable:
      return ByPlace(rule, peers, figure);
    case NormaliseMethod::kPiecewise:
      return AlongLine(rule.break_points, figure);
    case NormaliseMethod::kAboveBelowMean:
      return AroundMean(directed, rule.target, x);
    case NormaliseMethod::kShareOfSum:
      return Ratio(x, peers.sum, peers);
    case NormaliseMethod::kVector:
      return Ratio(x, peers.root_of_squares, peers);
  }
  return None();
}

absl::optional<double> Scaled(const NormaliseRule& rule, const Found& found) {
  const bool around_mean = rule.method == NormaliseMethod::kZScore;
  const double low = rule.scale_low;
  const double high = rule.scale_high;
  switch (found.kind) {
    case Found::Kind::kShare:
      return low + found.value * (around_mean ? high : high - low);
    case Found::Kind::kNumber:
      return found.value;
    case Found::Kind::kNone:
      return absl::nullopt;
    case Found::Kind::kNoSpread:
      break;
  }
  if (rule.no_spread == NoSpread::kUnscored) return absl::nullopt;
  if (around_mean) return low;
  return rule.no_spread == NoSpread::kFull ? high : low + (high - low) / 2;
}

}  // namespace

std::vector<double> SortedFigures(absl::Span<const double> figures) {
  std::vector<double> sorted;
  sorted.reserve(figures.size());
  for (double figure : figures) {
    if (std::isfinite(figure)) sorted.push_back(figure + 0.0);  // Without the sign of a zero.
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

PeerParameters ParametersOf(absl::Span<const double> figures, bool places) {
  std::vector<double> sorted = SortedFigures(figures);
  PeerParameters peers;
  peers.count = static_cast<int64_t>(sorted.size());
  if (sorted.empty()) return peers;
  peers.min = sorted.front();
  peers.max = sorted.back();
  double squares = 0;
  for (double figure : sorted) {
    peers.sum += figure;
    squares += figure * figure;
  }
  peers.root_of_squares = std::sqrt(squares);
  peers.mean = peers.sum / static_cast<double>(peers.count);
  if (peers.min == peers.max) {
    peers.mean = peers.min;  // Not a last bit beside it.
  } else {
    double deviations = 0;
    for (double figure : sorted) deviations += (figure - peers.mean) * (figure - peers.mean);
    peers.standard_deviation = std::sqrt(deviations / static_cast<double>(peers.count - 1));
  }
  if (places) {
    for (double& figure : sorted) figure = ForComparison(figure);
    peers.sorted = std::move(sorted);
  }
  return peers;
}

bool NeedsPeers(const NormaliseRule& rule) {
  switch (rule.method) {
    case NormaliseMethod::kPiecewise:
      return false;
    case NormaliseMethod::kIdeal:
    case NormaliseMethod::kInterval:
      return !rule.reach;
    default:
      return true;
  }
}

bool NeedsPlaces(NormaliseMethod method) {
  switch (method) {
    case NormaliseMethod::kRank:
    case NormaliseMethod::kBorda:
    case NormaliseMethod::kPercentile:
    case NormaliseMethod::kRankTable:
      return true;
    default:
      return false;
  }
}

absl::optional<Fixed> Normalise(const NormaliseRule& rule, const PeerParameters& peers,
                                double figure) {
  if (!std::isfinite(figure)) return absl::nullopt;
  if (NeedsPeers(rule) && peers.count < std::max(rule.peers_min, 1)) return absl::nullopt;
  if (NeedsPlaces(rule.method) && peers.sorted.empty()) return absl::nullopt;
  const absl::optional<double> number = Scaled(rule, Find(rule, peers, figure));
  return number ? FixedOf(*number) : absl::nullopt;
}

absl::optional<Fixed> FixedOf(double number) {
  if (std::isnan(number)) return absl::nullopt;
  const double most = static_cast<double>(kFixedUnitsMax) / static_cast<double>(kFixedUnitsPerOne);
  if (std::abs(number) >= most) {
    return Fixed::FromUnits(number < 0 ? -kFixedUnitsMax : kFixedUnitsMax);
  }
  const double units = std::round(number * static_cast<double>(kFixedUnitsPerOne));
  return Fixed::FromUnits(
      std::min(std::max(static_cast<int64_t>(units), -kFixedUnitsMax), kFixedUnitsMax));
}

FixedSum ExactOf(double figure) {
  constexpr double kMost = 1e18;
  if (std::isnan(figure)) return {};
  const double units = std::clamp(figure, -kMost, kMost) * static_cast<double>(kFixedUnitsPerOne);
  return FixedSum::FromUnits(static_cast<int128_t>(std::round(units)));
}

}  // namespace terrace::scoring::engine
