#include "services/registry/fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace terrace::registry {
namespace {

constexpr size_t kLanguageTagBytesMax = 35;

bool IsLanguageTag(absl::string_view tag) {
  return tag.size() >= 2 && tag.size() <= kLanguageTagBytesMax && absl::ascii_isalpha(tag[0]) &&
         tag.back() != '-' && std::all_of(tag.begin(), tag.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-';
         });
}

}  // namespace

absl::Status Required(absl::string_view field) {
  return Error(Reason::REQUIRED_FIELD, {{"field", std::string(field)}});
}

absl::Status InvalidField(absl::string_view field, absl::string_view detail) {
  return Error(Reason::INVALID_FIELD,
               {{"field", std::string(field)}, {"detail", std::string(detail)}});
}

absl::Status CheckRequiredText(absl::string_view field, absl::string_view value, size_t bytes_max) {
  if (value.empty()) return Required(field);
  return CheckText(field, value, bytes_max);
}

absl::Status CheckCount(int count, int limit) {
  if (count <= limit) return absl::OkStatus();
  return Error(Reason::BATCH_TOO_LARGE,
               {{"count", absl::StrCat(count)}, {"limit", absl::StrCat(limit)}});
}

absl::Status CheckNames(absl::string_view display_name,
                        const google::protobuf::Map<std::string, std::string>& localized_names) {
  TERRACE_RETURN_IF_ERROR(CheckRequiredText("display_name", display_name, kDisplayNameBytesMax));
  TERRACE_RETURN_IF_ERROR(CheckCount(static_cast<int>(localized_names.size()), kLocalizedNamesMax));
  for (const auto& [tag, name] : localized_names) {
    if (!IsLanguageTag(tag)) {
      return InvalidField("localized_names", absl::StrCat("\"", tag, "\" is no language tag"));
    }
    TERRACE_RETURN_IF_ERROR(CheckRequiredText("localized_names", name, kDisplayNameBytesMax));
  }
  return absl::OkStatus();
}

bool SameContent(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return resource::SerializeInOrder(a) == resource::SerializeInOrder(b);
}

}  // namespace terrace::registry
