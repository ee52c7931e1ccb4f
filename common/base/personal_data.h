// The detector behind text.h: numbers of identity cards and mobile telephones in running text.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_COMMON_BASE_PERSONAL_DATA_H_
#define TERRACE_COMMON_BASE_PERSONAL_DATA_H_

#include "absl/strings/string_view.h"

namespace terrace {

// See LooksLikePersonalData in text.h. `text` must be valid UTF-8.
bool ContainsPersonalNumber(absl::string_view text);

// GB 11643: 18 characters, region, date of birth and check character all in order.
bool IsIdentityCardNumber(absl::string_view digits);
// The form issued until 1999: 15 digits, region and date of birth in order, no check digit.
bool IsOldIdentityCardNumber(absl::string_view digits);
// GB 32100: the code of an organisation, 18 characters with a check character.
bool IsSocialCreditCode(absl::string_view code);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_PERSONAL_DATA_H_
