#include "services/scoring/campaigns/combine_stages.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "common/base/check.h"

namespace terrace::scoring {
namespace {

std::string Text(FixedSum value) { return FormatSum(value); }

struct Stated {
  int stage;
  StagePoints value;
};

// Where the leaf is, or would be.
template <class Leaves>
auto PlaceOf(Leaves& leaves, int32_t node) {
  return std::lower_bound(
      leaves.begin(), leaves.end(), node,
      [](const CombinedPoints& leaf, int32_t wanted) { return leaf.node < wanted; });
}

// Adds what a spot check found, over the leaves that the stages before it gave points. False when
// there are none.
bool AddChecked(const Combining& combining, const std::vector<CombinedPoints>& leaves,
                const StageOver& check, SpotSample* sample) {
  bool any = false;
  for (const StagePoints& value : check.values) {
    if (combining.IsPenalty(value.node)) continue;
    const auto it = PlaceOf(leaves, value.node);
    if (it == leaves.end() || it->node != value.node) continue;
    if (it->not_applicable || value.not_applicable) continue;
    sample->found += value.points;
    sample->before += it->points;
    any = true;
  }
  return any;
}

// Whether the former leaves the unit with less.
bool IsStricter(bool penalty, Fixed one, Fixed other) {
  return penalty ? one > other : one < other;
}

class Combiner {
 public:
  Combiner(const Combining& combining, const SpotSample& sample, bool with_sentences)
      : combining_(combining), sample_(sample), with_sentences_(with_sentences) {}

  std::vector<CombinedPoints> Run(absl::Span<const StageOver> over) {
    std::vector<Stated> stated;
    for (const StageOver& one : over) {
      if (IsSpotCheck(one.stage)) continue;
      for (const StagePoints& value : one.values) stated.push_back({one.stage, value});
    }
    // Leaf by leaf, in each by stage.
    std::stable_sort(stated.begin(), stated.end(),
                     [](const Stated& a, const Stated& b) { return a.value.node < b.value.node; });
    for (size_t begin = 0, end = 0; begin < stated.size(); begin = end) {
      while (end < stated.size() && stated[end].value.node == stated[begin].value.node) ++end;
      leaves_.push_back(Mix(absl::MakeConstSpan(stated).subspan(begin, end - begin)));
    }
    const int carried = combining_.CarriedOver();
    for (int stage = 0; stage < static_cast<int>(combining_.stages.size()); ++stage) {
      if (!IsSpotCheck(stage)) continue;
      const auto check = std::find_if(over.begin(), over.end(),
                                      [stage](const StageOver& one) { return one.stage == stage; });
      if (check != over.end() && !check->values.empty()) {
        Check(*check);
      } else if (stage == carried) {
        CarryOver(stage);
      }
    }
    return std::move(leaves_);
  }

 private:
  bool IsSpotCheck(int stage) const {
    return combining_.stages[stage].spot_check != SpotCheck::kNone;
  }
  const Sentence& Title(int stage) const { return combining_.stages[stage].title; }

  void Say(CombinedPoints& leaf, absl::string_view en, absl::string_view zh) const {
    absl::StrAppend(&leaf.arithmetic.en, leaf.arithmetic.en.empty() ? "" : " ", en);
    absl::StrAppend(&leaf.arithmetic.zh, zh);
  }

  CombinedPoints Take(const Stated& one) const {
    CombinedPoints leaf;
    leaf.node = one.value.node;
    leaf.not_applicable = one.value.not_applicable;
    leaf.points = one.value.points;
    leaf.stage = one.stage;
    if (!with_sentences_) return leaf;
    const Sentence& title = Title(one.stage);
    if (leaf.not_applicable) {
      Say(leaf, absl::StrCat(title.en, ": does not apply."), absl::StrCat(title.zh, "：不适用。"));
    } else {
      Say(leaf, absl::StrCat(title.en, ": ", Text(leaf.points), " points."),
          absl::StrCat(title.zh, "：", Text(leaf.points), " 分。"));
    }
    return leaf;
  }

  CombinedPoints Mix(absl::Span<const Stated> values) const {
    if (combining_.mixing == StageMixing::kLatest || values.back().value.not_applicable) {
      return Take(values.back());
    }
    std::vector<Stated> given;
    for (const Stated& one : values) {
      if (!one.value.not_applicable) given.push_back(one);
    }
    if (given.size() == 1) return Take(given[0]);
    return combining_.mixing == StageMixing::kWeighted ? Mean(given) : Least(given);
  }

