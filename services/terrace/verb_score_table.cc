// terrace score check, evaluate, simulate and robustness: schemes in files applied to tables in
// files, without a server.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/protobuf/wrappers.pb.h"
#include "services/scoring/engine/bands.h"
#include "services/scoring/engine/evaluate.h"
#include "services/scoring/engine/robustness.h"
#include "services/scoring/schemes/scheme_check.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/csv.h"
#include "services/terrace/score_table.h"
#include "services/terrace/table_scheme.h"
#include "services/terrace/words.h"

namespace terrace::cli {
namespace {

namespace engine = scoring::engine;
namespace v1 = scoring::v1;

constexpr int64_t kSeedMax = 1'000'000'000;
constexpr int64_t kPlacesMax = 500'000'000;  // Kept in memory, four bytes each.

// A table on its way out: CSV, or one JSON object a row, where empty cells are left out.
class Sheet {
 public:
  void AddColumn(std::string heading, bool numbers) {
    headings_.push_back(std::move(heading));
    numbers_.push_back(numbers);
  }
  void AddRow(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string ToText(bool json) const {
    std::string text = json ? "" : CsvRow(headings_);
    for (const std::vector<std::string>& row : rows_) {
      absl::StrAppend(&text, json ? JsonRow(row) : CsvRow(row));
    }
    return text;
  }

 private:
  static std::string Quoted(const std::string& text) {
    google::protobuf::StringValue value;
    value.set_value(text);
    return ToJson(value);
  }
  std::string JsonRow(const std::vector<std::string>& row) const {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i].empty()) continue;
      absl::StrAppend(&text, text.empty() ? "" : ",", Quoted(headings_[i]), ":",
                      numbers_[i] ? row[i] : Quoted(row[i]));
    }
    return absl::StrCat("{", text, "}\n");
  }

  std::vector<std::string> headings_;
  std::vector<bool> numbers_;
  std::vector<std::vector<std::string>> rows_;
};

// The shortest text that gives the same double; nothing for none.
std::string FigureText(double figure) {
  if (!std::isfinite(figure)) return "";
  char text[32];
  const std::to_chars_result written = std::to_chars(text, text + sizeof(text), figure);
  return std::string(text, written.ptr);
}
std::string FigureText(const absl::optional<double>& figure) {
  return figure ? FigureText(*figure) : "";
}
std::string FigureText(const absl::optional<Fixed>& figure) {
  return figure ? ToDecimal(*figure).ToString() : "";
}

// Everything that the commands read, and what came of it.
struct Evaluated {
  TableScheme scheme;
  std::shared_ptr<const ScoreTable> table;
  engine::Evaluation result;
};

absl::StatusOr<std::string> FileOf(const Arguments& arguments, const char* flag) {
  if (!arguments.Given(flag)) return UsageError(absl::StrCat("name a file with --", flag, "."));
  return arguments.Text(flag);
}

absl::StatusOr<Evaluated> EvaluateFiles(const Arguments& arguments, const std::string& scheme) {
  TERRACE_ASSIGN_OR_RETURN(const std::string data, FileOf(arguments, "data"));
  Evaluated out;
  TERRACE_ASSIGN_OR_RETURN(out.scheme, ReadTableScheme(scheme, arguments.Text("period"),
                                                       LanguageOf(arguments.Text("lang"))));
  TableOptions options;
  options.unit_column = arguments.Text("unit");
  auto table = std::make_shared<ScoreTable>();
  if (!arguments.Given("reference")) {
    TERRACE_ASSIGN_OR_RETURN(*table, ReadScoreTable(data, out.scheme, options));
  } else {
    TERRACE_ASSIGN_OR_RETURN(const ScoreTable reference,
                             ReadScoreTable(arguments.Text("reference"), out.scheme, options));
    options.has_reference = true;
    TERRACE_ASSIGN_OR_RETURN(*table, ReadScoreTable(data, out.scheme, options));
    Freeze(out.scheme, reference, engine::Evaluate(out.scheme.engine, reference.table),
           table.get());
  }
  out.result = engine::Evaluate(out.scheme.engine, table->table);
  out.table = std::move(table);
  return out;
}

