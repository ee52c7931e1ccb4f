#include "services/inspections/checklist_rules.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace terrace::inspections {
namespace {

v1::ChecklistItem Item(absl::string_view id, v1::AnswerType type) {
  v1::ChecklistItem item;
  item.set_id(std::string(id));
  item.set_text_en("Is it so?");
  item.set_answer_type(type);
  if (type == v1::ANSWER_TYPE_COUNT) item.set_sample_size(5);
  if (type == v1::ANSWER_TYPE_GRADE) {
    for (const char* grade : {"A", "B", "C"}) item.add_grades(grade);
  }
  return item;
}

v1::Checklist OneOfEach() {
  v1::Checklist checklist;
  checklist.set_display_name("Everything");
  *checklist.add_items() = Item("gate", v1::ANSWER_TYPE_PASS_FAIL);
  *checklist.add_items() = Item("asked", v1::ANSWER_TYPE_COUNT);
  *checklist.add_items() = Item("files", v1::ANSWER_TYPE_GRADE);
  *checklist.add_items() = Item("metres", v1::ANSWER_TYPE_NUMBER);
  *checklist.add_items() = Item("remarks", v1::ANSWER_TYPE_TEXT);
  return checklist;
}

TEST(CheckChecklistTest, TakesOneOfEachKind) {
  EXPECT_TRUE(CheckChecklist(OneOfEach()).ok()) << CheckChecklist(OneOfEach());
}

TEST(CheckChecklistTest, RefusesWhatContradictsItself) {
  const auto refused = [](auto change, Reason reason) {
    v1::Checklist checklist = OneOfEach();
    change(checklist);
    const absl::Status status = CheckChecklist(checklist);
    EXPECT_TRUE(HasReason(status, reason)) << status;
  };
  refused([](v1::Checklist& c) { c.clear_items(); }, Reason::REQUIRED_FIELD);
  refused([](v1::Checklist& c) { c.clear_display_name(); }, Reason::REQUIRED_FIELD);
  refused([](v1::Checklist& c) { *c.add_items() = c.items(0); }, Reason::INVALID_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(0)->set_id("Gate"); }, Reason::INVALID_ID);
  refused([](v1::Checklist& c) { c.mutable_items(0)->clear_text_en(); }, Reason::REQUIRED_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(0)->clear_answer_type(); },
          Reason::REQUIRED_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(0)->set_sample_size(3); }, Reason::INVALID_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(1)->set_sample_size(0); }, Reason::INVALID_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(1)->add_grades("A"); }, Reason::INVALID_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(2)->add_grades("A"); }, Reason::INVALID_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(2)->clear_grades(); }, Reason::INVALID_FIELD);
  refused([](v1::Checklist& c) { c.mutable_items(4)->set_unit_of_measure("m"); },
          Reason::INVALID_FIELD);
  refused(
      [](v1::Checklist& c) {
        c.mutable_items(3)->mutable_minimum()->set_value("5");
        c.mutable_items(3)->mutable_maximum()->set_value("4.9");
      },
      Reason::INVALID_FIELD);
  refused(
      [](v1::Checklist& c) {
        for (int i = 0; i <= kChecklistItemsMax; ++i) *c.add_items() = c.items(0);
      },
      Reason::BATCH_TOO_LARGE);
}

TEST(CheckAnswerTest, TheAnswerHasTheItemsType) {
  const v1::Checklist checklist = OneOfEach();
  for (const v1::ChecklistItem& item : checklist.items()) {
    v1::Observation observation;
    EXPECT_TRUE(HasReason(CheckAnswer(item, observation), Reason::WRONG_ANSWER)) << item.id();
    observation.set_passed(true);
    EXPECT_EQ(CheckAnswer(item, observation).ok(), item.id() == "gate") << item.id();
    observation.mutable_count()->set_sample(5);
    EXPECT_EQ(CheckAnswer(item, observation).ok(), item.id() == "asked") << item.id();
    observation.set_grade("B");
    EXPECT_EQ(CheckAnswer(item, observation).ok(), item.id() == "files") << item.id();
    observation.mutable_number()->set_value("200");
    EXPECT_EQ(CheckAnswer(item, observation).ok(), item.id() == "metres") << item.id();
    observation.set_text("fine");
    EXPECT_EQ(CheckAnswer(item, observation).ok(), item.id() == "remarks") << item.id();
  }
}

