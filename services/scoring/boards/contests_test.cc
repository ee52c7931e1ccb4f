#include "services/scoring/boards/contests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace terrace::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A contest of 10 points in one leaf of 100.
engine::Scheme Scheme() {
  engine::Scheme scheme;
  scheme.points = Fixed::FromInteger(10);
  scheme.nodes.resize(2);
  scheme.nodes[0].combination = engine::Combination::kCopeland;
  scheme.nodes[0].points = Fixed::FromInteger(10);
  scheme.nodes[1].parent = 0;
  scheme.nodes[1].points = Fixed::FromInteger(100);
  scheme.nodes[1].weight = Fixed::FromInteger(1);
  scheme.nodes[1].leaf = 0;
  scheme.leaf_nodes = {1};
  scheme.leaves.resize(1);
  return scheme;
}

engine::SheetResult SheetOf(int64_t points) {
  engine::SheetResult sheet;
  sheet.nodes.resize(2);
  sheet.nodes[1] = {engine::Assessment::kScored, Fixed::FromInteger(points),
                    Fixed::FromInteger(100)};
  return sheet;
}

class ContestsTest : public ::testing::Test {
 protected:
  void Take(Unit unit, int64_t points) {
    const engine::SheetResult sheet = SheetOf(points);
    contests_.Take(unit, &sheet);
  }
  std::vector<Unit> Settle() {
    std::vector<Unit> changed;
    while (contests_.Settle(&changed)) {
    }
    return changed;
  }
  // What the unit is given at the contest; "none" when it does not take part.
  std::string Given(Unit unit) const {
    const auto given = contests_.GivenTo(unit);
    return given.empty() || !given[0] ? "none" : FormatSum(*given[0]);
  }

  const engine::Scheme scheme_ = Scheme();
  Contests contests_{&scheme_};
};

TEST_F(ContestsTest, NamesThoseWhoEarnSomethingElse) {
  Take(7, 50);
  Take(9, 60);
  EXPECT_THAT(Settle(), UnorderedElementsAre(7, 9));
  EXPECT_EQ(Given(7), "0");
  EXPECT_EQ(Given(9), "10");
  EXPECT_EQ(Given(8), "none");
  Take(7, 55);  // Still behind.
  EXPECT_THAT(Settle(), IsEmpty());
  Take(7, 60);
  EXPECT_THAT(Settle(), UnorderedElementsAre(7, 9));
  EXPECT_EQ(Given(7), "5");
  contests_.Take(7, nullptr);
  EXPECT_THAT(Settle(), IsEmpty());  // The other one is alone, and has half as before.
  EXPECT_EQ(Given(7), "none");
  EXPECT_EQ(contests_.StandingOf(0, 9), (engine::Contest::Standing{0, 0, 0}));
}

// Whoever comes in the place of another one is told, though it earns as much.
TEST_F(ContestsTest, NothingIsLeftOfAUnitThatIsGone) {
  Take(7, 50);
  EXPECT_THAT(Settle(), ElementsAre(7));
  contests_.Take(7, nullptr);
  Take(9, 60);
  EXPECT_EQ(Given(9), "none");
  EXPECT_THAT(Settle(), ElementsAre(9));
  EXPECT_EQ(Given(9), "5");
}

}  // namespace
}  // namespace terrace::scoring
