#include "tests/bench/echo_proxy.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/access/authenticator.h"
#include "common/base/check.h"
#include "common/base/executor.h"
#include "common/base/random.h"
#include "common/rpc/server.h"
#include "common/tree/tree.h"

namespace terrace::bench {
namespace {

class Everybody : public access::Authenticator {
 public:
  absl::StatusOr<access::Identity> Authenticate(const access::Credentials&,
                                                absl::Time) const override {
    access::Identity identity;
    identity.subject = "units/realm/tokens/bench";
    identity.token = identity.subject;
    identity.grants.push_back(
        {"", types::v1::LINE_TERRITORY, options::v1::ROLE_ADMINISTRATOR, absl::InfiniteFuture()});
    return identity;
  }
};

class EchoProxyImpl : public EchoProxy {
 public:
  absl::Status Init(int echo_port) {
    rpc::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.routes.push_back(
        {"terrace.registry.v1.UnitRegistry",
         rpc::Channel::Connect(absl::StrCat("127.0.0.1:", echo_port), {"", nullptr})});
    options.authenticator = &everybody_;
    options.signer = &signer_;
    options.tree = [this] { return trees_.Get(); };
    options.clock = &clock_;
    options.executor = &executor_;
    TERRACE_ASSIGN_OR_RETURN(server_, rpc::Server::Start(std::move(options)));
    return absl::OkStatus();
  }
  int port() const override { return server_->port(); }

 private:
  const SystemClock clock_;
  const Everybody everybody_;
  const access::IdentitySigner signer_{RandomHex(32)};
  const tree::TreeHolder trees_;
  Executor executor_{2};
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EchoProxy>> EchoProxy::Start(int echo_port) {
  auto proxy = std::make_unique<EchoProxyImpl>();
  TERRACE_RETURN_IF_ERROR(proxy->Init(echo_port));
  return proxy;
}

}  // namespace terrace::bench
