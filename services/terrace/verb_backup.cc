// terrace backup: copies what a running deployment has stored into one file.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/private_file.h"
#include "services/terrace/backup_file.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/progress.h"
#include "services/terrace/version.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/maintenance/v1/maintenance.pb.h"

namespace terrace::cli {
namespace {

// The keyspaces of the deployment, in the order of a backup. All must answer.
absl::StatusOr<std::vector<std::string>> KeyspacesOf(Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const auto status, client->Get<gateway::v1::GetStatusResponse>(
                                                  gateway::v1::GetStatusRequest()));
  std::vector<std::string> keyspaces;
  for (const char* keyspace : kBackupOrder) {
    bool known = false;
    bool serving = false;
    for (const gateway::v1::ServiceStatus& row : status.services()) {
      known = known || row.service() == keyspace;
      serving = serving || (row.service() == keyspace && row.serving());
    }
    if (known && !serving) return Error(Reason::UPSTREAM_DOWN, {{"service", keyspace}});
    if (known) keyspaces.emplace_back(keyspace);
  }
  return keyspaces;
}

absl::Status CopyKeyspace(Client* client, const std::string& keyspace, BackupWriter* writer,
                          Progress* progress) {
  maintenance::v1::CopyKeyspaceRequest request;
  request.set_keyspace(keyspace);
  const std::unique_ptr<rpc::Stream> stream = client->Open(request.GetDescriptor());
  if (stream->Write(request)) stream->WritesDone();
  maintenance::v1::CopyKeyspaceResponse reply;
  while (stream->Read(&reply)) {
    progress->Add(reply.part().entries().entries_size());
    TERRACE_RETURN_IF_ERROR(writer->Add(std::move(*reply.mutable_part())));
  }
  return client->Explain(stream->Finish());
}

absl::Status CopyAll(Client* client, BackupWriter* writer) {
  TERRACE_ASSIGN_OR_RETURN(const std::vector<std::string> keyspaces, KeyspacesOf(client));
  Progress progress("Keys", /*total=*/-1, Progress::OnTerminal());
  TERRACE_RETURN_IF_ERROR(writer->Begin(kVersion));
  for (const std::string& keyspace : keyspaces) {
    TERRACE_RETURN_IF_ERROR(CopyKeyspace(client, keyspace, writer, &progress));
    if (writer->reports().empty() || writer->reports().back().keyspace() != keyspace) {
      return Error(Reason::STREAM_INCOMPLETE, {{"detail", absl::StrCat(keyspace, " has no end")}});
    }
  }
  return writer->End();
}

absl::Status BackupToFile(Context& context, const std::string& path) {
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_ASSIGN_OR_RETURN(PrivateFile file, PrivateFile::Make(path));
  BackupWriter writer([&file](absl::string_view bytes) { return file.Write(bytes); });
  TERRACE_RETURN_IF_ERROR(CopyAll(client, &writer));
  TERRACE_RETURN_IF_ERROR(file.Finish());
  Table table({"KEYSPACE", "KEYS", "REVISION", "LOG"});
  for (const storage::v1::KeyspaceReport& row : writer.reports()) {
    if (context.output().json()) {
      context.output().PrintJson(row);
    } else {
      table.Add(
          {row.keyspace(), Thousands(row.entries()), absl::StrCat(row.revision()), row.log_id()});
    }
  }
  if (!context.output().json()) context.output().Print(table);
  return absl::OkStatus();
}

absl::Status Backup(Context& context) {
  const std::string path = context.arguments().Text("out");
  if (!path.empty()) return BackupToFile(context, path);
  if (isatty(STDOUT_FILENO) == 1) {
    return UsageError("a backup is not for a terminal: name a file with --out, or pass it on.");
  }
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  std::ostream& out = context.output().stream();
  const absl::Status failed =
      Error(Reason::FILE_FAILED, {{"path", "standard output"}, {"detail", "it cannot be written"}});
  BackupWriter writer([&](absl::string_view bytes) {
    return out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())) ? absl::OkStatus()
                                                                               : failed;
  });
  TERRACE_RETURN_IF_ERROR(CopyAll(client, &writer));
  return out.flush() ? absl::OkStatus() : failed;
}

}  // namespace

std::vector<Command> BackupCommands() {
  return {{.name = "backup",
           .summary = "Copies everything that a running deployment has stored",
           .details = "Writers go on meanwhile; each keyspace is copied as of one revision. Needs "
                      "an\nadministrator of the whole realm. A backup holds everything but the "
                      "secrets of\ntokens, and no history: that is kept by \"terrace archive\".",
           .flags = {{"out", "FILE", "where to write; left out, to standard output", "", false,
                      "@file"}},
           .run = Backup}};
}

}  // namespace terrace::cli
