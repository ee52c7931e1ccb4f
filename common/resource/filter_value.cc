#include "common/resource/filter_value.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/resource/well_known.h"
#include "google/protobuf/descriptor.h"

namespace terrace::resource {
namespace {

using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

__extension__ using Wide = __int128;

absl::Status Unreadable(absl::string_view literal, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("\"", QuoteText(literal), "\" is not ", what));
}

// "RowOutcome" -> "ROW_OUTCOME_": the prefix that the values of an enum carry.
std::string PrefixOf(const EnumDescriptor* type) {
  std::string out;
  for (char c : type->name()) {
    if (absl::ascii_isupper(c) && !out.empty()) out.push_back('_');
    out.push_back(absl::ascii_toupper(c));
  }
  return out + "_";
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor* type, absl::string_view name) {
  const EnumValueDescriptor* value = type->FindValueByName(std::string(name));
  return value != nullptr ? value : type->FindValueByName(absl::StrCat(PrefixOf(type), name));
}

// How a whole number stands to a decimal: both are brought to the decimal's scale, 37 digits at
// most.
std::strong_ordering CompareWide(Wide value, const Decimal& number) {
  for (int i = 0; i < number.decimals(); ++i) value *= 10;
  return value <=> Wide{number.unscaled()};
}

}  // namespace

absl::StatusOr<FilterValue> FilterValue::Make(const FieldDescriptor* field,
                                              absl::string_view literal) {
  FilterValue out;
  out.field_ = field;
  const auto number = [&](Type type) -> absl::Status {
    absl::StatusOr<Decimal> value = Decimal::ParseLoose(literal, "filter");
    if (!value.ok()) return Unreadable(literal, "a number");
    out.type_ = type;
    out.number_ = *value;
    if (!absl::SimpleAtod(value->ToString(), &out.double_)) return Unreadable(literal, "a number");
    return absl::OkStatus();
  };
  absl::Status status;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      out.type_ = Type::kString;
      out.text_ = std::string(literal);
      if (field->type() == FieldDescriptor::TYPE_BYTES) {
        status = absl::InvalidArgumentError("fields of bytes cannot be compared");
      }
      break;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      status = number(Type::kInteger);
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      status = number(Type::kUnsigned);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      status = number(Type::kDouble);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      out.type_ = Type::kBool;
      out.integer_ = literal == "true";
      if (literal != "true" && literal != "false") status = Unreadable(literal, "true or false");
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = FindEnumValue(field->enum_type(), literal);
      out.type_ = Type::kEnum;
      if (value == nullptr) {
        status = Unreadable(literal, absl::StrCat("a value of ", field->enum_type()->name()));
      } else {
        out.integer_ = value->number();
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (field->is_map()) {
        out.type_ = Type::kMap;
        out.text_ = std::string(literal);
        if (field->message_type()->FindFieldByNumber(1)->type() != FieldDescriptor::TYPE_STRING) {
          status = absl::InvalidArgumentError("only maps by text can be searched");
        }
        break;
      }
      switch (WellKnownOf(field)) {
        case WellKnown::kNone:
          status = absl::InvalidArgumentError(absl::StrCat(
              "\"", field->name(), "\" is a message; name one of its fields, or ask \":*\""));
          break;
        case WellKnown::kDecimal:
          status = number(Type::kDecimal);
          break;
        case WellKnown::kTimestamp: {
          out.type_ = Type::kTime;
          std::string error;
          if (!absl::ParseTime(absl::RFC3339_full, literal, &out.time_, &error) ||
              absl::StrContains(literal, "infinite")) {
            status = Unreadable(literal, "a time like 2016-05-22T00:00:00+08:00");
          }
          break;
        }
        case WellKnown::kDate:
          out.type_ = Type::kDate;
          if (literal.size() != 10 || !absl::ParseCivilTime(literal, &out.day_)) {
            status = Unreadable(literal, "a day like 2016-05-22");
          }
          break;
      }
      break;
    }
  }
  if (!status.ok()) return status;
  return out;
}

std::partial_ordering FilterValue::Compare(const Message& message, int i) const {
  const Reflection& reflection = *message.GetReflection();
  const auto sub = [&]() -> const Message& {
    return i < 0 ? reflection.GetMessage(message, field_)
                 : reflection.GetRepeatedMessage(message, field_, i);
  };
  switch (type_) {
    case Type::kString: {
      std::string scratch;
      const std::string& value =
          i < 0 ? reflection.GetStringReference(message, field_, &scratch)
                : reflection.GetRepeatedStringReference(message, field_, i, &scratch);
      return value.compare(text_) <=> 0;
    }
    case Type::kInteger: {
      const bool narrow = field_->cpp_type() == FieldDescriptor::CPPTYPE_INT32;
      const int64_t value = narrow ? (i < 0 ? reflection.GetInt32(message, field_)
                                            : reflection.GetRepeatedInt32(message, field_, i))
                                   : (i < 0 ? reflection.GetInt64(message, field_)
                                            : reflection.GetRepeatedInt64(message, field_, i));
      return CompareWide(value, number_);
    }
    case Type::kUnsigned: {
      const bool narrow = field_->cpp_type() == FieldDescriptor::CPPTYPE_UINT32;
      const uint64_t value = narrow ? (i < 0 ? reflection.GetUInt32(message, field_)
                                             : reflection.GetRepeatedUInt32(message, field_, i))
                                    : (i < 0 ? reflection.GetUInt64(message, field_)
                                             : reflection.GetRepeatedUInt64(message, field_, i));
      return CompareWide(static_cast<Wide>(value), number_);
    }
    case Type::kDouble: {
      const bool narrow = field_->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
      const double value = narrow ? (i < 0 ? reflection.GetFloat(message, field_)
                                           : reflection.GetRepeatedFloat(message, field_, i))
                                  : (i < 0 ? reflection.GetDouble(message, field_)
                                           : reflection.GetRepeatedDouble(message, field_, i));
      return value <=> double_;
    }
    case Type::kBool: {
      const bool value = i < 0 ? reflection.GetBool(message, field_)
                               : reflection.GetRepeatedBool(message, field_, i);
      return int64_t{value} <=> integer_;
    }
    case Type::kEnum: {
      const int64_t value = i < 0 ? reflection.GetEnumValue(message, field_)
                                  : reflection.GetRepeatedEnumValue(message, field_, i);
      return value <=> integer_;
    }
    case Type::kDecimal: {
      const absl::optional<Decimal> value = ReadDecimal(sub());
      return value ? std::partial_ordering(*value <=> number_) : std::partial_ordering::unordered;
    }
    case Type::kTime: {
      const absl::Time value = ReadTimestamp(sub());
      return value < time_    ? std::partial_ordering::less
             : value == time_ ? std::partial_ordering::equivalent
                              : std::partial_ordering::greater;
    }
    case Type::kDate:
      return ReadDate(sub()) - day_ <=> 0;
    case Type::kMap: {
      const Message& entry = reflection.GetRepeatedMessage(message, field_, i);
      std::string scratch;
      const std::string& key = entry.GetReflection()->GetStringReference(
          entry, entry.GetDescriptor()->FindFieldByNumber(1), &scratch);
      return key.compare(text_) <=> 0;
    }
  }
  return std::partial_ordering::unordered;
}

bool FilterValue::Contains(const Message& message) const {
  std::string scratch;
  return absl::StrContains(message.GetReflection()->GetStringReference(message, field_, &scratch),
                           text_);
}

}  // namespace terrace::resource
