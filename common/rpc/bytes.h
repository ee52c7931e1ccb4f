// Messages to and from gRPC's byte buffers.
#ifndef TERRACE_COMMON_RPC_BYTES_H_
#define TERRACE_COMMON_RPC_BYTES_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace terrace::rpc {

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message);

// The whole content as one slice; `slice` keeps it alive.
absl::string_view Flatten(const grpc::ByteBuffer& buffer, grpc::Slice* slice);

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// Parses bytes that came from outside: MALFORMED_MESSAGE, or INVALID_UTF8 naming the field.
absl::Status ParseMessage(absl::string_view bytes, google::protobuf::Message* message);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_BYTES_H_
