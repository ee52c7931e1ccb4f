#include "services/scoring/engine/sheet.h"

#include <algorithm>

#include "common/base/check.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring::engine {
namespace {

Assessment Unscored(bool any_not_yet, bool any_missing) {
  if (any_not_yet) return Assessment::kNotYet;
  return any_missing ? Assessment::kMissing : Assessment::kNotApplicable;
}

}  // namespace

SheetFinisher::SheetFinisher(const Scheme* scheme, absl::Span<const Fixed> weights)
    : scheme_(scheme) {
  const int top = static_cast<int>(scheme->nodes.size());
  std::vector<int32_t> children(top, 0);
  steps_.reserve(top);
  for (int n = 0; n < top; ++n) {
    const Node& node = scheme->nodes[n];
    Step step;
    step.combination = node.combination;
    step.parent = node.parent >= 0 ? node.parent : top;
    step.leaf = node.leaf;
    step.points = node.points;
    step.weight = weights.empty() ? node.weight : weights[n];
    step.min_present = node.min_present;
    if (node.leaf >= 0) {
      const Rule& rule = scheme->leaves[node.leaf].rule;
      step.kind = std::holds_alternative<BonusRule>(rule)     ? Step::Kind::kBonus
                  : std::holds_alternative<PenaltyRule>(rule) ? Step::Kind::kPenalty
                  : std::holds_alternative<VetoRule>(rule)    ? Step::Kind::kVeto
                                                              : Step::Kind::kLeaf;
    }
    if (node.parent >= 0) {
      const Node& above = scheme->nodes[node.parent];
      step.above = above.combination;
      step.points_above = above.points;
      ++children[node.parent];
    }
    steps_.push_back(step);
  }
  int32_t end = 0;
  for (int n = 0; n < top; ++n) {
    if (TakesShares(steps_[n].combination)) end += children[n];
    steps_[n].members_end = end;
  }
  members_.resize(end);
  sums_.resize(top + 1);
}

// What a leaf means for the sheet as a whole.
void SheetFinisher::Count(const LeafResult& leaf, const Step& step) {
  if (step.kind == Step::Kind::kLeaf && leaf.assessment != Assessment::kNotApplicable) {
    applicable_points_ += step.points.units();
    covered_points_ += leaf.available.units();
    ++applicable_leaves_;
    present_leaves_ += leaf.present ? 1 : 0;
    any_not_yet_ |= leaf.assessment == Assessment::kNotYet;
  }
  blocked_missing_ |= leaf.blocks && leaf.assessment == Assessment::kMissing;
  blocked_not_yet_ |= leaf.blocks && leaf.assessment == Assessment::kNotYet;
}

void SheetFinisher::Strike(const VetoRule& veto, SheetResult* sheet) const {
  switch (veto.effect) {
    case VetoEffect::kDisqualify:
      sheet->disqualified = true;
      return;
    case VetoEffect::kMaxGrade:
      sheet->best_band = std::max(sheet->best_band, veto.max_grade);
      return;
    case VetoEffect::kZero:
    case VetoEffect::kMaxScore:
      break;
  }
  const Fixed most = veto.effect == VetoEffect::kZero ? Fixed() : veto.max_score;
  sheet->ceiling = sheet->ceiling ? std::min(*sheet->ceiling, most) : most;
}

NodeResult SheetFinisher::FinishInner(const Step& step, const Sums& sums,
                                      const absl::optional<Fixed>& given) const {
  NodeResult result;
  absl::optional<Fixed> earned;
  if (sums.scored > 0 && Suffices(sums.scored, sums.applicable, step.min_present)) {
    if (step.combination == Combination::kCopeland) {
      earned = given;
    } else if (TakesShares(step.combination)) {
      earned = Combine(
          step.combination, scheme_->nodes[&step - steps_.data()].exponent,
          {members_.data() + step.members_end - sums.members, static_cast<size_t>(sums.members)});
    } else {
      earned = Clamped(sums.earned);
    }
  }
  if (!earned) {
    // Whoever is scored does not suffice, so something is missing.
    result.assessment = Unscored(sums.any_not_yet, sums.any_missing || sums.scored > 0);
    return result;
  }
  result.assessment = Assessment::kScored;
  result.earned = *earned;
  if (step.combination == Combination::kSum) {
    result.available = Clamped(sums.available);
    return result;
  }
  if (step.combination == Combination::kScale) {
    result.earned = OnScale(step.points, *earned, Clamped(sums.available));
  }
  result.available = step.points;
  return result;
}

// Brings what a node makes to the node above it.
void SheetFinisher::AddTo(const Step& step, const NodeResult& result) {
  Sums& sums = sums_[step.parent];
  if (result.assessment == Assessment::kNotApplicable) return;
  ++sums.applicable;
  sums.any_not_yet |= result.assessment == Assessment::kNotYet;
  sums.any_missing |= result.assessment == Assessment::kMissing;
  if (result.available <= Fixed()) return;  // Not scored.
  ++sums.scored;
  sums.earned += result.earned.units();
  sums.available += result.available.units();
  if (!TakesShares(step.above)) return;
  // Children come last first; in their room they stand in the order of the scheme.
  ++sums.members;
  members_[steps_[step.parent].members_end - sums.members] = {
      OnScale(step.points_above, result.earned, result.available), step.weight};
}

