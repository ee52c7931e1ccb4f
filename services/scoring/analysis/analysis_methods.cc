// CompareScores, SimulateScheme and AssessRobustness: questions that are answered from boards and
// leave nothing behind.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "services/scoring/analysis/compare_scores.h"
#include "services/scoring/boards/peer_walk.h"
#include "services/scoring/boards/standing_facts.h"
#include "services/scoring/engine/robustness.h"
#include "services/scoring/engine/sheet.h"
#include "services/scoring/engine/weights.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/schemes/scheme_diff.h"
#include "services/scoring/scores/board_read.h"
#include "services/scoring/scoring_service.h"
#include "services/scoring/scoring_state.h"

namespace terrace::scoring {
namespace {

using rpc::Call;
using rpc::StatusDone;

constexpr int64_t kDrawnPlacesMax = 50'000'000;  // Units times draws of one request.

// How many rows an answer shows: 100 unless asked for otherwise, 1,000 at most.
absl::StatusOr<size_t> RowsMax(int32_t asked, const char* field) {
  if (asked < 0) {
    return Error(Reason::NUMBER_OUT_OF_RANGE,
                 {{"field", field}, {"value", absl::StrCat(asked)}, {"range", "0 to 1000"}});
  }
  return asked == 0 ? size_t{100} : std::min<size_t>(asked, 1000);
}

absl::Status CheckLevel(const std::string& level) {
  if (level.empty()) return Required("level");
  return resource::ParseName(level, "levels/{level}").status();
}

// ------------------------------------------------------------------------------ CompareScores

v1::DifferenceKind KindOf(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::kLine:
      return v1::DIFFERENCE_KIND_OWN_LINE;
    case Difference::Kind::kDeadline:
      return v1::DIFFERENCE_KIND_DEADLINE;
    case Difference::Kind::kAdjustment:
      return v1::DIFFERENCE_KIND_ADJUSTMENT;
    case Difference::Kind::kChild:
      return v1::DIFFERENCE_KIND_CHILD;
    case Difference::Kind::kWeight:
      return v1::DIFFERENCE_KIND_WEIGHT;
    case Difference::Kind::kJoined:
      return v1::DIFFERENCE_KIND_JOINED;
    case Difference::Kind::kLeft:
      return v1::DIFFERENCE_KIND_LEFT;
  }
  return v1::DIFFERENCE_KIND_UNSPECIFIED;
}

class CompareRead : public PairRead {
 public:
  CompareRead(Call& call, ScoreRef first, ScoreRef other, size_t parts_max,
              v1::CompareScoresResponse* reply)
      : PairRead(call),
        refs_{std::move(first), std::move(other)},
        parts_max_(parts_max),
        reply_(reply) {}

  absl::StatusOr<bool> CopyBoth(const SchemeBoard& board, const SchemeBoard& other,
                                const Facts& facts) override {
    const SchemeBoard* const boards[] = {&board, &other};
    for (int i = 0; i < 2; ++i) {
      TERRACE_ASSIGN_OR_RETURN(const Unit unit,
                               VisibleUnit(*boards[i], facts, AudienceOf(*boards[i]), refs_[i]));
      Side& side = sides_[i];
      side.row = CopyScore(*boards[i], facts, unit, {});
      side.compared.scheme = &boards[i]->scheme();
      side.compared.method = boards[i]->board().RollupRuleOf(unit).method;
      side.compared.input = boards[i]->Explain(unit, /*with_records=*/false).input;
      const engine::ExplainOptions options{0, std::numeric_limits<int>::max(),
                                           boards[i]->scheme().engine.decimals};
      side.compared.whole = engine::ExplainUnit(
          boards[i]->board(), unit, options,
          [&](Unit) -> const engine::SheetInput& { return side.compared.input; },
          [&](Unit u) { return boards[i]->order().Children(u); });
    }
    Stamp(other, facts, reply_);
    differences_.clear();
    if (IsScored(0) && IsScored(1)) {
      differences_ = Compare(sides_[0].compared, sides_[1].compared);
      for (const Difference& difference : differences_) {
        ids_.push_back(difference.unit == kNoUnit ? absl::string_view()
                                                  : facts.ids.Id(difference.unit));
      }
    }
    return false;
  }

