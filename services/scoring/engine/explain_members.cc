#include <algorithm>
#include <cmath>

#include "services/scoring/engine/combine.h"
#include "services/scoring/engine/explain_parts.h"
#include "services/scoring/engine/indicator.h"

namespace terrace::scoring::engine {
namespace {

// The scale that a mean is taken on: g, rising, so that g(mean) is the mean of g.
class Scale {
 public:
  explicit Scale(const Node& node) : combination_(node.combination), exponent_(node.exponent) {}

  double Of(double y) const {
    switch (combination_) {
      case Combination::kGeometric:
        return std::log(y);
      case Combination::kHarmonic:
        return -1 / y;
      case Combination::kPower:
        return std::copysign(std::pow(y, exponent_), exponent_);
      default:
        return y;
    }
  }
  // How many points one step of the scale is worth between two numbers, 0 apart at the least.
  double PointsPerStep(double from, double to) const {
    if (std::abs(to - from) > 1e-9 * std::abs(to)) return (to - from) / (Of(to) - Of(from));
    switch (combination_) {
      case Combination::kGeometric:
        return to;
      case Combination::kHarmonic:
        return to * to;
      case Combination::kPower:
        return std::pow(to, 1 - exponent_) / std::abs(exponent_);
      default:
        return 1;
    }
  }

 private:
  const Combination combination_;
  const double exponent_;
};

FixedSum WeightOf(absl::Span<const ExplainedMember> members) {
  FixedSum weight;
  for (const ExplainedMember& member : members) weight += member.weight;
  return weight;
}

Fixed ValueOf(const Node& node, const ExplainedMember& member) {
  return OnScale(node.points, member.earned, member.available);
}

// Exact: the weighted mean is linear in what every child earns.
void ExplainMean(const Node& node, absl::Span<const ExplainedMember> members,
                 absl::Span<Piece> pieces) {
  const FixedSum weight = WeightOf(members);
  for (size_t i = 0; i < members.size(); ++i) {
    pieces[i].local = ShareOf(ValueOf(node, members[i]), members[i].weight, weight);
    pieces[i].slope = ShareOf(ShareOf(node.points, members[i].weight, weight),
                              FixedSum::FromInteger(1), members[i].available);
  }
}

void ExplainOnScale(const Node& node, Fixed earned, absl::Span<const ExplainedMember> members,
                    absl::Span<Piece> pieces) {
  const Scale scale(node);
  const double full = ToDouble(node.points);
  const double mean = ToDouble(earned);
  const double per_step = scale.PointsPerStep(mean, full);
  const FixedSum sum = WeightOf(members);
  const double weight = static_cast<double>(sum.units()) / kFixedUnitsPerOne;
  for (size_t i = 0; i < members.size(); ++i) {
    const double w = ToDouble(members[i].weight) / weight;
    if (w == 0) continue;
    const double value = std::max(ToDouble(ValueOf(node, members[i])), 0.0);
    const double cost = per_step * (scale.Of(full) - scale.Of(value));
    pieces[i].local = FixedOf(w * (full - cost)).value_or(Fixed());
    pieces[i].slope = ShareOf(pieces[i].local, FixedSum::FromInteger(1), members[i].earned);
  }
}

// The first child of this value, that no one has named before, brings a part of it.
void Decides(const Node& node, Fixed value, int parts, absl::Span<const ExplainedMember> members,
             absl::Span<Piece> pieces) {
  const FixedSum among = FixedSum::FromInteger(parts);
  for (size_t i = 0; i < members.size(); ++i) {
    if (pieces[i].slope != Fixed() || ValueOf(node, members[i]) != value) continue;
    pieces[i].local = ShareOf(value, FixedSum::FromInteger(1), among);
    pieces[i].slope = ShareOf(node.points, FixedSum::FromInteger(1),
                              FixedSum::FromUnits(int128_t{members[i].available.units()} * parts));
    return;
  }
}

void ExplainDeciders(const Node& node, Fixed earned, absl::Span<const ExplainedMember> members,
                     absl::Span<Piece> pieces) {
  const bool pair = node.combination == Combination::kMedian && members.size() % 2 == 0;
  if (!pair) {
    Decides(node, earned, 1, members, pieces);
    return;
  }
  std::vector<Fixed> values;
  for (const ExplainedMember& member : members) values.push_back(ValueOf(node, member));
  std::sort(values.begin(), values.end());
  Decides(node, values[values.size() / 2 - 1], 2, members, pieces);
  Decides(node, values[values.size() / 2], 2, members, pieces);
}

}  // namespace

void ExplainMembers(const Node& node, Fixed earned, absl::Span<const ExplainedMember> members,
                    absl::Span<Piece> pieces) {
  for (Piece& piece : pieces) piece.local = piece.slope = Fixed();
  if (members.empty()) return;
  switch (node.combination) {
    case Combination::kGeometric:
    case Combination::kHarmonic:
    case Combination::kPower:
      if (earned > Fixed()) ExplainOnScale(node, earned, members, pieces);
      return;
    case Combination::kMedian:
    case Combination::kMin:
    case Combination::kMax:
      ExplainDeciders(node, earned, members, pieces);
      return;
    case Combination::kCopeland:  // A matter of all children and all units at once.
      return;
    default:
      ExplainMean(node, members, pieces);
      return;
  }
}

}  // namespace terrace::scoring::engine
