#include "services/scoring/present_parts.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "common/base/decimal.h"
#include "common/resource/names.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/present.h"

namespace terrace::scoring {
namespace {

using engine::LeafInput;
using engine::Method;

struct Sentence {
  std::string en;
  std::string zh;
};

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

class PartPresenter {
 public:
  PartPresenter(const SchemeBoard& board, const Facts& facts, const tree::Tree& names)
      : board_(board), scheme_(board.scheme()), facts_(facts), names_(names) {}

  v1::Part Explain(Unit unit, int depth, int parts_max) {
    const engine::ExplainOptions options{depth, parts_max, scheme_.engine.decimals};
    const engine::Part whole = engine::ExplainUnit(
        board_.board(), unit, options, [this](Unit u) { return SheetOf(u).inputs; },
        [this](Unit u) { return board_.order().Children(u); });
    v1::Part part;
    Present(whole, kNoUnit, -1, &part);
    return part;
  }

 private:
  const GatheredSheet& SheetOf(Unit unit) {
    auto it = sheets_.find(unit);
    if (it == sheets_.end())
      it = sheets_.emplace(unit, board_.Explain(unit, /*with_records=*/true)).first;
    return it->second;
  }

  // `sheet` is the unit whose sheet the part belongs to, `leaf` the leaf whose records it may be.
  void Present(const engine::Part& part, Unit sheet, int leaf, v1::Part* out) {
    out->set_assessment(AssessmentOf(part.assessment));
    *out->mutable_contribution() = ExactDecimal(part.contribution);
    absl::StatusOr<Fixed> shown = Narrow(part.shown, "shown");
    if (shown.ok()) *out->mutable_shown() = ExactDecimal(*shown);
    if (part.assessment == engine::Assessment::kScored) {
      *out->mutable_value() = ExactDecimal(part.value);
    }
    if (part.out_of > Fixed()) *out->mutable_out_of() = ExactDecimal(part.out_of);
    if (part.weight) {
      absl::StatusOr<Decimal> weight = Decimal::FromUnscaled(*part.weight, engine::kWeightDecimals);
      if (weight.ok()) *out->mutable_weight() = terrace::ToProto(*weight);
    }
    out->set_omitted(part.omitted);
    Sentence sentence;
    switch (part.kind) {
      case engine::Part::Kind::kUnit:
        out->set_kind(v1::PART_KIND_UNIT);
        NameUnit(part.unit, out);
        sentence = OfUnit(part);
        break;
      case engine::Part::Kind::kSheet:
        out->set_kind(v1::PART_KIND_SHEET);
        NameUnit(part.unit, out);
        sheet = part.unit;
        sentence = OfSheet(part);
        break;
      case engine::Part::Kind::kNode:
      case engine::Part::Kind::kVeto:
        leaf = PresentNode(part, sheet, out, &sentence);
        break;
      case engine::Part::Kind::kRecord:
        PresentRecord(SheetOf(sheet).records[leaf][part.index], out);
        break;
      case engine::Part::Kind::kFullPoints:
        out->set_kind(v1::PART_KIND_ADJUSTMENT);
        out->set_subject("full-points");
        sentence = {"What the rule starts from.", "规则的起评分。"};
        break;
      case engine::Part::Kind::kCap:
        out->set_kind(v1::PART_KIND_ADJUSTMENT);
        out->set_subject("cap");
        sentence = {"The cap or floor of the rule.", "规则的上限或下限。"};
        break;
      case engine::Part::Kind::kBonusCap:
        out->set_kind(v1::PART_KIND_ADJUSTMENT);
        out->set_subject("bonus-cap");
        sentence = {absl::StrCat("All bonuses together add at most ",
                                 Text(scheme_.engine.bonus_cap.value_or(Fixed())), "."),
                    absl::StrCat("各项加分合计不超过 ",
                                 Text(scheme_.engine.bonus_cap.value_or(Fixed())), " 分。")};
        break;
      case engine::Part::Kind::kFloor:
        out->set_kind(v1::PART_KIND_ADJUSTMENT);
        out->set_subject("floor");
        sentence = {"Penalties never bring a score below 0.", "扣分后得分不低于 0 分。"};
        break;
      case engine::Part::Kind::kUneven:
        out->set_kind(v1::PART_KIND_ADJUSTMENT);
        out->set_subject("unevenness");
        sentence = {"How uneven the lines are.", "各项得分不均衡的调整。"};
        break;
      case engine::Part::Kind::kOthers:
        out->set_kind(v1::PART_KIND_OTHERS);
        sentence = {absl::StrCat(part.omitted, " smaller parts together."),
                    absl::StrCat("其余 ", part.omitted, " 项合计。")};
        break;
    }
    out->set_arithmetic(std::move(sentence.en));
    out->set_arithmetic_zh(std::move(sentence.zh));
    for (const engine::Part& child : part.parts) Present(child, sheet, leaf, out->add_parts());
  }