void SheetFinisher::FinishTop(SheetResult* sheet) const {
  const Sums& top = sums_.back();
  sheet->applicable_points = Clamped(applicable_points_);
  sheet->covered_points = Clamped(covered_points_);
  sheet->earned = Clamped(top.earned);
  sheet->available = Clamped(top.available);
  sheet->assessment =
      top.scored > 0 ? Assessment::kScored : Unscored(top.any_not_yet, top.any_missing);
  sheet->screened_out = !Suffices(present_leaves_, applicable_leaves_, scheme_->min_present);
  if (sheet->screened_out) {
    sheet->assessment = any_not_yet_ ? Assessment::kNotYet : Assessment::kMissing;
  }
  if (blocked_not_yet_) {
    sheet->assessment = Assessment::kNotYet;
  } else if (blocked_missing_) {
    sheet->assessment = Assessment::kMissing;
  }
  sheet->bonus_uncapped = Clamped(bonus_);
  sheet->bonus = scheme_->bonus_cap ? std::min(sheet->bonus_uncapped, *scheme_->bonus_cap)
                                    : sheet->bonus_uncapped;
  sheet->penalty = Clamped(penalty_);
  if (sheet->assessment != Assessment::kScored) return;
  int128_t score = OnScale(scheme_->points, sheet->earned, sheet->available).units();
  score += sheet->bonus.units();
  score = std::max(score - sheet->penalty.units(), std::min(score, int128_t{0}));
  sheet->score = Clamped(score);
  if (sheet->ceiling) sheet->score = std::min(sheet->score, *sheet->ceiling);
}

void SheetFinisher::Finish(SheetResult* sheet) {
  TERRACE_CHECK(sheet->leaves.size() == scheme_->leaves.size());
  sheet->disqualified = false;
  sheet->score = Fixed();
  sheet->ceiling.reset();
  sheet->best_band = 0;
  sheet->nodes.resize(steps_.size());
  std::fill(sums_.begin(), sums_.end(), Sums());
  bonus_ = penalty_ = 0;
  applicable_points_ = covered_points_ = 0;
  applicable_leaves_ = present_leaves_ = 0;
  any_not_yet_ = blocked_missing_ = blocked_not_yet_ = false;

  // Children stand behind their parents, so going backwards finishes them first.
  for (int n = static_cast<int>(steps_.size()) - 1; n >= 0; --n) {
    const Step& step = steps_[n];
    NodeResult& result = sheet->nodes[n];
    if (step.kind == Step::Kind::kInner) {
      result = FinishInner(step, sums_[n], sheet->given.empty() ? absl::nullopt : sheet->given[n]);
      AddTo(step, result);
      continue;
    }
    const LeafResult& leaf = sheet->leaves[step.leaf];
    result = {leaf.assessment, leaf.earned, leaf.available};
    Count(leaf, step);
    switch (step.kind) {  // Extras stand outside the total of the nodes above.
      case Step::Kind::kBonus:
        bonus_ += leaf.earned.units();
        break;
      case Step::Kind::kPenalty:
        penalty_ -= leaf.earned.units();
        break;
      case Step::Kind::kVeto:
        if (leaf.struck) Strike(std::get<VetoRule>(scheme_->leaves[step.leaf].rule), sheet);
        break;
      default:
        AddTo(step, result);
        break;
    }
  }
  FinishTop(sheet);
}

void SheetFinisher::Evaluate(const SheetInput& input, SheetResult* sheet) {
  TERRACE_CHECK(input.leaves.size() == scheme_->leaves.size());
  sheet->leaves.resize(input.leaves.size());
  for (size_t i = 0; i < input.leaves.size(); ++i) {
    const Fixed points = scheme_->nodes[scheme_->leaf_nodes[i]].points;
    sheet->leaves[i] = EvaluateLeaf(scheme_->leaves[i], points, input.leaves[i]);
  }
  sheet->given = input.given;
  Finish(sheet);
}

bool Suffices(int64_t present, int64_t applicable, Fixed least) {
  return int128_t{present} * kFixedUnitsPerOne >= int128_t{applicable} * least.units();
}

absl::optional<Fixed> BroughtTo(const Node& node, const NodeResult& child) {
  if (child.assessment != Assessment::kScored || child.available <= Fixed()) return absl::nullopt;
  return OnScale(node.points, child.earned, child.available);
}

absl::optional<Fixed> NodeValue(const Scheme& scheme, int node, const NodeResult& result) {
  if (result.assessment != Assessment::kScored) return absl::nullopt;
  const Node& of = scheme.nodes[node];
  if (of.leaf >= 0 && IsExtra(scheme.leaves[of.leaf])) return result.earned;
  if (result.available <= Fixed()) return absl::nullopt;
  return OnScale(of.points, result.earned, result.available);
}

SheetResult EvaluateSheet(const Scheme& scheme, const SheetInput& input) {
  SheetResult sheet;
  SheetFinisher(&scheme).Evaluate(input, &sheet);
  return sheet;
}

}  // namespace terrace::scoring::engine
