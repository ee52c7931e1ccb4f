// The comparison at the end of a filter's path: a literal read for the type of a field, and
// compared with what messages hold there. Private to filter.cc.
//
// Thread-safety. Immutable once made.
#ifndef TERRACE_COMMON_RESOURCE_FILTER_VALUE_H_
#define TERRACE_COMMON_RESOURCE_FILTER_VALUE_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/decimal.h"
#include "google/protobuf/message.h"

namespace terrace::resource {

class FilterValue {
 public:
  // Reads `literal` for values of `field` (the elements of a repeated one, the keys of a map). The
  // error is a sentence for INVALID_FILTER with code INVALID_ARGUMENT, without a position.
  static absl::StatusOr<FilterValue> Make(const google::protobuf::FieldDescriptor* field,
                                          absl::string_view literal);

  // Whether "<" and its like make sense for the type.
  bool ordered() const { return type_ != Type::kBool; }
  bool is_string() const { return type_ == Type::kString; }

  // How the value in `message` stands to the literal: the i-th of a repeated field, or the only one
  // with i < 0. Unordered when a double is NaN.
  std::partial_ordering Compare(const google::protobuf::Message& message, int i) const;
  // For strings: whether the field's value contains the literal.
  bool Contains(const google::protobuf::Message& message) const;

 private:
  enum class Type {
    kString,
    kInteger,
    kUnsigned,
    kDouble,
    kBool,
    kEnum,
    kDecimal,
    kTime,
    kDate,
    kMap
  };

  const google::protobuf::FieldDescriptor* field_ = nullptr;
  Type type_ = Type::kString;
  std::string text_;     // kString, and the key for kMap.
  Decimal number_;       // kInteger, kUnsigned, kDouble, kDecimal.
  double double_ = 0;    // kDouble.
  int64_t integer_ = 0;  // kBool, kEnum.
  absl::Time time_;      // kTime.
  absl::CivilDay day_;   // kDate.
};

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_FILTER_VALUE_H_
