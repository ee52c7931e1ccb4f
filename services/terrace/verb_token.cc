// terrace token, terrace grant: who may call, and what.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/time.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/gateway/v1/access.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = gateway::v1;

constexpr char kRoles[] = "viewer reporter inspector officer administrator auditor";

std::string RoleText(options::v1::Role role) {
  return EnumText(options::v1::Role_Name(role), "ROLE_");
}

absl::StatusOr<options::v1::Role> ParseRole(const Arguments& arguments) {
  TERRACE_ASSIGN_OR_RETURN(const size_t choice, arguments.Choice("role"));
  return static_cast<options::v1::Role>(options::v1::ROLE_VIEWER + choice);
}

absl::Status Create(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::CreateTokenRequest request;
  request.set_parent(UnitName(arguments.word(0)));
  request.set_token_id(arguments.word(1));
  request.mutable_token()->set_display_name(arguments.Text("for"));
  if (arguments.Given("expires")) {
    TERRACE_ASSIGN_OR_RETURN(const absl::Time time, ParseInstant(arguments.Text("expires")));
    *request.mutable_token()->mutable_expire_time() = ToProto(time);
  }
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<v1::CreateTokenResponse>(request));
  if (context.output().json()) {
    context.output().PrintJson(reply);
  } else if (arguments.Given("out")) {
    TERRACE_RETURN_IF_ERROR(
        WritePrivateFile(arguments.Text("out"), absl::StrCat(reply.secret(), "\n")));
    context.output().Line(
        absl::StrCat(reply.token().name(), ": the secret is in ", arguments.Text("out")));
  } else {
    context.output().Line(
        absl::StrCat(reply.token().name(), "\n", reply.secret(), "\nThis secret is shown once."));
  }
  return absl::OkStatus();
}

absl::Status Revoke(Context& context) {
  v1::RevokeTokenRequest request;
  request.set_name(context.arguments().word(0));
  return PrintOne<v1::Token>(context, request, [](const v1::Token& token) {
    return Facts{{"token", token.name()}, {"revoked", InstantText(token.revoke_time())}};
  });
}

absl::Status ListTokens(Context& context) {
  v1::ListTokensRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  return PrintPages<v1::ListTokensResponse>(
      context, request, &v1::ListTokensResponse::tokens,
      {"TOKEN", "FOR", "MADE", "EXPIRES", "REVOKED"}, [](const v1::Token& token) {
        return std::vector<std::string>{
            token.name(), token.display_name(), InstantText(token.create_time()),
            InstantText(token.expire_time()), InstantText(token.revoke_time())};
      });
}

absl::Status SetGrant(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::SetGrantRequest request;
  v1::Grant& grant = *request.mutable_grant();
  grant.set_name(absl::StrCat(UnitName(arguments.word(0)), "/grants/", arguments.word(1)));
  grant.set_subject(arguments.word(2));
  TERRACE_ASSIGN_OR_RETURN(const options::v1::Role role, ParseRole(arguments));
  grant.set_role(role);
  TERRACE_ASSIGN_OR_RETURN(const size_t line, arguments.Choice("line"));
  grant.set_line(line == 0 ? types::v1::LINE_TERRITORY : types::v1::LINE_SECTOR);
  if (arguments.Given("expires")) {
    TERRACE_ASSIGN_OR_RETURN(const absl::Time time, ParseInstant(arguments.Text("expires")));
    *grant.mutable_expire_time() = ToProto(time);
  }
  return PrintOne<v1::Grant>(context, request, [](const v1::Grant& set) {
    return Facts{{"grant", set.name()}, {"token", set.subject()}, {"role", RoleText(set.role())}};
  });
}

absl::Status RemoveGrant(Context& context) {
  v1::RemoveGrantRequest request;
  request.set_name(context.arguments().word(0));
  return PrintOne<v1::RemoveGrantResponse>(context, request, [&](const v1::RemoveGrantResponse&) {
    return Facts{{"removed", request.name()}};
  });
}

absl::Status ListGrants(Context& context) {
  v1::ListGrantsRequest request;
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  request.set_subject(context.arguments().Text("token"));
  return PrintPages<v1::ListGrantsResponse>(
      context, request, &v1::ListGrantsResponse::grants, {"GRANT", "TOKEN", "ROLE", "EXPIRES"},
      [](const v1::Grant& grant) {
        return std::vector<std::string>{grant.name(), grant.subject(), RoleText(grant.role()),
                                        InstantText(grant.expire_time())};
      });
}

Flag ExpiresFlag() { return {"expires", "INSTANT", "when it ends by itself; left out, never"}; }

}  // namespace

std::vector<Command> TokenCommands() {
  return {
      {.name = "token create",
       .words = "OFFICE ID",
       .words_min = 2,
       .words_max = 2,
       .summary = "Makes a token of an office; its secret is shown this once",
       .flags = {{"for", "TEXT", "what it is for: a desk or a program, never a person"},
                 ExpiresFlag(),
                 {"out", "FILE", "writes the secret to this file instead of showing it", "", false,
                  "@file"}},
       .run = Create},
      {.name = "token list",
       .words = "OFFICE",
       .words_min = 1,
       .words_max = 1,
       .summary = "Lists the tokens of an office",
       .flags = {LimitFlag()},
       .run = ListTokens},
      {.name = "token revoke",
       .words = "TOKEN",
       .words_min = 1,
       .words_max = 1,
       .summary = "Ends a token for good",
       .run = Revoke},
      {.name = "grant set",
       .words = "UNIT ID TOKEN",
       .words_min = 3,
       .words_max = 3,
       .summary = "Gives a token a role at a unit and below it",
       .flags = {{"role", "ROLE", "what the token may do", "viewer", false, kRoles},
                 LineFlag(),
                 ExpiresFlag()},
       .run = SetGrant},
      {.name = "grant list",
       .summary = "Lists grants",
       .flags = {UnderFlag("grants"), {"token", "TOKEN", "only those of this token"}, LimitFlag()},
       .run = ListGrants},
      {.name = "grant remove",
       .words = "GRANT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Takes a grant back",
       .run = RemoveGrant},
  };
}

}  // namespace terrace::cli
