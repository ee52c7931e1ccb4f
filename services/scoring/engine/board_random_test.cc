// Random trees, schemes, histories and orders of arrival: the running sums of a Board equal a full
// recomputation, and equal the scores that a naive recursion over the tree finds.
#include <algorithm>
#include <map>
#include <random>

#include "gtest/gtest.h"
#include "services/scoring/engine/board.h"

namespace terrace::scoring::engine {
namespace {

constexpr int kUnits = 40;
constexpr int kSeeds = 150;
constexpr int kSteps = 250;

struct Random {
  explicit Random(uint64_t seed) : engine(seed) {}
  int64_t Below(int64_t n) { return static_cast<int64_t>(engine() % static_cast<uint64_t>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }
  std::mt19937_64 engine;
};

Scheme RandomScheme(Random& random) {
  Scheme scheme;
  scheme.points = Fixed::FromInteger(100);
  Leaf leaf;
  leaf.rule = RatioRule{};
  scheme.leaves = {leaf};
  scheme.nodes = {{"done", -1, Fixed::FromInteger(100), Combination::kSum, 0}};
  scheme.leaf_nodes = {0};
  scheme.weights = 2;
  scheme.bases = {Basis{}, Basis{0, -1}, Basis{-1, 0}};
  for (int i = 0; i < 4; ++i) {
    Rollup rollup;
    rollup.method = static_cast<Method>(random.Below(7));
    rollup.weight = static_cast<int>(random.Below(2));
    if (rollup.method == Method::kOverDescendants) rollup.basis = static_cast<int>(random.Below(2));
    if (rollup.method == Method::kRatioOfSums) rollup.basis = random.Chance(50) ? 0 : 2;
    if (random.Chance(30)) {
      rollup.own_weight = Fixed::FromInteger(random.Below(4));
      rollup.rolled_weight = Fixed::FromInteger(1 + random.Below(4));
    }
    if (random.Chance(30)) rollup.min_coverage = Fixed::FromUnits(random.Below(kFixedUnitsPerOne));
    scheme.rollups.push_back(rollup);
  }
  return scheme;
}

SheetValue RandomSheet(Random& random) {
  SheetValue value;
  value.assessment = static_cast<Assessment>(random.Below(4));
  value.counts = {{random.Below(10), 10 + random.Below(10)}};
  if (value.assessment != Assessment::kScored) return value;
  // Now and then below 0, as normalised figures may be.
  value.score = Fixed::FromUnits(random.Below(110 * kFixedUnitsPerOne) - 10 * kFixedUnitsPerOne);
  value.best_band = static_cast<uint8_t>(random.Below(3));
  value.disqualified = random.Chance(5);
  value.available = Fixed::FromUnits(1 + random.Below(100 * kFixedUnitsPerOne));
  value.earned = Fixed::FromUnits(random.Below(value.available.units()));
  return value;
}

// The inputs as they are, and the scores found by walking the tree from the top, with no sums kept.
struct World {
  struct UnitInputs {
    bool placed = false;
    Unit parent = kNoUnit;
    int rollup = 0;
    absl::optional<SheetValue> sheet;
    absl::optional<int64_t> weights[2];
    Tally tally;
  };
  std::vector<UnitInputs> units = std::vector<UnitInputs>(kUnits);
  const Scheme* scheme = nullptr;

  std::vector<Unit> Children(Unit unit) const {
    std::vector<Unit> children;
    for (Unit u = 0; u < kUnits; ++u) {
      if (units[u].placed && units[u].parent == unit) children.push_back(u);
    }
    return children;
  }
  void Below(Unit unit, std::vector<Unit>& out) const {
    for (Unit child : Children(unit)) {
      out.push_back(child);
      Below(child, out);
    }
  }
  bool IsBelow(Unit unit, Unit top) const {
    for (Unit u = unit; u != kNoUnit; u = units[u].placed ? units[u].parent : kNoUnit) {
      if (u == top) return true;
    }
    return false;
  }

  static Fixed Rounded(int128_t numerator, int128_t denominator) {
    if (numerator < 0) return -Rounded(-numerator, denominator);
    return Fixed::FromUnits(
        static_cast<int64_t>((2 * numerator + denominator) / (2 * denominator)));
  }

