// An explained score as an indented list whose parts add up, line by line.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_TERRACE_EXPLANATION_H_
#define TERRACE_SERVICES_TERRACE_EXPLANATION_H_

#include <string>

#include "absl/status/status.h"
#include "services/terrace/advice.h"
#include "terrace/scoring/v1/score.pb.h"

namespace terrace::cli {

// One line a part: what it contributes, what it is, and the sentence of its arithmetic. Records are
// shown up to `records_max` of one node.
std::string ExplanationText(const scoring::v1::Part& whole, Language language,
                            int records_max = 1000);

// What the sheet can still come to, a line for the whole and one for each grade; empty without open
// lines.
std::string OutlookText(const scoring::v1::Outlook& outlook, Language language);

// OK when the shown parts and the exact contributions of every part add up to it; INTERNAL with the
// first part that does not.
absl::Status CheckPartsAddUp(const scoring::v1::Part& whole);

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_EXPLANATION_H_
