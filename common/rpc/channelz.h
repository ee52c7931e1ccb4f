// Channelz: what gRPC knows of its servers, channels and sockets in this process, for
// administrators who look into a connection.
//
// gRPC's own plugin would register a typed service, which takes its calls before the check of who
// is calling; so the same data is served from a table of methods.
#ifndef TERRACE_COMMON_RPC_CHANNELZ_H_
#define TERRACE_COMMON_RPC_CHANNELZ_H_

#include <memory>

#include "common/rpc/methods.h"

namespace terrace::rpc {

// The table of grpc.channelz.v1.Channelz.
std::unique_ptr<Methods> ChannelzMethods();

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_CHANNELZ_H_
