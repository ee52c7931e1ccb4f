#include "services/scoring/engine/board.h"

#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

SheetValue Sheet(Fixed score) {
  SheetValue value;
  value.assessment = Assessment::kScored;
  value.score = score;
  value.earned = score;
  value.available = Fixed::FromInteger(100);
  value.covered_points = value.applicable_points = Fixed::FromInteger(100);
  return value;
}
SheetValue Sheet(int64_t score) { return Sheet(Fixed::FromInteger(score)); }
SheetValue Unscored(Assessment assessment) {
  SheetValue value;
  value.assessment = assessment;
  value.applicable_points = Fixed::FromInteger(100);
  return value;
}

constexpr int kCounty = 1;    // Roll-up of the unit on top.
constexpr int kTownship = 2;  // Roll-up of its children.

// 0 county; 1, 2 townships; 3, 4 villages of 1; 5 village of 2.
class BoardTest : public ::testing::Test {
 protected:
  void Make(Rollup county, Rollup township) {
    scheme_.points = Fixed::FromInteger(100);
    scheme_.rollups = {Rollup{}, county, township};
    board_ = std::make_unique<Board>(&scheme_, 1);
    board_->Place(0, kNoUnit, kCounty);
    board_->Place(1, 0, kTownship);
    board_->Place(2, 0, kTownship);
    for (Unit village : {3, 4}) board_->Place(village, 1, 0);
    board_->Place(5, 2, 0);
    board_->SetSheet(3, Sheet(90));
    board_->SetSheet(4, Sheet(70));
    board_->SetSheet(5, Sheet(50));
  }
  Fixed Score(Unit unit) {
    EXPECT_EQ(board_->ScoreOf(unit).assessment, Assessment::kScored);
    return board_->ScoreOf(unit).score;
  }
  Assessment AssessmentOf(Unit unit) { return board_->ScoreOf(unit).assessment; }
  void TearDown() override { EXPECT_TRUE(board_->EqualsRecomputation()); }

  Scheme scheme_;
  std::unique_ptr<Board> board_;
};

Rollup By(Method method, int basis = 0, int weight = -1) {
  Rollup rollup;
  rollup.method = method;
  rollup.basis = basis;
  rollup.weight = weight;
  return rollup;
}

TEST_F(BoardTest, MeanOfChildren) {
  Make(By(Method::kMean), By(Method::kMean));
  EXPECT_EQ(Score(1), Fixed::FromInteger(80));
  EXPECT_EQ(Score(0), Fixed::FromInteger(65));
}

// Mean of children and mean over all sheets differ on uneven trees.
TEST_F(BoardTest, MeanOverDescendants) {
  Make(By(Method::kOverDescendants), By(Method::kMean));
  EXPECT_EQ(Score(0), Fixed::FromInteger(70));
}

TEST_F(BoardTest, TheDefaultIsTheOwnSheet) {
  Make(By(Method::kOwn), By(Method::kMean));
  EXPECT_EQ(AssessmentOf(0), Assessment::kNotApplicable);
  board_->SetSheet(0, Sheet(42));
  EXPECT_EQ(Score(0), Fixed::FromInteger(42));
}

TEST_F(BoardTest, SumAndMin) {
  Make(By(Method::kMin), By(Method::kSum));
  EXPECT_EQ(Score(1), Fixed::FromInteger(160));
  EXPECT_EQ(Score(0), Fixed::FromInteger(50));
  board_->SetSheet(5, Sheet(170));
  EXPECT_EQ(Score(0), Fixed::FromInteger(160));
}

TEST_F(BoardTest, WeightedMean) {
  scheme_.weights = 1;
  Make(By(Method::kMean), By(Method::kWeightedMean, 0, 0));
  EXPECT_EQ(AssessmentOf(1), Assessment::kMissing);  // No weights are known.
  board_->SetWeight(0, 3, 3 * kWeightUnitsPerOne);
  EXPECT_EQ(Score(1), Fixed::FromInteger(90));  // Village 4 has no weight and is left out.
  EXPECT_EQ(board_->RollupOf(1).covered, 1);
  EXPECT_EQ(board_->RollupOf(1).count, 2);
  board_->SetWeight(0, 4, 1 * kWeightUnitsPerOne);
  EXPECT_EQ(Score(1), Fixed::FromInteger(85));
  board_->SetWeight(0, 4, 0);
  EXPECT_EQ(Score(1), Fixed::FromInteger(90));
  EXPECT_EQ(board_->RollupOf(1).covered, 2);
}

