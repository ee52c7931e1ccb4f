#include "tests/robustness/world.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/resource/names.h"
#include "services/terrace/client.h"
#include "services/terrace/sample/loader.h"
#include "services/terrace/sample/sample.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/measures/v1/measure_tracker.pb.h"
#include "terrace/registry/v1/registry.pb.h"

namespace terrace::robustness {
namespace {

constexpr int kTowns = 3;            // Of an office.
constexpr int kOrdinalLeast = 9001;  // Below every level that units have.
constexpr absl::Duration kCallTimeout = absl::Seconds(30);

absl::Status AddUnit(cli::Client* client, const std::string& name, const std::string& parent,
                     const char* kind, const char* level) {
  registry::v1::CreateUnitRequest request;
  request.set_parent(parent);
  request.set_unit_id(std::string(resource::OwnerOf(name)));
  request.mutable_unit()->set_display_name(name);
  request.mutable_unit()->set_kind(kind);
  request.mutable_unit()->set_level(level);
  *request.mutable_from_date() = sample::DateOf(absl::CivilDay(2010, 1, 1));
  return client->Get<registry::v1::Unit>(request).status();
}

absl::Status AddList(cli::Client* client, const std::string& office, const std::string& id) {
  measures::v1::CreateMeasureListRequest request;
  request.set_parent(office);
  request.set_measure_list_id(id);
  measures::v1::MeasureList& list = *request.mutable_measure_list();
  list.set_display_name("Monthly reports");
  list.set_last_period("2016-12");
  measures::v1::DueRuleVersion& version = *list.add_due_rules();
  version.set_from_period("2016-01");
  version.mutable_rule()->set_frequency(measures::v1::REPORT_FREQUENCY_MONTHLY);
  version.mutable_rule()->set_day(25);
  return client->Get<measures::v1::MeasureList>(request).status();
}

// A token of the office with a role in `units`.
absl::StatusOr<std::string> AddToken(cli::Client* client, const std::string& office,
                                     const std::string& id, options::v1::Role role,
                                     const std::vector<std::string>& units) {
  gateway::v1::CreateTokenRequest create;
  create.set_parent(office);
  create.set_token_id(id);
  create.mutable_token()->set_display_name(absl::StrCat("a ", id, " of the suite"));
  TERRACE_ASSIGN_OR_RETURN(const auto made, client->Get<gateway::v1::CreateTokenResponse>(create));
  for (const std::string& unit : units) {
    gateway::v1::SetGrantRequest set;
    set.mutable_grant()->set_name(
        absl::StrCat(unit, "/grants/", resource::OwnerOf(office), "-", id));
    set.mutable_grant()->set_subject(made.token().name());
    set.mutable_grant()->set_role(role);
    TERRACE_RETURN_IF_ERROR(client->Get<gateway::v1::Grant>(set).status());
  }
  return made.secret();
}

// A programme, a level and a kind, whose names are extended by everybody who may.
absl::Status AddNamedRegisters(cli::Client* client, const std::string& id, int number) {
  registry::v1::CreateProgrammeRequest create;
  create.set_parent(kSharedOffice);
  create.set_programme_id(id);
  create.mutable_programme()->set_display_name(kUnwritten);
  TERRACE_RETURN_IF_ERROR(client->Get<registry::v1::Programme>(create).status());
  registry::v1::UpdateLevelRequest level;
  level.set_allow_missing(true);
  level.mutable_level()->set_name(absl::StrCat("levels/rb-", id));
  level.mutable_level()->set_display_name(kUnwritten);
  level.mutable_level()->set_ordinal(kOrdinalLeast + number);
  TERRACE_RETURN_IF_ERROR(client->Get<registry::v1::Level>(level).status());
  registry::v1::UpdateKindRequest kind;
  kind.set_allow_missing(true);
  kind.mutable_kind()->set_name(absl::StrCat("kinds/rb-", id));
  kind.mutable_kind()->set_display_name(kUnwritten);
  kind.mutable_kind()->set_org_class(registry::v1::ORG_CLASS_OTHER_ORGANISATION);
  return client->Get<registry::v1::Kind>(kind).status();
}

absl::Status AddRegisters(cli::Client* client) {
  TERRACE_RETURN_IF_ERROR(
      AddUnit(client, kSharedOffice, sample::kNation, "kinds/county", "levels/county"));
  TERRACE_RETURN_IF_ERROR(AddList(client, kSharedOffice, "l"));
  for (int i = 0; i < kRegisters; ++i) {
    const std::string id = absl::StrCat("register-", i);
    TERRACE_RETURN_IF_ERROR(AddList(client, kSharedOffice, id));
    TERRACE_RETURN_IF_ERROR(AddNamedRegisters(client, id, i));
    TERRACE_RETURN_IF_ERROR(AddUnit(client, absl::StrCat("units/rb-register-", i), kSharedOffice,
                                    "kinds/town", "levels/township"));
    measures::v1::CreateMeasureRequest create;
    create.set_parent(kSharedOffice);
    create.set_measure_id(id);
    create.mutable_measure()->set_list(absl::StrCat(kSharedOffice, "/measureLists/l"));
    create.mutable_measure()->set_display_name("A text of all");
    create.mutable_measure()->mutable_lead()->set_unit(kSharedOffice);
    TERRACE_RETURN_IF_ERROR(client->Get<measures::v1::Measure>(create).status());
  }
  return absl::OkStatus();
}

}  // namespace

std::string OfficeName(int client) { return absl::StrCat("units/rb-", client); }

absl::StatusOr<World> MakeWorld(const std::string& address, const std::string& admin_token,
                                int clients) {
  cli::Client client(address, admin_token, kCallTimeout);
  TERRACE_RETURN_IF_ERROR(
      sample::Load(sample::MakeSample(), &client, [](absl::string_view, size_t) {}));
  TERRACE_RETURN_IF_ERROR(AddRegisters(&client));
  World world;
  for (int i = 0; i < clients; ++i) {
    Office office;
    office.name = OfficeName(i);
    TERRACE_RETURN_IF_ERROR(
        AddUnit(&client, office.name, sample::kNation, "kinds/county", "levels/county"));
    for (int town = 0; town < kTowns; ++town) {
      office.towns.push_back(absl::StrCat(office.name, "-town-", town));
      TERRACE_RETURN_IF_ERROR(
          AddUnit(&client, office.towns.back(), office.name, "kinds/town", "levels/township"));
    }
    TERRACE_RETURN_IF_ERROR(AddList(&client, office.name, "l"));
    TERRACE_ASSIGN_OR_RETURN(
        std::string token, AddToken(&client, office.name, "client", options::v1::ROLE_ADMINISTRATOR,
                                    {office.name, kSharedOffice}));
    world.tokens.push_back(std::move(token));
    TERRACE_ASSIGN_OR_RETURN(std::string judge, AddToken(&client, office.name, "judge",
                                                         options::v1::ROLE_OFFICER, {office.name}));
    world.judges.push_back(std::move(judge));
    world.offices.push_back(std::move(office));
  }
  return world;
}

}  // namespace terrace::robustness
