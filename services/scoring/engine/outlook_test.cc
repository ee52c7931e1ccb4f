#include "services/scoring/engine/outlook.h"

#include <gtest/gtest.h>

#include <random>

namespace terrace::scoring::engine {
namespace {

Fixed Points(int64_t points) { return Fixed::FromInteger(points); }

// Four lines of 40, 30, 20 and 10 points by a ratio; grades from 90 and from 60.
class OutlookTest : public testing::Test {
 protected:
  OutlookTest() {
    scheme_.points = Points(100);
    for (int64_t points : {40, 30, 20, 10}) {
      Node node;
      node.leaf = static_cast<int>(scheme_.leaves.size());
      node.points = node.weight = Points(points);
      scheme_.leaf_nodes.push_back(static_cast<int>(scheme_.nodes.size()));
      scheme_.nodes.push_back(node);
      scheme_.leaves.emplace_back().rule = RatioRule{};
    }
    scheme_.bands.resize(3);
    scheme_.bands[0].lower_bound = Points(90);
    scheme_.bands[1].lower_bound = Points(60);
    inputs_.resize(4);
  }

  void Set(int leaf, int64_t numerator, int64_t denominator) {
    inputs_[leaf].form = LeafInput::Form::kCounts;
    inputs_[leaf].numerator = numerator;
    inputs_[leaf].denominator = denominator;
  }
  Outlook Run() { return OutlookOf(scheme_, EvaluateSheet(scheme_, inputs_)); }

  Scheme scheme_;
  std::vector<LeafInput> inputs_;
};

TEST_F(OutlookTest, WhatIsOpenBoundsTheScore) {
  Set(0, 3, 4);  // 30 of 40.
  Set(1, 1, 1);  // 30 of 30.
  const Outlook outlook = Run();
  EXPECT_EQ(outlook.open, (std::vector<int>{2, 3}));
  EXPECT_EQ(outlook.open_points, FixedSum::FromInteger(30));
  EXPECT_EQ(outlook.least, Points(60));
  EXPECT_EQ(outlook.most, Points(90));
  ASSERT_EQ(outlook.needed.size(), 3u);
  EXPECT_EQ(outlook.needed[0], Points(30));  // Nothing may be lost.
  EXPECT_EQ(outlook.needed[1], Fixed());     // Certain.
  EXPECT_EQ(outlook.needed[2], Fixed());
}

TEST_F(OutlookTest, AGradeThatIsOutOfReachNeedsMoreThanThereIs) {
  Set(0, 1, 2);
  const Outlook outlook = Run();
  EXPECT_EQ(outlook.most, Points(80));
  EXPECT_FALSE(outlook.needed[0].has_value());
  EXPECT_EQ(outlook.needed[1], Points(40));  // 20 are there.
}

TEST_F(OutlookTest, AFullSheetIsWhatItIs) {
  for (int leaf = 0; leaf < 4; ++leaf) Set(leaf, 3, 4);
  const Outlook outlook = Run();
  EXPECT_TRUE(outlook.open.empty());
  EXPECT_EQ(outlook.least, Points(75));
  EXPECT_EQ(outlook.most, Points(75));
  EXPECT_FALSE(outlook.needed[0].has_value());
}

TEST_F(OutlookTest, MissingLinesAreOpenAndOthersAreNot) {
  inputs_[0].late = true;
  inputs_[1].form = LeafInput::Form::kNotApplicable;
  Set(2, 1, 1);
  scheme_.leaves[3].missing = MissingPolicy::kZero;
  inputs_[3].late = true;
  const Outlook outlook = Run();
  EXPECT_EQ(outlook.open, (std::vector<int>{0}));
  EXPECT_EQ(outlook.most->units(), 85'714'285'714'286);  // 60 of 70.
}

TEST_F(OutlookTest, AVetoStands) {
  scheme_.leaves[3].rule = VetoRule{};
  scheme_.nodes[3].points = scheme_.nodes[3].weight = Fixed();
  inputs_[3].form = LeafInput::Form::kFigure;
  inputs_[3].figure = FixedSum::FromInteger(1);
  const Outlook outlook = Run();
  EXPECT_EQ(outlook.most, Fixed());
  EXPECT_FALSE(outlook.needed[1].has_value());
}

TEST_F(OutlookTest, WhatIsNeededIsJustEnough) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    for (LeafInput& input : inputs_) input = LeafInput();
    for (int leaf = 0; leaf < 4; ++leaf) {
      if (random() % 2 == 0) Set(leaf, random() % 11, 10);
    }
    const Outlook outlook = Run();
    for (int band = 0; band < 2; ++band) {
      if (!outlook.needed[band] || outlook.needed[band] == Fixed()) continue;
      // The same share of every open line, and one unit less.
      const auto score = [&](int64_t needed) {
        SheetResult sheet = EvaluateSheet(scheme_, inputs_);
        for (int leaf : outlook.open) {
          LeafResult& result = sheet.leaves[leaf];
          result.assessment = Assessment::kScored;
          result.available = scheme_.nodes[leaf].points;
          result.earned = *MultiplyDivide(result.available, Fixed::FromUnits(needed),
                                          outlook.open_points, "share");
        }
        SheetFinisher(&scheme_).Finish(&sheet);
        return sheet.score;
      };
      const Fixed bound = *scheme_.bands[band].lower_bound;
      EXPECT_GE(score(outlook.needed[band]->units() + 4), bound);
      EXPECT_LT(score(outlook.needed[band]->units() - 1'000), bound);
    }
  }
}

}  // namespace
}  // namespace terrace::scoring::engine
