// Server reflection (v1 and v1alpha) over the descriptors of the binary, for whatever services a
// server answers or forwards, and for health, whose descriptor gRPC's own plugin does not find.
#ifndef TERRACE_COMMON_RPC_REFLECTION_H_
#define TERRACE_COMMON_RPC_REFLECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/methods.h"

namespace terrace::rpc {

// One table per version of the protocol. `services` are the full names to list.
std::vector<std::unique_ptr<Methods>> ReflectionMethods(std::vector<std::string> services);

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_REFLECTION_H_
