// Titles: their terms, and what they are on a day.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_DESIGNATION_H_
#define TERRACE_SERVICES_REGISTRY_DESIGNATION_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/registry/dates.h"
#include "terrace/registry/v1/designation.pb.h"
#include "terrace/registry/v1/programme.pb.h"

namespace terrace::registry {

inline constexpr int kTermsMax = 50;
inline constexpr size_t kBatchIdBytesMax = 100;

// The last day of a term of that many months which begins on `named`: five years from 2016-05-01
// end on 2021-04-30. kLastDay for 0 months: it does not end.
Day LastDayOfTerm(Day named, int months);

// Whether the title is held on that day, its unit being open.
bool IsHeldOn(const v1::Designation& designation, Day day);
// The state on that day; `closed` is the first day on which the unit exists no longer (kLastDay
// while it does).
v1::DesignationState StateOn(const v1::Designation& designation, Day day, Day closed);
// The last day of the last term.
Day LastDayOf(const v1::Designation& designation);

// Checks what a caller may set of a term and fills in its last day from the level's rule. `after`
// is the day of the naming before it; kFirstDay for the first.
absl::Status CompleteTerm(const v1::LevelRule& rule, Day after, Day today,
                          v1::DesignationTerm* term);

// The rule of a level; null when the programme gives no titles of it. `level` as "levels/{level}".
const v1::LevelRule* FindRule(const v1::Programme& programme, absl::string_view level);
// OK when the programme gives the title on that day; UNKNOWN_TITLE otherwise.
absl::Status CheckTitle(const v1::Programme& programme, absl::string_view title, Day day);
// LEVEL_NOT_IN_PROGRAMME.
absl::Status NoSuchRule(const v1::Programme& programme, absl::string_view level);

// Checks the score against the rule's threshold: SCORE_TOO_LOW, REQUIRED_FIELD, INVALID_NUMBER.
absl::Status CheckScore(const v1::LevelRule& rule, const v1::Designation& designation);

// Takes the title away from that day on. WRONG_STATE when it was taken away before; DATE_TOO_EARLY
// unless the day lies after the last naming.
absl::Status Revoke(Day day, absl::string_view reason, v1::Designation* designation);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_DESIGNATION_H_
