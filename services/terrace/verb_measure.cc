// terrace measure: lists of measures, what they ask of whom, and where they stand.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/measures/v1/assignments.pb.h"
#include "terrace/measures/v1/measures.pb.h"
#include "terrace/measures/v1/progress.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = measures::v1;

std::string StateText(v1::MeasureState state) {
  return EnumText(v1::MeasureState_Name(state), "MEASURE_STATE_");
}

std::string WhomText(const v1::Measure& measure) {
  if (measure.has_lead()) return IdOf(measure.lead().unit());
  return absl::StrCat("all that match below ", IdOf(measure.cascade().subtree()));
}

Facts MeasureFacts(const v1::Measure& measure) {
  return {
      {"measure", measure.name()},
      {"title", measure.display_name()},
      {"list", measure.list()},
      {"given to", WhomText(measure)},
      {"from", DateText(measure.start_date())},
      {"due", DateText(measure.due_date())},
      {"state", StateText(measure.state())},
      {"assignments", absl::StrCat(measure.done_count(), " done of ", measure.assignment_count())},
      {"complete", InstantText(measure.complete_time())},
      {"description", measure.description()},
      {"etag", measure.etag()}};
}

Facts AssignmentFacts(const v1::Assignment& assignment) {
  Facts facts = {
      {"assignment", assignment.name()},
      {"title", assignment.display_name()},
      {"measure", assignment.measure()},
      {"part", EnumText(v1::AssignmentRole_Name(assignment.role()), "ASSIGNMENT_ROLE_")},
      {"state", EnumText(v1::AssignmentState_Name(assignment.state()), "ASSIGNMENT_STATE_")},
      {"standing", EnumText(v1::Standing_Name(assignment.standing()), "STANDING_")},
      {"progress",
       assignment.has_progress() ? absl::StrCat(assignment.progress().value(), " %") : ""},
      {"due", InstantText(assignment.due_time())},
      {"done", InstantText(assignment.done_time())}};
  for (const v1::AssignmentEvent& event : assignment.events()) {
    facts.push_back({EnumText(v1::AssignmentEvent::Type_Name(event.type()), "TYPE_"),
                     absl::StrCat(InstantText(event.moment().time()), " ", event.note())});
  }
  return facts;
}

absl::Status List(Context& context) {
  v1::ListMeasuresRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListMeasuresResponse>(
      context, request, &v1::ListMeasuresResponse::measures,
      {"MEASURE", "TITLE", "LIST", "GIVEN TO", "DUE", "STATE", "DONE", "OF"},
      [](const v1::Measure& measure) {
        return std::vector<std::string>{measure.name(),
                                        Clip(measure.display_name(), 40),
                                        IdOf(measure.list()),
                                        WhomText(measure),
                                        DateText(measure.due_date()),
                                        StateText(measure.state()),
                                        absl::StrCat(measure.done_count()),
                                        absl::StrCat(measure.assignment_count())};
      });
}

