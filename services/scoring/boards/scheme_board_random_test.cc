// Random histories of facts: a board that follows them, message by message and instant by instant,
// equals a board built afresh, also when the facts change while it is being built.
#include <random>

#include "absl/functional/function_ref.h"
#include "gtest/gtest.h"
#include "services/scoring/boards/scheme_board.h"
#include "services/scoring/engine/evaluate.h"
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

  // Villages below three townships, judged in a campaign whose spot check speaks for units beside.
  void StartJudging() {
    TellCampaign(SpotCheck::kExtrapolateToParent);
    for (int i = 0; i < kUnits; ++i) {
      const std::string id = absl::StrCat("u", i);
      world.Tell(UnitChange(id, i < 3 ? "township" : "village", "area"));
      world.Tell(PlaceChange(id, i < 3 ? "county" : absl::StrCat("u", i % 3), "2000-01-01"));
    }
  }
  // A sheet is judged, or a village comes to another township.
  void StepJudging() {
    if (Chance(75)) return StepSheet();
    world.Tell(PlaceChange(absl::StrCat("u", 3 + Below(kUnits - 3)), absl::StrCat("u", Below(3)),
                           Chance(50) ? "2000-01-01" : AnyDay()));
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
  void TellCampaign() { TellCampaign(static_cast<SpotCheck>(1 + Below(4))); }
  void TellCampaign(SpotCheck check) {
    ReviewCampaign campaign;
    campaign.family = "units/county/schemes/quality";
    campaign.period = *calendar::Period::Parse("2016");
    campaign.combining.mixing = static_cast<StageMixing>(Below(3));
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

// Lets a leaf look at other units, in any way: by its growth, by what stands in for missing
// figures, by outliers, by its rule.
void LookAtOthers(v1::Leaf& leaf, absl::FunctionRef<int64_t(int64_t)> below) {
  const bool statistic = leaf.has_statistic();
  if (statistic && below(2) == 0) {
    v1::Preparation& preparation = *leaf.mutable_statistic()->mutable_preparation();
    if (below(2) == 0) {
      preparation.mutable_growth()->set_method(static_cast<v1::GrowthMethod>(below(7)));
    }
    preparation.mutable_imputation()->set_method(static_cast<v1::ImputationMethod>(below(9)));
    preparation.mutable_imputation()->set_grouping("by");
    preparation.mutable_treatment()->set_method(static_cast<v1::TreatmentMethod>(below(5)));
    preparation.mutable_treatment()->mutable_lambda()->set_value("0.5");
    preparation.mutable_treatment()->mutable_upper_quantile()->set_value("0.8");
  }
  v1::NormaliseRule& rule = *leaf.mutable_normalise();
  rule.Clear();
  rule.set_method(static_cast<v1::NormaliseMethod>(1 + below(v1::NORMALISE_METHOD_VECTOR)));
  rule.set_falling(below(3) == 0);
  rule.mutable_target()->set_value("1.5");
  rule.mutable_ideal_low()->set_value("1");
  rule.mutable_ideal_high()->set_value("2");
  rule.set_reference_unit("units/u3");
  for (const char* figure : {"1", "2", "3"}) {
    v1::BreakPoint& point = *rule.add_break_points();
    point.mutable_figure()->set_value(figure);
    point.mutable_points()->set_value(figure);
  }
  rule.set_peers(static_cast<v1::Peers>(below(4)));
  rule.set_grouping("by");
  rule.set_no_spread(static_cast<v1::NoSpread>(below(4)));
}

// Every other one has an index with nodes that combine anyhow, half of them with leaves that look
// at other units; every fourth is judged by stages.
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
    node.set_combination(static_cast<v1::Combination>(below(v1::COMBINATION_COPELAND + 1)));
    const bool adds = node.combination() <= v1::COMBINATION_SCALE;
    if (adds && node.id() == "index") node.set_combination(v1::COMBINATION_ARITHMETIC);
    if (node.combination() == v1::COMBINATION_POWER) {
      node.mutable_exponent()->set_value(below(2) == 0 ? "-1.5" : "2");
    }
    if (below(3) == 0) node.set_weighting(v1::WEIGHTING_EQUAL);
    if (below(3) == 0) node.mutable_min_present()->set_value("0.6");
  }
  const bool looks = seed % 4 == 3;
  if (below(3) == 0) scheme.mutable_min_present()->set_value("0.3");
  for (int n : {11, 12, 13}) {
    v1::Leaf& leaf = *scheme.mutable_nodes(n)->mutable_leaf();
    if (below(3) == 0) {
      leaf.mutable_statistic()->mutable_preparation()->mutable_imputation()->set_method(
          v1::IMPUTATION_METHOD_ZERO);
    }
    leaf.set_missing(static_cast<v1::MissingPolicy>(below(3)));  // All but BLOCK.
  }
  if (looks) {
    scheme.clear_frozen();
    v1::Grouping& grouping = *scheme.add_groupings();
    grouping.set_id("by");
    if (below(3) == 0) {
      grouping.set_statistic(kRating);
    } else if (below(2) == 0) {
      grouping.set_ancestor_level("levels/township");
    } else {
      grouping.set_kind(true);
    }
    // Measures, reports, findings and the statistics of the index.
    for (int n : {3, 4, 5, 11, 12}) LookAtOthers(*scheme.mutable_nodes(n)->mutable_leaf(), below);
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

// Figures of villages, some missing, as a table and as facts: what the board says of leaves that
// look at others is what the table says.
TEST(SchemeBoardRandomTest, LeavesThatLookAtOthersEqualTheTable) {
  constexpr int kVillages = 30;
  const calendar::Period period = *calendar::Period::Parse("2016");
  int scored = 0;
  for (int seed = 0; seed < 10 * kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto below = [&](int64_t n) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
    };
    v1::Scheme scheme = Parse<v1::Scheme>(R"pb(
      name: "units/county/schemes/quality@1"
      points { value: "20" }
      periodicity: PERIODICITY_YEAR
      first_period: "2016"
      population { levels: "levels/village" }
      nodes {
        id: "income"
        points { value: "10" }
        leaf { statistic { definition: "units/county/statisticDefinitions/income" } }
      }
      nodes {
        id: "rating"
        points { value: "10" }
        leaf {
          statistic { definition: "units/county/statisticDefinitions/rating" }
          ratio { full_at { value: "5" } }
        }
      }
      groupings { id: "by" kind: true }
      decimals: 6
    )pb");
    v1::Leaf& leaf = *scheme.mutable_nodes(0)->mutable_leaf();
    LookAtOthers(leaf, below);
    leaf.mutable_normalise()->set_reference_unit("units/v3");
    // Who has too few figures is no peer.
    if (below(2) == 0) scheme.mutable_min_present()->set_value(below(2) == 0 ? "0.5" : "1");
    const bool denominated = below(3) == 0;
    if (denominated) {
      leaf.mutable_statistic()->mutable_preparation()->set_denominator(kPeople);
    }
    ASSERT_FALSE(HasErrors(CheckScheme(scheme, TestDefinition))) << scheme.ShortDebugString();
    const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme);

    World world;
    world.AddUnit("county", "", "county");
    engine::Table table;
    table.leaves.resize(2);
    engine::LeafTable& column = table.leaves[0];
    engine::Figures& rating = table.leaves[1].figure;
    column.history.resize(2);
    column.reference_unit = 3;
    table.groups.resize(1);
    for (int t = 0; t < 3; ++t) world.AddUnit(absl::StrCat("t", t), "county", "township");
    for (int v = 0; v < kVillages; ++v) {
      const std::string id = absl::StrCat("v", v);
      const int64_t township = below(3);
      const bool school = below(2) == 0;
      world.AddUnit(id, absl::StrCat("t", township), "village", school ? "school" : "area");
      table.units.push_back(id);
      table.parents.push_back(kVillages + static_cast<int>(township));
      table.groups[0].push_back(school ? 1 : 0);
      const auto figure = [&](const std::string& definition, const std::string& year) {
        if (below(5) == 0) return RawFigure::kNone;
        // Few different ones, so that some share a place, and now and then one far away.
        const int64_t value = 250 * (1 + below(20)) * (below(15) == 0 ? 100 : 1);
        world.TellFigure(id, definition, year, value);
        return static_cast<double>(value) / 1000;
      };
      column.figure.values.push_back(figure(kIncome, "2016"));
      column.figure.exact.push_back(engine::ExactOf(column.figure.values.back()));
      column.history[0].push_back(figure(kIncome, "2015"));
      column.history[1].push_back(figure(kIncome, "2014"));
      if (denominated) column.denominator.push_back(figure(kPeople, "2016"));
      rating.values.push_back(figure(kRating, "2016"));
      rating.exact.push_back(engine::ExactOf(rating.values.back()));
    }
    for (int t = 0; t < 3; ++t) {
      table.units.push_back(absl::StrCat("t", t));
      table.parents.push_back(-1);
      table.groups[0].push_back(0);
      for (engine::FigureColumn* each :
           {&column.figure.values, &column.history[0], &column.history[1], &rating.values}) {
        each->push_back(RawFigure::kNone);
      }
      column.figure.exact.emplace_back();
      rating.exact.emplace_back();
      if (denominated) column.denominator.push_back(RawFigure::kNone);
    }
    for (size_t unit = 0; unit < table.units.size(); ++unit) {
      table.has_sheet.push_back(unit < kVillages);
    }

    world.facts.log_time = At("2017-02-01 00:00");  // What is missing is missing.
    SchemeBoard board(compiled, period, &world.facts, absl::nullopt);
    while (!board.BuildStep(100)) {
    }
    const engine::Evaluation evaluated = engine::Evaluate(compiled->engine, table);
    for (int v = 0; v < kVillages; ++v) {
      const engine::UnitScore live = board.board().ScoreOf(world.UnitOf(absl::StrCat("v", v)));
      const bool is_scored = live.assessment == engine::Assessment::kScored;
      ASSERT_EQ(is_scored, evaluated.scores[v].has_value()) << "v" << v;
      if (!is_scored) continue;
      ASSERT_EQ(live.score, *evaluated.scores[v]) << "v" << v << " " << leaf.ShortDebugString();
      ++scored;
    }
  }
  EXPECT_GT(scored, kVillages * kSeeds);
}

