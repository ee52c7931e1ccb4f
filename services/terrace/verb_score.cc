// terrace score: live scores, ranks, and where a score comes from.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/time.h"
#include "services/terrace/commands.h"
#include "services/terrace/explanation.h"
#include "services/terrace/listing.h"
#include "services/terrace/score_words.h"
#include "services/terrace/words.h"
#include "terrace/scoring/v1/scoreboard.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;

std::string ValueText(const v1::Score& score) {
  if (score.assessment() == v1::ASSESSMENT_SCORED) return score.value().value();
  return AssessmentText(score.assessment());
}

std::string CoverageText(const v1::Score& score) {
  const v1::Coverage& coverage = score.coverage();
  if (coverage.expected() > 0) {
    return absl::StrCat(coverage.covered(), " of ", coverage.expected());
  }
  return coverage.points_share().value();
}

std::vector<std::string> ScoreCells(const v1::Score& score) {
  return {IdOf(score.unit()), score.unit_display_name(), ValueText(score), score.points().value(),
          score.grade(),      CoverageText(score)};
}

// "units/{unit}/scores/{office}~{scheme}~{period}", the scheme as the flag says.
absl::StatusOr<std::string> ScoreNameOf(const Arguments& arguments, absl::string_view unit,
                                        absl::string_view period) {
  const std::vector<std::string> parts = absl::StrSplit(arguments.Text("scheme"), '/');
  if (parts.size() != 4 || period.empty()) {
    return UsageError("say which by --scheme units/OFFICE/schemes/SCHEME and --period 2016.");
  }
  return absl::StrCat(UnitName(unit), "/scores/", parts[1], "~", parts[3], "~",
                      absl::AsciiStrToLower(period));
}

absl::StatusOr<std::string> ScoreName(const Arguments& arguments) {
  return ScoreNameOf(arguments, arguments.word(0), arguments.Text("period"));
}

template <class Request>
absl::Status FillScheme(const Arguments& arguments, Request* request) {
  TERRACE_RETURN_IF_ERROR(FillScope(arguments, request));
  request->set_scheme(arguments.Text("scheme"));
  request->set_period(arguments.Text("period"));
  return absl::OkStatus();
}

absl::Status Get(Context& context) {
  v1::GetScoreRequest request;
  TERRACE_ASSIGN_OR_RETURN(*request.mutable_name(), ScoreName(context.arguments()));
  request.set_include_nodes(true);
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  return PrintOne<v1::Score>(context, request, [](const v1::Score& score) {
    Facts facts = {{"score", score.name()},
                   {"unit", score.unit_display_name()},
                   {"scheme", score.scheme()},
                   {"value", absl::StrCat(ValueText(score), " of ", score.points().value())},
                   {"grade", score.grade()},
                   {"coverage", CoverageText(score)}};
    for (const v1::NodeScore& node : score.nodes()) {
      facts.push_back({node.node(), NodeText(node)});
    }
    return facts;
  });
}

absl::Status List(Context& context) {
  v1::ListScoresRequest request;
  TERRACE_RETURN_IF_ERROR(FillScheme(context.arguments(), &request));
  return PrintPages<v1::ListScoresResponse>(context, request, &v1::ListScoresResponse::scores,
                                            {"UNIT", "NAME", "SCORE", "OF", "GRADE", "COVERAGE"},
                                            ScoreCells);
}

absl::Status Rank(Context& context) {
  v1::RankUnitsRequest request;
  TERRACE_RETURN_IF_ERROR(FillScheme(context.arguments(), &request));
  request.set_level(InTable("levels", context.arguments().Text("level")));
  if (context.arguments().Given("kind")) {
    request.set_kind(InTable("kinds", context.arguments().Text("kind")));
  }
  return PrintPages<v1::RankUnitsResponse>(
      context, request, &v1::RankUnitsResponse::ranks,
      {"RANK", "UNIT", "NAME", "SCORE", "OF", "GRADE", "COVERAGE"}, [](const v1::Rank& rank) {
        std::vector<std::string> cells = ScoreCells(rank.score());
        cells.insert(cells.begin(), absl::StrCat(rank.rank()));
        return cells;
      });
}

