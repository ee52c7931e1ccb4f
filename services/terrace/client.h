// Calling a server of Terrace from the command line, by messages alone: the method follows from the
// request's type ("terrace.registry.v1.GetUnitRequest" is UnitRegistry.GetUnit).
//
// Thread-safety. May be used from any thread.
#ifndef TERRACE_SERVICES_TERRACE_CLIENT_H_
#define TERRACE_SERVICES_TERRACE_CLIENT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/check.h"
#include "common/rpc/channel.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/message.h"
#include "services/terrace/command.h"

namespace terrace::cli {

// Where a server on this machine writes its address, beside its first token.
inline constexpr char kAddressFile[] = "serve.address";
inline constexpr char kTokenFile[] = "admin.token";
inline constexpr char kDefaultAddress[] = "127.0.0.1:7443";

class Client {
 public:
  // By --server, --token-file, --ca-file, --data-dir and --timeout. NO_TOKEN_FILE without a token.
  static absl::StatusOr<std::unique_ptr<Client>> FromArguments(const Arguments& arguments);
  // For the authorities file see rpc::CallerOptions.
  Client(std::string address, const std::string& token, absl::Duration timeout,
         const std::string& authorities_file = "");

  // A unary call. A request that has a request_id and no value in it gets a fresh one.
  absl::Status Call(const google::protobuf::Message& request, google::protobuf::Message* reply);
  // The same, returning the reply.
  template <class Reply>
  absl::StatusOr<Reply> Get(const google::protobuf::Message& request) {
    Reply reply;
    TERRACE_RETURN_IF_ERROR(Call(request, &reply));
    return reply;
  }
  // Goes through the pages of a list; `take` sees every page and says whether to go on.
  template <class Reply, class Request, class Take>
  absl::Status Pages(Request request, Take take) {
    if (request.page_size() == 0) request.set_page_size(kPageRows);
    do {
      Reply reply;
      TERRACE_RETURN_IF_ERROR(Call(request, &reply));
      if (!take(reply)) break;
      request.set_page_token(reply.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }
  // Starts an operation and waits for its end.
  absl::StatusOr<google::longrunning::Operation> Await(const google::protobuf::Message& request);

  // A call of the method of `request` with streams. Without a time-out.
  std::unique_ptr<rpc::Stream> Open(const google::protobuf::Descriptor* request);
  // Sends `request` on a server stream and reads it to its end.
  template <class Reply, class Take>
  absl::Status Pull(const google::protobuf::Message& request, Take take) {
    std::unique_ptr<rpc::Stream> stream = Open(request.GetDescriptor());
    if (stream->Write(request)) stream->WritesDone();
    Reply reply;
    while (stream->Read(&reply)) take(reply);
    return Explain(stream->Finish());
  }
  // Makes what the transport says into advice: which server, which token.
  absl::Status Explain(const absl::Status& status) const;

  const std::string& address() const { return address_; }

 private:
  static constexpr int kPageRows = 1000;

  const std::string address_;
  const absl::Duration timeout_;
  const std::shared_ptr<rpc::Channel> channel_;
};

// "/terrace.registry.v1.UnitRegistry/GetUnit" for "terrace.registry.v1.GetUnitRequest".
std::string MethodOf(const google::protobuf::Descriptor* request);

// A random UUID, for request ids.
std::string NewRequestId();

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_CLIENT_H_
