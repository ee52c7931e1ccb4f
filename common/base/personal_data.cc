// Text is first folded into plain ASCII (full-width digits, exotic dashes and spaces), then its
// runs of digits are looked at one by one, alone and joined by separators as people write numbers.
#include "common/base/personal_data.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/civil_time.h"

namespace terrace {
namespace {

// The shortest number that is looked for: a mobile number.
constexpr int kDigitsMin = 11;

// What other characters fold to. Neither occurs in text that passed the check of control
// characters.
constexpr char kOther = '\x01';     // Any character without a meaning here.
constexpr char kCurrency = '\x02';  // Makes an amount of the digits beside it.

// The next code point of valid UTF-8.
char32_t Next(absl::string_view text, size_t* at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(*at);
  const int size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t out = size == 1 ? first : first & (0x7F >> size);
  for (int i = 1; i < size; ++i) out = out << 6 | (byte(*at + i) & 0x3F);
  *at += size;
  return out;
}

// 0 for what is left out: invisible characters that hide a number from the eye of a program only.
char Fold(char32_t c) {
  if (c == '$' || c == '%') return kCurrency;
  if (c < 0x80) return static_cast<char>(c);
  if (c >= 0xFF01 && c <= 0xFF5E) return Fold(c - 0xFF01 + '!');  // Full-width ASCII.
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x2043) return '-';
  if (c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x3000) return ' ';
  if ((c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF || c == 0xAD) return 0;
  switch (c) {
    case U'元':
    case U'圆':
    case U'万':
    case U'亿':
    case U'¥':
    case U'￥':
    case U'€':
      return kCurrency;
    default:
      return kOther;
  }
}

std::string FoldText(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (const char c = Fold(Next(text, &at)); c != 0) out.push_back(c);
  }
  return out;
}

bool ValidBirthday(int year, int month, int day) {
  const absl::CivilDay date(year, month, day);
  return year >= 1800 && year < 2100 && date.year() == year && date.month() == month &&
         date.day() == day;
}

int Number(absl::string_view digits) {
  int out = 0;
  for (char c : digits) out = out * 10 + (c - '0');
  return out;
}

// First two digits of region codes (GB/T 2260).
bool ValidProvince(absl::string_view digits) {
  constexpr int kProvinces[] = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83};
  return std::binary_search(std::begin(kProvinces), std::end(kProvinces),
                            Number(digits.substr(0, 2)));
}

bool AllDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool IsMobile(absl::string_view digits) {
  return digits.size() == 11 && digits[0] == '1' && digits[1] >= '3';
}

// A run of digits in the folded text.
struct Run {
  size_t first;
  size_t end;
  size_t size() const { return end - first; }
};

class Scanner {
 public:
  explicit Scanner(std::string text) : text_(std::move(text)) {
    for (size_t i = 0; i < text_.size();) {
      if (!absl::ascii_isdigit(text_[i])) {
        ++i;
        continue;
      }
      const size_t first = i;
      while (i < text_.size() && absl::ascii_isdigit(text_[i])) ++i;
      runs_.push_back({first, i});
    }
  }

