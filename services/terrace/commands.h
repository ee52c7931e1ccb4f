// The table of all commands, one file per verb.
#ifndef TERRACE_SERVICES_TERRACE_COMMANDS_H_
#define TERRACE_SERVICES_TERRACE_COMMANDS_H_

#include <vector>

#include "services/terrace/command.h"

namespace terrace::cli {

// In the order of help.
const std::vector<Command>& AllCommands();

std::vector<Command> ServeCommands();
std::vector<Command> DemoCommands();
std::vector<Command> ImportCommands();
std::vector<Command> ExportCommands();
std::vector<Command> BackupCommands();
std::vector<Command> RestoreCommands();
std::vector<Command> ArchiveCommands();
std::vector<Command> UnitCommands();
std::vector<Command> MeasureCommands();
std::vector<Command> ReportCommands();
std::vector<Command> VisitCommands();
std::vector<Command> CampaignCommands();
std::vector<Command> SheetCommands();
std::vector<Command> ScoreCommands();
std::vector<Command> ScoreEligibleCommands();
std::vector<Command> ScoreTableCommands();
std::vector<Command> PublicationCommands();
std::vector<Command> WatchCommands();
std::vector<Command> CallCommands();
std::vector<Command> StatusCommands();
std::vector<Command> TokenCommands();
std::vector<Command> VersionCommands();
std::vector<Command> CompletionCommands();
std::vector<Command> HelpCommands();

}  // namespace terrace::cli

#endif  // TERRACE_SERVICES_TERRACE_COMMANDS_H_
