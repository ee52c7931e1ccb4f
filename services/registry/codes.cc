#include "services/registry/codes.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/resource/names.h"

namespace terrace::registry {
namespace {

absl::Status Invalid(const v1::UnitCode& code, absl::string_view detail) {
  return Error(Reason::INVALID_UNIT_CODE,
               {{"code", code.code()}, {"system", code.system()}, {"detail", std::string(detail)}});
}

absl::Status CheckCode(const v1::UnitCode& code) {
  TERRACE_RETURN_IF_ERROR(resource::CheckId(code.system()));
  if (code.code().empty() || code.code().size() > kUnitCodeBytesMax) {
    return Invalid(code, absl::StrCat("it must have 1 to ", kUnitCodeBytesMax, " characters"));
  }
  if (!std::all_of(code.code().begin(), code.code().end(),
                   [](unsigned char c) { return absl::ascii_isgraph(c); })) {
    return Invalid(code, "only printable ASCII characters without spaces are allowed");
  }
  if (code.system() == kOrganisationCodeSystem && !IsUnifiedSocialCreditCode(code.code())) {
    return Invalid(code, "it must have 18 characters of which the last checks the others");
  }
  TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> from,
                           ParseDate("codes.from_date", code.from_date()));
  TERRACE_ASSIGN_OR_RETURN(absl::optional<Day> until,
                           ParseDate("codes.until_date", code.until_date()));
  if (from && until) return CheckNotBefore("codes.until_date", *until, *from + 1);
  return absl::OkStatus();
}

}  // namespace

bool IsUnifiedSocialCreditCode(absl::string_view text) {
  // 31 characters: digits and letters without I, O, S, V and Z.
  static constexpr absl::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  constexpr size_t kLength = 18;
  constexpr int kModulus = 31;
  if (text.size() != kLength) return false;
  int sum = 0;
  int weight = 1;
  for (size_t i = 0; i + 1 < kLength; ++i) {
    const size_t value = kAlphabet.find(text[i]);
    if (value == absl::string_view::npos) return false;
    sum += static_cast<int>(value) * weight;
    weight = weight * 3 % kModulus;
  }
  return text[kLength - 1] == kAlphabet[(kModulus - sum % kModulus) % kModulus];
}

HeldCode Held(const v1::UnitCode& code) {
  return {code.system(), code.code(), DayOr(code.from_date(), kFirstDay),
          DayOr(code.until_date(), kLastDay)};
}

absl::Status CheckCodes(const google::protobuf::RepeatedPtrField<v1::UnitCode>& codes) {
  if (codes.size() > kUnitCodesMax) {
    return Error(Reason::BATCH_TOO_LARGE,
                 {{"count", absl::StrCat(codes.size())}, {"limit", absl::StrCat(kUnitCodesMax)}});
  }
  for (int i = 0; i < codes.size(); ++i) {
    TERRACE_RETURN_IF_ERROR(CheckCode(codes[i]));
    for (int j = 0; j < i; ++j) {
      if (!Held(codes[i]).Overlaps(Held(codes[j]))) continue;
      return Error(Reason::INVALID_FIELD,
                   {{"field", "codes"},
                    {"detail", absl::StrCat("the code ", codes[i].code(), " stands there twice")}});
    }
  }
  return absl::OkStatus();
}

uint64_t CodeHash(absl::string_view system, absl::string_view code) {
  // FNV-1a; collisions are told apart by looking at the unit.
  uint64_t hash = 14695981039346656037u;
  auto add = [&hash](absl::string_view bytes) {
    for (unsigned char c : bytes) hash = (hash ^ c) * 1099511628211u;
  };
  add(system);
  add("/");
  add(code);
  return hash;
}

}  // namespace terrace::registry
