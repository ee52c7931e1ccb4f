#include "services/inspections/inspections_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "services/inspections/service_templates.h"

namespace terrace::inspections {
namespace {

// Sets the reply's field "revision", if it has one that the command left open.
void StampRevision(const store::Cursor& position, rpc::Message* reply) {
  const google::protobuf::FieldDescriptor* field =
      reply->GetDescriptor()->FindFieldByName("revision");
  if (field == nullptr || reply->GetReflection()->GetInt64(*reply, field) != 0) return;
  reply->GetReflection()->SetInt64(reply, field, position.revision.value);
}

}  // namespace

InspectionsService::InspectionsService(InspectionsServiceOptions options)
    : machine_(options.machine),
      tree_(std::move(options.tree)),
      enrolled_(std::move(options.enrolled)),
      methods_("terrace.inspections.v1.InspectionScheduler", options.machine) {
  AddSetup();
  AddPlans();
  AddField();
  AddReads();
  methods_.Complete();
}

void InspectionsService::Execute(rpc::Call& call, const rpc::Message& request,
                                 std::vector<std::string> keys, machine::DecideFn decide,
                                 rpc::Message* reply, rpc::StatusDone done) {
  machine::Command command = rpc::CommandOf(call, request);
  const bool stored = !command.validate_only;
  machine_->Execute(std::move(command), std::move(keys), std::move(decide),
                    [this, stored, &call, reply,
                     done = std::move(done)](absl::StatusOr<machine::Done> result) mutable {
                      if (!result.ok()) {
                        done(result.status());
                        return;
                      }
                      TERRACE_CHECK(reply->ParseFromString(result->reply));
                      if (stored) StampRevision(result->position, reply);
                      rpc::StampCursor(machine_->service(), result->position, call, reply);
                      done(absl::OkStatus());
                    });
}

void InspectionsService::AddSetup() {
  Mutate<v1::CreateChecklistRequest, v1::Checklist>(
      "CreateChecklist", &InspectionsState::CreateChecklist,
      [](const v1::CreateChecklistRequest& request) {
        return std::vector<std::string>{
            absl::StrCat(request.parent(), "/checklists/", request.checklist_id())};
      });
  Mutate<v1::UpdateChecklistRequest, v1::Checklist>(
      "UpdateChecklist", &InspectionsState::UpdateChecklist,
      [](const v1::UpdateChecklistRequest& request) {
        return std::vector<std::string>{request.checklist().name()};
      });
  Mutate<v1::PublishChecklistRequest, v1::Checklist>(
      "PublishChecklist", &InspectionsState::PublishChecklist,
      [](const v1::PublishChecklistRequest& request) {
        return std::vector<std::string>{request.name()};
      });
  Mutate<v1::CreateTeamRequest, v1::Team>(
      "CreateTeam", &InspectionsState::CreateTeam, [](const v1::CreateTeamRequest& request) {
        return std::vector<std::string>{
            absl::StrCat(request.parent(), "/teams/", request.team_id())};
      });
  Mutate<v1::UpdateTeamRequest, v1::Team>("UpdateTeam", &InspectionsState::UpdateTeam,
                                          [](const v1::UpdateTeamRequest& request) {
                                            return std::vector<std::string>{request.team().name()};
                                          });
}

}  // namespace terrace::inspections
