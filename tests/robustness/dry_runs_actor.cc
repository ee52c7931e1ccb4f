#include <utility>

#include "absl/strings/str_cat.h"
#include "services/terrace/sample/sample.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/inspections/v1/inspections.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/registry.pb.h"
#include "terrace/scoring/v1/scoreboard.pb.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/import_stream.h"

namespace terrace::robustness {
namespace {

// Every id is a new one, so that nothing ever writes a row of that name.
class DryRunsActor : public Actor {
 public:
  DryRunsActor(Caller* caller, Office* office) : caller_(*caller), office_(*office) {}

  void Act() override {
    id_ = absl::StrCat("dry", caller_.Next());
    switch (caller_.Below(5)) {
      case 0:
        return InRegistry();
      case 1:
        return InMeasures();
      case 2:
        return InInspections();
      case 3:
        return ByImport();
      default:
        return Elsewhere();
    }
  }

 private:
  const std::string& AnyTown() { return office_.towns[caller_.Below(office_.towns.size())]; }
  std::string InOffice(absl::string_view collection) const {
    return absl::StrCat(office_.name, "/", collection, "/", id_);
  }

  template <class Reply, class Request>
  void Ask(const Request& request, const std::string& name) {
    Reply reply;
    caller_.Expect(caller_.DryRun(request, &reply, {.what = name, .keys = {name}}),
                   absl::StrCat("dry run about ", name));
  }

  void FillUnit(registry::v1::Unit* unit) {
    unit->set_display_name("A village that never comes");
    unit->set_kind("kinds/village");
    unit->set_level("levels/village");
  }

  void InRegistry() {
    registry::v1::CreateUnitRequest unit;
    unit.set_parent(AnyTown());
    unit.set_unit_id(absl::StrCat(office_.id(), "-", id_));
    FillUnit(unit.mutable_unit());
    Ask<registry::v1::Unit>(unit, absl::StrCat("units/", unit.unit_id()));
    registry::v1::CreateProgrammeRequest programme;
    programme.set_parent(office_.name);
    programme.set_programme_id(id_);
    programme.mutable_programme()->set_display_name("A programme that never comes");
    Ask<registry::v1::Programme>(programme, InOffice("programmes"));
  }

  void InMeasures() {
    measures::v1::CreateMeasureRequest measure;
    measure.set_parent(office_.name);
    measure.set_measure_id(id_);
    measure.mutable_measure()->set_list(absl::StrCat(office_.name, "/measureLists/l"));
    measure.mutable_measure()->set_display_name("A measure that never comes");
    measure.mutable_measure()->mutable_lead()->set_unit(office_.name);
    Ask<measures::v1::Measure>(measure, InOffice("measures"));
    measures::v1::RecordActivityRequest activity;
    activity.set_parent(office_.name);
    activity.set_activity_id(id_);
    activity.mutable_activity()->set_kind("lecture");
    activity.mutable_activity()->set_display_name("A lecture that never comes");
    *activity.mutable_activity()->mutable_date() = sample::DateOf(absl::CivilDay(2016, 5, 1));
    Ask<measures::v1::Activity>(activity, InOffice("activities"));
  }

  void InInspections() {
    const std::string& town = AnyTown();
    inspections::v1::StartVisitRequest visit;
    visit.set_parent(town);
    visit.set_visit_id(id_);
    visit.set_acting_office(office_.name);
    visit.set_checklist(sample::kChecklist);
    Ask<inspections::v1::Visit>(visit, absl::StrCat(town, "/visits/", id_));
    inspections::v1::CreateTeamRequest team;
    team.set_parent(office_.name);
    team.set_team_id(id_);
    team.mutable_team()->set_display_name("A team that never comes");
    inspections::v1::TeamRole& role = *team.mutable_team()->add_roles();
    role.set_role("inspector");
    role.set_inspectors(2);
    Ask<inspections::v1::Team>(team, InOffice("teams"));
  }

  // The whole import is one.
  void ByImport() {
    registry::v1::ImportUnitsRequest units;
    units.set_subtree(office_.name);
    units.set_validate_only(true);
    registry::v1::ImportUnitRow& row = *units.add_rows();
    row.set_unit_id(absl::StrCat(office_.id(), "-", id_));
    row.set_parent_id(office_.id());
    FillUnit(row.mutable_unit());
    const std::string unit = absl::StrCat("units/", row.unit_id());
    SendImport<registry::v1::ImportUnitsResponse>(&caller_, "registry", units,
                                                  {.what = unit, .keys = {unit}, .dry_run = true});
    measures::v1::ImportActivitiesRequest activities;
    activities.set_validate_only(true);
    measures::v1::Activity& activity = *activities.add_activities();
    activity.set_name(InOffice("activities"));
    activity.set_kind("lecture");
    activity.set_display_name("A lecture that never comes");
    *activity.mutable_date() = sample::DateOf(absl::CivilDay(2016, 5, 1));
    SendImport<measures::v1::ImportActivitiesResponse>(
        &caller_, "measures", activities,
        {.what = activity.name(), .keys = {activity.name()}, .dry_run = true});
  }

  void Elsewhere() {
    gateway::v1::CreateTokenRequest token;
    token.set_parent(office_.name);
    token.set_token_id(id_);
    token.mutable_token()->set_display_name("a desk that never comes");
    Ask<gateway::v1::CreateTokenResponse>(token, InOffice("tokens"));
    scoring::v1::CreateStatisticDefinitionRequest figure;
    figure.set_parent(office_.name);
    figure.set_statistic_definition_id(id_);
    scoring::v1::StatisticDefinition& definition = *figure.mutable_statistic_definition();
    definition.set_display_name("A figure that never comes");
    definition.set_kind(scoring::v1::STATISTIC_KIND_FIGURE);
    definition.set_periodicity(scoring::v1::PERIODICITY_YEAR);
    Ask<scoring::v1::StatisticDefinition>(figure, InOffice("statisticDefinitions"));
  }

  Caller& caller_;
  Office& office_;
  std::string id_;
};

}  // namespace

std::unique_ptr<Actor> MakeDryRunsActor(Caller* caller, Office* office) {
  return std::make_unique<DryRunsActor>(caller, office);
}

}  // namespace terrace::robustness