  UnitScore ScoreOf(Unit unit) const {
    const UnitInputs& inputs = units[unit];
    UnitScore score;
    if (!inputs.placed) return score;
    const Rollup& rollup = scheme->rollups[inputs.rollup];
    const Assessment own = inputs.sheet ? inputs.sheet->assessment : Assessment::kNotApplicable;
    score.method = rollup.method;
    score.disqualified = inputs.sheet && inputs.sheet->disqualified;
    if (rollup.method == Method::kOwn) {
      score.assessment = own;
      if (inputs.sheet) score.score = inputs.sheet->score;
      return score;
    }
    int64_t expected = 0;
    int64_t covered = 0;
    bool not_yet = false;
    int128_t weight = 0, sum = 0, numerator = 0, denominator = 0;
    absl::optional<Fixed> least;
    auto take = [&](Assessment assessment, Fixed value, absl::optional<int64_t> w) {
      if (assessment == Assessment::kNotApplicable) return;
      ++expected;
      not_yet |= assessment == Assessment::kNotYet;
      if (assessment != Assessment::kScored || !w) return;
      ++covered;
      weight += *w;
      sum += int128_t{*w} * value.units();
      least = least ? std::min(*least, value) : value;
    };
    const bool sheets =
        rollup.method == Method::kOverDescendants || rollup.method == Method::kRatioOfSums;
    if (sheets) {
      std::vector<Unit> all;
      Below(unit, all);
      if (rollup.method == Method::kRatioOfSums) all.push_back(unit);
      const Basis& basis = scheme->bases[rollup.basis];
      for (Unit u : all) {
        if (!units[u].sheet) continue;
        const SheetValue& sheet = *units[u].sheet;
        take(sheet.assessment, sheet.score,
             basis.weight < 0 ? absl::make_optional(kWeightUnitsPerOne)
                              : units[u].weights[basis.weight]);
        if (basis.ratio_leaf >= 0) {
          numerator += sheet.counts[0].first;
          denominator += sheet.counts[0].second;
        } else if (sheet.assessment == Assessment::kScored) {
          numerator += sheet.earned.units();
          denominator += sheet.available.units();
        }
      }
    } else {
      for (Unit child : Children(unit)) {
        const UnitScore below = ScoreOf(child);
        take(below.assessment, below.score,
             rollup.method == Method::kWeightedMean ? units[child].weights[rollup.weight]
                                                    : absl::make_optional(kWeightUnitsPerOne));
      }
    }
    absl::optional<Fixed> rolled;
    if (int128_t{covered} * kFixedUnitsPerOne >= int128_t{rollup.min_coverage.units()} * expected) {
      if (rollup.method == Method::kSum) {
        if (covered > 0) rolled = Rounded(sum, kWeightUnitsPerOne);
      } else if (rollup.method == Method::kMin) {
        rolled = least;
      } else if (rollup.method == Method::kRatioOfSums) {
        if (denominator > 0) rolled = Rounded(numerator * scheme->points.units(), denominator);
      } else if (weight > 0) {
        rolled = Rounded(sum, weight);
      }
    }
    const bool own_counts = rollup.mixes() && own == Assessment::kScored;
    score.assessment = Assessment::kScored;
    if (rolled && own_counts) {
      score.score = Rounded(int128_t{inputs.sheet->score.units()} * rollup.own_weight.units() +
                                int128_t{rolled->units()} * rollup.rolled_weight.units(),
                            int128_t{rollup.own_weight.units()} + rollup.rolled_weight.units());
    } else if (rolled) {
      score.score = *rolled;
    } else if (own_counts) {
      score.score = inputs.sheet->score;
    } else {
      const bool own_not_yet = rollup.mixes() && own == Assessment::kNotYet;
      const bool own_missing = rollup.mixes() && own == Assessment::kMissing;
      score.assessment = not_yet || own_not_yet        ? Assessment::kNotYet
                         : expected > 0 || own_missing ? Assessment::kMissing
                                                       : Assessment::kNotApplicable;
    }
    return score;
  }
};

// One random change of the inputs, in the world and, where there is one, on the board.
void Step(Random& random, World& world, Board* board) {
  const Unit unit = static_cast<Unit>(random.Below(kUnits));
  World::UnitInputs& inputs = world.units[unit];
  switch (random.Below(8)) {
    case 0:
    case 1: {
      Unit parent = random.Chance(10) ? kNoUnit : static_cast<Unit>(random.Below(kUnits));
      if (parent != kNoUnit && world.IsBelow(parent, unit)) return;
      inputs.placed = true;
      inputs.parent = parent;
      inputs.rollup = static_cast<int>(random.Below(5));
      if (board != nullptr) board->Place(unit, parent, inputs.rollup);
      return;
    }
    case 2:
      if (!random.Chance(20)) return;
      inputs.placed = false;
      inputs.parent = kNoUnit;
      if (board != nullptr) board->Remove(unit);
      return;
    case 3: {
      const int column = static_cast<int>(random.Below(2));
      inputs.weights[column] = random.Chance(20)
                                   ? absl::nullopt
                                   : absl::make_optional(random.Below(5 * kWeightUnitsPerOne));
      if (board != nullptr) board->SetWeight(column, unit, inputs.weights[column]);
      return;
    }
    case 4:
      inputs.tally = {random.Below(2), 1};
      if (board != nullptr) board->SetTally(0, unit, inputs.tally);
      return;
    default:
      inputs.sheet = random.Chance(10) ? absl::nullopt : absl::make_optional(RandomSheet(random));
      if (board != nullptr) board->SetSheet(unit, inputs.sheet);
      return;
  }
}

void ExpectSame(const World& world, const Board& board) {
  for (Unit unit = 0; unit < std::min<Unit>(kUnits, board.size()); ++unit) {
    const UnitScore expected = world.ScoreOf(unit);
    const UnitScore actual = board.ScoreOf(unit);
    ASSERT_EQ(static_cast<int>(actual.assessment), static_cast<int>(expected.assessment))
        << "unit " << unit;
    if (expected.assessment == Assessment::kScored) {
      ASSERT_EQ(actual.score.units(), expected.score.units()) << "unit " << unit;
    }
    Tally below;
    std::vector<Unit> all;
    world.Below(unit, all);
    for (Unit u : all) below += world.units[u].tally;
    ASSERT_EQ(board.TallyBelow(0, unit), below) << "unit " << unit;
  }
}

TEST(BoardRandomTest, RunningSumsEqualARecomputationAndTheNaiveScores) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Scheme scheme = RandomScheme(random);
    World world;
    world.scheme = &scheme;
    Board board(&scheme, 1);
    for (int step = 0; step < kSteps; ++step) {
      Step(random, world, &board);
      if (step % 50 == 49) {
        ASSERT_TRUE(board.EqualsRecomputation()) << "step " << step;
        ASSERT_NO_FATAL_FAILURE(ExpectSame(world, board));
      }
    }
  }
}

// The same last inputs, given in any order, in bulk or one by one, make the same board.
TEST(BoardRandomTest, TheOrderOfArrivalDoesNotMatter) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed + 1000);
    const Scheme scheme = RandomScheme(random);
    World world;
    world.scheme = &scheme;
    for (int step = 0; step < kSteps; ++step) Step(random, world, nullptr);

    std::vector<std::function<void(Board&)>> changes;
    for (Unit unit = 0; unit < kUnits; ++unit) {
      const World::UnitInputs& inputs = world.units[unit];
      changes.push_back([=](Board& b) {
        if (inputs.placed) b.Place(unit, inputs.parent, inputs.rollup);
      });
      changes.push_back([=](Board& b) { b.SetSheet(unit, inputs.sheet); });
      changes.push_back([=](Board& b) { b.SetTally(0, unit, inputs.tally); });
      for (int w : {0, 1}) {
        changes.push_back([=](Board& b) { b.SetWeight(w, unit, inputs.weights[w]); });
      }
    }
    for (bool bulk : {false, true}) {
      std::shuffle(changes.begin(), changes.end(), random.engine);
      Board board(&scheme, 1);
      if (bulk) board.BeginBulk();
      for (auto& change : changes) change(board);
      const int at_once = 1 + static_cast<int>(random.Below(2 * kUnits));
      while (bulk && !board.EndBulk(at_once)) {
      }
      ASSERT_TRUE(board.EqualsRecomputation());
      ASSERT_NO_FATAL_FAILURE(ExpectSame(world, board));
    }
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
