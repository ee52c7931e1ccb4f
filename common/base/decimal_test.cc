#include "common/base/decimal.h"

#include <random>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "gtest/gtest.h"

namespace terrace {
namespace {

Decimal D(absl::string_view text) {
  absl::StatusOr<Decimal> value = Decimal::Parse(text, "f");
  EXPECT_TRUE(value.ok()) << text << ": " << value.status();
  return value.value_or(Decimal());
}

TEST(DecimalTest, CanonicalFormsComeBackAsTheyWere) {
  for (absl::string_view text :
       {"0", "1", "-1", "10", "100", "93.52", "-3.5", "0.001", "-0.5", "999999999999999999",
        "-999999999999999999", "0.00000000000000001", "99999999.9999999999"}) {
    EXPECT_EQ(D(text).ToString(), std::string(text));
  }
}

TEST(DecimalTest, EverythingElseIsRefused) {
  for (absl::string_view text :
       {"",    "-",     ".",     "+1",  "01",  "-01", "00",  "-0",  "1.",        ".5",   "1.0",
        "0.0", "1.50",  "-0.0",  "1e9", "1E9", "NaN", "nan", "inf", "-Infinity", "0x10", " 1",
        "1 ",  "1,000", "1.2.3", "--1", "1-",  "１",  "一",  "1\n", "12a"}) {
    absl::StatusOr<Decimal> value = Decimal::Parse(text, "points");
    EXPECT_TRUE(HasReason(value.status(), Reason::INVALID_NUMBER)) << text;
  }
  EXPECT_TRUE(
      HasReason(Decimal::Parse(absl::string_view("1\0", 2), "f").status(), Reason::INVALID_NUMBER));
}

TEST(DecimalTest, MoreThanEighteenDigitsAreOutOfRange) {
  for (const std::string& text :
       {std::string("1000000000000000000"), std::string("0.000000000000000001"),
        std::string("1234567890.123456789"), std::string(100000, '9')}) {
    EXPECT_TRUE(HasReason(Decimal::Parse(text, "f").status(), Reason::NUMBER_OUT_OF_RANGE)) << text;
  }
}

TEST(DecimalTest, ErrorsNameTheFieldAndQuoteLittle) {
  const absl::Status status = Decimal::Parse(std::string(1 << 20, 'x'), "unit.points").status();
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_NE(details->en.find("unit.points"), std::string::npos);
  EXPECT_LT(details->en.size(), 300u);
}

TEST(DecimalTest, LooseReadsWhatPeopleWrite) {
  const struct {
    absl::string_view text;
    absl::string_view canonical;
  } kCases[] = {{" 95.00 ", "95"},  {"+3", "3"},
                {"007", "7"},       {".5", "0.5"},
                {"5.", "5"},        {"33,700", "33700"},
                {"-0", "0"},        {"-0.00", "0"},
                {"0.10", "0.1"},    {"1,234,567.80", "1234567.8"},
                {"-1,000", "-1000"}};
  for (const auto& c : kCases) {
    absl::StatusOr<Decimal> value = Decimal::ParseLoose(c.text, "f");
    ASSERT_TRUE(value.ok()) << c.text << ": " << value.status();
    EXPECT_EQ(value->ToString(), std::string(c.canonical));
  }
  for (absl::string_view text : {"", ".", "+", "1,00", ",100", "1,0000", "1000,000", "1,,000",
                                 "1.0,0", "1e5", "5%", "+-1", "NaN", "1 000"}) {
    EXPECT_TRUE(HasReason(Decimal::ParseLoose(text, "f").status(), Reason::INVALID_NUMBER)) << text;
  }
  // Zeros that say nothing do not count as digits.
  EXPECT_EQ(Decimal::ParseLoose("0000000000000000000000001.50000000000000000000", "f")->ToString(),
            "1.5");
  EXPECT_TRUE(HasReason(Decimal::ParseLoose("1000000000000000000.0", "f").status(),
                        Reason::NUMBER_OUT_OF_RANGE));
}

TEST(DecimalTest, ComparesByValue) {
  const std::vector<Decimal> ascending = {D("-999999999999999999"),
                                          D("-2"),
                                          D("-1.5"),
                                          D("-0.00000000000000001"),
                                          D("0"),
                                          D("0.00000000000000001"),
                                          D("0.1"),
                                          D("0.95"),
                                          D("0.975"),
                                          D("1"),
                                          D("10"),
                                          D("999999999999999999")};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(ascending[i] < ascending[j], i < j);
      EXPECT_EQ(ascending[i] == ascending[j], i == j);
    }
  }
}