absl::Status Explain(Context& context) {
  v1::ExplainScoreRequest request;
  TERRACE_ASSIGN_OR_RETURN(*request.mutable_name(), ScoreName(context.arguments()));
  TERRACE_ASSIGN_OR_RETURN(const int64_t depth, context.arguments().Number("depth", 0, 8));
  request.set_depth(static_cast<int32_t>(depth));
  request.set_include_outlook(context.arguments().On("outlook"));
  TERRACE_RETURN_IF_ERROR(FillScope(context.arguments(), &request));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto explanation, client->Get<v1::Explanation>(request));
  if (context.output().json()) {
    context.output().PrintJson(explanation);
  } else {
    const Language language = LanguageOf(context.arguments().Text("lang"));
    context.output().stream() << ExplanationText(explanation.whole(), language)
                              << OutlookText(explanation.score().outlook(), language)
                              << StaleText(explanation);
  }
  return absl::OkStatus();
}

absl::Status Compare(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::CompareScoresRequest request;
  const std::string period =
      arguments.Text(arguments.Given("with-period") ? "with-period" : "period");
  const std::string unit =
      arguments.Given("with-unit") ? arguments.Text("with-unit") : arguments.word(0);
  if (!arguments.Given("with-period") && !arguments.Given("with-unit") &&
      !arguments.Given("with-at")) {
    return UsageError("say what to compare with by --with-period, --with-unit or --with-at.");
  }
  TERRACE_ASSIGN_OR_RETURN(*request.mutable_name(), ScoreNameOf(arguments, unit, period));
  TERRACE_ASSIGN_OR_RETURN(*request.mutable_other(), ScoreName(arguments));
  if (arguments.Given("with-at")) {
    TERRACE_ASSIGN_OR_RETURN(const absl::Time at, ParseInstant(arguments.Text("with-at")));
    *request.mutable_at_time() = ToProto(at);
  }
  if (arguments.Given("at")) {
    TERRACE_ASSIGN_OR_RETURN(const absl::Time at, ParseInstant(arguments.Text("at")));
    *request.mutable_other_at_time() = ToProto(at);
  }
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto found, client->Get<v1::CompareScoresResponse>(request));
  if (context.output().json()) {
    context.output().PrintJson(found);
    return absl::OkStatus();
  }
  Table table({"DIFFERENCE", "REASON", "SUBJECT", "NAME", "BEFORE", "AFTER"});
  for (const v1::DifferencePart& part : found.parts()) {
    table.Add({part.contribution().value(),
               EnumText(v1::DifferenceKind_Name(part.kind()), "DIFFERENCE_KIND_"), part.subject(),
               part.display_name(), part.before().value(), part.after().value()});
  }
  table.Add({found.difference().value(), "all", "", "", ValueText(found.score()),
             ValueText(found.other())});
  context.output().Print(table);
  context.output().stream() << StaleText(found);
  return absl::OkStatus();
}

std::vector<Flag> SchemeFlags(std::vector<Flag> more) {
  std::vector<Flag> flags = {{"scheme", "SCHEME", "units/OFFICE/schemes/SCHEME, or with @VERSION"},
                             {"period", "PERIOD", "the period, such as 2016"}};
  for (Flag& flag : more) flags.push_back(std::move(flag));
  return flags;
}

}  // namespace

std::vector<Command> ScoreCommands() {
  return {
      {.name = "score get",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Shows a unit's score with the nodes of its own sheet",
       .flags = SchemeFlags({AtFlag()}),
       .run = Get},
      {.name = "score list",
       .summary = "Lists the scores of a subtree",
       .flags = SchemeFlags({UnderFlag("scores"), FilterFlag("level = levels/township"), LineFlag(),
                             AtFlag(), LimitFlag()}),
       .run = List},
      {.name = "score rank",
       .summary = "Ranks the units of one level, best first",
       .flags = SchemeFlags({{"level", "LEVEL", "level of the ranked units, such as township"},
                             {"kind", "KIND", "only units of this kind"},
                             UnderFlag("units"),
                             LineFlag(),
                             AtFlag(),
                             LimitFlag()}),
       .run = Rank},
      {.name = "score explain",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Opens a score down to the records that caused it",
       .flags =
           SchemeFlags({{"depth", "LEVELS", "how many levels of units below are opened too", "1"},
                        {"outlook", "", "says what a rolled-up score can still come to, too"},
                        AtFlag()}),
       .run = Explain},
      {.name = "score compare",
       .words = "UNIT",
       .words_min = 1,
       .words_max = 1,
       .summary = "Says why a score is more or less than another one",
       .flags = SchemeFlags({{"with-period", "PERIOD", "the same unit in this period"},
                             {"with-unit", "UNIT", "this unit in the same period"},
                             {"with-at", "TIME", "the other score as it was at this time"},
                             AtFlag()}),
       .run = Compare},
  };
}

}  // namespace terrace::cli
