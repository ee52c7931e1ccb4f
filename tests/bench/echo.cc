#include "tests/bench/echo.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "common/base/check.h"

namespace terrace::bench {
namespace {

class EchoCall : public grpc::ServerGenericBidiReactor {
 public:
  EchoCall() { StartRead(&buffer_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWriteAndFinish(&buffer_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer buffer_;
};

class EchoServerImpl : public EchoServer, private grpc::CallbackGenericService {
 public:
  EchoServerImpl() {
    // Our channels ask a server whether it is healthy before they send it anything.
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    TERRACE_CHECK(server_ != nullptr);
  }
  ~EchoServerImpl() override {
    server_->Shutdown();
    server_->Wait();
  }
  int port() const override { return port_; }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new EchoCall;
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<EchoServer> EchoServer::Start() { return std::make_unique<EchoServerImpl>(); }

}  // namespace terrace::bench