// Whether two schemes say the same of leaves, groups and roll-ups: only what combines and weighs
// them, places and grades may differ.
bool HaveSameLeaves(v1::Scheme a, v1::Scheme b) {
  for (v1::Scheme* scheme : {&a, &b}) {
    for (v1::Node& node : *scheme->mutable_nodes()) {
      node.clear_weight();
      node.clear_weighting();
      node.clear_judgements();
      node.clear_combination();
      node.clear_exponent();
    }
    scheme->clear_ranking();
    scheme->clear_bands();
    scheme->clear_banding();
    scheme->clear_decimals();
    scheme->clear_rank_on_shown();
  }
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// The same under another scheme, from what is there where it only weighs otherwise.
absl::StatusOr<Evaluated> EvaluateWith(const Arguments& arguments, const std::string& scheme,
                                       const Evaluated& before) {
  Evaluated out;
  TERRACE_ASSIGN_OR_RETURN(out.scheme, ReadTableScheme(scheme, arguments.Text("period"),
                                                       LanguageOf(arguments.Text("lang"))));
  if (!HaveSameLeaves(before.scheme.compiled->proto, out.scheme.compiled->proto)) {
    return EvaluateFiles(arguments, scheme);
  }
  absl::optional<engine::Evaluation> result =
      engine::Reweigh(out.scheme.engine, before.table->table, before.result);
  if (!result) return EvaluateFiles(arguments, scheme);
  out.table = before.table;
  out.result = *std::move(result);
  return out;
}

// Units of a table by level, then by place, then as they stand in it; those without a place last.
std::vector<size_t> ByRank(const Evaluated& of) {
  std::vector<size_t> order(of.table->table.units.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const std::vector<int>& levels = of.table->table.levels;
  const auto key = [&](size_t unit) {
    const absl::optional<double>& rank = of.result.ranks[unit];
    return std::make_tuple(levels.empty() ? 0 : levels[unit], !rank.has_value(), rank.value_or(0));
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  return order;
}

std::string GradeText(const Evaluated& of, size_t unit) {
  const int band = of.result.bands[unit];
  return band < 0 ? "" : of.scheme.engine.bands[band].grade;
}
std::string ShownText(const Evaluated& of, size_t unit) {
  const absl::optional<Fixed>& score = of.result.scores[unit];
  return score ? ToDecimal(engine::Shown(*score, of.scheme.engine.decimals)).ToString() : "";
}

Sheet ScoresOf(const Evaluated& of) {
  const engine::Scheme& scheme = of.scheme.engine;
  const engine::Evaluation& result = of.result;
  const bool groups = scheme.ranking.grouping >= 0;
  Sheet sheet;
  sheet.AddColumn("unit", false);
  sheet.AddColumn("rank", true);
  if (groups) sheet.AddColumn("group_rank", true);
  sheet.AddColumn("score", true);
  sheet.AddColumn("exact_score", true);
  sheet.AddColumn("grade", false);
  sheet.AddColumn("coverage", true);
  for (const engine::Node& node : scheme.nodes) sheet.AddColumn(node.id, true);
  for (size_t unit : ByRank(of)) {
    std::vector<std::string> row = {of.table->table.units[unit], FigureText(result.ranks[unit])};
    if (groups) row.push_back(FigureText(result.group_ranks[unit]));
    row.push_back(ShownText(of, unit));
    row.push_back(FigureText(result.scores[unit]));
    row.push_back(GradeText(of, unit));
    row.push_back(FigureText(result.coverage[unit]));
    for (const auto& node : result.nodes) row.push_back(FigureText(node[unit]));
    sheet.AddRow(std::move(row));
  }
  return sheet;
}

Sheet NodesOf(const Evaluated& of) {
  Sheet sheet;
  sheet.AddColumn("unit", false);
  for (const engine::Node& node : of.scheme.engine.nodes) sheet.AddColumn(node.id, true);
  for (size_t unit = 0; unit < of.table->table.units.size(); ++unit) {
    std::vector<std::string> row = {of.table->table.units[unit]};
    for (const auto& node : of.result.nodes) row.push_back(FigureText(node[unit]));
    sheet.AddRow(std::move(row));
  }
  return sheet;
}

// The figures of the leaves at one stage.
Sheet StageOf(const Evaluated& of, const std::string& stage) {
  const engine::Scheme& scheme = of.scheme.engine;
  const auto column = [&](size_t leaf) -> const engine::FigureColumn& {
    if (stage == "denominated") return of.result.denominated[leaf];
    if (stage == "imputed") return of.result.imputed[leaf];
    if (stage == "treated") return of.result.treated[leaf];
    if (stage == "normalised") return of.result.normalised[leaf];
    return of.table->table.leaves[leaf].figure.values;
  };
  Sheet sheet;
  sheet.AddColumn("unit", false);
  for (int node : scheme.leaf_nodes) sheet.AddColumn(scheme.nodes[node].id, true);
  for (size_t unit = 0; unit < of.table->table.units.size(); ++unit) {
    std::vector<std::string> row = {of.table->table.units[unit]};
    for (size_t leaf = 0; leaf < scheme.leaves.size(); ++leaf) {
      row.push_back(FigureText(column(leaf)[unit]));
    }
    sheet.AddRow(std::move(row));
  }
  return sheet;
}

absl::Status Write(Context& context, const Sheet& sheet) {
  const std::string text = sheet.ToText(context.output().json());
  const std::string path = context.arguments().Text("out");
  if (path.empty()) {
    context.output().stream() << text << std::flush;
    return absl::OkStatus();
  }
  const absl::Status written = WritePrivateFile(path, text);
  if (written.ok()) return written;
  return Error(Reason::FILE_FAILED, {{"path", path}, {"detail", std::string(written.message())}});
}

absl::Status Evaluate(Context& context) {
  const Arguments& arguments = context.arguments();
  TERRACE_ASSIGN_OR_RETURN(const std::string scheme, FileOf(arguments, "scheme"));
  TERRACE_RETURN_IF_ERROR(arguments.Choice("stage").status());
  const std::string stage = arguments.Text("stage");
  TERRACE_ASSIGN_OR_RETURN(const Evaluated evaluated, EvaluateFiles(arguments, scheme));
  if (stage == "scores") return Write(context, ScoresOf(evaluated));
  if (stage == "nodes") return Write(context, NodesOf(evaluated));
  return Write(context, StageOf(evaluated, stage));
}

// Units of one table under two schemes: those whose place or grade differs, in the order of the
// second.
Sheet ChangesOf(const Evaluated& before, const Evaluated& after) {
  Sheet sheet;
  sheet.AddColumn("unit", false);
  sheet.AddColumn("rank", true);
  sheet.AddColumn("rank_with", true);
  sheet.AddColumn("places_gained", true);
  sheet.AddColumn("score", true);
  sheet.AddColumn("score_with", true);
  sheet.AddColumn("grade", false);
  sheet.AddColumn("grade_with", false);
  for (size_t unit : ByRank(after)) {
    const absl::optional<double>& rank = before.result.ranks[unit];
    const absl::optional<double>& rank_with = after.result.ranks[unit];
    const std::string grade = GradeText(before, unit);
    const std::string grade_with = GradeText(after, unit);
    if (rank == rank_with && grade == grade_with) continue;
    sheet.AddRow({before.table->table.units[unit], FigureText(rank), FigureText(rank_with),
                  rank && rank_with ? FigureText(*rank - *rank_with) : "", ShownText(before, unit),
                  ShownText(after, unit), grade, grade_with});
  }
  return sheet;
}

absl::Status Simulate(Context& context) {
  const Arguments& arguments = context.arguments();
  TERRACE_ASSIGN_OR_RETURN(const std::string scheme, FileOf(arguments, "scheme"));
  TERRACE_ASSIGN_OR_RETURN(const std::string with, FileOf(arguments, "with"));
  TERRACE_ASSIGN_OR_RETURN(const Evaluated before, EvaluateFiles(arguments, scheme));
  TERRACE_ASSIGN_OR_RETURN(const Evaluated after, EvaluateWith(arguments, with, before));
  return Write(context, ChangesOf(before, after));
}

// How far the place of each unit moves when the weights do.
Sheet PlacesOf(const Evaluated& of, const engine::Robustness& found) {
  Sheet sheet;
  sheet.AddColumn("unit", false);
  for (const char* heading : {"rank", "mean", "median", "from", "to"}) {
    sheet.AddColumn(heading, true);
  }
  for (size_t unit : ByRank(of)) {
    const absl::optional<engine::PlaceRange>& places = found.units[unit];
    if (!places) continue;
    sheet.AddRow({of.table->table.units[unit], FigureText(places->nominal),
                  FigureText(places->mean), FigureText(places->median), FigureText(places->low),
                  FigureText(places->high)});
  }
  return sheet;
}

// How far places move without each of the leaves, those that matter most first.
Sheet InfluencesOf(const Evaluated& of, std::vector<engine::LeafInfluence> leaves) {
  std::stable_sort(leaves.begin(), leaves.end(),
                   [](const auto& a, const auto& b) { return a.shift_mean > b.shift_mean; });
  Sheet sheet;
  sheet.AddColumn("leaf", false);
  sheet.AddColumn("mean_shift", true);
  sheet.AddColumn("largest_shift", true);
  const engine::Scheme& scheme = of.scheme.engine;
  for (const engine::LeafInfluence& leaf : leaves) {
    sheet.AddRow({scheme.nodes[scheme.leaf_nodes[leaf.leaf]].id, FigureText(leaf.shift_mean),
                  FigureText(leaf.shift_most)});
  }
  return sheet;
}

absl::Status Robustness(Context& context) {
  const Arguments& arguments = context.arguments();
  TERRACE_ASSIGN_OR_RETURN(const std::string scheme, FileOf(arguments, "scheme"));
  TERRACE_RETURN_IF_ERROR(arguments.Choice("show").status());
  TERRACE_ASSIGN_OR_RETURN(const int64_t percent, arguments.Number("spread", 0, 100));
  TERRACE_ASSIGN_OR_RETURN(const int64_t draws, arguments.Number("draws", 1, 100'000));
  TERRACE_ASSIGN_OR_RETURN(const int64_t seed, arguments.Number("seed", 0, kSeedMax));
  TERRACE_ASSIGN_OR_RETURN(const Evaluated evaluated, EvaluateFiles(arguments, scheme));
  if (draws * static_cast<int64_t>(evaluated.table->table.units.size()) > kPlacesMax) {
    return UsageError("units times draws may be 500 million at most; take fewer --draws.");
  }
  engine::RobustnessOptions options;
  options.spread = static_cast<double>(percent) / 100;
  options.draws = static_cast<int>(draws);
  options.seed = static_cast<uint64_t>(seed);
  options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const engine::Robustness found = engine::AssessRobustness(
      evaluated.scheme.engine, engine::FieldOf(evaluated.table->table, evaluated.result), options);
  return Write(context, arguments.Text("show") == "leaves" ? InfluencesOf(evaluated, found.leaves)
                                                           : PlacesOf(evaluated, found));
}

absl::Status Check(Context& context) {
  TERRACE_ASSIGN_OR_RETURN(const std::string path, FileOf(context.arguments(), "scheme"));
  TERRACE_ASSIGN_OR_RETURN(const std::vector<v1::SchemeIssue> issues, CheckTableScheme(path));
  const bool chinese = LanguageOf(context.arguments().Text("lang")) == Language::kChinese;
  Table table({"SEVERITY", "NODE", "FIELD", "CODE", "MESSAGE"});
  int64_t errors = 0;
  for (const v1::SchemeIssue& issue : issues) {
    errors += issue.severity() == v1::ISSUE_SEVERITY_ERROR ? 1 : 0;
    if (context.output().json()) {
      context.output().PrintJson(issue);
    } else {
      table.Add({EnumText(v1::IssueSeverity_Name(issue.severity()), "ISSUE_SEVERITY_"),
                 issue.node(), issue.field(), issue.code(),
                 chinese ? issue.message_zh() : issue.message()});
    }
  }
  if (!context.output().json()) context.output().Print(table);
  if (errors == 0) return absl::OkStatus();
  return Error(Reason::CHECKS_FAILED,
               {{"count", absl::StrCat(errors)}, {"total", absl::StrCat(issues.size())}});
}

Flag SchemeFlag() {
  return {"scheme", "FILE", "the scheme, JSON of terrace.scoring.v1.Scheme", "", false, "@file"};
}

std::vector<Flag> TableFlags() {
  return {{"data", "FILE", "the figures, CSV with one row a unit", "", false, "@file"},
          {"reference", "FILE", "another table: its units are the peers to compare with", "", false,
           "@file"},
          {"unit", "COLUMN", "the column with the ids of the units; left out, the first"},
          {"period", "PERIOD", "what the table is for; left out, the scheme's first period"},
          {"out", "FILE", "where to write; left out, to standard output", "", false, "@file"}};
}

}  // namespace

std::vector<Command> ScoreTableCommands() {
  std::vector<Flag> evaluate = TableFlags();
  evaluate.insert(evaluate.begin(), SchemeFlag());
  std::vector<Flag> simulate = evaluate;
  simulate.insert(simulate.begin() + 1,
                  {"with", "FILE", "the scheme to compare it with", "", false, "@file"});
  std::vector<Flag> robustness = evaluate;
  robustness.insert(robustness.end(),
                    {{"spread", "PERCENT", "how far each weight may be off, either way", "25"},
                     {"draws", "COUNT", "how many sets of weights are tried", "1000"},
                     {"seed", "NUMBER", "the same seed draws the same weights", "1"},
                     {"show", "WHAT", "places of units, or what each leaf does to them", "units",
                      false, "units leaves"}});
  evaluate.push_back({"stage", "STAGE", "what to print", "scores", false,
                      "raw denominated imputed treated normalised nodes scores"});
  return {{.name = "score check",
           .summary = "Says what is wrong with a scheme in a file, and what looks odd",
           .flags = {SchemeFlag()},
           .calls_server = false,
           .run = Check},
          {.name = "score evaluate",
           .summary = "Applies a scheme in a file to a table in a file, without a server",
           .details = "The scheme names its statistics by the headings of the table. Columns with "
                      "the headings\nparent, level and kind say where a unit stands; NAME@PERIOD "
                      "holds the figures of another\nperiod; an empty field is a missing figure.",
           .flags = std::move(evaluate),
           .calls_server = false,
           .run = Evaluate},
          {.name = "score simulate",
           .summary = "Says whose place or grade differs between two schemes on one table",
           .flags = std::move(simulate),
           .calls_server = false,
           .run = Simulate},
          {.name = "score robustness",
           .summary = "Says how sure places are: with somewhat other weights, or without a leaf",
           .details = "from and to are the 5 % and the 95 % quantile of the places over all draws.",
           .flags = std::move(robustness),
           .calls_server = false,
           .run = Robustness}};
}

}  // namespace terrace::cli
