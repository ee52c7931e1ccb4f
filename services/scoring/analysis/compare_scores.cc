#include "services/scoring/analysis/compare_scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "services/scoring/engine/rounding.h"

namespace terrace::scoring {
namespace {

using engine::Assessment;
using engine::LeafInput;
using engine::Part;
using Kind = Difference::Kind;

// What rounding alone leaves between two numbers that are each rounded a few times.
constexpr int128_t kDustUnits = 8;

FixedSum Minus(Fixed a, Fixed b) { return FixedSum(a) - b; }

// whole * numerator / denominator; the denominator is not 0.
FixedSum Scaled(FixedSum whole, FixedSum numerator, FixedSum denominator) {
  const int sign = denominator.units() < 0 ? -1 : 1;
  return FixedSum::FromUnits(
      engine::DivideRounded(whole.units() * numerator.units() * sign, denominator.units() * sign));
}

bool IsScored(const Part* part) {
  return part != nullptr && part->assessment == Assessment::kScored;
}

Fixed ContributionOf(const Part* part) { return part != nullptr ? part->contribution : Fixed(); }
Fixed ValueOf(const Part* part) { return part != nullptr ? part->value : Fixed(); }
absl::optional<Fixed> ShownValue(const Part* part) {
  return IsScored(part) ? absl::make_optional(part->value) : absl::nullopt;
}

// One part as it stands in both scores; null where it is not there.
struct Pair {
  const Part* before = nullptr;
  const Part* after = nullptr;

  FixedSum Natural() const { return Minus(ContributionOf(after), ContributionOf(before)); }
};

// How much of the difference comes from the part's own value. A contribution is the value times
// what it counts for, and here each changes with the mean of the other.
FixedSum ByValue(const Pair& pair) {
  const Fixed was = ValueOf(pair.before), is = ValueOf(pair.after);
  const FixedSum change = Minus(is, was);
  if (was == Fixed() && is == Fixed()) return pair.Natural();
  FixedSum by_value;
  if (was == Fixed()) {
    by_value = Scaled(change, ContributionOf(pair.after), is);
  } else if (is == Fixed()) {
    by_value = Scaled(change, ContributionOf(pair.before), was);
  } else {
    const FixedSum twice = Scaled(change, ContributionOf(pair.before), was) +
                           Scaled(change, ContributionOf(pair.after), is);
    by_value = FixedSum::FromUnits(engine::DivideRounded(twice.units(), 2));
  }
  const int128_t rest = (pair.Natural() - by_value).units();
  return rest >= -kDustUnits && rest <= kDustUnits ? pair.Natural() : by_value;
}

class Comparer {
 public:
  Comparer(const ComparedScore& before, const ComparedScore& after)
      : before_(before), after_(after) {}

  std::vector<Difference> Run() {
    CompareUnits();
    const Pair sheet = {SheetOf(before_.whole), SheetOf(after_.whole)};
    if (sheet.before != nullptr || sheet.after != nullptr) {
      CompareParts(sheet, sheet.Natural(), /*geometric=*/false);
      Add(Kind::kAdjustment, "scaling", engine::kNoUnit, scaling_);
    }
    return std::move(out_);
  }

 private:
  void Add(Kind kind, std::string subject, engine::Unit unit, FixedSum contribution,
           absl::optional<Fixed> before = absl::nullopt,
           absl::optional<Fixed> after = absl::nullopt) {
    if (contribution == FixedSum()) return;
    out_.push_back({kind, std::move(subject), unit, contribution, before, after});
  }

  // ---- Units below.

  static const Part* SheetOf(const Part& whole) {
    for (const Part& part : whole.parts) {
      if (part.kind == Part::Kind::kSheet) return &part;
    }
    return nullptr;
  }