// Villages that outrank each other in some figures, as a table and as facts that come one by one.
TEST(SchemeBoardRandomTest, ContestsEqualTheTable) {
  constexpr int kVillages = 20;
  const std::vector<std::string> definitions = {kIncome, kPeople, kRating};
  const calendar::Period period = *calendar::Period::Parse("2016");
  int scored = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto below = [&](int64_t n) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
    };
    v1::Scheme scheme = Parse<v1::Scheme>(R"pb(
      name: "units/county/schemes/quality@1"
      points { value: "10" }
      periodicity: PERIODICITY_YEAR
      first_period: "2016"
      population { levels: "levels/village" }
      nodes {
        id: "index"
        points { value: "10" }
        combination: COMBINATION_COPELAND
      }
      nodes {
        id: "inner"
        parent: "index"
        points { value: "10" }
        combination: COMBINATION_COPELAND
        weight { value: "0.4" }
      }
      decimals: 6
    )pb");
    // Two figures compete inside, and what comes out with the third.
    for (int leaf = 0; leaf < 3; ++leaf) {
      v1::Node& node = *scheme.add_nodes();
      node.set_id(absl::StrCat("leaf", leaf));
      node.set_parent(leaf < 2 ? "inner" : "index");
      node.mutable_points()->set_value("10");
      node.mutable_weight()->set_value(leaf < 2 ? "0.5" : "0.6");
      node.mutable_leaf()->mutable_statistic()->set_definition(definitions[leaf]);
      node.mutable_leaf()->mutable_ratio()->mutable_full_at()->set_value("5");
    }
    if (below(2) == 0) scheme.mutable_min_present()->set_value("0.5");
    ASSERT_FALSE(HasErrors(CheckScheme(scheme, TestDefinition))) << scheme.ShortDebugString();
    const std::shared_ptr<const CompiledScheme> compiled = Compile(scheme);

    World world;
    world.AddUnit("county", "", "county");
    for (int v = 0; v < kVillages; ++v) world.AddUnit(absl::StrCat("v", v), "county", "village");
    world.facts.log_time = At("2017-02-01 00:00");
    SchemeBoard board(compiled, period, &world.facts, absl::nullopt);
    engine::Table table;
    table.leaves.resize(3);
    for (int v = 0; v < kVillages; ++v) {
      const std::string id = absl::StrCat("v", v);
      table.units.push_back(id);
      for (int leaf = 0; leaf < 3; ++leaf) {
        engine::Figures& figures = table.leaves[leaf].figure;
        figures.values.push_back(RawFigure::kNone);
        figures.exact.emplace_back();
        if (below(4) == 0) continue;
        const int64_t value = 500 * (1 + below(8));
        world.TellFigure(id, definitions[leaf], "2016", value);
        figures.values.back() = static_cast<double>(value) / 1000;
        figures.exact.back() = engine::ExactOf(figures.values.back());
        board.Apply(world.TakeTouched());
        board.BuildStep(static_cast<int>(below(8)));
      }
    }
    while (!board.BuildStep(5)) {
    }
    ASSERT_TRUE(board.EqualsRebuilt());
    const engine::Evaluation evaluated = engine::Evaluate(compiled->engine, table);
    for (int v = 0; v < kVillages; ++v) {
      const engine::UnitScore live = board.board().ScoreOf(world.UnitOf(table.units[v]));
      const bool is_scored = live.assessment == engine::Assessment::kScored;
      ASSERT_EQ(is_scored, evaluated.scores[v].has_value()) << "v" << v;
      if (!is_scored) continue;
      ASSERT_EQ(live.score, *evaluated.scores[v]) << "v" << v;
      ++scored;
    }
  }
  EXPECT_GT(scored, kVillages * kSeeds / 2);
}

