#include "common/rpc/positions.h"

#include <gtest/gtest.h>

namespace terrace::rpc {
namespace {

using store::Cursor;
using store::Revision;

TEST(PositionsTest, TextAndBack) {
  const Positions positions = {{"measures", {"77ab", Revision{4}}},
                               {"registry", {"3f0c", Revision{17}}}};
  EXPECT_EQ(FormatPositions(positions), "measures=77ab:4,registry=3f0c:17");
  EXPECT_EQ(ParsePositions(FormatPositions(positions)), positions);
  EXPECT_EQ(FormatPositions({}), "");
  EXPECT_TRUE(ParsePositions("").empty());
}

TEST(PositionsTest, VectorAndBack) {
  const Positions positions = {{"inspections", {"01", Revision{1}}},
                               {"measures", {"77ab", Revision{4}}},
                               {"registry", {"3f0c", Revision{17}}},
                               {"scoring", {"9e", Revision{0}}}};
  EXPECT_EQ(ToVector(positions).registry().revision(), 17);
  EXPECT_EQ(ToPositions(ToVector(positions)), positions);
  EXPECT_TRUE(ToPositions(ToVector({{"gateway", {"aa", Revision{2}}}})).empty());
}

TEST(PositionsTest, WhatCannotBeReadIsLeftOut) {
  const Positions good = {{"registry", {"3f0c", Revision{17}}}};
  for (const char* text :
       {"registry=3f0c:17,", ",registry=3f0c:17", "x,registry=3f0c:17", "=a:1,registry=3f0c:17",
        "a=:1,registry=3f0c:17", "a=b:,registry=3f0c:17", "a=b:-1,registry=3f0c:17",
        "a=b:99999999999999999999,registry=3f0c:17", "a=b:1x,registry=3f0c:17"}) {
    EXPECT_EQ(ParsePositions(text), good) << text;
  }
}

TEST(PositionsTest, TheFurtherPositionStaysAndANewLogTakesOver) {
  Positions positions = {{"registry", {"a", Revision{5}}}};
  MergePositions({{"registry", {"a", Revision{3}}}}, &positions);
  EXPECT_EQ(positions["registry"], (Cursor{"a", Revision{5}}));
  MergePositions({{"registry", {"a", Revision{8}}}, {"measures", {"m", Revision{1}}}}, &positions);
  EXPECT_EQ(positions["registry"], (Cursor{"a", Revision{8}}));
  EXPECT_EQ(positions["measures"], (Cursor{"m", Revision{1}}));
  MergePositions({{"registry", {"restored", Revision{2}}}}, &positions);
  EXPECT_EQ(positions["registry"], (Cursor{"restored", Revision{2}}));
}

}  // namespace
}  // namespace terrace::rpc
