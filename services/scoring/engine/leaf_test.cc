#include "services/scoring/engine/leaf.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace terrace::scoring::engine {
namespace {

Fixed Points(int64_t thousandths) {
  return Fixed::FromUnits(thousandths * (kFixedUnitsPerOne / 1000));
}
FixedSum Number(int64_t thousandths) { return Points(thousandths); }

Sample Passed(bool passed) {
  Sample sample;
  sample.kind = Sample::Kind::kPassFail;
  sample.passed = passed;
  return sample;
}
Sample Count(int64_t hits, int64_t looked_at) {
  Sample sample;
  sample.kind = Sample::Kind::kCount;
  sample.hits = hits;
  sample.looked_at = looked_at;
  return sample;
}
Sample Graded(std::string grade) {
  Sample sample;
  sample.kind = Sample::Kind::kGrade;
  sample.grade = std::move(grade);
  return sample;
}
Sample Measured(int64_t thousandths) {
  Sample sample;
  sample.kind = Sample::Kind::kNumber;
  sample.number = Number(thousandths);
  return sample;
}

LeafInput Visits(std::vector<Visit> visits) {
  LeafInput input;
  input.form = LeafInput::Form::kVisits;
  input.visits = std::move(visits);
  return input;
}
LeafInput Figure(int64_t thousandths) {
  LeafInput input;
  input.form = LeafInput::Form::kFigure;
  input.figure = Number(thousandths);
  return input;
}
LeafInput Counts(int64_t numerator, int64_t denominator) {
  LeafInput input;
  input.form = LeafInput::Form::kCounts;
  input.numerator = numerator;
  input.denominator = denominator;
  return input;
}

Leaf Of(Rule rule, VisitChoice visits = VisitChoice::kLatest) {
  Leaf leaf;
  leaf.rule = std::move(rule);
  leaf.visits = visits;
  return leaf;
}

void ExpectEarned(const LeafResult& result, Fixed earned) {
  EXPECT_EQ(result.assessment, Assessment::kScored);
  EXPECT_EQ(result.earned, earned);
}

// Xianyang river chief: 6 points, minus 1 each, at most 4 taken off (domain.md, T7).
TEST(DeductTest, TakesOffPerOccurrenceUpToTheCap) {
  const Leaf leaf = Of(DeductRule{Points(1000), Points(4000), Fixed()});
  ExpectEarned(EvaluateLeaf(leaf, Points(6000), Figure(0)), Points(6000));
  ExpectEarned(EvaluateLeaf(leaf, Points(6000), Figure(3000)), Points(3000));
  ExpectEarned(EvaluateLeaf(leaf, Points(6000), Figure(9000)), Points(2000));
}

TEST(DeductTest, StopsAtTheFloor) {
  const Leaf leaf = Of(DeductRule{Points(30000), Points(60000), Fixed()});
  ExpectEarned(EvaluateLeaf(leaf, Points(60000), Figure(3000)), Fixed());
  const Leaf kept = Of(DeductRule{Points(30000), Points(60000), Points(5000)});
  ExpectEarned(EvaluateLeaf(kept, Points(60000), Figure(3000)), Points(5000));
}

TEST(DeductTest, HugeCountsDoNotOverflow) {
  const Leaf leaf = Of(DeductRule{Points(500), Points(5000), Fixed()});
  LeafInput input = Figure(0);
  input.figure = FixedSum::FromInteger(999'999'999'999'999'999);
  ExpectEarned(EvaluateLeaf(leaf, Points(5000), input), Fixed());
}

TEST(DeductTest, CountsFailsMissesAndNumbersOfTheVisit) {
  const Leaf leaf = Of(DeductRule{Points(500), Points(5000), Fixed()});
  Visit visit{{Passed(false), Passed(true), Count(3, 5), Measured(1000)}};  // 1 + 2 + 1
  ExpectEarned(EvaluateLeaf(leaf, Points(5000), Visits({visit})), Points(3000));
}

TEST(DeductTest, AVisitWithoutAnOccurrenceEarnsEverything) {
  const Leaf leaf = Of(DeductRule{Points(500), Points(5000), Fixed()});
  ExpectEarned(EvaluateLeaf(leaf, Points(5000), Visits({Visit{}})), Points(5000));
}

// Guangdong schools: A 100 %, B 66 %, C 33 %, D 0.
TEST(GradeTest, LooksUpTheGradeOfTheInspector) {
  const GradeRule rule{{{"A", {}, Points(3000)},
                        {"B", {}, Points(1980)},
                        {"C", {}, Points(990)},
                        {"D", {}, Points(0)}}};
  ExpectEarned(EvaluateLeaf(Of(rule), Points(3000), Visits({{{Graded("B")}}})), Points(1980));
  ExpectEarned(EvaluateLeaf(Of(rule), Points(3000), Visits({{{Graded("D")}}})), Fixed());
  // Several observations earn their mean: (1.98 + 0.99) / 2.
  ExpectEarned(EvaluateLeaf(Of(rule), Points(3000), Visits({{{Graded("B"), Graded("C")}}})),
               Points(1485));
  // An unknown grade is no grade.
  EXPECT_EQ(EvaluateLeaf(Of(rule), Points(3000), Visits({{{Graded("X")}}})).assessment,
            Assessment::kNotYet);
}

TEST(GradeTest, LowerBoundsAreInclusiveAndExact) {
  const GradeRule rule{{{"excellent", Number(900), Points(10000)},
                        {"good", Number(800), Points(8000)},
                        {"none", {}, Fixed()}}};
  ExpectEarned(EvaluateLeaf(Of(rule), Points(10000), Counts(9, 10)), Points(10000));
  ExpectEarned(EvaluateLeaf(Of(rule), Points(10000), Counts(899'999, 1'000'000)), Points(8000));
  ExpectEarned(EvaluateLeaf(Of(rule), Points(10000), Figure(799)), Fixed());
}

// School field list: ask 5, at least 3 right; 2 rooms, both right.
TEST(PassFailTest, NeedsEnoughOfEnoughSamples) {
  const Leaf ask = Of(PassFailRule{5, 3, {}});
  ExpectEarned(EvaluateLeaf(ask, Points(2000), Visits({{{Count(3, 5)}}})), Points(2000));
  ExpectEarned(EvaluateLeaf(ask, Points(2000), Visits({{{Count(2, 5)}}})), Fixed());
  // Three right answers decide, whatever the other two would be; two do not.
  ExpectEarned(EvaluateLeaf(ask, Points(2000), Visits({{{Count(3, 3)}}})), Points(2000));
  EXPECT_EQ(EvaluateLeaf(ask, Points(2000), Visits({{{Count(2, 4)}}})).assessment,
            Assessment::kNotYet);
  const Leaf rooms = Of(PassFailRule{2, 0, {}});
  ExpectEarned(EvaluateLeaf(rooms, Points(1000), Visits({{{Passed(true), Passed(true)}}})),
               Points(1000));
  ExpectEarned(EvaluateLeaf(rooms, Points(1000), Visits({{{Passed(true), Passed(false)}}})),
               Fixed());
}

TEST(PassFailTest, FiguresAndRatiosReachTheThresholdInclusively) {
  const Leaf leaf = Of(PassFailRule{1, 0, Number(950)});
  ExpectEarned(EvaluateLeaf(leaf, Points(1000), Counts(19, 20)), Points(1000));
  ExpectEarned(EvaluateLeaf(leaf, Points(1000), Counts(189, 199)), Fixed());
  ExpectEarned(EvaluateLeaf(leaf, Points(1000), Figure(950)), Points(1000));
}

TEST(RatioTest, IsProportionalBetweenItsEnds) {
  // 25 of 30 measures, 100 points: 83.333333333333 (seed figures).
  ExpectEarned(EvaluateLeaf(Of(RatioRule{}), Points(100'000), Counts(25, 30)),
               Fixed::FromUnits(83'333'333'333'333));
  const Leaf target = Of(RatioRule{FixedSum::FromInteger(4), {}});
  ExpectEarned(EvaluateLeaf(target, Points(8000), Figure(3000)), Points(6000));
  ExpectEarned(EvaluateLeaf(target, Points(8000), Figure(5000)), Points(8000));
}

TEST(RatioTest, FallingFiguresCanBeBetter) {
  const Leaf leaf = Of(RatioRule{Number(2000), Number(10'000)});
  ExpectEarned(EvaluateLeaf(leaf, Points(10'000), Figure(1000)), Points(10'000));
  ExpectEarned(EvaluateLeaf(leaf, Points(10'000), Figure(4000)), Points(7500));
  ExpectEarned(EvaluateLeaf(leaf, Points(10'000), Figure(11'000)), Fixed());
}

TEST(RatioTest, OfObservationsIsPassesOverSamplesAndKeepsTheCounts) {
  const LeafResult result = EvaluateLeaf(Of(RatioRule{}), Points(10'000),
                                         Visits({{{Count(3, 5), Passed(true), Passed(false)}}}));
  ExpectEarned(result, Fixed::FromUnits(5'714'285'714'286));  // 10 * 4 / 7
  EXPECT_EQ(result.numerator, FixedSum::FromInteger(4));
  EXPECT_EQ(result.denominator, FixedSum::FromInteger(7));
}

TEST(MeanTest, IsTheMeanOfSites) {
  const Leaf leaf = Of(MeanRule{FixedSum::FromInteger(100), 3});
  ExpectEarned(EvaluateLeaf(leaf, Points(20'000),
                            Visits({{{Measured(80'000), Measured(90'000), Measured(100'000)}}})),
               Points(18'000));
  EXPECT_EQ(EvaluateLeaf(leaf, Points(20'000), Visits({{{Measured(80'000)}}})).assessment,
            Assessment::kNotYet);
}

TEST(DiscretionTest, IsWhatTheJudgeGaveWithinThePoints) {
  ExpectEarned(EvaluateLeaf(Of(DiscretionRule{}), Points(8000), Figure(6500)), Points(6500));
  ExpectEarned(EvaluateLeaf(Of(DiscretionRule{}), Points(8000), Figure(9000)), Points(8000));
}

TEST(BonusTest, StandsOutsideTheTotal) {
  const Leaf capped = Of(BonusRule{Points(1000), Points(10'000)});
  const LeafResult result = EvaluateLeaf(capped, Fixed(), Figure(12'000));
  ExpectEarned(result, Points(10'000));
  EXPECT_EQ(result.available, Fixed());
  ExpectEarned(EvaluateLeaf(Of(BonusRule{Points(10'000), {}}), Fixed(), Figure(12'000)),
               Points(120'000));
  // No figure, no bonus, and nothing is missing either.
  EXPECT_EQ(EvaluateLeaf(capped, Fixed(), LeafInput{}).assessment, Assessment::kNotApplicable);
}

TEST(VetoTest, StrikesOnAFailOrAFigureAboveZero) {
  const Leaf leaf = Of(VetoRule{});
  EXPECT_FALSE(EvaluateLeaf(leaf, Fixed(), Figure(0)).struck);
  EXPECT_TRUE(EvaluateLeaf(leaf, Fixed(), Figure(1000)).struck);
  EXPECT_TRUE(EvaluateLeaf(leaf, Fixed(), Visits({{{Passed(false)}}})).struck);
  EXPECT_FALSE(EvaluateLeaf(leaf, Fixed(), Visits({{{Passed(true)}}})).struck);
}

// C county: 24.09 to 55.4 hundred million yuan is a growth of 1.2997.
TEST(GrowthTest, ComparesWithTheGrowthOfTheUnitAbove) {
  EXPECT_EQ(GrowthOf(Number(55'400), Number(24'090)), Fixed::FromUnits(1'299'709'422'997));
  LeafInput input = Figure(55'400);
  input.base = Number(24'090);
  input.above_figure = Number(200'000);
  input.above_base = Number(100'000);
  const Leaf step = Of(GrowthRule{});
  ExpectEarned(EvaluateLeaf(step, Points(5000), input), Points(5000));
  input.above_figure = Number(240'000);  // The parent grew by 1.4.
  ExpectEarned(EvaluateLeaf(step, Points(5000), input), Fixed());
  // Linear from 0 to 0.5 above the parent: 0.299709422997 above it.
  input.above_figure = Number(200'000);
  ExpectEarned(EvaluateLeaf(Of(GrowthRule{Number(500), {}}), Points(5000), input),
               Fixed::FromUnits(2'997'094'229'970));
}

TEST(GrowthTest, WithoutTheParentsFigureThereIsNothingToCompare) {
  LeafInput input = Figure(55'400);
  input.base = Number(24'090);
  EXPECT_EQ(EvaluateLeaf(Of(GrowthRule{}), Points(5000), input).assessment, Assessment::kNotYet);
  input.late = true;
  EXPECT_EQ(EvaluateLeaf(Of(GrowthRule{}), Points(5000), input).assessment, Assessment::kMissing);
  EXPECT_EQ(GrowthOf(Number(1), FixedSum()), absl::nullopt);
}

// Missing, not applicable, not yet assessed and zero are four different things.
TEST(StatesTest, AreFour) {
  const Leaf leaf = Of(RatioRule{});
  const Fixed points = Points(10'000);
  LeafInput absent;
  EXPECT_EQ(EvaluateLeaf(leaf, points, absent).assessment, Assessment::kNotYet);
  absent.late = true;
  EXPECT_EQ(EvaluateLeaf(leaf, points, absent).assessment, Assessment::kMissing);
  LeafInput empty;
  empty.form = LeafInput::Form::kEmpty;
  EXPECT_EQ(EvaluateLeaf(leaf, points, empty).assessment, Assessment::kNotApplicable);
  const LeafResult zero = EvaluateLeaf(leaf, points, Counts(0, 3));
  ExpectEarned(zero, Fixed());
  EXPECT_EQ(zero.available, points);
  for (const LeafInput& input : {absent, empty}) {
    EXPECT_EQ(EvaluateLeaf(leaf, points, input).available, Fixed());
  }
}

TEST(StatesTest, PoliciesSayWhatBecomesOfMissingAndEmpty) {
  Leaf leaf = Of(RatioRule{});
  LeafInput absent;
  leaf.missing = MissingPolicy::kZero;
  EXPECT_EQ(EvaluateLeaf(leaf, Points(1000), absent).assessment, Assessment::kNotYet);
  absent.late = true;
  const LeafResult zero = EvaluateLeaf(leaf, Points(1000), absent);
  ExpectEarned(zero, Fixed());
  EXPECT_EQ(zero.available, Points(1000));
  leaf.missing = MissingPolicy::kBlock;
  EXPECT_TRUE(EvaluateLeaf(leaf, Points(1000), absent).blocks);
  LeafInput empty;
  empty.form = LeafInput::Form::kEmpty;
  leaf.full_when_empty = true;
  ExpectEarned(EvaluateLeaf(leaf, Points(1000), empty), Points(1000));
}

TEST(LeafTest, WhoIsExemptEarnsEverythingOrIsLeftOut) {
  Leaf leaf = Of(RatioRule{});
  LeafInput exempt;
  exempt.form = LeafInput::Form::kExempt;
  exempt.late = true;
  EXPECT_EQ(EvaluateLeaf(leaf, Points(1000), exempt).assessment, Assessment::kNotApplicable);
  leaf.full_when_exempt = true;
  const LeafResult result = EvaluateLeaf(leaf, Points(1000), exempt);
  ExpectEarned(result, Points(1000));
  EXPECT_TRUE(result.present);
}

TEST(VisitsTest, ItemsMarkedNotApplicableLeaveNothingToJudge) {
  Sample sample;
  const LeafResult result = EvaluateLeaf(Of(DeductRule{Points(1000), Points(1000), Fixed()}),
                                         Points(1000), Visits({{{sample}}}));
  EXPECT_EQ(result.assessment, Assessment::kNotApplicable);
}

TEST(VisitsTest, ItemsThatWereNotLookedAtEarnNothingAndCostNothing) {
  const Leaf leaf = Of(DeductRule{Points(1000), Points(1000), Fixed()});
  Sample sample;
  sample.kind = Sample::Kind::kNotAssessed;
  EXPECT_EQ(EvaluateLeaf(leaf, Points(1000), Visits({{{sample}}})).assessment, Assessment::kNotYet);
  sample.kind = Sample::Kind::kRefused;
  EXPECT_EQ(EvaluateLeaf(leaf, Points(1000), Visits({{{sample}}})).assessment,
            Assessment::kMissing);
  // Beside an answer they do not matter.
  ExpectEarned(EvaluateLeaf(leaf, Points(1000), Visits({{{sample, Passed(true)}}})), Points(1000));
}

TEST(VisitsTest, ARefusalIsMissingAndSaysSo) {
  Leaf leaf = Of(DeductRule{Points(1000), Points(1000), Fixed()});
  Sample sample;
  sample.kind = Sample::Kind::kNotAssessed;
  EXPECT_FALSE(EvaluateLeaf(leaf, Points(1000), Visits({{{sample}}})).refused);
  Sample refused;
  refused.kind = Sample::Kind::kRefused;
  // One refusal among what could not be looked at is one.
  const LeafInput input = Visits({{{sample, refused}}});
  LeafResult result = EvaluateLeaf(leaf, Points(1000), input);
  EXPECT_TRUE(result.refused);
  EXPECT_EQ(result.assessment, Assessment::kMissing);
  leaf.missing = MissingPolicy::kZero;
  result = EvaluateLeaf(leaf, Points(1000), input);
  EXPECT_TRUE(result.refused);
  EXPECT_EQ(result.assessment, Assessment::kScored);
  EXPECT_EQ(result.earned, Fixed());
  EXPECT_EQ(result.available, Points(1000));
  leaf.missing = MissingPolicy::kBlock;
  EXPECT_TRUE(EvaluateLeaf(leaf, Points(1000), input).blocks);
  EXPECT_FALSE(EvaluateLeaf(leaf, Points(1000), Visits({{{refused, Passed(true)}}})).refused);
  EXPECT_FALSE(EvaluateLeaf(Of(BonusRule{Points(1)}), Fixed(), input).refused);
}

TEST(VisitsTest, SeveralVisitsGoByTheChoice) {
  const DeductRule rule{Points(1000), Points(10'000), Fixed()};
  const std::vector<Visit> visits = {{{Measured(1000)}}, {{Measured(5000)}}, {{Measured(3000)}}};
  const Fixed points = Points(10'000);
  auto earned = [&](VisitChoice choice) {
    return EvaluateLeaf(Of(rule, choice), points, Visits(visits)).earned;
  };
  EXPECT_EQ(earned(VisitChoice::kLatest), Points(7000));
  EXPECT_EQ(earned(VisitChoice::kPooled), Points(1000));
  EXPECT_EQ(earned(VisitChoice::kMean), Points(7000));
  EXPECT_EQ(earned(VisitChoice::kWorst), Points(5000));
}

TEST(RatioTest, LogarithmsAreBetweenThoseOfTheEnds) {
  // Income from 100 to 75,000, as the Human Development Index has it.
  const Leaf leaf =
      Of(RatioRule{FixedSum::FromInteger(75'000), FixedSum::FromInteger(100), /*logarithm=*/true});
  auto earned = [&](int64_t thousandths) {
    return EvaluateLeaf(leaf, Points(100'000), Figure(thousandths));
  };
  EXPECT_NEAR(ToDouble(earned(64'660'000).earned), 97.75915859823591, 1e-11);
  EXPECT_EQ(earned(75'000'000).earned, Points(100'000));
  EXPECT_EQ(earned(99'000'000).earned, Points(100'000));
  EXPECT_EQ(earned(100'000).earned, Fixed());
  EXPECT_EQ(earned(1).earned, Fixed());
  // What has no logarithm is no figure.
  EXPECT_EQ(earned(0).assessment, Assessment::kNotYet);
  EXPECT_EQ(earned(-5).assessment, Assessment::kNotYet);
  const Leaf falling =
      Of(RatioRule{FixedSum::FromInteger(1), FixedSum::FromInteger(100), /*logarithm=*/true});
  ExpectEarned(EvaluateLeaf(falling, Points(100'000), Figure(10'000)), Points(50'000));
}

TEST(PenaltyTest, TakesOffUpToItsCap) {
  PenaltyRule rule{Points(2000), {}};
  EXPECT_EQ(EvaluateLeaf(Of(rule), Fixed(), Figure(3000)).earned, Points(-6000));
  EXPECT_EQ(EvaluateLeaf(Of(rule), Fixed(), Figure(-3000)).earned, Fixed());
  rule.cap = Points(5000);
  const LeafResult capped = EvaluateLeaf(Of(rule), Fixed(), Figure(3000));
  EXPECT_EQ(capped.earned, Points(-5000));
  EXPECT_EQ(capped.available, Fixed());
  EXPECT_EQ(EvaluateLeaf(Of(rule), Fixed(), Visits({{{Passed(false), Count(3, 4)}}})).earned,
            Points(-4000));
  // Nothing known is nothing done.
  EXPECT_EQ(EvaluateLeaf(Of(rule), Fixed(), LeafInput()).assessment, Assessment::kNotApplicable);
}

TEST(VetoTest, AGateStrikesBelowItsBound) {
  VetoRule rule{VetoEffect::kZero, {}, Number(60'000), 0};
  EXPECT_TRUE(EvaluateLeaf(Of(rule), Fixed(), Figure(59'999)).struck);
  EXPECT_FALSE(EvaluateLeaf(Of(rule), Fixed(), Figure(60'000)).struck);
  EXPECT_TRUE(EvaluateLeaf(Of(rule), Fixed(), Figure(0)).struck);
  EXPECT_FALSE(EvaluateLeaf(Of(rule), Fixed(), LeafInput()).struck);
  rule.below.reset();
  EXPECT_TRUE(EvaluateLeaf(Of(rule), Fixed(), Figure(1)).struck);
  EXPECT_FALSE(EvaluateLeaf(Of(rule), Fixed(), Figure(0)).struck);
}

TEST(LossTest, LeavesWhatIsNotLost) {
  Leaf leaf = Of(RatioRule{});
  leaf.has_loss = true;
  LeafInput input = Figure(500);
  // Without the figure of the loss there is none of the leaf.
  EXPECT_EQ(EvaluateLeaf(leaf, Points(10'000), input).assessment, Assessment::kNotYet);
  input.late = true;
  EXPECT_EQ(EvaluateLeaf(leaf, Points(10'000), input).assessment, Assessment::kMissing);
  input.loss = Number(20'000);
  ExpectEarned(EvaluateLeaf(leaf, Points(10'000), input), Points(4000));
  EXPECT_EQ(EvaluateLeaf(leaf, Points(10'000), input).available, Points(10'000));
  input.loss = Number(100'001);
  ExpectEarned(EvaluateLeaf(leaf, Points(10'000), input), Fixed());
  input.loss = Number(-1);
  ExpectEarned(EvaluateLeaf(leaf, Points(10'000), input), Points(5000));
}

TEST(NormaliseTest, ComparesThePreparedFigure) {
  NormaliseRule rule;
  rule.scale_high = 10;
  PeerParameters peers;
  peers.count = 4;
  peers.min = 2;
  peers.max = 6;
  LeafInput input = Figure(3000);
  input.prepared = 3;
  // Nobody to compare with.
  EXPECT_EQ(EvaluateLeaf(Of(rule), Points(10'000), input).assessment, Assessment::kNotYet);
  input.peers = Unowned(&peers);
  ExpectEarned(EvaluateLeaf(Of(rule), Points(10'000), input), Points(2500));
  input.prepared = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(EvaluateLeaf(Of(rule), Points(10'000), input).assessment, Assessment::kNotYet);
  // Further than any peer was when they were frozen.
  input.prepared = 0;
  EXPECT_EQ(EvaluateLeaf(Of(rule), Points(10'000), input).earned, Points(-5000));
  // A line needs no peers.
  rule.method = NormaliseMethod::kPiecewise;
  rule.break_points = {{0, 0}, {10, 5}};
  input.peers = nullptr;
  input.prepared = 4;
  ExpectEarned(EvaluateLeaf(Of(rule), Points(10'000), input), Points(2000));
}

TEST(PresenceTest, IsOfAFigureOfItsOwn) {
  LeafInput input = Figure(500);
  EXPECT_TRUE(EvaluateLeaf(Of(RatioRule{}), Points(1000), input).present);
  input.imputed = true;
  EXPECT_FALSE(EvaluateLeaf(Of(RatioRule{}), Points(1000), input).present);
  Leaf leaf = Of(RatioRule{});
  leaf.missing = MissingPolicy::kZero;
  LeafInput absent;
  absent.late = true;
  EXPECT_EQ(EvaluateLeaf(leaf, Points(1000), absent).assessment, Assessment::kScored);
  EXPECT_FALSE(EvaluateLeaf(leaf, Points(1000), absent).present);
  absent.form = LeafInput::Form::kEmpty;
  leaf.full_when_empty = true;
  EXPECT_TRUE(EvaluateLeaf(leaf, Points(1000), absent).present);
}

}  // namespace
}  // namespace terrace::scoring::engine
