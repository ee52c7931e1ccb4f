// The one place where absl::Status meets gRPC: google.rpc details out, and back in on the client.
#ifndef TERRACE_COMMON_RPC_STATUS_H_
#define TERRACE_COMMON_RPC_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace terrace::rpc {

// ErrorInfo, LocalizedMessage in zh-CN and en, and BadRequest, ResourceInfo, PreconditionFailure or
// RetryInfo where they fit.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// Keeps the ErrorInfo, so that HasReason works on the client too.
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_STATUS_H_
