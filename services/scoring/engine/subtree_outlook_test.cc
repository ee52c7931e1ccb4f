// The bounds of rolled-up scores against boards on which every open line has been given nothing, or
// everything, record by record.
#include "services/scoring/engine/subtree_outlook.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace terrace::scoring::engine {
namespace {

constexpr int kLeaves = 4;
constexpr Unit kUnits = 30;

struct Random {
  explicit Random(uint64_t seed) : engine(seed) {}
  int64_t Below(int64_t n) { return static_cast<int64_t>(engine() % static_cast<uint64_t>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }
  std::mt19937_64 engine;
};

// Four leaves of 40, 30, 20 and 10 points by a ratio, and a veto; grades from 90 and from 60.
Scheme BareScheme() {
  Scheme scheme;
  scheme.points = Fixed::FromInteger(100);
  for (int64_t points : {40, 30, 20, 10, 0}) {
    Node& node = scheme.nodes.emplace_back();
    node.leaf = static_cast<int>(scheme.leaves.size());
    node.points = node.weight = Fixed::FromInteger(points);
    scheme.leaf_nodes.push_back(node.leaf);
    scheme.leaves.emplace_back().rule = RatioRule{};
  }
  scheme.leaves.back().rule = VetoRule{};
  scheme.weights = 1;
  scheme.bases = {Basis{}, Basis{0, -1}, Basis{-1, 0}};
  scheme.bands.resize(3);
  scheme.bands[0].lower_bound = Fixed::FromInteger(90);
  scheme.bands[1].lower_bound = Fixed::FromInteger(60);
  return scheme;
}

Scheme RandomScheme(Random& random) {
  Scheme scheme = BareScheme();
  for (int leaf = 0; leaf < kLeaves; ++leaf) {
    scheme.leaves[leaf].missing = static_cast<MissingPolicy>(random.Below(3));
  }
  if (random.Chance(30)) scheme.min_present = Fixed::FromUnits(random.Below(kFixedUnitsPerOne));
  for (int i = 0; i < 4; ++i) {
    Rollup& rollup = scheme.rollups.emplace_back();
    rollup.method = static_cast<Method>(random.Below(7));
    rollup.weight = 0;
    if (rollup.method == Method::kOverDescendants) rollup.basis = static_cast<int>(random.Below(2));
    if (rollup.method == Method::kRatioOfSums) rollup.basis = random.Chance(70) ? 0 : 2;
    if (random.Chance(40)) {
      rollup.own_weight = Fixed::FromInteger(1 + random.Below(4));
      rollup.rolled_weight = Fixed::FromInteger(1 + random.Below(4));
    }
    if (random.Chance(30)) rollup.min_coverage = Fixed::FromUnits(random.Below(kFixedUnitsPerOne));
  }
  return scheme;
}

struct Place {
  Unit parent = kNoUnit;
  int rollup = 0;
  absl::optional<int64_t> weight;
  std::vector<LeafInput> inputs;  // Empty without a sheet.
};

void Count(int64_t numerator, int64_t denominator, LeafInput* input) {
  input->form = LeafInput::Form::kCounts;
  input->numerator = numerator;
  input->denominator = denominator;
}

std::vector<Place> RandomPlaces(Random& random) {
  std::vector<Place> places(kUnits);
  const int open = static_cast<int>(random.Below(60));
  for (Unit unit = 0; unit < kUnits; ++unit) {
    Place& place = places[unit];
    if (unit > 0) place.parent = static_cast<Unit>(random.Below(unit));
    place.rollup = static_cast<int>(random.Below(5));
    if (random.Chance(80)) place.weight = random.Below(5 * kWeightUnitsPerOne);
    if (random.Chance(20)) continue;
    place.inputs.resize(kLeaves + 1);
    for (LeafInput& input : place.inputs) {
      input.late = random.Chance(50);
      if (random.Chance(10)) {
        input.form = LeafInput::Form::kNotApplicable;
      } else if (!random.Chance(open)) {
        Count(random.Below(11), 10, &input);
      }
    }
    place.inputs.back() = LeafInput();
    if (random.Chance(5)) {
      place.inputs.back().form = LeafInput::Form::kFigure;
      place.inputs.back().figure = FixedSum::FromInteger(1);
    }
  }
  return places;
}

void Fill(const Scheme& scheme, const std::vector<Place>& places, Board* board) {
  for (Unit unit = 0; unit < places.size(); ++unit) {
    const Place& place = places[unit];
    board->Place(unit, place.parent, place.rollup);
    board->SetWeight(0, unit, place.weight);
    if (place.inputs.empty()) continue;
    board->SetSheet(unit, SheetValueOf(EvaluateSheet(scheme, place.inputs), board->ratio_leaves()));
  }
}

RolledOutlook OutlookOn(const Scheme& scheme, const Board& board, const std::vector<Place>& places,
                        Unit top) {
  SubtreeOutlook outlook(&scheme);
  for (Unit unit = 0; unit < kUnits; ++unit) {
    Unit above = unit;
    while (above != kNoUnit && above != top) above = places[above].parent;
    if (above != top) continue;
    const absl::optional<SheetValue> sheet = board.SheetOf(unit);
    const bool open = sheet && SubtreeOutlook::MayBeOpen(*sheet);
    outlook.Take(board, unit, open ? places[unit].inputs : std::vector<LeafInput>());
  }
  outlook.Settle();
  return outlook.Of(top);
}

// What the score would be if every open line had that many of 10.
absl::optional<Fixed> ScoreWith(int64_t numerator, const Scheme& scheme, std::vector<Place> places,
                                Unit top) {
  for (Place& place : places) {
    if (place.inputs.empty()) continue;
    const SheetResult sheet = EvaluateSheet(scheme, place.inputs);
    for (int leaf = 0; leaf < kLeaves; ++leaf) {
      const Assessment assessment = sheet.leaves[leaf].assessment;
      if (assessment != Assessment::kNotYet && assessment != Assessment::kMissing) continue;
      Count(numerator, 10, &place.inputs[leaf]);
    }
  }
  Board board(&scheme, 0);
  Fill(scheme, places, &board);
  const UnitScore score = board.ScoreOf(top);
  return score.assessment == Assessment::kScored ? absl::make_optional(score.score) : absl::nullopt;
}

bool CountsALeaf(const Scheme& scheme) {
  return std::any_of(scheme.rollups.begin(), scheme.rollups.end(), [](const Rollup& rollup) {
    return rollup.method == Method::kRatioOfSums && rollup.basis == 2;
  });
}

TEST(SubtreeOutlookTest, IsTheScoreWithNothingAndWithEverythingEarned) {
  int bounded = 0;
  int differ = 0;
  for (int seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Scheme scheme = RandomScheme(random);
    const std::vector<Place> places = RandomPlaces(random);
    Board board(&scheme, 0);
    Fill(scheme, places, &board);
    for (Unit top = 0; top < 6; ++top) {
      if (board.RollupRuleOf(top).method == Method::kOwn) continue;
      const RolledOutlook outlook = OutlookOn(scheme, board, places, top);
      if (!outlook.least && CountsALeaf(scheme)) continue;  // It may be open somewhere.
      EXPECT_EQ(outlook.least, ScoreWith(0, scheme, places, top));
      EXPECT_EQ(outlook.most, ScoreWith(10, scheme, places, top));
      if (!outlook.least || !outlook.most) continue;
      EXPECT_GE(*outlook.most, *outlook.least);
      ++bounded;
      differ += *outlook.most > *outlook.least ? 1 : 0;
      if (outlook.open_sheets == 0) {
        EXPECT_EQ(outlook.most, outlook.least);
      }
    }
  }
  EXPECT_GT(bounded, 800);
  EXPECT_GT(differ, 400);
}

// A county of three villages: one full sheet, one with 30 of its 100 points open, one without any.
class CountyOutlookTest : public testing::Test {
 protected:
  CountyOutlookTest() : scheme_(BareScheme()), places_(4) {
    for (Unit unit = 1; unit < 4; ++unit) {
      places_[unit].parent = 0;
      places_[unit].inputs.resize(kLeaves + 1);
      for (int leaf = 0; leaf < kLeaves; ++leaf) {
        if (unit == 1 || (unit == 2 && leaf < 2)) Count(5, 10, &places_[unit].inputs[leaf]);
      }
    }
    Rollup& rollup = scheme_.rollups.emplace_back();
    rollup.method = Method::kMean;
    places_[0].rollup = 1;
  }
  RolledOutlook Run(Unit dropped = kNoUnit) {
    Board board(&scheme_, 0);
    Fill(scheme_, places_, &board);
    SubtreeOutlook outlook(&scheme_);
    for (Unit unit = 0; unit < 4; ++unit) outlook.Take(board, unit, places_[unit].inputs);
    outlook.Drop(dropped);
    outlook.Settle();
    return outlook.Of(0);
  }