  void Work(bool more) override {
    v1::Score* const scores[] = {reply_->mutable_score(), reply_->mutable_other()};
    for (int i = 0; i < 2; ++i) {
      FillScore(*sides_[i].compared.scheme, refs_[i].period, *call_.tree, sides_[i].row, scores[i]);
    }
    reply_->set_comparable(AreComparable(
        ChangesOf(sides_[0].compared.scheme->proto, sides_[1].compared.scheme->proto)));
    if (!IsScored(0) || !IsScored(1)) return;
    SetExact(FixedSum(sides_[1].row.score.score) - sides_[0].row.score.score,
             reply_->mutable_difference());
    std::vector<size_t> order(differences_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto size = [&](size_t i) {
      const int128_t units = differences_[i].contribution.units();
      return units < 0 ? -units : units;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return size(a) > size(b); });
    FixedSum others;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i < parts_max_) {
        Fill(order[i], reply_->add_parts());
      } else {
        others += differences_[order[i]].contribution;
      }
    }
    if (order.size() <= parts_max_) return;
    v1::DifferencePart* const rest = reply_->add_parts();
    rest->set_kind(v1::DIFFERENCE_KIND_OTHERS);
    rest->set_omitted(static_cast<int64_t>(order.size() - parts_max_));
    SetExact(others, rest->mutable_contribution());
  }

 private:
  struct Side {
    ScoreRow row;
    ComparedScore compared;
  };

  bool IsScored(int side) const {
    return sides_[side].row.score.assessment == engine::Assessment::kScored;
  }

  static void SetExact(FixedSum value, types::v1::Decimal* out) {
    absl::StatusOr<Decimal> decimal = ToDecimal(value, kFixedDecimals, "difference");
    if (decimal.ok()) *out = terrace::ToProto(*decimal);
  }

  void Fill(size_t at, v1::DifferencePart* part) const {
    const Difference& difference = differences_[at];
    part->set_kind(KindOf(difference.kind));
    SetExact(difference.contribution, part->mutable_contribution());
    if (difference.before) *part->mutable_before() = ExactDecimal(*difference.before);
    if (difference.after) *part->mutable_after() = ExactDecimal(*difference.after);
    if (!ids_[at].empty()) {
      part->set_subject(resource::UnitName(ids_[at]));
      if (absl::optional<tree::UnitNumber> n = call_.tree->Number(ids_[at])) {
        part->set_display_name(std::string(call_.tree->Name(*n)));
      }
      return;
    }
    part->set_subject(difference.subject);
    for (const Side* side : {&sides_[1], &sides_[0]}) {
      for (const v1::Node& node : side->compared.scheme->proto.nodes()) {
        if (node.id() == difference.subject) {
          part->set_display_name(node.display_name());
          return;
        }
      }
    }
  }

  const ScoreRef refs_[2];
  const size_t parts_max_;
  v1::CompareScoresResponse* const reply_;
  Side sides_[2];
  std::vector<Difference> differences_;
  std::vector<absl::string_view> ids_;  // Of their units; empty for none.
};

// ----------------------------------------------------------------------------- SimulateScheme

class SimulateRead : public PairRead {
 public:
  SimulateRead(Call& call, const v1::SimulateSchemeRequest& request,
               std::shared_ptr<const CompiledScheme> changed, size_t units_max,
               v1::SimulateSchemeResponse* reply)
      : PairRead(call),
        request_(request),
        changed_(std::move(changed)),
        level_(resource::LastSegment(request.level())),
        units_max_(units_max),
        reply_(reply) {}

  absl::StatusOr<bool> CopyBoth(const SchemeBoard& board, const SchemeBoard& other,
                                const Facts& facts) override {
    TERRACE_ASSIGN_OR_RETURN(const Unit top, TopUnit(board, facts, request_.subtree()));
    if (walk_.Lost(board) || beside_.Lost(other)) {
      rows_.clear();
      index_.clear();
      walk_.Start(board);
      beside_.StartBeside(other);
    }
    const Audience audience = AudienceOf(board);
    const auto take = [&](Unit unit) { Take(board, other, facts, audience, top, unit); };
    if (walk_.walking()) {
      walk_.Walk(board, top, take);
      return true;
    }
    const bool here = walk_.CatchUp(board, take);
    const bool there = beside_.CatchUp(other, take);
    if (!here || !there) return true;
    before_scheme_ = &board.scheme().engine;
    Stamp(board, facts, reply_);
    return false;
  }