  bool Found() const {
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (IdentityCardAt(i) || OldIdentityCardAt(i) || MobileAt(i)) return true;
    }
    return false;
  }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : kOther; }
  char Before(size_t i) const { return i > 0 ? text_[i - 1] : kOther; }

  // Whether [first, end) is part of a decimal fraction or an amount of money.
  bool IsAmount(size_t first, size_t end) const {
    if (Before(first) == kCurrency || At(end) == kCurrency) return true;
    if (At(end) == '.' && absl::ascii_isdigit(At(end + 1))) return true;
    return Before(first) == '.' && first >= 2 && absl::ascii_isdigit(text_[first - 2]);
  }

  // The separator between runs i and i + 1, 0 when they are not joined by a single one.
  char Joint(size_t i) const {
    if (i + 1 >= runs_.size() || runs_[i + 1].first != runs_[i].end + 1) return 0;
    const char c = text_[runs_[i].end];
    return c == ' ' || c == '-' || c == '.' ? c : 0;
  }

  // The digits of runs i, i + 1, ... when their sizes are as given and they are joined; the runs
  // must use one separator throughout. Empty otherwise.
  std::string Joined(size_t i, std::initializer_list<size_t> sizes) const {
    std::string out;
    char joint = 0;
    for (size_t k = 0; k < sizes.size(); ++k) {
      if (i + k >= runs_.size() || runs_[i + k].size() != sizes.begin()[k]) return "";
      if (k > 0) {
        const char c = Joint(i + k - 1);
        if (c == 0 || (joint != 0 && c != joint)) return "";
        joint = c;
      }
      absl::string_view digits =
          absl::string_view(text_).substr(runs_[i + k].first, sizes.begin()[k]);
      out.append(digits.data(), digits.size());
    }
    // A point joins three groups at least; between two it makes a decimal number.
    return joint == '.' && sizes.size() == 2 ? "" : out;
  }

  bool IdentityCardAt(size_t i) const {
    const auto check = [&](std::string digits, size_t end) {
      if (digits.size() == 17 && absl::ascii_toupper(At(end)) == 'X') {
        digits.push_back('X');
        ++end;
      }
      return digits.size() == 18 && !IsAmount(runs_[i].first, end) &&
             IsIdentityCardNumber(digits) && !IsSocialCreditCode(digits);
    };
    const absl::string_view text = text_;
    if (runs_[i].size() == 17 || runs_[i].size() == 18) {
      return check(std::string(text.substr(runs_[i].first, runs_[i].size())), runs_[i].end);
    }
    // 6 digits of region, 8 of birth, 3 or 4 more.
    for (size_t last : {3, 4}) {
      const std::string digits = Joined(i, {6, 8, last});
      if (!digits.empty() && check(digits, runs_[i + 2].end)) return true;
    }
    return false;
  }

  bool OldIdentityCardAt(size_t i) const {
    const Run& run = runs_[i];
    return run.size() == 15 && !absl::ascii_isalnum(Before(run.first)) &&
           !absl::ascii_isalnum(At(run.end)) && !IsAmount(run.first, run.end) &&
           IsOldIdentityCardNumber(absl::string_view(text_).substr(run.first, run.size()));
  }

  bool MobileAt(size_t i) const {
    const Run& run = runs_[i];
    absl::string_view digits = absl::string_view(text_).substr(run.first, run.size());
    // The country code may stand directly before the number.
    for (absl::string_view country : {"86", "0086"}) {
      if (digits.size() == 11 + country.size() && absl::StartsWith(digits, country)) {
        digits.remove_prefix(country.size());
      }
    }
    if (IsMobile(digits)) return BoundaryBefore(i) && BoundaryAfter(run.first, run.end);
    return GroupedMobileAt(i, {3, 4, 4}) || GroupedMobileAt(i, {4, 3, 4}) ||
           GroupedMobileAt(i, {4, 4, 3}) || GroupedMobileAt(i, {3, 8}) ||
           GroupedMobileAt(i, {7, 4});
  }

  bool GroupedMobileAt(size_t i, std::initializer_list<size_t> sizes) const {
    const std::string digits = Joined(i, sizes);
    if (!IsMobile(digits) || !BoundaryBefore(i) ||
        !BoundaryAfter(runs_[i].first, runs_[i + sizes.size() - 1].end)) {
      return false;
    }
    // "150 2014 2015" is a figure and two years, "150-20160522" a figure and a day.
    size_t years = 0;
    for (size_t k = 1; k < sizes.size(); ++k) {
      const absl::string_view group = absl::string_view(text_).substr(runs_[i + k].first, 2);
      years += group == "19" || group == "20";
    }
    return years + 1 < sizes.size();
  }

  // Whether a number may begin at run i: not in the middle of a code.
  bool BoundaryBefore(size_t i) const {
    const size_t first = runs_[i].first;
    const char before = Before(first);
    if (absl::ascii_isalpha(before)) return FollowsTelephoneWord(first);
    if (before != '-' || first < 2 || !absl::ascii_isdigit(text_[first - 2])) return true;
    // "2016-13812345678" is a document number, "86-13812345678" is not.
    const Run& run = runs_[i - 1];
    const absl::string_view country = absl::string_view(text_).substr(run.first, run.size());
    return country == "86" || country == "0086";
  }

  bool BoundaryAfter(size_t first, size_t end) const {
    return !absl::ascii_isalpha(At(end)) && !IsAmount(first, end);
  }

  bool FollowsTelephoneWord(size_t first) const {
    size_t start = first;
    while (start > 0 && absl::ascii_isalpha(text_[start - 1])) --start;
    const std::string word =
        absl::AsciiStrToLower(absl::string_view(text_).substr(start, first - start));
    for (absl::string_view known :
         {"tel", "telephone", "phone", "mobile", "mob", "cell", "dianhua", "shouji"}) {
      if (known == absl::string_view(word)) return true;
    }
    return false;
  }

  const std::string text_;
  std::vector<Run> runs_;
};

}  // namespace

bool IsIdentityCardNumber(absl::string_view digits) {
  if (digits.size() != 18 || !AllDigits(digits.substr(0, 17)) || !ValidProvince(digits) ||
      !ValidBirthday(Number(digits.substr(6, 4)), Number(digits.substr(10, 2)),
                     Number(digits.substr(12, 2)))) {
    return false;
  }
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; ++i) sum += (digits[i] - '0') * kWeights[i];
  return "10X98765432"[sum % 11] == absl::ascii_toupper(digits[17]);
}

bool IsOldIdentityCardNumber(absl::string_view digits) {
  return digits.size() == 15 && AllDigits(digits) && ValidProvince(digits) &&
         digits.substr(4, 2) != "00" && digits.substr(12) != "000" &&
         ValidBirthday(1900 + Number(digits.substr(6, 2)), Number(digits.substr(8, 2)),
                       Number(digits.substr(10, 2)));
}

bool IsSocialCreditCode(absl::string_view code) {
  constexpr absl::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  constexpr int kModulus = 31;
  // Registering departments: 1-9, A, N, Y.
  if (code.size() != 18 ||
      absl::string_view("123456789ANY").find(code[0]) == absl::string_view::npos ||
      !AllDigits(code.substr(2, 6)) || !ValidProvince(code.substr(2))) {
    return false;
  }
  int sum = 0;
  int weight = 1;
  for (size_t i = 0; i < 18; ++i) {
    const size_t value = kAlphabet.find(code[i]);
    if (value == absl::string_view::npos) return false;
    // The check character makes the weighted sum a multiple of 31 (its own weight is 1).
    sum += static_cast<int>(value) * (i < 17 ? weight : 1);
    weight = weight * 3 % kModulus;
  }
  return sum % kModulus == 0;
}

bool ContainsPersonalNumber(absl::string_view text) {
  // Nearly all text leaves here. Full-width digits begin with 0xEF.
  int digits = 0;
  for (char c : text) digits += absl::ascii_isdigit(c) || c == '\xEF';
  return digits >= kDigitsMin && Scanner(FoldText(text)).Found();
}

}  // namespace terrace
