// terrace visit: what inspectors see, from the start of a visit to the findings that come of it.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/decimal.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "google/protobuf/util/json_util.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/inspections/v1/field.pb.h"
#include "terrace/inspections/v1/findings.pb.h"
#include "terrace/inspections/v1/observations.pb.h"
#include "terrace/inspections/v1/summaries.pb.h"
#include "terrace/inspections/v1/visits.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = inspections::v1;

// Items of one message of a sync; the service takes at most 200.
constexpr int kSyncItems = 200;

std::string StateText(v1::Visit::State state) {
  return EnumText(v1::Visit::State_Name(state), "STATE_");
}

std::string AnswerText(const v1::Observation& row) {
  switch (row.answer_case()) {
    case v1::Observation::kPassed:
      return row.passed() ? "passed" : "failed";
    case v1::Observation::kCount:
      return absl::StrCat(row.count().hits(), " of ", row.count().sample());
    case v1::Observation::kGrade:
      return row.grade();
    case v1::Observation::kNumber:
      return row.number().value();
    case v1::Observation::kText:
      return Clip(row.text(), 40);
    case v1::Observation::kNoAnswer:
      return EnumText(v1::NoAnswer_Name(row.no_answer()), "NO_ANSWER_");
    case v1::Observation::ANSWER_NOT_SET:
      return "";
  }
  return "";
}

Facts VisitFacts(const v1::Visit& visit) {
  return {{"visit", visit.name()},
          {"office", visit.office()},
          {"kind", EnumText(v1::InspectionKind_Name(visit.kind()), "INSPECTION_KIND_")},
          {"plan", visit.plan()},
          {"round", visit.round() == 0 ? "" : absl::StrCat(visit.round())},
          {"checklist", visit.checklist()},
          {"team", visit.team()},
          {"state", StateText(visit.state())},
          {"started", InstantText(visit.started().time())},
          {"finished", InstantText(visit.finished().time())},
          {"observations", absl::StrCat(visit.observation_count())},
          {"findings", absl::StrCat(visit.finding_count())},
          {"remarks", visit.remarks()}};
}

absl::Status List(Context& context) {
  v1::ListVisitsRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListVisitsResponse>(
      context, request, &v1::ListVisitsResponse::visits,
      {"VISIT", "KIND", "ROUND", "STATE", "STARTED", "OBSERVATIONS", "FINDINGS"},
      [](const v1::Visit& row) {
        return std::vector<std::string>{
            row.name(),
            EnumText(v1::InspectionKind_Name(row.kind()), "INSPECTION_KIND_"),
            absl::StrCat(row.round()),
            StateText(row.state()),
            InstantText(row.started().time()),
            absl::StrCat(row.observation_count()),
            absl::StrCat(row.finding_count())};
      });
}