  Scheme scheme_;
  std::vector<Place> places_;
};

TEST_F(CountyOutlookTest, AUnitWithoutAScoreMayComeToNothingOrEverything) {
  const RolledOutlook outlook = Run();
  EXPECT_EQ(outlook.open_sheets, 2);
  EXPECT_EQ(outlook.least->units(), 28'333'333'333'333);  // (50 + 35 + 0) / 3
  EXPECT_EQ(outlook.most->units(), 71'666'666'666'667);   // (50 + 65 + 100) / 3
  EXPECT_EQ(outlook.worst_band, 2);
  EXPECT_EQ(outlook.best_band, 1);
}

TEST_F(CountyOutlookTest, ARatioOfWhatIsStillToBeCountedIsNotForetold) {
  scheme_.bases.push_back(Basis{-1, 3});
  scheme_.rollups[1].method = Method::kRatioOfSums;
  scheme_.rollups[1].basis = 3;
  RolledOutlook outlook = Run();
  EXPECT_EQ(outlook.open_sheets, 2);
  EXPECT_FALSE(outlook.least || outlook.most);
  for (Unit unit = 1; unit < 4; ++unit) Count(4, 10, &places_[unit].inputs[3]);
  EXPECT_FALSE(Run().least) << "Leaf 0 is counted by another basis and open.";
  for (Unit unit = 1; unit < 4; ++unit) Count(4, 10, &places_[unit].inputs[0]);
  outlook = Run();
  EXPECT_EQ(outlook.least, Fixed::FromInteger(40));
  EXPECT_EQ(outlook.most, Fixed::FromInteger(40));
  EXPECT_EQ(outlook.open_sheets, 2);
}

TEST_F(CountyOutlookTest, UnitsThatLeaveDoNotCount) {
  const RolledOutlook outlook = Run(/*dropped=*/3);
  EXPECT_EQ(outlook.open_sheets, 1);
  EXPECT_EQ(outlook.most, Fixed::FromUnits(57'500'000'000'000));  // (50 + 65) / 2
}

}  // namespace
}  // namespace terrace::scoring::engine
