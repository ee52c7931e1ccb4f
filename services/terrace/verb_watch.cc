// terrace watch: what changes, as it changes, one line each.
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/inspections/v1/watch.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/watch.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// "unit units/county-a" for a change that holds one of several resources: the field that is set and
// the name in it.
std::string ChangeText(const Message& change) {
  std::vector<const FieldDescriptor*> fields;
  change.GetReflection()->ListFields(change, &fields);
  if (fields.empty()) return "";
  const FieldDescriptor* const field = fields[0];
  std::string name;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    name = change.GetReflection()->GetString(change, field);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Message& resource = change.GetReflection()->GetMessage(change, field);
    const FieldDescriptor* const named = resource.GetDescriptor()->FindFieldByName("name");
    if (named != nullptr) name = resource.GetReflection()->GetString(resource, named);
  }
  return absl::StrCat(field->name(), " ", name);
}

// Prints every message of a watch to its end; signs of life only with --json.
template <class Reply, class Request, class Changes>
absl::Status Follow(Context& context, const Request& request, Changes changes) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  return client->Pull<Reply>(request, [&](const Reply& reply) {
    if (context.output().json()) {
      context.output().PrintJson(reply);
      return;
    }
    for (const auto& change : changes(reply)) {
      context.output().Line(absl::StrCat(reply.cursor().revision(), "  ", ChangeText(change)));
    }
  });
}

absl::Status Units(Context& context) {
  registry::v1::WatchUnitsRequest request;
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  using Reply = registry::v1::WatchUnitsResponse;
  return Follow<Reply>(context, request, [](const Reply& reply) { return reply.changes(); });
}

absl::Status Measures(Context& context) {
  measures::v1::WatchMeasuresRequest request;
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  using Reply = measures::v1::WatchMeasuresResponse;
  return Follow<Reply>(context, request, [](const Reply& reply) { return reply.changes(); });
}

absl::Status Inspections(Context& context) {
  inspections::v1::WatchInspectionsRequest request;
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  using Reply = inspections::v1::WatchInspectionsResponse;
  return Follow<Reply>(context, request, [](const Reply& reply) { return reply.resources(); });
}

absl::Status Scores(Context& context) {
  const Arguments& arguments = context.arguments();
  scoring::v1::WatchScoresRequest request;
  TERRACE_RETURN_IF_ERROR(FillScope(arguments, &request));
  request.set_scheme(arguments.Text("scheme"));
  request.set_period(arguments.Text("period"));
  TERRACE_ASSIGN_OR_RETURN(const int64_t depth, arguments.Number("depth", 0, 100));
  request.set_depth(static_cast<int32_t>(depth));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  using Reply = scoring::v1::WatchScoresResponse;
  return client->Pull<Reply>(request, [&](const Reply& reply) {
    if (context.output().json()) {
      context.output().PrintJson(reply);
      return;
    }
    for (const scoring::v1::Score& score : reply.scores()) {
      context.output().Line(absl::StrCat(InstantText(reply.log_time()), "  ", score.unit(), "  ",
                                         score.has_value() ? score.value().value() : "-", " of ",
                                         score.points().value()));
    }
  });
}

}  // namespace

std::vector<Command> WatchCommands() {
  const std::vector<Flag> scope = {UnderFlag("changes"), LineFlag()};
  return {
      {.name = "watch units",
       .summary = "Follows the tree, programmes and titles",
       .flags = scope,
       .run = Units},
      {.name = "watch measures",
       .summary = "Follows measures, assignments, reports and activities",
       .flags = scope,
       .run = Measures},
      {.name = "watch inspections",
       .summary = "Follows visits, observations, findings and follow-ups",
       .flags = scope,
       .run = Inspections},
      {.name = "watch scores",
       .summary = "Follows live scores",
       .flags = {UnderFlag("scores"),
                 LineFlag(),
                 {"scheme", "SCHEME", "units/OFFICE/schemes/SCHEME, or with @VERSION"},
                 {"period", "PERIOD", "the period, such as 2016"},
                 {"depth", "LEVELS", "how many levels below are shown", "0"}},
       .run = Scores},
  };
}

}  // namespace terrace::cli
