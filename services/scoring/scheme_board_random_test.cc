// Random histories of facts: a board that follows them, message by message and instant by instant,
// equals a board built afresh, also when the facts change while it is being built.
#include <random>

#include "gtest/gtest.h"
#include "services/scoring/scheme_board.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/scoring/test_schemes.h"

namespace terrace::scoring {
namespace {

constexpr int kSeeds = 40;
constexpr int kSteps = 150;
constexpr int kUnits = 14;

class History {
 public:
  // Without `closings` nothing happens that has boards built anew.
  explicit History(int seed, bool closings = true) : closings_(closings), random_(seed) {
    world.AddUnit("county", "", "county");
    world.facts.log_time = At("2016-01-01 00:00");
    world.TellList();
    TellCampaign();
  }

  // A unit gets another place, rings not excluded.
  void MoveSomeone() {
    world.Tell(PlaceChange(AnyUnit(), Chance(10) ? "county" : AnyUnit(),
                           Chance(80) ? "2000-01-01" : AnyDay()));
  }

  // Something happens, anywhere, at any time of the year.
  void Step() {
    switch (Below(14)) {
      case 0:
        world.Tell(UnitChange(AnyUnit(), Pick({"township", "village", "village"}),
                              Pick({"area", "school"}), Chance(5) ? AnyDay() : ""));
        return;
      case 1:
      case 2:
        world.Tell(PlaceChange(AnyUnit(), Chance(20) ? "" : AnyUnitOrCounty(),
                               Chance(50) ? "2000-01-01" : AnyDay()));
        return;
      case 3: {
        const std::string from = AnyDay();
        world.Tell(EnrollChange(kProgramme, AnyUnit(), {{from, Chance(50) ? "" : "2016-12-01"}}));
        return;
      }
      case 4:
        world.Tell(TitleChange(kProgramme, AnyUnit(), "t", {{AnyDay(), "2016-11-30"}},
                               Chance(20) ? AnyDay() : ""));
        return;
      case 5: {
        const std::string measure = absl::StrCat("m", Below(3));
        if (Chance(40)) {
          world.TellMeasure(measure);
        } else if (Chance(50)) {
          world.Assign(AnyUnit(), measure, Chance(50) ? AnyTime() : "");
        } else {
          world.Report(AnyUnit(), measure, absl::StrCat("2016-0", 1 + Below(9)), AnyTime(),
                       Chance(30));
        }
        return;
      }
      case 6: {
        const std::string start = AnyTime();
        world.Visit(AnyUnit(), absl::StrCat("v", Below(2)), start, Chance(70) ? AnyTime() : "",
                    Chance(10) ? AnyTime() : "");
        return;
      }
      case 7:
        world.Observe(absl::StrCat(AnyUnit(), "/visits/v", Below(2)), absl::StrCat("d-", Below(5)),
                      Pick({"passed: false", "passed: true", "grade: 'A'", "grade: 'C'",
                            "number { value: '2' }", "no_answer: NO_ANSWER_REFUSED",
                            "count { hits: 2 sample: 3 }"}),
                      Pick({"clean", "gate", "order", "safety", "other"}), AnyTime());
        return;
      case 8: {
        using inspections::v1::Finding;
        std::vector<std::pair<int, std::string>> steps = {{Finding::STATE_RAISED, AnyTime()}};
        if (Chance(50)) steps.emplace_back(Finding::STATE_CLOSED, AnyTime());
        world.Find(absl::StrCat(AnyUnit(), "/visits/v0/findings/f", Below(3)), steps, AnyTime());
        return;
      }
      case 9:
        if (!closings_ || Chance(70)) return StepSheet();
        return TellCampaign();
      case 10:
      case 11:
        return StepSheet();
      default:
        world.TellFigure(Chance(30) ? "county" : AnyUnit(), Pick({kIncome, kPeople, kRating}),
                         Pick({"2015", "2016"}), Below(5000),
                         Chance(30) ? At(AnyTime()) : absl::InfinitePast());
        return;
    }
  }

  // Results of another scheme are announced, in a line of corrections, or become final.
  void PublishSomething() {
    const std::string period = Pick({"2015", "2016"});
    const int64_t place = Below(3);
    std::vector<std::pair<std::string, int64_t>> scores;
    for (int i = 0; i < kUnits; ++i) {
      // What an id has in its results never changes.
      if ((i + place) % 3 != 0) scores.emplace_back(absl::StrCat("u", i), 1000 * (i + 7 * place));
    }
    world.TellPublished(absl::StrCat(period, "-", place),
                        place == 0 ? "" : absl::StrCat(period, "-", place - 1), period,
                        Chance(30) ? absl::InfiniteFuture() : At(AnyTime()), scores);
  }