// A live board and one of an instant, built some units at a time while the history goes on, equal
// boards that are built afresh, whenever they are ready; compared after every so many steps.
void ExpectFollows(const std::shared_ptr<const CompiledScheme>& scheme,
                   absl::FunctionRef<void()> happen, int units_below, int every, History* history) {
  const calendar::Period period = *calendar::Period::Parse("2016");
  const Facts& facts = history->world.facts;
  SchemeBoard live(scheme, period, &facts, absl::nullopt);
  SchemeBoard fixed(scheme, period, &facts, At("2016-07-01 00:00"));
  for (int step = 0; step < kSteps; ++step) {
    happen();
    if (history->Chance(10)) history->PassTime();
    const Touched touched = history->world.TakeTouched();
    for (SchemeBoard* board : {&live, &fixed}) {
      board->Apply(touched);
      board->AdvanceTo(facts.log_time);
      board->BuildStep(static_cast<int>(history->Below(units_below)));
      if (step % every == 0) {
        ASSERT_TRUE(!board->ready() || board->EqualsRebuilt()) << "step " << step;
      }
    }
  }
  while (!live.BuildStep(100) || !fixed.BuildStep(100)) {
  }
  ASSERT_TRUE(live.EqualsRebuilt());
  ASSERT_TRUE(fixed.EqualsRebuilt());
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
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    History history(3000 + seed);
    for (int i = 0; i < 30; ++i) history.Step();
    history.world.TakeTouched();
    const auto happen = [&] { history.Chance(20) ? history.PublishSomething() : history.Step(); };
    ASSERT_NO_FATAL_FAILURE(ExpectFollows(compiled, happen, 60, 5, &history));
  }
}

