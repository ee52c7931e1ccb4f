// terrace sheet: what a unit and the offices above it state in a campaign, stage by stage.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/decimal.h"
#include "services/terrace/advice.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/score_words.h"
#include "services/terrace/words.h"
#include "terrace/scoring/v1/campaign.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;

std::string PointsText(bool not_applicable, const types::v1::Decimal& points) {
  return not_applicable ? "-" : points.value();
}

// A line for each leaf, with what each stage states and what that comes to.
Table ValuesOf(const v1::Sheet& sheet, Language language) {
  std::vector<std::string> headings = {"LINE"};
  std::vector<std::string> lines;
  const auto add_line = [&lines](const std::string& node) {
    if (std::find(lines.begin(), lines.end(), node) == lines.end()) lines.push_back(node);
  };
  for (const v1::StageValues& stage : sheet.stages()) {
    headings.push_back(absl::StrCat(stage.stage(), stage.has_end_time() ? "" : " (open)"));
    for (const v1::LeafValue& value : stage.values()) add_line(value.node());
  }
  for (const v1::CombinedValue& value : sheet.combined()) add_line(value.node());
  headings.insert(headings.end(), {"COUNTS", "HOW"});
  Table table(std::move(headings));
  for (const std::string& line : lines) {
    std::vector<std::string> cells = {line};
    for (const v1::StageValues& stage : sheet.stages()) {
      std::string& cell = cells.emplace_back();
      for (const v1::LeafValue& value : stage.values()) {
        if (value.node() == line) cell = PointsText(value.not_applicable(), value.points());
      }
    }
    for (const v1::CombinedValue& value : sheet.combined()) {
      if (value.node() != line) continue;
      cells.push_back(PointsText(value.not_applicable(), value.points()));
      cells.push_back(language == Language::kChinese ? value.arithmetic_zh() : value.arithmetic());
    }
    table.Add(std::move(cells));
  }
  return table;
}

// Calls a method that answers with a sheet, and prints it with its values.
template <class Request>
absl::Status PrintSheet(Context& context, const Request& request) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto sheet, client->Get<v1::Sheet>(request));
  if (context.output().json()) {
    context.output().PrintJson(sheet);
    return absl::OkStatus();
  }
  context.output().stream() << FactsText({{"sheet", sheet.name()},
                                          {"unit", sheet.unit_display_name()},
                                          {"campaign", sheet.campaign()},
                                          {"state", StandingText(sheet)},
                                          {"edition", absl::StrCat(sheet.edition())},
                                          {"returned", sheet.return_reason()},
                                          {"reopened", sheet.reopen_reason()},
                                          {"etag", sheet.etag()}});
  context.output().Print(ValuesOf(sheet, LanguageOf(context.arguments().Text("lang"))));
  return absl::OkStatus();
}

// "LINE=POINTS why", "LINE=- why" for what does not apply, "LINE=" to take a value back.
absl::StatusOr<v1::LeafValue> ParseValue(const std::string& text) {
  v1::LeafValue value;
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const std::pair<std::string, std::string> stated =
      absl::StrSplit(parts.second, absl::MaxSplits(' ', 1));
  if (parts.first.empty() || text.find('=') == std::string::npos) {
    return UsageError("say what is stated by --value LINE=POINTS, with the reason behind it.");
  }
  value.set_node(parts.first);
  value.set_reason(stated.second);
  value.set_not_applicable(stated.first == "-");
  if (stated.first.empty() || value.not_applicable()) return value;
  TERRACE_ASSIGN_OR_RETURN(const Decimal points, Decimal::ParseLoose(stated.first, "value"));
  *value.mutable_points() = ToProto(points);
  return value;
}

template <class Request>
absl::Status FillValues(const Arguments& arguments, Request* request) {
  for (const std::string& text : arguments.All("value")) {
    TERRACE_ASSIGN_OR_RETURN(*request->add_values(), ParseValue(text));
  }
  return absl::OkStatus();
}

// Name, office, stage and reason of a verb, as far as it has them.
template <class Request>
Request VerbOf(const Arguments& arguments) {
  Request request;
  request.set_name(arguments.word(0));
  if constexpr (requires { request.set_acting_office(""); }) {
    request.set_acting_office(UnitName(arguments.Text("office")));
  }
  if constexpr (requires { request.set_stage(""); }) request.set_stage(arguments.Text("stage"));
  if constexpr (requires { request.set_reason(""); }) request.set_reason(arguments.Text("reason"));
  return request;
}

template <class Request>
absl::Status RunVerb(Context& context) {
  return PrintSheet(context, VerbOf<Request>(context.arguments()));
}

absl::Status Submit(Context& context) {
  auto request = VerbOf<v1::SubmitSheetRequest>(context.arguments());
  request.set_draft(context.arguments().On("draft"));
  TERRACE_RETURN_IF_ERROR(FillValues(context.arguments(), &request));
  return PrintSheet(context, request);
}

absl::Status Review(Context& context) {
  auto request = VerbOf<v1::RecordReviewRequest>(context.arguments());
  TERRACE_RETURN_IF_ERROR(FillValues(context.arguments(), &request));
  return PrintSheet(context, request);
}

const Flag kValue = {"value", "LINE=POINTS",
                     "points, then a space and the reason; - for what does not apply", "", true};
const Flag kOffice = {"office", "OFFICE", "in whose name"};
const Flag kStage = {"stage", "STAGE", "id of the stage"};

Command SheetVerb(std::string name, std::string summary, std::vector<Flag> flags,
                  absl::Status (*run)(Context& context)) {
  return {.name = std::move(name),
          .words = "SHEET",
          .words_min = 1,
          .words_max = 1,
          .summary = std::move(summary),
          .flags = std::move(flags),
          .run = run};
}

}  // namespace

std::vector<Command> SheetCommands() {
  return {
      SheetVerb("sheet show", "Shows a sheet with what each stage states and what that comes to",
                {}, RunVerb<v1::GetSheetRequest>),
      SheetVerb("sheet submit", "Hands in the unit's own assessment",
                {kValue, {"draft", "", "keeps the values without handing them in"}}, Submit),
      SheetVerb("sheet review", "States the values of an office", {kStage, kOffice, kValue},
                Review),
      SheetVerb("sheet confirm", "Ends a stage, so that the sheet goes on", {kStage, kOffice},
                RunVerb<v1::ConfirmSheetRequest>),
      SheetVerb("sheet return", "Sends a sheet back to an earlier stage",
                {{"stage", "STAGE", "where it goes back to; without, the stage before"},
                 kOffice,
                 {"reason", "TEXT", "why"}},
                RunVerb<v1::ReturnSheetRequest>),
      SheetVerb("sheet seal", "Seals a sheet that is through all stages", {kOffice},
                RunVerb<v1::SealSheetRequest>),
      SheetVerb("sheet reopen", "Opens a sealed sheet again",
                {kStage, kOffice, {"reason", "TEXT", "the order that it is done by"}},
                RunVerb<v1::ReopenSheetRequest>),
  };
}

}  // namespace terrace::cli
