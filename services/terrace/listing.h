// The shapes that most commands print: the rows of a list, page by page, one resource, and what an
// operation has come to.
#ifndef TERRACE_SERVICES_TERRACE_LISTING_H_
#define TERRACE_SERVICES_TERRACE_LISTING_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "google/protobuf/repeated_field.h"
#include "services/terrace/context.h"
#include "services/terrace/words.h"

namespace terrace::cli {

// A line for every service whose figures in the reply may be old; empty for most replies.
template <class Reply>
std::string StaleText(const Reply& reply) {
  std::string text;
  if constexpr (requires { reply.stale_inputs(); }) {
    for (const auto& input : reply.stale_inputs()) {
      absl::StrAppend(
          &text, "The figures of ", input.service(), " may be old: it cannot be reached",
          input.has_heard_time() ? absl::StrCat(" since ", InstantText(input.heard_time())) : "",
          ".\n");
    }
  }
  return text;
}

// Calls a list to its end, or up to --limit rows, and prints every row: with --json one by one,
// otherwise as a table whose cells `cells` makes.
template <class Reply, class Row, class Request, class Cells>
absl::Status PrintPages(Context& context, Request request,
                        const google::protobuf::RepeatedPtrField<Row>& (Reply::*rows)() const,
                        std::vector<std::string> headings, Cells cells) {
  int64_t left = 0;
  TERRACE_ASSIGN_OR_RETURN(
      left, context.arguments().Number("limit", 0, std::numeric_limits<int32_t>::max()));
  if (left == 0) left = std::numeric_limits<int64_t>::max();
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  Table table(std::move(headings));
  std::string stale;
  TERRACE_RETURN_IF_ERROR(client->Pages<Reply>(std::move(request), [&](const Reply& reply) {
    stale = StaleText(reply);
    for (const Row& row : (reply.*rows)()) {
      if (left-- == 0) return false;
      if (context.output().json()) {
        context.output().PrintJson(row);
      } else {
        table.Add(cells(row));
      }
    }
    return left > 0;
  }));
  if (!context.output().json()) {
    context.output().Print(table);
    context.output().stream() << stale;
  }
  return absl::OkStatus();
}

// Facts about one resource; those without a value are left out.
using Facts = std::vector<std::pair<std::string, std::string>>;
std::string FactsText(const Facts& facts);

// Calls a method that answers with one resource and prints it.
template <class Reply, class Request, class ToFacts>
absl::Status PrintOne(Context& context, const Request& request, ToFacts facts) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const Reply reply, client->Get<Reply>(request));
  if (context.output().json()) {
    context.output().PrintJson(reply);
  } else {
    context.output().stream() << FactsText(facts(reply)) << StaleText(reply);
  }
  return absl::OkStatus();
}

// Calls a method that starts an operation, waits for its end, and prints what `text` makes of its
// response, which ends with a line feed; with --json the operation.
template <class Response, class Request, class ToText>
absl::Status PrintAwaited(Context& context, const Request& request, ToText text) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto operation, client->Await(request));
  if (context.output().json()) {
    context.output().PrintJson(operation);
    return absl::OkStatus();
  }
  Response response;
  if (!operation.response().UnpackTo(&response)) {
    return absl::InternalError(absl::StrCat("no response in ", operation.name()));
  }
  context.output().stream() << text(response);
  return absl::OkStatus();
}

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_LISTING_H_
