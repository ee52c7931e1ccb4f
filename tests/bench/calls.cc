// Unary reads. The echo is sent what GetUnit answers, so that the yardstick carries real bytes.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "services/terrace/sample/sample.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/registry/v1/unit.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/bench/client.h"
#include "tests/bench/echo_proxy.h"
#include "tests/bench/measurements.h"

namespace terrace::bench {
namespace {

constexpr int kInFlight = 32;

Contestant Unary(const Effort& effort, const std::string& what,
                 const std::shared_ptr<BytesClient>& client, const std::string& method,
                 std::string request) {
  return {what, "calls/s", [turn = effort.turn, client, method, request = std::move(request)] {
            return RunLoad(kInFlight, turn,
                           [&](int64_t, absl::AnyInvocable<void(absl::Status)> done) {
                             client->Call(method, request, std::move(done));
                           });
          }};
}

}  // namespace

absl::Status MeasureCalls(const Effort& effort, const EchoServer& echo,
                          absl::Span<const World* const> worlds, Table* table) {
  registry::v1::GetUnitRequest get_unit;
  get_unit.set_name(sample::kCountyA);
  TERRACE_ASSIGN_OR_RETURN(const registry::v1::Unit unit,
                           worlds[0]->NewClient()->Get<registry::v1::Unit>(get_unit));
  scoring::v1::GetScoreRequest get_score;
  get_score.set_name(absl::StrCat(sample::kCountyA, "/scores/nation~township-work~2016"));

  TERRACE_ASSIGN_OR_RETURN(const std::unique_ptr<EchoProxy> proxy, EchoProxy::Start(echo.port()));
  const std::string unit_method = cli::MethodOf(get_unit.GetDescriptor());
  std::vector<Contestant> contestants = {
      Unary(effort, "bare gRPC echo", BytesClient::Connect(echo.port(), ""), "/bench.Echo/Echo",
            unit.SerializeAsString()),
      // The echoed bytes are a unit, whose first field is its name as in the request: so the check
      // of access finds what it looks for.
      Unary(effort, "the echo behind our proxy", BytesClient::Connect(proxy->port(), ""),
            unit_method, unit.SerializeAsString())};
  for (const World* world : worlds) {
    const auto client = world->NewBytesClient();
    const auto add = [&](const char* what, const google::protobuf::Message& request) {
      contestants.push_back(Unary(effort, absl::StrCat(what, ", ", world->label()), client,
                                  cli::MethodOf(request.GetDescriptor()),
                                  request.SerializeAsString()));
    };
    add("WhoAmI", gateway::v1::WhoAmIRequest());
    add("GetUnit", get_unit);
    add("GetScore", get_score);
  }
  Compete(effort.rounds, contestants, table);
  return absl::OkStatus();
}

}  // namespace terrace::bench
