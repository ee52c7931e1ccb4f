#include "services/terrace/commands.h"

#include <utility>

namespace terrace::cli {

const std::vector<Command>& AllCommands() {
  static const auto* const kCommands = [] {
    auto* all = new std::vector<Command>;
    for (auto* commands :
         {ServeCommands,       DemoCommands,    ImportCommands,        ExportCommands,
          BackupCommands,      RestoreCommands, ArchiveCommands,       UnitCommands,
          MeasureCommands,     ReportCommands,  VisitCommands,         CampaignCommands,
          SheetCommands,       ScoreCommands,   ScoreEligibleCommands, ScoreTableCommands,
          PublicationCommands, WatchCommands,   CallCommands,          StatusCommands,
          TokenCommands,       VersionCommands, CompletionCommands,    HelpCommands}) {
      for (Command& command : commands()) all->push_back(std::move(command));
    }
    return all;
  }();
  return *kCommands;
}

}  // namespace terrace::cli
