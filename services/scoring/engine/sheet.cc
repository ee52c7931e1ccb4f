#include "services/scoring/engine/sheet.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "common/base/check.h"

namespace terrace::scoring::engine {
namespace {

// The points of a sheet are limited to 10,000 (see ../compile.h), so sums of them are Fixed.
Fixed Plus(Fixed a, Fixed b) { return Fixed::FromUnits(a.units() + b.units()); }

Fixed Scaled(Fixed points, Fixed earned, Fixed available) {
  absl::StatusOr<Fixed> scaled = MultiplyDivide(points, earned, available, "points");
  TERRACE_CHECK(scaled.ok());  // earned <= available
  return *scaled;
}

// Bonuses without a cap may be any number; a score must fit a Fixed.
Fixed PlusBonus(Fixed score, Fixed bonus) {
  return Fixed::FromUnits(std::min(score.units() + bonus.units(), kFixedUnitsMax));
}

// What the children of a node leave it with, gathered before the node itself is finished.
struct Gathered {
  FixedSum earned;
  FixedSum available;
  bool any_not_yet = false;
  bool any_missing = false;
};

Assessment AssessmentOf(const Gathered& gathered) {
  if (gathered.available > FixedSum()) return Assessment::kScored;
  if (gathered.any_not_yet) return Assessment::kNotYet;
  if (gathered.any_missing) return Assessment::kMissing;
  return Assessment::kNotApplicable;
}

void Gather(const NodeResult& node, Gathered& into) {
  into.earned += node.earned;
  into.available += node.available;
  into.any_not_yet |= node.assessment == Assessment::kNotYet;
  into.any_missing |= node.assessment == Assessment::kMissing;
}

}  // namespace

SheetResult EvaluateSheet(const Scheme& scheme, absl::Span<const LeafInput> inputs) {
  TERRACE_CHECK(inputs.size() == scheme.leaves.size());
  SheetResult sheet;
  sheet.nodes.resize(scheme.nodes.size());
  sheet.leaves.resize(scheme.leaves.size());
  std::vector<Gathered> gathered(scheme.nodes.size());
  Gathered top;
  FixedSum bonus;
  bool blocked_missing = false;
  bool blocked_not_yet = false;

  // Children stand behind their parents, so going backwards finishes them first.
  for (int n = static_cast<int>(scheme.nodes.size()) - 1; n >= 0; --n) {
    const Node& node = scheme.nodes[n];
    NodeResult& result = sheet.nodes[n];
    if (node.leaf >= 0) {
      const Leaf& leaf = scheme.leaves[node.leaf];
      LeafResult& found = sheet.leaves[node.leaf];
      found = EvaluateLeaf(leaf, node.points, inputs[node.leaf]);
      result = {found.assessment, found.earned, found.available};
      if (!IsExtra(leaf) && found.assessment != Assessment::kNotApplicable) {
        sheet.applicable_points = Plus(sheet.applicable_points, node.points);
        sheet.covered_points = Plus(sheet.covered_points, found.available);
      }
      blocked_missing |= found.blocks && found.assessment == Assessment::kMissing;
      blocked_not_yet |= found.blocks && found.assessment == Assessment::kNotYet;
      if (std::holds_alternative<BonusRule>(leaf.rule)) {
        bonus += found.earned;
        continue;  // Stands outside the total of the nodes above.
      }
      if (const auto* veto = std::get_if<VetoRule>(&leaf.rule)) {
        if (!found.struck) continue;
        if (veto->effect == VetoEffect::kDisqualify) {
          sheet.disqualified = true;
        } else {
          const Fixed most = veto->effect == VetoEffect::kZero ? Fixed() : veto->max_score;
          sheet.ceiling = sheet.ceiling ? std::min(*sheet.ceiling, most) : most;
        }
        continue;
      }
    } else {
      const Gathered& children = gathered[n];
      result.assessment = AssessmentOf(children);
      result.earned = Fixed::FromUnits(static_cast<int64_t>(children.earned.units()));
      result.available = Fixed::FromUnits(static_cast<int64_t>(children.available.units()));
      if (node.scale && result.available > Fixed()) {
        result.earned = Scaled(node.points, result.earned, result.available);
        result.available = node.points;
      }
    }
    Gather(result, node.parent >= 0 ? gathered[node.parent] : top);
  }

  sheet.earned = Fixed::FromUnits(static_cast<int64_t>(top.earned.units()));
  sheet.available = Fixed::FromUnits(static_cast<int64_t>(top.available.units()));
  sheet.assessment = AssessmentOf(top);
  if (blocked_not_yet) {
    sheet.assessment = Assessment::kNotYet;
  } else if (blocked_missing) {
    sheet.assessment = Assessment::kMissing;
  }
  const auto most = int128_t{kFixedUnitsMax};
  sheet.bonus_uncapped = Fixed::FromUnits(static_cast<int64_t>(std::min(bonus.units(), most)));
  sheet.bonus =
      scheme.bonus_cap ? std::min(sheet.bonus_uncapped, *scheme.bonus_cap) : sheet.bonus_uncapped;
  if (sheet.assessment == Assessment::kScored) {
    sheet.score = PlusBonus(Scaled(scheme.points, sheet.earned, sheet.available), sheet.bonus);
    if (sheet.ceiling) sheet.score = std::min(sheet.score, *sheet.ceiling);
  }
  return sheet;
}

}  // namespace terrace::scoring::engine
