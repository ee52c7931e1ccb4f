// google.longrunning.Operations over the operations that services keep in their logs. The name says
// whose it is: "units/{office}/operations/{service}.{id}".
#ifndef TERRACE_COMMON_RPC_OPERATIONS_H_
#define TERRACE_COMMON_RPC_OPERATIONS_H_

#include <memory>
#include <vector>

#include "common/machine/machine.h"
#include "common/rpc/methods.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::rpc {

// A table that answers for the operations of these machines; they outlive it.
std::unique_ptr<Methods> OperationsMethods(std::vector<machine::Machine*> machines);

// An operation as callers see it.
google::longrunning::Operation ToOperation(const internal::v1::OperationRecord& record);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_OPERATIONS_H_
