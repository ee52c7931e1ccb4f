#include "common/rpc/bytes.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/rpc/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace terrace::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

// Path of the first string field that is not UTF-8; empty when there is none or the bytes end
// badly. Generated parsers only say that parsing failed.
std::string FindBadUtf8(absl::string_view bytes, const Descriptor& type) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  while (uint32_t tag = input.ReadTag()) {
    const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    const bool sized =
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (field == nullptr || !sized) {
      if (!WireFormatLite::SkipField(&input, tag)) return "";
      continue;
    }
    int size = 0;
    if (!input.ReadVarintSizeAsInt(&size)) return "";
    const size_t at = input.CurrentPosition();
    if (at + size > bytes.size()) return "";
    absl::string_view value = bytes.substr(at, size);
    if (field->type() == FieldDescriptor::TYPE_STRING && !IsValidUtf8(value)) return field->name();
    if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
      std::string inner = FindBadUtf8(value, *field->message_type());
      if (!inner.empty()) return absl::StrCat(field->name(), ".", inner);
    }
    if (!input.Skip(size)) return "";
  }
  return "";
}

}  // namespace

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  // A fresh slice is ours alone until the buffer takes it.
  TERRACE_CHECK(message.SerializeToArray(const_cast<uint8_t*>(slice.begin()),
                                         static_cast<int>(slice.size())));
  return grpc::ByteBuffer(&slice, 1);
}

absl::string_view Flatten(const grpc::ByteBuffer& buffer, grpc::Slice* slice) {
  TERRACE_CHECK(buffer.DumpToSingleSlice(slice).ok());
  return absl::string_view(reinterpret_cast<const char*>(slice->begin()), slice->size());
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      ToRpcStatus(status).SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details()) &&
      rich.code() == static_cast<int>(status.error_code())) {
    return FromRpcStatus(rich);
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::Status ParseMessage(absl::string_view bytes, google::protobuf::Message* message) {
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  std::string field = FindBadUtf8(bytes, *message->GetDescriptor());
  if (!field.empty()) return Error(Reason::INVALID_UTF8, {{"field", field}});
  return Error(Reason::MALFORMED_MESSAGE, {{"type", message->GetDescriptor()->full_name()}});
}

}  // namespace terrace::rpc