absl::Status Get(Context& context) {
  v1::GetVisitRequest request;
  request.set_name(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::Visit>(context, request, VisitFacts);
}

absl::Status Observations(Context& context) {
  v1::ListObservationsRequest request;
  request.set_parent(context.arguments().word(0));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListObservationsResponse>(
      context, request, &v1::ListObservationsResponse::observations,
      {"OBSERVATION", "ITEM", "PLACE", "ANSWER", "REASON", "SEEN"}, [](const v1::Observation& row) {
        return std::vector<std::string>{IdOf(row.name()),
                                        row.item(),
                                        row.place(),
                                        AnswerText(row),
                                        Clip(row.reason(), 40),
                                        InstantText(row.captured_time())};
      });
}

absl::Status Findings(Context& context) {
  v1::ListFindingsRequest request;
  request.set_parent(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintPages<v1::ListFindingsResponse>(
      context, request, &v1::ListFindingsResponse::findings,
      {"FINDING", "SEVERITY", "STATE", "DUE", "TEXT"}, [](const v1::Finding& row) {
        return std::vector<std::string>{
            row.name(), EnumText(v1::Severity_Name(row.severity()), "SEVERITY_"),
            absl::StrCat(EnumText(v1::Finding::State_Name(row.state()), "STATE_"),
                         row.overdue() ? ", overdue" : ""),
            InstantText(row.due_time()), Clip(row.text(), 40)};
      });
}

absl::Status Summary(Context& context) {
  v1::GetInspectionSummaryRequest request;
  request.set_subtree(UnitName(context.arguments().word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::InspectionSummary>(
      context, request, [](const v1::InspectionSummary& summary) {
        Facts facts = {{"visits", absl::StrCat(summary.visits())},
                       {"units visited", absl::StrCat(summary.units_visited())}};
        for (const auto& row : summary.rounds()) {
          facts.push_back({absl::StrCat("round ", row.round()), absl::StrCat(row.visits())});
        }
        facts.push_back({"observations", absl::StrCat(summary.observations().total())});
        facts.push_back({"of these failed", absl::StrCat(summary.observations().failed())});
        facts.push_back({"findings", absl::StrCat(summary.findings())});
        facts.push_back({"of these overdue", absl::StrCat(summary.findings_overdue())});
        for (const auto& row : summary.follow_ups()) {
          facts.push_back(
              {EnumText(v1::FollowUp::Kind_Name(row.kind()), "KIND_"), absl::StrCat(row.count())});
        }
        return facts;
      });
}

absl::Status Start(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::StartVisitRequest request;
  request.set_parent(UnitName(arguments.word(0)));
  request.set_visit_id(arguments.Text("id"));
  request.set_acting_office(UnitName(arguments.Text("office")));
  request.set_checklist(arguments.Text("checklist"));
  request.set_plan(arguments.Text("plan"));
  request.set_team(arguments.Text("team"));
  TERRACE_ASSIGN_OR_RETURN(const int64_t round, arguments.Number("round", 0, 1000));
  request.set_round(static_cast<int32_t>(round));
  return PrintOne<v1::Visit>(context, request, VisitFacts);
}

absl::StatusOr<v1::Observation> ParseAnswer(const Arguments& arguments) {
  v1::Observation out;
  if (arguments.On("pass")) out.set_passed(true);
  if (arguments.On("fail")) out.set_passed(false);
  if (arguments.Given("grade")) out.set_grade(arguments.Text("grade"));
  if (arguments.Given("text")) out.set_text(arguments.Text("text"));
  if (arguments.On("not-applicable")) out.set_no_answer(v1::NO_ANSWER_NOT_APPLICABLE);
  if (arguments.Given("number")) {
    TERRACE_ASSIGN_OR_RETURN(const Decimal number,
                             Decimal::ParseLoose(arguments.Text("number"), "number"));
    *out.mutable_number() = ToProto(number);
  }
  if (arguments.Given("count")) {
    const std::vector<std::string> parts = absl::StrSplit(arguments.Text("count"), '/');
    int32_t hits = 0;
    int32_t sample = 0;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &hits) ||
        !absl::SimpleAtoi(parts[1], &sample)) {
      return UsageError("--count is written as 3/5: how many were right of how many.");
    }
    out.mutable_count()->set_hits(hits);
    out.mutable_count()->set_sample(sample);
  }
  if (out.answer_case() == v1::Observation::ANSWER_NOT_SET) {
    return UsageError("an observation needs an answer, such as --pass or --count 3/5.");
  }
  return out;
}

absl::Status Observe(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::RecordObservationsRequest request;
  request.set_parent(arguments.word(0));
  TERRACE_ASSIGN_OR_RETURN(*request.add_observations(), ParseAnswer(arguments));
  v1::Observation& observation = *request.mutable_observations(0);
  // Without a device's own count a random part keeps the name unique.
  observation.set_name(absl::StrCat(arguments.word(0), "/observations/",
                                    arguments.Given("id")
                                        ? arguments.Text("id")
                                        : absl::StrCat("cli", NewRequestId().substr(0, 8), "-1")));
  observation.set_item(arguments.word(1));
  observation.set_place(arguments.Text("place"));
  observation.set_reason(arguments.Text("reason"));
  return PrintOne<v1::RecordObservationsResponse>(
      context, request, [](const v1::RecordObservationsResponse& reply) {
        const v1::ItemResult& result = reply.results(0);
        return Facts{
            {"observation", result.name()},
            {"outcome", EnumText(v1::ItemResult::Outcome_Name(result.outcome()), "OUTCOME_")},
            {"reason", result.reason()},
            {"message", result.message()}};
      });
}

absl::Status Submit(Context& context) {
  v1::SubmitVisitRequest request;
  request.set_name(context.arguments().word(0));
  request.set_remarks(context.arguments().Text("remarks"));
  return PrintOne<v1::Visit>(context, request, VisitFacts);
}

// A file of SyncItem, one in JSON per line: what a device without a network has written.
absl::Status Sync(Context& context) {
  const std::string path = context.arguments().word(0);
  TERRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<v1::SyncVisitsRequest> requests;
  int line = 0;
  for (absl::string_view json : absl::StrSplit(text, '\n')) {
    ++line;
    if (json.empty()) continue;
    if (requests.empty() || requests.back().items_size() == kSyncItems) {
      requests.emplace_back().set_acting_office(UnitName(context.arguments().Text("office")));
    }
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(std::string(json), requests.back().add_items());
    if (!parsed.ok()) {
      return Error(Reason::BAD_TABLE, {{"path", path},
                                       {"line", absl::StrCat(line)},
                                       {"detail", std::string(parsed.message())}});
    }
  }
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  const std::unique_ptr<rpc::Stream> stream = client->Open(v1::SyncVisitsRequest::descriptor());
  Table table({"ITEM", "OUTCOME", "REASON", "MESSAGE"});
  int64_t first = 0;
  for (const v1::SyncVisitsRequest& request : requests) {
    v1::SyncVisitsResponse reply;
    if (!stream->Write(request) || !stream->Read(&reply)) break;
    for (const v1::ItemResult& result : reply.results()) {
      if (context.output().json()) context.output().PrintJson(result);
      table.Add({absl::StrCat(first + result.index() + 1, " ", result.name()),
                 EnumText(v1::ItemResult::Outcome_Name(result.outcome()), "OUTCOME_"),
                 result.reason(), result.message()});
    }
    first += request.items_size();
  }
  stream->WritesDone();
  if (!context.output().json()) context.output().Print(table);
  return client->Explain(stream->Finish());
}

}  // namespace

std::vector<Command> VisitCommands() {
  return {
      {.name = "visit list",
       .words = "[UNIT]",
       .words_max = 1,
       .summary = "Lists visits",
       .flags = {UnderFlag("visits"), FilterFlag("state = SUBMITTED"), LineFlag(), AtFlag(),
                 LimitFlag()},
       .run = List},
      {.name = "visit get",
       .words = "VISIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Tells all about one visit",
       .flags = {AtFlag()},
       .run = Get},
      {.name = "visit observations",
       .words = "VISIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Lists what was seen on a visit",
       .flags = {FilterFlag("item = \"gate\""), AtFlag(), LimitFlag()},
       .run = Observations},
      {.name = "visit findings",
       .words = "[UNIT|VISIT]",
       .words_max = 1,
       .summary = "Lists what is to be put right",
       .flags = {UnderFlag("findings"), FilterFlag("overdue = true"), LineFlag(), AtFlag(),
                 LimitFlag()},
       .run = Findings},
      {.name = "visit summary",
       .words = "[UNIT]",
       .words_max = 1,
       .summary = "Counts visits, observations, findings and follow-ups below a unit",
       .flags = {LineFlag(), AtFlag()},
       .run = Summary},
      {.name = "visit start",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Begins a visit of a plan, or one of its own",
       .flags = {{"office", "UNIT", "the office in whose name the visit is made"},
                 {"checklist", "CHECKLIST", "the published version to go through"},
                 {"plan", "PLAN", "the released plan that drew the unit"},
                 {"round", "NUMBER", "the round of the plan", "0"},
                 {"team", "TEAM", "the team that goes"},
                 {"id", "ID", "id of the visit; left out, the service chooses"}},
       .run = Start},
      {.name = "visit observe",
       .words = "VISIT ITEM",
       .words_min = 2,
       .words_max = 2,
       .summary = "Records what was seen for one item of the checklist",
       .flags = {{"pass", "", "it passed"},
                 {"fail", "", "it did not pass"},
                 {"count", "HITS/SAMPLE", "how many were right of how many"},
                 {"grade", "GRADE", "one of the item's grades"},
                 {"number", "NUMBER", "the number"},
                 {"text", "TEXT", "the words"},
                 {"not-applicable", "", "the item does not apply here"},
                 {"reason", "TEXT", "why the answer is what it is"},
                 {"place", "TEXT", "where in the unit"},
                 {"id", "DEVICE-SEQ", "id of the observation; left out, a random one"}},
       .run = Observe},
      {.name = "visit submit",
       .words = "VISIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Ends the growing of a visit",
       .flags = {{"remarks", "TEXT", "closing remarks"}},
       .run = Submit},
      {.name = "visit sync",
       .words = "FILE",
       .words_min = 1,
       .words_max = 1,
       .summary = "Sends what a device recorded offline, any number of times",
       .details = "FILE holds terrace.inspections.v1.SyncItem in JSON, one per line.",
       .flags = {{"office", "UNIT", "the office in whose name visits of their own are made"}},
       .run = Sync},
  };
}

}  // namespace terrace::cli
