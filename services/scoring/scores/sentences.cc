#include "services/scoring/scores/sentences.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"

namespace terrace::scoring {
namespace {

using engine::LeafInput;
using engine::Method;

std::string Text(FixedSum value) { return FormatSum(value); }

// Occurrences, samples and passes of the visits that count.
struct Seen {
  FixedSum occurrences;
  int64_t samples = 0;
  int64_t passes = 0;
  int64_t answers = 0;
};

Seen SeenBy(const engine::Leaf& leaf, Fixed points, const LeafInput& input) {
  Seen seen;
  for (int i : engine::ChosenVisits(leaf, points, input.visits)) {
    for (const engine::Sample& sample : input.visits[i].samples) {
      seen.occurrences += engine::OccurrencesOf(sample);
      ++seen.answers;
      if (sample.kind == engine::Sample::Kind::kPassFail) {
        seen.samples += 1;
        seen.passes += sample.passed ? 1 : 0;
      } else if (sample.kind == engine::Sample::Kind::kCount) {
        seen.samples += sample.looked_at;
        seen.passes += sample.hits;
      }
    }
  }
  return seen;
}

// What the figure of the leaf is, in words.
Sentence FigureOf(const engine::Leaf& leaf, Fixed points, const LeafInput& input) {
  switch (input.form) {
    case LeafInput::Form::kCounts:
      return {absl::Substitute("$0 of $1", input.numerator, input.denominator),
              absl::Substitute("$1 项中 $0 项", input.numerator, input.denominator)};
    case LeafInput::Form::kVisits: {
      const Seen seen = SeenBy(leaf, points, input);
      return {absl::Substitute("$0 of $1 samples passed", seen.passes, seen.samples),
              absl::Substitute("$1 个样本中合格 $0 个", seen.passes, seen.samples)};
    }
    default:
      return {Text(input.figure), Text(input.figure)};
  }
}

Sentence OfVeto(const engine::Scheme& scheme, const engine::VetoRule& rule) {
  switch (rule.effect) {
    case engine::VetoEffect::kDisqualify:
      return {"A veto: the unit is not ranked and not graded.", "一票否决：不参加排名和评级。"};
    case engine::VetoEffect::kMaxGrade: {
      const std::string& grade = scheme.bands[rule.max_grade].grade;
      return {absl::StrCat("A veto: the grade is at best ", grade, "."),
              absl::StrCat("一票否决：等级最高为 ", grade, "。")};
    }
    case engine::VetoEffect::kZero:
    case engine::VetoEffect::kMaxScore:
      break;
  }
  const std::string most =
      rule.effect == engine::VetoEffect::kMaxScore ? Text(rule.max_score) : "0";
  return {absl::StrCat("A veto: the score is at most ", most, "."),
          absl::StrCat("一票否决：得分不超过 ", most, " 分。")};
}

Sentence OfNormalised(const engine::NormaliseRule& rule, const Sentence& figure,
                      const std::string& all) {
  if (rule.method == engine::NormaliseMethod::kPiecewise) {
    return {absl::Substitute("$0: along the break points, of $1 points.", figure.en, all),
            absl::Substitute("$0，按分段折线计分，满分 $1 分。", figure.zh, all)};
  }
  return {absl::Substitute("$0, compared with the peers, of $1 points.", figure.en, all),
          absl::Substitute("$0，与同组单位比较计分，满分 $1 分。", figure.zh, all)};
}

Sentence OfGrowth(const engine::GrowthRule& rule, const LeafInput& input, const std::string& all) {
  if (!input.base || !input.above_figure || !input.above_base) return {};
  const Fixed own = engine::GrowthOf(input.figure, *input.base).value_or(Fixed());
  const Fixed above = engine::GrowthOf(*input.above_figure, *input.above_base).value_or(Fixed());
  const std::string difference = Text(FixedSum(own) - FixedSum(above));
  return {absl::Substitute("Growth $0 less $1 above: $2; all $3 points from $4 on, none up to $5.",
                           Text(own), Text(above), difference, all, Text(rule.full_at),
                           Text(rule.zero_at)),
          absl::Substitute("增长 $0，上级增长 $1，差 $2；达到 $4 得满分 $3 分，不高于 $5 得 0 分。",
                           Text(own), Text(above), difference, all, Text(rule.full_at),
                           Text(rule.zero_at))};
}

Sentence OfRule(const engine::Scheme& scheme, int index, const LeafInput& input) {
  const engine::Leaf& leaf = scheme.leaves[index];
  const Fixed points = scheme.nodes[scheme.leaf_nodes[index]].points;
  const std::string all = Text(points);
  if (input.form == LeafInput::Form::kEmpty) {
    return {absl::StrCat("Nothing to judge: all ", all, " points."),
            absl::StrCat("无可评内容，得满分 ", all, " 分。")};
  }
  if (input.form == LeafInput::Form::kAbsent) {
    return {"The figure is missing: 0 points.", "数据缺失，得 0 分。"};
  }
  const Sentence figure = FigureOf(leaf, points, input);
  const FixedSum occurrences = input.form == LeafInput::Form::kVisits
                                   ? SeenBy(leaf, points, input).occurrences
                                   : input.figure;
  if (const auto* rule = std::get_if<engine::DeductRule>(&leaf.rule)) {
    const std::string count = Text(occurrences);
    return {absl::Substitute("$0 points less $1 for each of $2 occurrences, at most $3.", all,
                             Text(rule->each), count, Text(rule->cap)),
            absl::Substitute("满分 $0 分，每次扣 $1 分，共 $2 次，最多扣 $3 分。", all,
                             Text(rule->each), count, Text(rule->cap))};
  }
  if (std::holds_alternative<engine::GradeRule>(leaf.rule)) {
    if (input.form == LeafInput::Form::kVisits) {
      return {absl::StrCat("By the table of grades, of ", all, " points."),
              absl::StrCat("按等级表计分，满分 ", all, " 分。")};
    }
    return {absl::StrCat(figure.en, ": by the table of grades, of ", all, " points."),
            absl::StrCat(figure.zh, "，按等级表计分，满分 ", all, " 分。")};
  }
  if (const auto* rule = std::get_if<engine::PassFailRule>(&leaf.rule)) {
    const std::string needed = input.form != LeafInput::Form::kVisits ? Text(rule->threshold)
                               : rule->passes_min > 0 ? absl::StrCat(rule->passes_min)
                                                      : "all";
    const std::string needed_zh = needed == "all" ? "全部" : needed;
    return {absl::Substitute("$0, needed $1: all $2 points or none.", figure.en, needed, all),
            absl::Substitute("$0，要求 $1，达标得 $2 分，否则 0 分。", figure.zh, needed_zh, all)};
  }
  if (const auto* rule = std::get_if<engine::RatioRule>(&leaf.rule); rule && rule->logarithm) {
    return {absl::Substitute("$0, of $1 points by its logarithm between those of $2 and $3.",
                             figure.en, all, Text(rule->zero_at), Text(rule->full_at)),
            absl::Substitute("$0，取对数后在 $2 至 $3 之间按比例计分，满分 $1 分。", figure.zh, all,
                             Text(rule->zero_at), Text(rule->full_at))};
  }
  if (const auto* rule = std::get_if<engine::RatioRule>(&leaf.rule)) {
    return {absl::Substitute("$0, of $1 points between $2 and $3.", figure.en, all,
                             Text(rule->zero_at), Text(rule->full_at)),
            absl::Substitute("$0，$2 至 $3 之间按比例计分，满分 $1 分。", figure.zh, all,
                             Text(rule->zero_at), Text(rule->full_at))};
  }
  if (const auto* rule = std::get_if<engine::MeanRule>(&leaf.rule)) {
    return {
        absl::Substitute("Mean of the sites over $0, of $1 points.", Text(rule->full_value), all),
        absl::Substitute("各点平均值除以 $0，满分 $1 分。", Text(rule->full_value), all)};
  }
  if (std::holds_alternative<engine::DiscretionRule>(leaf.rule)) {
    return {absl::StrCat("As the judge gave it, of ", all, " points."),
            absl::StrCat("酌情评分，满分 ", all, " 分。")};
  }
  if (const auto* rule = std::get_if<engine::BonusRule>(&leaf.rule)) {
    return {absl::Substitute("$0 points for each of $1.", Text(rule->each), Text(occurrences)),
            absl::Substitute("每次加 $0 分，共 $1 次。", Text(rule->each), Text(occurrences))};
  }
  if (const auto* rule = std::get_if<engine::PenaltyRule>(&leaf.rule)) {
    return {absl::Substitute("$0 points less for each of $1.", Text(rule->each), Text(occurrences)),
            absl::Substitute("每次扣 $0 分，共 $1 次。", Text(rule->each), Text(occurrences))};
  }
  if (const auto* rule = std::get_if<engine::NormaliseRule>(&leaf.rule)) {
    return OfNormalised(*rule, figure, all);
  }
  if (const auto* rule = std::get_if<engine::VetoRule>(&leaf.rule)) {
    return OfVeto(scheme, *rule);
  }
  return OfGrowth(std::get<engine::GrowthRule>(leaf.rule), input, all);
}

}  // namespace

Sentence Exempt(bool full) {
  if (full)
    return {"Exempt by a title that the unit holds: all points.", "因持有称号免评，得满分。"};
  return {"Exempt by a title that the unit holds; it does not count.", "因持有称号免评，不计入。"};
}

Sentence RefusedLeaf(bool zero) {
  if (zero) {
    return {"The unit did not let it be looked at, so it is missing: 0 points.",
            "单位拒绝检查，按数据缺失得 0 分。"};
  }
  return {"The unit did not let it be looked at, so it is missing; it does not count.",
          "单位拒绝检查，按数据缺失处理，不计入。"};
}

Sentence Because(Sentence sentence, absl::string_view reason) {
  if (reason.empty()) return sentence;
  absl::StrAppend(&sentence.en, " Reason: ", reason);
  absl::StrAppend(&sentence.zh, "原因：", reason);
  return sentence;
}

Sentence WhyNot(engine::Assessment assessment) {
  switch (assessment) {
    case engine::Assessment::kNotApplicable:
      return {"There is nothing to judge.", "无可评内容。"};
    case engine::Assessment::kNotYet:
      return {"Not assessed yet; it does not count.", "尚未评定，不计入。"};
    case engine::Assessment::kMissing:
      return {"The figure is missing; it does not count.", "数据缺失，不计入。"};
    case engine::Assessment::kScored:
      break;
  }
  return {};
}

Sentence OfRollup(const engine::Rollup& rollup, const engine::Accumulator& sums) {
  const std::string covered = absl::StrCat(sums.covered);
  const std::string count = absl::StrCat(sums.count);
  Sentence sentence;
  switch (rollup.method) {
    case Method::kOwn:
      return {"The unit's own sheet.", "本单位自身得分。"};
    case Method::kMean:
      sentence = {absl::Substitute("Mean of the $0 of $1 units directly below that have a score",
                                   covered, count),
                  absl::Substitute("直属 $1 个单位中有得分的 $0 个的平均", covered, count)};
      break;
    case Method::kWeightedMean:
      sentence = {
          absl::Substitute("Weighted mean of the $0 of $1 units directly below that have a score",
                           covered, count),
          absl::Substitute("直属 $1 个单位中有得分的 $0 个的加权平均", covered, count)};
      break;
    case Method::kOverDescendants:
      sentence = {
          absl::Substitute("Mean over the $0 of $1 sheets below that have a score", covered, count),
          absl::Substitute("下辖 $1 份评分表中有得分的 $0 份的平均", covered, count)};
      break;
    case Method::kSum:
      sentence = {absl::Substitute("Sum of the $0 of $1 units directly below that have a score",
                                   covered, count),
                  absl::Substitute("直属 $1 个单位中有得分的 $0 个的合计", covered, count)};
      break;
    case Method::kMin:
      sentence = {
          absl::Substitute("Lowest score of the $0 of $1 units directly below that have one",
                           covered, count),
          absl::Substitute("直属 $1 个单位中有得分的 $0 个的最低分", covered, count)};
      break;
    case Method::kRatioOfSums:
      sentence = {absl::Substitute("$0 of $1, summed over all sheets of the subtree",
                                   Text(FixedSum::FromUnits(sums.numerator)),
                                   Text(FixedSum::FromUnits(sums.denominator))),
                  absl::Substitute("辖区内所有评分表合计 $1 中的 $0",
                                   Text(FixedSum::FromUnits(sums.numerator)),
                                   Text(FixedSum::FromUnits(sums.denominator)))};
      break;
  }
  if (rollup.mixes()) {
    absl::StrAppend(&sentence.en, "; own sheet ", Text(rollup.own_weight), " to ",
                    Text(rollup.rolled_weight));
    absl::StrAppend(&sentence.zh, "；自身与汇总按 ", Text(rollup.own_weight), " : ",
                    Text(rollup.rolled_weight));
  }
  sentence.en += ".";
  sentence.zh += "。";
  return sentence;
}

Sentence OfNode(const engine::Node& node) {
  const std::string points = Text(node.points);
  switch (node.combination) {
    case engine::Combination::kSum:
      return {"Sum of its lines.", "下级得分合计。"};
    case engine::Combination::kScale:
      return {absl::StrCat("Sum of its lines, scaled to ", points, " points."),
              absl::StrCat("下级得分合计，折算为 ", points, " 分。")};
    case engine::Combination::kArithmetic:
      return {absl::StrCat("Weighted mean of its lines, of ", points, " points."),
              absl::StrCat("下级得分的加权平均，满分 ", points, " 分。")};
    case engine::Combination::kGeometric:
      return {absl::StrCat("Weighted geometric mean of its lines, of ", points, " points."),
              absl::StrCat("下级得分的加权几何平均，满分 ", points, " 分。")};
    case engine::Combination::kHarmonic:
      return {absl::StrCat("Weighted harmonic mean of its lines, of ", points, " points."),
              absl::StrCat("下级得分的加权调和平均，满分 ", points, " 分。")};
    case engine::Combination::kPower:
      return {absl::StrCat("Weighted power mean of its lines, of ", points, " points."),
              absl::StrCat("下级得分的加权幂平均，满分 ", points, " 分。")};
    case engine::Combination::kMedian:
      return {absl::StrCat("Median of its lines, of ", points, " points."),
              absl::StrCat("下级得分的中位数，满分 ", points, " 分。")};
    case engine::Combination::kMin:
      return {absl::StrCat("The worst of its lines, of ", points, " points."),
              absl::StrCat("下级得分的最低者，满分 ", points, " 分。")};
    case engine::Combination::kMax:
      return {absl::StrCat("The best of its lines, of ", points, " points."),
              absl::StrCat("下级得分的最高者，满分 ", points, " 分。")};
    case engine::Combination::kMazziottaPareto:
    case engine::Combination::kMazziottaParetoPlus:
      return {absl::StrCat("Mean of its lines, adjusted by how uneven they are, of ", points,
                           " points."),
              absl::StrCat("下级得分的平均，按不均衡程度调整，满分 ", points, " 分。")};
    case engine::Combination::kCopeland:
      return {absl::StrCat("How many units it outranks in its lines, of ", points, " points."),
              absl::StrCat("下级得分两两比较胜出的程度，满分 ", points, " 分。")};
  }
  return {};
}

Sentence OfContest(const engine::Node& node,
                   const absl::optional<engine::Contest::Standing>& standing) {
  if (!standing) return {};
  const std::string points = Text(node.points);
  if (standing->others == 0) {
    return {absl::StrCat("It competes with nobody: half of ", points, " points."),
            absl::StrCat("没有其他单位参与比较，得满分 ", points, " 分的一半。")};
  }
  const auto [ahead, behind, others] = *standing;
  return {absl::Substitute("Of $0 other units it is ahead of $1 and behind $2: "
                           "$3 x ($1 - $2 + $0) / (2 x $0).",
                           others, ahead, behind, points),
          absl::Substitute("与其他 $0 个单位比较，领先 $1 个，落后 $2 个："
                           "$3 × ($1 - $2 + $0) ÷ (2 × $0)。",
                           others, ahead, behind, points)};
}

Sentence OfLeaf(const engine::Scheme& scheme, int leaf, const LeafInput& input) {
  if (input.form == LeafInput::Form::kExempt) return Exempt(/*full=*/true);
  Sentence sentence = OfRule(scheme, leaf, input);
  if (input.form != LeafInput::Form::kFigure || !scheme.leaves[leaf].has_loss || !input.loss) {
    return sentence;
  }
  absl::StrAppend(&sentence.en, " A loss of ", Text(*input.loss), " percent is taken off.");
  absl::StrAppend(&sentence.zh, "再扣除 ", Text(*input.loss), "% 的损失。");
  return sentence;
}

}  // namespace terrace::scoring
