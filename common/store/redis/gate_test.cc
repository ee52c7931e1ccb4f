#include "common/store/redis/gate.h"

#include <gtest/gtest.h>

namespace terrace::store::redis {
namespace {

TEST(GateTest, IsOpenedByAProbeThatBeganAfterItWasShut) {
  Gate gate;
  EXPECT_TRUE(gate.open());
  gate.Shut();
  EXPECT_FALSE(gate.open());
  gate.Open(gate.shuts());
  EXPECT_TRUE(gate.open());
}

// The tail asks about a batch and is told yes; before it gets to say so, the writer's next batch
// falls short.
TEST(GateTest, StaysShutWhenAnEarlierProbeIsAnsweredLate) {
  Gate gate;
  const int64_t while_open = gate.shuts();
  gate.Shut();
  gate.Open(while_open);
  EXPECT_FALSE(gate.open());

  const int64_t while_shut = gate.shuts();
  gate.Shut();
  gate.Open(while_shut);
  EXPECT_FALSE(gate.open());
}

}  // namespace
}  // namespace terrace::store::redis
