// terrace score eligible: whether a unit may be given a title, check by check.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/terrace/advice.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/words.h"
#include "terrace/scoring/v1/eligibility.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;

absl::Status Eligible(Context& context) {
  const Arguments& arguments = context.arguments();
  if (!arguments.Given("programme") || !arguments.Given("level")) {
    return UsageError(
        "say for which title by --programme units/OFFICE/programmes/PROGRAMME and --level county.");
  }
  v1::CheckEligibilityRequest request;
  request.set_unit(UnitName(arguments.word(0)));
  request.set_programme(arguments.Text("programme"));
  request.set_level(InTable("levels", arguments.Text("level")));
  request.set_title(arguments.Text("title"));
  request.set_batch(arguments.Text("batch"));
  request.set_period(arguments.Text("period"));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(const auto answer, client->Get<v1::Eligibility>(request));
  if (context.output().json()) {
    context.output().PrintJson(answer);
    return absl::OkStatus();
  }
  const bool chinese = LanguageOf(arguments.Text("lang")) == Language::kChinese;
  Table table({"CHECK", "OUTCOME", "ASKED", "FOUND", "DETAIL"});
  for (const v1::EligibilityCheck& check : answer.checks()) {
    table.Add({EnumText(v1::EligibilityCheckKind_Name(check.kind()), "ELIGIBILITY_CHECK_KIND_"),
               EnumText(v1::EligibilityOutcome_Name(check.outcome()), "ELIGIBILITY_OUTCOME_"),
               check.asked(), check.found(), chinese ? check.message_zh() : check.message()});
  }
  context.output().Print(table);
  context.output().Line(answer.eligible()
                            ? absl::StrCat("eligible until ", InstantText(answer.valid_until()))
                            : "not eligible");
  context.output().stream() << StaleText(answer);
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ScoreEligibleCommands() {
  return {{.name = "score eligible",
           .words = "UNIT",
           .words_min = 1,
           .words_max = 1,
           .summary = "Says whether a unit may be given a title, and what is missing",
           .details = "With --json the answer has its seal, which GrantDesignation takes as "
                      "eligibility.",
           .flags = {{"programme", "PROGRAMME", "units/OFFICE/programmes/PROGRAMME"},
                     {"level", "LEVEL", "level of the title, such as county"},
                     {"title", "TITLE", "id of the title within the programme"},
                     {"batch", "BATCH", "the batch in which it would be given"},
                     {"period", "PERIOD", "whose score counts; left out, the newest that may"}},
           .run = Eligible}};
}

}  // namespace terrace::cli
