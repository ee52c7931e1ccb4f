#include "services/registry/fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/text.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace terrace::registry {
namespace {

constexpr size_t kEtagBytes = 9;  // 12 characters of base64.
constexpr size_t kLanguageTagBytesMax = 35;

// Maps have no order of their own; here they get one.
std::string SerializeInOrder(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

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

std::string EtagOf(const google::protobuf::Message& record) {
  const std::string hash = Sha256(SerializeInOrder(record));
  return absl::WebSafeBase64Escape(absl::string_view(hash).substr(0, kEtagBytes));
}

absl::Status CheckEtag(absl::string_view etag, const google::protobuf::Message& record,
                       absl::string_view name) {
  if (etag.empty() || etag == absl::string_view(EtagOf(record))) return absl::OkStatus();
  return Error(Reason::ETAG_MISMATCH, {{"name", std::string(name)}});
}

bool SameContent(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return SerializeInOrder(a) == SerializeInOrder(b);
}

}  // namespace terrace::registry