absl::Status Get(Context& context) {
  v1::GetMeasureRequest request;
  request.set_name(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::Measure>(context, request, MeasureFacts);
}

absl::Status Issue(Context& context) {
  v1::IssueMeasureRequest request;
  request.set_name(context.arguments().word(0));
  return PrintAwaited<v1::IssueMeasureResponse>(
      context, request, [](const v1::IssueMeasureResponse& issued) {
        return absl::StrCat(issued.measure(), ": ", issued.created_count(), " assignments made, ",
                            issued.existing_count(), " existed already\n");
      });
}

absl::Status Assignments(Context& context) {
  v1::ListAssignmentsRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListAssignmentsResponse>(
      context, request, &v1::ListAssignmentsResponse::assignments,
      {"ASSIGNMENT", "TITLE", "STATE", "STANDING", "PROGRESS", "DUE"},
      [](const v1::Assignment& row) {
        return std::vector<std::string>{
            row.name(),
            Clip(row.display_name(), 40),
            EnumText(v1::AssignmentState_Name(row.state()), "ASSIGNMENT_STATE_"),
            EnumText(v1::Standing_Name(row.standing()), "STANDING_"),
            row.progress().value(),
            InstantText(row.due_time())};
      });
}

absl::Status Claim(Context& context) {
  v1::ClaimDoneRequest request;
  request.set_name(context.arguments().word(0));
  request.set_note(context.arguments().Text("note"));
  return PrintOne<v1::Assignment>(context, request, AssignmentFacts);
}

absl::Status Verify(Context& context) {
  v1::VerifyDoneRequest request;
  request.set_name(context.arguments().word(0));
  request.set_acting_office(UnitName(context.arguments().Text("office")));
  request.set_note(context.arguments().Text("note"));
  return PrintOne<v1::Assignment>(context, request, AssignmentFacts);
}

std::string RateText(const v1::Rate& rate) {
  return rate.has_percent() ? absl::StrCat(rate.percent().value(), " %") : "";
}

absl::Status ShowProgress(Context& context) {
  v1::GetProgressRequest request;
  request.set_list(context.arguments().word(0));
  request.set_by_child(context.arguments().On("by-child"));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<v1::GetProgressResponse>(request));
  if (context.output().json()) {
    context.output().PrintJson(reply);
    return absl::OkStatus();
  }
  Table table({"UNIT", "ASSIGNED", "DONE", "BEHIND", "OVERDUE", "REPORTS DUE", "ON TIME", "LATE",
               "MISSING", "ON-TIME RATE"});
  const auto add = [&](const v1::Progress& row) {
    table.Add({absl::StrCat(IdOf(row.unit()), row.subtree() ? " and below" : ""),
               absl::StrCat(row.assigned()), absl::StrCat(row.done()), absl::StrCat(row.behind()),
               absl::StrCat(row.overdue()), absl::StrCat(row.reports_due()),
               absl::StrCat(row.reports_on_time()), absl::StrCat(row.reports_late()),
               absl::StrCat(row.reports_missing()), RateText(row.on_time_rate())});
  };
  for (const v1::Progress& child : reply.children()) add(child);
  add(reply.total());
  context.output().Print(table);
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> MeasureCommands() {
  return {
      {.name = "measure list",
       .words = "[OFFICE]",
       .words_max = 1,
       .summary = "Lists measures of an office, or all that apply to the caller",
       .flags = {UnderFlag("measures"), FilterFlag("state = \"ISSUED\""), LineFlag(), AtFlag(),
                 LimitFlag()},
       .run = List},
      {.name = "measure get",
       .words = "MEASURE",
       .words_min = 1,
       .words_max = 1,
       .summary = "Tells all about one measure",
       .flags = {AtFlag()},
       .run = Get},
      {.name = "measure issue",
       .words = "MEASURE",
       .words_min = 1,
       .words_max = 1,
       .summary = "Hands a draft out, and waits until all assignments are made",
       .run = Issue},
      {.name = "measure assignments",
       .words = "[UNIT]",
       .words_max = 1,
       .summary = "Lists what units have to do",
       .flags = {UnderFlag("assignments"), FilterFlag("standing = \"OVERDUE\""), LineFlag(),
                 AtFlag(), LimitFlag()},
       .run = Assignments},
      {.name = "measure claim",
       .words = "ASSIGNMENT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Says, for the unit, that an assignment is done",
       .flags = {{"note", "TEXT", "what was done"}},
       .run = Claim},
      {.name = "measure verify",
       .words = "ASSIGNMENT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Confirms a claim in the name of an office",
       .flags = {{"office", "UNIT", "the office that judges"}, {"note", "TEXT", "what was found"}},
       .run = Verify},
      {.name = "measure progress",
       .words = "LIST",
       .words_min = 1,
       .words_max = 1,
       .summary = "Counts what is done, behind, overdue and on time",
       .flags = {UnderFlag("assignments"),
                 {"by-child", "", "counts each unit directly below by itself as well"},
                 LineFlag(),
                 AtFlag()},
       .run = ShowProgress},
  };
}

}  // namespace terrace::cli