  CombinedPoints Mean(const std::vector<Stated>& given) const {
    // At most 8 stages: the sum of products stays below 10^37.
    int128_t sum = 0;
    int128_t weights = 0;
    for (const Stated& one : given) {
      const int64_t weight = combining_.stages[one.stage].weight.units();
      sum += int128_t{weight} * one.value.points.units();
      weights += weight;
    }
    TERRACE_CHECK(weights > 0);  // Checked when the campaign was made.
    CombinedPoints leaf;
    leaf.node = given[0].value.node;
    leaf.points = Fixed::FromUnits(static_cast<int64_t>((2 * sum + weights) / (2 * weights)));
    if (!with_sentences_) return leaf;
    std::vector<std::string> en;
    std::vector<std::string> zh;
    for (const Stated& one : given) {
      const std::string points = Text(one.value.points);
      const std::string weight = Text(combining_.stages[one.stage].weight);
      en.push_back(absl::Substitute("$0 $1 (weight $2)", Title(one.stage).en, points, weight));
      zh.push_back(absl::Substitute("$0 $1 分（权重 $2）", Title(one.stage).zh, points, weight));
    }
    Say(leaf,
        absl::StrCat("Mean of ", absl::StrJoin(en, ", "), ": ", Text(leaf.points), " points."),
        absl::StrCat(absl::StrJoin(zh, "、"), "，加权平均 ", Text(leaf.points), " 分。"));
    return leaf;
  }

  CombinedPoints Least(const std::vector<Stated>& given) const {
    CombinedPoints leaf;
    leaf.node = given[0].value.node;
    const bool penalty = combining_.IsPenalty(leaf.node);
    for (const Stated& one : given) {
      if (leaf.stage >= 0 && !IsStricter(penalty, one.value.points, leaf.points)) continue;
      leaf.points = one.value.points;
      leaf.stage = one.stage;
    }
    if (!with_sentences_) return leaf;
    std::vector<std::string> en;
    std::vector<std::string> zh;
    for (const Stated& one : given) {
      en.push_back(absl::StrCat(Title(one.stage).en, " ", Text(one.value.points)));
      zh.push_back(absl::StrCat(Title(one.stage).zh, " ", Text(one.value.points), " 分"));
    }
    Say(leaf,
        absl::StrCat(penalty ? "The most of " : "The least of ", absl::StrJoin(en, ", "), ": ",
                     Text(leaf.points), " points."),
        absl::StrCat(absl::StrJoin(zh, "、"), penalty ? "，取最高 " : "，取最低 ",
                     Text(leaf.points), " 分。"));
    return leaf;
  }

  void Check(const StageOver& check) {
    const SpotCheck effect = combining_.stages[check.stage].spot_check;
    if (effect == SpotCheck::kExtrapolate) Extrapolate(check);
    for (const StagePoints& value : check.values) {
      auto it = PlaceOf(leaves_, value.node);
      if (it == leaves_.end() || it->node != value.node) {
        leaves_.insert(it, Take({check.stage, value}));
        continue;
      }
      CombinedPoints& leaf = *it;
      if (effect == SpotCheck::kCap) {
        Cap(check.stage, value, leaf);
      } else {
        Replace(check.stage, value, leaf);
      }
    }
  }

  void Replace(int stage, const StagePoints& value, CombinedPoints& leaf) const {
    leaf.not_applicable = value.not_applicable;
    leaf.points = value.points;
    leaf.stage = stage;
    if (!with_sentences_) return;
    const Sentence& title = Title(stage);
    if (value.not_applicable) {
      Say(leaf, absl::StrCat(title.en, ": does not apply."), absl::StrCat(title.zh, "：不适用。"));
      return;
    }
    Say(leaf, absl::StrCat(title.en, " takes its place: ", Text(value.points), " points."),
        absl::StrCat("以", title.zh, "为准：", Text(value.points), " 分。"));
  }

