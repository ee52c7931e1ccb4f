#include "common/store/redis/slot.h"

#include <gtest/gtest.h>

namespace terrace::store::redis {
namespace {

// Values of the specification of Redis Cluster and of CLUSTER KEYSLOT.
TEST(SlotTest, IsTheSlotOfTheSpecification) {
  EXPECT_EQ(SlotOf("123456789"), 0x31C3);
  EXPECT_EQ(SlotOf("foo"), 12182);
  EXPECT_EQ(SlotOf("bar"), 5061);
  EXPECT_EQ(SlotOf(""), 0);
}

TEST(SlotTest, GoesByTheFirstTagOnly) {
  EXPECT_EQ(HashTag("{user1000}.following"), "user1000");
  EXPECT_EQ(HashTag("foo{bar}{zap}"), "bar");
  EXPECT_EQ(HashTag("foo{{bar}}zap"), "{bar");
  EXPECT_EQ(HashTag("foo{}{bar}"), "foo{}{bar}") << "an empty tag is none";
  EXPECT_EQ(HashTag("foo{bar"), "foo{bar");
  EXPECT_EQ(SlotOf("{realm/service}:log"), SlotOf("{realm/service}:meta"));
}

}  // namespace
}  // namespace terrace::store::redis
