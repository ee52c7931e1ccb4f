// The only executable: finds the command in the table, parses its flags, runs it.
#include <csignal>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
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

absl::Status Run(std::vector<std::string> line) {
  if (line.empty()) line = {"help"};
  if (line[0] == "--help") line[0] = "help";
  if (line[0] == "--version") line[0] = "version";
  TERRACE_ASSIGN_OR_RETURN(const Found found, FindCommand(AllCommands(), line));
  TERRACE_ASSIGN_OR_RETURN(
      Arguments arguments,
      Arguments::Parse(*found.command, absl::MakeConstSpan(line).subspan(found.words)));
  if (arguments.wants_help()) {
    std::cout << HelpOf(*found.command);
    return absl::OkStatus();
  }
  const bool json = arguments.On("json");
  Context context(std::move(arguments), Output(&std::cout, json));
  return found.command->run(context);
}

}  // namespace
}  // namespace terrace::cli

int main(int argc, char** argv) {
  // A reader that closes the pipe early ends a listing, not with a crash but with a short write.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> line(argv + 1, argv + argc);
  const absl::Status status = terrace::cli::Run(line);
  if (!status.ok()) {
    std::cerr << terrace::cli::AdviceOf(status,
                                        terrace::cli::LanguageOf(terrace::cli::LanguageFlag(line)))
              << '\n';
  }
  return terrace::cli::ExitCodeOf(status);
}