  void NameUnit(Unit unit, v1::Part* out) const {
    const absl::string_view id = facts_.ids.Id(unit);
    out->set_subject(resource::UnitName(id));
    if (absl::optional<tree::UnitNumber> n = names_.Number(id)) {
      out->set_display_name(std::string(names_.Name(*n)));
    }
  }

  Sentence OfUnit(const engine::Part& part) const {
    const engine::Accumulator sums = board_.board().RollupOf(part.unit);
    Sentence sentence = OfMethod(board_.board().RollupRuleOf(part.unit), sums);
    if (part.assessment != engine::Assessment::kScored) {
      const Sentence why = WhyNot(part.assessment);
      return {why.en, why.zh};
    }
    return sentence;
  }

  Sentence OfMethod(const engine::Rollup& rollup, const engine::Accumulator& sums) const {
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
        sentence = {absl::Substitute("Mean over the $0 of $1 sheets below that have a score",
                                     covered, count),
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

  Sentence OfSheet(const engine::Part& part) {
    if (part.assessment != engine::Assessment::kScored) return WhyNot(part.assessment);
    const engine::SheetResult sheet =
        engine::EvaluateSheet(scheme_.engine, SheetOf(part.unit).inputs);
    return {absl::Substitute("$0 of $1 assessed points, scaled to $2.", Text(sheet.earned),
                             Text(sheet.available), Text(scheme_.engine.points)),
            absl::Substitute("已评 $1 分中得 $0 分，折算为满分 $2 分。", Text(sheet.earned),
                             Text(sheet.available), Text(scheme_.engine.points))};
  }

  // Returns the leaf of the node; -1 without one.
  int PresentNode(const engine::Part& part, Unit sheet, v1::Part* out, Sentence* sentence) {
    const v1::Node& node = scheme_.proto.nodes(part.index);
    const bool veto = part.kind == engine::Part::Kind::kVeto;
    out->set_kind(veto ? v1::PART_KIND_ADJUSTMENT : v1::PART_KIND_NODE);
    out->set_subject(node.id());
    out->set_display_name(node.display_name());
    const int leaf = scheme_.engine.nodes[part.index].leaf;
    if (leaf < 0) {
      *sentence = OfInner(part);
      return -1;
    }
    const LeafInput& input = SheetOf(sheet).inputs[leaf];
    AddFigures(input, out);
    *sentence = part.assessment == engine::Assessment::kScored ? OfLeaf(part, leaf, input)
                                                               : WhyNot(part.assessment);
    return leaf;
  }

  Sentence OfInner(const engine::Part& part) const {
    if (part.assessment != engine::Assessment::kScored) return WhyNot(part.assessment);
    if (scheme_.engine.nodes[part.index].combination == engine::Combination::kScale) {
      return {absl::StrCat("Sum of its lines, scaled to ", Text(part.out_of), " points."),
              absl::StrCat("下级得分合计，折算为 ", Text(part.out_of), " 分。")};
    }
    return {"Sum of its lines.", "下级得分合计。"};
  }

  static void AddFigure(const char* name, std::string value, v1::Part* out) {
    v1::Figure* figure = out->add_figures();
    figure->set_name(name);
    figure->set_value(std::move(value));
  }

  static void AddFigures(const LeafInput& input, v1::Part* out) {
    if (input.form == LeafInput::Form::kCounts) {
      AddFigure("numerator", absl::StrCat(input.numerator), out);
      AddFigure("denominator", absl::StrCat(input.denominator), out);
    } else if (input.form == LeafInput::Form::kFigure) {
      AddFigure("value", Text(input.figure), out);
      if (input.base) AddFigure("base", Text(*input.base), out);
      if (input.above_figure) AddFigure("value_above", Text(*input.above_figure), out);
      if (input.above_base) AddFigure("base_above", Text(*input.above_base), out);
    } else if (input.form == LeafInput::Form::kVisits) {
      AddFigure("visits", absl::StrCat(input.visits.size()), out);
    }
  }

  // What the figure of the leaf is, in words.
  Sentence FigureOf(const engine::Leaf& leaf, Fixed points, const LeafInput& input) const {
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

  Sentence OfLeaf(const engine::Part& part, int index, const LeafInput& input) const {
    const engine::Leaf& leaf = scheme_.engine.leaves[index];
    const Fixed points = scheme_.engine.nodes[part.index].points;
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
      return {
          absl::Substitute("$0, needed $1: all $2 points or none.", figure.en, needed, all),
          absl::Substitute("$0，要求 $1，达标得 $2 分，否则 0 分。", figure.zh, needed_zh, all)};
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
    if (const auto* rule = std::get_if<engine::VetoRule>(&leaf.rule)) {
      if (rule->effect == engine::VetoEffect::kDisqualify) {
        return {"A veto: the unit is not ranked and not graded.", "一票否决：不参加排名和评级。"};
      }
      const std::string most =
          rule->effect == engine::VetoEffect::kMaxScore ? Text(rule->max_score) : "0";
      return {absl::StrCat("A veto: the score is at most ", most, "."),
              absl::StrCat("一票否决：得分不超过 ", most, " 分。")};
    }
    return OfGrowth(std::get<engine::GrowthRule>(leaf.rule), input, all);
  }

  static Sentence OfGrowth(const engine::GrowthRule& rule, const LeafInput& input,
                           const std::string& all) {
    if (!input.base || !input.above_figure || !input.above_base) return {};
    const Fixed own = engine::GrowthOf(input.figure, *input.base).value_or(Fixed());
    const Fixed above = engine::GrowthOf(*input.above_figure, *input.above_base).value_or(Fixed());
    const std::string difference = Text(FixedSum(own) - FixedSum(above));
    return {absl::Substitute(
                "Growth $0 less $1 above: $2; all $3 points from $4 on, none up to $5.", Text(own),
                Text(above), difference, all, Text(rule.full_at), Text(rule.zero_at)),
            absl::Substitute(
                "增长 $0，上级增长 $1，差 $2；达到 $4 得满分 $3 分，不高于 $5 得 0 分。", Text(own),
                Text(above), difference, all, Text(rule.full_at), Text(rule.zero_at))};
  }

  static void PresentRecord(const SourceRecord& record, v1::Part* out) {
    out->set_kind(v1::PART_KIND_RECORD);
    out->set_subject(record.name);
    out->set_display_name(record.title);
    for (const auto& [name, value] : record.figures) AddFigure(name.c_str(), value, out);
  }

  const SchemeBoard& board_;
  const CompiledScheme& scheme_;
  const Facts& facts_;
  const tree::Tree& names_;
  std::map<Unit, GatheredSheet> sheets_;
};

}  // namespace

v1::Part ExplainScore(const SchemeBoard& board, const Facts& facts, const tree::Tree& names,
                      Unit unit, int depth, int parts_max) {
  return PartPresenter(board, facts, names).Explain(unit, depth, parts_max);
}

}  // namespace terrace::scoring
