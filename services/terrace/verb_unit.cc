// terrace unit: the tree of units, looked at and changed.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/registry/v1/coverage.pb.h"
#include "terrace/registry/v1/unit.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = registry::v1;

const std::vector<std::string>& UnitHeadings() {
  static const auto* const kHeadings =
      new std::vector<std::string>{"UNIT", "NAME", "KIND", "LEVEL", "UNDER", "STATE"};
  return *kHeadings;
}

std::string StateText(v1::UnitState state) {
  return EnumText(v1::UnitState_Name(state), "UNIT_STATE_");
}

std::vector<std::string> UnitCells(const v1::Unit& unit) {
  return {IdOf(unit.name()),
          unit.display_name(),
          IdOf(unit.kind()),
          IdOf(unit.level()),
          IdOf(unit.placement().parent()),
          StateText(unit.state())};
}

Facts UnitFacts(const v1::Unit& unit) {
  Facts facts = {{"unit", unit.name()},
                 {"name", unit.display_name()},
                 {"kind", IdOf(unit.kind())},
                 {"level", IdOf(unit.level())},
                 {"rank", IdOf(unit.rank())},
                 {"under", unit.placement().parent()},
                 {"led by", unit.placement().sector_parent()},
                 {"state", StateText(unit.state())},
                 {"open since", DateText(unit.open_date())},
                 {"closed on", DateText(unit.close_date())},
                 {"contact", unit.contact_role()}};
  for (const v1::UnitCode& code : unit.codes()) {
    facts.push_back({absl::StrCat("code ", code.system()), code.code()});
  }
  for (const v1::FormerName& former : unit.former_names()) {
    facts.push_back({"formerly", absl::StrCat(former.display_name(), " (until ",
                                              DateText(former.until_date()), ")")});
  }
  for (const v1::UnitAttribute& attribute : unit.attributes()) {
    facts.push_back({EnumText(v1::AttributeKey_Name(attribute.key()), "ATTRIBUTE_KEY_"),
                     absl::StrCat(QuantityText(attribute.value()), " (",
                                  DateText(attribute.as_of_date()), ")")});
  }
  facts.push_back({"etag", unit.etag()});
  return facts;
}

absl::Status Get(Context& context) {
  v1::GetUnitRequest request;
  request.set_name(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::Unit>(context, request, UnitFacts);
}

absl::Status List(Context& context) {
  v1::ListUnitsRequest request;
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  TERRACE_ASSIGN_OR_RETURN(const int64_t depth, context.arguments().Number("depth", 0, 1000));
  request.set_max_depth(static_cast<int32_t>(depth));
  return PrintPages<v1::ListUnitsResponse>(context, request, &v1::ListUnitsResponse::units,
                                           UnitHeadings(), UnitCells);
}

absl::Status Search(Context& context) {
  v1::SearchUnitsRequest request;
  request.set_query(absl::StrJoin(context.arguments().words(), " "));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::SearchUnitsResponse>(
      context, request, &v1::SearchUnitsResponse::hits, {"UNIT", "NAME", "KIND", "LEVEL", "MATCH"},
      [](const v1::SearchUnitsResponse::Hit& hit) {
        return std::vector<std::string>{IdOf(hit.unit().name()), hit.unit().display_name(),
                                        IdOf(hit.unit().kind()), IdOf(hit.unit().level()),
                                        hit.matched()};
      });
}

absl::Status Lookup(Context& context) {
  v1::LookupUnitsRequest request;
  const std::vector<std::string>& words = context.arguments().words();
  request.set_system(words[0]);
  for (size_t i = 1; i < words.size(); ++i) request.add_codes(words[i]);
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<v1::LookupUnitsResponse>(request));
  Table table({"CODE", "UNIT", "NAME"});
  for (const auto& match : reply.matches()) {
    if (context.output().json()) context.output().PrintJson(match);
    table.Add({match.code(), IdOf(match.unit().name()), match.unit().display_name()});
  }
  if (!context.output().json()) context.output().Print(table);
  return absl::OkStatus();
}

