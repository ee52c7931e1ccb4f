#include "common/base/text.h"

#include <random>
#include <string>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace {
namespace {

TEST(TextTest, Utf8) {
  for (absl::string_view good :
       {"", "abc", "第3初级中学", "\xF0\x9F\x98\x80", "\xC2\x80", "\xEF\xBF\xBF",
        "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
  }
  for (absl::string_view bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE",
        "\xE4\xB8", "abc\xE4", "\xE4\x41\x42"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

TEST(TextTest, ChecksInOrder) {
  EXPECT_TRUE(CheckText("note", "第一行\n第二行\t完", 100).ok());
  EXPECT_TRUE(HasReason(CheckText("note", std::string(101, 'x'), 100), Reason::TEXT_TOO_LONG));
  EXPECT_TRUE(
      HasReason(CheckText("note", std::string(1 << 20, '\xFF'), 100), Reason::TEXT_TOO_LONG));
  EXPECT_TRUE(CheckText("note", std::string(100, 'x'), 100).ok());
  EXPECT_TRUE(HasReason(CheckText("note", "\xC0\x80", 100), Reason::INVALID_UTF8));
  for (absl::string_view control : {absl::string_view("a\0b", 3), absl::string_view("\x1B[31m"),
                                    absl::string_view("\x7F"), absl::string_view("\xC2\x9B")}) {
    EXPECT_TRUE(HasReason(CheckText("note", control, 100), Reason::INVALID_FIELD));
  }
  EXPECT_TRUE(HasReason(CheckText("note", "打 13812345678", 100), Reason::PERSONAL_DATA));
  EXPECT_TRUE(CheckCode("token", "13812345678", 100).ok());
}

TEST(TextTest, QuotesAreShortAndValid) {
  EXPECT_EQ(QuoteText("短"), "短");
  std::string longer;
  for (int i = 0; i < 1000; ++i) longer += "长";
  EXPECT_LE(QuoteText(longer).size(), 60u);
  EXPECT_TRUE(IsValidUtf8(QuoteText(longer)));
  EXPECT_TRUE(IsValidUtf8(QuoteText("\xFF\xFE\x80")));
}

TEST(TextTest, KindsOfFields) {
  EXPECT_EQ(KindOfField("display_name"), FieldKind::kDisplayName);
  EXPECT_EQ(KindOfField("unit_display_name"), FieldKind::kDisplayName);
  EXPECT_EQ(KindOfField("localized_names"), FieldKind::kDisplayName);
  EXPECT_EQ(KindOfField("name"), FieldKind::kCode);
  EXPECT_EQ(KindOfField("names"), FieldKind::kCode);
  EXPECT_EQ(KindOfField("request_id"), FieldKind::kCode);
  EXPECT_EQ(KindOfField("unit_ids"), FieldKind::kCode);
  EXPECT_EQ(KindOfField("content_sha256"), FieldKind::kCode);
  EXPECT_EQ(KindOfField("page_token"), FieldKind::kToken);
  EXPECT_EQ(KindOfField("order_by"), FieldKind::kQuery);
  EXPECT_EQ(KindOfField("uri"), FieldKind::kUri);
  EXPECT_EQ(KindOfField("note"), FieldKind::kText);
  EXPECT_EQ(KindOfField("contact_role"), FieldKind::kText);
  EXPECT_EQ(KindOfField("remarks"), FieldKind::kText);
  EXPECT_EQ(KindOfField(""), FieldKind::kText);
  EXPECT_EQ(KindOfField("s"), FieldKind::kText);
}

// Garbage never crashes the checks, and what passes is valid.
TEST(TextTest, RandomBytes) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr absl::string_view kPieces[] = {"1",      "3", "86", "-",  " ",    "19900307",
                                           "110105", "X", ".",  "元", "\xEF", "\xEF\xBC\x91",
                                           "\x80",   "a", "+",  "２"};
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    const int pieces = static_cast<int>(random() % 24);
    for (int k = 0; k < pieces; ++k) {
      if (random() % 16 == 0) {
        text.push_back(static_cast<char>(random()));
      } else {
        const absl::string_view piece = kPieces[random() % std::size(kPieces)];
        text.append(piece.data(), piece.size());
      }
    }
    if (CheckText("f", text, 64).ok()) {
      ASSERT_TRUE(IsValidUtf8(text));
      ASSERT_FALSE(LooksLikePersonalData(text));
      ASSERT_LE(text.size(), 64u);
    }
  }
}

}  // namespace
}  // namespace terrace
