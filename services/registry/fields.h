// Checks of single fields that several resources of the registry share.
//
// Requests come here after CheckMessage of common/base/text.h: their text is valid UTF-8, their
// enums are known. What is checked here is what the registry itself asks for.
//
// Thread-safety. Pure functions.
#ifndef TERRACE_SERVICES_REGISTRY_FIELDS_H_
#define TERRACE_SERVICES_REGISTRY_FIELDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/resource/etag.h"
#include "google/protobuf/map.h"
#include "google/protobuf/message.h"

namespace terrace::registry {

// Limits of text in bytes and of lists in items.
inline constexpr size_t kReasonBytesMax = 500;
inline constexpr size_t kRemarkBytesMax = 200;
inline constexpr int kLocalizedNamesMax = 20;

// REQUIRED_FIELD.
absl::Status Required(absl::string_view field);
// INVALID_FIELD with the detail.
absl::Status InvalidField(absl::string_view field, absl::string_view detail);
// REQUIRED_FIELD when empty, otherwise as CheckText.
absl::Status CheckRequiredText(absl::string_view field, absl::string_view value, size_t bytes_max);
// BATCH_TOO_LARGE above `limit`.
absl::Status CheckCount(int count, int limit);

// "display_name" and "localized_names" of any resource.
absl::Status CheckNames(absl::string_view display_name,
                        const google::protobuf::Map<std::string, std::string>& localized_names);

using resource::CheckEtag;
using resource::EtagOf;
// Whether two messages of one type say the same, maps in whatever order.
bool SameContent(const google::protobuf::Message& a, const google::protobuf::Message& b);

}  // namespace terrace::registry

#endif  // TERRACE_SERVICES_REGISTRY_FIELDS_H_