  void Work(bool more) override {
    if (more) return;
    const Standing before = StandingOf(&Row::before, *before_scheme_);
    const Standing after = StandingOf(&Row::after, changed_->engine);
    std::vector<v1::SimulatedUnit> units;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      if (!row.listed) continue;
      reply_->set_unit_count(reply_->unit_count() + 1);
      v1::SimulatedUnit unit;
      unit.set_grade_before(GradeOfBand(*before_scheme_, before.bands[i]));
      unit.set_grade_after(GradeOfBand(changed_->engine, after.bands[i]));
      unit.set_rank_before(RankOf(before.places.ranks[i]));
      unit.set_rank_after(RankOf(after.places.ranks[i]));
      if (IsScored(row.before.score)) *unit.mutable_before() = ExactDecimal(row.before.score.score);
      if (IsScored(row.after.score)) *unit.mutable_after() = ExactDecimal(row.after.score.score);
      const bool score = unit.before().value() != unit.after().value();
      const bool grade = unit.grade_before() != unit.grade_after();
      const bool rank = unit.rank_before() != unit.rank_after();
      reply_->set_score_changed_count(reply_->score_changed_count() + (score ? 1 : 0));
      reply_->set_grade_changed_count(reply_->grade_changed_count() + (grade ? 1 : 0));
      reply_->set_rank_changed_count(reply_->rank_changed_count() + (rank ? 1 : 0));
      if (!score && !grade && !rank) continue;
      unit.set_unit(resource::UnitName(row.id));
      units.push_back(std::move(unit));
    }
    const auto moves = [](const v1::SimulatedUnit& unit) {
      return std::abs(unit.rank_after() - unit.rank_before());
    };
    std::sort(units.begin(), units.end(), [&](const auto& a, const auto& b) {
      return moves(a) != moves(b) ? moves(a) > moves(b) : a.unit() < b.unit();
    });
    if (units.size() > units_max_) units.resize(units_max_);
    for (v1::SimulatedUnit& unit : units) {
      if (absl::optional<tree::UnitNumber> n = call_.tree->Number(resource::OwnerOf(unit.unit()))) {
        unit.set_unit_display_name(std::string(call_.tree->Name(*n)));
      }
      *reply_->add_units() = std::move(unit);
    }
  }

 private:
  // Under one of the schemes.
  struct Side {
    engine::UnitScore score;
    StandingFacts standing;
  };
  struct Row {
    absl::string_view id;  // Good as long as the facts.
    bool listed = false;
    Side before;
    Side after;
  };
  struct Standing {
    engine::StandingPlaces places;
    std::vector<int> bands;
  };

  static bool IsScored(const engine::UnitScore& score) {
    return score.assessment == engine::Assessment::kScored;
  }

  void Take(const SchemeBoard& board, const SchemeBoard& other, const Facts& facts,
            const Audience& audience, Unit top, Unit unit) {
    const auto known = index_.find(unit);
    const bool peer =
        unit != top && board.order().IsUnder(unit, top) &&
        facts.registry.Level(unit) == absl::string_view(level_) &&
        audience.MaySee(facts.ids.Id(unit)) &&
        (IsListed(board, unit) || (other.board().HasPlace(unit) && IsListed(other, unit)));
    if (!peer && known == index_.end()) return;
    if (known == index_.end()) {
      index_.emplace(unit, rows_.size());
      rows_.emplace_back();
    }
    Row& row = known == index_.end() ? rows_.back() : rows_[known->second];
    row = Row();
    if (!peer) return;
    row.listed = true;
    row.id = facts.ids.Id(unit);
    row.before = SideOf(board, unit);
    if (other.board().HasPlace(unit)) row.after = SideOf(other, unit);
  }
  Side SideOf(const SchemeBoard& board, Unit unit) {
    return {board.board().ScoreOf(unit), StandingFactsOf(board, unit, &groups_)};
  }

  // Of the rows alone, as if there were no others of their level.
  Standing StandingOf(Side Row::*side, const engine::Scheme& scheme) const {
    StandingColumns columns(&scheme);
    for (const Row& row : rows_) {
      const Side& of = row.*side;
      columns.Add(row.id, 0, row.listed ? of.score : engine::UnitScore(), of.standing);
    }
    return {columns.Places(), columns.Bands()};
  }

  const v1::SimulateSchemeRequest& request_;
  const std::shared_ptr<const CompiledScheme> changed_;
  const std::string level_;
  const size_t units_max_;
  v1::SimulateSchemeResponse* const reply_;
  PeerWalk walk_;
  PeerWalk beside_;
  const engine::Scheme* before_scheme_ = nullptr;
  std::vector<Row> rows_;
  absl::flat_hash_map<Unit, size_t> index_;
  GroupNumbers groups_;
};