TEST_F(BoardTest, WeightedOverDescendants) {
  scheme_.weights = 1;
  scheme_.bases = {Basis{}, Basis{0, -1}};
  Make(By(Method::kOverDescendants, 1), By(Method::kMean));
  board_->SetWeight(0, 3, 1 * kWeightUnitsPerOne);
  board_->SetWeight(0, 4, 1 * kWeightUnitsPerOne);
  board_->SetWeight(0, 5, 2 * kWeightUnitsPerOne);
  EXPECT_EQ(Score(0), Fixed::FromInteger(65));
}

TEST_F(BoardTest, RatioOfSumsOfCounts) {
  Leaf leaf;
  leaf.rule = RatioRule{};
  scheme_.leaves = {leaf};
  scheme_.nodes = {{"done", -1, Fixed::FromInteger(50), Combination::kSum, 0}};
  scheme_.leaf_nodes = {0};
  scheme_.bases = {Basis{}, Basis{-1, 0}};
  Make(By(Method::kRatioOfSums, 1), By(Method::kMean));
  SheetValue small = Sheet(100);
  small.counts = {{1, 1}};
  SheetValue large = Sheet(50);
  large.counts = {{10, 20}};
  board_->SetSheet(3, small);
  board_->SetSheet(4, small);
  board_->SetSheet(5, large);
  // 12 of 22 measures, not the mean of 100, 100 and 50.
  EXPECT_EQ(Score(0), Fixed::FromUnits(54'545'454'545'455));
}

TEST_F(BoardTest, RatioOfSumsOfPoints) {
  Make(By(Method::kRatioOfSums), By(Method::kMean));
  SheetValue half = Sheet(90);
  half.earned = Fixed::FromInteger(45);
  half.available = Fixed::FromInteger(50);
  board_->SetSheet(3, half);
  EXPECT_EQ(Score(0), Fixed::FromInteger(66));  // 165 of 250.
}

TEST_F(BoardTest, MixesTheOwnSheetIn) {
  Rollup county = By(Method::kMean);
  county.own_weight = Fixed::FromInteger(3);
  county.rolled_weight = Fixed::FromInteger(1);
  Make(county, By(Method::kMean));
  EXPECT_EQ(Score(0), Fixed::FromInteger(65));  // No own sheet: the roll-up stands alone.
  board_->SetSheet(0, Sheet(85));
  EXPECT_EQ(Score(0), Fixed::FromInteger(80));
  for (Unit village : {3, 4, 5}) board_->SetSheet(village, Unscored(Assessment::kMissing));
  EXPECT_EQ(Score(0), Fixed::FromInteger(85));
  board_->SetSheet(0, Unscored(Assessment::kNotYet));
  EXPECT_EQ(AssessmentOf(0), Assessment::kNotYet);
}

TEST_F(BoardTest, MissingChildrenNeverCountAsZero) {
  Make(By(Method::kMean), By(Method::kMean));
  board_->SetSheet(4, Unscored(Assessment::kMissing));
  EXPECT_EQ(Score(1), Fixed::FromInteger(90));
  EXPECT_EQ(board_->RollupOf(1).covered, 1);
  EXPECT_EQ(board_->RollupOf(1).count, 2);
  board_->SetSheet(4, Unscored(Assessment::kNotApplicable));
  EXPECT_EQ(board_->RollupOf(1).count, 1);
  board_->SetSheet(4, Sheet(0));  // Zero is a score.
  EXPECT_EQ(Score(1), Fixed::FromInteger(45));
}

TEST_F(BoardTest, WithoutAnyScoreBelowItSaysWhy) {
  Make(By(Method::kMean), By(Method::kMean));
  for (Unit village : {3, 4, 5}) board_->SetSheet(village, Unscored(Assessment::kMissing));
  EXPECT_EQ(AssessmentOf(0), Assessment::kMissing);
  board_->SetSheet(5, Unscored(Assessment::kNotYet));
  EXPECT_EQ(AssessmentOf(0), Assessment::kNotYet);
  EXPECT_EQ(AssessmentOf(1), Assessment::kMissing);
  for (Unit village : {3, 4, 5}) board_->SetSheet(village, absl::nullopt);
  EXPECT_EQ(AssessmentOf(0), Assessment::kNotApplicable);
}

