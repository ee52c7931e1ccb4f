#include "services/scoring/engine/leaf_columns.h"

#include <cmath>
#include <utility>
#include <variant>

#include "absl/types/span.h"

namespace terrace::scoring::engine {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The sets without who is no member. `sets` null: one set of all.
Sets Among(const Members& members, const Sets* sets) {
  Sets out(members.size(), -1);
  for (size_t unit = 0; unit < members.size(); ++unit) {
    if (members[unit]) out[unit] = sets == nullptr ? 0 : (*sets)[unit];
  }
  return out;
}

// Whether less is better, as far as that can be said.
bool IsFalling(const Leaf& leaf) {
  if (const auto* normalise = std::get_if<NormaliseRule>(&leaf.rule)) return normalise->falling;
  if (const auto* ratio = std::get_if<RatioRule>(&leaf.rule)) {
    return ratio->full_at < ratio->zero_at;
  }
  return std::holds_alternative<DeductRule>(leaf.rule) ||
         std::holds_alternative<PenaltyRule>(leaf.rule) ||
         std::holds_alternative<VetoRule>(leaf.rule);
}

// What the figures were a period before, prepared in the same way; empty if not known.
FigureColumn PreviousOf(const Preparation& preparation, const LeafTable& in, const Sets& siblings) {
  if (preparation.imputation != ImputationMethod::kPreviousPeriod || in.history.empty()) return {};
  FigureColumn column =
      Grow(preparation, in.history.front(), absl::MakeConstSpan(in.history).subspan(1), siblings);
  if (preparation.denominated) Denominate(in.denominator, column);
  return column;
}

}  // namespace

FigureColumn Compare(const Preparation& preparation, const LeafTable& in, const Members& members,
                     const Sets& siblings) {
  FigureColumn column = in.figure.values;
  for (size_t unit = 0; unit < column.size(); ++unit) {
    if (!members[unit]) column[unit] = kNone;
  }
  column = Grow(preparation, column, in.history, Among(members, &siblings));
  if (preparation.denominated) Denominate(in.denominator, column);
  return column;
}

Filled FillIn(const Leaf& leaf, const LeafTable& in, FigureColumn compared, const Members& members,
              const Sets& siblings, const Sets* groups) {
  Filled filled;
  filled.figures = std::move(compared);
  const Preparation& preparation = leaf.preparation;
  if (preparation.imputation == ImputationMethod::kNone) {
    filled.cells.resize(filled.figures.size());
    return filled;
  }
  const Sets all = Among(members, nullptr);
  const Sets beside = Among(members, &siblings);
  const Sets grouped = groups != nullptr ? Among(members, groups) : Sets();
  const FigureColumn previous = PreviousOf(preparation, in, beside);
  Donors donors;
  donors.all = &all;
  donors.siblings = &beside;
  donors.groups = groups != nullptr ? &grouped : nullptr;
  donors.previous = previous.empty() ? nullptr : &previous;
  donors.falling = IsFalling(leaf);
  filled.cells = Impute(preparation.imputation, donors, filled.figures);
  return filled;
}

Treated Treat(const Leaf& leaf, const LeafTable& in, FigureColumn filled, const Members& members,
              const Sets* sets) {
  Treated treated;
  treated.figures = std::move(filled);
  treated.sets = Among(members, sets);
  FigureColumn& column = treated.figures;
  std::vector<PeersFound>& peers = treated.peers;
  std::vector<FigureColumn> of_set;
  for (size_t unit = 0; unit < column.size(); ++unit) {
    const int set = treated.sets[unit];
    if (set < 0) continue;
    if (of_set.size() <= static_cast<size_t>(set)) of_set.resize(set + 1);
    of_set[set].push_back(column[unit]);
  }
  const auto* rule = std::get_if<NormaliseRule>(&leaf.rule);
  const bool places = rule != nullptr && NeedsPlaces(rule->method);
  peers.resize(of_set.size());
  for (size_t set = 0; set < of_set.size(); ++set) {
    if (!in.frozen.empty()) peers[set] = set < in.frozen.size() ? in.frozen[set] : PeersFound();
    if (!peers[set].transform) {
      peers[set].transform = FindTransform(leaf.preparation.treatment, of_set[set]);
    }
    for (double& figure : of_set[set]) figure = peers[set].transform->Of(figure);
    if (in.frozen.empty()) peers[set].parameters = ParametersOf(of_set[set], places);
  }
  for (size_t unit = 0; unit < column.size(); ++unit) {
    const int set = treated.sets[unit];
    if (set >= 0) column[unit] = peers[set].transform->Of(column[unit]);
  }
  if (in.reference_unit >= 0 && std::isfinite(column[in.reference_unit])) {
    for (PeersFound& found : peers) {
      if (!found.parameters.reference) found.parameters.reference = column[in.reference_unit];
    }
  }
  return treated;
}

bool LooksAtOthers(const Leaf& leaf, bool frozen) {
  const Preparation& preparation = leaf.preparation;
  if (preparation.growth == GrowthMethod::kOfSiblings ||
      preparation.growth == GrowthMethod::kAboveSiblings) {
    return true;
  }
  if (preparation.imputation != ImputationMethod::kNone &&
      preparation.imputation != ImputationMethod::kZero) {
    return true;
  }
  if (frozen) return false;
  if (preparation.treatment.method != TreatmentMethod::kNone) return true;
  const auto* rule = std::get_if<NormaliseRule>(&leaf.rule);
  return rule != nullptr && NeedsPeers(*rule);
}

}  // namespace terrace::scoring::engine
