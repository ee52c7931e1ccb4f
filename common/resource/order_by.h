// Orders of lists: "level, display_name desc".
//
// Concept. An order turns a row into a sort key: bytes whose plain comparison gives the order, with
// the resource name at the end to make it total. The same key serves as the last key of a page
// token, so ordered lists are paged by key like all others.
//
// Fields may be strings, numbers, Decimals, bools, enums, Timestamps and Dates, dotted through
// singular messages; unset messages come first. Errors are INVALID_FIELD for order_by.
//
// Thread-safety. Immutable; may be shared by threads.
#ifndef TERRACE_COMMON_RESOURCE_ORDER_BY_H_
#define TERRACE_COMMON_RESOURCE_ORDER_BY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace terrace::resource {

inline constexpr size_t kOrderFieldsMax = 5;

class OrderBy {
 public:
  // By name alone.
  OrderBy() = default;
  static absl::StatusOr<OrderBy> Parse(absl::string_view text,
                                       const google::protobuf::Descriptor* type);

  // The sort key of `message`, whose resource name is `name`.
  std::string SortKey(const google::protobuf::Message& message, absl::string_view name) const;
  bool by_name_only() const { return fields_.empty(); }

 private:
  struct Field {
    std::vector<const google::protobuf::FieldDescriptor*> path;
    bool descending = false;
  };
  std::vector<Field> fields_;
};

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_ORDER_BY_H_
