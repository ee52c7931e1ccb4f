// terrace status, terrace whoami: how the server is doing, and who asks.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/progress.h"
#include "services/terrace/words.h"
#include "terrace/gateway/v1/access.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = gateway::v1;

absl::Status Status(Context& context) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply,
                           client->Get<v1::GetStatusResponse>(v1::GetStatusRequest()));
  if (context.output().json()) {
    context.output().PrintJson(reply);
    return absl::OkStatus();
  }
  Table table({"SERVICE", "SERVING", "REVISION", "UNITS"});
  for (const v1::ServiceStatus& row : reply.services()) {
    table.Add({row.service(), row.serving() ? "yes" : "no",
               row.has_cursor() ? absl::StrCat(row.cursor().revision()) : "",
               Thousands(row.units())});
  }
  context.output().Print(table);
  context.output().Line(absl::StrCat("terrace ", reply.version(), " at ", client->address()));
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
      {.name = "whoami", .summary = "Tells which token is used and what it may do", .run = WhoAmI}};
}

}  // namespace terrace::cli
