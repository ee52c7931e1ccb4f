// Calling a server by method name and messages: blocking calls for programs and followers. No
// generated stubs and no gRPC headers.
//
// Thread-safety: a Channel may be used from any thread; a Stream belongs to one thread at a time.
#ifndef TERRACE_COMMON_RPC_CHANNEL_H_
#define TERRACE_COMMON_RPC_CHANNEL_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"

namespace grpc {
class Channel;
}

namespace terrace::rpc {

// Who calls: headers of every call. Either a token or a signed identity.
struct CallerOptions {
  std::string token;  // Sent as "authorization: Bearer ..."; empty for none.
  std::function<std::string()> signed_identity;  // Made anew for each call; empty for none.
  // PEM file of the authorities that may vouch for a server called by "https://"; empty for those
  // of the system.
  std::string authorities_file = "";
};

// A call that is passed on for somebody else.
struct OnBehalf {
  std::string signed_identity;      // Whose call it is.
  std::string* position = nullptr;  // Where the positions go that the answer speaks for.
};

// One streaming call of any kind, or a unary one taken apart.
class Stream {
 public:
  virtual ~Stream() = default;  // Cancels when the call is not finished.
  // False when the call is over; Finish then tells why.
  virtual bool Write(const google::protobuf::Message& message) = 0;
  virtual void WritesDone() = 0;
  // False after the last message.
  virtual bool Read(google::protobuf::Message* message) = 0;
  virtual absl::Status Finish() = 0;
  // From any thread: makes a waiting Read or Write return false.
  virtual void Cancel() = 0;
};

class Channel {
 public:
  // `address` is "127.0.0.1:7443", several of those separated by commas, a name of DNS,
  // "dns:///terrace:7443", or "https://terrace.example:443" for TLS. Calls are spread over all that
  // are healthy. Calls of methods of `services` (proto services, full names) that change nothing
  // are tried again where a server could not answer; others never are, since they may have been
  // answered already.
  static std::shared_ptr<Channel> Connect(const std::string& address, CallerOptions caller,
                                          const std::vector<std::string>& services = {});
  Channel(std::shared_ptr<grpc::Channel> channel, CallerOptions caller);
  ~Channel();

  // `method` is "/package.Service/Method". Headers of the answer go to `headers` when it is given.
  absl::Status Call(absl::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* reply, absl::Time deadline = absl::InfiniteFuture(),
                    std::map<std::string, std::string>* headers = nullptr);

  // The same without blocking: `done` runs on a thread of gRPC; request, reply, position and the
  // channel live until then. Without `on_behalf` the call is the channel's own.
  void CallAsync(absl::string_view method, const google::protobuf::Message& request,
                 google::protobuf::Message* reply, absl::Time deadline,
                 absl::optional<OnBehalf> on_behalf, absl::AnyInvocable<void(absl::Status)> done);

  std::unique_ptr<Stream> Open(absl::string_view method,
                               absl::Time deadline = absl::InfiniteFuture());

  // Whether the server can be reached before the deadline.
  bool WaitForConnected(absl::Time deadline);

  const std::shared_ptr<grpc::Channel>& grpc_channel() const { return channel_; }

  // What the answers to this channel's calls spoke for; sent along with every later call, so that
  // the caller reads its own writes.
  struct Seen;

 private:
  std::shared_ptr<grpc::Channel> channel_;
  CallerOptions caller_;
  const std::shared_ptr<Seen> seen_;  // Null for services, which wait for their mirrors.
};

}  // namespace terrace::rpc

#endif  // TERRACE_COMMON_RPC_CHANNEL_H_
