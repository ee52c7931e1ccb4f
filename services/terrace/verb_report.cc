// terrace report: what units hand in, and what is due.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/decimal.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/measures/v1/progress.pb.h"
#include "terrace/measures/v1/reports.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = measures::v1;

std::string StateText(v1::ReportState state) {
  return EnumText(v1::ReportState_Name(state), "REPORT_STATE_");
}

std::string TimelinessText(v1::Timeliness timeliness) {
  return EnumText(v1::Timeliness_Name(timeliness), "TIMELINESS_");
}

Facts ReportFacts(const v1::Report& report) {
  Facts facts = {
      {"report", report.name()},
      {"state", StateText(report.state())},
      {"timeliness", TimelinessText(report.timeliness())},
      {"due", InstantText(report.due_time())},
      {"first in", InstantText(report.first_submitted_time())},
      {"progress", report.has_progress() ? absl::StrCat(report.progress().value(), " %") : ""}};
  for (const v1::Submission& submission : report.submissions()) {
    facts.push_back({absl::StrCat("submission ", submission.number()),
                     absl::StrCat(InstantText(submission.submitted().time()), " ",
                                  submission.content().text())});
  }
  for (const v1::ReportEvent& event : report.events()) {
    facts.push_back({EnumText(v1::ReportEvent::Type_Name(event.type()), "TYPE_"),
                     absl::StrCat(InstantText(event.moment().time()), " ", event.note())});
  }
  facts.push_back({"etag", report.etag()});
  return facts;
}

absl::Status List(Context& context) {
  v1::ListReportsRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListReportsResponse>(
      context, request, &v1::ListReportsResponse::reports,
      {"REPORT", "STATE", "TIMELINESS", "FIRST IN", "DUE"}, [](const v1::Report& row) {
        return std::vector<std::string>{
            row.name(), StateText(row.state()), TimelinessText(row.timeliness()),
            InstantText(row.first_submitted_time()), InstantText(row.due_time())};
      });
}

absl::Status Get(Context& context) {
  v1::GetReportRequest request;
  request.set_name(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::Report>(context, request, ReportFacts);
}

absl::Status Submit(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::SubmitReportRequest request;
  request.set_assignment(arguments.word(0));
  request.set_period(arguments.word(1));
  request.mutable_content()->set_text(arguments.Text("text"));
  if (arguments.Given("progress")) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal progress,
                             Decimal::ParseLoose(arguments.Text("progress"), "progress"));
    *request.mutable_content()->mutable_progress() = ToProto(progress);
  }
  return PrintOne<v1::Report>(context, request, ReportFacts);
}

absl::Status Return(Context& context) {
  v1::ReturnReportRequest request;
  request.set_name(context.arguments().word(0));
  request.set_acting_office(UnitName(context.arguments().Text("office")));
  request.set_note(context.arguments().Text("note"));
  return PrintOne<v1::Report>(context, request, ReportFacts);
}

absl::Status Accept(Context& context) {
  v1::AcceptReportRequest request;
  request.set_name(context.arguments().word(0));
  request.set_acting_office(UnitName(context.arguments().Text("office")));
  request.set_note(context.arguments().Text("note"));
  return PrintOne<v1::Report>(context, request, ReportFacts);
}

absl::Status Excuse(Context& context) {
  v1::ExcuseReportRequest request;
  request.set_assignment(context.arguments().word(0));
  request.set_period(context.arguments().word(1));
  request.set_acting_office(UnitName(context.arguments().Text("office")));
  request.set_note(context.arguments().Text("note"));
  return PrintOne<v1::Report>(context, request, ReportFacts);
}

absl::Status Due(Context& context) {
  v1::ListDueRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListDueResponse>(
      context, request, &v1::ListDueResponse::items,
      {"ASSIGNMENT", "TITLE", "WHAT", "PERIOD", "STATE", "DUE"}, [](const v1::DueItem& row) {
        return std::vector<std::string>{
            row.assignment(),
            Clip(row.display_name(), 40),
            EnumText(v1::DueKind_Name(row.kind()), "DUE_KIND_"),
            row.period(),
            absl::StrCat(EnumText(v1::DueState_Name(row.state()), "DUE_STATE_"),
                         row.returned() ? ", returned" : ""),
            InstantText(row.due_time())};
      });
}

std::vector<Flag> JudgeFlags(const char* note) {
  return {{"office", "UNIT", "the office that judges"}, {"note", "TEXT", note}};
}

}  // namespace

std::vector<Command> ReportCommands() {
  return {
      {.name = "report list",
       .words = "[UNIT|ASSIGNMENT]",
       .words_max = 1,
       .summary = "Lists reports",
       .flags = {UnderFlag("reports"), FilterFlag("period = \"2016-05\""), LineFlag(), AtFlag(),
                 LimitFlag()},
       .run = List},
      {.name = "report get",
       .words = "REPORT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Shows a report with everything that was ever submitted",
       .flags = {AtFlag()},
       .run = Get},
      {.name = "report submit",
       .words = "ASSIGNMENT PERIOD",
       .words_min = 2,
       .words_max = 2,
       .summary = "Hands in the report of a period, such as 2016-05",
       .flags = {{"text", "TEXT", "what was done"}, {"progress", "PERCENT", "how far it has come"}},
       .run = Submit},
      {.name = "report return",
       .words = "REPORT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Returns a report for correction",
       .flags = JudgeFlags("what to correct"),
       .run = Return},
      {.name = "report accept",
       .words = "REPORT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Accepts a report",
       .flags = JudgeFlags("what to say about it"),
       .run = Accept},
      {.name = "report excuse",
       .words = "ASSIGNMENT PERIOD",
       .words_min = 2,
       .words_max = 2,
       .summary = "Says that a report need not be handed in",
       .flags = JudgeFlags("why"),
       .run = Excuse},
      {.name = "report due",
       .words = "[UNIT]",
       .words_max = 1,
       .summary = "Lists what is due or overdue",
       .flags = {UnderFlag("what is due"), FilterFlag("state = \"OVERDUE\""), LineFlag(), AtFlag(),
                 LimitFlag()},
       .run = Due},
  };
}

}  // namespace terrace::cli
