// terrace call: any method of any service, with JSON in and out. What has no command of its own has
// this one.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"

namespace terrace::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

std::vector<const ServiceDescriptor*> Services() {
  std::vector<const ServiceDescriptor*> services;
  for (const char* name : {"terrace.registry.v1.UnitRegistry", "terrace.measures.v1.MeasureTracker",
                           "terrace.inspections.v1.InspectionScheduler",
                           "terrace.scoring.v1.Scoreboard", "terrace.gateway.v1.Access",
                           "terrace.maintenance.v1.Maintenance", "google.longrunning.Operations"}) {
    services.push_back(google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name));
    TERRACE_CHECK(services.back() != nullptr);
  }
  return services;
}

// "UnitRegistry.GetUnit", with or without the package, or "GetUnit" alone.
absl::StatusOr<const MethodDescriptor*> FindMethod(absl::string_view name) {
  for (const ServiceDescriptor* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      if (name == absl::string_view(method->name()) ||
          name == absl::string_view(method->full_name()) ||
          name == absl::StrCat(service->name(), ".", method->name())) {
        return method;
      }
    }
  }
  return UsageError(absl::StrCat("there is no method \"", name, "\"; see: terrace call --list."));
}

absl::Status List(Context& context) {
  Table table({"METHOD", "STREAMS"});
  for (const ServiceDescriptor* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      table.Add({absl::StrCat(service->name(), ".", method->name()),
                 absl::StrCat(method->client_streaming() ? "requests " : "",
                              method->server_streaming() ? "replies" : "")});
    }
  }
  context.output().Print(table);
  return absl::OkStatus();
}

std::unique_ptr<Message> New(const Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

absl::Status Call(Context& context) {
  if (context.arguments().On("list")) return List(context);
  if (context.arguments().words().empty()) return UsageError("name a method, or write --list.");
  TERRACE_ASSIGN_OR_RETURN(const MethodDescriptor* const method,
                           FindMethod(context.arguments().word(0)));
  if (method->client_streaming()) {
    return UsageError(absl::StrCat(method->name(),
                                   " takes a stream of requests; see: "
                                   "terrace help import, terrace help visit sync."));
  }
  const std::unique_ptr<Message> request = New(method->input_type());
  std::string json = context.arguments().word(1);
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(json.empty() ? "{}" : json, request.get());
  if (!parsed.ok()) {
    return UsageError(absl::StrCat("the request is no JSON of ", method->input_type()->full_name(),
                                   ": ", std::string(parsed.message()), "."));
  }
  const std::unique_ptr<Message> reply = New(method->output_type());
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  if (!method->server_streaming()) {
    TERRACE_RETURN_IF_ERROR(client->Call(*request, reply.get()));
    context.output().PrintJson(*reply);
    return absl::OkStatus();
  }
  const std::unique_ptr<rpc::Stream> stream = client->Open(method->input_type());
  if (stream->Write(*request)) stream->WritesDone();
  while (stream->Read(reply.get())) context.output().PrintJson(*reply);
  return client->Explain(stream->Finish());
}

}  // namespace

std::vector<Command> CallCommands() {
  return {{.name = "call",
           .words = "METHOD [JSON]",
           .words_max = 2,
           .summary = "Calls any method with JSON",
           .details = "  terrace call GetUnit '{\"name\": \"units/county-a\"}'",
           .flags = {{"list", "", "lists all methods"}},
           .run = Call}};
}

}  // namespace terrace::cli
