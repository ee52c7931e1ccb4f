#include "services/terrace/demo/report.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/check.h"
#include "google/protobuf/struct.pb.h"
#include "services/terrace/demo/scoreboard.h"
#include "services/terrace/explanation.h"
#include "services/terrace/words.h"

namespace terrace::demo {
namespace {

using cli::Output;
using cli::Table;

constexpr int kDueShown = 12;
constexpr int kRecordsShown = 3;

std::string InstantText(absl::Time instant) {
  return absl::FormatTime("%Y-%m-%d %H:%M", instant, cli::ShanghaiZone());
}

void Set(google::protobuf::Struct* object, const char* field, std::string value) {
  (*object->mutable_fields())[field].set_string_value(std::move(value));
}

void PrintBoard(const std::vector<scoring::v1::Rank>& ranks, Output* output) {
  Table table({"RANK", "TOWNSHIP", "SCORE", "GRADE", "COVERED"});
  for (const scoring::v1::Rank& rank : ranks) {
    const scoring::v1::Score& score = rank.score();
    table.Add({absl::StrCat(rank.rank()), score.unit_display_name(), score.value().value(),
               score.grade(), score.coverage().points_share().value()});
  }
  output->Line(
      absl::StrCat("\nScoreboard of county A's townships, as of ", InstantText(CountyInstant())));
  output->Print(table);
}

void PrintUpward(const std::vector<scoring::v1::Score>& scores, Output* output) {
  Table table({"OFFICE", "SCORE", "TOWNSHIPS COVERED", "OF"});
  for (const scoring::v1::Score& score : scores) {
    table.Add({score.unit_display_name(), score.value().value(),
               absl::StrCat(score.coverage().covered()),
               absl::StrCat(score.coverage().expected())});
  }
  output->Line("\nThe same scores rolled up to the root");
  output->Print(table);
}

void PrintDue(const std::vector<measures::v1::DueItem>& items, Output* output) {
  Table table({"UNIT", "TITLE", "WHAT", "PERIOD", "STATE", "DUE"});
  std::map<int, int> by_state;
  for (const measures::v1::DueItem& item : items) {
    ++by_state[item.state()];
    if (item.state() == measures::v1::DUE_STATE_OPEN) continue;
    if (table.rows() >= kDueShown) continue;
    table.Add({item.assignment().substr(0, item.assignment().find("/assignments/")),
               item.display_name(),
               cli::EnumText(measures::v1::DueKind_Name(item.kind()), "DUE_KIND_"), item.period(),
               cli::EnumText(measures::v1::DueState_Name(item.state()), "DUE_STATE_"),
               cli::InstantText(item.due_time())});
  }
  output->Line(absl::StrCat("\nDue list of county A, as of ", InstantText(CountyInstant()), ": ",
                            by_state[measures::v1::DUE_STATE_OVERDUE], " overdue, ",
                            by_state[measures::v1::DUE_STATE_DUE_SOON], " due soon, ",
                            by_state[measures::v1::DUE_STATE_OPEN], " open"));
  output->Print(table);
  const int late = by_state[measures::v1::DUE_STATE_OVERDUE] +
                   by_state[measures::v1::DUE_STATE_DUE_SOON] - static_cast<int>(table.rows());
  if (late > 0) output->Line(absl::StrCat("... and ", late, " more"));
}

}  // namespace

void PrintFigures(const std::vector<Section>& sections, Output* output) {
  for (const Section& section : sections) {
    Table table({"FIGURE", "VALUE", "", "COUNTED BY"});
    for (const Figure& figure : section.figures) {
      if (!output->json()) {
        table.Add({figure.title, figure.value, figure.unit, figure.method});
        continue;
      }
      google::protobuf::Struct row;
      Set(&row, "figure", figure.key);
      Set(&row, "title", figure.title);
      Set(&row, "value", figure.value);
      Set(&row, "unit", figure.unit);
      Set(&row, "method", figure.method);
      Set(&row, "instant",
          absl::FormatTime(absl::RFC3339_sec, section.instant, cli::ShanghaiZone()));
      output->PrintJson(row);
    }
    if (output->json()) continue;
    output->Line(absl::StrCat("\n", section.title, ", as of ", InstantText(section.instant)));
    output->Print(table);
  }
}

absl::Status PrintScores(cli::Client* client, cli::Language language, Output* output) {
  TERRACE_ASSIGN_OR_RETURN(const auto ranks, RankTownships(client));
  TERRACE_ASSIGN_OR_RETURN(const auto upward, ScoresUpward(client));
  TERRACE_ASSIGN_OR_RETURN(const auto due, ListDue(client));
  if (output->json()) {
    for (const auto& rank : ranks) output->PrintJson(rank);
    for (const auto& score : upward) output->PrintJson(score);
    for (const auto& item : due) output->PrintJson(item);
    return absl::OkStatus();
  }
  PrintBoard(ranks, output);
  PrintUpward(upward, output);
  if (!ranks.empty()) {
    TERRACE_ASSIGN_OR_RETURN(const auto explanation,
                             ExplainTownship(client, ranks.front().score().unit()));
    output->Line("\nThe first township's score, explained; the parts add up");
    output->stream() << cli::ExplanationText(explanation.whole(), language, kRecordsShown);
  }
  PrintDue(due, output);
  return absl::OkStatus();
}

void PrintChecks(const std::vector<Check>& checks, Output* output) {
  Table table({"CHECK", "WANTED", "FOUND", ""});
  for (const Check& check : checks) {
    if (!output->json()) {
      table.Add({check.name, check.wanted, check.found, check.passed() ? "ok" : "FAILED"});
      continue;
    }
    google::protobuf::Struct row;
    Set(&row, "check", check.name);
    Set(&row, "wanted", check.wanted);
    Set(&row, "found", check.found);
    (*row.mutable_fields())["passed"].set_bool_value(check.passed());
    output->PrintJson(row);
  }
  if (!output->json()) output->Print(table);
}

}  // namespace terrace::demo
