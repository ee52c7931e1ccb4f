// Whatever is found to be without errors can be compiled.
#include <memory>
#include <random>

#include "services/scoring/engine/sheet.h"
#include "services/scoring/schemes/compile.h"
#include "services/scoring/schemes/scheme_check_fixture.h"

namespace terrace::scoring {
namespace {

class Mutator {
 public:
  explicit Mutator(int seed) : random_(seed) {}

  // Sets one field, somewhere, to something.
  void Mutate(google::protobuf::Message* message) {
    const google::protobuf::Descriptor* type = message->GetDescriptor();
    const google::protobuf::Reflection* reflection = message->GetReflection();
    if (type->field_count() == 0) return;
    const google::protobuf::FieldDescriptor* field = type->field(Below(type->field_count()));
    if (type->name() == "Decimal") {
      reflection->SetString(message, field,
                            Pick({"-1", "0", "0.5", "1", "3", "100", "1000000",
                                  "999999999999999999", "-0.000000000001"}));
    } else if (field->is_map()) {
      return;
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        Mutate(reflection->MutableMessage(message, field));
      } else if (const int size = reflection->FieldSize(*message, field); size > 0) {
        Mutate(reflection->MutableRepeatedMessage(message, field, Below(size)));
      }
    } else if (field->is_repeated()) {
      if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
        reflection->AddString(message, field, Name());
      }
    } else {
      SetScalar(message, reflection, field);
    }
  }

 private:
  void SetScalar(google::protobuf::Message* message, const google::protobuf::Reflection* reflection,
                 const google::protobuf::FieldDescriptor* field) {
    using google::protobuf::FieldDescriptor;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnumValue(message, field, Below(field->enum_type()->value_count()));
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, Below(2) == 0);
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(message, field, Below(8) - 1);
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->SetInt64(message, field, Below(8) - 1);
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        if (field->name() != "name" && field->name() != "time_zone") {
          reflection->SetString(message, field, Name());
        }
        return;
      default:
        return;
    }
  }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  std::string Pick(std::vector<std::string> choices) {
    return choices[Below(static_cast<int>(choices.size()))];
  }
  std::string Name() {
    return Pick({"", "kind", "index", "income", "nobody", kIncome, kPeople, "units/county", "2014",
                 "good", "0.25", "levels/county"});
  }

  std::mt19937_64 random_;
};

TEST(SchemeCheckRandomTest, WhatHasNoErrorsCanBeCompiled) {
  int compiled = 0;
  for (int seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    v1::Scheme scheme = seed % 2 == 0 ? IndexScheme() : MixedScheme();
    if (seed % 3 == 0) JudgePair(scheme, "people", "income", "3");
    Mutator mutator(seed);
    for (int i = 0; i <= seed % 5; ++i) mutator.Mutate(&scheme);
    for (SchemeUse use : {SchemeUse::kLive, SchemeUse::kTable}) {
      if (HasErrors(CheckScheme(scheme, TestDefinition, use))) continue;
      const std::shared_ptr<const CompiledScheme> result = Compile(scheme);
      const std::vector<engine::LeafInput> inputs(result->engine.leaves.size());
      EXPECT_NE(engine::EvaluateSheet(result->engine, inputs).assessment,
                engine::Assessment::kScored);
      ++compiled;
    }
  }
  EXPECT_GT(compiled, 500);
}

}  // namespace
}  // namespace terrace::scoring
