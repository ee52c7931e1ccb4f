#include "common/resource/order_by.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/resource/page_token.h"
#include "common/resource/test_type.h"
#include "gtest/gtest.h"

namespace terrace::resource {
namespace {

class OrderByTest : public testing::Test {
 protected:
  std::string Key(const std::string& order, const std::string& message,
                  absl::string_view name = "") {
    absl::StatusOr<OrderBy> parsed = OrderBy::Parse(order, type_.type());
    EXPECT_TRUE(parsed.ok()) << order << ": " << parsed.status();
    return parsed.ok() ? parsed->SortKey(*type_.Make(message), name) : "";
  }

  // The messages stand in strictly ascending order by `field`, and descending by its reverse.
  void ExpectAscending(const std::string& field, const std::vector<std::string>& messages) {
    for (size_t i = 1; i < messages.size(); ++i) {
      EXPECT_LT(Key(field, messages[i - 1]), Key(field, messages[i])) << messages[i];
      EXPECT_GT(Key(field + " desc", messages[i - 1]), Key(field + " desc", messages[i]))
          << messages[i];
    }
  }

  TestType type_;
};

TEST_F(OrderByTest, EachTypeSortsByValue) {
  ExpectAscending(
      "display_name",
      {"", "display_name: 'a'", "display_name: 'a\\000'", "display_name: 'a\\000b'",
       "display_name: 'a\\001'", "display_name: 'ab'", "display_name: 'b'", "display_name: '东'"});
  ExpectAscending("count", {"count: -2147483648", "count: -1", "", "count: 1", "count: 256"});
  ExpectAscending("size",
                  {"size: -9223372036854775808", "size: -256", "", "size: 9223372036854775807"});
  ExpectAscending("mass", {"", "mass: 255", "mass: 256", "mass: 18446744073709551615"});
  ExpectAscending("ratio", {"ratio: -inf", "ratio: -1.5", "ratio: -1e-300", "", "ratio: 1e-300",
                            "ratio: 1.5", "ratio: inf"});
  ExpectAscending("closed", {"", "closed: true"});
  ExpectAscending("state", {"", "state: THING_STATE_OPEN", "state: THING_STATE_CLOSED"});
  ExpectAscending("points", {"", "points { value: '-999999999999999999' }",
                             "points { value: '-0.5' }", "points { value: '0' }",
                             "points { value: '0.00000000000000001' }", "points { value: '9' }",
                             "points { value: '10' }", "points { value: '999999999999999999' }"});
  ExpectAscending("create_time",
                  {"", "create_time { seconds: -1 nanos: 999999999 }", "create_time {}",
                   "create_time { nanos: 1 }", "create_time { seconds: 1463846400 }"});
  ExpectAscending("day",
                  {"", "day { year: 1900 month: 1 day: 1 }", "day { year: 2016 month: 2 day: 29 }",
                   "day { year: 2016 month: 10 day: 1 }"});
  ExpectAscending("parent.count", {"", "parent { count: -1 }", "parent {}", "parent { count: 1 }"});
  ExpectAscending("limit", {"", "limit: -1", "limit: 0"});
}

TEST_F(OrderByTest, FieldsInTurnThenTheName) {
  EXPECT_LT(Key("count, display_name", "count: 1 display_name: 'z'"),
            Key("count, display_name", "count: 2 display_name: 'a'"));
  EXPECT_LT(Key("count, display_name desc", "count: 1 display_name: 'z'"),
            Key("count, display_name desc", "count: 1 display_name: 'a'"));
  EXPECT_LT(Key("count asc", "count: 1", "units/a"), Key("count", "count: 1", "units/b"));
  EXPECT_EQ(Key("", "count: 1", "units/a"), "units/a");
  EXPECT_TRUE(OrderBy::Parse(" ", type_.type())->by_name_only());
}

TEST_F(OrderByTest, WhatCannotBeOrderedIsRefused) {
  for (const char* order :
       {",", "count,", "nothing", "count up", "count desc desc", "tags", "parts", "parts.count",
        "parent", "photo", "localized_names", "COUNT", "count DESC", "count; name", "a.b.c"}) {
    EXPECT_TRUE(HasReason(OrderBy::Parse(order, type_.type()).status(), Reason::INVALID_FIELD))
        << order;
  }
  EXPECT_FALSE(OrderBy::Parse("count,count,count,count,count,count", type_.type()).ok());
}

TEST_F(OrderByTest, KeysFitIntoPageTokens) {
  const std::string text(100'000, 'x');
  const std::string key = Key("display_name,display_name,display_name,display_name,display_name",
                              absl::StrCat("display_name: '", text, "'"), std::string(512, 'n'));
  EXPECT_LE(key.size(), kPageKeyBytesMax);
}

TEST_F(OrderByTest, RandomNumbersAndTexts) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const OrderBy order = OrderBy::Parse("display_name desc, size", type_.type()).value();
  const auto* name = type_.type()->FindFieldByName("display_name");
  const auto* size = type_.type()->FindFieldByName("size");
  struct Row {
    std::string text;
    int64_t number;
    std::string key;
  };
  std::vector<Row> rows;
  for (int i = 0; i < 2'000; ++i) {
    Row row;
    for (int k = static_cast<int>(random() % 4); k > 0; --k) {
      row.text.push_back(
          "\0\x01\x7F\xFF"
          "a"[random() % 5]);
    }
    row.number = static_cast<int64_t>(random()) >> (random() % 64);
    auto message = type_.Make("");
    message->GetReflection()->SetString(message.get(), name, row.text);
    message->GetReflection()->SetInt64(message.get(), size, row.number);
    row.key = order.SortKey(*message, "");
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  for (size_t i = 1; i < rows.size(); ++i) {
    const int texts = rows[i - 1].text.compare(rows[i].text);
    ASSERT_GE(texts, 0);
    if (texts == 0) {
      ASSERT_LE(rows[i - 1].number, rows[i].number);
    }
  }
}

}  // namespace
}  // namespace terrace::resource