TEST(DecimalTest, RoundsHalfAwayFromZero) {
  const struct {
    absl::string_view value;
    int decimals;
    absl::string_view rounded;
    absl::string_view shown;
  } kCases[] = {{"93.525", 2, "93.53", "93.53"},
                {"93.5249", 2, "93.52", "93.52"},
                {"-93.525", 2, "-93.53", "-93.53"},
                {"0.5", 0, "1", "1"},
                {"-0.5", 0, "-1", "-1"},
                {"0.49", 0, "0", "0"},
                {"-0.49", 0, "0", "0"},
                {"9.995", 2, "10", "10.00"},
                {"95", 2, "95", "95.00"},
                {"0", 2, "0", "0.00"},
                {"99999999999999999.5", 0, "100000000000000000", "100000000000000000"},
                {"0.001", 2, "0", "0.00"}};
  for (const auto& c : kCases) {
    EXPECT_EQ(D(c.value).Rounded(c.decimals).ToString(), std::string(c.rounded));
    EXPECT_EQ(D(c.value).ToString(c.decimals), std::string(c.shown));
  }
}

TEST(DecimalTest, FromUnscaledIsCanonical) {
  EXPECT_EQ(Decimal::FromUnscaled(9500, 2)->ToString(), "95");
  EXPECT_EQ(Decimal::FromUnscaled(9502, 2)->ToString(), "95.02");
  EXPECT_EQ(Decimal::FromUnscaled(0, 17)->ToString(), "0");
  EXPECT_EQ(Decimal::FromInteger(-15)->ToString(), "-15");
  EXPECT_FALSE(Decimal::FromInteger(1'000'000'000'000'000'000).ok());
  EXPECT_FALSE(Decimal::FromInteger(INT64_MIN).ok());
  EXPECT_FALSE(Decimal::FromUnscaled(1, 18).ok());
}

TEST(DecimalTest, TheWireMustBeCanonical) {
  types::v1::Decimal wire;
  EXPECT_TRUE(HasReason(FromProto(wire, "f").status(), Reason::INVALID_NUMBER));
  wire = ToProto(D("-3.5"));
  EXPECT_EQ(wire.value(), "-3.5");
  EXPECT_EQ(*FromProto(wire, "f"), D("-3.5"));
}

// Property: whatever parses, prints as it was; loose and strict readings agree; garbage never
// crashes.
TEST(DecimalTest, RandomTexts) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr absl::string_view kAlphabet = "0123456789012345678901234567890.-+, eN";
  int parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const size_t size = random() % 22;
    for (size_t k = 0; k < size; ++k) text.push_back(kAlphabet[random() % kAlphabet.size()]);
    absl::StatusOr<Decimal> strict = Decimal::Parse(text, "f");
    absl::StatusOr<Decimal> loose = Decimal::ParseLoose(text, "f");
    if (strict.ok()) {
      ++parsed;
      EXPECT_EQ(strict->ToString(), text);
      ASSERT_TRUE(loose.ok()) << text;
      EXPECT_EQ(*loose, *strict);
    }
    if (loose.ok()) {
      EXPECT_EQ(*Decimal::Parse(loose->ToString(), "f"), *loose) << text;
    }
  }
  EXPECT_GT(parsed, 10);
}

}  // namespace
}  // namespace terrace