  void CompareUnits() {
    std::map<engine::Unit, Pair> units;
    for (const Part& part : before_.whole.parts) {
      if (part.kind == Part::Kind::kUnit) units[part.unit].before = &part;
    }
    for (const Part& part : after_.whole.parts) {
      if (part.kind == Part::Kind::kUnit) units[part.unit].after = &part;
    }
    std::vector<std::pair<engine::Unit, Pair>> moved;  // Joined, or left.
    std::map<engine::Unit, FixedSum> weights;
    FixedSum weighed;
    for (const auto& [unit, pair] : units) {
      if (!IsScored(pair.before) && !IsScored(pair.after)) continue;
      if (!IsScored(pair.before) || !IsScored(pair.after)) {
        moved.emplace_back(unit, pair);
        continue;
      }
      const FixedSum by_value = ByValue(pair);
      Add(Kind::kChild, "", unit, by_value, pair.before->value, pair.after->value);
      weights[unit] = pair.Natural() - by_value;
      weighed += weights[unit];
    }
    // In a plain mean, what units count for changes because others come and go, and it is these
    // that the difference is due to.
    const bool plain = before_.method == engine::Method::kMean &&
                       after_.method == engine::Method::kMean && !moved.empty();
    if (!plain) {
      for (const auto& [unit, rest] : weights) {
        Add(Kind::kWeight, "", unit, rest, WeightOf(units[unit].before),
            WeightOf(units[unit].after));
      }
      weighed = FixedSum();
    }
    AddMoved(moved, weighed);
  }

  static absl::optional<Fixed> WeightOf(const Part* part) {
    if (!part->weight) return absl::nullopt;
    return engine::Clamped(int128_t{*part->weight} *
                           (kFixedUnitsPerOne / engine::kWeightUnitsPerOne));
  }

  // `weighed` is what others count for more or less because of them: as many shares as each.
  void AddMoved(const std::vector<std::pair<engine::Unit, Pair>>& moved, FixedSum weighed) {
    const auto of = [&](const ComparedScore& score) {
      return std::count_if(
          score.whole.parts.begin(), score.whole.parts.end(), [](const Part& part) {
            return part.kind == Part::Kind::kUnit && part.assessment == Assessment::kScored;
          });
    };
    const int64_t count_before = of(before_), count_after = of(after_);
    // A unit that joined takes 1/after of the mean, one that left gives back 1/before.
    std::vector<int64_t> shares;
    int64_t sum = 0;
    for (const auto& [unit, pair] : moved) {
      shares.push_back(IsScored(pair.after) ? -count_before : count_after);
      sum += shares.back();
    }
    FixedSum left = weighed;
    for (size_t i = 0; i < moved.size(); ++i) {
      const auto& [unit, pair] = moved[i];
      FixedSum share = left;
      if (i + 1 < moved.size()) {
        share = sum == 0
                    ? FixedSum()
                    : Scaled(weighed, FixedSum::FromUnits(shares[i]), FixedSum::FromUnits(sum));
      }
      left -= share;
      Add(IsScored(pair.after) ? Kind::kJoined : Kind::kLeft, "", unit, pair.Natural() + share,
          ShownValue(pair.before), ShownValue(pair.after));
    }
  }

  // ---- The own sheet.

  static bool IsNode(const Part& part) {
    return part.kind == Part::Kind::kNode || part.kind == Part::Kind::kVeto;
  }

  // What tells the part apart from its siblings, in both scores.
  static std::string KeyOf(const Part& part, const CompiledScheme& scheme) {
    switch (part.kind) {
      case Part::Kind::kNode:
        return absl::StrCat("n", scheme.proto.nodes(part.index).id());
      case Part::Kind::kVeto:
        return absl::StrCat("v", scheme.proto.nodes(part.index).id());
      case Part::Kind::kBonusCap:
        return "bonus-cap";
      case Part::Kind::kFloor:
        return "floor";
      default:
        return "unevenness";
    }
  }

  void CompareParts(const Pair& whole, FixedSum difference, bool geometric) {
    std::map<std::string, Pair> parts;
    std::vector<std::string> order;
    const auto take = [&](const Part* of, const CompiledScheme& scheme, auto member) {
      if (of == nullptr) return;
      for (const Part& part : of->parts) {
        std::string key = KeyOf(part, scheme);
        const auto [at, fresh] = parts.try_emplace(key);
        at->second.*member = &part;
        if (fresh) order.push_back(std::move(key));
      }
    };
    take(whole.before, *before_.scheme, &Pair::before);
    take(whole.after, *after_.scheme, &Pair::after);
    std::vector<FixedSum> shares;
    FixedSum sum;
    for (const std::string& key : order) {
      shares.push_back(geometric ? LogarithmOf(parts[key]) : parts[key].Natural());
      sum += shares.back();
    }
    if (geometric && sum == FixedSum()) {  // Up and down by as much: each as it contributes.
      sum = FixedSum();
      for (size_t i = 0; i < order.size(); ++i) sum += shares[i] = parts[order[i]].Natural();
    }
    FixedSum left = difference;
    for (size_t i = 0; i < order.size(); ++i) {
      FixedSum share = shares[i];
      if (i + 1 == order.size()) {
        share = left;
      } else if (sum != difference && sum != FixedSum()) {
        share = Scaled(difference, shares[i], sum);
      }
      left -= share;
      ComparePart(parts[order[i]], share);
    }
  }