// The changed scheme, ready to score; null with issues when it has errors.
absl::StatusOr<std::shared_ptr<const CompiledScheme>> ChangedScheme(
    const ReadContext& context, Call& call, const v1::SimulateSchemeRequest& request,
    v1::SimulateSchemeResponse* reply) {
  v1::Scheme changed = request.changed();
  v1::ValidateSchemeResponse checked;
  const absl::Status status = context.machine->Read<ScoringState>(
      [&](const ScoringState& state, const store::Cursor&) -> absl::Status {
        v1::ValidateSchemeRequest validate;
        if (!request.changed_name().empty()) {
          v1::GetSchemeRequest get;
          get.set_name(request.changed_name());
          TERRACE_RETURN_IF_ERROR(
              state.GetScheme(call.identity, *call.tree, call.received, get, &changed));
        } else if (!request.has_changed()) {
          return Required("changed");
        }
        changed.set_name(request.name());
        *validate.mutable_scheme() = changed;
        return state.ValidateScheme(call.identity, *call.tree, call.received, validate, &checked);
      });
  TERRACE_RETURN_IF_ERROR(status);
  *reply->mutable_issues() = checked.issues();
  if (!checked.publishable()) return std::shared_ptr<const CompiledScheme>();
  return Compile(changed);
}

// ---------------------------------------------------------------------------- AssessRobustness

class RobustnessRead : public BoardRead {
 public:
  RobustnessRead(Call& call, const v1::AssessRobustnessRequest& request,
                 engine::RobustnessOptions options, v1::AssessRobustnessResponse* reply)
      : BoardRead(call),
        request_(request),
        options_(options),
        level_(resource::LastSegment(request.level())),
        reply_(reply) {}

  absl::StatusOr<bool> Copy(const SchemeBoard& board, const Facts& facts) override {
    TERRACE_ASSIGN_OR_RETURN(const Unit top, TopUnit(board, facts, request_.subtree()));
    if (walk_.Lost(board)) {
      rows_.clear();
      index_.clear();
      nodes_.assign(board.scheme().engine.nodes.size(), {});
      walk_.Start(board);
    }
    scheme_of_board_ = &board.scheme();
    copied_.clear();
    const Audience audience = AudienceOf(board);
    const auto take = [&](Unit unit) { Take(board, facts, audience, top, unit); };
    if (walk_.walking()) {
      walk_.Walk(board, top, take);
    } else if (walk_.CatchUp(board, take)) {
      Stamp(board, facts, reply_);
      return false;
    }
    if (static_cast<int64_t>(rows_.size()) * options_.draws > kDrawnPlacesMax) {
      return Error(Reason::NUMBER_OUT_OF_RANGE,
                   {{"field", "draws"},
                    {"value", absl::StrCat(options_.draws)},
                    {"range", absl::StrCat("what ", kDrawnPlacesMax, " places in all allow")}});
    }
    return true;
  }

