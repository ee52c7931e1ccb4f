#include "services/inspections/inspections_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/inspections/service_templates.h"

namespace terrace::inspections {

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
