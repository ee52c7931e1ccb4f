#include "common/resource/etag.h"

#include "absl/strings/escaping.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace terrace::resource {
namespace {

// 12 characters of base64; 72 bits: no two versions that anyone could mix up share an etag.
constexpr size_t kEtagHashBytes = 9;

}  // namespace

std::string SerializeInOrder(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

std::string EtagOf(const google::protobuf::Message& record) {
  const std::string hash = Sha256(SerializeInOrder(record));
  return absl::WebSafeBase64Escape(absl::string_view(hash).substr(0, kEtagHashBytes));
}

absl::Status CheckEtag(absl::string_view given, absl::string_view present, absl::string_view name) {
  if (given.empty() || given == present) return absl::OkStatus();
  return Error(Reason::ETAG_MISMATCH, {{"name", std::string(name)}});
}

absl::Status CheckEtag(absl::string_view given, const google::protobuf::Message& record,
                       absl::string_view name) {
  return given.empty() ? absl::OkStatus() : CheckEtag(given, EtagOf(record), name);
}

}  // namespace terrace::resource