  void Work(bool more) override {
    const engine::Scheme& scheme = scheme_of_board_->engine;
    for (const auto& [row, input] : copied_) {
      const engine::SheetResult sheet = engine::EvaluateSheet(scheme, input);
      rows_[row].scored = sheet.assessment == engine::Assessment::kScored && !sheet.disqualified;
      for (size_t n = 0; n < scheme.nodes.size(); ++n) {
        nodes_[n].resize(rows_.size());
        nodes_[n][row] = engine::NodeValue(scheme, static_cast<int>(n), sheet.nodes[n]);
      }
    }
    if (!more) Fill(scheme);
  }

 private:
  struct Row {
    absl::string_view id;  // Good as long as the facts.
    bool scored = false;
  };

  void Take(const SchemeBoard& board, const Facts& facts, const Audience& audience, Unit top,
            Unit unit) {
    const auto known = index_.find(unit);
    const bool peer = unit != top && board.order().IsUnder(unit, top) &&
                      facts.registry.Level(unit) == absl::string_view(level_) &&
                      audience.MaySee(facts.ids.Id(unit)) &&
                      board.board().SheetOf(unit).has_value();
    if (!peer) {
      if (known != index_.end()) rows_[known->second].scored = false;
      return;
    }
    const auto [at, fresh] = index_.try_emplace(unit, rows_.size());
    if (fresh) rows_.push_back({facts.ids.Id(unit), false});
    copied_.emplace_back(at->second, board.Explain(unit, /*with_records=*/false).input);
  }

  void Fill(const engine::Scheme& scheme) {
    const std::vector<Fixed> weights = engine::WeightsOf(scheme);
    engine::SheetField field;
    field.weights = weights;
    for (auto& node : nodes_) node.resize(rows_.size());
    field.nodes = nodes_;
    for (const Row& row : rows_) field.takes_part.push_back(row.scored);
    const engine::Robustness found = engine::AssessRobustness(scheme, field, options_);
    std::vector<size_t> order;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (found.units[i]) order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return found.units[a]->nominal != found.units[b]->nominal
                 ? found.units[a]->nominal < found.units[b]->nominal
                 : rows_[a].id < rows_[b].id;
    });
    for (size_t i : order) {
      v1::PlaceRange* const unit = reply_->add_units();
      unit->set_unit(resource::UnitName(rows_[i].id));
      if (absl::optional<tree::UnitNumber> n = call_.tree->Number(rows_[i].id)) {
        unit->set_unit_display_name(std::string(call_.tree->Name(*n)));
      }
      unit->set_nominal(found.units[i]->nominal);
      unit->set_median(found.units[i]->median);
      unit->set_mean(found.units[i]->mean);
      unit->set_low(found.units[i]->low);
      unit->set_high(found.units[i]->high);
    }
    for (const engine::LeafInfluence& leaf : found.leaves) {
      v1::LeafInfluence* const out = reply_->add_leaves();
      out->set_node(scheme.nodes[scheme.leaf_nodes[leaf.leaf]].id);
      out->set_shift_mean(leaf.shift_mean);
      out->set_shift_most(leaf.shift_most);
    }
  }

  const v1::AssessRobustnessRequest& request_;
  const engine::RobustnessOptions options_;
  const std::string level_;
  v1::AssessRobustnessResponse* const reply_;
  PeerWalk walk_;
  const CompiledScheme* scheme_of_board_ = nullptr;
  std::vector<Row> rows_;
  absl::flat_hash_map<Unit, size_t> index_;
  // Under this hold of the lock: index into rows_, and what the sheet is made of.
  std::vector<std::pair<size_t, engine::SheetInput>> copied_;
  std::vector<std::vector<absl::optional<Fixed>>> nodes_;  // By node and row.
};

absl::StatusOr<engine::RobustnessOptions> OptionsOf(const v1::AssessRobustnessRequest& request) {
  engine::RobustnessOptions options;
  options.seed = request.seed();
  if (request.has_spread()) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal decimal, terrace::FromProto(request.spread(), "spread"));
    absl::StatusOr<Fixed> spread = FixedFromDecimal(decimal, "spread");
    if (!spread.ok() || *spread < Fixed() || *spread > Fixed::FromInteger(1)) {
      return Error(Reason::NUMBER_OUT_OF_RANGE,
                   {{"field", "spread"}, {"value", request.spread().value()}, {"range", "0 to 1"}});
    }
    options.spread = ToDouble(*spread);
  }
  if (request.draws() < 0 || request.draws() > 10'000) {
    return Error(
        Reason::NUMBER_OUT_OF_RANGE,
        {{"field", "draws"}, {"value", absl::StrCat(request.draws())}, {"range", "0 to 10000"}});
  }
  if (request.draws() > 0) options.draws = request.draws();
  return options;
}

}  // namespace

