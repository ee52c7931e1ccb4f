#include "common/resource/etag.h"

#include <set>
#include <string>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

TEST(EtagTest, OnlyTheSameRevisionOfTheSameLogMatches) {
  const std::string etag = EtagOf("log", 7);
  EXPECT_TRUE(CheckEtag(etag, "log", 7, "units/a").ok());
  EXPECT_TRUE(CheckEtag("", "log", 7, "units/a").ok());
  EXPECT_TRUE(HasReason(CheckEtag(etag, "log", 8, "units/a"), Reason::ETAG_MISMATCH));
  EXPECT_TRUE(HasReason(CheckEtag(etag, "other", 7, "units/a"), Reason::ETAG_MISMATCH));
  EXPECT_TRUE(HasReason(CheckEtag("7", "log", 7, "units/a"), Reason::ETAG_MISMATCH));
  EXPECT_TRUE(
      HasReason(CheckEtag(std::string(1 << 20, '\xFF'), "log", 7, "u"), Reason::ETAG_MISMATCH));
  EXPECT_EQ(CheckEtag(etag, "log", 8, "units/a").code(), absl::StatusCode::kAborted);
}

TEST(EtagTest, EtagsDiffer) {
  std::set<std::string> etags;
  for (int64_t revision = 0; revision < 10'000; ++revision) {
    EXPECT_TRUE(etags.insert(EtagOf("log", revision)).second);
  }
}

}  // namespace
}  // namespace terrace::resource
