#include "services/scoring/scores/present_parts.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "common/base/decimal.h"
#include "common/resource/names.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/scores/present.h"
#include "services/scoring/scores/sentences.h"

namespace terrace::scoring {
namespace {

using engine::LeafInput;
using engine::Method;

std::string Text(FixedSum value) { return FormatSum(value); }

class PartPresenter {
 public:
  PartPresenter(const SchemeBoard& board, const Facts& facts, const tree::Tree& names)
      : board_(board), scheme_(board.scheme()), facts_(facts), names_(names) {}

  v1::Part Explain(Unit unit, int depth, int parts_max) {
    const engine::ExplainOptions options{depth, parts_max, scheme_.engine.decimals};
    const engine::Part whole = engine::ExplainUnit(
        board_.board(), unit, options,
        [this](Unit u) -> const engine::SheetInput& { return SheetOf(u).input; },
        [this](Unit u) { return board_.order().Children(u); });
    v1::Part part;
    Present(whole, kNoUnit, -1, &part);
    return part;
  }

  // That of the unit's sheet; empty if the explanation did not need it.
  engine::SheetInput TakeInput(Unit unit) {
    auto it = sheets_.find(unit);
    return it == sheets_.end() ? engine::SheetInput() : std::move(it->second.input);
  }

 private:
  const GatheredSheet& SheetOf(Unit unit) {
    auto it = sheets_.find(unit);
    if (it == sheets_.end()) {
      it = sheets_.emplace(unit, board_.Explain(unit, /*with_records=*/true)).first;
    }
    return it->second;
  }

  // `sheet` is the unit whose sheet the part belongs to, `leaf` the leaf whose records it may be.
  void Present(const engine::Part& part, Unit sheet, int leaf, v1::Part* out) {
    out->set_assessment(AssessmentOf(part.assessment, part.refused));
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
        sentence = SheetOf(sheet).records[leaf][part.index].arithmetic;
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
      case engine::Part::Kind::kContest:
        out->set_kind(v1::PART_KIND_ADJUSTMENT);
        out->set_subject("contest");
        sentence = OfContest(scheme_.engine.nodes[part.index],
                             board_.contests().StandingOf(part.index, sheet));
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
    Sentence sentence = OfRollup(board_.board().RollupRuleOf(part.unit), sums);
    if (part.assessment != engine::Assessment::kScored) {
      const Sentence why = WhyNot(part.assessment);
      return {why.en, why.zh};
    }
    return sentence;
  }

  Sentence OfSheet(const engine::Part& part) {
    if (part.assessment != engine::Assessment::kScored) return WhyNot(part.assessment);
    const engine::SheetResult sheet =
        engine::EvaluateSheet(scheme_.engine, SheetOf(part.unit).input);
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
      *sentence = part.assessment == engine::Assessment::kScored
                      ? OfNode(scheme_.engine.nodes[part.index])
                      : WhyNot(part.assessment);
      return -1;
    }
    const LeafInput& input = SheetOf(sheet).input.leaves[leaf];
    AddFigures(input, out);
    const bool scored = part.assessment == engine::Assessment::kScored;
    if (part.refused) {
      *sentence = Because(RefusedLeaf(/*zero=*/scored),
                          ReasonOf(SheetOf(sheet), leaf, engine::Sample::Kind::kRefused));
    } else if (scored) {
      *sentence = OfLeaf(scheme_.engine, leaf, input);
    } else if (input.form == LeafInput::Form::kExempt) {
      *sentence = Exempt(/*full=*/false);
    } else {
      *sentence = Because(WhyNot(part.assessment),
                          part.assessment == engine::Assessment::kNotApplicable
                              ? ReasonOf(SheetOf(sheet), leaf, engine::Sample::Kind::kNotApplicable)
                              : "");
    }
    return leaf;
  }

  // The reason that was given last with such an answer, on the visits that count.
  absl::string_view ReasonOf(const GatheredSheet& sheet, int leaf,
                             engine::Sample::Kind answer) const {
    absl::string_view reason;
    const std::vector<engine::Visit>& visits = sheet.input.leaves[leaf].visits;
    const Fixed points = scheme_.engine.nodes[scheme_.engine.leaf_nodes[leaf]].points;
    for (int i : engine::ChosenVisits(scheme_.engine.leaves[leaf], points, visits)) {
      for (const engine::Sample& sample : visits[i].samples) {
        if (sample.kind != answer || sample.record < 0) continue;
        for (const auto& [name, value] : sheet.records[leaf][sample.record].figures) {
          if (name == "reason") reason = value;
        }
      }
    }
    return reason;
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
      if (input.loss) AddFigure("loss_percent", Text(*input.loss), out);
      if (input.imputed) AddFigure("imputed", "true", out);
    } else if (input.form == LeafInput::Form::kVisits) {
      AddFigure("visits", absl::StrCat(input.visits.size()), out);
    }
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
                      Unit unit, int depth, int parts_max, engine::SheetInput* input) {
  PartPresenter presenter(board, facts, names);
  v1::Part part = presenter.Explain(unit, depth, parts_max);
  *input = presenter.TakeInput(unit);
  return part;
}

}  // namespace terrace::scoring
