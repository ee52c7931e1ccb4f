// The ways in which InspectionsService registers its methods; included by its own files only.
#ifndef TERRACE_SERVICES_INSPECTIONS_SERVICE_TEMPLATES_H_
#define TERRACE_SERVICES_INSPECTIONS_SERVICE_TEMPLATES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/time.h"
#include "services/inspections/inspections_service.h"

namespace terrace::inspections {

template <class Req, class Resp>
void InspectionsService::Get(absl::string_view method,
                             absl::Status (*read)(const InspectionsState&, const Asker&, const Req&,
                                                  Resp*)) {
  methods_.StateRead<InspectionsState, Req, Resp>(
      method,
      [read](const InspectionsState& state, rpc::Call& call, const Req& request, Resp* reply) {
        return read(state, Asker{call.identity, *call.tree, call.received}, request, reply);
      });
}

// What else chooses the rows of a list, beside its filter and order.
template <class Req>
std::vector<std::string> ListParts(const Req& request) {
  std::vector<std::string> parts = {request.parent()};
  if constexpr (requires { request.subtree(); }) {
    parts.push_back(request.subtree());
    parts.push_back(types::v1::Line_Name(request.line()));
  }
  if constexpr (requires { request.at_time(); }) {
    parts.push_back(request.at_time().SerializeAsString());
  }
  return parts;
}

template <class Req>
absl::StatusOr<Scope> ListScope(const rpc::Call& call, const Req& request) {
  if constexpr (requires { request.subtree(); }) {
    return Scope::Of(request.subtree(), request.line(), call.identity, call.tree, call.received);
  }
  return Scope::Of("", types::v1::LINE_TERRITORY, call.identity, call.tree, call.received);
}

template <class Req, class Resp, class T>
void InspectionsService::List(absl::string_view method, RowKind kind,
                              google::protobuf::RepeatedPtrField<T>* (Resp::*rows)(),
                              absl::StatusOr<std::string> (*prefix)(const Req&),
                              absl::optional<T> (*read)(const InspectionsState&, const Scope&,
                                                        const Req&, const std::string& name)) {
  machine::Machine* machine = machine_;
  auto fill = [machine, rows, read](rpc::Call& call, const Req& request, const ListSpec& spec,
                                    Resp* reply) -> absl::Status {
    TERRACE_ASSIGN_OR_RETURN(Scope scope, ListScope(call, request));
    store::Cursor position;
    TERRACE_ASSIGN_OR_RETURN(std::string token,
                             FillPage<T>(
                                 *machine, spec, request.filter(),
                                 [&](const InspectionsState& state, const std::string& name) {
                                   return read(state, scope, request, name);
                                 },
                                 (reply->*rows)(), &position));
    reply->set_next_page_token(token);
    rpc::StampCursor(kServiceName, position, call, reply);
    return absl::OkStatus();
  };
  methods_.Async<Req, Resp>(method, [machine, kind, prefix, fill](rpc::Call& call,
                                                                  const Req& request, Resp* reply,
                                                                  rpc::StatusDone done) {
    absl::StatusOr<std::string> names = prefix(request);
    absl::StatusOr<ListSpec> spec =
        names.ok()
            ? ReadListSpec(request, kind, *names, ListParts(request), machine->position().log_id)
            : absl::StatusOr<ListSpec>(names.status());
    if (!spec.ok()) {
      done(spec.status());
      return;
    }
    // Another replica may have answered the page before, at a later revision than this one has.
    const store::Cursor least{spec->from.log_id, store::Revision{spec->from.least_revision}};
    machine->WaitFor(
        least, call.deadline,
        [machine, fill, &call, &request, reply, spec = *std::move(spec),
         done = std::move(done)](absl::Status status) mutable {
          if (!status.ok()) {
            done(std::move(status));
            return;
          }
          machine->executor().Post(
              [fill, &call, &request, reply, spec = std::move(spec),
               done = std::move(done)]() mutable { done(fill(call, request, spec, reply)); });
        });
  });
}

}  // namespace terrace::inspections

#endif  // TERRACE_SERVICES_INSPECTIONS_SERVICE_TEMPLATES_H_