TEST_F(BoardTest, TooLittleCoverageIsNoScore) {
  Rollup township = By(Method::kMean);
  township.min_coverage = Fixed::FromUnits(kFixedUnitsPerOne / 2);
  Make(By(Method::kMean), township);
  board_->SetSheet(4, Unscored(Assessment::kNotYet));
  EXPECT_EQ(Score(1), Fixed::FromInteger(90));  // Exactly half is enough.
  board_->Place(6, 1, 0);
  board_->SetSheet(6, Unscored(Assessment::kNotYet));
  EXPECT_EQ(AssessmentOf(1), Assessment::kNotYet);
  EXPECT_EQ(Score(0), Fixed::FromInteger(50));
}

TEST_F(BoardTest, AMoveTakesTheWholeSubtreeAlong) {
  Make(By(Method::kOverDescendants), By(Method::kMean));
  board_->Place(7, kNoUnit, kCounty);
  board_->Place(1, 7, kTownship);
  EXPECT_EQ(Score(7), Fixed::FromInteger(80));
  EXPECT_EQ(Score(0), Fixed::FromInteger(50));
  EXPECT_EQ(board_->SheetsOf(0, 0).covered, 1);
}

TEST_F(BoardTest, ARemovedUnitTakesItsSubtreeOut) {
  Make(By(Method::kMean), By(Method::kMean));
  board_->Remove(1);
  EXPECT_EQ(Score(0), Fixed::FromInteger(50));
  EXPECT_EQ(board_->ScoreOf(1).assessment, Assessment::kNotApplicable);
  board_->Place(1, 0, kTownship);
  EXPECT_EQ(Score(0), Fixed::FromInteger(65));
}

TEST_F(BoardTest, AChangeOfLevelChangesWhatChildrenAdd) {
  Make(By(Method::kMean), By(Method::kMin));
  EXPECT_EQ(Score(1), Fixed::FromInteger(70));
  board_->Place(1, 0, kCounty);
  EXPECT_EQ(Score(1), Fixed::FromInteger(80));
  board_->Place(1, 0, kTownship);
  EXPECT_EQ(Score(1), Fixed::FromInteger(70));
}

TEST_F(BoardTest, AVetoDisqualifiesTheUnitAlone) {
  Make(By(Method::kMean), By(Method::kMean));
  SheetValue sheet = Sheet(90);
  sheet.disqualified = true;
  board_->SetSheet(3, sheet);
  EXPECT_TRUE(board_->ScoreOf(3).disqualified);
  EXPECT_FALSE(board_->ScoreOf(1).disqualified);
  EXPECT_EQ(Score(1), Fixed::FromInteger(80));
}

TEST_F(BoardTest, TalliesSumUpWhatLiesBelow) {
  Make(By(Method::kMean), By(Method::kMean));
  board_->SetTally(0, 3, {1, 1});
  board_->SetTally(0, 4, {0, 1});
  board_->SetTally(0, 1, {1, 1});
  EXPECT_EQ(board_->TallyBelow(0, 1), (Tally{1, 2}));  // The root of the subtree is not counted.
  EXPECT_EQ(board_->TallyBelow(0, 0), (Tally{2, 3}));
  board_->Remove(1);
  EXPECT_EQ(board_->TallyBelow(0, 0), (Tally{}));
}

TEST_F(BoardTest, TellsWhoMayHaveChanged) {
  Make(By(Method::kMean), By(Method::kMean));
  std::vector<Unit> heard;
  board_->set_on_change([&](Unit unit) { heard.push_back(unit); });
  board_->SetSheet(3, Sheet(80));
  EXPECT_EQ(heard, (std::vector<Unit>{3, 1, 0}));
  heard.clear();
  board_->SetSheet(3, Sheet(80));
  EXPECT_TRUE(heard.empty());
}

TEST_F(BoardTest, RoundsOnceAndHalfAwayFromZero) {
  Make(By(Method::kMean), By(Method::kMean));
  board_->SetSheet(3, Sheet(Fixed::FromUnits(1)));
  board_->SetSheet(4, Sheet(Fixed::FromUnits(2)));
  EXPECT_EQ(Score(1), Fixed::FromUnits(2));  // 1.5
}

}  // namespace
}  // namespace terrace::scoring::engine