TEST(SchemeBoardRandomTest, WhatSpotChecksFindBesideIsFollowedToo) {
  const std::shared_ptr<const CompiledScheme> scheme = Compile(ReviewScheme());
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    History history(4000 + seed, /*closings=*/false);
    history.StartJudging();
    history.world.TakeTouched();
    const auto happen = [&] { history.StepJudging(); };
    ASSERT_NO_FATAL_FAILURE(ExpectFollows(scheme, happen, 30, 3, &history));
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
// gone or got another score or group.
TEST(SchemeBoardRandomTest, ChangesTellOfEveryUnitThatIsDifferent) {
  const calendar::Period period = *calendar::Period::Parse("2016");
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    v1::Scheme grouped = seed % 2 == 0 ? TestScheme() : ReviewScheme();
    v1::Grouping& grouping = *grouped.add_groupings();
    grouping.set_id("by");
    grouping.set_statistic(kPeople);
    const int by = grouped.groupings_size() - 1;
    const std::shared_ptr<const CompiledScheme> scheme = Compile(grouped);
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
      const engine::SheetResult result = engine::EvaluateSheet(scheme->engine, sheet.input);
      for (const auto& node : result.nodes) earned.push_back(node.earned);
      return earned;
    };
    using Row = std::tuple<bool, bool, engine::UnitScore, std::string, std::string,
                           absl::optional<std::string>, std::vector<Fixed>>;
    auto copy = [&](Unit unit) -> absl::optional<Row> {
      if (unit >= board.board().size()) return absl::nullopt;
      const RegistryFacts& registry = history.world.facts.registry;
      return Row(board.order().IsUnder(unit, top), board.order().IsUnder(unit, township),
                 board.board().ScoreOf(unit), std::string(registry.Level(unit)),
                 std::string(registry.Kind(unit)), board.GroupOf(by, unit), nodes(unit));
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
