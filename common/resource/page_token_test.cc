#include "common/resource/page_token.h"

#include <random>
#include <string>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

const std::string kLog(32, 'a');

TEST(PageTokenTest, ComesBackAsItWas) {
  for (const PageToken& token : {PageToken{"units/a/visits/v", kLog, 7}, PageToken{"", kLog, 0},
                                 PageToken{std::string("\0\xFF县", 5), kLog, INT64_MAX},
                                 PageToken{std::string(kPageKeyBytesMax, 'x'), kLog, 1}}) {
    const std::string text = EncodePageToken(token, 42);
    EXPECT_EQ(
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        std::string::npos);
    EXPECT_EQ(*DecodePageToken(text, 42, kLog), token);
  }
}

TEST(PageTokenTest, AnEmptyTokenStartsTheList) {
  EXPECT_EQ(*DecodePageToken("", 42, kLog), (PageToken{"", kLog, 0}));
}

TEST(PageTokenTest, ForeignTokensAreRefused) {
  const std::string text = EncodePageToken({"key", kLog, 7}, 42);
  EXPECT_TRUE(HasReason(DecodePageToken(text, 43, kLog).status(), Reason::INVALID_PAGE_TOKEN));
  EXPECT_TRUE(
      HasReason(DecodePageToken(text, 42, "other log").status(), Reason::INVALID_PAGE_TOKEN));
  EXPECT_TRUE(HasReason(DecodePageToken("units/a", 42, kLog).status(), Reason::INVALID_PAGE_TOKEN));
  EXPECT_TRUE(HasReason(DecodePageToken(std::string(1 << 20, 'A'), 42, kLog).status(),
                        Reason::INVALID_PAGE_TOKEN));
}

TEST(PageTokenTest, TheLeastPositionCanBeReadByWhoeverWaitsForIt) {
  const absl::optional<PagePosition> position =
      PositionOfPageToken(EncodePageToken({"key", kLog, 7}, 42));
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->log_id, kLog);
  EXPECT_EQ(position->least_revision, 7);
  EXPECT_FALSE(PositionOfPageToken("").has_value());
  EXPECT_FALSE(PositionOfPageToken("units/a").has_value());
}

TEST(PageTokenTest, DamagedTokensAreRefused) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string good = EncodePageToken({"units/a/visits/v", kLog, 7}, 42);
  for (int i = 0; i < 5'000; ++i) {
    std::string text = good;
    switch (random() % 3) {
      case 0:
        text.resize(random() % text.size());
        break;
      case 1:
        text[random() % text.size()] = static_cast<char>(random());
        break;
      default:
        for (char& c : text) c = static_cast<char>(random());
        break;
    }
    if (text.empty()) continue;
    absl::StatusOr<PageToken> token = DecodePageToken(text, 42, kLog);
    if (token.ok()) {
      // Base64 has spare bits and forgives other padding: then it must be the same token.
      EXPECT_EQ(*token, *DecodePageToken(good, 42, kLog));
    } else {
      EXPECT_TRUE(HasReason(token.status(), Reason::INVALID_PAGE_TOKEN));
    }
  }
}

TEST(PageTokenTest, ListsAreToldApart) {
  EXPECT_EQ(ListHash({"ListUnits", "", "filter"}), ListHash({"ListUnits", "", "filter"}));
  EXPECT_NE(ListHash({"ListUnits", "", "filter"}), ListHash({"ListUnits", "filter", ""}));
  EXPECT_NE(ListHash({"ab", "c"}), ListHash({"a", "bc"}));
}

TEST(PageSizeTest, Coerced) {
  EXPECT_EQ(*CoercePageSize(0), kPageSizeDefault);
  EXPECT_EQ(*CoercePageSize(1), 1);
  EXPECT_EQ(*CoercePageSize(kPageSizeMax), kPageSizeMax);
  EXPECT_EQ(*CoercePageSize(INT32_MAX), kPageSizeMax);
  EXPECT_EQ(*CoercePageSize(50, 10, 20), 20);
  EXPECT_EQ(*CoercePageSize(0, 10, 20), 10);
  for (int32_t size : {-1, INT32_MIN}) {
    EXPECT_TRUE(HasReason(CoercePageSize(size).status(), Reason::INVALID_PAGE_SIZE));
  }
}

}  // namespace
}  // namespace terrace::resource