void CompareScores(const ReadContext& context, Call& call, const v1::CompareScoresRequest& request,
                   v1::CompareScoresResponse* reply, StatusDone done) {
  absl::StatusOr<ScoreRef> first = ParseScore(request.name());
  absl::StatusOr<ScoreRef> other = ParseScore(request.other());
  absl::StatusOr<size_t> parts_max = RowsMax(request.parts_max(), "parts_max");
  absl::Status same;
  if (first.ok() && other.ok() && first->scheme.Family() != other->scheme.Family()) {
    same = Invalid("other", "both must be of one scheme");
  }
  for (const absl::Status& status : {first.status(), other.status(), parts_max.status(), same}) {
    if (status.ok()) continue;
    done(status);
    return;
  }
  const BoardKey key{first->scheme, first->period, AtTime(request.has_at_time(), request.at_time()),
                     nullptr};
  const BoardKey other_key{other->scheme, other->period,
                           AtTime(request.has_other_at_time(), request.other_at_time()), nullptr};
  auto read =
      std::make_shared<CompareRead>(call, *std::move(first), *std::move(other), *parts_max, reply);
  OnTwoBoards(context, call, key, other_key, std::move(read), std::move(done));
}

void SimulateScheme(const ReadContext& context, Call& call,
                    const v1::SimulateSchemeRequest& request, v1::SimulateSchemeResponse* reply,
                    StatusDone done) {
  BoardKey key;
  const auto parse = [&]() -> absl::Status {
    TERRACE_RETURN_IF_ERROR(resource::ParseUnitName(request.subtree()).status());
    TERRACE_RETURN_IF_ERROR(resource::ParseName(request.name(), kSchemePattern).status());
    TERRACE_ASSIGN_OR_RETURN(key.scheme, ParseScheme(request.name()));
    TERRACE_ASSIGN_OR_RETURN(key.period, calendar::Period::Parse(request.period()));
    return CheckLevel(request.level());
  };
  absl::StatusOr<size_t> units_max = RowsMax(request.units_max(), "units_max");
  for (const absl::Status& status : {parse(), units_max.status()}) {
    if (status.ok()) continue;
    done(status);
    return;
  }
  absl::StatusOr<std::shared_ptr<const CompiledScheme>> changed =
      ChangedScheme(context, call, request, reply);
  if (!changed.ok()) {
    done(changed.status());
    return;
  }
  if (*changed == nullptr) {
    done(absl::OkStatus());  // The issues are the answer.
    return;
  }
  if (key.period.kind() != (*changed)->periodicity) {
    done(Error(Reason::NOT_A_BOARD_PERIOD,
               {{"period", request.period()}, {"scheme", "the changed scheme"}}));
    return;
  }
  key.at = AtTime(request.has_at_time(), request.at_time());
  BoardKey other = key;
  other.draft = *changed;
  auto read = std::make_shared<SimulateRead>(call, request, *std::move(changed), *units_max, reply);
  OnTwoBoards(context, call, key, other, std::move(read), std::move(done));
}

void AssessRobustness(const ReadContext& context, Call& call,
                      const v1::AssessRobustnessRequest& request,
                      v1::AssessRobustnessResponse* reply, StatusDone done) {
  absl::StatusOr<BoardKey> key = KeyOf(request);
  absl::StatusOr<engine::RobustnessOptions> options = OptionsOf(request);
  for (const absl::Status& status : {key.status(), options.status(), CheckLevel(request.level())}) {
    if (status.ok()) continue;
    done(status);
    return;
  }
  key->at = AtTime(request.has_at_time(), request.at_time());
  auto read = std::make_shared<RobustnessRead>(call, request, *options, reply);
  OnBoard(context, call, *key, /*quick=*/false, std::move(read), std::move(done));
}

}  // namespace terrace::scoring
