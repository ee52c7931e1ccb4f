// Runs the suite against every registered engine. The tests stand in conformance_commit.cc,
// conformance_read.cc, conformance_follow.cc, conformance_life.cc and conformance_shared.cc.
#include "tests/store/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace terrace::store {

INSTANTIATE_TEST_SUITE_P(Engines, StoreConformance, testing::ValuesIn(EnginesUnderTest()),
                         [](const auto& info) { return info.param.name; });

namespace {

TEST(Conformance, EveryRegisteredEngineIsUnderTest) {
  std::vector<std::string> under_test;
  for (const EngineUnderTest& engine : EnginesUnderTest()) under_test.push_back(engine.scheme);
  EXPECT_THAT(under_test, testing::UnorderedElementsAreArray(RegisteredEngines()));
}

// A test that was renamed would otherwise stay excluded under a name that nobody has.
TEST(Conformance, ExclusionsNameTestsAndSayWhy) {
  std::vector<std::string> tests;
  const auto* unit_test = testing::UnitTest::GetInstance();
  for (int i = 0; i < unit_test->total_test_suite_count(); ++i) {
    const testing::TestSuite* suite = unit_test->GetTestSuite(i);
    for (int j = 0; j < suite->total_test_count(); ++j) {
      tests.push_back(suite->GetTestInfo(j)->name());
    }
  }
  for (const EngineUnderTest& engine : EnginesUnderTest()) {
    for (const Exclusion& exclusion : engine.exclusions) {
      EXPECT_THAT(tests, testing::Contains(exclusion.test + "/" + engine.name));
      EXPECT_FALSE(exclusion.reason.empty()) << exclusion.test;
    }
  }
}

}  // namespace
}  // namespace terrace::store