  void Cap(int stage, const StagePoints& value, CombinedPoints& leaf) const {
    if (value.not_applicable || leaf.not_applicable) return;
    const Sentence& title = Title(stage);
    const bool penalty = combining_.IsPenalty(leaf.node);
    if (IsStricter(penalty, value.points, leaf.points)) {
      leaf.points = value.points;
      leaf.stage = stage;
      if (!with_sentences_) return;
      Say(leaf,
          absl::StrCat(title.en, penalty ? " is higher and counts: " : " is lower and counts: ",
                       Text(value.points), " points."),
          absl::StrCat(title.zh, penalty ? "较高，按 " : "较低，按 ", Text(value.points),
                       " 分计。"));
    } else if (with_sentences_) {
      Say(leaf,
          absl::StrCat(title.en, " gives ", Text(value.points),
                       penalty ? ", which is not higher." : ", which is not lower."),
          absl::StrCat(title.zh, " ", Text(value.points),
                       penalty ? " 分，不高于此，不变。" : " 分，不低于此，不变。"));
    }
  }

  // Leaves that were not checked get the share of those that were.
  void Extrapolate(const StageOver& check) {
    SpotSample found;
    AddChecked(combining_, leaves_, check, &found);
    absl::flat_hash_set<int32_t> looked_at;
    for (const StagePoints& value : check.values) looked_at.insert(value.node);
    const Sentence& title = Title(check.stage);
    Sentence why;
    if (with_sentences_) {
      why = {absl::Substitute("$0 left $1 of $2 points where it looked", title.en,
                              Text(found.found), Text(found.before)),
             absl::Substitute("$0所查部分 $2 分核为 $1 分", title.zh, Text(found.found),
                              Text(found.before))};
    }
    for (CombinedPoints& leaf : leaves_) {
      if (!looked_at.contains(leaf.node)) TakeShare(found, why, leaf);
    }
  }

  // All leaves get the share of those that were checked of the units beside.
  void CarryOver(int stage) {
    const Sentence& title = Title(stage);
    Sentence why;
    if (with_sentences_) {
      why = {absl::Substitute("$0 looked at $1 of the units beside and left $2 of $3 points there",
                              title.en, sample_.units, Text(sample_.found), Text(sample_.before)),
             absl::Substitute("$0所查同级 $1 个单位，$3 分核为 $2 分", title.zh, sample_.units,
                              Text(sample_.found), Text(sample_.before))};
    }
    for (CombinedPoints& leaf : leaves_) TakeShare(sample_, why, leaf);
  }

  // A share of at most 1, and none without anything reviewed. Who has overrated itself has not
  // overrated its penalties.
  void TakeShare(const SpotSample& found, const Sentence& why, CombinedPoints& leaf) const {
    if (found.found >= found.before || leaf.not_applicable) return;
    if (combining_.IsPenalty(leaf.node)) return;
    const Fixed before = leaf.points;
    absl::StatusOr<Fixed> share = MultiplyDivide(before, found.found, found.before, "points");
    TERRACE_CHECK(share.ok());  // It is no more than before.
    leaf.points = *share;
    leaf.stage = -1;
    if (!with_sentences_) return;
    const std::string arithmetic[] = {Text(before), Text(found.found), Text(found.before),
                                      Text(leaf.points)};
    Say(leaf,
        absl::Substitute("$0: $1 * $2 / $3 = $4 points.", why.en, arithmetic[0], arithmetic[1],
                         arithmetic[2], arithmetic[3]),
        absl::Substitute("$0：$1 × $2 ÷ $3 = $4 分。", why.zh, arithmetic[0], arithmetic[1],
                         arithmetic[2], arithmetic[3]));
  }

  const Combining& combining_;
  const SpotSample& sample_;
  const bool with_sentences_;
  std::vector<CombinedPoints> leaves_;  // By node.
};

}  // namespace

bool Combining::IsPenalty(int32_t node) const {
  return std::binary_search(penalties.begin(), penalties.end(), node);
}

int Combining::IndexOf(absl::string_view id) const {
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

int Combining::CarriedOver() const {
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].spot_check == SpotCheck::kExtrapolateToParent) return static_cast<int>(i);
  }
  return -1;
}

std::vector<CombinedPoints> CombineStages(const Combining& combining,
                                          absl::Span<const StageOver> over,
                                          const SpotSample& sample, bool with_sentences) {
  return Combiner(combining, sample, with_sentences).Run(over);
}

void AddToSample(const Combining& combining, absl::Span<const StageOver> over, SpotSample* sample) {
  const int carried = combining.CarriedOver();
  for (size_t i = 0; i < over.size(); ++i) {
    if (over[i].stage != carried) continue;
    const std::vector<CombinedPoints> before =
        CombineStages(combining, over.subspan(0, i), SpotSample(), /*with_sentences=*/false);
    if (AddChecked(combining, before, over[i], sample)) ++sample->units;
  }
}

}  // namespace terrace::scoring
