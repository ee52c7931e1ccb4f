// terrace export: a subtree's units as a table or as JSON, as of one revision.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/csv.h"
#include "services/terrace/progress.h"
#include "services/terrace/unit_csv.h"
#include "services/terrace/words.h"
#include "terrace/registry/v1/import.pb.h"

namespace terrace::cli {
namespace {

namespace v1 = registry::v1;

absl::Status ExportUnits(Context& context) {
  const Arguments& arguments = context.arguments();
  v1::ExportUnitsRequest request;
  request.set_subtree(UnitName(arguments.word(0)));
  TERRACE_RETURN_IF_ERROR(FillScope(arguments, &request));
  const std::string path = arguments.Text("out");
  std::ofstream file;
  if (!path.empty()) file.open(path, std::ios::binary | std::ios::trunc);
  std::ostream& out = path.empty() ? context.output().stream() : file;
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  if (!context.output().json()) out << CsvRow(UnitColumns());
  std::unique_ptr<Progress> progress;
  TERRACE_RETURN_IF_ERROR(
      client->Pull<v1::ExportUnitsResponse>(request, [&](const v1::ExportUnitsResponse& part) {
        if (progress == nullptr) {
          progress = std::make_unique<Progress>("Units", part.total(),
                                                !path.empty() && Progress::OnTerminal());
        }
        for (const v1::ExportUnitsResponse::Record& record : part.records()) {
          out << (context.output().json() ? ToJson(record) + "\n" : CsvRow(UnitFields(record)));
        }
        progress->Add(part.records_size());
      }));
  out.flush();
  if (!out) return Error(Reason::FILE_FAILED, {{"path", path}, {"detail", "it cannot be written"}});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ExportCommands() {
  return {{.name = "export units",
           .words = "UNIT",
           .words_min = 1,
           .words_max = 1,
           .summary = "Writes a unit and everything below it as CSV, or with --json as JSON lines",
           .flags = {{"out", "FILE", "where to write; left out, to standard output", "", false,
                      "@file"},
                     LineFlag()},
           .run = ExportUnits}};
}

}  // namespace terrace::cli