absl::Status Count(Context& context) {
  v1::CountUnitsRequest request;
  request.set_subtree(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::CountUnitsResponse>(
      context, request, [](const v1::CountUnitsResponse& reply) {
        Facts facts = {{"all", absl::StrCat(reply.total())}};
        for (const auto& row : reply.by_level()) {
          facts.push_back({row.level(), absl::StrCat(row.count())});
        }
        for (const auto& row : reply.by_class()) {
          facts.push_back({EnumText(v1::OrgClass_Name(row.org_class()), "ORG_CLASS_"),
                           absl::StrCat(row.count())});
        }
        for (const auto& row : reply.by_kind()) {
          facts.push_back({row.kind(), absl::StrCat(row.count())});
        }
        return facts;
      });
}

absl::Status Path(Context& context) {
  v1::GetPathRequest request;
  request.set_name(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<v1::GetPathResponse>(request));
  Table table(UnitHeadings());
  for (const v1::Unit& unit : reply.units()) {
    if (context.output().json()) context.output().PrintJson(unit);
    table.Add(UnitCells(unit));
  }
  if (!context.output().json()) context.output().Print(table);
  return absl::OkStatus();
}

absl::Status Create(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::CreateUnitRequest request;
  request.set_unit_id(arguments.word(0));
  request.set_parent(UnitName(arguments.Text("parent")));
  request.set_sector_parent(UnitName(arguments.Text("sector-parent")));
  v1::Unit& unit = *request.mutable_unit();
  unit.set_display_name(arguments.word(1));
  unit.set_kind(InTable("kinds", arguments.Text("kind")));
  unit.set_level(InTable("levels", arguments.Text("level")));
  unit.set_no_code_reason(arguments.Text("no-code"));
  if (arguments.Given("uscc")) {
    v1::UnitCode& code = *unit.add_codes();
    code.set_system("uscc");
    code.set_code(arguments.Text("uscc"));
  }
  if (arguments.Given("from")) {
    TERRACE_ASSIGN_OR_RETURN(*request.mutable_from_date(), ParseDate(arguments.Text("from")));
  }
  return PrintOne<v1::Unit>(context, request, UnitFacts);
}

absl::Status Rename(Context& context) {
  v1::UpdateUnitRequest request;
  request.mutable_unit()->set_name(UnitName(context.arguments().word(0)));
  request.mutable_unit()->set_display_name(context.arguments().word(1));
  request.mutable_update_mask()->add_paths("display_name");
  if (context.arguments().Given("from")) {
    TERRACE_ASSIGN_OR_RETURN(*request.mutable_renamed_on(),
                             ParseDate(context.arguments().Text("from")));
  }
  return PrintOne<v1::Unit>(context, request, UnitFacts);
}

absl::Status Move(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::MoveUnitRequest request;
  request.set_name(UnitName(arguments.word(0)));
  request.set_parent(UnitName(arguments.word(1)));
  request.set_reason(arguments.Text("reason"));
  TERRACE_RETURN_IF_ERROR(FillScope(arguments, &request));
  if (arguments.Given("from")) {
    TERRACE_ASSIGN_OR_RETURN(*request.mutable_from_date(), ParseDate(arguments.Text("from")));
  }
  return PrintOne<v1::Unit>(context, request, UnitFacts);
}

absl::Status Close(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::CloseUnitRequest request;
  request.set_name(UnitName(arguments.word(0)));
  request.set_reason(arguments.Text("reason"));
  if (arguments.Given("from")) {
    TERRACE_ASSIGN_OR_RETURN(*request.mutable_close_date(), ParseDate(arguments.Text("from")));
  }
  return PrintOne<v1::Unit>(context, request, UnitFacts);
}

absl::Status ShowCoverage(Context& context) {
  v1::GetCoverageRequest request;
  request.set_programme(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::Coverage>(context, request, [](const v1::Coverage& coverage) {
    Facts facts = {{"participants", absl::StrCat(coverage.participants())},
                   {"demonstration sites", absl::StrCat(coverage.demonstration_sites())},
                   {"titled", absl::StrCat(coverage.titled())},
                   {"rate", absl::StrCat(coverage.rate().percent().value(), " %")}};
    for (const auto& row : coverage.by_level()) {
      facts.push_back({absl::StrCat("highest ", row.level()), absl::StrCat(row.count())});
    }
    for (const auto& row : coverage.by_kind()) {
      facts.push_back({row.kind(), absl::StrCat(row.titled(), " of ", row.participants())});
    }
    return facts;
  });
}

Flag FromFlag(const char* help) { return {"from", "DATE", help}; }

}  // namespace

std::vector<Command> UnitCommands() {
  return {
      {.name = "unit get",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Tells all about one unit",
       .flags = {AtFlag()},
       .run = Get},
      {.name = "unit list",
       .summary = "Lists units",
       .flags = {UnderFlag("units"),
                 {"depth", "LEVELS", "how far below: 1 for the children, 0 for all", "0"},
                 FilterFlag("level = \"levels/county\""),
                 LineFlag(),
                 AtFlag(),
                 LimitFlag()},
       .run = List},
      {.name = "unit search",
       .words = "TEXT...",
       .words_min = 1,
       .words_max = 20,
       .summary = "Finds units by parts of names, former names and codes",
       .flags = {UnderFlag("units"), FilterFlag("kind = \"kinds/school\""), LineFlag(),
                 LimitFlag()},
       .run = Search},
      {.name = "unit lookup",
       .words = "SYSTEM CODE...",
       .words_min = 2,
       .words_max = 1000,
       .summary = "Finds units by the codes of a system, such as stat or uscc",
       .flags = {UnderFlag("units"), LineFlag(), AtFlag()},
       .run = Lookup},
      {.name = "unit count",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Counts the units below one by level, class and kind",
       .flags = {LineFlag(), AtFlag()},
       .run = Count},
      {.name = "unit path",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Tells the units from the top down to one",
       .flags = {LineFlag(), AtFlag()},
       .run = Path},
      {.name = "unit create",
       .words = "ID NAME",
       .words_min = 2,
       .words_max = 2,
       .summary = "Creates a unit",
       .flags = {{"parent", "UNIT", "the unit above it; left out for the top of the tree"},
                 {"sector-parent", "UNIT", "the unit that leads it on the sector line"},
                 {"kind", "KIND", "what it is, such as village; see unit list --json"},
                 {"level", "LEVEL", "its tier, such as village"},
                 {"uscc", "CODE", "its unified social credit code"},
                 {"no-code", "REASON", "why an organisation has no such code"},
                 FromFlag("first day of its existence; left out, today")},
       .run = Create},
      {.name = "unit rename",
       .words = "UNIT NAME",
       .words_min = 2,
       .words_max = 2,
       .summary = "Gives a unit a new official name; the old one stays findable",
       .flags = {FromFlag("first day of the new name; left out, today")},
       .run = Rename},
      {.name = "unit move",
       .words = "UNIT PARENT",
       .words_min = 2,
       .words_max = 2,
       .summary = "Moves a unit and everything below it",
       .flags = {LineFlag(),
                 FromFlag("first day of the new place; left out, today"),
                 {"reason", "TEXT", "why, such as the number of the decision"}},
       .run = Move},
      {.name = "unit close",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Closes a unit that has no open unit below it",
       .flags = {{"reason", "TEXT", "why, such as the number of the decision"},
                 FromFlag("first day on which it no longer exists; left out, today")},
       .run = Close},
      {.name = "unit coverage",
       .words = "PROGRAMME",
       .words_min = 1,
       .words_max = 1,
       .summary = "Tells how many participants of a programme hold a title",
       .flags = {UnderFlag("participants"), LineFlag(), AtFlag()},
       .run = ShowCoverage},
  };
}

}  // namespace terrace::cli
