#include "common/rpc/method_counts.h"

#include <gtest/gtest.h>

namespace terrace::rpc {
namespace {

TEST(MethodCountsTest, EachCallStandsInTheBucketOfItsTime) {
  MethodCounter counter;
  counter.Add(false, absl::ZeroDuration());
  counter.Add(false, absl::Microseconds(250));
  counter.Add(true, absl::Microseconds(251));
  counter.Add(false, absl::Milliseconds(1));
  counter.Add(false, absl::Hours(1));
  const MethodCounts counts = counter.Get();
  EXPECT_EQ(counts.calls, 5);
  EXPECT_EQ(counts.failures, 1);
  EXPECT_EQ(counts.time, absl::Hours(1) + absl::Microseconds(1501));
  EXPECT_EQ(counts.buckets[0], 2);
  EXPECT_EQ(counts.buckets[1], 1);
  EXPECT_EQ(counts.buckets[2], 1);
  EXPECT_EQ(counts.buckets[kTimeBuckets - 1], 1);
}

}  // namespace
}  // namespace terrace::rpc