TEST(CheckAnswerTest, CountsStayInsideTheSample) {
  const v1::ChecklistItem item = Item("asked", v1::ANSWER_TYPE_COUNT);
  const auto check = [&](int hits, int sample) {
    v1::Observation observation;
    observation.mutable_count()->set_hits(hits);
    observation.mutable_count()->set_sample(sample);
    return CheckAnswer(item, observation).ok();
  };
  EXPECT_TRUE(check(0, 5));
  EXPECT_TRUE(check(5, 5));
  EXPECT_TRUE(check(3, 4));
  EXPECT_FALSE(check(6, 5));
  EXPECT_FALSE(check(-1, 5));
  EXPECT_FALSE(check(0, 0));
  EXPECT_FALSE(check(0, kSampleMax + 1));
}

TEST(CheckAnswerTest, NumbersStayInsideTheLimits) {
  v1::ChecklistItem item = Item("metres", v1::ANSWER_TYPE_NUMBER);
  item.mutable_minimum()->set_value("0");
  item.mutable_maximum()->set_value("300.5");
  const auto check = [&](const char* number) {
    v1::Observation observation;
    observation.mutable_number()->set_value(number);
    return CheckAnswer(item, observation);
  };
  EXPECT_TRUE(check("300.5").ok());
  EXPECT_TRUE(check("0").ok());
  EXPECT_TRUE(HasReason(check("300.51"), Reason::WRONG_ANSWER));
  EXPECT_TRUE(HasReason(check("-0.1"), Reason::WRONG_ANSWER));
  EXPECT_TRUE(HasReason(check("NaN"), Reason::INVALID_NUMBER));
  EXPECT_TRUE(HasReason(check("1e400"), Reason::INVALID_NUMBER));
}

TEST(CheckAnswerTest, NoAnswerNeedsAReason) {
  v1::ChecklistItem item = Item("gate", v1::ANSWER_TYPE_PASS_FAIL);
  v1::Observation observation;
  observation.set_no_answer(v1::NO_ANSWER_NOT_APPLICABLE);
  EXPECT_TRUE(HasReason(CheckAnswer(item, observation), Reason::REASON_NEEDED));
  observation.set_reason("there is no gate");
  EXPECT_TRUE(CheckAnswer(item, observation).ok());
  item.set_required(true);
  EXPECT_TRUE(HasReason(CheckAnswer(item, observation), Reason::WRONG_ANSWER));
  observation.set_no_answer(v1::NO_ANSWER_REFUSED);
  EXPECT_TRUE(CheckAnswer(item, observation).ok());
  observation.set_no_answer(v1::NO_ANSWER_UNSPECIFIED);
  EXPECT_TRUE(HasReason(CheckAnswer(item, observation), Reason::WRONG_ANSWER));
}

TEST(CheckAnswerTest, FailuresNeedAReasonWhereTheItemAsks) {
  v1::ChecklistItem item = Item("gate", v1::ANSWER_TYPE_PASS_FAIL);
  v1::Observation observation;
  observation.set_passed(false);
  EXPECT_TRUE(CheckAnswer(item, observation).ok());
  item.set_reason_on_fail(true);
  EXPECT_TRUE(HasReason(CheckAnswer(item, observation), Reason::REASON_NEEDED));
  observation.set_reason("locked");
  EXPECT_TRUE(CheckAnswer(item, observation).ok());
  observation.clear_reason();
  observation.set_passed(true);
  EXPECT_TRUE(CheckAnswer(item, observation).ok());
}

TEST(ClassOfAnswerTest, SortsAnswers) {
  v1::Observation observation;
  const auto class_for = [&](v1::AnswerType type) {
    return ClassOfAnswer(Item("i", type), observation);
  };
  observation.set_passed(false);
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_PASS_FAIL), AnswerClass::kFailed);
  observation.mutable_count()->set_hits(3);
  observation.mutable_count()->set_sample(3);
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_COUNT), AnswerClass::kPassed);
  observation.mutable_count()->set_hits(2);
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_COUNT), AnswerClass::kFailed);
  observation.set_grade("A");
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_GRADE), AnswerClass::kPassed);
  observation.set_grade("B");
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_GRADE), AnswerClass::kFailed);
  observation.set_text("words");
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_TEXT), AnswerClass::kOther);
  observation.set_no_answer(v1::NO_ANSWER_REFUSED);
  EXPECT_EQ(class_for(v1::ANSWER_TYPE_PASS_FAIL), AnswerClass::kUnanswered);
}

}  // namespace
}  // namespace terrace::inspections
