// Dotted paths of fields, as filters, orders and masks write them.
//
// Thread-safety. Pure functions; paths point into the descriptor pool of their type.
#ifndef TERRACE_COMMON_RESOURCE_FIELD_PATH_H_
#define TERRACE_COMMON_RESOURCE_FIELD_PATH_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace terrace::resource {

inline constexpr size_t kFieldPathMax = 8;

using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

// The fields that `text` names from `type` on: "a.b.c". Paths pass through messages; through
// repeated ones only when `through_repeated`, through maps never. Empty when there is no such
// field.
FieldPath ResolvePath(absl::string_view text, const google::protobuf::Descriptor* type,
                      bool through_repeated);

}  // namespace terrace::resource

#endif  // TERRACE_COMMON_RESOURCE_FIELD_PATH_H_
