// google.longrunning.Operations over the operations that services keep in their logs. The name says
// whose it is: "units/{office}/operations/{service}.{id}".
#ifndef TERRACE_COMMON_RPC_OPERATIONS_H_
#define TERRACE_COMMON_RPC_OPERATIONS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/access/authenticator.h"
#include "common/machine/machine.h"
#include "common/rpc/channel.h"
#include "common/rpc/methods.h"
#include "google/longrunning/operations.pb.h"
#include "terrace/internal/v1/internal.pb.h"

namespace terrace::rpc {

// A table that answers for the operations of these machines; they outlive it.
std::unique_ptr<Methods> OperationsMethods(std::vector<machine::Machine*> machines);

// A table that passes the calls on to the services that run the operations, by the service's name.
// The signer outlives it.
std::unique_ptr<Methods> ForwardOperations(std::map<std::string, std::shared_ptr<Channel>> services,
                                           const access::IdentitySigner* signer);

// An operation as callers see it.
google::longrunning::Operation ToOperation(const internal::v1::OperationRecord& record);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_OPERATIONS_H_
