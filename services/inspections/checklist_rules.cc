#include "services/inspections/checklist_rules.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/resource/names.h"
#include "services/inspections/refusals.h"

namespace terrace::inspections {
namespace {

absl::Status BadItem(int index, absl::string_view field, absl::string_view detail) {
  return Error(Reason::INVALID_FIELD, {{"field", absl::StrCat("items[", index, "].", field)},
                                       {"detail", std::string(detail)}});
}

absl::Status CheckGrades(const v1::ChecklistItem& item, int index) {
  if (item.grades_size() < kGradesMin || item.grades_size() > kGradesMax) {
    return BadItem(index, "grades",
                   absl::StrCat("a graded item has ", kGradesMin, " to ", kGradesMax, " grades"));
  }
  absl::flat_hash_set<absl::string_view> seen;
  for (const std::string& grade : item.grades()) {
    if (grade.empty() || grade.size() > resource::kIdBytesMax) {
      return BadItem(index, "grades", "a grade has 1 to 63 bytes");
    }
    if (!seen.insert(grade).second) return BadItem(index, "grades", "a grade stands there twice");
  }
  return absl::OkStatus();
}

absl::Status CheckNumberLimits(const v1::ChecklistItem& item, int index) {
  if (!item.has_minimum() || !item.has_maximum()) return absl::OkStatus();
  TERRACE_ASSIGN_OR_RETURN(Decimal low, FromProto(item.minimum(), "minimum"));
  TERRACE_ASSIGN_OR_RETURN(Decimal high, FromProto(item.maximum(), "maximum"));
  if (low > high) return BadItem(index, "maximum", "it is less than the minimum");
  return absl::OkStatus();
}

absl::Status CheckItem(const v1::ChecklistItem& item, int index) {
  if (!resource::IsValidId(item.id())) return Error(Reason::INVALID_ID, {{"id", item.id()}});
  if (item.text_zh().empty() && item.text_en().empty()) {
    return Needed(absl::StrCat("items[", index, "].text_zh"));
  }
  TERRACE_RETURN_IF_ERROR(
      CheckText(absl::StrCat("items[", index, "].section"), item.section(), kDisplayNameBytesMax));
  const bool counted = item.answer_type() == v1::ANSWER_TYPE_COUNT;
  const bool graded = item.answer_type() == v1::ANSWER_TYPE_GRADE;
  const bool number = item.answer_type() == v1::ANSWER_TYPE_NUMBER;
  if (item.answer_type() == v1::ANSWER_TYPE_UNSPECIFIED) {
    return Needed(absl::StrCat("items[", index, "].answer_type"));
  }
  if (counted && (item.sample_size() < 1 || item.sample_size() > kSampleMax)) {
    return BadItem(index, "sample_size", absl::StrCat("it must be 1 to ", kSampleMax));
  }
  if (!counted && item.sample_size() != 0) {
    return BadItem(index, "sample_size", "only COUNT items have one");
  }
  if (graded) TERRACE_RETURN_IF_ERROR(CheckGrades(item, index));
  if (!graded && item.grades_size() > 0) {
    return BadItem(index, "grades", "only GRADE items have them");
  }
  if (!number && (!item.unit_of_measure().empty() || item.has_minimum() || item.has_maximum())) {
    return BadItem(index, "unit_of_measure", "only NUMBER items have a unit and limits");
  }
  return CheckNumberLimits(item, index);
}

absl::string_view NameOf(v1::AnswerType type) {
  return absl::StripPrefix(v1::AnswerType_Name(type), "ANSWER_TYPE_");
}

absl::Status WrongAnswer(const v1::ChecklistItem& item, absl::string_view detail) {
  return Error(Reason::WRONG_ANSWER, {{"item", item.id()},
                                      {"expected", std::string(NameOf(item.answer_type()))},
                                      {"detail", std::string(detail)}});
}

absl::Status CheckCountAnswer(const v1::ChecklistItem& item, const v1::CountAnswer& count) {
  if (count.sample() < 1 || count.sample() > kSampleMax) {
    return WrongAnswer(item, absl::StrCat("the sample must be 1 to ", kSampleMax));
  }
  if (count.hits() < 0 || count.hits() > count.sample()) {
    return WrongAnswer(item, "hits must lie between 0 and the sample");
  }
  return absl::OkStatus();
}

absl::Status CheckNumber(const v1::ChecklistItem& item, const types::v1::Decimal& number) {
  TERRACE_ASSIGN_OR_RETURN(Decimal value, FromProto(number, "number"));
  if (item.has_minimum()) {
    TERRACE_ASSIGN_OR_RETURN(Decimal low, FromProto(item.minimum(), "minimum"));
    if (value < low) return WrongAnswer(item, absl::StrCat("at least ", low.ToString()));
  }
  if (item.has_maximum()) {
    TERRACE_ASSIGN_OR_RETURN(Decimal high, FromProto(item.maximum(), "maximum"));
    if (value > high) return WrongAnswer(item, absl::StrCat("at most ", high.ToString()));
  }
  return absl::OkStatus();
}

// Whether the answer has the item's type and fits it.
absl::Status CheckValue(const v1::ChecklistItem& item, const v1::Observation& observation) {
  using Answer = v1::Observation::AnswerCase;
  const Answer answer = observation.answer_case();
  if (answer == Answer::ANSWER_NOT_SET) return WrongAnswer(item, "there is no answer");
  switch (item.answer_type()) {
    case v1::ANSWER_TYPE_PASS_FAIL:
      if (answer == Answer::kPassed) return absl::OkStatus();
      break;
    case v1::ANSWER_TYPE_COUNT:
      if (answer == Answer::kCount) return CheckCountAnswer(item, observation.count());
      break;
    case v1::ANSWER_TYPE_GRADE:
      if (answer != Answer::kGrade) break;
      if (std::find(item.grades().begin(), item.grades().end(), observation.grade()) ==
          item.grades().end()) {
        return WrongAnswer(item, absl::StrCat("\"", observation.grade(), "\" is no grade of it"));
      }
      return absl::OkStatus();
    case v1::ANSWER_TYPE_NUMBER:
      if (answer == Answer::kNumber) return CheckNumber(item, observation.number());
      break;
    case v1::ANSWER_TYPE_TEXT:
      if (answer != Answer::kText) break;
      if (observation.text().empty()) return WrongAnswer(item, "the words are missing");
      return absl::OkStatus();
    default:
      break;
  }
  return WrongAnswer(item, "the answer has another type");
}

}  // namespace

absl::Status CheckChecklist(const v1::Checklist& checklist) {
  if (checklist.display_name().empty()) {
    return Needed("display_name");
  }
  if (checklist.items().empty()) return Needed("items");
  TERRACE_RETURN_IF_ERROR(CheckCount(checklist.items_size(), kChecklistItemsMax));
  absl::flat_hash_set<absl::string_view> ids;
  for (int i = 0; i < checklist.items_size(); ++i) {
    TERRACE_RETURN_IF_ERROR(CheckItem(checklist.items(i), i));
    if (!ids.insert(checklist.items(i).id()).second) {
      return BadItem(i, "id", absl::StrCat("\"", checklist.items(i).id(), "\" stands there twice"));
    }
  }
  return absl::OkStatus();
}

const v1::ChecklistItem* FindItem(const v1::Checklist& checklist, absl::string_view id) {
  for (const v1::ChecklistItem& item : checklist.items()) {
    if (item.id() == id) return &item;
  }
  return nullptr;
}

AnswerClass ClassOfAnswer(const v1::ChecklistItem& item, const v1::Observation& observation) {
  const auto passed_if = [](bool passed) {
    return passed ? AnswerClass::kPassed : AnswerClass::kFailed;
  };
  switch (observation.answer_case()) {
    case v1::Observation::kPassed:
      return passed_if(observation.passed());
    case v1::Observation::kCount:
      return passed_if(observation.count().hits() == observation.count().sample());
    case v1::Observation::kGrade:
      return passed_if(item.grades_size() > 0 && observation.grade() == item.grades(0));
    case v1::Observation::kNoAnswer:
      return AnswerClass::kUnanswered;
    default:
      return AnswerClass::kOther;
  }
}

absl::Status CheckAnswer(const v1::ChecklistItem& item, const v1::Observation& observation) {
  TERRACE_RETURN_IF_ERROR(CheckCount(observation.evidence_size(), kEvidenceMax));
  TERRACE_RETURN_IF_ERROR(CheckText("place", observation.place(), kDisplayNameBytesMax));
  const auto reason_needed = [&](absl::string_view why) {
    return Error(Reason::REASON_NEEDED, {{"item", item.id()}, {"detail", std::string(why)}});
  };
  if (observation.answer_case() == v1::Observation::kNoAnswer) {
    if (observation.no_answer() == v1::NO_ANSWER_UNSPECIFIED) {
      return WrongAnswer(item, "no_answer does not say why");
    }
    if (item.required() && observation.no_answer() == v1::NO_ANSWER_NOT_APPLICABLE) {
      return WrongAnswer(item, "it applies to every unit");
    }
    return observation.reason().empty() ? reason_needed("there is no answer") : absl::OkStatus();
  }
  TERRACE_RETURN_IF_ERROR(CheckValue(item, observation));
  if (item.reason_on_fail() && observation.reason().empty() &&
      ClassOfAnswer(item, observation) == AnswerClass::kFailed) {
    return reason_needed("the item asks for one when it is not passed");
  }
  return absl::OkStatus();
}

}  // namespace terrace::inspections
