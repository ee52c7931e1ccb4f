#include "common/base/personal_data.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "gtest/gtest.h"

namespace terrace {
namespace {

// The numbers below are made up; the check characters are true. 11010519491231002X is the example
// of GB 11643 itself.
TEST(PersonalDataTest, IdentityCards) {
  for (absl::string_view text :
       {"11010519491231002X", "11010519491231002x", "身份证11010519491231002X。",
        "证号：440524188001010014 的群众", "ID 440524199901010013", "110105 19491231 002X",
        "110105-19491231-002X", "１１０１０５１９４９１２３１００２Ｘ", "id:11010519491231002X,",
        "（11010519491231002X）", "编号11010519491231002X号",
        "110105\xE2\x80\x8B"
        "19491231002X"}) {
    EXPECT_TRUE(LooksLikePersonalData(text)) << text;
  }
}

TEST(PersonalDataTest, OldIdentityCards) {
  EXPECT_TRUE(LooksLikePersonalData("旧证 110105491231002"));
  EXPECT_FALSE(LooksLikePersonalData("110105491331002")) << "month 13";
  EXPECT_FALSE(LooksLikePersonalData("110105490230002")) << "30 February";
  EXPECT_FALSE(LooksLikePersonalData("990105491231002")) << "no such province";
  EXPECT_FALSE(LooksLikePersonalData("1101054912310021")) << "16 digits";
  EXPECT_FALSE(LooksLikePersonalData("110105491231002元"));
  EXPECT_FALSE(LooksLikePersonalData("A110105491231002")) << "part of a code";
}

TEST(PersonalDataTest, Mobiles) {
  for (absl::string_view text : {"13812345678",
                                 "请联系 19912345678。",
                                 "电话:138-1234-5678",
                                 "138 1234 5678",
                                 "+86 138 1234 5678",
                                 "+8613812345678",
                                 "8613812345678",
                                 "0086-13812345678",
                                 "86-138-1234-5678",
                                 "tel13812345678",
                                 "Tel:13812345678",
                                 "１３８１２３４５６７８",
                                 "138－1234－5678",
                                 "1381234 5678",
                                 "138-12345678",
                                 "1381 2345 678",
                                 "1381 234 5678",
                                 "138.1234.5678",
                                 "13812345678,13912345678",
                                 "张三/13812345678",
                                 "(138)1234 13812345678",
                                 "2016-05-22 13812345678",
                                 "138\xE2\x80\x8B"
                                 "12345678",
                                 "17012345678号"}) {
    EXPECT_TRUE(LooksLikePersonalData(text)) << text;
  }
}

TEST(PersonalDataTest, WhatIsNoPersonsNumberPasses) {
  for (absl::string_view text :
       {"", "没有数字的文字", "2016-05-22", "20160522", "20160522130000", "2016-05-22 13:45:59",
        "2016052213455912", "1463875200000", "1463875200",
        // Statistical codes of areas.
        "110101001001", "650102001001", "440305007012",
        // Amounts and figures.
        "13812345678元", "13812345678.50", "0.13812345678", "13,812,345,678", "￥13812345678",
        "$13812345678", "13812345678万元", "139000000", "15,000 50,000", "100000000000000",
        "110105194912310021.5", "150 2014 2015", "150-20160522",
        // Too long, too short, wrong beginnings.
        "138123456789", "1381234567", "12812345678", "10012345678", "23812345678",
        "110105194912310020", "11010519491331002X", "99010519491231002X", "110105194912310",
        "010-12345678", "0991-2345678", "400-810-1234", "95598", "12345",
        // Parts of codes and hashes.
        "HT13812345678", "a13812345678f", "2016-13812345678", "13812345678ab",
        "e3b0c44298fc1c14913812345678fb92427ae41e4649b934ca495991b7852b855"}) {
    EXPECT_FALSE(LooksLikePersonalData(text)) << text;
  }
}

TEST(PersonalDataTest, SocialCreditCodesPass) {
  // Codes with true check characters, one made of digits alone; also within a sentence.
  for (absl::string_view code :
       {"91350100M000100Y43", "91110000600037341L", "123456781234567890"}) {
    EXPECT_FALSE(LooksLikePersonalData(code)) << code;
    EXPECT_FALSE(LooksLikePersonalData(absl::StrCat("统一社会信用代码", code, "。"))) << code;
  }
  EXPECT_TRUE(IsSocialCreditCode("91350100M000100Y43"));
  EXPECT_FALSE(IsSocialCreditCode("91350100M000100Y44"));
  EXPECT_FALSE(IsSocialCreditCode("91350100M000100I43")) << "I is not in the alphabet";
  EXPECT_FALSE(IsSocialCreditCode("11010519491231002X"));
}

// A code that is an identity card's number by its form as well stays a code: organisations are what
// the suite is about. Such a code exists for every region; this looks for one and checks the rule.
TEST(PersonalDataTest, ACodeThatCouldBeAnIdentityCardIsACode) {
  int ambiguous = 0;
  for (int serial = 0; serial < 1000; ++serial) {
    for (char check : absl::string_view("0123456789X")) {
      const std::string digits = absl::StrCat(
          "511302", "19900307", absl::StrCat(1000 + serial).substr(1), std::string(1, check));
      if (!IsIdentityCardNumber(digits)) continue;
      EXPECT_EQ(LooksLikePersonalData(digits), !IsSocialCreditCode(digits)) << digits;
      ambiguous += IsSocialCreditCode(digits);
    }
  }
  EXPECT_GT(ambiguous, 0);
  EXPECT_LT(ambiguous, 60) << "about one in 31";
}

}  // namespace
}  // namespace terrace