  void PassTime() { world.facts.log_time += absl::Hours(Below(24 * 20)); }
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }

  World world;

 private:
  void TellCampaign() {
    ReviewCampaign campaign;
    campaign.family = "units/county/schemes/quality";
    campaign.period = *calendar::Period::Parse("2016");
    campaign.combining.mixing = static_cast<StageMixing>(Below(3));
    const auto check = static_cast<SpotCheck>(1 + Below(3));
    campaign.combining.stages = {{"self", {}, SpotCheck::kNone, Fixed::FromInteger(1)},
                                 {"county", {}, SpotCheck::kNone, Fixed::FromInteger(2)},
                                 {"spot", {}, check, Fixed()}};
    if (closings_ && Chance(30)) campaign.closed = At(AnyTime());
    world.TellCampaign("units/county/campaigns/c", campaign);
  }
  // A stage of some sheet states something, is over, or is not over any more.
  void StepSheet() {
    const std::string stage = Pick({"self", "county", "spot"});
    if (Chance(10)) {
      world.TellStage(AnyUnit(), "units/county/campaigns/c", stage, absl::nullopt);
      return;
    }
    ReviewStage stated;
    if (Chance(80)) stated.end = At(AnyTime());
    for (const char* node : {"work", "files", "praise"}) {
      if (Chance(30)) continue;
      stated.values.push_back(
          {node, Chance(15), Fixed::FromUnits(Below(40'000) * (kFixedUnitsPerOne / 1000)), ""});
    }
    world.TellStage(AnyUnit(), "units/county/campaigns/c", stage, stated);
  }

  std::string Pick(std::vector<std::string> choices) { return choices[Below(choices.size())]; }
  std::string AnyUnit() { return absl::StrCat("u", Below(kUnits)); }
  std::string AnyUnitOrCounty() { return Chance(40) ? "county" : AnyUnit(); }
  std::string AnyDay() { return absl::StrFormat("2016-%02d-%02d", 1 + Below(12), 1 + Below(28)); }
  std::string AnyTime() { return absl::StrFormat("%s %02d:00", AnyDay(), Below(24)); }

  const bool closings_;
  std::mt19937_64 random_;
};

// Every other one has an index with nodes that combine anyhow, every fourth is judged by stages.
std::shared_ptr<const CompiledScheme> AnyScheme(int seed) {
  if (seed % 4 == 2) {
    v1::Scheme scheme = ReviewScheme();
    for (int n : {0, 1}) {
      v1::Leaf& leaf = *scheme.mutable_nodes(n)->mutable_leaf();
      leaf.set_missing(static_cast<v1::MissingPolicy>(seed / 4 % 4));
      leaf.set_empty(static_cast<v1::EmptyPolicy>(seed / 4 % 3));
    }
    EXPECT_FALSE(HasErrors(CheckScheme(scheme, TestDefinition))) << scheme.ShortDebugString();
    return Compile(scheme);
  }
  if (seed % 2 == 0) return Compile(TestScheme());
  std::mt19937_64 random(seed);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  v1::Scheme scheme = MixedScheme();
  for (v1::Node& node : *scheme.mutable_nodes()) {
    if (node.has_leaf() || (node.id() == "site" && below(2) == 0)) continue;
    // All but COPELAND, which looks at other units.
    node.set_combination(static_cast<v1::Combination>(below(v1::COMBINATION_COPELAND)));
    const bool adds = node.combination() <= v1::COMBINATION_SCALE;
    if (adds && node.id() == "index") node.set_combination(v1::COMBINATION_ARITHMETIC);
    if (node.combination() == v1::COMBINATION_POWER) {
      node.mutable_exponent()->set_value(below(2) == 0 ? "-1.5" : "2");
    }
    if (below(3) == 0) node.set_weighting(v1::WEIGHTING_EQUAL);
    if (below(3) == 0) node.mutable_min_present()->set_value("0.6");
  }
  if (below(3) == 0) scheme.mutable_min_present()->set_value("0.3");
  for (int n : {11, 12, 13}) {
    v1::Leaf& leaf = *scheme.mutable_nodes(n)->mutable_leaf();
    if (below(3) == 0) {
      leaf.mutable_statistic()->mutable_preparation()->mutable_imputation()->set_method(
          v1::IMPUTATION_METHOD_ZERO);
    }
    leaf.set_missing(static_cast<v1::MissingPolicy>(below(3)));  // All but BLOCK.
  }
  EXPECT_FALSE(HasErrors(CheckScheme(scheme, TestDefinition))) << scheme.ShortDebugString();
  return Compile(scheme);
}

TEST(SchemeBoardRandomTest, FollowingEqualsBuildingAfresh) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const std::shared_ptr<const CompiledScheme> scheme = AnyScheme(seed);
    History history(seed);
    for (int i = 0; i < 30; ++i) history.Step();
    history.world.TakeTouched();
    const calendar::Period period = *calendar::Period::Parse("2016");
    SchemeBoard live(scheme, period, &history.world.facts, absl::nullopt);
    SchemeBoard fixed(scheme, period, &history.world.facts, At("2016-07-01 00:00"));
    for (int step = 0; step < kSteps; ++step) {
      history.Step();
      if (history.Chance(10)) history.PassTime();
      const Touched touched = history.world.TakeTouched();
      live.Apply(touched);
      fixed.Apply(touched);
      live.AdvanceTo(history.world.facts.log_time);
      live.BuildStep(3);  // Both are still being built during the first steps.
      fixed.BuildStep(2);
      if (step % 10 != 9) continue;
      ASSERT_TRUE(!live.ready() || live.EqualsRebuilt()) << "step " << step;
      ASSERT_TRUE(!fixed.ready() || fixed.EqualsRebuilt()) << "step " << step;
    }
    while (!live.BuildStep(100) || !fixed.BuildStep(100)) {
    }
    ASSERT_TRUE(live.EqualsRebuilt());
    ASSERT_TRUE(fixed.EqualsRebuilt());
  }
}

TEST(SchemeBoardRandomTest, PublishedScoresAreFollowedToo) {
  v1::Scheme scheme = TestScheme();
  scheme.mutable_points()->set_value("110");
  scheme.MergeFrom(Parse<v1::Scheme>(R"pb(
    nodes {
      id: "before"
      points { value: "10" }
      leaf {
        published { scheme: "units/county/schemes/other" periods_back: 1 }
        ratio { full_at { value: "20" } }
        missing: MISSING_POLICY_ZERO
      }
    }
    nodes {
      id: "gate"
      leaf {
        published { scheme: "units/county/schemes/other" }
        veto {
          effect: VETO_EFFECT_MAX_SCORE
          max_score { value: "30" }
          below { value: "6" }
        }
      }
    }
  )pb"));
  ASSERT_FALSE(HasErrors(CheckScheme(scheme, TestDefinition)));
  const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme);
  const calendar::Period period = *calendar::Period::Parse("2016");
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    History history(3000 + seed);
    for (int i = 0; i < 30; ++i) history.Step();
    history.world.TakeTouched();
    SchemeBoard live(compiled, period, &history.world.facts, absl::nullopt);
    SchemeBoard fixed(compiled, period, &history.world.facts, At("2016-07-01 00:00"));
    for (int step = 0; step < kSteps; ++step) {
      history.Chance(20) ? history.PublishSomething() : history.Step();
      if (history.Chance(10)) history.PassTime();
      const Touched touched = history.world.TakeTouched();
      for (SchemeBoard* board : {&live, &fixed}) {
        board->Apply(touched);
        board->AdvanceTo(history.world.facts.log_time);
        board->BuildStep(static_cast<int>(history.Below(60)));
        if (step % 5 == 0) {
          ASSERT_TRUE(!board->ready() || board->EqualsRebuilt()) << "step " << step;
        }
      }
    }
    while (!live.BuildStep(100) || !fixed.BuildStep(100)) {
    }
    ASSERT_TRUE(live.EqualsRebuilt());
    ASSERT_TRUE(fixed.EqualsRebuilt());
  }
}

// A board that looks at few units at a time is hardly ever ready: whatever happens comes in the
// middle of its places, its sums, its sheets, or of an earlier change.
TEST(SchemeBoardRandomTest, ChangesInTheMiddleOfEveryStepMakeTheSameBoard) {
  const calendar::Period period = *calendar::Period::Parse("2016");
  int compared = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const std::shared_ptr<const CompiledScheme> scheme = AnyScheme(seed);
    History history(1000 + seed);
    for (int i = 0; i < 60; ++i) history.Step();
    history.world.TakeTouched();
    SchemeBoard live(scheme, period, &history.world.facts, absl::nullopt, seed % 3);
    SchemeBoard fixed(scheme, period, &history.world.facts, At("2016-07-01 00:00"), seed % 3);
    for (int step = 0; step < 4 * kSteps; ++step) {
      if (history.Chance(50)) {
        history.MoveSomeone();
      } else if (history.Chance(60)) {
        history.Step();
      }
      if (history.Chance(3)) history.PassTime();
      const Touched touched = history.world.TakeTouched();
      for (SchemeBoard* board : {&live, &fixed}) {
        board->Apply(touched);
        board->AdvanceTo(history.world.facts.log_time);
        board->BuildStep(static_cast<int>(history.Below(8)));
        if (history.Chance(5)) board->BuildStep(kFollowedAtOnce);
        if (!board->ready() || history.Chance(80)) continue;
        ASSERT_TRUE(board->EqualsRebuilt()) << "step " << step;
        ++compared;
      }
    }
    while (!live.BuildStep(3) || !fixed.BuildStep(3)) {
    }
    ASSERT_TRUE(live.EqualsRebuilt());
    ASSERT_TRUE(fixed.EqualsRebuilt());
  }
  EXPECT_GT(compared, kSeeds);
}

// Whoever copies a subtree and then takes again what has changed sees every unit that has come,
// gone or got another score.
TEST(SchemeBoardRandomTest, ChangesTellOfEveryUnitThatIsDifferent) {
  const calendar::Period period = *calendar::Period::Parse("2016");
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const std::shared_ptr<const CompiledScheme> scheme =
        Compile(seed % 2 == 0 ? TestScheme() : ReviewScheme());
    History history(2000 + seed, /*closings=*/false);
    for (int i = 0; i < 60; ++i) history.Step();
    history.world.TakeTouched();
    SchemeBoard board(scheme, period, &history.world.facts, absl::nullopt);
    while (!board.BuildStep(100)) {
    }
    const Unit top = history.world.UnitOf("county");
    const Unit township = history.world.UnitOf("u0");
    // What the nodes of the own sheet earn is seen as well, be their sum as it was.
    auto nodes = [&](Unit unit) {
      std::vector<Fixed> earned;
      if (!board.board().SheetOf(unit)) return earned;
      const GatheredSheet sheet = board.Explain(unit, /*with_records=*/false);
      const engine::SheetResult result = engine::EvaluateSheet(scheme->engine, sheet.inputs);
      for (const auto& node : result.nodes) earned.push_back(node.earned);
      return earned;
    };
    using Row =
        std::tuple<bool, bool, engine::UnitScore, std::string, std::string, std::vector<Fixed>>;
    auto copy = [&](Unit unit) -> absl::optional<Row> {
      if (unit >= board.board().size()) return absl::nullopt;
      const RegistryFacts& registry = history.world.facts.registry;
      return Row(board.order().IsUnder(unit, top), board.order().IsUnder(unit, township),
                 board.board().ScoreOf(unit), std::string(registry.Level(unit)),
                 std::string(registry.Kind(unit)), nodes(unit));
    };
    for (int round = 0; round < 20; ++round) {
      std::vector<absl::optional<Row>> rows;
      const Unit size = history.world.facts.ids.size();
      for (Unit unit = 0; unit < size; ++unit) rows.push_back(copy(unit));
      const int64_t epoch = board.epoch();
      const int64_t number = board.change_number();
      for (int i = 0; i < 5; ++i) {
        history.Chance(50) ? history.MoveSomeone() : history.Step();
        board.Apply(history.world.TakeTouched());
        while (!board.BuildStep(2)) {
        }
      }
      ASSERT_EQ(board.epoch(), epoch);
      const std::vector<Unit> changed = board.ChangedAfter(number, kChangesRemembered);
      rows.resize(history.world.facts.ids.size());
      for (Unit unit : changed) {
        if (unit < rows.size()) rows[unit] = copy(unit);
      }
      for (Unit unit = 0; unit < rows.size(); ++unit) {
        const absl::optional<Row> now = copy(unit);
        const bool listed = now && std::get<0>(*now);
        ASSERT_TRUE(rows[unit] == now || (!rows[unit] && !listed)) << "unit " << unit;
      }
    }
  }
}

}  // namespace
}  // namespace terrace::scoring
