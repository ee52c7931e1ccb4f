#include "services/terrace/run.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/check.h"
#include "services/terrace/advice.h"
#include "services/terrace/command.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"

namespace terrace::cli {
namespace {

// --lang, wherever it stands: errors of parsing speak the caller's language too.
std::string LanguageFlag(const std::vector<std::string>& line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == "--lang" && i + 1 < line.size()) return line[i + 1];
    if (line[i].rfind("--lang=", 0) == 0) return line[i].substr(7);
  }
  return "";
}

absl::Status Run(const std::vector<std::string>& line, std::ostream& out) {
  TERRACE_ASSIGN_OR_RETURN(const Found found, FindCommand(AllCommands(), line));
  TERRACE_ASSIGN_OR_RETURN(
      Arguments arguments,
      Arguments::Parse(*found.command, absl::MakeConstSpan(line).subspan(found.words)));
  if (arguments.wants_help()) {
    out << HelpOf(*found.command);
    return absl::OkStatus();
  }
  const bool json = arguments.On("json");
  Context context(std::move(arguments), Output(&out, json));
  return found.command->run(context);
}

}  // namespace

int RunLine(std::vector<std::string> line, std::ostream& out, std::ostream& err) {
  if (line.empty()) line = {"help"};
  if (line[0] == "--help") line[0] = "help";
  if (line[0] == "--version") line[0] = "version";
  const absl::Status status = Run(line, out);
  if (!status.ok()) err << AdviceOf(status, LanguageOf(LanguageFlag(line))) << std::endl;
  return ExitCodeOf(status);
}

}  // namespace terrace::cli
