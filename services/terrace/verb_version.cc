// terrace version, terrace help.
#include "absl/strings/str_cat.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/version.h"

namespace terrace::cli {
namespace {

absl::Status Version(Context& context) {
  context.output().Line(absl::StrCat("terrace ", kVersion));
  return absl::OkStatus();
}

absl::Status Help(Context& context) {
  const std::vector<std::string>& words = context.arguments().words();
  if (words.empty()) {
    context.output().stream() << OverviewOf(AllCommands());
    return absl::OkStatus();
  }
  TERRACE_ASSIGN_OR_RETURN(const Found found, FindCommand(AllCommands(), words));
  context.output().stream() << HelpOf(*found.command);
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> VersionCommands() {
  return {{.name = "version",
           .summary = "Prints the version of this binary",
           .calls_server = false,
           .run = Version}};
}

std::vector<Command> HelpCommands() {
  return {{.name = "help",
           .words = "[COMMAND]",
           .words_max = 2,
           .summary = "Tells what commands there are, or all about one",
           .calls_server = false,
           .run = Help}};
}

}  // namespace terrace::cli