  // How much further up its logarithm is, by its weight; 0 where there is none.
  FixedSum LogarithmOf(const Pair& pair) const {
    if (!IsScored(pair.before) || !IsScored(pair.after) || !IsNode(*pair.after)) return FixedSum();
    const double was = ToDouble(pair.before->value), is = ToDouble(pair.after->value);
    if (was <= 0 || is <= 0) return FixedSum();
    const double weight = ToDouble(after_.scheme->engine.nodes[pair.after->index].weight);
    const double full = ToDouble(pair.after->out_of) / ToDouble(pair.before->out_of);
    const absl::StatusOr<Fixed> share = FixedFromDouble(weight * std::log(is / was / full), "log");
    return share.ok() ? FixedSum(*share) : FixedSum();
  }

  bool IsGeometric(const Pair& pair) const {
    for (const auto& [part, score] :
         {std::pair(pair.before, &before_), std::pair(pair.after, &after_)}) {
      if (!IsScored(part) || part->value <= Fixed() ||
          score->scheme->engine.nodes[part->index].combination != engine::Combination::kGeometric) {
        return false;
      }
    }
    return true;
  }

  void ComparePart(const Pair& pair, FixedSum difference) {
    const Part& any = pair.after != nullptr ? *pair.after : *pair.before;
    const CompiledScheme& scheme = pair.after != nullptr ? *after_.scheme : *before_.scheme;
    if (!IsNode(any) || any.kind == Part::Kind::kVeto) {
      Add(Kind::kAdjustment, IsNode(any) ? scheme.proto.nodes(any.index).id() : KeyOf(any, scheme),
          engine::kNoUnit, difference);
      return;
    }
    const auto inner = [](const Part* part, const ComparedScore& score) {
      if (part == nullptr) return true;
      const engine::Node& node = score.scheme->engine.nodes[part->index];
      return node.leaf < 0 && node.combination != engine::Combination::kCopeland &&
             !part->parts.empty();
    };
    if (inner(pair.before, before_) && inner(pair.after, after_)) {
      CompareParts(pair, difference, IsGeometric(pair));
      return;
    }
    FixedSum own = difference;
    if (difference == pair.Natural()) {
      own = ByValue(pair);
      scaling_ += difference - own;
    }
    Add(IsDeadline(pair) ? Kind::kDeadline : Kind::kLine, scheme.proto.nodes(any.index).id(),
        engine::kNoUnit, own, ShownValue(pair.before), ShownValue(pair.after));
  }

  static const LeafInput* InputOf(const Part* part, const ComparedScore& score) {
    if (part == nullptr || score.input.leaves.empty()) return nullptr;
    const int leaf = score.scheme->engine.nodes[part->index].leaf;
    return leaf < 0 ? nullptr : &score.input.leaves[leaf];
  }

  // Whether the line differs because a deadline has passed: what was only not there yet is missing,
  // or more is due and no more was done in time.
  bool IsDeadline(const Pair& pair) const {
    const LeafInput* was = InputOf(pair.before, before_);
    const LeafInput* is = InputOf(pair.after, after_);
    if (was == nullptr || is == nullptr) return false;
    if (is->form == LeafInput::Form::kAbsent) {
      return is->late && was->form == LeafInput::Form::kAbsent && !was->late;
    }
    const Source& source =
        after_.scheme->leaves[after_.scheme->engine.nodes[pair.after->index].leaf].source;
    return (std::holds_alternative<FromTimeliness>(source) ||
            std::holds_alternative<FromRectification>(source)) &&
           is->denominator > was->denominator && is->numerator <= was->numerator;
  }

  const ComparedScore& before_;
  const ComparedScore& after_;
  FixedSum scaling_;
  std::vector<Difference> out_;
};

}  // namespace

std::vector<Difference> Compare(const ComparedScore& before, const ComparedScore& after) {
  return Comparer(before, after).Run();
}

}  // namespace terrace::scoring
