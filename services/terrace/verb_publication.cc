// terrace score publish, result: scores that stay as they were announced.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/time.h"
#include "services/terrace/commands.h"
#include "services/terrace/listing.h"
#include "services/terrace/score_words.h"
#include "services/terrace/words.h"
#include "terrace/scoring/v1/publication.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = scoring::v1;

Facts PublicationFacts(const v1::Publication& publication) {
  return {{"publication", publication.name()},
          {"title", publication.display_name()},
          {"scheme", publication.scheme()},
          {"period", publication.period()},
          {"state", EnumText(v1::PublicationState_Name(publication.state()), "PUBLICATION_STATE_")},
          {"disclosed", EnumText(v1::Disclosure_Name(publication.disclosure()), "DISCLOSURE_")},
          {"results", absl::StrCat(publication.result_count())},
          {"root", publication.root()},
          {"speaks of", InstantText(publication.at_time())},
          {"announced", InstantText(publication.publish_time())},
          {"objections until", InstantText(publication.objection_end_time())},
          {"final", InstantText(publication.final_time())},
          {"corrects", publication.corrects()},
          {"reason", publication.reason()},
          {"etag", publication.etag()}};
}

absl::Status Publish(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::PublishResultsRequest request;
  request.set_parent(UnitName(arguments.word(0)));
  request.set_publication_id(arguments.word(1));
  request.set_scheme(arguments.Text("scheme"));
  v1::Publication& publication = *request.mutable_publication();
  publication.set_display_name(arguments.Text("title"));
  publication.set_period(arguments.Text("period"));
  TERRACE_ASSIGN_OR_RETURN(const size_t disclosed, arguments.Choice("disclose"));
  publication.set_disclosure(static_cast<v1::Disclosure>(v1::DISCLOSURE_NOTHING + disclosed));
  if (arguments.Given("objections-until")) {
    TERRACE_ASSIGN_OR_RETURN(const absl::Time end,
                             ParseInstant(arguments.Text("objections-until")));
    *publication.mutable_objection_end_time() = ToProto(end);
  }
  publication.set_corrects(arguments.Text("corrects"));
  publication.set_reason(arguments.Text("reason"));
  TERRACE_RETURN_IF_ERROR(FillScope(arguments, &request));
  return PrintAwaited<v1::Publication>(context, request, [](const v1::Publication& announced) {
    return FactsText(PublicationFacts(announced));
  });
}

std::string PlaceText(const v1::Result& result) {
  if (result.rank() == 0) return "";
  return absl::StrCat(result.rank(), " of ", result.ranked_count(), " at ",
                      IdOf(result.unit_level()));
}

Facts ResultFacts(const v1::Result& result) {
  Facts facts = {
      {"result", result.name()},
      {"unit", result.unit_display_name()},
      {"state", EnumText(v1::ScoreState_Name(result.state()), "SCORE_STATE_")},
      {"value", result.has_value() ? result.value().value() : AssessmentText(result.assessment())},
      {"grade", result.grade()},
      {"place", PlaceText(result)},
      {"disqualified", result.disqualified() ? "by a veto" : ""}};
  for (const v1::NodeScore& node : result.nodes()) {
    facts.push_back({node.node(), NodeText(node)});
  }
  return facts;
}

absl::Status ShowResult(Context& context) {
  const Arguments& arguments = context.arguments();
  const std::vector<std::string> parts = absl::StrSplit(arguments.word(1), '/');
  if (parts.size() != 4 || parts[2] != "publications") {
    return UsageError("name the publication as units/OFFICE/publications/PUBLICATION.");
  }
  v1::GetResultRequest request;
  request.set_name(absl::StrCat(UnitName(arguments.word(0)), "/results/", parts[1], "~", parts[3]));
  return PrintOne<v1::Result>(context, request, ResultFacts);
}

}  // namespace

std::vector<Command> PublicationCommands() {
  return {
      {.name = "score publish",
       .words = "OFFICE PUBLICATION",
       .words_min = 2,
       .words_max = 2,
       .summary = "Freezes and announces the scores of a period, and waits until that is done",
       .details = "PUBLICATION is a new id. What is published never changes; a correction is a\n"
                  "new publication that names the old one by --corrects.",
       .flags = {{"scheme", "SCHEME", "units/OFFICE/schemes/SCHEME, or with @VERSION"},
                 {"period", "PERIOD", "the period, such as 2016"},
                 {"title", "TEXT", "the title"},
                 {"disclose", "WHAT", "what others are shown: nothing, grades or ranks", "nothing",
                  false, "nothing grades ranks"},
                 {"objections-until", "TIME", "units may appeal until then; final at once without"},
                 {"corrects", "PUBLICATION", "units/OFFICE/publications/PUBLICATION"},
                 {"reason", "TEXT", "why it is corrected"},
                 AtFlag()},
       .run = Publish},
      {.name = "score result",
       .words = "UNIT PUBLICATION",
       .words_min = 2,
       .words_max = 2,
       .summary = "Shows the published score of a unit, with its place",
       .run = ShowResult},
  };
}

}  // namespace terrace::cli
