#include "common/rpc/channelz.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "google/protobuf/util/json_util.h"
#include "grpc/channelz/v1/channelz.pb.h"

namespace terrace::rpc {
namespace {

namespace v1 = grpc::channelz::v1;

// gRPC answers in JSON, or with null for what there is none of.
absl::Status Answer(char* json, absl::string_view what, int64_t id, Message* reply) {
  if (json == nullptr) return Error(Reason::NOT_FOUND, {{"name", absl::StrCat(what, " ", id)}});
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, reply, options);
  gpr_free(json);
  return status.ok() ? absl::OkStatus() : absl::InternalError(status.ToString());
}

// A method that looks up one thing by its id.
template <class Req, class Resp>
void AddGet(Methods* methods, const char* method, absl::string_view what, char* (*get)(intptr_t),
            int64_t (Req::*id)() const) {
  methods->Read<Req, Resp>(method, [get, id, what](Call&, const Req& request, Resp* reply) {
    const int64_t number = (request.*id)();
    return Answer(get(number), what, number, reply);
  });
}

}  // namespace

std::unique_ptr<Methods> ChannelzMethods() {
  auto methods = std::make_unique<Methods>("grpc.channelz.v1.Channelz", nullptr);
  AddGet<v1::GetTopChannelsRequest, v1::GetTopChannelsResponse>(
      methods.get(), "GetTopChannels", "channel", &grpc_channelz_get_top_channels,
      &v1::GetTopChannelsRequest::start_channel_id);
  AddGet<v1::GetServersRequest, v1::GetServersResponse>(methods.get(), "GetServers", "server",
                                                        &grpc_channelz_get_servers,
                                                        &v1::GetServersRequest::start_server_id);
  AddGet<v1::GetServerRequest, v1::GetServerResponse>(methods.get(), "GetServer", "server",
                                                      &grpc_channelz_get_server,
                                                      &v1::GetServerRequest::server_id);
  methods->Read<v1::GetServerSocketsRequest, v1::GetServerSocketsResponse>(
      "GetServerSockets",
      [](Call&, const v1::GetServerSocketsRequest& request, v1::GetServerSocketsResponse* reply) {
        return Answer(grpc_channelz_get_server_sockets(
                          request.server_id(), request.start_socket_id(), request.max_results()),
                      "server", request.server_id(), reply);
      });
  AddGet<v1::GetChannelRequest, v1::GetChannelResponse>(methods.get(), "GetChannel", "channel",
                                                        &grpc_channelz_get_channel,
                                                        &v1::GetChannelRequest::channel_id);
  AddGet<v1::GetSubchannelRequest, v1::GetSubchannelResponse>(
      methods.get(), "GetSubchannel", "subchannel", &grpc_channelz_get_subchannel,
      &v1::GetSubchannelRequest::subchannel_id);
  AddGet<v1::GetSocketRequest, v1::GetSocketResponse>(methods.get(), "GetSocket", "socket",
                                                      &grpc_channelz_get_socket,
                                                      &v1::GetSocketRequest::socket_id);
  return methods;
}

}  // namespace terrace::rpc
