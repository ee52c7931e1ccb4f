#include "common/resource/well_known.h"

#include <cstdint>

#include "google/protobuf/descriptor.h"

namespace terrace::resource {
namespace {

int64_t Integer(const google::protobuf::Message& message, int number) {
  const google::protobuf::FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByNumber(number);
  return field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT32
             ? message.GetReflection()->GetInt32(message, field)
             : message.GetReflection()->GetInt64(message, field);
}

}  // namespace

WellKnown WellKnownOf(const google::protobuf::FieldDescriptor* field) {
  if (field->message_type() == nullptr) return WellKnown::kNone;
  const std::string& name = field->message_type()->full_name();
  if (name == "terrace.types.v1.Decimal") return WellKnown::kDecimal;
  if (name == "google.protobuf.Timestamp") return WellKnown::kTimestamp;
  if (name == "google.type.Date") return WellKnown::kDate;
  return WellKnown::kNone;
}

absl::optional<Decimal> ReadDecimal(const google::protobuf::Message& message) {
  std::string scratch;
  const std::string& text = message.GetReflection()->GetStringReference(
      message, message.GetDescriptor()->FindFieldByNumber(1), &scratch);
  absl::StatusOr<Decimal> value = Decimal::Parse(text, "value");
  if (!value.ok()) return absl::nullopt;
  return *value;
}

absl::Time ReadTimestamp(const google::protobuf::Message& message) {
  return absl::FromUnixSeconds(Integer(message, 1)) + absl::Nanoseconds(Integer(message, 2));
}

absl::CivilDay ReadDate(const google::protobuf::Message& message) {
  return absl::CivilDay(Integer(message, 1), Integer(message, 2), Integer(message, 3));
}

}  // namespace terrace::resource
