#include "common/resource/field_path.h"

#include <string>

#include "absl/strings/str_split.h"

namespace terrace::resource {

FieldPath ResolvePath(absl::string_view text, const google::protobuf::Descriptor* type,
                      bool through_repeated) {
  FieldPath path;
  for (absl::string_view name : absl::StrSplit(text, '.')) {
    const google::protobuf::FieldDescriptor* field = type == nullptr || path.size() == kFieldPathMax
                                                         ? nullptr
                                                         : type->FindFieldByName(std::string(name));
    if (field == nullptr) return {};
    path.push_back(field);
    const bool stops = field->is_map() || (field->is_repeated() && !through_repeated);
    type = stops ? nullptr : field->message_type();
  }
  return path;
}

}  // namespace terrace::resource
