// terrace archive: keeps the batches of the logs in a directory, lets the stores forget them, and
// answers for the past from there.
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/time.h"
#include "common/store/archive.h"
#include "common/store/log_message.h"
#include "common/store/sqlite/file_lock.h"
#include "google/protobuf/util/json_util.h"
#include "services/terrace/commands.h"
#include "services/terrace/context.h"
#include "services/terrace/listing.h"
#include "services/terrace/progress.h"
#include "services/terrace/words.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/maintenance/v1/maintenance.pb.h"

namespace terrace::cli {
namespace {

using maintenance::v1::ReadLogRequest;
using maintenance::v1::ReadLogResponse;
using storage::v1::ArchiveReport;
using storage::v1::InclusionProof;
using store::Archive;

std::string Hex(const ledger::Hash& hash) { return absl::BytesToHexString(ledger::View(hash)); }

ArchiveReport ReportOf(const Archive& archive) {
  ArchiveReport report;
  report.set_keyspace(archive.log().keyspace);
  report.set_log_id(archive.log().log_id);
  report.set_revision(archive.end().value);
  report.set_bytes(archive.bytes());
  report.set_root(Hex(archive.root()));
  return report;
}

// ------------------------------------------------------------------------------ terrace archive

// Where the logs of the deployment end, by keyspace. All must answer.
absl::StatusOr<std::map<std::string, store::Cursor>> LogsOf(Client* client) {
  TERRACE_ASSIGN_OR_RETURN(const auto status, client->Get<gateway::v1::GetStatusResponse>(
                                                  gateway::v1::GetStatusRequest()));
  std::map<std::string, store::Cursor> logs;
  for (const gateway::v1::ServiceStatus& row : status.services()) {
    store::Cursor& log = logs[row.service()];
    if (!row.serving() || row.cursor().revision() < log.revision.value) continue;
    log = {row.cursor().log_id(), {row.cursor().revision()}};
  }
  for (const auto& [service, log] : logs) {
    if (log.log_id.empty()) return Error(Reason::UPSTREAM_DOWN, {{"service", service}});
  }
  return logs;
}

// Reads batches of a live log; `take` says whether to go on.
template <class Take>
absl::Status ReadLive(Client* client, const store::ArchivedLog& log, int64_t from, int64_t to,
                      Take take) {
  ReadLogRequest request;
  request.set_keyspace(log.keyspace);
  request.set_log_id(log.log_id);
  request.set_from_revision(from);
  request.set_to_revision(to);
  const std::unique_ptr<rpc::Stream> stream = client->Open(request.GetDescriptor());
  if (stream->Write(request)) stream->WritesDone();
  ReadLogResponse reply;
  while (stream->Read(&reply)) {
    for (const storage::v1::LogBatch& batch : reply.batches().batches()) {
      TERRACE_ASSIGN_OR_RETURN(const bool go_on, take(store::FromMessage(batch)));
      if (!go_on) return absl::OkStatus();
    }
  }
  return client->Explain(stream->Finish());
}

absl::Status AppendNew(Client* client, int64_t end, Archive* archive, Progress* progress) {
  const int64_t first = archive->end().value + 1;
  if (first > end) return absl::OkStatus();
  const absl::Status read = ReadLive(client, archive->log(), first, end,
                                     [&](const store::Committed& batch) -> absl::StatusOr<bool> {
                                       TERRACE_RETURN_IF_ERROR(archive->Append(batch));
                                       progress->Add(1);
                                       return true;
                                     });
  if (HasReason(read, Reason::COMPACTED)) {
    return Error(Reason::ARCHIVE_GAP,
                 {{"keyspace", archive->log().keyspace}, {"from", absl::StrCat(first)}});
  }
  TERRACE_RETURN_IF_ERROR(read);
  return archive->Finish();
}

// Lets the log forget all but the last `keep` batches. What it still has of them is read from the
// archive first.
absl::StatusOr<int64_t> Compact(Client* client, const Archive& archive, int64_t keep) {
  const int64_t last = archive.end().value - keep;
  if (last < 1) return 0;
  int64_t first = 0;
  TERRACE_RETURN_IF_ERROR(ReadLive(client, archive.log(), /*from=*/0, last,
                                   [&](const store::Committed& batch) -> absl::StatusOr<bool> {
                                     first = batch.revision.value;
                                     return false;
                                   }));
  if (first == 0) return 0;
  int64_t found = 0;
  TERRACE_RETURN_IF_ERROR(archive.ReadLog({first}, {last}, [&found](const store::Committed&) {
    ++found;
    return absl::OkStatus();
  }));
  TERRACE_CHECK(found == last - first + 1);
  maintenance::v1::CompactLogRequest request;
  request.set_keyspace(archive.log().keyspace);
  request.set_log_id(archive.log().log_id);
  request.set_revision(last);
  TERRACE_RETURN_IF_ERROR(client->Get<maintenance::v1::CompactLogResponse>(request).status());
  return last;
}

absl::Status ArchiveLogs(Context& context) {
  const Arguments& arguments = context.arguments();
  const std::string dir = arguments.word(0);
  TERRACE_ASSIGN_OR_RETURN(const int64_t keep,
                           arguments.Number("keep", 0, std::numeric_limits<int32_t>::max()));
  TERRACE_ASSIGN_OR_RETURN(Client* const client, context.client());
  TERRACE_RETURN_IF_ERROR(MakeDirectory(dir));
  TERRACE_ASSIGN_OR_RETURN(const auto lock,
                           store::sqlite::FileLock::Take(absl::StrCat(dir, "/lock")));
  TERRACE_ASSIGN_OR_RETURN(const auto logs, LogsOf(client));
  Table table({"KEYSPACE", "LOG", "BATCHES", "ADDED", "BYTES", "FORGOTTEN UP TO"});
  for (const auto& [keyspace, end] : logs) {
    TERRACE_ASSIGN_OR_RETURN(Archive archive, Archive::Open(dir, {keyspace, end.log_id}));
    const int64_t before = archive.end().value;
    {
      Progress progress(keyspace, std::max<int64_t>(end.revision.value - before, 0),
                        Progress::OnTerminal() && !context.output().json());
      TERRACE_RETURN_IF_ERROR(AppendNew(client, end.revision.value, &archive, &progress));
    }
    ArchiveReport report = ReportOf(archive);
    report.set_added(archive.end().value - before);
    if (arguments.On("compact")) {
      TERRACE_ASSIGN_OR_RETURN(const int64_t compacted, Compact(client, archive, keep));
      report.set_compacted_revision(compacted);
    }
    if (context.output().json()) {
      context.output().PrintJson(report);
    } else {
      table.Add({report.keyspace(), report.log_id(), Thousands(report.revision()),
                 Thousands(report.added()), Thousands(report.bytes()),
                 report.compacted_revision() > 0 ? absl::StrCat(report.compacted_revision()) : ""});
    }
  }
  if (!context.output().json()) context.output().Print(table);
  return absl::OkStatus();
}

// ------------------------------------------------------------------------- terrace archive verify

absl::StatusOr<InclusionProof> ReadProof(const std::string& path) {
  TERRACE_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  InclusionProof proof;
  if (!google::protobuf::util::JsonStringToMessage(json, &proof).ok()) {
    return Error(Reason::FILE_FAILED, {{"path", path}, {"detail", "it holds no proof"}});
  }
  return proof;
}

absl::Status VerifyProof(Context& context, const std::string& dir, const std::string& path) {
  TERRACE_ASSIGN_OR_RETURN(const InclusionProof proof, ReadProof(path));
  TERRACE_ASSIGN_OR_RETURN(const Archive archive,
                           Archive::Open(dir, {proof.keyspace(), proof.log_id()}));
  TERRACE_ASSIGN_OR_RETURN(const bool holds, archive.Holds(proof));
  if (!holds) return Error(Reason::CHECKS_FAILED, {{"count", "1"}, {"total", "1"}});
  context.output().Line(absl::StrCat("batch ", proof.revision(), " is in the log ", proof.log_id(),
                                     " of ", proof.keyspace()));
  return absl::OkStatus();
}

absl::Status VerifyArchive(Context& context) {
  const std::string dir = context.arguments().word(0);
  if (context.arguments().Given("proof")) {
    return VerifyProof(context, dir, context.arguments().Text("proof"));
  }
  TERRACE_ASSIGN_OR_RETURN(const std::vector<store::ArchivedLog> logs, store::ArchivedLogs(dir));
  if (logs.empty()) {
    return Error(Reason::FILE_FAILED, {{"path", dir}, {"detail", "it holds no archive"}});
  }
  Table table({"KEYSPACE", "LOG", "BATCHES", "BYTES", "ROOT"});
  for (const store::ArchivedLog& log : logs) {
    TERRACE_ASSIGN_OR_RETURN(const Archive archive, Archive::Open(dir, log));
    TERRACE_RETURN_IF_ERROR(archive.Verify());
    const ArchiveReport report = ReportOf(archive);
    if (context.output().json()) {
      context.output().PrintJson(report);
    } else {
      table.Add({report.keyspace(), report.log_id(), Thousands(report.revision()),
                 Thousands(report.bytes()), report.root()});
    }
  }
  if (!context.output().json()) context.output().Print(table);
  return absl::OkStatus();
}

// ------------------------------------------------------------- terrace archive log, archive prove

// The archived log that the flags name.
absl::StatusOr<Archive> OpenNamed(const Arguments& arguments) {
  const std::string dir = arguments.word(0);
  const std::string keyspace = arguments.Text("keyspace");
  store::ArchivedLog log{keyspace, arguments.Text("log")};
  if (log.log_id.empty()) {
    TERRACE_ASSIGN_OR_RETURN(const std::vector<store::ArchivedLog> logs, store::ArchivedLogs(dir));
    std::string ids;
    for (const store::ArchivedLog& archived : logs) {
      if (archived.keyspace != keyspace) continue;
      absl::StrAppend(&ids, ids.empty() ? "" : ", ", archived.log_id);
      log.log_id = archived.log_id;
    }
    if (ids.empty()) {
      return UsageError(absl::StrCat(dir, " holds no log of \"", keyspace,
                                     "\"; name a keyspace with --keyspace."));
    }
    if (ids != log.log_id) {
      return UsageError(absl::StrCat("name one of the logs with --log: ", ids, "."));
    }
  }
  return Archive::Open(dir, std::move(log));
}

absl::Status PrintLog(Context& context) {
  const Arguments& arguments = context.arguments();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  TERRACE_ASSIGN_OR_RETURN(const Archive archive, OpenNamed(arguments));
  TERRACE_ASSIGN_OR_RETURN(const int64_t from, arguments.Number("from-revision", 1, kMost));
  TERRACE_ASSIGN_OR_RETURN(int64_t to, arguments.Number("to-revision", 0, kMost));
  if (to == 0) to = archive.end().value;
  if (to > archive.end().value) {
    return UsageError(absl::StrCat("the archive of this log ends at ", archive.end().value, "."));
  }
  Table table({"REVISION", "TIME", "METHOD", "BY", "CHANGES", "LEAF"});
  TERRACE_RETURN_IF_ERROR(archive.ReadLog({from}, {to}, [&](const store::Committed& batch) {
    if (context.output().json()) {
      storage::v1::LogBatch message;
      store::ToMessage(batch, &message);
      context.output().PrintJson(message);
      return absl::OkStatus();
    }
    storage::v1::Header header;
    header.ParseFromString(batch.header);
    table.Add({absl::StrCat(batch.revision.value), InstantText(ToProto(batch.commit_time)),
               header.method(), header.actor().subject(), absl::StrCat(batch.changes.size()),
               absl::BytesToHexString(batch.leaf)});
    return absl::OkStatus();
  }));
  if (!context.output().json()) context.output().Print(table);
  return absl::OkStatus();
}

absl::Status Prove(Context& context) {
  int64_t revision = 0;
  if (!absl::SimpleAtoi(context.arguments().word(1), &revision)) {
    return UsageError("a revision is a whole number.");
  }
  TERRACE_ASSIGN_OR_RETURN(const Archive archive, OpenNamed(context.arguments()));
  TERRACE_ASSIGN_OR_RETURN(const InclusionProof proof, archive.Prove({revision}));
  if (context.output().json()) {
    context.output().PrintJson(proof);
    return absl::OkStatus();
  }
  Facts facts = {{"log", absl::StrCat(proof.keyspace(), " ", proof.log_id())},
                 {"batch", absl::StrCat(proof.revision(), " of ", proof.size())},
                 {"leaf", absl::BytesToHexString(proof.leaf())},
                 {"root", absl::BytesToHexString(proof.root())}};
  for (const std::string& hash : proof.hashes()) {
    facts.push_back({"beside", absl::BytesToHexString(hash)});
  }
  context.output().stream() << FactsText(facts);
  return absl::OkStatus();
}

std::vector<Flag> LogFlags() {
  return {{"keyspace", "NAME", "which log: registry, measures, inspections, scoring or gateway",
           "registry"},
          {"log", "ID", "its identity, where the archive holds several of the keyspace"}};
}

}  // namespace

std::vector<Command> ArchiveCommands() {
  std::vector<Flag> log_flags = LogFlags();
  log_flags.push_back({"from-revision", "N", "the first batch", "1"});
  log_flags.push_back({"to-revision", "N", "the last batch; 0 for all", "0"});
  return {{.name = "archive",
           .words = "DIR",
           .words_min = 1,
           .words_max = 1,
           .summary = "Adds to an archive the batches of all logs that it does not hold yet",
           .details = "Needs an administrator of the whole realm. Every batch is checked by its "
                      "ledger\nleaf before it is written and after it was read back. With "
                      "--compact the services\nthen forget what is archived; the archive alone "
                      "answers for it from then on.",
           .flags = {{"compact", "", "lets the services forget what is archived"},
                     {"keep", "N", "with --compact: batches of each log that are not forgotten",
                      "10000"}},
           .run = ArchiveLogs},
          {.name = "archive verify",
           .words = "DIR",
           .words_min = 1,
           .words_max = 1,
           .summary = "Reads an archive and checks every batch, or one proof against it",
           .flags = {{"proof", "FILE", "checks a proof made by \"terrace archive prove --json\"",
                      "", false, "@file"}},
           .calls_server = false,
           .run = VerifyArchive},
          {.name = "archive log",
           .words = "DIR",
           .words_min = 1,
           .words_max = 1,
           .summary = "Lists batches of an archived log",
           .flags = log_flags,
           .calls_server = false,
           .run = PrintLog},
          {.name = "archive prove",
           .words = "DIR REVISION",
           .words_min = 2,
           .words_max = 2,
           .summary = "Shows by hashes that a batch is in the archived log",
           .flags = LogFlags(),
           .calls_server = false,
           .run = Prove}};
}

}  // namespace terrace::cli
