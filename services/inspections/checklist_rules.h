// What a checklist may say, and which answers its items take.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_INSPECTIONS_CHECKLIST_RULES_H_
#define TERRACE_SERVICES_INSPECTIONS_CHECKLIST_RULES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "terrace/inspections/v1/checklists.pb.h"
#include "terrace/inspections/v1/observations.pb.h"

namespace terrace::inspections {

// Limits.
inline constexpr int kChecklistItemsMax = 1000;
inline constexpr int kSampleMax = 1000000;
inline constexpr int kGradesMin = 2;
inline constexpr int kGradesMax = 20;
inline constexpr int kEvidenceMax = 20;

// Whether a checklist may be published: it has items, ids are unique, every item says how it is
// answered and nothing that contradicts that.
absl::Status CheckChecklist(const v1::Checklist& checklist);

// Null when the checklist has no such item.
const v1::ChecklistItem* FindItem(const v1::Checklist& checklist, absl::string_view id);

// How an answer counts.
enum class AnswerClass { kPassed, kFailed, kOther, kUnanswered };
AnswerClass ClassOfAnswer(const v1::ChecklistItem& item, const v1::Observation& observation);

// Whether the observation answers the item as it asks: WRONG_ANSWER, REASON_NEEDED.
absl::Status CheckAnswer(const v1::ChecklistItem& item, const v1::Observation& observation);

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_CHECKLIST_RULES_H_
