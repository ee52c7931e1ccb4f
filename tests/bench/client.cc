#include "tests/bench/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace terrace::bench {
namespace {

constexpr std::chrono::seconds kTimeout(20);

class BytesClientImpl : public BytesClient {
 public:
  BytesClientImpl(int port, const std::string& token)
      : stub_(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port),
                                  grpc::InsecureChannelCredentials())),
        authorization_(token.empty() ? "" : absl::StrCat("Bearer ", token)) {}

  void Call(const std::string& method, absl::string_view request,
            absl::AnyInvocable<void(absl::Status)> done) override {
    struct Running {
      grpc::ClientContext context;
      grpc::ByteBuffer request;
      grpc::ByteBuffer reply;
      absl::AnyInvocable<void(absl::Status)> done;
    };
    auto call = std::make_shared<Running>();
    call->context.set_deadline(std::chrono::system_clock::now() + kTimeout);
    if (!authorization_.empty()) call->context.AddMetadata("authorization", authorization_);
    grpc::Slice slice(request.data(), request.size());
    call->request = grpc::ByteBuffer(&slice, 1);
    call->done = std::move(done);
    stub_.UnaryCall(&call->context, method, grpc::StubOptions(), &call->request, &call->reply,
                    [call](const grpc::Status& status) {
                      call->done(absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                                              status.error_message()));
                    });
  }

 private:
  grpc::GenericStub stub_;
  const std::string authorization_;
};

}  // namespace

std::shared_ptr<BytesClient> BytesClient::Connect(int port, const std::string& token) {
  return std::make_shared<BytesClientImpl>(port, token);
}

}  // namespace terrace::bench
