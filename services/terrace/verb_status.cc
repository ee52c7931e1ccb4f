// terrace status, terrace metrics, terrace whoami: how the servers are doing, and who asks.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/progress.h"
#include "services/terrace/words.h"
#include "terrace/gateway/v1/access.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = gateway::v1;

using google::protobuf::util::TimeUtil;

// The upstreams whose watch is broken, and since when nothing was heard of them.
std::string Behind(const v1::ServiceStatus& row) {
  std::string behind;
  for (const v1::Upstream& upstream : row.upstreams()) {
    if (upstream.connected()) continue;
    absl::StrAppend(&behind, behind.empty() ? "" : ", ", upstream.service(),
                    upstream.has_heard_time()
                        ? absl::StrCat(" since ", InstantText(upstream.heard_time()))
                        : " since the start");
  }
  return behind;
}

// The upper end of the bucket below which that share of the calls lies.
std::string Within(const v1::MethodMetrics& row, double share) {
  double upper_ms = 0.25;
  int64_t calls = 0;
  for (int i = 0; i + 1 < row.time_buckets_size(); ++i, upper_ms *= 2) {
    calls += row.time_buckets(i);
    if (static_cast<double>(calls) >= share * static_cast<double>(row.calls())) {
      return absl::StrFormat("%g", upper_ms);
    }
  }
  return "longer";
}

absl::Status Status(Context& context) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply,
                           client->Get<v1::GetStatusResponse>(v1::GetStatusRequest()));
  if (context.output().json()) {
    context.output().PrintJson(reply);
    return absl::OkStatus();
  }
  Table table({"SERVICE", "ADDRESS", "SERVING", "REVISION", "UNITS", "BEHIND"});
  for (const v1::ServiceStatus& row : reply.services()) {
    table.Add({row.service(), row.address(), row.serving() ? "yes" : "no",
               row.has_cursor() ? absl::StrCat(row.cursor().revision()) : "",
               row.serving() ? Thousands(row.units()) : "", Behind(row)});
  }
  context.output().Print(table);
  context.output().Line(absl::StrCat("terrace ", reply.version(), " at ", client->address()));
  return absl::OkStatus();
}

// The calls of each method.
absl::Status Metrics(Context& context) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(auto reply,
                           client->Get<v1::GetMetricsResponse>(v1::GetMetricsRequest()));
  if (context.output().json()) {
    context.output().PrintJson(reply);
    return absl::OkStatus();
  }
  Table table({"PROCESS", "METHOD", "CALLS", "FAILURES", "MEAN MS", "99 % WITHIN MS"});
  for (const v1::MethodMetrics& row : reply.methods()) {
    const double mean = static_cast<double>(TimeUtil::DurationToMicroseconds(row.total_time())) /
                        1e3 / static_cast<double>(std::max<int64_t>(row.calls(), 1));
    table.Add({row.process(), row.method(), Thousands(row.calls()), Thousands(row.failures()),
               absl::StrFormat("%.2f", mean), Within(row, 0.99)});
  }
  context.output().Print(table);
  return absl::OkStatus();
}

absl::Status WhoAmI(Context& context) {
  return PrintOne<v1::WhoAmIResponse>(
      context, v1::WhoAmIRequest(), [](const v1::WhoAmIResponse& reply) {
        Facts facts = {{"token", reply.token().name()},
                       {"for", reply.token().display_name()},
                       {"expires", InstantText(reply.token().expire_time())},
                       {"role in the whole realm",
                        EnumText(options::v1::Role_Name(reply.token().realm_role()), "ROLE_")}};
        for (const v1::Grant& grant : reply.grants()) {
          facts.push_back({EnumText(options::v1::Role_Name(grant.role()), "ROLE_"), grant.name()});
        }
        return facts;
      });
}

}  // namespace

std::vector<Command> StatusCommands() {
  return {
      {.name = "status",
       .summary = "Tells which services answer and how far they have come",
       .run = Status},
      {.name = "metrics",
       .summary = "Counts the calls of each method since the processes started",
       .run = Metrics},
      {.name = "whoami", .summary = "Tells which token is used and what it may do", .run = WhoAmI}};
}

}  // namespace terrace::cli
