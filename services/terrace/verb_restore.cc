// terrace restore: fills an empty store from a backup.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "services/terrace/backup_file.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/progress.h"
#include "services/terrace/restore.h"
#include "services/terrace/serving.h"

namespace terrace::cli {
namespace {

// The file to read from, and how many bytes it has; -1 for a pipe.
struct Input {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{nullptr, &std::fclose};
  int64_t bytes = -1;
};

absl::StatusOr<Input> OpenInput(const std::string& path) {
  Input input;
  if (path.empty() || path == "-") {
    if (isatty(STDIN_FILENO) == 1) {
      return UsageError("name the file of the backup, or pass it on to standard input.");
    }
    input.file = {stdin, [](std::FILE*) { return 0; }};
  } else {
    input.file.reset(std::fopen(path.c_str(), "rb"));
    if (input.file == nullptr) {
      return Error(Reason::FILE_FAILED, {{"path", path}, {"detail", "it cannot be opened"}});
    }
  }
  struct stat facts;
  if (fstat(fileno(input.file.get()), &facts) == 0 && S_ISREG(facts.st_mode)) {
    input.bytes = facts.st_size;
  }
  return input;
}

absl::Status Restore(Context& context) {
  const Arguments& arguments = context.arguments();
  const std::string dir = arguments.Text("data-dir");
  TERRACE_ASSIGN_OR_RETURN(std::string url, StoreUrl(arguments));
  if (url.empty()) url = absl::StrCat("sqlite:", dir);
  TERRACE_ASSIGN_OR_RETURN(const Input input, OpenInput(arguments.word(0)));
  const bool shown = Progress::OnTerminal() && !context.output().json();
  // A file is read twice, so that a damaged one changes nothing.
  if (input.bytes >= 0) {
    Progress progress("Checking", input.bytes, shown);
    BackupReader backup(input.file.get());
    TERRACE_RETURN_IF_ERROR(
        CheckBackup(&backup, [&progress](int64_t bytes) { progress.Add(bytes); }));
    std::rewind(input.file.get());
  }
  BackupReader backup(input.file.get());
  absl::StatusOr<std::vector<storage::v1::KeyspaceReport>> reports;
  {
    Progress progress("Restoring", input.bytes, shown);
    reports = RestoreBackup(&backup, url, [&progress](int64_t bytes) { progress.Add(bytes); });
  }
  if (!reports.ok()) return reports.status();
  Table table({"KEYSPACE", "KEYS", "AS OF", "OF LOG", "NEW LOG"});
  for (const storage::v1::KeyspaceReport& row : *reports) {
    if (context.output().json()) {
      context.output().PrintJson(row);
    } else {
      table.Add({row.keyspace(), Thousands(row.entries()), absl::StrCat(row.revision()),
                 row.log_id(), row.restored_log_id()});
    }
  }
  if (context.output().json()) return absl::OkStatus();
  context.output().Print(table);
  const std::string token = absl::StrCat(dir, "/", kTokenFile);
  if (!std::filesystem::exists(token)) {
    context.output().Line(
        absl::StrCat("the tokens are those of the backup: copy an administrator's to ", token,
                     ", or name its file with --token-file"));
  }
  return absl::OkStatus();
}

std::vector<Flag> RestoreFlags() {
  std::vector<Flag> flags = StoreFlags();
  flags.push_back({"data-dir", "DIR", "where data, keys and the first token are kept",
                   "terrace-data", false, "@dir"});
  return flags;
}

}  // namespace

std::vector<Command> RestoreCommands() {
  return {{.name = "restore",
           .words = "[FILE]",
           .words_max = 1,
           .summary = "Fills an empty store from a backup, whichever engine it came from",
           .details = "Reads standard input without FILE. No service may run on the store. What "
                      "was\nrestored has new logs, so whoever follows it starts anew. A restore "
                      "that broke\noff is finished by repeating it with the same backup.",
           .flags = RestoreFlags(),
           .calls_server = false,
           .run = Restore}};
}

}  // namespace terrace::cli
